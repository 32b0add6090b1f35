use super::{FileError, Files, must_be_absolute};
use crate::fs::{Replacement, path};
use crate::quote::quoted;

impl Files {
    /// Begins to write a file: links are followed, folders made, the old file's permissions kept. Nothing is seen of
    /// it before [`Replacement::commit`]. Route: `POST /api/v0/write-file`.
    ///
    /// # Errors
    /// 400 for a relative path, a directory, or a path through a file; 403; 500 if links lead in a circle.
    pub fn write_file(&self, path: &str) -> Result<Box<dyn Replacement>, FileError> {
        must_be_absolute(path)?;
        let unresolved = |error: FileError| FileError { status: 500, ..error.within(&unresolvable(path)) };
        let path = self.resolve_path(path).map_err(unresolved)?;
        self.fs.create_dir_all(&path::parent(&path)).map_err(|error| match error {
            error if error.is_permission_denied() => FileError::new(403, error.to_string()),
            error if error.is_not_a_directory() => FileError::new(400, error.to_string()),
            error => FileError::new(500, error.to_string()),
        })?;
        let mode = match self.fs.metadata(&path) {
            Ok(metadata) if metadata.is_dir => {
                return Err(FileError::new(400, format!("open {path}: is a directory")));
            }
            Ok(metadata) => Some(metadata.mode),
            Err(_) => None,
        };
        self.replace(&path, mode)
    }

    pub(super) fn replace(&self, path: &str, mode: Option<u32>) -> Result<Box<dyn Replacement>, FileError> {
        let status = |permission_denied: bool| if permission_denied { 403 } else { 500 };
        self.fs
            .replace(path, mode)
            .map_err(|error| FileError::new(status(error.is_permission_denied()), error.to_string()))
    }
}

pub(super) fn unresolvable(path: &str) -> String {
    format!("resolve symlink {}", quoted(path))
}
