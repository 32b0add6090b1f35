//! Models, how they are configured, and keys to their providers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A model: `codersdk.ChatModel`.
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

/// A configured model: `codersdk.ChatModelConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelConfig {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// The provider that has the model.
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
    /// Whether new chats use it.
    #[serde(default)]
    pub is_default: bool,
    /// Size of the model's context, in tokens.
    #[serde(default)]
    pub context_limit: i64,
    /// How full the context may get, in percent, before it is compacted.
    #[serde(default)]
    pub compression_threshold: i32,
    /// How the model is called.
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

/// A provider and its models: `codersdk.ChatModelProvider`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelProvider {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Whether it can be used.
    #[serde(default)]
    pub available: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub unavailable_reason: Option<ChatModelProviderUnavailableReason>,
    /// The models.
    #[serde(default)]
    pub models: Nullable<Vec<ChatModel>>,
}

open_enum! {
    /// Why a provider cannot be used: `codersdk.ChatModelProviderUnavailableReason`.
    pub enum ChatModelProviderUnavailableReason {
        /// There is no key.
        MissingApiKey => "missing_api_key",
        /// Its models could not be listed.
        FetchFailed => "fetch_failed",
        /// Users must bring keys.
        UserApiKeyRequired => "user_api_key_required",
    }
}

/// The models that may be chosen: `codersdk.ChatModelsResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelsResponse {
    /// The providers.
    #[serde(default)]
    pub providers: Nullable<Vec<ChatModelProvider>>,
    /// Providers that chats cannot use. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub unsupported_providers: Option<Vec<ChatUnsupportedProvider>>,
}

/// A provider, in the form before `ai/providers`: `codersdk.ChatProviderConfig`.
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
    /// Whether there is a key.
    #[serde(default)]
    pub has_api_key: bool,
    /// Whether the deployment's key is used.
    #[serde(default)]
    pub central_api_key_enabled: bool,
    /// Whether users may bring keys.
    #[serde(default)]
    pub allow_user_api_key: bool,
    /// Whether the deployment's key is used for users without one.
    #[serde(default)]
    pub allow_central_api_key_fallback: bool,
    /// URL that the API's paths are below.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub base_url: Option<String>,
    /// Where it was configured.
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
    /// Where a provider was configured: `codersdk.ChatProviderConfigSource`.
    pub enum ChatProviderConfigSource {
        /// Through the API.
        Database => "database",
        /// By environment variables.
        EnvPreset => "env_preset",
        /// Nowhere yet; it could be.
        Supported => "supported",
    }
}

/// A model to configure: `codersdk.CreateChatModelConfigRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatModelConfigRequest {
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// The provider that has the model.
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
    /// Whether new chats use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Size of the model's context, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<i64>,
    /// How full the context may get, in percent, before it is compacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_threshold: Option<i32>,
    /// How the model is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config: Option<ChatModelCallConfig>,
}

/// A provider to add, in the form before `ai/providers`: `codersdk.CreateChatProviderConfigRequest`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatProviderConfigRequest {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// The key. Never in an answer, and left out when the value is printed for debugging.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub api_key: Option<String>,
    /// URL that the API's paths are below.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub base_url: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the deployment's key is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_api_key_enabled: Option<bool>,
    /// Whether users may bring keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_user_api_key: Option<bool>,
    /// Whether the deployment's key is used for users without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_central_api_key_fallback: Option<bool>,
}

debug_without_secrets!(CreateChatProviderConfigRequest { provider, display_name, base_url, enabled, central_api_key_enabled, allow_user_api_key, allow_central_api_key_fallback; api_key });

/// A user's own key: `codersdk.CreateUserAIProviderKeyRequest`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserAiProviderKeyRequest {
    /// The key. Never in an answer, and left out when the value is printed for debugging.
    #[serde(default)]
    pub api_key: String,
}

debug_without_secrets!(CreateUserAiProviderKeyRequest { ; api_key });

/// The caller's own key: `codersdk.CreateUserChatProviderKeyRequest`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateUserChatProviderKeyRequest {
    /// The key. Never in an answer, and left out when the value is printed for debugging.
    #[serde(default)]
    pub api_key: String,
}

debug_without_secrets!(CreateUserChatProviderKeyRequest { ; api_key });

/// Changes to a configured model; what is absent stays as it is: `codersdk.UpdateChatModelConfigRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatModelConfigRequest {
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// The provider that has the model.
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
    /// Whether new chats use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_default: Option<bool>,
    /// Size of the model's context, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<i64>,
    /// How full the context may get, in percent, before it is compacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_threshold: Option<i32>,
    /// How the model is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config: Option<ChatModelCallConfig>,
}

/// Changes to a provider, in the form before `ai/providers`: `codersdk.UpdateChatProviderConfigRequest`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatProviderConfigRequest {
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// The key. Never in an answer, and left out when the value is printed for debugging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// URL that the API's paths are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whether it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether the deployment's key is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_api_key_enabled: Option<bool>,
    /// Whether users may bring keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_user_api_key: Option<bool>,
    /// Whether the deployment's key is used for users without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_central_api_key_fallback: Option<bool>,
}

debug_without_secrets!(UpdateChatProviderConfigRequest { display_name, base_url, enabled, central_api_key_enabled, allow_user_api_key, allow_central_api_key_fallback; api_key });

/// A provider to which a user may bring a key: `codersdk.UserAIProviderKeyConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserAiProviderKeyConfig {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: AiProviderSummary,
    /// Whether the user has a key.
    #[serde(default)]
    pub has_user_api_key: bool,
    /// Whether the deployment has a key.
    #[serde(default)]
    pub has_provider_api_key: bool,
    /// Whether users may bring keys.
    #[serde(default)]
    pub byok_enabled: bool,
}

/// A provider to which the caller may bring a key: `codersdk.UserChatProviderConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatProviderConfig {
    /// The provider.
    #[serde(default)]
    pub provider_id: Uuid,
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Whether the user has a key.
    #[serde(default)]
    pub has_user_api_key: bool,
    /// Whether the deployment's key is used without one.
    #[serde(default)]
    pub has_central_api_key_fallback: bool,
    /// Whether users may bring keys.
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
