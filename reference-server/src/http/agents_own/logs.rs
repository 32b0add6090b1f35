//! `PATCH …/me/logs`, `POST …/me/log-source`

use agentsdk::{EXTERNAL_LOG_SOURCE_ID, PostLogSourceRequest, sanitize_log_output};
use axum::Json;
use axum::extract::State;
use codersdk::{LogLevel, WorkspaceAgentLogSource};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use crate::agentapi::logs::{LogsOutcome, store_logs};
use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::workspace_agents::{LogSourceRow, insert_log_source};

/// How large a batch may be, in bytes of JSON: six for each byte that an agent may log, as for NUL, and more.
const BATCH_LIMIT: usize = 8 << 20;

/// The body.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    log_source_id: Uuid,
    logs: Vec<Line>,
}

/// A line. The server's clock counts, not the sender's.
#[derive(Debug, Deserialize)]
struct Line {
    output: String,
    level: String,
}

/// Takes log lines.
pub(super) async fn patch_logs(
    State(state): State<AppState>,
    caller: AgentCaller,
    GoJson(batch): GoJson<Batch, BATCH_LIMIT>,
) -> Result<Json<()>, ApiError> {
    if batch.logs.is_empty() {
        return Err(ApiError::bad_request("No logs provided."));
    }
    let mut lines = Vec::with_capacity(batch.logs.len());
    for line in batch.logs {
        let level = if line.level.is_empty() { LogLevel::Info } else { LogLevel::from(line.level) };
        if !level.is_known() {
            let detail = format!("invalid log level: {}", quoted(level.as_str()));
            return Err(ApiError::bad_request("Invalid log level provided.").detail(detail));
        }
        lines.push((level, sanitize_log_output(line.output.as_bytes())));
    }
    let source = if batch.log_source_id.is_nil() {
        let external = LogSourceRow {
            workspace_agent_id: caller.agent.id,
            id: EXTERNAL_LOG_SOURCE_ID,
            created_at: state.clock.now(),
            display_name: "External".to_owned(),
            icon: "/emojis/1f310.png".to_owned(),
        };
        insert_log_source(state.store.pool(), &external).await?;
        external.id
    } else {
        batch.log_source_id
    };
    match store_logs(&state, caller.agent.id, source, &lines).await? {
        LogsOutcome::Stored => Ok(Json(())),
        LogsOutcome::LimitExceeded { .. } => Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "Logs limit exceeded")),
    }
}

/// Names a source of log lines. One that is there keeps its name, though the answer repeats what was asked for.
pub(super) async fn post_log_source(
    State(state): State<AppState>,
    caller: AgentCaller,
    GoJson(request): GoJson<PostLogSourceRequest>,
) -> Result<(StatusCode, Json<WorkspaceAgentLogSource>), ApiError> {
    let row = LogSourceRow {
        workspace_agent_id: caller.agent.id,
        id: request.id,
        created_at: state.clock.now(),
        display_name: request.display_name,
        icon: request.icon,
    };
    insert_log_source(state.store.pool(), &row).await?;
    let source = WorkspaceAgentLogSource {
        workspace_agent_id: row.workspace_agent_id,
        id: row.id,
        created_at: row.created_at,
        display_name: row.display_name,
        icon: row.icon,
    };
    Ok((StatusCode::CREATED, Json(source)))
}
