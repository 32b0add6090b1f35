//! Log lines of agents: one way in for the REST route and the RPC.

use codersdk::LogLevel;
use uuid::Uuid;

use crate::state::AppState;
use crate::store::workspace_agents::{MAX_LOGS_LENGTH, insert_agent_logs, set_agent_logs_overflowed};
use crate::workspaces::hub::AgentChange;

/// What became of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogsOutcome {
    /// They are stored.
    Stored,
    /// They do not fit any more, and none is stored.
    LimitExceeded {
        /// Whether lines were refused before.
        known: bool,
    },
}

/// Stores lines of an agent, cleaned already, unless that would be more than an agent may log. The length that counts is
/// that of what is stored.
///
/// # Errors
/// When the store fails.
pub(crate) async fn store_logs(
    state: &AppState,
    agent: Uuid,
    source: Uuid,
    lines: &[(LogLevel, String)],
) -> sqlx::Result<LogsOutcome> {
    let added: usize = lines.iter().map(|(_, output)| output.len()).sum();
    let added = i64::try_from(added).unwrap_or(i64::MAX);
    let mut tx = state.store.begin().await?;
    let Some(row) = crate::store::workspace_agents::agent(&mut *tx, agent).await? else {
        return Err(sqlx::Error::RowNotFound);
    };
    if i64::from(row.logs_length).saturating_add(added) > MAX_LOGS_LENGTH {
        if !row.logs_overflowed {
            set_agent_logs_overflowed(&mut *tx, agent).await?;
        }
        tx.commit().await?;
        if !row.logs_overflowed {
            state.workspaces.hub.workspace_changed(row.workspace_id);
        }
        return Ok(LogsOutcome::LimitExceeded { known: row.logs_overflowed });
    }
    let lines: Vec<_> = lines.iter().map(|(level, output)| (level.to_string(), output.clone())).collect();
    insert_agent_logs(&mut tx, agent, source, &lines, state.clock.now()).await?;
    tx.commit().await?;
    state.workspaces.hub.agent_changed(agent, AgentChange::Logs);
    if row.logs_length == 0 {
        // That there are logs at all is shown with the workspace.
        state.workspaces.hub.workspace_changed(row.workspace_id);
    }
    Ok(LogsOutcome::Stored)
}
