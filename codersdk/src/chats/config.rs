//! Settings of chats.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// The advisor: a second model that the first may ask: `codersdk.AdvisorConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AdvisorConfig {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// How often the advisor may be asked in one turn; 0 sets no limit.
    #[serde(default)]
    pub max_uses_per_run: i64,
    /// How many tokens an answer may have.
    #[serde(default)]
    pub max_output_tokens: i64,
    /// The configured model that advises; the nil id for the chat's own.
    #[serde(default)]
    pub model_config_id: Uuid,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// The setting auto archive days: `codersdk.ChatAutoArchiveDaysResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatAutoArchiveDaysResponse {
    /// After how many idle days chats are archived; 0 means never.
    #[serde(default)]
    pub auto_archive_days: i32,
}

/// The setting computer use provider: `codersdk.ChatComputerUseProviderResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatComputerUseProviderResponse {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
}

/// The setting desktop enabled: `codersdk.ChatDesktopEnabledResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatDesktopEnabledResponse {
    /// Whether chats may use a desktop.
    #[serde(default)]
    pub enable_desktop: bool,
}

open_enum! {
    /// Kinds of work for which the deployment may choose a model: `codersdk.ChatModelOverrideContext`.
    pub enum ChatModelOverrideContext {
        /// Sub-chats of the general kind.
        General => "general",
        /// Sub-chats that explore.
        Explore => "explore",
        /// Titles.
        TitleGeneration => "title_generation",
    }
}

/// The setting model override: `codersdk.ChatModelOverrideResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatModelOverrideResponse {
    /// The kind of work.
    #[serde(default)]
    pub context: ChatModelOverrideContext,
    /// The configured model, as text; empty when the chat's own is used.
    #[serde(default)]
    pub model_config_id: String,
    /// Whether what is stored cannot be read.
    #[serde(default)]
    pub is_malformed: bool,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// Chats: personal model override: `codersdk.ChatPersonalModelOverride`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverride {
    /// The kind of work.
    #[serde(default)]
    pub context: ChatPersonalModelOverrideContext,
    /// Where the model comes from.
    #[serde(default)]
    pub mode: ChatPersonalModelOverrideMode,
    /// The configured model, as text; empty when none is chosen.
    #[serde(default)]
    pub model_config_id: String,
    /// Whether the user has chosen.
    #[serde(default)]
    pub is_set: bool,
    /// Whether what is stored cannot be read.
    #[serde(default)]
    pub is_malformed: bool,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

open_enum! {
    /// Kinds of work for which users may choose a model: `codersdk.ChatPersonalModelOverrideContext`.
    pub enum ChatPersonalModelOverrideContext {
        /// Chats that people start.
        Root => "root",
        /// Sub-chats of the general kind.
        General => "general",
        /// Sub-chats that explore.
        Explore => "explore",
    }
}

/// Chats: personal model override deployment defaults: `codersdk.ChatPersonalModelOverrideDeploymentDefaults`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverrideDeploymentDefaults {
    /// For general sub-chats.
    #[serde(default)]
    pub general: ChatModelOverrideResponse,
    /// For sub-chats that explore.
    #[serde(default)]
    pub explore: ChatModelOverrideResponse,
}

open_enum! {
    /// Where the model for a kind of work comes from: `codersdk.ChatPersonalModelOverrideMode`.
    pub enum ChatPersonalModelOverrideMode {
        /// The deployment's choice.
        DeploymentDefault => "deployment_default",
        /// The chat's own model.
        ChatDefault => "chat_default",
        /// A model of the user's choice.
        Model => "model",
    }
}

/// Chats: personal model overrides admin settings: `codersdk.ChatPersonalModelOverridesAdminSettings`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPersonalModelOverridesAdminSettings {
    /// Whether users may decide for themselves.
    #[serde(default)]
    pub allow_users: bool,
}

/// The setting plan mode instructions: `codersdk.ChatPlanModeInstructionsResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatPlanModeInstructionsResponse {
    /// What models are told in plan mode.
    #[serde(default)]
    pub plan_mode_instructions: String,
}

/// The setting retention days: `codersdk.ChatRetentionDaysResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatRetentionDaysResponse {
    /// After how many days archived chats are deleted; 0 means never.
    #[serde(default)]
    pub retention_days: i32,
}

/// The setting system prompt: `codersdk.ChatSystemPromptResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatSystemPromptResponse {
    /// The text of the prompt.
    #[serde(default)]
    pub system_prompt: String,
    /// Whether the built-in prompt comes first.
    #[serde(default)]
    pub include_default_system_prompt: bool,
    /// The built-in prompt.
    #[serde(default)]
    pub default_system_prompt: String,
}

/// Chats: template allowlist: `codersdk.ChatTemplateAllowlist`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatTemplateAllowlist {
    /// The templates; none listed means all.
    #[serde(default)]
    pub template_ids: Nullable<Vec<String>>,
}

/// The setting workspace ttl: `codersdk.ChatWorkspaceTTLResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatWorkspaceTtlResponse {
    /// After how many milliseconds a workspace is stopped; 0 leaves it to the template.
    #[serde(default)]
    pub workspace_ttl_ms: i64,
}

/// The new value of the setting auto archive days: `codersdk.UpdateChatAutoArchiveDaysRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatAutoArchiveDaysRequest {
    /// After how many idle days chats are archived; 0 means never.
    #[serde(default)]
    pub auto_archive_days: i32,
}

/// The new value of the setting computer use provider: `codersdk.UpdateChatComputerUseProviderRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatComputerUseProviderRequest {
    /// Kind of the provider.
    #[serde(default)]
    pub provider: String,
}

/// The new value of the setting desktop enabled: `codersdk.UpdateChatDesktopEnabledRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatDesktopEnabledRequest {
    /// Whether chats may use a desktop.
    #[serde(default)]
    pub enable_desktop: bool,
}

/// The new value of the setting model override: `codersdk.UpdateChatModelOverrideRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatModelOverrideRequest {
    /// The configured model, as text; empty to use the chat's own.
    #[serde(default)]
    pub model_config_id: String,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// The new value of the setting personal model overrides admin settings:
/// `codersdk.UpdateChatPersonalModelOverridesAdminSettingsRequest`. request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatPersonalModelOverridesAdminSettingsRequest {
    /// Whether users may decide for themselves.
    #[serde(default)]
    pub allow_users: bool,
}

/// The new value of the setting plan mode instructions: `codersdk.UpdateChatPlanModeInstructionsRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatPlanModeInstructionsRequest {
    /// What models are told in plan mode.
    #[serde(default)]
    pub plan_mode_instructions: String,
}

/// The new value of the setting retention days: `codersdk.UpdateChatRetentionDaysRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatRetentionDaysRequest {
    /// After how many days archived chats are deleted; 0 means never.
    #[serde(default)]
    pub retention_days: i32,
}

/// The new value of the setting system prompt: `codersdk.UpdateChatSystemPromptRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatSystemPromptRequest {
    /// The text of the prompt.
    #[serde(default)]
    pub system_prompt: String,
    /// Whether the built-in prompt comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_default_system_prompt: Option<bool>,
}

/// The new value of the setting workspace ttl: `codersdk.UpdateChatWorkspaceTTLRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatWorkspaceTtlRequest {
    /// After how many milliseconds a workspace is stopped; 0 leaves it to the template.
    #[serde(default)]
    pub workspace_ttl_ms: i64,
}

/// The new value of the setting user compaction threshold: `codersdk.UpdateUserChatCompactionThresholdRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatCompactionThresholdRequest {
    /// How full the context may get, in percent, before it is compacted.
    #[serde(default)]
    pub threshold_percent: i32,
}

/// The new value of the setting user personal model override: `codersdk.UpdateUserChatPersonalModelOverrideRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateUserChatPersonalModelOverrideRequest {
    /// Where the model comes from.
    #[serde(default)]
    pub mode: ChatPersonalModelOverrideMode,
    /// The configured model, as text, for the mode `model`.
    #[serde(default)]
    pub model_config_id: String,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// User chat compaction threshold: `codersdk.UserChatCompactionThreshold`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCompactionThreshold {
    /// The configured model.
    #[serde(default)]
    pub model_config_id: Uuid,
    /// How full the context may get, in percent, before it is compacted.
    #[serde(default)]
    pub threshold_percent: i32,
}

/// User chat compaction thresholds: `codersdk.UserChatCompactionThresholds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCompactionThresholds {
    /// The thresholds.
    #[serde(default)]
    pub thresholds: Nullable<Vec<UserChatCompactionThreshold>>,
}

/// User chat custom prompt: `codersdk.UserChatCustomPrompt`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatCustomPrompt {
    /// What is added to the system prompt.
    #[serde(default)]
    pub custom_prompt: String,
}

/// The setting user chat personal model overrides: `codersdk.UserChatPersonalModelOverridesResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserChatPersonalModelOverridesResponse {
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// For chats that people start.
    #[serde(default)]
    pub root: ChatPersonalModelOverride,
    /// For general sub-chats.
    #[serde(default)]
    pub general: ChatPersonalModelOverride,
    /// For sub-chats that explore.
    #[serde(default)]
    pub explore: ChatPersonalModelOverride,
    /// What the deployment uses where users have not chosen.
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
