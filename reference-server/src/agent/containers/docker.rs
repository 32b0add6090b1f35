//! Containers of the Docker that this machine has, through its command line; dev containers through `devcontainer`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio::process::Command;

use super::engine::{
    ContainerEngine, ContainerList, DevcontainerConfig, DevcontainerRef, DevcontainerUp, EngineError, UpError,
};
use super::{devcontainer_cli, inspect};
use crate::program::{self, Finished};
use crate::quote::quoted;

/// How much is read of what a command writes, in bytes.
const LIMIT: usize = 64 << 20;
/// How long listing may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(15);

/// Variables that are an agent's own, and of no use to what it makes.
const OWN: [&str; 7] = [
    "CODER_WORKSPACE_AGENT_NAME",
    "CODER_WORKSPACE_AGENT_URL",
    "CODER_AGENT_TOKEN",
    "CODER_AGENT_AUTH",
    "CODER_AGENT_DEVCONTAINERS_ENABLE",
    "CODER_AGENT_DEVCONTAINERS_PROJECT_DISCOVERY_ENABLE",
    "CODER_AGENT_DEVCONTAINERS_DISCOVERY_AUTOSTART_ENABLE",
];

/// Containers of Docker, through the programs `docker` and `devcontainer`, which the user's shell must find.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DockerEngine {
    shell: String,
    dir: Option<PathBuf>,
    env: BTreeMap<String, String>,
}

impl Default for DockerEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl DockerEngine {
    /// The Docker of this machine.
    pub fn new() -> Self {
        Self { shell: login_shell(), dir: None, env: BTreeMap::new() }
    }

    /// Runs the programs in this directory; in that of this process by default.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Gives the programs this variable, over those of this process.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// A program as the user's shell finds it.
    pub(super) fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.shell);
        // The shell takes the arguments as they are, whatever they hold.
        command.args(["-c", "\"$@\"", "", program]).args(arguments);
        command.envs(&self.env);
        OWN.iter().for_each(|name| _ = command.env_remove(name));
        if let Some(dir) = self.dir.as_ref().filter(|dir| dir.is_dir()) {
            command.current_dir(dir);
        }
        command
    }

    async fn docker(&self, arguments: &[&str]) -> Finished {
        program::run(self.command("docker", arguments), LIMIT).await
    }

    async fn on_container(&self, verb: &str, command: &str, container_id: &str) -> Result<(), EngineError> {
        let done = self.docker(&[command, container_id]).await;
        let complaint = done.stderr_text();
        done.outcome.map_err(|reason| failed(&format!("{verb} {container_id}"), &reason, &complaint))
    }
}

/// An error that names its reason before and after what the program complained of.
fn failed(what: &str, reason: &str, complaint: &str) -> EngineError {
    EngineError(format!("{what}: {reason}: {complaint}: {reason}"))
}

/// The shell of this process's user.
fn login_shell() -> String {
    let user = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let shell = entry.filter(|fields| fields.get(2) == Some(&user.as_str())).find_map(|fields| fields.get(6).copied());
    let shell = shell.filter(|shell| !shell.is_empty()).map(str::to_owned);
    shell.or_else(|| std::env::var("SHELL").ok().filter(|shell| !shell.is_empty())).unwrap_or_else(|| "sh".to_owned())
}

#[async_trait]
impl ContainerEngine for DockerEngine {
    async fn list(&self) -> Result<ContainerList, EngineError> {
        let deadline = tokio::time::Instant::now() + LIST_TIMEOUT;
        let listed = tokio::time::timeout_at(deadline, self.docker(&["ps", "--all", "--quiet", "--no-trunc"])).await;
        let killed = |_| failed("run docker ps", "signal: killed", &quoted(""));
        let listed = listed.map_err(killed)?;
        let complaint = listed.stderr_text();
        listed.outcome.as_ref().map_err(|reason| failed("run docker ps", reason, &quoted(&complaint)))?;
        let mut list = ContainerList::default();
        list.warnings.extend(Some(complaint).filter(|complaint| !complaint.is_empty()));
        let ids = listed.stdout_text();
        let ids: Vec<&str> = ids.lines().map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return Ok(list);
        }
        let arguments = [&["inspect"], ids.as_slice()].concat();
        let described = self.docker(&arguments);
        let late = |_| failed("run docker inspect", "context deadline exceeded", "");
        let described = tokio::time::timeout_at(deadline, described).await.map_err(late)?;
        let complaint = described.stderr_text();
        // One that was removed in between is missing from the answer; the rest stands.
        if let Err(reason) = &described.outcome
            && !complaint.contains("No such object:")
        {
            return Err(failed("run docker inspect", reason, &complaint));
        }
        list.warnings.extend(Some(complaint).filter(|complaint| !complaint.is_empty()));
        let read = inspect::read(&described.stdout);
        let read = read.map_err(|error| EngineError(format!("convert docker inspect output: {error}")))?;
        list.containers = read.containers;
        list.warnings.extend(read.warnings);
        Ok(list)
    }

    async fn stop(&self, container_id: &str) -> Result<(), EngineError> {
        self.on_container("stop", "stop", container_id).await
    }

    async fn remove(&self, container_id: &str) -> Result<(), EngineError> {
        self.on_container("remove", "rm", container_id).await
    }

    async fn up(&self, request: &DevcontainerUp) -> Result<String, UpError> {
        devcontainer_cli::up(self, request, LIMIT).await
    }

    async fn read_config(
        &self,
        devcontainer: &DevcontainerRef,
        env: &[String],
    ) -> Result<DevcontainerConfig, EngineError> {
        devcontainer_cli::read_config(self, devcontainer, env, LIMIT).await.map_err(EngineError)
    }
}
