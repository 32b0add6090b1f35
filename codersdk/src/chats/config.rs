//! Wire types.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.AdvisorConfig`: advisor config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdvisorConfig {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `max_uses_per_run` on the wire.
    #[serde(default)]
    pub max_uses_per_run: i64,
    /// `max_output_tokens` on the wire.
    #[serde(default)]
    pub max_output_tokens: i64,
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: Uuid,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.ChatAutoArchiveDaysResponse`: chat auto archive days response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatAutoArchiveDaysResponse {
    /// `auto_archive_days` on the wire.
    #[serde(default)]
    pub auto_archive_days: i32,
}

/// `codersdk.ChatComputerUseProviderResponse`: chat computer use provider response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatComputerUseProviderResponse {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
}

/// `codersdk.ChatDesktopEnabledResponse`: chat desktop enabled response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDesktopEnabledResponse {
    /// `enable_desktop` on the wire.
    #[serde(default)]
    pub enable_desktop: bool,
}

open_enum! {
    /// Values of `codersdk.ChatModelOverrideContext`.
    pub enum ChatModelOverrideContext {
        /// `general`
        General => "general",
        /// `explore`
        Explore => "explore",
        /// `title_generation`
        TitleGeneration => "title_generation",
    }
}

/// `codersdk.ChatModelOverrideResponse`: chat model override response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOverrideResponse {
    /// `context` on the wire.
    #[serde(default)]
    pub context: ChatModelOverrideContext,
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: String,
    /// `is_malformed` on the wire.
    #[serde(default)]
    pub is_malformed: bool,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.ChatPersonalModelOverride`: chat personal model override.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverride {
    /// `context` on the wire.
    #[serde(default)]
    pub context: ChatPersonalModelOverrideContext,
    /// `mode` on the wire.
    #[serde(default)]
    pub mode: ChatPersonalModelOverrideMode,
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: String,
    /// `is_set` on the wire.
    #[serde(default)]
    pub is_set: bool,
    /// `is_malformed` on the wire.
    #[serde(default)]
    pub is_malformed: bool,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

open_enum! {
    /// Values of `codersdk.ChatPersonalModelOverrideContext`.
    pub enum ChatPersonalModelOverrideContext {
        /// `root`
        Root => "root",
        /// `general`
        General => "general",
        /// `explore`
        Explore => "explore",
    }
}

/// `codersdk.ChatPersonalModelOverrideDeploymentDefaults`: chat personal model override deployment defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverrideDeploymentDefaults {
    /// `general` on the wire.
    #[serde(default)]
    pub general: ChatModelOverrideResponse,
    /// `explore` on the wire.
    #[serde(default)]
    pub explore: ChatModelOverrideResponse,
}

open_enum! {
    /// Values of `codersdk.ChatPersonalModelOverrideMode`.
    pub enum ChatPersonalModelOverrideMode {
        /// `deployment_default`
        DeploymentDefault => "deployment_default",
        /// `chat_default`
        ChatDefault => "chat_default",
        /// `model`
        Model => "model",
    }
}

/// `codersdk.ChatPersonalModelOverridesAdminSettings`: chat personal model overrides admin settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverridesAdminSettings {
    /// `allow_users` on the wire.
    #[serde(default)]
    pub allow_users: bool,
}

/// `codersdk.ChatPlanModeInstructionsResponse`: chat plan mode instructions response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPlanModeInstructionsResponse {
    /// `plan_mode_instructions` on the wire.
    #[serde(default)]
    pub plan_mode_instructions: String,
}

/// `codersdk.ChatRetentionDaysResponse`: chat retention days response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatRetentionDaysResponse {
    /// `retention_days` on the wire.
    #[serde(default)]
    pub retention_days: i32,
}

/// `codersdk.ChatSystemPromptResponse`: chat system prompt response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatSystemPromptResponse {
    /// `system_prompt` on the wire.
    #[serde(default)]
    pub system_prompt: String,
    /// `include_default_system_prompt` on the wire.
    #[serde(default)]
    pub include_default_system_prompt: bool,
    /// `default_system_prompt` on the wire.
    #[serde(default)]
    pub default_system_prompt: String,
}

/// `codersdk.ChatTemplateAllowlist`: chat template allowlist.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatTemplateAllowlist {
    /// `template_ids` on the wire.
    #[serde(default)]
    pub template_ids: Nullable<Vec<String>>,
}

/// `codersdk.ChatWorkspaceTTLResponse`: chat workspace ttl response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatWorkspaceTtlResponse {
    /// `workspace_ttl_ms` on the wire.
    #[serde(default)]
    pub workspace_ttl_ms: i64,
}

/// `codersdk.UpdateChatAutoArchiveDaysRequest`: update chat auto archive days request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatAutoArchiveDaysRequest {
    /// `auto_archive_days` on the wire.
    #[serde(default)]
    pub auto_archive_days: i32,
}

/// `codersdk.UpdateChatComputerUseProviderRequest`: update chat computer use provider request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatComputerUseProviderRequest {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
}

/// `codersdk.UpdateChatDesktopEnabledRequest`: update chat desktop enabled request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDesktopEnabledRequest {
    /// `enable_desktop` on the wire.
    #[serde(default)]
    pub enable_desktop: bool,
}

/// `codersdk.UpdateChatModelOverrideRequest`: update chat model override request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatModelOverrideRequest {
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: String,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.UpdateChatPersonalModelOverridesAdminSettingsRequest`: update chat personal model overrides admin settings
/// request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatPersonalModelOverridesAdminSettingsRequest {
    /// `allow_users` on the wire.
    #[serde(default)]
    pub allow_users: bool,
}

/// `codersdk.UpdateChatPlanModeInstructionsRequest`: update chat plan mode instructions request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatPlanModeInstructionsRequest {
    /// `plan_mode_instructions` on the wire.
    #[serde(default)]
    pub plan_mode_instructions: String,
}

/// `codersdk.UpdateChatRetentionDaysRequest`: update chat retention days request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatRetentionDaysRequest {
    /// `retention_days` on the wire.
    #[serde(default)]
    pub retention_days: i32,
}

/// `codersdk.UpdateChatSystemPromptRequest`: update chat system prompt request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatSystemPromptRequest {
    /// `system_prompt` on the wire.
    #[serde(default)]
    pub system_prompt: String,
    /// `include_default_system_prompt` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_default_system_prompt: Option<bool>,
}

/// `codersdk.UpdateChatWorkspaceTTLRequest`: update chat workspace ttl request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatWorkspaceTtlRequest {
    /// `workspace_ttl_ms` on the wire.
    #[serde(default)]
    pub workspace_ttl_ms: i64,
}

/// `codersdk.UpdateUserChatCompactionThresholdRequest`: update user chat compaction threshold request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatCompactionThresholdRequest {
    /// `threshold_percent` on the wire.
    #[serde(default)]
    pub threshold_percent: i32,
}

/// `codersdk.UpdateUserChatPersonalModelOverrideRequest`: update user chat personal model override request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatPersonalModelOverrideRequest {
    /// `mode` on the wire.
    #[serde(default)]
    pub mode: ChatPersonalModelOverrideMode,
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: String,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// `codersdk.UserChatCompactionThreshold`: user chat compaction threshold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCompactionThreshold {
    /// `model_config_id` on the wire.
    #[serde(default)]
    pub model_config_id: Uuid,
    /// `threshold_percent` on the wire.
    #[serde(default)]
    pub threshold_percent: i32,
}

/// `codersdk.UserChatCompactionThresholds`: user chat compaction thresholds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCompactionThresholds {
    /// `thresholds` on the wire.
    #[serde(default)]
    pub thresholds: Nullable<Vec<UserChatCompactionThreshold>>,
}

/// `codersdk.UserChatCustomPrompt`: user chat custom prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCustomPrompt {
    /// `custom_prompt` on the wire.
    #[serde(default)]
    pub custom_prompt: String,
}

/// `codersdk.UserChatPersonalModelOverridesResponse`: user chat personal model overrides response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatPersonalModelOverridesResponse {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `root` on the wire.
    #[serde(default)]
    pub root: ChatPersonalModelOverride,
    /// `general` on the wire.
    #[serde(default)]
    pub general: ChatPersonalModelOverride,
    /// `explore` on the wire.
    #[serde(default)]
    pub explore: ChatPersonalModelOverride,
    /// `deployment_defaults` on the wire.
    #[serde(default)]
    pub deployment_defaults: ChatPersonalModelOverrideDeploymentDefaults,
}

/// `codersdk.UpdateAdvisorConfigRequest`: the settings of the advisor, as they are set.
pub type UpdateAdvisorConfigRequest = AdvisorConfig;

/// `codersdk.ChatConfig`: how a deployment runs chats; a part of its start-up options.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatConfig {
    /// How many chats a worker takes up at once.
    #[serde(default)]
    pub acquire_batch_size: i64,
    /// Whether users may log what their chats send to models, whatever the setting says.
    #[serde(default)]
    pub debug_logging_enabled: bool,
    /// Whether models are called through the deployment's AI gateway.
    #[serde(default)]
    pub ai_gateway_routing_enabled: bool,
}
