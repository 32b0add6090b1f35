//! `models`: the catalogue of models that the caller can choose from, by type of provider.

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::Json;
use axum::extract::State;
use codersdk::{ChatModel, ChatModelProvider, ChatModelProviderUnavailableReason, ChatModelsResponse};
use uuid::Uuid;

use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::model::names;
use crate::state::AppState;
use crate::store::Store;
use crate::store::ai_providers::SCRIPTED;
use crate::store::model_configs::ModelConfigRow;

/// The provider's type in its usual form; `None` for one that models cannot be called at.
pub(crate) fn provider_kind(kind: &str) -> Option<&'static str> {
    match names::normalize(kind) {
        "" => (kind.trim() == SCRIPTED).then_some(SCRIPTED),
        known => Some(known),
    }
}

/// Why a user cannot have a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelUnavailable {
    /// The model is not there or switched off.
    NotFoundOrDisabled,
    /// Its provider is not there or switched off.
    ProviderDisabled,
    /// There is no key for its provider, neither the deployment's nor the user's.
    CredentialsMissing,
}

/// What a user can be offered.
#[derive(Debug)]
struct Availability {
    /// Enabled providers, by id: the type, and whether there is a key.
    providers: HashMap<Uuid, (&'static str, bool)>,
    models: Vec<ModelConfigRow>,
}

impl Availability {
    async fn of(store: &Store, user_id: Uuid) -> sqlx::Result<Self> {
        let with_key: HashSet<Uuid> = store.all_ai_provider_keys().await?.iter().map(|key| key.provider_id).collect();
        let own: HashSet<Uuid> = store.user_ai_provider_key_ids(user_id).await?.into_iter().collect();
        let providers = store.ai_providers().await?.into_iter().filter(|provider| provider.enabled);
        let providers = providers
            .filter_map(|provider| {
                let kind = provider_kind(&provider.kind)?;
                let has_key = own.contains(&provider.id)
                    || with_key.contains(&provider.id)
                    || kind == SCRIPTED
                    || names::allows_ambient_credentials(kind);
                Some((provider.id, (kind, has_key)))
            })
            .collect();
        Ok(Self { providers, models: store.enabled_model_configs().await? })
    }

    /// By type of provider, whether one can be used. Types that have models are judged by the providers of these
    /// models alone.
    fn by_type(&self) -> BTreeMap<&'static str, bool> {
        let mut of_providers = BTreeMap::new();
        for (kind, has_key) in self.providers.values() {
            *of_providers.entry(*kind).or_default() |= *has_key;
        }
        let mut of_models = BTreeMap::new();
        for (kind, has_key) in self.models.iter().filter_map(|model| self.providers.get(&model.ai_provider_id)) {
            *of_models.entry(*kind).or_default() |= *has_key;
        }
        of_providers.extend(of_models);
        of_providers
    }

    /// The catalogue. A model is listed once, whatever the case of its name; a type of which one provider can be used
    /// leaves the models of the others out.
    fn catalogue(&self) -> ChatModelsResponse {
        let by_type = self.by_type();
        let mut models: BTreeMap<&'static str, Vec<ChatModel>> = BTreeMap::new();
        let mut any = false;
        for model in &self.models {
            let Some((kind, has_key)) = self.providers.get(&model.ai_provider_id) else { continue };
            if by_type.get(kind) == Some(&true) && !has_key {
                continue;
            }
            any = true;
            let resolved = match *kind {
                // What the scripted model is called says nothing of a provider.
                SCRIPTED => Ok((SCRIPTED, model.model.clone())),
                _ => names::resolve(&model.model, &model.provider),
            };
            let Ok((provider, name)) = resolved else { continue };
            let listed = models.entry(provider).or_default();
            if listed.iter().any(|other| other.model.trim().to_lowercase() == name.trim().to_lowercase()) {
                continue;
            }
            let display_name = model.display_name.trim();
            listed.push(ChatModel {
                id: format!("{provider}:{}", name.trim()),
                provider: provider.to_owned(),
                display_name: if display_name.is_empty() { name.clone() } else { display_name.to_owned() },
                model: name,
            });
        }
        let mut kinds: Vec<_> = by_type.into_iter().collect();
        kinds.sort_by_key(|(kind, _)| names::PROVIDERS.iter().position(|known| known == kind).unwrap_or(usize::MAX));
        let providers = kinds.into_iter().map(|(kind, available)| {
            let mut listed = models.remove(kind);
            if let Some(listed) = &mut listed {
                listed.sort_by(|a, b| a.model.cmp(&b.model));
            }
            ChatModelProvider {
                provider: kind.to_owned(),
                available,
                unavailable_reason: (!available).then_some(ChatModelProviderUnavailableReason::UserApiKeyRequired),
                // As long as there are models at all, a provider without any says null.
                models: listed.or_else(|| (!any).then(Vec::new)).into(),
            }
        });
        ChatModelsResponse { providers: providers.collect(), ..Default::default() }
    }
}

/// Answers the catalogue.
pub(crate) async fn list_chat_models(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<ChatModelsResponse>, ApiError> {
    Ok(Json(Availability::of(&state.store, caller.id()).await?.catalogue()))
}

/// Whether the user can have the model, and why not.
pub(crate) async fn model_unavailable(
    store: &Store,
    user_id: Uuid,
    model_config_id: Uuid,
) -> sqlx::Result<Option<ModelUnavailable>> {
    let Some(model) = store.model_config(model_config_id).await?.filter(|model| model.enabled) else {
        return Ok(Some(ModelUnavailable::NotFoundOrDisabled));
    };
    let available = Availability::of(store, user_id).await?;
    Ok(match available.providers.get(&model.ai_provider_id) {
        None => Some(ModelUnavailable::ProviderDisabled),
        Some((_, false)) => Some(ModelUnavailable::CredentialsMissing),
        Some((_, true)) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(provider: Uuid, kind: &str, name: &str) -> ModelConfigRow {
        ModelConfigRow {
            id: Uuid::new_v4(),
            provider: kind.to_owned(),
            ai_provider_id: provider,
            model: name.to_owned(),
            display_name: String::new(),
            enabled: true,
            is_default: false,
            context_limit: 1,
            compression_threshold: 70,
            options: Default::default(),
            created_by: None,
            updated_by: None,
            created_at: Default::default(),
            updated_at: Default::default(),
        }
    }

    #[test]
    fn a_type_that_works_hides_its_models_that_do_not() {
        let (good, bad, other) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let available = Availability {
            providers: HashMap::from([(good, ("google", true)), (bad, ("google", false)), (other, ("azure", false))]),
            models: vec![
                model(good, "google", "b"),
                model(good, "google", "B"),
                model(good, "google", "a"),
                model(bad, "google", "c"),
            ],
        };
        let listed = available.catalogue().providers;
        assert_eq!(listed.iter().map(|p| p.provider.as_str()).collect::<Vec<_>>(), ["azure", "google"]);
        assert_eq!(listed[1].models.iter().map(|m| m.model.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(listed[1].available && !listed[0].available && listed[0].models.is_null());
    }

    #[test]
    fn without_models_the_lists_are_empty() {
        let available =
            Availability { providers: HashMap::from([(Uuid::from_u128(1), ("openai", true))]), models: Vec::new() };
        let listed = available.catalogue().providers;
        assert!(!listed[0].models.is_null() && listed[0].models.is_empty());
    }
}
