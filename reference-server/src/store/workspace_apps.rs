//! The apps of workspaces, and what they say of their work.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::Store;

/// A row of `workspace_apps`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AppRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) agent_id: Uuid,
    pub(crate) slug: String,
    pub(crate) display_name: String,
    pub(crate) icon: String,
    pub(crate) command: String,
    pub(crate) url: String,
    pub(crate) external: bool,
    pub(crate) subdomain: bool,
    pub(crate) sharing_level: String,
    pub(crate) healthcheck_url: String,
    /// In seconds.
    pub(crate) healthcheck_interval: i32,
    pub(crate) healthcheck_threshold: i32,
    /// `disabled`, `initializing`, `healthy` or `unhealthy`.
    pub(crate) health: String,
    pub(crate) display_order: i32,
    pub(crate) display_group: String,
    pub(crate) hidden: bool,
    pub(crate) open_in: String,
    pub(crate) tooltip: String,
}

impl AppRow {
    /// An app of an agent, without a health check.
    pub(crate) fn new(agent_id: Uuid, slug: &str, display_name: &str, now: DateTime<Utc>) -> Self {
        Self {
            id: Uuid::new_v4(),
            created_at: now,
            agent_id,
            slug: slug.to_owned(),
            display_name: display_name.to_owned(),
            icon: String::new(),
            command: String::new(),
            url: String::new(),
            external: false,
            subdomain: false,
            sharing_level: "owner".to_owned(),
            healthcheck_url: String::new(),
            healthcheck_interval: 0,
            healthcheck_threshold: 0,
            health: "disabled".to_owned(),
            display_order: 0,
            display_group: String::new(),
            hidden: false,
            open_in: "slim-window".to_owned(),
            tooltip: String::new(),
        }
    }
}

/// A row of `workspace_app_statuses`: what an app said of its work.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AppStatusRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) workspace_id: Uuid,
    pub(crate) agent_id: Uuid,
    pub(crate) app_id: Uuid,
    /// `working`, `idle`, `complete` or `failure`.
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) uri: String,
}

impl Store {
    /// The app of an agent with this slug.
    pub(crate) async fn app_by_slug(&self, agent_id: Uuid, slug: &str) -> sqlx::Result<Option<AppRow>> {
        sqlx::query_as("SELECT * FROM workspace_apps WHERE agent_id = $1 AND slug = $2")
            .bind(agent_id)
            .bind(slug)
            .fetch_optional(self.pool())
            .await
    }

    /// The apps of agents, by slug.
    pub(crate) async fn apps(&self, agents: &[Uuid]) -> sqlx::Result<Vec<AppRow>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM workspace_apps WHERE agent_id IN (");
        let mut list = query.separated(", ");
        for agent in agents {
            list.push_bind(*agent);
        }
        query.push(") ORDER BY slug").build_query_as().fetch_all(self.pool()).await
    }

    /// Sets how an app is.
    pub(crate) async fn set_app_health(&self, id: Uuid, health: &str) -> sqlx::Result<()> {
        sqlx::query("UPDATE workspace_apps SET health = $2 WHERE id = $1")
            .bind(id)
            .bind(health)
            .execute(self.pool())
            .await
            .map(drop)
    }

    /// What an app said last.
    pub(crate) async fn latest_app_status(&self, app_id: Uuid) -> sqlx::Result<Option<AppStatusRow>> {
        sqlx::query_as("SELECT * FROM workspace_app_statuses WHERE app_id = $1 ORDER BY seq DESC LIMIT 1")
            .bind(app_id)
            .fetch_optional(self.pool())
            .await
    }

    /// What any app of a workspace said last.
    pub(crate) async fn latest_workspace_status(&self, workspace_id: Uuid) -> sqlx::Result<Option<AppStatusRow>> {
        sqlx::query_as("SELECT * FROM workspace_app_statuses WHERE workspace_id = $1 ORDER BY seq DESC LIMIT 1")
            .bind(workspace_id)
            .fetch_optional(self.pool())
            .await
    }

    /// What apps have said, latest first.
    pub(crate) async fn app_statuses(&self, apps: &[Uuid]) -> sqlx::Result<Vec<AppStatusRow>> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM workspace_app_statuses WHERE app_id IN (");
        let mut list = query.separated(", ");
        for app in apps {
            list.push_bind(*app);
        }
        query.push(") ORDER BY seq DESC").build_query_as().fetch_all(self.pool()).await
    }
}

/// Adds an app. A unique violation means that the agent has one with the slug.
pub(crate) async fn insert_app(executor: impl SqliteExecutor<'_>, row: &AppRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_apps (id, created_at, agent_id, slug, display_name, icon, command, url, external, \
         subdomain, sharing_level, healthcheck_url, healthcheck_interval, healthcheck_threshold, health, \
         display_order, display_group, hidden, open_in, tooltip) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.agent_id)
    .bind(&row.slug)
    .bind(&row.display_name)
    .bind(&row.icon)
    .bind(&row.command)
    .bind(&row.url)
    .bind(row.external)
    .bind(row.subdomain)
    .bind(&row.sharing_level)
    .bind(&row.healthcheck_url)
    .bind(row.healthcheck_interval)
    .bind(row.healthcheck_threshold)
    .bind(&row.health)
    .bind(row.display_order)
    .bind(&row.display_group)
    .bind(row.hidden)
    .bind(&row.open_in)
    .bind(&row.tooltip)
    .execute(executor)
    .await
    .map(drop)
}

/// Adds what an app says of its work.
pub(crate) async fn insert_app_status(executor: impl SqliteExecutor<'_>, row: &AppStatusRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_app_statuses (id, created_at, workspace_id, agent_id, app_id, state, message, uri) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.workspace_id)
    .bind(row.agent_id)
    .bind(row.app_id)
    .bind(&row.state)
    .bind(&row.message)
    .bind(&row.uri)
    .execute(executor)
    .await
    .map(drop)
}
