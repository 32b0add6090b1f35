//! What agents report over their RPC connection.

use agentsdk::rpc::proto::agent::Stats;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, SqliteExecutor};
use uuid::Uuid;

use super::Tx;
use super::chat_contexts::{mark_drifted, pin_new_chats};

/// A row of `connection_logs`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ConnectionLogRow {
    pub(crate) id: Uuid,
    pub(crate) connect_time: DateTime<Utc>,
    pub(crate) organization_id: Uuid,
    pub(crate) workspace_owner_id: Uuid,
    pub(crate) workspace_id: Uuid,
    pub(crate) workspace_name: String,
    pub(crate) agent_name: String,
    /// `ssh`, `vscode`, `jetbrains` or `reconnecting_pty`.
    #[sqlx(rename = "type")]
    pub(crate) kind: String,
    pub(crate) ip: Option<String>,
    pub(crate) connection_id: Uuid,
    pub(crate) code: Option<i32>,
    pub(crate) disconnect_time: Option<DateTime<Utc>>,
    pub(crate) disconnect_reason: Option<String>,
}

/// A row of `boundary_logs`.
#[derive(Debug, Clone)]
pub(crate) struct BoundaryLogRow {
    pub(crate) sequence_number: i32,
    /// When the server got it.
    pub(crate) captured_at: DateTime<Utc>,
    /// When it happened.
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) method: String,
    pub(crate) detail: String,
    pub(crate) matched_rule: Option<String>,
}

/// A row of `workspace_agent_context_snapshots`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ContextSnapshotRow {
    pub(crate) workspace_agent_id: Uuid,
    pub(crate) version: i64,
    pub(crate) aggregate_hash: Vec<u8>,
    pub(crate) snapshot_error: String,
    pub(crate) received_at: DateTime<Utc>,
}

/// A row of `workspace_agent_context_resources`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ContextResourceRow {
    pub(crate) workspace_agent_id: Uuid,
    pub(crate) source: String,
    pub(crate) source_path: String,
    /// `instruction_file`, `skill`, `mcp_config` or `mcp_server`.
    pub(crate) body_kind: String,
    /// JSON.
    pub(crate) body: String,
    pub(crate) content_hash: Vec<u8>,
    pub(crate) size_bytes: i64,
    pub(crate) status: String,
    pub(crate) error: String,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Stores an agent's statistics in place of those before.
pub(crate) async fn put_agent_stats(
    executor: impl SqliteExecutor<'_>,
    agent: Uuid,
    stats: &Stats,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT OR REPLACE INTO workspace_agent_stats (agent_id, created_at, connections_by_proto, connection_count, \
         connection_median_latency_ms, rx_packets, rx_bytes, tx_packets, tx_bytes, session_count_vscode, \
         session_count_jetbrains, session_count_reconnecting_pty, session_count_ssh) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(agent)
    .bind(now)
    .bind(Json(&stats.connections_by_proto))
    .bind(stats.connection_count)
    // SQLite has no word for what is no number.
    .bind(if stats.connection_median_latency_ms.is_finite() { stats.connection_median_latency_ms } else { -1.0 })
    .bind(stats.rx_packets)
    .bind(stats.rx_bytes)
    .bind(stats.tx_packets)
    .bind(stats.tx_bytes)
    .bind(stats.session_count_vscode)
    .bind(stats.session_count_jetbrains)
    .bind(stats.session_count_reconnecting_pty)
    .bind(stats.session_count_ssh)
    .execute(executor)
    .await
    .map(drop)
}

/// Notes that a workspace is in use.
pub(crate) async fn set_workspace_used(
    executor: impl SqliteExecutor<'_>,
    workspace: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE workspaces SET last_used_at = $2 WHERE id = $1")
        .bind(workspace)
        .bind(now)
        .execute(executor)
        .await
        .map(drop)
}

/// Stores the begin of a connection, or adds the end of one that is there; what was stored of either stays.
pub(crate) async fn put_connection_log(executor: impl SqliteExecutor<'_>, row: &ConnectionLogRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO connection_logs (id, connect_time, organization_id, workspace_owner_id, workspace_id, \
         workspace_name, agent_name, type, ip, connection_id, code, disconnect_time, disconnect_reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (connection_id, workspace_id, agent_name) DO UPDATE SET \
         code = COALESCE(code, excluded.code), disconnect_time = COALESCE(disconnect_time, excluded.disconnect_time), \
         disconnect_reason = COALESCE(disconnect_reason, excluded.disconnect_reason)",
    )
    .bind(row.id)
    .bind(row.connect_time)
    .bind(row.organization_id)
    .bind(row.workspace_owner_id)
    .bind(row.workspace_id)
    .bind(&row.workspace_name)
    .bind(&row.agent_name)
    .bind(&row.kind)
    .bind(&row.ip)
    .bind(row.connection_id)
    .bind(row.code)
    .bind(row.disconnect_time)
    .bind(&row.disconnect_reason)
    .execute(executor)
    .await
    .map(drop)
}

/// Adds a run of Agent Boundaries; one that is there stays as it is.
pub(crate) async fn insert_boundary_session(
    tx: &mut Tx,
    id: Uuid,
    agent: Uuid,
    owner: Uuid,
    process: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO boundary_sessions (id, workspace_agent_id, owner_id, confined_process_name, started_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(agent)
    .bind(owner)
    .bind(process)
    .bind(now)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Adds a log to a run of Agent Boundaries.
pub(crate) async fn insert_boundary_log(
    tx: &mut Tx,
    session: Uuid,
    owner: Uuid,
    row: &BoundaryLogRow,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO boundary_logs (id, session_id, owner_id, sequence_number, captured_at, created_at, proto, method, \
         detail, matched_rule) VALUES ($1, $2, $3, $4, $5, $6, 'http', $7, $8, $9)",
    )
    .bind(Uuid::new_v4())
    .bind(session)
    .bind(owner)
    .bind(row.sequence_number)
    .bind(row.captured_at)
    .bind(row.created_at)
    .bind(&row.method)
    .bind(&row.detail)
    .bind(&row.matched_rule)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// The context that an agent last pushed.
pub(crate) async fn context_snapshot(
    executor: impl SqliteExecutor<'_>,
    agent: Uuid,
) -> sqlx::Result<Option<ContextSnapshotRow>> {
    sqlx::query_as("SELECT * FROM workspace_agent_context_snapshots WHERE workspace_agent_id = $1")
        .bind(agent)
        .fetch_optional(executor)
        .await
}

/// Stores the context of an agent in place of what it pushed before; gives the chats that have drifted from it.
pub(crate) async fn put_context(
    tx: &mut Tx,
    snapshot: &ContextSnapshotRow,
    resources: &[ContextResourceRow],
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query(
        "INSERT OR REPLACE INTO workspace_agent_context_snapshots (workspace_agent_id, version, aggregate_hash, \
         snapshot_error, received_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(snapshot.workspace_agent_id)
    .bind(snapshot.version)
    .bind(&snapshot.aggregate_hash)
    .bind(&snapshot.snapshot_error)
    .bind(snapshot.received_at)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM workspace_agent_context_resources WHERE workspace_agent_id = $1")
        .bind(snapshot.workspace_agent_id)
        .execute(&mut **tx)
        .await?;
    for row in resources {
        sqlx::query(
            "INSERT INTO workspace_agent_context_resources (workspace_agent_id, source, source_path, body_kind, body, \
             content_hash, size_bytes, status, error, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(row.workspace_agent_id)
        .bind(&row.source)
        .bind(&row.source_path)
        .bind(&row.body_kind)
        .bind(&row.body)
        .bind(&row.content_hash)
        .bind(row.size_bytes)
        .bind(&row.status)
        .bind(&row.error)
        .bind(row.updated_at)
        .execute(&mut **tx)
        .await?;
    }
    pin_new_chats(tx, snapshot.workspace_agent_id).await?;
    mark_drifted(tx, snapshot.workspace_agent_id, &snapshot.aggregate_hash, snapshot.received_at).await
}

/// Sets what the dashboard shows of an agent in a dev container, and with a directory, where its sessions start.
pub(crate) async fn update_sub_agent(
    executor: impl SqliteExecutor<'_>,
    id: Uuid,
    display_apps: &[String],
    directory: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE workspace_agents SET display_apps = $2, \
         directory = CASE WHEN $3 = '' THEN directory ELSE $3 END, updated_at = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(Json(display_apps))
    .bind(directory)
    .bind(now)
    .execute(executor)
    .await
    .map(drop)
}
