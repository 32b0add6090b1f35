//! Titles that are asked for: proposed, or made and kept.

use axum::Json;
use axum::extract::State;
use codersdk::{Chat, ProposeChatTitleResponse};

use super::param::ChatParam;
use super::rows;
use crate::chatd::titles::{self, TitleError};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::state::AppState;

/// `POST /{chat}/title/propose`
pub(super) async fn propose_chat_title(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<ProposeChatTitleResponse>, ApiError> {
    caller.must_own_chat(&chat, "propose a title")?;
    let title =
        titles::propose(&state, &chat).await.map_err(|error| answer(error, "Failed to generate chat title."))?;
    Ok(Json(ProposeChatTitleResponse { title }))
}

/// `POST /{chat}/title/regenerate`
pub(super) async fn regenerate_chat_title(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<Chat>, ApiError> {
    caller.must_own_chat(&chat, "regenerate the title")?;
    let chat =
        titles::regenerate(&state, &chat).await.map_err(|error| answer(error, "Failed to regenerate chat title."))?;
    Ok(Json(rows::single(&chat)))
}

/// The answer to a title that could not be made or changed.
pub(super) fn answer(error: TitleError, failed: &'static str) -> ApiError {
    match error {
        TitleError::InProgress => ApiError::conflict("Title regeneration already in progress for this chat."),
        TitleError::NotFound => ApiError::not_found(),
        TitleError::LimitExceeded(limit) => limit.into(),
        TitleError::Failed(detail) => ApiError::new(http::StatusCode::INTERNAL_SERVER_ERROR, failed).detail(detail),
    }
}
