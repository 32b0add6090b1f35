//! Organizations and who belongs to them.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::users::{Page, UserFilter, UserRow, push_after, push_filter, push_limit};
use super::{Store, Tx};
use crate::rbac::DEFAULT_ORG_MEMBER_ROLES;

/// An organization as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OrganizationRow {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) icon: String,
    pub(crate) is_default: bool,
    pub(crate) default_org_member_roles: Json<Vec<String>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A membership as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MemberRow {
    pub(crate) user_id: Uuid,
    pub(crate) organization_id: Uuid,
    #[sqlx(rename = "member_created_at")]
    pub(crate) created_at: DateTime<Utc>,
    #[sqlx(rename = "member_updated_at")]
    pub(crate) updated_at: DateTime<Utc>,
    #[sqlx(rename = "member_roles")]
    pub(crate) roles: Json<Vec<String>>,
}

/// A membership with the user.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct MemberAndUser {
    #[sqlx(flatten)]
    pub(crate) member: MemberRow,
    #[sqlx(flatten)]
    pub(crate) user: UserRow,
    count: i64,
}

/// What a membership is worth: the roles given to this member, and those that all members have.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Membership {
    pub(crate) user_id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) roles: Json<Vec<String>>,
    pub(crate) default_roles: Json<Vec<String>>,
}

const MEMBER_COLUMNS: &str = "m.user_id, m.organization_id, m.created_at AS member_created_at, \
                              m.updated_at AS member_updated_at, m.roles AS member_roles";

impl Store {
    /// The organization of this id.
    pub(crate) async fn organization(&self, id: Uuid) -> sqlx::Result<Option<OrganizationRow>> {
        sqlx::query_as("SELECT * FROM organizations WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The organization with this name, in any case.
    pub(crate) async fn organization_by_name(&self, name: &str) -> sqlx::Result<Option<OrganizationRow>> {
        sqlx::query_as("SELECT * FROM organizations WHERE lower(name) = lower($1)")
            .bind(name)
            .fetch_optional(self.pool())
            .await
    }

    /// The organization that everything belongs to unless another is named.
    pub(crate) async fn default_organization(&self) -> sqlx::Result<Option<OrganizationRow>> {
        sqlx::query_as("SELECT * FROM organizations WHERE is_default = TRUE").fetch_optional(self.pool()).await
    }

    /// Every organization, by name.
    pub(crate) async fn organizations(&self) -> sqlx::Result<Vec<OrganizationRow>> {
        sqlx::query_as("SELECT * FROM organizations ORDER BY lower(name)").fetch_all(self.pool()).await
    }

    /// The memberships of a user.
    pub(crate) async fn memberships(&self, user_id: Uuid) -> sqlx::Result<Vec<Membership>> {
        memberships(self.pool(), user_id).await
    }

    /// The memberships of these users, in no order.
    pub(crate) async fn memberships_of(&self, user_ids: &[Uuid]) -> sqlx::Result<Vec<Membership>> {
        if user_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = QueryBuilder::<Sqlite>::new(SELECT_MEMBERSHIPS);
        query.push(" WHERE m.user_id IN (");
        let mut list = query.separated(", ");
        for id in user_ids {
            list.push_bind(*id);
        }
        query.push(") ORDER BY m.created_at").build_query_as().fetch_all(self.pool()).await
    }

    /// A member of an organization.
    pub(crate) async fn member(&self, organization: Uuid, user: Uuid) -> sqlx::Result<Option<MemberAndUser>> {
        let sql = format!(
            "SELECT {MEMBER_COLUMNS}, users.*, 1 AS count FROM organization_members m JOIN users ON users.id = m.user_id \
             WHERE users.deleted = FALSE AND m.organization_id = $1 AND m.user_id = $2"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(organization).bind(user).fetch_optional(self.pool()).await
    }

    /// The members of a page, by username, and how many the filter lets through. A page beyond the end has no count.
    pub(crate) async fn list_members(
        &self,
        organization: Uuid,
        filter: &UserFilter,
        page: Page,
    ) -> sqlx::Result<(Vec<MemberAndUser>, i64)> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT ");
        query.push(MEMBER_COLUMNS).push(", users.*, COUNT(*) OVER () AS count FROM organization_members m ");
        query.push("JOIN users ON users.id = m.user_id");
        push_filter(&mut query, filter);
        query.push(" AND m.organization_id = ").push_bind(organization);
        push_after(&mut query, "m.user_id", page.after_id);
        query.push(" ORDER BY lower(users.username)");
        push_limit(&mut query, page);
        let rows: Vec<MemberAndUser> = query.build_query_as().fetch_all(self.pool()).await?;
        let count = rows.first().map_or(0, |row| row.count);
        Ok((rows, count))
    }

    /// Makes the user a member without roles. Being one already is a unique violation.
    pub(crate) async fn add_member(
        &self,
        organization: Uuid,
        user: Uuid,
        now: DateTime<Utc>,
    ) -> sqlx::Result<MemberRow> {
        let mut tx = self.begin().await?;
        let row = insert_member(&mut tx, organization, user, now).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Ends a membership.
    pub(crate) async fn remove_member(&self, organization: Uuid, user: Uuid) -> sqlx::Result<bool> {
        let done = sqlx::query("DELETE FROM organization_members WHERE organization_id = $1 AND user_id = $2")
            .bind(organization)
            .bind(user)
            .execute(self.pool())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Sets a member's roles.
    pub(crate) async fn update_member_roles(
        &self,
        organization: Uuid,
        user: Uuid,
        roles: &[String],
    ) -> sqlx::Result<MemberRow> {
        sqlx::query_as(
            "UPDATE organization_members SET roles = $3 WHERE organization_id = $1 AND user_id = $2 \
             RETURNING user_id, organization_id, created_at AS member_created_at, updated_at AS member_updated_at, \
             roles AS member_roles",
        )
        .bind(organization)
        .bind(user)
        .bind(Json(roles))
        .fetch_one(self.pool())
        .await
    }
}

const SELECT_MEMBERSHIPS: &str = "SELECT m.user_id, m.organization_id, m.roles, \
                                  o.default_org_member_roles AS default_roles \
                                  FROM organization_members m JOIN organizations o ON o.id = m.organization_id";

/// The memberships of a user.
pub(crate) async fn memberships(executor: impl SqliteExecutor<'_>, user_id: Uuid) -> sqlx::Result<Vec<Membership>> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT_MEMBERSHIPS} WHERE m.user_id = $1 ORDER BY m.created_at")))
        .bind(user_id)
        .fetch_all(executor)
        .await
}

/// Makes the user a member without roles.
pub(crate) async fn insert_member(
    tx: &mut Tx,
    organization: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<MemberRow> {
    sqlx::query_as(
        "INSERT INTO organization_members (organization_id, user_id, created_at, updated_at, roles) \
         VALUES ($1, $2, $3, $3, '[]') RETURNING user_id, organization_id, created_at AS member_created_at, \
         updated_at AS member_updated_at, roles AS member_roles",
    )
    .bind(organization)
    .bind(user)
    .bind(now)
    .fetch_one(&mut **tx)
    .await
}

/// The default organization, made if there is none.
pub(crate) async fn ensure_default(tx: &mut Tx, now: DateTime<Utc>) -> sqlx::Result<Uuid> {
    let found = sqlx::query_scalar("SELECT id FROM organizations WHERE is_default = TRUE");
    if let Some(id) = found.fetch_optional(&mut **tx).await? {
        return Ok(id);
    }
    let id = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO organizations (id, name, display_name, description, is_default, default_org_member_roles, \
         created_at, updated_at) VALUES ($1, 'coder', 'Coder', 'Builtin default organization.', TRUE, $2, $3, $3)",
    )
    .bind(id)
    .bind(Json(DEFAULT_ORG_MEMBER_ROLES))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}
