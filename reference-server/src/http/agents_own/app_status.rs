//! `PATCH …/me/app-status`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use crate::agentapi::app_status::{AppStatusUpdate, parse_state, update_app_status};
use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::state::AppState;

/// The body; fields that were retired are passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    app_slug: String,
    state: String,
    message: String,
    uri: String,
}

/// Takes the report of an app.
pub(super) async fn patch_app_status(
    State(state): State<AppState>,
    caller: AgentCaller,
    GoJson(report): GoJson<Report>,
) -> Result<Json<()>, ApiError> {
    let Some(parsed) = parse_state(&report.state) else {
        let detail = format!("Invalid state: {}", report.state);
        return Err(ApiError::bad_request("Failed to parse request.").detail(detail));
    };
    let update = AppStatusUpdate { slug: report.app_slug, state: parsed, message: report.message, uri: report.uri };
    update_app_status(&state, &caller, update).await?;
    Ok(Json(()))
}
