//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.AIProvider`: ai provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProvider {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// `type` on the wire.
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
    /// `base_url` on the wire.
    #[serde(default)]
    pub base_url: String,
    /// `api_keys` on the wire.
    #[serde(default)]
    pub api_keys: Nullable<Vec<AiProviderKey>>,
    /// `settings` on the wire.
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

/// `codersdk.AIProviderKey`: ai provider key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderKey {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// `masked` on the wire.
    #[serde(default)]
    pub masked: String,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
}

/// `codersdk.AIProviderKeyMutation`: ai provider key mutation.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderKeyMutation {
    /// Unique id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// `api_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

debug_without_secrets!(AiProviderKeyMutation { id; api_key });

open_enum! {
    /// Values of `codersdk.AIProviderType`.
    pub enum AiProviderType {
        /// `openai`
        Openai => "openai",
        /// `anthropic`
        Anthropic => "anthropic",
        /// `azure`
        Azure => "azure",
        /// `google`
        Google => "google",
        /// `openai-compat`
        OpenaiCompat => "openai-compat",
        /// `openrouter`
        Openrouter => "openrouter",
        /// `vercel`
        Vercel => "vercel",
        /// `bedrock`
        Bedrock => "bedrock",
        /// `copilot`
        Copilot => "copilot",
    }
}

/// `codersdk.CreateAIProviderRequest`: create ai provider request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateAiProviderRequest {
    /// `type` on the wire.
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
    /// `base_url` on the wire.
    #[serde(default)]
    pub base_url: String,
    /// `api_keys` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<String>,
    /// `settings` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AiProviderSettings>,
    /// URL or name of an icon. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}

debug_without_secrets!(CreateAiProviderRequest { kind, name, display_name, enabled, base_url, settings, icon; api_keys });

/// `codersdk.UpdateAIProviderRequest`: update ai provider request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateAiProviderRequest {
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `base_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// `api_keys` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_keys: Option<Vec<AiProviderKeyMutation>>,
    /// `settings` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<AiProviderSettings>,
    /// URL or name of an icon. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}
