//! Recordings of a desktop, read as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use codersdk::__private::ErrorKind;
use codersdk::{Error, Result};
use futures_util::{Stream, StreamExt};
use multer::{Constraints, Multipart, SizeLimit};

/// The largest video that is taken, in bytes: 100 MiB.
pub const MAX_RECORDING_SIZE: u64 = 100 << 20;

/// The largest still image that is taken, in bytes: 10 MiB.
pub const MAX_THUMBNAIL_SIZE: u64 = 10 << 20;

/// What is allowed for the lines between parts.
const FRAMING: u64 = 64 << 10;

/// How many parts are read: a video and a still image.
const MAX_PARTS: usize = 2;

/// The largest part of another type, in bytes.
const MAX_OTHER: u64 = 1 << 20;

/// A recording that comes as its parts: a video (`video/mp4`), and perhaps a still image (`image/jpeg`).
///
/// Nothing is buffered beyond a piece. Dropping it ends the transfer.
pub struct DesktopRecording {
    content_type: String,
    /// None if the type is not that of parts.
    parts: Option<Multipart<'static>>,
    seen: usize,
}

/// A part of a recording: a stream of its bytes.
pub struct RecordingPart {
    content_type: String,
    field: multer::Field<'static>,
    limit: u64,
    seen: u64,
}

/// A recording in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// The video as MP4, at most [`MAX_RECORDING_SIZE`] bytes.
    pub video: Option<Bytes>,
    /// A still image as JPEG. One of more than [`MAX_THUMBNAIL_SIZE`] bytes is left out.
    pub thumbnail: Option<Bytes>,
}

impl DesktopRecording {
    /// A recording with this body, whose `Content-Type` names what stands between its parts.
    pub fn new(content_type: impl Into<String>, body: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        let content_type = content_type.into();
        let whole = MAX_PARTS as u64 * MAX_RECORDING_SIZE + FRAMING;
        let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(whole));
        let parts = boundary(&content_type).map(|boundary| Multipart::with_constraints(body, boundary, limits));
        Self { content_type, parts, seen: 0 }
    }

    /// The media type of the whole.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The next part; `None` after the last one. The part before it must be dropped first. At most two are read.
    ///
    /// # Errors
    /// [`is_decode`](Error::is_decode) for a body that is not multipart, [`is_too_large`](Error::is_too_large) for
    /// one that is larger than a recording can be, [`is_interrupted`](Error::is_interrupted) when the connection
    /// breaks.
    pub async fn next_part(&mut self) -> Result<Option<RecordingPart>> {
        let Some(parts) = &mut self.parts else {
            let message = format!("unexpected non-multipart response \"{}\"", self.content_type);
            return Err(Error::new(ErrorKind::Decode, message));
        };
        if self.seen == MAX_PARTS {
            return Ok(None);
        }
        let Some(field) = parts.next_field().await.map_err(fault)? else { return Ok(None) };
        self.seen += 1;
        let content_type = field.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let limit = match content_type.as_str() {
            "video/mp4" => MAX_RECORDING_SIZE,
            "image/jpeg" => MAX_THUMBNAIL_SIZE,
            _ => MAX_OTHER,
        };
        Ok(Some(RecordingPart { content_type, field, limit, seen: 0 }))
    }

    /// Reads all of it into memory. Of each kind the first part counts; a still image that is too large is left out.
    ///
    /// # Errors
    /// As [`next_part`](Self::next_part); [`is_too_large`](Error::is_too_large) for a video of more than
    /// [`MAX_RECORDING_SIZE`] bytes.
    pub async fn collect(mut self) -> Result<Recording> {
        let mut recording = Recording::default();
        while let Some(part) = self.next_part().await? {
            match part.content_type() {
                "video/mp4" if recording.video.is_none() => recording.video = Some(part.bytes().await?),
                "image/jpeg" if recording.thumbnail.is_none() => match part.bytes().await {
                    Ok(image) => recording.thumbnail = Some(image),
                    Err(error) if error.is_too_large() => {}
                    Err(error) => return Err(error),
                },
                _ => {}
            }
        }
        Ok(recording)
    }
}

/// The boundary that a multipart media type names.
fn boundary(content_type: &str) -> Option<String> {
    let media_type: mime::Mime = content_type.parse().ok()?;
    let boundary = media_type.get_param(mime::BOUNDARY).filter(|_| media_type.type_() == mime::MULTIPART)?;
    Some(boundary.as_str().to_owned())
}

fn fault(error: multer::Error) -> Error {
    let kind = match error {
        multer::Error::StreamReadFailed(source) => {
            return match source.downcast::<Error>() {
                Ok(error) => *error,
                Err(source) => Error::new(ErrorKind::Transport, source.to_string()),
            };
        }
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => ErrorKind::TooLarge,
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => ErrorKind::Transport,
        _ => ErrorKind::Decode,
    };
    Error::new(kind, error.to_string()).with_source(error)
}

impl RecordingPart {
    /// Its media type: `video/mp4` or `image/jpeg`.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Reads the rest of it into memory.
    ///
    /// # Errors
    /// [`is_too_large`](Error::is_too_large) for a video of more than [`MAX_RECORDING_SIZE`] or a still image of more
    /// than [`MAX_THUMBNAIL_SIZE`] bytes, [`is_interrupted`](Error::is_interrupted) when the connection breaks.
    pub async fn bytes(mut self) -> Result<Bytes> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.into())
    }
}

impl Stream for RecordingPart {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(piece) = std::task::ready!(self.field.poll_next_unpin(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(piece.map_err(fault).and_then(|piece| {
            self.seen += piece.len() as u64;
            if self.seen > self.limit {
                let message = format!("a part of {} is longer than {} bytes", self.content_type, self.limit);
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            Ok(piece)
        })))
    }
}

impl fmt::Debug for DesktopRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DesktopRecording").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl fmt::Debug for RecordingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingPart").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}
