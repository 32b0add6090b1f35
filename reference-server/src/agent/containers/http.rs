//! The routes below `/api/v0/containers`.

use axum::extract::ws::close_code;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use codersdk::{Response as Message, WorkspaceAgentListContainersResponse};
use http::StatusCode;

use super::manager::{Manager, Refusal};
use crate::agent::AgentState;
use crate::agent::segment::Segment;
use crate::http::error::{ApiError, plain_text};
use crate::http::websocket::{Socket, UNEXPECTED_DATA, Upgrade};
use crate::quote::quoted;

const ROOT: &str = "/api/v0/containers";

/// Where in a path a dev container is named.
type Id = Segment<5>;

pub(in crate::agent) fn router(state: &AgentState) -> Router<AgentState> {
    if state.containers.is_none() {
        return Router::new().route(ROOT, any(disabled));
    }
    Router::new()
        .route("/api/v0/containers", get(list))
        .route("/api/v0/containers/", get(list))
        .route("/api/v0/containers/watch", get(watch))
        .route("/api/v0/containers/devcontainers/{id}/recreate", post(recreate))
        .route("/api/v0/containers/devcontainers/{id}", delete(remove))
        .route("/api/v0/containers/devcontainers/{id}/", delete(remove))
}

/// An agent within a dev container has no such routes, whether or not this is switched on.
pub(in crate::agent) async fn unless_within(State(agent): State<AgentState>, request: Request, next: Next) -> Response {
    match request.uri().path().strip_prefix(ROOT) {
        Some("") if agent.is_sub_agent() => disabled(State(agent)).await.into_response(),
        Some(path) if agent.is_sub_agent() && path.starts_with('/') => {
            plain_text(StatusCode::NOT_FOUND, "404 page not found")
        }
        _ => next.run(request).await,
    }
}

async fn disabled(State(agent): State<AgentState>) -> ApiError {
    if agent.is_sub_agent() {
        return ApiError::new(StatusCode::FORBIDDEN, "Dev Container feature not supported.")
            .detail("Dev Container integration inside other Dev Containers is explicitly not supported.");
    }
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

async fn watch(State(agent): State<AgentState>, upgrade: Result<Upgrade, ApiError>) -> Result<Response, ApiError> {
    ready(&agent).await?;
    let upgrade = upgrade.map_err(|error| error.said_twice("Failed to upgrade connection to websocket."))?;
    Ok(upgrade.serve(&agent.clone(), move |socket| follow(agent, socket)))
}

/// Sends the containers, and again whenever they change.
async fn follow(agent: AgentState, mut socket: Socket) {
    let Some(manager) = &agent.containers else { return };
    let Some(mut changes) = manager.changes().await else { return };
    changes.mark_changed();
    if manager.list().is_err() {
        return socket.close(close_code::NORMAL, "").await;
    }
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

fn present(id: String, verb: &str) -> Result<String, ApiError> {
    if id.is_empty() {
        return Err(ApiError::bad_request("Missing devcontainer ID")
            .detail(format!("Devcontainer ID is required to {verb} a devcontainer.")));
    }
    Ok(id)
}

async fn recreate(State(agent): State<AgentState>, Segment(id): Id) -> Result<(StatusCode, Json<Message>), ApiError> {
    let manager = ready(&agent).await?;
    let id = present(id, "recreate")?;
    let name = manager.recreate(&id).map_err(|refusal| answer(refusal, &id, "recreate", "restarted"))?;
    let message = Message {
        message: "Devcontainer recreation initiated".to_owned(),
        detail: Some(format!("Recreation process for devcontainer {} has started.", quoted(&name))),
        ..Message::default()
    };
    Ok((StatusCode::ACCEPTED, Json(message)))
}

async fn remove(State(agent): State<AgentState>, Segment(id): Id) -> Result<StatusCode, ApiError> {
    let manager = ready(&agent).await?;
    let id = present(id, "delete")?;
    manager.delete(&id).await.map_err(|refusal| answer(refusal, &id, "delete", "deleted"))?;
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
