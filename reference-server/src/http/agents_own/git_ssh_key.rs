//! `GET …/me/gitsshkey`

use agentsdk::GitSshKey;
use axum::Json;
use axum::extract::State;

use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::state::AppState;

/// Gives the key pair with which the workspace's owner speaks to git servers.
pub(super) async fn git_ssh_key(
    State(state): State<AppState>,
    caller: AgentCaller,
) -> Result<Json<GitSshKey>, ApiError> {
    let (public_key, private_key) = state.store.git_ssh_key_pair(caller.workspace.owner_id, state.clock.now()).await?;
    Ok(Json(GitSshKey { public_key, private_key }))
}
