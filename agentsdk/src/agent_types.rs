//! What an agent and the server tell each other.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use codersdk::{
    AgentSubsystem, DerpMap, LogLevel, Nullable, WorkspaceAgentDevcontainer, WorkspaceAgentLifecycle,
    WorkspaceAgentMetadataDescription, WorkspaceAgentMetadataResult, WorkspaceAgentScript, WorkspaceApp,
    WorkspaceAppHealth, open_enum,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The log source of lines whose sender names none: the user interface calls it "External".
pub const EXTERNAL_LOG_SOURCE_ID: Uuid = Uuid::from_u128(0x3b579bf4_1ed8_4b99_87a8_e9a1e3410410);

/// The key pair with which the workspace's owner speaks to git servers by SSH.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GitSshKey {
    /// The public key, in the form of `authorized_keys`.
    #[serde(default)]
    pub public_key: String,
    /// The private key, as PEM.
    #[serde(default)]
    pub private_key: String,
}

codersdk::debug_without_secrets!(GitSshKey { public_key; private_key });

/// A log line, as an agent sends it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Log {
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// The line, without its end. See [`sanitize_log_output`](crate::sanitize_log_output) for what has no place in it.
    #[serde(default)]
    pub output: String,
    /// How grave it is; `info` if empty.
    #[serde(default)]
    pub level: LogLevel,
}

/// Adds lines to the agent's logs: `PATCH …/me/logs`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PatchLogs {
    /// Where they come from; [`EXTERNAL_LOG_SOURCE_ID`] if it is the zero UUID.
    #[serde(default)]
    pub log_source_id: Uuid,
    /// The lines, in order.
    #[serde(default)]
    pub logs: Nullable<Vec<Log>>,
}

/// Names a source of log lines: `POST …/me/log-source`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PostLogSourceRequest {
    /// Its id, unique within the agent: a constant of the program, so that it makes one source whenever it runs.
    #[serde(default)]
    pub id: Uuid,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
}

/// A source of log lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSource {
    /// Its id, unique within the agent.
    #[serde(default)]
    pub id: Uuid,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
}

/// What servers tell each other when log lines were added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogsNotifyMessage {
    /// The new lines have higher numbers than this.
    #[serde(default)]
    pub created_after: i64,
}

/// What an agent is to do, as the server tells it when it connects.
///
/// It has no secrets: those are not kept where a manifest goes, which is logged and shown.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// For the agent of a dev container, the agent of its workspace; the zero UUID otherwise.
    #[serde(default)]
    pub parent_id: Uuid,
    /// The agent's id.
    #[serde(default)]
    pub agent_id: Uuid,
    /// The agent's name.
    #[serde(default)]
    pub agent_name: String,
    /// User name of the workspace's owner.
    #[serde(default)]
    pub owner_name: String,
    /// The workspace.
    #[serde(default)]
    pub workspace_id: Uuid,
    /// The workspace's name.
    #[serde(default)]
    pub workspace_name: String,
    /// How many external git services the deployment has. If any, git is set up to ask the agent for tokens.
    #[serde(default)]
    pub git_auth_configs: i64,
    /// Under which URL ports of the workspace can be reached, with placeholders.
    #[serde(default)]
    pub vscode_port_proxy_uri: String,
    /// The agent's apps.
    #[serde(default)]
    pub apps: Nullable<Vec<WorkspaceApp>>,
    /// The relays of the network.
    #[serde(default)]
    pub derpmap: Option<DerpMap>,
    /// Whether relays are spoken to by WebSockets only.
    #[serde(default)]
    pub derp_force_websockets: bool,
    /// The environment for the agent's processes.
    #[serde(default)]
    pub environment_variables: Nullable<BTreeMap<String, String>>,
    /// The folder in which processes start.
    #[serde(default)]
    pub directory: String,
    /// The file whose text is shown to who logs in.
    #[serde(default)]
    pub motd_file: String,
    /// Whether all connections go over relays.
    #[serde(default)]
    pub disable_direct_connections: bool,
    /// What is to be measured.
    #[serde(default)]
    pub metadata: Nullable<Vec<WorkspaceAgentMetadataDescription>>,
    /// What is to be run.
    #[serde(default)]
    pub scripts: Nullable<Vec<WorkspaceAgentScript>>,
    /// The dev containers that the template defines.
    #[serde(default)]
    pub devcontainers: Nullable<Vec<WorkspaceAgentDevcontainer>>,
}

impl std::fmt::Debug for Manifest {
    /// The values of the environment are left out: they may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Manifest")
            .field("agent_id", &self.agent_id)
            .field("agent_name", &self.agent_name)
            .field("owner_name", &self.owner_name)
            .field("workspace_id", &self.workspace_id)
            .field("workspace_name", &self.workspace_name)
            .field("environment_variables", &self.environment_variables.keys())
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// A secret of the workspace's owner, for the workspace's environment or files. It has no JSON form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WorkspaceSecret {
    /// The environment variable that gets it; empty for none.
    pub env_name: String,
    /// The file that gets it; empty for none.
    pub file_path: String,
    /// The secret.
    pub value: Vec<u8>,
}

codersdk::debug_without_secrets!(WorkspaceSecret { env_name, file_path; value });

/// The text of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Script {
    /// The text.
    #[serde(default)]
    pub script: String,
}

/// A measured value with its name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Metadata {
    /// Its name.
    #[serde(default)]
    pub key: String,
    /// The value.
    #[serde(flatten)]
    pub result: WorkspaceAgentMetadataResult,
}

/// Reports measured values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PostMetadataRequest {
    /// The values.
    #[serde(default)]
    pub metadata: Nullable<Vec<Metadata>>,
}

/// Reports the health of apps, by their ids. It has no JSON form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PostAppHealthsRequest {
    /// The health of each app.
    pub healths: BTreeMap<Uuid, WorkspaceAppHealth>,
}

/// Reports where the agent is in its life.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PostLifecycleRequest {
    /// Where it is.
    #[serde(default)]
    pub state: WorkspaceAgentLifecycle,
    /// Since when.
    pub changed_at: DateTime<Utc>,
}

/// Reports that the agent has started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PostStartupRequest {
    /// The agent's version.
    #[serde(default)]
    pub version: String,
    /// The folder of the manifest, with `~` and variables replaced.
    #[serde(default)]
    pub expanded_directory: String,
    /// What it runs in or under.
    #[serde(default)]
    pub subsystems: Nullable<Vec<AgentSubsystem>>,
}

/// What went over the agent's connections since the last report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stats {
    /// Connections by protocol.
    #[serde(default)]
    pub connections_by_proto: Nullable<BTreeMap<String, i64>>,
    /// Connections.
    #[serde(default)]
    pub connection_count: i64,
    /// The median of their latencies, in milliseconds; -1 if not known.
    #[serde(default)]
    pub connection_median_latency_ms: f64,
    /// Packets received.
    #[serde(default)]
    pub rx_packets: i64,
    /// Bytes received.
    #[serde(default)]
    pub rx_bytes: i64,
    /// Packets sent.
    #[serde(default)]
    pub tx_packets: i64,
    /// Bytes sent.
    #[serde(default)]
    pub tx_bytes: i64,
    /// Sessions of the VS Code extension.
    #[serde(default)]
    pub session_count_vscode: i64,
    /// Sessions of the JetBrains extension.
    #[serde(default)]
    pub session_count_jetbrains: i64,
    /// Sessions of the terminal in the browser.
    #[serde(default)]
    pub session_count_reconnecting_pty: i64,
    /// Other SSH sessions.
    #[serde(default)]
    pub session_count_ssh: i64,
    /// What the agent measures of itself.
    #[serde(default)]
    pub metrics: Nullable<Vec<AgentMetric>>,
}

impl Stats {
    /// All sessions.
    pub fn session_count(&self) -> i64 {
        self.session_count_vscode
            + self.session_count_jetbrains
            + self.session_count_reconnecting_pty
            + self.session_count_ssh
    }
}

open_enum! {
    /// The kind of a metric.
    pub enum AgentMetricType {
        /// It only grows.
        Counter => "counter",
        /// It goes up and down.
        Gauge => "gauge",
    }
}

/// A metric of the agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentMetric {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its kind.
    #[serde(default, rename = "type")]
    pub kind: AgentMetricType,
    /// Its value.
    #[serde(default)]
    pub value: f64,
    /// Its labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<AgentMetricLabel>,
}

/// A label of a metric.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentMetricLabel {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its value.
    #[serde(default)]
    pub value: String,
}

/// How often the server wants [`Stats`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatsResponse {
    /// The pause between two reports, in nanoseconds.
    #[serde(default)]
    pub report_interval: i64,
}
