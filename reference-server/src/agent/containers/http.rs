//! The routes below `/api/v0/containers`.

use axum::extract::ws::close_code;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use codersdk::{Response as Message, WorkspaceAgentListContainersResponse};
use http::{StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::manager::{Manager, Refusal};
use crate::agent::AgentState;
use crate::http::error::{ApiError, plain_text};
use crate::http::websocket::{Socket, UNEXPECTED_DATA, Upgrade};
use crate::quote::quoted;

const ROOT: &str = "/api/v0/containers";

/// What is escaped in a path that was decoded and is encoded again.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b',')
    .remove(b'/')
    .remove(b':')
    .remove(b';')
    .remove(b'=')
    .remove(b'@');

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
        .route_layer(from_fn_with_state(state.clone(), unless_within))
}

/// An agent within a dev container has no such routes, whether or not this is switched on.
async fn unless_within(State(agent): State<AgentState>, request: Request, next: Next) -> Response {
    match request.uri().path() {
        _ if !agent.is_sub_agent() => next.run(request).await,
        ROOT => disabled(State(agent)).await.into_response(),
        _ => plain_text(StatusCode::NOT_FOUND, "404 page not found"),
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

async fn watch(
    State(agent): State<AgentState>,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    ready(&agent).await?;
    let upgrade = upgrade.map_err(|error| {
        error.map_message(|reason| {
            let refusal = Message {
                message: "Failed to upgrade connection to websocket.".to_owned(),
                detail: Some(format!("failed to accept WebSocket connection: {reason}")),
                ..Message::default()
            };
            // The reason was sent before its reader knew that it was to be JSON.
            format!("{reason}\n{}", serde_json::to_string(&refusal).unwrap_or_default())
        })
    })?;
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

/// The name in a path as the original takes it: decoded, unless it was encoded in a way of its own.
fn id(uri: &Uri) -> String {
    let path = uri.path();
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let same = percent_encode(&decoded, ESCAPED).to_string() == path;
    let path = if same { String::from_utf8_lossy(&decoded) } else { path.into() };
    path.split('/').nth(ROOT.split('/').count() + 1).unwrap_or_default().to_owned()
}

fn present(id: String, verb: &str) -> Result<String, ApiError> {
    if id.is_empty() {
        return Err(ApiError::bad_request("Missing devcontainer ID")
            .detail(format!("Devcontainer ID is required to {verb} a devcontainer.")));
    }
    Ok(id)
}

async fn recreate(State(agent): State<AgentState>, uri: Uri) -> Result<(StatusCode, Json<Message>), ApiError> {
    let manager = ready(&agent).await?;
    let id = present(id(&uri), "recreate")?;
    let name = manager.recreate(&id).map_err(|refusal| answer(refusal, &id, "recreate", "restarted"))?;
    let message = Message {
        message: "Devcontainer recreation initiated".to_owned(),
        detail: Some(format!("Recreation process for devcontainer {} has started.", quoted(&name))),
        ..Message::default()
    };
    Ok((StatusCode::ACCEPTED, Json(message)))
}

async fn remove(State(agent): State<AgentState>, uri: Uri) -> Result<StatusCode, ApiError> {
    let manager = ready(&agent).await?;
    let id = present(id(&uri), "delete")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_unless_encoded_unusually() {
        for (segment, name) in [
            ("x", "x"),
            ("%22q%22", "\"q\""),
            ("a%20b", "a b"),
            ("a%2Fb", "a%2Fb"),
            ("%ff", "%ff"),
            ("%41", "%41"),
            ("a:b@c", "a:b@c"),
            ("%C3%A9", "é"),
            ("%c3%a9", "%c3%a9"),
            ("", ""),
        ] {
            let uri: Uri = format!("/api/v0/containers/devcontainers/{segment}/recreate?x=1").parse().unwrap();
            assert_eq!(id(&uri), name, "{segment}");
        }
    }
}
