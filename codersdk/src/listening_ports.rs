//! Ports on which programs of a workspace listen.

use serde::{Deserialize, Serialize};

use crate::types::*;

/// The ports on which programs of a workspace listen: `codersdk.WorkspaceAgentListeningPortsResponse`. Where they
/// cannot be found out there are none, so an empty list says nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentListeningPortsResponse {
    /// The ports.
    #[serde(default)]
    pub ports: Nullable<Vec<WorkspaceAgentListeningPort>>,
}

/// A port on which a program listens: `codersdk.WorkspaceAgentListeningPort`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAgentListeningPort {
    /// Name of the program; may be empty.
    #[serde(default)]
    pub process_name: String,
    /// The protocol: `tcp`.
    #[serde(default)]
    pub network: String,
    /// Its number.
    #[serde(default)]
    pub port: u16,
}
