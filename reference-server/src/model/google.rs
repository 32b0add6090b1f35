//! Google's Gemini.
//!
//! A signature proves a thought to the provider and must come back with what followed the thought. It arrives at the
//! text or call after the thought; in the history it is kept with the thought.

use std::collections::{HashMap, VecDeque};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{Decoder, array, decode, text};
use super::http::{Endpoint, events_or_error};
use super::{
    ChatModel, Finish, FinishReason, ModelAnswer, ModelCall, ModelError, ModelEvent, ModelStream, PromptMessage,
    PromptPart, PromptRole, ToolCall, ToolChoice, ToolDefinition, ToolOutput, ToolResult, Usage,
};

pub(crate) const PROVIDER: &str = "google";
/// Fewest tokens that a model may be given for thoughts.
const MIN_THINKING_BUDGET: i64 = 128;

/// A model behind Gemini's `generateContent`.
#[derive(Debug)]
pub(crate) struct Gemini {
    model: String,
    endpoint: Endpoint,
}

impl Gemini {
    /// # Errors
    /// When the name cannot stand in a path.
    pub(crate) fn new(model: &str, endpoint: Endpoint) -> Result<Self, String> {
        if model.contains(['?', '&', '#']) || model.contains("..") {
            return Err(format!("load {PROVIDER} model: invalid model parameter"));
        }
        Ok(Self { model: model.to_owned(), endpoint })
    }

    fn path(&self, method: &str) -> String {
        let kind =
            if self.model.starts_with("models/") || self.model.starts_with("tunedModels/") { "" } else { "models/" };
        format!("v1beta/{kind}{}:{method}", self.model)
    }
}

#[async_trait]
impl ChatModel for Gemini {
    fn provider(&self) -> &str {
        PROVIDER
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let path = self.path("streamGenerateContent?alt=sse");
        let response = self.endpoint.post(&path, &request(&self.model, &call)?, &call.headers).await?;
        Ok(decode(events_or_error(response), State::default()))
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let path = self.path("generateContent");
        let answer = self.endpoint.post_json(&path, &request(&self.model, &call)?, &call.headers).await?;
        let candidate = &answer["candidates"][0];
        if !candidate["content"].is_object() {
            return Err(ModelError::new("no response from model"));
        }
        let mut result = ModelAnswer::default();
        for part in array(&candidate["content"]["parts"]) {
            let said = text(&part["text"]);
            if part["functionCall"].is_object() {
                result.tool_calls.push(tool_call(&part["functionCall"]));
            } else if part["thought"] != true {
                result.text.push_str(said);
            }
        }
        let reason = finish_reason(text(&candidate["finishReason"]), !result.tool_calls.is_empty());
        result.finish = Finish { reason, usage: usage(&answer["usageMetadata"]), ..Finish::default() };
        Ok(result)
    }
}

fn request(model: &str, call: &ModelCall) -> Result<Value, ModelError> {
    let options = call.provider_options.as_ref().map(|options| &options[PROVIDER]);
    let option = |name: &str| options.map(|options| &options[name]).filter(|value| !value.is_null());
    let (mut system, mut contents) = prompt(&call.prompt);
    if contents.is_empty() {
        return Err(ModelError::new("no messages to send"));
    }
    // These models know no instructions: they are told before what the user says first.
    if model.to_lowercase().starts_with("gemma-")
        && !system.is_empty()
        && contents[0]["role"] == "user"
        && let Some(parts) = contents[0]["parts"].as_array_mut()
    {
        parts.insert(0, json!({"text": format!("{system}\n\n")}));
        system.clear();
    }
    let mut body = Map::new();
    body.insert("contents".to_owned(), Value::Array(contents));
    if !system.is_empty() {
        body.insert("systemInstruction".to_owned(), json!({"role": "user", "parts": [{"text": system}]}));
    }
    body.insert("generationConfig".to_owned(), Value::Object(generation_config(call, option("thinking_config"))));
    if let Some(settings) = option("safety_settings") {
        let trimmed = |value: &Value| text(value).trim().to_owned();
        let settings: Vec<Value> = array(settings)
            .map(|setting| {
                json!({"category": trimmed(&setting["category"]), "threshold": trimmed(&setting["threshold"])})
            })
            .collect();
        body.insert("safetySettings".to_owned(), Value::Array(settings));
    }
    if let Some(cached) = option("cached_content").map(|cached| text(cached).trim()).filter(|name| !name.is_empty()) {
        body.insert("cachedContent".to_owned(), json!(cached));
    }
    if !call.tools.is_empty() {
        let declarations: Vec<Value> = call.tools.iter().map(declaration).collect();
        let choice = match &call.tool_choice {
            ToolChoice::Auto => json!({"mode": "AUTO"}),
            ToolChoice::None => json!({"mode": "NONE"}),
            ToolChoice::Required => json!({"mode": "ANY"}),
            ToolChoice::Tool(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
        };
        body.insert("tools".to_owned(), json!([{"functionDeclarations": declarations}]));
        body.insert("toolConfig".to_owned(), json!({"functionCallingConfig": choice}));
    }
    Ok(Value::Object(body))
}

fn generation_config(call: &ModelCall, thinking: Option<&Value>) -> Map<String, Value> {
    let options = &call.options;
    let numbers = [
        ("maxOutputTokens", options.max_output_tokens.map(|value| json!(value))),
        ("temperature", options.temperature.map(|value| json!(value))),
        ("topK", options.top_k.map(|value| json!(value))),
        ("topP", options.top_p.map(|value| json!(value))),
        ("frequencyPenalty", options.frequency_penalty.map(|value| json!(value))),
        ("presencePenalty", options.presence_penalty.map(|value| json!(value))),
    ];
    let mut config: Map<String, Value> =
        numbers.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    if let Some(thinking) = thinking {
        let mut told = Map::new();
        if let Some(shown) = thinking["include_thoughts"].as_bool() {
            told.insert("includeThoughts".to_owned(), json!(shown));
        }
        if let Some(budget) = thinking["thinking_budget"].as_i64() {
            told.insert("thinkingBudget".to_owned(), json!(budget.max(MIN_THINKING_BUDGET)));
        }
        config.insert("thinkingConfig".to_owned(), Value::Object(told));
    }
    config
}

/// A tool in the form of the provider, which knows a part of JSON Schema and names types in capitals.
fn declaration(tool: &ToolDefinition) -> Value {
    let mut parameters = schema(&tool.input_schema);
    parameters["type"] = json!("OBJECT");
    if let Some(properties) = properties(&tool.input_schema) {
        parameters["properties"] = properties;
    }
    json!({"name": tool.name, "description": tool.description, "parameters": parameters})
}

fn schema(given: &Value) -> Value {
    let kind = match given["type"].as_str() {
        Some("number") => "NUMBER",
        Some("integer") => "INTEGER",
        Some("boolean") => "BOOLEAN",
        Some("array") => "ARRAY",
        Some("object") => "OBJECT",
        _ => "STRING",
    };
    let mut result = json!({"type": kind});
    if let Some(description) = given["description"].as_str() {
        result["description"] = json!(description);
    }
    match kind {
        "ARRAY" if given["items"].is_object() => result["items"] = schema(&given["items"]),
        "OBJECT" => {
            if let Some(properties) = properties(given) {
                result["properties"] = properties;
            }
        }
        "STRING" if given["enum"].is_array() => result["enum"] = given["enum"].clone(),
        _ => {}
    }
    if kind == "OBJECT" && array(&given["required"]).next().is_some() {
        result["required"] = given["required"].clone();
    }
    result
}

/// The properties of an object; none rather than an empty object, which the provider refuses.
fn properties(given: &Value) -> Option<Value> {
    let properties = given["properties"].as_object().filter(|properties| !properties.is_empty())?;
    Some(Value::Object(properties.iter().map(|(name, given)| (name.clone(), schema(given))).collect()))
}

/// The system texts, joined, and the contents.
fn prompt(prompt: &[PromptMessage]) -> (String, Vec<Value>) {
    let names: HashMap<&str, &str> = prompt
        .iter()
        .flat_map(|message| &message.content)
        .filter_map(|part| match part {
            PromptPart::ToolCall(call) => Some((call.id.as_str(), call.name.as_str())),
            _ => None,
        })
        .collect();
    let mut system = Vec::new();
    let mut contents = Vec::new();
    for message in prompt {
        let (role, parts) = match message.role {
            PromptRole::System => {
                system.push(message.joined_text());
                continue;
            }
            PromptRole::User => ("user", message.content.iter().filter_map(said).collect()),
            PromptRole::Assistant => ("model", answered(&message.content)),
            PromptRole::Tool => ("user", message.content.iter().flat_map(|part| returned(part, &names)).collect()),
        };
        if !parts.is_empty() {
            contents.push(json!({"role": role, "parts": parts}));
        }
    }
    system.retain(|text| !text.is_empty());
    (system.join("\n"), contents)
}

fn said(part: &PromptPart) -> Option<Value> {
    match part {
        PromptPart::Text { text } if !text.is_empty() => Some(json!({"text": text})),
        PromptPart::File { media_type, data, .. } => Some(inline(media_type, &STANDARD.encode(data))),
        _ => None,
    }
}

fn inline(media_type: &str, data: &str) -> Value {
    json!({"inlineData": {"mimeType": media_type, "data": data}})
}

fn answered(content: &[PromptPart]) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut signature: Option<String> = None;
    for part in content {
        let mut told = match part {
            PromptPart::Reasoning { metadata, .. } => {
                signature = metadata.as_ref().and_then(signature_of).or(signature);
                continue;
            }
            PromptPart::Text { text } if !text.is_empty() => json!({"text": text}),
            PromptPart::ToolCall(call) if !call.provider_executed => {
                let Ok(Value::Object(args)) = serde_json::from_str(&call.input) else { continue };
                json!({"functionCall": {"id": call.id, "name": call.name, "args": args}})
            }
            _ => continue,
        };
        if let Some(signature) = signature.take() {
            told["thoughtSignature"] = json!(signature);
        }
        parts.push(told);
    }
    parts
}

/// The signature of a thought, in base64 as the provider gave it.
fn signature_of(metadata: &Value) -> Option<String> {
    let own = metadata.get(PROVIDER)?;
    let signature = text(&own.get("data").unwrap_or(own)["signature"]);
    (!signature.is_empty()).then(|| signature.to_owned())
}

fn returned(part: &PromptPart, names: &HashMap<&str, &str>) -> Vec<Value> {
    let PromptPart::ToolResult(ToolResult { id, output, provider_executed: false, .. }) = part else {
        return Vec::new();
    };
    let told = |text: &str| {
        let name = names.get(id.as_str()).copied().unwrap_or_default();
        json!({"functionResponse": {"id": id, "name": name, "response": {"result": text}}})
    };
    match output {
        ToolOutput::Text(text) | ToolOutput::Error(text) => vec![told(text)],
        ToolOutput::Media { data, media_type, text } => {
            let words = format!("The tool returned {media_type} content; see the attached media.");
            vec![told(if text.is_empty() { &words } else { text }), inline(media_type, data)]
        }
    }
}

fn tool_call(call: &Value) -> ToolCall {
    let id = match text(&call["id"]) {
        "" => uuid::Uuid::new_v4().to_string(),
        id => id.to_owned(),
    };
    let input = if call["args"].is_object() { call["args"].to_string() } else { "{}".to_owned() };
    ToolCall { id, name: text(&call["name"]).to_owned(), input, ..ToolCall::default() }
}

fn finish_reason(reason: &str, called: bool) -> FinishReason {
    match reason {
        _ if called => FinishReason::ToolCalls,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => FinishReason::ContentFilter,
        "RECITATION" | "LANGUAGE" | "MALFORMED_FUNCTION_CALL" => FinishReason::Error,
        "OTHER" => FinishReason::Other,
        _ => FinishReason::Unknown,
    }
}

/// Tokens read from a cache are told apart from the rest of the prompt.
fn usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_i64().unwrap_or(0).max(0);
    let cached = count("cachedContentTokenCount");
    Usage {
        input_tokens: (count("promptTokenCount") - cached).max(0),
        output_tokens: count("candidatesTokenCount"),
        total_tokens: count("totalTokenCount"),
        reasoning_tokens: count("thoughtsTokenCount"),
        cache_read_tokens: cached,
        cache_creation_tokens: 0,
    }
}

/// What has come of an answer.
#[derive(Debug, Default)]
struct State {
    /// Texts and thoughts that began so far; their number is the next one's id.
    begun: usize,
    open: Option<Block>,
    called: bool,
    usage: Usage,
    reason: Option<String>,
}

#[derive(Debug)]
enum Block {
    Text(String),
    Thought(String),
}

impl Decoder for State {
    fn take(&mut self, chunk: &Value, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(ModelError::new(format!("received error while streaming: {error}")));
        }
        let candidate = &chunk["candidates"][0];
        for part in array(&candidate["content"]["parts"]) {
            self.part(part, ready);
        }
        let told = usage(&chunk["usageMetadata"]);
        if told.total_tokens != 0 {
            self.usage = told;
        }
        if let Some(reason) = candidate["finishReason"].as_str().filter(|reason| !reason.is_empty()) {
            self.reason = Some(reason.to_owned());
        }
        Ok(())
    }

    fn ended(&mut self, broken: Option<ModelError>, ready: &mut VecDeque<ModelEvent>) -> Result<(), ModelError> {
        if let Some(error) = broken.filter(|_| self.reason.is_none()) {
            return Err(error);
        }
        if self.reason.is_none() && !self.called {
            return Err(ModelError::ended_early());
        }
        self.close(None, ready);
        let reason = finish_reason(self.reason.as_deref().unwrap_or_default(), self.called);
        ready.push_back(ModelEvent::Finish(Finish { reason, usage: self.usage, ..Finish::default() }));
        Ok(())
    }
}

impl State {
    fn part(&mut self, part: &Value, ready: &mut VecDeque<ModelEvent>) {
        let said = text(&part["text"]);
        let signature = text(&part["thoughtSignature"]);
        if part["functionCall"].is_object() {
            let call = tool_call(&part["functionCall"]);
            self.sign(signature, &call.id, ready);
            self.close(None, ready);
            self.called = true;
            ready.push_back(ModelEvent::ToolInputStart {
                id: call.id.clone(),
                name: call.name.clone(),
                provider_executed: false,
            });
            ready.push_back(ModelEvent::ToolInputDelta { id: call.id.clone(), delta: call.input.clone() });
            ready.push_back(ModelEvent::ToolCall(call));
        } else if said.is_empty() {
            // What has no text and calls nothing is of a kind that came later.
        } else if part["thought"] == true {
            if !matches!(self.open, Some(Block::Thought(_))) {
                self.close(None, ready);
                let id = self.begin();
                ready.push_back(ModelEvent::ReasoningStart { id: id.clone(), metadata: None });
                self.open = Some(Block::Thought(id));
            }
            if let Some(Block::Thought(id)) = &self.open {
                let (id, delta) = (id.clone(), said.to_owned());
                ready.push_back(ModelEvent::ReasoningDelta { id, delta, metadata: None });
            }
        } else {
            self.sign(signature, "", ready);
            if !matches!(self.open, Some(Block::Text(_))) {
                self.close(None, ready);
                let id = self.begin();
                ready.push_back(ModelEvent::TextStart { id: id.clone() });
                self.open = Some(Block::Text(id));
            }
            if let Some(Block::Text(id)) = &self.open {
                ready.push_back(ModelEvent::TextDelta { id: id.clone(), delta: said.to_owned() });
            }
        }
    }

    fn begin(&mut self) -> String {
        self.begun += 1;
        (self.begun - 1).to_string()
    }

    /// Keeps a signature with the thought that it belongs to, or with an empty one where none was shown.
    fn sign(&mut self, signature: &str, call: &str, ready: &mut VecDeque<ModelEvent>) {
        if signature.is_empty() {
            return;
        }
        let metadata = json!({PROVIDER: {
            "type": "google.reasoning_metadata",
            "data": {"signature": signature, "tool_id": call},
        }});
        if matches!(self.open, Some(Block::Thought(_))) {
            self.close(Some(metadata), ready);
        } else {
            self.close(None, ready);
            let id = self.begin();
            ready.push_back(ModelEvent::ReasoningStart { id: id.clone(), metadata: None });
            ready.push_back(ModelEvent::ReasoningEnd { id, metadata: Some(metadata) });
        }
    }

    fn close(&mut self, metadata: Option<Value>, ready: &mut VecDeque<ModelEvent>) {
        match self.open.take() {
            Some(Block::Text(id)) => ready.push_back(ModelEvent::TextEnd { id }),
            Some(Block::Thought(id)) => ready.push_back(ModelEvent::ReasoningEnd { id, metadata }),
            None => {}
        }
    }
}
