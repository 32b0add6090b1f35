//! The agent's side: takes logs of many processes and forwards them one batch after another.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncRead;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::codec::{CodecError, Frame, read_message};
use super::metrics::{DropReason, Metrics};
use super::{BoundaryMessage, BoundaryStatus, boundary_message};
use crate::rpc::AgentRpc;
use crate::rpc::proto::agent::ReportBoundaryLogsRequest;

/// Batches that wait to be forwarded.
const QUEUE: usize = 100;
/// How many processes may be connected at once. Others wait.
#[cfg(unix)]
const MAX_CONNECTIONS: usize = 256;

/// Where the socket is unless told otherwise: in the folder for temporary files.
pub fn default_path() -> PathBuf {
    std::env::temp_dir().join("boundary-audit.sock")
}

/// Takes the logs of boundary processes on a Unix socket, and forwards them.
///
/// Taking and forwarding are apart, so that processes never wait for the server: at most 100 batches are kept meanwhile,
/// and what comes when there is no room is dropped and [counted](Metrics). Dropping the proxy ends all connections and
/// removes the socket.
pub struct LogProxy {
    intake: Arc<Intake>,
    batches: Mutex<mpsc::Receiver<ReportBoundaryLogsRequest>>,
    path: PathBuf,
    _stop: DropGuard,
}

struct Intake {
    queue: mpsc::Sender<ReportBoundaryLogsRequest>,
    metrics: Arc<Metrics>,
}

impl LogProxy {
    /// Listens at `path`, in place of what is there.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub async fn start(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let (queue, batches) = mpsc::channel(QUEUE);
        let intake = Arc::new(Intake { queue, metrics: Arc::default() });
        let stop = CancellationToken::new();
        listen(&path, Arc::clone(&intake), stop.clone())?;
        Ok(Self { intake, batches: Mutex::new(batches), path, _stop: stop.drop_guard() })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What became of logs so far.
    pub fn metrics(&self) -> &Metrics {
        &self.intake.metrics
    }

    /// Forwards batches to the server's agent service, until the future is dropped. A batch that the server does not
    /// take is dropped and counted. The batch under way when the future is dropped may be lost.
    pub async fn forward(&self, agent: &dyn AgentRpc) {
        let mut batches = self.batches.lock().await;
        while let Some(batch) = batches.recv().await {
            let logs = batch.logs.len();
            match agent.report_boundary_logs(batch).await {
                Ok(_) => self.intake.metrics.forwarded(),
                Err(error) => {
                    tracing::warn!(%error, logs, "cannot forward boundary logs");
                    self.intake.metrics.dropped_batch(DropReason::ForwardFailed, logs);
                }
            }
        }
    }
}

impl Drop for LogProxy {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "cannot remove the socket");
        }
    }
}

impl fmt::Debug for LogProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogProxy")
            .field("path", &self.path)
            .field("metrics", &self.intake.metrics)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn listen(path: &Path, intake: Arc<Intake>, stop: CancellationToken) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = tokio::net::UnixListener::bind(path)?;
    let room = Arc::new(tokio::sync::Semaphore::new(MAX_CONNECTIONS));
    tokio::spawn(async move {
        let accepting = async {
            loop {
                let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
                match listener.accept().await {
                    Ok((mut connection, _)) => {
                        let (intake, stop) = (Arc::clone(&intake), stop.clone());
                        tokio::spawn(async move {
                            let _permit = permit;
                            stop.run_until_cancelled(intake.read(&mut connection)).await;
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(accepting).await;
    });
    Ok(())
}

#[cfg(not(unix))]
fn listen(_: &Path, _: Arc<Intake>, _: CancellationToken) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "boundary logs come over Unix sockets, which are not to be had here",
    ))
}

#[cfg_attr(not(unix), expect(dead_code, reason = "nothing ever comes in"))]
impl Intake {
    /// Takes the messages of one process until it ends or breaks the rules.
    async fn read(&self, connection: &mut (impl AsyncRead + Unpin)) {
        loop {
            match read_message(connection).await {
                Ok(Some(Frame::Logs(logs))) => self.take(logs),
                Ok(Some(Frame::Envelope(BoundaryMessage { msg }))) => match msg {
                    Some(boundary_message::Msg::Logs(logs)) => self.take(logs),
                    Some(boundary_message::Msg::Status(status)) => self.count(&status),
                    None => tracing::warn!("a boundary message of an unknown kind"),
                },
                Ok(None) => return,
                Err(error @ CodecError::Decode { .. }) => tracing::warn!(%error, "cannot read a boundary message"),
                Err(error) => {
                    tracing::warn!(%error, "a connection of a boundary process ends");
                    return;
                }
            }
        }
    }

    fn take(&self, logs: ReportBoundaryLogsRequest) {
        if let Err(refused) = self.queue.try_send(logs) {
            let logs = refused.into_inner().logs.len();
            tracing::warn!(logs, "boundary logs dropped: the buffer is full");
            self.metrics.dropped_batch(DropReason::BufferFull, logs);
        }
    }

    fn count(&self, status: &BoundaryStatus) {
        for (reason, logs) in [
            (DropReason::BoundaryChannelFull, status.dropped_channel_full),
            (DropReason::BoundaryBatchFull, status.dropped_batch_full),
        ] {
            self.metrics.dropped_logs(reason, u64::try_from(logs).unwrap_or_default());
        }
    }
}
