//! Calls about models, and the keys to them.

use async_trait::async_trait;
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

/// Models that chats can use, how they are configured, and keys of providers. Changing them is for administrators,
/// except for a user's own keys.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait ChatModelsApi: Send + Sync {
    /// Lists the models that the caller may choose from, by provider.
    ///
    /// `GET /models`. Servers since v2.37 have [`list_organization_chat_models`](Self::list_organization_chat_models)
    /// in its place.
    async fn list_chat_models(&self) -> Result<ChatModelsResponse> {
        Err(Error::unsupported("ChatModelsApi::list_chat_models"))
    }

    /// Lists the models that the caller may choose from in an organization, by provider. Servers before v2.37 do not
    /// have this route.
    ///
    /// `GET /api/v2/organizations/{organization}/chats/models`
    async fn list_organization_chat_models(&self, organization: &str) -> Result<ChatModelsResponse> {
        Err(Error::unsupported("ChatModelsApi::list_organization_chat_models"))
    }

    /// Lists the configured models. Members see those that are enabled.
    ///
    /// `GET /model-configs`
    async fn list_chat_model_configs(&self) -> Result<Vec<ChatModelConfig>> {
        Err(Error::unsupported("ChatModelsApi::list_chat_model_configs"))
    }

    /// Configures a model. The first one becomes the default.
    ///
    /// `POST /model-configs`
    async fn create_chat_model_config(&self, request: &CreateChatModelConfigRequest) -> Result<ChatModelConfig> {
        Err(Error::unsupported("ChatModelsApi::create_chat_model_config"))
    }

    /// Changes what is set in the request.
    ///
    /// `PATCH /model-configs/{modelConfig}`
    async fn update_chat_model_config(
        &self,
        model_config: Uuid,
        request: &UpdateChatModelConfigRequest,
    ) -> Result<ChatModelConfig> {
        Err(Error::unsupported("ChatModelsApi::update_chat_model_config"))
    }

    /// Removes a configured model. If it was the default, another one takes its place.
    ///
    /// `DELETE /model-configs/{modelConfig}`
    async fn delete_chat_model_config(&self, model_config: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatModelsApi::delete_chat_model_config"))
    }

    /// Lists providers in the form that they had before `ai/providers`.
    ///
    /// `GET /providers`. Retired: servers answer 410; use
    /// [`AiProvidersApi::ai_providers`](crate::AiProvidersApi::ai_providers).
    async fn list_chat_providers(&self) -> Result<Vec<ChatProviderConfig>> {
        Err(Error::unsupported("ChatModelsApi::list_chat_providers"))
    }

    /// Adds a provider.
    ///
    /// `POST /providers`. Retired: servers answer 410; use
    /// [`AiProvidersApi::create_ai_provider`](crate::AiProvidersApi::create_ai_provider).
    async fn create_chat_provider(&self, request: &CreateChatProviderConfigRequest) -> Result<ChatProviderConfig> {
        Err(Error::unsupported("ChatModelsApi::create_chat_provider"))
    }

    /// Changes a provider.
    ///
    /// `PATCH /providers/{providerConfig}`. Retired: servers answer 410; use
    /// [`AiProvidersApi::update_ai_provider`](crate::AiProvidersApi::update_ai_provider).
    async fn update_chat_provider(
        &self,
        provider: Uuid,
        request: &UpdateChatProviderConfigRequest,
    ) -> Result<ChatProviderConfig> {
        Err(Error::unsupported("ChatModelsApi::update_chat_provider"))
    }

    /// Removes a provider.
    ///
    /// `DELETE /providers/{providerConfig}`. Retired: servers answer 410; use
    /// [`AiProvidersApi::delete_ai_provider`](crate::AiProvidersApi::delete_ai_provider).
    async fn delete_chat_provider(&self, provider: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatModelsApi::delete_chat_provider"))
    }

    /// Lists the providers to which a user may bring a key, and whether there is one. `user` is an id, a name or `me`.
    ///
    /// `GET /api/experimental/users/{user}/ai-provider-keys`
    async fn list_user_ai_provider_key_configs(&self, user: &str) -> Result<Vec<UserAiProviderKeyConfig>> {
        Err(Error::unsupported("ChatModelsApi::list_user_ai_provider_key_configs"))
    }

    /// Sets a user's own key to a provider.
    ///
    /// `PUT /api/experimental/users/{user}/ai-provider-keys/{aiProvider}`
    async fn upsert_user_ai_provider_key(
        &self,
        user: &str,
        provider: Uuid,
        request: &CreateUserAiProviderKeyRequest,
    ) -> Result<UserAiProviderKeyConfig> {
        Err(Error::unsupported("ChatModelsApi::upsert_user_ai_provider_key"))
    }

    /// Removes a user's own key to a provider.
    ///
    /// `DELETE /api/experimental/users/{user}/ai-provider-keys/{aiProvider}`
    async fn delete_user_ai_provider_key(&self, user: &str, provider: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatModelsApi::delete_user_ai_provider_key"))
    }

    /// Lists the providers to which the caller may bring a key.
    ///
    /// `GET /user-provider-configs`
    async fn list_user_chat_provider_configs(&self) -> Result<Vec<UserChatProviderConfig>> {
        Err(Error::unsupported("ChatModelsApi::list_user_chat_provider_configs"))
    }

    /// Sets the caller's own key to a provider.
    ///
    /// `PUT /user-provider-configs/{providerConfig}`
    async fn upsert_user_chat_provider_key(
        &self,
        provider: Uuid,
        request: &CreateUserChatProviderKeyRequest,
    ) -> Result<UserChatProviderConfig> {
        Err(Error::unsupported("ChatModelsApi::upsert_user_chat_provider_key"))
    }

    /// Removes the caller's own key to a provider.
    ///
    /// `DELETE /user-provider-configs/{providerConfig}`
    async fn delete_user_chat_provider_key(&self, provider: Uuid) -> Result<()> {
        Err(Error::unsupported("ChatModelsApi::delete_user_chat_provider_key"))
    }
}

#[async_trait]
impl ChatModelsApi for Client {
    async fn list_chat_models(&self) -> Result<ChatModelsResponse> {
        let call = Request::get_chats("/models", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn list_organization_chat_models(&self, organization: &str) -> Result<ChatModelsResponse> {
        let call = Request::get("/api/v2/organizations/{organization}/chats/models", &[&organization]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn list_chat_model_configs(&self) -> Result<Vec<ChatModelConfig>> {
        let call = Request::get_chats("/model-configs", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn create_chat_model_config(&self, request: &CreateChatModelConfigRequest) -> Result<ChatModelConfig> {
        let call = Request::post_chats("/model-configs", &[]).json(request).expect(&[201]);
        self.send(call).await?.json()
    }

    async fn update_chat_model_config(
        &self,
        model_config: Uuid,
        request: &UpdateChatModelConfigRequest,
    ) -> Result<ChatModelConfig> {
        let call = Request::patch_chats("/model-configs/{modelConfig}", &[&model_config]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_chat_model_config(&self, model_config: Uuid) -> Result<()> {
        let call = Request::delete_chats("/model-configs/{modelConfig}", &[&model_config]).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn list_chat_providers(&self) -> Result<Vec<ChatProviderConfig>> {
        let call = Request::get_chats("/providers", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn create_chat_provider(&self, request: &CreateChatProviderConfigRequest) -> Result<ChatProviderConfig> {
        let call = Request::post_chats("/providers", &[]).json(request).expect(&[201]);
        self.send(call).await?.json()
    }

    async fn update_chat_provider(
        &self,
        provider: Uuid,
        request: &UpdateChatProviderConfigRequest,
    ) -> Result<ChatProviderConfig> {
        let call = Request::patch_chats("/providers/{providerConfig}", &[&provider]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_chat_provider(&self, provider: Uuid) -> Result<()> {
        let call = Request::delete_chats("/providers/{providerConfig}", &[&provider]).expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn list_user_ai_provider_key_configs(&self, user: &str) -> Result<Vec<UserAiProviderKeyConfig>> {
        let call = Request::get("/api/experimental/users/{user}/ai-provider-keys", &[&user]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn upsert_user_ai_provider_key(
        &self,
        user: &str,
        provider: Uuid,
        request: &CreateUserAiProviderKeyRequest,
    ) -> Result<UserAiProviderKeyConfig> {
        let call = Request::put("/api/experimental/users/{user}/ai-provider-keys/{aiProvider}", &[&user, &provider])
            .json(request)
            .expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_user_ai_provider_key(&self, user: &str, provider: Uuid) -> Result<()> {
        let call = Request::delete("/api/experimental/users/{user}/ai-provider-keys/{aiProvider}", &[&user, &provider])
            .expect(&[204]);
        self.send(call).await.map(drop)
    }

    async fn list_user_chat_provider_configs(&self) -> Result<Vec<UserChatProviderConfig>> {
        let call = Request::get_chats("/user-provider-configs", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn upsert_user_chat_provider_key(
        &self,
        provider: Uuid,
        request: &CreateUserChatProviderKeyRequest,
    ) -> Result<UserChatProviderConfig> {
        let call =
            Request::put_chats("/user-provider-configs/{providerConfig}", &[&provider]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_user_chat_provider_key(&self, provider: Uuid) -> Result<()> {
        let call = Request::delete_chats("/user-provider-configs/{providerConfig}", &[&provider]).expect(&[204]);
        self.send(call).await.map(drop)
    }
}
