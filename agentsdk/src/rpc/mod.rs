//! The protobuf RPC between agents and the server: dRPC over yamux over a WebSocket.
//!
//! [`Connection`] is one connection, [`RpcSession`] keeps one up. Either gives clients of the two services:
//! [`AgentRpc`], what an agent reports and asks, and [`TailnetRpc`], how peers of the virtual network find each other.
//! The services are traits, so that a program can be tested with an implementation of its own, or a mock (feature
//! `mock`); a [`Server`] answers calls with them, over any stream of bytes.
//!
//! ```no_run
//! use agentsdk::rpc::{AgentRpc, RpcOptions, RpcSession};
//!
//! # async fn example(agent: agentsdk::AgentClient) -> agentsdk::rpc::Result<()> {
//! // Not the agent itself, so the role is another: the server does not take the agent for connected.
//! let session = RpcSession::start(agent, RpcOptions::role("my-sidecar"));
//! let manifest = session.agent().get_manifest(Default::default()).await?;
//! println!("{} of {}", manifest.agent_name, manifest.owner_username);
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//! A message has at most 4 MiB. A call takes at most 60 s unless the [`Channel`] is told otherwise. A client has at
//! most 512 calls open at once, others wait; a server takes 2,048 on a connection. Dropping a call's future, or a
//! stream, cancels the call.

mod agent;
mod byte_stream;
mod call;
pub(crate) mod channel;
mod connection;
mod debug;
mod error;
mod mux;
pub(crate) mod packets;
#[cfg(feature = "socket")]
pub(crate) mod serial;
pub(crate) mod server;
pub(crate) mod service;
mod session;
mod tailnet;
mod version;
mod wire;

#[cfg(feature = "mock")]
pub use agent::MockAgentRpc;
pub use agent::{AgentRpc, AgentRpcClient};
pub use byte_stream::ByteStream;
pub use channel::Channel;
pub use connection::{Connection, RpcOptions};
pub use error::{Error, Result};
pub use server::{Served, Server, metadata};
pub use session::RpcSession;
#[cfg(feature = "mock")]
pub use tailnet::MockTailnetRpc;
pub use tailnet::{TailnetRpc, TailnetRpcClient};
pub use version::Version;

use std::sync::Arc;

/// The messages of a call that has many.
pub type MessageStream<M> = futures_util::stream::BoxStream<'static, Result<M>>;

impl Server {
    /// Adds the agent service.
    #[must_use]
    pub fn agent(self, service: Arc<dyn AgentRpc>) -> Self {
        self.with(agent::AgentRoutes(service))
    }

    /// Adds the tailnet service.
    #[must_use]
    pub fn tailnet(self, service: Arc<dyn TailnetRpc>) -> Self {
        self.with(tailnet::TailnetRoutes(service))
    }
}

/// The messages, generated from the files in `proto/`. Ids are UUIDs as 16 bytes.
pub mod proto {
    pub use super::coder::agent::v2 as agent;
    pub use super::coder::tailnet::v2 as tailnet;

    #[cfg(feature = "socket")]
    pub use super::coder::agentsocket::v1 as agentsocket;
    #[cfg(feature = "boundary")]
    pub use super::coder::boundarylogproxy::codec::v1 as boundary;
}

/// Laid out as the packages of the protocols, by which the generated code names its types.
#[allow(missing_docs, missing_debug_implementations, clippy::doc_markdown, clippy::all, reason = "generated")]
mod coder {
    pub mod agent {
        pub mod v2 {
            include!("generated/coder.agent.v2.rs");
        }
    }
    pub mod tailnet {
        pub mod v2 {
            include!("generated/coder.tailnet.v2.rs");
        }
    }
    #[cfg(feature = "socket")]
    pub mod agentsocket {
        pub mod v1 {
            include!("generated/coder.agentsocket.v1.rs");
        }
    }
    #[cfg(feature = "boundary")]
    pub mod boundarylogproxy {
        pub mod codec {
            pub mod v1 {
                include!("generated/coder.boundarylogproxy.codec.v1.rs");
            }
        }
    }
}
