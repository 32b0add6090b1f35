//! One chat: reading it, and changing what is not said in it.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use codersdk::{Chat, ChatDiffContents, UpdateChatRequest};
use http::StatusCode;
use uuid::Uuid;

use super::errors::Wording;
use super::labels::validate_labels;
use super::param::ChatParam;
use super::title::MAX_TITLE;
use super::titles::answer as title_answer;
use super::{checks, rows};
use crate::chatd::{context, titles};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::state::AppState;
use crate::store::chat_changes::PinChange;
use crate::store::chat_diffs::DiffStatusRow;
use crate::store::chats::ChatRow;

/// `GET /{chat}`
pub(super) async fn get_chat(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<Chat>, ApiError> {
    // What is known of the change and of files is an extra: the chat can be read without it.
    let diff = state.store.diff_statuses_of(&[chat.id]).await.unwrap_or_default();
    let files = state.store.chat_files_of_chat(chat.id).await.unwrap_or_default();
    let mut answer = Chat {
        diff_status: diff.get(&chat.id).map(DiffStatusRow::to_wire),
        files: rows::file_metadata(files),
        ..rows::single(&chat)
    };
    with_resources(&state, &mut answer).await;
    if chat.parent_chat_id.is_none() {
        let children = rows::children(&state, &caller, &chat)
            .await
            .map_err(|e| ApiError::internal("Failed to fetch child chats.", &e))?;
        answer.children = children.into();
    }
    Ok(Json(answer))
}

/// `PATCH /{chat}`: the fields one after the other, up to the first that cannot be applied. Each is judged by what the
/// chat was before the call.
pub(super) async fn patch_chat(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    request: Request,
) -> Result<StatusCode, ApiError> {
    caller.may_update_chat(&chat)?;
    let GoJson(request) = GoJson::<UpdateChatRequest>::from_request(request, &state).await?;
    let plan_mode = request.plan_mode.as_ref().map(checks::plan_mode).transpose()?;
    if let Some(title) = &request.title {
        change_title(&state, &chat, title).await?;
    }
    if let Some(labels) = &request.labels {
        let errors = validate_labels(labels);
        if !errors.is_empty() {
            return Err(ApiError::bad_request("Invalid labels.").validations(errors));
        }
        let now = state.clock.now();
        let failed = |e| ApiError::internal("Failed to update chat labels.", &e);
        state.store.set_chat_labels(chat.id, labels, now).await.map_err(failed)?;
    }
    if let Some(archived) = request.archived {
        change_archived(&state, &chat, archived).await?;
    }
    if let Some(place) = request.pin_order {
        change_pin(&state, &chat, place).await?;
    }
    if let Some(workspace) = request.workspace_id {
        change_workspace(&state, &caller, &chat, workspace).await?;
    }
    if let Some(plan_mode) = plan_mode {
        let failed = |e| ApiError::internal("Failed to update chat plan mode.", &e);
        state.store.set_chat_plan_mode(chat.id, plan_mode.as_deref()).await.map_err(failed)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn change_title(state: &AppState, chat: &ChatRow, title: &str) -> Result<(), ApiError> {
    let title = title.trim();
    if title.is_empty() {
        return Err(ApiError::bad_request("Title cannot be empty."));
    }
    if title.chars().count() > MAX_TITLE {
        return Err(ApiError::bad_request(format!("Title must be at most {MAX_TITLE} characters.")));
    }
    if title == chat.title {
        return Ok(());
    }
    titles::rename(state, chat.id, title).await.map_err(|error| title_answer(error, "Failed to update chat title."))?;
    Ok(())
}

async fn change_archived(state: &AppState, chat: &ChatRow, archived: bool) -> Result<(), ApiError> {
    if chat.parent_chat_id.is_some() {
        return Err(ApiError::bad_request("Chat archive state can only be changed on the root chat."));
    }
    if archived == chat.archived {
        let what = if archived { "archived" } else { "not archived" };
        return Err(ApiError::bad_request(format!("Chat is already {what}.")));
    }
    let (done, failed) = if archived {
        (state.chatd.archive_chat(chat.id).await, "Failed to archive chat.")
    } else {
        (state.chatd.unarchive_chat(chat.id).await, "Failed to unarchive chat.")
    };
    let not_allowed = "Cannot archive an active chat. Interrupt or wait for the chat to finish first.";
    let wording = Wording { archived: "Chat is already archived.", not_allowed, failed };
    done.map_err(|error| wording.answer(error))
}

async fn change_pin(state: &AppState, chat: &ChatRow, place: i32) -> Result<(), ApiError> {
    let archived = || ApiError::bad_request("Cannot pin an archived chat.");
    let child = || ApiError::bad_request("Cannot pin a child chat.");
    if place < 0 {
        return Err(ApiError::bad_request("Pin order must be non-negative."));
    }
    if place > 0 && chat.archived {
        return Err(archived());
    }
    if place > 0 && chat.parent_chat_id.is_some() {
        return Err(child());
    }
    let (change, failed) = match (place, chat.pin_order) {
        (0, _) => (PinChange::Remove, "Failed to unpin chat."),
        (place, 1..) => (PinChange::Move(place), "Failed to reorder pinned chat."),
        _ => (PinChange::Append, "Failed to pin chat."),
    };
    match state.store.change_chat_pin(chat.id, chat.owner_id, change).await {
        Err(sqlx::Error::Database(error)) if error.is_check_violation() => Err(archived()),
        done => done.map_err(|e| ApiError::internal(failed, &e)),
    }
}

/// The zero id ends the binding.
async fn change_workspace(state: &AppState, caller: &Caller, chat: &ChatRow, workspace: Uuid) -> Result<(), ApiError> {
    let bound = Some(workspace).filter(|id| !id.is_nil());
    if let Some(id) = bound
        && checks::workspace(state, caller, id).await?.organization_id != chat.organization_id
    {
        return Err(ApiError::bad_request("Workspace does not belong to this chat's organization."));
    }
    let now = state.clock.now();
    let failed = |e| ApiError::internal("Failed to update chat workspace binding.", &e);
    state.store.set_chat_workspace(chat.id, bound, None, now).await.map_err(failed)
}

/// `GET /{chat}/diff`: which pull request the chat made. Git providers are not asked, so the diff itself stays away.
pub(super) async fn get_chat_diff_contents(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
) -> Result<Json<ChatDiffContents>, ApiError> {
    let known = state
        .store
        .diff_statuses_of(&[chat.id])
        .await
        .map_err(|e| ApiError::internal("Failed to get chat diff.", &e))?;
    let url = known.get(&chat.id).and_then(|diff| diff.url.as_deref()).map(str::trim).filter(|url| !url.is_empty());
    Ok(Json(ChatDiffContents { chat_id: chat.id, pull_request_url: url.map(str::to_owned), ..Default::default() }))
}

/// `PUT /{chat}/context`: takes the context of the chat's agent anew. Without an agent there is none to take.
pub(super) async fn refresh_chat_context(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<Chat>, ApiError> {
    caller.may_update_chat(&chat)?;
    let failed = |e| ApiError::internal("Internal error refreshing chat context.", &e);
    state.store.repin_chat(chat.id).await.map_err(failed)?;
    let chat = state.store.chat(chat.id).await.map_err(failed)?.ok_or_else(ApiError::not_found)?;
    let mut answer = rows::single(&chat);
    with_resources(&state, &mut answer).await;
    Ok(Json(answer))
}

/// Adds to the state of the context what it consists of; the chat can be read without it.
async fn with_resources(state: &AppState, answer: &mut Chat) {
    if let Some(context) = &mut answer.context {
        match state.store.chat_context(answer.id).await {
            Ok(rows) => context.resources = context::resources(&rows),
            Err(error) => tracing::error!(chat = %answer.id, %error, "a chat's context cannot be read"),
        }
    }
}
