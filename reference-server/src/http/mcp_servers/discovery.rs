//! Asking an MCP server how to sign in to it, and registering the deployment there: RFC 9728, RFC 8414 and RFC 7591.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::connection::{OutsideError, fetch, outside};
use super::oauth2::callback_url;
use crate::http::error::ApiError;
use crate::state::AppState;
use crate::store::mcp_servers::McpServerRow;

/// The version of MCP with which servers are asked.
const PROTOCOL_VERSION: &str = "2025-11-25";

/// What an MCP server says of who gives tokens for it.
#[derive(Deserialize)]
struct ProtectedResource {
    #[serde(default)]
    authorization_servers: Vec<String>,
}

/// What an authorization server says of itself.
#[derive(Deserialize)]
struct AuthorizationServer {
    #[serde(default)]
    authorization_endpoint: String,
    #[serde(default)]
    token_endpoint: String,
    #[serde(default)]
    registration_endpoint: String,
    #[serde(default)]
    scopes_supported: Vec<String>,
}

/// What an authorization server calls the deployment.
#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

/// Fills in the server's OAuth settings. Scopes that are set already stay.
///
/// # Errors
/// 400 when the server or its authorization server does not tell enough.
pub(super) async fn complete(state: &AppState, row: &mut McpServerRow) -> Result<(), ApiError> {
    let callback = callback_url(state, row.id);
    let (server, client) = discover(&row.url, &callback).await.map_err(|error| {
        tracing::warn!(server = row.slug, %error, "OAuth discovery failed");
        ApiError::bad_request(
            "OAuth2 auto-discovery failed. Provide oauth2_client_id, oauth2_auth_url, and oauth2_token_url manually, \
             or ensure the MCP server supports RFC 9728 (Protected Resource Metadata) and RFC 7591 (Dynamic Client \
             Registration).",
        )
        .detail(error.to_string())
    })?;
    row.oauth2_client_id = client.client_id;
    row.oauth2_client_secret = client.client_secret.into();
    row.oauth2_auth_url = server.authorization_endpoint;
    row.oauth2_token_url = server.token_endpoint;
    if row.oauth2_scopes.is_empty() {
        row.oauth2_scopes = server.scopes_supported.join(" ");
    }
    Ok(())
}

async fn discover(server_url: &str, callback: &str) -> Result<(AuthorizationServer, Registration), OutsideError> {
    let http = outside()?;
    let resource: ProtectedResource = first_of(
        &http,
        &well_known(server_url, "oauth-protected-resource"),
        "protected resource metadata has no authorization_servers",
        |resource: &ProtectedResource| !resource.authorization_servers.is_empty(),
    )
    .await?;
    let issuer = &resource.authorization_servers[0];
    let mut places = well_known(issuer, "oauth-authorization-server");
    places.push(format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')));
    let server: AuthorizationServer =
        first_of(&http, &places, "authorization server metadata has no endpoints", |server: &AuthorizationServer| {
            !server.authorization_endpoint.is_empty() && !server.token_endpoint.is_empty()
        })
        .await?;
    if server.registration_endpoint.is_empty() {
        return Err(OutsideError::Incomplete("authorization server does not advertise a registration_endpoint"));
    }
    let body = json!({
        "client_name": "Coder",
        "redirect_uris": [callback],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    let request = http
        .post(&server.registration_endpoint)
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::ACCEPT, "application/json")
        .body(body.to_string());
    let client: Registration = fetch(request).await?;
    if client.client_id.is_empty() {
        return Err(OutsideError::Incomplete("registration response missing client_id"));
    }
    Ok((server, client))
}

/// Where metadata of `address` may stand: below its path, then below its root.
fn well_known(address: &str, name: &str) -> Vec<String> {
    let Ok(url) = url::Url::parse(address) else { return Vec::new() };
    let root = format!("{}/.well-known/{name}", url.origin().ascii_serialization());
    match url.path() {
        "" | "/" => vec![root],
        path => vec![format!("{root}{path}"), root],
    }
}

/// The first of the documents that can be had and is of use.
async fn first_of<T: DeserializeOwned>(
    http: &reqwest::Client,
    places: &[String],
    useless: &'static str,
    is_of_use: impl Fn(&T) -> bool,
) -> Result<T, OutsideError> {
    let mut last = OutsideError::Incomplete(useless);
    for place in places {
        let request = http
            .get(place)
            .header(http::header::ACCEPT, "application/json")
            .header("MCP-Protocol-Version", PROTOCOL_VERSION);
        last = match fetch(request).await {
            Ok(document) if is_of_use(&document) => return Ok(document),
            Ok(_) => OutsideError::Incomplete(useless),
            Err(error) => error,
        };
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_below_the_path_first() {
        let at = |address| well_known(address, "x");
        assert_eq!(at("https://a:1/mcp"), ["https://a:1/.well-known/x/mcp", "https://a:1/.well-known/x"]);
        assert_eq!(at("https://a/"), ["https://a/.well-known/x"]);
        assert!(at("mcp").is_empty());
    }
}
