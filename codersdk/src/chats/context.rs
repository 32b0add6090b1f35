//! What a workspace adds to a chat's context.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::*;

/// What a workspace adds to the context of a chat: `codersdk.ChatContext`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContext {
    /// Whether the workspace has changed since the context was read.
    #[serde(default)]
    pub dirty: bool,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty_since: Option<DateTime<Utc>>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
    /// What the context consists of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ChatContextResource>,
}

/// One thing that a workspace adds to the context: `codersdk.ChatContextResource`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContextResource {
    /// Its path, or its address.
    #[serde(default)]
    pub source: String,
    /// What it is.
    #[serde(default)]
    pub kind: ChatContextResourceKind,
    /// Its size in bytes.
    #[serde(default)]
    pub size_bytes: i64,
    /// Name of the skill.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_name: Option<String>,
    /// What the skill is for.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_description: Option<String>,
    /// Its tools.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ChatContextTool>,
    /// State it is in.
    #[serde(default)]
    pub status: ChatContextResourceStatus,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
}

open_enum! {
    /// What a resource of the context is: `codersdk.ChatContextResourceKind`.
    pub enum ChatContextResourceKind {
        /// A file of instructions, such as `AGENTS.md`.
        InstructionFile => "instruction_file",
        /// A skill.
        Skill => "skill",
        /// A file that configures MCP servers.
        McpConfig => "mcp_config",
        /// An MCP server.
        McpServer => "mcp_server",
    }
}

open_enum! {
    /// Whether a resource of the context is used: `codersdk.ChatContextResourceStatus`.
    pub enum ChatContextResourceStatus {
        /// It is used.
        Ok => "ok",
        /// It is too large.
        Oversize => "oversize",
        /// It cannot be read.
        Unreadable => "unreadable",
        /// It is not well formed.
        Invalid => "invalid",
        /// It was left out.
        Excluded => "excluded",
    }
}

/// A tool of an MCP server: `codersdk.ChatContextTool`.
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
