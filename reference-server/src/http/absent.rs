//! The things that a deployment of this kind has none of: nobody finds one, and lists of them are empty.

use std::collections::HashMap;

use axum::extract::Path;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::json;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::path_uuid;
use super::websocket::Upgrade;
use crate::state::AppState;

/// Where single things are found by their id.
const BY_ID: &[&str] = &["/api/v2/oauth2-provider/apps"];

pub(crate) fn router() -> Router<AppState> {
    let mut router = Router::new()
        .route("/api/v2/external-auth", get(async |_: Caller| Json(json!({"providers": [], "links": []}))))
        .route("/api/v2/notifications/inbox/watch", get(socket))
        .route("/api/v2/derp-map", get(socket));
    for root in BY_ID {
        router =
            router.route(&format!("{root}/{{id}}"), any(by_id)).route(&format!("{root}/{{id}}/{{*path}}"), any(by_id));
    }
    router
}

async fn by_id(_: Caller, Path(params): Path<HashMap<String, String>>) -> Result<(), ApiError> {
    path_uuid(params.get("id").map(String::as_str).unwrap_or_default())?;
    Err(ApiError::not_found())
}

/// A route that speaks over a socket only, of which nothing would come.
async fn socket(_: Upgrade) -> ApiError {
    ApiError::route_not_found()
}
