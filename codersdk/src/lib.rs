//! Client and types for the Coder API.

#[macro_use]
mod api;
#[macro_use]
mod open_enum;

mod ai_provider_settings;
mod ai_providers;
mod ai_providers_api;
mod answer;
mod api_key_scopes;
mod api_keys;
mod auth;
mod auth_check;
mod builder;
mod buildinfo;
mod chats;
mod client;
mod duration;
mod error;
mod login;
mod mcp_servers;
mod misc;
pub mod names;
mod nullable;
mod organizations;
mod page;
mod raw_json;
mod request;
mod response;
mod retry;
mod roles;
mod sse;
mod tagged;
mod types;
mod user_settings;
mod users;
mod websocket;

pub use answer::Download;
pub use builder::ClientBuilder;
pub use client::{Attempt, Client, SESSION_TOKEN_HEADER};
pub use duration::{ParseDurationError, parse_chat_workspace_ttl};
pub use error::{ERROR_BODY_LIMIT, Error, Result};
pub use retry::RetryPolicy;
pub use sse::{EventStream, ServerSentEvent, ServerSentEventReader, ServerSentEventType};
pub use types::*;
pub use websocket::{CloseReason, JsonSocket, Message, WebSocket};

/// What most programs want: the client and the traits of the API.
pub mod prelude {
    pub use crate::{
        AiProvidersApi, ApiKeysApi, AuthApi, BuildInfoApi, ChatConfigApi, ChatCostApi, ChatDebugApi, ChatFilesApi,
        ChatModelsApi, ChatUsageLimitsApi, ChatsApi, Client, Error, OrganizationsApi, RolesApi, UsersApi,
    };
}

/// What `open_enum!` needs in other crates. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::tagged::Kind;
    pub use crate::types::Zero;
}
