//! Things that paths name: whether there is one is told before what is below it, and before which methods it has.

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;
use http::request::Parts;

use super::agents::AgentParam;
use super::chats::param::{ChatParam, NOT_CHATS};
use super::error::ApiError;
use super::organizations::OrganizationParam;
use super::routing::WholePath;
use super::tasks::TaskParam;
use super::templates::{TemplateParam, VersionParam};
use super::users::UserParam;
use super::workspaces::builds::BuildParam;
use super::workspaces::{OwnerParam, WorkspaceParam};
use crate::state::AppState;

/// Subtrees of a user that look for the user first. What stands beside them does so only where it has a route.
const BELOW_USERS: &[&str] = &["keys", "notifications", "organizations", "password", "secrets", "status", "webpush"];

/// What has no route of its own below a thing that has a name.
pub(crate) fn router() -> Router<AppState> {
    let mut router = Router::new();
    for chats in ["/api/experimental/chats", "/api/v2/chats"] {
        for path in ["/{chat}/{*path}", "/cost/{user}", "/cost/{user}/{*path}"] {
            router = router.route(&format!("{chats}{path}"), any(unknown));
        }
    }
    for path in [
        "/api/v2/users/{user}/keys/{keyid}/{*path}",
        "/api/v2/users/{user}/keys/tokens/{keyname}/{*path}",
        "/api/v2/users/{user}/notifications",
        "/api/v2/users/{user}/notifications/{*path}",
        "/api/v2/users/{user}/organizations/{organization}/{*path}",
        "/api/v2/users/{user}/password/{*path}",
        "/api/v2/users/{user}/secrets",
        "/api/v2/users/{user}/secrets/{*path}",
        "/api/v2/users/{user}/status",
        "/api/v2/users/{user}/status/{*path}",
        "/api/v2/users/{user}/webpush",
        "/api/v2/users/{user}/webpush/{*path}",
        "/api/experimental/users/{user}/ai-provider-keys/{ai_provider}/{*path}",
        "/api/experimental/users/{user}/skills/{skill}/{*path}",
    ] {
        router = router.route(path, any(unknown));
    }
    router
}

async fn unknown(State(state): State<AppState>, request: Request) -> ApiError {
    match find_named(request, &state).await {
        Ok(()) => ApiError::route_not_found(),
        Err(error) => error,
    }
}

/// The answer to a method that a path does not have: empty, and the router names those that it has.
pub(crate) async fn method_not_allowed(State(state): State<AppState>, request: Request) -> Response {
    match find_named(request, &state).await {
        Ok(()) => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        Err(error) => error.into_response(),
    }
}

/// Looks for what the path names, as far as it is looked for before its route.
async fn find_named(request: Request, state: &AppState) -> Result<(), ApiError> {
    let (mut parts, _) = request.into_parts();
    let Some(WholePath(path)) = parts.extensions.get::<WholePath>().cloned() else { return Ok(()) };
    let parts = &mut parts;
    let Some(rest) = path.strip_prefix("/api/v2/").or_else(|| path.strip_prefix("/api/experimental/")) else {
        return Ok(());
    };
    let segments: Vec<&str> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments[..] {
        // The router takes these for chats.
        ["chats", "config" | "cost"] => Err(ApiError::route_not_found()),
        ["chats", "cost", _, ..] => find::<UserParam>(parts, state).await,
        ["chats", first, ..] if !NOT_CHATS.contains(&first) => find::<ChatParam>(parts, state).await,
        ["users", _, below, ..] if BELOW_USERS.contains(&below) => find::<UserParam>(parts, state).await,
        ["users", _, "ai-provider-keys" | "skills", ..] => find::<UserParam>(parts, state).await,
        ["users", _, "workspace", _, ..] => find::<OwnerParam>(parts, state).await,
        ["organizations", _, ..] => find::<OrganizationParam>(parts, state).await,
        ["tasks", _, _, ..] => find::<TaskParam>(parts, state).await,
        ["tasks", _] => find::<OwnerParam>(parts, state).await,
        ["templates", _, ..] => find::<TemplateParam>(parts, state).await,
        ["templateversions", _, ..] => find::<VersionParam>(parts, state).await,
        ["workspaces", _, ..] => find::<WorkspaceParam>(parts, state).await,
        ["workspacebuilds", _, ..] => find::<BuildParam>(parts, state).await,
        ["workspaceagents", first, ..] if !["me", "connection"].contains(&first) => {
            find::<AgentParam>(parts, state).await
        }
        _ => Ok(()),
    }
}

async fn find<T: FromRequestParts<AppState, Rejection = ApiError>>(
    parts: &mut Parts,
    state: &AppState,
) -> Result<(), ApiError> {
    T::from_request_parts(parts, state).await.map(|_| ())
}
