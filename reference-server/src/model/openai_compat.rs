//! Providers that speak OpenAI's Chat Completions.

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

const PATH: &str = "chat/completions";

/// A model behind Chat Completions.
#[derive(Debug)]
pub(crate) struct ChatCompletions {
    provider: String,
    model: String,
    endpoint: Endpoint,
}

impl ChatCompletions {
    pub(crate) fn new(provider: &str, model: &str, endpoint: Endpoint) -> Self {
        Self { provider: provider.to_owned(), model: model.to_owned(), endpoint }
    }
}

#[async_trait]
impl ChatModel for ChatCompletions {
    fn provider(&self) -> &str {
        &self.provider
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let mut body = request(&self.provider, &self.model, &call);
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let response = self.endpoint.post(PATH, &body, &call.headers).await?;
        Ok(decode(events(response), State::default()))
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let body = request(&self.provider, &self.model, &call);
        let answer = self.endpoint.post_json(PATH, &body, &call.headers).await?;
        let choice = &answer["choices"][0];
        if !choice.is_object() {
            return Err(ModelError::new("no response generated"));
        }
        let message = &choice["message"];
        let tool_calls: Vec<ToolCall> = array(&message["tool_calls"])
            .map(|call| ToolCall {
                id: text(&call["id"]).to_owned(),
                name: text(&call["function"]["name"]).to_owned(),
                input: text(&call["function"]["arguments"]).to_owned(),
                ..ToolCall::default()
            })
            .collect();
        let reason =
            if tool_calls.is_empty() { finish_reason(text(&choice["finish_reason"])) } else { FinishReason::ToolCalls };
        let finish = Finish { reason, usage: usage(&answer["usage"]), ..Finish::default() };
        Ok(ModelAnswer { text: text(&message["content"]).to_owned(), tool_calls, finish })
    }
}

/// The body of a request, without what only streams have.
fn request(provider: &str, model: &str, call: &ModelCall) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("messages".to_owned(), Value::Array(messages(&call.prompt)));
    let options = &call.options;
    let reasons = provider == "openai" && is_reasoning_model(model);
    let limit = if reasons { "max_completion_tokens" } else { "max_tokens" };
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set(limit, options.max_output_tokens.map(|value| json!(value)));
    if !reasons {
        set("temperature", options.temperature.map(|value| json!(value)));
        set("top_p", options.top_p.map(|value| json!(value)));
        set("frequency_penalty", options.frequency_penalty.map(|value| json!(value)));
        set("presence_penalty", options.presence_penalty.map(|value| json!(value)));
    }
    let tools: Vec<Value> = call
        .tools
        .iter()
        .map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.input_schema, "strict": false,
            }})
        })
        .collect();
    let choice = match &call.tool_choice {
        _ if tools.is_empty() => None,
        ToolChoice::Auto => None,
        ToolChoice::None => Some(json!("none")),
        // Some providers refuse the form that names the only tool there is.
        ToolChoice::Required => Some(json!("required")),
        ToolChoice::Tool(_) if tools.len() == 1 => Some(json!("required")),
        ToolChoice::Tool(name) => Some(json!({"type": "function", "function": {"name": name}})),
    };
    set("tools", Some(tools).filter(|tools| !tools.is_empty()).map(Value::Array));
    set("tool_choice", choice);
    provider_options(&mut body, provider, call.provider_options.as_ref());
    Value::Object(body)
}

/// Adds what the model's configuration sets for this provider.
fn provider_options(body: &mut Map<String, Value>, provider: &str, options: Option<&Value>) {
    let key = if provider == "openai-compat" { "openaicompat" } else { provider };
    let Some(Value::Object(options)) = options.and_then(|options| options.get(key)) else { return };
    let plain: &[&str] = match provider {
        "openai" => &[
            "logit_bias",
            "log_probs",
            "top_log_probs",
            "parallel_tool_calls",
            "prediction",
            "metadata",
            "store",
            "max_completion_tokens",
        ],
        "openrouter" => &["logit_bias", "log_probs", "parallel_tool_calls", "provider"],
        "vercel" => &["logit_bias", "log_probs", "top_log_probs", "parallel_tool_calls"],
        _ => &[],
    };
    for name in plain {
        if let Some(value) = options.get(*name).filter(|value| !value.is_null()) {
            let name = match *name {
                "log_probs" => "logprobs",
                "top_log_probs" => "top_logprobs",
                name => name,
            };
            body.insert(name.to_owned(), value.clone());
        }
    }
    for name in ["user", "prompt_cache_key", "safety_identifier", "service_tier"] {
        if let Some(value) = options.get(name).and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty())
        {
            body.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(effort) =
        super::names::reasoning_effort("openai", options.get("reasoning_effort").and_then(Value::as_str))
    {
        body.insert("reasoning_effort".to_owned(), json!(effort));
    }
    if let Some(Value::Object(reasoning)) = options.get("reasoning") {
        let mut reasoning = reasoning.clone();
        match super::names::reasoning_effort(provider, reasoning.get("effort").and_then(Value::as_str)) {
            Some(effort) => reasoning.insert("effort".to_owned(), json!(effort)),
            None => reasoning.remove("effort"),
        };
        body.insert("reasoning".to_owned(), Value::Object(reasoning));
    }
    if let Some(Value::Object(extra)) = options.get("extra_body") {
        for (name, value) in extra {
            // What makes the answer readable for us is not for a configuration to change.
            if !matches!(name.as_str(), "stream" | "stream_options" | "messages" | "model") {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

fn is_reasoning_model(model: &str) -> bool {
    model.starts_with('o') || model.starts_with("gpt-5")
}

/// The prompt as the wire has it. Media that tools gave follow their results as a message of the user, since results
/// can only be text.
fn messages(prompt: &[PromptMessage]) -> Vec<Value> {
    let mut messages = Vec::with_capacity(prompt.len());
    let mut media: Vec<Value> = Vec::new();
    for message in prompt {
        if message.role != PromptRole::Tool && !media.is_empty() {
            messages.push(json!({"role": "user", "content": std::mem::take(&mut media)}));
        }
        match message.role {
            PromptRole::System => {
                let text = message.joined_text();
                if !text.trim().is_empty() {
                    messages.push(json!({"role": "system", "content": text}));
                }
            }
            PromptRole::User => messages.extend(user_message(message)),
            PromptRole::Assistant => messages.push(assistant_message(message)),
            PromptRole::Tool => {
                for part in &message.content {
                    if let PromptPart::ToolResult(result) = part {
                        messages.push(tool_message(result, &mut media));
                    }
                }
            }
        }
    }
    if !media.is_empty() {
        messages.push(json!({"role": "user", "content": media}));
    }
    messages
}

fn user_message(message: &PromptMessage) -> Option<Value> {
    if let [PromptPart::Text { text }] = message.content.as_slice() {
        return Some(json!({"role": "user", "content": text}));
    }
    let mut content = Vec::with_capacity(message.content.len());
    for part in &message.content {
        match part {
            PromptPart::Text { text } => content.push(json!({"type": "text", "text": text})),
            PromptPart::File { name, media_type, data } => {
                let index = content.len();
                content.extend(file_part(name, media_type, &STANDARD.encode(data), index));
            }
            _ => {}
        }
    }
    (!content.is_empty()).then(|| json!({"role": "user", "content": content}))
}

fn file_part(name: &str, media_type: &str, data: &str, index: usize) -> Option<Value> {
    Some(match media_type.split(';').next().unwrap_or_default().trim() {
        image if image.starts_with("image/") => {
            json!({"type": "image_url", "image_url": {"url": format!("data:{media_type};base64,{data}")}})
        }
        text if text.starts_with("text/") => json!({"type": "file", "file": {"file_data": data}}),
        "audio/wav" => json!({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}),
        "audio/mpeg" | "audio/mp3" => json!({"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}}),
        "application/pdf" => {
            let name = if name.is_empty() { format!("part-{index}.pdf") } else { name.to_owned() };
            json!({"type": "file", "file": {
                "filename": name, "file_data": format!("data:application/pdf;base64,{data}"),
            }})
        }
        _ => return None,
    })
}

fn assistant_message(message: &PromptMessage) -> Value {
    let mut body = json!({"role": "assistant"});
    let mut texts = String::new();
    let mut reasoning = String::new();
    let mut calls = Vec::new();
    for part in &message.content {
        match part {
            PromptPart::Text { text } => texts.push_str(text),
            PromptPart::Reasoning { text, .. } => reasoning.push_str(text),
            PromptPart::ToolCall(call) if !call.provider_executed => calls.push(json!({
                "id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.input},
            })),
            _ => {}
        }
    }
    if !texts.is_empty() {
        body["content"] = json!(texts);
    }
    if !reasoning.is_empty() {
        body["reasoning_content"] = json!(reasoning);
    }
    if !calls.is_empty() {
        body["tool_calls"] = Value::Array(calls);
    }
    body
}

fn tool_message(result: &ToolResult, media: &mut Vec<Value>) -> Value {
    let content = match &result.output {
        ToolOutput::Text(text) | ToolOutput::Error(text) => text.clone(),
        ToolOutput::Media { data, media_type, text } => {
            let index = media.len();
            media.extend(file_part("", media_type, data, index));
            if text.is_empty() { format!("[{media_type} follows]") } else { text.clone() }
        }
    };
    json!({"role": "tool", "tool_call_id": result.id, "content": content})
}

fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "content_filter" => FinishReason::ContentFilter,
        "function_call" | "tool_calls" => FinishReason::ToolCalls,
        _ => FinishReason::Unknown,
    }
}

/// Tokens read from a cache are told apart from the rest of the prompt.
fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_i64().unwrap_or(0).max(0);
    let cached = count(&usage["prompt_tokens_details"]["cached_tokens"]);
    Usage {
        input_tokens: (count(&usage["prompt_tokens"]) - cached).max(0),
        output_tokens: count(&usage["completion_tokens"]),
        total_tokens: count(&usage["total_tokens"]),
        reasoning_tokens: count(&usage["completion_tokens_details"]["reasoning_tokens"]),
        cache_read_tokens: cached,
        cache_creation_tokens: 0,
    }
}

/// What has come of an answer.
#[derive(Debug, Default)]
struct State {
    text_open: bool,
    reasoning: Option<()>,
    calls: BTreeMap<i64, Call>,
    usage: Usage,
    reason: Option<String>,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
    done: bool,
}

impl Decoder for State {
    fn take(&mut self, chunk: &Value, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            let told = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            return Err(ModelError::new(format!("received error while streaming: {told}")));
        }
        let told = usage(&chunk["usage"]);
        if told != Usage::default() {
            self.usage = told;
        }
        for choice in array(&chunk["choices"]) {
            self.choice(choice, ready);
        }
        Ok(())
    }

    fn done(&mut self, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        self.finish(ready)
    }

    fn ended(&mut self, broken: Option<ModelError>, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        match broken {
            // Once the model said why it stopped, the connection may end as it likes.
            Some(error) if self.reason.is_none() => Err(error),
            _ => self.finish(ready),
        }
    }
}

impl State {
    fn choice(&mut self, choice: &Value, ready: &mut VecDeque<ModelEvent>) {
        let reason = text(&choice["finish_reason"]);
        if !reason.is_empty() {
            self.reason = Some(reason.to_owned());
        }
        let delta = &choice["delta"];
        let content = text(&delta["content"]);
        let calls = array(&delta["tool_calls"]);
        let thought = [&delta["reasoning_content"], &delta["reasoning"]].map(text).into_iter().find(|t| !t.is_empty());
        if let Some(thought) = thought {
            if self.reasoning.is_none() {
                self.reasoning = Some(());
                ready.push_back(ModelEvent::ReasoningStart { id: "reasoning".to_owned(), metadata: None });
            }
            ready.push_back(ModelEvent::ReasoningDelta {
                id: "reasoning".to_owned(),
                delta: thought.to_owned(),
                metadata: None,
            });
        }
        let has_calls = delta["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty());
        if (!content.is_empty() || has_calls) && self.reasoning.take().is_some() {
            ready.push_back(ModelEvent::ReasoningEnd { id: "reasoning".to_owned(), metadata: None });
        }
        if !content.is_empty() {
            if !self.text_open {
                self.text_open = true;
                ready.push_back(ModelEvent::TextStart { id: "0".to_owned() });
            }
            ready.push_back(ModelEvent::TextDelta { id: "0".to_owned(), delta: content.to_owned() });
        }
        if has_calls {
            self.end_text(ready);
        }
        for call in calls {
            self.call(call, ready);
        }
        for annotation in array(&delta["annotations"]).filter(|a| text(&a["type"]) == "url_citation") {
            let citation = &annotation["url_citation"];
            ready.push_back(ModelEvent::Source {
                id: uuid::Uuid::new_v4().to_string(),
                url: text(&citation["url"]).to_owned(),
                title: text(&citation["title"]).to_owned(),
            });
        }
    }

    fn call(&mut self, delta: &Value, ready: &mut VecDeque<ModelEvent>) {
        let index = delta["index"].as_i64().unwrap_or(0);
        let call = self.calls.entry(index).or_insert_with(|| {
            let id = match text(&delta["id"]) {
                "" => format!("call_{}", uuid::Uuid::new_v4().simple()),
                id => id.to_owned(),
            };
            let name = text(&delta["function"]["name"]).to_owned();
            ready.push_back(ModelEvent::ToolInputStart {
                id: id.clone(),
                name: name.clone(),
                provider_executed: false,
            });
            Call { id, name, ..Call::default() }
        });
        let arguments = text(&delta["function"]["arguments"]);
        if call.done || arguments.is_empty() {
            return;
        }
        call.arguments.push_str(arguments);
        ready.push_back(ModelEvent::ToolInputDelta { id: call.id.clone(), delta: arguments.to_owned() });
        if serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_ok() {
            call.end(ready);
        }
    }

    fn end_text(&mut self, ready: &mut VecDeque<ModelEvent>) {
        if std::mem::take(&mut self.text_open) {
            ready.push_back(ModelEvent::TextEnd { id: "0".to_owned() });
        }
    }

    /// Ends the answer; one that broke off before the model said why it stopped is an error.
    fn finish(&mut self, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        let Some(reason) = self.reason.take() else { return Err(ModelError::ended_early()) };
        self.end_text(ready);
        for call in self.calls.values_mut().filter(|call| !call.done) {
            if call.arguments.is_empty() {
                "{}".clone_into(&mut call.arguments);
            }
            call.end(ready);
        }
        let reason = if self.calls.is_empty() { finish_reason(&reason) } else { FinishReason::ToolCalls };
        ready.push_back(ModelEvent::Finish(Finish { reason, usage: self.usage, ..Finish::default() }));
        Ok(())
    }
}

impl Call {
    fn end(&mut self, ready: &mut VecDeque<ModelEvent>) {
        self.done = true;
        ready.push_back(ModelEvent::ToolCall(ToolCall {
            id: self.id.clone(),
            name: self.name.clone(),
            input: self.arguments.clone(),
            ..ToolCall::default()
        }));
    }
}
