//! The API that Coder offers to what runs inside a workspace and holds an agent token: an agent, a sidecar that ships
//! logs, a git credential helper, a reporter of a task's progress.
//!
//! # A first call
//!
//! ```no_run
//! use agentsdk::{AgentApi, AgentClient, PatchAppStatus};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> agentsdk::Result<()> {
//! // CODER_AGENT_URL and CODER_AGENT_TOKEN, as every process in a workspace finds them.
//! let agent = AgentClient::from_env()?;
//! agent
//!     .patch_app_status(PatchAppStatus {
//!         app_slug: "ccw".to_owned(),
//!         state: "working".into(),
//!         message: "reading the code".to_owned(),
//!         ..PatchAppStatus::default()
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! - [`AgentClient`] is one deployment and one agent. Its token is given, or comes from the identity of a cloud instance
//!   ([`InstanceIdentity`]) and is then renewed when it is refused.
//! - The calls are methods of the trait [`AgentApi`], named as in the Go SDK in Rust case; feature `mock` has a mock.
//! - [`ReinitEvents`] tells the agent of a prebuilt workspace that the workspace has an owner now.
//! - Logs: [`LogSender`] queues lines and sends them in batches, whatever becomes of the connection; [`LogsSender`] is
//!   its simpler predecessor; [`LogsWriter`] makes lines of what a program writes.
//! - [`git_askpass`] reads what git asks of a `GIT_ASKPASS` program.
//!
//! Errors are those of [`codersdk`]: every call gives the same [`Error`].
//!
//! # Features
//!
//! - `rpc`: the protobuf RPC that agents speak with the server, client and server side.
//! - `socket`: the Unix socket on which an agent serves the processes of its workspace.
//! - `boundary`: the log channel of Agent Boundaries.
//! - `mock`: mocks of the traits. `schema`: JSON Schemas of the wire types.

#![deny(missing_docs)]

mod agent_types;
mod api;
mod app_status;
#[cfg(feature = "boundary")]
pub mod boundary;
mod client;
#[cfg(feature = "rpc")]
pub mod convert;
mod external_auth;
pub mod git_askpass;
mod identity;
mod logs;
mod reinit;
#[cfg(feature = "rpc")]
pub mod rpc;
#[cfg(feature = "socket")]
pub mod socket;

pub use agent_types::*;
pub use api::*;
pub use app_status::*;
pub use client::{AgentClient, AgentClientBuilder};
pub use codersdk::{Error, Result};
pub use external_auth::*;
pub use identity::*;
pub use logs::*;
pub use reinit::*;
