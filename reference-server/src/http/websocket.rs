//! WebSockets that the server writes to: how one is opened, kept alive and closed.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use crate::clock::SharedClock;
use crate::faults::CutStream;
use crate::quote::quoted;

/// How often a peer is pinged; one that has not answered by the next ping is gone.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long a frame may take to be taken.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a peer has to answer a close, and to take one.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest message of a client that has little or nothing to say, in bytes. More is heard than is ever taken, as only
/// who is heard can be told why it is refused.
const MAX_MESSAGE: usize = 1 << 20;
/// Largest message of a client that sends a stream of bytes, in bytes.
const MAX_BYTES: usize = 4 << 20;

const VIOLATION: &str = "WebSocket protocol violation";

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

/// The checks of a handshake, each failure in plain text.
fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    let refuse = |status, text: String| ApiError::new(status, text).plain();
    let bad = |text: String| refuse(StatusCode::BAD_REQUEST, text);
    for (name, title, token) in
        [(header::CONNECTION, "Connection", "Upgrade"), (header::UPGRADE, "Upgrade", "websocket")]
    {
        if !has_token(headers, &name, token) {
            let given = quoted(text(headers, &name));
            let text = format!("{VIOLATION}: {title} header {given} does not contain {token}");
            return Err(refuse(StatusCode::UPGRADE_REQUIRED, text)
                .header(header::CONNECTION, HeaderValue::from_static("Upgrade"))
                .header(header::UPGRADE, HeaderValue::from_static("websocket")));
        }
    }
    if text(headers, &header::SEC_WEBSOCKET_VERSION) != "13" {
        let given = quoted(text(headers, &header::SEC_WEBSOCKET_VERSION));
        return Err(bad(format!("unsupported WebSocket protocol version (only 13 is supported): {given}"))
            .header(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")));
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).into_iter();
    match (keys.next(), keys.next()) {
        (None, _) => return Err(bad(format!("{VIOLATION}: missing Sec-WebSocket-Key"))),
        (Some(_), Some(_)) => return Err(bad(format!("{VIOLATION}: multiple Sec-WebSocket-Key headers"))),
        (Some(key), None) => {
            let key = key.to_str().unwrap_or_default().trim();
            if !BASE64_STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
                return Err(bad(format!(
                    "{VIOLATION}: invalid Sec-WebSocket-Key {}, must be a 16 byte base64 encoded string",
                    quoted(key)
                )));
            }
        }
    }
    let (origin, host) = (text(headers, &header::ORIGIN), text(headers, &header::HOST));
    let from = host_of(origin);
    if origin.is_empty() || from.eq_ignore_ascii_case(host) {
        return Ok(());
    }
    let text = if from.is_empty() {
        format!("request Origin {} is not a valid URL with a host", quoted(origin))
    } else {
        format!("request Origin {} is not authorized for Host {}", quoted(from), quoted(host))
    };
    Err(refuse(StatusCode::FORBIDDEN, text))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|given| given.trim().eq_ignore_ascii_case(token))
}

/// The host of a URL with its port as it stands there, even where the scheme implies it; empty if there is none.
fn host_of(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("//") else { return "" };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
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
                Some(Ok(Message::Close(_))) => {
                    self.finish().await;
                    return Incoming::Gone;
                }
                Some(Err(_)) | None => return Incoming::Gone,
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
    pub(crate) async fn close(mut self, code: u16, reason: &str) {
        if self.cut == Some(0) {
            return;
        }
        let frame = CloseFrame { code, reason: reason.into() };
        let sent = tokio::select! {
            sent = self.socket.send(Message::Close(Some(frame))) => sent.is_ok(),
            () = self.clock.sleep(CLOSE_TIMEOUT) => false,
        };
        if sent {
            self.finish().await;
        }
    }

    /// Reads to the end, so that both sides get to read the last word of the other before the connection ends.
    async fn finish(&mut self) {
        tokio::select! {
            () = async { while let Some(Ok(_)) = self.socket.recv().await {} } => {}
            () = self.clock.sleep(CLOSE_TIMEOUT) => {}
        }
    }
}

/// What a peer is told whose message is longer than so many bytes.
pub(crate) fn too_long(limit: usize) -> (u16, String) {
    (close_code::SIZE, format!("read limited at {} bytes", limit + 1))
}

/// What a peer is told that speaks where it should listen.
pub(crate) const UNEXPECTED_DATA: &str = "unexpected data message";

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[(&str, &str)] = &[
        ("host", "coder.example:80"),
        ("connection", "keep-alive, UPGRADE"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// What is said to a good request with one header changed, or taken away.
    fn said(name: &'static str, value: &'static str) -> Option<(u16, String)> {
        let mut headers: HeaderMap =
            GOOD.iter().map(|(n, v)| (HeaderName::from_static(n), HeaderValue::from_static(v))).collect();
        headers.remove(name);
        if !value.is_empty() {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let error = check(&headers).err()?;
        Some((error.status().as_u16(), error.body().message.clone()))
    }

    #[test]
    fn handshakes_are_checked() {
        assert_eq!(said("accept", "*/*"), None);
        for (name, value, status, text) in [
            (
                "connection",
                "close",
                426,
                "WebSocket protocol violation: Connection header \"close\" does not contain Upgrade",
            ),
            ("upgrade", "", 426, "WebSocket protocol violation: Upgrade header \"\" does not contain websocket"),
            (
                "sec-websocket-version",
                "12",
                400,
                "unsupported WebSocket protocol version (only 13 is supported): \"12\"",
            ),
            ("sec-websocket-key", "", 400, "WebSocket protocol violation: missing Sec-WebSocket-Key"),
            (
                "sec-websocket-key",
                "AAAA",
                400,
                "WebSocket protocol violation: invalid Sec-WebSocket-Key \"AAAA\", must be a 16 byte base64 encoded string",
            ),
            ("origin", "null", 403, "request Origin \"null\" is not a valid URL with a host"),
            (
                "origin",
                "http://evil.example",
                403,
                "request Origin \"evil.example\" is not authorized for Host \"coder.example:80\"",
            ),
        ] {
            assert_eq!(said(name, value), Some((status, text.to_owned())));
        }
    }

    #[test]
    fn an_origin_is_the_same_if_its_host_and_port_are() {
        for origin in ["http://coder.example:80", "https://CODER.example:80/x?y", "http://a:b@coder.example:80#z"] {
            assert_eq!(said("origin", origin), None, "{origin}");
        }
        for origin in ["http://coder.example", "coder.example:80", "http://coder.example:80.evil.example", "http://"] {
            assert_eq!(said("origin", origin).map(|(status, _)| status), Some(403), "{origin}");
        }
    }
}
