//! Git state of a chat's workspace.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::*;

/// A socket of Git state, see [`watch_chat_git`](crate::ChatsApi::watch_chat_git). Takes
/// [`WorkspaceAgentGitClientMessage`].
pub type ChatGitSocket = crate::JsonSocket<WorkspaceAgentGitServerMessage>;

/// `codersdk.WorkspaceAgentGitServerMessage`: what has changed in the Git repositories of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentGitServerMessage {
    /// Whether it brings changes or an error.
    #[serde(rename = "type", default)]
    pub kind: WorkspaceAgentGitServerMessageType,
    /// When the repositories were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<DateTime<Utc>>,
    /// The repositories that have changed since the message before; the others are as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<WorkspaceAgentRepoChanges>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub message: Option<String>,
}

open_enum! {
    /// What a message about Git state brings.
    pub enum WorkspaceAgentGitServerMessageType {
        /// Repositories that have changed.
        Changes => "changes",
        /// An error.
        Error => "error",
    }
}

/// `codersdk.WorkspaceAgentRepoChanges`: the working tree of one repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentRepoChanges {
    /// Absolute path of the repository.
    #[serde(default)]
    pub repo_root: String,
    /// The branch that is checked out.
    #[serde(default)]
    pub branch: String,
    /// URL of the remote `origin`.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub remote_origin: Option<String>,
    /// What differs from the last commit, as a unified diff.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub unified_diff: Option<String>,
    /// Whether the repository is gone; nothing else is then told.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
}

/// `codersdk.WorkspaceAgentGitClientMessage`: what a client asks of the watch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentGitClientMessage {
    /// What is asked.
    #[serde(rename = "type", default)]
    pub kind: WorkspaceAgentGitClientMessageType,
}

open_enum! {
    /// What a client asks of the watch.
    pub enum WorkspaceAgentGitClientMessageType {
        /// Look at the repositories now.
        Refresh => "refresh",
    }
}

/// Whether the message of a refused git watch (400) says that there is no workspace to observe, or none yet: nothing
/// to show then, and no failure to report.
pub fn is_chat_git_watch_fallback_message(message: &str) -> bool {
    let message = message.trim();
    matches!(message, "Chat has no workspace to watch." | "Chat workspace not found." | "Chat workspace has no agents.")
        || message.starts_with("Agent state is ")
}
