//! The routes with which chats are administered.

use axum::Router;
use axum::routing::{get, patch, put};

use super::{config, cost, model_configs, models, usage_limits};
use crate::http::error::ApiError;
use crate::state::AppState;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/models", get(models::list_chat_models))
        .nest("/model-configs", model_configs::router())
        .nest("/config", config::router())
        .nest("/cost", cost::router())
        .nest("/usage-limits", usage_limits::router())
        // Providers have moved to `/api/v2/ai/providers`.
        .route("/providers", get(gone).post(gone))
        .route("/providers/{provider_config}", patch(gone).delete(gone))
        .route("/user-provider-configs", get(gone))
        .route("/user-provider-configs/{provider_config}", put(gone).delete(gone))
}

async fn gone() -> ApiError {
    ApiError::new(http::StatusCode::GONE, "Legacy chat provider APIs were removed. Use AI provider APIs instead.")
        .detail("See https://coder.com/docs/ai-coder/agents/models#providers for AI provider configuration.")
}
