use super::{FileError, Files, must_be_absolute};
use crate::fs::{FsError, Replacement, in_words, path};
use crate::quote::quoted;

/// A file that is being written. Nothing is seen of it before [`commit`](Self::commit); dropping it leaves the old file.
pub struct NewFile {
    path: String,
    replacement: Box<dyn Replacement>,
}

impl NewFile {
    /// Adds to the content.
    ///
    /// # Errors
    /// 500, for instance for a full disk.
    pub fn write(&mut self, content: &[u8]) -> Result<(), FileError> {
        self.fill(|file| file.write_all(content))
    }

    pub(super) fn fill(
        &mut self,
        write: impl FnOnce(&mut dyn Replacement) -> std::io::Result<()>,
    ) -> Result<(), FileError> {
        write(&mut *self.replacement).map_err(|error| unwritten(500, &self.path, in_words(&error)))
    }

    /// Puts the content in the place of the old file.
    ///
    /// # Errors
    /// 403, or 500; the old file is then untouched.
    pub fn commit(self) -> Result<(), FileError> {
        let Self { path, replacement } = self;
        replacement.commit().map_err(|error| unwritten(status(&error), &path, error))
    }

    /// The refusal where the content ends too early, and why it did.
    pub fn broken_off(&self, reason: impl std::fmt::Display) -> FileError {
        unwritten(500, &self.path, reason)
    }
}

impl std::fmt::Debug for NewFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Files {
    /// Begins to write a file: links are followed, folders made, the old file's permissions kept.
    /// Route: `POST /api/v0/write-file`.
    ///
    /// # Errors
    /// 400 for a relative path, a directory, or a path through a file; 403; 500 if links lead in a circle.
    pub fn write_file(&self, path: &str) -> Result<NewFile, FileError> {
        must_be_absolute(path)?;
        let unresolved = |error: FileError| FileError { status: 500, ..error.within(&unresolvable(path)) };
        let path = self.resolve_path(path).map_err(unresolved)?;
        self.fs.create_dir_all(&path::parent(&path)).map_err(|error| {
            let status = if error.is_not_a_directory() { 400 } else { status(&error) };
            FileError::new(status, error.to_string())
        })?;
        let mode = match self.fs.metadata(&path) {
            Ok(metadata) if metadata.is_dir => {
                return Err(FileError::new(400, format!("open {path}: is a directory")));
            }
            Ok(metadata) => Some(metadata.mode),
            Err(_) => None,
        };
        self.replace(path, mode)
    }

    pub(super) fn replace(&self, path: String, mode: Option<u32>) -> Result<NewFile, FileError> {
        match self.fs.replace(&path, mode) {
            Ok(replacement) => Ok(NewFile { path, replacement }),
            Err(error) => Err(FileError::new(status(&error), error.to_string())),
        }
    }
}

/// The status of a write that failed: that something is missing is nothing that the caller asked for.
fn status(error: &FsError) -> u16 {
    if error.is_permission_denied() { 403 } else { 500 }
}

fn unwritten(status: u16, path: &str, reason: impl std::fmt::Display) -> FileError {
    FileError::new(status, format!("write {path}: {reason}"))
}

pub(super) fn unresolvable(path: &str) -> String {
    format!("resolve symlink {}", quoted(path))
}
