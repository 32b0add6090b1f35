//! API keys: tokens that people make, and sessions.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chrono::TimeDelta;
use codersdk::{ApiAllowListTarget, ApiKey, ApiKeyWithOwner, CreateTokenRequest, GenerateApiKeyResponse, TokenConfig};
use http::StatusCode;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::GoJson;
use super::query::{QueryValues, parse_bool};
use super::users::UserParam;
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource, is_external_scope};
use crate::state::AppState;
use crate::store::api_keys::{ApiKeyRow, DEFAULT_TOKEN_SECONDS, NewApiKey, TokenFilter};
use crate::store::users::UserRow;

/// How long a token of an owner, and of anybody else, may live at most, in hours.
const MAX_OWNER_HOURS: i64 = 168;
const MAX_HOURS: i64 = 876_600;
const NANOSECONDS_PER_HOUR: i64 = 3_600_000_000_000;
/// How many things a token can be narrowed to.
const MAX_ALLOW_LIST: usize = 128;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/{user}/keys", post(create_api_key))
        .route("/api/v2/users/{user}/keys/{keyid}", get(api_key_by_id).delete(delete_api_key))
        .route("/api/v2/users/{user}/keys/{keyid}/expire", put(expire_api_key))
        .route("/api/v2/users/{user}/keys/tokens", get(tokens).post(create_token))
        .route("/api/v2/users/{user}/keys/tokens/tokenconfig", get(token_config))
        .route("/api/v2/users/{user}/keys/tokens/{keyname}", get(api_key_by_name))
}

fn convert(row: ApiKeyRow) -> ApiKey {
    let has = |scope: &str| row.scopes.iter().any(|held| held == scope);
    let legacy = match () {
        () if has("coder:application_connect") => "application_connect",
        () if has("coder:all") => "all",
        () => "",
    };
    let target = |entry: &String| {
        let (kind, id) = entry.split_once(':').unwrap_or((entry, ""));
        ApiAllowListTarget { kind: kind.into(), id: id.to_owned() }
    };
    ApiKey {
        scope: legacy.into(),
        scopes: row.scopes.iter().map(|scope| scope.as_str().into()).collect(),
        allow_list: row.allow_list.iter().map(target).collect(),
        id: row.id,
        user_id: row.user_id,
        last_used: row.last_used,
        expires_at: row.expires_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
        login_type: row.login_type.as_str().into(),
        token_name: row.token_name,
        lifetime_seconds: row.lifetime_seconds,
    }
}

fn object(row: &ApiKeyRow) -> Object {
    Object::api_key(&row.id, row.user_id)
}

async fn create_token(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    GoJson(request): GoJson<CreateTokenRequest>,
) -> Result<(StatusCode, Json<GenerateApiKeyResponse>), ApiError> {
    let targets = request.allow_list.as_deref().unwrap_or_default();
    for target in targets {
        target
            .validate()
            .map_err(|error| ApiError::bad_request("Request body must be valid JSON.").detail(error.to_string()))?;
    }
    let single = request.scope.iter().map(|scope| scope.as_str()).filter(|scope| !scope.is_empty());
    let asked: Vec<&str> = match request.scopes.as_deref() {
        Some(scopes @ [_, ..]) => scopes.iter().map(|scope| scope.as_str()).collect(),
        _ => single.collect(),
    };
    let scopes = asked.into_iter().map(scope).collect::<Result<_, _>>()?;
    let allow_list = allow_list(targets)?;
    let token_name = Some(request.token_name).filter(|name| !name.is_empty()).unwrap_or_else(random_name);
    let new = NewApiKey {
        user_id: user.id,
        login_type: "token".to_owned(),
        lifetime: lifetime(&state, &user, request.lifetime).await?,
        token_name,
        scopes,
        allow_list,
    };
    create(&state, &caller, new).await
}

async fn create_api_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<(StatusCode, Json<GenerateApiKeyResponse>), ApiError> {
    let lifetime = TimeDelta::seconds(DEFAULT_TOKEN_SECONDS);
    create(&state, &caller, NewApiKey { lifetime, ..NewApiKey::session(user.id) }).await
}

async fn create(
    state: &AppState,
    caller: &Caller,
    new: NewApiKey,
) -> Result<(StatusCode, Json<GenerateApiKeyResponse>), ApiError> {
    caller.authorize_or_forbid(Action::Create, &Object::new(Resource::ApiKey).with_owner(new.user_id))?;
    let name = new.token_name.clone();
    let (key, _) = state.store.create_api_key(new, state.clock.now()).await.map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => {
            ApiError::conflict(format!("A token with name {} already exists.", quoted(&name)))
                .field("name", "This value is already in use and should be unique.")
        }
        error => error.into(),
    })?;
    Ok((StatusCode::CREATED, Json(GenerateApiKeyResponse { key })))
}

/// A scope as stored.
fn scope(name: &str) -> Result<String, ApiError> {
    if !is_external_scope(name) {
        let detail = format!("invalid or unsupported API key scope: {}", quoted(name));
        return Err(ApiError::bad_request("Failed to create API key.").detail(detail));
    }
    Ok(match name {
        "all" | "application_connect" => format!("coder:{name}"),
        _ => name.to_owned(),
    })
}

/// The entries as stored: sorted, each once, and none that another covers.
fn allow_list(targets: &[ApiAllowListTarget]) -> Result<Vec<String>, ApiError> {
    if targets.len() > MAX_ALLOW_LIST {
        let detail = format!("allow_list has {} entries; max allowed is {MAX_ALLOW_LIST}", targets.len());
        return Err(ApiError::bad_request("Failed to create API key.").detail(detail));
    }
    let entries: BTreeSet<(&str, &str)> =
        targets.iter().map(|target| (target.kind.as_str(), target.id.as_str())).collect();
    if entries.contains(&("*", "*")) {
        return Ok(vec!["*:*".to_owned()]);
    }
    let needed = entries.iter().filter(|(kind, id)| *id == "*" || !entries.contains(&(kind, "*")));
    Ok(needed.map(|(kind, id)| format!("{kind}:{id}")).collect())
}

/// A lifetime within the user's bound; 0 asks for the usual one. `nanoseconds` is what was asked for.
async fn lifetime(state: &AppState, user: &UserRow, nanoseconds: i64) -> Result<TimeDelta, ApiError> {
    if nanoseconds == 0 {
        return Ok(TimeDelta::seconds(DEFAULT_TOKEN_SECONDS));
    }
    let refuse = |detail: String| ApiError::bad_request("Failed to validate create API key request.").detail(detail);
    if nanoseconds < 0 {
        return Err(refuse("lifetime must be positive number greater than 0".to_owned()));
    }
    let hours = max_hours(state, user).await?;
    if nanoseconds > hours * NANOSECONDS_PER_HOUR {
        return Err(refuse(format!("lifetime must be less than {hours}h0m0s")));
    }
    Ok(TimeDelta::nanoseconds(nanoseconds))
}

async fn max_hours(state: &AppState, user: &UserRow) -> Result<i64, ApiError> {
    let roles = state.store.user_roles(user.id).await?.unwrap_or_default();
    let owner = roles.iter().any(|role| role.name == "owner");
    Ok(if owner { MAX_OWNER_HOURS } else { MAX_HOURS })
}

fn random_name() -> String {
    const ADJECTIVES: &[&str] =
        &["brave", "calm", "clever", "eager", "gentle", "happy", "keen", "lively", "quick", "quiet", "sharp", "wise"];
    const NOUNS: &[&str] =
        &["badger", "falcon", "heron", "lynx", "otter", "owl", "panda", "raven", "robin", "seal", "tern", "wolf"];
    let pick = |words: &[&'static str]| words[rand::random_range(0..words.len())];
    format!("{}_{}{}", pick(ADJECTIVES), pick(NOUNS), rand::random_range(0..1_000_000))
}

async fn api_key_by_id(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(_user): UserParam,
    Path((_, id)): Path<(String, String)>,
) -> Result<Json<ApiKey>, ApiError> {
    let key = state.store.api_key(&id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &object(&key))?;
    Ok(Json(convert(key)))
}

async fn api_key_by_name(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<ApiKey>, ApiError> {
    let key = state.store.api_key_by_name(user.id, &name).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &object(&key))?;
    Ok(Json(convert(key)))
}

/// Answers `null` where there are none, as the original does.
async fn tokens(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    query: QueryValues,
) -> Result<Json<Option<Vec<ApiKeyWithOwner>>>, ApiError> {
    let flag = |key: &str| query.get(key).is_some_and(|text| parse_bool(text) == Ok(true));
    let filter =
        TokenFilter { user_id: (!flag("include_all")).then_some(user.id), include_expired: flag("include_expired") };
    let mut keys = state.store.tokens(filter, state.clock.now()).await?;
    keys.retain(|key| caller.can(Action::Read, &object(key)));
    let ids: BTreeSet<_> = keys.iter().map(|key| key.user_id).collect();
    // Names are told all or none.
    let readable = ids.iter().all(|id| caller.can(Action::Read, &Object::user(*id)));
    let ids: Vec<_> = ids.into_iter().filter(|_| readable).collect();
    let users = state.store.users_by_ids(&ids).await?;
    let names: BTreeMap<_, _> = users.into_iter().map(|user| (user.id, user.username)).collect();
    let with_owner = |row: ApiKeyRow| {
        let username = names.get(&row.user_id).cloned().unwrap_or_default();
        let key = convert(row);
        ApiKeyWithOwner {
            id: key.id,
            user_id: key.user_id,
            last_used: key.last_used,
            expires_at: key.expires_at,
            created_at: key.created_at,
            updated_at: key.updated_at,
            login_type: key.login_type,
            scope: key.scope,
            scopes: key.scopes,
            token_name: key.token_name,
            lifetime_seconds: key.lifetime_seconds,
            allow_list: key.allow_list,
            username,
        }
    };
    Ok(Json(Some(keys.into_iter().map(with_owner).collect::<Vec<_>>()).filter(|keys| !keys.is_empty())))
}

async fn delete_api_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(_user): UserParam,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let key = state.store.api_key(&id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Delete, &object(&key))?;
    state.store.delete_api_key(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn expire_api_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(_user): UserParam,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let key = state.store.api_key(&id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &object(&key))?;
    let now = state.clock.now();
    if key.expires_at > now {
        caller.authorize(Action::Update, &object(&key))?;
        state.store.expire_api_key(&id, now).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn token_config(
    State(state): State<AppState>,
    UserParam(user): UserParam,
) -> Result<Json<TokenConfig>, ApiError> {
    let hours = max_hours(&state, &user).await?;
    Ok(Json(TokenConfig { max_token_lifetime: hours * NANOSECONDS_PER_HOUR }))
}
