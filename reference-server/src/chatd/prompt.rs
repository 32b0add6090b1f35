//! History to prompt: what the model is shown of what was stored.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use codersdk::{ChatMessagePartType, ChatMessageRole};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::attachments::{FileBytes, inlined_text, is_inlinable_text, is_paste, missing_text, paste_text};
use super::default_prompt::PLAN_FILE_PLACE;
use super::history::HistoryMessage;
use super::part::Part;
use crate::model::{PromptMessage, PromptPart, PromptRole, ToolCall, ToolOutput, ToolResult};
use crate::store::messages::Visibility;

/// What a call without a result is answered with.
const UNANSWERED: &str = "tool call was interrupted and did not receive a result";

/// Files that a prompt needs, and which media types the provider takes as files.
pub(crate) struct Files<'a> {
    /// Bytes by file id; `None` where files are not looked up at all, so that missing ones leave no trace.
    pub(crate) resolved: Option<&'a HashMap<Uuid, FileBytes>>,
    pub(crate) accepts: &'a (dyn Fn(&str) -> bool + Sync),
}

/// The files that the user's messages name.
pub(crate) fn file_ids(history: &[&HistoryMessage]) -> Vec<Uuid> {
    let mut seen = HashSet::new();
    history
        .iter()
        .filter(|message| message.audience != Visibility::User && message.role == ChatMessageRole::User)
        .flat_map(|message| &message.parts)
        .filter(|part| part.kind == ChatMessagePartType::File)
        .filter_map(|part| part.file_id)
        .filter(|id| seen.insert(*id))
        .collect()
}

/// The prompt of a history: empty parts are left out, every call has its result, every result its call.
pub(crate) fn build(history: &[&HistoryMessage], files: &Files<'_>) -> Vec<PromptMessage> {
    let mut prompt = Vec::with_capacity(history.len());
    let mut names = HashMap::new();
    for message in history.iter().filter(|message| message.audience != Visibility::User && !message.parts.is_empty()) {
        let (role, content) = match message.role {
            ChatMessageRole::System => {
                (PromptRole::System, vec![PromptPart::Text { text: message.parts[0].text.clone() }])
            }
            ChatMessageRole::User => (PromptRole::User, convert(&message.parts, Some(files))),
            ChatMessageRole::Assistant => (PromptRole::Assistant, convert(&message.parts, None)),
            ChatMessageRole::Tool => (PromptRole::Tool, convert(&message.parts, None)),
            _ => continue,
        };
        for part in &message.parts {
            let named = match message.role {
                ChatMessageRole::Assistant => part.kind == ChatMessagePartType::ToolCall,
                ChatMessageRole::Tool => part.kind == ChatMessagePartType::ToolResult,
                _ => false,
            };
            if named && !part.tool_call_id.is_empty() && !part.tool_name.trim().is_empty() {
                names.insert(call_id(&part.tool_call_id), part.tool_name.clone());
            }
        }
        if !content.is_empty() {
            prompt.push(PromptMessage::new(role, content));
        }
    }
    add_missing_calls(add_missing_results(prompt), &names)
}

/// Adds an instruction after the system messages that are there.
pub(crate) fn insert_system(prompt: &mut Vec<PromptMessage>, instruction: &str) {
    let instruction = instruction.trim();
    if !instruction.is_empty() {
        let at = prompt.iter().position(|message| message.role != PromptRole::System).unwrap_or(prompt.len());
        prompt.insert(at, PromptMessage::text(PromptRole::System, instruction));
    }
}

/// Whether a system message has a place for the note on the chat's plan.
pub(crate) fn has_place_for_plan(prompt: &[PromptMessage]) -> bool {
    system_texts(prompt).any(|text| text.contains(PLAN_FILE_PLACE))
}

fn system_texts(prompt: &[PromptMessage]) -> impl Iterator<Item = &String> {
    prompt.iter().filter(|message| message.role == PromptRole::System).flat_map(|message| &message.content).filter_map(
        |part| match part {
            PromptPart::Text { text } => Some(text),
            _ => None,
        },
    )
}

/// Puts the note on the chat's plan where system messages have a place for it.
pub(crate) fn put_plan_file(prompt: &mut [PromptMessage], note: &str) {
    let of_system = prompt.iter_mut().filter(|message| message.role == PromptRole::System);
    for part in of_system.flat_map(|message| &mut message.content) {
        if let PromptPart::Text { text } = part
            && text.contains(PLAN_FILE_PLACE)
        {
            *text = text.replace(PLAN_FILE_PLACE, note);
        }
    }
}

/// A call id in the form that every provider takes.
pub(crate) fn call_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect()
}

/// Parts for the model. `files` is given for the user's messages alone: attachments of others are not shown again.
fn convert(parts: &[Part], files: Option<&Files<'_>>) -> Vec<PromptPart> {
    parts
        .iter()
        .filter_map(|part| match part.kind {
            ChatMessagePartType::Text => {
                (!part.text.trim().is_empty()).then(|| PromptPart::Text { text: part.text.clone() })
            }
            ChatMessagePartType::Reasoning => {
                let metadata = metadata(part);
                (!part.text.trim().is_empty() || is_signed(metadata.as_ref()))
                    .then(|| PromptPart::Reasoning { text: part.text.clone(), metadata })
            }
            ChatMessagePartType::ToolCall => Some(PromptPart::ToolCall(ToolCall {
                id: call_id(&part.tool_call_id),
                name: part.tool_name.clone(),
                input: call_input(part.args.as_ref().map_or("", |args| args.text())),
                provider_executed: part.provider_executed,
                metadata: metadata(part),
            })),
            ChatMessagePartType::ToolResult => Some(PromptPart::ToolResult(tool_result(part))),
            ChatMessagePartType::File => file(part, files),
            ChatMessagePartType::FileReference => Some(PromptPart::Text { text: file_reference(part) }),
            ChatMessagePartType::ContextFile => {
                (!part.context_file_content.is_empty()).then(|| PromptPart::Text { text: context_file(part) })
            }
            _ => None,
        })
        .collect()
}

fn metadata(part: &Part) -> Option<Value> {
    part.provider_metadata.as_ref().and_then(|metadata| serde_json::from_str(metadata.text()).ok())
}

/// Whether a thought carries what proves it to the provider, so that it counts even without words.
fn is_signed(metadata: Option<&Value>) -> bool {
    let providers = ["anthropic", "google"].into_iter();
    providers.filter_map(|provider| metadata?.get(provider)).any(|own| {
        // Metadata of the original's library stand in an envelope of type and data.
        let data = own.get("data").unwrap_or(own);
        ["signature", "redacted_data"].iter().any(|field| data[field].as_str().is_some_and(|text| !text.is_empty()))
    })
}

/// Arguments as the model is shown them again: an object, in doubt an empty one.
pub(crate) fn call_input(args: &str) -> String {
    let args = args.trim();
    match serde_json::from_str::<HashMap<String, serde::de::IgnoredAny>>(args) {
        Ok(_) => args.to_owned(),
        Err(_) => "{}".to_owned(),
    }
}

fn tool_result(part: &Part) -> ToolResult {
    let stored = part.result.as_ref().map_or_else(String::new, |result| result.text().to_owned());
    let text = if stored.is_empty() || stored == "null" { "{}".to_owned() } else { stored.clone() };
    let output = if part.is_error {
        ToolOutput::Error(error_field(&stored).unwrap_or_else(|| text.trim().to_owned()))
    } else if part.is_media {
        media(&stored).unwrap_or(ToolOutput::Text(text))
    } else {
        ToolOutput::Text(text)
    };
    ToolResult {
        id: call_id(&part.tool_call_id),
        output,
        provider_executed: part.provider_executed,
        metadata: metadata(part),
    }
}

fn error_field(stored: &str) -> Option<String> {
    let fields: HashMap<String, &serde_json::value::RawValue> = serde_json::from_str(stored).ok()?;
    let text: String = serde_json::from_str(fields.get("error")?.get()).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A picture that a tool gave; bytes that are spoilt are replaced by the words beside them.
fn media(stored: &str) -> Option<ToolOutput> {
    #[derive(Deserialize)]
    struct Stored {
        #[serde(default)]
        data: String,
        #[serde(default)]
        mime_type: String,
        #[serde(default)]
        text: String,
    }

    let Stored { data, mime_type, text } = serde_json::from_str(stored).ok()?;
    if data.is_empty() || mime_type.is_empty() {
        return None;
    }
    Some(if STANDARD.decode(&data).is_ok() {
        ToolOutput::Media { data, media_type: mime_type, text }
    } else if text.is_empty() {
        ToolOutput::Text("[media content unavailable: corrupted data]".to_owned())
    } else {
        ToolOutput::Text(text)
    })
}

fn file(part: &Part, files: Option<&Files<'_>>) -> Option<PromptPart> {
    let found = part.file_id.and_then(|id| files?.resolved?.get(&id));
    let (name, data) = match found {
        Some(found) => (found.name.as_str(), found.data.clone()),
        None => ("", Bytes::from(STANDARD.decode(&part.data).unwrap_or_default())),
    };
    let media_type = match found {
        Some(found) if part.media_type.is_empty() => found.media_type.as_str(),
        _ => part.media_type.as_str(),
    };
    if is_paste(name, media_type) {
        return Some(PromptPart::Text { text: paste_text(name, &data) });
    }
    if part.file_id.is_some() && found.is_none() {
        return files.and_then(|files| files.resolved).map(|_| PromptPart::Text { text: missing_text(media_type) });
    }
    if data.is_empty() {
        return None;
    }
    if files.is_some_and(|files| is_inlinable_text(media_type) && !(files.accepts)(media_type)) {
        return Some(PromptPart::Text { text: inlined_text(name, &data) });
    }
    Some(PromptPart::File { name: name.to_owned(), media_type: media_type.to_owned(), data })
}

/// A reference into a file, as text.
pub(crate) fn file_reference(part: &Part) -> String {
    let lines = if part.start_line == part.end_line {
        part.start_line.to_string()
    } else {
        format!("{}-{}", part.start_line, part.end_line)
    };
    let mut text = format!("[file-reference] {}:{lines}", part.file_name);
    let content = part.content.trim();
    if !content.is_empty() {
        text.push_str(&format!("\n```{}\n{content}\n```", part.file_name));
    }
    text
}

fn context_file(part: &Part) -> String {
    let mut text = "<workspace-context>\n".to_owned();
    for (label, value) in
        [("Operating System", &part.context_file_os), ("Working Directory", &part.context_file_directory)]
    {
        if !value.is_empty() {
            text.push_str(&format!("{label}: {value}\n"));
        }
    }
    let cut = if part.context_file_truncated { " (truncated to 64KiB)" } else { "" };
    text.push_str(&format!(
        "\nSource: {}{cut}\n{}\n</workspace-context>",
        part.context_file_path, part.context_file_content
    ));
    text
}

fn calls(message: &PromptMessage) -> impl Iterator<Item = &ToolCall> {
    message.content.iter().filter_map(|part| match part {
        PromptPart::ToolCall(call) => Some(call),
        _ => None,
    })
}

fn results(message: &PromptMessage) -> impl Iterator<Item = &ToolResult> {
    message.content.iter().filter_map(|part| match part {
        PromptPart::ToolResult(result) => Some(result),
        _ => None,
    })
}

fn tool_message(results: Vec<ToolResult>) -> PromptMessage {
    PromptMessage::new(PromptRole::Tool, results.into_iter().map(PromptPart::ToolResult).collect())
}

/// Answers every call of ours that the tool messages right after it leave open.
fn add_missing_results(prompt: Vec<PromptMessage>) -> Vec<PromptMessage> {
    let mut repaired = Vec::with_capacity(prompt.len());
    let mut open: Vec<String> = Vec::new();
    for message in prompt {
        if message.role == PromptRole::Tool {
            open.retain(|id| !results(&message).any(|result| result.id == *id));
        } else {
            close(&mut repaired, &mut open);
            if message.role == PromptRole::Assistant {
                open = calls(&message).filter(|call| !call.provider_executed).map(|call| call.id.clone()).collect();
            }
        }
        repaired.push(message);
    }
    close(&mut repaired, &mut open);
    repaired
}

fn close(repaired: &mut Vec<PromptMessage>, open: &mut Vec<String>) {
    if !open.is_empty() {
        repaired.push(tool_message(
            open.drain(..)
                .map(|id| ToolResult {
                    id,
                    output: ToolOutput::Error(UNANSWERED.to_owned()),
                    provider_executed: false,
                    metadata: None,
                })
                .collect(),
        ));
    }
}

/// Puts a call before every result that has none; results of the provider's own tools are dropped.
fn add_missing_calls(prompt: Vec<PromptMessage>, names: &HashMap<String, String>) -> Vec<PromptMessage> {
    let mut repaired: Vec<PromptMessage> = Vec::with_capacity(prompt.len());
    for message in prompt {
        if message.role != PromptRole::Tool || results(&message).next().is_none() {
            repaired.push(message);
            continue;
        }
        let ours: Vec<ToolResult> = results(&message).filter(|result| !result.provider_executed).cloned().collect();
        if ours.is_empty() {
            continue;
        }
        let asked: HashSet<String> = repaired
            .iter()
            .rev()
            .take_while(|message| matches!(message.role, PromptRole::Tool | PromptRole::Assistant))
            .find(|message| message.role == PromptRole::Assistant)
            .map(|message| calls(message).map(|call| call.id.clone()).filter(|id| !id.is_empty()).collect())
            .unwrap_or_default();
        let (matching, orphans): (Vec<_>, Vec<_>) = ours.into_iter().partition(|result| asked.contains(&result.id));
        if orphans.is_empty() {
            repaired.push(tool_message(matching));
            continue;
        }
        let mut seen = HashSet::new();
        let made: Vec<PromptPart> = orphans
            .iter()
            .filter(|result| !result.id.is_empty() && seen.insert(result.id.clone()))
            .filter_map(|result| {
                let name = names.get(&result.id)?.trim();
                (!name.is_empty()).then(|| {
                    PromptPart::ToolCall(ToolCall {
                        id: result.id.clone(),
                        name: name.to_owned(),
                        input: "{}".to_owned(),
                        ..ToolCall::default()
                    })
                })
            })
            .collect();
        if made.is_empty() {
            repaired.push(message);
            continue;
        }
        if !matching.is_empty() {
            repaired.push(tool_message(matching));
        }
        repaired.push(PromptMessage::new(PromptRole::Assistant, made));
        repaired.push(tool_message(orphans));
    }
    repaired
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::testing::{replay, same, vectors};

    fn short(part: &PromptPart) -> Value {
        match part {
            PromptPart::Text { text } => json!({"text": text}),
            PromptPart::Reasoning { text, .. } => json!({"reasoning": text}),
            PromptPart::File { media_type, data, .. } => {
                json!({"file": {"media_type": media_type, "size": data.len()}})
            }
            PromptPart::ToolCall(call) => {
                json!({"call": {"id": call.id, "name": call.name, "input": call.input}})
            }
            PromptPart::ToolResult(result) => {
                let mut short = Map::new();
                short.insert("id".to_owned(), json!(result.id));
                match &result.output {
                    ToolOutput::Text(text) => short.insert("text".to_owned(), json!(text)),
                    ToolOutput::Error(error) => short.insert("error".to_owned(), json!(error)),
                    ToolOutput::Media { media_type, .. } => short.insert("media".to_owned(), json!(media_type)),
                };
                json!({"result": short})
            }
        }
    }

    #[test]
    fn histories_are_repaired_as_recorded() {
        replay(&vectors("prompt_repair.json"), |case| {
            let history: Vec<HistoryMessage> = case.input["messages"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|message| HistoryMessage {
                    id: 1,
                    role: ChatMessageRole::from(message["role"].as_str().unwrap_or_default()),
                    audience: match message["visibility"].as_str() {
                        Some("user") => Visibility::User,
                        Some("model") => Visibility::Model,
                        _ => Visibility::Both,
                    },
                    parts: serde_json::from_value(message["parts"].clone()).unwrap_or_default(),
                    compressed: false,
                    usage: crate::model::Usage::default(),
                    model_config_id: None,
                    provider_response_id: None,
                    api_key_id: None,
                })
                .collect();
            let none = HashMap::new();
            let resolved = (case.input["resolver"] == true).then_some(&none);
            let prompt = build(&history.iter().collect::<Vec<_>>(), &Files { resolved, accepts: &|_| true });
            let messages: Vec<Value> = prompt
                .iter()
                .map(|message| {
                    json!({
                        "role": message.role.as_str(),
                        "content": message.content.iter().map(short).collect::<Vec<_>>(),
                    })
                })
                .collect();
            same(&json!({"messages": messages}), &case.output)
        });
    }
}
