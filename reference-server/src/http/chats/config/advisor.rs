//! The advisor: a second model that the first can ask.

use axum::Json;
use axum::extract::State;
use codersdk::AdvisorConfig;
use http::StatusCode;

use crate::http::admins::DeploymentAdmin;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::state::AppState;
use crate::store::chat_settings::key;
use crate::store::settings::set_site_config;

pub(super) async fn get_advisor(State(state): State<AppState>, _: Caller) -> Result<Json<AdvisorConfig>, ApiError> {
    Ok(Json(state.store.advisor_config().await?))
}

/// Replaces the whole: what the request leaves out is zero. The model may be a disabled one.
pub(super) async fn put_advisor(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<AdvisorConfig>,
) -> Result<StatusCode, ApiError> {
    for (field, value) in
        [("max_uses_per_run", request.max_uses_per_run), ("max_output_tokens", request.max_output_tokens)]
    {
        if value < 0 {
            return Err(ApiError::bad_request(format!("{field} {value} must be non-negative.")));
        }
    }
    let id = request.model_config_id;
    if !id.is_nil() && state.store.model_config(id).await?.is_none() {
        let message = format!("model_config_id \"{id}\" does not match any existing model config.");
        return Err(ApiError::bad_request(message));
    }
    let value = serde_json::to_string(&request)
        .map_err(|error| ApiError::internal("Internal error encoding advisor configuration.", &error))?;
    set_site_config(state.store.pool(), key::ADVISOR, &value).await?;
    Ok(StatusCode::NO_CONTENT)
}
