//! What is kept of an answer that was interrupted: its live parts turned into messages.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use codersdk::{ChatMessagePartType, ChatMessageRole};
use serde_json::json;

use super::part::{Json, Part};
use super::parts::LivePart;

/// The error that stands for the result of a call that was cut off.
pub(crate) const INTERRUPTED: &str = "tool call was interrupted before it produced a result";

/// A message to be: its role and its parts.
pub(crate) type PartialMessage = (ChatMessageRole, Vec<Part>);

/// The messages that the parts make, as of the interruption. Calls without whole arguments are lost, answered ones
/// keep their result, the others get an error for one; deltas are never kept.
pub(crate) fn messages(parts: &[Arc<LivePart>], interrupted_at: Option<DateTime<Utc>>) -> Vec<PartialMessage> {
    let mut sorted: Vec<&LivePart> = parts.iter().map(Arc::as_ref).collect();
    sorted.sort_by_key(|part| part.seq);
    let mut partial = Partial { interrupted_at, ..Partial::default() };
    for live in sorted {
        match live.role {
            ChatMessageRole::Assistant => partial.take_assistant(live.part.clone()),
            ChatMessageRole::Tool => partial.take_result(live.part.clone()),
            _ => {}
        }
    }
    partial.finish()
}

/// The error result of a call that was cut off.
pub(crate) fn interrupted_result(call_id: &str, name: &str, at: Option<DateTime<Utc>>) -> Part {
    let error = Json::of(&json!({"error": INTERRUPTED}));
    Part { created_at: at, ..Part::tool_result(call_id, name, error, true) }
}

#[derive(Debug, Default)]
struct Partial {
    interrupted_at: Option<DateTime<Utc>>,
    messages: Vec<PartialMessage>,
    /// Parts of the assistant message under way; `None` where a call stands whose arguments are not whole yet.
    assistant: Vec<Option<Part>>,
    calls: HashMap<String, Call>,
    /// Ids of calls, in the order of their first part.
    order: Vec<String>,
    answered: HashSet<String>,
}

#[derive(Debug)]
struct Call {
    part: Part,
    index: usize,
    args: String,
    /// Whether the call can be stored.
    whole: bool,
    /// Whether its arguments turned out to be no JSON.
    broken: bool,
}

impl Partial {
    fn take_assistant(&mut self, mut part: Part) {
        if part.kind != ChatMessagePartType::ToolCall {
            if part.kind.as_str().is_empty() {
                return;
            }
            if part.kind == ChatMessagePartType::Reasoning {
                part.created_at = part.created_at.or(self.interrupted_at);
                part.completed_at = part.completed_at.or(self.interrupted_at);
            }
            self.assistant.push(Some(part));
            return;
        }
        if part.tool_call_id.is_empty() {
            return;
        }
        let id = part.tool_call_id.clone();
        if !self.calls.contains_key(&id) {
            let call = Call {
                part: Part::default(),
                index: self.assistant.len(),
                args: String::new(),
                whole: false,
                broken: false,
            };
            self.calls.insert(id.clone(), call);
            self.order.push(id.clone());
            self.assistant.push(None);
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.part.kind = ChatMessagePartType::ToolCall;
        call.part.tool_call_id = id;
        if !part.tool_name.is_empty() {
            call.part.tool_name.clone_from(&part.tool_name);
        }
        call.part.mcp_server_config_id = part.mcp_server_config_id.or(call.part.mcp_server_config_id);
        call.part.created_at = part.created_at.or(call.part.created_at);
        call.part.provider_executed |= part.provider_executed;
        if !part.args_delta.is_empty() {
            if !call.whole {
                call.args.push_str(&part.args_delta);
            }
            return;
        }
        call.part = part;
        call.whole = true;
        call.broken = false;
        let stored = call.part.clone();
        put(&mut self.assistant, call.index, stored);
    }

    fn take_result(&mut self, part: Part) {
        if part.kind != ChatMessagePartType::ToolResult || part.tool_call_id.is_empty() {
            return;
        }
        if part.result_reset || !part.result_delta.is_empty() {
            return;
        }
        self.complete_calls();
        let known = self.calls.get(&part.tool_call_id).is_some_and(|call| call.whole && !call.broken);
        if !known || part.result.is_none() || self.answered.contains(&part.tool_call_id) {
            return;
        }
        self.end_assistant();
        self.answered.insert(part.tool_call_id.clone());
        self.messages.push((ChatMessageRole::Tool, vec![part]));
    }

    /// Takes the arguments of calls as far as they have come, where they are JSON.
    fn complete_calls(&mut self) {
        for id in &self.order {
            let Some(call) = self.calls.get_mut(id).filter(|call| !call.whole && !call.broken) else { continue };
            match Json::parse(&call.args) {
                Some(args) => {
                    call.part.args = Some(args);
                    call.whole = true;
                    put(&mut self.assistant, call.index, call.part.clone());
                }
                None => call.broken = true,
            }
        }
    }

    fn end_assistant(&mut self) {
        let parts: Vec<Part> = self
            .assistant
            .drain(..)
            .flatten()
            .map(|part| Part { args_delta: String::new(), result_delta: String::new(), result_reset: false, ..part })
            .collect();
        if !parts.is_empty() {
            self.messages.push((ChatMessageRole::Assistant, parts));
        }
    }

    fn finish(mut self) -> Vec<PartialMessage> {
        self.complete_calls();
        self.end_assistant();
        for id in &self.order {
            let Some(call) = self.calls.get(id) else { continue };
            if call.broken || !call.whole || call.part.provider_executed || self.answered.contains(id) {
                continue;
            }
            let mut result = interrupted_result(id, &call.part.tool_name, self.interrupted_at);
            result.mcp_server_config_id = call.part.mcp_server_config_id;
            self.messages.push((ChatMessageRole::Tool, vec![result]));
        }
        self.messages
    }
}

/// Puts the part in its place, unless the message that held the place has been ended since.
fn put(parts: &mut [Option<Part>], index: usize, part: Part) {
    if let Some(place) = parts.get_mut(index)
        && place.as_ref().is_none_or(|there| there.tool_call_id == part.tool_call_id)
    {
        *place = Some(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chatd::part;
    use crate::testing;

    #[test]
    fn interrupted_streams_are_kept_as_recorded() {
        testing::replay(&testing::vectors("partial_messages.json"), |case| {
            let at = case.input["interrupted_at"].as_str().map(|at| at.parse::<DateTime<Utc>>().unwrap());
            let parts: Vec<Arc<LivePart>> = case.input["parts"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|part| {
                    Arc::new(LivePart {
                        seq: part["seq"].as_i64().unwrap_or_default(),
                        role: ChatMessageRole::from(part["role"].as_str().unwrap_or_default()),
                        part: serde_json::from_value(part["part"].clone()).unwrap_or_default(),
                        event: String::new(),
                    })
                })
                .collect();
            let made: Vec<serde_json::Value> = messages(&parts, at)
                .into_iter()
                .map(|(role, parts)| {
                    let stored: serde_json::Value = serde_json::from_str(&part::encode(&parts)).unwrap();
                    json!({"role": role, "parts": stored, "visibility": "both"})
                })
                .collect();
            testing::same(&json!({"messages": made}), &case.output)
        });
    }
}
