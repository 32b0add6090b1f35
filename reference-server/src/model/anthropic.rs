//! Anthropic's Messages.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{Decoder, array, decode, text};
use super::http::{Endpoint, events};
use super::{
    ChatModel, Finish, FinishReason, ModelAnswer, ModelCall, ModelError, ModelEvent, ModelStream, PromptMessage,
    PromptPart, PromptRole, ToolCall, ToolChoice, ToolOutput, ToolResult, Usage,
};

pub(crate) const PROVIDER: &str = "anthropic";
const PATH: &str = "v1/messages";
/// Tokens of an answer where the call sets no limit: the API demands one.
const MAX_TOKENS: i64 = 4096;

/// A model behind Anthropic's Messages.
#[derive(Debug)]
pub(crate) struct Messages {
    model: String,
    endpoint: Endpoint,
}

impl Messages {
    pub(crate) fn new(model: &str, endpoint: Endpoint) -> Self {
        Self { model: model.to_owned(), endpoint }
    }
}

#[async_trait]
impl ChatModel for Messages {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let mut body = request(&self.model, &call);
        body["stream"] = json!(true);
        let response = self.endpoint.post(PATH, &body, &call.headers).await?;
        Ok(decode(events(response), State::default()))
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let answer = self.endpoint.post_json(PATH, &request(&self.model, &call), &call.headers).await?;
        Ok(whole(&answer))
    }
}

/// An answer that came in one piece.
pub(super) fn whole(answer: &Value) -> ModelAnswer {
    let mut result = ModelAnswer::default();
    for block in array(&answer["content"]) {
        match text(&block["type"]) {
            "text" => result.text.push_str(text(&block["text"])),
            "tool_use" => result.tool_calls.push(ToolCall {
                id: text(&block["id"]).to_owned(),
                name: text(&block["name"]).to_owned(),
                input: block["input"].to_string(),
                ..ToolCall::default()
            }),
            _ => {}
        }
    }
    let mut usage = Usage::default();
    count(&mut usage, &answer["usage"]);
    result.finish = Finish { reason: finish_reason(text(&answer["stop_reason"])), usage, ..Finish::default() };
    result
}

/// The body of a request.
pub(super) fn request(model: &str, call: &ModelCall) -> Value {
    let options = call.provider_options.as_ref().map(|options| &options[PROVIDER]);
    let option = |name: &str| options.map(|options| &options[name]).filter(|value| !value.is_null());
    let thinking = thinking(
        model,
        super::names::reasoning_effort(PROVIDER, option("effort").and_then(Value::as_str)),
        option("thinking").and_then(|thinking| thinking["budget_tokens"].as_i64()),
        super::names::thinking_display(option("thinking_display").and_then(Value::as_str)),
    );
    let (system, messages) = prompt(&call.prompt, option("send_reasoning") != Some(&json!(false)));
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("model", json!(model));
    set("max_tokens", json!(call.options.max_output_tokens.unwrap_or(MAX_TOKENS)));
    set("messages", Value::Array(messages));
    if !system.is_empty() {
        set("system", Value::Array(system));
    }
    // A model that thinks by a budget takes no sampling parameters.
    if !thinking.as_ref().is_some_and(|thinking| thinking.budgeted) {
        let numbers = [("temperature", call.options.temperature), ("top_p", call.options.top_p)];
        for (name, value) in numbers {
            if let Some(value) = value {
                set(name, json!(value));
            }
        }
        if let Some(top_k) = call.options.top_k {
            set("top_k", json!(top_k));
        }
    }
    if let Some(thinking) = thinking {
        set("thinking", thinking.wire);
        if let Some(effort) = thinking.effort {
            set("output_config", json!({"effort": effort}));
        }
    }
    let tools: Vec<Value> = call
        .tools
        .iter()
        .map(|tool| json!({"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}))
        .collect();
    if !tools.is_empty() {
        set("tools", Value::Array(tools));
        let mut choice = match &call.tool_choice {
            ToolChoice::Auto => json!({"type": "auto"}),
            ToolChoice::None => json!({"type": "none"}),
            ToolChoice::Required => json!({"type": "any"}),
            ToolChoice::Tool(name) => json!({"type": "tool", "name": name}),
        };
        if let Some(disabled) = option("disable_parallel_tool_use").filter(|_| call.tool_choice != ToolChoice::None) {
            choice["disable_parallel_tool_use"] = disabled.clone();
        }
        set("tool_choice", choice);
    }
    Value::Object(body)
}

/// How a model is to think.
struct Thinking {
    wire: Value,
    /// How hard.
    effort: Option<&'static str>,
    /// Whether a budget of tokens was asked for.
    budgeted: bool,
}

/// How the model is to think: by itself where an effort is asked for or the model knows nothing else, else within a
/// budget; `None` leaves it to the provider.
fn thinking(
    model: &str,
    effort: Option<&'static str>,
    budget: Option<i64>,
    display: Option<&'static str>,
) -> Option<Thinking> {
    let model = model.trim().to_lowercase();
    let always = model.contains("claude-mythos-preview");
    let adaptive = always || decides_by_itself(&model);
    let mut wire = match (effort, budget) {
        (None, Some(budget)) if !adaptive => json!({"type": "enabled", "budget_tokens": budget}),
        (None, None) if !always => return None,
        _ => json!({"type": "adaptive"}),
    };
    // These models show nothing of their thoughts unless they are asked to.
    if let Some(display) = display.or(adaptive.then_some("summarized")) {
        wire["display"] = json!(display);
    }
    Some(Thinking { wire, effort, budgeted: effort.is_none() && budget.is_some() })
}

/// Whether the model takes no budget for its thoughts: Opus 4 from its seventh minor version on.
fn decides_by_itself(model: &str) -> bool {
    let Some((_, version)) = model.split_once("claude-opus-4-") else { return false };
    let digits = version.chars().take_while(char::is_ascii_digit).count();
    // Longer numbers are dates.
    (1..=2).contains(&digits) && version[..digits].parse::<u32>().is_ok_and(|minor| minor >= 7)
}

/// The system texts and the messages. Neighbours of one role become one message: the API wants the roles to alternate,
/// and results of tools are the user's.
fn prompt(prompt: &[PromptMessage], with_reasoning: bool) -> (Vec<Value>, Vec<Value>) {
    let mut system = Vec::new();
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in prompt {
        let mut content: Vec<Value> =
            message.content.iter().filter_map(|part| block(message.role, part, with_reasoning)).collect();
        if message.cache
            && let Some(last) = content.last_mut().filter(|last| !text(&last["type"]).contains("thinking"))
        {
            last["cache_control"] = json!({"type": "ephemeral"});
        }
        if content.is_empty() {
            continue;
        }
        let role = match message.role {
            PromptRole::System => {
                system.extend(content);
                continue;
            }
            PromptRole::Assistant => "assistant",
            PromptRole::User | PromptRole::Tool => "user",
        };
        match messages.last_mut() {
            Some((last, blocks)) if *last == role => blocks.extend(content),
            _ => messages.push((role, content)),
        }
    }
    let messages = messages.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    (system, messages)
}

fn block(role: PromptRole, part: &PromptPart, with_reasoning: bool) -> Option<Value> {
    Some(match part {
        PromptPart::Text { text } if text.trim().is_empty() => return None,
        PromptPart::Text { text } => json!({"type": "text", "text": text}),
        PromptPart::Reasoning { .. } if !with_reasoning => return None,
        PromptPart::Reasoning { text: thought, metadata } => {
            let metadata = metadata.as_ref().map(|metadata| &metadata[PROVIDER]);
            let field = |name: &str| {
                metadata
                    .map(|metadata| text(metadata.get("data").unwrap_or(metadata).get(name).unwrap_or(&Value::Null)))
                    .filter(|value| !value.is_empty())
            };
            match (field("signature"), field("redacted_data")) {
                (Some(signature), _) => json!({"type": "thinking", "thinking": thought, "signature": signature}),
                (None, Some(data)) => json!({"type": "redacted_thinking", "data": data}),
                // A thought that the provider cannot check is refused.
                (None, None) => return None,
            }
        }
        PromptPart::File { name, media_type, data } => file(name, media_type, data)?,
        PromptPart::ToolCall(call) if role == PromptRole::Assistant && !call.provider_executed => {
            let input: Value = serde_json::from_str(&call.input).unwrap_or_else(|_| json!({}));
            json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
        }
        PromptPart::ToolResult(result) if !result.provider_executed => tool_result(result),
        PromptPart::ToolCall(_) | PromptPart::ToolResult(_) => return None,
    })
}

fn file(name: &str, media_type: &str, data: &[u8]) -> Option<Value> {
    let base = crate::mime::base(media_type);
    let source = json!({"type": "base64", "media_type": base, "data": STANDARD.encode(data)});
    if base.starts_with("image/") {
        return Some(json!({"type": "image", "source": source}));
    }
    let mut document = if base == "application/pdf" {
        json!({"type": "document", "source": source})
    } else if base.starts_with("text/") {
        let text = String::from_utf8_lossy(data);
        json!({"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}})
    } else {
        return None;
    };
    if !name.is_empty() {
        document["title"] = json!(name);
    }
    Some(document)
}

fn tool_result(result: &ToolResult) -> Value {
    let content = match &result.output {
        ToolOutput::Text(text) | ToolOutput::Error(text) => vec![json!({"type": "text", "text": text})],
        ToolOutput::Media { data, media_type, text } => {
            let source = json!({"type": "base64", "media_type": media_type, "data": data});
            let mut content = vec![json!({"type": "image", "source": source})];
            if !text.is_empty() {
                content.push(json!({"type": "text", "text": text}));
            }
            content
        }
    };
    let is_error = matches!(result.output, ToolOutput::Error(_));
    json!({"type": "tool_result", "tool_use_id": result.id, "content": content, "is_error": is_error})
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "pause_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Unknown,
    }
}

/// Takes over what is told; counts that are not told again stay.
fn count(usage: &mut Usage, told: &Value) {
    let fields = [
        (&mut usage.input_tokens, "input_tokens"),
        (&mut usage.output_tokens, "output_tokens"),
        (&mut usage.cache_creation_tokens, "cache_creation_input_tokens"),
        (&mut usage.cache_read_tokens, "cache_read_input_tokens"),
    ];
    for (count, name) in fields {
        if let Some(told) = told[name].as_i64() {
            *count = told.max(0);
        }
    }
    usage.total_tokens = usage.input_tokens.saturating_add(usage.output_tokens);
}

/// What was told of an answer that comes in events.
#[derive(Debug, Default)]
pub(super) struct State {
    blocks: BTreeMap<i64, Block>,
    usage: Usage,
    reason: FinishReason,
}

#[derive(Debug)]
enum Block {
    Text,
    Thinking { signature: String },
    Tool { id: String, name: String, input: String },
    Other,
}

impl Decoder for State {
    fn take(&mut self, event: &Value, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        let index = event["index"].as_i64().unwrap_or(0);
        match text(&event["type"]) {
            "message_start" => count(&mut self.usage, &event["message"]["usage"]),
            "content_block_start" => self.start(index, &event["content_block"], ready),
            "content_block_delta" => self.delta(index, &event["delta"], ready),
            "content_block_stop" => self.stop(index, ready),
            "message_delta" => {
                count(&mut self.usage, &event["usage"]);
                if let Some(reason) = event["delta"]["stop_reason"].as_str() {
                    self.reason = finish_reason(reason);
                }
            }
            "message_stop" => {
                let finish = Finish { reason: self.reason, usage: self.usage, ..Finish::default() };
                ready.push_back(ModelEvent::Finish(finish));
            }
            "error" => return Err(ModelError::new(format!("received error while streaming: {}", event["error"]))),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, broken: Option<ModelError>, _ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        let early = || ModelError::new("anthropic stream closed before message_stop: unexpected EOF");
        Err(broken.unwrap_or_else(early))
    }
}

impl State {
    fn start(&mut self, index: i64, block: &Value, ready: &mut VecDeque<ModelEvent>) {
        let id = index.to_string();
        let opened = match text(&block["type"]) {
            "text" => {
                ready.push_back(ModelEvent::TextStart { id });
                Block::Text
            }
            "thinking" => {
                ready.push_back(ModelEvent::ReasoningStart { id, metadata: None });
                Block::Thinking { signature: String::new() }
            }
            "redacted_thinking" => {
                let metadata = Some(json!({PROVIDER: {"redacted_data": block["data"]}}));
                ready.push_back(ModelEvent::ReasoningStart { id, metadata });
                Block::Thinking { signature: String::new() }
            }
            "tool_use" => {
                let (id, name) = (text(&block["id"]).to_owned(), text(&block["name"]).to_owned());
                ready.push_back(ModelEvent::ToolInputStart {
                    id: id.clone(),
                    name: name.clone(),
                    provider_executed: false,
                });
                Block::Tool { id, name, input: String::new() }
            }
            _ => Block::Other,
        };
        self.blocks.insert(index, opened);
    }

    fn delta(&mut self, index: i64, delta: &Value, ready: &mut VecDeque<ModelEvent>) {
        match (text(&delta["type"]), self.blocks.get_mut(&index)) {
            ("text_delta", Some(Block::Text)) => {
                let delta = text(&delta["text"]).to_owned();
                ready.push_back(ModelEvent::TextDelta { id: index.to_string(), delta });
            }
            ("thinking_delta", Some(Block::Thinking { .. })) => {
                let delta = text(&delta["thinking"]).to_owned();
                ready.push_back(ModelEvent::ReasoningDelta { id: index.to_string(), delta, metadata: None });
            }
            ("signature_delta", Some(Block::Thinking { signature })) => signature.push_str(text(&delta["signature"])),
            ("input_json_delta", Some(Block::Tool { id, input, .. })) => {
                let delta = text(&delta["partial_json"]);
                if !delta.is_empty() {
                    input.push_str(delta);
                    ready.push_back(ModelEvent::ToolInputDelta { id: id.clone(), delta: delta.to_owned() });
                }
            }
            _ => {}
        }
    }

    fn stop(&mut self, index: i64, ready: &mut VecDeque<ModelEvent>) {
        match self.blocks.remove(&index) {
            Some(Block::Text) => ready.push_back(ModelEvent::TextEnd { id: index.to_string() }),
            Some(Block::Thinking { signature }) => {
                let metadata = (!signature.is_empty()).then(|| json!({PROVIDER: {"signature": signature}}));
                ready.push_back(ModelEvent::ReasoningEnd { id: index.to_string(), metadata });
            }
            Some(Block::Tool { id, name, input }) => {
                let input = if input.is_empty() { "{}".to_owned() } else { input };
                ready.push_back(ModelEvent::ToolCall(ToolCall { id, name, input, ..ToolCall::default() }));
            }
            Some(Block::Other) | None => {}
        }
    }
}
