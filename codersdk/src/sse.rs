//! Server-sent events in Coder's dialect.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::Method;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use crate::client::Client;
use crate::error::Kind;
use crate::request::Request;
use crate::websocket::decode_event;
use crate::{Error, Response, Result};

/// The longest line that is taken, unless told otherwise.
const MAX_LINE: usize = 4 << 20;

open_enum! {
    /// What a server-sent event is.
    pub enum ServerSentEventType {
        /// A sign of life, without data.
        Ping => "ping",
        /// A value.
        Data => "data",
        /// Why there will be no more values: a [`Response`](crate::Response).
        Error => "error",
    }
}

/// A server-sent event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// What it is.
    pub kind: ServerSentEventType,
    /// Its data, mostly JSON; none for pings.
    pub data: Option<Bytes>,
}

/// Reads server-sent events from the pieces of a body.
///
/// Coder's dialect is narrower than the standard, and has events without data, which the standard forbids: a line
/// `event: <type>`, then for `data` and `error` a line `data: <one line>`, blank lines anywhere between. Anything else
/// is an error, after which the stream ends. It ends without one when the body ends between two events.
///
/// ```
/// # use codersdk::{ServerSentEventReader, ServerSentEventType};
/// # use futures_util::StreamExt;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let body = futures_util::stream::iter([Ok("event: ping\n\nevent: data\nda".into()), Ok("ta: {\"a\":1}\n\n".into())]);
/// let mut events = ServerSentEventReader::new(body);
/// assert_eq!(events.next().await.unwrap().unwrap().kind, ServerSentEventType::Ping);
/// assert_eq!(events.next().await.unwrap().unwrap().data.unwrap(), "{\"a\":1}");
/// assert!(events.next().await.is_none());
/// # });
/// ```
#[derive(Debug)]
pub struct ServerSentEventReader<S> {
    body: S,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    searched: usize,
    /// The type of an event whose data is still to come.
    begun: Option<ServerSentEventType>,
    max_line: usize,
    ended: bool,
    done: bool,
}

impl<S> ServerSentEventReader<S> {
    /// Reads from a body with lines of at most 4 MiB.
    pub fn new(body: S) -> Self {
        Self::with_max_line(body, MAX_LINE)
    }

    /// Reads from a body with lines of at most `max_line` bytes.
    pub fn with_max_line(body: S, max_line: usize) -> Self {
        let buffer = BytesMut::new();
        Self { body, buffer, searched: 0, begun: None, max_line, ended: false, done: false }
    }

    /// The next line with its end, if it is there.
    fn line(&mut self) -> Option<Bytes> {
        let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) => {
                let line = self.buffer.split_to(self.searched + end + 1).freeze();
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    /// Takes a line; gives the event that it completes.
    fn take(&mut self, line: &Bytes) -> Result<Option<ServerSentEvent>> {
        if trim(line).is_empty() {
            return Ok(None);
        }
        let prefix = if self.begun.is_some() { "data" } else { "event" };
        let value =
            line.strip_prefix(prefix.as_bytes()).and_then(|rest| rest.strip_prefix(b": ")).ok_or_else(|| {
                let line = String::from_utf8_lossy(line);
                Error::new(Kind::Decode, format!("reading next line value: expecting {prefix} prefix, got: {line}"))
            })?;
        let value = line.slice_ref(trim(value));
        if let Some(kind) = self.begun.take() {
            return Ok(Some(ServerSentEvent { kind, data: Some(value) }));
        }
        match ServerSentEventType::from(String::from_utf8_lossy(&value).as_ref()) {
            kind @ ServerSentEventType::Ping => Ok(Some(ServerSentEvent { kind, data: None })),
            ServerSentEventType::Unknown(kind) => Err(Error::new(Kind::Decode, format!("unknown event type: {kind}"))),
            kind => {
                self.begun = Some(kind);
                Ok(None)
            }
        }
    }

    /// What the body's end means for what was read so far.
    fn end(&self) -> Option<Error> {
        let cut = self.begun.is_some() || !self.buffer.is_empty();
        cut.then(|| Error::new(Kind::Transport, "reading next line value: reading next string: EOF"))
    }
}

impl<S> Stream for ServerSentEventReader<S>
where
    S: Stream<Item = Result<Bytes>> + Unpin,
{
    type Item = Result<ServerSentEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.done {
            let fault = if let Some(line) = this.line() {
                match this.take(&line) {
                    Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                    Ok(None) => continue,
                    Err(fault) => Some(fault),
                }
            } else if this.ended {
                this.end()
            } else if this.buffer.len() > this.max_line {
                Some(Error::new(Kind::TooLarge, format!("an event is longer than {} bytes", this.max_line)))
            } else {
                match ready!(this.body.poll_next_unpin(cx)) {
                    Some(Ok(piece)) => {
                        this.buffer.extend_from_slice(&piece);
                        continue;
                    }
                    Some(Err(fault)) => Some(fault),
                    None => {
                        this.ended = true;
                        continue;
                    }
                }
            };
            this.done = true;
            this.buffer.advance(this.buffer.len());
            return Poll::Ready(fault.map(Err));
        }
        Poll::Ready(None)
    }
}

fn trim(line: &[u8]) -> &[u8] {
    // Unicode white space counts, as it does for the original; what is no UTF-8 is taken as it is.
    match std::str::from_utf8(line) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => line.trim_ascii(),
    }
}

/// A stream of JSON values that a server sends as events.
///
/// It owns its connection: dropping it closes it. Polling is cancel safe. Pings are not shown, but count as signs of
/// life: nothing for the client's [idle timeout](crate::ClientBuilder::idle_timeout) ends the stream with an error for
/// which [`Error::is_timeout`] holds. A value that cannot be read as `T` is an item with an error for which
/// [`Error::is_decode`] holds, and the stream goes on. An error that the server sends as an event is an item with the
/// server's words, after which the stream ends.
pub struct EventStream<T> {
    events: ServerSentEventReader<crate::Download>,
    url: String,
    idle: Duration,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
    done: bool,
    values: PhantomData<fn() -> T>,
}

impl Client {
    /// Opens a stream of server-sent events, for routes that no method of the API's traits stands for. `path` is the
    /// part of the URL after the origin, with its query, percent-encoded where it must be.
    ///
    /// # Errors
    /// As any call's, before the stream begins.
    pub async fn events<T: DeserializeOwned>(&self, path: &str) -> Result<EventStream<T>> {
        self.event_stream(Request::at(Method::GET, path)).await
    }

    /// Opens a stream of server-sent events that a request asks for.
    #[doc(hidden)]
    pub async fn event_stream<T: DeserializeOwned>(&self, request: Request) -> Result<EventStream<T>> {
        let body = self.open(request.header(http::header::ACCEPT, "text/event-stream"), None).await?;
        let settings = self.settings();
        let (idle, url) = (settings.idle_timeout, body.url().to_owned());
        let events = ServerSentEventReader::with_max_line(body, settings.max_frame);
        let timer = Box::pin(tokio::time::sleep(idle));
        Ok(EventStream { events, url, idle, heard: Instant::now(), timer, done: false, values: PhantomData })
    }
}

impl<T> EventStream<T> {
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let due = self.heard + self.idle;
            if due <= Instant::now() {
                return Poll::Ready(Error::new(Kind::Timeout, format!("nothing came for {:?}", self.idle)));
            }
            self.timer.as_mut().reset(due);
        }
    }
}

impl<T: DeserializeOwned> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.done {
            let item = match self.events.poll_next_unpin(cx) {
                Poll::Ready(item) => item,
                Poll::Pending => Some(Err(ready!(self.poll_idle(cx)))),
            };
            self.heard = Instant::now();
            let fault = match item {
                Some(Ok(ServerSentEvent { kind: ServerSentEventType::Data, data })) => {
                    match decode_event(&data.unwrap_or_default()) {
                        Ok(value) => return Poll::Ready(Some(Ok(value))),
                        Err(fault) => return Poll::Ready(Some(Err(fault.with_request(&Method::GET, &self.url)))),
                    }
                }
                Some(Ok(ServerSentEvent { kind: ServerSentEventType::Error, data })) => {
                    let response = serde_json::from_slice(&data.unwrap_or_default()).unwrap_or(Response {
                        message: "the server ended the stream with an error".to_owned(),
                        ..Response::default()
                    });
                    Some(Error::event(response))
                }
                Some(Ok(_)) => continue,
                Some(Err(fault)) => Some(fault),
                None => None,
            };
            self.done = true;
            return Poll::Ready(fault.map(|fault| Err(fault.with_request(&Method::GET, &self.url))));
        }
        Poll::Ready(None)
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("url", &self.url).finish_non_exhaustive()
    }
}
