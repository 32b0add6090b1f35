//! A server that keeps Coder's API contracts.
//!
//! It is the test double of the Coder SDK: embedded in a test it starts in milliseconds and lives in memory; as a
//! binary it serves a Coder-like API on a port of its own.

pub mod agent;
mod agentapi;
mod chatd;
mod chatfiles;
pub mod clock;
mod cloud_identity;
mod derp;
mod dev;
mod email;
mod external_auth;
mod faults;
mod http;
mod jwt;
mod mcp;
mod mime;
pub mod model;
mod notifications;
mod password;
mod program;
mod rbac;
mod request_log;
mod seed;
mod server;
mod sniff;
mod state;
mod store;
#[cfg(test)]
mod testing;
mod ui_text;
mod usage_limits;
mod workspaces;

use workspacesdk::quote;

pub use cloud_identity::{CloudTrust, CloudTrustError};
pub use external_auth::ExternalAuthConfig;
pub use faults::{Fault, Faults};
pub use request_log::ServedRequest;
pub use seed::Login;
pub use server::{ReferenceServer, SHUTDOWN_LIMIT, ServerBuilder, ServerError};
