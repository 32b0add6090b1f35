//! The log channel of Agent Boundaries: processes that watch what an AI agent reaches for write their logs to a Unix
//! socket of the workspace's agent, which forwards them to the server.
//!
//! [`write_message`] and [`read_message`] are the wire; [`LogProxy`] is the agent's side of it.
//!
//! On Windows there are no such sockets: starting a proxy fails with an error of kind
//! [`Unsupported`](std::io::ErrorKind::Unsupported).

mod codec;
mod metrics;
mod proxy;

pub use crate::rpc::proto::boundary::{BoundaryMessage, BoundaryStatus, boundary_message};
pub use codec::{CodecError, Frame, MAX_MESSAGE_SIZE, Tag, read_message, write_message};
pub use metrics::{DropReason, Metrics};
pub use proxy::{LogProxy, default_path};
