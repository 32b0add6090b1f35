//! Skills that people write for their own chats.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;

/// A row of `user_skills`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct UserSkillRow {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) content: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Store {
    /// A user's skills, by name.
    pub(crate) async fn user_skills(&self, user_id: Uuid) -> sqlx::Result<Vec<UserSkillRow>> {
        sqlx::query_as("SELECT * FROM user_skills WHERE user_id = $1 ORDER BY name")
            .bind(user_id)
            .fetch_all(self.pool())
            .await
    }

    /// One skill of a user.
    pub(crate) async fn user_skill(&self, user_id: Uuid, name: &str) -> sqlx::Result<Option<UserSkillRow>> {
        sqlx::query_as("SELECT * FROM user_skills WHERE user_id = $1 AND name = $2")
            .bind(user_id)
            .bind(name)
            .fetch_optional(self.pool())
            .await
    }

    /// Adds a skill, unless the user has `most` already. A taken name is a unique violation.
    pub(crate) async fn insert_user_skill(&self, row: &UserSkillRow, most: i64) -> sqlx::Result<bool> {
        let inserted = sqlx::query(
            "INSERT INTO user_skills (id, user_id, name, description, content, created_at, updated_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT COUNT(*) FROM user_skills WHERE user_id = $2) < $8",
        )
        .bind(row.id)
        .bind(row.user_id)
        .bind(&row.name)
        .bind(&row.description)
        .bind(&row.content)
        .bind(row.created_at)
        .bind(row.updated_at)
        .bind(most)
        .execute(self.pool())
        .await?;
        Ok(inserted.rows_affected() > 0)
    }

    /// Replaces the text of a skill, and gives it; `None` if there is no such skill.
    pub(crate) async fn update_user_skill(
        &self,
        user_id: Uuid,
        name: &str,
        (description, content): (&str, &str),
        now: DateTime<Utc>,
    ) -> sqlx::Result<Option<UserSkillRow>> {
        sqlx::query_as(
            "UPDATE user_skills SET description = $3, content = $4, updated_at = $5 \
             WHERE user_id = $1 AND name = $2 RETURNING *",
        )
        .bind(user_id)
        .bind(name)
        .bind(description)
        .bind(content)
        .bind(now)
        .fetch_optional(self.pool())
        .await
    }

    /// Deletes a skill, and tells whether there was one.
    pub(crate) async fn delete_user_skill(&self, user_id: Uuid, name: &str) -> sqlx::Result<bool> {
        let deleted = sqlx::query("DELETE FROM user_skills WHERE user_id = $1 AND name = $2")
            .bind(user_id)
            .bind(name)
            .execute(self.pool())
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}
