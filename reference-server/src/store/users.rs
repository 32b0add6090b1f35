//! People.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::{Store, Tx, organizations};
use crate::rbac::RoleName;

/// A user as stored. Its `Debug` leaves the password's hash out.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct UserRow {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) avatar_url: String,
    pub(crate) hashed_password: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) last_seen_at: DateTime<Utc>,
    pub(crate) status: String,
    pub(crate) rbac_roles: Json<Vec<String>>,
    pub(crate) login_type: String,
    pub(crate) deleted: bool,
    pub(crate) is_service_account: bool,
    pub(crate) hashed_one_time_passcode: String,
    pub(crate) one_time_passcode_expires_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow").field("id", &self.id).field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a user is created with.
#[derive(Clone)]
pub(crate) struct NewUser {
    pub(crate) email: String,
    pub(crate) username: String,
    pub(crate) name: String,
    /// Empty for those who do not sign in with a password; see [`crate::password::hash`].
    pub(crate) hashed_password: String,
    pub(crate) login_type: String,
    pub(crate) status: String,
    /// Site roles.
    pub(crate) roles: Vec<String>,
    pub(crate) organization_ids: Vec<Uuid>,
    pub(crate) is_service_account: bool,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Which users a list holds. Every set is joined with "and", its members with "or"; an empty set asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UserFilter {
    /// Part of the username or the e-mail address.
    pub(crate) search: String,
    /// Part of the name.
    pub(crate) name: String,
    pub(crate) status: Vec<String>,
    pub(crate) rbac_role: Vec<String>,
    pub(crate) login_type: Vec<String>,
    pub(crate) last_seen_before: Option<DateTime<Utc>>,
    pub(crate) last_seen_after: Option<DateTime<Utc>>,
    pub(crate) created_before: Option<DateTime<Utc>>,
    pub(crate) created_after: Option<DateTime<Utc>>,
    pub(crate) is_service_account: Option<bool>,
    pub(crate) github_com_user_id: i64,
    /// Only these, if given: those that the caller may see.
    pub(crate) ids: Option<Vec<Uuid>>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Nil for the beginning.
    pub(crate) after_id: Uuid,
    /// 0 for all.
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Store {
    /// How many users there are.
    pub(crate) async fn user_count(&self) -> sqlx::Result<i64> {
        sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE deleted = FALSE AND is_system = FALSE")
            .fetch_one(self.pool())
            .await
    }

    /// The user of this id, deleted or not.
    pub(crate) async fn user(&self, id: Uuid) -> sqlx::Result<Option<UserRow>> {
        user(self.pool(), id).await
    }

    /// The users of these ids, deleted or not, in no order.
    pub(crate) async fn users_by_ids(&self, ids: &[Uuid]) -> sqlx::Result<Vec<UserRow>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM users WHERE id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")").build_query_as().fetch_all(self.pool()).await
    }

    /// The user with this name, in any case, who is not deleted.
    pub(crate) async fn user_by_username(&self, username: &str) -> sqlx::Result<Option<UserRow>> {
        sqlx::query_as("SELECT * FROM users WHERE lower(username) = lower($1) AND deleted = FALSE")
            .bind(username)
            .fetch_optional(self.pool())
            .await
    }

    /// The user with this e-mail address, in any case, who is not deleted.
    pub(crate) async fn user_by_email(&self, email: &str) -> sqlx::Result<Option<UserRow>> {
        sqlx::query_as("SELECT * FROM users WHERE lower(email) = lower($1) AND deleted = FALSE AND email <> ''")
            .bind(email)
            .fetch_optional(self.pool())
            .await
    }

    /// The user who has the e-mail address or the name.
    pub(crate) async fn user_by_email_or_username(&self, email: &str, username: &str) -> sqlx::Result<Option<UserRow>> {
        sqlx::query_as(
            "SELECT * FROM users WHERE deleted = FALSE \
             AND (lower(username) = lower($1) OR (email <> '' AND lower(email) = lower($2))) LIMIT 1",
        )
        .bind(username)
        .bind(email)
        .fetch_optional(self.pool())
        .await
    }

    /// Creates the first user, an owner, and the default organization, in one step: `None` if there is a user.
    pub(crate) async fn create_first_user(
        &self,
        new: NewUser,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<(UserRow, Uuid)>> {
        let mut tx = self.begin().await?;
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE deleted = FALSE AND is_system = FALSE")
            .fetch_one(&mut *tx)
            .await?;
        if count > 0 {
            return Ok(None);
        }
        let organization = organizations::ensure_default(&mut tx, now).await?;
        let new = NewUser { roles: vec!["owner".to_owned()], organization_ids: vec![organization], ..new };
        let user = insert_user(&mut tx, &new, now).await?;
        tx.commit().await?;
        Ok(Some((user, organization)))
    }

    /// Creates a user with memberships. A taken name or address is a unique violation.
    pub(crate) async fn create_user(&self, new: &NewUser, now: DateTime<Utc>) -> sqlx::Result<UserRow> {
        let mut tx = self.begin().await?;
        let user = insert_user(&mut tx, new, now).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// The users of a page, by name, and how many the filter lets through. A page beyond the end has no count.
    pub(crate) async fn list_users(&self, filter: &UserFilter, page: Page) -> sqlx::Result<(Vec<UserRow>, i64)> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT users.*, COUNT(*) OVER () AS count FROM users");
        push_filter(&mut query, filter);
        push_after(&mut query, "users.id", page.after_id);
        query.push(" ORDER BY lower(username)");
        push_limit(&mut query, page);
        let rows: Vec<UserAndCount> = query.build_query_as().fetch_all(self.pool()).await?;
        let count = rows.first().map_or(0, |row| row.count);
        Ok((rows.into_iter().map(|row| row.user).collect(), count))
    }

    /// Wakes a dormant user.
    pub(crate) async fn activate_dormant_user(&self, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE users SET status = 'active', updated_at = $2, last_seen_at = $2 WHERE id = $1 AND status = 'dormant'",
        )
        .bind(id)
        .bind(now)
        .execute(self.pool())
        .await
        .map(drop)
    }

    /// Sets a user's status.
    pub(crate) async fn update_user_status(&self, id: Uuid, status: &str, now: DateTime<Utc>) -> sqlx::Result<UserRow> {
        sqlx::query_as("UPDATE users SET status = $2, updated_at = $3 WHERE id = $1 RETURNING *")
            .bind(id)
            .bind(status)
            .bind(now)
            .fetch_one(self.pool())
            .await
    }

    /// Sets a user's username and name.
    pub(crate) async fn update_user_profile(
        &self,
        id: Uuid,
        username: &str,
        name: &str,
        now: DateTime<Utc>,
    ) -> sqlx::Result<UserRow> {
        sqlx::query_as("UPDATE users SET username = $2, name = $3, updated_at = $4 WHERE id = $1 RETURNING *")
            .bind(id)
            .bind(username)
            .bind(name)
            .bind(now)
            .fetch_one(self.pool())
            .await
    }

    /// Sets a user's site roles.
    pub(crate) async fn update_user_roles(&self, id: Uuid, roles: Vec<String>) -> sqlx::Result<UserRow> {
        sqlx::query_as("UPDATE users SET rbac_roles = $2 WHERE id = $1 RETURNING *")
            .bind(id)
            .bind(Json(roles))
            .fetch_one(self.pool())
            .await
    }

    /// Sets a user's password and ends every session.
    pub(crate) async fn update_user_password(&self, id: Uuid, hashed_password: &str) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE users SET hashed_password = $2, hashed_one_time_passcode = '', one_time_passcode_expires_at = NULL \
             WHERE id = $1",
        )
        .bind(id)
        .bind(hashed_password)
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM api_keys WHERE user_id = $1").bind(id).execute(&mut *tx).await?;
        sqlx::query("DELETE FROM user_skills WHERE user_id = $1").bind(id).execute(&mut *tx).await?;
        tx.commit().await
    }

    /// Lets the user set a new password with a passcode, until `expires_at`.
    pub(crate) async fn set_one_time_passcode(
        &self,
        id: Uuid,
        hashed_passcode: &str,
        expires_at: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query("UPDATE users SET hashed_one_time_passcode = $2, one_time_passcode_expires_at = $3 WHERE id = $1")
            .bind(id)
            .bind(hashed_passcode)
            .bind(expires_at)
            .execute(self.pool())
            .await
            .map(drop)
    }

    /// Deletes a user: the row stays, the memberships, keys and skills go.
    pub(crate) async fn delete_user(&self, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET deleted = TRUE, updated_at = $2 WHERE id = $1")
            .bind(id)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        for statement in [
            "DELETE FROM organization_members WHERE user_id = $1",
            "DELETE FROM api_keys WHERE user_id = $1",
            "DELETE FROM user_ai_provider_keys WHERE user_id = $1",
            "DELETE FROM user_skills WHERE user_id = $1",
        ] {
            sqlx::query(statement).bind(id).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    /// Every role that the user holds, those that come by themselves included; `None` if there is no such user.
    pub(crate) async fn user_roles(&self, id: Uuid) -> sqlx::Result<Option<Vec<RoleName>>> {
        let Some(user) = self.user(id).await? else { return Ok(None) };
        let memberships = organizations::memberships(self.pool(), id).await?;
        Ok(Some(all_roles(&user, &memberships)))
    }
}

/// The roles of a user who belongs to these organizations.
pub(crate) fn all_roles(user: &UserRow, memberships: &[organizations::Membership]) -> Vec<RoleName> {
    let site = user.rbac_roles.iter().map(String::as_str).chain(["member"]).map(RoleName::site);
    let in_organizations = memberships.iter().flat_map(|membership| {
        let held = membership.roles.iter().chain(membership.default_roles.iter()).map(String::as_str);
        held.chain(["organization-member"]).map(|name| RoleName::organization(name, membership.organization_id))
    });
    site.chain(in_organizations).collect()
}

/// The user of this id, deleted or not.
pub(crate) async fn user(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as("SELECT * FROM users WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// Creates a user with memberships. A taken name or address is a unique violation.
pub(crate) async fn insert_user(tx: &mut Tx, new: &NewUser, now: DateTime<Utc>) -> sqlx::Result<UserRow> {
    let never: DateTime<Utc> = "0001-01-01T00:00:00Z".parse().expect("a well-formed time");
    let user: UserRow = sqlx::query_as(
        "INSERT INTO users (id, email, username, name, hashed_password, created_at, updated_at, last_seen_at, status, \
         rbac_roles, login_type, is_service_account) VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11) RETURNING *",
    )
    .bind(Uuid::new_v4())
    .bind(&new.email)
    .bind(&new.username)
    .bind(&new.name)
    .bind(&new.hashed_password)
    .bind(now)
    .bind(never)
    .bind(&new.status)
    .bind(Json(&new.roles))
    .bind(&new.login_type)
    .bind(new.is_service_account)
    .fetch_one(&mut **tx)
    .await?;
    for organization in &new.organization_ids {
        organizations::insert_member(tx, *organization, user.id, now).await?;
    }
    Ok(user)
}

#[derive(sqlx::FromRow)]
struct UserAndCount {
    #[sqlx(flatten)]
    user: UserRow,
    count: i64,
}

/// A LIKE pattern for texts that contain this one, whose own `%` and `_` stand for anything.
fn containing(text: &str) -> String {
    format!("%{}%", text.to_lowercase())
}

/// Adds the WHERE clause of a filter over the table `users`.
pub(crate) fn push_filter(query: &mut QueryBuilder<Sqlite>, filter: &UserFilter) {
    query.push(" WHERE users.deleted = FALSE AND users.is_system = FALSE");
    if !filter.search.is_empty() {
        let pattern = containing(&filter.search);
        query.push(" AND (lower(users.email) LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
        query.push(" OR lower(users.username) LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
    }
    if !filter.name.is_empty() {
        query.push(" AND lower(users.name) LIKE ").push_bind(containing(&filter.name)).push(" ESCAPE '\\'");
    }
    for (column, values) in [("status", &filter.status), ("login_type", &filter.login_type)] {
        if !values.is_empty() {
            query.push(format!(" AND users.{column} IN ("));
            let mut list = query.separated(", ");
            for value in values {
                list.push_bind(value.clone());
            }
            query.push(")");
        }
    }
    // Everybody is a member, though the role is not stored.
    if filter.rbac_role.iter().any(|role| role != "member") {
        query.push(" AND (");
        let mut list = query.separated(" OR ");
        for role in &filter.rbac_role {
            list.push("users.rbac_roles LIKE ");
            list.push_bind_unseparated(format!("%\"{}\"%", role.replace(['%', '_', '"'], "")));
        }
        query.push(")");
    }
    let bounds = [
        (" AND users.last_seen_at <= ", filter.last_seen_before),
        (" AND users.last_seen_at >= ", filter.last_seen_after),
        (" AND users.created_at <= ", filter.created_before),
        (" AND users.created_at >= ", filter.created_after),
    ];
    for (clause, bound) in bounds {
        if let Some(bound) = bound {
            query.push(clause).push_bind(bound);
        }
    }
    if let Some(is_service_account) = filter.is_service_account {
        query.push(" AND users.is_service_account = ").push_bind(is_service_account);
    }
    if let Some(ids) = &filter.ids {
        query.push(" AND users.id IN (");
        let mut list = query.separated(", ");
        for id in ids {
            list.push_bind(*id);
        }
        query.push(")");
    }
    if filter.github_com_user_id != 0 {
        // Nobody signs in through GitHub here.
        query.push(" AND 1 = 0");
    }
}

/// Leaves out what comes, by username, up to the user `after`. An unknown id leaves out everything.
pub(crate) fn push_after(query: &mut QueryBuilder<Sqlite>, id_column: &str, after: Uuid) {
    if !after.is_nil() {
        query.push(" AND lower(users.username) > (SELECT lower(username) FROM users AS earlier WHERE earlier.id = ");
        query.push_bind(after).push(") AND ").push(id_column).push(" IS NOT NULL");
    }
}

/// Adds LIMIT and OFFSET.
pub(crate) fn push_limit(query: &mut QueryBuilder<Sqlite>, page: Page) {
    let limit = if page.limit == 0 { i64::MAX } else { page.limit };
    query.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(page.offset);
}
