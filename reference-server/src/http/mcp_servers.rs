//! `/api/experimental/mcp/servers`: MCP servers that agents can get tools from.
//!
//! Administrators see and change everything but secrets; others see the enabled servers without their addresses.

mod connection;
mod discovery;
mod oauth2;

pub(crate) use connection::renewed;

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{delete, get};
use axum::{Json, Router};
use codersdk::{
    CreateMcpServerConfigRequest, McpServerAuthType, McpServerAvailability, McpServerConfig, McpServerTransport,
    UpdateMcpServerConfigRequest,
};
use http::StatusCode;
use http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use sqlx::types::Json as Stored;
use uuid::Uuid;

use super::admins::{DeploymentAdmin, reads_deployment};
use super::auth::Caller;
use super::error::{ApiError, Checks};
use super::extract::{GoJson, parse_uuid};
use super::urls;
use crate::state::AppState;
use crate::store::mcp_servers::{self as rows, McpServerRow, custom_headers_text};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list_mcp_servers).post(create_mcp_server))
        .route("/{mcp_server}", get(get_mcp_server).patch(update_mcp_server).delete(delete_mcp_server))
        .route("/{mcp_server}/oauth2/connect", get(oauth2::connect))
        .route("/{mcp_server}/oauth2/callback", get(oauth2::callback))
        .route("/{mcp_server}/oauth2/disconnect", delete(oauth2::disconnect))
}

/// The id of an MCP server in a path.
#[derive(Debug, Clone, Copy)]
struct McpServerId(Uuid);

impl<S: Send + Sync> FromRequestParts<S> for McpServerId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(path): Path<HashMap<String, String>> =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::route_not_found())?;
        let text = path.get("mcp_server").map(String::as_str).unwrap_or_default();
        let invalid = |detail| ApiError::bad_request("Invalid MCP server config ID.").detail(detail);
        parse_uuid(text).map(Self).map_err(invalid)
    }
}

async fn list_mcp_servers(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<McpServerConfig>>, ApiError> {
    let sees_all = reads_deployment(&caller);
    let rows = state.store.mcp_servers(!sees_all).await?;
    let mut tokens = connection::tokens_of(&state, caller.id()).await?;
    let mut servers = Vec::with_capacity(rows.len());
    for row in rows {
        let connected = connection::is_connected(&state, &row, tokens.remove(&row.id)).await;
        servers.push(McpServerConfig { auth_connected: connected, ..wire(&row, sees_all) });
    }
    Ok(Json(servers))
}

async fn get_mcp_server(
    State(state): State<AppState>,
    caller: Caller,
    McpServerId(id): McpServerId,
) -> Result<Json<McpServerConfig>, ApiError> {
    let sees_all = reads_deployment(&caller);
    let row = state.store.mcp_server(id).await?.filter(|row| sees_all || row.enabled);
    let row = row.ok_or_else(ApiError::not_found)?;
    let token = connection::tokens_of(&state, caller.id()).await?.remove(&row.id);
    let auth_connected = connection::is_connected(&state, &row, token).await;
    Ok(Json(McpServerConfig { auth_connected, ..wire(&row, sees_all) }))
}

/// The answer says that nobody has signed in, also where nobody has to.
async fn create_mcp_server(
    State(state): State<AppState>,
    DeploymentAdmin(caller): DeploymentAdmin,
    GoJson(request): GoJson<CreateMcpServerConfigRequest>,
) -> Result<(StatusCode, Json<McpServerConfig>), ApiError> {
    check_create(&request)?;
    check_auth_fields(&request)?;
    let now = state.clock.now();
    let trimmed = |text: &str| text.trim().to_owned();
    let mut row = McpServerRow {
        id: Uuid::new_v4(),
        display_name: trimmed(&request.display_name),
        slug: trimmed(&request.slug),
        description: trimmed(&request.description),
        icon_url: trimmed(&request.icon_url),
        transport: request.transport.to_string(),
        url: trimmed(&request.url),
        auth_type: request.auth_type.to_string(),
        oauth2_client_id: trimmed(&request.oauth2_client_id),
        oauth2_client_secret: trimmed(&request.oauth2_client_secret).into(),
        oauth2_auth_url: trimmed(&request.oauth2_auth_url),
        oauth2_token_url: trimmed(&request.oauth2_token_url),
        oauth2_scopes: trimmed(&request.oauth2_scopes),
        api_key_header: trimmed(&request.api_key_header),
        api_key_value: trimmed(&request.api_key_value).into(),
        custom_headers: custom_headers_text(&request.custom_headers),
        tool_allow_list: Stored(names(&request.tool_allow_list)),
        tool_deny_list: Stored(names(&request.tool_deny_list)),
        availability: request.availability.to_string(),
        enabled: request.enabled,
        model_intent: request.model_intent,
        allow_in_plan_mode: request.allow_in_plan_mode,
        forward_coder_headers: request.forward_coder_headers,
        created_by: Some(caller.id()),
        updated_by: Some(caller.id()),
        created_at: now,
        updated_at: now,
    };
    if row.uses_oauth2() && row.oauth2_client_id.is_empty() {
        check_slug_is_free(&state, &row.slug).await?;
        row.oauth2_client_secret = SecretString::default();
        discovery::complete(&state, &mut row).await?;
    }
    let mut tx = state.store.begin().await?;
    rows::put_mcp_server(&mut tx, &row)
        .await
        .map_err(|error| stored("Failed to create MCP server config.", ALREADY_EXISTS, &error))?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(wire(&row, true))))
}

async fn update_mcp_server(
    State(state): State<AppState>,
    DeploymentAdmin(caller): DeploymentAdmin,
    McpServerId(id): McpServerId,
    GoJson(request): GoJson<UpdateMcpServerConfigRequest>,
) -> Result<Json<McpServerConfig>, ApiError> {
    check_update(&request)?;
    let mut tx = state.store.begin().await?;
    let mut row = rows::get_mcp_server(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    let old_auth_type = row.auth_type.clone();
    apply(&mut row, request);
    if row.auth_type != old_auth_type {
        clear_other_auth(&mut row);
    }
    row.updated_by = Some(caller.id());
    row.updated_at = state.clock.now();
    rows::put_mcp_server(&mut tx, &row).await.map_err(|error| {
        stored("Failed to update MCP server config.", "MCP server config slug already exists.", &error)
    })?;
    tx.commit().await?;
    Ok(Json(wire(&row, true)))
}

async fn delete_mcp_server(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    McpServerId(id): McpServerId,
) -> Result<StatusCode, ApiError> {
    let mut tx = state.store.begin().await?;
    rows::get_mcp_server(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    rows::delete_mcp_server(&mut tx, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

const ALREADY_EXISTS: &str = "MCP server config already exists.";

/// The refusal of a row that could not be stored.
fn stored(failed: &str, taken: &str, error: &sqlx::Error) -> ApiError {
    match error.as_database_error() {
        Some(db) if db.is_unique_violation() => ApiError::conflict(taken),
        _ => ApiError::internal(failed, error),
    }
}

/// Nobody is asked for an OAuth client on behalf of a server that could not be stored.
async fn check_slug_is_free(state: &AppState, slug: &str) -> Result<(), ApiError> {
    let taken = state.store.mcp_servers(false).await?.iter().any(|row| row.slug == slug);
    if taken { Err(ApiError::conflict(ALREADY_EXISTS)) } else { Ok(()) }
}

fn names(list: &[String]) -> Vec<String> {
    list.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Puts what the request names in the place of what is stored.
fn apply(row: &mut McpServerRow, request: UpdateMcpServerConfigRequest) {
    let set = |text: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *text = value.trim().to_owned();
        }
    };
    let set_secret = |secret: &mut SecretString, value: Option<String>| {
        if let Some(value) = value {
            *secret = value.trim().to_owned().into();
        }
    };
    set(&mut row.display_name, request.display_name);
    set(&mut row.slug, request.slug);
    set(&mut row.description, request.description);
    set(&mut row.icon_url, request.icon_url);
    set(&mut row.transport, request.transport.map(|value| value.to_string()).filter(|value| !value.is_empty()));
    set(&mut row.url, request.url);
    set(&mut row.auth_type, request.auth_type.map(|value| value.to_string()).filter(|value| !value.is_empty()));
    set(&mut row.oauth2_client_id, request.oauth2_client_id);
    set_secret(&mut row.oauth2_client_secret, request.oauth2_client_secret);
    set(&mut row.oauth2_auth_url, request.oauth2_auth_url);
    set(&mut row.oauth2_token_url, request.oauth2_token_url);
    set(&mut row.oauth2_scopes, request.oauth2_scopes);
    set(&mut row.api_key_header, request.api_key_header);
    set_secret(&mut row.api_key_value, request.api_key_value);
    set(&mut row.availability, request.availability.map(|value| value.to_string()).filter(|value| !value.is_empty()));
    if let Some(headers) = &request.custom_headers {
        row.custom_headers = custom_headers_text(headers);
    }
    if let Some(list) = request.tool_allow_list {
        row.tool_allow_list = Stored(names(&list));
    }
    if let Some(list) = request.tool_deny_list {
        row.tool_deny_list = Stored(names(&list));
    }
    row.enabled = request.enabled.unwrap_or(row.enabled);
    row.model_intent = request.model_intent.unwrap_or(row.model_intent);
    row.allow_in_plan_mode = request.allow_in_plan_mode.unwrap_or(row.allow_in_plan_mode);
    row.forward_coder_headers = request.forward_coder_headers.unwrap_or(row.forward_coder_headers);
}

/// Forgets what other ways of signing in need, so that no secret outlives its use.
fn clear_other_auth(row: &mut McpServerRow) {
    if row.auth_type != McpServerAuthType::OAuth2.as_str() {
        row.clear_oauth2();
    }
    if row.auth_type != McpServerAuthType::ApiKey.as_str() {
        row.clear_api_key();
    }
    if row.auth_type != McpServerAuthType::CustomHeaders.as_str() {
        row.clear_custom_headers();
    }
}

const TRANSPORTS: &str = "oneof";

fn check_create(request: &CreateMcpServerConfigRequest) -> Result<(), ApiError> {
    Checks::new()
        .required("display_name", &request.display_name)
        .required("slug", &request.slug)
        .required("transport", request.transport.as_str())
        .check("transport", TRANSPORTS, &request.transport, request.transport.is_known())
        .required("url", &request.url)
        .check("url", "url", &request.url, is_url(&request.url))
        .required("auth_type", request.auth_type.as_str())
        .check("auth_type", TRANSPORTS, &request.auth_type, request.auth_type.is_known())
        .check("oauth2_auth_url", "url", &request.oauth2_auth_url, is_url_or_empty(&request.oauth2_auth_url))
        .check("oauth2_token_url", "url", &request.oauth2_token_url, is_url_or_empty(&request.oauth2_token_url))
        .required("availability", request.availability.as_str())
        .check("availability", TRANSPORTS, &request.availability, request.availability.is_known())
        .finish()
}

fn check_update(request: &UpdateMcpServerConfigRequest) -> Result<(), ApiError> {
    let url = |checks: Checks, field: &str, value: &Option<String>| match value {
        Some(value) => checks.check(field, "url", value, is_url(value)),
        None => checks,
    };
    let transport = request.transport.clone().unwrap_or(McpServerTransport::Sse);
    let auth_type = request.auth_type.clone().unwrap_or(McpServerAuthType::None);
    let availability = request.availability.clone().unwrap_or(McpServerAvailability::DefaultOff);
    let checks = Checks::new().check("transport", TRANSPORTS, &transport, transport.is_known());
    let checks = url(checks, "url", &request.url).check("auth_type", TRANSPORTS, &auth_type, auth_type.is_known());
    let checks = url(checks, "oauth2_auth_url", &request.oauth2_auth_url);
    url(checks, "oauth2_token_url", &request.oauth2_token_url)
        .check("availability", TRANSPORTS, &availability, availability.is_known())
        .finish()
}

fn is_url(text: &str) -> bool {
    urls::scheme_of_absolute(text).is_some()
}

fn is_url_or_empty(text: &str) -> bool {
    text.is_empty() || is_url(text)
}

/// What each way of signing in must bring along.
fn check_auth_fields(request: &CreateMcpServerConfigRequest) -> Result<(), ApiError> {
    let wrong = match request.auth_type {
        McpServerAuthType::OAuth2 => {
            let given = [&request.oauth2_client_id, &request.oauth2_auth_url, &request.oauth2_token_url];
            let given = given.iter().filter(|text| !text.is_empty()).count();
            (given != 0 && given != 3).then_some(
                "OAuth2 auth type requires either all of oauth2_client_id, oauth2_auth_url, and oauth2_token_url \
                 (manual configuration), or none of them (automatic discovery via RFC 7591).",
            )
        }
        McpServerAuthType::ApiKey => (request.api_key_header.is_empty() || request.api_key_value.is_empty())
            .then_some("API key auth type requires api_key_header and api_key_value."),
        McpServerAuthType::CustomHeaders => {
            request.custom_headers.is_empty().then_some("Custom headers auth type requires at least one custom header.")
        }
        _ => None,
    };
    wrong.map_or(Ok(()), |message| Err(ApiError::bad_request(message)))
}

/// A server as it is shown: without secrets, and without its address and how to sign in unless `whole`.
fn wire(row: &McpServerRow, whole: bool) -> McpServerConfig {
    let shown = |text: &str| if whole { text.to_owned() } else { String::new() };
    McpServerConfig {
        id: row.id,
        display_name: row.display_name.clone(),
        slug: row.slug.clone(),
        description: row.description.clone(),
        icon_url: row.icon_url.clone(),
        transport: shown(&row.transport).into(),
        url: shown(&row.url),
        auth_type: row.auth_type.as_str().into(),
        oauth2_client_id: shown(&row.oauth2_client_id),
        has_oauth2_secret: !row.oauth2_client_secret.expose_secret().is_empty(),
        oauth2_auth_url: shown(&row.oauth2_auth_url),
        oauth2_token_url: shown(&row.oauth2_token_url),
        oauth2_scopes: shown(&row.oauth2_scopes),
        api_key_header: shown(&row.api_key_header),
        has_api_key: !row.api_key_value.expose_secret().is_empty(),
        has_custom_headers: row.has_custom_headers(),
        tool_allow_list: row.tool_allow_list.0.clone().into(),
        tool_deny_list: row.tool_deny_list.0.clone().into(),
        availability: row.availability.as_str().into(),
        enabled: row.enabled,
        model_intent: row.model_intent,
        allow_in_plan_mode: row.allow_in_plan_mode,
        forward_coder_headers: row.forward_coder_headers,
        created_at: row.created_at,
        updated_at: row.updated_at,
        auth_connected: false,
    }
}
