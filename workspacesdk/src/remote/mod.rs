//! A workspace agent that is reached over HTTP.

mod builder;
mod calls;
mod connector;
mod socket_io;

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use codersdk::__private::{Answer, Body as RequestBody, ErrorKind, Handshake, Request, RequestParts, SocketLimits};
use codersdk::{Error, Result, SESSION_TOKEN_HEADER, WebSocket};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use url::Url;

pub use builder::HttpAgentConnBuilder;
pub use connector::Connector;
pub(crate) use socket_io::SocketIo;

use builder::Limits;
use connector::Connect;

/// How much of an unaccepted answer's body is read.
const MAX_ERROR_BODY: usize = 1 << 20;

/// How long a connection is kept that nobody uses.
const KEPT: Duration = Duration::from_secs(30);

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A workspace agent that is reached over HTTP: over TCP, a Unix socket, or connections of your own.
///
/// It is cheap to clone; clones share their connections and their extra headers.
///
/// ```no_run
/// use workspacesdk::{AgentConn, HttpAgentConn, processes::StartProcessRequest};
///
/// # async fn run(token: String) -> codersdk::Result<()> {
/// let conn = HttpAgentConn::builder("http://127.0.0.1:4000").session_token(token).build()?;
/// let request = StartProcessRequest { command: "make test".to_owned(), ..Default::default() };
/// println!("started {}", conn.start_process(request).await?.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpAgentConn {
    inner: Arc<Inner>,
}

struct Inner {
    /// Where the agent's routes begin.
    base: Url,
    client: Client<Connect, Body>,
    connector: Arc<dyn Connector>,
    token: Option<HeaderValue>,
    headers: RwLock<HeaderMap>,
    limits: Limits,
}

/// An exchange up to the headers of the answer.
struct Exchange {
    method: Method,
    /// Free of secrets.
    url: String,
    expected: &'static [u16],
    response: http::Response<Incoming>,
}

impl HttpAgentConn {
    /// A connection to the agent at `url`, such as `http://127.0.0.1:4000` or `unix:/run/agent.sock`, without a token.
    /// A path in an HTTP URL stands before the agent's routes. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`HttpAgentConnBuilder::build`].
    pub fn connect(url: &str) -> Result<Self> {
        Self::builder(url).build()
    }

    /// Starts a connection with settings of its own, to a URL as [`connect`](Self::connect) takes it.
    pub fn builder(url: impl Into<String>) -> HttpAgentConnBuilder {
        HttpAgentConnBuilder::new(url.into())
    }

    fn new(
        base: Url,
        connector: Arc<dyn Connector>,
        token: Option<HeaderValue>,
        headers: HeaderMap,
        limits: Limits,
    ) -> Self {
        let connect = Connect { connector: connector.clone(), timeout: limits.connect };
        let client =
            Client::builder(TokioExecutor::new()).pool_idle_timeout(KEPT).pool_timer(TokioTimer::new()).build(connect);
        Self { inner: Arc::new(Inner { base, client, connector, token, headers: RwLock::new(headers), limits }) }
    }

    fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Sends a call that is answered at once and reads the answer whole.
    async fn send(&self, request: Request) -> Result<Answer> {
        self.send_within(request, self.limits().call, self.limits().max_body).await
    }

    /// Sends a call that waits in the workspace and reads the answer whole.
    async fn send_long(&self, request: Request) -> Result<Answer> {
        self.send_within(request, self.limits().long_call, self.limits().max_body).await
    }

    async fn send_within(&self, request: Request, limit: Duration, max_body: usize) -> Result<Answer> {
        let parts = request.into_parts(&self.inner.base)?;
        let (method, url) = (parts.method.clone(), parts.shown.clone());
        let call = async {
            let exchange = self.exchange(parts).await?.accepted().await?;
            let Exchange { method, url, response, .. } = exchange;
            let (head, body) = response.into_parts();
            let (body, truncated) =
                read_body(body, max_body).await.map_err(|error| error.with_request(&method, &url))?;
            if truncated {
                let message = format!("the answer is longer than {max_body} bytes");
                return Err(Error::new(ErrorKind::TooLarge, message).with_request(&method, &url));
            }
            Ok(Answer::new(method, url, head.status, head.headers, body))
        };
        match tokio::time::timeout(limit, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::timeout("the call", limit).with_request(&method, &url)),
        }
    }

    /// Sends a call and hands back the answer when its headers are there.
    async fn open(&self, request: Request, limit: Duration) -> Result<Exchange> {
        let parts = request.into_parts(&self.inner.base)?;
        let (method, url) = (parts.method.clone(), parts.shown.clone());
        let call = async { self.exchange(parts).await?.accepted().await };
        match tokio::time::timeout(limit, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::timeout("the call", limit).with_request(&method, &url)),
        }
    }

    /// Opens a WebSocket with messages of at most `max_message` bytes.
    async fn websocket(&self, request: Request, max_message: usize) -> Result<WebSocket> {
        let handshake = Handshake::default();
        let mut parts = request.into_parts(&self.inner.base)?;
        parts.headers.extend(handshake.headers()?);
        let (method, url) = (parts.method.clone(), parts.shown.clone());
        let named = |error: Error| error.with_request(&method, &url);
        let limit = self.limits().call;
        let upgrading = async {
            let mut exchange = self.exchange(parts).await?;
            if exchange.response.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Err(exchange.refusal().await);
            }
            handshake.check(exchange.response.headers())?;
            hyper::upgrade::on(&mut exchange.response)
                .await
                .map_err(|error| Error::new(ErrorKind::Transport, error.to_string()).with_source(error))
        };
        let upgraded = match tokio::time::timeout(limit, upgrading).await {
            Ok(outcome) => outcome.map_err(named)?,
            Err(_) => return Err(named(Error::timeout("the WebSocket upgrade", limit))),
        };
        let limits = SocketLimits { max_frame: max_message, idle: self.limits().idle, pings: true };
        Ok(WebSocket::over(Box::new(TokioIo::new(upgraded)), url, limits).await)
    }

    async fn exchange(&self, parts: RequestParts) -> Result<Exchange> {
        let RequestParts { method, url, shown, headers, body, expected } = parts;
        let mut request = http::Request::new(into_body(body)?);
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            url.as_str().parse().map_err(|error: http::uri::InvalidUri| Error::request(error.to_string()))?;
        let own = request.headers_mut();
        own.clone_from(&self.inner.headers.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(token) = &self.inner.token {
            own.insert(SESSION_TOKEN_HEADER, token.clone());
        }
        own.extend(headers);
        let sending = self.inner.client.request(request).await;
        let response = sending.map_err(|error| {
            let kind = if error.is_connect() { ErrorKind::Connect } else { ErrorKind::Transport };
            Error::new(kind, chain(&error)).with_source(error).with_request(&method, &shown)
        })?;
        Ok(Exchange { method, url: shown, expected, response })
    }
}

impl Exchange {
    /// The exchange itself, unless its status is not one that the request accepts.
    async fn accepted(self) -> Result<Self> {
        let status = self.response.status().as_u16();
        let accepted =
            if self.expected.is_empty() { (200..300).contains(&status) } else { self.expected.contains(&status) };
        if accepted { Ok(self) } else { Err(self.refusal().await) }
    }

    async fn refusal(self) -> Error {
        let (head, body) = self.response.into_parts();
        // What came before a connection broke is still what the agent said.
        let (body, truncated) = read_body(body, MAX_ERROR_BODY).await.unwrap_or_default();
        Error::from_answer(head.status.as_u16(), &head.headers, &body, truncated).with_request(&self.method, &self.url)
    }

    /// The body as it comes; a silence of `idle` ends it.
    fn pieces(self, idle: Duration) -> impl futures_util::Stream<Item = Result<Bytes>> + Send + 'static {
        let Self { method, url, response, .. } = self;
        let named = move |error: Error| error.with_request(&method, &url);
        let body = response.into_body().into_data_stream();
        futures_util::stream::try_unfold(body, move |mut body| async move {
            match tokio::time::timeout(idle, body.next()).await {
                Ok(Some(Ok(piece))) => Ok(Some((piece, body))),
                Ok(Some(Err(error))) => Err(interrupted(error)),
                Ok(None) => Ok(None),
                Err(_) => Err(Error::new(ErrorKind::Timeout, format!("nothing came for {idle:?}"))),
            }
        })
        .map_err(named)
    }
}

fn into_body(body: RequestBody) -> Result<Body> {
    let never = |never: std::convert::Infallible| match never {};
    Ok(match body {
        RequestBody::Empty => Full::default().map_err(never).boxed_unsync(),
        RequestBody::Bytes(bytes) => Full::new(bytes).map_err(never).boxed_unsync(),
        RequestBody::Stream(pieces) => {
            let pieces = pieces.ok_or_else(|| Error::request("the body was sent already"))?;
            StreamBody::new(pieces.map_ok(Frame::data)).boxed_unsync()
        }
    })
}

/// Reads a body up to a limit; tells whether there was more.
async fn read_body(mut body: Incoming, limit: usize) -> Result<(Bytes, bool)> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut piece) = frame.map_err(interrupted)?.into_data() else { continue };
        if whole.len() + piece.len() > limit {
            piece.truncate(limit - whole.len());
            whole.extend_from_slice(&piece);
            return Ok((whole.freeze(), true));
        }
        whole.extend_from_slice(&piece);
    }
    Ok((whole.freeze(), false))
}

fn interrupted(error: hyper::Error) -> Error {
    Error::new(ErrorKind::Transport, chain(&error)).with_source(error)
}

/// The causes of a failure in one line: the outer ones alone say little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl fmt::Debug for HttpAgentConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAgentConn")
            .field("url", &self.inner.base.as_str())
            .field("connector", &self.inner.connector)
            .field("has_session_token", &self.inner.token.is_some())
            .finish_non_exhaustive()
    }
}
