//! Logs of what chats send to models.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// Chats: debug logging admin settings: `codersdk.ChatDebugLoggingAdminSettings`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugLoggingAdminSettings {
    /// Whether users may decide for themselves.
    #[serde(default)]
    pub allow_users: bool,
    /// Whether the deployment decides, whatever is set.
    #[serde(default)]
    pub forced_by_deployment: bool,
}

/// The setting debug retention days: `codersdk.ChatDebugRetentionDaysResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRetentionDaysResponse {
    /// After how many days logs are deleted; 0 means never.
    #[serde(default)]
    pub debug_retention_days: i32,
}

/// A logged run, with its steps: `codersdk.ChatDebugRun`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRun {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// The chat at the root of the family; its own id for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_chat_id: Option<Uuid>,
    /// The chat that started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<Uuid>,
    /// The configured model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// The message that began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_message_id: Option<i64>,
    /// The last message that the model was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tip_message_id: Option<i64>,
    /// What the run was for.
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
    /// Figures and facts about it.
    #[serde(default)]
    pub summary: Nullable<JsonMap>,
    /// When it began.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// The calls of the model, in order.
    #[serde(default)]
    pub steps: Nullable<Vec<ChatDebugStep>>,
}

open_enum! {
    /// What a logged run was for: `codersdk.ChatDebugRunKind`.
    pub enum ChatDebugRunKind {
        /// A turn.
        ChatTurn => "chat_turn",
        /// Titles.
        TitleGeneration => "title_generation",
        /// A short text, such as a label.
        Quickgen => "quickgen",
        /// Compaction of the history.
        Compaction => "compaction",
    }
}

/// A logged run: `codersdk.ChatDebugRunSummary`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugRunSummary {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// What the run was for.
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
    /// Figures and facts about it.
    #[serde(default)]
    pub summary: Nullable<JsonMap>,
    /// When it began.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

open_enum! {
    /// State of a logged run or step: `codersdk.ChatDebugStatus`.
    pub enum ChatDebugStatus {
        /// It goes on.
        InProgress => "in_progress",
        /// It is over.
        Completed => "completed",
        /// It failed.
        Error => "error",
        /// It was interrupted.
        Interrupted => "interrupted",
    }
}

/// A logged call of a model: `codersdk.ChatDebugStep`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDebugStep {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The run that it belongs to.
    #[serde(default)]
    pub run_id: Uuid,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// Its number in the run, from 1.
    #[serde(default)]
    pub step_number: i32,
    /// How the model was called.
    #[serde(default)]
    pub operation: ChatDebugStepOperation,
    /// State it is in.
    #[serde(default)]
    pub status: ChatDebugStatus,
    /// The last message that the model was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_tip_message_id: Option<i64>,
    /// The message that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant_message_id: Option<i64>,
    /// What was sent, in one form for all providers.
    #[serde(default)]
    pub normalized_request: Nullable<JsonMap>,
    /// What came back, in one form for all providers.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub normalized_response: JsonMap,
    /// The tokens that it took.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub usage: JsonMap,
    /// The attempts, in order.
    #[serde(default)]
    pub attempts: Nullable<Vec<JsonMap>>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub error: JsonMap,
    /// More facts.
    #[serde(default)]
    pub metadata: Nullable<JsonMap>,
    /// When it began.
    #[serde(default = "zero_time")]
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
}

open_enum! {
    /// How a model was called: `codersdk.ChatDebugStepOperation`.
    pub enum ChatDebugStepOperation {
        /// As a stream.
        Stream => "stream",
        /// In one piece.
        Generate => "generate",
    }
}

/// The new value of the setting debug logging allow users: `codersdk.UpdateChatDebugLoggingAllowUsersRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDebugLoggingAllowUsersRequest {
    /// Whether users may decide for themselves.
    #[serde(default)]
    pub allow_users: bool,
}

/// The new value of the setting debug retention days: `codersdk.UpdateChatDebugRetentionDaysRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDebugRetentionDaysRequest {
    /// After how many days logs are deleted; 0 means never.
    #[serde(default)]
    pub debug_retention_days: i32,
}

/// The new value of the setting user debug logging: `codersdk.UpdateUserChatDebugLoggingRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatDebugLoggingRequest {
    /// Whether chats are logged.
    #[serde(default)]
    pub debug_logging_enabled: bool,
}

/// User chat debug logging settings: `codersdk.UserChatDebugLoggingSettings`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatDebugLoggingSettings {
    /// Whether chats are logged.
    #[serde(default)]
    pub debug_logging_enabled: bool,
    /// Whether the user may change that.
    #[serde(default)]
    pub user_toggle_allowed: bool,
    /// Whether the deployment decides, whatever is set.
    #[serde(default)]
    pub forced_by_deployment: bool,
}
