//! Parts of chat messages.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::part_wire::PartWire;
use crate::tagged::{self, Tagged, some_json};
use crate::types::*;

open_enum! {
    /// What a part of a message is: the field `type` of [`ChatMessagePart`].
    pub enum ChatMessagePartType {
        /// Text written by a person or by the model.
        Text => "text",
        /// What the model thought before it answered.
        Reasoning => "reasoning",
        /// The model calls a tool.
        ToolCall => "tool-call",
        /// What a tool answered.
        ToolResult => "tool-result",
        /// A source that the model cites.
        Source => "source",
        /// An attached file.
        File => "file",
        /// Lines of a file that a person points at.
        FileReference => "file-reference",
        /// A file of instructions that was put into the model's context.
        ContextFile => "context-file",
        /// A skill that was found in the workspace.
        Skill => "skill",
    }
}

/// One part of a message: text, a call of a tool, a file and so on.
///
/// Each variant carries the fields of its own kind. On the wire a part always has the fields `text`,
/// `url`, `media_type`, `file_name`, `start_line`, `end_line`, `content`, `context_file_path` and
/// `skill_name` and three ids, whatever its kind; those of other kinds are ignored when they are read
/// and written as zero values. A kind that this version does not know is kept whole in
/// [`ChatMessagePart::Unknown`] and written again as it was read.
///
/// ```
/// use codersdk::ChatMessagePart;
///
/// let part: ChatMessagePart = serde_json::from_str(r#"{"type":"text","text":"Hello","url":""}"#)?;
/// assert_eq!(part, ChatMessagePart::text("Hello"));
/// assert_eq!(part.as_text(), Some("Hello"));
///
/// let new: ChatMessagePart = serde_json::from_str(r#"{"type":"hologram","depth":3}"#)?;
/// assert_eq!(serde_json::to_string(&new)?, r#"{"type":"hologram","depth":3}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ChatMessagePart {
    /// Text written by a person or by the model.
    Text(ChatTextPart),
    /// What the model thought before it answered.
    Reasoning(ChatReasoningPart),
    /// The model calls a tool.
    ToolCall(ChatToolCallPart),
    /// What a tool answered.
    ToolResult(ChatToolResultPart),
    /// A source that the model cites.
    Source(ChatSourcePart),
    /// An attached file.
    File(ChatFilePart),
    /// Lines of a file that a person points at.
    FileReference(ChatFileReferencePart),
    /// A file of instructions that was put into the model's context.
    ContextFile(ChatContextFilePart),
    /// A skill that was found in the workspace.
    Skill(ChatSkillPart),
    /// A part of a kind that this version does not know.
    Unknown(UnknownChatPart),
}

/// Text written by a person or by the model.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// What the model thought before it answered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// The model calls a tool.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// What a tool answered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// A source that the model cites.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// An attached file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// Lines of a file that a person points at, such as a comment on a diff.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// A file of instructions, such as `AGENTS.md`, that was put into the model's context.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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
}

/// A skill that was found in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(Serialize, schemars::JsonSchema))]
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

impl ChatMessagePart {
    /// A part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(ChatTextPart { text: text.into(), ..Default::default() })
    }

    /// A part of reasoning.
    pub fn reasoning(text: impl Into<String>) -> Self {
        Self::Reasoning(ChatReasoningPart { text: text.into(), ..Default::default() })
    }

    /// A complete call of a tool.
    pub fn tool_call(id: impl Into<String>, name: impl Into<String>, args: impl Into<RawJson>) -> Self {
        Self::ToolCall(ChatToolCallPart {
            tool_call_id: Some(id.into()),
            tool_name: Some(name.into()),
            args: Some(args.into()),
            ..Default::default()
        })
    }

    /// The answer of a tool.
    pub fn tool_result(
        id: impl Into<String>,
        name: impl Into<String>,
        result: impl Into<RawJson>,
        is_error: bool,
    ) -> Self {
        Self::ToolResult(ChatToolResultPart {
            tool_call_id: Some(id.into()),
            tool_name: Some(name.into()),
            result: Some(result.into()),
            is_error,
            ..Default::default()
        })
    }

    /// A file that is kept by the server.
    pub fn file(file_id: Uuid, media_type: impl Into<String>, name: impl Into<String>) -> Self {
        Self::File(ChatFilePart {
            file_id: Some(file_id),
            media_type: media_type.into(),
            name: Some(name.into()),
            ..Default::default()
        })
    }

    /// Lines of a file.
    pub fn file_reference(
        file_name: impl Into<String>,
        start_line: i64,
        end_line: i64,
        content: impl Into<String>,
    ) -> Self {
        Self::FileReference(ChatFileReferencePart {
            file_name: file_name.into(),
            start_line,
            end_line,
            content: content.into(),
        })
    }

    /// A cited source.
    pub fn source(source_id: impl Into<String>, url: impl Into<String>, title: impl Into<String>) -> Self {
        Self::Source(ChatSourcePart {
            source_id: Some(source_id.into()),
            url: url.into(),
            title: Some(title.into()),
            ..Default::default()
        })
    }

    /// A file of instructions.
    pub fn context_file(path: impl Into<String>) -> Self {
        Self::ContextFile(ChatContextFilePart { context_file_path: path.into(), ..Default::default() })
    }

    /// A skill.
    pub fn skill(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Skill(ChatSkillPart {
            skill_name: name.into(),
            skill_description: Some(description.into()),
            ..Default::default()
        })
    }

    /// What the part is.
    pub fn kind(&self) -> ChatMessagePartType {
        match self {
            Self::Text(_) => ChatMessagePartType::Text,
            Self::Reasoning(_) => ChatMessagePartType::Reasoning,
            Self::ToolCall(_) => ChatMessagePartType::ToolCall,
            Self::ToolResult(_) => ChatMessagePartType::ToolResult,
            Self::Source(_) => ChatMessagePartType::Source,
            Self::File(_) => ChatMessagePartType::File,
            Self::FileReference(_) => ChatMessagePartType::FileReference,
            Self::ContextFile(_) => ChatMessagePartType::ContextFile,
            Self::Skill(_) => ChatMessagePartType::Skill,
            Self::Unknown(part) => part.kind.clone(),
        }
    }

    /// The text of a text part.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(part) => Some(&part.text),
            _ => None,
        }
    }

    /// The call, when the part is one.
    pub fn as_tool_call(&self) -> Option<&ChatToolCallPart> {
        match self {
            Self::ToolCall(part) => Some(part),
            _ => None,
        }
    }

    /// The answer of a tool, when the part is one.
    pub fn as_tool_result(&self) -> Option<&ChatToolResultPart> {
        match self {
            Self::ToolResult(part) => Some(part),
            _ => None,
        }
    }

    /// Removes what a server keeps for itself: provider metadata, the content of context files, and
    /// the inline content of files that have an id.
    pub fn strip_internal(&mut self) {
        match self {
            Self::Text(part) => part.provider_metadata = None,
            Self::Reasoning(part) => part.provider_metadata = None,
            Self::ToolCall(part) => part.provider_metadata = None,
            Self::ToolResult(part) => part.provider_metadata = None,
            Self::Source(part) => part.provider_metadata = None,
            Self::File(part) => {
                part.provider_metadata = None;
                if part.file_id.is_some() {
                    part.data = None;
                }
            }
            Self::ContextFile(part) => {
                part.context_file_content = None;
                part.context_file_os = None;
                part.context_file_directory = None;
            }
            Self::Skill(part) => {
                part.skill_dir = None;
                part.context_file_skill_meta_file = None;
            }
            Self::FileReference(_) | Self::Unknown(_) => {}
        }
    }
}

impl Default for ChatMessagePart {
    fn default() -> Self {
        Self::text("")
    }
}

impl Tagged for ChatMessagePart {
    const EXPECTED: &'static str = "a part of a chat message";
    const FIELDS: &'static [&'static str] = PartWire::FIELDS;
    type Kind = ChatMessagePartType;

    fn read<'de, D: Deserializer<'de>>(kind: Self::Kind, fields: D) -> Result<Self, D::Error> {
        Ok(match kind {
            ChatMessagePartType::Text => Self::Text(Deserialize::deserialize(fields)?),
            ChatMessagePartType::Reasoning => Self::Reasoning(Deserialize::deserialize(fields)?),
            ChatMessagePartType::ToolCall => Self::ToolCall(Deserialize::deserialize(fields)?),
            ChatMessagePartType::ToolResult => Self::ToolResult(Deserialize::deserialize(fields)?),
            ChatMessagePartType::Source => Self::Source(Deserialize::deserialize(fields)?),
            ChatMessagePartType::File => Self::File(Deserialize::deserialize(fields)?),
            ChatMessagePartType::FileReference => Self::FileReference(Deserialize::deserialize(fields)?),
            ChatMessagePartType::ContextFile => Self::ContextFile(Deserialize::deserialize(fields)?),
            ChatMessagePartType::Skill => Self::Skill(Deserialize::deserialize(fields)?),
            ChatMessagePartType::Unknown(_) => {
                return Err(serde::de::Error::custom("the type of the part is not known"));
            }
        })
    }

    fn keep(kind: Self::Kind, json: RawJson, reason: UnknownReason) -> Self {
        Self::Unknown(UnknownChatPart { kind, json, reason })
    }
}

impl<'de> Deserialize<'de> for ChatMessagePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl Serialize for ChatMessagePart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown(part) => part.json.serialize(serializer),
            known => PartWire::from(known).serialize(serializer),
        }
    }
}
