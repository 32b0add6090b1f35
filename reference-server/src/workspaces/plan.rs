//! What a version of a template makes when a workspace is built from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a build makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Plan {
    pub(crate) resources: Vec<PlannedResource>,
    /// The slug of the app that shows a task, in a version made for tasks.
    pub(crate) task_app: Option<String>,
    pub(crate) presets: Vec<PlannedPreset>,
}

/// Values of parameters under a name. Workspaces may be built with them before anybody asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedPreset {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// How many prebuilt workspaces there are to be.
    pub(crate) prebuilds: Option<i32>,
}

/// A resource with the agents that run on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedResource {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) agents: Vec<PlannedAgent>,
}

/// An agent. Every build has its own.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedAgent {
    pub(crate) name: String,
    /// The token of the agent, the same in every build of the first workspace; a new one each time without it, and in
    /// other workspaces.
    pub(crate) token: Option<Uuid>,
    pub(crate) instance_id: Option<String>,
    pub(crate) directory: String,
    pub(crate) architecture: String,
    pub(crate) operating_system: String,
    pub(crate) environment: Option<BTreeMap<String, String>>,
    pub(crate) display_apps: Vec<String>,
    pub(crate) connection_timeout_seconds: i32,
    pub(crate) apps: Vec<PlannedApp>,
    pub(crate) scripts: Vec<PlannedScript>,
    pub(crate) metadata: Vec<PlannedMetadata>,
    pub(crate) monitors: Vec<PlannedMonitor>,
}

/// Something that an agent watches of its machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedMonitor {
    /// Where the volume is; empty for memory.
    pub(crate) path: String,
    pub(crate) enabled: bool,
    /// From how much on it is too much, in percent.
    pub(crate) threshold: i32,
}

impl std::fmt::Debug for PlannedAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlannedAgent").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An app of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedApp {
    pub(crate) slug: String,
    pub(crate) display_name: String,
    pub(crate) url: String,
}

/// A script that an agent runs when it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedScript {
    pub(crate) display_name: String,
    pub(crate) script: String,
}

/// A value that an agent reports again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PlannedMetadata {
    pub(crate) key: String,
    pub(crate) display_name: String,
    pub(crate) script: String,
    /// In seconds.
    pub(crate) interval: i64,
    /// In seconds.
    pub(crate) timeout: i64,
}
