//! `usage-limits/*`: how much users may spend, and how much of it they have spent.

use axum::extract::{Path, Request, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use codersdk::{
    ChatUsageLimitConfig, ChatUsageLimitConfigResponse, ChatUsageLimitGroupOverride, ChatUsageLimitOverride,
    ChatUsageLimitPeriod, ChatUsageLimitStatus, UpsertChatUsageLimitGroupOverrideRequest,
    UpsertChatUsageLimitOverrideRequest,
};
use http::StatusCode;
use uuid::Uuid;

use crate::clock::zero_time;
use crate::http::admins::{DeploymentAdmin, reads_deployment};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid, read_json};
use crate::state::AppState;
use crate::store::usage_limits::{GroupLimitRow, UsageLimitConfigRow, UserLimitRow};
use crate::usage_limits::usage_limit_status;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(get_usage_limits).put(put_usage_limits))
        .route("/status", get(get_own_status))
        .route("/overrides/{user}", put(put_user_limit).delete(delete_user_limit))
        .route("/group-overrides/{group}", put(put_group_limit).delete(delete_group_limit))
}

/// A limit as it is set: only amounts above zero are limits.
fn positive(micros: i64, message: &str, detail: &str) -> Result<i64, ApiError> {
    if micros > 0 { Ok(micros) } else { Err(ApiError::bad_request(message).detail(detail)) }
}

fn config(row: &UsageLimitConfigRow) -> ChatUsageLimitConfig {
    ChatUsageLimitConfig {
        spend_limit_micros: row.enabled.then_some(row.default_limit_micros),
        period: row.period.as_str().into(),
        updated_at: row.updated_at,
    }
}

async fn get_usage_limits(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChatUsageLimitConfigResponse>, ApiError> {
    if !reads_deployment(&caller) {
        return Err(ApiError::forbidden());
    }
    let config = match state.store.usage_limit_config().await? {
        Some(row) => config(&row),
        None => ChatUsageLimitConfig { updated_at: zero_time(), ..Default::default() },
    };
    let unpriced = state.store.model_configs().await?.into_iter().filter(|model| {
        let cost = model.options.cost.as_ref();
        model.enabled
            && cost.is_none_or(|cost| {
                cost.input_price_per_million_tokens.is_none() && cost.output_price_per_million_tokens.is_none()
            })
    });
    Ok(Json(ChatUsageLimitConfigResponse {
        spend_limit_micros: config.spend_limit_micros,
        period: config.period,
        updated_at: config.updated_at,
        unpriced_model_count: i64::try_from(unpriced.count()).unwrap_or(i64::MAX),
        overrides: state.store.limited_users().await?.into_iter().map(user_override).collect(),
        group_overrides: state.store.limited_groups().await?.iter().map(group_override).collect(),
    }))
}

async fn put_usage_limits(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<ChatUsageLimitConfig>,
) -> Result<Json<ChatUsageLimitConfig>, ApiError> {
    let limit = request.spend_limit_micros;
    if let Some(micros) = limit {
        positive(micros, "Invalid chat usage limit spend limit.", "Spend limit must be greater than 0.")?;
    }
    let period = match request.period.as_str() {
        "" if limit.is_none() => ChatUsageLimitPeriod::Month,
        _ if request.period.is_known() => request.period,
        _ => {
            return Err(ApiError::bad_request("Invalid chat usage limit period.")
                .detail("Period must be one of: day, week, month."));
        }
    };
    let row = UsageLimitConfigRow {
        enabled: limit.is_some(),
        default_limit_micros: limit.unwrap_or_default(),
        period: period.to_string(),
        updated_at: state.clock.now(),
    };
    state.store.set_usage_limit_config(&row).await?;
    Ok(Json(config(&row)))
}

async fn get_own_status(State(state): State<AppState>, caller: Caller) -> Result<Json<ChatUsageLimitStatus>, ApiError> {
    let status = usage_limit_status(&state, caller.id(), None).await?;
    let (period_start, period_end) = (zero_time(), zero_time());
    Ok(Json(status.unwrap_or(ChatUsageLimitStatus { period_start, period_end, ..Default::default() })))
}

fn user_id(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).map_err(|detail| ApiError::bad_request("Invalid chat usage limit user ID.").detail(detail))
}

async fn put_user_limit(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    Path(user): Path<String>,
    request: Request,
) -> Result<Json<ChatUsageLimitOverride>, ApiError> {
    let id = user_id(&user)?;
    let request: UpsertChatUsageLimitOverrideRequest = read_json(request).await?;
    let micros = positive(
        request.spend_limit_micros,
        "Invalid chat usage limit override.",
        "Spend limit must be greater than 0.",
    )?;
    let row = state.store.user_with_limit(id).await?;
    let row = row.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "User not found."))?;
    state.store.set_user_limit(id, micros).await?;
    Ok(Json(user_override(UserLimitRow { spend_limit_micros: Some(micros), ..row })))
}

/// Unlike a `PUT`, this says 400 for an unknown user.
async fn delete_user_limit(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    Path(user): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = user_id(&user)?;
    let row = state.store.user_with_limit(id).await?.ok_or_else(|| ApiError::bad_request("User not found."))?;
    if row.spend_limit_micros.is_none() {
        return Err(ApiError::bad_request("Chat usage limit override not found."));
    }
    state.store.delete_user_limit(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn group_id(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).map_err(|detail| ApiError::bad_request("Invalid group ID.").detail(detail))
}

async fn put_group_limit(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    Path(group): Path<String>,
    request: Request,
) -> Result<Json<ChatUsageLimitGroupOverride>, ApiError> {
    let id = group_id(&group)?;
    let request: UpsertChatUsageLimitGroupOverrideRequest = read_json(request).await?;
    let micros = positive(
        request.spend_limit_micros,
        "Invalid chat usage limit group override.",
        "Spend limit (in microdollars) must be greater than 0.",
    )?;
    let row = state.store.group_with_limit(id).await?;
    let row = row.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Group not found."))?;
    state.store.set_group_limit(id, micros).await?;
    Ok(Json(group_override(&GroupLimitRow { spend_limit_micros: Some(micros), ..row })))
}

/// Unlike a `PUT`, this says 400 for an unknown group.
async fn delete_group_limit(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    Path(group): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = group_id(&group)?;
    let row = state.store.group_with_limit(id).await?.ok_or_else(|| ApiError::bad_request("Group not found."))?;
    if row.spend_limit_micros.is_none() {
        return Err(ApiError::bad_request("Chat usage limit group override not found."));
    }
    state.store.delete_group_limit(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn user_override(row: UserLimitRow) -> ChatUsageLimitOverride {
    ChatUsageLimitOverride {
        user_id: row.user_id,
        username: row.username,
        name: row.name,
        avatar_url: row.avatar_url,
        spend_limit_micros: row.spend_limit_micros,
    }
}

fn group_override(row: &GroupLimitRow) -> ChatUsageLimitGroupOverride {
    ChatUsageLimitGroupOverride {
        group_id: row.group_id,
        group_name: "Everyone".to_owned(),
        group_display_name: String::new(),
        group_avatar_url: String::new(),
        member_count: row.member_count,
        spend_limit_micros: row.spend_limit_micros,
    }
}
