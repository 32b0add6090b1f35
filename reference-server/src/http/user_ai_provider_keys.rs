//! `/api/experimental/users/{user}/ai-provider-keys`: keys for AI providers that users bring themselves.

use std::collections::{HashMap, HashSet};

use axum::extract::{FromRequestParts, Path, Request, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use codersdk::{AiProviderSummary, CreateUserAiProviderKeyRequest, UserAiProviderKeyConfig};
use http::StatusCode;
use http::request::Parts;
use secrecy::SecretString;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{parse_uuid, read_json};
use super::users::UserParam;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::ai_providers::AiProviderRow;

/// How long a key may be, in bytes.
const MAX_KEY: usize = 10_240;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/", get(list_keys)).route("/{ai_provider}", put(upsert_key).delete(delete_key))
}

/// The id of a provider in a path.
#[derive(Debug)]
struct AiProviderId(Uuid);

impl<S: Send + Sync> FromRequestParts<S> for AiProviderId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(path): Path<HashMap<String, String>> =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::route_not_found())?;
        let text = path.get("ai_provider").map(String::as_str).unwrap_or_default();
        parse_uuid(text).map(Self).map_err(|_| ApiError::bad_request("Invalid AI provider ID."))
    }
}

async fn list_keys(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<Vec<UserAiProviderKeyConfig>>, ApiError> {
    caller.authorize_or_forbid(Action::ReadPersonal, &Object::user(user.id))?;
    let own: HashSet<Uuid> = state.store.user_ai_provider_key_ids(user.id).await?.into_iter().collect();
    let central: HashSet<Uuid> = state.store.all_ai_provider_keys().await?.iter().map(|key| key.provider_id).collect();
    let visible = state.store.ai_providers().await?.into_iter();
    let visible = visible.filter(|provider| provider.enabled || own.contains(&provider.id));
    Ok(Json(visible.map(|row| config(&row, own.contains(&row.id), central.contains(&row.id))).collect()))
}

async fn upsert_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    AiProviderId(provider_id): AiProviderId,
    request: Request,
) -> Result<Json<UserAiProviderKeyConfig>, ApiError> {
    let provider = state.store.ai_provider(provider_id).await?;
    let provider = provider.ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "AI provider not found."))?;
    if !provider.enabled {
        return Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "AI provider is disabled."));
    }
    let CreateUserAiProviderKeyRequest { api_key } = read_json(request).await?;
    if api_key.len() > MAX_KEY {
        return Err(ApiError::bad_request("API key too large.")
            .detail(format!("API key exceeds maximum size of 10 KB ({MAX_KEY} bytes)")));
    }
    if api_key.is_empty() {
        return Err(ApiError::bad_request("API key is required."));
    }
    if api_key.trim() != api_key {
        return Err(ApiError::bad_request("API key must not contain leading or trailing whitespace."));
    }
    caller.authorize_or_forbid(Action::UpdatePersonal, &Object::user(user.id))?;
    let has_central = !state.store.ai_provider_keys(provider_id).await?.is_empty();
    let api_key = SecretString::from(api_key);
    state.store.upsert_user_ai_provider_key(user.id, provider_id, &api_key, state.clock.now()).await?;
    Ok(Json(config(&provider, true, has_central)))
}

/// Forgets a key, whether or not there is one, or even such a provider.
async fn delete_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    AiProviderId(provider_id): AiProviderId,
) -> Result<StatusCode, ApiError> {
    caller.authorize_or_forbid(Action::UpdatePersonal, &Object::user(user.id))?;
    state.store.delete_user_ai_provider_key(user.id, provider_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn config(row: &AiProviderRow, has_user_api_key: bool, has_provider_api_key: bool) -> UserAiProviderKeyConfig {
    UserAiProviderKeyConfig {
        provider: AiProviderSummary {
            id: row.id,
            kind: row.kind.as_str().into(),
            name: row.name.clone(),
            display_name: row.shown_name().to_owned(),
            enabled: row.enabled,
            deleted: row.deleted,
            ..Default::default()
        },
        has_user_api_key,
        has_provider_api_key,
        byok_enabled: true,
    }
}
