//! Search and replace as a workspace agent does it: exactly where the text stands as given, else line by line with
//! forgiveness for white space, and never where it is not clear what was meant.

mod hints;
mod indent;
mod lines;
mod patch;
mod runs;
mod splice;

use bstr::ByteSlice;

pub use patch::Patch;

use lines::Ending;
use runs::Trim;
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

/// Works out what is to change in a text so that `search` becomes `replace`.
///
/// The search must stand in the text exactly once, or `replace_all` be set. Three passes are made, each only if the one
/// before found nothing: byte for byte; line by line without blanks at the lines' ends; line by line without white
/// space around the lines, where the replacement takes over the file's indentation. A replacement whose lines all end
/// alike takes over the file's newlines.
///
/// # Errors
/// When the search is empty, is not in the text, or is there more than once. The message then says what to change.
pub fn replace(text: &[u8], search: &str, replace: &str, replace_all: bool) -> Result<Patch, EditError> {
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
    search: &'a [u8],
    search_lines: Vec<&'a [u8]>,
    replacement: &'a [u8],
    replacement_lines: Vec<&'a [u8]>,
    replace_all: bool,
    replacement_newline: Option<Ending>,
    /// Search and replacement differ in their newlines: they are what is to be changed.
    rewrites_newlines: bool,
}

impl<'a> Edit<'a> {
    fn new(text: &'a [u8], search: &'a [u8], replacement: &'a [u8], replace_all: bool) -> Self {
        let search_lines = lines::split_pattern(search);
        let replacement_lines = lines::split_pattern(replacement);
        let replacement_newline = lines::shared_newline(&replacement_lines);
        let search_newline = lines::shared_newline(&search_lines);
        Self {
            rewrites_newlines: matches!((search_newline, replacement_newline), (Some(a), Some(b)) if a != b),
            text,
            search,
            search_lines,
            replacement,
            replacement_lines,
            replace_all,
            replacement_newline,
        }
    }

    /// What newlines of the replacement become.
    fn newline(&self) -> Option<Ending> {
        self.replacement_newline.map(|_| lines::dominant_newline(self.text))
    }

    fn replace_exactly(&self) -> Result<Option<Patch>, EditError> {
        let found: Vec<usize> = self.text.find_iter(self.search).collect();
        if found.is_empty() {
            return Ok(None);
        }
        self.must_be_unique(found.len())?;
        let fresh = match self.newline() {
            Some(newline) if !self.rewrites_newlines && self.replacement_newline != Some(newline) => {
                lines::with_inner_newline(&self.replacement_lines, newline)
            }
            _ => self.replacement.to_vec(),
        };
        Ok(Some(Patch::everywhere(found.into_iter().map(|start| start..start + self.search.len()), fresh)))
    }

    /// Replaces runs of lines that are the search's lines in the form that `trim` leaves of them.
    fn replace_lines(&self, trim: Trim) -> Result<Option<Patch>, EditError> {
        let matches = runs::find(self.text, &self.search_lines, trim);
        if matches.is_empty() {
            return Ok(None);
        }
        self.must_be_unique(matches.len())?;
        let splice = Splice::new(&self.search_lines, &self.replacement_lines, self.newline());
        let mut patch = Patch::default();
        for run in matches {
            let matched = run.lines(self.text);
            patch.push(run.range, |out| splice.write(&matched, out));
        }
        Ok(Some(patch))
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
        let lines = lines::split(self.text);
        let hint = hints::miscounted(&lines, &self.search_lines)
            .or_else(|| hints::swapped(self.text, &lines, self.replacement, &self.replacement_lines));
        EditError(match hint {
            Some(hint) => format!("{MESSAGE} and indentation. {hint}"),
            None => format!("{MESSAGE} and indentation"),
        })
    }
}
