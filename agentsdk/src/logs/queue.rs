//! The queue of log lines, which outlives connections.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use codersdk::__private::ErrorKind;
use codersdk::{Error, Result};
use tokio::sync::Notify;
use tokio::time::Instant;
use uuid::Uuid;

use super::{LOG_OVERHEAD, MAX_LOG_BYTES, sanitize_log_output};
use crate::agent_types::{Log, PatchLogs};
use crate::api::AgentApi;
use crate::client::AgentClient;

/// How long lines of a source are gathered before they are sent.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// What stands for a line that the server cannot take.
const NOT_CONVERTED: &str = "**Coder Internal Error**: Failed to convert log";

/// The words of the error that ends a [`LogSender::send_loop`] when the server takes no more lines.
pub const LOG_LIMIT_EXCEEDED: &str = "Log limit exceeded";

/// Where a [`LogSender`] sends its lines.
#[async_trait::async_trait]
pub trait LogDest: Send + Sync {
    /// Sends lines of a source; tells whether the server has taken them. `false` means that it takes no more lines of
    /// this agent.
    ///
    /// # Errors
    /// When it is not known that the server has them. They are sent again then.
    async fn batch_create_logs(&self, source: Uuid, logs: &[Log]) -> Result<bool>;
}

#[async_trait::async_trait]
impl LogDest for AgentClient {
    /// By `PATCH …/me/logs`.
    async fn batch_create_logs(&self, source: Uuid, logs: &[Log]) -> Result<bool> {
        // The route refuses a batch without lines.
        if logs.is_empty() {
            return Ok(true);
        }
        match self.patch_logs(PatchLogs { log_source_id: source, logs: logs.to_vec().into() }).await {
            Ok(()) => Ok(true),
            Err(error) if super::is_log_limit(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Queues log lines and sends them in batches.
///
/// Whoever has lines calls [`enqueue`](Self::enqueue), at any time, and never waits. Whoever has a connection runs
/// [`send_loop`](Self::send_loop), again and again as connections come and go: what a lost one did not confirm is sent
/// by the next.
///
/// - Lines of a source are sent together, once a second or when [`flush`](Self::flush) asks for it, the source that has
///   waited longest first.
/// - A batch has at most 1 MiB, counting the text of each line and 21 bytes more. A line that is longer alone is
///   dropped.
/// - The queue takes lines until it holds more than 1 MiB of text, which is more than the server keeps of an agent: so
///   the server learns that lines were lost, and shows it. Further ones are dropped.
/// - Once the server says that it takes no more, everything is dropped for good.
///
/// Clones share the queue.
///
/// ```no_run
/// # async fn run(agent: agentsdk::AgentClient, source: uuid::Uuid) -> agentsdk::Result<()> {
/// use agentsdk::{Log, LogSender};
///
/// let logs = LogSender::new();
/// logs.enqueue(source, [Log { output: "hello".into(), level: "info".into(), ..Log::default() }]);
/// tokio::select! {
///     outcome = logs.send_loop(&agent) => outcome?,
///     () = logs.wait_until_empty() => println!("all sent"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct LogSender {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There may be something to send.
    work: Notify,
    /// The queue may be empty.
    drained: Notify,
}

#[derive(Default)]
struct State {
    queues: BTreeMap<Uuid, Queue>,
    /// The server takes no more.
    limit_exceeded: bool,
    /// Bytes of text in all queues.
    queued: usize,
}

#[derive(Default)]
struct Queue {
    logs: Vec<Log>,
    flush_requested: bool,
    last_flush: Option<Instant>,
}

impl Queue {
    /// When it is to be sent; `None` for at once.
    fn due(&self) -> Option<Instant> {
        if self.flush_requested { None } else { self.last_flush.map(|last| last + FLUSH_INTERVAL) }
    }
}

impl LogSender {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds lines of a source. Never waits and never fails: what does not fit is dropped, and a warning traced.
    pub fn enqueue(&self, source: Uuid, logs: impl IntoIterator<Item = Log>) {
        let mut state = self.lock();
        if state.limit_exceeded {
            tracing::warn!(%source, "dropping log lines: the server takes no more");
            return;
        }
        let mut taken = Vec::new();
        let mut any = false;
        for log in logs {
            any = true;
            // Checked before each line and not after it, so that one more than the server takes is queued.
            if state.queued > MAX_LOG_BYTES {
                tracing::warn!(%source, "dropping log lines: the queue is full");
                break;
            }
            let log = sendable(log);
            if log.output.len() + LOG_OVERHEAD > MAX_LOG_BYTES {
                tracing::warn!(%source, bytes = log.output.len(), "dropping a log line that is too long");
                continue;
            }
            state.queued += log.output.len();
            taken.push(log);
        }
        // A source whose lines were all dropped sends an empty batch, as the original does.
        if any {
            state.queues.entry(source).or_default().logs.extend(taken);
            drop(state);
            self.shared.work.notify_waiters();
        }
    }

    /// Asks for the lines of a source to be sent without waiting for more.
    pub fn flush(&self, source: Uuid) {
        // What is not there has been sent already.
        if let Some(queue) = self.lock().queues.get_mut(&source) {
            queue.flush_requested = true;
        }
        self.shared.work.notify_waiters();
    }

    /// Sends what is queued and what will be, until that fails. It does not try again: the caller does, with a
    /// connection that works. Run one at a time.
    ///
    /// Dropping it loses no lines; those under way may arrive twice.
    ///
    /// # Errors
    /// What `dest` failed with; [`is_unsupported`](Error::is_unsupported), with [`LOG_LIMIT_EXCEEDED`] as the message,
    /// once the server takes no more lines: then there is no use in calling it again.
    pub async fn send_loop(&self, dest: &(impl LogDest + ?Sized)) -> Result<()> {
        loop {
            let (source, batch) = self.next_batch().await?;
            let accepted = dest.batch_create_logs(source, &batch).await?;
            self.sent(source, &batch, accepted)?;
        }
    }

    /// Waits until there is something to send, and copies it.
    async fn next_batch(&self) -> Result<(Uuid, Vec<Log>)> {
        loop {
            let work = self.shared.work.notified();
            tokio::pin!(work);
            work.as_mut().enable();
            let due = {
                let mut state = self.lock();
                if state.limit_exceeded {
                    return Err(limit_exceeded());
                }
                let now = Instant::now();
                match state.queues.values().map(Queue::due).min() {
                    None => None,
                    Some(due) if due.is_none_or(|due| due <= now) => return Ok(state.batch()),
                    Some(due) => due,
                }
            };
            match due {
                None => work.await,
                Some(due) => {
                    let _ = tokio::time::timeout_at(due, work).await;
                }
            }
        }
    }

    /// Takes off the queue what was sent.
    fn sent(&self, source: Uuid, batch: &[Log], accepted: bool) -> Result<()> {
        let mut state = self.lock();
        if !accepted {
            tracing::warn!("the server takes no more log lines; they are cut off");
            *state = State { limit_exceeded: true, ..State::default() };
            drop(state);
            self.shared.drained.notify_waiters();
            return Err(limit_exceeded());
        }
        state.queued -= batch.iter().map(|log| log.output.len()).sum::<usize>();
        if let Some(queue) = state.queues.get_mut(&source) {
            queue.logs.drain(..batch.len());
            queue.last_flush = Some(Instant::now());
            if queue.logs.is_empty() {
                state.queues.remove(&source);
            }
        }
        drop(state);
        self.shared.drained.notify_waiters();
        Ok(())
    }

    /// Waits until everything is sent, or given up because the server takes no more.
    pub async fn wait_until_empty(&self) {
        loop {
            let drained = self.shared.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.lock().queues.is_empty() {
                return;
            }
            drained.await;
        }
    }

    /// What adds lines of one source.
    pub fn script_logger(&self, source: Uuid) -> ScriptLogger {
        ScriptLogger { sender: self.clone(), source }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is to be sent next: of the source that has waited longest.
    fn batch(&mut self) -> (Uuid, Vec<Log>) {
        let Some((source, queue)) = self.queues.iter_mut().min_by_key(|(_, queue)| queue.last_flush) else {
            return (Uuid::nil(), Vec::new());
        };
        queue.flush_requested = false;
        let mut size = 0;
        let fits = queue.logs.iter().take_while(|log| {
            size += log.output.len() + LOG_OVERHEAD;
            size <= MAX_LOG_BYTES
        });
        (*source, fits.cloned().collect())
    }
}

fn limit_exceeded() -> Error {
    Error::new(ErrorKind::Unsupported, LOG_LIMIT_EXCEEDED)
}

/// The line as it may be sent.
fn sendable(mut log: Log) -> Log {
    if !log.level.is_known() {
        tracing::error!(level = %log.level, "a log line has a level that is not known");
        return Log { created_at: chrono::Utc::now(), output: NOT_CONVERTED.to_owned(), level: "error".into() };
    }
    if log.output.contains('\0') {
        log.output = sanitize_log_output(log.output.as_bytes());
    }
    log
}

impl fmt::Debug for LogSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("LogSender")
            .field("queued_bytes", &state.queued)
            .field("limit_exceeded", &state.limit_exceeded)
            .finish_non_exhaustive()
    }
}

/// Adds lines of one source to a [`LogSender`].
#[derive(Debug, Clone)]
pub struct ScriptLogger {
    sender: LogSender,
    source: Uuid,
}

impl ScriptLogger {
    /// Adds lines: see [`LogSender::enqueue`].
    pub fn send(&self, logs: impl IntoIterator<Item = Log>) {
        self.sender.enqueue(self.source, logs);
    }

    /// Asks for them to be sent: see [`LogSender::flush`].
    pub fn flush(&self) {
        self.sender.flush(self.source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes batches; fails or refuses as told.
    #[derive(Default)]
    struct Dest {
        batches: Mutex<Vec<(Uuid, Vec<String>, Instant)>>,
        /// The numbers of the calls, from 0, that fail after the server has got nothing.
        failing: Vec<usize>,
        calls: Mutex<usize>,
        limit_at: Option<usize>,
    }

    #[async_trait::async_trait]
    impl LogDest for Dest {
        async fn batch_create_logs(&self, source: Uuid, logs: &[Log]) -> Result<bool> {
            let call = {
                let mut calls = self.calls.lock().unwrap();
                *calls += 1;
                *calls - 1
            };
            if self.failing.contains(&call) {
                return Err(Error::api(502, "away"));
            }
            let outputs = logs.iter().map(|log| log.output.clone()).collect();
            self.batches.lock().unwrap().push((source, outputs, Instant::now()));
            Ok(self.limit_at != Some(call))
        }
    }

    fn log(output: impl Into<String>) -> Log {
        Log { output: output.into(), level: "info".into(), ..Log::default() }
    }

    fn texts(dest: &Dest) -> Vec<Vec<String>> {
        dest.batches.lock().unwrap().iter().map(|(_, outputs, _)| outputs.clone()).collect()
    }

    /// Sends until the queue is empty or the loop ends.
    async fn drain(sender: &LogSender, dest: &Dest) -> Result<()> {
        tokio::select! {
            biased;
            outcome = sender.send_loop(dest) => outcome,
            () = sender.wait_until_empty() => Ok(()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_lost_connection_did_not_take_the_next_one_does() {
        let (sender, source) = (LogSender::new(), Uuid::from_u128(1));
        let dest = Dest { failing: vec![0, 2], ..Dest::default() };
        sender.enqueue(source, [log("a"), log("b")]);
        assert_eq!(drain(&sender, &dest).await.unwrap_err().status(), Some(502));
        sender.enqueue(source, [log("c")]);
        drain(&sender, &dest).await.unwrap();
        sender.enqueue(source, [log("d")]);
        drain(&sender, &dest).await.unwrap_err();
        drain(&sender, &dest).await.unwrap();
        assert_eq!(texts(&dest), [vec!["a", "b", "c"], vec!["d"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn lines_of_a_source_are_gathered_for_a_second_unless_flushed() {
        let (sender, source) = (LogSender::new(), Uuid::from_u128(1));
        let dest = Dest::default();
        // More than a batch holds, so that the source stays in the queue and the second part has to wait.
        let long = "x".repeat(MAX_LOG_BYTES - LOG_OVERHEAD);
        sender.enqueue(source, [log("first"), log(long.clone()), log("last")]);
        let start = Instant::now();
        drain(&sender, &dest).await.unwrap();
        let times: Vec<_> = dest.batches.lock().unwrap().iter().map(|(_, _, at)| *at - start).collect();
        assert_eq!(times, [Duration::ZERO, FLUSH_INTERVAL, FLUSH_INTERVAL * 2]);

        sender.enqueue(source, [log(long), log("more")]);
        let flushed = async {
            tokio::time::sleep(FLUSH_INTERVAL / 4).await;
            sender.flush(source);
            std::future::pending::<()>().await;
        };
        let start = Instant::now();
        tokio::select! {
            outcome = drain(&sender, &dest) => outcome.unwrap(),
            () = flushed => {}
        }
        assert_eq!(start.elapsed(), FLUSH_INTERVAL / 4);
    }

    #[tokio::test(start_paused = true)]
    async fn the_source_that_waited_longest_goes_first() {
        let sender = LogSender::new();
        let dest = Dest::default();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let long = || log("x".repeat(MAX_LOG_BYTES / 2));
        sender.enqueue(one, [long(), long()]);
        sender.enqueue(two, [log("y")]);
        drain(&sender, &dest).await.unwrap();
        let sources: Vec<_> = dest.batches.lock().unwrap().iter().map(|(source, _, _)| *source).collect();
        assert_eq!(sources, [one, two, one]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_server_ends_it_for_good() {
        let (sender, source) = (LogSender::new(), Uuid::from_u128(1));
        let dest = Dest { limit_at: Some(0), ..Dest::default() };
        sender.enqueue(source, [log("a")]);
        assert_eq!(sender.send_loop(&dest).await.unwrap_err().message(), LOG_LIMIT_EXCEEDED);
        sender.enqueue(source, [log("b")]);
        sender.wait_until_empty().await;
        assert_eq!(sender.send_loop(&dest).await.unwrap_err().message(), LOG_LIMIT_EXCEEDED);
        assert_eq!(texts(&dest), [vec!["a"]]);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_while_the_server_is_away() {
        let (sender, source) = (LogSender::new(), Uuid::from_u128(1));
        for _ in 0..10_000 {
            sender.enqueue(source, [log("x".repeat(1000))]);
        }
        assert!(sender.lock().queued <= MAX_LOG_BYTES + 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_level_that_is_not_known_does_not_stop_the_rest() {
        let (sender, dest) = (LogSender::new(), Dest::default());
        sender.enqueue(Uuid::nil(), [Log { level: "loud".into(), ..log("a") }, log("b\0")]);
        drain(&sender, &dest).await.unwrap();
        assert_eq!(texts(&dest), [[NOT_CONVERTED, "b❌"]]);
    }
}
