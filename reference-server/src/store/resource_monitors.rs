//! What agents watch of their machines.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, Tx};

/// A row of `workspace_agent_resource_monitors`.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct MonitorRow {
    pub(crate) agent_id: Uuid,
    /// Where the volume is; empty for memory.
    pub(crate) path: String,
    pub(crate) enabled: bool,
    /// From how much on it is too much, in percent.
    pub(crate) threshold: i32,
    /// Whether it was too much when the agent last told.
    pub(crate) alarmed: bool,
    /// Until when the owner is not told again.
    pub(crate) quiet_until: DateTime<Utc>,
}

impl Store {
    /// What an agent watches, memory first.
    pub(crate) async fn resource_monitors(&self, agent: Uuid) -> sqlx::Result<Vec<MonitorRow>> {
        sqlx::query_as("SELECT * FROM workspace_agent_resource_monitors WHERE agent_id = $1 ORDER BY path")
            .bind(agent)
            .fetch_all(self.pool())
            .await
    }

    /// Keeps what an agent's report has come to.
    pub(crate) async fn set_resource_monitor(&self, row: &MonitorRow) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE workspace_agent_resource_monitors SET alarmed = $3, quiet_until = $4 \
             WHERE agent_id = $1 AND path = $2",
        )
        .bind(row.agent_id)
        .bind(&row.path)
        .bind(row.alarmed)
        .bind(row.quiet_until)
        .execute(self.pool())
        .await
        .map(drop)
    }
}

/// Adds something to watch.
pub(crate) async fn insert_resource_monitor(tx: &mut Tx, row: &MonitorRow) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO workspace_agent_resource_monitors (agent_id, path, enabled, threshold, alarmed, quiet_until) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(row.agent_id)
    .bind(&row.path)
    .bind(row.enabled)
    .bind(row.threshold)
    .bind(row.alarmed)
    .bind(row.quiet_until)
    .execute(&mut **tx)
    .await
    .map(drop)
}
