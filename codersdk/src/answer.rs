//! What a call gives back: an answer read whole, or one whose body is read as it comes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::error::{self, Kind};
use crate::{Error, Result};

/// An accepted answer, read whole.
pub struct Answer {
    pub(crate) method: Method,
    /// Free of secrets.
    pub(crate) url: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    /// The body is left out: it may hold what a log must not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.method, self.url, self.status)
    }
}

impl Answer {
    /// An answer that came another way than by the client. `url` must be free of secrets.
    pub fn new(method: Method, url: String, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { method, url, status, headers, body }
    }

    /// Reads the body as JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        let content_type =
            self.headers.get(http::header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let fault = match content_type {
            Some(content_type) if !error::is_json(&content_type) => Error::decode(
                self.status.as_u16(),
                &self.body,
                format!("unexpected non-JSON response \"{content_type}\""),
                None,
                None,
            ),
            _ if self.body.is_empty() => {
                Error::decode(self.status.as_u16(), &self.body, "empty response body".to_owned(), None, None)
            }
            _ => match serde_json::from_slice(&self.body) {
                Ok(value) => return Ok(value),
                Err(fault) => self.locate::<T>(fault),
            },
        };
        Err(fault.with_request(&self.method, &self.url))
    }

    /// Reads the body as a JSON list, `null` as an empty one: the original sends a list that was never filled so.
    pub fn json_list<T: DeserializeOwned>(self) -> Result<Vec<T>> {
        Ok(self.json::<Option<Vec<T>>>()?.unwrap_or_default())
    }

    /// Decodes once more, slower, to learn where it fails.
    fn locate<T: DeserializeOwned>(&self, fault: serde_json::Error) -> Error {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        let (path, fault) = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => (".".to_owned(), fault),
            Err(error) => (error.path().to_string(), error.into_inner()),
        };
        Error::decode(self.status.as_u16(), &self.body, format!("decode body: {fault}"), Some(path), Some(fault.into()))
    }
}

type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send + Sync>>;

/// An answer whose body is read as it comes: a stream of pieces.
///
/// Dropping it ends the transfer. Polling it is cancel safe. There is no time limit on the body.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    method: Method,
    url: String,
    body: ByteStream,
    seen: u64,
    limit: Option<u64>,
}

impl Download {
    pub(crate) fn new(method: Method, url: String, response: reqwest::Response, limit: Option<u64>) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = futures_util::stream::unfold(Some(response), |response| async {
            let mut response = response?;
            match response.chunk().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(response))),
                Ok(None) => None,
                Err(fault) => Some((Err(Error::transport(fault)), None)),
            }
        });
        Self { status, headers, method, url, body: Box::pin(body), seen: 0, limit }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header of the answer, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body with its parameters, such as `text/plain; charset=utf-8`.
    pub fn content_type(&self) -> Option<&str> {
        self.header("content-type")
    }

    /// The length of the body in bytes, if the server said so.
    pub fn content_length(&self) -> Option<u64> {
        self.header("content-length")?.parse().ok()
    }

    /// Reads the rest of the body, at most `limit` bytes.
    ///
    /// # Errors
    /// [`is_too_large`](Error::is_too_large) for a longer body, [`is_interrupted`](Error::is_interrupted) when the
    /// connection breaks.
    pub async fn bytes(mut self, limit: u64) -> Result<Bytes> {
        self.limit = Some(self.limit.map_or(limit, |own| own.min(self.seen.saturating_add(limit))));
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.into())
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.body.poll_next_unpin(cx));
        let item = item.map(|piece| {
            piece.and_then(|piece| {
                self.seen += piece.len() as u64;
                match self.limit.filter(|limit| self.seen > *limit) {
                    Some(limit) => Err(Error::new(Kind::TooLarge, format!("the body is longer than {limit} bytes"))),
                    None => Ok(piece),
                }
            })
        });
        if let Some(Err(_)) = item {
            self.body = Box::pin(futures_util::stream::empty());
        }
        Poll::Ready(item.map(|piece| piece.map_err(|fault| fault.with_request(&self.method, &self.url))))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("url", &self.url).field("status", &self.status).finish_non_exhaustive()
    }
}
