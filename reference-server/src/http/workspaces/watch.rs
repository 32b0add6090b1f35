//! Following one workspace as it changes.

use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::{WorkspaceParam, readable, show};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::events::{self, Events};
use crate::http::websocket::Upgrade;
use crate::state::AppState;

pub(super) async fn watch_events(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(workspace): WorkspaceParam,
) -> Response {
    let serving = state.clone();
    events::sse(&state, move |events| follow(serving, caller, workspace.id, events))
}

pub(super) async fn watch_socket(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(workspace): WorkspaceParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade?;
    let serving = state.clone();
    Ok(events::socket(&state, upgrade, move |events| follow(serving, caller, workspace.id, events)))
}

/// Sends the workspace now and whenever it changes, for as long as the caller may read it.
async fn follow(state: AppState, caller: Caller, id: Uuid, events: Events) {
    let mut changes = state.workspaces.hub.watch_workspace(id);
    if !events.ping().await {
        return;
    }
    loop {
        let Ok(row) = readable(&state, &caller, id).await else { return };
        let Ok(workspace) = show(&state, &caller, &row).await else { return };
        if !events.data(workspace).await {
            return;
        }
        tokio::select! {
            () = events.closed() => return,
            change = changes.next() => if change.is_none() { return },
        }
    }
}
