//! Messages of a chat: reading them page by page, sending one, editing one, and the list of prompts.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{FromRequest, Path, Request, State};
use codersdk::{
    ChatBusyBehavior, ChatMessagesResponse, ChatPrompt, ChatPromptsResponse, CreateChatMessageRequest,
    CreateChatMessageResponse, EditChatMessageRequest, EditChatMessageResponse,
};
use uuid::Uuid;

use super::checks;
use super::errors::Wording;
use super::param::ChatParam;
use crate::chatd::{BusyBehavior, ChatdError, EditMessageOptions, SendMessageOptions, SendMessageResult};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::query::{QueryParser, QueryValues};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::MessageRow;
use crate::usage_limits::spend_check;

/// Largest body of a message, in bytes. The contract has no bound, and clients do send messages of some mebibytes.
const MAX_BODY: usize = 16 << 20;
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
    request: Request,
) -> Result<Json<CreateChatMessageResponse>, ApiError> {
    caller.must_own_chat(&chat, "send messages")?;
    if chat.archived {
        return Err(ApiError::bad_request(SEND.archived));
    }
    let GoJson(request) = GoJson::<CreateChatMessageRequest, MAX_BODY>::from_request(request, &state).await?;
    let input = checks::chat_input(&state, &caller, &request.content).await?;
    if let Some(servers) = &request.mcp_server_ids {
        checks::mcp_servers(&state, servers).await?;
    }
    let plan_mode = request.plan_mode.as_ref().map(checks::plan_mode).transpose()?;
    let busy_behavior = busy_behavior(&request.busy_behavior.unwrap_or_default())?;
    spend_check(&state, chat.owner_id, chat.organization_id).await?;
    let sent = state
        .chatd
        .send_message(SendMessageOptions {
            chat_id: chat.id,
            created_by: caller.id(),
            content: input.parts,
            model_config_id: Some(model_of_message(&state, &chat, request.model_config_id).await?),
            api_key_id: caller.api_key.id.clone(),
            busy_behavior,
            plan_mode,
            mcp_server_ids: request.mcp_server_ids,
        })
        .await
        .map_err(|error| SEND.answer(error))?;
    let warnings = checks::link_files(&state, chat.id, &input.file_ids).await;
    Ok(Json(match sent {
        SendMessageResult::Message { message, .. } => {
            CreateChatMessageResponse { message: Some(message.to_wire()), warnings, ..Default::default() }
        }
        SendMessageResult::Queued { queued, .. } => CreateChatMessageResponse {
            queued_message: Some(queued.to_wire()),
            queued: true,
            warnings,
            ..Default::default()
        },
    }))
}

fn busy_behavior(behavior: &ChatBusyBehavior) -> Result<BusyBehavior, ApiError> {
    match behavior.as_str() {
        "interrupt" => Ok(BusyBehavior::Interrupt),
        "queue" | "" => Ok(BusyBehavior::Queue),
        _ => Err(ApiError::bad_request("Invalid busy_behavior value.").detail("Must be \"queue\" or \"interrupt\".")),
    }
}

/// The model of a message: the one asked for, else the chat's own while it exists, else the default.
async fn model_of_message(state: &AppState, chat: &ChatRow, requested: Option<Uuid>) -> Result<Uuid, ApiError> {
    let failed = |e| ApiError::internal(SEND.failed, &e);
    if let Some(id) = requested.filter(|id| !id.is_nil()) {
        return match state.store.model_config(id).await.map_err(failed)? {
            Some(model) => Ok(model.id),
            None => Err(SEND.answer(ChatdError::InvalidModelConfig(id))),
        };
    }
    if state.store.model_config(chat.last_model_config_id).await.map_err(failed)?.is_some() {
        return Ok(chat.last_model_config_id);
    }
    match state.store.default_model_config().await.map_err(failed)? {
        Some(model) => Ok(model.id),
        None => Err(SEND.answer(ChatdError::NoDefaultModelConfig)),
    }
}

/// `PATCH /{chat}/messages/{message}`
pub(super) async fn patch_chat_message(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    Path(names): Path<HashMap<String, String>>,
    request: Request,
) -> Result<Json<EditChatMessageResponse>, ApiError> {
    caller.must_own_chat(&chat, "edit messages")?;
    if chat.archived {
        return Err(ApiError::bad_request(EDIT.archived));
    }
    let id = names.get("message").and_then(|id| id.parse::<i64>().ok()).filter(|id| *id > 0).ok_or_else(|| {
        ApiError::bad_request("Invalid chat message ID.").detail("Message ID must be a positive integer.")
    })?;
    let GoJson(request) = GoJson::<EditChatMessageRequest, MAX_BODY>::from_request(request, &state).await?;
    let input = checks::chat_input(&state, &caller, &request.content).await?;
    spend_check(&state, chat.owner_id, chat.organization_id).await?;
    let model_config_id = request.model_config_id.filter(|id| !id.is_nil());
    if let Some(model) = model_config_id {
        check_edited_model(&state, &chat, id, model).await.map_err(|error| EDIT.answer(error))?;
    }
    let (message, _) = state
        .chatd
        .edit_message(EditMessageOptions {
            chat_id: chat.id,
            created_by: caller.id(),
            edited_message_id: id,
            content: input.parts,
            api_key_id: caller.api_key.id.clone(),
            model_config_id,
        })
        .await
        .map_err(|error| EDIT.answer(error))?;
    let warnings = checks::link_files(&state, chat.id, &input.file_ids).await;
    Ok(Json(EditChatMessageResponse { message: message.to_wire(), warnings, ..Default::default() }))
}

/// Refuses a model that does not exist; that the message does not exist is said first.
async fn check_edited_model(state: &AppState, chat: &ChatRow, message: i64, model: Uuid) -> Result<(), ChatdError> {
    let edited = state.store.message(message).await?;
    if !edited.is_some_and(|edited| edited.chat_id == chat.id && !edited.deleted) {
        return Err(ChatdError::MessageNotFound);
    }
    match state.store.model_config(model).await? {
        Some(_) => Ok(()),
        None => Err(ChatdError::InvalidModelConfig(model)),
    }
}
