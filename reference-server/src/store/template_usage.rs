//! How much templates are used, and by whom.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::Store;
use super::workspaces::PREBUILDS_USER;

/// How a template is used.
#[derive(Debug, Clone, Default, PartialEq, FromRow)]
pub(crate) struct TemplateUsage {
    /// Workspaces of one user that were used of late.
    pub(crate) active: i64,
    /// The same, of those that are deleted.
    pub(crate) deleted: i64,
    /// When that user last used one of these.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// People who have a workspace.
    pub(crate) developers: i64,
}

impl Store {
    /// How a template is used in an organization: by this user since `since`, and by how many people.
    pub(crate) async fn template_usage(
        &self,
        template: Uuid,
        organization: Uuid,
        user: Uuid,
        since: DateTime<Utc>,
    ) -> sqlx::Result<TemplateUsage> {
        sqlx::query_as(
            "SELECT COUNT(CASE WHEN owner_id = $3 AND last_used_at >= $4 AND NOT deleted THEN 1 END) AS active, \
             COUNT(CASE WHEN owner_id = $3 AND last_used_at >= $4 AND deleted THEN 1 END) AS deleted, \
             MAX(CASE WHEN owner_id = $3 AND last_used_at >= $4 THEN last_used_at END) AS last_used_at, \
             COUNT(DISTINCT CASE WHEN NOT deleted AND owner_id <> $5 THEN owner_id END) AS developers \
             FROM workspaces WHERE template_id = $1 AND organization_id = $2",
        )
        .bind(template)
        .bind(organization)
        .bind(user)
        .bind(since)
        .bind(PREBUILDS_USER)
        .fetch_one(self.pool())
        .await
    }
}
