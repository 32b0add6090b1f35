//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatCostChatBreakdown`: chat cost chat breakdown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostChatBreakdown {
    /// `root_chat_id` on the wire.
    #[serde(default)]
    pub root_chat_id: Uuid,
    /// `chat_title` on the wire.
    #[serde(default)]
    pub chat_title: String,
    /// `total_cost_micros` on the wire.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// `message_count` on the wire.
    #[serde(default)]
    pub message_count: i64,
    /// `total_input_tokens` on the wire.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// `total_output_tokens` on the wire.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// `total_cache_read_tokens` on the wire.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// `total_cache_creation_tokens` on the wire.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// `total_runtime_ms` on the wire.
    #[serde(default)]
    pub total_runtime_ms: i64,
}

/// `codersdk.ChatCostModelBreakdown`: chat cost model breakdown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostModelBreakdown {
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: Uuid,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name of the model, as the provider knows it.
    #[serde(default)]
    pub model: String,
    /// `total_cost_micros` on the wire.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// `message_count` on the wire.
    #[serde(default)]
    pub message_count: i64,
    /// `total_input_tokens` on the wire.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// `total_output_tokens` on the wire.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// `total_cache_read_tokens` on the wire.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// `total_cache_creation_tokens` on the wire.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// `total_runtime_ms` on the wire.
    #[serde(default)]
    pub total_runtime_ms: i64,
}

/// `codersdk.ChatCostSummary`: chat cost summary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostSummary {
    /// `start_date` on the wire.
    #[serde(default = "zero_time")]
    pub start_date: DateTime<Utc>,
    /// `end_date` on the wire.
    #[serde(default = "zero_time")]
    pub end_date: DateTime<Utc>,
    /// `total_cost_micros` on the wire.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// `priced_message_count` on the wire.
    #[serde(default)]
    pub priced_message_count: i64,
    /// `unpriced_message_count` on the wire.
    #[serde(default)]
    pub unpriced_message_count: i64,
    /// `total_input_tokens` on the wire.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// `total_output_tokens` on the wire.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// `total_cache_read_tokens` on the wire.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// `total_cache_creation_tokens` on the wire.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// `total_runtime_ms` on the wire.
    #[serde(default)]
    pub total_runtime_ms: i64,
    /// `by_model` on the wire.
    #[serde(default)]
    pub by_model: Nullable<Vec<ChatCostModelBreakdown>>,
    /// `by_chat` on the wire.
    #[serde(default)]
    pub by_chat: Nullable<Vec<ChatCostChatBreakdown>>,
    /// `usage_limit` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_limit: Option<ChatUsageLimitStatus>,
}

/// The time that [`get_chat_cost_summary`](crate::ChatCostApi::get_chat_cost_summary) sums up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatCostSummaryOptions {
    /// From when, in whole seconds; the server's default is 30 days ago.
    pub start_date: Option<DateTime<Utc>>,
    /// Until when, in whole seconds; the server's default is now.
    pub end_date: Option<DateTime<Utc>>,
}

/// `codersdk.ChatCostUserRollup`: chat cost user rollup.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostUserRollup {
    /// The user concerned.
    #[serde(default)]
    pub user_id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// `avatar_url` on the wire.
    #[serde(default)]
    pub avatar_url: String,
    /// `total_cost_micros` on the wire.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// `message_count` on the wire.
    #[serde(default)]
    pub message_count: i64,
    /// `chat_count` on the wire.
    #[serde(default)]
    pub chat_count: i64,
    /// `total_input_tokens` on the wire.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// `total_output_tokens` on the wire.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// `total_cache_read_tokens` on the wire.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// `total_cache_creation_tokens` on the wire.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// `total_runtime_ms` on the wire.
    #[serde(default)]
    pub total_runtime_ms: i64,
}

/// What [`get_chat_cost_users`](crate::ChatCostApi::get_chat_cost_users) sums up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatCostUsersOptions {
    /// From when, in whole seconds; the server's default is 30 days ago.
    pub start_date: Option<DateTime<Utc>>,
    /// Until when, in whole seconds; the server's default is now.
    pub end_date: Option<DateTime<Utc>>,
    /// Only users whose name holds this.
    pub username: String,
    /// How many at most.
    pub limit: Option<i64>,
    /// How many to leave out at the front.
    pub offset: Option<i64>,
}

/// `codersdk.ChatCostUsersResponse`: chat cost users response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostUsersResponse {
    /// `start_date` on the wire.
    #[serde(default = "zero_time")]
    pub start_date: DateTime<Utc>,
    /// `end_date` on the wire.
    #[serde(default = "zero_time")]
    pub end_date: DateTime<Utc>,
    /// `count` on the wire.
    #[serde(default)]
    pub count: i64,
    /// `users` on the wire.
    #[serde(default)]
    pub users: Nullable<Vec<ChatCostUserRollup>>,
}
