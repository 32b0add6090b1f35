//! MCP servers, and the tokens with which users have signed in to them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Store, Tx};

/// A row of `mcp_server_configs`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct McpServerRow {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) slug: String,
    pub(crate) description: String,
    pub(crate) icon_url: String,
    pub(crate) transport: String,
    pub(crate) url: String,
    pub(crate) auth_type: String,
    pub(crate) oauth2_client_id: String,
    #[sqlx(try_from = "String")]
    pub(crate) oauth2_client_secret: SecretString,
    pub(crate) oauth2_auth_url: String,
    pub(crate) oauth2_token_url: String,
    pub(crate) oauth2_scopes: String,
    pub(crate) api_key_header: String,
    #[sqlx(try_from = "String")]
    pub(crate) api_key_value: SecretString,
    /// A JSON object of header names and values; `{}` for none.
    #[sqlx(try_from = "String")]
    pub(crate) custom_headers: SecretString,
    pub(crate) tool_allow_list: Json<Vec<String>>,
    pub(crate) tool_deny_list: Json<Vec<String>>,
    pub(crate) availability: String,
    pub(crate) enabled: bool,
    pub(crate) model_intent: bool,
    pub(crate) allow_in_plan_mode: bool,
    pub(crate) forward_coder_headers: bool,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) updated_by: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl McpServerRow {
    /// Whether each user has to sign in to the server.
    pub(crate) fn uses_oauth2(&self) -> bool {
        self.auth_type == "oauth2"
    }

    /// Whether headers are to be sent along.
    pub(crate) fn has_custom_headers(&self) -> bool {
        !matches!(self.custom_headers.expose_secret(), "" | "{}")
    }

    /// Forgets the OAuth client.
    pub(crate) fn clear_oauth2(&mut self) {
        for text in
            [&mut self.oauth2_client_id, &mut self.oauth2_auth_url, &mut self.oauth2_token_url, &mut self.oauth2_scopes]
        {
            text.clear();
        }
        self.oauth2_client_secret = SecretString::default();
    }

    /// Forgets the key.
    pub(crate) fn clear_api_key(&mut self) {
        self.api_key_header.clear();
        self.api_key_value = SecretString::default();
    }

    /// Forgets the headers.
    pub(crate) fn clear_custom_headers(&mut self) {
        self.custom_headers = custom_headers_text(&BTreeMap::new());
    }
}

/// Headers in the form in which they are stored.
pub(crate) fn custom_headers_text(headers: &BTreeMap<String, String>) -> SecretString {
    serde_json::Value::from_iter(headers.iter().map(|(name, value)| (name.clone(), value.clone()))).to_string().into()
}

/// A row of `mcp_server_user_tokens`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct McpUserTokenRow {
    pub(crate) mcp_server_config_id: Uuid,
    pub(crate) user_id: Uuid,
    #[sqlx(try_from = "String")]
    pub(crate) access_token: SecretString,
    #[sqlx(try_from = "String")]
    pub(crate) refresh_token: SecretString,
    pub(crate) token_type: String,
    /// Never, if absent.
    pub(crate) expiry: Option<DateTime<Utc>>,
}

impl Store {
    /// All MCP servers, or the enabled ones, by the name that people see.
    pub(crate) async fn mcp_servers(&self, enabled_only: bool) -> sqlx::Result<Vec<McpServerRow>> {
        sqlx::query_as("SELECT * FROM mcp_server_configs WHERE enabled = TRUE OR $1 = FALSE ORDER BY display_name, id")
            .bind(enabled_only)
            .fetch_all(self.pool())
            .await
    }

    /// One MCP server, enabled or not.
    pub(crate) async fn mcp_server(&self, id: Uuid) -> sqlx::Result<Option<McpServerRow>> {
        sqlx::query_as("SELECT * FROM mcp_server_configs WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The tokens with which a user has signed in to MCP servers.
    pub(crate) async fn mcp_user_tokens(&self, user_id: Uuid) -> sqlx::Result<Vec<McpUserTokenRow>> {
        sqlx::query_as("SELECT * FROM mcp_server_user_tokens WHERE user_id = $1")
            .bind(user_id)
            .fetch_all(self.pool())
            .await
    }

    /// Stores a user's token for an MCP server in place of an earlier one.
    pub(crate) async fn upsert_mcp_user_token(&self, row: &McpUserTokenRow, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO mcp_server_user_tokens \
             (mcp_server_config_id, user_id, access_token, refresh_token, token_type, expiry, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) \
             ON CONFLICT (mcp_server_config_id, user_id) DO UPDATE SET access_token = excluded.access_token, \
             refresh_token = excluded.refresh_token, token_type = excluded.token_type, expiry = excluded.expiry, \
             updated_at = excluded.updated_at",
        )
        .bind(row.mcp_server_config_id)
        .bind(row.user_id)
        .bind(row.access_token.expose_secret())
        .bind(row.refresh_token.expose_secret())
        .bind(&row.token_type)
        .bind(row.expiry)
        .bind(now)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Forgets a user's token for an MCP server, if there is one.
    pub(crate) async fn delete_mcp_user_token(&self, server_id: Uuid, user_id: Uuid) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM mcp_server_user_tokens WHERE mcp_server_config_id = $1 AND user_id = $2")
            .bind(server_id)
            .bind(user_id)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

/// [`Store::mcp_server`] within a transaction.
pub(crate) async fn get_mcp_server(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<McpServerRow>> {
    sqlx::query_as("SELECT * FROM mcp_server_configs WHERE id = $1").bind(id).fetch_optional(&mut **tx).await
}

/// Stores an MCP server in place of what was there under its id. A unique violation means that the slug is taken.
pub(crate) async fn put_mcp_server(tx: &mut Tx, row: &McpServerRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO mcp_server_configs \
         (id, display_name, slug, description, icon_url, transport, url, auth_type, oauth2_client_id, \
          oauth2_client_secret, oauth2_auth_url, oauth2_token_url, oauth2_scopes, api_key_header, api_key_value, \
          custom_headers, tool_allow_list, tool_deny_list, availability, enabled, model_intent, allow_in_plan_mode, \
          forward_coder_headers, created_by, updated_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
                 $23, $24, $25, $26, $27) \
         ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, slug = excluded.slug, \
         description = excluded.description, icon_url = excluded.icon_url, transport = excluded.transport, \
         url = excluded.url, auth_type = excluded.auth_type, oauth2_client_id = excluded.oauth2_client_id, \
         oauth2_client_secret = excluded.oauth2_client_secret, oauth2_auth_url = excluded.oauth2_auth_url, \
         oauth2_token_url = excluded.oauth2_token_url, oauth2_scopes = excluded.oauth2_scopes, \
         api_key_header = excluded.api_key_header, api_key_value = excluded.api_key_value, \
         custom_headers = excluded.custom_headers, tool_allow_list = excluded.tool_allow_list, \
         tool_deny_list = excluded.tool_deny_list, availability = excluded.availability, \
         enabled = excluded.enabled, model_intent = excluded.model_intent, \
         allow_in_plan_mode = excluded.allow_in_plan_mode, forward_coder_headers = excluded.forward_coder_headers, \
         updated_by = excluded.updated_by, updated_at = excluded.updated_at",
    )
    .bind(row.id)
    .bind(&row.display_name)
    .bind(&row.slug)
    .bind(&row.description)
    .bind(&row.icon_url)
    .bind(&row.transport)
    .bind(&row.url)
    .bind(&row.auth_type)
    .bind(&row.oauth2_client_id)
    .bind(row.oauth2_client_secret.expose_secret())
    .bind(&row.oauth2_auth_url)
    .bind(&row.oauth2_token_url)
    .bind(&row.oauth2_scopes)
    .bind(&row.api_key_header)
    .bind(row.api_key_value.expose_secret())
    .bind(row.custom_headers.expose_secret())
    .bind(&row.tool_allow_list)
    .bind(&row.tool_deny_list)
    .bind(&row.availability)
    .bind(row.enabled)
    .bind(row.model_intent)
    .bind(row.allow_in_plan_mode)
    .bind(row.forward_coder_headers)
    .bind(row.created_by)
    .bind(row.updated_by)
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes an MCP server, its tokens and its place in chats.
pub(crate) async fn delete_mcp_server(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    // Chats keep the ids as a JSON array of texts without spaces.
    let quoted = format!("\"{id}\"");
    sqlx::query(
        "UPDATE chats SET mcp_server_ids = \
         replace(replace(replace(mcp_server_ids, $1 || ',', ''), ',' || $1, ''), $1, '') \
         WHERE mcp_server_ids LIKE '%' || $1 || '%'",
    )
    .bind(quoted)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM mcp_server_configs WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}
