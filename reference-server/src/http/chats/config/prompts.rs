//! The deployment's prompts and the user's own.

use axum::Json;
use axum::extract::State;
use codersdk::{
    ChatPlanModeInstructionsResponse, ChatSystemPromptResponse, UpdateChatPlanModeInstructionsRequest,
    UpdateChatSystemPromptRequest, UserChatCustomPrompt,
};
use http::StatusCode;

use crate::chatd::default_prompt::DEFAULT_SYSTEM_PROMPT;
use crate::chatd::sanitize::sanitize_prompt;
use crate::http::admins::DeploymentAdmin;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::chat_settings::{key, user_key};
use crate::store::settings::set_site_config;

/// How long a prompt may be after cleaning, in bytes.
const MAX_PROMPT: usize = 131_072;
/// How large the body may be that brings one: what is cleaned away counts too.
const MAX_BODY: usize = 2 * MAX_PROMPT;

/// These prompts are for those who may change them; for others they are not there.
fn authorize_read(caller: &Caller) -> Result<(), ApiError> {
    caller.authorize(Action::Update, &Object::deployment_config())
}

/// The cleaned text, unless it is too long.
fn clean(text: &str, too_long: &str) -> Result<String, ApiError> {
    let text = sanitize_prompt(text);
    if text.len() <= MAX_PROMPT {
        return Ok(text);
    }
    Err(ApiError::bad_request(too_long).detail(format!("Maximum length is {MAX_PROMPT} bytes, got {}.", text.len())))
}

pub(super) async fn get_system_prompt(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChatSystemPromptResponse>, ApiError> {
    authorize_read(&caller)?;
    let settings = state.store.system_prompt_settings().await?;
    Ok(Json(ChatSystemPromptResponse {
        system_prompt: settings.system_prompt,
        include_default_system_prompt: settings.include_default,
        default_system_prompt: DEFAULT_SYSTEM_PROMPT.to_owned(),
    }))
}

pub(super) async fn put_system_prompt(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatSystemPromptRequest, MAX_BODY>,
) -> Result<StatusCode, ApiError> {
    let prompt = clean(&request.system_prompt, "System prompt exceeds maximum length.")?;
    let mut tx = state.store.begin().await?;
    set_site_config(&mut *tx, key::SYSTEM_PROMPT, &prompt).await?;
    if let Some(include) = request.include_default_system_prompt {
        set_site_config(&mut *tx, key::INCLUDE_DEFAULT_SYSTEM_PROMPT, &include.to_string()).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn get_plan_mode_instructions(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChatPlanModeInstructionsResponse>, ApiError> {
    authorize_read(&caller)?;
    let plan_mode_instructions = state.store.plan_mode_instructions().await?;
    Ok(Json(ChatPlanModeInstructionsResponse { plan_mode_instructions }))
}

pub(super) async fn put_plan_mode_instructions(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatPlanModeInstructionsRequest, MAX_BODY>,
) -> Result<StatusCode, ApiError> {
    let text = clean(&request.plan_mode_instructions, "Plan mode instructions exceed maximum length.")?;
    set_site_config(state.store.pool(), key::PLAN_MODE_INSTRUCTIONS, &text).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn get_user_prompt(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<UserChatCustomPrompt>, ApiError> {
    let custom_prompt = state.store.user_chat_prompt(caller.id()).await?;
    Ok(Json(UserChatCustomPrompt { custom_prompt }))
}

pub(super) async fn put_user_prompt(
    State(state): State<AppState>,
    caller: Caller,
    GoJson(request): GoJson<UserChatCustomPrompt, MAX_BODY>,
) -> Result<Json<UserChatCustomPrompt>, ApiError> {
    let custom_prompt = clean(&request.custom_prompt, "Custom prompt exceeds maximum length.")?;
    state.store.set_user_config(caller.id(), user_key::CUSTOM_PROMPT, &custom_prompt).await?;
    Ok(Json(UserChatCustomPrompt { custom_prompt }))
}
