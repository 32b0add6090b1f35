//! What an agent reports again and again, as it changes.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use codersdk::{WorkspaceAgentMetadata, WorkspaceAgentMetadataDescription, WorkspaceAgentMetadataResult};
use uuid::Uuid;

use super::AgentParam;
use crate::chatd::pubsub::Delivery;
use crate::http::error::ApiError;
use crate::http::events::{self, Events};
use crate::http::websocket::Upgrade;
use crate::state::AppState;
use crate::store::workspace_agents::MetadataRow;
use crate::workspaces::hub::AgentChange;

/// Changes are sent this often at most.
const LEAST: Duration = Duration::from_secs(1);
/// Without a change the values are sent again after this time.
const MOST: Duration = Duration::from_secs(5);

pub(super) async fn watch_events(State(state): State<AppState>, AgentParam { found, .. }: AgentParam) -> Response {
    let serving = state.clone();
    events::sse(&state, move |events| follow(serving, found.agent.id, events))
}

pub(super) async fn watch_socket(
    State(state): State<AppState>,
    AgentParam { found, .. }: AgentParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade?;
    let serving = state.clone();
    Ok(events::socket(&state, upgrade, move |events| follow(serving, found.agent.id, events)))
}

async fn follow(state: AppState, agent: Uuid, events: Events) {
    let mut changes = state.workspaces.hub.watch_agent(agent);
    loop {
        let Ok(rows) = state.store.agent_metadata(agent).await else { return };
        let now = state.clock.now();
        let items: Vec<_> = rows.into_iter().map(|row| show(row, now)).collect();
        if !events.data(items).await {
            return;
        }
        let changed = async {
            loop {
                match changes.next().await {
                    Some(Delivery::Message(AgentChange::Logs)) => {}
                    Some(_) => return true,
                    None => return false,
                }
            }
        };
        tokio::select! {
            () = events.closed() => return,
            () = state.clock.sleep(MOST) => {}
            open = changed => {
                if !open {
                    return;
                }
                state.clock.sleep(LEAST).await;
            }
        }
    }
}

fn show(row: MetadataRow, now: DateTime<Utc>) -> WorkspaceAgentMetadata {
    WorkspaceAgentMetadata {
        result: WorkspaceAgentMetadataResult {
            collected_at: row.collected_at,
            age: (now - row.collected_at).num_seconds(),
            value: row.value,
            error: row.error,
        },
        description: WorkspaceAgentMetadataDescription {
            display_name: row.display_name,
            key: row.key,
            script: row.script,
            interval: row.interval,
            timeout: row.timeout,
        },
    }
}
