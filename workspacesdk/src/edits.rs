//! Edits, put together step by step.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use codersdk::Result;

use crate::agent_conn::AgentConn;
use crate::files::{FileEdit, FileEditRequest, FileEditResponse, FileEdits};

/// Edits of files, made by [`edit`](crate::AgentConnExt::edit). Awaiting it makes all of them, or none.
#[must_use = "edits are made only when they are awaited"]
pub struct Edit<'a, T: ?Sized> {
    conn: &'a T,
    /// The files before the last one.
    files: Vec<FileEdits>,
    path: String,
    edits: Vec<FileEdit>,
    include_diff: bool,
}

impl<'a, T: AgentConn + ?Sized> Edit<'a, T> {
    pub(crate) fn new(conn: &'a T, path: String) -> Self {
        Self { conn, files: Vec::new(), path, edits: Vec::new(), include_diff: false }
    }

    /// Replaces a text that stands in the file just once. White space at the ends of lines, then around lines, may
    /// differ; the file's indentation and line ends stay.
    pub fn replace(self, search: impl Into<String>, replace: impl Into<String>) -> Self {
        self.push(search.into(), replace.into(), false)
    }

    /// Replaces a text everywhere in the file.
    pub fn replace_all(self, search: impl Into<String>, replace: impl Into<String>) -> Self {
        self.push(search.into(), replace.into(), true)
    }

    /// Goes on with another file.
    pub fn file(mut self, path: impl Into<String>) -> Self {
        let path = std::mem::replace(&mut self.path, path.into());
        let edits = std::mem::take(&mut self.edits);
        self.files.push(FileEdits { path, edits: edits.into() });
        self
    }

    /// Has the answer show what changed, as a unified diff a file.
    pub fn with_diff(mut self) -> Self {
        self.include_diff = true;
        self
    }

    /// The request as it is sent.
    pub fn into_request(mut self) -> FileEditRequest {
        self.files.push(FileEdits { path: self.path, edits: self.edits.into() });
        FileEditRequest { files: self.files.into(), include_diff: self.include_diff }
    }

    fn push(mut self, search: String, replace: String, replace_all: bool) -> Self {
        self.edits.push(FileEdit { search, replace, replace_all });
        self
    }
}

impl<'a, T: AgentConn + ?Sized> IntoFuture for Edit<'a, T> {
    type Output = Result<FileEditResponse>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let conn = self.conn;
        let request = self.into_request();
        Box::pin(async move { conn.edit_files(request).await })
    }
}

impl<T: ?Sized> fmt::Debug for Edit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edit").field("path", &self.path).field("edits", &self.edits.len()).finish_non_exhaustive()
    }
}
