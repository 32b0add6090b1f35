//! How an agent is reached.

use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::body::BoxIo;

/// Opens connections to an agent: over TCP, a Unix socket, or a tunnel of your own.
///
/// ```
/// use std::io;
/// use workspacesdk::{BoxIo, Connector, HttpAgentConn};
///
/// #[derive(Debug)]
/// struct Tunnel;
///
/// #[async_trait::async_trait]
/// impl Connector for Tunnel {
///     async fn connect(&self) -> io::Result<BoxIo> {
///         let (ours, _theirs) = tokio::io::duplex(1024);
///         Ok(Box::new(ours))
///     }
/// }
///
/// let conn = HttpAgentConn::builder("http://agent").connector(Tunnel).build()?;
/// # Ok::<(), codersdk::Error>(())
/// ```
#[async_trait]
pub trait Connector: fmt::Debug + Send + Sync + 'static {
    /// Opens a connection. A time limit is set by the caller.
    ///
    /// # Errors
    /// When the agent cannot be reached.
    async fn connect(&self) -> io::Result<BoxIo>;
}

/// Connects over TCP.
#[derive(Debug)]
pub(super) struct Tcp {
    pub(super) host: String,
    pub(super) port: u16,
}

#[async_trait]
impl Connector for Tcp {
    async fn connect(&self) -> io::Result<BoxIo> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

/// Connects to a Unix socket.
#[derive(Debug)]
pub(super) struct Unix(pub(super) PathBuf);

#[async_trait]
impl Connector for Unix {
    async fn connect(&self) -> io::Result<BoxIo> {
        Ok(Box::new(UnixStream::connect(Path::new(&self.0)).await?))
    }
}

/// A connector in the form that the HTTP client takes, with a time limit.
#[derive(Debug, Clone)]
pub(super) struct Connect {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) timeout: Duration,
}

impl tower_service::Service<Uri> for Connect {
    type Response = TokioIo<Line>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The address does not matter: there is one agent.
    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { connector, timeout } = self.clone();
        Box::pin(async move {
            let connecting = tokio::time::timeout(timeout, connector.connect()).await;
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("connecting timed out after {timeout:?}"));
            Ok(TokioIo::new(Line(connecting.map_err(late)??)))
        })
    }
}

/// A connection, as the HTTP client wants it.
pub(super) struct Line(BoxIo);

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
