//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatStreamActionRequired`: chat stream action required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamActionRequired {
    /// `tool_calls` on the wire.
    #[serde(default)]
    pub tool_calls: Nullable<Vec<ChatStreamToolCall>>,
}

open_enum! {
    /// Values of `codersdk.ChatStreamEventType`.
    pub enum ChatStreamEventType {
        /// `message_part`
        MessagePart => "message_part",
        /// `message`
        Message => "message",
        /// `status`
        Status => "status",
        /// `error`
        Error => "error",
        /// `queue_update`
        QueueUpdate => "queue_update",
        /// `retry`
        Retry => "retry",
        /// `action_required`
        ActionRequired => "action_required",
        /// `preview_reset`
        PreviewReset => "preview_reset",
        /// `history_reset`
        HistoryReset => "history_reset",
    }
}

/// `codersdk.ChatStreamMessagePart`: chat stream message part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamMessagePart {
    /// `role` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub role: Option<ChatMessageRole>,
    /// `part` on the wire.
    #[serde(default)]
    pub part: ChatMessagePart,
    /// `history_version` on the wire.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub history_version: i64,
    /// `generation_attempt` on the wire.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation_attempt: i64,
    /// `seq` on the wire.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seq: i64,
}

/// `codersdk.ChatStreamRetry`: chat stream retry.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamRetry {
    /// `attempt` on the wire.
    #[serde(default)]
    pub attempt: i64,
    /// `delay_ms` on the wire.
    #[serde(default)]
    pub delay_ms: i64,
    /// `error` on the wire.
    #[serde(default)]
    pub error: String,
    /// `kind` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub kind: Option<ChatErrorKind>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// `status_code` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub status_code: Option<i64>,
    /// `retrying_at` on the wire.
    #[serde(default = "zero_time")]
    pub retrying_at: DateTime<Utc>,
}

/// `codersdk.ChatStreamStatus`: chat stream status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamStatus {
    /// State it is in.
    #[serde(default)]
    pub status: ChatStatus,
}

/// `codersdk.ChatStreamToolCall`: chat stream tool call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamToolCall {
    /// `tool_call_id` on the wire.
    #[serde(default)]
    pub tool_call_id: String,
    /// `tool_name` on the wire.
    #[serde(default)]
    pub tool_name: String,
    /// `args` on the wire.
    #[serde(default)]
    pub args: String,
}

/// `codersdk.ChatWatchEvent`: chat watch event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatWatchEvent {
    /// `kind` on the wire.
    #[serde(default)]
    pub kind: ChatWatchEventKind,
    /// `chat` on the wire.
    #[serde(default)]
    pub chat: Chat,
    /// `tool_calls` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ChatStreamToolCall>,
}

open_enum! {
    /// Values of `codersdk.ChatWatchEventKind`.
    pub enum ChatWatchEventKind {
        /// `status_change`
        StatusChange => "status_change",
        /// `summary_change`
        SummaryChange => "summary_change",
        /// `title_change`
        TitleChange => "title_change",
        /// `created`
        Created => "created",
        /// `deleted`
        Deleted => "deleted",
        /// `diff_status_change`
        DiffStatusChange => "diff_status_change",
        /// `action_required`
        ActionRequired => "action_required",
        /// `context_dirty`
        ContextDirty => "context_dirty",
    }
}

/// Where [`stream_chat`](crate::ChatsApi::stream_chat) begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StreamChatOptions {
    /// Leaves messages up to this one out of the first snapshot.
    pub after_id: Option<i64>,
}

/// Which live parts [`stream_chat_parts`](crate::ChatsApi::stream_chat_parts) is to send: those of one attempt at an
/// answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatPartsSelection {
    /// The version of the history that is answered.
    #[serde(default)]
    pub history_version: i64,
    /// The attempt.
    #[serde(default)]
    pub generation_attempt: i64,
}

/// A socket of live parts, see [`stream_chat_parts`](crate::ChatsApi::stream_chat_parts). Takes [`ChatPartsSelection`].
pub type ChatPartsSocket = crate::JsonSocket<Vec<ChatStreamEvent>>;
