//! Branches, pull requests and diffs of chats.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// The diff of a chat: `codersdk.ChatDiffContents`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDiffContents {
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// URL of the remote `origin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_origin: Option<String>,
    /// The branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// URL of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<String>,
    /// The unified diff.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub diff: Option<String>,
}

/// The branch or pull request that a chat works on: `codersdk.ChatDiffStatus`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDiffStatus {
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// Where the branch or pull request is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// State of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_state: Option<String>,
    /// Title of the pull request.
    #[serde(default)]
    pub pull_request_title: String,
    /// Whether the pull request is a draft.
    #[serde(default)]
    pub pull_request_draft: bool,
    /// Whether a review asks for changes.
    #[serde(default)]
    pub changes_requested: bool,
    /// Lines that were added.
    #[serde(default)]
    pub additions: i32,
    /// Lines that were removed.
    #[serde(default)]
    pub deletions: i32,
    /// Files that were changed.
    #[serde(default)]
    pub changed_files: i32,
    /// Login of the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_login: Option<String>,
    /// URL of the author's picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_avatar_url: Option<String>,
    /// The branch that it goes into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<String>,
    /// The branch that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_branch: Option<String>,
    /// Number of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pr_number: Option<i32>,
    /// Number of commits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<i32>,
    /// Whether a review approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// How many have reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer_count: Option<i32>,
    /// When it was last looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_at: Option<DateTime<Utc>>,
    /// When it is looked up again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_at: Option<DateTime<Utc>>,
}

/// A change of a file that was noticed: `codersdk.ChatGitChange`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatGitChange {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// Path of the file.
    #[serde(default)]
    pub file_path: String,
    /// What was done to it.
    #[serde(default)]
    pub change_type: String,
    /// Its path before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// A few words about the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_summary: Option<String>,
    /// When it was noticed.
    #[serde(default = "zero_time")]
    pub detected_at: DateTime<Utc>,
}
