//! The processes of an agent, by id.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::Signal;
use uuid::Uuid;
use workspacesdk::processes::{ProcessInfo, StartProcessRequest, listed};

use super::process::Process;
use crate::agent::chat_context::ChatContext;
use crate::agent::context::VARIABLES;
use crate::clock::SharedClock;

/// How long a process is remembered after its end, in seconds.
const REMEMBERED: i64 = 5 * 60;

/// How many processes there can be, with those that are remembered.
const MOST: usize = 1_000;

/// Starts processes, remembers them, and ends them with the agent.
#[derive(Debug)]
pub(in crate::agent) struct Manager {
    clock: SharedClock,
    /// Where commands run that name no directory.
    dir: String,
    /// What every process finds in its environment, over the agent's own.
    env: BTreeMap<String, String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    processes: HashMap<String, Arc<Process>>,
    closed: bool,
}

impl Manager {
    pub(in crate::agent) fn new(clock: SharedClock, dir: String, env: BTreeMap<String, String>) -> Self {
        Self { clock, dir, env, state: Mutex::default() }
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Starts a command.
    ///
    /// # Errors
    /// What went wrong, for people.
    pub(super) fn start(
        &self,
        request: StartProcessRequest,
        chat: Option<&ChatContext>,
    ) -> Result<Arc<Process>, String> {
        self.forget_old();
        let mut state = self.state();
        if state.closed {
            return Err("manager is closed".to_owned());
        }
        if state.processes.len() >= MOST {
            return Err(format!("start process: there are {MOST} processes; end some, or wait for old ones to go"));
        }
        let workdir = request.workdir.clone().filter(|dir| !dir.is_empty()).unwrap_or_else(|| self.dir.clone());
        let env = self.environment(&request, chat.map(|chat| chat.id));
        let process = Process::start(request, workdir, env, chat.map(|chat| chat.id), &self.clock)?;
        state.processes.insert(process.id.clone(), process.clone());
        Ok(process)
    }

    /// The process with this id that this chat may know of: its own, or one of no chat.
    pub(super) fn get(&self, id: &str, chat: Option<&ChatContext>) -> Option<Arc<Process>> {
        let process = self.state().processes.get(id).cloned()?;
        let foreign = matches!((process.chat, chat), (Some(owner), Some(chat)) if owner != chat.id);
        (!foreign).then_some(process)
    }

    /// The processes of this chat, or of all without one, as they are listed.
    pub(super) fn list(&self, chat: Option<&ChatContext>) -> Vec<ProcessInfo> {
        self.forget_old();
        let state = self.state();
        let wanted = state.processes.values().filter(|process| chat.is_none_or(|chat| process.chat == Some(chat.id)));
        let infos = wanted.map(|process| process.info()).collect();
        drop(state);
        listed(infos)
    }

    /// Kills every process with all that it started, and starts no more.
    pub(in crate::agent) async fn close(&self) {
        let processes: Vec<_> = {
            let mut state = self.state();
            state.closed = true;
            state.processes.values().cloned().collect()
        };
        for process in &processes {
            // One that cannot be killed has ended.
            let _ = process.signal(Signal::KILL);
        }
        for process in processes {
            process.wait().await;
        }
    }

    fn environment(&self, request: &StartProcessRequest, chat: Option<Uuid>) -> Vec<(String, String)> {
        // A variable that is not UTF-8 is none that a JSON API could name.
        let own =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let own = own.filter(|(name, _)| !VARIABLES.contains(&name.as_str()));
        let given = self.env.iter().chain(request.env.iter().flatten());
        let chat = chat.map(|chat| ("CODER_CHAT_ID".to_owned(), chat.to_string()));
        own.chain(given.map(|(name, value)| (name.clone(), value.clone()))).chain(chat).collect()
    }

    fn forget_old(&self) {
        let now = self.clock.now().timestamp();
        self.state().processes.retain(|_, process| process.ended().is_none_or(|ended| now - ended.at <= REMEMBERED));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        for process in self.state().processes.values() {
            // One that cannot be killed has ended.
            let _ = process.signal(Signal::KILL);
        }
    }
}
