//! Bytes on their way to and from an agent.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use codersdk::__private::ErrorKind;
use codersdk::{Error, Result};
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much of a reader is sent at once, in bytes.
const PIECE: usize = 64 << 10;

/// The media type of bytes of which nothing is known.
const OCTET_STREAM: &str = "application/octet-stream";

/// Bytes that flow both ways: a TCP connection, a tunnel, a desktop's screen.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Some bytes that flow both ways.
pub type BoxIo = Box<dyn Io>;

type Pieces<E> = Pin<Box<dyn Stream<Item = Result<Bytes, E>> + Send>>;

/// A file that is read as it comes: a stream of pieces, and its media type.
///
/// Dropping it ends the transfer. Polling it is cancel safe. There is no time limit on the content.
pub struct FileContent {
    mime_type: String,
    pieces: Pieces<Error>,
}

impl FileContent {
    /// Content that comes from a stream. An empty media type counts as that of unknown bytes.
    pub fn new(mime_type: impl Into<String>, pieces: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        let mime_type = Some(mime_type.into()).filter(|kind| !kind.is_empty());
        Self { mime_type: mime_type.unwrap_or_else(|| OCTET_STREAM.to_owned()), pieces: Box::pin(pieces) }
    }

    /// Content that is in memory.
    pub fn from_bytes(mime_type: impl Into<String>, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self::new(mime_type, futures_util::stream::once(async { Ok(content) }))
    }

    /// The media type, such as `text/plain; charset=utf-8`: a guess from the file's name.
    pub fn mime_type(&self) -> &str {
        &self.mime_type
    }

    /// Reads the rest, at most `limit` bytes.
    ///
    /// # Errors
    /// [`is_too_large`](Error::is_too_large) for more, [`is_interrupted`](Error::is_interrupted) when the connection
    /// breaks.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes> {
        let mut whole = Vec::new();
        while let Some(piece) = self.pieces.next().await {
            let piece = piece?;
            if (whole.len() + piece.len()) as u64 > limit {
                return Err(Error::new(ErrorKind::TooLarge, format!("the content is longer than {limit} bytes")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }
}

impl Stream for FileContent {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_next_unpin(cx)
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileContent").field("mime_type", &self.mime_type).finish_non_exhaustive()
    }
}

/// New content for a file: in memory, from a reader or from a stream.
///
/// ```
/// use workspacesdk::NewContent;
///
/// let from_memory = NewContent::from("hello\n");
/// let from_reader = NewContent::reader(tokio::io::empty());
/// # let _ = (from_memory, from_reader);
/// ```
pub struct NewContent {
    pieces: Pieces<io::Error>,
    length: Option<u64>,
}

impl NewContent {
    /// Content that is read while it is sent.
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        let pieces = futures_util::stream::try_unfold(Box::pin(reader), |mut reader| async move {
            let mut piece = vec![0; PIECE];
            let mut buffer = ReadBuf::new(&mut piece);
            std::future::poll_fn(|cx| reader.as_mut().poll_read(cx, &mut buffer)).await?;
            let filled = buffer.filled().len();
            piece.truncate(filled);
            Ok((filled > 0).then(|| (Bytes::from(piece), reader)))
        });
        Self { pieces: Box::pin(pieces), length: None }
    }

    /// Content whose pieces come from a stream. An error in it ends the transfer, and the old file stays.
    pub fn stream<E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static>(
        pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        Self { pieces: Box::pin(pieces.map_err(io::Error::other)), length: None }
    }

    /// Its length in bytes, if it is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Stream for NewContent {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.poll_next_unpin(cx)
    }
}

impl From<Bytes> for NewContent {
    fn from(content: Bytes) -> Self {
        let length = Some(content.len() as u64);
        Self { pieces: Box::pin(futures_util::stream::once(async { Ok(content) })), length }
    }
}

impl From<Vec<u8>> for NewContent {
    fn from(content: Vec<u8>) -> Self {
        Bytes::from(content).into()
    }
}

impl From<String> for NewContent {
    fn from(content: String) -> Self {
        Bytes::from(content).into()
    }
}

impl From<&str> for NewContent {
    fn from(content: &str) -> Self {
        Bytes::copy_from_slice(content.as_bytes()).into()
    }
}

impl fmt::Debug for NewContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewContent").field("length", &self.length).finish_non_exhaustive()
    }
}
