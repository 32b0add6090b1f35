//! How models are called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::*;

/// Options that only models of Anthropic have: `codersdk.ChatModelAnthropicProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelAnthropicProviderOptions {
    /// Whether earlier reasoning is sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_reasoning: Option<bool>,
    /// How the model thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<ChatModelAnthropicThinkingOptions>,
    /// How much the model is to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// How thoughts are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_display: Option<String>,
    /// Whether tools are called one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
    /// Whether the provider may search the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
    /// The only domains that searches may show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
    /// Domains that searches may not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_domains: Vec<String>,
    /// Whether the context of a million tokens is used. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub context_1m_enabled: Option<bool>,
}

/// Chats: model anthropic thinking options: `codersdk.ChatModelAnthropicThinkingOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelAnthropicThinkingOptions {
    /// How many tokens thinking may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<i64>,
}

/// How a model is called: `codersdk.ChatModelCallConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(!from))]
#[serde(from = "CallConfigWire")]
pub struct ChatModelCallConfig {
    /// How many tokens an answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<i64>,
    /// How varied answers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// From which share of the likeliest tokens is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// From how many of the likeliest tokens is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<i64>,
    /// How much tokens that occurred are avoided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// How much frequent tokens are avoided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// What tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<ModelCostConfig>,
    /// Options of single providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_options: Option<ChatModelProviderOptions>,
    /// How much models may be told to think. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<ChatModelReasoningEffortConfig>,
    /// What concerns OpenAI only. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub openai_config: Option<ChatModelOpenAiConfig>,
}

/// Options that only models of Google have: `codersdk.ChatModelGoogleProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleProviderOptions {
    /// How the model thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_config: Option<ChatModelGoogleThinkingConfig>,
    /// Name of content that the provider has cached.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub cached_content: Option<String>,
    /// What the provider blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety_settings: Vec<ChatModelGoogleSafetySetting>,
    /// From which likelihood on it is blocked.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub threshold: Option<String>,
    /// Whether the provider may search the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
}

/// Chats: model google safety setting: `codersdk.ChatModelGoogleSafetySetting`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleSafetySetting {
    /// The kind of harm.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub category: Option<String>,
    /// From which likelihood on it is blocked.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub threshold: Option<String>,
}

/// Chats: model google thinking config: `codersdk.ChatModelGoogleThinkingConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleThinkingConfig {
    /// How many tokens thinking may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<i64>,
    /// Whether thoughts are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_thoughts: Option<bool>,
    /// How much the model is to think. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub thinking_level: Option<String>,
}

/// Options that only models of endpoints compatible with OpenAI have: `codersdk.ChatModelOpenAICompatProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenAiCompatProviderOptions {
    /// The user's name for the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How much the model is to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// Options that only models of OpenAI have: `codersdk.ChatModelOpenAIProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenAiProviderOptions {
    /// What the answer is to include besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Instructions in place of a system message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Biases of single tokens, from -100 to 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// Whether likelihoods are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probs: Option<bool>,
    /// For how many tokens likelihoods are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_log_probs: Option<i64>,
    /// How many calls of tools an answer may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tool_calls: Option<i64>,
    /// Whether several tools may be called at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The user's name for the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How much the model is to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// How reasoning is summed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_summary: Option<String>,
    /// How many tokens an answer may have, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<i64>,
    /// How long answers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_verbosity: Option<String>,
    /// What the answer will likely be.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub prediction: JsonMap,
    /// Whether the provider stores answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// More facts.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub metadata: JsonMap,
    /// Key of the provider's cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// Names the user for the provider's checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_identifier: Option<String>,
    /// How fast the provider is to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Whether answers follow schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_outputs: Option<bool>,
    /// Whether they follow them to the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_json_schema: Option<bool>,
    /// Whether the provider may search the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
    /// How much of a search is shown to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_context_size: Option<String>,
    /// The only domains that searches may show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
}

/// Which providers OpenRouter may use: `codersdk.ChatModelOpenRouterProvider`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenRouterProvider {
    /// Which are tried first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Whether others may be tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// Whether only those that take all options are tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// Whether those that keep data may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<String>,
    /// The only ones that may be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Those that may not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// The precisions that may be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<String>,
    /// By what they are ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// Options that only models of OpenRouter have: `codersdk.ChatModelOpenRouterProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenRouterProviderOptions {
    /// How the model thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ChatModelReasoningOptions>,
    /// Fields that are added to requests as they are.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra_body: JsonMap,
    /// Whether token counts are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// Biases of single tokens, from -100 to 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// Whether likelihoods are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probs: Option<bool>,
    /// Whether several tools may be called at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The user's name for the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ChatModelOpenRouterProvider>,
}

/// Options of single providers: `codersdk.ChatModelProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelProviderOptions {
    /// For OpenAI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openai: Option<ChatModelOpenAiProviderOptions>,
    /// For Anthropic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anthropic: Option<ChatModelAnthropicProviderOptions>,
    /// For Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<ChatModelGoogleProviderOptions>,
    /// For endpoints that are compatible with OpenAI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openaicompat: Option<ChatModelOpenAiCompatProviderOptions>,
    /// For OpenRouter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openrouter: Option<ChatModelOpenRouterProviderOptions>,
    /// For the Vercel AI Gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vercel: Option<ChatModelVercelProviderOptions>,
}

/// How a model thinks: `codersdk.ChatModelReasoningOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelReasoningOptions {
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether reasoning is left out of answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// How many tokens reasoning may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<i64>,
    /// How much the model is to think.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
}

/// Options that only models of the Vercel AI Gateway's choice have: `codersdk.ChatModelVercelGatewayProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelVercelGatewayProviderOptions {
    /// Which are tried first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// The models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// Options that only models of the Vercel AI Gateway have: `codersdk.ChatModelVercelProviderOptions`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelVercelProviderOptions {
    /// How the model thinks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ChatModelReasoningOptions>,
    /// Options of single providers.
    #[serde(rename = "providerOptions", default, skip_serializing_if = "Option::is_none")]
    pub provider_options: Option<ChatModelVercelGatewayProviderOptions>,
    /// The user's name for the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Biases of single tokens, from -100 to 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// Whether likelihoods are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// For how many tokens likelihoods are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<i64>,
    /// Whether several tools may be called at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// Fields that are added to requests as they are.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra_body: JsonMap,
}

/// What tokens cost: `codersdk.ModelCostConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelCostConfig {
    /// US dollars for a million tokens sent, as a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub input_price_per_million_tokens: Option<String>,
    /// US dollars for a million tokens written, as a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub output_price_per_million_tokens: Option<String>,
    /// US dollars for a million tokens read from the cache, as a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub cache_read_price_per_million_tokens: Option<String>,
    /// US dollars for a million tokens written to the cache, as a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub cache_write_price_per_million_tokens: Option<String>,
}

/// [`ChatModelCallConfig`] as it is read: prices once stood beside the other fields.
#[derive(Deserialize)]
struct CallConfigWire {
    #[serde(default)]
    max_output_tokens: Option<i64>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    top_p: Option<f64>,
    #[serde(default)]
    top_k: Option<i64>,
    #[serde(default)]
    presence_penalty: Option<f64>,
    #[serde(default)]
    frequency_penalty: Option<f64>,
    #[serde(default)]
    cost: Option<ModelCostConfig>,
    #[serde(default)]
    provider_options: Option<ChatModelProviderOptions>,
    #[serde(default)]
    reasoning_effort: Option<ChatModelReasoningEffortConfig>,
    #[serde(default)]
    openai_config: Option<ChatModelOpenAiConfig>,
    #[serde(default, deserialize_with = "decimal")]
    input_price_per_million_tokens: Option<String>,
    #[serde(default, deserialize_with = "decimal")]
    output_price_per_million_tokens: Option<String>,
    #[serde(default, deserialize_with = "decimal")]
    cache_read_price_per_million_tokens: Option<String>,
    #[serde(default, deserialize_with = "decimal")]
    cache_write_price_per_million_tokens: Option<String>,
}

impl From<CallConfigWire> for ChatModelCallConfig {
    fn from(wire: CallConfigWire) -> Self {
        let old = ModelCostConfig {
            input_price_per_million_tokens: wire.input_price_per_million_tokens,
            output_price_per_million_tokens: wire.output_price_per_million_tokens,
            cache_read_price_per_million_tokens: wire.cache_read_price_per_million_tokens,
            cache_write_price_per_million_tokens: wire.cache_write_price_per_million_tokens,
        };
        let cost = if old == ModelCostConfig::default() {
            wire.cost
        } else {
            let cost = wire.cost.unwrap_or_default();
            Some(ModelCostConfig {
                input_price_per_million_tokens: cost
                    .input_price_per_million_tokens
                    .or(old.input_price_per_million_tokens),
                output_price_per_million_tokens: cost
                    .output_price_per_million_tokens
                    .or(old.output_price_per_million_tokens),
                cache_read_price_per_million_tokens: cost
                    .cache_read_price_per_million_tokens
                    .or(old.cache_read_price_per_million_tokens),
                cache_write_price_per_million_tokens: cost
                    .cache_write_price_per_million_tokens
                    .or(old.cache_write_price_per_million_tokens),
            })
        };
        Self {
            max_output_tokens: wire.max_output_tokens,
            temperature: wire.temperature,
            top_p: wire.top_p,
            top_k: wire.top_k,
            presence_penalty: wire.presence_penalty,
            frequency_penalty: wire.frequency_penalty,
            cost,
            provider_options: wire.provider_options,
            reasoning_effort: wire.reasoning_effort,
            openai_config: wire.openai_config,
        }
    }
}

/// Reads a decimal that is sent as a text or as a number.
fn decimal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Decimal {
        Text(String),
        Number(serde_json::Number),
    }

    Ok(Option::<Decimal>::deserialize(deserializer)?.map(|decimal| match decimal {
        Decimal::Text(text) => text,
        Decimal::Number(number) => number.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_are_read_from_where_they_once_stood_and_as_numbers() {
        let read: ChatModelCallConfig = serde_json::from_value(json!({
            "top_k": 3, "input_price_per_million_tokens": "9", "output_price_per_million_tokens": 2.5,
            "cost": {"input_price_per_million_tokens": 1}}))
        .unwrap();
        assert_eq!(
            serde_json::to_value(&read).unwrap(),
            json!({"top_k": 3, "cost": {
                "input_price_per_million_tokens": "1", "output_price_per_million_tokens": "2.5"}})
        );
        let empty: ChatModelCallConfig = serde_json::from_value(json!({"cost": null})).unwrap();
        assert_eq!(empty, ChatModelCallConfig::default());
    }
}

/// How much models may be told to think. Servers before v2.37 do not know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelReasoningEffortConfig {
    /// What is used when nothing is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The most that may be chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// What concerns models of OpenAI only. Servers before v2.37 do not know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenAiConfig {
    /// Whether the Responses API is used in place of the Chat Completions API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_responses_api: Option<bool>,
}
