//! What an agent asks with its own token, below `/api/v2/workspaceagents/me`.

mod app_status;
mod chat_context;
mod external_auth;
mod git_ssh_key;
mod logs;
mod reinit;
mod task_snapshot;

use axum::Router;
use axum::routing::{any, get, patch, post};

use super::error::ApiError;
use crate::state::AppState;

/// The routes.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/app-status", patch(app_status::patch_app_status))
        .route("/logs", patch(logs::patch_logs))
        .route("/log-source", post(logs::post_log_source))
        .route("/reinit", get(reinit::reinit))
        .route("/external-auth", get(external_auth::external_auth))
        .route("/gitauth", get(external_auth::external_auth))
        .route("/gitsshkey", get(git_ssh_key::git_ssh_key))
        .route("/experimental/chat-context/refresh", post(chat_context::refresh))
        .route("/tasks/{task}/log-snapshot", post(task_snapshot::post_log_snapshot))
        // Else these would be taken for requests about an agent of the name "me".
        .route("/", any(no_route))
        .route("/{*path}", any(no_route))
}

async fn no_route() -> ApiError {
    ApiError::route_not_found()
}
