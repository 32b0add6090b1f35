//! Parts of chat messages.

use std::mem::take;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::part_wire::{self, PartFields, PartWire};
use crate::tagged::{self, Tagged};
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
            foreign: JsonMap::new(),
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

    /// Fields of other kinds that the part carries.
    pub(super) fn foreign(&self) -> Option<&JsonMap> {
        match self {
            Self::Text(ChatTextPart { foreign, .. })
            | Self::Reasoning(ChatReasoningPart { foreign, .. })
            | Self::ToolCall(ChatToolCallPart { foreign, .. })
            | Self::ToolResult(ChatToolResultPart { foreign, .. })
            | Self::Source(ChatSourcePart { foreign, .. })
            | Self::File(ChatFilePart { foreign, .. })
            | Self::FileReference(ChatFileReferencePart { foreign, .. })
            | Self::ContextFile(ChatContextFilePart { foreign, .. })
            | Self::Skill(ChatSkillPart { foreign, .. }) => Some(foreign),
            Self::Unknown(_) => None,
        }
    }

    fn foreign_mut(&mut self) -> Option<&mut JsonMap> {
        match self {
            Self::Text(ChatTextPart { foreign, .. })
            | Self::Reasoning(ChatReasoningPart { foreign, .. })
            | Self::ToolCall(ChatToolCallPart { foreign, .. })
            | Self::ToolResult(ChatToolResultPart { foreign, .. })
            | Self::Source(ChatSourcePart { foreign, .. })
            | Self::File(ChatFilePart { foreign, .. })
            | Self::FileReference(ChatFileReferencePart { foreign, .. })
            | Self::ContextFile(ChatContextFilePart { foreign, .. })
            | Self::Skill(ChatSkillPart { foreign, .. }) => Some(foreign),
            Self::Unknown(_) => None,
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
        let mut fields = PartFields::deserialize(fields)?;
        let mut part = match kind {
            ChatMessagePartType::Text => Self::Text(ChatTextPart {
                text: take(&mut fields.text),
                signature: take(&mut fields.signature),
                provider_metadata: take(&mut fields.provider_metadata),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::Reasoning => Self::Reasoning(ChatReasoningPart {
                text: take(&mut fields.text),
                signature: take(&mut fields.signature),
                created_at: take(&mut fields.created_at),
                completed_at: take(&mut fields.completed_at),
                provider_metadata: take(&mut fields.provider_metadata),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::ToolCall => Self::ToolCall(ChatToolCallPart {
                tool_call_id: take(&mut fields.tool_call_id),
                tool_name: take(&mut fields.tool_name),
                mcp_server_config_id: take(&mut fields.mcp_server_config_id),
                args: take(&mut fields.args),
                args_delta: take(&mut fields.args_delta),
                parsed_commands: take(&mut fields.parsed_commands),
                provider_executed: take(&mut fields.provider_executed),
                created_at: take(&mut fields.created_at),
                provider_metadata: take(&mut fields.provider_metadata),
                hook_rewritten: take(&mut fields.hook_rewritten),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::ToolResult => Self::ToolResult(ChatToolResultPart {
                tool_call_id: take(&mut fields.tool_call_id),
                tool_name: take(&mut fields.tool_name),
                mcp_server_config_id: take(&mut fields.mcp_server_config_id),
                result: take(&mut fields.result),
                result_delta: take(&mut fields.result_delta),
                result_reset: take(&mut fields.result_reset),
                is_error: take(&mut fields.is_error),
                is_media: take(&mut fields.is_media),
                provider_executed: take(&mut fields.provider_executed),
                created_at: take(&mut fields.created_at),
                provider_metadata: take(&mut fields.provider_metadata),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::Source => Self::Source(ChatSourcePart {
                source_id: take(&mut fields.source_id),
                url: take(&mut fields.url),
                title: take(&mut fields.title),
                provider_metadata: take(&mut fields.provider_metadata),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::File => Self::File(ChatFilePart {
                media_type: take(&mut fields.media_type),
                name: take(&mut fields.name),
                data: take(&mut fields.data),
                file_id: take(&mut fields.file_id),
                provider_metadata: take(&mut fields.provider_metadata),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::FileReference => Self::FileReference(ChatFileReferencePart {
                file_name: take(&mut fields.file_name),
                start_line: take(&mut fields.start_line),
                end_line: take(&mut fields.end_line),
                content: take(&mut fields.content),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::ContextFile => Self::ContextFile(ChatContextFilePart {
                context_file_path: take(&mut fields.context_file_path),
                context_file_content: take(&mut fields.context_file_content),
                context_file_truncated: take(&mut fields.context_file_truncated),
                context_file_agent_id: take(&mut fields.context_file_agent_id),
                context_file_os: take(&mut fields.context_file_os),
                context_file_directory: take(&mut fields.context_file_directory),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::Skill => Self::Skill(ChatSkillPart {
                skill_name: take(&mut fields.skill_name),
                skill_description: take(&mut fields.skill_description),
                skill_dir: take(&mut fields.skill_dir),
                context_file_skill_meta_file: take(&mut fields.context_file_skill_meta_file),
                context_file_agent_id: take(&mut fields.context_file_agent_id),
                foreign: JsonMap::new(),
            }),
            ChatMessagePartType::Unknown(_) => {
                return Err(serde::de::Error::custom("the type of the part is not known"));
            }
        };
        if let Some(foreign) = part.foreign_mut() {
            *foreign = fields.left();
        }
        Ok(part)
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
            known => part_wire::serialize(known, serializer),
        }
    }
}
