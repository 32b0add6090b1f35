//! `GET /workspaceagents/{agent}/logs`: what an agent has logged.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use codersdk::WorkspaceAgentLog;
use http::header;
use uuid::Uuid;

use super::AgentParam;
use crate::chatd::pubsub::Delivery;
use crate::http::error::ApiError;
use crate::http::logs_query::LogsQuery;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, Upgrade};
use crate::state::AppState;
use crate::store::workspace_agents::AgentLogRow;
use crate::workspaces::hub::AgentChange;

pub(super) async fn agent_logs(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let wanted = LogsQuery::read(&query, 0, "an integer greater than or equal to zero")?;
    let agent = found.agent.id;
    if wanted.follow {
        let upgrade = upgrade?;
        let (serving, workspace) = (state.clone(), found.workspace.id);
        return Ok(upgrade.serve(&state, move |socket| follow(serving, socket, workspace, agent, wanted.after)));
    }
    let logs = read(&state, agent, wanted.after).await?;
    if !wanted.text {
        return Ok(Json(logs).into_response());
    }
    let sources = state.store.agent_log_sources(&[agent]).await?;
    let names: HashMap<Uuid, String> = sources.into_iter().map(|source| (source.id, source.display_name)).collect();
    let name = |id: &Uuid| names.get(id).map(String::as_str).unwrap_or_default();
    let lines: String = logs.iter().map(|log| log.text(&found.agent.name, name(&log.source_id)) + "\n").collect();
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], lines).into_response())
}

async fn read(state: &AppState, agent: Uuid, after: i64) -> sqlx::Result<Vec<WorkspaceAgentLog>> {
    let rows = state.store.agent_logs(agent, after).await?;
    let show = |row: AgentLogRow| WorkspaceAgentLog {
        id: row.id,
        created_at: row.created_at.into(),
        output: row.output,
        level: row.level.into(),
        source_id: row.log_source_id,
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Sends lists of lines as they come, until another build has retired the agent.
async fn follow(state: AppState, mut socket: Socket, workspace: Uuid, agent: Uuid, mut after: i64) {
    let mut changes = state.workspaces.hub.watch_agent(agent);
    let mut builds = state.workspaces.hub.watch_workspace(workspace);
    let mut first = true;
    loop {
        // Whether the agent is retired is looked up before the lines are read: nothing comes after the last ones.
        let over = !matches!(state.store.current_agent(agent).await, Ok(Some(_)));
        let Ok(logs) = read(&state, agent, after).await else { return socket.close(1011, "").await };
        if first || !logs.is_empty() {
            first = false;
            after = logs.last().map_or(after, |log| log.id);
            if socket.send(serde_json::to_string(&logs).unwrap_or_default()).await.is_err() {
                return;
            }
        }
        if over {
            return socket.close(1000, "").await;
        }
        loop {
            tokio::select! {
                incoming = socket.next() => match incoming {
                    Incoming::Data(_) | Incoming::Binary(_) => {
                        return socket.close(1008, "unexpected data message").await;
                    }
                    Incoming::Gone => return,
                    Incoming::Stopped => return socket.close(1001, "").await,
                },
                change = changes.next() => match change {
                    None => return socket.close(1001, "").await,
                    Some(Delivery::Message(AgentChange::Metadata)) => {}
                    Some(Delivery::Message(AgentChange::Logs) | Delivery::Missed) => break,
                },
                _ = builds.next() => break,
            }
        }
    }
}
