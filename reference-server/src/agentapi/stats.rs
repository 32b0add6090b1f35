//! Statistics that agents report.

use agentsdk::rpc::Result;
use agentsdk::rpc::proto::agent::{UpdateStatsRequest, UpdateStatsResponse};

use super::{AgentApi, failed, seconds};
use crate::store::agent_reports::{put_agent_stats, set_workspace_used};
use crate::workspaces::activity;

/// How often agents report, in seconds.
const INTERVAL: i64 = 30;

impl AgentApi {
    pub(super) async fn report_stats(&self, request: UpdateStatsRequest) -> Result<UpdateStatsResponse> {
        let answer = UpdateStatsResponse { report_interval: Some(seconds(INTERVAL)) };
        let Some(stats) = request.stats else { return Ok(answer) };
        let now = self.state.clock.now();
        let reporting = |error: sqlx::Error| failed("report agent stats", &error);
        let workspace = self.caller.workspace.id;
        put_agent_stats(self.state.store.pool(), self.caller.agent.id, &stats, now).await.map_err(reporting)?;
        // Somebody who is connected keeps the workspace from being stopped.
        if stats.connection_count > 0 {
            activity::bump(&self.state, workspace).await.map_err(reporting)?;
            set_workspace_used(self.state.store.pool(), workspace, now).await.map_err(reporting)?;
            self.state.workspaces.hub.workspace_changed(workspace);
        }
        Ok(answer)
    }
}
