//! Messages of a chat: reading them page by page, sending one, editing one, and the list of prompts.

use axum::Json;
use axum::extract::{Path, State};
use codersdk::{
    ChatBusyBehavior, ChatMessagesResponse, ChatPrompt, ChatPromptsResponse, CreateChatMessageRequest,
    CreateChatMessageResponse, EditChatMessageRequest, EditChatMessageResponse,
};
use uuid::Uuid;

use super::checks;
use super::errors::Wording;
use super::param::ChatParam;
use crate::chatd::{BusyBehavior, EditMessageOptions, SendMessageOptions, SendMessageResult};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::query::{QueryParser, QueryValues};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::MessageRow;
use crate::usage_limits::spend_check;

/// Largest body of a message, in bytes.
const MAX_BODY: usize = 2 << 20;
const DEFAULT_PAGE: i32 = 50;
const MAX_PAGE: i32 = 200;
const DEFAULT_PROMPTS: usize = 500;
const MAX_PROMPTS: i32 = 2000;

const SEND: Wording = Wording {
    archived: "Cannot send messages to an archived chat.",
    not_allowed: "Chat is not in a state that accepts new messages.",
    failed: "Failed to create chat message.",
};

const EDIT: Wording = Wording {
    archived: "Cannot edit messages in an archived chat.",
    not_allowed: "Chat is not in a state that accepts message edits.",
    failed: "Failed to edit chat message.",
};

/// `GET /{chat}/messages`
pub(super) async fn get_chat_messages(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
    query: QueryValues,
) -> Result<Json<ChatMessagesResponse>, ApiError> {
    let mut parser = QueryParser::new();
    let before = parser.positive_int64(&query, 0, "before_id");
    let after = parser.positive_int64(&query, 0, "after_id");
    let limit = parser.positive_int32(&query, DEFAULT_PAGE, "limit");
    parser.finish()?;
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::bad_request("Invalid limit parameter (1-200)."));
    }
    if before > 0 && after > 0 && after >= before {
        return Err(ApiError::bad_request("after_id must be less than before_id."));
    }
    let given = |id: i64| Some(id).filter(|id| *id > 0);
    // One more than asked for tells whether there is another page.
    let one_more = i64::from(limit) + 1;
    let read = if after > 0 && before == 0 {
        state.store.messages_after(chat.id, after, one_more).await
    } else {
        state.store.messages_before(chat.id, given(before), given(after), one_more).await
    };
    let mut messages = read.map_err(|e| ApiError::internal("Failed to get chat messages.", &e))?;
    let limit = usize::try_from(limit).unwrap_or_default();
    let has_more = messages.len() > limit;
    messages.truncate(limit);
    // The queue belongs to the newest page; whoever pages on has it already.
    let queued = if before == 0 && after == 0 {
        state.store.queue(chat.id).await.map_err(|e| ApiError::internal("Failed to get queued messages.", &e))?
    } else {
        Vec::new()
    };
    Ok(Json(ChatMessagesResponse {
        messages: messages.iter().map(MessageRow::to_wire).collect(),
        queued_messages: queued.iter().map(|message| message.to_wire()).collect(),
        has_more,
    }))
}

/// `GET /{chat}/prompts`: what the user typed, newest first, without messages that have no text.
pub(super) async fn get_chat_user_prompts(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
    query: QueryValues,
) -> Result<Json<ChatPromptsResponse>, ApiError> {
    let mut parser = QueryParser::new();
    let limit = parser.positive_int32(&query, 0, "limit");
    parser.finish()?;
    if limit > MAX_PROMPTS {
        return Err(ApiError::bad_request("Invalid limit parameter (0-2000)."));
    }
    let limit = usize::try_from(limit).ok().filter(|limit| *limit != 0).unwrap_or(DEFAULT_PROMPTS);
    let failed = |e| ApiError::internal("Failed to get chat user prompts.", &e);
    let mut prompts = Vec::new();
    let mut before = None;
    while prompts.len() < limit {
        let wanted = limit - prompts.len();
        let rows = state
            .store
            .user_prompts(chat.id, before, i64::try_from(wanted).unwrap_or(i64::MAX))
            .await
            .map_err(failed)?;
        before = rows.last().map(|row| row.id);
        let is_last = rows.len() < wanted;
        prompts.extend(rows.iter().filter_map(prompt));
        if is_last {
            break;
        }
    }
    Ok(Json(ChatPromptsResponse { prompts: prompts.into() }))
}

/// The text parts of a message, joined as they stand.
fn prompt(row: &MessageRow) -> Option<ChatPrompt> {
    let message = row.to_wire();
    let text: String = message.content.iter().filter_map(|part| part.as_text()).collect();
    (!text.trim().is_empty()).then_some(ChatPrompt { id: row.id, text })
}

/// `POST /{chat}/messages`
pub(super) async fn post_chat_messages(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    request: OwnedBody<CreateChatMessageRequest>,
) -> Result<Json<CreateChatMessageResponse>, ApiError> {
    todo_owned(request)
}
