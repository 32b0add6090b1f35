//! Settings by key: of the whole deployment, and of one user.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sqlx::{QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::Store;

impl Store {
    /// The deployment's own id, made when it is first asked for.
    pub(crate) async fn deployment_id(&self) -> sqlx::Result<String> {
        self.site_config_or("deployment_id", || Uuid::new_v4().to_string()).await
    }

    /// The key with which this deployment signs what it gives out, made when it is first asked for.
    pub(crate) async fn signing_key(&self) -> sqlx::Result<Vec<u8>> {
        let make = || STANDARD.encode(rand::random::<[u8; 64]>());
        let stored = self.site_config_or("signing_key", make).await?;
        STANDARD.decode(stored).map_err(|error| sqlx::Error::Decode(error.into()))
    }

    /// The public half of the key with which this deployment signs its pushes to browsers, made when it is first asked
    /// for: an uncompressed point of the curve P-256.
    pub(crate) async fn web_push_public_key(&self) -> sqlx::Result<String> {
        let stored = self
            .site_config_or("webpush_vapid_private_key", || {
                let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("randomness is at hand");
                STANDARD.encode(key.to_pkcs8v1().expect("a new key can be written"))
            })
            .await?;
        let invalid = || sqlx::Error::Decode("the key for web pushes cannot be read".into());
        let pkcs8 = STANDARD.decode(stored).map_err(|_| invalid())?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).map_err(|_| invalid())?;
        Ok(URL_SAFE_NO_PAD.encode(key.public_key()))
    }

    /// The deployment's value under `key`, made if it was never set. Where two ask first at once, both get one value.
    async fn site_config_or(&self, key: &str, make: impl FnOnce() -> String) -> sqlx::Result<String> {
        if let Some(value) = self.site_config(key).await? {
            return Ok(value);
        }
        sqlx::query_scalar(
            "INSERT INTO site_configs (key, value) VALUES ($1, $2) \
             ON CONFLICT (key) DO UPDATE SET value = site_configs.value RETURNING value",
        )
        .bind(key)
        .bind(make())
        .fetch_one(self.pool())
        .await
    }

    /// The deployment's value under `key`, if it was ever set.
    pub(crate) async fn site_config(&self, key: &str) -> sqlx::Result<Option<String>> {
        sqlx::query_scalar("SELECT value FROM site_configs WHERE key = $1").bind(key).fetch_optional(self.pool()).await
    }

    /// The deployment's number under `key`; `otherwise` where there is none that can be read.
    pub(crate) async fn site_number<T: std::str::FromStr>(&self, key: &str, otherwise: T) -> sqlx::Result<T> {
        Ok(self.site_config(key).await?.and_then(|value| value.parse().ok()).unwrap_or(otherwise))
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

    /// Sets several of the user's values at once.
    pub(crate) async fn set_user_configs(&self, user_id: Uuid, values: &[(&str, &str)]) -> sqlx::Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO user_configs (user_id, key, value) ");
        query.push_values(values, |mut row, (key, value)| {
            row.push_bind(user_id).push_bind((*key).to_owned()).push_bind((*value).to_owned());
        });
        query.push(" ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value");
        query.build().execute(self.pool()).await.map(drop)
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
