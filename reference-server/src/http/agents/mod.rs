//! Workspace agents as those who may read their workspace see them.

mod containers;
mod logs;
mod metadata;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use codersdk::{
    DerpHomeParams, DerpMap, DerpNode, DerpRegion, Nullable, WorkspaceAgent, WorkspaceAgentListeningPortsResponse,
};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};
use uuid::Uuid;
use workspacesdk::AgentConn;

use super::auth::{Caller, authenticate};
use super::error::ApiError;
use super::extract::path_uuid;
use super::query::{QueryParser, QueryValues};
use super::workspaces::path_text;
use crate::quote::quoted;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::workspace_agents::AgentInWorkspace;
use crate::workspaces::connection::connection_status;
use crate::workspaces::objects::workspace_object;
use crate::workspaces::view;

const NO_AGENT: &str = "Agent doesn't exist with that id, or you do not have access to it.";
const NO_KEY: &str = "API key or external proxy authentication required, but none provided";

pub(crate) fn router() -> Router<AppState> {
    let devcontainer = "/api/v2/workspaceagents/{agent}/containers/devcontainers/{devcontainer}";
    Router::new()
        .route("/api/v2/workspaceagents/{agent}", get(get_agent))
        .route("/api/v2/workspaceagents/{agent}/logs", get(logs::agent_logs))
        .route("/api/v2/workspaceagents/{agent}/startup-logs", get(logs::agent_logs))
        .route("/api/v2/workspaceagents/{agent}/watch-metadata", get(metadata::watch_events))
        .route("/api/v2/workspaceagents/{agent}/watch-metadata-ws", get(metadata::watch_socket))
        .route("/api/v2/workspaceagents/{agent}/listening-ports", get(listening_ports))
        .route("/api/v2/workspaceagents/{agent}/connection", get(connection))
        .route("/api/v2/workspaceagents/connection", get(generic_connection))
        .route("/api/v2/workspaceagents/{agent}/containers", get(containers::list))
        .route("/api/v2/workspaceagents/{agent}/containers/watch", get(containers::watch))
        .route(devcontainer, delete(containers::delete_devcontainer))
        .route(&format!("{devcontainer}/recreate"), post(containers::recreate_devcontainer))
        .route("/api/v2/workspaceagents/{agent}/pty", get(terminal))
        .route("/api/v2/workspaceagents/{agent}/{*path}", any(unknown_below))
}

/// The agent of the path parameter `agent`, of a workspace which the caller may read. Retired agents are no more.
#[derive(Debug)]
pub(crate) struct AgentParam {
    pub(crate) caller: Caller,
    pub(crate) found: AgentInWorkspace,
}

impl FromRequestParts<AppState> for AgentParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = signed_in(parts, state).await?;
        let id = path_uuid(&path_text(parts, state, "agent").await?)?;
        let missing = || ApiError::new(StatusCode::NOT_FOUND, NO_AGENT);
        let found = state.store.current_agent(id).await?.ok_or_else(missing)?;
        if !caller.can(Action::Read, &workspace_object(&found.workspace)) {
            return Err(missing());
        }
        Ok(Self { caller, found })
    }
}

async fn signed_in(parts: &Parts, state: &AppState) -> Result<Caller, ApiError> {
    // Proxies of workspaces may ask here, too, so that the refusal names both.
    authenticate(parts, state).await.map_err(|error| match error.status() {
        StatusCode::UNAUTHORIZED => ApiError::unauthorized(NO_KEY),
        _ => error,
    })
}

async fn get_agent(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
) -> Result<Json<WorkspaceAgent>, ApiError> {
    Ok(Json(view::one_agent(&state, found.agent).await?))
}

/// A connection to the agent.
///
/// # Errors
/// 400 unless the agent is connected, 500 if nobody knows where it is.
fn dial(state: &AppState, found: &AgentInWorkspace) -> Result<Arc<dyn AgentConn>, ApiError> {
    let status = connection_status(&found.agent, state.clock.now()).status;
    if status != "connected" {
        let message = format!("Agent state is {}, it must be in the \"connected\" state.", quoted(status));
        return Err(ApiError::bad_request(message));
    }
    let failed = "Internal error dialing workspace agent.";
    let dialed = state.workspaces.agents.dial(found.agent.id);
    dialed.map_err(|error| ApiError::internal(failed, &error).detail(error.to_string()))
}

/// Ports below this are the system's.
const FIRST_PORT: u16 = 9;
/// Ports of services that are no web pages.
const NO_WEB_PORTS: &[u16] = &[
    9, 20, 21, 22, 23, 25, 53, 110, 123, 143, 389, 445, 465, 587, 636, 989, 990, 993, 995, 1433, 1521, 3306, 3389,
    5432, 5900, 6379, 8432, 9200, 9300, 11211, 27017,
];

async fn listening_ports(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
) -> Result<Json<WorkspaceAgentListeningPortsResponse>, ApiError> {
    let conn = dial(&state, &found)?;
    let failed = "Internal error fetching listening ports.";
    let mut answer =
        conn.listening_ports().await.map_err(|error| ApiError::internal(failed, &error).detail(error.to_string()))?;
    let apps = state.store.apps(&[found.agent.id]).await?;
    let of_apps: Vec<u16> = apps.iter().filter_map(|app| url::Url::parse(&app.url).ok()?.port()).collect();
    answer
        .ports
        .retain(|port| port.port >= FIRST_PORT && !of_apps.contains(&port.port) && !NO_WEB_PORTS.contains(&port.port));
    Ok(Json(answer))
}

async fn connection(State(state): State<AppState>, _: AgentParam) -> Json<Value> {
    Json(connection_info(&state))
}

/// Somebody who is signed in, whoever it is.
#[derive(Debug)]
struct SignedIn;

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        signed_in(parts, state).await.map(|_| Self)
    }
}

async fn generic_connection(State(state): State<AppState>, _: SignedIn) -> Json<Value> {
    Json(connection_info(&state))
}

fn connection_info(state: &AppState) -> Value {
    json!({
        "derp_map": derp_map(state),
        "derp_force_websockets": false,
        "disable_direct_connections": false,
        "hostname_suffix": "coder",
    })
}

/// The one region that clients are told of: where the server itself is.
fn derp_map(state: &AppState) -> DerpMap {
    const REGION: i64 = 999;
    let url = &state.access_url;
    let node = DerpNode {
        name: format!("{REGION}b"),
        region_id: REGION,
        host_name: url.host_str().unwrap_or_default().to_owned(),
        stun_port: -1,
        derp_port: i64::from(url.port_or_known_default().unwrap_or_default()),
        force_http: url.scheme() == "http",
        ..DerpNode::default()
    };
    let region = DerpRegion {
        embedded_relay: true,
        region_id: REGION,
        region_code: "coder".to_owned(),
        region_name: "Coder Embedded Relay".to_owned(),
        nodes: Nullable::from(vec![Some(node)]),
        ..DerpRegion::default()
    };
    let regions = BTreeMap::from([(REGION, Some(region))]);
    // Clients written in Go fail without parameters, even empty ones.
    DerpMap { home_params: Some(DerpHomeParams::default()), regions: Nullable::from(regions), ..DerpMap::default() }
}

/// A terminal is hidden from everybody who may not get into the workspace. Agents here offer none.
async fn terminal(
    State(state): State<AppState>,
    param: Result<AgentParam, ApiError>,
    query: QueryValues,
) -> Result<(), ApiError> {
    let AgentParam { caller, found } = param.map_err(|_| ApiError::not_found())?;
    caller.authorize(Action::ApplicationConnect, &workspace_object(&found.workspace))?;
    let mut parser = QueryParser::new().required_not_empty(&["reconnect"]);
    parser.uuid(&query, Uuid::nil(), "reconnect");
    let errors = parser.into_errors();
    if !errors.is_empty() {
        return Err(ApiError::bad_request("Invalid query parameters.").validations(errors));
    }
    dial(&state, &found)?;
    Err(ApiError::new(StatusCode::NOT_IMPLEMENTED, "Agents of this server offer no terminal."))
}

async fn unknown_below(_: AgentParam) -> ApiError {
    ApiError::route_not_found()
}
