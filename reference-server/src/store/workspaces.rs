//! Workspaces and their builds.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, SqliteExecutor};
use uuid::Uuid;

use super::chats::Acl;
use super::templates::put_job;
use super::{Store, Tx};
use crate::store::templates::JobRow;

/// The account that owns workspaces which are built ahead of time and wait for somebody to claim them.
pub(crate) const PREBUILDS_USER: Uuid = Uuid::from_u128(0xc42f_df75_3097_471c_8c33_fb52_454d_81c0);

/// A row of `workspaces`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct WorkspaceRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) owner_id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) template_id: Uuid,
    pub(crate) deleted: bool,
    pub(crate) name: String,
    pub(crate) autostart_schedule: Option<String>,
    /// How long a start lasts, in milliseconds; for ever without it.
    pub(crate) ttl_ms: Option<i64>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) dormant_at: Option<DateTime<Utc>>,
    pub(crate) deleting_at: Option<DateTime<Utc>>,
    pub(crate) automatic_updates: String,
    pub(crate) favorite: bool,
    #[sqlx(json)]
    pub(crate) user_acl: Acl,
    #[sqlx(json)]
    pub(crate) group_acl: Acl,
}

impl WorkspaceRow {
    /// Whether it was built ahead of time and nobody has claimed it.
    pub(crate) fn is_prebuild(&self) -> bool {
        self.owner_id == PREBUILDS_USER
    }
}

/// A row of `workspace_builds`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct BuildRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) workspace_id: Uuid,
    pub(crate) template_version_id: Uuid,
    /// Counts the builds of a workspace, from 1.
    pub(crate) build_number: i32,
    /// `start`, `stop` or `delete`.
    pub(crate) transition: String,
    pub(crate) initiator_id: Uuid,
    pub(crate) job_id: Uuid,
    pub(crate) reason: String,
    /// When the workspace is to be stopped; never, if absent.
    pub(crate) deadline: Option<DateTime<Utc>>,
    pub(crate) max_deadline: Option<DateTime<Utc>>,
    pub(crate) daily_cost: i32,
    pub(crate) has_ai_task: bool,
    pub(crate) has_external_agent: bool,
    pub(crate) template_version_preset_id: Option<Uuid>,
}

impl Store {
    /// A workspace, deleted or not.
    pub(crate) async fn workspace(&self, id: Uuid) -> sqlx::Result<Option<WorkspaceRow>> {
        workspace(self.pool(), id).await
    }

    /// The workspace of an owner with this name, in any case; of several deleted ones, the last.
    pub(crate) async fn workspace_by_name(
        &self,
        owner: Uuid,
        name: &str,
        deleted: bool,
    ) -> sqlx::Result<Option<WorkspaceRow>> {
        sqlx::query_as(
            "SELECT * FROM workspaces WHERE owner_id = $1 AND lower(name) = lower($2) AND deleted = $3 \
             ORDER BY created_at DESC LIMIT 1",
        )
        .bind(owner)
        .bind(name)
        .bind(deleted)
        .fetch_optional(self.pool())
        .await
    }

    /// Whether somebody owns a workspace that is not deleted.
    pub(crate) async fn owns_workspaces(&self, owner: Uuid) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM workspaces WHERE owner_id = $1 AND NOT deleted)")
            .bind(owner)
            .fetch_one(self.pool())
            .await
    }

    /// The last build of a workspace, and its job.
    pub(crate) async fn latest_build(&self, workspace_id: Uuid) -> sqlx::Result<Option<BuildRow>> {
        latest_build(self.pool(), workspace_id).await
    }

    /// One build.
    pub(crate) async fn build(&self, id: Uuid) -> sqlx::Result<Option<BuildRow>> {
        build(self.pool(), id).await
    }

    /// Notes that a workspace is used.
    pub(crate) async fn touch_workspace(&self, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query("UPDATE workspaces SET last_used_at = $1 WHERE id = $2 AND last_used_at < $1")
            .bind(now)
            .bind(id)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// The builds of a workspace, newest first.
    pub(crate) async fn builds(&self, workspace_id: Uuid) -> sqlx::Result<Vec<BuildRow>> {
        sqlx::query_as("SELECT * FROM workspace_builds WHERE workspace_id = $1 ORDER BY build_number DESC")
            .bind(workspace_id)
            .fetch_all(self.pool())
            .await
    }
}

/// [`Store::workspace`] on any executor.
pub(crate) async fn workspace(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<Option<WorkspaceRow>> {
    sqlx::query_as("SELECT * FROM workspaces WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// [`Store::build`] on any executor.
pub(crate) async fn build(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<Option<BuildRow>> {
    sqlx::query_as("SELECT * FROM workspace_builds WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// [`Store::latest_build`] on any executor.
pub(crate) async fn latest_build(
    executor: impl SqliteExecutor<'_>,
    workspace_id: Uuid,
) -> sqlx::Result<Option<BuildRow>> {
    sqlx::query_as("SELECT * FROM workspace_builds WHERE workspace_id = $1 ORDER BY build_number DESC LIMIT 1")
        .bind(workspace_id)
        .fetch_optional(executor)
        .await
}

/// Stores a workspace in place of what was there under its id. A unique violation means that the name is taken.
pub(crate) async fn put_workspace(tx: &mut Tx, row: &WorkspaceRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspaces (id, created_at, updated_at, owner_id, organization_id, template_id, deleted, name, \
         autostart_schedule, ttl_ms, last_used_at, dormant_at, deleting_at, automatic_updates, favorite, user_acl, \
         group_acl) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, owner_id = excluded.owner_id, \
         deleted = excluded.deleted, name = excluded.name, autostart_schedule = excluded.autostart_schedule, \
         ttl_ms = excluded.ttl_ms, last_used_at = excluded.last_used_at, dormant_at = excluded.dormant_at, \
         deleting_at = excluded.deleting_at, automatic_updates = excluded.automatic_updates, \
         favorite = excluded.favorite, user_acl = excluded.user_acl, group_acl = excluded.group_acl",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(row.owner_id)
    .bind(row.organization_id)
    .bind(row.template_id)
    .bind(row.deleted)
    .bind(&row.name)
    .bind(&row.autostart_schedule)
    .bind(row.ttl_ms)
    .bind(row.last_used_at)
    .bind(row.dormant_at)
    .bind(row.deleting_at)
    .bind(&row.automatic_updates)
    .bind(row.favorite)
    .bind(Json(&row.user_acl))
    .bind(Json(&row.group_acl))
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Adds a build with its job. A unique violation means that another build has the number.
pub(crate) async fn insert_build(tx: &mut Tx, row: &BuildRow, job: &JobRow) -> sqlx::Result<()> {
    put_job(tx, job).await?;
    sqlx::query(
        "INSERT INTO workspace_builds (id, created_at, updated_at, workspace_id, template_version_id, build_number, \
         transition, initiator_id, job_id, reason, deadline, max_deadline, daily_cost, has_ai_task, \
         has_external_agent, template_version_preset_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(row.workspace_id)
    .bind(row.template_version_id)
    .bind(row.build_number)
    .bind(&row.transition)
    .bind(row.initiator_id)
    .bind(row.job_id)
    .bind(&row.reason)
    .bind(row.deadline)
    .bind(row.max_deadline)
    .bind(row.daily_cost)
    .bind(row.has_ai_task)
    .bind(row.has_external_agent)
    .bind(row.template_version_preset_id)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Sets when the workspace is to be stopped.
pub(crate) async fn set_build_deadline(
    executor: impl SqliteExecutor<'_>,
    id: Uuid,
    deadline: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE workspace_builds SET deadline = $2, updated_at = $3 WHERE id = $1")
        .bind(id)
        .bind(deadline)
        .bind(now)
        .execute(executor)
        .await
        .map(drop)
}
