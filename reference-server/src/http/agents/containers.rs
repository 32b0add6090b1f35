//! The containers that an agent sees.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use codersdk::WorkspaceAgentListContainersResponse;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use uuid::Uuid;

use super::{AgentParam, dial};
use crate::http::error::ApiError;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, Upgrade};
use crate::rbac::Action;
use crate::state::AppState;
use crate::workspaces::objects::workspace_object;

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Passes on what an agent refused; what is no answer of the agent's is the server's fault.
fn passed_on(error: &codersdk::Error, message: &'static str) -> ApiError {
    let status = error.status().and_then(|status| StatusCode::from_u16(status).ok());
    match status {
        Some(status) => ApiError::new(status, error.message()).detail(error.detail().unwrap_or_default()),
        None => ApiError::internal(message, error).detail(error.to_string()),
    }
}

async fn in_time<T>(
    state: &AppState,
    late: &'static str,
    failed: &'static str,
    call: impl Future<Output = codersdk::Result<T>>,
) -> Result<T, ApiError> {
    tokio::select! {
        answer = call => answer.map_err(|error| passed_on(&error, failed)),
        () = state.clock.sleep(PATIENCE) => {
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, late).detail("Request timed out."))
        }
    }
}

pub(super) async fn list(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
    query: QueryValues,
) -> Result<Json<WorkspaceAgentListContainersResponse>, ApiError> {
    let mut labels = BTreeMap::new();
    for label in query.all("label") {
        let [key, value] = label.split('=').collect::<Vec<_>>()[..] else {
            return Err(ApiError::bad_request("Invalid label format").detail("Labels must be in the format key=value"));
        };
        labels.insert(key.to_owned(), value.to_owned());
    }
    let conn = dial(&state, &found)?;
    let late = "Failed to fetch containers from agent.";
    let mut answer = in_time(&state, late, "Internal error fetching containers.", conn.list_containers()).await?;
    if !labels.is_empty() {
        let wanted = |found: &BTreeMap<String, String>| labels.iter().all(|(key, value)| found.get(key) == Some(value));
        answer.containers.retain(|container| wanted(&container.labels));
    }
    Ok(Json(answer))
}

pub(super) async fn recreate_devcontainer(
    State(state): State<AppState>,
    AgentParam { caller, found }: AgentParam,
    Path(params): Path<HashMap<String, String>>,
) -> Result<(StatusCode, Json<codersdk::Response>), ApiError> {
    caller.authorize_or_forbid(Action::Update, &workspace_object(&found.workspace))?;
    let conn = dial(&state, &found)?;
    let id = params.get("devcontainer").map(String::as_str).unwrap_or_default();
    let (late, failed) = ("Failed to recreate devcontainer from agent.", "Internal error recreating devcontainer.");
    let answer = in_time(&state, late, failed, conn.recreate_devcontainer(id)).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

pub(super) async fn delete_devcontainer(
    State(state): State<AppState>,
    AgentParam { caller, found }: AgentParam,
    Path(params): Path<HashMap<String, String>>,
) -> Result<StatusCode, ApiError> {
    caller.authorize_or_forbid(Action::Update, &workspace_object(&found.workspace))?;
    let conn = dial(&state, &found)?;
    let id = params.get("devcontainer").map(String::as_str).unwrap_or_default();
    let (late, failed) = ("Failed to delete devcontainer from agent.", "Internal error deleting devcontainer.");
    in_time(&state, late, failed, conn.delete_devcontainer(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn watch(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let conn = dial(&state, &found)?;
    let upgrade = upgrade?;
    let (late, failed) = ("Failed to watch containers of agent.", "Internal error watching workspace containers.");
    let lists = in_time(&state, late, failed, conn.watch_containers()).await?;
    let agent = found.agent.id;
    Ok(upgrade.serve(&state, move |socket| follow(socket, lists, agent)))
}

/// Passes lists on until either side ends. Ending drops the connection to the agent, so that it does not count as use.
async fn follow(
    mut socket: Socket,
    mut lists: impl Stream<Item = codersdk::Result<WorkspaceAgentListContainersResponse>> + Unpin,
    agent: Uuid,
) {
    loop {
        tokio::select! {
            incoming = socket.next() => match incoming {
                Incoming::Data(_) | Incoming::Binary(_) => return socket.close(1008, "unexpected data message").await,
                Incoming::Gone => return,
                Incoming::Stopped => return socket.close(1001, "").await,
            },
            list = lists.next() => match list {
                Some(Ok(list)) => {
                    if socket.send(serde_json::to_string(&list).unwrap_or_default()).await.is_err() {
                        return;
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%agent, error = &error as &dyn std::error::Error, "watching containers ended");
                    return socket.close(1001, "").await;
                }
                None => return socket.close(1001, "").await,
            },
        }
    }
}
