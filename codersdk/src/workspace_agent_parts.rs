//! What workspace agents consist of: scripts, metadata, states of life.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

open_enum! {
    /// Where an agent is in its life.
    pub enum WorkspaceAgentLifecycle {
        /// It has not reported yet.
        Created => "created",
        /// Its start scripts run.
        Starting => "starting",
        /// Its start scripts took too long.
        StartTimeout => "start_timeout",
        /// A start script failed.
        StartError => "start_error",
        /// It can be used.
        Ready => "ready",
        /// Its stop scripts run.
        ShuttingDown => "shutting_down",
        /// Its stop scripts took too long.
        ShutdownTimeout => "shutdown_timeout",
        /// A stop script failed.
        ShutdownError => "shutdown_error",
        /// It has ended.
        Off => "off",
    }
}

open_enum! {
    /// What an agent runs in or under.
    pub enum AgentSubsystem {
        /// Envbox.
        Envbox => "envbox",
        /// Envbuilder.
        Envbuilder => "envbuilder",
        /// Exectrace.
        Exectrace => "exectrace",
    }
}

/// A script that an agent runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentScript {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The source under which its output is logged.
    #[serde(default)]
    pub log_source_id: Uuid,
    /// The file in the workspace that its output is written to.
    #[serde(default)]
    pub log_path: String,
    /// Its text.
    #[serde(default)]
    pub script: String,
    /// When it runs, in the form of cron; empty for never.
    #[serde(default)]
    pub cron: String,
    /// Whether it runs when the workspace starts.
    #[serde(default)]
    pub run_on_start: bool,
    /// Whether it runs when the workspace stops.
    #[serde(default)]
    pub run_on_stop: bool,
    /// Whether users must wait for it before they log in.
    #[serde(default)]
    pub start_blocks_login: bool,
    /// How long it may run, in nanoseconds; 0 for no limit.
    #[serde(default)]
    pub timeout: i64,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Its exit code, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WorkspaceAgentScriptStatus>,
}

open_enum! {
    /// How a script ended.
    pub enum WorkspaceAgentScriptStatus {
        /// With exit code 0.
        Ok => "ok",
        /// With another exit code.
        ExitFailure => "exit_failure",
        /// It was ended after its time limit.
        TimedOut => "timed_out",
        /// It ended, but something that it started holds its output open.
        PipesLeftOpen => "pipes_left_open",
    }
}

/// What an agent measures from time to time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentMetadataDescription {
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Name, unique within its agent.
    #[serde(default)]
    pub key: String,
    /// The script whose output is the value.
    #[serde(default)]
    pub script: String,
    /// Seconds between two runs.
    #[serde(default)]
    pub interval: i64,
    /// Seconds that a run may take.
    #[serde(default)]
    pub timeout: i64,
}

/// What was measured last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentMetadataResult {
    /// When.
    pub collected_at: DateTime<Utc>,
    /// How many seconds ago that was when the server answered.
    #[serde(default)]
    pub age: i64,
    /// The value.
    #[serde(default)]
    pub value: String,
    /// Why there is none; empty if there is.
    #[serde(default)]
    pub error: String,
}

/// A text that is shown to all users.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BannerConfig {
    /// Whether it is shown.
    #[serde(default)]
    pub enabled: bool,
    /// The text.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub message: Option<String>,
    /// The color behind it, such as `#00AAFF`.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub background_color: Option<String>,
}
