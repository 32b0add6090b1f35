//! Who is asking, where a workspace agent asks: the token of a request, and the agent behind it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::auth::{SESSION_TOKEN_COOKIE, session_token};
use super::error::ApiError;
use super::extract::parse_uuid;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::workspace_agents::AgentInWorkspace;

/// The agent that makes a request, with its workspace and build as they were when it was let in.
#[derive(Debug, Clone)]
pub(crate) struct AgentCaller(Arc<AgentInWorkspace>);

impl std::ops::Deref for AgentCaller {
    type Target = AgentInWorkspace;

    fn deref(&self) -> &AgentInWorkspace {
        &self.0
    }
}

impl FromRequestParts<AppState> for AgentCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        // Below the agents' own path the caller is known before a route is looked for.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        authenticate_agent(parts, state).await
    }
}

/// Finds the agent of a request.
///
/// # Errors
/// 401 without the token of an agent that may act.
pub(crate) async fn authenticate_agent(parts: &Parts, state: &AppState) -> Result<AgentCaller, ApiError> {
    let token = session_token(parts)
        .ok_or_else(|| ApiError::unauthorized(format!("Cookie {} must be provided.", quoted(SESSION_TOKEN_COOKIE))))?;
    let token = parse_uuid(&token).map_err(|_| {
        ApiError::unauthorized("Workspace agent token invalid.")
            .detail(format!("An agent token must be a valid UUIDv4. (len {})", token.len()))
    })?;
    let found = state.store.agent_by_token(token).await?.ok_or_else(|| {
        ApiError::unauthorized("Workspace agent not authorized.").detail(
            "The agent cannot authenticate until the workspace provision job has been completed. If the job is no \
             longer running, this agent is invalid.",
        )
    })?;
    Ok(AgentCaller(Arc::new(found)))
}
