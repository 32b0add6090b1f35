//! Code that talks to a Coder workspace: runs commands in it, reads and edits its files, watches its repositories.
//!
//! # Where things are
//!
//! - [`AgentConn`] is a connection to a workspace agent as a trait: write your code against `&dyn AgentConn`.
//!   [`AgentConnExt`] adds what is made of its calls: [`run`](AgentConnExt::run) a command to its end,
//!   [`edit`](AgentConnExt::edit) files, [`read_lines`](AgentConnExt::read_lines) page by page.
//! - [`HttpAgentConn`] reaches a real agent over TCP, a Unix socket, or through a [`Connector`] of your own.
//! - [`AgentConnectionsApi`] is what a server tells of the ways to an agent; [`codersdk::Client`] has its calls.
//! - `FakeAgent` (feature `fake`) is an agent in memory whose files keep the rules of the real one, and
//!   `MockAgentConn` (feature `mock`) says what is expected of each call.
//! - [`files`], [`edit`], [`diff`], [`output`] and [`fs`] are the rules themselves: what an agent does when it is asked,
//!   on any file system.
//!
//! ```
//! use workspacesdk::{AgentConn, AgentConnExt};
//!
//! /// How many lines of a file mention a word.
//! async fn mentions(agent: &dyn AgentConn, path: &str, word: &str) -> codersdk::Result<usize> {
//!     let mut pages = agent.read_lines(path);
//!     let mut count = 0;
//!     while let Some(page) = pages.next_page().await? {
//!         count += page.lines.iter().filter(|line| line.text.contains(word)).count();
//!     }
//!     Ok(count)
//! }
//! ```
//!
//! # Features
//!
//! - `fake`: `FakeAgent`. `mock`: `MockAgentConn`. `schema`: JSON Schemas of the wire types.

#![deny(missing_docs)]

mod agent_conn;
mod body;
pub mod connection;
mod connections_api;
pub mod context;
pub mod desktop;
pub mod diff;
pub mod edit;
mod edits;
mod ext;
#[cfg(feature = "fake")]
mod fake;
pub mod files;
pub mod fs;
mod headers;
mod lines;
pub mod mcp;
pub mod netcheck;
pub mod output;
pub mod processes;
pub mod quote;
mod recording;
mod remote;
mod run;
pub mod skills;
mod watch;
mod wire;

#[cfg(feature = "mock")]
pub use agent_conn::MockAgentConn;
pub use agent_conn::{AgentConn, DebugLogsOptions, ProcessOutputOptions};
pub use body::{BoxIo, FileContent, Io, NewContent};
#[cfg(feature = "mock")]
pub use connections_api::MockAgentConnectionsApi;
pub use connections_api::{AgentConnectionsApi, ReconnectingPtyOptions};
pub use edits::Edit;
pub use ext::AgentConnExt;
#[cfg(feature = "fake")]
pub use fake::{FakeAgent, FakeProcess};
pub use headers::{CODER_ANCESTOR_CHAT_IDS_HEADER, CODER_CHAT_ID_HEADER, ExtraHeaders};
pub use lines::{Line, LinePage, LinePages};
pub use recording::{DesktopRecording, MAX_RECORDING_SIZE, MAX_THUMBNAIL_SIZE, Recording, RecordingPart};
pub use remote::{Connector, HttpAgentConn, HttpAgentConnBuilder};
pub use run::{Run, RunEvent, RunOutput, Stopped};
pub use watch::{ContainersWatch, GitWatch, GitWatchPeer};
