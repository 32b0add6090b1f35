//! API keys: sessions and tokens. A key's secret is given out once and stored as a hash only.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt as _;
use rand::distr::Alphanumeric;
use sqlx::types::Json;
use uuid::Uuid;

use super::Store;
use super::organizations::Membership;
use super::users::UserRow;

/// How long a session lasts without use, and a token that asks for no lifetime of its own: a day and a week.
pub(crate) const DEFAULT_SESSION_SECONDS: i64 = 24 * 3600;
/// See [`DEFAULT_SESSION_SECONDS`].
pub(crate) const DEFAULT_TOKEN_SECONDS: i64 = 7 * 24 * 3600;

const ID_LENGTH: usize = 10;
const SECRET_LENGTH: usize = 22;

/// A key as stored. Its `Debug` leaves the secret's hash out.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: String,
    pub(crate) hashed_secret: Vec<u8>,
    pub(crate) user_id: Uuid,
    pub(crate) last_used: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) login_type: String,
    pub(crate) lifetime_seconds: i64,
    pub(crate) token_name: String,
    pub(crate) scopes: Json<Vec<String>>,
    /// Entries `kind:id`.
    pub(crate) allow_list: Json<Vec<String>>,
}

impl std::fmt::Debug for ApiKeyRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyRow").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// What a key is created with.
#[derive(Debug, Clone)]
pub(crate) struct NewApiKey {
    pub(crate) user_id: Uuid,
    /// `password` for a session, `token` for a token.
    pub(crate) login_type: String,
    pub(crate) lifetime: TimeDelta,
    pub(crate) token_name: String,
    /// Empty for everything.
    pub(crate) scopes: Vec<String>,
    /// Empty for everything.
    pub(crate) allow_list: Vec<String>,
}

impl NewApiKey {
    /// A session, as a sign-in with a password gives.
    pub(crate) fn session(user_id: Uuid) -> Self {
        Self {
            user_id,
            login_type: "password".to_owned(),
            lifetime: TimeDelta::seconds(DEFAULT_SESSION_SECONDS),
            token_name: String::new(),
            scopes: Vec::new(),
            allow_list: Vec::new(),
        }
    }
}

/// Which keys a list holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokenFilter {
    /// The tokens of this user; of everybody when absent.
    pub(crate) user_id: Option<Uuid>,
    pub(crate) include_expired: bool,
}

impl Store {
    /// Creates a key; the text is the only copy of its secret. A name in use is a unique violation.
    pub(crate) async fn create_api_key(&self, new: NewApiKey, now: DateTime<Utc>) -> sqlx::Result<(String, ApiKeyRow)> {
        let (id, secret) = (random_text(ID_LENGTH), random_text(SECRET_LENGTH));
        let or_default =
            |list: Vec<String>, default: &str| Json(if list.is_empty() { vec![default.to_owned()] } else { list });
        let row = sqlx::query_as(
            "INSERT INTO api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type, \
             lifetime_seconds, token_name, scopes, allow_list) \
             VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11) RETURNING *",
        )
        .bind(&id)
        .bind(hash_secret(&secret))
        .bind(new.user_id)
        .bind(DateTime::UNIX_EPOCH)
        .bind(now.checked_add_signed(new.lifetime).unwrap_or(DateTime::<Utc>::MAX_UTC))
        .bind(now)
        .bind(&new.login_type)
        .bind(new.lifetime.num_seconds())
        .bind(&new.token_name)
        .bind(or_default(new.scopes, "coder:all"))
        .bind(or_default(new.allow_list, "*:*"))
        .fetch_one(self.pool())
        .await?;
        Ok((format!("{id}-{secret}"), row))
    }

    /// The key of this id.
    pub(crate) async fn api_key(&self, id: &str) -> sqlx::Result<Option<ApiKeyRow>> {
        sqlx::query_as("SELECT * FROM api_keys WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The user's token of this name.
    pub(crate) async fn api_key_by_name(&self, user_id: Uuid, name: &str) -> sqlx::Result<Option<ApiKeyRow>> {
        sqlx::query_as("SELECT * FROM api_keys WHERE user_id = $1 AND token_name = $2 AND token_name <> ''")
            .bind(user_id)
            .bind(name)
            .fetch_optional(self.pool())
            .await
    }

    /// Tokens, the oldest first; sessions are not among them.
    pub(crate) async fn tokens(&self, filter: TokenFilter, now: DateTime<Utc>) -> sqlx::Result<Vec<ApiKeyRow>> {
        sqlx::query_as(
            "SELECT * FROM api_keys WHERE login_type = 'token' AND ($1 IS NULL OR user_id = $1) \
             AND ($2 OR expires_at > $3) ORDER BY created_at, id",
        )
        .bind(filter.user_id)
        .bind(filter.include_expired)
        .bind(now)
        .fetch_all(self.pool())
        .await
    }

    /// Notes that a key was used, and by its user.
    pub(crate) async fn touch_api_key(&self, key: &ApiKeyRow, now: DateTime<Utc>) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE api_keys SET last_used = $2, expires_at = $3, updated_at = $4 WHERE id = $1")
            .bind(&key.id)
            .bind(key.last_used)
            .bind(key.expires_at)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE users SET last_seen_at = $2, updated_at = $2 WHERE id = $1")
            .bind(key.user_id)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await
    }

    /// Ends a key's life now.
    pub(crate) async fn expire_api_key(&self, id: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query("UPDATE api_keys SET expires_at = $2, updated_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
            .execute(self.pool())
            .await
            .map(drop)
    }

    /// Deletes a key.
    pub(crate) async fn delete_api_key(&self, id: &str) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM api_keys WHERE id = $1").bind(id).execute(self.pool()).await.map(drop)
    }

    /// Ends a session, and with it the keys that let a browser into the user's applications.
    pub(crate) async fn end_session(&self, key: &ApiKeyRow) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM api_keys WHERE id = $1 OR (user_id = $2 AND scopes LIKE $3)")
            .bind(&key.id)
            .bind(key.user_id)
            .bind("%\"coder:application_connect\"%")
            .execute(self.pool())
            .await
            .map(drop)
    }

    /// The key of this id with its user and the user's memberships, in one read.
    pub(crate) async fn authenticate(&self, key_id: &str) -> sqlx::Result<Option<Authenticated>> {
        let rows: Vec<AuthRow> = sqlx::query_as(
            "SELECT k.hashed_secret, k.last_used, k.expires_at, k.created_at AS key_created_at, \
             k.updated_at AS key_updated_at, k.login_type AS key_login_type, k.lifetime_seconds, k.token_name, k.scopes, \
             k.allow_list, u.*, m.organization_id, m.roles, o.default_org_member_roles AS default_roles \
             FROM api_keys k JOIN users u ON u.id = k.user_id \
             LEFT JOIN organization_members m ON m.user_id = u.id \
             LEFT JOIN organizations o ON o.id = m.organization_id WHERE k.id = $1",
        )
        .bind(key_id)
        .fetch_all(self.pool())
        .await?;
        let memberships = rows.iter().filter_map(AuthRow::membership).collect();
        Ok(rows.into_iter().next().map(|row| row.authenticated(key_id, memberships)))
    }
}

/// Who a key belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Authenticated {
    pub(crate) key: ApiKeyRow,
    pub(crate) user: UserRow,
    pub(crate) memberships: Vec<Membership>,
}

#[derive(sqlx::FromRow)]
struct AuthRow {
    hashed_secret: Vec<u8>,
    last_used: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    key_created_at: DateTime<Utc>,
    key_updated_at: DateTime<Utc>,
    key_login_type: String,
    lifetime_seconds: i64,
    token_name: String,
    scopes: Json<Vec<String>>,
    allow_list: Json<Vec<String>>,
    #[sqlx(flatten)]
    user: UserRow,
    organization_id: Option<Uuid>,
    roles: Option<Json<Vec<String>>>,
    default_roles: Option<Json<Vec<String>>>,
}

impl AuthRow {
    fn membership(&self) -> Option<Membership> {
        Some(Membership {
            user_id: self.user.id,
            organization_id: self.organization_id?,
            roles: self.roles.clone()?,
            default_roles: self.default_roles.clone()?,
        })
    }

    fn authenticated(self, key_id: &str, memberships: Vec<Membership>) -> Authenticated {
        let key = ApiKeyRow {
            id: key_id.to_owned(),
            hashed_secret: self.hashed_secret,
            user_id: self.user.id,
            last_used: self.last_used,
            expires_at: self.expires_at,
            created_at: self.key_created_at,
            updated_at: self.key_updated_at,
            login_type: self.key_login_type,
            lifetime_seconds: self.lifetime_seconds,
            token_name: self.token_name,
            scopes: self.scopes,
            allow_list: self.allow_list,
        };
        Authenticated { key, user: self.user, memberships }
    }
}

/// Splits a token into the key's id and secret.
///
/// # Errors
/// What is wrong with its form.
pub(crate) fn split_token(token: &str) -> Result<(&str, &str), String> {
    let parts: Vec<&str> = token.split('-').collect();
    let [id, secret] = parts[..] else {
        return Err(format!("incorrect amount of API key parts, expected 2 got {}", parts.len()));
    };
    if id.len() != ID_LENGTH {
        return Err(format!("invalid API key ID length, expected {ID_LENGTH} got {}", id.len()));
    }
    if secret.len() != SECRET_LENGTH {
        return Err(format!("invalid API key secret length, expected {SECRET_LENGTH} got {}", secret.len()));
    }
    Ok((id, secret))
}

/// Whether the secret is the key's, found out in the same time whatever the answer.
pub(crate) fn secret_matches(key: &ApiKeyRow, secret: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&key.hashed_secret, &hash_secret(secret)).is_ok()
}

fn hash_secret(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// Letters and digits that nobody can guess.
pub(crate) fn random_text(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_two_parts_of_set_lengths() {
        let token = format!("{}-{}", random_text(10), random_text(22));
        assert!(split_token(&token).is_ok());
        assert!(split_token("bad").unwrap_err().ends_with("expected 2 got 1"));
        assert!(split_token("abc-x").unwrap_err().contains("ID length"));
        assert!(split_token("abcdefghij-xyz").unwrap_err().contains("secret length"));
    }
}
