//! Code that talks to a Coder workspace.

mod agent_conn;
mod body;
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
