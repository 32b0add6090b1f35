//! Calls about models, and the keys to them.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// Models that chats can use, how they are configured, and keys of providers. Changing them is for administrators,
    /// except for a user's own keys.
    pub trait ChatModelsApi {
        /// Lists the models that the caller may choose from, by provider.
        ///
        /// `GET /models`. Servers since v2.37 have
        /// [`list_organization_chat_models`](Self::list_organization_chat_models) in its place.
        async fn list_chat_models(&self) -> ChatModelsResponse;

        /// Lists the models that the caller may choose from in an organization, by provider. Servers before v2.37 do
        /// not have this route.
        ///
        /// `GET /api/v2/organizations/{organization}/chats/models`
        async fn list_organization_chat_models(&self, organization: &str) -> ChatModelsResponse;

        /// Lists the configured models. Members see those that are enabled.
        ///
        /// `GET /model-configs`
        async fn list_chat_model_configs(&self) -> Vec<ChatModelConfig>;

        /// Configures a model. The first one becomes the default.
        ///
        /// `POST /model-configs`
        async fn create_chat_model_config(&self, req: CreateChatModelConfigRequest) -> ChatModelConfig;

        /// Changes what is set in the request.
        ///
        /// `PATCH /model-configs/{modelConfig}`
        async fn update_chat_model_config(
            &self,
            model_config: Uuid,
            req: UpdateChatModelConfigRequest,
        ) -> ChatModelConfig;

        /// Removes a configured model. If it was the default, another one takes its place.
        ///
        /// `DELETE /model-configs/{modelConfig}`
        async fn delete_chat_model_config(&self, model_config: Uuid);

        /// Lists providers in the form that they had before `ai/providers`.
        ///
        /// `GET /providers`. Retired: servers answer 410; use
        /// [`AiProvidersApi::ai_providers`](crate::AiProvidersApi::ai_providers).
        async fn list_chat_providers(&self) -> Vec<ChatProviderConfig>;

        /// Adds a provider.
        ///
        /// `POST /providers`. Retired: servers answer 410; use
        /// [`AiProvidersApi::create_ai_provider`](crate::AiProvidersApi::create_ai_provider).
        async fn create_chat_provider(&self, req: CreateChatProviderConfigRequest) -> ChatProviderConfig;

        /// Changes a provider.
        ///
        /// `PATCH /providers/{providerConfig}`. Retired: servers answer 410; use
        /// [`AiProvidersApi::update_ai_provider`](crate::AiProvidersApi::update_ai_provider).
        async fn update_chat_provider(
            &self,
            provider: Uuid,
            req: UpdateChatProviderConfigRequest,
        ) -> ChatProviderConfig;

        /// Removes a provider.
        ///
        /// `DELETE /providers/{providerConfig}`. Retired: servers answer 410; use
        /// [`AiProvidersApi::delete_ai_provider`](crate::AiProvidersApi::delete_ai_provider).
        async fn delete_chat_provider(&self, provider: Uuid);

        /// Lists the providers to which a user may bring a key, and whether there is one. `user` is an id, a name or
        /// `me`.
        ///
        /// `GET /api/experimental/users/{user}/ai-provider-keys`
        async fn list_user_ai_provider_key_configs(&self, user: &str) -> Vec<UserAiProviderKeyConfig>;

        /// Sets a user's own key to a provider.
        ///
        /// `PUT /api/experimental/users/{user}/ai-provider-keys/{aiProvider}`
        async fn upsert_user_ai_provider_key(
            &self,
            user: &str,
            provider: Uuid,
            req: CreateUserAiProviderKeyRequest,
        ) -> UserAiProviderKeyConfig;

        /// Removes a user's own key to a provider.
        ///
        /// `DELETE /api/experimental/users/{user}/ai-provider-keys/{aiProvider}`
        async fn delete_user_ai_provider_key(&self, user: &str, provider: Uuid);

        /// Lists the providers to which the caller may bring a key.
        ///
        /// `GET /user-provider-configs`
        async fn list_user_chat_provider_configs(&self) -> Vec<UserChatProviderConfig>;

        /// Sets the caller's own key to a provider.
        ///
        /// `PUT /user-provider-configs/{providerConfig}`
        async fn upsert_user_chat_provider_key(
            &self,
            provider: Uuid,
            req: CreateUserChatProviderKeyRequest,
        ) -> UserChatProviderConfig;

        /// Removes the caller's own key to a provider.
        ///
        /// `DELETE /user-provider-configs/{providerConfig}`
        async fn delete_user_chat_provider_key(&self, provider: Uuid);
    }
}

#[async_trait::async_trait]
impl ChatModelsApi for Client {
    async fn list_chat_models(&self) -> Result<ChatModelsResponse> {
        self.send(Request::get_chats("/models", &[]).expect(&[200])).await?.json()
    }

    async fn list_organization_chat_models(&self, organization: &str) -> Result<ChatModelsResponse> {
        self.send(Request::get("/api/v2/organizations/{organization}/chats/models", &[&organization]).expect(&[200]))
            .await?
            .json()
    }

    async fn list_chat_model_configs(&self) -> Result<Vec<ChatModelConfig>> {
        self.send(Request::get_chats("/model-configs", &[]).expect(&[200])).await?.json_list()
    }

    async fn create_chat_model_config(&self, req: CreateChatModelConfigRequest) -> Result<ChatModelConfig> {
        self.send(Request::post_chats("/model-configs", &[]).json(&req).expect(&[201])).await?.json()
    }

    async fn update_chat_model_config(
        &self,
        model_config: Uuid,
        req: UpdateChatModelConfigRequest,
    ) -> Result<ChatModelConfig> {
        self.send(Request::patch_chats("/model-configs/{modelConfig}", &[&model_config]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_chat_model_config(&self, model_config: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/model-configs/{modelConfig}", &[&model_config]).expect(&[204]))
            .await
            .map(drop)
    }

    async fn list_chat_providers(&self) -> Result<Vec<ChatProviderConfig>> {
        self.send(Request::get_chats("/providers", &[]).expect(&[200])).await?.json_list()
    }

    async fn create_chat_provider(&self, req: CreateChatProviderConfigRequest) -> Result<ChatProviderConfig> {
        self.send(Request::post_chats("/providers", &[]).json(&req).expect(&[201])).await?.json()
    }

    async fn update_chat_provider(
        &self,
        provider: Uuid,
        req: UpdateChatProviderConfigRequest,
    ) -> Result<ChatProviderConfig> {
        self.send(Request::patch_chats("/providers/{providerConfig}", &[&provider]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_chat_provider(&self, provider: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/providers/{providerConfig}", &[&provider]).expect(&[204])).await.map(drop)
    }

    async fn list_user_ai_provider_key_configs(&self, user: &str) -> Result<Vec<UserAiProviderKeyConfig>> {
        self.send(Request::get("/api/experimental/users/{user}/ai-provider-keys", &[&user]).expect(&[200]))
            .await?
            .json_list()
    }

    async fn upsert_user_ai_provider_key(
        &self,
        user: &str,
        provider: Uuid,
        req: CreateUserAiProviderKeyRequest,
    ) -> Result<UserAiProviderKeyConfig> {
        self.send(
            Request::put("/api/experimental/users/{user}/ai-provider-keys/{aiProvider}", &[&user, &provider])
                .json(&req)
                .expect(&[200]),
        )
        .await?
        .json()
    }

    async fn delete_user_ai_provider_key(&self, user: &str, provider: Uuid) -> Result<()> {
        self.send(
            Request::delete("/api/experimental/users/{user}/ai-provider-keys/{aiProvider}", &[&user, &provider])
                .expect(&[204]),
        )
        .await
        .map(drop)
    }

    async fn list_user_chat_provider_configs(&self) -> Result<Vec<UserChatProviderConfig>> {
        self.send(Request::get_chats("/user-provider-configs", &[]).expect(&[200])).await?.json_list()
    }

    async fn upsert_user_chat_provider_key(
        &self,
        provider: Uuid,
        req: CreateUserChatProviderKeyRequest,
    ) -> Result<UserChatProviderConfig> {
        self.send(Request::put_chats("/user-provider-configs/{providerConfig}", &[&provider]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_user_chat_provider_key(&self, provider: Uuid) -> Result<()> {
        self.send(Request::delete_chats("/user-provider-configs/{providerConfig}", &[&provider]).expect(&[204]))
            .await
            .map(drop)
    }
}
