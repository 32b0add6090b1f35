use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::{Entry, FileSystem, FsError, FsResult, Metadata, ReadFile, Replacement, path};

/// The machine's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsFs;

impl FileSystem for OsFs {
    fn open(&self, path: &str) -> FsResult<(Box<dyn ReadFile>, Metadata)> {
        let file = File::open(path).map_err(|error| FsError::new("open", path, error))?;
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
        Ok(Some(target.to_string_lossy().into_owned()))
    }

    fn entries(&self, path: &str) -> FsResult<Vec<Entry>> {
        let entries = fs::read_dir(path).map_err(|error| FsError::new("open", path, error))?;
        let convert = |entry: io::Result<fs::DirEntry>| {
            let entry = entry.ok()?;
            let is_dir = entry.file_type().ok()?.is_dir();
            Some(Entry { name: entry.file_name().to_string_lossy().into_owned(), is_dir })
        };
        Ok(entries.filter_map(convert).collect())
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
        match fs::create_dir(path) {
            Err(error) if !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) => {
                Err(FsError::new("mkdir", path, error))
            }
            _ => Ok(()),
        }
    }

    fn replace(&self, path: &str, mode: Option<u32>) -> FsResult<Box<dyn Replacement>> {
        let name = format!(".{}.tmp.{:08x}", path::base(path), rand::random::<u32>());
        let temporary = path::join(&[&path::parent(path), &name]);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
            .map_err(|error| FsError::new("open", &temporary, error))?;
        Ok(Box::new(TemporaryFile { file, temporary, target: path.to_owned(), mode, committed: false }))
    }

    fn home(&self) -> FsResult<String> {
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        let unknown = || FsError::new("home", "$HOME", io::Error::other("is not defined"));
        home.map(|home| home.to_string_lossy().into_owned()).ok_or_else(unknown)
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
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Replacement for TemporaryFile {
    fn commit(mut self: Box<Self>) -> FsResult<()> {
        let failed = |error| FsError::new("write", &self.target, error);
        if let Some(mode) = self.mode {
            self.file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
        }
        fs::rename(&self.temporary, &self.target).map_err(failed)?;
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
