//! Files on their way to and from the server.

use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::io::{AsyncRead, ReadBuf};
use uuid::Uuid;

use crate::answer::Answer;
use crate::request::Request;

/// The largest file that a chat takes, in bytes: 10 MiB.
pub const MAX_CHAT_FILE_SIZE_BYTES: usize = 10 << 20;

/// How many different files a chat may refer to.
pub const MAX_CHAT_FILE_IDS: usize = 50;

/// How much of a reader is sent at once, in bytes.
const PIECE: usize = 64 << 10;

/// A file to upload: its media type, its name and where its content comes from.
///
/// ```
/// use codersdk::ChatFileUpload;
///
/// let from_memory = ChatFileUpload::bytes("text/plain", "hello").named("hello.txt");
/// let from_reader = ChatFileUpload::reader("image/png", tokio::io::empty(), Some(0));
/// # let _ = (from_memory, from_reader);
/// ```
pub struct ChatFileUpload {
    content_type: String,
    name: Option<String>,
    content: Content,
}

enum Content {
    Bytes(Bytes),
    Stream(Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>, Option<u64>),
}

impl ChatFileUpload {
    /// A file that is in memory.
    pub fn bytes(content_type: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self { content_type: content_type.into(), name: None, content: Content::Bytes(content.into()) }
    }

    /// A file that is read while it is sent. `length` is its size in bytes, if that is known.
    pub fn reader(
        content_type: impl Into<String>,
        reader: impl AsyncRead + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        let pieces = futures_util::stream::try_unfold(Box::pin(reader), |mut reader| async move {
            let mut piece = vec![0; PIECE];
            let mut buffer = ReadBuf::new(&mut piece);
            std::future::poll_fn(|cx| reader.as_mut().poll_read(cx, &mut buffer)).await?;
            let filled = buffer.filled().len();
            piece.truncate(filled);
            Ok((filled > 0).then(|| (Bytes::from(piece), reader)))
        });
        Self { content_type: content_type.into(), name: None, content: Content::Stream(Box::pin(pieces), length) }
    }

    /// A file whose pieces come from a stream. `length` is its size in bytes, if that is known.
    pub fn stream<E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static>(
        content_type: impl Into<String>,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
        length: Option<u64>,
    ) -> Self {
        let pieces = Box::pin(pieces.map_err(io::Error::other));
        Self { content_type: content_type.into(), name: None, content: Content::Stream(pieces, length) }
    }

    /// Gives the file a name. Any characters may stand in it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(super) fn into_request(self, organization: Uuid) -> Request {
        let mut request = Request::post_chats("/files", &[]).query("organization", organization).expect(&[201]);
        request = match self.content {
            Content::Bytes(bytes) => request.bytes("application/octet-stream", bytes),
            Content::Stream(pieces, length) => request.stream("application/octet-stream", length, pieces),
        };
        // Set by hand: a media type's parameters may hold what is not ASCII.
        request.headers.retain(|(name, _)| name != CONTENT_TYPE);
        match HeaderValue::from_bytes(self.content_type.as_bytes()) {
            Ok(value) => request.headers.push((CONTENT_TYPE, value)),
            Err(_) => return request.fail(crate::Error::request("the media type holds control characters")),
        }
        match self.name.filter(|name| !name.is_empty()) {
            Some(name) => request.header(CONTENT_DISPOSITION, &attachment(&name)),
            None => request,
        }
    }
}

impl fmt::Debug for ChatFileUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = match &self.content {
            Content::Bytes(bytes) => Some(bytes.len() as u64),
            Content::Stream(_, length) => *length,
        };
        f.debug_struct("ChatFileUpload")
            .field("content_type", &self.content_type)
            .field("name", &self.name)
            .field("length", &length)
            .finish()
    }
}

/// A file of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChatFile {
    /// Its media type.
    pub content_type: String,
    /// Its content.
    pub content: Bytes,
}

impl ChatFile {
    pub(super) fn read(answer: Answer) -> Self {
        let content_type = answer.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        Self { content_type: String::from_utf8_lossy(content_type).into_owned(), content: answer.body }
    }
}

/// The header that names a file. A name of more than printable ASCII is written as RFC 5987 says.
fn attachment(name: &str) -> String {
    if name.chars().any(|c| !matches!(c, ' '..='~' | '\t')) {
        let encoded: String = name
            .bytes()
            .map(|byte| {
                if is_token(byte) && !b"*'%".contains(&byte) {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        return format!("attachment; filename*=utf-8''{encoded}");
    }
    if name.bytes().all(is_token) {
        return format!("attachment; filename={name}");
    }
    format!("attachment; filename=\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a byte may stand in a header's word without quotes.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_so_that_servers_read_them() {
        for (name, header) in [
            ("notes.txt", "attachment; filename=notes.txt"),
            ("my notes.txt", "attachment; filename=\"my notes.txt\""),
            ("a\"b\\c", "attachment; filename=\"a\\\"b\\\\c\""),
            ("naïve (1).txt", "attachment; filename*=utf-8''na%C3%AFve%20%281%29.txt"),
            ("line\nbreak", "attachment; filename*=utf-8''line%0Abreak"),
        ] {
            assert_eq!(attachment(name), header);
        }
    }

    #[tokio::test]
    async fn readers_are_sent_in_pieces() {
        let content = vec![7_u8; PIECE + 1];
        let upload = ChatFileUpload::reader("image/png", io::Cursor::new(content.clone()), None);
        let Content::Stream(pieces, None) = upload.content else { panic!("not a stream") };
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces.concat(), content);
    }

    #[test]
    fn a_media_type_cannot_break_the_request() {
        let request = ChatFileUpload::bytes("text/plain\r\nx: y", "a").into_request(Uuid::nil());
        assert!(request.headers.iter().all(|(name, _)| name != CONTENT_TYPE));
    }
}
