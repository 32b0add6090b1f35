//! The content of a message as it is stored: a JSON array of parts, and the older shapes that databases still hold.

use codersdk::{ChatMessagePartType, ChatMessageRole};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::part::{self, Json, Part};

/// The version that is written.
pub(crate) const CURRENT_VERSION: i64 = 1;

/// Stored content that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ContentError(String);

/// The stored parts with all their fields; none for content of `null`.
///
/// # Errors
/// When the content is of no shape that its version allows.
pub(crate) fn decode(role: &ChatMessageRole, version: i64, stored: &str) -> Result<Vec<Part>, ContentError> {
    match version {
        _ if stored.is_empty() => Ok(Vec::new()),
        0 => decode_legacy(role, stored).map_err(ContentError),
        1 => part::decode(role, stored).map_err(ContentError),
        other => Err(ContentError(format!("unsupported content version {other}"))),
    }
}

/// Version 0, whose shape depends on the role and on when it was written.
fn decode_legacy(role: &ChatMessageRole, stored: &str) -> Result<Vec<Part>, String> {
    match role {
        ChatMessageRole::System => Ok(text_part(parse::<String>(role, stored)?)),
        ChatMessageRole::Assistant if is_enveloped(stored) => decode_blocks(role, stored),
        ChatMessageRole::Assistant => typed_parts(role, stored),
        ChatMessageRole::User => match serde_json::from_str::<Option<String>>(stored) {
            Ok(text) => Ok(text_part(text.unwrap_or_default())),
            Err(_) if is_enveloped(stored) => decode_blocks(role, stored),
            Err(_) => typed_parts(role, stored),
        },
        ChatMessageRole::Tool => {
            let parts = serde_json::from_str::<Vec<Part>>(stored).unwrap_or_default();
            if parts.iter().any(|part| part.kind == ChatMessagePartType::ToolResult) {
                return Ok(parts);
            }
            let rows: Vec<ResultRow> = parse(role, stored)?;
            Ok(rows.into_iter().map(ResultRow::into_part).collect())
        }
        other => Err(format!("unsupported chat message role \"{other}\"")),
    }
}

/// A tool's result in the oldest form, which had no type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResultRow {
    tool_call_id: String,
    tool_name: String,
    #[serde(deserialize_with = "part::present")]
    result: Option<Json>,
    is_error: bool,
    is_media: bool,
    provider_executed: bool,
    provider_metadata: Option<Json>,
}

impl ResultRow {
    fn into_part(self) -> Part {
        Part {
            kind: ChatMessagePartType::ToolResult,
            tool_call_id: self.tool_call_id,
            tool_name: self.tool_name,
            result: self.result,
            is_error: self.is_error,
            is_media: self.is_media,
            provider_executed: self.provider_executed,
            provider_metadata: self.provider_metadata,
            ..Part::default()
        }
    }
}

fn parse<'a, T: Deserialize<'a> + Default>(role: &ChatMessageRole, stored: &'a str) -> Result<T, String> {
    let parsed: Option<T> = serde_json::from_str(stored).map_err(|error| format!("parse {role} content: {error}"))?;
    Ok(parsed.unwrap_or_default())
}

fn text_part(text: String) -> Vec<Part> {
    if text.trim().is_empty() { Vec::new() } else { vec![Part::text(text)] }
}

/// Parts as they are stored today, unless none of them has a type.
fn typed_parts(role: &ChatMessageRole, stored: &str) -> Result<Vec<Part>, String> {
    let parts: Vec<Part> = parse(role, stored)?;
    let typed = parts.iter().any(|part| !part.kind.as_str().is_empty());
    Ok(if typed { parts } else { Vec::new() })
}

/// Whether the first block has its fields in an object of their own, `data`. In a part `data` is text.
fn is_enveloped(stored: &str) -> bool {
    #[derive(Deserialize)]
    struct Block<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    serde_json::from_str::<Vec<&RawValue>>(stored)
        .ok()
        .and_then(|blocks| serde_json::from_str::<Block<'_>>(blocks.first()?.get()).ok()?.data)
        .is_some_and(|data| data.get().trim_start().starts_with('{'))
}

fn decode_blocks(role: &ChatMessageRole, stored: &str) -> Result<Vec<Part>, String> {
    let blocks: Vec<&RawValue> = parse(role, stored)?;
    let mut parts = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.into_iter().enumerate() {
        let decoded =
            decode_block(block.get()).map_err(|error| format!("parse {role} content block {index}: {error}"))?;
        parts.extend(decoded);
    }
    Ok(parts)
}

/// A block with its fields in an envelope.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockFields {
    text: String,
    provider_metadata: Option<Json>,
    tool_call_id: String,
    tool_name: String,
    input: String,
    provider_executed: bool,
    id: String,
    url: String,
    title: String,
    media_type: String,
    data: String,
    file_id: Option<Value>,
    result: Option<BlockResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockResult {
    #[serde(rename = "type")]
    kind: String,
    data: BlockResultData,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BlockResultData {
    text: String,
    error: String,
    data: String,
    media_type: String,
}

fn decode_block(block: &str) -> Result<Option<Part>, String> {
    let envelope: Envelope<'_> = serde_json::from_str(block).map_err(|error| error.to_string())?;
    let raw = envelope.data.map_or("null", RawValue::get);
    let fields: BlockFields =
        serde_json::from_str::<Option<BlockFields>>(raw).map_err(|error| error.to_string())?.unwrap_or_default();
    let base = Part {
        provider_metadata: fields.provider_metadata.filter(|json| json.text() != "null" && json.text() != "{}"),
        ..Part::default()
    };
    let part = match envelope.kind.as_str() {
        "text" => Part { kind: ChatMessagePartType::Text, text: fields.text, ..base },
        "reasoning" => Part { kind: ChatMessagePartType::Reasoning, text: fields.text, ..base },
        "tool-call" => Part {
            kind: ChatMessagePartType::ToolCall,
            tool_call_id: fields.tool_call_id,
            tool_name: fields.tool_name,
            args: Json::parse(&fields.input),
            provider_executed: fields.provider_executed,
            ..base
        },
        "source" => Part {
            kind: ChatMessagePartType::Source,
            source_id: fields.id,
            url: fields.url,
            title: fields.title,
            ..base
        },
        "file" => {
            let file_id = fields.file_id.as_ref().and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
            Part {
                kind: ChatMessagePartType::File,
                media_type: fields.media_type,
                data: if file_id.is_some() { String::new() } else { fields.data },
                file_id,
                ..base
            }
        }
        "tool-result" => {
            let (result, is_error, is_media) = block_result(fields.result.unwrap_or_default());
            Part {
                kind: ChatMessagePartType::ToolResult,
                tool_call_id: fields.tool_call_id,
                tool_name: fields.tool_name,
                result: Some(result),
                is_error,
                is_media,
                provider_executed: fields.provider_executed,
                ..base
            }
        }
        other => return Err(format!("unknown content type: {other}")),
    };
    Ok(Some(part))
}

fn block_result(result: BlockResult) -> (Json, bool, bool) {
    let data = result.data;
    match result.kind.as_str() {
        "text" => {
            let json = Json::parse(&data.text).unwrap_or_else(|| Json::of(&serde_json::json!({"output": data.text})));
            (json, false, false)
        }
        "error" => (Json::of(&serde_json::json!({"error": data.error})), true, false),
        "media" => {
            let media = serde_json::json!({"data": data.data, "mime_type": data.media_type, "text": data.text});
            (Json::of(&media), false, true)
        }
        _ => (Json::of(&serde_json::json!({})), false, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn stored_content_is_read_as_recorded() {
        let mut failures = Vec::new();
        for case in testing::vectors("stored_content.json") {
            let role = ChatMessageRole::from(case.text("role"));
            let version = case.input["version"].as_i64().unwrap_or_default();
            let decoded = decode(&role, version, case.text("content"));
            let matches = match (&case.error, &decoded) {
                (Some(_), Err(_)) => true,
                (None, Ok(parts)) => {
                    let wire: Vec<Value> = parts.iter().map(|part| serde_json::to_value(part).unwrap()).collect();
                    let expected = case.output["parts"].as_array().cloned().unwrap_or_default();
                    wire == expected
                }
                _ => false,
            };
            if !matches {
                failures.push(format!(
                    "{}: {} -> {decoded:?}\n   want {} {:?}",
                    case.name, case.input, case.output, case.error
                ));
            }
        }
        assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    }
}
