//! What a failure of the model provider means for a chat: its kind, the words users see, whether to try again.

mod answer;
mod signs;

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use codersdk::{ChatError, ChatErrorKind, ChatStreamRetry};

use answer::{provider_detail, retry_after};
use signs::{AUTH, CONFIG, RATE_LIMIT, TIMEOUT, USAGE_LIMIT, has, provider_in, status_in};

use crate::model::{ErrorCause, ModelError, names};
use crate::ui_text::{Cut, capitalize, truncate};

/// Longest detail that users are shown, in characters.
const MAX_DETAIL: usize = 500;
/// A failure as users see it, and what is to be done about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ChatFailure {
    /// What users read; never empty once normalised.
    pub(crate) message: String,
    /// The provider's own words, at most 500 characters.
    pub(crate) detail: String,
    pub(crate) kind: Option<ChatErrorKind>,
    /// The provider in normal form; empty where unknown.
    pub(crate) provider: String,
    pub(crate) retryable: bool,
    /// The provider's HTTP status; 0 where there was none.
    pub(crate) status_code: u16,
    /// Least delay before another try that the provider asked for.
    pub(crate) retry_after: Duration,
    /// The provider no longer knows the earlier answer that the request built on: try again with the whole history.
    pub(crate) chain_broken: bool,
}

impl ChatFailure {
    /// A failure of our own making, which is final and shows only the general text.
    pub(crate) fn internal(detail: &str) -> Self {
        Self::classify(&ModelError::new(detail))
    }

    /// A failure with words of its own, which is final.
    pub(crate) fn with_message(kind: ChatErrorKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Some(kind), ..Self::default() }.normalized()
    }

    /// What a model's error means. `now` is what a date in `Retry-After` is counted from.
    pub(crate) fn classify_at(error: &ModelError, now: DateTime<Utc>) -> Self {
        Classifier::new(error, now).classify()
    }

    /// [`ChatFailure::classify_at`] for errors that carry no date.
    pub(crate) fn classify(error: &ModelError) -> Self {
        Self::classify_at(error, DateTime::UNIX_EPOCH)
    }

    /// What an error means that came while nobody had cancelled the chat: a bare cancellation is then the
    /// provider's doing, and worth another try.
    pub(crate) fn classify_attempt(error: &ModelError, provider: &str, now: DateTime<Utc>) -> Self {
        let failure = Self::classify_at(error, now).with_provider(provider);
        if failure.retryable || failure.status_code != 0 || error.cause != Some(ErrorCause::Canceled) {
            return failure;
        }
        let reset = ModelError {
            message: format!("provider transport reset\n{}", error.message),
            response: error.response.clone(),
            cause: Some(ErrorCause::TransportReset),
        };
        let reset = Self::classify_at(&reset, now).with_provider(provider);
        if reset.retryable { reset } else { failure }
    }

    /// The same failure, of this provider: what the configuration says outweighs what the words suggest.
    pub(crate) fn with_provider(mut self, provider: &str) -> Self {
        let provider = normalize_provider(provider);
        if !provider.is_empty() && (self.provider != provider || self.message.trim().is_empty()) {
            self.provider = provider.into_owned();
            self.message.clear();
        }
        self.normalized()
    }

    /// The form that is stored as `last_error` and sent as an `error` event.
    pub(crate) fn to_chat_error(&self) -> ChatError {
        ChatError {
            message: self.message.clone(),
            detail: some_text(&self.detail),
            kind: self.kind.clone(),
            provider: some_text(&self.provider),
            retryable: self.retryable,
            status_code: (self.status_code != 0).then_some(self.status_code.into()),
        }
    }

    /// The `retry` event that announces attempt `attempt + 1` after `delay`.
    pub(crate) fn to_retry(&self, attempt: i64, delay: Duration, now: DateTime<Utc>) -> ChatStreamRetry {
        ChatStreamRetry {
            attempt,
            delay_ms: i64::try_from(delay.as_millis()).unwrap_or(i64::MAX),
            error: self.retry_message(),
            kind: self.kind.clone(),
            provider: some_text(&self.provider),
            status_code: (self.status_code != 0).then_some(self.status_code.into()),
            retrying_at: chrono::Duration::from_std(delay)
                .ok()
                .and_then(|delay| now.checked_add_signed(delay))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    /// What is known of it, for an answer's `detail`: the provider's words, else what users read.
    pub(crate) fn told(&self) -> &str {
        if self.detail.is_empty() { &self.message } else { &self.detail }
    }

    /// The words shown while another try is awaited.
    pub(crate) fn retry_message(&self) -> String {
        if self.retryable && !self.message.is_empty() {
            return self.message.clone();
        }
        let subject = subject(&self.provider);
        match &self.kind {
            Some(ChatErrorKind::Overloaded) => capitalize(&format!("{subject} is temporarily overloaded.")),
            Some(ChatErrorKind::RateLimit) => capitalize(&format!("{subject} is rate limiting requests.")),
            Some(ChatErrorKind::Timeout) => capitalize(&format!("{subject} is temporarily unavailable.")),
            Some(ChatErrorKind::StreamSilenceTimeout) => {
                capitalize(&format!("{subject} did not send response data in time."))
            }
            Some(ChatErrorKind::Auth) => format!("Authentication with {subject} failed."),
            Some(ChatErrorKind::Config) => capitalize(&format!("{subject} rejected the model configuration.")),
            Some(ChatErrorKind::MissingKey) => "The API key for this conversation is no longer available.".to_owned(),
            Some(ChatErrorKind::ProviderDisabled) => format!(
                "The {} provider has been disabled by an administrator.",
                display_name(&self.provider).unwrap_or("AI")
            ),
            _ => capitalize(&format!("{subject} returned an unexpected error.")),
        }
    }

    fn normalized(mut self) -> Self {
        self.message = self.message.trim().to_owned();
        self.detail = cut_detail(&self.detail);
        self.provider = normalize_provider(&self.provider).into_owned();
        if self.kind.is_none()
            && self.message.is_empty()
            && self.detail.is_empty()
            && self.status_code == 0
            && self.retry_after.is_zero()
        {
            return Self::default();
        }
        if self.kind.is_none() {
            self.kind = Some(ChatErrorKind::Generic);
        }
        if self.message.is_empty() {
            self.message = self.terminal_message();
        }
        self
    }

    fn terminal_message(&self) -> String {
        let subject = subject(&self.provider);
        let unexplained = !self.retryable && self.status_code == 0;
        match &self.kind {
            Some(ChatErrorKind::Overloaded) => capitalize(&format!("{subject} is temporarily overloaded.")),
            Some(ChatErrorKind::RateLimit) => capitalize(&format!("{subject} is rate limiting requests.")),
            Some(ChatErrorKind::Timeout) if unexplained => "The request timed out before it completed.".to_owned(),
            Some(ChatErrorKind::Timeout) => capitalize(&format!("{subject} is temporarily unavailable.")),
            Some(ChatErrorKind::StreamSilenceTimeout) => {
                capitalize(&format!("{subject} did not send response data in time."))
            }
            Some(ChatErrorKind::UsageLimit) => capitalize(&format!(
                "The usage quota for {subject} has been exceeded. Check the billing and quota settings for the \
                 provider account."
            )),
            Some(ChatErrorKind::Auth) => {
                format!("Authentication with {subject} failed. Check the API key and permissions.")
            }
            Some(ChatErrorKind::Config) => capitalize(&format!(
                "{subject} rejected the model configuration. Check the selected model and provider settings."
            )),
            Some(ChatErrorKind::MissingKey) => "This conversation was started with an API key that is no longer \
                                                available. Send your message again to continue."
                .to_owned(),
            Some(ChatErrorKind::ProviderDisabled) => format!(
                "The {} provider has been disabled. Contact your Coder administrator.",
                display_name(&self.provider).unwrap_or("AI")
            ),
            _ if unexplained => "The chat request failed unexpectedly.".to_owned(),
            _ => capitalize(&format!("{subject} returned an unexpected error.")),
        }
    }
}

/// Looks one error over for every sign it may carry.
struct Classifier<'a> {
    error: &'a ModelError,
    lower: String,
    detail: String,
    status: u16,
    retry_after: Duration,
    provider: &'static str,
}

impl<'a> Classifier<'a> {
    fn new(error: &'a ModelError, now: DateTime<Utc>) -> Self {
        let lower = error.message.trim().to_lowercase();
        let response = error.response.as_deref();
        let status = response.map_or(0, |response| response.status);
        Self {
            error,
            detail: response.map(provider_detail).unwrap_or_default(),
            status: if status == 0 { status_in(&lower) } else { status },
            retry_after: response.map(|response| retry_after(&response.headers, now)).unwrap_or_default(),
            provider: provider_in(&lower),
            lower,
        }
    }

    fn classify(self) -> ChatFailure {
        if self.lower.is_empty() && self.detail.is_empty() && self.status == 0 && self.retry_after.is_zero() {
            return ChatFailure::default();
        }
        if let Some(ErrorCause::Silence(_)) = self.error.cause {
            return ChatFailure {
                kind: Some(ChatErrorKind::StreamSilenceTimeout),
                retryable: true,
                ..ChatFailure::default()
            }
            .normalized();
        }
        if has(&self.lower, &["chat interrupted", "request interrupted", "operation interrupted"]) {
            return self.canceled();
        }
        if let Some(known) = self.responses_diagnostic().or_else(|| self.incomplete()).or_else(|| self.chain_broken()) {
            return known;
        }
        match self.matching_rule() {
            Some((kind, retryable)) => {
                let detail = if kind == ChatErrorKind::Auth { self.detail.clone() } else { self.diagnostic() };
                ChatFailure { detail, kind: Some(kind), retryable, ..self.base() }.normalized()
            }
            None if self.error.cause == Some(ErrorCause::Canceled) => self.canceled(),
            None => ChatFailure { detail: self.diagnostic(), kind: Some(ChatErrorKind::Generic), ..self.base() }
                .normalized(),
        }
    }

    fn base(&self) -> ChatFailure {
        ChatFailure {
            detail: self.detail.clone(),
            provider: self.provider.to_owned(),
            status_code: self.status,
            retry_after: self.retry_after,
            ..ChatFailure::default()
        }
    }

    fn canceled(&self) -> ChatFailure {
        ChatFailure {
            message: "The request was canceled before it completed.".to_owned(),
            kind: Some(ChatErrorKind::Generic),
            ..self.base()
        }
        .normalized()
    }

    /// Texts of the Responses API that mean that our history and the provider's differ. Ids are left out.
    fn responses_diagnostic(&self) -> Option<ChatFailure> {
        const MATCHES: [(&str, &str); 2] = [
            ("no tool output found for function call", "function_call_output_missing"),
            ("was provided without its required 'reasoning' item", "web_search_reasoning_missing"),
        ];
        let detail = self.detail.to_lowercase();
        let (_, name) =
            MATCHES.into_iter().find(|(pattern, _)| self.lower.contains(pattern) || detail.contains(pattern))?;
        Some(
            ChatFailure {
                message: "The chat continuation failed due to an internal state mismatch. This is not a \
                          configuration or billing issue."
                    .to_owned(),
                detail: format!("OpenAI Responses API request continuity diagnostic: match={name}."),
                kind: Some(ChatErrorKind::Generic),
                ..self.base()
            }
            .normalized(),
        )
    }

    fn incomplete(&self) -> Option<ChatFailure> {
        const MATCHES: [(&str, &str); 2] = [
            ("anthropic stream closed before message_stop", "anthropic"),
            ("openai responses stream closed before terminal event", "openai"),
        ];
        let (_, hint) = MATCHES.into_iter().find(|(pattern, _)| self.lower.contains(pattern))?;
        let provider = if self.provider.is_empty() { hint } else { self.provider };
        Some(
            ChatFailure {
                message: format!("{} stream closed unexpectedly before the response completed.", subject(provider)),
                kind: Some(ChatErrorKind::Timeout),
                provider: provider.to_owned(),
                retryable: true,
                ..self.base()
            }
            .normalized(),
        )
    }

    fn chain_broken(&self) -> Option<ChatFailure> {
        if !(self.lower.contains("previous response with id") && self.lower.contains("not found")) {
            return None;
        }
        let provider = if self.provider.is_empty() { "openai" } else { self.provider };
        Some(
            ChatFailure {
                kind: Some(ChatErrorKind::Generic),
                provider: provider.to_owned(),
                retryable: true,
                chain_broken: true,
                ..self.base()
            }
            .normalized(),
        )
    }

    /// The first rule that matches. Their order matters: saturation is never a wrapper's word, a bad configuration
    /// outweighs words that transports use of themselves, bad credentials outweigh both.
    fn matching_rule(&self) -> Option<(ChatErrorKind, bool)> {
        let (lower, status, cause) = (self.lower.as_str(), self.status, self.error.cause.as_ref());
        let usage_text = format!("{lower}\n{}", self.detail.to_lowercase());
        let deadline = cause == Some(&ErrorCause::Deadline) || lower.contains("context deadline exceeded");
        let config = has(lower, &CONFIG);
        let http2 = match cause {
            Some(ErrorCause::Http2 { code, from_peer }) => Some(*from_peer && matches!(code, 0 | 2 | 7 | 8 | 11)),
            _ => None,
        };
        // A reset code is more exact than the words around it.
        let timeout_words = has(lower, &TIMEOUT) && http2 != Some(false);
        let timeout = (cause == Some(&ErrorCause::TransportReset) && status == 0)
            || deadline
            || matches!(status, 408 | 502 | 503 | 504)
            || http2 == Some(true)
            || timeout_words;
        let rules = [
            (status == 529 || lower.contains("overloaded"), ChatErrorKind::Overloaded, true),
            (
                usage_text.contains("insufficient_quota") || (status != 429 && has(&usage_text, &USAGE_LIMIT)),
                ChatErrorKind::UsageLimit,
                false,
            ),
            (status == 401 || has(lower, &AUTH), ChatErrorKind::Auth, false),
            ((status == 403 || lower.contains("forbidden")) && !config, ChatErrorKind::Auth, false),
            ((status == 429 || has(lower, &RATE_LIMIT)) && !config, ChatErrorKind::RateLimit, true),
            (lower.contains("provider_disabled"), ChatErrorKind::ProviderDisabled, false),
            (timeout && !config, ChatErrorKind::Timeout, !deadline),
            (config, ChatErrorKind::Config, false),
            (status == 500 || lower.contains("server error"), ChatErrorKind::Generic, true),
        ];
        rules.into_iter().find(|(matches, ..)| *matches).map(|(_, kind, retryable)| (kind, retryable))
    }

    /// The provider's words, else the error's own on one line, without the secret parts of a URL.
    fn diagnostic(&self) -> String {
        if !self.detail.trim().is_empty() {
            return self.detail.clone();
        }
        let mut text = self.error.message.trim().to_owned();
        if let Some(ErrorCause::Url(url)) = &self.error.cause
            && !url.is_empty()
        {
            text = text.replace(url.as_str(), &redact_url(url));
        }
        cut_detail(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

fn some_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn cut_detail(detail: &str) -> String {
    truncate(detail.trim(), MAX_DETAIL, Cut { ellipsis: true, ..Cut::default() })
}

/// A provider's name as texts and rows use it.
pub(crate) fn normalize_provider(provider: &str) -> Cow<'_, str> {
    let trimmed = provider.trim();
    let lower = trimmed.to_lowercase();
    match lower.as_str() {
        "azure openai" | "azure-openai" => "azure".into(),
        "openai compat" | "openai compatible" | "openai_compat" => "openai-compat".into(),
        _ if lower == trimmed => trimmed.into(),
        _ => lower.into(),
    }
}

fn display_name(provider: &str) -> Option<&'static str> {
    Some(names::display_name(&normalize_provider(provider))).filter(|name| !name.is_empty())
}

fn subject(provider: &str) -> &'static str {
    display_name(provider).unwrap_or("the AI provider")
}

fn redact_url(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return "[REDACTED_URL]".to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ProviderResponse;
    use crate::testing::{Case, replay, same, vectors};

    fn error_of(case: &Case) -> ModelError {
        let input = &case.input;
        let response = input.get("provider_error").filter(|error| error.is_object()).map(|error| ProviderResponse {
            status: error["status"].as_u64().unwrap_or(0) as u16,
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            body: error["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
            headers: error["headers"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
        });
        let cause = match case.input["cause"].as_str().unwrap_or_default() {
            "deadline" => Some(ErrorCause::Deadline),
            "canceled" => Some(ErrorCause::Canceled),
            "transport_reset" => Some(ErrorCause::TransportReset),
            "eof" => Some(ErrorCause::Eof),
            "url" => Some(ErrorCause::Url(case.text("url").to_owned())),
            "http2" => Some(ErrorCause::Http2 {
                code: match input["code"].as_str().unwrap_or_default() {
                    "NO_ERROR" => 0,
                    "PROTOCOL_ERROR" => 1,
                    "INTERNAL_ERROR" => 2,
                    "FLOW_CONTROL_ERROR" => 3,
                    "SETTINGS_TIMEOUT" => 4,
                    "STREAM_CLOSED" => 5,
                    "REFUSED_STREAM" => 7,
                    "CANCEL" => 8,
                    "ENHANCE_YOUR_CALM" => 11,
                    "HTTP_1_1_REQUIRED" => 13,
                    _ => 255,
                },
                from_peer: input["from_peer"].as_bool().unwrap_or(false),
            }),
            _ => None,
        };
        ModelError { message: case.text("message").to_owned(), response: response.map(Box::new), cause }
    }

    #[test]
    fn failures_are_classified_as_recorded() {
        replay(&vectors("provider_errors.json"), |case| {
            let mut failure = match &case.input["message_for"] {
                serde_json::Value::Null => ChatFailure::classify(&error_of(case)),
                given => ChatFailure {
                    kind: given["kind"].as_str().filter(|kind| !kind.is_empty()).map(ChatErrorKind::from),
                    provider: given["provider"].as_str().unwrap_or_default().to_owned(),
                    retryable: given["retryable"] == true,
                    status_code: given["status_code"].as_u64().unwrap_or(0) as u16,
                    ..ChatFailure::default()
                }
                .normalized(),
            };
            if let Some(hint) = case.input["hint"].as_str() {
                failure = failure.with_provider(hint);
            }
            let got = json!({
                "chain_broken": failure.chain_broken,
                "detail": failure.detail,
                "kind": failure.kind.as_ref().map_or("", |kind| kind.as_str()),
                "message": failure.message,
                "provider": failure.provider,
                "retry_after_ns": failure.retry_after.as_nanos() as u64,
                "retry_message": failure.retry_message(),
                "retryable": failure.retryable,
                "status_code": failure.status_code,
            });
            same(&got, &case.output)
        });
    }
}
