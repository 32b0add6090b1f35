//! The HTTP face of the server: a module a resource, each with its `router`.

pub(crate) mod auth;
mod buildinfo;
pub(crate) mod chats;
pub(crate) mod error;
pub(crate) mod extract;
mod go_json;
mod login;
pub(crate) mod query;
mod routing;
mod users;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::state::AppState;

/// Every route of the server.
pub(crate) fn router(state: AppState) -> Router {
    let routes = Router::new()
        .merge(buildinfo::router())
        .merge(login::router())
        .merge(users::router())
        .nest("/api/experimental/chats", chats::router())
        .nest("/api/v2/chats", chats::router())
        .fallback(routing::not_found)
        .method_not_allowed_fallback(routing::method_not_allowed)
        .with_state(state.clone());
    // Layers of a router run once a route is found; this one must have its say before that.
    Router::new().fallback_service(routes).layer(from_fn_with_state(state, routing::frame))
}
