//! `GET /workspacebuilds/{build}/logs`: what a build has logged.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use codersdk::ProvisionerJobLog;
use http::header;
use uuid::Uuid;

use super::builds::BuildParam;
use crate::http::error::ApiError;
use crate::http::logs_query::LogsQuery;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, Upgrade};
use crate::state::AppState;

#[derive(sqlx::FromRow)]
struct LogRow {
    id: i64,
    created_at: DateTime<Utc>,
    source: String,
    level: String,
    stage: String,
    output: String,
}

pub(super) async fn build_logs(
    State(state): State<AppState>,
    BuildParam { build, .. }: BuildParam,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    job_logs(state, build.job_id, Some(build.workspace_id), &query, upgrade).await
}

/// What a job has logged. A job that builds a workspace can be followed to its end; others are over when they are seen,
/// or are not going to say anything.
pub(crate) async fn job_logs(
    state: AppState,
    job: Uuid,
    workspace: Option<Uuid>,
    query: &QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let wanted = LogsQuery::read(query, i64::MIN, "an integer")?;
    if wanted.follow {
        let upgrade = upgrade?;
        let serving = state.clone();
        let workspace = workspace.unwrap_or_default();
        return Ok(upgrade.serve(&state, move |socket| follow(serving, socket, workspace, job, wanted.after)));
    }
    let logs = read(&state, job, wanted.after).await?;
    if !wanted.text {
        return Ok(Json(logs).into_response());
    }
    let lines: String = logs.iter().map(|log| format!("{}\n", log.text())).collect();
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response())
}

async fn read(state: &AppState, job: Uuid, after: i64) -> sqlx::Result<Vec<ProvisionerJobLog>> {
    let rows: Vec<LogRow> =
        sqlx::query_as("SELECT * FROM provisioner_job_logs WHERE job_id = $1 AND id > $2 ORDER BY id")
            .bind(job)
            .bind(after)
            .fetch_all(state.store.pool())
            .await?;
    let show = |row: LogRow| ProvisionerJobLog {
        id: row.id,
        created_at: row.created_at.fixed_offset(),
        log_source: row.source.into(),
        log_level: row.level.into(),
        stage: row.stage,
        output: row.output,
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Sends every line as it comes, until the job is over.
async fn follow(state: AppState, mut socket: Socket, workspace: Uuid, job: Uuid, mut after: i64) {
    let mut changes = state.workspaces.hub.watch_workspace(workspace);
    loop {
        let over = match state.store.job(job).await {
            Ok(job) => job.is_none_or(|job| job.completed_at.is_some()),
            Err(_) => return socket.close(1011, "").await,
        };
        let Ok(logs) = read(&state, job, after).await else { return socket.close(1011, "").await };
        for log in logs {
            after = log.id;
            if socket.send(serde_json::to_string(&log).unwrap_or_default()).await.is_err() {
                return;
            }
        }
        if over {
            return socket.close(1000, "").await;
        }
        tokio::select! {
            incoming = socket.next() => match incoming {
                Incoming::Data(_) | Incoming::Binary(_) => return socket.close(1008, "unexpected data message").await,
                Incoming::Gone => return,
                Incoming::Stopped => return socket.close(1001, "").await,
            },
            _ = changes.next() => {}
        }
    }
}
