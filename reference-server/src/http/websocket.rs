//! WebSockets that the server writes to: how one is opened, kept alive and closed.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::error::ApiError;
use crate::clock::SharedClock;
use crate::faults::CutStream;
use crate::quote::quoted;

/// How often a peer is pinged; one that has not answered by the next ping is gone.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long a frame may take to be taken.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Largest message that a client may send, in bytes.
const MAX_MESSAGE: usize = 32 * 1024;
/// Largest message of a client that sends a stream of bytes, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// What a socket needs of the server that it belongs to.
pub(crate) trait SocketHost {
    /// Times pings and patience.
    fn clock(&self) -> SharedClock;
    /// Cancelled when the server stops.
    fn stop(&self) -> CancellationToken;
}

/// A request that can be turned into a WebSocket.
#[derive(Debug)]
pub(crate) struct Upgrade {
    upgrade: WebSocketUpgrade,
    /// After how many events the connection is to break, if a fault says so.
    cut: Option<usize>,
}

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        check(&parts.headers)?;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::new(rejection.status(), rejection.body_text()))?;
        let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
        Ok(Self { upgrade, cut: parts.extensions.get::<CutStream>().map(|cut| cut.0) })
    }
}

fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let violation = |status, text: String| ApiError::new(status, format!("WebSocket protocol violation: {text}"));
    for (name, token) in [(header::CONNECTION, "Upgrade"), (header::UPGRADE, "websocket")] {
        if !has_token(headers, &name, token) {
            let given = quoted(text(headers, &name));
            let title = if name == header::CONNECTION { "Connection" } else { "Upgrade" };
            let error = format!("{title} header {given} does not contain {token}");
            return Err(violation(StatusCode::UPGRADE_REQUIRED, error)
                .header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
                .header(header::UPGRADE, HeaderValue::from_static("websocket")));
        }
    }
    if text(headers, &header::SEC_WEBSOCKET_VERSION) != "13" {
        let given = quoted(text(headers, &header::SEC_WEBSOCKET_VERSION));
        let error = format!("unsupported protocol version (only 13 is supported): {given}");
        return Err(violation(StatusCode::BAD_REQUEST, error)
            .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    if let Some(origin) = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok())
        && !is_same_host(origin, text(headers, &header::HOST))
    {
        let error = format!(
            "request Origin {} is not authorized for Host {}",
            quoted(origin),
            quoted(text(headers, &header::HOST))
        );
        return Err(ApiError::new(StatusCode::FORBIDDEN, error));
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|given| given.trim().eq_ignore_ascii_case(token))
}

fn is_same_host(origin: &str, host: &str) -> bool {
    Url::parse(origin).is_ok_and(|url| {
        let name = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        authority.eq_ignore_ascii_case(host)
    })
}

impl Upgrade {
    /// Takes messages of up to so many bytes from the client.
    #[must_use]
    pub(crate) fn max_message(mut self, bytes: usize) -> Self {
        self.upgrade = self.upgrade.max_message_size(bytes).max_frame_size(bytes);
        self
    }

    /// Answers the request, and hands the socket as it is to `serve`, which also has to see that the peer is there.
    pub(crate) fn serve_bytes<F>(self, serve: impl FnOnce(WebSocket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.max_message(MAX_BYTES).upgrade.on_upgrade(move |socket| Box::pin(serve(socket)))
    }

    /// Answers the request, and hands the open socket to `serve`, which runs until it returns.
    pub(crate) fn serve<F>(self, host: &impl SocketHost, serve: impl FnOnce(Socket) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cut = self.cut;
        let (clock, stop) = (host.clock(), host.stop());
        self.upgrade.on_upgrade(move |socket| {
            let next_ping = clock.now() + PING_INTERVAL;
            Box::pin(serve(Socket { socket, clock, stop, next_ping, unanswered: false, cut }))
        })
    }
}

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    socket: WebSocket,
    clock: SharedClock,
    stop: CancellationToken,
    next_ping: DateTime<Utc>,
    /// Whether the last ping has not been answered.
    unanswered: bool,
    /// How many events may still be sent before the connection breaks, if it is to break.
    cut: Option<usize>,
}

/// What came from the peer, or from the server.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// The peer sent text.
    Data(Bytes),
    /// The peer sent a binary message.
    Binary(Bytes),
    /// The peer is gone, or has closed the socket.
    Gone,
    /// The server stops.
    Stopped,
}

/// The peer takes nothing any more.
#[derive(Debug)]
pub(crate) struct Gone;

impl Socket {
    /// How many of so many events can be sent; fewer than asked for means that the connection is to break after them.
    pub(crate) fn admit(&mut self, events: usize) -> usize {
        match &mut self.cut {
            None => events,
            Some(left) => {
                let admitted = events.min(*left);
                *left -= admitted;
                admitted
            }
        }
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the peer is gone, or does not take the frame in time.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.send_message(Message::text(text)).await
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// When the peer is gone, or does not take the frame in time.
    pub(crate) async fn send_binary(&mut self, data: Bytes) -> Result<(), Gone> {
        self.send_message(Message::Binary(data)).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), Gone> {
        tokio::select! {
            biased;
            sent = self.socket.send(message) => sent.map_err(|_| Gone),
            () = self.clock.sleep(SEND_TIMEOUT) => Err(Gone),
        }
    }

    /// Waits for the peer to say something, and keeps asking whether it is still there. Cancel safe.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            let until_ping = (self.next_ping - self.clock.now()).to_std().unwrap_or_default();
            let message = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Incoming::Stopped,
                message = self.socket.recv() => message,
                () = self.clock.sleep(until_ping) => {
                    if self.unanswered {
                        return Incoming::Gone;
                    }
                    self.unanswered = true;
                    self.next_ping = self.clock.now() + PING_INTERVAL;
                    if self.socket.send(Message::Ping(Bytes::new())).await.is_err() {
                        return Incoming::Gone;
                    }
                    continue;
                }
            };
            match message {
                Some(Ok(Message::Text(text))) => return Incoming::Data(text.into()),
                Some(Ok(Message::Binary(data))) => return Incoming::Binary(data),
                Some(Ok(Message::Pong(_))) => self.unanswered = false,
                Some(Ok(Message::Ping(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Incoming::Gone,
            }
        }
    }

    /// Waits for the end of a socket on which the peer has nothing to say. Cancel safe.
    pub(crate) async fn closing(&mut self) -> u16 {
        match self.next().await {
            Incoming::Data(_) | Incoming::Binary(_) => close_code::POLICY,
            Incoming::Gone => close_code::AWAY,
            Incoming::Stopped => close_code::NORMAL,
        }
    }

    /// Closes the socket; a peer that is gone does not matter any more.
    pub(crate) async fn close(mut self, code: u16, reason: &'static str) {
        if self.cut == Some(0) {
            return;
        }
        let frame = CloseFrame { code, reason: reason.into() };
        let close = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
                // What the peer says last, so that it gets to read the reason before the connection ends.
                while let Some(Ok(_)) = self.socket.recv().await {}
            }
        };
        tokio::select! {
            () = close => {}
            () = self.clock.sleep(Duration::from_secs(5)) => {}
        }
    }
}

/// What a peer is told that speaks where it should listen.
pub(crate) const UNEXPECTED_DATA: &str = "unexpected data message";
