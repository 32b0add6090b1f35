//! Providers of AI models.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A provider of AI models: `codersdk.AIProvider`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProvider {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Type of the provider.
    #[serde(rename = "type", default)]
    pub kind: AiProviderType,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// URL that the API's paths are below.
    #[serde(default)]
    pub base_url: String,
    /// The keys.
    #[serde(default)]
    pub api_keys: Nullable<Vec<AiProviderKey>>,
    /// Settings that depend on the type.
    #[serde(default)]
    pub settings: Option<AiProviderSettings>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// URL or name of an icon. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}

/// A key to a provider: `codersdk.AIProviderKey`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderKey {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The key, all but its ends hidden.
    #[serde(default)]
    pub masked: String,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
}

/// A key to keep, by its id, or a new one: `codersdk.AIProviderKeyMutation`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderKeyMutation {
    /// Unique id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// A new key; either this or the id of one to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

debug_without_secrets!(AiProviderKeyMutation { id; api_key });

open_enum! {
    /// Types of providers: `codersdk.AIProviderType`.
    pub enum AiProviderType {
        /// OpenAI.
        Openai => "openai",
        /// Anthropic.
        Anthropic => "anthropic",
        /// Azure OpenAI.
        Azure => "azure",
        /// Google.
        Google => "google",
        /// An endpoint that is compatible with OpenAI.
        OpenaiCompat => "openai-compat",
        /// OpenRouter.
        Openrouter => "openrouter",
        /// Vercel AI Gateway.
        Vercel => "vercel",
        /// AWS Bedrock.
        Bedrock => "bedrock",
        /// GitHub Copilot.
        Copilot => "copilot",
    }
}

/// A provider to add: `codersdk.CreateAIProviderRequest`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateAiProviderRequest {
    /// Type of the provider.
    #[serde(rename = "type", default)]
    pub kind: AiProviderType,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// URL that the API's paths are below.
    #[serde(default)]
    pub base_url: String,
    /// The keys. Left out when the value is printed for debugging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<String>,
    /// Settings that depend on the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AiProviderSettings>,
    /// URL or name of an icon. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}

debug_without_secrets!(CreateAiProviderRequest { kind, name, display_name, enabled, base_url, settings, icon; api_keys });

/// Changes to a provider; what is absent stays as it is: `codersdk.UpdateAIProviderRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateAiProviderRequest {
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// URL that the API's paths are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The keys that there are to be: new ones, and those to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_keys: Option<Vec<AiProviderKeyMutation>>,
    /// Settings that depend on the type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AiProviderSettings>,
    /// URL or name of an icon. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}
