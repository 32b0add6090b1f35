//! Logs of Agent Boundaries.

use agentsdk::rpc::proto::agent::boundary_log::Resource;
use agentsdk::rpc::proto::agent::{ReportBoundaryLogsRequest, ReportBoundaryLogsResponse};
use agentsdk::rpc::{Error, Result};
use chrono::SecondsFormat;
use uuid::Uuid;

use super::{AgentApi, time};
use crate::store::agent_reports::{BoundaryLogRow, insert_boundary_log, insert_boundary_session};

/// How many logs a report may hold.
const MAX_LOGS: usize = 1000;

impl AgentApi {
    /// Writes a line for each log, and stores those of a session. That storing fails is no fault of the agent's, which
    /// would only report again what is in the server's log already.
    pub(super) async fn store_boundary_logs(
        &self,
        request: ReportBoundaryLogsRequest,
    ) -> Result<ReportBoundaryLogsResponse> {
        if request.logs.len() > MAX_LOGS {
            return Err(Error::new(format!("batch size {} exceeds maximum of {MAX_LOGS}", request.logs.len())));
        }
        let now = self.state.clock.now();
        let session = match request.session_id.as_str() {
            "" => None,
            text => match text.parse::<Uuid>() {
                Ok(id) => Some(id),
                Err(error) => {
                    tracing::warn!(raw_session_id = text, %error, "boundary logs of no valid session are not stored");
                    None
                }
            },
        };
        let mut rows = Vec::with_capacity(request.logs.len());
        for log in request.logs {
            let Some(Resource::HttpRequest(http)) = log.resource else {
                tracing::warn!(workspace_id = %self.caller.workspace.id, "unknown resource type");
                continue;
            };
            let at = log.time.as_ref().map_or(now, |at| time(Some(at)));
            let matched_rule = log.allowed.then_some(http.matched_rule);
            tracing::info!(
                owner = self.owner,
                workspace_name = self.caller.workspace.name,
                agent_name = self.caller.agent.name,
                decision = if log.allowed { "allow" } else { "deny" },
                session_id = request.session_id,
                sequence_number = log.sequence_number,
                workspace_id = %self.caller.workspace.id,
                template_id = %self.caller.workspace.template_id,
                template_version_id = %self.caller.build.template_version_id,
                http_method = http.method,
                http_url = http.url,
                event_time = at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
                matched_rule,
                "boundary_request"
            );
            rows.push(BoundaryLogRow {
                sequence_number: log.sequence_number,
                captured_at: now,
                created_at: at,
                method: http.method,
                detail: http.url,
                matched_rule: matched_rule.filter(|rule| !rule.is_empty()),
            });
        }
        if let Some(session) = session
            && !rows.is_empty()
            && let Err(error) = self.insert_boundary_logs(session, &request.confined_process_name, &rows).await
        {
            tracing::error!(session_id = %session, %error, "cannot store boundary logs");
        }
        Ok(ReportBoundaryLogsResponse {})
    }

    async fn insert_boundary_logs(&self, session: Uuid, process: &str, rows: &[BoundaryLogRow]) -> sqlx::Result<()> {
        let owner = self.caller.workspace.owner_id;
        let mut tx = self.state.store.begin().await?;
        let now = self.state.clock.now();
        insert_boundary_session(&mut tx, session, self.caller.agent.id, owner, process, now).await?;
        for row in rows {
            insert_boundary_log(&mut tx, session, owner, row).await?;
        }
        tx.commit().await
    }
}
