//! The file system that a workspace agent works on: the machine's own, or one in memory for tests.

mod error;
mod memory;
mod os;
pub mod path;

use std::fmt::Debug;
use std::io::{Read, Seek, Write};

pub use error::FsError;
pub use error::in_words;
pub use memory::MemoryFs;
pub use os::OsFs;

/// The result of a file system call.
pub type FsResult<T> = Result<T, FsError>;

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Its permission bits.
    pub mode: u32,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name within the directory.
    pub name: String,
    /// Whether it is itself a directory; false for a link to one.
    pub is_dir: bool,
}

/// A file that can be read from anywhere.
pub trait ReadFile: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadFile for T {}

/// New content for a file that becomes visible as a whole, or not at all: dropping it leaves the old file. What a write
/// of it fails with says in its `Display` where and why.
pub trait Replacement: Write + Send {
    /// Puts the new content in the place of the old.
    ///
    /// # Errors
    /// When the content cannot be completed or put in place; the old file is then untouched.
    fn commit(self: Box<Self>) -> FsResult<()>;
}

/// The calls that an agent makes of a file system. Paths are absolute, with `/` between their names. All of them may
/// block.
pub trait FileSystem: Debug + Send + Sync + 'static {
    /// Opens a file or directory, following links. It does not wait for anybody, such as the writer of a pipe.
    ///
    /// # Errors
    /// When there is none or it may not be read.
    fn open(&self, path: &str) -> FsResult<(Box<dyn ReadFile>, Metadata)>;

    /// Looks at a file, following links.
    ///
    /// # Errors
    /// When there is none or its folder may not be searched.
    fn metadata(&self, path: &str) -> FsResult<Metadata>;

    /// Where a link leads; none if the file is no link.
    ///
    /// # Errors
    /// When there is no file or its folder may not be searched.
    fn read_link(&self, path: &str) -> FsResult<Option<String>>;

    /// The entries of a directory, in no order. They end where one cannot be looked at.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    fn entries(&self, path: &str) -> FsResult<Vec<Entry>>;

    /// Makes a directory and those above it; fine if it exists.
    ///
    /// # Errors
    /// When a file is in the way or the permission is missing.
    fn create_dir_all(&self, path: &str) -> FsResult<()>;

    /// Begins to replace a file, or to make it, with these permission bits or those of a new file.
    ///
    /// # Errors
    /// When nothing may be written to its directory.
    fn replace(&self, path: &str, mode: Option<u32>) -> FsResult<Box<dyn Replacement>>;

    /// The home directory of the user that the agent runs as; none if it is not known.
    fn home(&self) -> Option<String>;
}
