//! What a turn does next: decided by its history alone, so that whoever takes a chat over goes on rightly.

use codersdk::{ChatErrorKind, ChatMessagePartType, ChatMessageRole};

use super::compaction::{self, Compaction};
use super::errors::ChatFailure;
use super::history::{HistoryMessage, last_uncompressed};
use super::part;
use super::tools::Toolset;
use crate::model::ToolCall;

/// Most answers of the model in one turn.
pub(crate) const MAX_STEPS: usize = 1200;

/// The next thing that a turn does.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::enum_variant_names, reason = "the name of the transition that it leads to")]
pub(crate) enum Action {
    /// Run these calls on the server.
    ExecuteTools(Vec<ToolCall>),
    /// Wait for the client to run what is left.
    AwaitClient,
    /// The turn is over.
    FinishTurn,
    /// Put a summary in the place of the history.
    Compact,
    /// Ask the model.
    GenerateAssistant,
}

/// Decides what comes next.
///
/// # Errors
/// When a summary could not bring the history below the limit; the turn fails for good.
pub(crate) fn decide(
    history: &[HistoryMessage],
    tools: &Toolset,
    compaction: &Compaction,
) -> Result<Action, ChatFailure> {
    let open = open_calls(history);
    let (client, mut server): (Vec<_>, Vec<_>) = open.into_iter().partition(|call| tools.is_dynamic(&call.name));
    if !server.is_empty() {
        if server.iter().any(|call| tools.is_exclusive(&call.name)) {
            // A call that must stand alone is refused beside any other, so the client's are refused here too.
            server.extend(client);
        }
        return Ok(Action::ExecuteTools(server));
    }
    if !client.is_empty() {
        return Ok(Action::AwaitClient);
    }
    if stopped_by_tool(history, tools) || is_complete(history) || steps_of_turn(history) >= MAX_STEPS {
        return Ok(Action::FinishTurn);
    }
    match compaction.state(history) {
        compaction::State::Needed => Ok(Action::Compact),
        compaction::State::NotNeeded => Ok(Action::GenerateAssistant),
        compaction::State::StillOverLimit => Err(ChatFailure::with_message(
            ChatErrorKind::Config,
            "Conversation compaction could not reduce the history below the configured limit. Raise the compaction \
             limit in settings, or start a new conversation.",
        )),
    }
}

/// The calls of the last answer that have no result yet.
fn open_calls(history: &[HistoryMessage]) -> Vec<ToolCall> {
    let live: Vec<&HistoryMessage> = history.iter().filter(|message| !message.compressed).collect();
    let Some(last) =
        live.iter().rposition(|message| message.role == ChatMessageRole::Assistant && !part::are_files(&message.parts))
    else {
        return Vec::new();
    };
    let answered: Vec<&str> = live[last + 1..]
        .iter()
        .filter(|message| message.role == ChatMessageRole::Tool)
        .flat_map(|message| &message.parts)
        .filter(|part| part.kind == ChatMessagePartType::ToolResult && !part.tool_call_id.is_empty())
        .map(|part| part.tool_call_id.as_str())
        .collect();
    live[last]
        .parts
        .iter()
        .filter(|part| part.kind == ChatMessagePartType::ToolCall && !part.provider_executed)
        .filter(|part| !answered.contains(&part.tool_call_id.as_str()))
        .map(|part| ToolCall {
            id: part.tool_call_id.clone(),
            name: part.tool_name.clone(),
            input: part.args.as_ref().map(|args| args.text().to_owned()).unwrap_or_default(),
            ..ToolCall::default()
        })
        .collect()
}

/// Whether a tool that ends the turn gave a result in it.
fn stopped_by_tool(history: &[HistoryMessage], tools: &Toolset) -> bool {
    this_turn(history).filter(|message| message.role == ChatMessageRole::Tool).flat_map(|message| &message.parts).any(
        |part| part.kind == ChatMessagePartType::ToolResult && !part.is_error && tools.stops_after(&part.tool_name),
    )
}

/// Whether the last message is an answer that calls no tool of ours.
fn is_complete(history: &[HistoryMessage]) -> bool {
    last_uncompressed(history).is_some_and(|last| {
        last.role == ChatMessageRole::Assistant
            && !last.parts.iter().any(|part| part.kind == ChatMessagePartType::ToolCall && !part.provider_executed)
    })
}

fn steps_of_turn(history: &[HistoryMessage]) -> usize {
    this_turn(history)
        .filter(|message| message.role == ChatMessageRole::Assistant && !part::are_files(&message.parts))
        .count()
}

/// What came after the user's last message, without summaries.
fn this_turn(history: &[HistoryMessage]) -> impl Iterator<Item = &HistoryMessage> {
    let last = history.iter().rposition(|message| !message.compressed && message.role == ChatMessageRole::User);
    history[last.map_or(0, |last| last + 1)..].iter().filter(|message| !message.compressed)
}
