//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatModel`: chat model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModel {
    /// Unique id.
    #[serde(default)]
    pub id: String,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name of the model, as the provider knows it.
    #[serde(default)]
    pub model: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
}

/// `codersdk.ChatModelConfig`: chat model config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelConfig {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// `ai_provider_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_provider_id: Option<Uuid>,
    /// Name of the model, as the provider knows it.
    #[serde(default)]
    pub model: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `is_default` on the wire.
    #[serde(default)]
    pub is_default: bool,
    /// `context_limit` on the wire.
    #[serde(default)]
    pub context_limit: i64,
    /// `compression_threshold` on the wire.
    #[serde(default)]
    pub compression_threshold: i32,
    /// `model_config` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config: Option<ChatModelCallConfig>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// The efforts of thinking that may be chosen. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_efforts: Vec<String>,
}

/// `codersdk.ChatModelProvider`: chat model provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelProvider {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// `available` on the wire.
    #[serde(default)]
    pub available: bool,
    /// `unavailable_reason` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub unavailable_reason: Option<ChatModelProviderUnavailableReason>,
    /// `models` on the wire.
    #[serde(default)]
    pub models: Nullable<Vec<ChatModel>>,
}

open_enum! {
    /// Values of `codersdk.ChatModelProviderUnavailableReason`.
    pub enum ChatModelProviderUnavailableReason {
        /// `missing_api_key`
        MissingApiKey => "missing_api_key",
        /// `fetch_failed`
        FetchFailed => "fetch_failed",
        /// `user_api_key_required`
        UserApiKeyRequired => "user_api_key_required",
    }
}

/// `codersdk.ChatModelsResponse`: chat models response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelsResponse {
    /// `providers` on the wire.
    #[serde(default)]
    pub providers: Nullable<Vec<ChatModelProvider>>,
    /// Providers that chats cannot use. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub unsupported_providers: Option<Vec<ChatUnsupportedProvider>>,
}

/// `codersdk.ChatProviderConfig`: chat provider config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatProviderConfig {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `has_api_key` on the wire.
    #[serde(default)]
    pub has_api_key: bool,
    /// `central_api_key_enabled` on the wire.
    #[serde(default)]
    pub central_api_key_enabled: bool,
    /// `allow_user_api_key` on the wire.
    #[serde(default)]
    pub allow_user_api_key: bool,
    /// `allow_central_api_key_fallback` on the wire.
    #[serde(default)]
    pub allow_central_api_key_fallback: bool,
    /// `base_url` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub base_url: Option<String>,
    /// `source` on the wire.
    #[serde(default)]
    pub source: ChatProviderConfigSource,
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

open_enum! {
    /// Values of `codersdk.ChatProviderConfigSource`.
    pub enum ChatProviderConfigSource {
        /// `database`
        Database => "database",
        /// `env_preset`
        EnvPreset => "env_preset",
        /// `supported`
        Supported => "supported",
    }
}

/// `codersdk.CreateChatModelConfigRequest`: create chat model config request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatModelConfigRequest {
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// `ai_provider_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_provider_id: Option<Uuid>,
    /// Name of the model, as the provider knows it.
    #[serde(default)]
    pub model: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `is_default` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// `context_limit` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<i64>,
    /// `compression_threshold` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_threshold: Option<i32>,
    /// `model_config` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config: Option<ChatModelCallConfig>,
}

/// `codersdk.CreateChatProviderConfigRequest`: create chat provider config request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatProviderConfigRequest {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// `api_key` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub api_key: Option<String>,
    /// `base_url` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub base_url: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `central_api_key_enabled` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_api_key_enabled: Option<bool>,
    /// `allow_user_api_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_user_api_key: Option<bool>,
    /// `allow_central_api_key_fallback` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_central_api_key_fallback: Option<bool>,
}

debug_without_secrets!(CreateChatProviderConfigRequest { provider, display_name, base_url, enabled, central_api_key_enabled, allow_user_api_key, allow_central_api_key_fallback; api_key });

/// `codersdk.CreateUserAIProviderKeyRequest`: create user ai provider key request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserAiProviderKeyRequest {
    /// `api_key` on the wire.
    #[serde(default)]
    pub api_key: String,
}

debug_without_secrets!(CreateUserAiProviderKeyRequest { ; api_key });

/// `codersdk.CreateUserChatProviderKeyRequest`: create user chat provider key request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserChatProviderKeyRequest {
    /// `api_key` on the wire.
    #[serde(default)]
    pub api_key: String,
}

debug_without_secrets!(CreateUserChatProviderKeyRequest { ; api_key });

/// `codersdk.UpdateChatModelConfigRequest`: update chat model config request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatModelConfigRequest {
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// `ai_provider_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_provider_id: Option<Uuid>,
    /// Name of the model, as the provider knows it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub model: Option<String>,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `is_default` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// `context_limit` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<i64>,
    /// `compression_threshold` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_threshold: Option<i32>,
    /// `model_config` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config: Option<ChatModelCallConfig>,
}

/// `codersdk.UpdateChatProviderConfigRequest`: update chat provider config request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatProviderConfigRequest {
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// `api_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// `base_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `central_api_key_enabled` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_api_key_enabled: Option<bool>,
    /// `allow_user_api_key` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_user_api_key: Option<bool>,
    /// `allow_central_api_key_fallback` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_central_api_key_fallback: Option<bool>,
}

debug_without_secrets!(UpdateChatProviderConfigRequest { display_name, base_url, enabled, central_api_key_enabled, allow_user_api_key, allow_central_api_key_fallback; api_key });

/// `codersdk.UserAIProviderKeyConfig`: user ai provider key config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserAiProviderKeyConfig {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: AiProviderSummary,
    /// `has_user_api_key` on the wire.
    #[serde(default)]
    pub has_user_api_key: bool,
    /// `has_provider_api_key` on the wire.
    #[serde(default)]
    pub has_provider_api_key: bool,
    /// `byok_enabled` on the wire.
    #[serde(default)]
    pub byok_enabled: bool,
}

/// `codersdk.UserChatProviderConfig`: user chat provider config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatProviderConfig {
    /// `provider_id` on the wire.
    #[serde(default)]
    pub provider_id: Uuid,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// `has_user_api_key` on the wire.
    #[serde(default)]
    pub has_user_api_key: bool,
    /// `has_central_api_key_fallback` on the wire.
    #[serde(default)]
    pub has_central_api_key_fallback: bool,
    /// `byok_enabled` on the wire.
    #[serde(default)]
    pub byok_enabled: bool,
    /// URL or name of an icon. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
    /// Whether the provider is in use. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub enabled: Option<bool>,
}

/// A provider that chats cannot use. Servers before v2.37 do not know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUnsupportedProvider {
    /// Its type.
    #[serde(default)]
    pub provider: String,
    /// Its name as shown to people.
    #[serde(default)]
    pub display_name: String,
}
