//! The routes on context.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use percent_encoding::percent_decode_str;
use workspacesdk::context::{ContextConfigResponse, ContextSnapshot, ContextSource};
use workspacesdk::quote::shown;

use super::Context;
use crate::agent::AgentState;
use crate::agent::segment::Segment;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::urls::bad_escape;
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

async fn one(State(agent): State<AgentState>, Segment(path): Segment<5>) -> Result<Json<ContextSource>, ApiError> {
    let path = named(&path)?;
    let unknown = || not_found().detail(format!("No source registered for path {}.", quoted(&path)));
    agent.context.source(&path).map(Json).ok_or_else(unknown)
}

async fn remove(State(agent): State<AgentState>, Segment(path): Segment<5>) -> Result<StatusCode, ApiError> {
    let path = named(&path)?;
    if !agent.context.remove_source(&path) {
        return Err(not_found().detail("source not found"));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn resync(State(agent): State<AgentState>) -> Result<Json<ContextSnapshot>, ApiError> {
    let servers = agent.mcp.statuses();
    reading(&agent, move |context| context.resync(servers)).await.map(Json)
}

/// The source that a segment of a path names: what the router leaves escaped, or what is escaped twice.
fn named(segment: &str) -> Result<String, ApiError> {
    unescaped(segment).map_err(|escape| {
        let detail = format!("invalid URL escape {}", quoted(&escape));
        ApiError::bad_request("Invalid context source path.").detail(detail)
    })
}

fn not_found() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Context source not found.")
}

/// Takes the escapes off.
///
/// # Errors
/// With the first escape that is none.
fn unescaped(text: &str) -> Result<String, String> {
    match bad_escape(text) {
        Some(rest) => Err(shown(&rest.as_bytes()[..rest.len().min(3)])),
        None => Ok(shown(&percent_decode_str(text).collect::<Vec<u8>>())),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_off() {
        for (text, plain) in [("%2Fhome%2Fa%20b", "/home/a b"), ("~", "~"), ("a%252Fb", "a%2Fb"), ("%ff", "\u{fffd}")] {
            assert_eq!(unescaped(text).as_deref(), Ok(plain), "{text}");
        }
        for (text, escape) in [("%", "%"), ("a%zz", "%zz"), ("%2", "%2"), ("a%zé", "%z\u{fffd}")] {
            assert_eq!(unescaped(text), Err(escape.to_owned()), "{text}");
        }
    }
}
