//! Tools of the MCP servers of a workspace.

use codersdk::{JsonMap, Nullable, open_enum};
use serde::{Deserialize, Serialize};

use crate::wire::is_default;

/// A tool of an MCP server of the workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct McpToolInfo {
    /// Name of the server, as `.mcp.json` gives it.
    #[serde(default)]
    pub server_name: String,
    /// Name by which it is called: that of the server, two underscores, its own.
    #[serde(default)]
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default)]
    pub schema: Nullable<JsonMap>,
    /// The arguments that must be given.
    #[serde(default)]
    pub required: Nullable<Vec<String>>,
}

/// A call of a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallMcpToolRequest {
    /// Name of the tool, such as `github__create_issue`.
    #[serde(default)]
    pub tool_name: String,
    /// What is passed to it.
    #[serde(default)]
    pub arguments: Nullable<JsonMap>,
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallMcpToolResponse {
    /// Its answer, in pieces.
    #[serde(default)]
    pub content: Nullable<Vec<McpToolContent>>,
    /// Whether the tool failed.
    #[serde(default)]
    pub is_error: bool,
}

/// A piece of a tool's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct McpToolContent {
    /// What it is.
    #[serde(rename = "type", default)]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub kind: McpToolContentType,
    /// The text of a text or a resource.
    #[serde(default, skip_serializing_if = "is_default")]
    pub text: String,
    /// The bytes of an image or of sound, in base64.
    #[serde(default, skip_serializing_if = "is_default")]
    pub data: String,
    /// The media type of `data`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub media_type: String,
}

open_enum! {
    /// What a piece of a tool's answer is.
    pub enum McpToolContentType {
        /// Text.
        Text => "text",
        /// An image.
        Image => "image",
        /// Sound.
        Audio => "audio",
        /// A resource, or a link to one.
        Resource => "resource",
    }
}
