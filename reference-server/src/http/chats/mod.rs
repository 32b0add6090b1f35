//! Chats over REST. The same routes stand below two roots, so that clients of old and new servers find them.

mod acl;
mod actions;
mod admin;
mod chat;
mod checks;
mod config;
mod cost;
mod create;
mod debug;
mod errors;
mod files;
pub(crate) mod input;
pub(crate) mod labels;
mod list;
mod messages;
pub(crate) mod model_configs;
pub(crate) mod models;
pub(crate) mod param;
mod queue;
mod rows;
pub(crate) mod search;
mod stream;
pub(crate) mod title;
mod titles;
mod usage_limits;
mod workspace;

use axum::Router;
use axum::routing::{delete, get, patch, post, put};

use crate::state::AppState;

/// The routes of chats, relative to their root.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .merge(admin::router())
        .route("/", get(list::list_chats).post(create::post_chats))
        .route("/by-workspace", get(list::chats_by_workspace))
        .route("/files", post(files::post_chat_file))
        .route("/files/{file}", get(files::chat_file_by_id))
        .route("/{chat}", get(chat::get_chat).patch(chat::patch_chat))
        .route("/{chat}/acl", get(acl::get_chat_acl).patch(acl::patch_chat_acl))
        .route("/{chat}/messages", get(messages::get_chat_messages).post(messages::post_chat_messages))
        .route("/{chat}/messages/{message}", patch(messages::patch_chat_message))
        .route("/{chat}/prompts", get(messages::get_chat_user_prompts))
        .route("/{chat}/queue/{queued_message}", delete(queue::delete_chat_queued_message))
        .route("/{chat}/queue/{queued_message}/promote", post(queue::promote_chat_queued_message))
        .route("/{chat}/interrupt", post(actions::interrupt_chat))
        .route("/{chat}/reconcile-invalid", post(actions::reconcile_invalid_chat_state))
        .route("/{chat}/tool-results", post(actions::post_chat_tool_results))
        .route("/{chat}/title/propose", post(titles::propose_chat_title))
        .route("/{chat}/title/regenerate", post(titles::regenerate_chat_title))
        .route("/{chat}/debug/runs", get(debug::get_chat_debug_runs))
        .route("/{chat}/debug/runs/{debug_run}", get(debug::get_chat_debug_run))
        .route("/{chat}/diff", get(chat::get_chat_diff_contents))
        .route("/{chat}/context", put(chat::refresh_chat_context))
        .route("/watch", get(stream::watch_chats))
        .route("/{chat}/stream", get(stream::stream_chat))
        .route("/{chat}/stream/parts", get(stream::stream_chat_parts))
        .route("/{chat}/stream/git", get(workspace::watch_chat_git))
        .route("/{chat}/stream/desktop", get(workspace::watch_chat_desktop))
}
