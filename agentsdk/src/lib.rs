//! The agent-facing Coder API, for code that runs inside a workspace and holds an agent's token.
//!
//! # Features
//!
//! - `rpc`: the protobuf RPC that agents speak with the server, client and server side.
//! - `socket`: the Unix socket on which an agent serves the processes of its workspace.
//! - `boundary`: the log channel of Agent Boundaries.
//! - `mock`: mocks of the traits.

#![deny(missing_docs)]

#[cfg(feature = "rpc")]
pub mod rpc;
