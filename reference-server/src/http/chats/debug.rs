//! `{chat}/debug/*`: what was recorded of a chat's turns.

use axum::Json;
use axum::extract::{Path, State};
use codersdk::{ChatDebugRun, ChatDebugRunSummary, ChatDebugStep};

use super::param::ChatParam;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::state::AppState;
use crate::store::chat_debug::{DebugRunRow, DebugStepRow};

/// How many runs are listed.
const MAX_RUNS: i64 = 100;

pub(super) async fn get_chat_debug_runs(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
) -> Result<Json<Vec<ChatDebugRunSummary>>, ApiError> {
    let rows = state.store.debug_runs(chat.id, MAX_RUNS).await?;
    let summaries = rows.into_iter().map(|row| ChatDebugRunSummary {
        id: row.id,
        chat_id: row.chat_id,
        kind: row.kind.into(),
        status: row.status.into(),
        provider: row.provider,
        model: row.model,
        summary: row.summary.0.into(),
        started_at: row.started_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
    });
    Ok(Json(summaries.collect()))
}

pub(super) async fn get_chat_debug_run(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
    Path((_, run)): Path<(String, String)>,
) -> Result<Json<ChatDebugRun>, ApiError> {
    let id = parse_uuid(&run).map_err(|detail| ApiError::bad_request("Invalid debug run ID.").detail(detail))?;
    let run = state.store.debug_run(id).await?.filter(|run| run.chat_id == chat.id);
    let run = run.ok_or_else(ApiError::not_found)?;
    let steps = state.store.debug_steps(run.id).await?;
    Ok(Json(detail(run, steps)))
}

fn detail(run: DebugRunRow, steps: Vec<DebugStepRow>) -> ChatDebugRun {
    ChatDebugRun {
        id: run.id,
        chat_id: run.chat_id,
        root_chat_id: run.root_chat_id,
        parent_chat_id: run.parent_chat_id,
        model_config_id: run.model_config_id,
        trigger_message_id: run.trigger_message_id,
        history_tip_message_id: run.history_tip_message_id,
        kind: run.kind.into(),
        status: run.status.into(),
        provider: run.provider,
        model: run.model,
        summary: run.summary.0.into(),
        started_at: run.started_at,
        updated_at: run.updated_at,
        finished_at: run.finished_at,
        steps: steps.into_iter().map(step).collect(),
    }
}

fn step(row: DebugStepRow) -> ChatDebugStep {
    ChatDebugStep {
        id: row.id,
        run_id: row.run_id,
        chat_id: row.chat_id,
        step_number: row.step_number,
        operation: row.operation.into(),
        status: row.status.into(),
        history_tip_message_id: row.history_tip_message_id,
        assistant_message_id: row.assistant_message_id,
        normalized_request: row.normalized_request.0.into(),
        normalized_response: row.normalized_response.map(|fields| fields.0).unwrap_or_default(),
        usage: row.usage.map(|fields| fields.0).unwrap_or_default(),
        attempts: row.attempts.0.into(),
        error: row.error.map(|fields| fields.0).unwrap_or_default(),
        metadata: row.metadata.0.into(),
        started_at: row.started_at,
        updated_at: row.updated_at,
        finished_at: row.finished_at,
    }
}
