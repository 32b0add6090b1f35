//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatContext`: chat context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContext {
    /// `dirty` on the wire.
    #[serde(default)]
    pub dirty: bool,
    /// `dirty_since` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty_since: Option<DateTime<Utc>>,
    /// `error` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
    /// `resources` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ChatContextResource>,
}

/// `codersdk.ChatContextResource`: chat context resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContextResource {
    /// `source` on the wire.
    #[serde(default)]
    pub source: String,
    /// `kind` on the wire.
    #[serde(default)]
    pub kind: ChatContextResourceKind,
    /// `size_bytes` on the wire.
    #[serde(default)]
    pub size_bytes: i64,
    /// `skill_name` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_name: Option<String>,
    /// `skill_description` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_description: Option<String>,
    /// `tools` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ChatContextTool>,
    /// State it is in.
    #[serde(default)]
    pub status: ChatContextResourceStatus,
    /// `error` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
}

open_enum! {
    /// Values of `codersdk.ChatContextResourceKind`.
    pub enum ChatContextResourceKind {
        /// `instruction_file`
        InstructionFile => "instruction_file",
        /// `skill`
        Skill => "skill",
        /// `mcp_config`
        McpConfig => "mcp_config",
        /// `mcp_server`
        McpServer => "mcp_server",
    }
}

open_enum! {
    /// Values of `codersdk.ChatContextResourceStatus`.
    pub enum ChatContextResourceStatus {
        /// `ok`
        Ok => "ok",
        /// `oversize`
        Oversize => "oversize",
        /// `unreadable`
        Unreadable => "unreadable",
        /// `invalid`
        Invalid => "invalid",
        /// `excluded`
        Excluded => "excluded",
    }
}

/// `codersdk.ChatContextTool`: chat context tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContextTool {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub description: Option<String>,
}
