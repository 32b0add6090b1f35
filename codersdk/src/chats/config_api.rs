//! Calls about settings of chats.

use async_trait::async_trait;
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// Settings of chats: those of the deployment, which administrators change, and each user's own (`get_user_…`,
/// `update_user_…`), which are the caller's.
///
/// Day counts are in days, 0 meaning never; durations in milliseconds.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatConfigApi: Send + Sync {
    /// Returns the deployment's system prompt.
    ///
    /// `GET /config/system-prompt`
    async fn get_chat_system_prompt(&self) -> Result<ChatSystemPromptResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_system_prompt"))
    }

    /// Sets the deployment's system prompt.
    ///
    /// `PUT /config/system-prompt`
    async fn update_chat_system_prompt(&self, request: &UpdateChatSystemPromptRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_system_prompt"))
    }

    /// Returns what models are told in plan mode.
    ///
    /// `GET /config/plan-mode-instructions`
    async fn get_chat_plan_mode_instructions(&self) -> Result<ChatPlanModeInstructionsResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_plan_mode_instructions"))
    }

    /// Sets what models are told in plan mode.
    ///
    /// `PUT /config/plan-mode-instructions`
    async fn update_chat_plan_mode_instructions(&self, request: &UpdateChatPlanModeInstructionsRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_plan_mode_instructions"))
    }

    /// Returns the model that the deployment uses for one kind of work in place of the chat's.
    ///
    /// `GET /config/model-override/{context}`
    async fn get_chat_model_override(&self, context: &ChatModelOverrideContext) -> Result<ChatModelOverrideResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_model_override"))
    }

    /// Sets the model for one kind of work, or unsets it.
    ///
    /// `PUT /config/model-override/{context}`
    async fn update_chat_model_override(
        &self,
        context: &ChatModelOverrideContext,
        request: &UpdateChatModelOverrideRequest,
    ) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_model_override"))
    }

    /// Returns whether users may choose models for kinds of work themselves.
    ///
    /// `GET /config/personal-model-overrides`
    async fn get_chat_personal_model_overrides_admin_settings(
        &self,
    ) -> Result<ChatPersonalModelOverridesAdminSettings> {
        Err(Error::unsupported("ChatConfigApi::get_chat_personal_model_overrides_admin_settings"))
    }

    /// Sets whether users may choose models for kinds of work themselves.
    ///
    /// `PUT /config/personal-model-overrides`
    async fn update_chat_personal_model_overrides_admin_settings(
        &self,
        request: &UpdateChatPersonalModelOverridesAdminSettingsRequest,
    ) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_personal_model_overrides_admin_settings"))
    }

    /// Returns the models that the caller has chosen for kinds of work.
    ///
    /// `GET /config/user-personal-model-overrides`
    async fn get_user_chat_personal_model_overrides(&self) -> Result<UserChatPersonalModelOverridesResponse> {
        Err(Error::unsupported("ChatConfigApi::get_user_chat_personal_model_overrides"))
    }

    /// Sets the model that the caller chooses for one kind of work.
    ///
    /// `PUT /config/user-personal-model-overrides/{context}`
    async fn update_user_chat_personal_model_override(
        &self,
        context: &ChatPersonalModelOverrideContext,
        request: &UpdateUserChatPersonalModelOverrideRequest,
    ) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_user_chat_personal_model_override"))
    }

    /// Returns whether chats may use a desktop.
    ///
    /// `GET /config/desktop-enabled`. Servers since v2.37 no longer have this route.
    async fn get_chat_desktop_enabled(&self) -> Result<ChatDesktopEnabledResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_desktop_enabled"))
    }

    /// Sets whether chats may use a desktop.
    ///
    /// `PUT /config/desktop-enabled`. Servers since v2.37 no longer have this route.
    async fn update_chat_desktop_enabled(&self, request: &UpdateChatDesktopEnabledRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_desktop_enabled"))
    }

    /// Returns the settings of the advisor, a second model that the first may ask.
    ///
    /// `GET /api/experimental/chats/config/advisor`
    async fn get_chat_advisor_config(&self) -> Result<AdvisorConfig> {
        Err(Error::unsupported("ChatConfigApi::get_chat_advisor_config"))
    }

    /// Sets the settings of the advisor.
    ///
    /// `PUT /api/experimental/chats/config/advisor`
    async fn update_chat_advisor_config(&self, request: &UpdateAdvisorConfigRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_advisor_config"))
    }

    /// Returns the provider whose models use desktops.
    ///
    /// `GET /api/experimental/chats/config/computer-use-provider`
    async fn get_chat_computer_use_provider(&self) -> Result<ChatComputerUseProviderResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_computer_use_provider"))
    }

    /// Sets the provider whose models use desktops.
    ///
    /// `PUT /api/experimental/chats/config/computer-use-provider`
    async fn update_chat_computer_use_provider(&self, request: &UpdateChatComputerUseProviderRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_computer_use_provider"))
    }

    /// Returns after how long workspaces that chats made are stopped.
    ///
    /// `GET /config/workspace-ttl`
    async fn get_chat_workspace_ttl(&self) -> Result<ChatWorkspaceTtlResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_workspace_ttl"))
    }

    /// Sets after how long workspaces that chats made are stopped.
    ///
    /// `PUT /config/workspace-ttl`
    async fn update_chat_workspace_ttl(&self, request: &UpdateChatWorkspaceTtlRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_workspace_ttl"))
    }

    /// Returns after how many days archived chats are deleted.
    ///
    /// `GET /config/retention-days`
    async fn get_chat_retention_days(&self) -> Result<ChatRetentionDaysResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_retention_days"))
    }

    /// Sets after how many days archived chats are deleted.
    ///
    /// `PUT /config/retention-days`
    async fn update_chat_retention_days(&self, request: &UpdateChatRetentionDaysRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_retention_days"))
    }

    /// Returns after how many idle days chats are archived.
    ///
    /// `GET /config/auto-archive-days`
    async fn get_chat_auto_archive_days(&self) -> Result<ChatAutoArchiveDaysResponse> {
        Err(Error::unsupported("ChatConfigApi::get_chat_auto_archive_days"))
    }

    /// Sets after how many idle days chats are archived.
    ///
    /// `PUT /config/auto-archive-days`
    async fn update_chat_auto_archive_days(&self, request: &UpdateChatAutoArchiveDaysRequest) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_auto_archive_days"))
    }

    /// Returns the templates from which chats may make workspaces; none listed means all.
    ///
    /// `GET /config/template-allowlist`. Servers since v2.37 no longer have this route.
    async fn get_chat_template_allowlist(&self) -> Result<ChatTemplateAllowlist> {
        Err(Error::unsupported("ChatConfigApi::get_chat_template_allowlist"))
    }

    /// Sets the templates from which chats may make workspaces.
    ///
    /// `PUT /config/template-allowlist`. Servers since v2.37 no longer have this route.
    async fn update_chat_template_allowlist(&self, request: &ChatTemplateAllowlist) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::update_chat_template_allowlist"))
    }

    /// Returns what the caller adds to the system prompt.
    ///
    /// `GET /config/user-prompt`
    async fn get_user_chat_custom_prompt(&self) -> Result<UserChatCustomPrompt> {
        Err(Error::unsupported("ChatConfigApi::get_user_chat_custom_prompt"))
    }

    /// Sets what the caller adds to the system prompt.
    ///
    /// `PUT /config/user-prompt`
    async fn update_user_chat_custom_prompt(&self, request: &UserChatCustomPrompt) -> Result<UserChatCustomPrompt> {
        Err(Error::unsupported("ChatConfigApi::update_user_chat_custom_prompt"))
    }

    /// Returns the caller's own thresholds of compaction.
    ///
    /// `GET /config/user-compaction-thresholds`
    async fn get_user_chat_compaction_thresholds(&self) -> Result<UserChatCompactionThresholds> {
        Err(Error::unsupported("ChatConfigApi::get_user_chat_compaction_thresholds"))
    }

    /// Sets the caller's own threshold of compaction for a model.
    ///
    /// `PUT /config/user-compaction-thresholds/{modelConfig}`
    async fn update_user_chat_compaction_threshold(
        &self,
        model_config: Uuid,
        request: &UpdateUserChatCompactionThresholdRequest,
    ) -> Result<UserChatCompactionThreshold> {
        Err(Error::unsupported("ChatConfigApi::update_user_chat_compaction_threshold"))
    }

    /// Goes back to the model's threshold of compaction.
    ///
    /// `DELETE /config/user-compaction-thresholds/{modelConfig}`
    async fn delete_user_chat_compaction_threshold(&self, model_config: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatConfigApi::delete_user_chat_compaction_threshold"))
    }
}

#[async_trait]
impl ChatConfigApi for Client {
    async fn get_chat_system_prompt(&self) -> Result<ChatSystemPromptResponse> {
        let call = Request::get_chats("/config/system-prompt", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_system_prompt(&self, request: &UpdateChatSystemPromptRequest) -> Result<()> {
        let call = Request::put_chats("/config/system-prompt", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_plan_mode_instructions(&self) -> Result<ChatPlanModeInstructionsResponse> {
        let call = Request::get_chats("/config/plan-mode-instructions", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_plan_mode_instructions(&self, request: &UpdateChatPlanModeInstructionsRequest) -> Result<()> {
        let call = Request::put_chats("/config/plan-mode-instructions", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_model_override(&self, context: &ChatModelOverrideContext) -> Result<ChatModelOverrideResponse> {
        let call = Request::get_chats("/config/model-override/{context}", &[context]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_model_override(
        &self,
        context: &ChatModelOverrideContext,
        request: &UpdateChatModelOverrideRequest,
    ) -> Result<()> {
        let call = Request::put_chats("/config/model-override/{context}", &[context]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_personal_model_overrides_admin_settings(
        &self,
    ) -> Result<ChatPersonalModelOverridesAdminSettings> {
        let call = Request::get_chats("/config/personal-model-overrides", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_personal_model_overrides_admin_settings(
        &self,
        request: &UpdateChatPersonalModelOverridesAdminSettingsRequest,
    ) -> Result<()> {
        let call = Request::put_chats("/config/personal-model-overrides", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_user_chat_personal_model_overrides(&self) -> Result<UserChatPersonalModelOverridesResponse> {
        let call = Request::get_chats("/config/user-personal-model-overrides", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_user_chat_personal_model_override(
        &self,
        context: &ChatPersonalModelOverrideContext,
        request: &UpdateUserChatPersonalModelOverrideRequest,
    ) -> Result<()> {
        let call = Request::put_chats("/config/user-personal-model-overrides/{context}", &[context])
            .json(request)
            .expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_desktop_enabled(&self) -> Result<ChatDesktopEnabledResponse> {
        let call = Request::get_chats("/config/desktop-enabled", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_desktop_enabled(&self, request: &UpdateChatDesktopEnabledRequest) -> Result<()> {
        let call = Request::put_chats("/config/desktop-enabled", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_advisor_config(&self) -> Result<AdvisorConfig> {
        let call = Request::get("/api/experimental/chats/config/advisor", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_advisor_config(&self, request: &UpdateAdvisorConfigRequest) -> Result<()> {
        let call = Request::put("/api/experimental/chats/config/advisor", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_computer_use_provider(&self) -> Result<ChatComputerUseProviderResponse> {
        let call = Request::get("/api/experimental/chats/config/computer-use-provider", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_computer_use_provider(&self, request: &UpdateChatComputerUseProviderRequest) -> Result<()> {
        let call =
            Request::put("/api/experimental/chats/config/computer-use-provider", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_workspace_ttl(&self) -> Result<ChatWorkspaceTtlResponse> {
        let call = Request::get_chats("/config/workspace-ttl", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_workspace_ttl(&self, request: &UpdateChatWorkspaceTtlRequest) -> Result<()> {
        let call = Request::put_chats("/config/workspace-ttl", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_retention_days(&self) -> Result<ChatRetentionDaysResponse> {
        let call = Request::get_chats("/config/retention-days", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_retention_days(&self, request: &UpdateChatRetentionDaysRequest) -> Result<()> {
        let call = Request::put_chats("/config/retention-days", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_auto_archive_days(&self) -> Result<ChatAutoArchiveDaysResponse> {
        let call = Request::get_chats("/config/auto-archive-days", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_auto_archive_days(&self, request: &UpdateChatAutoArchiveDaysRequest) -> Result<()> {
        let call = Request::put_chats("/config/auto-archive-days", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_chat_template_allowlist(&self) -> Result<ChatTemplateAllowlist> {
        let call = Request::get_chats("/config/template-allowlist", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_chat_template_allowlist(&self, request: &ChatTemplateAllowlist) -> Result<()> {
        let call = Request::put_chats("/config/template-allowlist", &[]).json(request).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn get_user_chat_custom_prompt(&self) -> Result<UserChatCustomPrompt> {
        let call = Request::get_chats("/config/user-prompt", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_user_chat_custom_prompt(&self, request: &UserChatCustomPrompt) -> Result<UserChatCustomPrompt> {
        let call = Request::put_chats("/config/user-prompt", &[]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn get_user_chat_compaction_thresholds(&self) -> Result<UserChatCompactionThresholds> {
        let call = Request::get_chats("/config/user-compaction-thresholds", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn update_user_chat_compaction_threshold(
        &self,
        model_config: Uuid,
        request: &UpdateUserChatCompactionThresholdRequest,
    ) -> Result<UserChatCompactionThreshold> {
        let call = Request::put_chats("/config/user-compaction-thresholds/{modelConfig}", &[&model_config])
            .json(request)
            .expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_user_chat_compaction_threshold(&self, model_config: Uuid) -> Result<()> {
        let call =
            Request::delete_chats("/config/user-compaction-thresholds/{modelConfig}", &[&model_config]).expect(&[204]);
        self.send(call).await.map(drop)
    }
}
