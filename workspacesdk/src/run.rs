//! Running a command to its end.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use codersdk::{Error, Result};
use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::agent_conn::{AgentConn, ProcessOutputOptions};
use crate::processes::{ProcessOutputResponse, ProcessSignal, ProcessTruncation, StartProcessRequest};

/// How long a process has after it was asked to end before it is killed, unless told otherwise. An agent loses sight of
/// what a command leaves behind 5 seconds after the command itself has ended; what ignores that it was asked must be
/// killed before that.
const GRACE: Duration = Duration::from_secs(3);

/// How often the output of a process is looked at while it runs, unless told otherwise.
const PROGRESS: Duration = Duration::from_millis(500);

/// How long the next question waits after one that was answered too early or not at all.
const PAUSE: Duration = Duration::from_millis(200);

/// How often in a row the agent may fail to answer.
const MAX_FAILURES: u32 = 5;

/// Events under way between the command and a reader.
const IN_FLIGHT: usize = 16;

/// How much of an output's end is looked for in a later one, in bytes.
const OVERLAP: usize = 256;

/// A command to be run, made by [`run`](crate::AgentConnExt::run). Awaiting it runs it to its end, however long that
/// takes; [`events`](Self::events) tells its output on the way.
///
/// Dropping the future leaves the process running; [`cancel_on`](Self::cancel_on) and [`timeout`](Self::timeout) end
/// it.
#[must_use = "a command runs only when it is awaited"]
pub struct Run<'a, T: ?Sized> {
    conn: &'a T,
    request: StartProcessRequest,
    cancel: Option<BoxFuture<'a, ()>>,
    timeout: Option<Duration>,
    grace: Duration,
    progress: Duration,
}

/// How a command went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOutput {
    /// Id of the process.
    pub process_id: String,
    /// Its output and its errors, in the order written; the middle of a long one is missing.
    pub output: String,
    /// How much is missing.
    pub truncated: Option<ProcessTruncation>,
    /// Its exit code; -1 after a signal, none if it has not ended although it was killed.
    pub exit_code: Option<i64>,
    /// Why it was ended, if it did not end by itself.
    pub stopped: Option<Stopped>,
}

/// Why a command was ended from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Its [`cancel_on`](Run::cancel_on) came.
    Cancelled,
    /// Its [`timeout`](Run::timeout) passed.
    TimedOut,
}

impl RunOutput {
    /// Whether it ended by itself, and well.
    pub fn success(&self) -> bool {
        self.stopped.is_none() && self.exit_code == Some(0)
    }
}

/// What happens while a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEvent {
    /// It was started as the process with this id.
    Started(String),
    /// It has written something.
    Output {
        /// What came since the event before.
        text: String,
        /// Whether something is missing before it: it was written faster than it was looked at.
        gap: bool,
    },
    /// It has ended. No event follows.
    Ended(RunOutput),
}

impl<'a, T: AgentConn + ?Sized> Run<'a, T> {
    pub(crate) fn new(conn: &'a T, command: String) -> Self {
        let request = StartProcessRequest { command, ..StartProcessRequest::default() };
        Self { conn, request, cancel: None, timeout: None, grace: GRACE, progress: PROGRESS }
    }

    /// Runs it in this directory, an absolute path.
    pub fn workdir(mut self, path: impl Into<String>) -> Self {
        self.request.workdir = Some(path.into());
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.env.get_or_insert_with(BTreeMap::new).insert(name.into(), value.into());
        self
    }

    /// Ends it when this future is ready: it and all that it started are asked to end, and after the
    /// [grace](Self::grace) killed.
    pub fn cancel_on(mut self, cancel: impl Future<Output = ()> + Send + 'a) -> Self {
        self.cancel = Some(Box::pin(cancel));
        self
    }

    /// Ends it after this time, in the way of [`cancel_on`](Self::cancel_on).
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// How long it has to end before it is killed. 3 seconds by default. With 5 seconds or more, children of a command
    /// that has ended may outlive it if they ignore that they were asked to end.
    pub fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }

    /// How often its output is looked at for [`events`](Self::events). Half a second by default.
    pub fn progress_interval(mut self, time: Duration) -> Self {
        self.progress = time;
        self
    }

    /// Runs it and tells what happens: that it started, what it writes, how it ended. An error is the last item. The
    /// command is run by polling the stream; a reader that is slow holds nothing up in the workspace.
    pub fn events(self) -> impl Stream<Item = Result<RunEvent>> + Send + 'a
    where
        T: Sync,
    {
        let (sender, mut events) = mpsc::channel(IN_FLIGHT);
        let mut running: Option<BoxFuture<'a, ()>> = Some(Box::pin(async move {
            let last = self.run(Some(&sender)).await.map(RunEvent::Ended);
            // Nobody who listens is nobody to tell.
            let _ = sender.send(last).await;
        }));
        futures_util::stream::poll_fn(move |cx| {
            if let Some(run) = &mut running
                && run.as_mut().poll(cx).is_ready()
            {
                running = None;
            }
            events.poll_recv(cx)
        })
    }

    async fn run(self, events: Option<&mpsc::Sender<Result<RunEvent>>>) -> Result<RunOutput> {
        let Self { conn, request, cancel, timeout, grace, progress } = self;
        let id = conn.start_process(request).await?.id;
        let process = Process { conn, id: &id, grace, progress };
        tell(events, RunEvent::Started(id.clone())).await;
        let cancel = cancel.unwrap_or_else(|| Box::pin(std::future::pending()));
        let late = async {
            match timeout {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let mut shown = String::new();
        let watched = tokio::select! {
            biased;
            ended = process.watch(events, &mut shown) => Ok(ended?),
            () = cancel => Err(Stopped::Cancelled),
            () = late => Err(Stopped::TimedOut),
        };
        let (ended, stopped) = match watched {
            Ok(ended) => (ended, None),
            Err(stopped) => (process.end().await?, Some(stopped)),
        };
        show(events, &mut shown, &ended.output).await;
        let ProcessOutputResponse { output, truncated, exit_code, .. } = ended;
        Ok(RunOutput { process_id: id, output, truncated, exit_code, stopped })
    }
}

/// A process that was started.
struct Process<'a, T: ?Sized> {
    conn: &'a T,
    id: &'a str,
    grace: Duration,
    progress: Duration,
}

impl<T: AgentConn + ?Sized> Process<'_, T> {
    /// Waits for the end, and tells the output on the way if somebody listens.
    async fn watch(
        &self,
        events: Option<&mpsc::Sender<Result<RunEvent>>>,
        shown: &mut String,
    ) -> Result<ProcessOutputResponse> {
        if events.is_none() {
            return self.wait().await;
        }
        let mut ended = Box::pin(self.wait());
        loop {
            tokio::select! {
                biased;
                ended = &mut ended => return ended,
                () = tokio::time::sleep(self.progress) => {}
            }
            // What cannot be seen now is seen later.
            if let Ok(now) = self.conn.process_output(self.id, ProcessOutputOptions::default()).await {
                show(events, shown, &now.output).await;
            }
        }
    }

    /// Waits for the end, asking again whenever the agent has waited long enough.
    async fn wait(&self) -> Result<ProcessOutputResponse> {
        let mut failures = 0;
        loop {
            let asked = Instant::now();
            match self.conn.process_output(self.id, ProcessOutputOptions { wait: true }).await {
                Ok(answer) if !answer.running => return Ok(answer),
                Ok(_) => failures = 0,
                Err(error) if error.is_retryable() && failures < MAX_FAILURES => failures += 1,
                Err(error) => return Err(error),
            }
            // An agent that does not wait must not be asked without a pause.
            if asked.elapsed() < PAUSE {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Asks the process to end, then kills it. A signal that could not be sent is an error only if it runs on.
    async fn end(&self) -> Result<ProcessOutputResponse> {
        let mut failure = None;
        for signal in [ProcessSignal::Terminate, ProcessSignal::Kill] {
            match self.conn.signal_process(self.id, signal).await {
                Ok(()) => {}
                // It has ended already.
                Err(error) if error.is_conflict() => {}
                Err(error) if error.is_not_found() => return Err(error),
                Err(error) => failure = Some(error),
            }
            if let Ok(Ok(ended)) = tokio::time::timeout(self.grace, self.wait()).await {
                return Ok(ended);
            }
        }
        let now = self.conn.process_output(self.id, ProcessOutputOptions::default()).await?;
        match failure {
            Some(failure) if now.running => Err(failure),
            _ => Ok(now),
        }
    }
}

impl<'a, T: AgentConn + ?Sized> IntoFuture for Run<'a, T> {
    type Output = Result<RunOutput, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run(None))
    }
}

impl<T: ?Sized> fmt::Debug for Run<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The environment may hold secrets.
        f.debug_struct("Run").field("command", &self.request.command).finish_non_exhaustive()
    }
}

async fn tell(events: Option<&mpsc::Sender<Result<RunEvent>>>, event: RunEvent) {
    if let Some(events) = events {
        // Nobody who listens is nobody to tell.
        let _ = events.send(Ok(event)).await;
    }
}

/// Tells what has come since `shown`, if somebody listens.
async fn show(events: Option<&mpsc::Sender<Result<RunEvent>>>, shown: &mut String, output: &str) {
    if events.is_none() || output == shown {
        return;
    }
    let (text, gap) = grown(shown, output);
    let event = RunEvent::Output { text: text.to_owned(), gap };
    output.clone_into(shown);
    tell(events, event).await;
}

/// What of an output is new, seen from an earlier one, and whether something is missing before it.
fn grown<'a>(old: &str, new: &'a str) -> (&'a str, bool) {
    if let Some(rest) = new.strip_prefix(old) {
        return (rest, false);
    }
    // The middle fell out: the end of the old text stands somewhere in the new one, unless that fell out, too.
    let start = old.len().saturating_sub(OVERLAP);
    let start = (start..=old.len()).find(|at| old.is_char_boundary(*at)).unwrap_or(old.len());
    let end = &old[start..];
    match new.rfind(end) {
        Some(at) => (&new[at + end.len()..], false),
        None => (new.rsplit_once(" bytes] ...\n\n").map_or(new, |(_, tail)| tail), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_of_an_output() {
        assert_eq!(grown("", "a"), ("a", false));
        assert_eq!(grown("ab", "abc"), ("c", false));
        assert_eq!(grown("head tail1", "head\n\n... [omitted 3 bytes] ...\n\nhead tail1 tail2"), (" tail2", false));
        assert_eq!(grown("head xyz", "head\n\n... [omitted 9 bytes] ...\n\ntail"), ("tail", true));
        let old = "é".repeat(200);
        assert_eq!(grown(&old, &format!("x{old}z")), ("z", false));
    }
}
