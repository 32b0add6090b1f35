//! A part of a message as the server keeps it: what clients see of it, and what only the server knows.

use std::fmt;

use chrono::{DateTime, Utc};
use codersdk::{ChatMessagePart, ChatMessagePartType, ChatMessageRole};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{json_text, nul};

/// JSON kept as text, digit by digit.
#[derive(Clone)]
pub(crate) struct Json(Box<RawValue>);

impl Json {
    /// The text as JSON, without the blanks between its tokens; `None` where it is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        Self::from_raw_text(json_text::compact(raw.get()))
    }

    /// A value as JSON.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        Self(serde_json::value::to_raw_value(value).expect("values of our own always have a JSON form"))
    }

    fn from_raw_text(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(Self)
    }

    /// The JSON text.
    pub(crate) fn text(&self) -> &str {
        self.0.get()
    }

    fn map(self, map: impl FnOnce(&str) -> Option<String>) -> Self {
        map(self.text()).and_then(Self::from_raw_text).unwrap_or(self)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self)
    }
}

/// A stored part. Field names and their order are those of the stored JSON; the zero value of a field means that it
/// does not apply to the part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Part {
    #[serde(rename = "type")]
    pub(crate) kind: ChatMessagePartType,
    #[serde(deserialize_with = "nullable")]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) signature: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) tool_call_id: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) tool_name: String,
    pub(crate) mcp_server_config_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) args: Option<Json>,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) args_delta: String,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub(crate) parsed_commands: Vec<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(crate) result: Option<Json>,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) result_delta: String,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub(crate) result_reset: bool,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub(crate) is_error: bool,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub(crate) is_media: bool,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) source_id: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) url: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) title: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) media_type: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) name: String,
    /// Bytes in base64.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) data: String,
    pub(crate) file_id: Option<Uuid>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) file_name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) start_line: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) end_line: i64,
    #[serde(deserialize_with = "nullable")]
    pub(crate) content: String,
    /// What the provider wants back with the part; never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_metadata: Option<Json>,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub(crate) provider_executed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completed_at: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) context_file_path: String,
    /// Never shown.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) context_file_content: String,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "nullable")]
    pub(crate) context_file_truncated: bool,
    pub(crate) context_file_agent_id: Option<Uuid>,
    /// Never shown.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) context_file_os: String,
    /// Never shown.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) context_file_directory: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) skill_name: String,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) skill_description: String,
    /// Never shown.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) skill_dir: String,
    /// Never shown.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "nullable")]
    pub(crate) context_file_skill_meta_file: String,
}

impl Part {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { kind: ChatMessagePartType::Text, text: text.into(), ..Self::default() }
    }

    /// A thought.
    pub(crate) fn reasoning(text: impl Into<String>) -> Self {
        Self { kind: ChatMessagePartType::Reasoning, text: text.into(), ..Self::default() }
    }

    /// A whole call; without `args` the model's arguments were no JSON.
    pub(crate) fn tool_call(id: impl Into<String>, name: impl Into<String>, args: Option<Json>) -> Self {
        Self {
            kind: ChatMessagePartType::ToolCall,
            tool_call_id: id.into(),
            tool_name: name.into(),
            args,
            ..Self::default()
        }
    }

    /// The result of a call.
    pub(crate) fn tool_result(id: impl Into<String>, name: impl Into<String>, result: Json, is_error: bool) -> Self {
        Self {
            kind: ChatMessagePartType::ToolResult,
            tool_call_id: id.into(),
            tool_name: name.into(),
            result: Some(result),
            is_error,
            ..Self::default()
        }
    }

    /// The part without what only the server may know.
    #[must_use]
    pub(crate) fn without_internals(mut self) -> Self {
        self.provider_metadata = None;
        if self.file_id.is_some() {
            self.data.clear();
        }
        self.context_file_content.clear();
        self.context_file_os.clear();
        self.context_file_directory.clear();
        self.skill_dir.clear();
        self.context_file_skill_meta_file.clear();
        self
    }

    /// The part as clients see it.
    pub(crate) fn to_wire(&self) -> ChatMessagePart {
        let text = serde_json::to_string(&self.clone().without_internals()).expect("parts always have a JSON form");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// Parts in the form in which they are stored: a JSON array in which no text holds NUL.
pub(crate) fn encode(parts: &[Part]) -> String {
    let encoded: Vec<Part> = parts.iter().cloned().map(nul_encoded).collect();
    serde_json::to_string(&encoded).expect("parts always have a JSON form")
}

/// Stored parts, of content version 1.
///
/// # Errors
/// When the text is no JSON array of parts.
pub(crate) fn decode(role: &ChatMessageRole, stored: &str) -> Result<Vec<Part>, String> {
    let parts: Option<Vec<Part>> =
        serde_json::from_str(stored).map_err(|error| format!("parse {role} content: {error}"))?;
    Ok(parts.unwrap_or_default().into_iter().map(nul_decoded).collect())
}

fn nul_encoded(mut part: Part) -> Part {
    for text in [&mut part.text, &mut part.content, &mut part.args_delta, &mut part.result_delta] {
        nul::encode_text(text);
    }
    // Clients and models see the text that a database with JSON columns gives back.
    let stored = |json: Json| json.map(nul::encode_json).map(|json| Some(json_text::normalized(json)));
    part.args = part.args.map(stored);
    part.result = part.result.map(stored);
    part
}

fn nul_decoded(mut part: Part) -> Part {
    for text in [&mut part.text, &mut part.content, &mut part.args_delta, &mut part.result_delta] {
        nul::decode_text(text);
    }
    part.args = part.args.map(|json| json.map(nul::decode_json));
    part.result = part.result.map(|json| json.map(nul::decode_json));
    part
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Keeps a `null` that is there: arguments and results may be `null`.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// Whether these are files and nothing else: what tools gave the user, and no answer of the model.
pub(crate) fn are_files(parts: &[Part]) -> bool {
    !parts.is_empty() && parts.iter().all(|part| part.kind == ChatMessagePartType::File)
}
