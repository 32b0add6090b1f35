//! A model that answers in the process, as it is told to.
//!
//! What it answers is written in the last user message of a request:
//!
//! ```text
//! @text Hello world        stream this text, a word a delta
//! @reason Thinking it over stream reasoning, a word a delta
//! @tool name {"a": 1}      call a tool; several in one step are parallel calls
//! @next                    end of this step; what follows answers the tool results
//! @delay 50                wait so many ms before each following delta
//! @hang 5000               send nothing for so many ms
//! @error 429 slow down     answer this request with that HTTP status and message
//! @errors 2 500 oops       the first 2 requests of this step fail, then it goes on
//! @drop                    break off in the middle of the answer
//! @usage 100 20            prompt and completion tokens to report
//! @title Fix the login     title of the chat, where one is asked for
//! ```
//!
//! The step is the number of assistant messages after the last user message. A message without a script is answered
//! with `echo: ` and its text. Answers queued with [`ScriptedModel::push`] go first.
//!
//! Requests for titles and turn labels are answered in plain text, which gives none, so that a chat keeps the title
//! that it began with; [`ScriptedModel::set_title`], [`ScriptedModel::set_label`] and `@title` change that.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{
    ChatModel, Finish, FinishReason, ModelAnswer, ModelCall, ModelError, ModelEvent, ModelStream, PromptMessage,
    PromptRole, ProviderResponse, ToolCall, ToolChoice, Usage,
};
use crate::clock::{SharedClock, SystemClock};

/// The provider name that scripted models carry.
pub(crate) const PROVIDER: &str = "openai-compat";
/// The name of the scripted model.
pub(crate) const MODEL: &str = "scripted";
/// Most requests that are remembered; older ones are forgotten first.
const MAX_REQUESTS: usize = 10_000;
const SUMMARY: &str = "Scripted summary";

/// A model that answers in the process: by the script in the last user message, or by queued answers.
///
/// Clones share their queue and their record of requests.
#[derive(Debug, Clone)]
pub struct ScriptedModel {
    clock: SharedClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    answers: VecDeque<ScriptedAnswer>,
    requests: VecDeque<ScriptedRequest>,
    failures: HashMap<(String, usize), u32>,
    calls: u64,
    title: Option<String>,
    label: Option<String>,
}

/// A request that a [`ScriptedModel`] got.
#[derive(Debug, Clone)]
pub struct ScriptedRequest {
    /// The request.
    pub call: ModelCall,
    /// Whether the answer was asked for as a stream; titles, turn labels and summaries are not.
    pub stream: bool,
}

/// An answer that a [`ScriptedModel`] is to give.
#[derive(Debug, Clone, Default)]
pub struct ScriptedAnswer {
    ops: Vec<Op>,
}

#[derive(Debug, Clone)]
enum Op {
    Text(String),
    Reasoning(String),
    Tool { name: String, args: String },
    Delay(Duration),
    Hang(Duration),
    Error { status: u16, message: String },
    ErrorTimes { times: u32, status: u16, message: String },
    Drop,
    Usage(Usage),
}

impl ScriptedAnswer {
    /// An answer that says nothing; add to it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Streams this text, a word a delta.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Op::Text(text.into()))
    }

    /// Streams this reasoning, a word a delta.
    #[must_use]
    pub fn reasoning(self, text: impl Into<String>) -> Self {
        self.with(Op::Reasoning(text.into()))
    }

    /// Calls a tool; several calls in one answer are parallel.
    #[must_use]
    pub fn tool(self, name: impl Into<String>, args: &Value) -> Self {
        self.with(Op::Tool { name: name.into(), args: args.to_string() })
    }

    /// Calls a tool with arguments as they are, which need not be JSON.
    #[must_use]
    pub fn raw_tool(self, name: impl Into<String>, args: impl Into<String>) -> Self {
        self.with(Op::Tool { name: name.into(), args: args.into() })
    }

    /// Waits before each delta that follows.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        self.with(Op::Delay(delay))
    }

    /// Sends nothing for a while.
    #[must_use]
    pub fn hang(self, duration: Duration) -> Self {
        self.with(Op::Hang(duration))
    }

    /// Fails the request with this HTTP status and message, whatever else the answer holds.
    #[must_use]
    pub fn error(self, status: u16, message: impl Into<String>) -> Self {
        self.with(Op::Error { status, message: message.into() })
    }

    /// Breaks off here, without an end.
    #[must_use]
    pub fn cut(self) -> Self {
        self.with(Op::Drop)
    }

    /// Reports these tokens of the prompt and of the answer.
    #[must_use]
    pub fn usage(self, input_tokens: i64, output_tokens: i64) -> Self {
        self.with(Op::Usage(usage(input_tokens, output_tokens)))
    }

    fn with(mut self, op: Op) -> Self {
        self.ops.push(op);
        self
    }

    /// Reads one step of a script; lines that are no commands are left out.
    fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Self {
        let mut answer = Self::default();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let millis = || Duration::from_millis(rest.trim().parse().unwrap_or(0));
            answer.ops.push(match word {
                "@text" => Op::Text(rest.to_owned()),
                "@reason" => Op::Reasoning(rest.to_owned()),
                "@tool" => {
                    let (name, args) = rest.split_once(' ').unwrap_or((rest, ""));
                    let args = if args.is_empty() { "{}" } else { args };
                    Op::Tool { name: name.to_owned(), args: args.to_owned() }
                }
                "@delay" => Op::Delay(millis()),
                "@hang" => Op::Hang(millis()),
                "@error" => {
                    let (status, message) = rest.split_once(' ').unwrap_or((rest, ""));
                    Op::Error { status: status.parse().unwrap_or(500), message: message.to_owned() }
                }
                "@errors" => {
                    let mut words = rest.splitn(3, ' ');
                    let mut number = || words.next().unwrap_or_default();
                    let (times, status) = (number().parse().unwrap_or(1), number().parse().unwrap_or(500));
                    Op::ErrorTimes { times, status, message: number().to_owned() }
                }
                "@drop" => Op::Drop,
                "@usage" => {
                    let mut words = rest.split_whitespace().map(|word| word.parse().unwrap_or(0));
                    Op::Usage(usage(words.next().unwrap_or(0), words.next().unwrap_or(0)))
                }
                _ => continue,
            });
        }
        answer
    }
}

fn usage(input_tokens: i64, output_tokens: i64) -> Usage {
    Usage { input_tokens, output_tokens, total_tokens: input_tokens + output_tokens, ..Usage::default() }
}

impl Default for ScriptedModel {
    fn default() -> Self {
        Self::new()
    }
}

impl ScriptedModel {
    /// A model with nothing queued, which waits by the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// A model with nothing queued, which waits by this clock.
    pub fn with_clock(clock: SharedClock) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// Queues an answer. Each streamed request takes one, whatever the chat; requests for titles, turn labels and
    /// summaries take none.
    pub fn push(&self, answer: ScriptedAnswer) -> &Self {
        self.state().answers.push_back(answer);
        self
    }

    /// Answers every request for a title with this one.
    pub fn set_title(&self, title: impl Into<String>) -> &Self {
        self.state().title = Some(title.into());
        self
    }

    /// Answers every request for a turn's label with this one.
    pub fn set_label(&self, label: impl Into<String>) -> &Self {
        self.state().label = Some(label.into());
        self
    }

    /// The requests so far, oldest first; the last 10,000 are kept.
    pub fn requests(&self) -> Vec<ScriptedRequest> {
        self.state().requests.iter().cloned().collect()
    }

    /// Forgets queued answers, requests, failures, the title and the label.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn remember(&self, call: &ModelCall, stream: bool) {
        let mut state = self.state();
        if state.requests.len() == MAX_REQUESTS {
            state.requests.pop_front();
        }
        state.requests.push_back(ScriptedRequest { call: call.clone(), stream });
    }

    /// The answer to a streamed request, or the error that the request fails with.
    fn answer(&self, prompt: &[PromptMessage]) -> Result<ScriptedAnswer, ModelError> {
        let script = Script::of(prompt);
        let mut state = self.state();
        let answer = state.answers.pop_front().unwrap_or_else(|| script.answer());
        for op in &answer.ops {
            match op {
                Op::Error { status, message } => return Err(provider_error(*status, message)),
                Op::ErrorTimes { times, status, message } => {
                    let seen = state.failures.entry((script.text.clone(), script.step)).or_default();
                    if *seen < *times {
                        *seen += 1;
                        return Err(provider_error(*status, message));
                    }
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    fn next_call_id(&self) -> String {
        let mut state = self.state();
        state.calls += 1;
        format!("call_{}_{:012x}", state.calls, rand::random::<u64>() >> 16)
    }
}

struct Script {
    text: String,
    step: usize,
}

impl Script {
    fn of(prompt: &[PromptMessage]) -> Self {
        let last = prompt.iter().rposition(|message| message.role == PromptRole::User);
        let (text, after) = last.map_or((String::new(), prompt), |i| (prompt[i].joined_text(), &prompt[i + 1..]));
        Self { text, step: after.iter().filter(|message| message.role == PromptRole::Assistant).count() }
    }

    /// The title that the last message asks for.
    fn title(prompt: &[PromptMessage]) -> Option<String> {
        Self::of(prompt).text.lines().find_map(|line| line.trim().strip_prefix("@title ").map(str::to_owned))
    }

    fn answer(&self) -> ScriptedAnswer {
        let lines: Vec<&str> = self.text.lines().map(str::trim).filter(|line| line.starts_with('@')).collect();
        if lines.is_empty() {
            return ScriptedAnswer::new().text(format!("echo: {}", self.text));
        }
        match lines.split(|line| *line == "@next").nth(self.step) {
            Some(step) => ScriptedAnswer::parse(step.iter().copied()),
            None => ScriptedAnswer::new().text("done"),
        }
    }
}

/// The error that an HTTP provider's refusal becomes.
fn provider_error(status: u16, message: &str) -> ModelError {
    let body = json!({"error": {"message": message, "type": "scripted", "code": null}}).to_string();
    ModelError::refused(ProviderResponse {
        status,
        message: message.to_owned(),
        body: body.into_bytes(),
        headers: Vec::new(),
    })
}

#[async_trait]
impl ChatModel for ScriptedModel {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn model(&self) -> &str {
        MODEL
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        self.remember(&call, true);
        let answer = self.answer(&call.prompt)?;
        let player = Player::new(self, answer);
        Ok(futures_util::stream::unfold(player, |mut player| async move {
            let event = player.next().await?;
            Some((event, player))
        })
        .boxed())
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        self.remember(&call, false);
        let finish = Finish { reason: FinishReason::Stop, usage: usage(10, 5), ..Finish::default() };
        let tool = match &call.tool_choice {
            ToolChoice::Auto | ToolChoice::None => None,
            ToolChoice::Required => call.tools.first().map(|tool| tool.name.as_str()),
            ToolChoice::Tool(name) => Some(name.as_str()),
        };
        let told = |told: Option<String>, field: &str| told.map(|told| json!({field: told}));
        let args = match tool {
            Some("propose_title") => told(Script::title(&call.prompt).or_else(|| self.state().title.clone()), "title"),
            Some("propose_turn_status_label") => told(self.state().label.clone(), "label"),
            Some(_) => Some(json!({})),
            None => None,
        };
        let Some(args) = args else {
            return Ok(ModelAnswer { text: SUMMARY.to_owned(), finish, ..ModelAnswer::default() });
        };
        let call = ToolCall {
            id: self.next_call_id(),
            name: tool.unwrap_or_default().to_owned(),
            input: args.to_string(),
            ..ToolCall::default()
        };
        Ok(ModelAnswer { tool_calls: vec![call], finish, ..ModelAnswer::default() })
    }
}

/// Plays the operations of one answer as events.
struct Player {
    model: ScriptedModel,
    ops: VecDeque<Op>,
    ready: VecDeque<ModelEvent>,
    /// Deltas still to come, each after the delay.
    deltas: VecDeque<ModelEvent>,
    open: Option<Open>,
    delay: Duration,
    usage: Usage,
    called: bool,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Reasoning,
}

impl Player {
    fn new(model: &ScriptedModel, answer: ScriptedAnswer) -> Self {
        Self {
            model: model.clone(),
            ops: answer.ops.into(),
            ready: VecDeque::new(),
            deltas: VecDeque::new(),
            open: None,
            delay: Duration::ZERO,
            usage: usage(10, 5),
            called: false,
            ended: false,
        }
    }

    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Some(event) = self.deltas.pop_front() {
                if !self.delay.is_zero() && is_delta(&event) {
                    self.model.clock.sleep(self.delay).await;
                }
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.ops.pop_front() {
                Some(Op::Text(text)) => {
                    self.open(Some(Open::Text));
                    self.deltas.extend(words(&text).map(|delta| ModelEvent::TextDelta { id: "0".to_owned(), delta }));
                }
                Some(Op::Reasoning(text)) => {
                    self.open(Some(Open::Reasoning));
                    self.deltas.extend(words(&text).map(|delta| ModelEvent::ReasoningDelta {
                        id: "reasoning".to_owned(),
                        delta,
                        metadata: None,
                    }));
                }
                Some(Op::Tool { name, args }) => self.call(name, args),
                Some(Op::Delay(delay)) => self.delay = delay,
                Some(Op::Hang(duration)) => self.model.clock.sleep(duration).await,
                Some(Op::Usage(usage)) => self.usage = usage,
                Some(Op::Error { .. } | Op::ErrorTimes { .. }) => {}
                Some(Op::Drop) => {
                    self.ended = true;
                    return Some(Err(ModelError::ended_early()));
                }
                None => {
                    self.open(None);
                    self.ended = true;
                    let reason = if self.called { FinishReason::ToolCalls } else { FinishReason::Stop };
                    self.ready.push_back(ModelEvent::Finish(Finish { reason, usage: self.usage, ..Finish::default() }));
                }
            }
        }
    }

    /// Ends the block that is open and begins another.
    fn open(&mut self, block: Option<Open>) {
        if self.open == block {
            return;
        }
        match self.open {
            Some(Open::Text) => self.ready.push_back(ModelEvent::TextEnd { id: "0".to_owned() }),
            Some(Open::Reasoning) => {
                self.ready.push_back(ModelEvent::ReasoningEnd { id: "reasoning".to_owned(), metadata: None });
            }
            None => {}
        }
        match block {
            Some(Open::Text) => self.ready.push_back(ModelEvent::TextStart { id: "0".to_owned() }),
            Some(Open::Reasoning) => {
                self.ready.push_back(ModelEvent::ReasoningStart { id: "reasoning".to_owned(), metadata: None });
            }
            None => {}
        }
        self.open = block;
    }

    fn call(&mut self, name: String, args: String) {
        self.open(None);
        self.called = true;
        let id = self.model.next_call_id();
        self.ready.push_back(ModelEvent::ToolInputStart {
            id: id.clone(),
            name: name.clone(),
            provider_executed: false,
        });
        let middle = args.floor_char_boundary(args.len() / 2);
        for delta in [&args[..middle], &args[middle..]] {
            self.deltas.push_back(ModelEvent::ToolInputDelta { id: id.clone(), delta: delta.to_owned() });
        }
        self.deltas.push_back(ModelEvent::ToolCall(ToolCall { id, name, input: args, ..ToolCall::default() }));
    }
}

fn is_delta(event: &ModelEvent) -> bool {
    matches!(
        event,
        ModelEvent::TextDelta { .. } | ModelEvent::ReasoningDelta { .. } | ModelEvent::ToolInputDelta { .. }
    )
}

/// The words of a text, each but the first with the blank before it.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(' ').enumerate().map(|(i, word)| if i == 0 { word.to_owned() } else { format!(" {word}") })
}
