//! Finds runs of lines that equal wanted ones once white space is trimmed.

use std::ops::Range;

use bstr::{ByteSlice, Finder};

use super::lines::without_surrounding_space;

/// What is left of a line for a comparison.
pub(super) type Trim = fn(&[u8]) -> &[u8];

/// A run of lines of a text.
pub(super) struct Run {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// Where its last line begins, which may be the empty one at the end of a text.
    last: usize,
}

impl Run {
    /// The lines with their endings.
    pub(super) fn lines<'a>(&self, text: &'a [u8]) -> Vec<&'a [u8]> {
        let starts =
            std::iter::successors(
                Some(self.range.start),
                |&line| {
                    if line < self.last { line_after(text, line) } else { None }
                },
            );
        starts.map(|line| &text[line..line_end(text, line)]).collect()
    }
}

/// The runs of the text's lines that equal the wanted ones once trimmed, in order; they do not overlap. A text that ends
/// in a newline has an empty last line, as an editor shows it.
///
/// Not every line is looked at: however it is trimmed, a line that matches holds the body of the wanted one, so only
/// the places are tried at which the longest body stands.
pub(super) fn find(text: &[u8], wanted: &[&[u8]], trim: Trim) -> Vec<Run> {
    let bodies = wanted.iter().map(|line| without_surrounding_space(line)).enumerate();
    let Some((anchor, body)) = bodies.max_by_key(|(_, body)| body.len()) else { return Vec::new() };
    let search = Search { text, wanted, trim, anchor, body: Finder::new(body) };
    let mut found: Vec<Run> = Vec::new();
    let mut from = Some(0);
    while let Some(line) = from.and_then(|from| search.candidate(from)) {
        from = match search.run_around(line, found.last().map_or(0, |run| run.range.end)) {
            Some(run) => {
                let next = line_after(text, run.last);
                found.push(run);
                next
            }
            None => line_after(text, line),
        };
    }
    found
}

/// What is looked for. Lines of the text are known by where they begin.
struct Search<'a> {
    text: &'a [u8],
    wanted: &'a [&'a [u8]],
    trim: Trim,
    /// The wanted line that is looked for first, and its body.
    anchor: usize,
    body: Finder<'a>,
}

impl Search<'_> {
    /// The first line from here on that may be the anchor.
    fn candidate(&self, from: usize) -> Option<usize> {
        let at = from + self.body.find(&self.text[from..])?;
        Some(self.text[from..at].rfind_byte(b'\n').map_or(from, |newline| from + newline + 1))
    }

    /// The run in which this line is the anchor, if it is all there from `free` on.
    fn run_around(&self, anchor: usize, free: usize) -> Option<Run> {
        if !self.matches(anchor, self.anchor) {
            return None;
        }
        let mut start = anchor;
        for index in (0..self.anchor).rev() {
            start = line_before(self.text, start).filter(|&line| line >= free && self.matches(line, index))?;
        }
        let mut last = anchor;
        for index in self.anchor + 1..self.wanted.len() {
            last = line_after(self.text, last).filter(|&line| self.matches(line, index))?;
        }
        (start >= free).then(|| Run { range: start..line_end(self.text, last), last })
    }

    fn matches(&self, line: usize, index: usize) -> bool {
        let text = &self.text[line..line_end(self.text, line)];
        (self.trim)(text) == (self.trim)(self.wanted[index])
    }
}

fn line_end(text: &[u8], line: usize) -> usize {
    text[line..].find_byte(b'\n').map_or(text.len(), |newline| line + newline + 1)
}

fn line_after(text: &[u8], line: usize) -> Option<usize> {
    let end = line_end(text, line);
    text[line..end].ends_with(b"\n").then_some(end)
}

fn line_before(text: &[u8], line: usize) -> Option<usize> {
    let newline = line.checked_sub(1)?;
    Some(text[..newline].rfind_byte(b'\n').map_or(0, |before| before + 1))
}

#[cfg(test)]
mod tests {
    use super::super::lines::{split, split_pattern, without_trailing_blanks};
    use super::*;

    /// The runs as one finds them who looks at every line.
    fn by_hand(text: &[u8], wanted: &[&[u8]], trim: Trim) -> Vec<(usize, Vec<Vec<u8>>)> {
        let lines = split(text);
        let (mut found, mut index, mut at) = (Vec::new(), 0, 0);
        while index + wanted.len() <= lines.len() {
            let run = &lines[index..index + wanted.len()];
            if run.iter().zip(wanted).all(|(line, wanted)| trim(line) == trim(wanted)) {
                found.push((at, run.iter().map(|line| line.to_vec()).collect()));
                at += run.iter().map(|line| line.len()).sum::<usize>();
                index += wanted.len();
            } else {
                at += lines[index].len();
                index += 1;
            }
        }
        found
    }

    /// Every text of up to so many of the pieces.
    fn texts(pieces: &[&str], most: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..most {
            last = last.iter().flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn what_is_found_is_what_one_finds_who_looks_at_every_line() {
        let patterns = texts(&["a\n", "ab\n", "\n", " a", "b\r\n"], 3);
        for text in texts(&["a\n", " a\r\n", "ab \n", "\n", "a"], 4) {
            for pattern in patterns.iter().filter(|pattern| !pattern.is_empty()) {
                let wanted = split_pattern(pattern.as_bytes());
                for trim in [without_trailing_blanks as Trim, without_surrounding_space] {
                    let runs = find(text.as_bytes(), &wanted, trim);
                    let found: Vec<_> = runs
                        .iter()
                        .map(|run| {
                            let lines = run.lines(text.as_bytes()).iter().map(|line| line.to_vec()).collect();
                            (run.range.start, lines)
                        })
                        .collect();
                    assert_eq!(found, by_hand(text.as_bytes(), &wanted, trim), "{text:?} {pattern:?}");
                }
            }
        }
    }
}
