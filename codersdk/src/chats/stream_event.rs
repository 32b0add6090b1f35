//! Events of a chat's stream.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::tagged::{self, Tagged};
use crate::types::*;

/// What happened in a chat: one event of its stream.
///
/// Kinds that this version does not know are kept whole in [`ChatStreamEvent::Unknown`] and written
/// again as they were read.
///
/// ```
/// use codersdk::{ChatStatus, ChatStreamEvent};
///
/// let event: ChatStreamEvent = serde_json::from_str(
///     r#"{"type":"status","chat_id":"f0000000-0000-4000-8000-000000000001","status":{"status":"running"}}"#,
/// )?;
/// match event {
///     ChatStreamEvent::Status { status, .. } => assert_eq!(status.status, ChatStatus::Running),
///     other => panic!("not a status: {other:?}"),
/// }
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "events are handled one at a time, a box would cost more")]
pub enum ChatStreamEvent {
    /// A piece of an answer in the making. Pieces are not history: a `Message` event brings the whole.
    MessagePart {
        /// The chat concerned.
        chat_id: Uuid,
        /// The piece.
        message_part: ChatStreamMessagePart,
    },
    /// A message was added or has changed.
    Message {
        /// The chat concerned.
        chat_id: Uuid,
        /// The message as it is now.
        message: ChatMessage,
    },
    /// The chat's status changed.
    Status {
        /// The chat concerned.
        chat_id: Uuid,
        /// The status.
        status: ChatStreamStatus,
    },
    /// The turn ended with an error.
    Error {
        /// The chat concerned.
        chat_id: Uuid,
        /// What went wrong.
        error: ChatError,
    },
    /// The queue of messages changed.
    QueueUpdate {
        /// The chat concerned.
        chat_id: Uuid,
        /// The whole queue as it is now, oldest first.
        queued_messages: Vec<ChatQueuedMessage>,
    },
    /// The model failed and will be asked again.
    Retry {
        /// The chat concerned.
        chat_id: Uuid,
        /// When, and why.
        retry: ChatStreamRetry,
    },
    /// The chat waits until the client has run tools and submitted their results.
    ActionRequired {
        /// The chat concerned.
        chat_id: Uuid,
        /// The calls to answer.
        action_required: ChatStreamActionRequired,
    },
    /// The pieces shown so far are void.
    PreviewReset {
        /// The chat concerned.
        chat_id: Uuid,
    },
    /// The messages shown so far are void; all that there are follow as `Message` events.
    HistoryReset {
        /// The chat concerned.
        chat_id: Uuid,
    },
    /// An event of a kind that this version does not know, or without what its kind calls for.
    Unknown(UnknownChatStreamEvent),
}

/// An event that is kept unread.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownChatStreamEvent {
    /// Its `type`, which is empty when it has none.
    pub kind: ChatStreamEventType,
    /// The chat concerned, when it names one.
    pub chat_id: Option<Uuid>,
    /// The whole event.
    pub json: RawJson,
    /// Why it is kept unread.
    pub reason: UnknownReason,
}

impl ChatStreamEvent {
    /// What kind of event it is.
    pub fn kind(&self) -> ChatStreamEventType {
        match self {
            Self::MessagePart { .. } => ChatStreamEventType::MessagePart,
            Self::Message { .. } => ChatStreamEventType::Message,
            Self::Status { .. } => ChatStreamEventType::Status,
            Self::Error { .. } => ChatStreamEventType::Error,
            Self::QueueUpdate { .. } => ChatStreamEventType::QueueUpdate,
            Self::Retry { .. } => ChatStreamEventType::Retry,
            Self::ActionRequired { .. } => ChatStreamEventType::ActionRequired,
            Self::PreviewReset { .. } => ChatStreamEventType::PreviewReset,
            Self::HistoryReset { .. } => ChatStreamEventType::HistoryReset,
            Self::Unknown(event) => event.kind.clone(),
        }
    }

    /// The chat concerned. Only an unknown event may name none.
    pub fn chat_id(&self) -> Option<Uuid> {
        match self {
            Self::MessagePart { chat_id, .. }
            | Self::Message { chat_id, .. }
            | Self::Status { chat_id, .. }
            | Self::Error { chat_id, .. }
            | Self::QueueUpdate { chat_id, .. }
            | Self::Retry { chat_id, .. }
            | Self::ActionRequired { chat_id, .. }
            | Self::PreviewReset { chat_id }
            | Self::HistoryReset { chat_id } => Some(*chat_id),
            Self::Unknown(event) => event.chat_id,
        }
    }
}

/// The fields of all kinds, as they are read.
#[derive(Deserialize)]
struct EventFields {
    #[serde(default)]
    chat_id: Uuid,
    #[serde(default)]
    message: Option<ChatMessage>,
    #[serde(default)]
    message_part: Option<ChatStreamMessagePart>,
    #[serde(default)]
    status: Option<ChatStreamStatus>,
    #[serde(default)]
    error: Option<ChatError>,
    #[serde(default)]
    retry: Option<ChatStreamRetry>,
    #[serde(default)]
    queued_messages: Option<Vec<ChatQueuedMessage>>,
    #[serde(default)]
    action_required: Option<ChatStreamActionRequired>,
}

/// The fields of all kinds, as they are written.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "ChatStreamEvent"))]
struct EventWire<'a> {
    #[serde(rename = "type")]
    kind: ChatStreamEventType,
    chat_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a ChatMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_part: Option<&'a ChatStreamMessagePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a ChatStreamStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ChatError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<&'a ChatStreamRetry>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    queued_messages: &'a [ChatQueuedMessage],
    #[serde(skip_serializing_if = "Option::is_none")]
    action_required: Option<&'a ChatStreamActionRequired>,
}

impl Tagged for ChatStreamEvent {
    const EXPECTED: &'static str = "an event of a chat's stream";
    const FIELDS: &'static [&'static str] = &[
        "type",
        "chat_id",
        "message",
        "message_part",
        "status",
        "error",
        "retry",
        "queued_messages",
        "action_required",
    ];
    type Kind = ChatStreamEventType;

    fn read<'de, D: Deserializer<'de>>(kind: Self::Kind, fields: D) -> Result<Self, D::Error> {
        let fields = EventFields::deserialize(fields)?;
        let chat_id = fields.chat_id;
        let event = match &kind {
            ChatStreamEventType::MessagePart => {
                fields.message_part.map(|message_part| Self::MessagePart { chat_id, message_part })
            }
            ChatStreamEventType::Message => fields.message.map(|message| Self::Message { chat_id, message }),
            ChatStreamEventType::Status => fields.status.map(|status| Self::Status { chat_id, status }),
            ChatStreamEventType::Error => fields.error.map(|error| Self::Error { chat_id, error }),
            ChatStreamEventType::QueueUpdate => {
                Some(Self::QueueUpdate { chat_id, queued_messages: fields.queued_messages.unwrap_or_default() })
            }
            ChatStreamEventType::Retry => fields.retry.map(|retry| Self::Retry { chat_id, retry }),
            ChatStreamEventType::ActionRequired => {
                fields.action_required.map(|action_required| Self::ActionRequired { chat_id, action_required })
            }
            ChatStreamEventType::PreviewReset => Some(Self::PreviewReset { chat_id }),
            ChatStreamEventType::HistoryReset => Some(Self::HistoryReset { chat_id }),
            ChatStreamEventType::Unknown(_) => None,
        };
        Ok(event.unwrap_or_else(|| {
            let json = serde_json::json!({"type": kind, "chat_id": chat_id});
            Self::Unknown(UnknownChatStreamEvent {
                kind,
                chat_id: Some(chat_id),
                json: json.into(),
                reason: UnknownReason::NoPayload,
            })
        }))
    }

    fn keep(kind: Self::Kind, json: RawJson, reason: UnknownReason) -> Self {
        #[derive(Deserialize)]
        struct Named {
            chat_id: Option<Uuid>,
        }
        let chat_id = json.parse::<Named>().ok().and_then(|named| named.chat_id);
        Self::Unknown(UnknownChatStreamEvent { kind, chat_id, json, reason })
    }
}

impl<'de> Deserialize<'de> for ChatStreamEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl Serialize for ChatStreamEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut wire = EventWire {
            kind: self.kind(),
            chat_id: self.chat_id().unwrap_or_default(),
            message: None,
            message_part: None,
            status: None,
            error: None,
            retry: None,
            queued_messages: &[],
            action_required: None,
        };
        match self {
            Self::MessagePart { message_part, .. } => wire.message_part = Some(message_part),
            Self::Message { message, .. } => wire.message = Some(message),
            Self::Status { status, .. } => wire.status = Some(status),
            Self::Error { error, .. } => wire.error = Some(error),
            Self::QueueUpdate { queued_messages, .. } => wire.queued_messages = queued_messages,
            Self::Retry { retry, .. } => wire.retry = Some(retry),
            Self::ActionRequired { action_required, .. } => wire.action_required = Some(action_required),
            Self::PreviewReset { .. } | Self::HistoryReset { .. } => {}
            Self::Unknown(event) => return event.json.serialize(serializer),
        }
        wire.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ChatStreamEvent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ChatStreamEvent".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        EventWire::json_schema(generator)
    }
}
