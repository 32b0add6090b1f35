//! Records turns of chats whose owners switched debug logging on.
//!
//! A record that cannot be written is no reason to stop a turn: it is logged and left out.

use std::time::Duration;

use chrono::{DateTime, Utc};
use codersdk::{ChatMessagePartType, ChatMessageRole};
use serde_json::{Map, Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use super::errors::ChatFailure;
use super::history::{HistoryMessage, usage_told};
use super::part::Part;
use super::side_runs::{COMPACTION, SideRunSeed};
use super::step::Prepared;
use crate::model::{ModelCall, PromptPart, Usage};
use crate::state::AppState;
use crate::store::chat_debug::{DebugRunRow, DebugStepRow};
use crate::store::chats::ChatRow;
use crate::store::messages::MessageRow;
use crate::ui_text::{Cut, truncate};

/// How much of the triggering message names a run, in characters.
const MAX_LABEL: usize = 200;
/// How much of each text of a request is kept, in characters.
const MAX_TEXT: usize = 10_000;

/// The record of one turn.
#[derive(Debug)]
pub(crate) struct TurnRecorder<'a> {
    state: &'a AppState,
    run: DebugRunRow,
    steps: i32,
    /// What was tried for the step that is under way.
    attempts: Vec<Map<String, Value>>,
    step_started: DateTime<Utc>,
    attempt_started: DateTime<Utc>,
}

impl<'a> TurnRecorder<'a> {
    /// Begins the record of a turn, if its chat's owner wants one.
    pub(crate) async fn begin(
        state: &'a AppState,
        chat: &ChatRow,
        prepared: &Prepared,
        history: &[HistoryMessage],
    ) -> Option<Self> {
        let trigger = history.iter().rfind(|message| message.role == ChatMessageRole::User && !message.compressed)?;
        if !prepared.is_recorded {
            return None;
        }
        let now = state.clock.now();
        let mut summary = Map::new();
        let label = label(&text_of(&trigger.parts));
        if !label.is_empty() {
            summary.insert("first_message".to_owned(), label.into());
        }
        let run = DebugRunRow {
            id: Uuid::new_v4(),
            chat_id: chat.id,
            root_chat_id: chat.root_chat_id,
            parent_chat_id: chat.parent_chat_id,
            model_config_id: Some(prepared.model_config_id),
            trigger_message_id: Some(trigger.id),
            history_tip_message_id: history.last().map(|message| message.id),
            kind: "chat_turn".to_owned(),
            status: "in_progress".to_owned(),
            provider: Some(prepared.provider.clone()),
            model: Some(prepared.model.model().to_owned()),
            summary: Json(summary),
            started_at: now,
            updated_at: now,
            finished_at: None,
        };
        logged("begin a run", state.store.insert_debug_run(&run).await)?;
        Some(Self { state, run, steps: 0, attempts: Vec::new(), step_started: now, attempt_started: now })
    }

    /// What a record of a summary that this turn needs begins with.
    pub(crate) fn compaction(&self) -> SideRunSeed {
        SideRunSeed {
            root_chat_id: self.run.root_chat_id,
            parent_chat_id: self.run.parent_chat_id,
            model_config_id: self.run.model_config_id,
            trigger_message_id: self.run.trigger_message_id,
            history_tip_message_id: self.run.history_tip_message_id,
            ..SideRunSeed::new(COMPACTION, self.run.chat_id)
        }
    }

    /// The model is asked.
    pub(crate) fn attempt(&mut self) {
        self.attempt_started = self.state.clock.now();
        if self.attempts.is_empty() {
            self.step_started = self.attempt_started;
        }
    }

    /// The model gave no answer; it is asked again after `retry`, or the turn fails.
    pub(crate) async fn failed(&mut self, prepared: &Prepared, failure: &ChatFailure, retry: Option<Duration>) {
        let mut attempt = self.attempt_record("failed");
        attempt.insert("error".to_owned(), failure.message.clone().into());
        if failure.status_code != 0 {
            attempt.insert("response_status".to_owned(), failure.status_code.into());
        }
        if let Some(delay) = retry {
            attempt.insert(
                "retry_classification".to_owned(),
                failure.kind.as_ref().map_or("", |kind| kind.as_str()).into(),
            );
            attempt.insert("retry_delay_ms".to_owned(), u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).into());
        }
        self.attempts.push(attempt);
        if retry.is_none() {
            let error = object(json!(failure.to_chat_error()));
            self.run.summary.insert("has_error".to_owned(), true.into());
            let step = DebugStepRow { status: "error".to_owned(), error: Some(Json(error)), ..self.step(prepared) };
            self.write(step).await;
        }
    }

    /// The model's answer is stored.
    pub(crate) async fn answered(&mut self, prepared: &Prepared, message: &MessageRow) {
        let attempt = self.attempt_record("completed");
        self.attempts.push(attempt);
        let usage = usage_told(&message.usage);
        add_totals(&mut self.run.summary, usage);
        let content = message.content.as_deref().and_then(|content| serde_json::from_str(content).ok());
        let response: Map<String, Value> =
            [("content".to_owned(), content.unwrap_or(Value::Null))].into_iter().collect();
        let step = DebugStepRow {
            assistant_message_id: Some(message.id),
            normalized_response: Some(Json(response)),
            usage: Some(Json(object(used(usage)))),
            ..self.step(prepared)
        };
        self.write(step).await;
    }

    /// Ends the record: `completed`, `error` or `interrupted`.
    pub(crate) async fn finish(mut self, status: &str) {
        let now = self.state.clock.now();
        self.run.status = status.to_owned();
        self.run.updated_at = now;
        self.run.finished_at = Some(now);
        self.run.summary.insert("step_count".to_owned(), self.steps.into());
        add_totals(&mut self.run.summary, Usage::default());
        logged("end a run", self.state.store.update_debug_run(&self.run).await);
    }

    fn attempt_record(&self, status: &str) -> Map<String, Value> {
        let now = self.state.clock.now();
        object(json!({
            "number": self.attempts.len() + 1,
            "status": status,
            "started_at": self.attempt_started,
            "finished_at": now,
            "duration_ms": (now - self.attempt_started).num_milliseconds(),
        }))
    }

    fn step(&mut self, prepared: &Prepared) -> DebugStepRow {
        let now = self.state.clock.now();
        self.steps += 1;
        DebugStepRow {
            id: Uuid::new_v4(),
            run_id: self.run.id,
            chat_id: self.run.chat_id,
            step_number: self.steps,
            operation: "stream".to_owned(),
            status: "completed".to_owned(),
            history_tip_message_id: self.run.history_tip_message_id,
            assistant_message_id: None,
            normalized_request: Json(request(&prepared.call)),
            normalized_response: None,
            usage: None,
            attempts: Json(std::mem::take(&mut self.attempts)),
            error: None,
            metadata: Json(Map::new()),
            started_at: self.step_started,
            updated_at: now,
            finished_at: Some(now),
        }
    }

    async fn write(&mut self, step: DebugStepRow) {
        self.run.updated_at = step.updated_at;
        if logged("write a step", self.state.store.insert_debug_step(&step).await).is_some() {
            logged("update a run", self.state.store.update_debug_run(&self.run).await);
        }
    }
}

pub(super) fn logged<T>(what: &str, result: sqlx::Result<T>) -> Option<T> {
    result.map_err(|error| tracing::warn!(%error, what, "a debug record could not be kept")).ok()
}

pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The text on one line, cut to what names a run.
pub(crate) fn label(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(&text, MAX_LABEL, Cut { ellipsis: true, ..Cut::default() })
}

/// The texts of a message.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter(|part| part.kind == ChatMessagePartType::Text).map(|part| part.text.as_str());
    texts.collect::<Vec<_>>().join(" ")
}

/// Tokens under the names that steps and answers have for them.
pub(super) fn used(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cache_creation_tokens": usage.cache_creation_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
    })
}

/// Adds to the sums of a run; those that are nearly always zero are left out as long as they are.
pub(super) fn add_totals(summary: &mut Map<String, Value>, usage: Usage) {
    let sums = [
        ("total_input_tokens", usage.input_tokens, true),
        ("total_output_tokens", usage.output_tokens, true),
        ("total_reasoning_tokens", usage.reasoning_tokens, false),
        ("total_cache_creation_tokens", usage.cache_creation_tokens, false),
        ("total_cache_read_tokens", usage.cache_read_tokens, false),
    ];
    for (name, tokens, always) in sums {
        if always || tokens > 0 {
            let total = summary.entry(name).or_insert_with(|| 0.into());
            *total = (total.as_i64().unwrap_or_default() + tokens).into();
        }
    }
}

/// What the model was asked, long texts cut, files and headers left out.
pub(super) fn request(call: &ModelCall) -> Map<String, Value> {
    let cut = |text: &str| truncate(text, MAX_TEXT, Cut { ellipsis: true, ..Cut::default() });
    let messages = call.prompt.iter().map(|message| {
        let parts = message.content.iter().map(|part| match part {
            PromptPart::Text { text } => json!({"type": "text", "text": cut(text), "text_length": text.len()}),
            PromptPart::Reasoning { text, .. } => json!({"type": "reasoning", "text": cut(text)}),
            PromptPart::File { name, media_type, data } => {
                json!({"type": "file", "filename": name, "media_type": media_type, "size": data.len()})
            }
            PromptPart::ToolCall(call) => {
                json!({"type": "tool-call", "tool_call_id": call.id, "tool_name": call.name,
                       "arguments": cut(&call.input)})
            }
            PromptPart::ToolResult(result) => json!({"type": "tool-result", "tool_call_id": result.id}),
        });
        json!({"role": message.role.as_str(), "parts": parts.collect::<Vec<_>>()})
    });
    let tools = call.tools.iter().map(|tool| json!({"type": "function", "name": tool.name}));
    object(json!({
        "messages": messages.collect::<Vec<_>>(),
        "tools": tools.collect::<Vec<_>>(),
        "options": {
            "max_output_tokens": call.options.max_output_tokens,
            "temperature": call.options.temperature,
            "top_p": call.options.top_p,
            "top_k": call.options.top_k,
            "presence_penalty": call.options.presence_penalty,
            "frequency_penalty": call.options.frequency_penalty,
        },
    }))
}
