//! The routes on context.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use workspacesdk::context::{ContextConfigResponse, ContextSnapshot, ContextSource};

use super::Context;
use crate::agent::AgentState;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::quote::quoted;

pub(in crate::agent) fn router() -> Router<AgentState> {
    Router::new()
        .route("/api/v0/context-config", get(context_config))
        .route("/api/v0/context-config/", get(context_config))
        .route("/api/v0/context/sources", get(list).post(add))
        .route("/api/v0/context/sources/", get(list).post(add))
        .route("/api/v0/context/sources/{path}", get(one).delete(remove))
        .route("/api/v0/context/resync", post(resync))
}

async fn context_config(State(agent): State<AgentState>) -> Result<Json<ContextConfigResponse>, ApiError> {
    let parts = reading(&agent, Context::parts).await?;
    Ok(Json(ContextConfigResponse { parts: parts.into() }))
}

async fn list(State(agent): State<AgentState>) -> Json<Vec<ContextSource>> {
    Json(agent.context.sources())
}

async fn add(
    State(agent): State<AgentState>,
    GoJson(source): GoJson<ContextSource>,
) -> Result<(StatusCode, Json<ContextSource>), ApiError> {
    let refused = |detail: String| ApiError::bad_request("Could not add context source.").detail(detail);
    let source = reading(&agent, move |context| context.add_source(&source.path)).await?.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(source)))
}

async fn one(State(agent): State<AgentState>, Path(path): Path<String>) -> Result<Json<ContextSource>, ApiError> {
    let unknown = || not_found().detail(format!("No source registered for path {}.", quoted(&path)));
    agent.context.source(&path).map(Json).ok_or_else(unknown)
}

async fn remove(State(agent): State<AgentState>, Path(path): Path<String>) -> Result<StatusCode, ApiError> {
    if !agent.context.remove_source(&path) {
        return Err(not_found().detail("source not found"));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn resync(State(agent): State<AgentState>) -> Result<Json<ContextSnapshot>, ApiError> {
    let servers = agent.mcp.statuses();
    reading(&agent, move |context| context.resync(servers)).await.map(Json)
}

fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Context source not found.")
}

/// Reads files away from the threads that serve requests.
async fn reading<T: Send + 'static>(
    agent: &AgentState,
    read: impl FnOnce(&Context) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let context = agent.context.clone();
    tokio::task::spawn_blocking(move || read(&context))
        .await
        .map_err(|error| ApiError::internal("The context could not be read.", &error))
}
