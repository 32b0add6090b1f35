//! Search and replace as a workspace agent does it: exactly where the text stands as given, else line by line with
//! forgiveness for white space, and never where it is not clear what was meant.

mod hints;
mod indent;
mod lines;
mod splice;

use bstr::ByteSlice;

use lines::Ending;
use splice::Splice;

/// Why an edit was refused. Its `Display` is the agent's own message, written for whoever made the edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditError(String);

impl std::fmt::Display for EditError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EditError {}

/// Replaces `search` by `replace` in a text.
///
/// The search must stand in the text exactly once, or `replace_all` be set. Three passes are made, each only if the one
/// before found nothing: byte for byte; line by line without blanks at the lines' ends; line by line without white
/// space around the lines, where the replacement takes over the file's indentation. A replacement whose lines all end
/// alike takes over the file's newlines.
///
/// # Errors
/// When the search is empty, is not in the text, or is there more than once. The message then says what to change.
pub fn replace(text: &[u8], search: &str, replace: &str, replace_all: bool) -> Result<Vec<u8>, EditError> {
    if search.is_empty() {
        return Err(EditError("search string must not be empty; include the text you want to match".to_owned()));
    }
    let edit = Edit::new(text, search.as_bytes(), replace.as_bytes(), replace_all);
    let found = match edit.replace_exactly()? {
        None if edit.rewrites_newlines => None,
        None => match edit.replace_lines(lines::without_trailing_blanks)? {
            None => edit.replace_lines(lines::without_surrounding_space)?,
            found => found,
        },
        found => found,
    };
    found.ok_or_else(|| edit.not_found())
}

/// One edit and the text that it is for.
struct Edit<'a> {
    text: &'a [u8],
    lines: Vec<&'a [u8]>,
    search: &'a [u8],
    search_lines: Vec<&'a [u8]>,
    replacement: &'a [u8],
    replacement_lines: Vec<&'a [u8]>,
    replace_all: bool,
    /// What newlines of the replacement become.
    newline: Option<Ending>,
    replacement_newline: Option<Ending>,
    /// Search and replacement differ in their newlines: they are what is to be changed.
    rewrites_newlines: bool,
}

impl<'a> Edit<'a> {
    fn new(text: &'a [u8], search: &'a [u8], replacement: &'a [u8], replace_all: bool) -> Self {
        let lines = lines::split(text);
        let search_lines = lines::split_pattern(search);
        let replacement_lines = lines::split_pattern(replacement);
        let replacement_newline = lines::shared_newline(&replacement_lines);
        let search_newline = lines::shared_newline(&search_lines);
        Self {
            newline: replacement_newline.map(|_| lines::dominant_newline(&lines)),
            rewrites_newlines: matches!((search_newline, replacement_newline), (Some(a), Some(b)) if a != b),
            text,
            lines,
            search,
            search_lines,
            replacement,
            replacement_lines,
            replace_all,
            replacement_newline,
        }
    }

    fn replace_exactly(&self) -> Result<Option<Vec<u8>>, EditError> {
        let count = self.text.find_iter(self.search).count();
        if count == 0 {
            return Ok(None);
        }
        self.must_be_unique(count)?;
        let rewritten = match self.newline {
            Some(newline) if !self.rewrites_newlines && self.replacement_newline != self.newline => {
                Some(lines::with_inner_newline(&self.replacement_lines, newline))
            }
            _ => None,
        };
        Ok(Some(self.text.replace(self.search, rewritten.as_deref().unwrap_or(self.replacement))))
    }

    /// Replaces runs of lines that are the search's lines in the form that `trim` leaves of them.
    fn replace_lines(&self, trim: fn(&[u8]) -> &[u8]) -> Result<Option<Vec<u8>>, EditError> {
        let matches = find_runs(&self.lines, &self.search_lines, trim);
        if matches.is_empty() {
            return Ok(None);
        }
        self.must_be_unique(matches.len())?;
        let splice = Splice::new(&self.search_lines, &self.replacement_lines, self.newline);
        let mut out = Vec::with_capacity(self.text.len() + self.replacement.len());
        let mut written = 0;
        for start in matches {
            let end = start + self.search_lines.len();
            self.lines[written..start].iter().for_each(|line| out.extend_from_slice(line));
            splice.write(&self.lines[start..end], self.is_open_end(end), &mut out);
            written = end;
        }
        self.lines[written..].iter().for_each(|line| out.extend_from_slice(line));
        Ok(Some(out))
    }

    /// Whether the lines up to `end` are the last of a text without a final newline.
    fn is_open_end(&self, end: usize) -> bool {
        self.lines[end..].iter().all(|line| line.is_empty()) && !lines::cut_ending(self.lines[end - 1]).1.is_newline()
    }

    fn must_be_unique(&self, count: usize) -> Result<(), EditError> {
        if self.replace_all || count == 1 {
            return Ok(());
        }
        Err(EditError(format!(
            "search string matches {count} occurrences (expected exactly 1). Include more surrounding context to make \
             the match unique, or set replace_all to true"
        )))
    }

    fn not_found(&self) -> EditError {
        const MESSAGE: &str = "search string not found in file. Verify the search string matches the file content \
                               exactly, including whitespace";
        if self.rewrites_newlines {
            return EditError(format!("{MESSAGE}, indentation, and line endings"));
        }
        let hint = hints::miscounted(&self.lines, &self.search_lines)
            .or_else(|| hints::swapped(self.text, &self.lines, self.replacement, &self.replacement_lines));
        EditError(match hint {
            Some(hint) => format!("{MESSAGE} and indentation. {hint}"),
            None => format!("{MESSAGE} and indentation"),
        })
    }
}

/// Where runs of lines begin that equal the wanted ones once trimmed; runs do not overlap.
fn find_runs(lines: &[&[u8]], wanted: &[&[u8]], trim: fn(&[u8]) -> &[u8]) -> Vec<usize> {
    let wanted: Vec<&[u8]> = wanted.iter().map(|line| trim(line)).collect();
    let mut starts = Vec::new();
    let mut start = 0;
    while start + wanted.len() <= lines.len() {
        if lines[start..].iter().zip(&wanted).all(|(line, wanted)| trim(line) == *wanted) {
            starts.push(start);
            start += wanted.len();
        } else {
            start += 1;
        }
    }
    starts
}
