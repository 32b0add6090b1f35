//! Agents of workspaces, as their owners see them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// An agent of a workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgent {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The agent that runs it in a dev container.
    #[serde(default)]
    pub parent_id: Option<Uuid>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it first connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_connected_at: Option<DateTime<Utc>>,
    /// When its connection last lived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connected_at: Option<DateTime<Utc>>,
    /// When its connection ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected_at: Option<DateTime<Utc>>,
    /// When it began to start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<DateTime<Utc>>,
    /// How it is connected.
    #[serde(default)]
    pub status: WorkspaceAgentStatus,
    /// Where it is in its life.
    #[serde(default)]
    pub lifecycle_state: WorkspaceAgentLifecycle,
    /// Name, unique within the workspace.
    #[serde(default)]
    pub name: String,
    /// The resource that it runs in.
    #[serde(default)]
    pub resource_id: Uuid,
    /// The cloud instance by which it signs in.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub instance_id: Option<String>,
    /// Of its machine, such as `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// What its template adds to the environment.
    #[serde(default)]
    pub environment_variables: Nullable<BTreeMap<String, String>>,
    /// Of its machine, such as `linux`.
    #[serde(default)]
    pub operating_system: String,
    /// How much it has logged, in bytes.
    #[serde(default)]
    pub logs_length: i32,
    /// Whether it logged more than is kept.
    #[serde(default)]
    pub logs_overflowed: bool,
    /// Where terminals open, as its template says.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub directory: Option<String>,
    /// The same with variables filled in.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub expanded_directory: Option<String>,
    /// Of the program.
    #[serde(default)]
    pub version: String,
    /// Of the interface that it speaks.
    #[serde(default)]
    pub api_version: String,
    /// What it offers.
    #[serde(default)]
    pub apps: Nullable<Vec<WorkspaceApp>>,
    /// How far relays are from it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_as_default")]
    pub latency: BTreeMap<String, DerpRegionLatency>,
    /// After how many seconds without a first connection it counts as timed out; 0 for never.
    #[serde(default)]
    pub connection_timeout_seconds: i32,
    /// Where its template explains what can go wrong.
    #[serde(default)]
    pub troubleshooting_url: String,
    /// What it runs in or under.
    #[serde(default)]
    pub subsystems: Nullable<Vec<AgentSubsystem>>,
    /// Whether it is well.
    #[serde(default)]
    pub health: WorkspaceAgentHealth,
    /// Which of the built-in apps are shown.
    #[serde(default)]
    pub display_apps: Nullable<Vec<DisplayApp>>,
    /// Where its log lines come from.
    #[serde(default)]
    pub log_sources: Nullable<Vec<WorkspaceAgentLogSource>>,
    /// What it runs.
    #[serde(default)]
    pub scripts: Nullable<Vec<WorkspaceAgentScript>>,
    /// Whether users wait for start scripts.
    #[serde(default)]
    pub startup_script_behavior: WorkspaceAgentStartupScriptBehavior,
}

open_enum! {
    /// How an agent is connected.
    pub enum WorkspaceAgentStatus {
        /// `connecting`
        Connecting => "connecting",
        /// `connected`
        Connected => "connected",
        /// `disconnected`
        Disconnected => "disconnected",
        /// `timeout`
        Timeout => "timeout",
    }
}

/// Whether an agent is well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentHealth {
    /// Whether it is.
    #[serde(default)]
    pub healthy: bool,
    /// Why it is not.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub reason: Option<String>,
}

open_enum! {
    /// Whether users wait for start scripts.
    pub enum WorkspaceAgentStartupScriptBehavior {
        /// `blocking`
        Blocking => "blocking",
        /// `non-blocking`
        NonBlocking => "non-blocking",
    }
}

open_enum! {
    /// An app that is built in.
    pub enum DisplayApp {
        /// `vscode`
        Vscode => "vscode",
        /// `vscode_insiders`
        VscodeInsiders => "vscode_insiders",
        /// `web_terminal`
        WebTerminal => "web_terminal",
        /// `port_forwarding_helper`
        PortForwardingHelper => "port_forwarding_helper",
        /// `ssh_helper`
        SshHelper => "ssh_helper",
    }
}

/// A value that an agent reports from time to time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentMetadata {
    /// What was measured last.
    #[serde(default)]
    pub result: WorkspaceAgentMetadataResult,
    /// What is measured.
    #[serde(default)]
    pub description: WorkspaceAgentMetadataDescription,
}

/// How far a relay is from an agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DerpRegionLatency {
    /// Whether it is the one that the agent uses.
    #[serde(default)]
    pub preferred: bool,
    /// In milliseconds.
    #[serde(default)]
    pub latency_ms: f64,
}
