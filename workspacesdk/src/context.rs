//! What a workspace adds to the context of chats: instruction files, skills, MCP servers.

use codersdk::{ChatMessagePart, Nullable};
use serde::{Deserialize, Serialize};

use crate::wire::is_default;

/// The instruction files and skills of a workspace, ready to stand in a chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextConfigResponse {
    /// A part for each file and each skill.
    #[serde(default)]
    pub parts: Nullable<Vec<ChatMessagePart>>,
}

/// A file or folder where an agent looks for context.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextSource {
    /// Its path: absolute, and without links once the agent knows it.
    #[serde(default)]
    pub path: String,
}

/// What an agent found when it last looked at its sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextSnapshot {
    /// Counts the snapshots of an agent's life.
    #[serde(default)]
    pub version: u64,
    /// A hash over all resources, in hexadecimal: another one means that something has changed.
    #[serde(default)]
    pub aggregate_hash: String,
    /// What was found.
    #[serde(default)]
    pub resources: Vec<ContextSnapshotResource>,
    /// Size of all resources together, in bytes.
    #[serde(default)]
    pub payload_bytes: u64,
    /// What went wrong with the snapshot as a whole.
    #[serde(default, skip_serializing_if = "is_default")]
    pub snapshot_error: String,
}

/// One thing that an agent found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextSnapshotResource {
    /// Id, unique within the snapshot.
    #[serde(default)]
    pub id: String,
    /// What it is, such as `instruction_file` or `skill`.
    #[serde(default)]
    pub kind: String,
    /// Its path.
    #[serde(default)]
    pub source: String,
    /// Path of the source under which it was found.
    #[serde(default, skip_serializing_if = "is_default")]
    pub source_path: String,
    /// A hash of its content, in hexadecimal.
    #[serde(default)]
    pub content_hash: String,
    /// Its size in bytes.
    #[serde(default)]
    pub size_bytes: u64,
    /// Whether it is used, such as `ok` or `oversize`.
    #[serde(default)]
    pub status: String,
    /// What went wrong with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub error: String,
    /// Its name, for a skill.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: String,
    /// What it is for, for a skill.
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: String,
}
