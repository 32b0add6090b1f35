//! Code that talks to a Coder workspace.

mod agent_conn;
mod body;
pub mod context;
pub mod desktop;
pub mod diff;
pub mod edit;
pub mod files;
pub mod fs;
mod headers;
pub mod mcp;
pub mod netcheck;
pub mod output;
pub mod processes;
mod quote;
mod recording;
mod watch;
mod wire;

pub use agent_conn::{AgentConn, DebugLogsOptions, ProcessOutputOptions};
#[cfg(feature = "mock")]
pub use agent_conn::MockAgentConn;
pub use body::{BoxIo, FileContent, Io, NewContent};
pub use headers::{CODER_ANCESTOR_CHAT_IDS_HEADER, CODER_CHAT_ID_HEADER, ExtraHeaders};
pub use recording::{DesktopRecording, MAX_RECORDING_SIZE, MAX_THUMBNAIL_SIZE, Recording, RecordingPart};
pub use watch::{ContainersWatch, GitWatch, GitWatchPeer};
