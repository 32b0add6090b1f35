//! Records what models are asked beside a turn, of chats whose owners switched debug logging on: titles, the labels of
//! turns, summaries of histories.
//!
//! A record that cannot be written is no reason to go without an answer: it is logged and left out.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use super::errors::ChatFailure;
use super::recorder::{add_totals, logged, object, request, used};
pub(crate) use super::recorder::{label, text_of};
use crate::clock::SharedClock;
use crate::model::{ErrorCause, FinishReason, ModelAnswer, ModelCall, ModelError, SharedModel, Usage};
use crate::state::AppState;
use crate::store::Store;
use crate::store::chat_debug::{DebugRunRow, DebugStepRow};

/// What a run is about, and who is asked.
#[derive(Debug, Clone)]
pub(crate) struct SideRunSeed {
    pub(crate) kind: &'static str,
    /// The run's name in lists; empty where it has none.
    pub(crate) label: String,
    pub(crate) chat_id: Uuid,
    pub(crate) root_chat_id: Option<Uuid>,
    pub(crate) parent_chat_id: Option<Uuid>,
    pub(crate) model_config_id: Option<Uuid>,
    pub(crate) trigger_message_id: Option<i64>,
    pub(crate) history_tip_message_id: Option<i64>,
}

impl SideRunSeed {
    /// A run of this kind for the chat.
    pub(crate) fn new(kind: &'static str, chat_id: Uuid) -> Self {
        Self {
            kind,
            label: String::new(),
            chat_id,
            root_chat_id: None,
            parent_chat_id: None,
            model_config_id: None,
            trigger_message_id: None,
            history_tip_message_id: None,
        }
    }
}

/// The record of one request, with all that was tried for it.
#[derive(Debug)]
pub(crate) struct SideRun {
    store: Store,
    clock: SharedClock,
    run: DebugRunRow,
    steps: i32,
    /// Whether the answers are objects of a schema.
    structured: bool,
}

impl SideRun {
    /// Begins the record of a request to this model of this provider.
    pub(crate) async fn begin(state: &AppState, seed: SideRunSeed, provider: &str, model: &str) -> Option<Self> {
        let now = state.clock.now();
        let mut summary = Map::new();
        if !seed.label.is_empty() {
            summary.insert("first_message".to_owned(), seed.label.into());
        }
        let run = DebugRunRow {
            id: Uuid::new_v4(),
            chat_id: seed.chat_id,
            root_chat_id: seed.root_chat_id,
            parent_chat_id: seed.parent_chat_id,
            model_config_id: seed.model_config_id,
            trigger_message_id: seed.trigger_message_id,
            history_tip_message_id: seed.history_tip_message_id,
            kind: seed.kind.to_owned(),
            status: "in_progress".to_owned(),
            provider: Some(provider.to_owned()),
            model: Some(model.to_owned()),
            summary: Json(summary),
            started_at: now,
            updated_at: now,
            finished_at: None,
        };
        logged("begin a run", state.store.insert_debug_run(&run).await)?;
        let (store, clock) = (state.store.clone(), state.clock.clone());
        Some(Self { store, clock, run, steps: 0, structured: seed.kind != COMPACTION })
    }

    /// Asks the model and records the answer, or what came in its place.
    ///
    /// # Errors
    /// Those of [`crate::model::ChatModel::generate`].
    pub(crate) async fn generate(&mut self, model: &SharedModel, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let started = self.clock.now();
        let asked = request(&call);
        let answer = model.generate(call).await;
        self.step(started, asked, &answer).await;
        answer
    }

    /// Ends the record: `completed`, `error` or `interrupted`.
    pub(crate) async fn finish(mut self, status: &str) {
        let now = self.clock.now();
        self.run.status = status.to_owned();
        self.run.updated_at = now;
        self.run.finished_at = Some(now);
        self.run.summary.insert("step_count".to_owned(), self.steps.into());
        add_totals(&mut self.run.summary, Usage::default());
        logged("end a run", self.store.update_debug_run(&self.run).await);
    }

    async fn step(
        &mut self,
        started: DateTime<Utc>,
        asked: Map<String, Value>,
        answer: &Result<ModelAnswer, ModelError>,
    ) {
        let now = self.clock.now();
        self.steps += 1;
        let mut attempt = object(json!({
            "number": 1, "status": "completed", "started_at": started, "finished_at": now,
            "duration_ms": (now - started).num_milliseconds(),
        }));
        let (mut status, mut error) = ("completed", None);
        let (mut response, mut usage) = (None, None);
        match answer {
            Ok(answer) => {
                add_totals(&mut self.run.summary, answer.finish.usage);
                response = Some(Json(self.response(answer)));
                usage = Some(Json(object(used(answer.finish.usage))));
            }
            Err(failed) => {
                let given_up = matches!(failed.cause, Some(ErrorCause::Canceled | ErrorCause::Deadline));
                status = if given_up { "interrupted" } else { "error" };
                let failure = ChatFailure::classify(failed);
                attempt.insert("status".to_owned(), "failed".into());
                attempt.insert("error".to_owned(), failure.message.clone().into());
                if failure.status_code != 0 {
                    attempt.insert("response_status".to_owned(), failure.status_code.into());
                }
                if !given_up {
                    self.run.summary.insert("has_error".to_owned(), true.into());
                }
                error = Some(Json(object(json!(failure.to_chat_error()))));
            }
        }
        let metadata = if self.structured { object(json!({"structured_output": true})) } else { Map::new() };
        let step = DebugStepRow {
            id: Uuid::new_v4(),
            run_id: self.run.id,
            chat_id: self.run.chat_id,
            step_number: self.steps,
            operation: "generate".to_owned(),
            status: status.to_owned(),
            history_tip_message_id: self.run.history_tip_message_id,
            assistant_message_id: None,
            normalized_request: Json(asked),
            normalized_response: response,
            usage,
            attempts: Json(vec![attempt]),
            error,
            metadata: Json(metadata),
            started_at: started,
            updated_at: now,
            finished_at: Some(now),
        };
        self.run.updated_at = now;
        logged("write a step", self.store.insert_debug_step(&step).await);
    }

    fn response(&self, answer: &ModelAnswer) -> Map<String, Value> {
        let mut response = object(json!({
            "finish_reason": finish_reason(answer.finish.reason), "usage": used(answer.finish.usage),
        }));
        if self.structured {
            let length: usize = answer.tool_calls.iter().map(|call| call.input.chars().count()).sum();
            response.insert("raw_text_length".to_owned(), length.into());
            response.insert("structured_output".to_owned(), true.into());
        } else {
            response.insert("content".to_owned(), json!([{"type": "text", "text": answer.text}]));
        }
        response
    }
}

/// Asks the model, with a record of it where one is kept.
pub(super) async fn ask(
    model: &SharedModel,
    call: ModelCall,
    record: Option<&mut SideRun>,
) -> Result<ModelAnswer, ModelError> {
    match record {
        Some(record) => record.generate(model, call).await,
        None => model.generate(call).await,
    }
}

/// The kind of a run that summarizes a history.
pub(crate) const COMPACTION: &str = "compaction";
/// The kind of a run that makes a title.
pub(crate) const TITLE: &str = "title_generation";
/// The kind of a run that makes the label of a turn.
pub(crate) const LABEL: &str = "quickgen";

fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content-filter",
        FinishReason::ToolCalls => "tool-calls",
        FinishReason::Error => "error",
        FinishReason::Other => "other",
        FinishReason::Unknown => "unknown",
    }
}
