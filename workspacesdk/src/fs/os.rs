use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Entry, FileSystem, FsError, FsResult, Metadata, ReadFile, Replacement, path};
use crate::quote::shown;

/// The permission bits of a new file, and of a new directory, before the process's mask takes some away.
const FILE_MODE: u32 = 0o666;
const DIRECTORY_MODE: u32 = 0o755;

/// The machine's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsFs;

impl FileSystem for OsFs {
    fn open(&self, path: &str) -> FsResult<(Box<dyn ReadFile>, Metadata)> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(|error| FsError::new("open", path, error))?;
        let metadata = file.metadata().map_err(|error| FsError::new("stat", path, error))?;
        Ok((Box::new(file), convert(&metadata)))
    }

    fn metadata(&self, path: &str) -> FsResult<Metadata> {
        fs::metadata(path).map(|metadata| convert(&metadata)).map_err(|error| FsError::new("stat", path, error))
    }

    fn read_link(&self, path: &str) -> FsResult<Option<String>> {
        let metadata = fs::symlink_metadata(path).map_err(|error| FsError::new("lstat", path, error))?;
        if !metadata.is_symlink() {
            return Ok(None);
        }
        let target = fs::read_link(path).map_err(|error| FsError::new("readlink", path, error))?;
        Ok(Some(shown(target.as_os_str().as_bytes())))
    }

    fn entries(&self, path: &str) -> FsResult<Vec<Entry>> {
        let entries = fs::read_dir(path).map_err(|error| FsError::new("open", path, error))?;
        let mut found = Vec::new();
        for entry in entries.map_while(Result::ok) {
            match entry.metadata() {
                Ok(metadata) => {
                    found.push(Entry { name: shown(entry.file_name().as_bytes()), is_dir: metadata.is_dir() });
                }
                // It went away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => break,
            }
        }
        Ok(found)
    }

    fn create_dir_all(&self, path: &str) -> FsResult<()> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Ok(()),
            Ok(_) => return Err(FsError::new("mkdir", path, io::ErrorKind::NotADirectory.into())),
            Err(_) => {}
        }
        let above = path::parent(path);
        if above != path {
            self.create_dir_all(&above)?;
        }
        match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
            Err(error) if !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) => {
                Err(FsError::new("mkdir", path, error))
            }
            _ => Ok(()),
        }
    }

    fn replace(&self, path: &str, mode: Option<u32>) -> FsResult<Box<dyn Replacement>> {
        let temporary = path::temporary_beside(path);
        // Whoever may not read the file may not read what is to become of it either.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode.unwrap_or(FILE_MODE) & FILE_MODE)
            .open(&temporary)
            .map_err(|error| FsError::new("open", &temporary, error))?;
        Ok(Box::new(TemporaryFile { file, temporary, target: path.to_owned(), mode, committed: false }))
    }

    fn home(&self) -> Option<String> {
        std::env::var("HOME").ok().filter(|home| !home.is_empty())
    }
}

fn convert(metadata: &fs::Metadata) -> Metadata {
    Metadata { size: metadata.len(), is_dir: metadata.is_dir(), mode: metadata.mode() & 0o7777 }
}

/// Content that waits beside the file that it is to replace.
struct TemporaryFile {
    file: File,
    temporary: String,
    target: String,
    mode: Option<u32>,
    committed: bool,
}

impl Write for TemporaryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file
            .write(bytes)
            .map_err(|error| io::Error::new(error.kind(), FsError::new("write", &self.temporary, error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Replacement for TemporaryFile {
    fn commit(mut self: Box<Self>) -> FsResult<()> {
        if let Some(mode) = self.mode {
            // Where a file system keeps no permissions, the content still counts.
            let _ = self.file.set_permissions(fs::Permissions::from_mode(mode));
        }
        let both = || format!("{} {}", self.temporary, self.target);
        fs::rename(&self.temporary, &self.target).map_err(|error| match error.kind() {
            // The words that agents have for a directory that is in the way.
            io::ErrorKind::IsADirectory => FsError::new("rename", &both(), Errno::EXIST.into()),
            _ => FsError::new("rename", &both(), error),
        })?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a file that will not go.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
