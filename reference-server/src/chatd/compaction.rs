//! Compaction: a summary takes the place of a history that fills the model's context window.

use std::time::Duration;

use codersdk::{ChatMessagePartType, ChatMessageRole};
use serde_json::json;
use uuid::Uuid;

use super::context_limit::{context_tokens, usage_percent};
use super::errors::ChatFailure;
use super::history::{HistoryMessage, for_prompt};
use super::part::{self, Json, Part};
use super::side_runs::{SideRun, ask};
use super::step::{Prepared, StepContext, StepError};
use crate::model::{ErrorCause, ModelCall, ModelError, PromptMessage, PromptRole, ToolChoice, Usage};
use crate::store::messages::{NewMessage, Visibility};

/// Longest wait for a summary.
const TIMEOUT: Duration = Duration::from_secs(90);
/// The tool by whose name a summary stands in the history.
const TOOL: &str = "chat_summarized";
const DEFAULT_THRESHOLD: i32 = 70;

/// What the model is asked for.
const PROMPT: &str = "The conversation above is about to be replaced by a summary. Write that summary, so that another \
    assistant can go on with the work as if it had been there from the start.\n\n\
    Say:\n\
    - what the user wants in the end, and what is being worked on now\n\
    - what was decided, and why\n\
    - the exact technical facts that matter: paths, names of functions, commands, interfaces, settings\n\
    - which errors came up and what cured each of them; keep these notes to the one case and draw no general rules \
      about tools from them\n\
    - what is done, what is under way, and what is still to be done\n\
    - the very next action that was about to be taken\n\n\
    Be dense and keep to facts. What can be had again (files, output of commands, answers of services) is named by \
    where to get it, not repeated.";
/// What stands before the summary in the prompt.
const PREFIX: &str = "What follows is a summary of the conversation so far, which grew too long to be kept whole. The \
    assistant was in the middle of the work; go on with it from here:";

/// When a chat is compacted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Compaction {
    /// Percentage of the context window; 100 is never.
    pub(crate) threshold: i32,
    /// The context window in tokens; 0 where unknown.
    pub(crate) context_limit: i64,
}

/// Where a history stands to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The model can be asked.
    NotNeeded,
    /// A summary is due.
    Needed,
    /// A summary was made, and the answer after it was over the limit again.
    StillOverLimit,
}

impl Compaction {
    /// Where the history stands.
    pub(crate) fn state(self, history: &[HistoryMessage]) -> State {
        if !self.is_over(latest_usage(history)) {
            return State::NotNeeded;
        }
        let Some(boundary) = history.iter().rposition(is_boundary) else { return State::Needed };
        let after = history[boundary + 1..].iter().filter(|message| !message.compressed);
        let first_answer = after.clone().find(|message| message.role == ChatMessageRole::Assistant);
        if first_answer.is_some_and(|answer| self.is_over(answer.usage)) {
            State::StillOverLimit
        } else if after.count() > 0 {
            State::Needed
        } else {
            State::NotNeeded
        }
    }

    fn is_over(self, usage: Usage) -> bool {
        let tokens = context_tokens(usage);
        self.threshold < 100 && tokens > 0 && usage_percent(tokens, self.context_limit, self.threshold).1
    }

    /// The threshold, or the default in the place of one that cannot be.
    fn threshold(self) -> i32 {
        if (0..=100).contains(&self.threshold) { self.threshold } else { DEFAULT_THRESHOLD }
    }
}

/// Whether the message shows a compaction.
fn is_boundary(message: &HistoryMessage) -> bool {
    message.compressed
        && message.parts.iter().any(|part| {
            part.tool_name == TOOL
                && matches!(part.kind, ChatMessagePartType::ToolCall | ChatMessagePartType::ToolResult)
        })
}

/// What the last message that tells it used.
fn latest_usage(history: &[HistoryMessage]) -> Usage {
    for_prompt(history)
        .into_iter()
        .rev()
        .map(|message| message.usage)
        .find(|usage| *usage != Usage::default())
        .unwrap_or_default()
}

/// Has the history summarized: gives the hidden summary and the call and result that people see.
///
/// # Errors
/// When the model fails, is silent for 90 s or has nothing to say; and when the token is cancelled.
pub(crate) async fn compact(
    prepared: &Prepared,
    history: &[HistoryMessage],
    context: &StepContext<'_>,
) -> Result<Vec<NewMessage>, StepError> {
    let compaction = prepared.compaction;
    let call_id = format!("{TOOL}_{}", Uuid::new_v4());
    context.sink.publish(ChatMessageRole::Assistant, Part::tool_call(&call_id, TOOL, None));
    let refuse = |text: &str| {
        let error = Json::of(&json!({"error": text}));
        context.sink.publish(ChatMessageRole::Tool, Part::tool_result(&call_id, TOOL, error, true));
    };
    let summary = match summarize(prepared, context).await {
        Ok(summary) if summary.is_empty() => {
            refuse("compaction produced an empty summary");
            return Err(ChatFailure::internal("generate compaction: compaction produced an empty summary").into());
        }
        Ok(summary) => summary,
        Err(StepError::Canceled) => return Err(StepError::Canceled),
        Err(failure) => {
            refuse("failed to generate compaction summary");
            return Err(failure);
        }
    };
    let tokens = context_tokens(latest_usage(history));
    let (percent, _) = usage_percent(tokens, compaction.context_limit, compaction.threshold());
    let result = Json::of(&json!({
        "summary": summary,
        "source": "automatic",
        "threshold_percent": compaction.threshold(),
        "usage_percent": number(percent),
        "context_tokens": tokens,
        "context_limit_tokens": compaction.context_limit,
    }));
    let result = Part::tool_result(&call_id, TOOL, result, false);
    context.sink.publish(ChatMessageRole::Tool, result.clone());
    let args = Json::of(&json!({"source": "automatic", "threshold_percent": compaction.threshold()}));
    let message = |role, visibility, part| NewMessage {
        visibility,
        model_config_id: Some(prepared.model_config_id),
        compressed: true,
        ..NewMessage::new(role, part::encode(&[part]))
    };
    let hidden = message(ChatMessageRole::User, Visibility::Model, Part::text(format!("{PREFIX}\n\n{summary}")));
    Ok(vec![
        NewMessage { api_key_id: prepared.api_key_id.clone(), ..hidden },
        message(ChatMessageRole::Assistant, Visibility::User, Part::tool_call(&call_id, TOOL, Some(args))),
        message(ChatMessageRole::Tool, Visibility::Both, result),
    ])
}

async fn summarize(prepared: &Prepared, context: &StepContext<'_>) -> Result<String, StepError> {
    let mut prompt = prepared.call.prompt.clone();
    prompt.push(PromptMessage::text(PromptRole::User, PROMPT));
    let call = ModelCall {
        prompt,
        tool_choice: ToolChoice::None,
        headers: prepared.call.headers.clone(),
        ..ModelCall::default()
    };
    let mut record = match &context.recorded {
        Some((state, seed)) => SideRun::begin(state, seed.clone(), &prepared.provider, prepared.model.model()).await,
        None => None,
    };
    let answer = tokio::select! {
        biased;
        () = context.cancel.cancelled() => None,
        answer = ask(&prepared.model, call, record.as_mut()) => Some(answer),
        () = context.clock.sleep(TIMEOUT) => {
            Some(Err(ModelError::caused("context deadline exceeded", ErrorCause::Deadline)))
        }
    };
    if let Some(record) = record {
        let status = match &answer {
            None => "interrupted",
            Some(Ok(_)) => "completed",
            Some(Err(_)) => "error",
        };
        record.finish(status).await;
    }
    let Some(answer) = answer else { return Err(StepError::Canceled) };
    match answer {
        Ok(answer) => Ok(answer.text.trim().to_owned()),
        Err(error) => Err(ChatFailure::classify_at(&error, context.clock.now()).into()),
    }
}

/// Whole percentages as whole numbers, as the original writes them.
fn number(value: f64) -> serde_json::Value {
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole")]
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn thresholds_are_those_recorded() {
        replay(&vectors("context_limits.json"), |case| {
            if case.text("rule") != "threshold" {
                return Ok(());
            }
            let configured = case.input["configured"].as_i64().unwrap_or(0);
            let compaction = Compaction { threshold: i32::try_from(configured).unwrap_or(0), context_limit: 100 };
            let enabled = compaction.threshold() < 100;
            let threshold = if enabled { compaction.threshold() } else { 0 };
            same(&json!({"enabled": enabled, "threshold_percent": threshold}), &case.output)
        });
    }
}
