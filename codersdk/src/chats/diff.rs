//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatDiffContents`: chat diff contents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDiffContents {
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `remote_origin` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_origin: Option<String>,
    /// `branch` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// `pull_request_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<String>,
    /// `diff` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub diff: Option<String>,
}

/// `codersdk.ChatDiffStatus`: chat diff status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDiffStatus {
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `pull_request_state` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_state: Option<String>,
    /// `pull_request_title` on the wire.
    #[serde(default)]
    pub pull_request_title: String,
    /// `pull_request_draft` on the wire.
    #[serde(default)]
    pub pull_request_draft: bool,
    /// `changes_requested` on the wire.
    #[serde(default)]
    pub changes_requested: bool,
    /// `additions` on the wire.
    #[serde(default)]
    pub additions: i32,
    /// `deletions` on the wire.
    #[serde(default)]
    pub deletions: i32,
    /// `changed_files` on the wire.
    #[serde(default)]
    pub changed_files: i32,
    /// `author_login` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_login: Option<String>,
    /// `author_avatar_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_avatar_url: Option<String>,
    /// `base_branch` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<String>,
    /// `head_branch` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_branch: Option<String>,
    /// `pr_number` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pr_number: Option<i32>,
    /// `commits` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<i32>,
    /// `approved` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<bool>,
    /// `reviewer_count` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer_count: Option<i32>,
    /// `refreshed_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refreshed_at: Option<DateTime<Utc>>,
    /// `stale_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_at: Option<DateTime<Utc>>,
}

/// `codersdk.ChatGitChange`: chat git change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatGitChange {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `file_path` on the wire.
    #[serde(default)]
    pub file_path: String,
    /// `change_type` on the wire.
    #[serde(default)]
    pub change_type: String,
    /// `old_path` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// `diff_summary` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_summary: Option<String>,
    /// `detected_at` on the wire.
    #[serde(default = "zero_time")]
    pub detected_at: DateTime<Utc>,
}
