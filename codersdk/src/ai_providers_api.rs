//! Calls about AI providers.

use async_trait::async_trait;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Result};

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
///     providers.create_ai_provider(&request).await?;
///     Ok(())
/// }
/// # let _ = add;
/// ```
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(unused_variables, reason = "default bodies answer whatever the arguments are")]
pub trait AiProvidersApi: Send + Sync {
    /// Lists the providers, by name.
    ///
    /// `GET /api/v2/ai/providers`
    async fn ai_providers(&self) -> Result<Vec<AiProvider>> {
        Err(Error::unsupported("AiProvidersApi::ai_providers"))
    }

    /// Returns a provider.
    ///
    /// `GET /api/v2/ai/providers/{idOrName}`
    async fn ai_provider(&self, id_or_name: &str) -> Result<AiProvider> {
        Err(Error::unsupported("AiProvidersApi::ai_provider"))
    }

    /// Adds a provider. Keys are stored, and shown masked only.
    ///
    /// `POST /api/v2/ai/providers`
    ///
    /// # Errors
    /// Besides those of every call: [`is_bad_request`](crate::Error::is_bad_request) with
    /// [`validations`](crate::Error::validations), [`is_conflict`](crate::Error::is_conflict) when the name is taken.
    async fn create_ai_provider(&self, request: &CreateAiProviderRequest) -> Result<AiProvider> {
        Err(Error::unsupported("AiProvidersApi::create_ai_provider"))
    }

    /// Changes what is set in the request. A list of keys replaces all; the ones to keep are named by their ids.
    ///
    /// `PATCH /api/v2/ai/providers/{idOrName}`
    async fn update_ai_provider(&self, id_or_name: &str, request: &UpdateAiProviderRequest) -> Result<AiProvider> {
        Err(Error::unsupported("AiProvidersApi::update_ai_provider"))
    }

    /// Removes a provider.
    ///
    /// `DELETE /api/v2/ai/providers/{idOrName}`
    async fn delete_ai_provider(&self, id_or_name: &str) -> Result<()> {
        Err(Error::unsupported("AiProvidersApi::delete_ai_provider"))
    }
}

#[async_trait]
impl AiProvidersApi for Client {
    async fn ai_providers(&self) -> Result<Vec<AiProvider>> {
        let call = Request::get("/api/v2/ai/providers", &[]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn ai_provider(&self, id_or_name: &str) -> Result<AiProvider> {
        let call = Request::get("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn create_ai_provider(&self, request: &CreateAiProviderRequest) -> Result<AiProvider> {
        let call = Request::post("/api/v2/ai/providers", &[]).json(request).expect(&[201]);
        self.send(call).await?.json()
    }

    async fn update_ai_provider(&self, id_or_name: &str, request: &UpdateAiProviderRequest) -> Result<AiProvider> {
        let call = Request::patch("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).json(request).expect(&[200]);
        self.send(call).await?.json()
    }

    async fn delete_ai_provider(&self, id_or_name: &str) -> Result<()> {
        let call = Request::delete("/api/v2/ai/providers/{idOrName}", &[&id_or_name]).expect(&[204]);
        self.send(call).await.map(drop)
    }
}
