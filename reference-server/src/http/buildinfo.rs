//! What the server is: version, liveness.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use codersdk::BuildInfoResponse;
use serde_json::{Value, json};

use super::error::ApiError;
use super::extract::GoJson;
use crate::rbac::external_scope_names;
use crate::state::AppState;

/// The version that the server gives itself.
pub(crate) const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"), "-reference");

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(async || "OK"))
        .route("/latency-check", get(latency_check))
        .route("/api/v2", get(async || Json(json!({"message": "👋"}))))
        .route("/api/v2/buildinfo", get(build_info))
        .route("/api/v2/auth/scopes", get(async || Json(json!({"external": external_scope_names()}))))
        .route("/api/v2/updatecheck", get(update_check))
        .route("/api/v2/csp/reports", post(csp_report))
}

/// May be timed from any origin, so that a page can find the nearest proxy.
async fn latency_check() -> impl IntoResponse {
    let headers = [
        ("timing-allow-origin", "*"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "*"),
        ("access-control-allow-credentials", "false"),
        ("access-control-allow-methods", "*"),
    ];
    (headers, "OK")
}

async fn build_info(State(state): State<AppState>) -> Result<Json<BuildInfoResponse>, ApiError> {
    Ok(Json(BuildInfoResponse {
        external_url: "https://github.com/coder/coder".to_owned(),
        version: VERSION.to_owned(),
        dashboard_url: state.access_url.as_str().trim_end_matches('/').to_owned(),
        agent_api_version: "1.0".to_owned(),
        provisioner_api_version: "1.18".to_owned(),
        deployment_id: state.store.deployment_id().await?,
        webpush_public_key: Some(state.store.web_push_public_key().await?),
        ..Default::default()
    }))
}

/// This server never looks for newer versions, so the one that runs is the newest it knows.
async fn update_check() -> Json<Value> {
    Json(json!({"current": true, "version": VERSION, "url": "https://github.com/coder/coder"}))
}

async fn csp_report(body: Result<GoJson<Value>, ApiError>) -> Result<Json<&'static str>, ApiError> {
    let GoJson(_report) = body.map_err(|error| {
        let detail = error.body().detail.clone().unwrap_or_default();
        ApiError::bad_request("Failed to read body, invalid json.").detail(detail)
    })?;
    Ok(Json("ok"))
}
