//! Calls about settings of chats.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// Settings of chats: those of the deployment, which administrators change, and each user's own (`get_user_…`,
    /// `update_user_…`), which are the caller's.
    ///
    /// Day counts are in days, 0 meaning never; durations in milliseconds.
    pub trait ChatConfigApi {
        /// Returns the deployment's system prompt.
        ///
        /// `GET /config/system-prompt`
        async fn get_chat_system_prompt(&self) -> ChatSystemPromptResponse;

        /// Sets the deployment's system prompt.
        ///
        /// `PUT /config/system-prompt`
        async fn update_chat_system_prompt(&self, req: UpdateChatSystemPromptRequest);

        /// Returns what models are told in plan mode.
        ///
        /// `GET /config/plan-mode-instructions`
        async fn get_chat_plan_mode_instructions(&self) -> ChatPlanModeInstructionsResponse;

        /// Sets what models are told in plan mode.
        ///
        /// `PUT /config/plan-mode-instructions`
        async fn update_chat_plan_mode_instructions(&self, req: UpdateChatPlanModeInstructionsRequest);

        /// Returns the model that the deployment uses for one kind of work in place of the chat's.
        ///
        /// `GET /config/model-override/{context}`
        async fn get_chat_model_override(&self, context: ChatModelOverrideContext) -> ChatModelOverrideResponse;

        /// Sets the model for one kind of work, or unsets it.
        ///
        /// `PUT /config/model-override/{context}`
        async fn update_chat_model_override(
            &self,
            context: ChatModelOverrideContext,
            req: UpdateChatModelOverrideRequest,
        );

        /// Returns whether users may choose models for kinds of work themselves.
        ///
        /// `GET /config/personal-model-overrides`
        async fn get_chat_personal_model_overrides_admin_settings(&self) -> ChatPersonalModelOverridesAdminSettings;

        /// Sets whether users may choose models for kinds of work themselves.
        ///
        /// `PUT /config/personal-model-overrides`
        async fn update_chat_personal_model_overrides_admin_settings(
            &self,
            req: UpdateChatPersonalModelOverridesAdminSettingsRequest,
        );

        /// Returns the models that the caller has chosen for kinds of work.
        ///
        /// `GET /config/user-personal-model-overrides`
        async fn get_user_chat_personal_model_overrides(&self) -> UserChatPersonalModelOverridesResponse;

        /// Sets the model that the caller chooses for one kind of work.
        ///
        /// `PUT /config/user-personal-model-overrides/{context}`
        async fn update_user_chat_personal_model_override(
            &self,
            context: ChatPersonalModelOverrideContext,
            req: UpdateUserChatPersonalModelOverrideRequest,
        );

        /// Returns whether chats may use a desktop.
        ///
        /// `GET /config/desktop-enabled`. Servers since v2.37 no longer have this route.
        async fn get_chat_desktop_enabled(&self) -> ChatDesktopEnabledResponse;

        /// Sets whether chats may use a desktop.
        ///
        /// `PUT /config/desktop-enabled`. Servers since v2.37 no longer have this route.
        async fn update_chat_desktop_enabled(&self, req: UpdateChatDesktopEnabledRequest);

        /// Returns the settings of the advisor, a second model that the first may ask.
        ///
        /// `GET /api/experimental/chats/config/advisor`
        async fn get_chat_advisor_config(&self) -> AdvisorConfig;

        /// Sets the settings of the advisor.
        ///
        /// `PUT /api/experimental/chats/config/advisor`
        async fn update_chat_advisor_config(&self, req: UpdateAdvisorConfigRequest);

        /// Returns the provider whose models use desktops.
        ///
        /// `GET /api/experimental/chats/config/computer-use-provider`
        async fn get_chat_computer_use_provider(&self) -> ChatComputerUseProviderResponse;

        /// Sets the provider whose models use desktops.
        ///
        /// `PUT /api/experimental/chats/config/computer-use-provider`
        async fn update_chat_computer_use_provider(&self, req: UpdateChatComputerUseProviderRequest);

        /// Returns after how long workspaces that chats made are stopped.
        ///
        /// `GET /config/workspace-ttl`
        async fn get_chat_workspace_ttl(&self) -> ChatWorkspaceTtlResponse;

        /// Sets after how long workspaces that chats made are stopped.
        ///
        /// `PUT /config/workspace-ttl`
        async fn update_chat_workspace_ttl(&self, req: UpdateChatWorkspaceTtlRequest);

        /// Returns after how many days archived chats are deleted.
        ///
        /// `GET /config/retention-days`
        async fn get_chat_retention_days(&self) -> ChatRetentionDaysResponse;

        /// Sets after how many days archived chats are deleted.
        ///
        /// `PUT /config/retention-days`
        async fn update_chat_retention_days(&self, req: UpdateChatRetentionDaysRequest);

        /// Returns after how many idle days chats are archived.
        ///
        /// `GET /config/auto-archive-days`
        async fn get_chat_auto_archive_days(&self) -> ChatAutoArchiveDaysResponse;

        /// Sets after how many idle days chats are archived.
        ///
        /// `PUT /config/auto-archive-days`
        async fn update_chat_auto_archive_days(&self, req: UpdateChatAutoArchiveDaysRequest);

        /// Returns the templates from which chats may make workspaces; none listed means all.
        ///
        /// `GET /config/template-allowlist`. Servers since v2.37 no longer have this route.
        async fn get_chat_template_allowlist(&self) -> ChatTemplateAllowlist;

        /// Sets the templates from which chats may make workspaces.
        ///
        /// `PUT /config/template-allowlist`. Servers since v2.37 no longer have this route.
        async fn update_chat_template_allowlist(&self, req: ChatTemplateAllowlist);

        /// Returns what the caller adds to the system prompt.
        ///
        /// `GET /config/user-prompt`
        async fn get_user_chat_custom_prompt(&self) -> UserChatCustomPrompt;

        /// Sets what the caller adds to the system prompt.
        ///
        /// `PUT /config/user-prompt`
        async fn update_user_chat_custom_prompt(&self, req: UserChatCustomPrompt) -> UserChatCustomPrompt;

        /// Returns the caller's own thresholds of compaction.
        ///
        /// `GET /config/user-compaction-thresholds`
        async fn get_user_chat_compaction_thresholds(&self) -> UserChatCompactionThresholds;

        /// Sets the caller's own threshold of compaction for a model.
        ///
        /// `PUT /config/user-compaction-thresholds/{modelConfig}`
        async fn update_user_chat_compaction_threshold(
            &self,
            model_config: Uuid,
            req: UpdateUserChatCompactionThresholdRequest,
        ) -> UserChatCompactionThreshold;

        /// Goes back to the model's threshold of compaction.
        ///
        /// `DELETE /config/user-compaction-thresholds/{modelConfig}`
        async fn delete_user_chat_compaction_threshold(&self, model_config: Uuid);
    }
}

#[async_trait::async_trait]
impl ChatConfigApi for Client {
    async fn get_chat_system_prompt(&self) -> Result<ChatSystemPromptResponse> {
        self.send(Request::get_chats("/config/system-prompt", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_system_prompt(&self, req: UpdateChatSystemPromptRequest) -> Result<()> {
        self.send(Request::put_chats("/config/system-prompt", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_plan_mode_instructions(&self) -> Result<ChatPlanModeInstructionsResponse> {
        self.send(Request::get_chats("/config/plan-mode-instructions", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_plan_mode_instructions(&self, req: UpdateChatPlanModeInstructionsRequest) -> Result<()> {
        self.send(Request::put_chats("/config/plan-mode-instructions", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_model_override(&self, context: ChatModelOverrideContext) -> Result<ChatModelOverrideResponse> {
        self.send(Request::get_chats("/config/model-override/{context}", &[&context]).expect(&[200])).await?.json()
    }

    async fn update_chat_model_override(
        &self,
        context: ChatModelOverrideContext,
        req: UpdateChatModelOverrideRequest,
    ) -> Result<()> {
        self.send(Request::put_chats("/config/model-override/{context}", &[&context]).json(&req).expect(&[204]))
            .await
            .map(drop)
    }

    async fn get_chat_personal_model_overrides_admin_settings(
        &self,
    ) -> Result<ChatPersonalModelOverridesAdminSettings> {
        self.send(Request::get_chats("/config/personal-model-overrides", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_personal_model_overrides_admin_settings(
        &self,
        req: UpdateChatPersonalModelOverridesAdminSettingsRequest,
    ) -> Result<()> {
        self.send(Request::put_chats("/config/personal-model-overrides", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_user_chat_personal_model_overrides(&self) -> Result<UserChatPersonalModelOverridesResponse> {
        self.send(Request::get_chats("/config/user-personal-model-overrides", &[]).expect(&[200])).await?.json()
    }

    async fn update_user_chat_personal_model_override(
        &self,
        context: ChatPersonalModelOverrideContext,
        req: UpdateUserChatPersonalModelOverrideRequest,
    ) -> Result<()> {
        self.send(
            Request::put_chats("/config/user-personal-model-overrides/{context}", &[&context])
                .json(&req)
                .expect(&[204]),
        )
        .await
        .map(drop)
    }

    async fn get_chat_desktop_enabled(&self) -> Result<ChatDesktopEnabledResponse> {
        self.send(Request::get_chats("/config/desktop-enabled", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_desktop_enabled(&self, req: UpdateChatDesktopEnabledRequest) -> Result<()> {
        self.send(Request::put_chats("/config/desktop-enabled", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_advisor_config(&self) -> Result<AdvisorConfig> {
        self.send(Request::get("/api/experimental/chats/config/advisor", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_advisor_config(&self, req: UpdateAdvisorConfigRequest) -> Result<()> {
        self.send(Request::put("/api/experimental/chats/config/advisor", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_computer_use_provider(&self) -> Result<ChatComputerUseProviderResponse> {
        self.send(Request::get("/api/experimental/chats/config/computer-use-provider", &[]).expect(&[200]))
            .await?
            .json()
    }

    async fn update_chat_computer_use_provider(&self, req: UpdateChatComputerUseProviderRequest) -> Result<()> {
        self.send(Request::put("/api/experimental/chats/config/computer-use-provider", &[]).json(&req).expect(&[204]))
            .await
            .map(drop)
    }

    async fn get_chat_workspace_ttl(&self) -> Result<ChatWorkspaceTtlResponse> {
        self.send(Request::get_chats("/config/workspace-ttl", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_workspace_ttl(&self, req: UpdateChatWorkspaceTtlRequest) -> Result<()> {
        self.send(Request::put_chats("/config/workspace-ttl", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_retention_days(&self) -> Result<ChatRetentionDaysResponse> {
        self.send(Request::get_chats("/config/retention-days", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_retention_days(&self, req: UpdateChatRetentionDaysRequest) -> Result<()> {
        self.send(Request::put_chats("/config/retention-days", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_auto_archive_days(&self) -> Result<ChatAutoArchiveDaysResponse> {
        self.send(Request::get_chats("/config/auto-archive-days", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_auto_archive_days(&self, req: UpdateChatAutoArchiveDaysRequest) -> Result<()> {
        self.send(Request::put_chats("/config/auto-archive-days", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_chat_template_allowlist(&self) -> Result<ChatTemplateAllowlist> {
        self.send(Request::get_chats("/config/template-allowlist", &[]).expect(&[200])).await?.json()
    }

    async fn update_chat_template_allowlist(&self, req: ChatTemplateAllowlist) -> Result<()> {
        self.send(Request::put_chats("/config/template-allowlist", &[]).json(&req).expect(&[204])).await.map(drop)
    }

    async fn get_user_chat_custom_prompt(&self) -> Result<UserChatCustomPrompt> {
        self.send(Request::get_chats("/config/user-prompt", &[]).expect(&[200])).await?.json()
    }

    async fn update_user_chat_custom_prompt(&self, req: UserChatCustomPrompt) -> Result<UserChatCustomPrompt> {
        self.send(Request::put_chats("/config/user-prompt", &[]).json(&req).expect(&[200])).await?.json()
    }

    async fn get_user_chat_compaction_thresholds(&self) -> Result<UserChatCompactionThresholds> {
        self.send(Request::get_chats("/config/user-compaction-thresholds", &[]).expect(&[200])).await?.json()
    }

    async fn update_user_chat_compaction_threshold(
        &self,
        model_config: Uuid,
        req: UpdateUserChatCompactionThresholdRequest,
    ) -> Result<UserChatCompactionThreshold> {
        self.send(
            Request::put_chats("/config/user-compaction-thresholds/{modelConfig}", &[&model_config])
                .json(&req)
                .expect(&[200]),
        )
        .await?
        .json()
    }

    async fn delete_user_chat_compaction_threshold(&self, model_config: Uuid) -> Result<()> {
        self.send(
            Request::delete_chats("/config/user-compaction-thresholds/{modelConfig}", &[&model_config]).expect(&[204]),
        )
        .await
        .map(drop)
    }
}
