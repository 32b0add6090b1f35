//! Anthropic's models on AWS Bedrock: requests and events are those of Anthropic's Messages, in AWS's envelopes.

use async_trait::async_trait;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::answer::{decode, text};
use super::http::{Endpoint, bytes};
use super::{ChatModel, ModelAnswer, ModelCall, ModelError, ModelStream, anthropic, aws};

pub(crate) const PROVIDER: &str = "bedrock";
const VERSION: &str = "bedrock-2023-05-31";
/// What stands for itself in a segment of a path.
const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The smallest budget that a model can think within, in tokens.
const LEAST_BUDGET: i64 = 1024;

/// A model behind Bedrock's `InvokeModel`.
#[derive(Debug)]
pub(crate) struct Invoke {
    model: String,
    endpoint: Endpoint,
}

impl Invoke {
    pub(crate) fn new(model: &str, endpoint: Endpoint) -> Self {
        Self { model: model.to_owned(), endpoint }
    }

    fn path(&self, method: &str) -> String {
        format!("model/{}/{method}", utf8_percent_encode(&self.model, &KEPT))
    }
}

#[async_trait]
impl ChatModel for Invoke {
    /// The provider whose prompts, files and marks the model takes.
    fn provider(&self) -> &str {
        anthropic::PROVIDER
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let path = self.path("invoke-with-response-stream");
        let response = self.endpoint.post(&path, &request(&self.model, &call), &call.headers).await?;
        Ok(decode(aws::events(bytes(response)), anthropic::State::default()))
    }

    async fn generate(&self, call: ModelCall) -> Result<ModelAnswer, ModelError> {
        let body = request(&self.model, &call);
        let answer = self.endpoint.post_json(&self.path("invoke"), &body, &call.headers).await?;
        Ok(anthropic::whole(&answer))
    }
}

/// Anthropic's body without what Bedrock refuses.
fn request(model: &str, call: &ModelCall) -> Value {
    let mut body = anthropic::request(model, call);
    let Some(fields) = body.as_object_mut() else { return body };
    fields.remove("model");
    fields.insert("anthropic_version".to_owned(), json!(VERSION));
    if let Some(choice) = fields.get_mut("tool_choice").and_then(Value::as_object_mut) {
        choice.remove("disable_parallel_tool_use");
    }
    let newest = ["4-7", "4-8"].into_iter().any(|version| is_opus(model, version));
    let adapts = newest || is_opus(model, "4-6") || model.contains("anthropic.claude-sonnet-4-6");
    if !adapts && fields.get("thinking").is_some_and(|thinking| thinking["type"] == "adaptive") {
        let thinking = budgeted(fields.get("max_tokens"), fields.get("output_config"));
        fields.insert("thinking".to_owned(), thinking);
    }
    if !newest {
        fields.remove("output_config");
    }
    body
}

fn is_opus(model: &str, version: &str) -> bool {
    model.split_once("anthropic.claude-opus-").is_some_and(|(_, rest)| rest.starts_with(version))
}

/// A budget out of the answer's longest, the greater the harder the model is to think.
fn budgeted(max_tokens: Option<&Value>, output: Option<&Value>) -> Value {
    let max_tokens = max_tokens.and_then(Value::as_i64).unwrap_or_default();
    let percent = match output.map(|output| text(&output["effort"])) {
        Some("low") => 20,
        Some("medium") => 50,
        Some("max") => 95,
        _ => 80,
    };
    let budget = max_tokens.saturating_mul(percent) / 100;
    if budget < LEAST_BUDGET {
        json!({"type": "disabled"})
    } else {
        json!({"type": "enabled", "budget_tokens": budget})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(model: &str, max_tokens: i64, options: &Value) -> Value {
        let call = ModelCall {
            options: super::super::CallOptions { max_output_tokens: Some(max_tokens), ..Default::default() },
            provider_options: Some(json!({"anthropic": options})),
            ..ModelCall::default()
        };
        request(model, &call)
    }

    #[test]
    fn thinking_is_asked_for_as_the_model_takes_it() {
        let (old, newer, newest) = (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "eu.anthropic.claude-opus-4-6-v1",
            "global.anthropic.claude-opus-4-7-v1:0",
        );
        let budget = json!({"thinking": {"budget_tokens": 2000}});
        for (model, max_tokens, options, thinking) in [
            (old, 4000, json!({"effort": "low"}), json!({"type": "disabled"})),
            (old, 10_000, json!({"effort": "low"}), json!({"type": "enabled", "budget_tokens": 2000})),
            (old, 10_000, json!({"effort": "xhigh"}), json!({"type": "enabled", "budget_tokens": 8000})),
            (old, 4000, budget.clone(), json!({"type": "enabled", "budget_tokens": 2000})),
            (newer, 4000, json!({"effort": "low"}), json!({"type": "adaptive"})),
            (newest, 4000, budget, json!({"type": "adaptive", "display": "summarized"})),
        ] {
            assert_eq!(asked(model, max_tokens, &options)["thinking"], thinking, "{model} {options}");
        }
        assert_eq!(asked(old, 4000, &json!({"effort": "low"})).get("output_config"), None);
        assert_eq!(asked(newest, 4000, &json!({"effort": "low"}))["output_config"], json!({"effort": "low"}));
    }
}
