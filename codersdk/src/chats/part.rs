//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatInputPart`: chat input part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatInputPart {
    /// `type` on the wire.
    #[serde(rename = "type")]
    pub kind_: ChatInputPartType,
    /// `text` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `file_id` on the wire.
    pub file_id: Uuid,
    /// `file_name` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// `start_line` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_line: Option<i64>,
    /// `end_line` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<i64>,
    /// `content` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

open_enum! {
    /// Values of `codersdk.ChatInputPartType`.
    pub enum ChatInputPartType {
        /// `text`
        Text => "text",
        /// `file`
        File => "file",
        /// `file-reference`
        FileReference => "file-reference",
    }
}

/// `codersdk.ChatMessagePart`: chat message part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatMessagePart {
    /// `type` on the wire.
    #[serde(rename = "type")]
    pub kind_: ChatMessagePartType,
    /// `text` on the wire.
    #[serde(default)]
    pub text: String,
    /// `signature` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// `tool_call_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// `tool_name` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<String>,
    /// `mcp_server_config_id` on the wire.
    #[serde(default)]
    pub mcp_server_config_id: Option<Uuid>,
    /// `args` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<serde_json::Value>,
    /// `args_delta` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args_delta: Option<String>,
    /// `parsed_commands` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parsed_commands: Option<Vec<Vec<String>>>,
    /// `result` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<serde_json::Value>,
    /// `result_delta` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_delta: Option<String>,
    /// `result_reset` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_reset: Option<bool>,
    /// `is_error` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// `is_media` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_media: Option<bool>,
    /// `source_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// `url` on the wire.
    #[serde(default)]
    pub url: String,
    /// Title as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `media_type` on the wire.
    #[serde(default)]
    pub media_type: String,
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `data` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// `file_id` on the wire.
    #[serde(default)]
    pub file_id: Option<Uuid>,
    /// `file_name` on the wire.
    #[serde(default)]
    pub file_name: String,
    /// `start_line` on the wire.
    #[serde(default)]
    pub start_line: i64,
    /// `end_line` on the wire.
    #[serde(default)]
    pub end_line: i64,
    /// `content` on the wire.
    #[serde(default)]
    pub content: String,
    // internal: provider_metadata
    /// `provider_executed` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_executed: Option<bool>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// `completed_at` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// `context_file_path` on the wire.
    #[serde(default)]
    pub context_file_path: String,
    // internal: context_file_content
    /// `context_file_truncated` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_file_truncated: Option<bool>,
    /// `context_file_agent_id` on the wire.
    #[serde(default)]
    pub context_file_agent_id: Option<Uuid>,
    // internal: context_file_os
    // internal: context_file_directory
    /// `skill_name` on the wire.
    #[serde(default)]
    pub skill_name: String,
    /// `skill_description` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill_description: Option<String>,
    // internal: skill_dir
    // internal: context_file_skill_meta_file
}

open_enum! {
    /// Values of `codersdk.ChatMessagePartType`.
    pub enum ChatMessagePartType {
        /// `text`
        Text => "text",
        /// `reasoning`
        Reasoning => "reasoning",
        /// `tool-call`
        ToolCall => "tool-call",
        /// `tool-result`
        ToolResult => "tool-result",
        /// `source`
        Source => "source",
        /// `file`
        File => "file",
        /// `file-reference`
        FileReference => "file-reference",
        /// `context-file`
        ContextFile => "context-file",
        /// `skill`
        Skill => "skill",
    }
}
