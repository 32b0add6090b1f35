//! Wire types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatModelAnthropicProviderOptions`: chat model anthropic provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelAnthropicProviderOptions {
    /// `send_reasoning` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_reasoning: Option<bool>,
    /// `thinking` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<ChatModelAnthropicThinkingOptions>,
    /// `effort` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    /// `thinking_display` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_display: Option<String>,
    /// `disable_parallel_tool_use` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_parallel_tool_use: Option<bool>,
    /// `web_search_enabled` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
    /// `allowed_domains` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
    /// `blocked_domains` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked_domains: Vec<String>,
    /// Whether the context of a million tokens is used. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub context_1m_enabled: Option<bool>,
}

/// `codersdk.ChatModelAnthropicThinkingOptions`: chat model anthropic thinking options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelAnthropicThinkingOptions {
    /// `budget_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<i64>,
}

/// `codersdk.ChatModelCallConfig`: chat model call config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(!from))]
#[serde(from = "CallConfigWire")]
pub struct ChatModelCallConfig {
    /// `max_output_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<i64>,
    /// `temperature` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// `top_p` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// `top_k` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<i64>,
    /// `presence_penalty` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// `frequency_penalty` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// `cost` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<ModelCostConfig>,
    /// `provider_options` on the wire.
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

/// `codersdk.ChatModelGoogleProviderOptions`: chat model google provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleProviderOptions {
    /// `thinking_config` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_config: Option<ChatModelGoogleThinkingConfig>,
    /// `cached_content` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub cached_content: Option<String>,
    /// `safety_settings` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety_settings: Vec<ChatModelGoogleSafetySetting>,
    /// `threshold` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub threshold: Option<String>,
    /// `web_search_enabled` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
}

/// `codersdk.ChatModelGoogleSafetySetting`: chat model google safety setting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleSafetySetting {
    /// `category` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub category: Option<String>,
    /// `threshold` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub threshold: Option<String>,
}

/// `codersdk.ChatModelGoogleThinkingConfig`: chat model google thinking config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelGoogleThinkingConfig {
    /// `thinking_budget` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking_budget: Option<i64>,
    /// `include_thoughts` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_thoughts: Option<bool>,
    /// How much the model is to think. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub thinking_level: Option<String>,
}

/// `codersdk.ChatModelOpenAICompatProviderOptions`: chat model open ai compat provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenAiCompatProviderOptions {
    /// `user` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `reasoning_effort` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.ChatModelOpenAIProviderOptions`: chat model open ai provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenAiProviderOptions {
    /// `include` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `instructions` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// `logit_bias` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// `log_probs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probs: Option<bool>,
    /// `top_log_probs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_log_probs: Option<i64>,
    /// `max_tool_calls` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tool_calls: Option<i64>,
    /// `parallel_tool_calls` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// `user` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `reasoning_effort` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// `reasoning_summary` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_summary: Option<String>,
    /// `max_completion_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<i64>,
    /// `text_verbosity` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_verbosity: Option<String>,
    /// `prediction` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub prediction: JsonMap,
    /// `store` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// `metadata` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub metadata: JsonMap,
    /// `prompt_cache_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// `safety_identifier` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_identifier: Option<String>,
    /// `service_tier` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// `structured_outputs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_outputs: Option<bool>,
    /// `strict_json_schema` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_json_schema: Option<bool>,
    /// `web_search_enabled` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_search_enabled: Option<bool>,
    /// `search_context_size` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_context_size: Option<String>,
    /// `allowed_domains` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
}

/// `codersdk.ChatModelOpenRouterProvider`: chat model open router provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenRouterProvider {
    /// `order` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// `allow_fallbacks` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// `require_parameters` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// `data_collection` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<String>,
    /// `only` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// `ignore` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// `quantizations` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<String>,
    /// `sort` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// `codersdk.ChatModelOpenRouterProviderOptions`: chat model open router provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOpenRouterProviderOptions {
    /// `reasoning` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ChatModelReasoningOptions>,
    /// `extra_body` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra_body: JsonMap,
    /// `include_usage` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_usage: Option<bool>,
    /// `logit_bias` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// `log_probs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_probs: Option<bool>,
    /// `parallel_tool_calls` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// `user` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ChatModelOpenRouterProvider>,
}

/// `codersdk.ChatModelProviderOptions`: chat model provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelProviderOptions {
    /// `openai` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openai: Option<ChatModelOpenAiProviderOptions>,
    /// `anthropic` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anthropic: Option<ChatModelAnthropicProviderOptions>,
    /// `google` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<ChatModelGoogleProviderOptions>,
    /// `openaicompat` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openaicompat: Option<ChatModelOpenAiCompatProviderOptions>,
    /// `openrouter` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openrouter: Option<ChatModelOpenRouterProviderOptions>,
    /// `vercel` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vercel: Option<ChatModelVercelProviderOptions>,
}

/// `codersdk.ChatModelReasoningOptions`: chat model reasoning options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelReasoningOptions {
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `exclude` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// `max_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<i64>,
    /// `effort` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
}

/// `codersdk.ChatModelVercelGatewayProviderOptions`: chat model vercel gateway provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelVercelGatewayProviderOptions {
    /// `order` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// `models` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// `codersdk.ChatModelVercelProviderOptions`: chat model vercel provider options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelVercelProviderOptions {
    /// `reasoning` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ChatModelReasoningOptions>,
    /// `providerOptions` on the wire.
    #[serde(rename = "providerOptions", default, skip_serializing_if = "Option::is_none")]
    pub provider_options: Option<ChatModelVercelGatewayProviderOptions>,
    /// `user` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `logit_bias` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, i64>,
    /// `logprobs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// `top_logprobs` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<i64>,
    /// `parallel_tool_calls` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// `extra_body` on the wire.
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub extra_body: JsonMap,
}

/// `codersdk.ModelCostConfig`: model cost config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelCostConfig {
    /// `input_price_per_million_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub input_price_per_million_tokens: Option<String>,
    /// `output_price_per_million_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub output_price_per_million_tokens: Option<String>,
    /// `cache_read_price_per_million_tokens` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "decimal")]
    pub cache_read_price_per_million_tokens: Option<String>,
    /// `cache_write_price_per_million_tokens` on the wire.
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
