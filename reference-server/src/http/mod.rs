//! The HTTP face of the server: a module a resource, each with its `router`.

pub(crate) mod chats;

use axum::Router;

use crate::state::AppState;

/// Every route of the server.
pub(crate) fn router(state: AppState) -> Router {
    Router::new().with_state(state)
}
