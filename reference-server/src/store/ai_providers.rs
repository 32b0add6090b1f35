//! AI providers, their keys and the users' own keys for them.
//!
//! Keys and settings are secrets: they live in [`SecretString`], and only the model clients unwrap them.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, Tx};

/// The type of the provider that lives in this process and needs neither address nor key.
///
/// It is no value of the wire's `AIProviderType`, so the HTTP API refuses to create one: only the seed of an embedded
/// server does. A reserved base URL under `openai-compat` would have been open to every administrator.
pub(crate) const SCRIPTED: &str = "scripted";

/// A row of `ai_providers`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AiProviderRow {
    pub(crate) id: Uuid,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) display_name: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) base_url: String,
    /// Settings of the type as JSON, access keys included.
    #[sqlx(try_from = "StoredSecret")]
    pub(crate) settings: Option<SecretString>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl AiProviderRow {
    /// The name that is shown to people: the name itself stands in for a missing display name.
    pub(crate) fn shown_name(&self) -> &str {
        self.display_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&self.name)
    }

    /// Whether models of this provider may be called at all.
    pub(crate) fn is_live(&self) -> bool {
        self.enabled && !self.deleted
    }
}

/// A secret column that may be NULL.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct StoredSecret(Option<String>);

impl From<StoredSecret> for Option<SecretString> {
    fn from(stored: StoredSecret) -> Self {
        stored.0.map(SecretString::from)
    }
}

/// A row of `ai_provider_keys`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AiProviderKeyRow {
    pub(crate) id: Uuid,
    pub(crate) provider_id: Uuid,
    #[sqlx(try_from = "String")]
    pub(crate) api_key: SecretString,
    pub(crate) created_at: DateTime<Utc>,
}

impl Store {
    /// All providers that are not deleted, by name.
    pub(crate) async fn ai_providers(&self) -> sqlx::Result<Vec<AiProviderRow>> {
        sqlx::query_as("SELECT * FROM ai_providers WHERE deleted = FALSE ORDER BY name").fetch_all(self.pool()).await
    }

    /// The provider with this id, unless it is deleted.
    pub(crate) async fn ai_provider(&self, id: Uuid) -> sqlx::Result<Option<AiProviderRow>> {
        sqlx::query_as("SELECT * FROM ai_providers WHERE id = $1 AND deleted = FALSE")
            .bind(id)
            .fetch_optional(self.pool())
            .await
    }

    /// The provider with this name, unless it is deleted.
    pub(crate) async fn ai_provider_by_name(&self, name: &str) -> sqlx::Result<Option<AiProviderRow>> {
        sqlx::query_as("SELECT * FROM ai_providers WHERE name = $1 AND deleted = FALSE")
            .bind(name)
            .fetch_optional(self.pool())
            .await
    }

    /// The keys of one provider, the oldest first: that is the one to use.
    pub(crate) async fn ai_provider_keys(&self, provider_id: Uuid) -> sqlx::Result<Vec<AiProviderKeyRow>> {
        sqlx::query_as("SELECT * FROM ai_provider_keys WHERE provider_id = $1 ORDER BY created_at, id")
            .bind(provider_id)
            .fetch_all(self.pool())
            .await
    }

    /// The keys of all providers that are not deleted; those of one provider stand together, the oldest first.
    pub(crate) async fn all_ai_provider_keys(&self) -> sqlx::Result<Vec<AiProviderKeyRow>> {
        sqlx::query_as(
            "SELECT k.* FROM ai_provider_keys k JOIN ai_providers p ON p.id = k.provider_id \
             WHERE p.deleted = FALSE ORDER BY k.provider_id, k.created_at, k.id",
        )
        .fetch_all(self.pool())
        .await
    }

    /// The user's own key for a provider.
    pub(crate) async fn user_ai_provider_key(
        &self,
        user_id: Uuid,
        provider_id: Uuid,
    ) -> sqlx::Result<Option<SecretString>> {
        let key: Option<String> =
            sqlx::query_scalar("SELECT api_key FROM user_ai_provider_keys WHERE user_id = $1 AND ai_provider_id = $2")
                .bind(user_id)
                .bind(provider_id)
                .fetch_optional(self.pool())
                .await?;
        Ok(key.map(SecretString::from))
    }

    /// The providers for which the user has a key of their own.
    pub(crate) async fn user_ai_provider_key_ids(&self, user_id: Uuid) -> sqlx::Result<Vec<Uuid>> {
        sqlx::query_scalar("SELECT ai_provider_id FROM user_ai_provider_keys WHERE user_id = $1")
            .bind(user_id)
            .fetch_all(self.pool())
            .await
    }

    /// Stores the user's own key for a provider in place of an earlier one.
    pub(crate) async fn upsert_user_ai_provider_key(
        &self,
        user_id: Uuid,
        provider_id: Uuid,
        api_key: &SecretString,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO user_ai_provider_keys (user_id, ai_provider_id, api_key, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $4) \
             ON CONFLICT (user_id, ai_provider_id) DO UPDATE SET api_key = excluded.api_key, \
             updated_at = excluded.updated_at",
        )
        .bind(user_id)
        .bind(provider_id)
        .bind(api_key.expose_secret())
        .bind(now)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Forgets the user's own key for a provider, if there is one.
    pub(crate) async fn delete_user_ai_provider_key(&self, user_id: Uuid, provider_id: Uuid) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM user_ai_provider_keys WHERE user_id = $1 AND ai_provider_id = $2")
            .bind(user_id)
            .bind(provider_id)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

/// [`Store::ai_provider`] within a transaction.
pub(crate) async fn get_ai_provider(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<AiProviderRow>> {
    sqlx::query_as("SELECT * FROM ai_providers WHERE id = $1 AND deleted = FALSE")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
}

/// [`Store::ai_provider_by_name`] within a transaction.
pub(crate) async fn get_ai_provider_by_name(tx: &mut Tx, name: &str) -> sqlx::Result<Option<AiProviderRow>> {
    sqlx::query_as("SELECT * FROM ai_providers WHERE name = $1 AND deleted = FALSE")
        .bind(name)
        .fetch_optional(&mut **tx)
        .await
}

/// [`Store::ai_provider_keys`] within a transaction.
pub(crate) async fn get_ai_provider_keys(tx: &mut Tx, provider_id: Uuid) -> sqlx::Result<Vec<AiProviderKeyRow>> {
    sqlx::query_as("SELECT * FROM ai_provider_keys WHERE provider_id = $1 ORDER BY created_at, id")
        .bind(provider_id)
        .fetch_all(&mut **tx)
        .await
}

/// Adds a provider. A unique violation means that the name is taken.
pub(crate) async fn insert_ai_provider(tx: &mut Tx, row: &AiProviderRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO ai_providers \
         (id, type, name, display_name, enabled, deleted, base_url, settings, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.id)
    .bind(&row.kind)
    .bind(&row.name)
    .bind(&row.display_name)
    .bind(row.enabled)
    .bind(row.deleted)
    .bind(&row.base_url)
    .bind(row.settings.as_ref().map(ExposeSecret::expose_secret))
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what may change of a provider.
pub(crate) async fn update_ai_provider(tx: &mut Tx, row: &AiProviderRow) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE ai_providers SET display_name = $2, enabled = $3, base_url = $4, settings = $5, deleted = $6, \
         updated_at = $7 WHERE id = $1",
    )
    .bind(row.id)
    .bind(&row.display_name)
    .bind(row.enabled)
    .bind(&row.base_url)
    .bind(row.settings.as_ref().map(ExposeSecret::expose_secret))
    .bind(row.deleted)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds keys to a provider, all with the same `created_at`, and gives them in the order they came.
pub(crate) async fn insert_ai_provider_keys(
    tx: &mut Tx,
    provider_id: Uuid,
    api_keys: impl IntoIterator<Item = SecretString>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<AiProviderKeyRow>> {
    let mut added = Vec::new();
    for api_key in api_keys {
        let row = AiProviderKeyRow { id: Uuid::new_v4(), provider_id, api_key, created_at: now };
        sqlx::query("INSERT INTO ai_provider_keys (id, provider_id, api_key, created_at) VALUES ($1, $2, $3, $4)")
            .bind(row.id)
            .bind(provider_id)
            .bind(row.api_key.expose_secret())
            .bind(now)
            .execute(&mut **tx)
            .await?;
        added.push(row);
    }
    Ok(added)
}

/// Removes one key.
pub(crate) async fn delete_ai_provider_key(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM ai_provider_keys WHERE id = $1").bind(id).execute(&mut **tx).await?;
    Ok(())
}
