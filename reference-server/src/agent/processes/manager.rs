//! The processes of an agent, by id.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::Signal;
use tokio::process::Command;
use workspacesdk::processes::{ProcessInfo, StartProcessRequest, listed};

use super::process::Process;
use crate::agent::chat_context::ChatContext;
use crate::agent::context::VARIABLES;
use crate::clock::SharedClock;

/// How long a process is remembered after its end, in seconds.
const REMEMBERED: i64 = 5 * 60;

/// How many processes there can be; those that have ended make room.
const MOST: usize = 1_000;

/// Starts processes, remembers them, and ends them with the agent.
#[derive(Debug)]
pub(in crate::agent) struct Manager {
    clock: SharedClock,
    shell: PathBuf,
    /// Where commands run that name no directory.
    dir: String,
    /// What every process finds in its environment.
    env: BTreeMap<String, String>,
    /// How many processes there can be.
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    processes: HashMap<String, Arc<Process>>,
    /// The second in which what is too old was last forgotten.
    swept: i64,
    closed: bool,
}

impl State {
    /// Forgets the process that ended first, and says whether there was one.
    fn forget_first_ended(&mut self) -> bool {
        let ended = self.processes.values().filter_map(|process| Some((process.ended()?.at, &process.id)));
        let first = ended.min().map(|(_, id)| id.clone());
        first.is_some_and(|id| self.processes.remove(&id).is_some())
    }
}

impl Manager {
    /// Processes find `given` in their environment, over what the agent's own has.
    pub(in crate::agent) fn new(clock: SharedClock, dir: String, given: BTreeMap<String, String>) -> Self {
        // A variable that is not UTF-8 is none that a JSON API could name.
        let own =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let own = own.filter(|(name, _)| !VARIABLES.contains(&name.as_str()));
        let env = own.chain(given).collect();
        Self { clock, shell: shell(), dir, env, most: MOST, state: Mutex::default() }
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
        if state.processes.len() >= self.most && !state.forget_first_ended() {
            return Err(format!("start process: {} processes run already; end some", self.most));
        }
        let workdir = request.workdir.clone().filter(|dir| !dir.is_empty()).unwrap_or_else(|| self.dir.clone());
        let mut shell = Command::new(&self.shell);
        shell.env_clear().envs(&self.env).envs(request.env.iter().flatten());
        if let Some(chat) = chat {
            shell.env("CODER_CHAT_ID", chat.id.to_string());
        }
        let process = Process::start(shell, request, workdir, chat.map(|chat| chat.id), &self.clock)?;
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

    fn forget_old(&self) {
        let now = self.clock.now().timestamp();
        let mut state = self.state();
        if state.swept != now {
            state.swept = now;
            state.processes.retain(|_, process| process.ended().is_none_or(|ended| now - ended.at <= REMEMBERED));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shell that the agent's own `PATH` leads to, whatever that of a command is. Known by its path, it is started
/// without a copy of the agent's memory map, which a look through a command's `PATH` takes.
fn shell() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).filter(|dir| dir.is_absolute()).map(|dir| dir.join("sh"));
    found.find(|shell| shell.is_file()).unwrap_or_else(|| PathBuf::from("/bin/sh"))
}

impl Drop for Manager {
    fn drop(&mut self) {
        for process in self.state().processes.values() {
            // One that cannot be killed has ended.
            let _ = process.signal(Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;

    fn manager(most: usize) -> Manager {
        let mut manager = Manager::new(Arc::new(SystemClock), "/".to_owned(), BTreeMap::new());
        manager.most = most;
        manager
    }

    fn asked(command: &str) -> StartProcessRequest {
        StartProcessRequest { command: command.to_owned(), ..StartProcessRequest::default() }
    }

    #[tokio::test]
    async fn processes_that_have_ended_make_room_and_those_that_run_do_not() {
        let manager = manager(2);
        let first = manager.start(asked("true"), None).unwrap();
        first.wait().await;
        let running = manager.start(asked("sleep 1000"), None).unwrap();
        manager.start(asked("sleep 1000"), None).unwrap();
        assert!(manager.get(&first.id, None).is_none() && manager.get(&running.id, None).is_some());
        let refusal = manager.start(asked("true"), None).unwrap_err();
        assert_eq!(refusal, "start process: 2 processes run already; end some");
        manager.close().await;
    }

    #[tokio::test]
    async fn the_shell_is_the_agents_and_calls_itself_sh() {
        let manager = manager(1);
        let env = [("PATH".to_owned(), "/nowhere".to_owned())].into();
        let request = StartProcessRequest { env: Some(env), ..asked("echo $0 $PATH") };
        let process = manager.start(request, None).unwrap();
        process.wait().await;
        assert_eq!(process.output().output, "sh /nowhere\n");
    }
}
