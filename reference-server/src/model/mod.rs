//! Language models: what a chat turn asks of one, and what it hears back.
//!
//! [`ChatModel`] is the only face that the chat daemon sees. [`ScriptedModel`] answers in the process, without a
//! network; the other implementations speak to real providers over HTTP.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::Value;

mod answer;
mod anthropic;
mod aws;
mod bedrock;
mod google;
pub(crate) mod http;
pub(crate) mod names;
mod openai_compat;
mod openai_responses;
pub(crate) mod resolve;
mod scripted;

pub use scripted::{ScriptedAnswer, ScriptedModel, ScriptedRequest};

/// Events of one answer, in order. The stream ends after [`ModelEvent::Finish`] or after an error.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// A language model that chats can be answered by.
#[async_trait]
pub trait ChatModel: Debug + Send + Sync + 'static {
    /// The provider in normal form, as error texts and metrics name it: `openai-compat`, `anthropic`, …
    fn provider(&self) -> &str;

    /// The model's name, as the provider knows it.
    fn model(&self) -> &str;

    /// Asks for an answer and gives it as it comes. Dropping the stream ends the request.
    ///
    /// # Errors
    /// When the provider refuses the request or cannot be reached.
    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError>;

    /// Asks for an answer as a whole.
    ///
    /// # Errors
    /// Those of [`ChatModel::stream`], and every error that would end the stream.
    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let mut stream = self.stream(call).await?;
        let mut answer = ModelAnswer::default();
        while let Some(event) = stream.next().await {
            match event? {
                ModelEvent::TextDelta { delta, .. } => answer.text.push_str(&delta),
                ModelEvent::ToolCall(call) => answer.tool_calls.push(call),
                ModelEvent::Finish(finish) => answer.finish = finish,
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// A shared model.
pub type SharedModel = Arc<dyn ChatModel>;

/// One request to a model.
#[derive(Debug, Clone, Default)]
pub struct ModelCall {
    /// What has been said so far, system messages first.
    pub prompt: Vec<PromptMessage>,
    /// Tools that the model may call.
    pub tools: Vec<ToolDefinition>,
    /// Whether and what the model must call.
    pub tool_choice: ToolChoice,
    /// Sampling parameters and limits.
    pub options: CallOptions,
    /// Options of the provider in the wire form of `ChatModelProviderOptions`, where the model's configuration has any.
    pub provider_options: Option<Value>,
    /// Id of an earlier answer that the provider kept and that this one goes on from.
    pub previous_response_id: Option<String>,
    /// Headers beside those that the client sends of its own accord; never secrets.
    pub headers: Vec<(String, String)>,
}

/// Sampling parameters and limits of a request; what is `None` is left to the provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallOptions {
    /// Most tokens of the answer.
    pub max_output_tokens: Option<i64>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Sampling among the k likeliest tokens.
    pub top_k: Option<i64>,
    /// Penalty on tokens that occurred at all.
    pub presence_penalty: Option<f64>,
    /// Penalty on tokens by how often they occurred.
    pub frequency_penalty: Option<f64>,
}

/// Whether a model may, must or must not call tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// No tool may be called.
    None,
    /// Some tool must be called.
    Required,
    /// This tool must be called.
    Tool(String),
}

/// A tool as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDefinition {
    /// Name, unique within a request.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
}

/// Who says a message of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptRole {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// Results of tools.
    Tool,
}

impl PromptRole {
    /// The role as providers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A message of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptMessage {
    /// Who says it.
    pub role: PromptRole,
    /// What is said.
    pub content: Vec<PromptPart>,
    /// Whether a provider that caches prompts by marks should mark this message.
    pub cache: bool,
}

impl PromptMessage {
    /// A message of these parts.
    pub fn new(role: PromptRole, content: Vec<PromptPart>) -> Self {
        Self { role, content, cache: false }
    }

    /// A message of one text.
    pub fn text(role: PromptRole, text: impl Into<String>) -> Self {
        Self::new(role, vec![PromptPart::Text { text: text.into() }])
    }

    /// The message's text parts, joined by newlines.
    pub fn joined_text(&self) -> String {
        let texts: Vec<&str> = self
            .content
            .iter()
            .filter_map(|part| match part {
                PromptPart::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n")
    }
}

/// A part of a prompt message.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptPart {
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
    /// What the model thought in an earlier step.
    Reasoning {
        /// The thought.
        text: String,
        /// What the provider wants back with it, such as a signature, by provider name.
        metadata: Option<Value>,
    },
    /// A file's bytes.
    File {
        /// Name, empty where unknown.
        name: String,
        /// Media type.
        media_type: String,
        /// The bytes.
        data: bytes::Bytes,
    },
    /// A call that the model made.
    ToolCall(ToolCall),
    /// What a call gave.
    ToolResult(ToolResult),
}

/// A call of a tool by the model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolCall {
    /// Id that its result refers to.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments as the model wrote them; meant to be JSON, which nothing guarantees.
    pub input: String,
    /// Whether the provider runs the tool itself.
    pub provider_executed: bool,
    /// What the provider wants back with it, by provider name.
    pub metadata: Option<Value>,
}

/// What a tool call gave.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// Id of the call.
    pub id: String,
    /// The result itself.
    pub output: ToolOutput,
    /// Whether the provider ran the tool itself.
    pub provider_executed: bool,
    /// What the provider wants back with it, by provider name.
    pub metadata: Option<Value>,
}

/// The result of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolOutput {
    /// It worked.
    Text(String),
    /// It failed.
    Error(String),
    /// It gave a picture or another medium.
    Media {
        /// The bytes in base64.
        data: String,
        /// Media type.
        media_type: String,
        /// Words beside it.
        text: String,
    },
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// A text begins.
    TextStart {
        /// Id of the text within the answer.
        id: String,
    },
    /// A text goes on.
    TextDelta {
        /// Id of the text.
        id: String,
        /// What is added.
        delta: String,
    },
    /// A text is whole.
    TextEnd {
        /// Id of the text.
        id: String,
    },
    /// A thought begins.
    ReasoningStart {
        /// Id of the thought within the answer.
        id: String,
        /// Provider metadata, by provider name.
        metadata: Option<Value>,
    },
    /// A thought goes on.
    ReasoningDelta {
        /// Id of the thought.
        id: String,
        /// What is added.
        delta: String,
        /// Provider metadata, which replaces the earlier.
        metadata: Option<Value>,
    },
    /// A thought is whole.
    ReasoningEnd {
        /// Id of the thought.
        id: String,
        /// Provider metadata, which replaces the earlier.
        metadata: Option<Value>,
    },
    /// A tool call begins.
    ToolInputStart {
        /// Id of the call.
        id: String,
        /// Name of the tool.
        name: String,
        /// Whether the provider runs the tool itself.
        provider_executed: bool,
    },
    /// Arguments of a tool call go on.
    ToolInputDelta {
        /// Id of the call.
        id: String,
        /// What is added.
        delta: String,
    },
    /// A tool call is whole.
    ToolCall(ToolCall),
    /// The provider ran a tool itself.
    ToolResult {
        /// Id of the call.
        id: String,
        /// Name of the tool.
        name: String,
        /// Provider metadata, by provider name.
        metadata: Option<Value>,
    },
    /// Something that the answer rests on.
    Source {
        /// Id of the source.
        id: String,
        /// Where it is.
        url: String,
        /// Its title.
        title: String,
    },
    /// The answer is whole.
    Finish(Finish),
}

/// How an answer ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finish {
    /// Why the model stopped.
    pub reason: FinishReason,
    /// Tokens used.
    pub usage: Usage,
    /// Id of the answer at the provider, where it keeps answers.
    pub response_id: Option<String>,
    /// Provider metadata, by provider name.
    pub metadata: Option<Value>,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FinishReason {
    /// It had said what it wanted.
    Stop,
    /// The answer reached its longest.
    Length,
    /// A filter cut it.
    ContentFilter,
    /// It wants tools to be run.
    ToolCalls,
    /// The provider failed.
    Error,
    /// Another reason that the provider names.
    Other,
    /// No reason was given.
    #[default]
    Unknown,
}

/// Tokens that an answer used; 0 where the provider tells none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt that were not read from a cache.
    pub input_tokens: i64,
    /// Tokens of the answer.
    pub output_tokens: i64,
    /// All tokens, as the provider sums them.
    pub total_tokens: i64,
    /// Tokens of the answer that were thoughts.
    pub reasoning_tokens: i64,
    /// Tokens of the prompt written to a cache.
    pub cache_creation_tokens: i64,
    /// Tokens of the prompt read from a cache.
    pub cache_read_tokens: i64,
}

/// A whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelAnswer {
    /// The text.
    pub text: String,
    /// Calls in the order they were made.
    pub tool_calls: Vec<ToolCall>,
    /// How it ended.
    pub finish: Finish,
}

/// Why a model gave no answer, or broke off.
#[derive(Debug, Clone, Default, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What happened, in the words of the provider or the transport. Never holds a secret.
    pub message: String,
    /// What the provider answered, where it answered.
    pub response: Option<Box<ProviderResponse>>,
    /// The condition behind it, where the words alone do not tell.
    pub cause: Option<ErrorCause>,
}

impl ModelError {
    /// An error of these words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// A stream that ended before the model was done.
    pub fn ended_early() -> Self {
        Self::caused("unexpected EOF", ErrorCause::Eof)
    }

    /// An error answer of the provider.
    pub fn refused(response: ProviderResponse) -> Self {
        let title = ::http::StatusCode::from_u16(response.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default()
            .to_lowercase();
        let title = if title.is_empty() { "provider request failed" } else { &title };
        let message = format!("{title}: {}", response.message);
        Self { message, response: Some(Box::new(response)), cause: None }
    }

    /// An error with its cause.
    pub fn caused(message: impl Into<String>, cause: ErrorCause) -> Self {
        Self { message: message.into(), response: None, cause: Some(cause) }
    }
}

/// An error answer of a provider.
#[derive(Debug, Clone, Default)]
pub struct ProviderResponse {
    /// HTTP status; 0 where the error came inside an answer.
    pub status: u16,
    /// The provider's own words, as far as its client found them.
    pub message: String,
    /// The body, cut at 64 KiB.
    pub body: Vec<u8>,
    /// The headers that matter for trying again.
    pub headers: Vec<(String, String)>,
}

/// A condition that words alone do not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCause {
    /// A deadline passed.
    Deadline,
    /// The request was given up.
    Canceled,
    /// The provider gave up a stream that nobody here had given up.
    TransportReset,
    /// The connection ended early.
    Eof,
    /// An HTTP/2 stream was reset.
    Http2 {
        /// The reset code.
        code: u32,
        /// Whether the peer reset it.
        from_peer: bool,
    },
    /// Nothing came for this long.
    Silence(Duration),
    /// A request to this URL failed; parts of it may be secret, so texts show it without user, query and fragment.
    Url(String),
}

#[cfg(test)]
mod tests;
