//! Where agents connect: `GET /api/v2/workspaceagents/me/rpc`.

use std::sync::Arc;

use agentsdk::rpc::{ByteStream, Server, Version};
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::mpsc;

use super::AgentApi;
use super::monitor::watch;
use super::socket::AgentSocket;
use super::tailnet::TailnetApi;
use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::query::QueryValues;
use crate::http::websocket::Upgrade;
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/api/v2/workspaceagents/me/rpc", get(connect))
}

async fn connect(
    State(state): State<AppState>,
    caller: AgentCaller,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let version = match query.get("version").unwrap_or_default() {
        "" => "2.0".to_owned(),
        version => version.to_owned(),
    };
    Version::CURRENT
        .check(&version)
        .map_err(|detail| ApiError::bad_request("Unknown or unsupported API version").field("version", detail))?;
    // Others who hold the agent's token say so: the agent is not connected because they are.
    let moves = matches!(query.get("role").unwrap_or_default(), "" | "agent");
    let upgrade = upgrade?;
    let owner = state.store.user(caller.workspace.owner_id).await?.map(|owner| owner.username).unwrap_or_default();
    Ok(upgrade.serve_bytes(move |socket| async move {
        let (pings, queue) = mpsc::channel(1);
        let agent = AgentApi::new(state.clone(), caller.clone(), owner, version);
        let tailnet = TailnetApi { state: state.clone(), agent: caller.agent.id };
        let served = Server::new()
            .agent(Arc::new(agent))
            .tailnet(Arc::new(tailnet))
            .serve(ByteStream::new(AgentSocket::new(socket, queue)));
        watch(&state, &caller, moves, &served, pings).await;
    }))
}
