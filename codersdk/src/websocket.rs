//! WebSockets: raw messages, and typed streams of JSON values.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message as Frame};

use crate::client::{Client, Exchange, refusal};
use crate::error::Kind;
use crate::request::Request;
use crate::{Error, Result};

/// How long a socket that is closed waits for its close frame to leave.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// A message of a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// How the peer closed a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    /// The code, such as 1000 (normal) or 1001 (going away); 1005 if the peer gave none.
    pub code: u16,
    /// The peer's words.
    pub reason: String,
}

/// A WebSocket: a stream of messages, into which messages can be sent.
///
/// It owns its connection: dropping it closes the socket. Polling is cancel safe. Nothing is read ahead beyond one
/// buffer, so a slow reader slows the server down. Pings are answered while it is polled. It ends
/// - after the peer's normal close (code 1000 or none) without a further item. That does not say that all is done:
///   a server that restarts closes the same way;
/// - after another close with an error for which [`Error::is_closed`] holds;
/// - after silence of the client's [idle timeout](crate::ClientBuilder::idle_timeout), pings included, with an error
///   for which [`Error::is_timeout`] holds;
/// - when the connection breaks, with an error for which [`Error::is_interrupted`] holds.
///
/// [`close_reason`](Self::close_reason) tells afterwards how the peer closed.
pub struct WebSocket {
    socket: WebSocketStream<Box<dyn Transport>>,
    /// Where it leads, free of secrets.
    url: String,
    idle: Duration,
    /// Whether a peer that says nothing is asked whether it is there.
    pings: bool,
    pinged: bool,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
    closed: Option<CloseReason>,
    done: bool,
}

/// The connection below a WebSocket.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Bounds of a WebSocket.
#[derive(Debug, Clone, Copy)]
pub struct SocketLimits {
    /// Largest message, in bytes.
    pub max_frame: usize,
    /// Longest silence of the peer.
    pub idle: Duration,
    /// Whether a peer that has said nothing for half of that is sent a ping, for those that send none themselves.
    pub pings: bool,
}

/// The client's side of a WebSocket handshake.
#[derive(Debug)]
pub struct Handshake {
    key: String,
}

impl Default for Handshake {
    fn default() -> Self {
        Self { key: generate_key() }
    }
}

impl Handshake {
    /// The headers that ask for the upgrade.
    pub fn headers(&self) -> Result<[(HeaderName, HeaderValue); 4]> {
        let key = self.key.parse().map_err(|_| Error::request("websocket header"))?;
        Ok([
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (SEC_WEBSOCKET_KEY, key),
        ])
    }

    /// Whether the headers of an answer 101 belong to this handshake.
    pub fn check(&self, headers: &HeaderMap) -> Result<()> {
        let accept = headers.get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes);
        if accept == Some(derive_accept_key(self.key.as_bytes()).as_bytes()) {
            return Ok(());
        }
        Err(Error::new(Kind::Decode, "the peer's answer to the WebSocket upgrade does not match the request"))
    }
}

impl Client {
    /// Opens a WebSocket. The request must be a GET; it is not retried.
    #[doc(hidden)]
    pub async fn websocket(&self, mut request: Request) -> Result<WebSocket> {
        let limit = self.settings().upgrade_timeout;
        let mut shown = String::new();
        match tokio::time::timeout(limit, self.upgrade(&mut request, &mut shown)).await {
            Ok(socket) => socket,
            Err(_) => Err(Error::timeout("the WebSocket upgrade", limit).with_request(&Method::GET, &shown)),
        }
    }

    /// Opens a WebSocket on which the server sends JSON values.
    #[doc(hidden)]
    pub async fn json_socket<T: DeserializeOwned>(&self, request: Request) -> Result<JsonSocket<T>> {
        Ok(JsonSocket { socket: self.websocket(request).await?, values: PhantomData })
    }

    /// Opens a WebSocket, for routes that no method of the API's traits stands for. `path` is the part of the URL
    /// after the origin, with its query, percent-encoded where it must be.
    ///
    /// # Errors
    /// What the server answers when it refuses the upgrade, with its message; [`Error::is_timeout`] when it does
    /// not answer within the client's [limit](crate::ClientBuilder::upgrade_timeout).
    pub async fn dial(&self, path: &str) -> Result<WebSocket> {
        self.websocket(Request::at(Method::GET, path)).await
    }

    /// As [`dial`](Self::dial), for a socket on which the server sends JSON values.
    ///
    /// # Errors
    /// As there.
    pub async fn dial_json<T: DeserializeOwned>(&self, path: &str) -> Result<JsonSocket<T>> {
        self.json_socket(Request::at(Method::GET, path)).await
    }

    async fn upgrade(&self, request: &mut Request, shown: &mut String) -> Result<WebSocket> {
        let handshake = Handshake::default();
        request.headers.extend(handshake.headers()?);
        let Exchange { method, url, response } = self.exchange(self.http1()?, request, shown).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refusal(response).await.with_request(&method, &url));
        }
        handshake.check(response.headers()).map_err(|error| error.with_request(&method, &url))?;
        let upgraded = response.upgrade().await.map_err(|error| Error::transport(error).with_request(&method, &url))?;
        let settings = self.settings();
        let limits = SocketLimits { max_frame: settings.max_frame, idle: settings.idle_timeout, pings: false };
        Ok(WebSocket::over(Box::new(upgraded), url, limits).await)
    }
}

impl WebSocket {
    /// A WebSocket over a connection on which the handshake is done. `url` must be free of secrets.
    #[doc(hidden)]
    pub async fn over(connection: Box<dyn Transport>, url: String, limits: SocketLimits) -> Self {
        let SocketLimits { max_frame, idle, pings } = limits;
        let config = WebSocketConfig::default()
            .max_message_size(Some(max_frame))
            .max_frame_size(Some(max_frame))
            .max_write_buffer_size(max_frame.max(1 << 20) * 2);
        let socket = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
        let timer = Box::pin(tokio::time::sleep(if pings { idle / 2 } else { idle }));
        let heard = Instant::now();
        Self { socket, url, idle, pings, pinged: false, heard, timer, closed: None, done: false }
    }

    /// How the peer closed the socket, once it has.
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.closed.as_ref()
    }

    /// Sends a message and waits until it has left.
    ///
    /// # Errors
    /// When the connection is broken or closed.
    pub async fn send(&mut self, message: Message) -> Result<()> {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        };
        self.socket.send(frame).await.map_err(|error| self.fault(error))
    }

    /// Closes the socket in order with a code and a reason of at most 123 bytes. Dropping it closes it, too, only
    /// without a word.
    ///
    /// # Errors
    /// When the connection is broken already.
    pub async fn close(mut self, code: u16, reason: &str) -> Result<()> {
        let end = reason.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 123).last();
        let frame = CloseFrame { code: code.into(), reason: reason[..end.unwrap_or(0)].into() };
        match tokio::time::timeout(CLOSE_TIMEOUT, self.socket.close(Some(frame))).await {
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed)) => Ok(()),
            Ok(Err(error)) => Err(self.fault(error)),
        }
    }

    /// The next text or binary frame.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        while !self.done {
            let frame = match self.socket.poll_next_unpin(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.poll_idle(cx));
                    self.done = true;
                    let fault = Error::new(Kind::Timeout, format!("nothing came for {:?}", self.idle));
                    return Poll::Ready(Some(Err(self.named(fault))));
                }
            };
            self.heard = Instant::now();
            self.pinged = false;
            match frame {
                Some(Ok(frame @ (Frame::Text(_) | Frame::Binary(_)))) => return Poll::Ready(Some(Ok(frame))),
                Some(Ok(Frame::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |f| (f.code.into(), f.reason.to_string()));
                    self.closed = Some(CloseReason { code, reason });
                }
                // Pings are answered by the protocol below us.
                Some(Ok(_)) => {}
                Some(Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed)) | None => {
                    self.done = true;
                    return Poll::Ready(self.ending().map(Err));
                }
                // After the peer's close frame nothing that breaks is of interest.
                Some(Err(_)) if self.closed.is_some() => {
                    self.done = true;
                    return Poll::Ready(self.ending().map(Err));
                }
                Some(Err(error)) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(self.fault(error))));
                }
            }
        }
        Poll::Ready(None)
    }

    /// Ready when nothing was heard for too long. The timer is set anew only when it fires, not for every frame.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let asks = self.pings && !self.pinged;
            let due = self.heard + if asks { self.idle / 2 } else { self.idle };
            if due > Instant::now() {
                self.timer.as_mut().reset(due);
            } else if asks {
                self.pinged = true;
                // A ping that finds no room, or a connection that is broken, shows as silence.
                if self.socket.poll_ready_unpin(cx).is_ready() {
                    let _ = self.socket.start_send_unpin(Frame::Ping(Bytes::new()));
                    let _ = self.socket.poll_flush_unpin(cx);
                }
            } else {
                return Poll::Ready(());
            }
        }
    }

    /// The last item, if the close was not a normal one.
    fn ending(&self) -> Option<Error> {
        match &self.closed {
            Some(CloseReason { code: 1000 | 1005, .. }) => None,
            Some(CloseReason { code, reason }) => {
                let message = if reason.is_empty() { "the peer closed the stream" } else { reason };
                Some(self.named(Error::new(Kind::Closed, message).with_close(Some(*code))))
            }
            None => Some(self.named(Error::new(Kind::Transport, "the connection ended without a close"))),
        }
    }

    fn fault(&self, error: tungstenite::Error) -> Error {
        let kind = match &error {
            tungstenite::Error::Capacity(_) => Kind::TooLarge,
            tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => Kind::Decode,
            _ => Kind::Transport,
        };
        let kind = if is_cut(&error) { Kind::Transport } else { kind };
        self.named(Error::new(kind, error.to_string()).with_source(error))
    }

    fn named(&self, error: Error) -> Error {
        error.with_request(&Method::GET, &self.url)
    }
}

/// Whether the connection broke in the middle of the protocol.
fn is_cut(error: &tungstenite::Error) -> bool {
    use tungstenite::error::ProtocolError;
    matches!(error, tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))
}

impl Stream for WebSocket {
    type Item = Result<Message>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.poll_frame(cx));
        Poll::Ready(item.map(|frame| {
            Ok(match frame? {
                Frame::Text(text) => Message::Text(text.to_string()),
                other => Message::Binary(other.into_data()),
            })
        }))
    }
}

impl Sink<Message> for WebSocket {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let outcome = ready!(self.socket.poll_ready_unpin(cx));
        Poll::Ready(outcome.map_err(|error| self.fault(error)))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<()> {
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        };
        self.socket.start_send_unpin(frame).map_err(|error| self.fault(error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let outcome = ready!(self.socket.poll_flush_unpin(cx));
        Poll::Ready(outcome.map_err(|error| self.fault(error)))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let outcome = ready!(self.socket.poll_close_unpin(cx));
        Poll::Ready(outcome.map_err(|error| self.fault(error)))
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("url", &self.url).field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// A WebSocket on which the server sends JSON values, one a message.
///
/// As [`WebSocket`], with one addition: a message that cannot be read as `T` is an item with an error for which
/// [`Error::is_decode`] holds, and the stream goes on.
pub struct JsonSocket<T> {
    socket: WebSocket,
    values: PhantomData<fn() -> T>,
}

impl<T> From<WebSocket> for JsonSocket<T> {
    fn from(socket: WebSocket) -> Self {
        Self { socket, values: PhantomData }
    }
}

impl<T> JsonSocket<T> {
    /// How the peer closed the socket, once it has.
    pub fn close_reason(&self) -> Option<&CloseReason> {
        self.socket.close_reason()
    }

    /// Sends a JSON value as a text message.
    ///
    /// # Errors
    /// When the connection is broken or closed, or the value has no JSON form.
    pub async fn send<S: Serialize + Sync>(&mut self, value: &S) -> Result<()> {
        let text = serde_json::to_string(value).map_err(|error| Error::request(format!("encode message: {error}")))?;
        self.socket.send(Message::Text(text)).await
    }

    /// See [`WebSocket::close`].
    ///
    /// # Errors
    /// When the connection is broken already.
    pub async fn close(self, code: u16, reason: &str) -> Result<()> {
        self.socket.close(code, reason).await
    }
}

impl<T: DeserializeOwned> Stream for JsonSocket<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.socket.poll_frame(cx));
        Poll::Ready(item.map(|frame| {
            let data = frame?.into_data();
            decode_event(&data).map_err(|error| self.socket.named(error))
        }))
    }
}

impl<T> fmt::Debug for JsonSocket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

/// Reads one event; on failure tells where in it.
pub(crate) fn decode_event<T: DeserializeOwned>(data: &Bytes) -> Result<T> {
    serde_json::from_slice(data).map_err(|fault| {
        let mut deserializer = serde_json::Deserializer::from_slice(data);
        let path = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(_) => None,
            Err(error) => Some(error.path().to_string()),
        };
        Error::decode_event(data, format!("decode message: {fault}"), path, fault.into())
    })
}
