//! Who may have their chats recorded for debugging, and who does.

use axum::Json;
use axum::extract::{Request, State};
use codersdk::{
    ChatDebugLoggingAdminSettings, UpdateChatDebugLoggingAllowUsersRequest, UpdateUserChatDebugLoggingRequest,
    UserChatDebugLoggingSettings,
};
use http::StatusCode;

use crate::http::admins::{DeploymentAdmin, DeploymentReader};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, read_json};
use crate::state::AppState;
use crate::store::chat_settings::{key, user_key};
use crate::store::settings::set_site_config;

/// This server has no switch that records everybody's chats.
const FORCED_BY_DEPLOYMENT: bool = false;

pub(super) async fn get_admin_settings(
    State(state): State<AppState>,
    _: DeploymentReader,
) -> Result<Json<ChatDebugLoggingAdminSettings>, ApiError> {
    let allow_users = state.store.site_flag(key::DEBUG_LOGGING_ALLOW_USERS).await?;
    Ok(Json(ChatDebugLoggingAdminSettings { allow_users, forced_by_deployment: FORCED_BY_DEPLOYMENT }))
}

pub(super) async fn put_admin_settings(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatDebugLoggingAllowUsersRequest>,
) -> Result<StatusCode, ApiError> {
    set_site_config(state.store.pool(), key::DEBUG_LOGGING_ALLOW_USERS, &request.allow_users.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn get_own_settings(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<UserChatDebugLoggingSettings>, ApiError> {
    Ok(Json(UserChatDebugLoggingSettings {
        debug_logging_enabled: state.store.debug_logging_enabled(caller.id()).await?,
        user_toggle_allowed: state.store.site_flag(key::DEBUG_LOGGING_ALLOW_USERS).await?,
        forced_by_deployment: FORCED_BY_DEPLOYMENT,
    }))
}

pub(super) async fn put_own_settings(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<StatusCode, ApiError> {
    if !state.store.site_flag(key::DEBUG_LOGGING_ALLOW_USERS).await? {
        let message = "An administrator has not enabled user-controlled chat debug logging.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    let request: UpdateUserChatDebugLoggingRequest = read_json(request).await?;
    let value = request.debug_logging_enabled.to_string();
    state.store.set_user_config(caller.id(), user_key::DEBUG_LOGGING, &value).await?;
    Ok(StatusCode::NO_CONTENT)
}
