//! Settings of the deployment that everybody may read and administrators may change.

use axum::Json;
use axum::extract::State;
use codersdk::{
    ChatAutoArchiveDaysResponse, ChatComputerUseProviderResponse, ChatDebugRetentionDaysResponse,
    ChatDesktopEnabledResponse, ChatRetentionDaysResponse, ChatWorkspaceTtlResponse, UpdateChatAutoArchiveDaysRequest,
    UpdateChatComputerUseProviderRequest, UpdateChatDebugRetentionDaysRequest, UpdateChatDesktopEnabledRequest,
    UpdateChatRetentionDaysRequest, UpdateChatWorkspaceTtlRequest,
};
use http::StatusCode;

use crate::http::admins::DeploymentAdmin;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::chat_settings::{
    DEFAULT_AUTO_ARCHIVE_DAYS, DEFAULT_DEBUG_RETENTION_DAYS, DEFAULT_RETENTION_DAYS, key,
};
use crate::store::settings::set_site_config;

/// The services whose models can use a desktop; the first is the one where nothing is chosen.
const COMPUTER_USE_PROVIDERS: [&str; 2] = ["anthropic", "openai"];
const MAX_DAYS: i32 = 3650;
const MIN_TTL_MS: i64 = 60_000;
const MAX_TTL_MS: i64 = 30 * 24 * 60 * 60 * 1000;

async fn set(state: &AppState, key: &str, value: &str) -> Result<StatusCode, ApiError> {
    set_site_config(state.store.pool(), key, value).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_days(state: &AppState, key: &str, days: i32, what: &str) -> Result<StatusCode, ApiError> {
    if !(0..=MAX_DAYS).contains(&days) {
        return Err(ApiError::bad_request(format!("{what} must be between 0 and {MAX_DAYS}.")));
    }
    set(state, key, &days.to_string()).await
}

pub(super) async fn get_desktop_enabled(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatDesktopEnabledResponse>, ApiError> {
    Ok(Json(ChatDesktopEnabledResponse { enable_desktop: state.store.site_flag(key::DESKTOP_ENABLED).await? }))
}

pub(super) async fn put_desktop_enabled(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatDesktopEnabledRequest>,
) -> Result<StatusCode, ApiError> {
    set(&state, key::DESKTOP_ENABLED, &request.enable_desktop.to_string()).await
}

pub(super) async fn get_computer_use_provider(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatComputerUseProviderResponse>, ApiError> {
    let stored = state.store.site_config(key::COMPUTER_USE_PROVIDER).await?;
    let provider = stored.filter(|provider| COMPUTER_USE_PROVIDERS.contains(&provider.as_str()));
    Ok(Json(ChatComputerUseProviderResponse {
        provider: provider.unwrap_or_else(|| COMPUTER_USE_PROVIDERS[0].to_owned()),
    }))
}

pub(super) async fn put_computer_use_provider(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatComputerUseProviderRequest>,
) -> Result<StatusCode, ApiError> {
    if !COMPUTER_USE_PROVIDERS.contains(&request.provider.as_str()) {
        return Err(ApiError::bad_request("Invalid computer use provider.").detail(format!(
            "Expected one of: {}. Got {}.",
            COMPUTER_USE_PROVIDERS.join(", "),
            quoted(&request.provider)
        )));
    }
    set(&state, key::COMPUTER_USE_PROVIDER, &request.provider).await
}

pub(super) async fn get_workspace_ttl(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatWorkspaceTtlResponse>, ApiError> {
    Ok(Json(ChatWorkspaceTtlResponse { workspace_ttl_ms: state.store.site_number(key::WORKSPACE_TTL, 0).await? }))
}

pub(super) async fn put_workspace_ttl(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatWorkspaceTtlRequest>,
) -> Result<StatusCode, ApiError> {
    let wrong = match request.workspace_ttl_ms {
        ..0 => "Workspace TTL must be non-negative.",
        1..MIN_TTL_MS => "Workspace TTL must not be less than 1 minute.",
        0 | MIN_TTL_MS..=MAX_TTL_MS => {
            return set(&state, key::WORKSPACE_TTL, &request.workspace_ttl_ms.to_string()).await;
        }
        _ => "Workspace TTL must not exceed 30 days.",
    };
    Err(ApiError::bad_request(wrong))
}

pub(super) async fn get_retention_days(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatRetentionDaysResponse>, ApiError> {
    let retention_days = state.store.site_number(key::RETENTION_DAYS, DEFAULT_RETENTION_DAYS).await?;
    Ok(Json(ChatRetentionDaysResponse { retention_days }))
}

pub(super) async fn put_retention_days(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatRetentionDaysRequest>,
) -> Result<StatusCode, ApiError> {
    set_days(&state, key::RETENTION_DAYS, request.retention_days, "Retention days").await
}

pub(super) async fn get_debug_retention_days(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatDebugRetentionDaysResponse>, ApiError> {
    let debug_retention_days = state.store.site_number(key::DEBUG_RETENTION_DAYS, DEFAULT_DEBUG_RETENTION_DAYS).await?;
    Ok(Json(ChatDebugRetentionDaysResponse { debug_retention_days }))
}

pub(super) async fn put_debug_retention_days(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatDebugRetentionDaysRequest>,
) -> Result<StatusCode, ApiError> {
    set_days(&state, key::DEBUG_RETENTION_DAYS, request.debug_retention_days, "Chat debug retention days").await
}

pub(super) async fn get_auto_archive_days(
    State(state): State<AppState>,
    _: Caller,
) -> Result<Json<ChatAutoArchiveDaysResponse>, ApiError> {
    let auto_archive_days = state.store.site_number(key::AUTO_ARCHIVE_DAYS, DEFAULT_AUTO_ARCHIVE_DAYS).await?;
    Ok(Json(ChatAutoArchiveDaysResponse { auto_archive_days }))
}

pub(super) async fn put_auto_archive_days(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatAutoArchiveDaysRequest>,
) -> Result<StatusCode, ApiError> {
    set_days(&state, key::AUTO_ARCHIVE_DAYS, request.auto_archive_days, "Auto-archive days").await
}
