use std::collections::BTreeMap;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Entry, FileSystem, FsError, FsResult, Metadata, ReadFile, Replacement, path};

/// How many links in a row are followed.
const MAX_LINKS: usize = 40;

// The numbers of Linux, whose words agents use.
const NOT_FOUND: i32 = 2;
const FILE_EXISTS: i32 = 17;
const NOT_A_DIRECTORY: i32 = 20;
const INVALID: i32 = 22;
const NAME_TOO_LONG: i32 = 36;
const TOO_MANY_LINKS: i32 = 40;

/// Bytes of a name and of a path, at most.
const LONGEST_NAME: usize = 255;
const LONGEST_PATH: usize = 4_095;

/// A file system in memory, for tests: a tree of files, directories and links. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryFs {
    nodes: Arc<Mutex<BTreeMap<String, Node>>>,
    home: String,
}

#[derive(Debug, Clone)]
enum Node {
    File { content: Arc<[u8]>, mode: u32 },
    Directory,
    Link(String),
}

impl Default for MemoryFs {
    fn default() -> Self {
        Self::new("/home/coder")
    }
}

impl MemoryFs {
    /// A file system with nothing but this home directory.
    pub fn new(home: &str) -> Self {
        let nodes = BTreeMap::from([("/".to_owned(), Node::Directory)]);
        let fs = Self { nodes: Arc::new(Mutex::new(nodes)), home: path::clean(home) };
        fs.add_dir(home);
        fs
    }

    /// Puts a file there, and the directories above it.
    pub fn add_file(&self, path: &str, content: impl Into<Vec<u8>>) {
        self.add_dir(&path::parent(path));
        let content = content.into().into();
        self.lock().insert(path::clean(path), Node::File { content, mode: 0o644 });
    }

    /// Puts a directory there, and those above it.
    pub fn add_dir(&self, path: &str) {
        let mut nodes = self.lock();
        let mut path = path::clean(path);
        while !nodes.contains_key(&path) {
            nodes.insert(path.clone(), Node::Directory);
            path = path::parent(&path);
        }
    }

    /// Puts a link there that leads to `target`, whether or not that exists.
    pub fn add_link(&self, path: &str, target: &str) {
        self.add_dir(&path::parent(path));
        self.lock().insert(path::clean(path), Node::Link(target.to_owned()));
    }

    /// The content of a file, following links; none if there is no such file.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        match self.find("open", path) {
            Ok((_, Node::File { content, .. })) => Some(content.to_vec()),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Node>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What stands at a path once every link in it has been followed, and where. An error is that of this operation.
    fn find(&self, operation: &'static str, path: &str) -> FsResult<(String, Node)> {
        self.walk(path).map_err(|number| failed(operation, path, number))
    }

    fn walk(&self, path: &str) -> Result<(String, Node), i32> {
        if path.contains('\0') {
            return Err(INVALID);
        }
        if path.len() > LONGEST_PATH {
            return Err(NAME_TOO_LONG);
        }
        let nodes = self.lock();
        let mut left: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut at, mut node, mut links) = ("/".to_owned(), Node::Directory, 0);
        while let Some(name) = left.pop() {
            if !matches!(node, Node::Directory) {
                return Err(NOT_A_DIRECTORY);
            }
            if name.len() > LONGEST_NAME {
                return Err(NAME_TOO_LONG);
            }
            let next = path::join(&[&at, &name]);
            match nodes.get(&next).ok_or(NOT_FOUND)? {
                Node::Link(target) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TOO_MANY_LINKS);
                    }
                    left.extend(target.split('/').rev().map(str::to_owned));
                    if path::is_absolute(target) {
                        "/".clone_into(&mut at);
                    }
                }
                found => (at, node) = (next, found.clone()),
            }
        }
        Ok((at, node))
    }
}

impl FileSystem for MemoryFs {
    fn open(&self, path: &str) -> FsResult<(Box<dyn ReadFile>, Metadata)> {
        let (_, node) = self.find("open", path)?;
        let metadata = node.metadata();
        let content = if let Node::File { content, .. } = node { content } else { Arc::default() };
        Ok((Box::new(Cursor::new(content)), metadata))
    }

    fn metadata(&self, path: &str) -> FsResult<Metadata> {
        Ok(self.find("stat", path)?.1.metadata())
    }

    fn read_link(&self, path: &str) -> FsResult<Option<String>> {
        let folder = match self.walk(&path::parent(path)) {
            Ok((folder, Node::Directory)) => folder,
            Ok(_) => return Err(failed("lstat", path, NOT_A_DIRECTORY)),
            Err(number) => return Err(failed("lstat", path, number)),
        };
        if let Some(Node::Link(target)) = self.lock().get(&path::join(&[&folder, path::base(path)])) {
            return Ok(Some(target.clone()));
        }
        self.find("lstat", path).map(|_| None)
    }

    fn entries(&self, path: &str) -> FsResult<Vec<Entry>> {
        let (folder, node) = self.find("open", path)?;
        if !matches!(node, Node::Directory) {
            return Err(failed("open", path, NOT_A_DIRECTORY));
        }
        let nodes = self.lock();
        let inside = nodes.iter().filter(|(path, _)| **path != "/" && path::parent(path) == folder);
        let entry = |(path, node): (&String, &Node)| Entry {
            name: path::base(path).to_owned(),
            is_dir: matches!(node, Node::Directory),
        };
        Ok(inside.map(entry).collect())
    }

    fn create_dir_all(&self, path: &str) -> FsResult<()> {
        match self.find("mkdir", path) {
            Ok((_, Node::Directory)) => return Ok(()),
            Ok(_) => return Err(failed("mkdir", path, NOT_A_DIRECTORY)),
            Err(error) if !error.is_not_found() => return Err(error),
            Err(_) => {}
        }
        self.create_dir_all(&path::parent(path))?;
        let (folder, _) = self.find("mkdir", &path::parent(path))?;
        // The name was not looked at as long as there was no directory for it.
        if path::base(path).len() > LONGEST_NAME {
            return Err(failed("mkdir", path, NAME_TOO_LONG));
        }
        self.lock().insert(path::join(&[&folder, path::base(path)]), Node::Directory);
        Ok(())
    }

    fn replace(&self, path: &str, mode: Option<u32>) -> FsResult<Box<dyn Replacement>> {
        // The name that a disk would need beside it can be too long, too.
        let temporary = path::temporary_beside(path);
        let (folder, _) = self.walk(&path::parent(path)).map_err(|number| failed("open", &temporary, number))?;
        if path::base(&temporary).len() > LONGEST_NAME {
            return Err(failed("open", &temporary, NAME_TOO_LONG));
        }
        let target = path::join(&[&folder, path::base(path)]);
        Ok(Box::new(NewContent { fs: self.clone(), target, mode: mode.unwrap_or(0o644), content: Vec::new() }))
    }

    fn home(&self) -> Option<String> {
        Some(self.home.clone())
    }
}

fn failed(operation: &'static str, path: &str, number: i32) -> FsError {
    FsError::new(operation, path, io::Error::from_raw_os_error(number))
}

impl Node {
    fn metadata(&self) -> Metadata {
        match self {
            Self::File { content, mode } => Metadata { size: content.len() as u64, is_dir: false, mode: *mode },
            Self::Directory => Metadata { size: 0, is_dir: true, mode: 0o755 },
            Self::Link(_) => Metadata { size: 0, is_dir: false, mode: 0o777 },
        }
    }
}

/// Content that is not in the tree yet.
struct NewContent {
    fs: MemoryFs,
    target: String,
    mode: u32,
    content: Vec<u8>,
}

impl Write for NewContent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Replacement for NewContent {
    fn commit(self: Box<Self>) -> FsResult<()> {
        let mut nodes = self.fs.lock();
        if matches!(nodes.get(&self.target), Some(Node::Directory)) {
            return Err(failed("rename", &self.target, FILE_EXISTS));
        }
        nodes.insert(self.target.clone(), Node::File { content: self.content.as_slice().into(), mode: self.mode });
        Ok(())
    }
}
