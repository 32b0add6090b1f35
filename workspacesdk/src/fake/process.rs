//! Processes that do what a test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::Utc;
use codersdk::{Error, Result};
use tokio::sync::watch;
use uuid::Uuid;

use crate::output::OutputBuffer;
use crate::processes::{
    ListProcessesResponse, ProcessInfo, ProcessOutputResponse, ProcessSignal, StartProcessRequest,
    StartProcessResponse, listed,
};
use crate::quote::{quoted, shown};

/// How long the output of a process is waited for at most.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// What a command of a fake agent does: what it writes, and whether and how it ends.
///
/// ```
/// use workspacesdk::FakeProcess;
///
/// let ends = FakeProcess::prints("ok\n");
/// let fails = FakeProcess::prints("no such target\n").exits(2);
/// let server = FakeProcess::prints("listening\n").runs_on();
/// # let _ = (ends, fails, server);
/// ```
#[derive(Debug, Clone, Default)]
pub struct FakeProcess {
    output: Vec<u8>,
    end: End,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Exit(i64),
    /// It ends when it is asked to.
    Signal,
    /// It ends when it is killed.
    Kill,
}

impl Default for End {
    fn default() -> Self {
        Self::Exit(0)
    }
}

impl FakeProcess {
    /// Writes this and ends with exit code 0.
    pub fn prints(output: impl Into<Vec<u8>>) -> Self {
        Self { output: output.into(), end: End::default() }
    }

    /// Ends with this exit code.
    #[must_use]
    pub fn exits(mut self, code: i64) -> Self {
        self.end = End::Exit(code);
        self
    }

    /// Runs until a signal comes, or until the test [ends it](super::FakeAgent::exit).
    #[must_use]
    pub fn runs_on(mut self) -> Self {
        self.end = End::Signal;
        self
    }

    /// Runs until it is killed, or until the test [ends it](super::FakeAgent::exit): asking it to end does nothing.
    #[must_use]
    pub fn ignores_terminate(mut self) -> Self {
        self.end = End::Kill;
        self
    }
}

/// What a fake agent does for a command; none if this script does not know it.
pub(super) type Script = Box<dyn Fn(&StartProcessRequest) -> Option<FakeProcess> + Send + Sync>;

/// The processes of a fake agent.
#[derive(Default)]
pub(super) struct Processes {
    scripts: Mutex<Vec<Script>>,
    running: Mutex<HashMap<String, Arc<Process>>>,
}

struct Process {
    chat: Option<Uuid>,
    end: End,
    state: watch::Sender<State>,
}

struct State {
    info: ProcessInfo,
    output: OutputBuffer,
}

impl Processes {
    pub(super) fn script(&self, script: Script) {
        lock(&self.scripts).push(script);
    }

    pub(super) fn start(
        &self,
        request: &StartProcessRequest,
        chat: Option<Uuid>,
        home: &str,
    ) -> Result<StartProcessResponse> {
        if request.command.is_empty() {
            return Err(Error::api(400, "Command is required."));
        }
        // The last script that knows the command counts, so that a test can overrule what was set up for all.
        let process = lock(&self.scripts).iter().rev().find_map(|script| script(request));
        let process = process
            .unwrap_or_else(|| FakeProcess::prints(format!("sh: 1: {}: not found\n", request.command)).exits(127));
        let id = Uuid::new_v4().to_string();
        let mut output = OutputBuffer::default();
        output.write(&process.output);
        let workdir = request.workdir.clone().filter(|dir| !dir.is_empty()).unwrap_or_else(|| home.to_owned());
        let info = ProcessInfo {
            id: id.clone(),
            command: request.command.clone(),
            workdir: Some(workdir),
            background: request.background.unwrap_or_default(),
            running: true,
            started_at_unix: Utc::now().timestamp(),
            ..ProcessInfo::default()
        };
        let state = watch::Sender::new(State { info, output });
        let started = Arc::new(Process { chat, end: process.end, state });
        if let End::Exit(code) = process.end {
            started.exit(code);
        }
        lock(&self.running).insert(id.clone(), started);
        Ok(StartProcessResponse { id, started: true })
    }

    pub(super) fn list(&self, chat: Option<Uuid>) -> ListProcessesResponse {
        let all = lock(&self.running);
        let mine = all.values().filter(|process| chat.is_none() || process.chat == chat);
        ListProcessesResponse {
            processes: listed(mine.map(|process| process.state.borrow().info.clone()).collect()).into(),
        }
    }

    pub(super) async fn output(&self, id: &str, chat: Option<Uuid>, wait: bool) -> Result<ProcessOutputResponse> {
        let process = self.get(id, chat)?;
        if wait {
            let mut changes = process.state.subscribe();
            let ended = changes.wait_for(|state| !state.info.running);
            // At the cap the answer is what there is.
            let _ = tokio::time::timeout(LONGEST_WAIT, ended).await;
        }
        Ok(process.output())
    }

    pub(super) fn signal(&self, id: &str, chat: Option<Uuid>, signal: &ProcessSignal) -> Result<()> {
        let process = self.get(id, chat);
        // A process of another chat is not there at all; else the signal is looked at before the process.
        if process.is_err() && self.get(id, None).is_ok() {
            return process.map(drop);
        }
        let name = signal.as_str();
        match signal {
            ProcessSignal::Kill | ProcessSignal::Terminate => {}
            _ if name.is_empty() => return Err(Error::api(400, "Signal is required.")),
            _ => {
                let message = format!("Unsupported signal {}. Use \"kill\" or \"terminate\".", quoted(name));
                return Err(Error::api(400, message));
            }
        }
        let process = process?;
        if !process.state.borrow().info.running {
            return Err(Error::api(409, format!("Process {} is not running.", quoted(id))));
        }
        if matches!((process.end, signal), (End::Signal, _) | (_, ProcessSignal::Kill)) {
            process.exit(-1);
        }
        Ok(())
    }

    pub(super) fn print(&self, id: &str, output: &[u8]) {
        if let Ok(process) = self.get(id, None) {
            process.state.send_modify(|state| state.output.write(output));
        }
    }

    pub(super) fn exit(&self, id: &str, code: i64) {
        if let Ok(process) = self.get(id, None) {
            process.exit(code);
        }
    }

    /// The process with this id that this chat may know of: its own, or one of no chat.
    fn get(&self, id: &str, chat: Option<Uuid>) -> Result<Arc<Process>> {
        let process = lock(&self.running).get(id).cloned();
        let known = process.filter(|process| process.chat.is_none() || chat.is_none() || process.chat == chat);
        known.ok_or_else(|| Error::api(404, format!("Process {} not found.", quoted(id))))
    }
}

impl Process {
    fn exit(&self, code: i64) {
        self.state.send_if_modified(|State { info, .. }| {
            let ends = info.running;
            if ends {
                info.running = false;
                info.exit_code = Some(code);
                info.exited_at_unix = Some(Utc::now().timestamp());
            }
            ends
        });
    }

    fn output(&self) -> ProcessOutputResponse {
        let state = self.state.borrow();
        let kept = state.output.output();
        ProcessOutputResponse {
            output: shown(&kept.text),
            truncated: kept.truncation.map(Into::into),
            running: state.info.running,
            exit_code: state.info.exit_code,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
