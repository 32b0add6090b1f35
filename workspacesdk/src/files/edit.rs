use std::collections::HashMap;
use std::io::{Read, Write};

use super::write::unresolvable;
use super::{FileEditRequest, FileEditResponse, FileEditResult, FileEdits, FileError, Files, must_be_absolute};
use crate::fs::path;
use crate::quote::quoted;
use crate::{diff, edit};

/// The outcome of the edits to one file, not yet written.
struct Edited {
    asked: String,
    path: String,
    mode: u32,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Files {
    /// Edits files: all edits are worked out before anything is written, so a search that fails leaves every file as it
    /// was. Edits to a path that is named twice are made one after the other.
    /// Route: `POST /api/v0/edit-files`.
    ///
    /// # Errors
    /// 400 for a relative path, a directory, nothing to do, two names of one file, or a search that does not fit; 404;
    /// 403; 500. If several files fail, the message has a line for each and the status is the highest.
    pub fn edit_files(&self, request: FileEditRequest) -> Result<FileEditResponse, FileError> {
        if request.files.is_empty() {
            return Err(FileError::new(400, "must specify at least one file"));
        }
        let results: Vec<_> =
            self.merged(request.files.into_inner())?.iter().map(|file| self.edit_file(file)).collect();
        let failures: Vec<&FileError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        if let Some(status) = failures.iter().map(|failure| failure.status).max() {
            let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
            return Err(FileError::new(status, messages.join("\n")));
        }
        let edited: Vec<Edited> = results.into_iter().flatten().collect();
        for file in &edited {
            let mut replacement = self.replace(&file.path, Some(file.mode))?;
            let failed = |text: String| FileError::new(500, text);
            replacement
                .write_all(&file.new)
                .map_err(|error| failed(format!("write {}: {}", file.path, crate::fs::in_words(&error))))?;
            replacement.commit().map_err(|error| FileError::of(&error))?;
        }
        let shown = |file: &Edited| FileEditResult {
            path: file.asked.clone(),
            diff: diff::unified(&file.asked, &file.old, &file.new),
        };
        Ok(FileEditResponse { files: request.include_diff.then(|| edited.iter().map(shown).collect()) })
    }

    /// One entry a file. Two names that lead to one file are refused: edits that were meant for different files must
    /// not silently meet in one.
    fn merged(&self, files: Vec<FileEdits>) -> Result<Vec<FileEdits>, FileError> {
        let mut merged: Vec<FileEdits> = Vec::with_capacity(files.len());
        let mut seen: HashMap<String, usize> = HashMap::new();
        for file in files {
            let real = self.resolve_path(&file.path).unwrap_or_else(|_| file.path.clone());
            match seen.get(&real).map(|&index| &mut merged[index]) {
                Some(first) if path::clean(&first.path) == path::clean(&file.path) => {
                    first.edits.extend(file.edits.into_inner());
                }
                Some(first) => {
                    let (alias, first) = (quoted(&file.path), quoted(&first.path));
                    return Err(FileError::new(
                        400,
                        format!(
                            "duplicate file path {alias} aliases {first} (same real file): combine edits into a \
                             single entry's \"edits\" list"
                        ),
                    ));
                }
                None => {
                    seen.insert(real, merged.len());
                    merged.push(file);
                }
            }
        }
        Ok(merged)
    }

    fn edit_file(&self, file: &FileEdits) -> Result<Edited, FileError> {
        if file.path.is_empty() {
            return Err(FileError::new(400, "\"path\" is required"));
        }
        must_be_absolute(&file.path)?;
        if file.edits.is_empty() {
            return Err(FileError::new(400, "must specify at least one edit"));
        }
        let path = self
            .resolve_path(&file.path)
            .map_err(|error| FileError { status: 500, ..error.within(&unresolvable(&file.path)) })?;
        let (mut content, metadata) = self.fs.open(&path).map_err(|error| FileError::of(&error))?;
        if metadata.is_dir {
            return Err(FileError::new(400, format!("open {path}: not a file")));
        }
        let mut old = Vec::with_capacity(usize::try_from(metadata.size).unwrap_or_default());
        content
            .read_to_end(&mut old)
            .map_err(|error| FileError::new(500, format!("read {path}: {}", crate::fs::in_words(&error))))?;
        let mut new: Option<Vec<u8>> = None;
        for step in file.edits.iter() {
            let text: &[u8] = new.as_deref().unwrap_or(&old);
            let replaced = edit::replace(text, &step.search, &step.replace, step.replace_all);
            new = Some(replaced.map_err(|error| FileError::new(400, format!("edit {path}: {error}")))?);
        }
        let new = new.unwrap_or_default();
        Ok(Edited { asked: file.path.clone(), path, mode: metadata.mode, old, new })
    }
}
