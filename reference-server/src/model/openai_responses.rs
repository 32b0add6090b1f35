//! OpenAI's Responses.
//!
//! The whole history is sent each time. Answers are stored at the provider unless the configuration says otherwise;
//! thoughts are then left out of the history, since the provider refuses those that it did not just give.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{Decoder, array, decode, text};
use super::http::{Endpoint, events};
use super::{
    ChatModel, Finish, FinishReason, ModelAnswer, ModelCall, ModelError, ModelEvent, ModelStream, PromptMessage,
    PromptPart, PromptRole, ToolCall, ToolChoice, ToolOutput, Usage,
};

const PATH: &str = "responses";
const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";

/// A model behind Responses.
#[derive(Debug)]
pub(crate) struct Responses {
    provider: String,
    model: String,
    endpoint: Endpoint,
}

impl Responses {
    pub(crate) fn new(provider: &str, model: &str, endpoint: Endpoint) -> Self {
        Self { provider: provider.to_owned(), model: model.to_owned(), endpoint }
    }
}

#[async_trait]
impl ChatModel for Responses {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let mut body = request(&self.model, &call);
        body["stream"] = json!(true);
        let stored = body["store"] == true;
        let response = self.endpoint.post(PATH, &body, &call.headers).await?;
        let state = State { stored, ..State::default() };
        Ok(decode(events(response), state))
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let answer = self.endpoint.post_json(PATH, &request(&self.model, &call), &call.headers).await?;
        let mut result = ModelAnswer::default();
        for item in array(&answer["output"]) {
            match text(&item["type"]) {
                "message" => {
                    array(&item["content"]).for_each(|part| result.text.push_str(text(&part["text"])));
                }
                "function_call" => result.tool_calls.push(call_of(item)),
                _ => {}
            }
        }
        result.finish = Finish {
            reason: finish_reason(&answer, !result.tool_calls.is_empty()),
            usage: usage(&answer["usage"]),
            ..Finish::default()
        };
        Ok(result)
    }
}

fn call_of(item: &Value) -> ToolCall {
    let input = text(&item["arguments"]);
    ToolCall {
        id: text(&item["call_id"]).to_owned(),
        name: text(&item["name"]).to_owned(),
        input: if input.is_empty() { "{}" } else { input }.to_owned(),
        ..ToolCall::default()
    }
}

fn request(model: &str, call: &ModelCall) -> Value {
    let options = call.provider_options.as_ref().map(|options| &options["openai"]);
    let option = |name: &str| options.map(|options| &options[name]).filter(|value| !value.is_null());
    let stored = option("store").and_then(Value::as_bool).unwrap_or(true);
    let mut body = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("model", Some(json!(model)));
    set("input", Some(Value::Array(input(&call.prompt, stored))));
    set("store", Some(json!(stored)));
    set("max_output_tokens", call.options.max_output_tokens.map(|value| json!(value)));
    let reasons = super::names::is_reasoning_model(model) || model.starts_with("gpt-5");
    if !reasons {
        set("temperature", call.options.temperature.map(|value| json!(value)));
        set("top_p", call.options.top_p.map(|value| json!(value)));
    }
    let mut include: Vec<Value> = option("include").and_then(Value::as_array).cloned().unwrap_or_default();
    if reasons && !include.contains(&json!(ENCRYPTED_REASONING)) {
        include.push(json!(ENCRYPTED_REASONING));
    }
    set("include", Some(include).filter(|include| !include.is_empty()).map(Value::Array));
    for name in ["instructions", "user", "prompt_cache_key", "safety_identifier", "service_tier"] {
        let value = option(name).and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty());
        set(name, value.map(|value| json!(value)));
    }
    for name in ["metadata", "max_tool_calls", "parallel_tool_calls"] {
        set(name, option(name).cloned());
    }
    let mut reasoning = Map::new();
    if let Some(effort) = super::names::reasoning_effort("openai", option("reasoning_effort").and_then(Value::as_str)) {
        reasoning.insert("effort".to_owned(), json!(effort));
    }
    if let Some(summary) = option("reasoning_summary").and_then(Value::as_str).filter(|summary| !summary.is_empty()) {
        reasoning.insert("summary".to_owned(), json!(summary));
    }
    set("reasoning", Some(reasoning).filter(|reasoning| reasons && !reasoning.is_empty()).map(Value::Object));
    let tools: Vec<Value> = call
        .tools
        .iter()
        .map(|tool| {
            json!({
                "type": "function", "name": tool.name, "description": tool.description,
                "parameters": tool.input_schema, "strict": false,
            })
        })
        .collect();
    let choice = match &call.tool_choice {
        _ if tools.is_empty() => None,
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!("none")),
        ToolChoice::Required => Some(json!("required")),
        ToolChoice::Tool(name) => Some(json!({"type": "function", "name": name})),
    };
    set("tools", Some(tools).filter(|tools| !tools.is_empty()).map(Value::Array));
    set("tool_choice", choice);
    set("previous_response_id", call.previous_response_id.as_ref().map(|id| json!(id)));
    Value::Object(body)
}

/// The prompt as items.
fn input(prompt: &[PromptMessage], stored: bool) -> Vec<Value> {
    let mut items = Vec::with_capacity(prompt.len());
    for message in prompt {
        match message.role {
            PromptRole::System => items.push(json!({"role": "system", "content": message.joined_text()})),
            PromptRole::User => {
                let content: Vec<Value> = message.content.iter().filter_map(user_part).collect();
                if !content.is_empty() {
                    items.push(json!({"role": "user", "content": content}));
                }
            }
            PromptRole::Assistant => items.extend(message.content.iter().filter_map(|part| match part {
                PromptPart::Text { text } => {
                    Some(json!({"role": "assistant", "content": [{"type": "output_text", "text": text}]}))
                }
                PromptPart::ToolCall(call) if !call.provider_executed => Some(json!({
                    "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.input,
                })),
                PromptPart::Reasoning { text, metadata } if !stored => reasoning_item(text, metadata.as_ref()),
                _ => None,
            })),
            PromptRole::Tool => {
                for part in &message.content {
                    if let PromptPart::ToolResult(result) = part
                        && !result.provider_executed
                    {
                        let output = match &result.output {
                            ToolOutput::Text(text) | ToolOutput::Error(text) => json!(text),
                            ToolOutput::Media { data, media_type, text } => json!([
                                {"type": "input_text", "text": text},
                                {"type": "input_image", "image_url": format!("data:{media_type};base64,{data}")},
                            ]),
                        };
                        items.push(json!({"type": "function_call_output", "call_id": result.id, "output": output}));
                    }
                }
            }
        }
    }
    items
}

fn user_part(part: &PromptPart) -> Option<Value> {
    match part {
        PromptPart::Text { text } => Some(json!({"type": "input_text", "text": text})),
        PromptPart::File { name, media_type, data } => {
            let url = format!("data:{media_type};base64,{}", STANDARD.encode(data));
            let base = crate::mime::base(media_type);
            if base.starts_with("image/") {
                Some(json!({"type": "input_image", "image_url": url}))
            } else if base == "application/pdf" {
                let name = if name.is_empty() { "part.pdf" } else { name };
                Some(json!({"type": "input_file", "filename": name, "file_data": url}))
            } else {
                None
            }
        }
        _ => None,
    }
}

/// A thought that the provider gave in a form that it can read again; others are left out.
fn reasoning_item(thought: &str, metadata: Option<&Value>) -> Option<Value> {
    let kept = &metadata?["openai"];
    let id = kept["item_id"].as_str()?;
    let encrypted = kept["encrypted_content"].as_str()?;
    let summary = if thought.is_empty() { json!([]) } else { json!([{"type": "summary_text", "text": thought}]) };
    Some(json!({"type": "reasoning", "id": id, "encrypted_content": encrypted, "summary": summary}))
}

fn finish_reason(response: &Value, called: bool) -> FinishReason {
    match text(&response["incomplete_details"]["reason"]) {
        "max_output_tokens" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        _ if called => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}

fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_i64().unwrap_or(0).max(0);
    let cached = count(&usage["input_tokens_details"]["cached_tokens"]);
    Usage {
        input_tokens: (count(&usage["input_tokens"]) - cached).max(0),
        output_tokens: count(&usage["output_tokens"]),
        total_tokens: count(&usage["total_tokens"]),
        reasoning_tokens: count(&usage["output_tokens_details"]["reasoning_tokens"]),
        cache_read_tokens: cached,
        cache_creation_tokens: 0,
    }
}

#[derive(Debug, Default)]
struct State {
    stored: bool,
    /// Calls under way by their place in the output.
    calls: BTreeMap<i64, ToolCall>,
    called: bool,
}

impl Decoder for State {
    fn take(&mut self, event: &Value, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        let index = event["output_index"].as_i64().unwrap_or(0);
        let item = &event["item"];
        let delta = text(&event["delta"]).to_owned();
        match text(&event["type"]) {
            "response.output_item.added" => self.begin(index, item, ready),
            "response.output_text.delta" => {
                ready.push_back(ModelEvent::TextDelta { id: text(&event["item_id"]).to_owned(), delta });
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                let id = text(&event["item_id"]).to_owned();
                ready.push_back(ModelEvent::ReasoningDelta { id, delta, metadata: None });
            }
            "response.reasoning_summary_part.added" if event["summary_index"].as_i64().unwrap_or(0) > 0 => {
                let id = text(&event["item_id"]).to_owned();
                ready.push_back(ModelEvent::ReasoningDelta { id, delta: "\n".to_owned(), metadata: None });
            }
            "response.function_call_arguments.delta" => {
                if let Some(call) = self.calls.get_mut(&index).filter(|_| !delta.is_empty()) {
                    call.input.push_str(&delta);
                    ready.push_back(ModelEvent::ToolInputDelta { id: call.id.clone(), delta });
                }
            }
            "response.output_item.done" => self.end(index, item, ready),
            "response.output_text.annotation.added" if event["annotation"]["type"] == "url_citation" => {
                ready.push_back(ModelEvent::Source {
                    id: uuid::Uuid::new_v4().to_string(),
                    url: text(&event["annotation"]["url"]).to_owned(),
                    title: text(&event["annotation"]["title"]).to_owned(),
                });
            }
            "response.completed" | "response.incomplete" => {
                let response = &event["response"];
                let id = response["id"].as_str().filter(|_| self.stored).map(str::to_owned);
                ready.push_back(ModelEvent::Finish(Finish {
                    reason: finish_reason(response, self.called),
                    usage: usage(&response["usage"]),
                    response_id: id,
                    metadata: None,
                }));
            }
            "response.failed" => {
                let error = &event["response"]["error"];
                return Err(ModelError::new(format!("received error while streaming: {error}")));
            }
            "error" => return Err(ModelError::new(format!("received error while streaming: {event}"))),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, broken: Option<ModelError>, _ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        let early = || ModelError::new("openai responses stream closed before terminal event: unexpected EOF");
        Err(broken.unwrap_or_else(early))
    }
}

impl State {
    fn begin(&mut self, index: i64, item: &Value, ready: &mut VecDeque<ModelEvent>) {
        let id = text(&item["id"]).to_owned();
        match text(&item["type"]) {
            "message" => ready.push_back(ModelEvent::TextStart { id }),
            "reasoning" => ready.push_back(ModelEvent::ReasoningStart { id, metadata: None }),
            "function_call" => {
                let call = ToolCall { input: String::new(), ..call_of(item) };
                ready.push_back(ModelEvent::ToolInputStart {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    provider_executed: false,
                });
                self.calls.insert(index, call);
            }
            _ => {}
        }
    }

    fn end(&mut self, index: i64, item: &Value, ready: &mut VecDeque<ModelEvent>) {
        let id = text(&item["id"]).to_owned();
        match text(&item["type"]) {
            "message" => ready.push_back(ModelEvent::TextEnd { id }),
            "reasoning" => {
                let encrypted = item["encrypted_content"].as_str();
                let metadata =
                    encrypted.map(|encrypted| json!({"openai": {"item_id": id, "encrypted_content": encrypted}}));
                ready.push_back(ModelEvent::ReasoningEnd { id, metadata });
            }
            "function_call" => {
                self.called = true;
                self.calls.remove(&index);
                ready.push_back(ModelEvent::ToolCall(call_of(item)));
            }
            _ => {}
        }
    }
}
