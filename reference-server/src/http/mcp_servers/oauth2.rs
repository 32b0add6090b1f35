//! Signing in to an MCP server: the way to its authorization server, and the way back with a code.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rand::RngExt;
use uuid::Uuid;

use super::McpServerId;
use super::connection::request_token;
use crate::http::auth::{Caller, cookie};
use crate::http::error::ApiError;
use crate::http::query::QueryValues;
use crate::state::AppState;
use crate::store::mcp_servers::McpServerRow;

/// How long the way to the authorization server and back may take, in seconds.
const MAX_AGE: u32 = 600;

/// The server, if users can sign in to it.
async fn oauth2_server(state: &AppState, id: Uuid) -> Result<McpServerRow, ApiError> {
    let row = state.store.mcp_server(id).await?.ok_or_else(ApiError::not_found)?;
    if !row.enabled {
        return Err(ApiError::bad_request("MCP server is not enabled."));
    }
    if !row.uses_oauth2() {
        return Err(ApiError::bad_request("MCP server does not use OAuth2 authentication."));
    }
    Ok(row)
}

fn callback_path(id: Uuid) -> String {
    format!("/api/experimental/mcp/servers/{id}/oauth2/callback")
}

/// Where the authorization server sends users back to.
pub(super) fn callback_url(state: &AppState, id: Uuid) -> String {
    format!("{}{}", state.access_url.as_str().trim_end_matches('/'), callback_path(id))
}

fn set_cookie(headers: &mut HeaderMap, kind: &str, id: Uuid, value: &str, max_age: u32) {
    let path = callback_path(id);
    let cookie = format!("mcp_oauth2_{kind}_{id}={value}; Path={path}; Max-Age={max_age}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Sends the user to the authorization server.
pub(super) async fn connect(
    State(state): State<AppState>,
    _: Caller,
    McpServerId(id): McpServerId,
) -> Result<Response, ApiError> {
    let server = oauth2_server(&state, id).await?;
    let not_configured = || ApiError::bad_request("MCP server OAuth2 authorization URL is not configured.");
    let mut address = url::Url::parse(&server.oauth2_auth_url).map_err(|_| not_configured())?;
    let oauth_state = Uuid::new_v4().to_string();
    let verifier = BASE64_URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>());
    let challenge = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    {
        let mut query = address.query_pairs_mut();
        query
            .append_pair("client_id", &server.oauth2_client_id)
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256")
            .append_pair("redirect_uri", &callback_url(&state, id))
            .append_pair("response_type", "code");
        if !server.oauth2_scopes.is_empty() {
            query.append_pair("scope", &server.oauth2_scopes);
        }
        query.append_pair("state", &oauth_state);
    }
    let mut headers = HeaderMap::new();
    set_cookie(&mut headers, "state", id, &oauth_state, MAX_AGE);
    set_cookie(&mut headers, "verifier", id, &verifier, MAX_AGE);
    headers.insert(header::LOCATION, HeaderValue::try_from(address.as_str()).map_err(|_| not_configured())?);
    Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}

/// Takes the code with which the authorization server sent the user back, and keeps the token that it is good for.
pub(super) async fn callback(
    State(state): State<AppState>,
    caller: Caller,
    McpServerId(id): McpServerId,
    query: QueryValues,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let server = oauth2_server(&state, id).await?;
    let given = |key: &str| query.get(key).filter(|value| !value.is_empty());
    if let Some(error) = given("error") {
        let detail = given("error_description").unwrap_or(error);
        return Err(ApiError::bad_request("OAuth2 provider returned an error.").detail(detail));
    }
    let code = given("code").ok_or_else(|| ApiError::bad_request("Missing authorization code."))?;
    let remembered = |kind: &str| cookie(&headers, &format!("mcp_oauth2_{kind}_{id}"));
    let expected = remembered("state").filter(|state| !state.is_empty());
    if expected.is_none() || given("state") != expected {
        return Err(ApiError::bad_request("Invalid or missing OAuth2 state parameter."));
    }
    let redirect_uri = callback_url(&state, id);
    let mut grant = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &redirect_uri)];
    grant.extend(remembered("verifier").map(|verifier| ("code_verifier", verifier)));
    let token = request_token(&state, &server, caller.id(), &grant).await.map_err(|error| {
        tracing::warn!(server = server.slug, %error, "no token for an MCP server");
        ApiError::new(StatusCode::BAD_GATEWAY, "Failed to exchange authorization code for token.")
            .detail("The OAuth2 token exchange with the upstream provider failed.")
    })?;
    state.store.upsert_mcp_user_token(&token, state.clock.now()).await?;
    let mut answered = HeaderMap::new();
    set_cookie(&mut answered, "state", id, "", 0);
    set_cookie(&mut answered, "verifier", id, "", 0);
    let policy = HeaderValue::from_static("default-src 'none'; script-src 'unsafe-inline'");
    answered.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok((answered, Html(done_page(&state, id))).into_response())
}

/// The page that tells the window that opened it, and closes itself.
fn done_page(state: &AppState, id: Uuid) -> String {
    let origin = state.access_url.origin().ascii_serialization();
    format!(
        "<!DOCTYPE html><html><body><script>\
         if (window.opener) {{\
         window.opener.postMessage({{type: \"mcp-oauth2-complete\", serverID: \"{id}\"}}, \"{origin}\");\
         window.close();\
         }} else {{\
         document.body.innerText = \"You are signed in. This window can be closed.\";\
         }}</script></body></html>"
    )
}

/// Forgets the user's token, whether or not there is one, or even such a server.
pub(super) async fn disconnect(
    State(state): State<AppState>,
    caller: Caller,
    McpServerId(id): McpServerId,
) -> Result<StatusCode, ApiError> {
    state.store.delete_mcp_user_token(id, caller.id()).await?;
    Ok(StatusCode::NO_CONTENT)
}
