//! The flat form that a part of a message has on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::tagged::some_json;
use crate::types::*;

/// All fields of all kinds of parts. Nine texts and numbers and three ids are always written; the
/// order is the original's.
#[derive(Default, Serialize)]
pub(super) struct PartWire<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "absent")]
    signature: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    tool_name: Option<&'a str>,
    mcp_server_config_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<&'a RawJson>,
    #[serde(skip_serializing_if = "absent")]
    args_delta: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    parsed_commands: &'a [Vec<String>],
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawJson>,
    #[serde(skip_serializing_if = "absent")]
    result_delta: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    result_reset: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_error: bool,
    #[serde(skip_serializing_if = "is_false")]
    is_media: bool,
    #[serde(skip_serializing_if = "absent")]
    source_id: Option<&'a str>,
    url: &'a str,
    #[serde(skip_serializing_if = "absent")]
    title: Option<&'a str>,
    media_type: &'a str,
    #[serde(skip_serializing_if = "absent")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    data: Option<&'a str>,
    file_id: Option<Uuid>,
    file_name: &'a str,
    start_line: i64,
    end_line: i64,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_metadata: Option<&'a RawJson>,
    #[serde(skip_serializing_if = "is_false")]
    provider_executed: bool,
    #[serde(skip_serializing_if = "is_false")]
    hook_rewritten: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<DateTime<Utc>>,
    context_file_path: &'a str,
    #[serde(skip_serializing_if = "absent")]
    context_file_content: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    context_file_truncated: bool,
    context_file_agent_id: Option<Uuid>,
    #[serde(skip_serializing_if = "absent")]
    context_file_os: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    context_file_directory: Option<&'a str>,
    skill_name: &'a str,
    #[serde(skip_serializing_if = "absent")]
    skill_description: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    skill_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "absent")]
    context_file_skill_meta_file: Option<&'a str>,
}

impl PartWire<'_> {
    /// The names of all fields.
    pub(super) const FIELDS: &'static [&'static str] = &[
        "type",
        "text",
        "signature",
        "tool_call_id",
        "tool_name",
        "mcp_server_config_id",
        "args",
        "args_delta",
        "parsed_commands",
        "result",
        "result_delta",
        "result_reset",
        "is_error",
        "is_media",
        "source_id",
        "url",
        "title",
        "media_type",
        "name",
        "data",
        "file_id",
        "file_name",
        "start_line",
        "end_line",
        "content",
        "provider_metadata",
        "provider_executed",
        "hook_rewritten",
        "created_at",
        "completed_at",
        "context_file_path",
        "context_file_content",
        "context_file_truncated",
        "context_file_agent_id",
        "context_file_os",
        "context_file_directory",
        "skill_name",
        "skill_description",
        "skill_dir",
        "context_file_skill_meta_file",
    ];
}

impl<'a> From<&'a ChatMessagePart> for PartWire<'a> {
    fn from(part: &'a ChatMessagePart) -> Self {
        let mut wire = Self::default();
        match part {
            ChatMessagePart::Text(part) => {
                wire.kind = "text";
                wire.text = &part.text;
                wire.signature = part.signature.as_deref();
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::Reasoning(part) => {
                wire.kind = "reasoning";
                wire.text = &part.text;
                wire.signature = part.signature.as_deref();
                wire.created_at = part.created_at;
                wire.completed_at = part.completed_at;
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::ToolCall(part) => {
                wire.kind = "tool-call";
                wire.tool_call_id = part.tool_call_id.as_deref();
                wire.tool_name = part.tool_name.as_deref();
                wire.mcp_server_config_id = part.mcp_server_config_id;
                wire.args = part.args.as_ref();
                wire.args_delta = part.args_delta.as_deref();
                wire.parsed_commands = &part.parsed_commands;
                wire.provider_executed = part.provider_executed;
                wire.hook_rewritten = part.hook_rewritten;
                wire.created_at = part.created_at;
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::ToolResult(part) => {
                wire.kind = "tool-result";
                wire.tool_call_id = part.tool_call_id.as_deref();
                wire.tool_name = part.tool_name.as_deref();
                wire.mcp_server_config_id = part.mcp_server_config_id;
                wire.result = part.result.as_ref();
                wire.result_delta = part.result_delta.as_deref();
                wire.result_reset = part.result_reset;
                wire.is_error = part.is_error;
                wire.is_media = part.is_media;
                wire.provider_executed = part.provider_executed;
                wire.created_at = part.created_at;
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::Source(part) => {
                wire.kind = "source";
                wire.source_id = part.source_id.as_deref();
                wire.url = &part.url;
                wire.title = part.title.as_deref();
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::File(part) => {
                wire.kind = "file";
                wire.media_type = &part.media_type;
                wire.name = part.name.as_deref();
                wire.data = part.data.as_deref();
                wire.file_id = part.file_id;
                wire.provider_metadata = part.provider_metadata.as_ref();
            }
            ChatMessagePart::FileReference(part) => {
                wire.kind = "file-reference";
                wire.file_name = &part.file_name;
                wire.start_line = part.start_line;
                wire.end_line = part.end_line;
                wire.content = &part.content;
            }
            ChatMessagePart::ContextFile(part) => {
                wire.kind = "context-file";
                wire.context_file_path = &part.context_file_path;
                wire.context_file_content = part.context_file_content.as_deref();
                wire.context_file_truncated = part.context_file_truncated;
                wire.context_file_agent_id = part.context_file_agent_id;
                wire.context_file_os = part.context_file_os.as_deref();
                wire.context_file_directory = part.context_file_directory.as_deref();
            }
            ChatMessagePart::Skill(part) => {
                wire.kind = "skill";
                wire.skill_name = &part.skill_name;
                wire.skill_description = part.skill_description.as_deref();
                wire.skill_dir = part.skill_dir.as_deref();
                wire.context_file_skill_meta_file = part.context_file_skill_meta_file.as_deref();
                wire.context_file_agent_id = part.context_file_agent_id;
            }
            ChatMessagePart::Unknown(part) => wire.kind = part.kind.as_str(),
        }
        wire
    }
}

/// All fields of all kinds of parts, as they are read. What a kind does not take out of it is foreign to that kind.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct PartFields {
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) text: String,
    #[serde(default)]
    pub(super) signature: Option<String>,
    #[serde(default)]
    pub(super) tool_call_id: Option<String>,
    #[serde(default)]
    pub(super) tool_name: Option<String>,
    #[serde(default)]
    pub(super) mcp_server_config_id: Option<Uuid>,
    #[serde(default, deserialize_with = "some_json")]
    pub(super) args: Option<RawJson>,
    #[serde(default)]
    pub(super) args_delta: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) parsed_commands: Vec<Vec<String>>,
    #[serde(default, deserialize_with = "some_json")]
    pub(super) result: Option<RawJson>,
    #[serde(default)]
    pub(super) result_delta: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) result_reset: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) is_error: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) is_media: bool,
    #[serde(default)]
    pub(super) source_id: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) url: String,
    #[serde(default)]
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) media_type: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "base64_text")]
    pub(super) data: Option<String>,
    #[serde(default)]
    pub(super) file_id: Option<Uuid>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) file_name: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) start_line: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) end_line: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) content: String,
    #[serde(default, deserialize_with = "some_json")]
    pub(super) provider_metadata: Option<RawJson>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) provider_executed: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) hook_rewritten: bool,
    #[serde(default)]
    pub(super) created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(super) completed_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) context_file_path: String,
    #[serde(default)]
    pub(super) context_file_content: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) context_file_truncated: bool,
    #[serde(default)]
    pub(super) context_file_agent_id: Option<Uuid>,
    #[serde(default)]
    pub(super) context_file_os: Option<String>,
    #[serde(default)]
    pub(super) context_file_directory: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub(super) skill_name: String,
    #[serde(default)]
    pub(super) skill_description: Option<String>,
    #[serde(default)]
    pub(super) skill_dir: Option<String>,
    #[serde(default)]
    pub(super) context_file_skill_meta_file: Option<String>,
}

impl PartFields {
    /// What is left, zero values apart.
    pub(super) fn left(self) -> JsonMap {
        if self == Self::default() {
            return JsonMap::new();
        }
        let Ok(serde_json::Value::Object(mut left)) = serde_json::to_value(PartWire::from(&self)) else {
            return JsonMap::new();
        };
        left.retain(|_, value| !matches!(value, serde_json::Value::Null) && *value != "" && *value != 0);
        left
    }
}

impl<'a> From<&'a PartFields> for PartWire<'a> {
    fn from(fields: &'a PartFields) -> Self {
        Self {
            kind: "",
            text: &fields.text,
            signature: fields.signature.as_deref(),
            tool_call_id: fields.tool_call_id.as_deref(),
            tool_name: fields.tool_name.as_deref(),
            mcp_server_config_id: fields.mcp_server_config_id,
            args: fields.args.as_ref(),
            args_delta: fields.args_delta.as_deref(),
            parsed_commands: &fields.parsed_commands,
            result: fields.result.as_ref(),
            result_delta: fields.result_delta.as_deref(),
            result_reset: fields.result_reset,
            is_error: fields.is_error,
            is_media: fields.is_media,
            source_id: fields.source_id.as_deref(),
            url: &fields.url,
            title: fields.title.as_deref(),
            media_type: &fields.media_type,
            name: fields.name.as_deref(),
            data: fields.data.as_deref(),
            file_id: fields.file_id,
            file_name: &fields.file_name,
            start_line: fields.start_line,
            end_line: fields.end_line,
            content: &fields.content,
            provider_metadata: fields.provider_metadata.as_ref(),
            provider_executed: fields.provider_executed,
            hook_rewritten: fields.hook_rewritten,
            created_at: fields.created_at,
            completed_at: fields.completed_at,
            context_file_path: &fields.context_file_path,
            context_file_content: fields.context_file_content.as_deref(),
            context_file_truncated: fields.context_file_truncated,
            context_file_agent_id: fields.context_file_agent_id,
            context_file_os: fields.context_file_os.as_deref(),
            context_file_directory: fields.context_file_directory.as_deref(),
            skill_name: &fields.skill_name,
            skill_description: fields.skill_description.as_deref(),
            skill_dir: fields.skill_dir.as_deref(),
            context_file_skill_meta_file: fields.context_file_skill_meta_file.as_deref(),
        }
    }
}

/// Writes a part: its own fields in the order of the original, then what is foreign to its kind.
pub(super) fn serialize<S: Serializer>(part: &ChatMessagePart, serializer: S) -> Result<S::Ok, S::Error> {
    let wire = PartWire::from(part);
    match part.foreign() {
        Some(foreign) if !foreign.is_empty() => {
            let mut whole = serde_json::to_value(wire).map_err(serde::ser::Error::custom)?;
            if let Some(whole) = whole.as_object_mut() {
                whole.extend(foreign.clone());
            }
            whole.serialize(serializer)
        }
        _ => wire.serialize(serializer),
    }
}

/// Whether a text is left out: there is none, or an empty one.
fn absent(text: &Option<&str>) -> bool {
    text.is_none_or(str::is_empty)
}

/// Reads text that must be base64.
pub(super) fn base64_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    if text.as_deref().is_some_and(|text| !is_base64(text)) {
        return Err(serde::de::Error::custom("the content of the file is not base64"));
    }
    Ok(text)
}

/// Whether a text is base64 with its padding; line breaks may stand anywhere in it.
fn is_base64(text: &str) -> bool {
    let bytes = || text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'));
    let padding = bytes().rev().take_while(|byte| *byte == b'=').count();
    let count = bytes().count();
    padding <= 2
        && count % 4 == 0
        && bytes().take(count - padding).all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ChatMessagePart {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ChatMessagePart".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let members = [
            ("text", generator.subschema_for::<ChatTextPart>()),
            ("reasoning", generator.subschema_for::<ChatReasoningPart>()),
            ("tool-call", generator.subschema_for::<ChatToolCallPart>()),
            ("tool-result", generator.subschema_for::<ChatToolResultPart>()),
            ("source", generator.subschema_for::<ChatSourcePart>()),
            ("file", generator.subschema_for::<ChatFilePart>()),
            ("file-reference", generator.subschema_for::<ChatFileReferencePart>()),
            ("context-file", generator.subschema_for::<ChatContextFilePart>()),
            ("skill", generator.subschema_for::<ChatSkillPart>()),
        ];
        crate::tagged::union_schema(&members)
    }
}

#[cfg(test)]
mod tests {
    use super::is_base64;

    #[test]
    fn tells_base64() {
        for good in ["", "aGk=", "aGkh", "aA==", "aG\nk="] {
            assert!(is_base64(good), "{good:?}");
        }
        for bad in ["!!", "aGk", "a===", "aG=k", "===="] {
            assert!(!is_base64(bad), "{bad:?}");
        }
    }
}
