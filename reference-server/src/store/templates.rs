//! Templates, their versions, and the jobs that import versions and build workspaces.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, SqliteExecutor};
use uuid::Uuid;

use super::chats::Acl;
use super::{Store, Tx};
use crate::workspaces::plan::Plan;

/// A row of `templates`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TemplateRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) organization_id: Uuid,
    pub(crate) deleted: bool,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) icon: String,
    pub(crate) provisioner: String,
    pub(crate) active_version_id: Uuid,
    pub(crate) created_by: Uuid,
    pub(crate) default_ttl_ms: i64,
    pub(crate) activity_bump_ms: i64,
    pub(crate) failure_ttl_ms: i64,
    pub(crate) time_til_dormant_ms: i64,
    pub(crate) time_til_dormant_autodelete_ms: i64,
    pub(crate) time_til_autostop_notify_ms: i64,
    pub(crate) allow_user_autostart: bool,
    pub(crate) allow_user_autostop: bool,
    pub(crate) allow_user_cancel_workspace_jobs: bool,
    pub(crate) require_active_version: bool,
    pub(crate) use_classic_parameter_flow: bool,
    pub(crate) disable_module_cache: bool,
    /// Why it is not to be used any more; empty while it is.
    pub(crate) deprecated: String,
    pub(crate) max_port_share_level: String,
    pub(crate) cors_behavior: String,
    #[sqlx(json)]
    pub(crate) user_acl: Acl,
    #[sqlx(json)]
    pub(crate) group_acl: Acl,
}

impl TemplateRow {
    /// A template as it is made: open to its whole organization.
    pub(crate) fn new(name: &str, version: &TemplateVersionRow, now: DateTime<Utc>) -> Self {
        let everybody = super::chats::AclEntry { permissions: vec!["read".to_owned(), "use".to_owned()] };
        Self {
            id: Uuid::new_v4(),
            created_at: now,
            updated_at: now,
            organization_id: version.organization_id,
            deleted: false,
            name: name.to_owned(),
            display_name: String::new(),
            description: String::new(),
            icon: String::new(),
            provisioner: "terraform".to_owned(),
            active_version_id: version.id,
            created_by: version.created_by,
            default_ttl_ms: 0,
            activity_bump_ms: 3_600_000,
            failure_ttl_ms: 0,
            time_til_dormant_ms: 0,
            time_til_dormant_autodelete_ms: 0,
            time_til_autostop_notify_ms: 0,
            allow_user_autostart: true,
            allow_user_autostop: true,
            allow_user_cancel_workspace_jobs: false,
            require_active_version: false,
            use_classic_parameter_flow: false,
            disable_module_cache: false,
            deprecated: String::new(),
            max_port_share_level: "public".to_owned(),
            cors_behavior: "simple".to_owned(),
            user_acl: Acl::new(),
            group_acl: Acl::from([(version.organization_id.to_string(), everybody)]),
        }
    }
}

/// A row of `template_versions`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TemplateVersionRow {
    pub(crate) id: Uuid,
    /// Absent until a template is made of it.
    pub(crate) template_id: Option<Uuid>,
    pub(crate) organization_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) readme: String,
    pub(crate) job_id: Uuid,
    pub(crate) created_by: Uuid,
    pub(crate) archived: bool,
    pub(crate) has_ai_task: bool,
    /// What a build makes.
    pub(crate) plan: Json<Plan>,
}

/// A row of `provisioner_jobs`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct JobRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    /// Empty for a job that did not fail.
    pub(crate) error: String,
    pub(crate) error_code: String,
    pub(crate) organization_id: Uuid,
    pub(crate) initiator_id: Uuid,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) worker_id: Option<Uuid>,
    pub(crate) file_id: Uuid,
    pub(crate) tags: Json<BTreeMap<String, String>>,
    pub(crate) logs_overflowed: bool,
}

impl JobRow {
    /// A job that nobody has taken up yet.
    pub(crate) fn pending(kind: &str, organization_id: Uuid, initiator_id: Uuid, now: DateTime<Utc>) -> Self {
        let tags = [("owner", ""), ("scope", "organization")];
        Self {
            id: Uuid::new_v4(),
            created_at: now,
            updated_at: now,
            started_at: None,
            canceled_at: None,
            completed_at: None,
            error: String::new(),
            error_code: String::new(),
            organization_id,
            initiator_id,
            kind: kind.to_owned(),
            worker_id: None,
            file_id: Uuid::nil(),
            tags: Json(tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
            logs_overflowed: false,
        }
    }

    /// Where the job stands: `pending`, `running`, `succeeded`, `canceling`, `canceled` or `failed`.
    pub(crate) fn status(&self) -> &'static str {
        match (self.completed_at.is_some(), !self.error.is_empty(), self.canceled_at.is_some()) {
            (_, true, _) => "failed",
            (true, false, true) => "canceled",
            (true, false, false) => "succeeded",
            (false, false, true) => "canceling",
            (false, false, false) if self.started_at.is_none() => "pending",
            (false, false, false) => "running",
        }
    }
}

impl Store {
    /// A template that is not deleted.
    pub(crate) async fn template(&self, id: Uuid) -> sqlx::Result<Option<TemplateRow>> {
        sqlx::query_as("SELECT * FROM templates WHERE id = $1 AND deleted = FALSE")
            .bind(id)
            .fetch_optional(self.pool())
            .await
    }

    /// A template, deleted or not.
    pub(crate) async fn template_or_deleted(&self, id: Uuid) -> sqlx::Result<Option<TemplateRow>> {
        sqlx::query_as("SELECT * FROM templates WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The templates that are not deleted, by name.
    pub(crate) async fn templates(&self) -> sqlx::Result<Vec<TemplateRow>> {
        sqlx::query_as("SELECT * FROM templates WHERE deleted = FALSE ORDER BY lower(name)")
            .fetch_all(self.pool())
            .await
    }

    /// A version of a template.
    pub(crate) async fn template_version(&self, id: Uuid) -> sqlx::Result<Option<TemplateVersionRow>> {
        template_version(self.pool(), id).await
    }

    /// A job.
    pub(crate) async fn job(&self, id: Uuid) -> sqlx::Result<Option<JobRow>> {
        job(self.pool(), id).await
    }
}

/// [`Store::template_version`] on any executor.
pub(crate) async fn template_version(
    executor: impl SqliteExecutor<'_>,
    id: Uuid,
) -> sqlx::Result<Option<TemplateVersionRow>> {
    sqlx::query_as("SELECT * FROM template_versions WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// [`Store::job`] on any executor.
pub(crate) async fn job(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<Option<JobRow>> {
    sqlx::query_as("SELECT * FROM provisioner_jobs WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// Stores a job in place of what was there under its id.
pub(crate) async fn put_job(tx: &mut Tx, row: &JobRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO provisioner_jobs (id, created_at, updated_at, started_at, canceled_at, completed_at, error, \
         error_code, organization_id, initiator_id, type, worker_id, file_id, tags, logs_overflowed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, started_at = excluded.started_at, \
         canceled_at = excluded.canceled_at, completed_at = excluded.completed_at, error = excluded.error, \
         error_code = excluded.error_code, worker_id = excluded.worker_id, logs_overflowed = excluded.logs_overflowed",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(row.started_at)
    .bind(row.canceled_at)
    .bind(row.completed_at)
    .bind(&row.error)
    .bind(&row.error_code)
    .bind(row.organization_id)
    .bind(row.initiator_id)
    .bind(&row.kind)
    .bind(row.worker_id)
    .bind(row.file_id)
    .bind(&row.tags)
    .bind(row.logs_overflowed)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Stores a version in place of what was there under its id; its job must be there.
pub(crate) async fn put_template_version(tx: &mut Tx, row: &TemplateVersionRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO template_versions (id, template_id, organization_id, created_at, updated_at, name, message, \
         readme, job_id, created_by, archived, has_ai_task, plan) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (id) DO UPDATE SET template_id = excluded.template_id, updated_at = excluded.updated_at, \
         name = excluded.name, message = excluded.message, archived = excluded.archived",
    )
    .bind(row.id)
    .bind(row.template_id)
    .bind(row.organization_id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(&row.name)
    .bind(&row.message)
    .bind(&row.readme)
    .bind(row.job_id)
    .bind(row.created_by)
    .bind(row.archived)
    .bind(row.has_ai_task)
    .bind(&row.plan)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Stores a template in place of what was there under its id. A unique violation means that the name is taken.
pub(crate) async fn put_template(tx: &mut Tx, row: &TemplateRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO templates (id, created_at, updated_at, organization_id, deleted, name, display_name, description, \
         icon, provisioner, active_version_id, created_by, default_ttl_ms, activity_bump_ms, failure_ttl_ms, \
         time_til_dormant_ms, time_til_dormant_autodelete_ms, time_til_autostop_notify_ms, allow_user_autostart, \
         allow_user_autostop, allow_user_cancel_workspace_jobs, require_active_version, use_classic_parameter_flow, \
         disable_module_cache, deprecated, max_port_share_level, cors_behavior, user_acl, group_acl) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
                 $23, $24, $25, $26, $27, $28, $29) \
         ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at, deleted = excluded.deleted, \
         name = excluded.name, display_name = excluded.display_name, description = excluded.description, \
         icon = excluded.icon, active_version_id = excluded.active_version_id, default_ttl_ms = excluded.default_ttl_ms, \
         activity_bump_ms = excluded.activity_bump_ms, failure_ttl_ms = excluded.failure_ttl_ms, \
         time_til_dormant_ms = excluded.time_til_dormant_ms, \
         time_til_dormant_autodelete_ms = excluded.time_til_dormant_autodelete_ms, \
         time_til_autostop_notify_ms = excluded.time_til_autostop_notify_ms, \
         allow_user_autostart = excluded.allow_user_autostart, allow_user_autostop = excluded.allow_user_autostop, \
         allow_user_cancel_workspace_jobs = excluded.allow_user_cancel_workspace_jobs, \
         require_active_version = excluded.require_active_version, \
         use_classic_parameter_flow = excluded.use_classic_parameter_flow, \
         disable_module_cache = excluded.disable_module_cache, deprecated = excluded.deprecated, \
         max_port_share_level = excluded.max_port_share_level, cors_behavior = excluded.cors_behavior, \
         user_acl = excluded.user_acl, group_acl = excluded.group_acl",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(row.organization_id)
    .bind(row.deleted)
    .bind(&row.name)
    .bind(&row.display_name)
    .bind(&row.description)
    .bind(&row.icon)
    .bind(&row.provisioner)
    .bind(row.active_version_id)
    .bind(row.created_by)
    .bind(row.default_ttl_ms)
    .bind(row.activity_bump_ms)
    .bind(row.failure_ttl_ms)
    .bind(row.time_til_dormant_ms)
    .bind(row.time_til_dormant_autodelete_ms)
    .bind(row.time_til_autostop_notify_ms)
    .bind(row.allow_user_autostart)
    .bind(row.allow_user_autostop)
    .bind(row.allow_user_cancel_workspace_jobs)
    .bind(row.require_active_version)
    .bind(row.use_classic_parameter_flow)
    .bind(row.disable_module_cache)
    .bind(&row.deprecated)
    .bind(&row.max_port_share_level)
    .bind(&row.cors_behavior)
    .bind(Json(&row.user_acl))
    .bind(Json(&row.group_acl))
    .execute(&mut **tx)
    .await
    .map(drop)
}
