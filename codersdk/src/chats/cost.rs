//! What chats cost.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// What one root chat and its sub-chats cost: `codersdk.ChatCostChatBreakdown`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostChatBreakdown {
    /// The chat at the root of the family; its own id for a root.
    #[serde(default)]
    pub root_chat_id: Uuid,
    /// Title of the chat.
    #[serde(default)]
    pub chat_title: String,
    /// The cost, in millionths of a US dollar.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// How many messages were counted.
    #[serde(default)]
    pub message_count: i64,
    /// Tokens that were sent to models.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// Tokens that models wrote.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// Tokens that were read from providers' caches.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// Tokens that were written to providers' caches.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// How long models worked, in milliseconds.
    #[serde(default)]
    pub total_runtime_ms: i64,
}

/// What one model cost: `codersdk.ChatCostModelBreakdown`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostModelBreakdown {
    /// The configured model.
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
    /// The cost, in millionths of a US dollar.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// How many messages were counted.
    #[serde(default)]
    pub message_count: i64,
    /// Tokens that were sent to models.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// Tokens that models wrote.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// Tokens that were read from providers' caches.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// Tokens that were written to providers' caches.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// How long models worked, in milliseconds.
    #[serde(default)]
    pub total_runtime_ms: i64,
}

/// What a user's chats cost: `codersdk.ChatCostSummary`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostSummary {
    /// From when.
    #[serde(default = "zero_time")]
    pub start_date: DateTime<Utc>,
    /// Until when.
    #[serde(default = "zero_time")]
    pub end_date: DateTime<Utc>,
    /// The cost, in millionths of a US dollar.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// Messages whose cost is known.
    #[serde(default)]
    pub priced_message_count: i64,
    /// Messages whose model has no price.
    #[serde(default)]
    pub unpriced_message_count: i64,
    /// Tokens that were sent to models.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// Tokens that models wrote.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// Tokens that were read from providers' caches.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// Tokens that were written to providers' caches.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// How long models worked, in milliseconds.
    #[serde(default)]
    pub total_runtime_ms: i64,
    /// By model.
    #[serde(default)]
    pub by_model: Nullable<Vec<ChatCostModelBreakdown>>,
    /// By root chat.
    #[serde(default)]
    pub by_chat: Nullable<Vec<ChatCostChatBreakdown>>,
    /// The user's limit.
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

/// What one user's chats cost: `codersdk.ChatCostUserRollup`.
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
    /// URL of the picture.
    #[serde(default)]
    pub avatar_url: String,
    /// The cost, in millionths of a US dollar.
    #[serde(default)]
    pub total_cost_micros: i64,
    /// How many messages were counted.
    #[serde(default)]
    pub message_count: i64,
    /// How many chats.
    #[serde(default)]
    pub chat_count: i64,
    /// Tokens that were sent to models.
    #[serde(default)]
    pub total_input_tokens: i64,
    /// Tokens that models wrote.
    #[serde(default)]
    pub total_output_tokens: i64,
    /// Tokens that were read from providers' caches.
    #[serde(default)]
    pub total_cache_read_tokens: i64,
    /// Tokens that were written to providers' caches.
    #[serde(default)]
    pub total_cache_creation_tokens: i64,
    /// How long models worked, in milliseconds.
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

/// What chats cost, by user: `codersdk.ChatCostUsersResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCostUsersResponse {
    /// From when.
    #[serde(default = "zero_time")]
    pub start_date: DateTime<Utc>,
    /// Until when.
    #[serde(default = "zero_time")]
    pub end_date: DateTime<Utc>,
    /// How many there are on all pages.
    #[serde(default)]
    pub count: i64,
    /// The users.
    #[serde(default)]
    pub users: Nullable<Vec<ChatCostUserRollup>>,
}
