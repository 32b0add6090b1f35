//! The processes of an agent, by id.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
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
    /// Where commands run that name no directory, as long as it is one; else in the home directory.
    dir: Option<PathBuf>,
    /// What every process finds in its environment.
    env: BTreeMap<OsString, OsString>,
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
    pub(in crate::agent) fn new(clock: SharedClock, dir: Option<PathBuf>, given: BTreeMap<String, String>) -> Self {
        let own = std::env::vars_os().filter(|(name, _)| !VARIABLES.iter().any(|other| name == other));
        let env = own.chain(given.into_iter().map(|(name, value)| (name.into(), value.into()))).collect();
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
        let workdir = request.workdir.clone().filter(|dir| !dir.is_empty()).unwrap_or_else(|| self.workdir());
        let mut shell = Command::new(&self.shell);
        shell.env_clear().envs(&self.env);
        for (name, value) in request.env.iter().flatten() {
            let (name, value) = variable(name, value)?;
            shell.env(name, &*value);
        }
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

    /// Where a command runs that names no directory.
    fn workdir(&self) -> String {
        let dir = self.dir.clone().filter(|dir| dir.is_dir()).or_else(std::env::home_dir);
        dir.map_or_else(|| "/".to_owned(), |dir| dir.to_string_lossy().into_owned())
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

/// A variable as a process finds it: its name ends at the first `=`, wherever that was written, but for one at its very
/// beginning. So whatever is set later by that name is in its place, and not beside it.
///
/// # Errors
/// When a process could not be told, for people.
fn variable<'a>(name: &'a str, value: &'a str) -> Result<(&'a str, Cow<'a, str>), String> {
    if name.contains('\0') || value.contains('\0') {
        return Err("start process: exec: environment variable contains NUL".to_owned());
    }
    let inner = usize::from(name.starts_with('='));
    Ok(match name[inner..].split_once('=') {
        Some((before, after)) => (&name[..inner + before.len()], format!("{after}={value}").into()),
        None => (name, value.into()),
    })
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

    use uuid::Uuid;

    use super::*;
    use crate::clock::SystemClock;

    fn manager(most: usize) -> Manager {
        let mut manager = Manager::new(Arc::new(SystemClock), Some("/".into()), BTreeMap::new());
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
    async fn ended(manager: &Manager, request: StartProcessRequest, chat: Option<&ChatContext>) -> String {
        let process = manager.start(request, chat).unwrap();
        process.wait().await;
        process.output().output
    }

    #[tokio::test]
    async fn a_name_cannot_hide_a_variable_that_is_set_later() {
        let manager = manager(9);
        let chat = ChatContext { id: Uuid::from_u128(7), ancestors: Vec::new() };
        let env = |name: &str, value: &str| Some([(name.to_owned(), value.to_owned())].into());
        for name in ["CODER_CHAT_ID", "CODER_CHAT_ID=", "CODER_CHAT_ID=x"] {
            let request = StartProcessRequest { env: env(name, "forged"), ..asked("env | grep -a CHAT") };
            assert_eq!(ended(&manager, request, Some(&chat)).await, format!("CODER_CHAT_ID={}\n", chat.id), "{name}");
        }
        let request = StartProcessRequest { env: env("A=b", "c"), ..asked("printf %s \"$A\"") };
        assert_eq!(ended(&manager, request, None).await, "b=c");
        for (name, value) in [("", ""), ("", "x"), ("=A", "x"), ("=", "")] {
            let request = StartProcessRequest { env: env(name, value), ..asked("tr '\\0' '\\n' </proc/$$/environ") };
            let seen = ended(&manager, request, None).await;
            assert!(seen.lines().any(|line| line == format!("{name}={value}")), "{name}={value}: {seen}");
        }
        for (name, value) in [("A\0B", "x"), ("A", "\0")] {
            let request = StartProcessRequest { env: env(name, value), ..asked("true") };
            let refusal = manager.start(request, None).unwrap_err();
            assert_eq!(refusal, "start process: exec: environment variable contains NUL");
        }
        manager.close().await;
    }

    #[tokio::test]
    async fn commands_run_where_they_say_and_else_where_there_is_a_directory() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("work");
        let mut manager = manager(99);
        manager.dir = Some(dir.clone());
        let pwd = |workdir: &str| StartProcessRequest { workdir: Some(workdir.to_owned()), ..asked("pwd -P") };
        let real = |path: &std::path::Path| format!("{}\n", path.canonicalize().unwrap().display());
        assert_eq!(ended(&manager, pwd(""), None).await, real(&std::env::home_dir().unwrap()));
        std::fs::create_dir(&dir).unwrap();
        assert_eq!(ended(&manager, pwd(""), None).await, real(&dir));
        assert_eq!(ended(&manager, pwd("."), None).await, real(".".as_ref()));
        assert_eq!(manager.start(pwd("."), None).unwrap().info().workdir.as_deref(), Some("."));

        let file = root.path().join("file");
        std::fs::write(&file, "").unwrap();
        let shell = manager.shell.display();
        for (workdir, words) in [
            (root.path().join("none").to_str().unwrap(), "no such file or directory"),
            ("~", "no such file or directory"),
            ("some/where", "no such file or directory"),
            (file.to_str().unwrap(), "not a directory"),
            (&"/a".repeat(3000), "file name too long"),
            ("/\0", "invalid argument"),
        ] {
            let refusal = manager.start(pwd(workdir), None).unwrap_err();
            assert_eq!(refusal, format!("start process: fork/exec {shell}: {words}"), "{workdir}");
        }
        for (command, words) in
            [("a\0b".to_owned(), "invalid argument"), ("x".repeat(200_000), "argument list too long")]
        {
            let refusal = manager.start(asked(&command), None).unwrap_err();
            assert_eq!(refusal, format!("start process: fork/exec {shell}: {words}"));
        }
        manager.close().await;
    }
}
