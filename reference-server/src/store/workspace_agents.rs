//! Workspace agents: who they are, how they are connected, and what they have said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::workspaces::{BuildRow, WorkspaceRow};
use super::{Store, Tx};

/// How much an agent may log, in bytes.
pub(crate) const MAX_LOGS_LENGTH: i64 = 1 << 20;

/// A row of `workspace_resources`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ResourceRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) build_id: Uuid,
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) hide: bool,
    pub(crate) icon: String,
    pub(crate) daily_cost: i32,
}

/// A row of `workspace_agents`. Its `Debug` leaves the token out.
#[derive(Default, Clone, FromRow)]
pub(crate) struct AgentRow {
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) name: String,
    /// The agent that runs this one in a dev container.
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) workspace_id: Uuid,
    pub(crate) build_id: Uuid,
    pub(crate) resource_id: Uuid,
    /// A secret.
    pub(crate) auth_token: Uuid,
    pub(crate) auth_instance_id: Option<String>,
    /// `all` or `no_user_data`.
    pub(crate) api_key_scope: String,
    pub(crate) architecture: String,
    pub(crate) operating_system: String,
    #[sqlx(json(nullable))]
    pub(crate) environment_variables: Option<BTreeMap<String, String>>,
    pub(crate) directory: String,
    pub(crate) expanded_directory: String,
    pub(crate) motd_file: String,
    pub(crate) troubleshooting_url: String,
    /// 0 for never.
    pub(crate) connection_timeout_seconds: i32,
    #[sqlx(json)]
    pub(crate) display_apps: Vec<String>,
    pub(crate) display_order: i32,
    pub(crate) version: String,
    pub(crate) api_version: String,
    #[sqlx(json)]
    pub(crate) subsystems: Vec<String>,
    pub(crate) first_connected_at: Option<DateTime<Utc>>,
    pub(crate) last_connected_at: Option<DateTime<Utc>>,
    pub(crate) disconnected_at: Option<DateTime<Utc>>,
    pub(crate) lifecycle_state: String,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) ready_at: Option<DateTime<Utc>>,
    /// In bytes, of what is stored.
    pub(crate) logs_length: i32,
    pub(crate) logs_overflowed: bool,
    pub(crate) deleted: bool,
}

impl std::fmt::Debug for AgentRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentRow").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A row of `workspace_agent_log_sources`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct LogSourceRow {
    pub(crate) workspace_agent_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) display_name: String,
    pub(crate) icon: String,
}

/// A row of `workspace_agent_scripts`, with how its last run went.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ScriptRow {
    pub(crate) id: Uuid,
    pub(crate) workspace_agent_id: Uuid,
    pub(crate) log_source_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) display_name: String,
    pub(crate) log_path: String,
    pub(crate) script: String,
    pub(crate) cron: String,
    pub(crate) start_blocks_login: bool,
    pub(crate) run_on_start: bool,
    pub(crate) run_on_stop: bool,
    pub(crate) timeout_seconds: i32,
    #[sqlx(default)]
    pub(crate) exit_code: Option<i32>,
    #[sqlx(default)]
    pub(crate) status: Option<String>,
}

/// A row of `workspace_agent_script_timings`: one run of a script.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ScriptTimingRow {
    pub(crate) script_id: Uuid,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) ended_at: DateTime<Utc>,
    pub(crate) exit_code: i32,
    /// `start`, `stop` or `cron`.
    pub(crate) stage: String,
    /// `ok`, `exit_failure`, `timed_out` or `pipes_left_open`.
    pub(crate) status: String,
}

/// A row of `workspace_agent_logs`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct AgentLogRow {
    /// Grows from line to line.
    pub(crate) id: i64,
    pub(crate) log_source_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) output: String,
    pub(crate) level: String,
}

/// A row of `workspace_agent_metadata`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct MetadataRow {
    pub(crate) workspace_agent_id: Uuid,
    pub(crate) key: String,
    pub(crate) display_name: String,
    pub(crate) script: String,
    /// In seconds.
    pub(crate) interval: i64,
    /// In seconds.
    pub(crate) timeout: i64,
    pub(crate) value: String,
    pub(crate) error: String,
    pub(crate) collected_at: DateTime<Utc>,
    pub(crate) display_order: i32,
}

/// A row of `workspace_agent_devcontainers`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct DevcontainerRow {
    pub(crate) id: Uuid,
    pub(crate) workspace_folder: String,
    pub(crate) config_path: String,
    pub(crate) name: String,
    pub(crate) subagent_id: Option<Uuid>,
}

/// An agent with the workspace and the build it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct AgentInWorkspace {
    pub(crate) agent: AgentRow,
    pub(crate) workspace: WorkspaceRow,
    pub(crate) build: BuildRow,
    /// The task that the workspace was made for.
    pub(crate) task_id: Option<Uuid>,
}

/// Agents of builds that are not the last one are retired, but for one case: while a stop is being built, the agent of
/// the start before it may still say goodbye.
const CURRENT: &str = "a.deleted = FALSE AND w.deleted = FALSE AND ( \
    b.build_number = (SELECT MAX(build_number) FROM workspace_builds WHERE workspace_id = w.id) \
    OR (b.transition = 'start' AND j.completed_at IS NOT NULL AND j.error = '' AND j.canceled_at IS NULL \
        AND EXISTS (SELECT 1 FROM workspace_builds l JOIN provisioner_jobs lj ON lj.id = l.job_id \
                    WHERE l.workspace_id = w.id AND l.build_number = b.build_number + 1 AND l.transition = 'stop' \
                    AND l.build_number = (SELECT MAX(build_number) FROM workspace_builds WHERE workspace_id = w.id) \
                    AND lj.completed_at IS NULL AND lj.canceled_at IS NULL AND lj.error = '')))";

impl Store {
    /// The agent that this token belongs to, as long as it may act: the token of a deleted workspace, or of a build
    /// that another one has followed, is nobody's.
    pub(crate) async fn agent_by_token(&self, token: Uuid) -> sqlx::Result<Option<AgentInWorkspace>> {
        let sql = format!(
            "SELECT a.* FROM workspace_agents a JOIN workspaces w ON w.id = a.workspace_id \
             JOIN workspace_builds b ON b.id = a.build_id JOIN provisioner_jobs j ON j.id = b.job_id \
             WHERE a.auth_token = $1 AND {CURRENT} ORDER BY b.build_number DESC LIMIT 1"
        );
        let agent: Option<AgentRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(token).fetch_optional(self.pool()).await?;
        self.in_workspace(agent).await
    }

    /// An agent that is not retired: one of the last build of a workspace that is not deleted.
    pub(crate) async fn current_agent(&self, id: Uuid) -> sqlx::Result<Option<AgentInWorkspace>> {
        let agent: Option<AgentRow> = sqlx::query_as(
            "SELECT a.* FROM workspace_agents a JOIN workspaces w ON w.id = a.workspace_id \
             JOIN workspace_builds b ON b.id = a.build_id \
             WHERE a.id = $1 AND a.deleted = FALSE AND w.deleted = FALSE \
             AND b.build_number = (SELECT MAX(build_number) FROM workspace_builds WHERE workspace_id = w.id)",
        )
        .bind(id)
        .fetch_optional(self.pool())
        .await?;
        self.in_workspace(agent).await
    }

    async fn in_workspace(&self, agent: Option<AgentRow>) -> sqlx::Result<Option<AgentInWorkspace>> {
        let Some(agent) = agent else { return Ok(None) };
        let (Some(workspace), Some(build)) =
            (self.workspace(agent.workspace_id).await?, self.build(agent.build_id).await?)
        else {
            return Ok(None);
        };
        let task_id = sqlx::query_scalar("SELECT id FROM tasks WHERE workspace_id = $1 AND deleted_at IS NULL LIMIT 1")
            .bind(workspace.id)
            .fetch_optional(self.pool())
            .await?;
        Ok(Some(AgentInWorkspace { agent, workspace, build, task_id }))
    }

    /// The agents that run on a cloud instance, newest first, those of earlier builds among them.
    pub(crate) async fn agents_by_instance(&self, instance: &str) -> sqlx::Result<Vec<AgentRow>> {
        sqlx::query_as(
            "SELECT a.* FROM workspace_agents a JOIN workspaces w ON w.id = a.workspace_id \
             WHERE a.auth_instance_id = $1 AND a.deleted = FALSE AND a.parent_id IS NULL AND w.deleted = FALSE \
             ORDER BY a.created_at DESC",
        )
        .bind(instance)
        .fetch_all(self.pool())
        .await
    }

    /// An agent as it is stored, retired or not.
    pub(crate) async fn agent(&self, id: Uuid) -> sqlx::Result<Option<AgentRow>> {
        agent(self.pool(), id).await
    }

    /// The agents of a build that are not retired, parents before their children.
    pub(crate) async fn agents_of_build(&self, build_id: Uuid) -> sqlx::Result<Vec<AgentRow>> {
        sqlx::query_as(
            "SELECT * FROM workspace_agents WHERE build_id = $1 AND deleted = FALSE \
             ORDER BY parent_id IS NOT NULL, display_order, name",
        )
        .bind(build_id)
        .fetch_all(self.pool())
        .await
    }

    /// The agents that one agent runs in dev containers.
    pub(crate) async fn sub_agents(&self, parent_id: Uuid) -> sqlx::Result<Vec<AgentRow>> {
        sqlx::query_as("SELECT * FROM workspace_agents WHERE parent_id = $1 AND deleted = FALSE ORDER BY created_at")
            .bind(parent_id)
            .fetch_all(self.pool())
            .await
    }

    /// The resources of a build, by type and name.
    pub(crate) async fn resources_of_build(&self, build_id: Uuid) -> sqlx::Result<Vec<ResourceRow>> {
        sqlx::query_as("SELECT * FROM workspace_resources WHERE build_id = $1 ORDER BY type, name")
            .bind(build_id)
            .fetch_all(self.pool())
            .await
    }

    /// The sources of an agent's logs.
    pub(crate) async fn agent_log_sources(&self, agents: &[Uuid]) -> sqlx::Result<Vec<LogSourceRow>> {
        let mut query = of_agents("SELECT * FROM workspace_agent_log_sources WHERE workspace_agent_id IN (", agents);
        query.push(" ORDER BY created_at, id").build_query_as().fetch_all(self.pool()).await
    }

    /// The scripts of agents, each with how its last run went.
    pub(crate) async fn agent_scripts(&self, agents: &[Uuid]) -> sqlx::Result<Vec<ScriptRow>> {
        let mut query = of_agents(
            "SELECT s.*, t.exit_code, t.status FROM workspace_agent_scripts s \
             LEFT JOIN workspace_agent_script_timings t ON t.script_id = s.id AND t.started_at = \
             (SELECT MAX(started_at) FROM workspace_agent_script_timings WHERE script_id = s.id) \
             WHERE s.workspace_agent_id IN (",
            agents,
        );
        query.push(" ORDER BY s.created_at, s.id").build_query_as().fetch_all(self.pool()).await
    }

    /// What an agent reports again and again.
    pub(crate) async fn agent_metadata(&self, agent: Uuid) -> sqlx::Result<Vec<MetadataRow>> {
        sqlx::query_as(
            "SELECT * FROM workspace_agent_metadata WHERE workspace_agent_id = $1 ORDER BY display_order, key",
        )
        .bind(agent)
        .fetch_all(self.pool())
        .await
    }

    /// The lines that an agent logged after the one with this id, oldest first.
    pub(crate) async fn agent_logs(&self, agent: Uuid, after: i64) -> sqlx::Result<Vec<AgentLogRow>> {
        sqlx::query_as("SELECT * FROM workspace_agent_logs WHERE agent_id = $1 AND id > $2 ORDER BY id")
            .bind(agent)
            .bind(after)
            .fetch_all(self.pool())
            .await
    }

    /// The dev containers that an agent knows from its template.
    pub(crate) async fn agent_devcontainers(&self, agent: Uuid) -> sqlx::Result<Vec<DevcontainerRow>> {
        sqlx::query_as("SELECT * FROM workspace_agent_devcontainers WHERE workspace_agent_id = $1 ORDER BY created_at")
            .bind(agent)
            .fetch_all(self.pool())
            .await
    }

    /// Moves the times of an agent's connection.
    pub(crate) async fn set_agent_connection(
        &self,
        id: Uuid,
        first_connected_at: Option<DateTime<Utc>>,
        last_connected_at: Option<DateTime<Utc>>,
        disconnected_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE workspace_agents SET first_connected_at = $2, last_connected_at = $3, disconnected_at = $4, \
             updated_at = $5 WHERE id = $1",
        )
        .bind(id)
        .bind(first_connected_at)
        .bind(last_connected_at)
        .bind(disconnected_at)
        .bind(now)
        .execute(self.pool())
        .await
        .map(drop)
    }

    /// Sets where an agent stands in its life, and when it started and was ready.
    pub(crate) async fn set_agent_lifecycle(
        &self,
        id: Uuid,
        state: &str,
        started_at: Option<DateTime<Utc>>,
        ready_at: Option<DateTime<Utc>>,
    ) -> sqlx::Result<()> {
        sqlx::query("UPDATE workspace_agents SET lifecycle_state = $2, started_at = $3, ready_at = $4 WHERE id = $1")
            .bind(id)
            .bind(state)
            .bind(started_at)
            .bind(ready_at)
            .execute(self.pool())
            .await
            .map(drop)
    }

    /// Notes what an agent says of itself when it starts.
    pub(crate) async fn set_agent_startup(
        &self,
        id: Uuid,
        version: &str,
        expanded_directory: &str,
        subsystems: &[String],
        api_version: &str,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE workspace_agents SET version = $2, expanded_directory = $3, subsystems = $4, api_version = $5 \
             WHERE id = $1",
        )
        .bind(id)
        .bind(version)
        .bind(expanded_directory)
        .bind(Json(subsystems))
        .bind(api_version)
        .execute(self.pool())
        .await
        .map(drop)
    }

    /// Stores a value that an agent reports; keys that its template does not name are left out.
    pub(crate) async fn set_agent_metadata(
        &self,
        agent: Uuid,
        key: &str,
        value: &str,
        error: &str,
        collected_at: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE workspace_agent_metadata SET value = $3, error = $4, collected_at = $5 \
             WHERE workspace_agent_id = $1 AND key = $2",
        )
        .bind(agent)
        .bind(key)
        .bind(value)
        .bind(error)
        .bind(collected_at)
        .execute(self.pool())
        .await
        .map(drop)
    }

    /// Notes one run of a script; a run that was noted before stays as it is.
    pub(crate) async fn insert_script_timing(&self, row: &ScriptTimingRow) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO workspace_agent_script_timings (script_id, started_at, ended_at, exit_code, stage, status) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(row.script_id)
        .bind(row.started_at)
        .bind(row.ended_at)
        .bind(row.exit_code)
        .bind(&row.stage)
        .bind(&row.status)
        .execute(self.pool())
        .await
        .map(drop)
    }
}

fn of_agents(start: &'static str, agents: &[Uuid]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    let mut list = query.separated(", ");
    for agent in agents {
        list.push_bind(*agent);
    }
    query.push(")");
    query
}

/// [`Store::agent`] on any executor.
pub(crate) async fn agent(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<Option<AgentRow>> {
    sqlx::query_as("SELECT * FROM workspace_agents WHERE id = $1").bind(id).fetch_optional(executor).await
}

/// Adds lines to an agent's logs, of which the caller has checked the size; gives them back with their ids.
pub(crate) async fn insert_agent_logs(
    tx: &mut Tx,
    agent: Uuid,
    source: Uuid,
    lines: &[(String, String)],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<AgentLogRow>> {
    let mut rows = Vec::with_capacity(lines.len());
    for (level, output) in lines {
        let row = sqlx::query_as(
            "INSERT INTO workspace_agent_logs (agent_id, log_source_id, created_at, output, level) \
             VALUES ($1, $2, $3, $4, $5) RETURNING *",
        )
        .bind(agent)
        .bind(source)
        .bind(now)
        .bind(output)
        .bind(level)
        .fetch_one(&mut **tx)
        .await?;
        rows.push(row);
    }
    let length: usize = lines.iter().map(|(_, output)| output.len()).sum();
    sqlx::query("UPDATE workspace_agents SET logs_length = logs_length + $2 WHERE id = $1")
        .bind(agent)
        .bind(i64::try_from(length).unwrap_or(i64::MAX))
        .execute(&mut **tx)
        .await?;
    Ok(rows)
}

/// Notes that an agent wanted to log more than it may.
pub(crate) async fn set_agent_logs_overflowed(executor: impl SqliteExecutor<'_>, agent: Uuid) -> sqlx::Result<()> {
    sqlx::query("UPDATE workspace_agents SET logs_overflowed = TRUE WHERE id = $1")
        .bind(agent)
        .execute(executor)
        .await
        .map(drop)
}

/// Adds a source of logs; one that is there stays as it is.
pub(crate) async fn insert_log_source(executor: impl SqliteExecutor<'_>, row: &LogSourceRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_agent_log_sources (workspace_agent_id, id, created_at, display_name, icon) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(row.workspace_agent_id)
    .bind(row.id)
    .bind(row.created_at)
    .bind(&row.display_name)
    .bind(&row.icon)
    .execute(executor)
    .await
    .map(drop)
}

/// Adds a resource.
pub(crate) async fn insert_resource(tx: &mut Tx, row: &ResourceRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_resources (id, created_at, build_id, type, name, hide, icon, daily_cost) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.build_id)
    .bind(&row.kind)
    .bind(&row.name)
    .bind(row.hide)
    .bind(&row.icon)
    .bind(row.daily_cost)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Adds an agent that has not connected yet.
pub(crate) async fn insert_agent(executor: impl SqliteExecutor<'_>, row: &AgentRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_agents (id, created_at, updated_at, name, parent_id, workspace_id, build_id, \
         resource_id, auth_token, auth_instance_id, api_key_scope, architecture, operating_system, \
         environment_variables, directory, motd_file, troubleshooting_url, connection_timeout_seconds, display_apps, \
         display_order) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(row.id)
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(&row.name)
    .bind(row.parent_id)
    .bind(row.workspace_id)
    .bind(row.build_id)
    .bind(row.resource_id)
    .bind(row.auth_token)
    .bind(&row.auth_instance_id)
    .bind(&row.api_key_scope)
    .bind(&row.architecture)
    .bind(&row.operating_system)
    .bind(row.environment_variables.as_ref().map(Json))
    .bind(&row.directory)
    .bind(&row.motd_file)
    .bind(&row.troubleshooting_url)
    .bind(row.connection_timeout_seconds)
    .bind(Json(&row.display_apps))
    .bind(row.display_order)
    .execute(executor)
    .await
    .map(drop)
}

/// Retires an agent for good, as its parent does when a dev container goes away.
pub(crate) async fn delete_agent(executor: impl SqliteExecutor<'_>, id: Uuid) -> sqlx::Result<()> {
    sqlx::query("UPDATE workspace_agents SET deleted = TRUE WHERE id = $1").bind(id).execute(executor).await.map(drop)
}

/// Adds a script.
pub(crate) async fn insert_script(tx: &mut Tx, row: &ScriptRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_agent_scripts (id, workspace_agent_id, log_source_id, created_at, display_name, \
         log_path, script, cron, start_blocks_login, run_on_start, run_on_stop, timeout_seconds) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(row.id)
    .bind(row.workspace_agent_id)
    .bind(row.log_source_id)
    .bind(row.created_at)
    .bind(&row.display_name)
    .bind(&row.log_path)
    .bind(&row.script)
    .bind(&row.cron)
    .bind(row.start_blocks_login)
    .bind(row.run_on_start)
    .bind(row.run_on_stop)
    .bind(row.timeout_seconds)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Adds a value that an agent is to report.
pub(crate) async fn insert_metadata(tx: &mut Tx, row: &MetadataRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_agent_metadata (workspace_agent_id, key, display_name, script, interval, timeout, \
         value, error, collected_at, display_order) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(row.workspace_agent_id)
    .bind(&row.key)
    .bind(&row.display_name)
    .bind(&row.script)
    .bind(row.interval)
    .bind(row.timeout)
    .bind(&row.value)
    .bind(&row.error)
    .bind(row.collected_at)
    .bind(row.display_order)
    .execute(&mut **tx)
    .await
    .map(drop)
}
