//! Runs of scripts.

use agentsdk::rpc::proto::agent::timing::{Stage, Status};
use agentsdk::rpc::proto::agent::{WorkspaceAgentScriptCompletedRequest, WorkspaceAgentScriptCompletedResponse};
use agentsdk::rpc::{Error, Result};
use prost_types::Timestamp;

use super::{AgentApi, failed, id, time};
use crate::clock::zero_time;
use crate::store::workspace_agents::ScriptTimingRow;

impl AgentApi {
    pub(super) async fn report_script(
        &self,
        request: WorkspaceAgentScriptCompletedRequest,
    ) -> Result<WorkspaceAgentScriptCompletedResponse> {
        let timing = request.timing.ok_or_else(|| Error::new("script timing is required"))?;
        let script_id = id(&timing.script_id).map_err(|error| Error::new(format!("script id from bytes: {error}")))?;
        if !is_set(timing.start.as_ref()) {
            return Err(Error::new("script start time is required and cannot be zero"));
        }
        if !is_set(timing.end.as_ref()) {
            return Err(Error::new("script end time is required and cannot be zero"));
        }
        let (started_at, ended_at) = (time(timing.start.as_ref()), time(timing.end.as_ref()));
        if started_at > ended_at {
            return Err(Error::new("script start time cannot be after end time"));
        }
        let refused = |what: &str, value: i32| {
            Error::new(format!("insert workspace agent script timings into database: unknown {what} {value}"))
        };
        let stage = Stage::try_from(timing.stage).map_err(|_| refused("stage", timing.stage))?;
        let status = Status::try_from(timing.status).map_err(|_| refused("status", timing.status))?;
        let inserting = "insert workspace agent script timings into database";
        let scripts = self.state.store.agent_scripts(&[self.caller.agent.id]).await;
        if !scripts.map_err(|error| failed(inserting, &error))?.iter().any(|script| script.id == script_id) {
            return Err(Error::new(format!("{inserting}: the agent has no script {script_id}")));
        }
        let row = ScriptTimingRow {
            script_id,
            started_at,
            ended_at,
            exit_code: timing.exit_code,
            stage: stage.as_str_name().to_lowercase(),
            status: status.as_str_name().to_lowercase(),
        };
        self.state.store.insert_script_timing(&row).await.map_err(|error| failed(inserting, &error))?;
        Ok(WorkspaceAgentScriptCompletedResponse {})
    }
}

fn is_set(stamp: Option<&Timestamp>) -> bool {
    stamp.is_some_and(|stamp| (0..1_000_000_000).contains(&stamp.nanos) && time(Some(stamp)) != zero_time())
}
