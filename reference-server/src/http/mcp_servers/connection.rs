//! Whether a user has signed in to an MCP server; a token that has run out is renewed on the way.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use crate::state::AppState;
use crate::store::mcp_servers::{McpServerRow, McpUserTokenRow};

/// How long an authorization server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of an answer is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;
/// Tokens that run out this soon are renewed already.
const EARLY: TimeDelta = TimeDelta::seconds(10);

/// Why an authorization server gave nothing of use.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutsideError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("returned HTTP {0}")]
    Status(http::StatusCode),
    #[error("the answer is longer than {MAX_ANSWER} bytes")]
    TooLong,
    #[error("decode JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Incomplete(&'static str),
}

/// A client for authorization servers, which does not follow redirects with what it sends.
pub(super) fn outside() -> Result<reqwest::Client, OutsideError> {
    Ok(reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?)
}

/// Sends the request and reads a bounded JSON answer.
pub(super) async fn fetch<T: serde::de::DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, OutsideError> {
    let mut response = request.send().await?;
    if !response.status().is_success() {
        return Err(OutsideError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(OutsideError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&body)?)
}

/// What a token endpoint answers.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    token_type: Option<String>,
    /// Seconds from now.
    #[serde(default)]
    expires_in: Option<f64>,
}

/// Asks for a token of the user.
pub(super) async fn request_token(
    state: &AppState,
    server: &McpServerRow,
    user_id: Uuid,
    grant: &[(&str, &str)],
) -> Result<McpUserTokenRow, OutsideError> {
    let secret = server.oauth2_client_secret.expose_secret();
    let mut form: Vec<(&str, &str)> = grant.to_vec();
    form.push(("client_id", &server.oauth2_client_id));
    if !secret.is_empty() {
        form.push(("client_secret", secret));
    }
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = outside()?
        .post(&server.oauth2_token_url)
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(http::header::ACCEPT, "application/json")
        .body(body);
    let answer: TokenAnswer = fetch(request).await?;
    if answer.access_token.is_empty() {
        return Err(OutsideError::Incomplete("server response missing access_token"));
    }
    let expiry = answer.expires_in.filter(|seconds| *seconds != 0.0).and_then(|seconds| {
        let lifetime = TimeDelta::try_milliseconds((seconds * 1000.0) as i64)?;
        state.clock.now().checked_add_signed(lifetime)
    });
    Ok(McpUserTokenRow {
        mcp_server_config_id: server.id,
        user_id,
        access_token: answer.access_token.into(),
        refresh_token: SecretString::from(answer.refresh_token.unwrap_or_default()),
        token_type: answer.token_type.unwrap_or_else(|| "Bearer".to_owned()),
        expiry,
    })
}

/// The user's tokens by server.
pub(super) async fn tokens_of(state: &AppState, user_id: Uuid) -> sqlx::Result<HashMap<Uuid, McpUserTokenRow>> {
    let tokens = state.store.mcp_user_tokens(user_id).await?;
    Ok(tokens.into_iter().map(|token| (token.mcp_server_config_id, token)).collect())
}

/// Whether the user can use the server: they have a token that holds or could be renewed, or need none.
pub(super) async fn is_connected(state: &AppState, server: &McpServerRow, token: Option<McpUserTokenRow>) -> bool {
    if !server.uses_oauth2() {
        return true;
    }
    let Some(token) = token else { return false };
    let renewable = !token.refresh_token.expose_secret().is_empty();
    match renewed(state, server, token).await {
        Ok(token) => renewable || token.expiry.is_none_or(|expiry| expiry > state.clock.now()),
        Err(_) => false,
    }
}

/// The token, or a new one in its place if it is about to end and can be renewed.
///
/// # Errors
/// The old token, if it could not be renewed.
pub(crate) async fn renewed(
    state: &AppState,
    server: &McpServerRow,
    token: McpUserTokenRow,
) -> Result<McpUserTokenRow, McpUserTokenRow> {
    let now = state.clock.now();
    let old = token.refresh_token.expose_secret();
    if old.is_empty() || token.expiry.is_none_or(|expiry| expiry > now + EARLY) {
        return Ok(token);
    }
    let grant = [("grant_type", "refresh_token"), ("refresh_token", old)];
    let mut renewed = match request_token(state, server, token.user_id, &grant).await {
        Ok(renewed) => renewed,
        Err(error) => {
            tracing::warn!(server = server.slug, %error, "cannot renew the token for an MCP server");
            return Err(token);
        }
    };
    if renewed.refresh_token.expose_secret().is_empty() {
        renewed.refresh_token = token.refresh_token.clone();
    }
    if let Err(error) = state.store.upsert_mcp_user_token(&renewed, now).await {
        tracing::warn!(server = server.slug, %error, "cannot keep the renewed token for an MCP server");
    }
    Ok(renewed)
}
