//! With which accounts elsewhere people have signed in.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;

/// A row of `external_auth_links`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ExternalAuthLinkRow {
    pub(crate) provider_id: String,
    pub(crate) user_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    #[sqlx(try_from = "String")]
    pub(crate) oauth_access_token: SecretString,
    #[sqlx(try_from = "String")]
    pub(crate) oauth_refresh_token: SecretString,
    /// Never, if absent.
    pub(crate) oauth_expiry: Option<DateTime<Utc>>,
    /// JSON.
    pub(crate) oauth_extra: Option<String>,
    pub(crate) oauth_refresh_failure_reason: String,
}

impl Store {
    /// A user's link with a provider.
    pub(crate) async fn external_auth_link(
        &self,
        provider: &str,
        user: Uuid,
    ) -> sqlx::Result<Option<ExternalAuthLinkRow>> {
        sqlx::query_as("SELECT * FROM external_auth_links WHERE provider_id = $1 AND user_id = $2")
            .bind(provider)
            .bind(user)
            .fetch_optional(self.pool())
            .await
    }

    /// Stores a link in place of an earlier one.
    pub(crate) async fn put_external_auth_link(&self, row: &ExternalAuthLinkRow) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO external_auth_links (provider_id, user_id, created_at, updated_at, oauth_access_token, \
             oauth_refresh_token, oauth_expiry, oauth_extra, oauth_refresh_failure_reason) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (provider_id, user_id) DO UPDATE SET \
             updated_at = excluded.updated_at, oauth_access_token = excluded.oauth_access_token, \
             oauth_refresh_token = excluded.oauth_refresh_token, oauth_expiry = excluded.oauth_expiry, \
             oauth_extra = excluded.oauth_extra, \
             oauth_refresh_failure_reason = excluded.oauth_refresh_failure_reason",
        )
        .bind(&row.provider_id)
        .bind(row.user_id)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(row.oauth_access_token.expose_secret())
        .bind(row.oauth_refresh_token.expose_secret())
        .bind(row.oauth_expiry)
        .bind(&row.oauth_extra)
        .bind(&row.oauth_refresh_failure_reason)
        .execute(self.pool())
        .await
        .map(drop)
    }
}
