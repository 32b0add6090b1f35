//! What events of streams carry.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::*;

/// What the client is to do: `codersdk.ChatStreamActionRequired`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamActionRequired {
    /// The calls to answer, all of them.
    #[serde(default)]
    pub tool_calls: Nullable<Vec<ChatStreamToolCall>>,
}

open_enum! {
    /// Kinds of events of a stream: `codersdk.ChatStreamEventType`.
    pub enum ChatStreamEventType {
        /// A piece of an answer in the making.
        MessagePart => "message_part",
        /// A message was added or has changed.
        Message => "message",
        /// The status changed.
        Status => "status",
        /// The turn failed.
        Error => "error",
        /// The queue changed.
        QueueUpdate => "queue_update",
        /// The model failed and will be asked again.
        Retry => "retry",
        /// The client is to run tools.
        ActionRequired => "action_required",
        /// The pieces shown so far are void.
        PreviewReset => "preview_reset",
        /// The messages shown so far are void.
        HistoryReset => "history_reset",
    }
}

/// A piece of an answer in the making: `codersdk.ChatStreamMessagePart`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamMessagePart {
    /// Who speaks.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub role: Option<ChatMessageRole>,
    /// The piece.
    #[serde(default)]
    pub part: ChatMessagePart,
    /// The version of the history that is answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub history_version: i64,
    /// The attempt at answering it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation_attempt: i64,
    /// Number of the piece in this attempt, from 1.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seq: i64,
}

/// When the model is asked again, and why: `codersdk.ChatStreamRetry`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamRetry {
    /// Number of the attempt that failed, from 1.
    #[serde(default)]
    pub attempt: i64,
    /// How long until the next one, in milliseconds.
    #[serde(default)]
    pub delay_ms: i64,
    /// What went wrong.
    #[serde(default)]
    pub error: String,
    /// What kind of failure it is.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub kind: Option<ChatErrorKind>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// The provider's HTTP status.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub status_code: Option<i64>,
    /// When the next one begins.
    #[serde(default = "zero_time")]
    pub retrying_at: DateTime<Utc>,
}

/// The status of a chat: `codersdk.ChatStreamStatus`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamStatus {
    /// State it is in.
    #[serde(default)]
    pub status: ChatStatus,
}

/// A call that waits for its result: `codersdk.ChatStreamToolCall`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatStreamToolCall {
    /// Names the call; its result carries the same id.
    #[serde(default)]
    pub tool_call_id: String,
    /// Name of the tool.
    #[serde(default)]
    pub tool_name: String,
    /// The arguments, as JSON in a string.
    #[serde(default)]
    pub args: String,
}

/// What happened to a chat: `codersdk.ChatWatchEvent`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatWatchEvent {
    /// What happened.
    #[serde(default)]
    pub kind: ChatWatchEventKind,
    /// The chat as it is now.
    #[serde(default)]
    pub chat: Chat,
    /// The calls to answer, when the client is to act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ChatStreamToolCall>,
}

open_enum! {
    /// Kinds of events of the watch: `codersdk.ChatWatchEventKind`.
    pub enum ChatWatchEventKind {
        /// The status changed.
        StatusChange => "status_change",
        /// The summary of the last turn changed.
        SummaryChange => "summary_change",
        /// The title changed.
        TitleChange => "title_change",
        /// The chat was made.
        Created => "created",
        /// The chat was archived or deleted, with its sub-chats.
        Deleted => "deleted",
        /// The branch or pull request changed.
        DiffStatusChange => "diff_status_change",
        /// The client is to run tools.
        ActionRequired => "action_required",
        /// The workspace changed after its context was read.
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
