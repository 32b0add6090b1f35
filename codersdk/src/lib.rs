//! Client and types for the Coder API: chats with AI agents above all, users, organizations and what else they need.
//!
//! # A first call
//!
//! ```no_run
//! use codersdk::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> codersdk::Result<()> {
//! // CODER_URL and CODER_SESSION_TOKEN, or what `coder login` has saved.
//! let client = Client::from_env()?;
//! let me = client.user("me").await?;
//! println!("{} at {}", me.username, client.url());
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! - [`Client`] is one deployment and one session token. It is cheap to clone and can be shared by tasks.
//!   [`ClientBuilder`] has what a company's network may ask for: headers, proxies, certificates, time limits.
//! - The methods are those of traits, an area of the API each: [`ChatsApi`], [`UsersApi`], [`OrganizationsApi`],
//!   [`ApiKeysApi`] and so on. Their names are those of the Go SDK in Rust case. [`prelude`] brings all of them. The
//!   traits are object safe, so a program can take a `&dyn ChatsApi`; feature `mock` has a mock of each.
//! - To talk with an agent: [`ToolRunner`] asks a question, runs the tools of your program that the model calls
//!   ([`DynamicTool`]), and gives the answer. One floor below, [`ChatStream`] tells what happens in a chat, across lost
//!   connections, and [`Transcript`] makes of it what a person should see. [`ChatList`] does that for the list of
//!   chats.
//! - Routes that have no method yet can be had by path: [`Client::events`], [`Client::dial`].
//!
//! # Errors
//!
//! Every call gives the same [`Error`], which says what the server said and is asked with predicates. Whatever the
//! method, a call can fail
//! - before anything is sent ([`is_invalid_request`](Error::is_invalid_request)),
//! - on the way ([`is_connect`](Error::is_connect), [`is_timeout`](Error::is_timeout),
//!   [`is_interrupted`](Error::is_interrupted)),
//! - by the server's answer ([`is_unauthorized`](Error::is_unauthorized), [`is_forbidden`](Error::is_forbidden),
//!   [`is_not_found`](Error::is_not_found), [`is_rate_limited`](Error::is_rate_limited),
//!   [`is_server_error`](Error::is_server_error)),
//! - by an answer that cannot be read ([`is_decode`](Error::is_decode), [`is_too_large`](Error::is_too_large)).
//!
//! The methods' own documentation names what else is to be expected of each.
//!
//! # What holds everywhere
//!
//! - **Newer servers.** Unknown fields are ignored, unknown values of enums and unknown variants are kept and written
//!   back as they came, a missing optional is `None`. One thing that cannot be read ends no stream.
//! - **Older servers.** The chat routes moved from `/api/experimental/chats` to `/api/v2/chats`: the client finds out
//!   where they are.
//! - **Retries.** Calls that can be repeated without harm are ([`RetryPolicy`]), each attempt and the call as a whole
//!   within a time limit. Streams have a watchdog instead.
//! - **Secrets.** Tokens and headers never show in `Debug`, errors, hooks or spans, and never go to another origin.
//! - **Bounds.** Answers, messages and events have a largest size, all settable; nothing is buffered without limit.
//! - **Cancelling.** Dropping a call's future ends the call; dropping a stream closes its connection.
//!
//! # Features
//!
//! - `rustls` (default): TLS by rustls with the aws-lc-rs provider. `rustls-no-provider`: the program installs a
//!   provider. `native-tls`: the operating system's library.
//! - `tools` (default): [`DynamicTool`] with schemas derived from argument types.
//! - `mock`: mocks of the API traits. `schema`: JSON Schemas of the wire types.

#![deny(missing_docs)]

#[macro_use]
mod api;
#[cfg(not(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls")))]
compile_error!("codersdk needs a TLS feature: rustls (the default), rustls-no-provider or native-tls");

#[macro_use]
mod open_enum;
#[macro_use]
mod redact;

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
mod containers;
mod derp;
mod duration;
mod error;
mod exclusive;
mod header_command;
mod listening_ports;
mod login;
mod mcp_servers;
mod mcp_servers_api;
mod misc;
pub mod names;
mod nullable;
mod organizations;
mod page;
mod provisioner_jobs;
mod quote;
mod raw_json;
mod request;
mod response;
mod retry;
mod roles;
mod search_terms;
mod sse;
pub mod ssh_config;
mod tagged;
mod tasks;
mod tasks_api;
mod templates;
mod templates_api;
mod types;
mod user_settings;
mod user_skills;
mod users;
mod websocket;
mod wire;
mod workspace_agent_logs;
mod workspace_agent_parts;
mod workspace_agents;
mod workspace_agents_api;
mod workspace_apps;
mod workspace_builds;
mod workspaces;
mod workspaces_api;

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
        ChatModelsApi, ChatUsageLimitsApi, ChatsApi, Client, Error, McpServersApi, OrganizationsApi, RolesApi,
        TasksApi, TemplatesApi, UserSkillsApi, UsersApi, WorkspaceAgentsApi, WorkspacesApi,
    };
}

/// What the sister crates write their endpoints with, and what the macros need there. Not part of the public
/// interface: it changes without notice.
///
/// An area of another crate's API is written as here: a trait by `codersdk::api_trait!`, whose methods send a
/// [`Request`](__private::Request) by the hidden methods of [`Client`] (`send`, `open`, `event_stream`, `websocket`,
/// `json_socket`) and read the [`Answer`](__private::Answer).
#[doc(hidden)]
pub mod __private {
    pub use async_trait::async_trait;

    pub use crate::answer::Answer;
    pub use crate::duration::parse as parse_duration;
    pub use crate::error::Kind as ErrorKind;
    pub use crate::quote::{is_shown, quoted};
    pub use crate::redact::Redacted;
    pub use crate::request::{Body, BodyStream, Request, RequestParts, redact_url};
    pub use crate::tagged::Kind;
    pub use crate::websocket::{Handshake, SocketLimits, Transport};
    pub use crate::wire::{Zero, is_false, is_zero, none_or_zero, null_as_default, zero_time};
}
