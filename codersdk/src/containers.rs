//! Containers and dev containers that a workspace agent sees.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// What an agent sees of containers: `codersdk.WorkspaceAgentListContainersResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentListContainersResponse {
    /// The dev containers, whether or not a container runs for them.
    #[serde(default)]
    pub devcontainers: Nullable<Vec<WorkspaceAgentDevcontainer>>,
    /// All containers.
    #[serde(default)]
    pub containers: Nullable<Vec<WorkspaceAgentContainer>>,
    /// What went wrong on the side while they were listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A dev container: `codersdk.WorkspaceAgentDevcontainer`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentDevcontainer {
    /// Unique id. It stays when the container behind it is made anew.
    #[serde(default)]
    pub id: Uuid,
    /// Name, unique within its agent.
    #[serde(default)]
    pub name: String,
    /// Absolute path of the folder that it belongs to.
    #[serde(default)]
    pub workspace_folder: String,
    /// Absolute path of its configuration.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub config_path: Option<String>,
    /// The agent that the template defines for it; none if the template does not know it.
    #[serde(default)]
    pub subagent_id: Option<Uuid>,
    /// State it is in.
    #[serde(default)]
    pub status: WorkspaceAgentDevcontainerStatus,
    /// Whether its configuration has changed since the container was made.
    #[serde(default)]
    pub dirty: bool,
    /// The container, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<WorkspaceAgentContainer>,
    /// The agent within it, if one runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<WorkspaceAgentDevcontainerAgent>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
}

impl WorkspaceAgentDevcontainer {
    /// Whether the template defines resources for it.
    pub fn is_terraform_defined(&self) -> bool {
        self.subagent_id.is_some()
    }
}

open_enum! {
    /// State of a dev container: `codersdk.WorkspaceAgentDevcontainerStatus`.
    pub enum WorkspaceAgentDevcontainerStatus {
        /// It runs.
        Running => "running",
        /// It does not run.
        Stopped => "stopped",
        /// It is being made or started.
        Starting => "starting",
        /// It is being stopped.
        Stopping => "stopping",
        /// It is being removed.
        Deleting => "deleting",
        /// The last attempt to start it failed.
        Error => "error",
    }
}

impl WorkspaceAgentDevcontainerStatus {
    /// Whether it is on the way from one state to another, during which nothing else can be asked of it.
    pub fn transitioning(&self) -> bool {
        matches!(self, Self::Starting | Self::Stopping | Self::Deleting)
    }
}

/// The agent within a dev container: `codersdk.WorkspaceAgentDevcontainerAgent`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentDevcontainerAgent {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Name, unique within its workspace.
    #[serde(default)]
    pub name: String,
    /// Absolute path of the directory that it works in.
    #[serde(default)]
    pub directory: String,
}

/// A container: `codersdk.WorkspaceAgentContainer`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentContainer {
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// Id that the container engine gave it.
    #[serde(default)]
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub name: String,
    /// Name of its image.
    #[serde(default)]
    pub image: String,
    /// Its labels.
    #[serde(default)]
    pub labels: Nullable<BTreeMap<String, String>>,
    /// Whether it runs.
    #[serde(default)]
    pub running: bool,
    /// The ports that it exposes.
    #[serde(default)]
    pub ports: Nullable<Vec<WorkspaceAgentContainerPort>>,
    /// The engine's words for its state.
    #[serde(default)]
    pub status: String,
    /// What is mounted into it: paths outside, and the paths inside where they appear.
    #[serde(default)]
    pub volumes: Nullable<BTreeMap<String, String>>,
}

impl WorkspaceAgentContainer {
    /// Whether this is its id or its name.
    pub fn matches(&self, id_or_name: &str) -> bool {
        self.id == id_or_name || self.name == id_or_name
    }
}

/// A port that a container exposes: `codersdk.WorkspaceAgentContainerPort`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentContainerPort {
    /// Its number within the container.
    #[serde(default)]
    pub port: u16,
    /// The protocol, such as `tcp`.
    #[serde(default)]
    pub network: String,
    /// The address outside that it is bound to.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub host_ip: Option<String>,
    /// Its number outside the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_port: Option<u16>,
}
