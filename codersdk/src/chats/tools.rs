//! Wire types.

use serde::{Deserialize, Serialize};

use crate::tagged::some_json;
#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.DynamicTool`: dynamic tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynamicToolDefinition {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub description: Option<String>,
    /// `input_schema` on the wire.
    #[serde(default)]
    pub input_schema: Option<RawJson>,
}

/// `codersdk.SubmitToolResultsRequest`: submit tool results request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SubmitToolResultsRequest {
    /// `results` on the wire.
    #[serde(default)]
    pub results: Nullable<Vec<ToolResult>>,
}

/// `codersdk.ToolResult`: tool result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolResult {
    /// `tool_call_id` on the wire.
    #[serde(default)]
    pub tool_call_id: String,
    /// `output` on the wire.
    #[serde(default, deserialize_with = "some_json")]
    pub output: Option<RawJson>,
    /// `is_error` on the wire.
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
