//! The simple sender of log lines: one source, in the background, over HTTP.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use codersdk::__private::ErrorKind;
use codersdk::{Error, Result};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::{MAX_LOG_BYTES, is_log_limit};
use crate::agent_types::{Log, PatchLogs};
use crate::api::AgentApi;

/// How many lines are sent without waiting for the flush interval.
const BACKLOG: usize = 100;
/// The pause after the first failure; it doubles up to the longest.
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after a failure.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// How a [`LogsSender`] works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LogsSenderOptions {
    /// How long lines are gathered before they are sent; 250 ms unless told.
    pub flush_interval: Duration,
}

impl Default for LogsSenderOptions {
    fn default() -> Self {
        Self { flush_interval: Duration::from_millis(250) }
    }
}

/// Sends the log lines of one source by [`patch_logs`](AgentApi::patch_logs), from a task of its own.
///
/// Lines are gathered for 250 ms, or until there are 100. A batch that the server did not take is sent again until it
/// has, after 1 s at first and at most 5 s; one that is over the server's limit (413) is dropped. Meanwhile at most
/// 1 MiB waits; what does not fit is dropped. Dropping the sender loses what waits: call
/// [`flush_and_close`](Self::flush_and_close).
///
/// For lines of several sources, over whatever connection there is, see [`LogSender`](super::LogSender).
pub struct LogsSender {
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    logs: Vec<Log>,
    bytes: usize,
    closed: bool,
}

impl LogsSender {
    /// Starts the task, within the runtime of the caller.
    pub fn new(agent: impl AgentApi + 'static, source: Uuid, options: &LogsSenderOptions) -> Self {
        let shared = Arc::<Shared>::default();
        let task = tokio::spawn(run(shared.clone(), agent, source, options.flush_interval));
        Self { shared, task: Some(task) }
    }

    /// Adds lines. Never waits.
    ///
    /// # Errors
    /// [`is_closed`](Error::is_closed) after [`flush_and_close`](Self::flush_and_close).
    pub fn send(&self, logs: impl IntoIterator<Item = Log>) -> Result<()> {
        let mut waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.closed {
            return Err(Error::new(ErrorKind::Closed, "the sender of logs is closed"));
        }
        for log in logs {
            if waiting.bytes > MAX_LOG_BYTES {
                tracing::warn!("dropping log lines: too many wait to be sent");
                break;
            }
            waiting.bytes += log.output.len();
            waiting.logs.push(log);
        }
        drop(waiting);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Sends what waits, however long that takes, and ends. Dropping the future gives up, and what waits is lost.
    pub async fn flush_and_close(mut self) {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.changed.notify_one();
        if let Some(task) = &mut self.task {
            // It fails only if it panicked, and then there is nothing to wait for.
            let _ = task.await;
        }
    }
}

impl Drop for LogsSender {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for LogsSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("LogsSender").field("waiting", &waiting.logs.len()).finish_non_exhaustive()
    }
}

async fn run(shared: Arc<Shared>, agent: impl AgentApi, source: Uuid, flush_interval: Duration) {
    let mut flush_at = Instant::now() + flush_interval;
    loop {
        let (logs, closed) = gather(&shared, flush_at).await;
        if !logs.is_empty() {
            deliver(&agent, PatchLogs { log_source_id: source, logs: logs.into() }).await;
        }
        if closed {
            return;
        }
        flush_at = Instant::now() + flush_interval;
    }
}

/// Waits for enough lines, the time or the end.
async fn gather(shared: &Shared, until: Instant) -> (Vec<Log>, bool) {
    loop {
        let changed = shared.changed.notified();
        match shared.ready(until) {
            Ready::Yes(logs, closed) => return (logs, closed),
            Ready::Empty => changed.await,
            Ready::NotYet => {
                let _ = tokio::time::timeout_at(until, changed).await;
            }
        }
    }
}

/// Whether there is a batch to be sent.
enum Ready {
    Yes(Vec<Log>, bool),
    NotYet,
    Empty,
}

impl Shared {
    fn ready(&self, until: Instant) -> Ready {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let due = waiting.logs.len() >= BACKLOG || !waiting.logs.is_empty() && Instant::now() >= until;
        if waiting.closed || due {
            waiting.bytes = 0;
            return Ready::Yes(std::mem::take(&mut waiting.logs), waiting.closed);
        }
        if waiting.logs.is_empty() { Ready::Empty } else { Ready::NotYet }
    }
}

/// Sends until the server has it or will not have it.
async fn deliver(agent: &impl AgentApi, batch: PatchLogs) {
    let mut pause = MIN_PAUSE;
    loop {
        match agent.patch_logs(batch.clone()).await {
            Ok(()) => return,
            Err(error) if is_log_limit(&error) => {
                tracing::warn!(lines = batch.logs.len(), "dropping log lines: the server takes no more");
                return;
            }
            Err(error) => tracing::warn!(%error, lines = batch.logs.len(), "sending log lines failed; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes the batches; fails as often as told.
    #[derive(Clone, Default)]
    struct Server(Arc<Mutex<(Vec<usize>, Vec<u16>)>>);

    #[async_trait::async_trait]
    impl AgentApi for Server {
        async fn patch_logs(&self, req: PatchLogs) -> Result<()> {
            let mut server = self.0.lock().unwrap();
            match server.1.pop() {
                Some(status) => Err(Error::api(status, "no")),
                None => {
                    server.0.push(req.logs.len());
                    Ok(())
                }
            }
        }
    }

    fn lines(count: usize) -> Vec<Log> {
        vec![Log { output: "x".to_owned(), ..Log::default() }; count]
    }

    #[tokio::test(start_paused = true)]
    async fn lines_are_gathered_by_time_and_number() {
        let server = Server::default();
        let sender = LogsSender::new(server.clone(), Uuid::nil(), &LogsSenderOptions::default());
        sender.send(lines(3)).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(server.0.lock().unwrap().0.is_empty());
        tokio::time::sleep(Duration::from_millis(51)).await;
        assert_eq!(server.0.lock().unwrap().0, [3]);
        sender.send(lines(BACKLOG)).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(server.0.lock().unwrap().0, [3, BACKLOG]);
        sender.send(lines(1)).unwrap();
        sender.flush_and_close().await;
        assert_eq!(server.0.lock().unwrap().0, [3, BACKLOG, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_waited_out_and_a_full_server_is_left_alone() {
        let server = Server::default();
        server.0.lock().unwrap().1 = vec![500, 503, 500];
        let sender = LogsSender::new(server.clone(), Uuid::nil(), &LogsSenderOptions::default());
        sender.send(lines(2)).unwrap();
        let start = Instant::now();
        sender.flush_and_close().await;
        assert_eq!(start.elapsed(), Duration::from_secs(1 + 2 + 4));
        assert_eq!(server.0.lock().unwrap().0, [2]);

        server.0.lock().unwrap().1 = vec![413];
        let sender = LogsSender::new(server.clone(), Uuid::nil(), &LogsSenderOptions::default());
        sender.send(lines(1)).unwrap();
        sender.flush_and_close().await;
        assert_eq!(server.0.lock().unwrap().0, [2], "the batch was dropped");
    }
}
