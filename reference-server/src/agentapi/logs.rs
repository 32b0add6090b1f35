//! Log lines of agents: one way in for the REST route and the RPC.

use agentsdk::rpc::Error;
use agentsdk::rpc::proto::agent::log::Level;
use agentsdk::rpc::proto::agent::{BatchCreateLogsRequest, BatchCreateLogsResponse, Log};
use agentsdk::{EXTERNAL_LOG_SOURCE_ID, sanitize_log_output};
use codersdk::LogLevel;
use uuid::Uuid;

use super::{AgentApi, failed, id};
use crate::state::AppState;
use crate::store::workspace_agents::{
    LogSourceRow, MAX_LOGS_LENGTH, insert_agent_logs, insert_log_source, set_agent_logs_overflowed,
};
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

impl AgentApi {
    /// Stores lines that came over the RPC. Once an agent's lines were refused, all are.
    pub(super) async fn append_logs(&self, request: BatchCreateLogsRequest) -> Result<BatchCreateLogsResponse, Error> {
        let agent = self.agent().await?;
        if agent.logs_overflowed {
            return Ok(BatchCreateLogsResponse { log_limit_exceeded: true });
        }
        if request.logs.is_empty() {
            return Ok(BatchCreateLogsResponse::default());
        }
        let mut source =
            id(&request.log_source_id).map_err(|error| Error::new(format!("parse log source ID: {error}")))?;
        if source.is_nil() {
            let external = LogSourceRow {
                workspace_agent_id: agent.id,
                id: EXTERNAL_LOG_SOURCE_ID,
                created_at: self.state.clock.now(),
                display_name: "External".to_owned(),
                icon: "/emojis/1f310.png".to_owned(),
            };
            let inserted = insert_log_source(self.state.store.pool(), &external).await;
            inserted.map_err(|error| failed("insert external workspace agent log source", &error))?;
            source = external.id;
        }
        let line = |log: Log| {
            let level = match log.level() {
                Level::Trace => LogLevel::Trace,
                Level::Debug => LogLevel::Debug,
                // Old agents give none.
                Level::Unspecified | Level::Info => LogLevel::Info,
                Level::Warn => LogLevel::Warn,
                Level::Error => LogLevel::Error,
            };
            (level, sanitize_log_output(log.output.as_bytes()))
        };
        let lines: Vec<_> = request.logs.into_iter().map(line).collect();
        let outcome = store_logs(&self.state, agent.id, source, &lines).await;
        let outcome = outcome.map_err(|error| failed("insert workspace agent logs", &error))?;
        Ok(BatchCreateLogsResponse { log_limit_exceeded: outcome != LogsOutcome::Stored })
    }
}
