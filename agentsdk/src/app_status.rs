//! What an app of the workspace is doing.

use codersdk::WorkspaceAppStatusState;
use serde::{Deserialize, Serialize};

/// The most that a [message](PatchAppStatus::message) may have, in bytes.
pub const APP_STATUS_MESSAGE_LIMIT: usize = 160;

/// Reports what an app is doing: `PATCH …/me/app-status`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PatchAppStatus {
    /// Which of the agent's apps.
    #[serde(default)]
    pub app_slug: String,
    /// What it is doing, in a word.
    #[serde(default)]
    pub state: WorkspaceAppStatusState,
    /// What it is doing, for people; at most [`APP_STATUS_MESSAGE_LIMIT`] bytes. The server takes markup and control
    /// codes out.
    #[serde(default)]
    pub message: String,
    /// What it works on, such as the URL of a pull request or of a file.
    #[serde(default)]
    pub uri: String,
    /// Taken and dropped by today's servers.
    #[serde(default)]
    pub icon: String,
    /// Taken and dropped by today's servers.
    #[serde(default)]
    pub needs_user_attention: bool,
}
