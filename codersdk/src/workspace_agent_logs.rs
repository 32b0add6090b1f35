//! Log lines of workspace agents.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

open_enum! {
    /// How grave a log line is.
    pub enum LogLevel {
        /// For those who follow every step.
        Trace => "trace",
        /// For those who look for a fault.
        Debug => "debug",
        /// For everybody.
        Info => "info",
        /// Something may be wrong.
        Warn => "warn",
        /// Something is wrong.
        Error => "error",
    }
}

/// A line of a workspace agent's logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentLog {
    /// Its number: lines come in the order of their numbers.
    #[serde(default)]
    pub id: i64,
    /// When the server got it, in the server's zone.
    pub created_at: DateTime<FixedOffset>,
    /// The line.
    #[serde(default)]
    pub output: String,
    /// How grave it is.
    #[serde(default)]
    pub level: LogLevel,
    /// Which of the agent's log sources it is from.
    #[serde(default)]
    pub source_id: Uuid,
}

impl WorkspaceAgentLog {
    /// The line as text for people, with its time, level and origin; without a line end. Either name may be empty.
    ///
    /// ```
    /// let log: codersdk::WorkspaceAgentLog = serde_json::from_str(
    ///     r#"{"id":1,"created_at":"2026-06-27T19:08:09.5Z","output":"hello","level":"info",
    ///         "source_id":"7b7e7ee3-0b5b-4b8e-9a44-1d3f4b9d2f10"}"#,
    /// )
    /// .unwrap();
    /// assert_eq!(log.text("main", "Startup"), "2026-06-27T19:08:09Z [info] [agent.main|Startup] hello");
    /// ```
    pub fn text(&self, agent_name: &str, source_name: &str) -> String {
        let time = self.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let dot = if agent_name.is_empty() { "" } else { "." };
        let bar = if source_name.is_empty() { "" } else { "|" };
        format!("{time} [{}] [agent{dot}{agent_name}{bar}{source_name}] {}", self.level, self.output)
    }
}

/// Where log lines of an agent come from, such as a script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentLogSource {
    /// The agent that it belongs to.
    #[serde(default)]
    pub workspace_agent_id: Uuid,
    /// Unique id within its agent.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
}
