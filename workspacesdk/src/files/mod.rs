//! Files in a workspace: the wire types, and the rules by which an agent reads, writes and edits.

mod edit;
mod list;
mod media;
mod read;
mod types;
mod write;

use std::sync::Arc;

pub use media::{extension, known_media_type, media_type};
pub use read::OpenedFile;
pub use types::*;
pub use write::NewFile;

use crate::fs::{FileSystem, FsError, path};
use crate::quote::quoted;

/// How many links in a row are followed.
const MAX_LINKS: usize = 40;

/// Why a call on files was refused: the status and the message of an agent's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The HTTP status.
    pub status: u16,
    /// What the agent says.
    pub message: String,
}

impl FileError {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The failure of a call: 404 and 403 where the file or the permission is missing, else 500.
    fn of(error: &FsError) -> Self {
        let status = match error {
            error if error.is_not_found() => 404,
            error if error.is_permission_denied() => 403,
            _ => 500,
        };
        Self::new(status, error.to_string())
    }

    fn within(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FileError {}

/// An agent's file calls, on any file system. All of them may block.
#[derive(Debug, Clone)]
pub struct Files {
    fs: Arc<dyn FileSystem>,
}

impl Files {
    /// The calls on this file system.
    pub fn new(fs: Arc<dyn FileSystem>) -> Self {
        Self { fs }
    }

    /// Follows every link in a path; names that do not exist stay as they are. Route: `GET /api/v0/resolve-path`.
    ///
    /// # Errors
    /// 400 for a relative path, 403 where a folder may not be searched, 500 where links lead in a circle.
    pub fn resolve_path(&self, path: &str) -> Result<String, FileError> {
        must_be_absolute(path)?;
        self.resolve(&path::clean(path), 0).map_err(|error| match error.status {
            404 => FileError { status: 500, ..error },
            _ => error,
        })
    }

    fn resolve(&self, path: &str, links: usize) -> Result<String, FileError> {
        if links > MAX_LINKS {
            return Err(FileError::new(500, format!("too many levels of symlinks resolving {}", quoted(path))));
        }
        match self.fs.read_link(path) {
            Ok(Some(target)) if path::is_absolute(&target) => self.resolve(&path::clean(&target), links + 1),
            Ok(Some(target)) => self.resolve(&path::join(&[&path::parent(path), &target]), links + 1),
            Err(error) if !error.is_not_found() => Err(FileError::of(&error)),
            _ => {
                let folder = path::parent(path);
                if folder == path {
                    return Ok(folder);
                }
                Ok(path::join(&[&self.resolve(&folder, links)?, path::base(path)]))
            }
        }
    }
}

fn must_be_absolute(path: &str) -> Result<(), FileError> {
    if path::is_absolute(path) {
        return Ok(());
    }
    Err(FileError::new(400, format!("file path must be absolute: {}", quoted(path))))
}
