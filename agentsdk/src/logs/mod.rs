//! Log lines on their way to the server.

mod lines;
mod queue;
mod sanitize;
mod sender;

pub use lines::LogsWriter;
pub use queue::{LOG_LIMIT_EXCEEDED, LogDest, LogSender, ScriptLogger};
pub use sanitize::sanitize_log_output;
pub use sender::{LogsSender, LogsSenderOptions};

/// What the server keeps of an agent's log lines, in bytes; also the most that is queued here and that one batch has.
pub const MAX_LOG_BYTES: usize = 1 << 20;

/// What a line adds to a batch besides its text, in bytes.
pub const LOG_OVERHEAD: usize = 21;

/// Whether a call failed because the server takes no more log lines of this agent (413).
pub fn is_log_limit(error: &codersdk::Error) -> bool {
    error.status() == Some(413)
}
