//! From a model's configuration to the model itself.

use std::fmt::Display;
use std::sync::Arc;

use codersdk::{AiProviderBedrockSettings, AiProviderSettings};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use super::http::{Auth, Endpoint};
use super::openai_compat::ChatCompletions;
use super::openai_responses::Responses;
use super::{ScriptedModel, SharedModel, anthropic, aws, bedrock, google, names};
use crate::chatd::errors::ChatFailure;
use crate::clock::SharedClock;
use crate::store::Store;
use crate::store::ai_providers::{AiProviderRow, SCRIPTED};
use crate::store::model_configs::ModelConfigRow;

/// The models that chats can be answered by.
#[derive(Debug, Clone)]
pub(crate) struct Models {
    scripted: ScriptedModel,
    clock: SharedClock,
}

/// A model with its configuration.
#[derive(Debug, Clone)]
pub(crate) struct ResolvedModel {
    pub(crate) model: SharedModel,
    /// The provider as it is configured, which error texts name.
    pub(crate) provider: String,
    pub(crate) config: ModelConfigRow,
}

impl Models {
    /// The models of a server: those of its provider rows, and one that is scripted and waits by this clock.
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self { scripted: ScriptedModel::with_clock(clock.clone()), clock }
    }

    /// The scripted model, to queue answers in.
    pub(crate) fn scripted(&self) -> &ScriptedModel {
        &self.scripted
    }

    /// The model of a configuration, or the default one where that configuration was deleted. `owner` is whose key is
    /// used where the user has one.
    ///
    /// # Errors
    /// With the general failure where the model is disabled, its provider is disabled or deleted, no key is there, or
    /// the provider is of a type that this server cannot speak to.
    pub(crate) async fn resolve(&self, store: &Store, config: Uuid, owner: Uuid) -> Result<ResolvedModel, ChatFailure> {
        let found = store.model_with_provider(config).await;
        if let Some((row, provider)) = found.map_err(|error| unusable("get chat model config", &error))? {
            return self.connect(store, row, provider, owner).await;
        }
        let row = store
            .default_model_config()
            .await
            .map_err(|error| unusable("get default chat model config", &error))?
            .ok_or_else(|| ChatFailure::internal("no default chat model config is available"))?;
        self.resolve_row(store, row, owner).await
    }

    /// [`Models::resolve`] for a configuration that was read.
    ///
    /// # Errors
    /// Those of [`Models::resolve`].
    pub(crate) async fn resolve_row(
        &self,
        store: &Store,
        row: ModelConfigRow,
        owner: Uuid,
    ) -> Result<ResolvedModel, ChatFailure> {
        let provider = store.ai_provider(row.ai_provider_id).await;
        let provider = provider.map_err(|error| unusable("get AI provider", &error))?;
        self.connect(store, row, provider, owner).await
    }

    async fn connect(
        &self,
        store: &Store,
        row: ModelConfigRow,
        provider: Option<AiProviderRow>,
        owner: Uuid,
    ) -> Result<ResolvedModel, ChatFailure> {
        if !row.enabled {
            return Err(ChatFailure::internal(&format!("chat model config {} is disabled", row.id)));
        }
        let provider = provider.ok_or_else(|| ChatFailure::internal("get AI provider: sql: no rows in result set"))?;
        if !provider.enabled {
            return Err(ChatFailure::internal(&format!("AI provider {} is disabled", provider.id)));
        }
        if provider.kind == SCRIPTED {
            let model = Arc::new(self.scripted.clone());
            return Ok(ResolvedModel { model, provider: super::scripted::PROVIDER.to_owned(), config: row });
        }
        let key = match store
            .user_ai_provider_key(owner, provider.id)
            .await
            .map_err(|error| unusable("get user AI provider key", &error))?
            .filter(|key| !key.expose_secret().trim().is_empty())
        {
            Some(key) => Some(key),
            None => store
                .ai_provider_keys(provider.id)
                .await
                .map_err(|error| unusable("get AI provider keys", &error))?
                .into_iter()
                .next()
                .map(|row| row.api_key),
        };
        let (kind, name) = names::resolve(&row.model, &provider.kind)
            .map_err(|error| ChatFailure::internal(&format!("resolve model metadata: {error}")))?;
        let model = match bedrock_settings(kind, &provider) {
            Some(settings) => connect_bedrock(&name, &provider, &settings, key, &self.clock),
            None => connect(kind, &name, &provider, key),
        };
        let model = model.map_err(|error| ChatFailure::internal(&format!("create model: {error}")))?;
        Ok(ResolvedModel { model, provider: kind.to_owned(), config: row })
    }

    /// The small model of the provider that this model is of, if it has one.
    pub(crate) async fn small_of(&self, store: &Store, own: &ResolvedModel, owner: Uuid) -> Option<ResolvedModel> {
        let (_, model) = SMALL.into_iter().find(|(provider, _)| *provider == own.provider)?;
        let row = ModelConfigRow { model: model.to_owned(), ..own.config.clone() };
        self.resolve_row(store, row, owner).await.ok()
    }
}

const AZURE: &str = "azure";

/// A small and cheap model of each provider, for titles and labels, in the order in which they are preferred.
const SMALL: [(&str, &str); 7] = [
    ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-4o-mini"),
    ("google", "gemini-2.5-flash"),
    ("azure", "gpt-4o-mini"),
    ("bedrock", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("openrouter", "anthropic/claude-3.5-haiku"),
    ("vercel", "anthropic/claude-haiku-4.5"),
];

/// Whether the provider has a small model for titles and labels.
pub(crate) fn has_small(provider: &str) -> bool {
    SMALL.iter().any(|(known, _)| *known == provider)
}

/// The small model that is preferred among those configured.
pub(crate) fn preferred_small(configs: Vec<ModelConfigRow>) -> Option<ModelConfigRow> {
    let rank = |config: &ModelConfigRow| {
        let model = config.model.trim().to_lowercase();
        SMALL.iter().position(|small| *small == (names::normalize(&config.provider), model.as_str()))
    };
    configs
        .into_iter()
        .filter_map(|config| Some((rank(&config)?, config)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, c)| c)
}

fn unusable(what: &str, error: &impl Display) -> ChatFailure {
    ChatFailure::internal(&format!("{what}: {error}"))
}

/// How to reach Bedrock, for providers that are reached through it: those of its own type, and Anthropic's with such
/// settings.
fn bedrock_settings(kind: &str, provider: &AiProviderRow) -> Option<AiProviderBedrockSettings> {
    let stored = provider.settings.as_ref().map(|stored| serde_json::from_str(stored.expose_secret()));
    match (kind, stored) {
        (bedrock::PROVIDER | anthropic::PROVIDER, Some(Ok(AiProviderSettings::Bedrock(settings)))) => Some(settings),
        (bedrock::PROVIDER, _) => Some(AiProviderBedrockSettings::default()),
        _ => None,
    }
}

/// The client of a model on Bedrock.
fn connect_bedrock(
    model: &str,
    provider: &AiProviderRow,
    settings: &AiProviderBedrockSettings,
    key: Option<SecretString>,
    clock: &SharedClock,
) -> Result<SharedModel, String> {
    if !settings.role_arn.is_empty() {
        return Err("IAM roles are not assumed by this server".to_owned());
    }
    // Bedrock's names are not Anthropic's: where the settings name models, those are asked, by the size of the wanted.
    let named = if model.contains("haiku") { &settings.small_fast_model } else { &settings.model };
    let model = if named.is_empty() { model } else { named };
    let region = aws::region(&settings.region);
    let base = match provider.base_url.trim() {
        "" => format!("https://bedrock-runtime.{region}.amazonaws.com"),
        base => base.to_owned(),
    };
    let base = Url::parse(&base).map_err(|error| format!("create bedrock provider: {error}"))?;
    let key = key.filter(|key| !key.expose_secret().trim().is_empty());
    let pair = (settings.access_key.as_deref(), settings.access_key_secret.as_deref());
    let auth = aws::auth(key, pair, &region, clock)?;
    Ok(Arc::new(bedrock::Invoke::new(model, Endpoint { base, auth, headers: Vec::new() })))
}

/// The client of a provider.
fn connect(
    kind: &'static str,
    model: &str,
    provider: &AiProviderRow,
    key: Option<SecretString>,
) -> Result<SharedModel, String> {
    let key = key
        .map(|key| key.expose_secret().trim().to_owned())
        .filter(|key| !key.is_empty())
        .map(SecretString::from)
        .ok_or_else(|| missing_key(kind))?;
    let default = match kind {
        "anthropic" => "https://api.anthropic.com",
        "google" => "https://generativelanguage.googleapis.com",
        "openai" | "openai-compat" => "https://api.openai.com/v1",
        "openrouter" => "https://openrouter.ai/api/v1",
        "vercel" => "https://ai-gateway.vercel.sh/v1",
        AZURE => "",
        _ => return Err(format!("unsupported model provider {}", crate::quote::quoted(kind))),
    };
    let base = match provider.base_url.trim() {
        "" if kind == AZURE => return Err("AZURE_OPENAI_BASE_URL is not set".to_owned()),
        "" => default.to_owned(),
        base if kind == AZURE => azure_base(base),
        base => base.to_owned(),
    };
    let base = Url::parse(&base).map_err(|error| format!("create {kind} provider: {error}"))?;
    if !matches!(base.scheme(), "http" | "https") {
        return Err(format!("create {kind} provider: unsupported protocol scheme"));
    }
    if kind == anthropic::PROVIDER {
        let headers = vec![("anthropic-version", "2023-06-01")];
        let endpoint = Endpoint { base, auth: Auth::Header("x-api-key", key), headers };
        return Ok(Arc::new(anthropic::Messages::new(model, endpoint)));
    }
    if kind == google::PROVIDER {
        let endpoint = Endpoint { base, auth: Auth::Header("x-goog-api-key", key), headers: Vec::new() };
        return Ok(Arc::new(google::Gemini::new(model, endpoint)?));
    }
    let auth = if kind == AZURE { Auth::Header("api-key", key) } else { Auth::Bearer(key) };
    let endpoint = Endpoint { base, auth, headers: Vec::new() };
    if matches!(kind, "openai" | AZURE) && names::is_responses_model(model) {
        return Ok(Arc::new(Responses::new(kind, model, endpoint)));
    }
    Ok(Arc::new(ChatCompletions::new(kind, model, endpoint)))
}

/// The address of Azure's OpenAI resource that a URL names, whichever of its portals the URL is of; other URLs stay.
fn azure_base(url: &str) -> String {
    let bare = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = bare.unwrap_or(url).split('/').next().unwrap_or_default();
    let resource = [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com"]
        .into_iter()
        .find_map(|portal| host.strip_suffix(portal))
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    match (resource, bare) {
        (Some(resource), _) => format!("https://{resource}.openai.azure.com/openai/v1"),
        (None, Some(_)) => url.to_owned(),
        (None, None) => format!("https://{url}"),
    }
}

fn missing_key(kind: &str) -> String {
    let name = match kind {
        "anthropic" => "ANTHROPIC_API_KEY",
        "azure" => "AZURE_OPENAI_API_KEY",
        "google" => "GOOGLE_API_KEY",
        "openai" => "OPENAI_API_KEY",
        "openai-compat" => "OPENAI_COMPAT_API_KEY",
        "openrouter" => "OPENROUTER_API_KEY",
        "vercel" => "VERCEL_API_KEY",
        kind => return format!("API key for provider {} is not set", crate::quote::quoted(kind)),
    };
    format!("{name} is not set")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn azures_portals_lead_to_one_address() {
        let own = "https://my-res.openai.azure.com/openai/v1";
        for url in [
            "https://my-res.openai.azure.com",
            "my-res.openai.azure.com/",
            "http://my-res.cognitiveservices.azure.com/x",
            "https://my-res.services.ai.azure.com/api/projects/p",
            own,
        ] {
            assert_eq!(azure_base(url), own, "{url}");
        }
        assert_eq!(azure_base("http://127.0.0.1:1/v1"), "http://127.0.0.1:1/v1");
        assert_eq!(azure_base("gateway.example/v1"), "https://gateway.example/v1");
    }
}
