//! Tools that clients run.

use serde::{Deserialize, Serialize};

use crate::tagged::some_json;
use crate::types::*;

/// A tool that the client runs, as the server knows it: `codersdk.DynamicTool`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynamicToolDefinition {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default)]
    pub input_schema: Option<RawJson>,
}

/// Results of tools that the client ran: `codersdk.SubmitToolResultsRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubmitToolResultsRequest {
    /// The results, one for each call.
    #[serde(default)]
    pub results: Nullable<Vec<ToolResult>>,
}

/// The result of one call: `codersdk.ToolResult`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolResult {
    /// The call that is answered.
    #[serde(default)]
    pub tool_call_id: String,
    /// What the tool gave.
    #[serde(default, deserialize_with = "some_json")]
    pub output: Option<RawJson>,
    /// Whether the tool failed; the model is told so.
    #[serde(default)]
    pub is_error: bool,
}

/// `codersdk.DynamicToolCall`: a call that a dynamic tool is to answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynamicToolCall {
    /// The call's id; its result carries the same.
    #[serde(default)]
    pub tool_call_id: String,
    /// Name of the tool.
    #[serde(default)]
    pub tool_name: String,
    /// The arguments, as JSON in a string.
    #[serde(default)]
    pub args: String,
}

/// `codersdk.DynamicToolResponse`: what a dynamic tool answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynamicToolResponse {
    /// The answer.
    #[serde(default)]
    pub content: String,
    /// Whether the tool failed; the model is told so.
    #[serde(default)]
    pub is_error: bool,
}
