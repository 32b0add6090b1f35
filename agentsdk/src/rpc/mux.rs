//! Many byte streams over one: yamux, with a task that drives it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt, TokioAsyncReadCompatExt};
use tokio_util::sync::CancellationToken;
use yamux::{Config, Connection, ConnectionError, Mode};

/// How long the peer may take to notice that the session ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests for streams that may wait to be looked at.
const OPEN_QUEUE: usize = 64;
/// Receive window of a stream in bytes, the same as of the peers written in Go. Not let grow, which bounds both memory
/// and the size of frames.
const WINDOW: usize = 256 << 10;

/// One of the streams. It must be shut down at most once: each time sends a FIN, and a second one ends the session of
/// a peer written in Go.
pub(crate) type MuxStream = Compat<yamux::Stream>;

/// Opens streams. The session ends when the last of its clones is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Mux {
    open: mpsc::Sender<oneshot::Sender<Result<yamux::Stream, ConnectionError>>>,
    /// Cancelled once the session is over.
    over: CancellationToken,
}

impl Mux {
    /// Starts a session over `io`. Streams that the peer opens go to `accept`, which must not block.
    pub(crate) fn start<T>(io: T, mode: Mode, streams: usize, accept: impl FnMut(MuxStream) + Send + 'static) -> Self
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut config = Config::default();
        config.set_max_connection_receive_window(None).set_max_num_streams(streams);
        config.set_max_connection_receive_window(Some(streams * WINDOW));
        let connection = Connection::new(io.compat(), config, mode);
        let (open, requests) = mpsc::channel(OPEN_QUEUE);
        let over = CancellationToken::new();
        let guard = over.clone().drop_guard();
        tokio::spawn(async move {
            let _guard = guard;
            drive(connection, requests, accept).await;
        });
        Self { open, over }
    }

    /// Opens a stream.
    pub(crate) async fn open(&self) -> io::Result<MuxStream> {
        let over = || io::Error::new(io::ErrorKind::NotConnected, "the session is over");
        let (sender, receiver) = oneshot::channel();
        self.open.send(sender).await.map_err(|_| over())?;
        Ok(receiver.await.map_err(|_| over())?.map_err(io::Error::other)?.compat())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Returns once the session is over.
    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }
}

async fn drive<T>(
    mut connection: Connection<Compat<T>>,
    mut requests: mpsc::Receiver<oneshot::Sender<Result<yamux::Stream, ConnectionError>>>,
    mut accept: impl FnMut(MuxStream),
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut waiting = VecDeque::new();
    let lost = poll_fn(|cx| {
        loop {
            while waiting.len() < OPEN_QUEUE {
                match requests.poll_recv(cx) {
                    Poll::Ready(Some(request)) => waiting.push_back(request),
                    Poll::Ready(None) => return Poll::Ready(false),
                    Poll::Pending => break,
                }
            }
            while let Some(request) = waiting.pop_front() {
                match connection.poll_new_outbound(cx) {
                    // One who has given up waiting drops the stream, which resets it.
                    Poll::Ready(stream) => drop(request.send(stream)),
                    Poll::Pending => {
                        waiting.push_front(request);
                        break;
                    }
                }
            }
            match connection.poll_next_inbound(cx) {
                Poll::Ready(Some(Ok(stream))) => accept(stream.compat()),
                Poll::Ready(Some(Err(error))) => {
                    tracing::debug!(%error, "yamux session ends");
                    return Poll::Ready(true);
                }
                Poll::Ready(None) => return Poll::Ready(true),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    if !lost {
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, poll_fn(|cx| connection.poll_close(cx))).await;
    }
}
