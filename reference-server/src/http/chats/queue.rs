//! Messages that wait until a chat is free: dropping one, and sending one first.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use super::errors::Wording;
use super::param::ChatParam;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::quote::quoted;
use crate::state::AppState;

const DELETE: Wording = Wording {
    archived: "Cannot delete queued messages in an archived chat.",
    not_allowed: "Chat has no queued messages to delete.",
    failed: "Failed to delete queued message.",
};

const PROMOTE: Wording = Wording {
    archived: "Cannot promote queued messages in an archived chat.",
    not_allowed: "Chat has no queued messages to promote.",
    failed: "Failed to promote queued message.",
};

/// `DELETE /{chat}/queue/{queuedMessage}`
pub(super) async fn delete_chat_queued_message(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    Path(names): Path<HashMap<String, String>>,
) -> Result<StatusCode, ApiError> {
    caller.may_update_chat(&chat)?;
    let id = queued_message_id(&names)?;
    state.chatd.delete_queued(chat.id, id).await.map_err(|error| DELETE.answer(error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /{chat}/queue/{queuedMessage}/promote`
pub(super) async fn promote_chat_queued_message(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    Path(names): Path<HashMap<String, String>>,
) -> Result<(StatusCode, Json<codersdk::Response>), ApiError> {
    caller.must_own_chat(&chat, "promote queued messages")?;
    if chat.archived {
        return Err(ApiError::bad_request(PROMOTE.archived));
    }
    let id = queued_message_id(&names)?;
    state.chatd.promote_queued(chat.id, id).await.map_err(|error| PROMOTE.answer(error))?;
    let message = "Queued message promotion accepted.".to_owned();
    Ok((StatusCode::ACCEPTED, Json(codersdk::Response { message, ..Default::default() })))
}

fn queued_message_id(names: &HashMap<String, String>) -> Result<i64, ApiError> {
    let id = names.get("queued_message").map_or("", String::as_str);
    id.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let what =
            if matches!(error.kind(), PosOverflow | NegOverflow) { "value out of range" } else { "invalid syntax" };
        ApiError::bad_request("Invalid queued message ID.")
            .detail(format!("strconv.ParseInt: parsing {}: {what}", quoted(id)))
    })
}
