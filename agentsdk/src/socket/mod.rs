//! The Unix socket on which an agent serves the processes of its workspace: start-up scripts that wait for each other
//! (units), sources of context for chats, and the status of tasks, which the agent forwards to the server so that a
//! reporter needs no token.
//!
//! ```no_run
//! use agentsdk::rpc::proto::agentsocket::SyncWantRequest;
//! use agentsdk::socket::{AgentSocketRpc, SocketClient};
//!
//! # async fn example() -> agentsdk::rpc::Result<()> {
//! let socket = SocketClient::connect(None).await?;
//! let (unit, depends_on) = ("ide".to_owned(), "clone".to_owned());
//! socket.sync_want(SyncWantRequest { unit, depends_on }).await?;
//! # Ok(())
//! # }
//! ```
//!
//! On Windows agents have a named pipe instead, which this crate does not speak: connecting and listening fail with an
//! error of kind [`Unsupported`](std::io::ErrorKind::Unsupported).

mod client;
mod listener;
mod server;
mod service;
mod units;

pub use client::SocketClient;
pub use server::{ContextManager, SocketServer, SocketServerBuilder};
#[cfg(feature = "mock")]
pub use service::MockAgentSocketRpc;
pub use service::{AgentSocketRpc, AgentSocketRpcClient};
pub use units::{Dependency, Unit, UnitError, UnitStatus, Units};

/// Where the socket is unless told otherwise.
pub const DEFAULT_PATH: &str = "/tmp/coder-agent.sock";
