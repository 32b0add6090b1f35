//! Lines out of what a program writes.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use chrono::Utc;
use codersdk::{LogLevel, Result};
use tokio::io::AsyncWrite;

use super::{MAX_LOG_BYTES, sanitize_log_output};
use crate::agent_types::Log;

/// Cuts bytes into lines. A carriage return directly before the line's end is dropped if both come in the same piece.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end is still to come.
    partial: Vec<u8>,
}

impl Lines {
    /// Takes a piece, and gives each line that it completes. A line that never ends is given in parts, so that it does
    /// not fill the memory.
    pub(super) fn write<E>(&mut self, piece: &[u8], mut give: impl FnMut(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let mut rest = piece;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(line);
            rest = &rest[end + 1..];
            give(whole)?;
        }
        while self.partial.len() + rest.len() >= MAX_LOG_BYTES {
            let (fits, more) = rest.split_at(MAX_LOG_BYTES / 2 - self.partial.len().min(MAX_LOG_BYTES / 2));
            let mut part = std::mem::take(&mut self.partial);
            part.extend_from_slice(fits);
            rest = more;
            give(part)?;
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// Gives the line that has no end, if there is one.
    pub(super) fn close<E>(&mut self, give: impl FnOnce(Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        if self.partial.is_empty() { Ok(()) } else { give(std::mem::take(&mut self.partial)) }
    }
}

/// Makes log lines of what a program writes, and hands them on: to [`ScriptLogger::send`](super::ScriptLogger::send),
/// [`LogsSender::send`](super::LogsSender::send) or whatever takes them without waiting.
///
/// Lines end with LF or CRLF; bytes that have no place in a log are [replaced](sanitize_log_output). Shutting it down
/// hands on a last line without end. A line of more than 1 MiB is handed on in parts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use agentsdk::LogsWriter;
/// use tokio::io::AsyncWriteExt;
///
/// let mut lines = Vec::new();
/// let mut writer = LogsWriter::new("info".into(), |log| {
///     lines.push(log.output);
///     Ok(())
/// });
/// writer.write_all(b"first\r\nsec").await?;
/// writer.write_all(b"ond\nlast").await?;
/// writer.shutdown().await?;
/// drop(writer);
/// assert_eq!(lines, ["first", "second", "last"]);
/// # Ok(())
/// # }
/// ```
pub struct LogsWriter<F> {
    lines: Lines,
    level: LogLevel,
    send: F,
}

impl<F: FnMut(Log) -> Result<()>> LogsWriter<F> {
    /// Lines of one level. `send` must not block; when it fails, the write fails.
    pub fn new(level: LogLevel, send: F) -> Self {
        Self { lines: Lines::default(), level, send }
    }
}

fn log(level: &LogLevel, output: &[u8]) -> Log {
    Log { created_at: Utc::now(), output: sanitize_log_output(output), level: level.clone() }
}

impl<F: FnMut(Log) -> Result<()> + Unpin> AsyncWrite for LogsWriter<F> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, piece: &[u8]) -> Poll<io::Result<usize>> {
        let Self { lines, level, send } = &mut *self;
        let outcome = lines.write(piece, |line| send(log(level, &line)));
        Poll::Ready(outcome.map(|()| piece.len()).map_err(io::Error::other))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { lines, level, send } = &mut *self;
        Poll::Ready(lines.close(|line| send(log(level, &line))).map_err(io::Error::other))
    }
}

impl<F> fmt::Debug for LogsWriter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogsWriter").field("level", &self.level).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut given) = (Lines::default(), Vec::new());
        let mut keep = |line| {
            given.push(line);
            Ok::<_, ()>(())
        };
        for piece in pieces {
            lines.write(piece, &mut keep).unwrap();
        }
        lines.close(keep).unwrap();
        given
    }

    #[test]
    fn lines_are_cut_wherever_the_pieces_end() {
        assert_eq!(cut(&[b"a\nb", b"c\n", b"\n", b"d"]), [&b"a"[..], b"bc", b"", b"d"]);
        assert_eq!(cut(&[b"a\r\n", b"b\r", b"\nc\r"]), [&b"a"[..], b"b\r", b"c\r"]);
        assert_eq!(cut(&[b""]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn a_line_without_end_does_not_fill_the_memory() {
        let piece = vec![b'x'; 300_000];
        let given = cut(&[&piece[..]; 20]);
        assert!(given.iter().all(|part| part.len() < MAX_LOG_BYTES), "{:?}", given.iter().map(Vec::len).max());
        assert_eq!(given.concat().len(), 6_000_000);
    }
}
