//! Frames: a byte that says what the message is, its length in 24 bits, and the message.

use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::BoundaryMessage;
use crate::rpc::proto::agent::ReportBoundaryLogsRequest;

/// Largest message, in bytes.
pub const MAX_MESSAGE_SIZE: usize = 1 << 15;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// Logs, as processes before the envelope write them.
    V1 = 1,
    /// An envelope.
    V2 = 2,
}

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// Logs on their own ([`Tag::V1`]).
    Logs(ReportBoundaryLogsRequest),
    /// An envelope ([`Tag::V2`]).
    Envelope(BoundaryMessage),
}

/// Why a message could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The message is larger than [`MAX_MESSAGE_SIZE`].
    #[error("message too large for tag {tag}: {size} > {MAX_MESSAGE_SIZE}")]
    TooLarge {
        /// The tag.
        tag: u8,
        /// The message's size in bytes.
        size: usize,
    },
    /// There is no such tag.
    #[error("unsupported tag: {0}")]
    UnsupportedTag(u8),
    /// The frame was whole, but what it holds is not what its tag says. The next frame may be.
    #[error("unmarshal tag {tag}: {source}")]
    Decode {
        /// The tag.
        tag: u8,
        /// What is wrong.
        source: prost::DecodeError,
    },
    /// The stream broke, or ended within a frame.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes a message: a [`ReportBoundaryLogsRequest`] with [`Tag::V1`], a [`BoundaryMessage`] with [`Tag::V2`].
///
/// # Errors
/// When the message is too large (nothing is written then), or the stream breaks.
pub async fn write_message<W: AsyncWrite + Unpin>(
    writer: &mut W,
    tag: Tag,
    message: &impl Message,
) -> Result<(), CodecError> {
    let size = message.encoded_len();
    if size > MAX_MESSAGE_SIZE {
        return Err(CodecError::TooLarge { tag: tag as u8, size });
    }
    let header = u32::from(tag as u8) << 24 | size as u32;
    let mut frame = header.to_be_bytes().to_vec();
    frame.extend(message.encode_to_vec());
    writer.write_all(&frame).await?;
    Ok(writer.flush().await?)
}

/// Reads a message; `None` when the stream ended before one.
///
/// # Errors
/// See [`CodecError`]. After any but [`CodecError::Decode`] the stream is of no more use.
pub async fn read_message<R: AsyncRead + Unpin>(reader: &mut R) -> Result<Option<Frame>, CodecError> {
    let mut header = [0; 4];
    if reader.read(&mut header[..1]).await? == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut header[1..]).await?;
    let header = u32::from_be_bytes(header);
    let (tag, size) = ((header >> 24) as u8, (header & 0x00ff_ffff) as usize);
    if tag != Tag::V1 as u8 && tag != Tag::V2 as u8 {
        return Err(CodecError::UnsupportedTag(tag));
    }
    if size > MAX_MESSAGE_SIZE {
        return Err(CodecError::TooLarge { tag, size });
    }
    let mut data = vec![0; size];
    reader.read_exact(&mut data).await?;
    let frame = if tag == Tag::V1 as u8 {
        ReportBoundaryLogsRequest::decode(&data[..]).map(Frame::Logs)
    } else {
        BoundaryMessage::decode(&data[..]).map(Frame::Envelope)
    };
    frame.map(Some).map_err(|source| CodecError::Decode { tag, source })
}
