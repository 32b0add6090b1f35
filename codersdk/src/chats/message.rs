//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatMessage`: chat message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessage {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `created_by` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Uuid>,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// `role` on the wire.
    #[serde(default)]
    pub role: ChatMessageRole,
    /// `content` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<ChatMessagePart>,
    /// `usage` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatMessageUsage>,
}

open_enum! {
    /// Values of `codersdk.ChatMessageRole`.
    pub enum ChatMessageRole {
        /// `system`
        System => "system",
        /// `user`
        User => "user",
        /// `assistant`
        Assistant => "assistant",
        /// `tool`
        Tool => "tool",
    }
}

/// `codersdk.ChatMessageUsage`: chat message usage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessageUsage {
    /// `input_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// `output_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// `total_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<i64>,
    /// `reasoning_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<i64>,
    /// `cache_creation_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_creation_tokens: Option<i64>,
    /// `cache_read_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<i64>,
    /// `context_limit` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<i64>,
}

/// Which messages [`get_chat_messages`](crate::ChatsApi::get_chat_messages) gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatMessagesPaginationOptions {
    /// Only messages with smaller ids.
    pub before_id: Option<i64>,
    /// Only messages with greater ids. On its own it turns the order to oldest first, so that a program that polls can
    /// go on from the greatest id it has seen.
    pub after_id: Option<i64>,
    /// How many at most; the server's default is 50, its maximum 200.
    pub limit: Option<i64>,
}

/// `codersdk.ChatMessagesResponse`: chat messages response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessagesResponse {
    /// `messages` on the wire.
    #[serde(default)]
    pub messages: Nullable<Vec<ChatMessage>>,
    /// `queued_messages` on the wire.
    #[serde(default)]
    pub queued_messages: Nullable<Vec<ChatQueuedMessage>>,
    /// `has_more` on the wire.
    #[serde(default)]
    pub has_more: bool,
}

/// `codersdk.ChatPrompt`: chat prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPrompt {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// `text` on the wire.
    #[serde(default)]
    pub text: String,
}

/// How much [`get_chat_prompts`](crate::ChatsApi::get_chat_prompts) gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatPromptsOptions {
    /// How many prompts at most, from 1 to 2000; the server's default is 500.
    pub limit: Option<i64>,
}

/// `codersdk.ChatPromptsResponse`: chat prompts response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPromptsResponse {
    /// `prompts` on the wire.
    #[serde(default)]
    pub prompts: Nullable<Vec<ChatPrompt>>,
}

/// `codersdk.ChatQueuedMessage`: chat queued message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatQueuedMessage {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// `content` on the wire.
    #[serde(default)]
    pub content: Nullable<Vec<ChatMessagePart>>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
}

/// `codersdk.CreateChatMessageRequest`: create chat message request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatMessageRequest {
    /// `content` on the wire.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// `mcp_server_ids` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server_ids: Option<Vec<Uuid>>,
    /// `busy_behavior` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub busy_behavior: Option<ChatBusyBehavior>,
    /// `plan_mode` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_mode: Option<ChatPlanMode>,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.CreateChatMessageResponse`: create chat message response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatMessageResponse {
    /// `message` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ChatMessage>,
    /// `queued_message` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_message: Option<ChatQueuedMessage>,
    /// `queued` on the wire.
    #[serde(default)]
    pub queued: bool,
    /// `warnings` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// All messages that were added. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub messages: Vec<ChatMessage>,
}

/// `codersdk.EditChatMessageRequest`: edit chat message request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EditChatMessageRequest {
    /// `content` on the wire.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.EditChatMessageResponse`: edit chat message response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EditChatMessageResponse {
    /// `message` on the wire.
    #[serde(default)]
    pub message: ChatMessage,
    /// `warnings` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// All messages that were added. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub messages: Vec<ChatMessage>,
    /// The messages that were removed. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub deleted_message_ids: Vec<i64>,
}
