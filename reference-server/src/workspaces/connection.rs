//! How an agent is connected: told from the times that its connection moves.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::state::AppState;
use crate::store::workspace_agents::AgentRow;

/// How often a live connection says so.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);
/// After how long without a heartbeat an agent counts as disconnected.
const INACTIVE: TimeDelta = TimeDelta::seconds(30);

/// How an agent is connected at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConnectionStatus {
    /// `connecting`, `connected`, `disconnected` or `timeout`.
    pub(crate) status: &'static str,
    pub(crate) disconnected_at: Option<DateTime<Utc>>,
}

/// How the agent is connected now.
pub(crate) fn connection_status(agent: &AgentRow, now: DateTime<Utc>) -> ConnectionStatus {
    let is = |status| ConnectionStatus { status, disconnected_at: agent.disconnected_at };
    if agent.first_connected_at.is_none() {
        let patience = TimeDelta::seconds(i64::from(agent.connection_timeout_seconds));
        let gave_up = patience > TimeDelta::zero() && now - agent.created_at > patience;
        return is(if gave_up { "timeout" } else { "connecting" });
    }
    let Some(last) = agent.last_connected_at else { return is("disconnected") };
    if agent.disconnected_at.is_some_and(|at| at >= last) {
        return is("disconnected");
    }
    if now - last > INACTIVE {
        return ConnectionStatus { status: "disconnected", disconnected_at: Some(last) };
    }
    is("connected")
}

/// Notes that an agent has connected.
///
/// # Errors
/// When the store fails.
pub(crate) async fn note_connected(state: &AppState, agent: Uuid) -> sqlx::Result<()> {
    note(state, agent, |row, now| {
        row.first_connected_at = row.first_connected_at.or(Some(now));
        row.last_connected_at = Some(now);
        row.disconnected_at = None;
    })
    .await
}

/// Notes that an agent's connection still lives; due every [`HEARTBEAT`].
///
/// # Errors
/// When the store fails.
pub(crate) async fn note_heartbeat(state: &AppState, agent: Uuid) -> sqlx::Result<()> {
    let now = state.clock.now();
    sqlx::query(
        "UPDATE workspace_agents SET last_connected_at = $2, updated_at = $2 WHERE id = $1 AND disconnected_at IS NULL",
    )
    .bind(agent)
    .bind(now)
    .execute(state.store.pool())
    .await
    .map(drop)
}

/// Notes that an agent's connection has ended.
///
/// # Errors
/// When the store fails.
pub(crate) async fn note_disconnected(state: &AppState, agent: Uuid) -> sqlx::Result<()> {
    note(state, agent, |row, now| row.disconnected_at = Some(now)).await
}

async fn note(state: &AppState, agent: Uuid, change: impl FnOnce(&mut AgentRow, DateTime<Utc>)) -> sqlx::Result<()> {
    let Some(mut row) = state.store.agent(agent).await? else { return Ok(()) };
    let now = state.clock.now();
    change(&mut row, now);
    state
        .store
        .set_agent_connection(agent, row.first_connected_at, row.last_connected_at, row.disconnected_at, now)
        .await?;
    state.workspaces.hub.workspace_changed(row.workspace_id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn the_status_follows_from_the_times_as_in_the_original() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut cases = vectors("agent_status.json");
        cases.retain(|case| case.input["inactive_timeout"] == INACTIVE.num_seconds());
        replay(&cases, |case| {
            let at = |key: &str| case.input[key].as_i64().map(|seconds| now + TimeDelta::seconds(seconds));
            let patience = case.input["connection_timeout"].as_i64().and_then(|seconds| i32::try_from(seconds).ok());
            let agent = AgentRow {
                created_at: at("created").ok_or("no time")?,
                first_connected_at: at("first_connected"),
                last_connected_at: at("last_connected"),
                disconnected_at: at("disconnected"),
                connection_timeout_seconds: patience.ok_or("no patience")?,
                ..AgentRow::default()
            };
            let shown = connection_status(&agent, now);
            let disconnected = shown.disconnected_at.map(|at| (at - now).num_seconds());
            same(&json!({ "status": shown.status, "disconnected_at": disconnected }), &case.output)
        });
    }
}
