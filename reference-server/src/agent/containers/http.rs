//! The routes below `/api/v0/containers`.

use axum::extract::{Path, State};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use codersdk::{Response as Message, WorkspaceAgentListContainersResponse};
use http::StatusCode;

use super::manager::{Manager, Refusal};
use crate::agent::AgentState;
use crate::http::error::ApiError;
use crate::http::websocket::{Socket, UNEXPECTED_DATA, Upgrade};
use crate::quote::quoted;

pub(in crate::agent) fn router(enabled: bool) -> Router<AgentState> {
    if !enabled {
        return Router::new().route("/api/v0/containers", any(disabled));
    }
    Router::new()
        .route("/api/v0/containers", get(list))
        .route("/api/v0/containers/", get(list))
        .route("/api/v0/containers/watch", get(watch))
        .route("/api/v0/containers/devcontainers/{id}/recreate", post(recreate))
        .route("/api/v0/containers/devcontainers/{id}", delete(remove))
        .route("/api/v0/containers/devcontainers/{id}/", delete(remove))
}

async fn disabled() -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "Dev Container feature not enabled.")
        .detail("To enable this feature, set CODER_AGENT_DEVCONTAINERS_ENABLE=true in your template.")
}

/// The containers, which are there wherever these routes are; waits until they were listed once.
async fn ready(agent: &AgentState) -> Result<&Manager, ApiError> {
    let manager = agent.containers.as_ref().ok_or_else(closed)?;
    manager.changes().await.ok_or_else(closed)?;
    Ok(manager)
}

fn closed() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "API closed")
        .detail("The API is closed and cannot process requests.")
}

async fn list(State(agent): State<AgentState>) -> Result<Json<WorkspaceAgentListContainersResponse>, ApiError> {
    let listed = ready(&agent).await?.list();
    listed
        .map(Json)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Could not get containers").detail(error))
}

async fn watch(
    State(agent): State<AgentState>,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<axum::response::Response, ApiError> {
    ready(&agent).await?;
    Ok(upgrade?.serve(&agent.clone(), move |socket| follow(agent, socket)))
}

/// Sends the containers, and again whenever they change.
async fn follow(agent: AgentState, mut socket: Socket) {
    let Some(manager) = &agent.containers else { return };
    let Some(mut changes) = manager.changes().await else { return };
    changes.mark_changed();
    loop {
        tokio::select! {
            code = socket.closing() => return socket.close(code, UNEXPECTED_DATA).await,
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
        let Ok(list) = manager.list() else { continue };
        let Ok(text) = serde_json::to_string(&list) else { continue };
        if socket.send(text + "\n").await.is_err() {
            return;
        }
    }
}

async fn recreate(
    State(agent): State<AgentState>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    let name = ready(&agent).await?.recreate(&id).map_err(|refusal| answer(refusal, &id, "recreate", "restarted"))?;
    let message = Message {
        message: "Devcontainer recreation initiated".to_owned(),
        detail: Some(format!("Recreation process for devcontainer {} has started.", quoted(&name))),
        ..Message::default()
    };
    Ok((StatusCode::ACCEPTED, Json(message)))
}

async fn remove(State(agent): State<AgentState>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    let deleted = ready(&agent).await?.delete(&id).await;
    deleted.map_err(|refusal| answer(refusal, &id, "delete", "deleted"))?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(refusal: Refusal, id: &str, verb: &str, participle: &str) -> ApiError {
    match refusal {
        Refusal::NotFound => ApiError::new(StatusCode::NOT_FOUND, "Devcontainer not found.")
            .detail(format!("Could not find devcontainer with ID: {}", quoted(id))),
        Refusal::Busy(one) => {
            ApiError::conflict(format!("Unable to {verb} transitioning devcontainer")).detail(format!(
                "Devcontainer {} is currently {} and cannot be {participle}.",
                quoted(&one.name),
                one.status.as_str()
            ))
        }
        Refusal::Failed { step, reason } => {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("An error occurred {step}")).detail(reason)
        }
        Refusal::Closed => closed(),
    }
}
