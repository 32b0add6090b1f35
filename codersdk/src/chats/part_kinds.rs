//! What each kind of part of a chat message carries.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::tagged::some_json;
use crate::types::*;

/// Text written by a person or by the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatTextPart {
    /// The text, in Markdown. In a live part, the piece that was added.
    #[serde(default, deserialize_with = "null_as_default")]
    pub text: String,
    /// A provider's signature over the text.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub signature: Option<String>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// What the model thought before it answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatReasoningPart {
    /// The thought, as far as the provider shows it. In a live part, the piece that was added.
    #[serde(default, deserialize_with = "null_as_default")]
    pub text: String,
    /// A provider's signature over the thought.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub signature: Option<String>,
    /// When the model began to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was done, or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// The model calls a tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatToolCallPart {
    /// Names the call; its result carries the same id.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub tool_call_id: Option<String>,
    /// Name of the tool.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub tool_name: Option<String>,
    /// The MCP server that the tool is from.
    #[serde(default)]
    pub mcp_server_config_id: Option<Uuid>,
    /// The arguments. Absent in live parts until they are complete.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub args: Option<RawJson>,
    /// The piece of the arguments' text that was added; in live parts only.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub args_delta: Option<String>,
    /// The programs that a call of `execute` runs: for each its name and, where there is one, its
    /// first argument that is no flag.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub parsed_commands: Vec<Vec<String>>,
    /// Whether the provider runs the tool itself.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub provider_executed: bool,
    /// When the model made the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Whether a hook changed the arguments. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub hook_rewritten: bool,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatToolResultPart {
    /// The call that is answered.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub tool_call_id: Option<String>,
    /// Name of the tool.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub tool_name: Option<String>,
    /// The MCP server that the tool is from.
    #[serde(default)]
    pub mcp_server_config_id: Option<Uuid>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub result: Option<RawJson>,
    /// The piece of the answer's text that was added; in live parts only.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub result_delta: Option<String>,
    /// Whether all pieces sent before are void; in live parts only.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub result_reset: bool,
    /// Whether the tool failed; `result` then says why.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub is_error: bool,
    /// Whether `result` carries an image or the like in base64.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub is_media: bool,
    /// Whether the provider ran the tool itself.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub provider_executed: bool,
    /// When the tool answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// A source that the model cites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatSourcePart {
    /// The provider's id of the source.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub source_id: Option<String>,
    /// Where the source is.
    #[serde(default, deserialize_with = "null_as_default")]
    pub url: String,
    /// Its title.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub title: Option<String>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// An attached file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatFilePart {
    /// Its media type, such as `image/png`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub media_type: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub name: Option<String>,
    /// The content in base64, where it is not kept as a file of its own.
    #[serde(default, skip_serializing_if = "none_or_zero", deserialize_with = "super::part_wire::base64_text")]
    pub data: Option<String>,
    /// The file, which can be fetched by this id.
    #[serde(default)]
    pub file_id: Option<Uuid>,
    /// What the provider needs to see again; kept by the server, never sent by it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_json")]
    pub provider_metadata: Option<RawJson>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// Lines of a file that a person points at, such as a comment on a diff.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatFileReferencePart {
    /// Path of the file.
    #[serde(default, deserialize_with = "null_as_default")]
    pub file_name: String,
    /// First line, counted from 1.
    #[serde(default, deserialize_with = "null_as_default")]
    pub start_line: i64,
    /// Last line.
    #[serde(default, deserialize_with = "null_as_default")]
    pub end_line: i64,
    /// The lines themselves.
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: String,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// A file of instructions, such as `AGENTS.md`, that was put into the model's context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatContextFilePart {
    /// Absolute path of the file in the workspace.
    #[serde(default, deserialize_with = "null_as_default")]
    pub context_file_path: String,
    /// What the model was shown of it; sent by agents, never by the server.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub context_file_content: Option<String>,
    /// Whether the file was longer than what the model was shown.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub context_file_truncated: bool,
    /// The workspace agent that the file is from.
    #[serde(default)]
    pub context_file_agent_id: Option<Uuid>,
    /// Operating system of the workspace; sent by agents, never by the server.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub context_file_os: Option<String>,
    /// Working directory in the workspace; sent by agents, never by the server.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub context_file_directory: Option<String>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// A skill that was found in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatSkillPart {
    /// Its name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub skill_name: String,
    /// What it is for, as its own file says.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_description: Option<String>,
    /// Its directory in the workspace; sent by agents, never by the server.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub skill_dir: Option<String>,
    /// Name of the file in it that describes the skill; sent by agents, never by the server.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub context_file_skill_meta_file: Option<String>,
    /// The workspace agent that the skill is from.
    #[serde(default)]
    pub context_file_agent_id: Option<Uuid>,
    /// Fields that belong to other kinds of parts, where they say something; written again as they were read. No server
    /// is known to send any.
    #[serde(skip)]
    pub foreign: JsonMap,
}

/// A part that is kept unread.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownChatPart {
    /// Its `type`, which is empty when it has none.
    pub kind: ChatMessagePartType,
    /// The whole part.
    pub json: RawJson,
    /// Why it is kept unread.
    pub reason: UnknownReason,
}
