//! `/api/v2/ai/providers`: the services that models are called at.
//!
//! What is wrong with a request is answered before whether the caller may make it, as in the original.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use codersdk::{
    AiProvider, AiProviderBedrockSettings, AiProviderKey, AiProviderSettings, CreateAiProviderRequest,
    UpdateAiProviderRequest,
};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{GoJson, parse_uuid};
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;
use crate::store::Tx;
use crate::store::ai_providers::{self as rows, AiProviderKeyRow, AiProviderRow};

mod validate;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list_ai_providers).post(create_ai_provider))
        .route("/{id_or_name}", get(get_ai_provider).patch(update_ai_provider).delete(delete_ai_provider))
}

async fn list_ai_providers(State(state): State<AppState>, caller: Caller) -> Result<Json<Vec<AiProvider>>, ApiError> {
    authorize(&caller, Action::Read)?;
    let mut keys: HashMap<Uuid, Vec<AiProviderKeyRow>> = HashMap::new();
    for key in state.store.all_ai_provider_keys().await? {
        keys.entry(key.provider_id).or_default().push(key);
    }
    let providers = state.store.ai_providers().await?;
    Ok(Json(providers.iter().map(|row| wire(row, keys.get(&row.id).map_or(&[], Vec::as_slice))).collect()))
}

async fn get_ai_provider(
    State(state): State<AppState>,
    caller: Caller,
    Path(id_or_name): Path<String>,
) -> Result<Json<AiProvider>, ApiError> {
    let key = ProviderRef::parse(&id_or_name)?;
    authorize(&caller, Action::Read)?;
    let row = match &key {
        ProviderRef::Id(id) => state.store.ai_provider(*id).await?,
        ProviderRef::Name(name) => state.store.ai_provider_by_name(name).await?,
    }
    .ok_or_else(ApiError::not_found)?;
    let keys = state.store.ai_provider_keys(row.id).await?;
    Ok(Json(wire(&row, &keys)))
}

async fn create_ai_provider(
    State(state): State<AppState>,
    caller: Caller,
    GoJson(request): GoJson<CreateAiProviderRequest>,
) -> Result<(StatusCode, Json<AiProvider>), ApiError> {
    let settings = validate::known(request.settings.clone())?;
    validate::create(&request, settings.as_ref())?;
    if settings.is_some() && !request.api_keys.is_empty() {
        return Err(ApiError::bad_request(BEDROCK_TAKES_NO_KEYS));
    }
    authorize(&caller, Action::Create)?;
    let now = state.clock.now();
    let row = AiProviderRow {
        id: Uuid::new_v4(),
        kind: request.kind.to_string(),
        name: request.name,
        display_name: request.display_name.filter(|name| !name.is_empty()),
        enabled: request.enabled,
        deleted: false,
        base_url: request.base_url,
        settings: settings.map(stored_settings).transpose()?,
        created_at: now,
        updated_at: now,
    };
    let mut tx = state.store.begin().await?;
    rows::insert_ai_provider(&mut tx, &row).await.map_err(|error| match error.as_database_error() {
        Some(db) if db.is_unique_violation() => {
            ApiError::conflict(format!("AI provider {} already exists.", quoted(&row.name)))
        }
        _ => ApiError::internal("Internal error creating AI provider.", &error),
    })?;
    let api_keys = request.api_keys.into_iter().map(SecretString::from);
    let keys = rows::insert_ai_provider_keys(&mut tx, row.id, api_keys, now).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(wire(&row, &keys))))
}

async fn update_ai_provider(
    State(state): State<AppState>,
    caller: Caller,
    Path(id_or_name): Path<String>,
    GoJson(request): GoJson<UpdateAiProviderRequest>,
) -> Result<Json<AiProvider>, ApiError> {
    let settings = validate::known(request.settings.clone())?;
    validate::update(&request, settings.as_ref())?;
    let key = ProviderRef::parse(&id_or_name)?;
    authorize(&caller, Action::Update)?;
    let mut tx = state.store.begin().await?;
    let mut row = find(&mut tx, &key).await?;
    if request.settings.is_some() {
        row.settings = match settings {
            Some(patch) => Some(stored_settings(merge(bedrock_of(&row), patch))?),
            None => None,
        };
    }
    check_type(&row, request.api_keys.as_ref().is_some_and(|keys| !keys.is_empty()))?;
    if let Some(name) = request.display_name {
        row.display_name = Some(name).filter(|name| !name.is_empty());
    }
    row.enabled = request.enabled.unwrap_or(row.enabled);
    row.base_url = request.base_url.unwrap_or(row.base_url);
    row.updated_at = state.clock.now();
    rows::update_ai_provider(&mut tx, &row).await?;
    if let Some(mutations) = request.api_keys {
        let existing = rows::get_ai_provider_keys(&mut tx, row.id).await?;
        let keep: HashSet<Uuid> = mutations.iter().filter_map(|mutation| mutation.id).collect();
        if let Some(unknown) = keep.iter().find(|id| !existing.iter().any(|key| key.id == **id)) {
            let message = "api_keys references an unknown id for this provider";
            return Err(ApiError::bad_request(message).detail(format!("{message}: {unknown}")));
        }
        for key in existing.iter().filter(|key| !keep.contains(&key.id)) {
            rows::delete_ai_provider_key(&mut tx, key.id).await?;
        }
        let added = mutations.into_iter().filter_map(|mutation| mutation.api_key).map(SecretString::from);
        rows::insert_ai_provider_keys(&mut tx, row.id, added, row.updated_at).await?;
    }
    let keys = rows::get_ai_provider_keys(&mut tx, row.id).await?;
    tx.commit().await?;
    Ok(Json(wire(&row, &keys)))
}

async fn delete_ai_provider(
    State(state): State<AppState>,
    caller: Caller,
    Path(id_or_name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let key = ProviderRef::parse(&id_or_name)?;
    authorize(&caller, Action::Delete)?;
    let mut tx = state.store.begin().await?;
    let mut row = find(&mut tx, &key).await?;
    row.deleted = true;
    row.enabled = false;
    row.updated_at = state.clock.now();
    rows::update_ai_provider(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

const BEDROCK_TAKES_NO_KEYS: &str =
    "Bedrock providers do not accept api_keys; configure access credentials via settings.";

fn authorize(caller: &Caller, action: Action) -> Result<(), ApiError> {
    if caller.can(action, &Object::new(Resource::AiProvider)) { Ok(()) } else { Err(ApiError::forbidden()) }
}

/// How a path names a provider.
enum ProviderRef {
    Id(Uuid),
    Name(String),
}

impl ProviderRef {
    fn parse(text: &str) -> Result<Self, ApiError> {
        match parse_uuid(text) {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) if validate::is_name(text) => Ok(Self::Name(text.to_owned())),
            Err(_) => Err(ApiError::bad_request(format!(
                "Invalid provider id or name: must be a UUID or match {}.",
                validate::NAME_PATTERN
            ))),
        }
    }
}

async fn find(tx: &mut Tx, key: &ProviderRef) -> Result<AiProviderRow, ApiError> {
    let row = match key {
        ProviderRef::Id(id) => rows::get_ai_provider(tx, *id).await?,
        ProviderRef::Name(name) => rows::get_ai_provider_by_name(tx, name).await?,
    };
    row.ok_or_else(ApiError::not_found)
}

/// Refuses settings and keys that the provider's type has no use for.
fn check_type(row: &AiProviderRow, adds_keys: bool) -> Result<(), ApiError> {
    let has_bedrock = row.settings.is_some();
    if has_bedrock && !validate::takes_bedrock(&row.kind) {
        return Err(ApiError::bad_request("Bedrock settings are only valid for type=anthropic or type=bedrock."));
    }
    if has_bedrock && adds_keys {
        return Err(ApiError::bad_request(BEDROCK_TAKES_NO_KEYS));
    }
    if row.kind == "copilot" && adds_keys {
        return Err(ApiError::bad_request(
            "Copilot providers do not accept api_keys; they authenticate via request-time GitHub OAuth tokens.",
        ));
    }
    Ok(())
}

fn stored_settings(bedrock: AiProviderBedrockSettings) -> Result<SecretString, ApiError> {
    serde_json::to_string(&AiProviderSettings::Bedrock(bedrock))
        .map(SecretString::from)
        .map_err(|error| ApiError::internal("Internal error encoding settings.", &error))
}

fn bedrock_of(row: &AiProviderRow) -> Option<AiProviderBedrockSettings> {
    match serde_json::from_str(row.settings.as_ref()?.expose_secret()) {
        Ok(AiProviderSettings::Bedrock(bedrock)) => Some(bedrock),
        _ => None,
    }
}

/// The patch in place of what was stored, but for secrets that it does not mention.
fn merge(stored: Option<AiProviderBedrockSettings>, patch: AiProviderBedrockSettings) -> AiProviderBedrockSettings {
    let stored = stored.unwrap_or_default();
    AiProviderBedrockSettings {
        access_key: patch.access_key.or(stored.access_key),
        access_key_secret: patch.access_key_secret.or(stored.access_key_secret),
        ..patch
    }
}

/// A provider as it is shown: without any secret.
fn wire(row: &AiProviderRow, keys: &[AiProviderKeyRow]) -> AiProvider {
    AiProvider {
        id: row.id,
        kind: row.kind.as_str().into(),
        name: row.name.clone(),
        display_name: row.shown_name().to_owned(),
        enabled: row.enabled,
        base_url: row.base_url.clone(),
        api_keys: keys
            .iter()
            .map(|key| AiProviderKey {
                id: key.id,
                masked: mask(key.api_key.expose_secret()),
                created_at: key.created_at,
            })
            .collect(),
        settings: bedrock_of(row).map(|bedrock| {
            AiProviderSettings::Bedrock(AiProviderBedrockSettings {
                access_key: None,
                access_key_secret: None,
                ..bedrock
            })
        }),
        created_at: row.created_at,
        updated_at: row.updated_at,
        ..Default::default()
    }
}

/// Shows a few characters at either end of a secret, fewer the shorter it is.
fn mask(secret: &str) -> String {
    let length = secret.chars().count();
    let shown = match length {
        20.. => 4,
        10.. => 2,
        5.. => 1,
        _ => 0,
    };
    let head: String = secret.chars().take(shown).collect();
    let tail: String = secret.chars().skip(length - shown).collect();
    format!("{head}...{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_less_of_short_secrets() {
        for (secret, masked) in [
            ("sk-abcdefghijklmnop1234", "sk-a...1234"),
            ("key-0123456789", "ke...89"),
            ("12345", "1...5"),
            ("1234", "..."),
            ("ünïcödé-ünïcödé-ünïcödé", "ünïc...cödé"),
        ] {
            assert_eq!(mask(secret), masked);
        }
    }

    #[test]
    fn a_patch_keeps_the_secrets_it_does_not_mention() {
        let stored = AiProviderBedrockSettings {
            region: "a".into(),
            access_key: Some("id".into()),
            access_key_secret: Some("hush".into()),
            ..Default::default()
        };
        let patch =
            AiProviderBedrockSettings { region: "b".into(), access_key: Some(String::new()), ..Default::default() };
        let merged = merge(Some(stored), patch);
        assert_eq!((merged.region.as_str(), merged.access_key.as_deref()), ("b", Some("")));
        assert_eq!(merged.access_key_secret.as_deref(), Some("hush"));
    }
}
