//! Lines with their endings, and the parts that a line is made of.

use bstr::ByteSlice;

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Not at all: the last line of a text without a final newline.
    Missing,
    Lf,
    CrLf,
}

impl Ending {
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Missing => b"",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }

    pub(super) fn is_newline(self) -> bool {
        self != Self::Missing
    }
}

/// Cuts a text after each newline. A text that ends in one has an empty last line, as an editor shows it.
pub(super) fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    if text.is_empty() || text.ends_with(b"\n") {
        lines.push(b"");
    }
    lines
}

/// Cuts a text after each newline, without the empty line after a final newline.
pub(super) fn split_pattern(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

/// A line without its ending, and the ending.
pub(super) fn cut_ending(line: &[u8]) -> (&[u8], Ending) {
    if let Some(text) = line.strip_suffix(b"\r\n") {
        (text, Ending::CrLf)
    } else if let Some(text) = line.strip_suffix(b"\n") {
        (text, Ending::Lf)
    } else {
        (line, Ending::Missing)
    }
}

/// A line's text without blanks and tabs at its end.
pub(super) fn without_trailing_blanks(line: &[u8]) -> &[u8] {
    cut_ending(line).0.trim_end_with(is_blank)
}

/// A line's text without white space around it.
pub(super) fn without_surrounding_space(line: &[u8]) -> &[u8] {
    cut_ending(line).0.trim()
}

/// The blanks and tabs that a line begins with.
pub(super) fn lead(line: &[u8]) -> &[u8] {
    Parts::of(line).lead
}

/// What a line is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    /// Blanks and tabs before the body.
    pub(super) lead: &'a [u8],
    /// From the first to the last byte that is neither blank nor tab.
    pub(super) body: &'a [u8],
    /// Blanks and tabs after the body.
    pub(super) trail: &'a [u8],
    pub(super) ending: Ending,
}

impl<'a> Parts<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        let (text, ending) = cut_ending(line);
        let rest = text.trim_start_with(is_blank);
        let body = rest.trim_end_with(is_blank);
        Self { lead: &text[..text.len() - rest.len()], body, trail: &rest[body.len()..], ending }
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The newline that all lines of a pattern share; none if there is a single line or they differ. A last line may
/// lack its ending.
pub(super) fn shared_newline(lines: &[&[u8]]) -> Option<Ending> {
    if lines.len() < 2 {
        return None;
    }
    let mut endings = lines.iter().map(|line| cut_ending(line).1);
    if cut_ending(lines[lines.len() - 1]).1 == Ending::Missing {
        endings.next_back();
    }
    let first = endings.next().filter(|ending| ending.is_newline())?;
    endings.all(|ending| ending == first).then_some(first)
}

/// The newline that most lines of a file end in; LF when in doubt.
pub(super) fn dominant_newline(text: &[u8]) -> Ending {
    let with_return = text.find_iter("\r\n").count();
    // Without any there is nothing to weigh them against.
    if with_return > 0 && with_return * 2 > text.find_iter("\n").count() { Ending::CrLf } else { Ending::Lf }
}

/// Joins the lines with every newline but the last replaced.
pub(super) fn with_inner_newline(lines: &[&[u8]], newline: Ending) -> Vec<u8> {
    let mut text = Vec::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
    for (index, line) in lines.iter().enumerate() {
        let (body, ending) = cut_ending(line);
        let inner = index + 1 < lines.len() && ending.is_newline();
        text.extend_from_slice(body);
        text.extend_from_slice(if inner { newline } else { ending }.bytes());
    }
    text
}
