//! From which use of a model's context on a user wants chats compacted.

use axum::Json;
use axum::extract::State;
use codersdk::{UpdateUserChatCompactionThresholdRequest, UserChatCompactionThreshold, UserChatCompactionThresholds};
use http::StatusCode;

use crate::http::auth::Caller;
use crate::http::chats::model_configs::ModelConfigId;
use crate::http::error::{ApiError, Checks};
use crate::http::extract::GoJson;
use crate::state::AppState;
use crate::store::chat_settings::{parse_compaction_threshold, user_key};

pub(super) async fn list_thresholds(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<UserChatCompactionThresholds>, ApiError> {
    let stored = state.store.user_configs_like(caller.id(), user_key::COMPACTION_THRESHOLD).await?;
    let thresholds = stored.iter().filter_map(|(key, value)| parse_compaction_threshold(key, value));
    let thresholds = thresholds
        .map(|(model_config_id, threshold_percent)| UserChatCompactionThreshold { model_config_id, threshold_percent });
    Ok(Json(UserChatCompactionThresholds { thresholds: thresholds.collect() }))
}

pub(super) async fn put_threshold(
    State(state): State<AppState>,
    caller: Caller,
    ModelConfigId(model_config_id): ModelConfigId,
    GoJson(request): GoJson<UpdateUserChatCompactionThresholdRequest>,
) -> Result<Json<UserChatCompactionThreshold>, ApiError> {
    let threshold_percent = request.threshold_percent;
    Checks::new()
        .check("threshold_percent", "min", threshold_percent, threshold_percent >= 0)
        .check("threshold_percent", "max", threshold_percent, threshold_percent <= 100)
        .finish()?;
    let model = state.store.model_config(model_config_id).await?.ok_or_else(ApiError::not_found)?;
    if !model.enabled {
        return Err(ApiError::bad_request("Model config is disabled."));
    }
    let key = format!("{}{model_config_id}", user_key::COMPACTION_THRESHOLD);
    state.store.set_user_config(caller.id(), &key, &threshold_percent.to_string()).await?;
    Ok(Json(UserChatCompactionThreshold { model_config_id, threshold_percent }))
}

/// Forgets a threshold, whether or not there is one, or even such a model.
pub(super) async fn delete_threshold(
    State(state): State<AppState>,
    caller: Caller,
    ModelConfigId(model_config_id): ModelConfigId,
) -> Result<StatusCode, ApiError> {
    let key = format!("{}{model_config_id}", user_key::COMPACTION_THRESHOLD);
    state.store.delete_user_config(caller.id(), &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
