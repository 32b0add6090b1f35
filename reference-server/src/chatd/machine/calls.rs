//! Tool calls that still wait for their result.

use std::collections::HashSet;

use codersdk::{ChatMessagePartType, ChatMessageRole};

use crate::chatd::content::ContentError;
use crate::chatd::part::{self, Json, Part};
use crate::store::chats::ChatRow;
use crate::store::messages::{MessageRow, NewMessage};

/// A call of the last assistant message that has no result yet.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenCall {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The arguments as the model gave them; absent where they were malformed.
    pub(crate) args: Option<Json>,
    /// Whether the client runs it.
    pub(crate) dynamic: bool,
}

/// The open calls, in the order in which the model made them. `messages` begins with the last assistant message (or
/// earlier); what does not parse counts for nothing, except in the assistant message itself.
///
/// # Errors
/// When the last assistant message does not parse.
pub(crate) fn open_calls(chat: &ChatRow, messages: &[MessageRow]) -> Result<Vec<OpenCall>, ContentError> {
    let is_answer = |message: &MessageRow| {
        message.role == ChatMessageRole::Assistant
            && !message.deleted
            && !message.parts().is_ok_and(|parts| part::are_files(&parts))
    };
    let Some(last) = messages.iter().rposition(is_answer) else {
        return Ok(Vec::new());
    };
    let assistant = messages[last].parts()?;
    if !assistant.iter().any(|part| part.kind == ChatMessagePartType::ToolCall) {
        return Ok(Vec::new());
    }
    // Results of calls that the provider ran stand in the assistant message itself.
    let mut answered: HashSet<String> = results_in(&assistant).collect();
    for message in messages[last + 1..].iter().filter(|m| m.role == ChatMessageRole::Tool && !m.deleted) {
        answered.extend(results_in(&message.parts().unwrap_or_default()));
    }
    Ok(assistant
        .into_iter()
        .filter(|part| part.kind == ChatMessagePartType::ToolCall && !part.provider_executed)
        .filter(|part| !answered.contains(&part.tool_call_id))
        .map(|part| OpenCall {
            dynamic: chat.is_dynamic_tool(&part.tool_name),
            id: part.tool_call_id,
            name: part.tool_name,
            args: part.args,
        })
        .collect())
}

/// A result that stands in for one that will never come.
pub(crate) fn cancelled(chat: &ChatRow, call: &OpenCall, reason: &str) -> NewMessage {
    let result = Part::tool_result(&call.id, &call.name, Json::of(&reason), true);
    NewMessage {
        model_config_id: Some(chat.last_model_config_id),
        ..NewMessage::new(ChatMessageRole::Tool, part::encode(&[result]))
    }
}

fn results_in(parts: &[Part]) -> impl Iterator<Item = String> {
    parts.iter().filter(|part| part.kind == ChatMessagePartType::ToolResult).map(|part| part.tool_call_id.clone())
}
