//! The live agent of the development world: a workspace agent in this process, and its reports to the server.
//!
//! It is the agent of whatever build of its workspace is the last one: each is started, reports its script, its
//! metadata and its life, and is reached at the same address.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Weak};
use std::time::Duration;

use agentsdk::Manifest;
use agentsdk::rpc::proto::agent::{ContextResource, PushContextStateRequest};
use tokio::process::Command;
use uuid::Uuid;
use workspacesdk::{AgentConn, HttpAgentConn};

use crate::agent::{Agent, AgentError, ContextReader, ContextWatch};
use crate::agentapi::{self, store_context};
use crate::state::AppState;
use crate::store::workspace_agents::{
    AgentInWorkspace, AgentRow, MetadataRow, ScriptRow, ScriptTimingRow, insert_agent_logs,
};
use crate::workspaces::connection::{HEARTBEAT, note_connected, note_disconnected, note_heartbeat};
use crate::workspaces::hub::AgentChange;

/// The version of the agent's interface to the server.
const API_VERSION: &str = "2.10";
/// How much of what a script says is kept, in bytes.
const OUTPUT_LIMIT: usize = 64 * 1024;
/// Has git use the machine's own `ssh`. It is called as Coder's agents call theirs, by the name `gitssh` and with `--`
/// before what git gives it.
const GIT_SSH: &str = "sh -c 'shift; exec ssh \"$@\"' gitssh --";

/// The agent, and the task that reports for it.
pub(super) struct DevAgent {
    agent: Arc<Agent>,
    reports: tokio::task::JoinHandle<()>,
}

impl DevAgent {
    /// Starts the agent in its directory, and reports that it is there.
    ///
    /// # Errors
    /// When it cannot listen.
    pub(super) async fn start(state: &AppState, token: Uuid, dir: &Path) -> Result<Self, AgentError> {
        let mut builder = Agent::builder(token.to_string()).dir(dir).clock(state.clock.clone());
        let found = state.store.agent_by_token(token).await.ok().flatten();
        let manifest = match &found {
            Some(found) => manifest(state, &found.agent).await,
            None => None,
        };
        builder = builder.env("CODER_AGENT_URL", state.access_url.as_str().trim_end_matches('/'));
        for (name, value) in manifest.iter().flat_map(|manifest| environment(manifest, token)) {
            builder = builder.env(name, value);
        }
        let agent = Arc::new(builder.start().await?);
        let context = agent.context_reader();
        let mut reporter = Reporter {
            state: state.clone(),
            token,
            dir: dir.to_owned(),
            url: agent.url().to_owned(),
            agent: Arc::downgrade(&agent),
            context_changes: context.watch().await,
            context,
            attached: None,
            pushed: None,
        };
        reporter.attach().await;
        let reports = tokio::spawn(reporter.run());
        Ok(Self { agent, reports })
    }

    /// Where the agent listens.
    pub(super) fn url(&self) -> &str {
        self.agent.url()
    }

    /// Stops the agent, with all that it started.
    pub(super) async fn shutdown(self) {
        self.reports.abort();
        // Whatever came of it, it no longer holds the agent.
        let _ = self.reports.await;
        if let Some(agent) = Arc::into_inner(self.agent) {
            agent.shutdown().await;
        }
    }
}

/// What the server tells the agent of itself.
async fn manifest(state: &AppState, row: &AgentRow) -> Option<Manifest> {
    let told = agentapi::manifest(state, row).await.map_err(|error| error.to_string());
    match told.and_then(|told| Manifest::try_from(told).map_err(|error| error.to_string())) {
        Ok(manifest) => Some(manifest),
        Err(error) => {
            tracing::error!(error, "the development agent has no manifest");
            None
        }
    }
}

/// What commands find in their environment: where they run, and what the template adds to that.
fn environment(manifest: &Manifest, token: Uuid) -> Vec<(String, String)> {
    let own = [
        ("CODER", "true".to_owned()),
        ("CODER_WORKSPACE_NAME", manifest.workspace_name.clone()),
        ("CODER_WORKSPACE_AGENT_NAME", manifest.agent_name.clone()),
        ("CODER_WORKSPACE_OWNER_NAME", manifest.owner_name.clone()),
        ("CODER_WORKSPACE_ID", manifest.workspace_id.to_string()),
        ("CODER_AGENT_TOKEN", token.to_string()),
        ("GIT_SSH_COMMAND", GIT_SSH.to_owned()),
        ("CS_DISABLE_GETTING_STARTED_OVERRIDE", "true".to_owned()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    let added = manifest.environment_variables.iter().map(|(name, value)| (name.clone(), value.clone()));
    own.into_iter().chain(added).collect()
}

struct Reporter {
    state: AppState,
    token: Uuid,
    dir: PathBuf,
    url: String,
    agent: Weak<Agent>,
    /// The row that is reported for.
    attached: Option<AgentRow>,
    context: ContextReader,
    context_changes: ContextWatch,
    /// What the server was last told of the context; nothing before the agent is up.
    pushed: Option<Vec<ContextResource>>,
}

impl Reporter {
    /// Follows the workspace's builds, says that the agent lives, and measures.
    async fn run(mut self) {
        let workspace = match &self.attached {
            Some(row) => row.workspace_id,
            None => return,
        };
        let state = self.state.clone();
        let mut changes = state.workspaces.hub.watch_workspace(workspace);
        let mut next_heartbeat = state.clock.now() + HEARTBEAT;
        let mut next_value = state.clock.now() + self.interval().await;
        loop {
            let until = |at: chrono::DateTime<chrono::Utc>| (at - state.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = state.stop.cancelled() => return,
                change = changes.next() => match change {
                    Some(_) => self.attach().await,
                    None => return,
                },
                () = state.clock.sleep(until(next_heartbeat)) => {
                    if let Some(row) = &self.attached {
                        let _ = note_heartbeat(&state, row.id).await;
                    }
                    next_heartbeat = state.clock.now() + HEARTBEAT;
                }
                () = self.context_changes.next() => self.push_context(false).await,
                () = state.clock.sleep(until(next_value)) => {
                    self.measure().await;
                    next_value = state.clock.now() + self.interval().await;
                }
            }
        }
    }

    /// Becomes the agent of the workspace's last build, unless it is that already.
    async fn attach(&mut self) {
        let found = self.state.store.agent_by_token(self.token).await.ok().flatten();
        let now = found.as_ref().map(|found| found.agent.id);
        let before = self.attached.as_ref().map(|row| row.id);
        if now == before {
            return;
        }
        if let Some(before) = before {
            self.state.workspaces.agents.forget(before);
            let _ = note_disconnected(&self.state, before).await;
        }
        // A workspace that is stopped has an agent's row, and nothing that runs.
        let Some(AgentInWorkspace { agent, build, .. }) = found else { return };
        self.attached = Some(agent.clone());
        self.pushed = None;
        if let (Some(manifest), Some(agent)) = (manifest(&self.state, &agent).await, self.agent.upgrade())
            && let Err(error) = agent.set_manifest(&manifest)
        {
            tracing::error!(error = &error as &dyn std::error::Error, "the development agent's manifest was not told");
        }
        if build.transition != "start" {
            return;
        }
        self.pushed = Some(Vec::new());
        self.push_context(true).await;
        if let Err(error) = self.bring_up(&agent).await {
            tracing::error!(error = &error as &dyn std::error::Error, "the development agent could not report");
        }
    }

    /// Tells the server of the context, if that has changed or `initial` says that this row is new.
    async fn push_context(&mut self, initial: bool) {
        let (Some(row), Some(pushed)) = (&self.attached, &self.pushed) else { return };
        let Some(request) = self.context.read().await else { return };
        if !initial && *pushed == request.resources {
            return;
        }
        let (agent, resources) = (row.id, request.resources.clone());
        match store_context(&self.state, agent, PushContextStateRequest { initial, ..request }).await {
            Ok(_) => self.pushed = Some(resources),
            Err(error) => tracing::warn!(%error, "the development agent could not push its context"),
        }
    }

    async fn bring_up(&self, row: &AgentRow) -> sqlx::Result<()> {
        let (state, id) = (&self.state, row.id);
        let (url, token) = (self.url.clone(), self.token.to_string());
        state.workspaces.agents.register(id, move || -> Arc<dyn AgentConn> {
            let conn = HttpAgentConn::builder(url.clone()).session_token(token.clone()).build();
            // The URL and the token come from this process: an address with a port, and a UUID.
            Arc::new(conn.expect("the agent's own URL and token make a connection"))
        });
        let started = state.clock.now();
        state.store.set_agent_lifecycle(id, "starting", Some(started), None).await?;
        note_connected(state, id).await?;
        let dir = self.dir.to_string_lossy();
        state.store.set_agent_startup(id, env!("CARGO_PKG_VERSION"), &dir, &[], API_VERSION).await?;
        let mut failed = false;
        for script in state.store.agent_scripts(&[id]).await? {
            if script.run_on_start {
                failed |= self.run_script(id, &script).await? != 0;
            }
        }
        let ready = state.clock.now();
        let lifecycle = if failed { "start_error" } else { "ready" };
        state.store.set_agent_lifecycle(id, lifecycle, Some(started), Some(ready)).await?;
        self.measure().await;
        state.workspaces.hub.workspace_changed(row.workspace_id);
        Ok(())
    }

    async fn run_script(&self, agent: Uuid, script: &ScriptRow) -> sqlx::Result<i32> {
        let state = &self.state;
        let started_at = state.clock.now();
        let (exit_code, output) = self.shell(&script.script, None).await;
        let ended_at = state.clock.now();
        let lines: Vec<_> = output.lines().map(|line| ("info".to_owned(), line.to_owned())).collect();
        let mut tx = state.store.begin().await?;
        insert_agent_logs(&mut tx, agent, script.log_source_id, &lines, ended_at).await?;
        tx.commit().await?;
        state.workspaces.hub.agent_changed(agent, AgentChange::Logs);
        let timing = ScriptTimingRow {
            script_id: script.id,
            started_at,
            ended_at,
            exit_code,
            stage: "start".to_owned(),
            status: if exit_code == 0 { "ok" } else { "exit_failure" }.to_owned(),
        };
        state.store.insert_script_timing(&timing).await?;
        Ok(exit_code)
    }

    async fn items(&self) -> Vec<MetadataRow> {
        match &self.attached {
            Some(row) => self.state.store.agent_metadata(row.id).await.unwrap_or_default(),
            None => Vec::new(),
        }
    }

    /// How often values are measured: as often as the one that wants it most.
    async fn interval(&self) -> Duration {
        let least = self.items().await.iter().map(|item| item.interval).filter(|seconds| *seconds > 0).min();
        Duration::from_secs(least.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(60))
    }

    async fn measure(&self) {
        for item in self.items().await {
            let timeout = u64::try_from(item.timeout).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
            let (exit_code, output) = self.shell(&item.script, timeout).await;
            let error = if exit_code == 0 { String::new() } else { format!("exit status {exit_code}") };
            let now = self.state.clock.now();
            let agent = item.workspace_agent_id;
            let stored = self.state.store.set_agent_metadata(agent, &item.key, output.trim_end(), &error, now).await;
            if stored.is_ok() {
                self.state.workspaces.hub.agent_changed(agent, AgentChange::Metadata);
            }
        }
    }

    /// Runs a script in the agent's directory; its exit code, or -1, and the beginning of what it said.
    async fn shell(&self, script: &str, timeout: Option<Duration>) -> (i32, String) {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script).current_dir(&self.dir).stdin(Stdio::null()).kill_on_drop(true);
        let run = command.output();
        let done = match timeout {
            Some(limit) => tokio::select! {
                done = run => Some(done),
                () = self.state.clock.sleep(limit) => None,
            },
            None => Some(run.await),
        };
        match done {
            Some(Ok(output)) => {
                let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
                let end = said.floor_char_boundary(OUTPUT_LIMIT);
                said.truncate(end);
                (output.status.code().unwrap_or(-1), said)
            }
            Some(Err(_)) | None => (-1, String::new()),
        }
    }
}
