//! The calls on files where vectors do not reach: special files, failing disks, bytes that are no text.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use workspacesdk::files::{FileEdit, FileEditRequest, FileEdits, Files, LsRequest, ReadFileLinesLimits, media_type};
use workspacesdk::fs::{Entry, FileSystem, FsError, FsResult, MemoryFs, Metadata, OsFs, ReadFile, Replacement};

fn on_disk() -> (tempfile::TempDir, Files) {
    (tempfile::tempdir().unwrap(), Files::new(Arc::new(OsFs)))
}

fn edit(path: &str, search: &str, replace: &str) -> FileEditRequest {
    let edit = FileEdit { search: search.to_owned(), replace: replace.to_owned(), replace_all: false };
    let file = FileEdits { path: path.to_owned(), edits: vec![edit].into() };
    FileEditRequest { files: vec![file].into(), include_diff: true }
}

#[test]
fn a_pipe_that_nobody_writes_to_is_an_empty_file() {
    let (folder, files) = on_disk();
    let path = folder.path().join("pipe").to_str().unwrap().to_owned();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (sender, answers) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let read = files.read_file(&path, 0, 0).map(|file| file.length);
        let lines = files.read_lines(&path, 1, 0, &ReadFileLinesLimits::default());
        let _ = sender.send((read, lines.success, files.edit_files(edit(&path, "a", "b")).unwrap_err().status));
    });
    let answer = answers.recv_timeout(Duration::from_secs(60)).expect("nobody waits for the pipe's other end");
    assert_eq!(answer, (Ok(0), true, 400));
}

#[test]
fn a_file_that_does_not_fit_into_memory_is_refused() {
    let (folder, files) = on_disk();
    let path = folder.path().join("sparse");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let path = path.to_str().unwrap();
    let limits = ReadFileLinesLimits { max_file_size: i64::MAX, ..Default::default() };
    let told = format!("read {path}: file too large");
    assert_eq!(files.read_lines(path, 1, 1, &limits).error, format!("read file: {told}"));
    let refused = files.edit_files(edit(path, "a", "b")).unwrap_err();
    assert_eq!((refused.status, refused.message), (500, format!("read {path}: {told}")));
}

#[test]
fn each_byte_that_is_no_text_counts_by_itself() {
    let fs = MemoryFs::default();
    fs.add_file("/f", *b"x\xe2\x82y\nkeep\xff\n");
    let files = Files::new(Arc::new(fs.clone()));
    let refused = files.edit_files(edit("/f", "x\u{fffd}y\nz\n", "")).unwrap_err();
    let hint = "Your search has 1 \"\u{fffd}\" (U+FFFD); the file has 2 at line 1";
    assert!(refused.message.ends_with(hint), "{}", refused.message);
    let edited = files.edit_files(edit("/f", "keep", "kept")).unwrap();
    let diff = "--- /f\n+++ /f\n@@ -1,2 +1,2 @@\n x\u{fffd}\u{fffd}y\n-keep\u{fffd}\n+kept\u{fffd}\n";
    assert_eq!(edited.files.unwrap()[0].diff, diff);
    assert_eq!(fs.read("/f").unwrap(), b"x\xe2\x82y\nkept\xff\n");
}

#[test]
fn a_file_that_becomes_a_directory_meanwhile_stays_one() {
    let (folder, files) = on_disk();
    let path = folder.path().join("f").to_str().unwrap().to_owned();
    let mut new = files.write_file(&path).unwrap();
    new.write(b"content").unwrap();
    std::fs::create_dir_all(format!("{path}/inside")).unwrap();
    let refused = new.commit().unwrap_err();
    assert_eq!(refused.status, 500);
    let begins = format!("write {path}: rename {}/.f.tmp.", folder.path().display());
    assert!(refused.message.starts_with(&begins), "{}", refused.message);
    assert!(refused.message.ends_with(&format!(" {path}: file exists")), "{}", refused.message);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays beside it");
}

/// Files in memory on a disk that is full.
#[derive(Debug)]
struct Full(MemoryFs);

impl FileSystem for Full {
    fn open(&self, path: &str) -> FsResult<(Box<dyn ReadFile>, Metadata)> {
        self.0.open(path)
    }

    fn metadata(&self, path: &str) -> FsResult<Metadata> {
        self.0.metadata(path)
    }

    fn read_link(&self, path: &str) -> FsResult<Option<String>> {
        self.0.read_link(path)
    }

    fn entries(&self, path: &str) -> FsResult<Vec<Entry>> {
        self.0.entries(path)
    }

    fn create_dir_all(&self, path: &str) -> FsResult<()> {
        self.0.create_dir_all(path)
    }

    fn replace(&self, _: &str, _: Option<u32>) -> FsResult<Box<dyn Replacement>> {
        Ok(Box::new(NoRoom))
    }

    fn home(&self) -> Option<String> {
        None
    }
}

struct NoRoom;

impl Write for NoRoom {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        Err(io::Error::new(full.kind(), FsError::new("write", "/.f.tmp.0", full)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Replacement for NoRoom {
    fn commit(self: Box<Self>) -> FsResult<()> {
        panic!("nothing was written")
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let fs = MemoryFs::default();
    fs.add_file("/f", "old");
    let files = Files::new(Arc::new(Full(fs.clone())));
    let told = "write /f: write /.f.tmp.0: no storage space";
    let refused = files.write_file("/f").unwrap().write(b"new").unwrap_err();
    assert_eq!((refused.status, refused.message.as_str()), (500, told));
    let refused = files.edit_files(edit("/f", "old", "new")).unwrap_err();
    assert_eq!((refused.status, refused.message.as_str()), (500, told));
    assert_eq!(fs.read("/f").unwrap(), b"old");
}

#[test]
fn without_a_home_there_is_no_listing_of_it() {
    let files = Files::new(Arc::new(Full(MemoryFs::default())));
    let home = LsRequest { relativity: "home".into(), ..Default::default() };
    let refused = files.list_directory("", &home).unwrap_err();
    let told = "failed to get user home directory: $HOME is not defined";
    assert_eq!((refused.status, refused.message.as_str()), (500, told));
}

#[test]
fn media_types_go_by_the_end_of_the_name() {
    let octets = "application/octet-stream";
    for (path, kind) in [
        ("/a.csv", "text/csv; charset=utf-8"),
        ("/a.tar.GZ", "application/gzip"),
        ("/a.mp4", "video/mp4"),
        ("/a.zip/b", octets),
        ("/zip", octets),
        ("/a.", octets),
    ] {
        assert_eq!(media_type(path), kind, "{path}");
    }
}
