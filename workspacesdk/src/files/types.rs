//! What goes over the wire about files.

use codersdk::{Nullable, open_enum};
use serde::{Deserialize, Serialize};

open_enum! {
    /// What a listing's path begins at.
    pub enum LsRelativity {
        /// The root of the file system.
        Root => "root",
        /// The home directory of the agent's user.
        Home => "home",
    }
}

/// Which directory to list, if no absolute path is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LsRequest {
    /// The names of the path, from the directory that `relativity` tells.
    #[serde(default)]
    pub path: Nullable<Vec<String>>,
    /// What the path begins at.
    #[serde(default)]
    pub relativity: LsRelativity,
}

/// A directory and what is in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LsResponse {
    /// The names of its absolute path.
    #[serde(default)]
    pub absolute_path: Nullable<Vec<String>>,
    /// Its absolute path, as it was asked for.
    pub absolute_path_string: String,
    /// Directories first, then files, each by name.
    #[serde(default)]
    pub contents: Nullable<Vec<LsFile>>,
}

/// An entry of a directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LsFile {
    /// Its name within the directory.
    pub name: String,
    /// Its absolute path.
    pub absolute_path_string: String,
    /// Whether it is a directory; false for a link to one.
    pub is_dir: bool,
}

/// A path with its links followed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResolvePathResponse {
    /// The absolute path; names that do not exist stay as they were.
    pub resolved_path: String,
}

/// Bounds of a read by lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFileLinesLimits {
    /// Largest file that is read at all, in bytes. 1 MiB by default.
    pub max_file_size: i64,
    /// Bytes of a line before it is cut. 1,024 by default.
    pub max_line_bytes: i64,
    /// Most lines of an answer. 2,000 by default.
    pub max_response_lines: i64,
    /// Most bytes of an answer. 32 KiB by default.
    pub max_response_bytes: i64,
}

impl Default for ReadFileLinesLimits {
    fn default() -> Self {
        Self { max_file_size: 1 << 20, max_line_bytes: 1024, max_response_lines: 2000, max_response_bytes: 32 << 10 }
    }
}

/// Lines of a file, or why there are none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadFileLinesResponse {
    /// Whether the read succeeded.
    pub success: bool,
    /// Size of the file in bytes.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub file_size: i64,
    /// Lines of the file; a newline at its end begins one more.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub total_lines: i64,
    /// Lines of this answer.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub lines_read: i64,
    /// The lines, each with its number and a tab before it.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub content: String,
    /// What went wrong, and what to do about it.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub error: String,
}

/// Edits to files: all of them are made, or none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEditRequest {
    /// The files, each with its edits.
    #[serde(default)]
    pub files: Nullable<Vec<FileEdits>>,
    /// Whether the answer is to show what changed.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub include_diff: bool,
}

/// The edits to one file, made one after the other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEdits {
    /// Absolute path of the file.
    #[serde(default)]
    pub path: String,
    /// The edits, in order.
    #[serde(default)]
    pub edits: Nullable<Vec<FileEdit>>,
}

/// A text to be replaced by another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEdit {
    /// What to look for; must be in the file exactly once unless `replace_all` is set.
    #[serde(default)]
    pub search: String,
    /// What to put there.
    #[serde(default)]
    pub replace: String,
    /// Whether every occurrence is meant.
    #[serde(default, skip_serializing_if = "crate::wire::is_default")]
    pub replace_all: bool,
}

/// What edits changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEditResponse {
    /// A diff for each file, if the request asked for diffs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<FileEditResult>>,
}

/// What edits changed in one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEditResult {
    /// The path, as the request gave it.
    pub path: String,
    /// The change as a unified diff; empty if nothing changed.
    pub diff: String,
}
