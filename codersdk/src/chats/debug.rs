//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatDebugLoggingAdminSettings`: chat debug logging admin settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugLoggingAdminSettings {
    /// `allow_users` on the wire.
    #[serde(default)]
    pub allow_users: bool,
    /// `forced_by_deployment` on the wire.
    #[serde(default)]
    pub forced_by_deployment: bool,
}

/// `codersdk.ChatDebugRetentionDaysResponse`: chat debug retention days response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRetentionDaysResponse {
    /// `debug_retention_days` on the wire.
    #[serde(default)]
    pub debug_retention_days: i32,
}

/// `codersdk.ChatDebugRun`: chat debug run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRun {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `root_chat_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_chat_id: Option<Uuid>,
    /// `parent_chat_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<Uuid>,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// `trigger_message_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_message_id: Option<i64>,
    /// `history_tip_message_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tip_message_id: Option<i64>,
    /// `kind` on the wire.
    #[serde(default)]
    pub kind: ChatDebugRunKind,
    /// State it is in.
    #[serde(default)]
    pub status: ChatDebugStatus,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Name of the model, as the provider knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `summary` on the wire.
    #[serde(default)]
    pub summary: Nullable<JsonMap>,
    /// `started_at` on the wire.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// `finished_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// `steps` on the wire.
    #[serde(default)]
    pub steps: Nullable<Vec<ChatDebugStep>>,
}

open_enum! {
    /// Values of `codersdk.ChatDebugRunKind`.
    pub enum ChatDebugRunKind {
        /// `chat_turn`
        ChatTurn => "chat_turn",
        /// `title_generation`
        TitleGeneration => "title_generation",
        /// `quickgen`
        Quickgen => "quickgen",
        /// `compaction`
        Compaction => "compaction",
    }
}

/// `codersdk.ChatDebugRunSummary`: chat debug run summary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRunSummary {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `kind` on the wire.
    #[serde(default)]
    pub kind: ChatDebugRunKind,
    /// State it is in.
    #[serde(default)]
    pub status: ChatDebugStatus,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Name of the model, as the provider knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `summary` on the wire.
    #[serde(default)]
    pub summary: Nullable<JsonMap>,
    /// `started_at` on the wire.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// `finished_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

open_enum! {
    /// Values of `codersdk.ChatDebugStatus`.
    pub enum ChatDebugStatus {
        /// `in_progress`
        InProgress => "in_progress",
        /// `completed`
        Completed => "completed",
        /// `error`
        Error => "error",
        /// `interrupted`
        Interrupted => "interrupted",
    }
}

/// `codersdk.ChatDebugStep`: chat debug step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugStep {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// `run_id` on the wire.
    #[serde(default)]
    pub run_id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `step_number` on the wire.
    #[serde(default)]
    pub step_number: i32,
    /// `operation` on the wire.
    #[serde(default)]
    pub operation: ChatDebugStepOperation,
    /// State it is in.
    #[serde(default)]
    pub status: ChatDebugStatus,
    /// `history_tip_message_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tip_message_id: Option<i64>,
    /// `assistant_message_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_message_id: Option<i64>,
    /// `normalized_request` on the wire.
    #[serde(default)]
    pub normalized_request: Nullable<JsonMap>,
    /// `normalized_response` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub normalized_response: JsonMap,
    /// `usage` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub usage: JsonMap,
    /// `attempts` on the wire.
    #[serde(default)]
    pub attempts: Nullable<Vec<JsonMap>>,
    /// `error` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub error: JsonMap,
    /// `metadata` on the wire.
    #[serde(default)]
    pub metadata: Nullable<JsonMap>,
    /// `started_at` on the wire.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// `finished_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

open_enum! {
    /// Values of `codersdk.ChatDebugStepOperation`.
    pub enum ChatDebugStepOperation {
        /// `stream`
        Stream => "stream",
        /// `generate`
        Generate => "generate",
    }
}

/// `codersdk.UpdateChatDebugLoggingAllowUsersRequest`: update chat debug logging allow users request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDebugLoggingAllowUsersRequest {
    /// `allow_users` on the wire.
    #[serde(default)]
    pub allow_users: bool,
}

/// `codersdk.UpdateChatDebugRetentionDaysRequest`: update chat debug retention days request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDebugRetentionDaysRequest {
    /// `debug_retention_days` on the wire.
    #[serde(default)]
    pub debug_retention_days: i32,
}

/// `codersdk.UpdateUserChatDebugLoggingRequest`: update user chat debug logging request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatDebugLoggingRequest {
    /// `debug_logging_enabled` on the wire.
    #[serde(default)]
    pub debug_logging_enabled: bool,
}

/// `codersdk.UserChatDebugLoggingSettings`: user chat debug logging settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatDebugLoggingSettings {
    /// `debug_logging_enabled` on the wire.
    #[serde(default)]
    pub debug_logging_enabled: bool,
    /// `user_toggle_allowed` on the wire.
    #[serde(default)]
    pub user_toggle_allowed: bool,
    /// `forced_by_deployment` on the wire.
    #[serde(default)]
    pub forced_by_deployment: bool,
}
