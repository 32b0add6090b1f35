//! Tasks: a prompt, and the workspace that works on it.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, SqliteExecutor};
use uuid::Uuid;

use super::Store;

/// A row of `tasks`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TaskRow {
    pub(crate) id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) workspace_id: Option<Uuid>,
    pub(crate) template_version_id: Uuid,
    pub(crate) prompt: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// The app that shows a task in one build of its workspace.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TaskAppRow {
    pub(crate) task_id: Uuid,
    pub(crate) workspace_build_number: i32,
    pub(crate) workspace_agent_id: Option<Uuid>,
    pub(crate) workspace_app_id: Option<Uuid>,
}

/// A row of `task_snapshots`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TaskSnapshotRow {
    /// JSON.
    pub(crate) log_snapshot: String,
    pub(crate) log_snapshot_created_at: DateTime<Utc>,
}

impl Store {
    /// A task that is not deleted.
    pub(crate) async fn task(&self, id: Uuid) -> sqlx::Result<Option<TaskRow>> {
        sqlx::query_as("SELECT * FROM tasks WHERE id = $1 AND deleted_at IS NULL")
            .bind(id)
            .fetch_optional(self.pool())
            .await
    }

    /// The task of an owner with this name, in any case.
    pub(crate) async fn task_by_name(&self, owner: Uuid, name: &str) -> sqlx::Result<Option<TaskRow>> {
        sqlx::query_as("SELECT * FROM tasks WHERE owner_id = $1 AND lower(name) = lower($2) AND deleted_at IS NULL")
            .bind(owner)
            .bind(name)
            .fetch_optional(self.pool())
            .await
    }

    /// The tasks that are not deleted, newest first.
    pub(crate) async fn tasks(&self) -> sqlx::Result<Vec<TaskRow>> {
        sqlx::query_as("SELECT * FROM tasks WHERE deleted_at IS NULL ORDER BY created_at DESC, id")
            .fetch_all(self.pool())
            .await
    }

    /// The task that a workspace was made for.
    pub(crate) async fn task_of_workspace(&self, workspace_id: Uuid) -> sqlx::Result<Option<TaskRow>> {
        sqlx::query_as("SELECT * FROM tasks WHERE workspace_id = $1 AND deleted_at IS NULL LIMIT 1")
            .bind(workspace_id)
            .fetch_optional(self.pool())
            .await
    }

    /// The app that shows a task in the last of its builds.
    pub(crate) async fn task_app(&self, task_id: Uuid) -> sqlx::Result<Option<TaskAppRow>> {
        sqlx::query_as(
            "SELECT * FROM task_workspace_apps WHERE task_id = $1 ORDER BY workspace_build_number DESC LIMIT 1",
        )
        .bind(task_id)
        .fetch_optional(self.pool())
        .await
    }

    /// What a task's app last showed.
    pub(crate) async fn task_snapshot(&self, task_id: Uuid) -> sqlx::Result<Option<TaskSnapshotRow>> {
        sqlx::query_as("SELECT * FROM task_snapshots WHERE task_id = $1")
            .bind(task_id)
            .fetch_optional(self.pool())
            .await
    }

    /// Stores what a task's app shows, as JSON.
    pub(crate) async fn put_task_snapshot(&self, task_id: Uuid, log: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO task_snapshots (task_id, log_snapshot, log_snapshot_created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (task_id) DO UPDATE SET log_snapshot = excluded.log_snapshot, \
             log_snapshot_created_at = excluded.log_snapshot_created_at",
        )
        .bind(task_id)
        .bind(log)
        .bind(now)
        .execute(self.pool())
        .await
        .map(drop)
    }
}

/// Adds a task. A unique violation means that the owner has one with the name.
pub(crate) async fn insert_task(executor: impl SqliteExecutor<'_>, row: &TaskRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO tasks (id, organization_id, owner_id, name, display_name, workspace_id, template_version_id, \
         prompt, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(row.id)
    .bind(row.organization_id)
    .bind(row.owner_id)
    .bind(&row.name)
    .bind(&row.display_name)
    .bind(row.workspace_id)
    .bind(row.template_version_id)
    .bind(&row.prompt)
    .bind(row.created_at)
    .execute(executor)
    .await
    .map(drop)
}

/// Names the app that shows a task in one build of its workspace.
pub(crate) async fn put_task_app(executor: impl SqliteExecutor<'_>, row: &TaskAppRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO task_workspace_apps (task_id, workspace_build_number, workspace_agent_id, workspace_app_id) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (task_id, workspace_build_number) DO UPDATE SET \
         workspace_agent_id = excluded.workspace_agent_id, workspace_app_id = excluded.workspace_app_id",
    )
    .bind(row.task_id)
    .bind(row.workspace_build_number)
    .bind(row.workspace_agent_id)
    .bind(row.workspace_app_id)
    .execute(executor)
    .await
    .map(drop)
}
