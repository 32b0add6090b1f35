//! API keys and tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

/// A session key or token, without its secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiKey {
    /// Unique id.
    #[serde(default)]
    pub id: String,
    /// The user concerned.
    pub user_id: Uuid,
    /// When it was last used; the year 1 if never.
    pub last_used: DateTime<Utc>,
    /// When it stops being valid.
    pub expires_at: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How the user logs in.
    pub login_type: LoginType,
    /// What the key may be used for, in the old form of one word.
    pub scope: ApiKeyScope,
    /// What the key may be used for. Empty means everything its user may do.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<ApiKeyScope>>"))]
    pub scopes: Vec<ApiKeyScope>,
    /// Name of the token, unique among the user's tokens; empty for session keys.
    #[serde(default)]
    pub token_name: String,
    /// For how long it was made, in seconds.
    #[serde(default)]
    pub lifetime_seconds: i64,
    /// What the key may be used on.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<ApiAllowListTarget>>"))]
    pub allow_list: Vec<ApiAllowListTarget>,
}

/// An [`ApiKey`] with the name of its user.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiKeyWithOwner {
    /// Unique id.
    #[serde(default)]
    pub id: String,
    /// The user concerned.
    pub user_id: Uuid,
    /// When it was last used; the year 1 if never.
    pub last_used: DateTime<Utc>,
    /// When it stops being valid.
    pub expires_at: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How the user logs in.
    pub login_type: LoginType,
    /// What the key may be used for, in the old form of one word.
    pub scope: ApiKeyScope,
    /// What the key may be used for. Empty means everything its user may do.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<ApiKeyScope>>"))]
    pub scopes: Vec<ApiKeyScope>,
    /// Name of the token, unique among the user's tokens; empty for session keys.
    #[serde(default)]
    pub token_name: String,
    /// For how long it was made, in seconds.
    #[serde(default)]
    pub lifetime_seconds: i64,
    /// What the key may be used on.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<ApiAllowListTarget>>"))]
    pub allow_list: Vec<ApiAllowListTarget>,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
}

/// Creates a token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateTokenRequest {
    /// For how long it is valid, in nanoseconds; 0 for the deployment's default.
    #[serde(default)]
    pub lifetime: i64,
    /// The old form of `scopes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ApiKeyScope>,
    /// What the token may be used for; everything its user may do, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<ApiKeyScope>>,
    /// Name of the token, unique among the user's tokens; one is made up if it is empty.
    #[serde(default)]
    pub token_name: String,
    /// What the token may be used on; everything, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_list: Option<Vec<ApiAllowListTarget>>,
}

/// A new key.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GenerateApiKeyResponse {
    /// The key, in clear. It is not shown again.
    #[serde(default)]
    pub key: String,
}

debug_without_secrets!(GenerateApiKeyResponse { ; key });

open_enum! {
    /// How a user logs in.
    pub enum LoginType {
        /// Not known, or left to the server.
        Unset => "",
        /// `password`
        Password => "password",
        /// `github`
        Github => "github",
        /// `oidc`
        Oidc => "oidc",
        /// `token`
        Token => "token",
        /// `none`
        None => "none",
    }
}

/// Limits for tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TokenConfig {
    /// Longest lifetime of a token that the user may ask for, in nanoseconds.
    #[serde(default)]
    pub max_token_lifetime: i64,
}

/// Which tokens to list. Not sent as JSON, but as query parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokensFilter {
    /// Whether to list all users' tokens that the caller may see, and not only the user's.
    pub include_all: bool,
    /// Whether to list expired tokens, too.
    pub include_expired: bool,
}

api_trait! {
    /// API keys: session keys, which a log-in makes, and tokens, which users make for programs.
    ///
    /// `user` is a user's name or id, or `me`.
    pub trait ApiKeysApi {
        /// Creates a token. `POST /api/v2/users/{user}/keys/tokens`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for a lifetime above the user's
        /// [limit](Self::get_token_config), an unknown scope, or a scope that the caller's own key does not have;
        /// [`is_conflict`](crate::Error::is_conflict) if the user has a token of that name.
        async fn create_token(&self, user: &str, req: CreateTokenRequest) -> GenerateApiKeyResponse;

        /// Creates a session key with the deployment's session lifetime. `POST /api/v2/users/{user}/keys`.
        ///
        /// # Errors
        /// [`is_forbidden`](crate::Error::is_forbidden) for somebody else's.
        async fn create_api_key(&self, user: &str) -> GenerateApiKeyResponse;

        /// Lists tokens, session keys left out. `GET /api/v2/users/{user}/keys/tokens`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) for a user that the caller may not see.
        async fn tokens(&self, user: &str, filter: TokensFilter) -> Vec<ApiKeyWithOwner>;

        /// A key by id: the part before the dash. `GET /api/v2/users/{user}/keys/{id}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn api_key_by_id(&self, user: &str, id: &str) -> ApiKey;

        /// A token by name. `GET /api/v2/users/{user}/keys/tokens/{name}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn api_key_by_name(&self, user: &str, name: &str) -> ApiKey;

        /// Deletes a key. `DELETE /api/v2/users/{user}/keys/{id}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn delete_api_key(&self, user: &str, id: &str);

        /// Ends a key's life and keeps its record. `PUT /api/v2/users/{user}/keys/{id}/expire`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none.
        async fn expire_api_key(&self, user: &str, id: &str);

        /// The limits for the user's tokens. `GET /api/v2/users/{user}/keys/tokens/tokenconfig`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) for a user that the caller may not see.
        async fn get_token_config(&self, user: &str) -> TokenConfig;
    }
}

#[async_trait::async_trait]
impl ApiKeysApi for Client {
    async fn create_token(&self, user: &str, req: CreateTokenRequest) -> Result<GenerateApiKeyResponse> {
        self.send(Request::post("/api/v2/users/{user}/keys/tokens", &[&user]).json(&req)).await?.json()
    }

    async fn create_api_key(&self, user: &str) -> Result<GenerateApiKeyResponse> {
        self.send(Request::post("/api/v2/users/{user}/keys", &[&user])).await?.json()
    }

    async fn tokens(&self, user: &str, filter: TokensFilter) -> Result<Vec<ApiKeyWithOwner>> {
        let request = Request::get("/api/v2/users/{user}/keys/tokens", &[&user])
            .query("include_all", filter.include_all)
            .query("include_expired", filter.include_expired);
        self.send(request).await?.json_list()
    }

    async fn api_key_by_id(&self, user: &str, id: &str) -> Result<ApiKey> {
        self.send(Request::get("/api/v2/users/{user}/keys/{id}", &[&user, &id])).await?.json()
    }

    async fn api_key_by_name(&self, user: &str, name: &str) -> Result<ApiKey> {
        self.send(Request::get("/api/v2/users/{user}/keys/tokens/{name}", &[&user, &name])).await?.json()
    }

    async fn delete_api_key(&self, user: &str, id: &str) -> Result<()> {
        self.send(Request::delete("/api/v2/users/{user}/keys/{id}", &[&user, &id])).await.map(drop)
    }

    async fn expire_api_key(&self, user: &str, id: &str) -> Result<()> {
        self.send(Request::put("/api/v2/users/{user}/keys/{id}/expire", &[&user, &id])).await.map(drop)
    }

    async fn get_token_config(&self, user: &str) -> Result<TokenConfig> {
        self.send(Request::get("/api/v2/users/{user}/keys/tokens/tokenconfig", &[&user])).await?.json()
    }
}
