//! Settings by key: of the whole deployment, and of one user.

use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::Store;

impl Store {
    /// The deployment's own id, made when it is first asked for.
    pub(crate) async fn deployment_id(&self) -> sqlx::Result<String> {
        if let Some(id) = self.site_config("deployment_id").await? {
            return Ok(id);
        }
        sqlx::query("INSERT INTO site_configs (key, value) VALUES ('deployment_id', $1) ON CONFLICT (key) DO NOTHING")
            .bind(Uuid::new_v4().to_string())
            .execute(self.pool())
            .await?;
        Ok(self.site_config("deployment_id").await?.unwrap_or_default())
    }

    /// The deployment's value under `key`, if it was ever set.
    pub(crate) async fn site_config(&self, key: &str) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT value FROM site_configs WHERE key = $1").bind(key).fetch_optional(self.pool()).await
    }

    /// Several of the deployment's values in one read: pairs of key and value, those that were never set left out.
    pub(crate) async fn site_configs_like(&self, prefix: &str) -> sqlx::Result<Vec<(String, String)>> {
        sqlx::query_as("SELECT key, value FROM site_configs WHERE substr(key, 1, length($1)) = $1")
            .bind(prefix)
            .fetch_all(self.pool())
            .await
    }

    /// The user's value under `key`, if it was ever set.
    pub(crate) async fn user_config(&self, user_id: Uuid, key: &str) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT value FROM user_configs WHERE user_id = $1 AND key = $2")
            .bind(user_id)
            .bind(key)
            .fetch_optional(self.pool())
            .await
    }

    /// The user's values whose key begins with `prefix`, in the order of the keys.
    pub(crate) async fn user_configs_like(&self, user_id: Uuid, prefix: &str) -> sqlx::Result<Vec<(String, String)>> {
        sqlx::query_as(
            "SELECT key, value FROM user_configs WHERE user_id = $1 AND substr(key, 1, length($2)) = $2 ORDER BY key",
        )
        .bind(user_id)
        .bind(prefix)
        .fetch_all(self.pool())
        .await
    }

    /// Sets the user's value under `key`.
    pub(crate) async fn set_user_config(&self, user_id: Uuid, key: &str, value: &str) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO user_configs (user_id, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value",
        )
        .bind(user_id)
        .bind(key)
        .bind(value)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Forgets the user's value under `key`, if there is one.
    pub(crate) async fn delete_user_config(&self, user_id: Uuid, key: &str) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM user_configs WHERE user_id = $1 AND key = $2")
            .bind(user_id)
            .bind(key)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}

/// Sets the deployment's value under `key`.
pub(crate) async fn set_site_config(db: impl SqliteExecutor<'_>, key: &str, value: &str) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO site_configs (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .bind(key)
    .bind(value)
    .execute(db)
    .await?;
    Ok(())
}
