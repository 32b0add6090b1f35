//! Calls about AI providers.

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// Providers of AI models, as a deployment knows them. For administrators.
    ///
    /// ```
    /// use codersdk::{AiProviderType, AiProvidersApi, CreateAiProviderRequest, Result};
    ///
    /// async fn add(providers: &dyn AiProvidersApi, key: String) -> Result<()> {
    ///     let request = CreateAiProviderRequest {
    ///         kind: AiProviderType::OpenaiCompat,
    ///         name: "local".to_owned(),
    ///         base_url: "http://127.0.0.1:8080/v1".to_owned(),
    ///         enabled: true,
    ///         api_keys: vec![key],
    ///         ..Default::default()
    ///     };
    ///     providers.create_ai_provider(request).await?;
    ///     Ok(())
    /// }
    /// # let _ = add;
    /// ```
    pub trait AiProvidersApi {
        /// Lists the providers, by name.
        ///
        /// `GET /api/v2/ai/providers`
        async fn ai_providers(&self) -> Vec<AiProvider>;

        /// Returns a provider.
        ///
        /// `GET /api/v2/ai/providers/{idOrName}`
        async fn ai_provider(&self, id_or_name: &str) -> AiProvider;

        /// Adds a provider. Keys are stored, and shown masked only.
        ///
        /// `POST /api/v2/ai/providers`
        ///
        /// # Errors
        /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) with
        /// [`validations`](crate::Error::validations), [`is_conflict`](crate::Error::is_conflict) when the name is
        /// taken.
        async fn create_ai_provider(&self, req: CreateAiProviderRequest) -> AiProvider;

        /// Changes what is set in the request. A list of keys replaces all; the ones to keep are named by their ids.
        ///
        /// `PATCH /api/v2/ai/providers/{idOrName}`
        async fn update_ai_provider(&self, id_or_name: &str, req: UpdateAiProviderRequest) -> AiProvider;

        /// Removes a provider.
        ///
        /// `DELETE /api/v2/ai/providers/{idOrName}`
        async fn delete_ai_provider(&self, id_or_name: &str);
    }
}

#[async_trait::async_trait]
impl AiProvidersApi for Client {
    async fn ai_providers(&self) -> Result<Vec<AiProvider>> {
        self.send(Request::get("/api/v2/ai/providers", &[]).expect(&[200])).await?.json_list()
    }

    async fn ai_provider(&self, id_or_name: &str) -> Result<AiProvider> {
        self.send(Request::get("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).expect(&[200])).await?.json()
    }

    async fn create_ai_provider(&self, req: CreateAiProviderRequest) -> Result<AiProvider> {
        self.send(Request::post("/api/v2/ai/providers", &[]).json(&req).expect(&[201])).await?.json()
    }

    async fn update_ai_provider(&self, id_or_name: &str, req: UpdateAiProviderRequest) -> Result<AiProvider> {
        self.send(Request::patch("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).json(&req).expect(&[200]))
            .await?
            .json()
    }

    async fn delete_ai_provider(&self, id_or_name: &str) -> Result<()> {
        self.send(Request::delete("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).expect(&[204])).await.map(drop)
    }
}
