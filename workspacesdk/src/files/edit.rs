use std::collections::HashMap;

use super::read::whole;
use super::write::unresolvable;
use super::{
    FileEdit, FileEditRequest, FileEditResponse, FileEditResult, FileEdits, FileError, Files, must_be_absolute,
};
use crate::diff;
use crate::edit::{self, Patch};
use crate::fs::path;
use crate::quote::quoted;

/// The outcome of the edits to one file, not yet written.
struct Edited {
    asked: String,
    path: String,
    mode: u32,
    old: Vec<u8>,
    /// What all edits but the last made of it, if there were several.
    base: Option<Vec<u8>>,
    /// The last edit.
    patch: Patch,
}

impl Edited {
    fn base(&self) -> &[u8] {
        self.base.as_deref().unwrap_or(&self.old)
    }

    fn diff(&self) -> String {
        diff::unified(&self.asked, &self.old, &self.patch.apply(self.base()))
    }
}

/// The edits to one file, and the file that its path leads to.
struct Target {
    edits: FileEdits,
    real: Result<String, FileError>,
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
            self.merged(request.files.into_inner())?.into_iter().map(|file| self.edit_file(file)).collect();
        let failures: Vec<&FileError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        if let Some(status) = failures.iter().map(|failure| failure.status).max() {
            let messages: Vec<&str> = failures.iter().map(|failure| failure.message.as_str()).collect();
            return Err(FileError::new(status, messages.join("\n")));
        }
        let edited: Vec<Edited> = results.into_iter().flatten().collect();
        for file in &edited {
            let mut new = self.replace(file.path.clone(), Some(file.mode))?;
            new.fill(|out| file.patch.write(file.base(), out))?;
            new.commit()?;
        }
        let shown = |file: &Edited| FileEditResult { path: file.asked.clone(), diff: file.diff() };
        Ok(FileEditResponse { files: request.include_diff.then(|| edited.iter().map(shown).collect()) })
    }

    /// One entry a file. Two names that lead to one file are refused: edits that were meant for different files must
    /// not silently meet in one.
    fn merged(&self, files: Vec<FileEdits>) -> Result<Vec<Target>, FileError> {
        let mut merged: Vec<Target> = Vec::with_capacity(files.len());
        let mut seen: HashMap<String, usize> = HashMap::new();
        for file in files {
            let real = self.resolve_path(&file.path);
            let key = real.as_ref().unwrap_or(&file.path);
            match seen.get(key).map(|&index| &mut merged[index].edits) {
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
                    seen.insert(key.clone(), merged.len());
                    merged.push(Target { edits: file, real });
                }
            }
        }
        Ok(merged)
    }

    fn edit_file(&self, Target { edits: file, real }: Target) -> Result<Edited, FileError> {
        if file.path.is_empty() {
            return Err(FileError::new(400, "\"path\" is required"));
        }
        must_be_absolute(&file.path)?;
        let Some((last, steps)) = file.edits.split_last() else {
            return Err(FileError::new(400, "must specify at least one edit"));
        };
        let path = real.map_err(|error| FileError { status: 500, ..error.within(&unresolvable(&file.path)) })?;
        let (mut content, metadata) = self.fs.open(&path).map_err(|error| FileError::of(&error))?;
        if metadata.is_dir {
            return Err(FileError::new(400, format!("open {path}: not a file")));
        }
        let old = whole(&mut *content, metadata, &path)
            .map_err(|error| FileError::new(500, format!("read {path}: {error}")))?;
        let patch = |text: &[u8], step: &FileEdit| {
            edit::replace(text, &step.search, &step.replace, step.replace_all)
                .map_err(|error| FileError::new(400, format!("edit {path}: {error}")))
        };
        let mut base: Option<Vec<u8>> = None;
        for step in steps {
            let text = base.as_deref().unwrap_or(&old);
            base = Some(patch(text, step)?.apply(text));
        }
        let patch = patch(base.as_deref().unwrap_or(&old), last)?;
        Ok(Edited { asked: file.path, path, mode: metadata.mode, old, base, patch })
    }
}
