//! `POST …/me/experimental/chat-context/refresh`

use agentsdk::RefreshChatContextResponse;
use axum::Json;
use axum::extract::State;

use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::state::AppState;

/// Brings the owner's chats of this agent that have drifted up to date with what the agent has pushed.
pub(super) async fn refresh(
    State(state): State<AppState>,
    caller: AgentCaller,
) -> Result<Json<RefreshChatContextResponse>, ApiError> {
    let drifted = state.store.repin_drifted_chats(caller.agent.id, caller.workspace.owner_id).await?;
    Ok(Json(RefreshChatContextResponse { refreshed: i64::try_from(drifted).unwrap_or(i64::MAX) }))
}
