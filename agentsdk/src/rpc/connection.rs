//! The connection of an agent's token to the server.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::Bytes;
use codersdk::{Client, Message, WebSocket};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use yamux::Mode;

use super::byte_stream::ByteStream;
use super::channel::{Channel, Transport};
use super::error::{Error, Result};
use super::mux::{Mux, MuxStream};
use super::packets::Metadata;
use super::{AgentRpcClient, TailnetRpcClient, Version, call};
use crate::AgentClient;

/// How many calls are open at once on a connection. Others wait for one of them to end.
const MAX_CALLS: usize = 512;
/// How many streams a session may have: those of calls that ended on this side may linger.
const MAX_STREAMS: usize = 2048;

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcOptions {
    /// The version to ask for: the lowest that has all that is needed is served by the most servers. A server that is
    /// older is asked for its own version.
    pub version: Version,
    /// Who connects. For `agent`, the default, the server takes the agent for connected as long as the connection
    /// lasts; whoever else has the agent's token should say something else here. `None` leaves it out, which counts
    /// as `agent`.
    pub role: Option<String>,
}

impl Default for RpcOptions {
    fn default() -> Self {
        Self { version: Version::CURRENT, role: Some("agent".to_owned()) }
    }
}

impl RpcOptions {
    /// As the default, with another role.
    pub fn role(role: impl Into<String>) -> Self {
        Self { role: Some(role.into()), ..Self::default() }
    }

    fn path(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(role) = self.role.as_deref().filter(|role| !role.is_empty()) {
            query.append_pair("role", role);
        }
        query.append_pair("version", &self.version.to_string());
        format!("/api/v2/workspaceagents/me/rpc?{}", query.finish())
    }
}

/// A connection to the server, over which its agent and tailnet services are called, up to 512 calls at a time.
///
/// Cheap to clone; it ends when the last clone, channel and client made from it is dropped, or when the peer is gone:
/// then calls that are under way fail with an error for which [`is_interrupted`](super::Error::is_interrupted) holds,
/// and so do later ones. [`RpcSession`](super::RpcSession) connects again.
#[derive(Clone)]
pub struct Connection {
    mux: Mux,
    calls: Arc<Semaphore>,
    version: Version,
}

impl Connection {
    /// Connects as an agent. `GET /api/v2/workspaceagents/me/rpc`.
    ///
    /// # Errors
    /// [`is_dial`](super::Error::is_dial), with the server's [refusal](super::Error::refusal): unauthorized when the
    /// token is not, or no longer, that of an agent.
    pub async fn open(agent: &AgentClient, options: &RpcOptions) -> Result<Self> {
        Ok(agent.call(|client| Self::dial(client, options.clone())).await?)
    }

    async fn dial(client: Client, mut options: RpcOptions) -> codersdk::Result<Self> {
        loop {
            match client.dial(&options.path()).await {
                Ok(socket) => return Ok(Self::over(ByteStream::new(Binary::Open(socket)), options.version)),
                Err(refusal) => match older(&refusal).filter(|version| *version < options.version) {
                    Some(version) => options.version = version,
                    None => return Err(refusal),
                },
            }
        }
    }

    /// A connection over bytes that are there already.
    pub fn over<T>(io: T, version: Version) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // A peer that opens streams finds nothing to call.
        let mux = Mux::start(io, Mode::Client, MAX_STREAMS, drop);
        Self { mux, calls: Arc::new(Semaphore::new(MAX_CALLS)), version }
    }

    /// The version that was agreed on.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What calls are made through.
    pub fn channel(&self) -> Channel {
        Channel::new(Arc::new(self.clone()))
    }

    /// The agent service.
    pub fn agent(&self) -> AgentRpcClient {
        AgentRpcClient::new(self.channel())
    }

    /// The tailnet service.
    pub fn tailnet(&self) -> TailnetRpcClient {
        TailnetRpcClient::new(self.channel())
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.mux.is_over()
    }

    /// Returns once the connection has ended. Cancel safe.
    pub async fn closed(&self) {
        self.mux.over().await;
    }
}

/// The server's version, if a refusal says that it is older than what was asked for.
fn older(refusal: &codersdk::Error) -> Option<Version> {
    let detail = refusal.validations().iter().find(|fault| fault.field == "version")?.detail.as_str();
    let (version, _) = detail.strip_prefix("server is at version ")?.split_once(", behind requested minor version ")?;
    version.parse().ok()
}

#[async_trait]
impl Transport for Connection {
    async fn unary(&self, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes> {
        let (io, _permit) = self.open().await?;
        call::unary(io, rpc, metadata, request).await
    }

    async fn open(&self) -> Result<(MuxStream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(&self.calls).acquire_owned().await.map_err(|_| Error::interrupted())?;
        Ok((self.mux.open().await?, permit))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Connection");
        debug.field("version", &self.version).field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// A WebSocket of which only binary messages are of interest.
enum Binary {
    Open(WebSocket),
    Closing(BoxFuture<'static, codersdk::Result<()>>),
    Closed,
}

impl Binary {
    fn open(&mut self) -> io::Result<&mut WebSocket> {
        match self {
            Self::Open(socket) => Ok(socket),
            Self::Closing(_) | Self::Closed => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Stream for Binary {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Ok(socket) = self.open() else { return Poll::Ready(None) };
        Poll::Ready(match ready!(socket.poll_next_unpin(cx)) {
            Some(Ok(Message::Binary(data))) => Some(Ok(data)),
            Some(Ok(Message::Text(_))) => Some(Err(io::Error::new(io::ErrorKind::InvalidData, "a text message"))),
            Some(Err(error)) => Some(Err(io::Error::other(error))),
            None => None,
        })
    }
}

impl Sink<Bytes> for Binary {
    type Error = io::Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_ready_unpin(cx).map_err(io::Error::other)
    }

    fn start_send(mut self: Pin<&mut Self>, data: Bytes) -> io::Result<()> {
        self.open()?.start_send_unpin(Message::Binary(data)).map_err(io::Error::other)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush_unpin(cx).map_err(io::Error::other)
    }

    /// Says goodbye: to a server written in Go, a close without a code is a fault.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        *self = match std::mem::replace(&mut *self, Self::Closed) {
            Self::Open(socket) => Self::Closing(socket.close(1000, "").boxed()),
            other => other,
        };
        let Self::Closing(closing) = &mut *self else { return Poll::Ready(Ok(())) };
        let closed = ready!(closing.poll_unpin(cx));
        *self = Self::Closed;
        Poll::Ready(closed.map_err(io::Error::other))
    }
}
