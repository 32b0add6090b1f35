//! What is done to a chat's turn from outside: stopping it, mending it, and answering its tool calls.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use codersdk::{Chat, SubmitToolResultsRequest};
use http::StatusCode;

use super::errors::Wording;
use super::param::ChatParam;
use super::rows;
use crate::chatd::SubmitToolResultsOptions;
use crate::chatd::machine::apply::SubmittedResult;
use crate::chatd::part;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::state::AppState;

/// Largest body of tool results, in bytes.
const MAX_RESULTS_BODY: usize = 256 << 10;

const INTERRUPT: Wording = Wording {
    archived: "Cannot interrupt an archived chat.",
    not_allowed: "Chat is not in an interruptible state.",
    failed: "Failed to interrupt chat.",
};

const RECONCILE: Wording = Wording {
    archived: "Cannot mutate an archived chat.",
    not_allowed: "Chat is not in an invalid state.",
    failed: "Failed to reconcile chat state.",
};

const TOOL_RESULTS: Wording = Wording {
    archived: "Cannot submit tool results to an archived chat.",
    not_allowed: "Chat is not waiting for tool results.",
    failed: "Internal error submitting tool results.",
};

/// `POST /{chat}/interrupt`
pub(super) async fn interrupt_chat(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<Chat>, ApiError> {
    caller.may_update_chat(&chat)?;
    let chat = state.chatd.interrupt_chat(chat.id).await.map_err(|error| INTERRUPT.answer(error))?;
    Ok(Json(rows::single(&chat)))
}

/// `POST /{chat}/reconcile-invalid`
pub(super) async fn reconcile_invalid_chat_state(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
) -> Result<Json<Chat>, ApiError> {
    caller.may_update_chat(&chat)?;
    let chat = state.chatd.reconcile_invalid_state(chat.id).await.map_err(|error| RECONCILE.answer(error))?;
    Ok(Json(rows::single(&chat)))
}

/// `POST /{chat}/tool-results`
pub(super) async fn post_chat_tool_results(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    request: Request,
) -> Result<StatusCode, ApiError> {
    caller.must_own_chat(&chat, "submit tool results")?;
    if chat.archived {
        return Err(ApiError::bad_request(TOOL_RESULTS.archived));
    }
    let GoJson(request) = GoJson::<SubmitToolResultsRequest, MAX_RESULTS_BODY>::from_request(request, &state).await?;
    if request.results.is_empty() {
        return Err(ApiError::bad_request("At least one tool result is required."));
    }
    let results = request
        .results
        .into_iter()
        .map(|result| SubmittedResult {
            tool_call_id: result.tool_call_id,
            output: result.output.and_then(|output| part::Json::parse(output.get())),
            is_error: result.is_error,
        })
        .collect();
    state
        .chatd
        .submit_tool_results(SubmitToolResultsOptions { chat_id: chat.id, user_id: caller.id(), results })
        .await
        .map_err(|error| TOOL_RESULTS.answer(error))?;
    Ok(StatusCode::NO_CONTENT)
}
