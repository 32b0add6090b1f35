//! The HTTP face of the server: a module a resource, each with its `router`.

mod absent;
pub(crate) mod admins;
pub(crate) mod agent_auth;
pub(crate) mod agents;
mod agents_own;
mod ai_providers;
pub(crate) mod auth;
mod authcheck;
mod buildinfo;
pub(crate) mod chats;
mod deployment;
pub(crate) mod drain;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod extract;
pub(crate) mod go_json;
mod instance_identity;
mod login;
mod logs_query;
pub(crate) mod mcp_servers;
mod members;
mod named;
pub(crate) mod organizations;
mod passwords;
pub(crate) mod query;
mod roles;
pub(crate) mod routing;
mod search;
pub(crate) mod serve;
mod tasks;
mod templates;
#[cfg(test)]
mod tests;
mod tokens;
pub(crate) mod urls;
mod user_ai_provider_keys;
mod user_settings;
mod user_skills;
pub(crate) mod users;
pub(crate) mod websocket;
pub(crate) mod workspaces;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::state::AppState;

/// Every route of the server.
pub(crate) fn router(state: AppState) -> Router {
    let routes = Router::new()
        .merge(buildinfo::router())
        .merge(login::router())
        .merge(users::router())
        .nest("/api/v2/ai/providers", ai_providers::router())
        .nest("/api/experimental/users/{user}/ai-provider-keys", user_ai_provider_keys::router())
        .nest("/api/experimental/users/{user}/skills", user_skills::router())
        .nest("/api/experimental/mcp/servers", mcp_servers::router())
        .nest("/api/v2/mcp/servers", mcp_servers::router())
        .nest("/api/experimental/chats", chats::router())
        .nest("/api/v2/chats", chats::router())
        .merge(user_settings::router())
        .merge(passwords::router())
        .merge(roles::router())
        .merge(tokens::router())
        .merge(organizations::router())
        .merge(members::router())
        .merge(authcheck::router())
        .merge(deployment::router())
        .nest("/api/v2/workspaceagents/me", agents_own::router())
        .merge(crate::agentapi::router())
        .merge(crate::derp::router())
        .merge(workspaces::router())
        .merge(agents::router())
        .merge(instance_identity::router())
        .merge(templates::router())
        .nest("/api/v2/tasks", tasks::router())
        .nest("/api/experimental/tasks", tasks::router())
        .merge(absent::router())
        .merge(named::router())
        .fallback(routing::not_found)
        .method_not_allowed_fallback(named::method_not_allowed)
        .with_state(state.clone());
    // Layers of a router run once a route is found; this one must have its say before that.
    Router::new().fallback_service(routes).layer(from_fn_with_state(state, routing::frame))
}
