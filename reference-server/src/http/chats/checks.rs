//! Checks that several calls make of what they are sent.

use std::collections::HashMap;

use codersdk::{ChatInputPart, ChatPlanMode};
use uuid::Uuid;

use super::files::readable_file;
use super::input::{ChatInput, named_files, read_input};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chat_files::MAX_CHAT_FILES;
use crate::store::workspaces::WorkspaceRow;
use crate::workspaces::objects::workspace_object;

/// Reads the parts of a message with the files that the caller may use.
pub(super) async fn chat_input(
    state: &AppState,
    caller: &Caller,
    content: &[ChatInputPart],
) -> Result<ChatInput, ApiError> {
    let mut files = HashMap::new();
    for id in named_files(content) {
        if !files.contains_key(&id)
            && let Some(file) = readable_file(state, caller, id).await?
        {
            files.insert(id, file);
        }
    }
    read_input(content, &files).map_err(|error| ApiError::bad_request(error.message).detail(error.detail))
}

/// The plan mode as it is stored; empty clears it.
pub(super) fn plan_mode(mode: &ChatPlanMode) -> Result<Option<String>, ApiError> {
    match mode.as_str() {
        "" => Ok(None),
        "plan" => Ok(Some("plan".to_owned())),
        _ => Err(ApiError::bad_request("Invalid plan_mode value.")),
    }
}

/// Refuses MCP servers that do not exist. One that is named twice is refused without being named.
pub(super) async fn mcp_servers(state: &AppState, ids: &[Uuid]) -> Result<(), ApiError> {
    if ids.is_empty() {
        return Ok(());
    }
    let known = state
        .store
        .known_mcp_servers(ids)
        .await
        .map_err(|e| ApiError::internal("Failed to validate MCP server IDs.", &e))?;
    if known.len() == ids.len() {
        return Ok(());
    }
    let missing: Vec<_> = ids.iter().filter(|id| !known.contains(id)).map(Uuid::to_string).collect();
    Err(ApiError::bad_request("One or more MCP server IDs are invalid.")
        .detail(format!("Invalid IDs: {}", missing.join(", "))))
}

/// The workspace that a chat is to work in.
///
/// # Errors
/// 400 unless it is one that the caller can get into.
pub(super) async fn workspace(state: &AppState, caller: &Caller, id: Uuid) -> Result<WorkspaceRow, ApiError> {
    let found = state.store.workspace(id).await.map_err(|e| ApiError::internal("Failed to get workspace.", &e))?;
    found
        .filter(|row| {
            let object = workspace_object(row);
            caller.can(Action::Read, &object) && caller.can(Action::Ssh, &object)
        })
        .ok_or_else(|| ApiError::bad_request("Workspace not found or you do not have access to this resource"))
}

/// Links the files of a message to its chat; what could not be linked is a warning, not a failure.
pub(super) async fn link_files(state: &AppState, chat: Uuid, files: &[Uuid]) -> Vec<String> {
    if files.is_empty() {
        return Vec::new();
    }
    let count = files.len();
    match state.store.link_chat_files(chat, files).await {
        Ok(0) => Vec::new(),
        Ok(_) => {
            vec![format!("file linking skipped: batch of {count} file(s) would exceed limit of {MAX_CHAT_FILES}")]
        }
        Err(error) => {
            tracing::error!(%chat, %error, "files could not be linked");
            vec![format!("{count} file(s) could not be linked due to a server error")]
        }
    }
}
