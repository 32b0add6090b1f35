//! Models that chats can use.

use chrono::{DateTime, Utc};
use codersdk::ChatModelCallConfig;
use secrecy::SecretString;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::ai_providers::AiProviderRow;
use super::{Store, Tx};

/// A row of `chat_model_configs`.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(crate) struct ModelConfigRow {
    pub(crate) id: Uuid,
    /// The type of the provider when the row was written.
    pub(crate) provider: String,
    pub(crate) ai_provider_id: Uuid,
    pub(crate) model: String,
    pub(crate) display_name: String,
    pub(crate) enabled: bool,
    pub(crate) is_default: bool,
    /// Tokens that the model can take.
    pub(crate) context_limit: i64,
    /// Percentage of the context limit from which on a chat is compacted; 100 is never.
    pub(crate) compression_threshold: i32,
    /// How the model is called, and its prices.
    pub(crate) options: Json<ChatModelCallConfig>,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) updated_by: Option<Uuid>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A model with its provider.
#[derive(sqlx::FromRow)]
struct WithProvider {
    #[sqlx(flatten)]
    model: ModelConfigRow,
    #[sqlx(flatten)]
    provider: JoinedProvider,
}

/// A provider's columns beside those of a model; all absent where there is no provider.
#[derive(sqlx::FromRow)]
struct JoinedProvider {
    p_id: Option<Uuid>,
    p_type: Option<String>,
    p_name: Option<String>,
    p_display_name: Option<String>,
    p_enabled: Option<bool>,
    p_base_url: Option<String>,
    p_settings: Option<String>,
    p_created_at: Option<DateTime<Utc>>,
    p_updated_at: Option<DateTime<Utc>>,
}

impl JoinedProvider {
    fn into_row(self) -> Option<AiProviderRow> {
        Some(AiProviderRow {
            id: self.p_id?,
            kind: self.p_type?,
            name: self.p_name?,
            display_name: self.p_display_name,
            enabled: self.p_enabled?,
            deleted: false,
            base_url: self.p_base_url?,
            settings: self.p_settings.map(SecretString::from),
            created_at: self.p_created_at?,
            updated_at: self.p_updated_at?,
        })
    }
}

/// What a model's row and its provider's row must be for users to choose the model.
const USABLE: &str = "m.deleted = FALSE AND m.enabled = TRUE AND p.enabled = TRUE AND p.deleted = FALSE";

/// The order in which models are listed.
const ORDER: &str = "m.provider, m.model, m.updated_at DESC, m.id DESC";

impl Store {
    /// All models that are not deleted.
    pub(crate) async fn model_configs(&self) -> sqlx::Result<Vec<ModelConfigRow>> {
        let sql = format!("SELECT m.* FROM chat_model_configs m WHERE m.deleted = FALSE ORDER BY {ORDER}");
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await
    }

    /// The models that are enabled and whose provider is too.
    pub(crate) async fn enabled_model_configs(&self) -> sqlx::Result<Vec<ModelConfigRow>> {
        let sql = format!(
            "SELECT m.* FROM chat_model_configs m JOIN ai_providers p ON p.id = m.ai_provider_id \
             WHERE {USABLE} ORDER BY {ORDER}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.pool()).await
    }

    /// The model with this id, unless it is deleted; it may be disabled.
    pub(crate) async fn model_config(&self, id: Uuid) -> sqlx::Result<Option<ModelConfigRow>> {
        sqlx::query_as("SELECT * FROM chat_model_configs WHERE id = $1 AND deleted = FALSE")
            .bind(id)
            .fetch_optional(self.pool())
            .await
    }

    /// The model with this id and its provider, unless they are deleted; they may be disabled.
    pub(crate) async fn model_with_provider(
        &self,
        id: Uuid,
    ) -> sqlx::Result<Option<(ModelConfigRow, Option<AiProviderRow>)>> {
        let found: Option<WithProvider> = sqlx::query_as(
            "SELECT m.*, p.id AS p_id, p.type AS p_type, p.name AS p_name, p.display_name AS p_display_name, \
             p.enabled AS p_enabled, p.base_url AS p_base_url, p.settings AS p_settings, \
             p.created_at AS p_created_at, p.updated_at AS p_updated_at FROM chat_model_configs m \
             LEFT JOIN ai_providers p ON p.id = m.ai_provider_id AND p.deleted = FALSE \
             WHERE m.id = $1 AND m.deleted = FALSE",
        )
        .bind(id)
        .fetch_optional(self.pool())
        .await?;
        Ok(found.map(|WithProvider { model, provider }| (model, provider.into_row())))
    }

    /// The model with this id if it and its provider are enabled.
    pub(crate) async fn enabled_model_config(&self, id: Uuid) -> sqlx::Result<Option<ModelConfigRow>> {
        let sql = format!(
            "SELECT m.* FROM chat_model_configs m JOIN ai_providers p ON p.id = m.ai_provider_id \
             WHERE m.id = $1 AND {USABLE}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.pool()).await
    }

    /// The model for chats that name none; it may be disabled.
    pub(crate) async fn default_model_config(&self) -> sqlx::Result<Option<ModelConfigRow>> {
        sqlx::query_as("SELECT * FROM chat_model_configs WHERE is_default = TRUE AND deleted = FALSE")
            .fetch_optional(self.pool())
            .await
    }
}

/// [`Store::model_configs`] within a transaction.
pub(crate) async fn get_model_configs(tx: &mut Tx) -> sqlx::Result<Vec<ModelConfigRow>> {
    let sql = format!("SELECT m.* FROM chat_model_configs m WHERE m.deleted = FALSE ORDER BY {ORDER}");
    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut **tx).await
}

/// [`Store::model_config`] within a transaction.
pub(crate) async fn get_model_config(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<ModelConfigRow>> {
    sqlx::query_as("SELECT * FROM chat_model_configs WHERE id = $1 AND deleted = FALSE")
        .bind(id)
        .fetch_optional(&mut **tx)
        .await
}

/// Adds a model. There can be one default only: see [`unset_default_model_config`].
pub(crate) async fn insert_model_config(tx: &mut Tx, row: &ModelConfigRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO chat_model_configs \
         (id, provider, ai_provider_id, model, display_name, enabled, is_default, context_limit, \
          compression_threshold, options, created_by, updated_by, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(row.id)
    .bind(&row.provider)
    .bind(row.ai_provider_id)
    .bind(&row.model)
    .bind(&row.display_name)
    .bind(row.enabled)
    .bind(row.is_default)
    .bind(row.context_limit)
    .bind(row.compression_threshold)
    .bind(&row.options)
    .bind(row.created_by)
    .bind(row.updated_by)
    .bind(row.created_at)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores what may change of a model.
pub(crate) async fn update_model_config(tx: &mut Tx, row: &ModelConfigRow) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE chat_model_configs SET provider = $2, ai_provider_id = $3, model = $4, display_name = $5, \
         enabled = $6, is_default = $7, context_limit = $8, compression_threshold = $9, options = $10, \
         updated_by = $11, updated_at = $12 WHERE id = $1 AND deleted = FALSE",
    )
    .bind(row.id)
    .bind(&row.provider)
    .bind(row.ai_provider_id)
    .bind(&row.model)
    .bind(&row.display_name)
    .bind(row.enabled)
    .bind(row.is_default)
    .bind(row.context_limit)
    .bind(row.compression_threshold)
    .bind(&row.options)
    .bind(row.updated_by)
    .bind(row.updated_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the mark of the default from whichever model has it.
pub(crate) async fn unset_default_model_config(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE chat_model_configs SET is_default = FALSE, updated_at = $1 \
         WHERE is_default = TRUE AND deleted = FALSE",
    )
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a model; its row stays for the messages that name it.
pub(crate) async fn delete_model_config(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query("UPDATE chat_model_configs SET deleted = TRUE, updated_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
