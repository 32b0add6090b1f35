//! Messages, the queue and prompts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A message of a chat: `codersdk.ChatMessage`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessage {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// The user who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Uuid>,
    /// The configured model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// Who speaks.
    #[serde(default)]
    pub role: ChatMessageRole,
    /// The parts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<ChatMessagePart>,
    /// The tokens that the answer took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<ChatMessageUsage>,
}

open_enum! {
    /// Who speaks: `codersdk.ChatMessageRole`.
    pub enum ChatMessageRole {
        /// Instructions.
        System => "system",
        /// A person.
        User => "user",
        /// The model.
        Assistant => "assistant",
        /// A tool.
        Tool => "tool",
    }
}

/// The tokens that an answer took: `codersdk.ChatMessageUsage`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessageUsage {
    /// Tokens that were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<i64>,
    /// Tokens that were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<i64>,
    /// All tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<i64>,
    /// Tokens of reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<i64>,
    /// Tokens that were written to the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_creation_tokens: Option<i64>,
    /// Tokens that were read from the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<i64>,
    /// Size of the model's context, in tokens.
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

/// A page of messages, and the queue: `codersdk.ChatMessagesResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessagesResponse {
    /// The messages.
    #[serde(default)]
    pub messages: Nullable<Vec<ChatMessage>>,
    /// The queue, oldest first.
    #[serde(default)]
    pub queued_messages: Nullable<Vec<ChatQueuedMessage>>,
    /// Whether there are more.
    #[serde(default)]
    pub has_more: bool,
}

/// What a person wrote: `codersdk.ChatPrompt`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPrompt {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// The text.
    #[serde(default)]
    pub text: String,
}

/// How much [`get_chat_prompts`](crate::ChatsApi::get_chat_prompts) gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatPromptsOptions {
    /// How many prompts at most, from 1 to 2000; the server's default is 500.
    pub limit: Option<i64>,
}

/// What people wrote: `codersdk.ChatPromptsResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPromptsResponse {
    /// The prompts, newest first.
    #[serde(default)]
    pub prompts: Nullable<Vec<ChatPrompt>>,
}

/// A message that waits for its turn: `codersdk.ChatQueuedMessage`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatQueuedMessage {
    /// Unique id.
    #[serde(default)]
    pub id: i64,
    /// The chat concerned.
    #[serde(default)]
    pub chat_id: Uuid,
    /// The configured model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// The message.
    #[serde(default)]
    pub content: Nullable<Vec<ChatMessagePart>>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
}

/// A message to send: `codersdk.CreateChatMessageRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatMessageRequest {
    /// The message.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// The configured model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// The MCP servers whose tools may be used from now on; absent leaves them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_server_ids: Option<Vec<Uuid>>,
    /// What is done when the chat is busy.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub busy_behavior: Option<ChatBusyBehavior>,
    /// Whether to plan only from now on; an empty value ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_mode: Option<ChatPlanMode>,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// What became of a message: `codersdk.CreateChatMessageResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatMessageResponse {
    /// The message, when it was taken up at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<ChatMessage>,
    /// The message, when it was queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued_message: Option<ChatQueuedMessage>,
    /// Whether the message was queued.
    #[serde(default)]
    pub queued: bool,
    /// What did not work, but did not stop the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// All messages that were added. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub messages: Vec<ChatMessage>,
}

/// A message in place of another: `codersdk.EditChatMessageRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EditChatMessageRequest {
    /// The new message.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// The configured model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// What became of an edit: `codersdk.EditChatMessageResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EditChatMessageResponse {
    /// The message in place of the edited one.
    #[serde(default)]
    pub message: ChatMessage,
    /// What did not work, but did not stop the request.
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
