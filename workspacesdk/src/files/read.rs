use std::io::{self, Read, SeekFrom};

use bstr::ByteSlice;

use super::{FileError, Files, ReadFileLinesLimits, ReadFileLinesResponse, must_be_absolute};
use crate::fs::{FsError, FsResult, Metadata, ReadFile, path};
use crate::quote::{quoted, shown};

const CUT: &[u8] = b"... [truncated]";

/// Bytes of a file that is read whole, at most. Some files never end.
const MAX_IN_MEMORY: u64 = 256 << 20;

/// A part of a file, ready to be read.
pub struct OpenedFile {
    /// Reads the part, and then ends.
    pub content: std::io::Take<Box<dyn ReadFile>>,
    /// Bytes of the part.
    pub length: u64,
}

impl std::fmt::Debug for OpenedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedFile").field("length", &self.length).finish_non_exhaustive()
    }
}

impl Files {
    /// Opens `limit` bytes of a file from `offset`; a limit of 0 means up to the end, an offset past the end is empty.
    /// Route: `GET /api/v0/read-file`.
    ///
    /// # Errors
    /// 400 for a relative path or a directory, 404, 403, or 500 if it cannot be read.
    pub fn read_file(&self, path: &str, offset: u64, limit: u64) -> Result<OpenedFile, FileError> {
        must_be_absolute(path)?;
        let (mut file, metadata) = self.fs.open(path).map_err(|error| FileError::of(&error))?;
        if metadata.is_dir {
            return Err(FileError::new(400, format!("open {path}: not a file")));
        }
        let left = metadata.size.saturating_sub(offset);
        let length = if limit == 0 { left } else { left.min(limit) };
        // What has no length, such as a pipe, may have no places either.
        if length > 0 {
            let failed = |error| FileError::of(&FsError::new("read", path, error));
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        }
        Ok(OpenedFile { content: file.take(length), length })
    }

    /// Reads lines with their numbers: `limit` of them from line `offset`, which counts from 1. A limit of 0 means as
    /// many as fit. What goes wrong is in the answer. Route: `GET /api/v0/read-file-lines`.
    pub fn read_lines(
        &self,
        path: &str,
        offset: i64,
        limit: i64,
        limits: &ReadFileLinesLimits,
    ) -> ReadFileLinesResponse {
        self.try_read_lines(path, offset, limit, limits)
            .unwrap_or_else(|error| ReadFileLinesResponse { error, ..ReadFileLinesResponse::default() })
    }

    fn try_read_lines(
        &self,
        path: &str,
        offset: i64,
        limit: i64,
        limits: &ReadFileLinesLimits,
    ) -> Result<ReadFileLinesResponse, String> {
        if !path::is_absolute(path) {
            return Err(format!("file path must be absolute: {}", quoted(path)));
        }
        let (mut file, metadata) = self.fs.open(path).map_err(|error| match error {
            error if error.is_not_found() => format!("file does not exist: {path}"),
            error if error.is_permission_denied() => format!("permission denied: {path}"),
            error => format!("open file: {error}"),
        })?;
        if metadata.is_dir {
            return Err(format!("not a file: {path}"));
        }
        let file_size = i64::try_from(metadata.size).unwrap_or(i64::MAX);
        if file_size > limits.max_file_size {
            return Err(format!(
                "file is {file_size} bytes which exceeds the maximum of {} bytes. Use grep, sed, or awk to extract the \
                 content you need, or use offset and limit to read a portion.",
                limits.max_file_size
            ));
        }
        let text = whole(&mut *file, metadata, path).map_err(|error| format!("read file: {error}"))?;
        if text.is_empty() {
            return Ok(ReadFileLinesResponse { success: true, file_size, ..ReadFileLinesResponse::default() });
        }
        let total_lines = count(text.find_iter(b"\n").count() + 1);
        let offset = offset.max(1);
        if offset > total_lines {
            return Err(format!("offset {offset} is beyond the file length of {total_lines} lines"));
        }
        let limit = if limit <= 0 { limits.max_response_lines } else { limit };
        // The sum wraps around in the original, and a range that ends before it begins is empty.
        let end = (offset - 1).wrapping_add(limit).min(total_lines);
        let (content, lines_read) = numbered(&text, offset - 1, end, limits)?;
        Ok(ReadFileLinesResponse { success: true, file_size, total_lines, lines_read, content, error: String::new() })
    }
}

/// Reads a file to its end, which for some lies behind what its metadata says.
pub(super) fn whole(file: &mut dyn ReadFile, metadata: Metadata, path: &str) -> FsResult<Vec<u8>> {
    let failed = |error| FsError::new("read", path, error);
    let too_large = || failed(io::ErrorKind::FileTooLarge.into());
    if metadata.size > MAX_IN_MEMORY {
        return Err(too_large());
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.size).unwrap_or_default());
    // Devices and the like have no size; what has one ends there.
    let read = match metadata.size {
        0 => file.take(MAX_IN_MEMORY + 1).read_to_end(&mut content),
        _ => file.read_to_end(&mut content),
    };
    read.map_err(failed)?;
    if content.len() as u64 > MAX_IN_MEMORY { Err(too_large()) } else { Ok(content) }
}

/// The lines from `start` up to `end`, counted from 0, each with its number from 1, and how many they are.
fn numbered(text: &[u8], start: i64, end: i64, limits: &ReadFileLinesLimits) -> Result<(String, i64), String> {
    let mut out = Vec::new();
    let mut read = 0;
    let wanted = text.split_str(b"\n").enumerate().skip(usize::try_from(start).unwrap_or(usize::MAX));
    for (index, line) in wanted.take_while(|(index, _)| count(*index) < end) {
        let before = out.len();
        if before > 0 || read > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(format!("{}\t", index + 1).as_bytes());
        match usize::try_from(limits.max_line_bytes) {
            Ok(most) if line.len() > most => {
                out.extend_from_slice(&line[..most]);
                out.extend_from_slice(CUT);
            }
            _ => out.extend_from_slice(line),
        }
        let more = "Read less at a time using offset and limit parameters.";
        if count(out.len()) > limits.max_response_bytes {
            return Err(format!("output would exceed {} bytes. {more}", limits.max_response_bytes));
        }
        if read >= limits.max_response_lines {
            return Err(format!("output would exceed {} lines. {more}", limits.max_response_lines));
        }
        read += 1;
    }
    Ok((shown(&out), read))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
