//! Which models the deployment uses for sub-agents and titles.

use axum::Json;
use axum::extract::{Path, Request, State};
use codersdk::{ChatModelOverrideContext, ChatModelOverrideResponse, UpdateChatModelOverrideRequest};
use http::StatusCode;
use uuid::Uuid;

use crate::http::admins::{DeploymentAdmin, DeploymentReader};
use crate::http::error::ApiError;
use crate::http::extract::{parse_uuid, read_json};
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::chat_settings::model_override_key;
use crate::store::settings::set_site_config;

pub(super) async fn get_model_override(
    State(state): State<AppState>,
    _: DeploymentReader,
    Path(context): Path<String>,
) -> Result<Json<ChatModelOverrideResponse>, ApiError> {
    Ok(Json(answer(&state, parse_context(&context)?).await?))
}

pub(super) async fn put_model_override(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    Path(context): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let context = parse_context(&context)?;
    let request: UpdateChatModelOverrideRequest = read_json(request).await?;
    let invalid = || ApiError::bad_request("Invalid model_config_id.");
    let id = match request.model_config_id.trim() {
        "" => None,
        text => Some(parse_uuid(text).map_err(|_| {
            invalid().detail(format!("Value {} is not a valid UUID.", quoted(&request.model_config_id)))
        })?),
    };
    if let Some(id) = id
        && (id.is_nil() || state.store.enabled_model_config(id).await?.is_none())
    {
        return Err(invalid());
    }
    let value = id.as_ref().map(Uuid::to_string).unwrap_or_default();
    set_site_config(state.store.pool(), &model_override_key(&context), &value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The stored choice as it is shown; one that cannot be read is marked and counts as none.
pub(super) async fn answer(
    state: &AppState,
    context: ChatModelOverrideContext,
) -> Result<ChatModelOverrideResponse, ApiError> {
    let stored = state.store.model_override(&context).await?;
    Ok(ChatModelOverrideResponse {
        context,
        model_config_id: stored.model_config_id.as_ref().map(Uuid::to_string).unwrap_or_default(),
        is_malformed: stored.is_malformed,
        ..Default::default()
    })
}

fn parse_context(text: &str) -> Result<ChatModelOverrideContext, ApiError> {
    let context = ChatModelOverrideContext::from(text);
    if context.is_known() {
        return Ok(context);
    }
    Err(ApiError::bad_request("Invalid chat model override context.").detail(format!(
        "Expected one of {}. Got {}.",
        ChatModelOverrideContext::KNOWN.join(", "),
        quoted(text)
    )))
}
