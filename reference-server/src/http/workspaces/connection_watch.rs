//! Following how far a workspace's build and its agent are, for those who wait to connect to it.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;
use workspacesdk::connection::{AgentUpdate, BuildUpdate, ConnectionWatchEvent, WatchError, WatchErrorCode};

use super::{WorkspaceParam, readable};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, UNEXPECTED_DATA, Upgrade};
use crate::state::AppState;
use crate::store::workspaces::BuildRow;

/// Why the socket is closed after an error.
const AFTER_ERROR: &str = "error";

pub(super) async fn watch_connection(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(workspace): WorkspaceParam,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade?;
    let agent_name = query.get("agent_name").unwrap_or_default().to_owned();
    let watch = Watch { state: state.clone(), caller, workspace: workspace.id, agent_name, told: Told::default() };
    Ok(upgrade.serve(&state, move |socket| watch.run(socket)))
}

struct Watch {
    state: AppState,
    caller: Caller,
    workspace: Uuid,
    /// Empty for the workspace's only agent.
    agent_name: String,
    told: Told,
}

/// What the client knows.
#[derive(Default)]
struct Told {
    build: Option<(i32, BuildUpdate)>,
    agent: Option<AgentUpdate>,
}

impl Watch {
    /// Tells what there is now and whatever changes, until there is nothing that could.
    async fn run(mut self, mut socket: Socket) {
        let mut changes = self.state.workspaces.hub.watch_workspace(self.workspace);
        loop {
            let mut events = Vec::new();
            let looked = self.look(&mut events).await;
            // A store that closes with the server is no failure of its own.
            if self.state.stop.is_cancelled() {
                return stopped(socket).await;
            }
            let over = looked.is_err();
            events.extend(looked.err().map(|error| ConnectionWatchEvent { error: Some(error), ..Default::default() }));
            for event in events {
                if socket.send(serde_json::to_string(&event).unwrap_or_default()).await.is_err() {
                    return;
                }
            }
            if over {
                return socket.close(1000, AFTER_ERROR).await;
            }
            tokio::select! {
                incoming = socket.next() => match incoming {
                    Incoming::Data(_) | Incoming::Binary(_) => return socket.close(1008, UNEXPECTED_DATA).await,
                    Incoming::Gone => return,
                    Incoming::Stopped => return stopped(socket).await,
                },
                change = changes.next() => if change.is_none() { return stopped(socket).await },
            }
        }
    }

    /// Adds to `events` what the client does not know yet.
    async fn look(&mut self, events: &mut Vec<ConnectionWatchEvent>) -> Result<(), WatchError> {
        let (build, update) = self.build().await?;
        let told = Some((build.build_number, update.clone()));
        if self.told.build != told {
            self.told = Told { build: told, agent: None };
            events.push(ConnectionWatchEvent { build_update: Some(update.clone()), ..Default::default() });
        }
        if update.transition.as_str() != "start" || update.job_status.as_str() != "succeeded" {
            return Ok(());
        }
        let agent = Some(self.agent(build.id).await?);
        if self.told.agent != agent {
            self.told.agent.clone_from(&agent);
            events.push(ConnectionWatchEvent { agent_update: agent, ..Default::default() });
        }
        Ok(())
    }

    /// The last build, as long as the caller may read the workspace.
    async fn build(&self) -> Result<(BuildRow, BuildUpdate), WatchError> {
        let failed = |retryable, details: &str| database(retryable, "failed to fetch latest workspace build", details);
        let missing = || failed(false, "sql: no rows in result set");
        let workspace = readable(&self.state, &self.caller, self.workspace).await;
        if workspace.map_err(|_| failed(false, "unauthorized"))?.deleted {
            return Err(missing());
        }
        let store = &self.state.store;
        let build = store.latest_build(self.workspace).await.map_err(|error| failed(true, &error.to_string()))?;
        let build = build.ok_or_else(missing)?;
        let job = store.job(build.job_id).await.map_err(|error| failed(true, &error.to_string()))?;
        let job_status = job.ok_or_else(missing)?.status().into();
        let update = BuildUpdate { transition: build.transition.as_str().into(), job_status };
        Ok((build, update))
    }

    /// The agent that is asked for.
    async fn agent(&self, build: Uuid) -> Result<AgentUpdate, WatchError> {
        let refused = |code, message: &str| WatchError { code, message: message.to_owned(), ..WatchError::default() };
        let agents = self.state.store.agents_of_build(build).await;
        let agents = agents.map_err(|error| database(true, "failed to fetch workspace agents", &error.to_string()))?;
        let found = match &agents[..] {
            [] => return Err(refused(WatchErrorCode::NO_AGENTS, "no agents found for workspace")),
            [only] if self.agent_name.is_empty() => Some(only),
            _ if self.agent_name.is_empty() => {
                let message = "more than one agent on workspace and target not specified";
                return Err(refused(WatchErrorCode::TOO_MANY_AGENTS, message));
            }
            several => several.iter().find(|agent| agent.name == self.agent_name),
        };
        let agent = found.ok_or_else(|| refused(WatchErrorCode::NAME_NOT_FOUND, "target agent not found by name"))?;
        Ok(AgentUpdate { lifecycle: agent.lifecycle_state.as_str().into(), id: agent.id })
    }
}

fn database(retryable: bool, message: &str, details: &str) -> WatchError {
    WatchError { code: WatchErrorCode::DATABASE, retryable, message: message.to_owned(), details: details.to_owned() }
}

/// Tells a client that waits that another watch may succeed, elsewhere or later.
async fn stopped(mut socket: Socket) {
    let error = WatchError {
        code: WatchErrorCode::SERVER_SHUTDOWN,
        retryable: true,
        message: "server is shutting down".to_owned(),
        ..WatchError::default()
    };
    let event = ConnectionWatchEvent { error: Some(error), ..ConnectionWatchEvent::default() };
    if socket.send(serde_json::to_string(&event).unwrap_or_default()).await.is_ok() {
        socket.close(1000, AFTER_ERROR).await;
    }
}
