//! Processes in a workspace: what goes over the wire about them.

use std::collections::BTreeMap;

use codersdk::{Nullable, open_enum};
use serde::{Deserialize, Serialize};

use crate::output;

/// A command to run in a shell (`sh -c`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartProcessRequest {
    /// The command line.
    #[serde(default)]
    pub command: String,
    /// Absolute path of the directory to run it in; the agent's own directory if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// Variables of its environment, over those of the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// Whether nobody waits for it; a note for those who list processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<bool>,
}

/// A process that was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StartProcessResponse {
    /// Its id, by which it is asked about.
    pub id: String,
    /// True.
    pub started: bool,
}

/// The processes of a chat, or of all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListProcessesResponse {
    /// At most ten: those that run first, then the latest.
    #[serde(default)]
    pub processes: Nullable<Vec<ProcessInfo>>,
}

/// How many processes are listed.
const LISTED: usize = 10;

/// The processes as an agent lists them: those that run first, then by their start, latest first; at most ten.
pub fn listed(mut processes: Vec<ProcessInfo>) -> Vec<ProcessInfo> {
    processes.sort_by_key(|info| (!info.running, std::cmp::Reverse(info.started_at_unix)));
    processes.truncate(LISTED);
    processes
}

/// What is known of a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessInfo {
    /// Its id.
    pub id: String,
    /// The command line.
    pub command: String,
    /// The directory that it was started in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// Whether it was started as a background process.
    pub background: bool,
    /// Whether it runs.
    pub running: bool,
    /// Its exit code once it has ended; -1 after a signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// When it was started, in seconds since 1970.
    pub started_at_unix: i64,
    /// When it ended, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_at_unix: Option<i64>,
}

/// What a process has written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessOutputResponse {
    /// Its output and its errors, in the order written; the middle of a long one is missing.
    pub output: String,
    /// How much is missing; absent if the output is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<ProcessTruncation>,
    /// Whether it runs.
    pub running: bool,
    /// Its exit code once it has ended; -1 after a signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
}

/// How much of an output is missing. All numbers are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessTruncation {
    /// What the process wrote.
    pub original_bytes: i64,
    /// What is shown, remarks included.
    pub retained_bytes: i64,
    /// What is missing.
    pub omitted_bytes: i64,
    /// Which parts were kept: `head_tail`.
    pub strategy: String,
}

impl From<output::Truncation> for ProcessTruncation {
    fn from(truncation: output::Truncation) -> Self {
        let bytes = |count| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            original_bytes: bytes(truncation.original),
            retained_bytes: bytes(truncation.retained),
            omitted_bytes: bytes(truncation.omitted),
            strategy: "head_tail".to_owned(),
        }
    }
}

open_enum! {
    /// What can be sent to a process and all that it started.
    pub enum ProcessSignal {
        /// Ends it at once.
        Kill => "kill",
        /// Asks it to end.
        Terminate => "terminate",
    }
}

/// A signal for a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalProcessRequest {
    /// Which one.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub signal: ProcessSignal,
}
