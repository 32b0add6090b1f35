//! Tests of the stream, of what it tells, and of the reducers over it.

mod list;
mod model;
mod property;
mod resuming;
#[cfg(feature = "tools")]
mod runner;
mod transcript;

use chrono::DateTime;
use uuid::Uuid;

use crate::types::*;

pub(super) const CHAT: Uuid = Uuid::from_u128(0xc4a7);

pub(super) fn message(id: i64, role: ChatMessageRole, text: &str) -> ChatStreamEvent {
    let message =
        ChatMessage { id, chat_id: CHAT, role, content: vec![ChatMessagePart::text(text)], ..Default::default() };
    ChatStreamEvent::Message { chat_id: CHAT, message }
}

pub(super) fn user(id: i64, text: &str) -> ChatStreamEvent {
    message(id, ChatMessageRole::User, text)
}

pub(super) fn assistant(id: i64, text: &str) -> ChatStreamEvent {
    message(id, ChatMessageRole::Assistant, text)
}

pub(super) fn status(status: ChatStatus) -> ChatStreamEvent {
    ChatStreamEvent::Status { chat_id: CHAT, status: ChatStreamStatus { status } }
}

pub(super) fn running() -> ChatStreamEvent {
    status(ChatStatus::Running)
}

pub(super) fn waiting() -> ChatStreamEvent {
    status(ChatStatus::Waiting)
}

pub(super) fn preview_reset() -> ChatStreamEvent {
    ChatStreamEvent::PreviewReset { chat_id: CHAT }
}

pub(super) fn history_reset() -> ChatStreamEvent {
    ChatStreamEvent::HistoryReset { chat_id: CHAT }
}

pub(super) fn queue(ids: &[i64]) -> ChatStreamEvent {
    let queued_messages = ids.iter().map(|id| ChatQueuedMessage { id: *id, chat_id: CHAT, ..Default::default() });
    ChatStreamEvent::QueueUpdate { chat_id: CHAT, queued_messages: queued_messages.collect() }
}

pub(super) fn retry(attempt: i64, at: i64) -> ChatStreamEvent {
    let retrying_at = DateTime::from_timestamp(at, 0).unwrap_or_default();
    ChatStreamEvent::Retry { chat_id: CHAT, retry: ChatStreamRetry { attempt, retrying_at, ..Default::default() } }
}

pub(super) fn failed(text: &str) -> ChatStreamEvent {
    ChatStreamEvent::Error { chat_id: CHAT, error: ChatError { message: text.to_owned(), ..Default::default() } }
}

pub(super) fn action_required(ids: &[&str]) -> ChatStreamEvent {
    let calls = ids.iter().map(|id| ChatStreamToolCall { tool_call_id: (*id).to_owned(), ..Default::default() });
    ChatStreamEvent::ActionRequired {
        chat_id: CHAT,
        action_required: ChatStreamActionRequired { tool_calls: calls.collect() },
    }
}

pub(super) fn part(version: i64, attempt: i64, seq: i64, part: ChatMessagePart) -> ChatStreamEvent {
    ChatStreamEvent::MessagePart {
        chat_id: CHAT,
        message_part: ChatStreamMessagePart {
            role: Some(ChatMessageRole::Assistant),
            part,
            history_version: version,
            generation_attempt: attempt,
            seq,
        },
    }
}

pub(super) fn words(version: i64, attempt: i64, seq: i64, text: &str) -> ChatStreamEvent {
    part(version, attempt, seq, ChatMessagePart::text(text))
}
