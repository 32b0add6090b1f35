//! One step of a turn: an answer of the model, or the results of the tools that it called.

use std::time::Duration;

use chrono::{DateTime, Utc};
use codersdk::{ChatMessagePartType, ChatMessageRole, ModelCostConfig};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::compaction::{self, Compaction};
use super::context_limit;
use super::cost;
use super::errors::ChatFailure;
use super::generation::Action;
use super::history::{HistoryMessage, usage_columns};
use super::part::{self, Json, Part};
use super::shell;
use super::side_runs::SideRunSeed;
use super::tools::Toolset;
use crate::clock::SharedClock;
use crate::model::{ErrorCause, Finish, ModelCall, ModelError, ModelEvent, SharedModel, ToolCall, Usage};
use crate::state::AppState;
use crate::store::messages::NewMessage;

/// How long a provider may send nothing before the attempt is given up.
const SILENCE: Duration = Duration::from_secs(600);

/// Where the parts of a step go while it runs.
pub(crate) trait PartSink: Send + Sync {
    /// Takes the next part. Deltas and whole calls come as they arrive; a result when its tool is done.
    fn publish(&self, role: ChatMessageRole, part: Part);
}

/// Why a step gave no messages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StepError {
    /// It was cancelled from here; what had come stands in the sink alone.
    Canceled,
    /// It failed.
    Failed(ChatFailure),
}

impl From<ChatFailure> for StepError {
    fn from(failure: ChatFailure) -> Self {
        Self::Failed(failure)
    }
}

/// Everything that the steps of a turn need; made anew for each step, since the history decides what is in it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) model: SharedModel,
    /// The provider as it is configured, which error texts name.
    pub(crate) provider: String,
    pub(crate) model_config_id: Uuid,
    /// The request for the next answer: prompt, tools and parameters.
    pub(crate) call: ModelCall,
    pub(crate) prices: Option<ModelCostConfig>,
    /// The model's context window in tokens; 0 where unknown.
    pub(crate) context_limit: i64,
    pub(crate) tools: Toolset,
    pub(crate) compaction: Compaction,
    /// The API key under which the user's last message came.
    pub(crate) api_key_id: Option<String>,
    /// Whether the owner wants the turn recorded for debugging.
    pub(crate) is_recorded: bool,
}

/// What every step is run with.
pub(crate) struct StepContext<'a> {
    pub(crate) sink: &'a dyn PartSink,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) clock: &'a SharedClock,
    /// Where a summary of the history is recorded, if the turn is.
    pub(crate) recorded: Option<(&'a AppState, SideRunSeed)>,
}

/// Asks the model once. An answer without content gives no messages: the turn is over.
///
/// # Errors
/// [`StepError::Canceled`] as soon as the token is cancelled; else what the provider's failure means.
pub(crate) async fn generate_assistant(
    prepared: &Prepared,
    context: &StepContext<'_>,
) -> Result<Vec<NewMessage>, StepError> {
    let started = context.clock.now();
    let answer = run(prepared, context).await?;
    if answer.parts.is_empty() {
        return Ok(Vec::new());
    }
    let usage = answer.finish.usage;
    let limit = context_limit::find(answer.finish.metadata.as_ref()).unwrap_or(prepared.context_limit);
    let runtime = (context.clock.now() - started).num_milliseconds();
    Ok(vec![NewMessage {
        model_config_id: Some(prepared.model_config_id),
        usage: usage_columns(usage, (limit > 0).then_some(limit)),
        total_cost_micros: if usage == Usage::default() {
            None
        } else {
            cost::total_micros(usage.into(), prepared.prices.as_ref())
        },
        runtime_ms: (runtime > 0).then_some(runtime),
        provider_response_id: answer.finish.response_id,
        ..NewMessage::new(ChatMessageRole::Assistant, part::encode(&answer.parts))
    }])
}

/// Runs tools that the model called, all at once, and gives a message for each result in the order of the calls, behind
/// one with the files that the tools give the user.
///
/// # Errors
/// [`StepError::Canceled`] as soon as the token is cancelled. A failing tool is no failure of the step.
pub(crate) async fn execute_tools(
    prepared: &Prepared,
    calls: &[ToolCall],
    context: &StepContext<'_>,
) -> Result<Vec<NewMessage>, StepError> {
    let results = tokio::select! {
        biased;
        () = context.cancel.cancelled() => return Err(StepError::Canceled),
        results = prepared.tools.execute(calls, prepared.context_limit, context.clock) => results,
    };
    let (attached, results): (Vec<Part>, Vec<Part>) =
        results.into_iter().partition(|part| part.kind == ChatMessagePartType::File);
    let mut messages = Vec::with_capacity(results.len() + 1);
    if !attached.is_empty() {
        for part in &attached {
            context.sink.publish(ChatMessageRole::Assistant, part.clone());
        }
        messages.push(NewMessage {
            model_config_id: Some(prepared.model_config_id),
            ..NewMessage::new(ChatMessageRole::Assistant, part::encode(&attached))
        });
    }
    for part in results {
        context.sink.publish(ChatMessageRole::Tool, part.clone());
        messages.push(NewMessage {
            model_config_id: Some(prepared.model_config_id),
            ..NewMessage::new(ChatMessageRole::Tool, part::encode(&[part]))
        });
    }
    Ok(messages)
}

#[derive(Debug, Default)]
struct Answer {
    parts: Vec<Part>,
    finish: Finish,
}

async fn run(prepared: &Prepared, context: &StepContext<'_>) -> Result<Answer, StepError> {
    let failed = |error: &ModelError| {
        StepError::Failed(ChatFailure::classify_attempt(error, &prepared.provider, context.clock.now()))
    };
    let mut stream = guarded(context, prepared.model.stream(prepared.call.clone()))
        .await?
        .and_then(|opened| opened)
        .map_err(|error| failed(&error))?;
    let mut assembly = Assembly {
        context,
        tools: &prepared.tools,
        answer: Answer::default(),
        text: None,
        reasoning: Vec::new(),
        names: Vec::new(),
    };
    loop {
        let event = guarded(context, stream.next()).await?.map_err(|error| failed(&error))?;
        match event {
            Some(event) => assembly.take(event.map_err(|error| failed(&error))?),
            None => return Ok(assembly.answer),
        }
    }
}

/// Waits for the provider, but not past a cancellation nor past [`SILENCE`].
async fn guarded<T>(
    context: &StepContext<'_>,
    wait: impl Future<Output = T>,
) -> Result<Result<T, ModelError>, StepError> {
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(StepError::Canceled),
        value = wait => Ok(Ok(value)),
        () = context.clock.sleep(SILENCE) => Ok(Err(ModelError::caused(
            "chat stream was silent for longer than the configured timeout",
            ErrorCause::Silence(SILENCE),
        ))),
    }
}

/// Puts an answer together while its events come.
struct Assembly<'a> {
    context: &'a StepContext<'a>,
    tools: &'a Toolset,
    answer: Answer,
    text: Option<(String, String)>,
    reasoning: Vec<Thought>,
    /// Tool names by call id, for deltas that carry the id alone.
    names: Vec<(String, String, bool)>,
}

struct Thought {
    id: String,
    text: String,
    metadata: Option<serde_json::Value>,
    started: DateTime<Utc>,
}

impl Assembly<'_> {
    fn take(&mut self, event: ModelEvent) {
        match event {
            ModelEvent::TextStart { id } => self.text = Some((id, String::new())),
            ModelEvent::TextDelta { id, delta } => {
                if let Some((_, text)) = self.text.as_mut().filter(|(open, _)| *open == id) {
                    text.push_str(&delta);
                }
                self.publish(Part::text(delta));
            }
            ModelEvent::TextEnd { id } => {
                if let Some((_, text)) = self.text.take_if(|(open, _)| *open == id) {
                    self.answer.parts.push(Part::text(text));
                }
            }
            ModelEvent::ReasoningStart { id, metadata } => {
                self.reasoning.push(Thought { id, text: String::new(), metadata, started: self.now() });
            }
            ModelEvent::ReasoningDelta { id, delta, metadata } => {
                let mut part = Part::reasoning(delta.clone());
                if let Some(thought) = self.reasoning.iter_mut().find(|thought| thought.id == id) {
                    thought.text.push_str(&delta);
                    thought.metadata = metadata.or(thought.metadata.take());
                    part.created_at = Some(thought.started);
                }
                self.publish(part);
            }
            ModelEvent::ReasoningEnd { id, metadata } => {
                if let Some(at) = self.reasoning.iter().position(|thought| thought.id == id) {
                    let thought = self.reasoning.remove(at);
                    let mut part = Part::reasoning(thought.text);
                    part.provider_metadata = metadata.or(thought.metadata).as_ref().map(Json::of);
                    part.created_at = Some(thought.started);
                    part.completed_at = Some(self.now());
                    self.answer.parts.push(part);
                }
            }
            ModelEvent::ToolInputStart { id, name, provider_executed } => {
                self.names.push((id, name, provider_executed));
            }
            ModelEvent::ToolInputDelta { id, delta } => {
                let known = self.names.iter().rev().find(|(known, ..)| *known == id);
                let mut part = Part::tool_call(id.clone(), known.map_or("", |(_, name, _)| name), None);
                part.args_delta = delta;
                part.mcp_server_config_id = self.tools.mcp_server(&part.tool_name);
                part.provider_executed = known.is_some_and(|(.., executed)| *executed);
                self.publish(part);
            }
            ModelEvent::ToolCall(call) => {
                let mut part = call_part(&call);
                part.created_at = Some(self.now());
                part.mcp_server_config_id = self.tools.mcp_server(&part.tool_name);
                self.keep(part);
            }
            ModelEvent::ToolResult { id, name, metadata } => {
                let mut part = Part::tool_result(id, name, Json::of(&serde_json::json!({})), false);
                part.provider_executed = true;
                part.provider_metadata = metadata.as_ref().map(Json::of);
                part.created_at = Some(self.now());
                self.context.sink.publish(ChatMessageRole::Tool, part.clone());
                self.answer.parts.push(part);
            }
            ModelEvent::Source { id, url, title } => {
                self.keep(Part { kind: ChatMessagePartType::Source, source_id: id, url, title, ..Part::default() });
            }
            ModelEvent::Finish(finish) => self.answer.finish = finish,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }

    fn publish(&self, part: Part) {
        self.context.sink.publish(ChatMessageRole::Assistant, part);
    }

    fn keep(&mut self, part: Part) {
        self.publish(part.clone());
        self.answer.parts.push(part);
    }
}

/// A call as it is stored: arguments that are no JSON are left out.
fn call_part(call: &ToolCall) -> Part {
    let args = Json::parse(call.input.trim());
    let commands = args.as_ref().filter(|_| call.name == "execute").map(shell::commands_of_call);
    let mut part = Part::tool_call(call.id.clone(), call.name.clone(), args);
    part.parsed_commands = commands.unwrap_or_default();
    part.provider_executed = call.provider_executed;
    part.provider_metadata = call.metadata.as_ref().map(Json::of);
    part
}

/// Does what was decided; no messages mean that the turn is over.
///
/// # Errors
/// Those of the steps themselves.
pub(crate) async fn perform(
    action: &Action,
    prepared: &Prepared,
    history: &[HistoryMessage],
    context: &StepContext<'_>,
) -> Result<Vec<NewMessage>, StepError> {
    match action {
        Action::GenerateAssistant => generate_assistant(prepared, context).await,
        Action::ExecuteTools(calls) => execute_tools(prepared, calls, context).await,
        Action::Compact => compaction::compact(prepared, history, context).await,
        Action::FinishTurn | Action::AwaitClient => Ok(Vec::new()),
    }
}
