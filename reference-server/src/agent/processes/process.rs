//! One process: started, watched to its end, its output kept.

use std::fs::File;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use uuid::Uuid;
use workspacesdk::output::OutputBuffer;
use workspacesdk::processes::{ProcessInfo, ProcessOutputResponse, StartProcessRequest};

use crate::clock::SharedClock;

/// How long the output of a process is awaited that has ended but whose children still hold it.
const LINGER: Duration = Duration::from_secs(5);

/// What is read of an output at a time: what a pipe holds.
const CHUNK: usize = 64 << 10;

/// A process that runs or ran.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) id: String,
    pub(super) chat: Option<Uuid>,
    request: StartProcessRequest,
    workdir: String,
    group: Pid,
    started_at: i64,
    output: Arc<Mutex<OutputBuffer>>,
    ended: watch::Receiver<Option<Ended>>,
}

/// How and when a process ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    exit_code: i64,
    pub(super) at: i64,
}

/// Why a signal was not sent.
#[derive(Debug)]
pub(super) enum SignalError {
    NotRunning,
    /// The system refused, in its words. Nobody may be left in the group although the output is still held open.
    Failed(String),
}

impl Process {
    /// Starts a command in a group of its own. `shell` has its environment.
    ///
    /// # Errors
    /// When the directory cannot be entered or no process can be made: what was tried, and the system's words.
    pub(super) fn start(
        mut shell: Command,
        request: StartProcessRequest,
        workdir: String,
        chat: Option<Uuid>,
        clock: &SharedClock,
    ) -> Result<Arc<Self>, String> {
        let program = shell.as_std().get_program().display().to_string();
        let failed = |error: &io::Error| format!("start process: fork/exec {program}: {}", in_words(error));
        // One pipe for both, so that what is written comes in the order in which it was written.
        let (reader, writer) = io::pipe().map_err(|error| failed(&error))?;
        let same = || writer.try_clone().map_err(|error| failed(&error));
        shell.arg0("sh").arg("-c").arg(&request.command).current_dir(&workdir).process_group(0);
        shell.stdin(Stdio::null()).stdout(same()?).stderr(same()?);
        let child = shell.spawn().map_err(|error| failed(&error))?;
        // It holds the writing end; while it does, the reader does not end.
        drop(shell);
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let group = group.ok_or_else(|| format!("start process: fork/exec {program}: it has no process id"))?;
        let reader = pipe::Receiver::from_file(File::from(OwnedFd::from(reader))).map_err(|error| failed(&error))?;
        let output = Arc::new(Mutex::new(OutputBuffer::default()));
        let (tell, ended) = watch::channel(None);
        tokio::spawn(follow(child, reader, writer, output.clone(), clock.clone(), tell));
        Ok(Arc::new(Self {
            id: Uuid::new_v4().to_string(),
            chat,
            request,
            workdir,
            group,
            started_at: clock.now().timestamp(),
            output,
            ended,
        }))
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        *self.ended.borrow()
    }

    /// Returns once the process has ended and its output is complete.
    pub(super) async fn wait(&self) {
        // The sender is dropped only after it told the end.
        let _ = self.ended.clone().wait_for(Option::is_some).await;
    }

    pub(super) fn info(&self) -> ProcessInfo {
        let ended = self.ended();
        ProcessInfo {
            id: self.id.clone(),
            command: self.request.command.clone(),
            workdir: Some(self.workdir.clone()).filter(|dir| !dir.is_empty()),
            background: self.request.background.unwrap_or_default(),
            running: ended.is_none(),
            exit_code: ended.map(|ended| ended.exit_code),
            started_at_unix: self.started_at,
            exited_at_unix: ended.map(|ended| ended.at),
        }
    }

    pub(super) fn output(&self) -> ProcessOutputResponse {
        // Asked first: what is written between the two questions must not be missing from an ended process.
        let ended = self.ended();
        let kept = lock(&self.output).output();
        ProcessOutputResponse {
            output: workspacesdk::quote::shown(&kept.text),
            truncated: kept.truncation.map(Into::into),
            running: ended.is_none(),
            exit_code: ended.map(|ended| ended.exit_code),
        }
    }

    /// Sends a signal to the process and all that it started.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), SignalError> {
        if self.ended().is_some() {
            return Err(SignalError::NotRunning);
        }
        kill_process_group(self.group, signal).map_err(|error| SignalError::Failed(in_words(&error.into())))
    }
}

/// The system's words for what it refused. A NUL byte, which is not even put to it, is an argument that it would refuse.
fn in_words(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::InvalidInput, None) => "invalid argument".to_owned(),
        _ => workspacesdk::fs::in_words(error),
    }
}

/// Reads the output and awaits the end of a process, then tells it. `writer` is the writing end of the output: held
/// until the process has ended, lest the end of its output wakes the agent a moment before that.
async fn follow(
    mut child: Child,
    mut reader: pipe::Receiver,
    writer: PipeWriter,
    output: Arc<Mutex<OutputBuffer>>,
    clock: SharedClock,
    tell: watch::Sender<Option<Ended>>,
) {
    let reading = async {
        // Only as much of it is touched as there is output.
        let mut chunk = Vec::with_capacity(CHUNK);
        while let Ok(1..) = reader.read_buf(&mut chunk).await {
            lock(&output).write(&chunk);
            chunk.clear();
        }
    };
    tokio::pin!(reading);
    let (status, read) = tokio::select! {
        status = child.wait() => (status, false),
        () = &mut reading => (child.wait().await, true),
    };
    drop(writer);
    let complete = read
        || tokio::select! {
            () = &mut reading => true,
            () = clock.sleep(LINGER) => false,
        };
    let code = match status.ok().and_then(|status| status.code()) {
        // It went well, but nobody can say that this was all of its output.
        Some(0) if !complete => -1,
        code => code.unwrap_or(-1),
    };
    tell.send_replace(Some(Ended { exit_code: code.into(), at: clock.now().timestamp() }));
}

fn lock(output: &Mutex<OutputBuffer>) -> MutexGuard<'_, OutputBuffer> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use rustix::process::kill_process;

    use super::*;
    use crate::clock::ManualClock;

    fn started(command: &str, dir: &std::path::Path, clock: &ManualClock) -> Arc<Process> {
        let request = StartProcessRequest { command: command.to_owned(), ..StartProcessRequest::default() };
        let clock: SharedClock = Arc::new(clock.clone());
        Process::start(Command::new("/bin/sh"), request, dir.to_str().unwrap().to_owned(), None, &clock).unwrap()
    }

    /// Waits for the end of a process whose output is held open, with a clock that does not stand still.
    async fn wait(process: &Process, clock: &ManualClock) {
        let ended = process.wait();
        tokio::pin!(ended);
        loop {
            tokio::select! {
                biased;
                () = &mut ended => return,
                () = tokio::time::sleep(Duration::from_millis(1)) => clock.advance(LINGER),
            }
        }
    }

    #[tokio::test]
    async fn a_command_whose_output_is_held_open_fails_only_if_it_went_well() {
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        let dir = tempfile::tempdir().unwrap();
        for (command, code) in [
            ("echo a; sleep 1000 & exit 0", -1),
            ("echo a; sleep 1000 & exit 3", 3),
            ("echo a; sleep 1000 & kill -9 $$", -1),
            ("echo a; sleep 1000 >/dev/null 2>&1 & exit 0", 0),
        ] {
            let process = started(command, dir.path(), &clock);
            match code {
                // Nobody holds this one's output.
                0 => process.wait().await,
                _ => wait(&process, &clock).await,
            }
            let told = process.output();
            assert_eq!((told.output.as_str(), told.running, told.exit_code), ("a\n", false, Some(code)), "{command}");
            assert!(matches!(process.signal(Signal::KILL), Err(SignalError::NotRunning)));
            kill_process_group(process.group, Signal::KILL).expect("what is left of the group");
        }
    }

    #[tokio::test]
    async fn what_left_the_group_holds_the_output_open_and_gets_no_signal() {
        let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
        let dir = tempfile::tempdir().unwrap();
        let command = "mkfifo f; setsid sh -c 'echo $$ >f; exec sleep 1000' & read id <f; echo $id; exit 3";
        let process = started(command, dir.path(), &clock);
        let refusal = loop {
            match process.signal(Signal::CONT) {
                Ok(()) => tokio::time::sleep(Duration::from_millis(1)).await,
                Err(refusal) => break refusal,
            }
        };
        assert!(matches!(refusal, SignalError::Failed(words) if words == "no such process"));
        assert!(process.info().running);
        wait(&process, &clock).await;
        let told = process.output();
        assert_eq!((told.running, told.exit_code), (false, Some(3)));
        kill_process(Pid::from_raw(told.output.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    }
}
