//! Spending limits: the deployment's, those of groups, and those of single users.
//!
//! All amounts are in millionths of a dollar.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;

/// The deployment's limit.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct UsageLimitConfigRow {
    /// Without it there are no limits at all, not even those of users and groups.
    pub(crate) enabled: bool,
    pub(crate) default_limit_micros: i64,
    /// `day`, `week` or `month`.
    pub(crate) period: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The user whose limit it is.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct UserLimitRow {
    pub(crate) user_id: Uuid,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) avatar_url: String,
    pub(crate) spend_limit_micros: Option<i64>,
}

/// The group whose limit it is: that of everybody in an organization.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct GroupLimitRow {
    pub(crate) group_id: Uuid,
    pub(crate) member_count: i64,
    pub(crate) spend_limit_micros: Option<i64>,
}

/// The limits that touch one user.
#[derive(Debug, Clone, Copy, FromRow)]
pub(crate) struct UserLimits {
    /// The user's own limit; it comes first.
    pub(crate) user_micros: Option<i64>,
    /// The lowest of the user's groups.
    pub(crate) group_micros: Option<i64>,
}

impl Store {
    /// The deployment's limit, if it was ever set.
    pub(crate) async fn usage_limit_config(&self) -> sqlx::Result<Option<UsageLimitConfigRow>> {
        sqlx::query_as("SELECT enabled, default_limit_micros, period, updated_at FROM chat_usage_limit_config")
            .fetch_optional(self.pool())
            .await
    }

    /// Sets the deployment's limit.
    pub(crate) async fn set_usage_limit_config(&self, row: &UsageLimitConfigRow) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_usage_limit_config (id, enabled, default_limit_micros, period, updated_at) \
             VALUES (1, $1, $2, $3, $4) \
             ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, \
             default_limit_micros = excluded.default_limit_micros, period = excluded.period, \
             updated_at = excluded.updated_at",
        )
        .bind(row.enabled)
        .bind(row.default_limit_micros)
        .bind(&row.period)
        .bind(row.updated_at)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// The limits that touch a user; those of groups of one organization only, if one is given.
    pub(crate) async fn user_limits(&self, user_id: Uuid, organization_id: Option<Uuid>) -> sqlx::Result<UserLimits> {
        sqlx::query_as(
            "SELECT \
               (SELECT spend_limit_micros FROM chat_user_limits WHERE user_id = $1) AS user_micros, \
               (SELECT MIN(g.spend_limit_micros) FROM chat_group_limits g \
                JOIN organization_members m ON m.organization_id = g.group_id \
                WHERE m.user_id = $1 AND ($2 IS NULL OR g.group_id = $2)) AS group_micros",
        )
        .bind(user_id)
        .bind(organization_id)
        .fetch_one(self.pool())
        .await
    }

    /// What a user's chats cost in `[start, end)`, in one organization if one is given. Messages that were edited away
    /// count too.
    pub(crate) async fn user_chat_spend(
        &self,
        user_id: Uuid,
        organization_id: Option<Uuid>,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> sqlx::Result<i64> {
        sqlx::query_scalar(
            "SELECT COALESCE(SUM(m.total_cost_micros), 0) FROM chat_messages m JOIN chats c ON c.id = m.chat_id \
             WHERE c.owner_id = $1 AND ($2 IS NULL OR c.organization_id = $2) \
             AND m.created_at >= $3 AND m.created_at < $4 AND m.total_cost_micros IS NOT NULL",
        )
        .bind(user_id)
        .bind(organization_id)
        .bind(start)
        .bind(end)
        .fetch_one(self.pool())
        .await
    }

    /// The users with a limit of their own, by name.
    pub(crate) async fn limited_users(&self) -> sqlx::Result<Vec<UserLimitRow>> {
        sqlx::query_as(
            "SELECT u.id AS user_id, u.username, u.name, u.avatar_url, l.spend_limit_micros \
             FROM chat_user_limits l JOIN users u ON u.id = l.user_id ORDER BY u.username",
        )
        .fetch_all(self.pool())
        .await
    }

    /// A user and their own limit, if they have one; `None` for an unknown user.
    pub(crate) async fn user_with_limit(&self, user_id: Uuid) -> sqlx::Result<Option<UserLimitRow>> {
        sqlx::query_as(
            "SELECT u.id AS user_id, u.username, u.name, u.avatar_url, l.spend_limit_micros \
             FROM users u LEFT JOIN chat_user_limits l ON l.user_id = u.id WHERE u.id = $1",
        )
        .bind(user_id)
        .fetch_optional(self.pool())
        .await
    }

    /// Sets a user's own limit.
    pub(crate) async fn set_user_limit(&self, user_id: Uuid, micros: i64) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_user_limits (user_id, spend_limit_micros) VALUES ($1, $2) \
             ON CONFLICT (user_id) DO UPDATE SET spend_limit_micros = excluded.spend_limit_micros",
        )
        .bind(user_id)
        .bind(micros)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Takes a user's own limit away.
    pub(crate) async fn delete_user_limit(&self, user_id: Uuid) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM chat_user_limits WHERE user_id = $1").bind(user_id).execute(self.pool()).await?;
        Ok(())
    }

    /// The groups with a limit.
    pub(crate) async fn limited_groups(&self) -> sqlx::Result<Vec<GroupLimitRow>> {
        sqlx::query_as(
            "SELECT l.group_id, l.spend_limit_micros, \
             (SELECT COUNT(*) FROM organization_members m JOIN users u ON u.id = m.user_id \
              WHERE m.organization_id = l.group_id AND u.deleted = FALSE) AS member_count \
             FROM chat_group_limits l JOIN organizations o ON o.id = l.group_id ORDER BY o.name",
        )
        .fetch_all(self.pool())
        .await
    }

    /// A group and its limit, if it has one; `None` for an unknown group.
    pub(crate) async fn group_with_limit(&self, group_id: Uuid) -> sqlx::Result<Option<GroupLimitRow>> {
        sqlx::query_as(
            "SELECT o.id AS group_id, l.spend_limit_micros, \
             (SELECT COUNT(*) FROM organization_members m JOIN users u ON u.id = m.user_id \
              WHERE m.organization_id = o.id AND u.deleted = FALSE) AS member_count \
             FROM organizations o LEFT JOIN chat_group_limits l ON l.group_id = o.id WHERE o.id = $1",
        )
        .bind(group_id)
        .fetch_optional(self.pool())
        .await
    }

    /// Sets a group's limit.
    pub(crate) async fn set_group_limit(&self, group_id: Uuid, micros: i64) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_group_limits (group_id, spend_limit_micros) VALUES ($1, $2) \
             ON CONFLICT (group_id) DO UPDATE SET spend_limit_micros = excluded.spend_limit_micros",
        )
        .bind(group_id)
        .bind(micros)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Takes a group's limit away.
    pub(crate) async fn delete_group_limit(&self, group_id: Uuid) -> sqlx::Result<()> {
        sqlx::query("DELETE FROM chat_group_limits WHERE group_id = $1").bind(group_id).execute(self.pool()).await?;
        Ok(())
    }
}
