//! What a server tells those who want to connect to an agent.

use codersdk::{DerpMap, ProvisionerJobStatus, WorkspaceAgentLifecycle, WorkspaceTransition};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::wire::is_default;

/// How an agent can be reached through tunnels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentConnectionInfo {
    /// The relays.
    #[serde(default)]
    pub derp_map: Option<DerpMap>,
    /// Whether relays are reached over WebSockets only.
    #[serde(default)]
    pub derp_force_websockets: bool,
    /// Whether everything goes through relays.
    #[serde(default)]
    pub disable_direct_connections: bool,
    /// What the names of workspaces end with on machines that are connected to all of them, such as `coder`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hostname_suffix: String,
}

/// The first message on a connection to a terminal that outlives its connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, rename_all = "PascalCase")]
pub struct AgentReconnectingPtyInit {
    /// Id of the terminal: one that is known is joined, another is made.
    #[serde(rename = "ID")]
    pub id: Uuid,
    /// Its height in lines.
    pub height: u16,
    /// Its width in columns.
    pub width: u16,
    /// What runs in it; empty for a shell.
    pub command: String,
    /// The container that it runs in; empty for none.
    pub container: String,
    /// The user that it runs as in the container; empty for the container's own.
    pub container_user: String,
    /// What keeps it: `screen`, `buffered`, or empty for what there is.
    pub backend_type: String,
}

/// A message to such a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ReconnectingPtyRequest {
    /// What is typed.
    #[serde(skip_serializing_if = "is_default")]
    pub data: String,
    /// Its new height in lines; 0 leaves it.
    #[serde(skip_serializing_if = "is_default")]
    pub height: u16,
    /// Its new width in columns; 0 leaves it.
    #[serde(skip_serializing_if = "is_default")]
    pub width: u16,
}

/// What a watch of the way to a workspace's agent tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionWatchEvent {
    /// Why there will be no more events.
    #[serde(default)]
    pub error: Option<WatchError>,
    /// The workspace's build has moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_update: Option<BuildUpdate>,
    /// The agent has moved on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_update: Option<AgentUpdate>,
}

/// Why a watch ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchError {
    /// What went wrong.
    #[serde(default)]
    pub code: WatchErrorCode,
    /// Whether another watch may succeed.
    #[serde(default)]
    pub retryable: bool,
    /// What went wrong, for people.
    #[serde(default)]
    pub message: String,
    /// More of it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub details: String,
}

/// What went wrong with a watch, as a number; newer servers may have more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(extend("enum" = [1, 2, 3, 4, 5, 6])))]
#[serde(transparent)]
pub struct WatchErrorCode(pub i64);

impl WatchErrorCode {
    /// There are several agents, and none was named.
    pub const TOO_MANY_AGENTS: Self = Self(1);
    /// There is no agent of that name.
    pub const NAME_NOT_FOUND: Self = Self(2);
    /// The workspace has no agents.
    pub const NO_AGENTS: Self = Self(3);
    /// The server stops.
    pub const SERVER_SHUTDOWN: Self = Self(4);
    /// The server's database failed.
    pub const DATABASE: Self = Self(5);
    /// The server failed.
    pub const INTERNAL: Self = Self(6);
}

/// How far a workspace's build is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildUpdate {
    /// What the build does.
    #[serde(default)]
    pub transition: WorkspaceTransition,
    /// How far it is.
    #[serde(default)]
    pub job_status: ProvisionerJobStatus,
}

/// How far an agent is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentUpdate {
    /// State of its life.
    #[serde(default)]
    pub lifecycle: WorkspaceAgentLifecycle,
    /// Its id.
    #[serde(default)]
    pub id: Uuid,
}
