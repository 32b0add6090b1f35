//! What an app of a workspace reports that it is doing: one implementation for the REST route and the RPC.

use agentsdk::APP_STATUS_MESSAGE_LIMIT;
use agentsdk::rpc::proto::agent::update_app_status_request::AppStatusState;
use agentsdk::rpc::proto::agent::{UpdateAppStatusRequest, UpdateAppStatusResponse};
use codersdk::WorkspaceAppStatusState;
use serde_json::json;
use uuid::Uuid;

use super::AgentApi;
use crate::http::error::ApiError;
use crate::notifications::{self, Notice, Notification};
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::workspace_agents::AgentInWorkspace;
use crate::store::workspace_apps::{AppStatusRow, insert_app_status};
use crate::ui_text::ui_sanitize;
use crate::workspaces::activity;

/// A report of an app.
#[derive(Debug, Clone)]
pub(crate) struct AppStatusUpdate {
    pub(crate) slug: String,
    pub(crate) state: WorkspaceAppStatusState,
    /// Untrusted: it is cleaned before it is stored.
    pub(crate) message: String,
    /// Stored as it is.
    pub(crate) uri: String,
}

/// Reads a state in any case; nothing for what is none.
pub(crate) fn parse_state(text: &str) -> Option<WorkspaceAppStatusState> {
    Some(WorkspaceAppStatusState::from(text.to_lowercase())).filter(WorkspaceAppStatusState::is_known)
}

/// Stores what an app reports, tells those who watch the workspace, notifies its owner where that is due, and keeps a
/// workspace that works from being stopped.
///
/// # Errors
/// 400 for a message that is too long or an app that the agent does not have.
pub(crate) async fn update_app_status(
    state: &AppState,
    caller: &AgentInWorkspace,
    update: AppStatusUpdate,
) -> Result<(), ApiError> {
    if update.message.len() > APP_STATUS_MESSAGE_LIMIT {
        let detail = "Message must be less than 160 characters.";
        return Err(ApiError::bad_request("Message is too long.").detail(detail).field("message", detail));
    }
    let Some(app) = state.store.app_by_slug(caller.agent.id, &update.slug).await? else {
        return Err(ApiError::bad_request("Failed to get workspace app.")
            .detail(format!("No app found with slug {}", quoted(&update.slug))));
    };
    let last = state.store.latest_app_status(app.id).await?;
    let last = last.map(|last| WorkspaceAppStatusState::from(last.state));
    let row = AppStatusRow {
        id: Uuid::new_v4(),
        created_at: state.clock.now(),
        workspace_id: caller.workspace.id,
        agent_id: caller.agent.id,
        app_id: app.id,
        state: update.state.to_string(),
        message: ui_sanitize(&update.message),
        uri: update.uri,
    };
    insert_app_status(state.store.pool(), &row).await?;
    state.workspaces.hub.workspace_changed(caller.workspace.id);
    // What follows serves the owner's comfort: the report stands without it.
    if let Err(error) = notify(state, caller, app.id, last.as_ref(), &update.state).await {
        tracing::warn!(%error, "cannot notify of a task's state");
    }
    if should_bump(&update.state, last.as_ref())
        && let Err(error) = activity::bump(state, caller.workspace.id).await
    {
        tracing::warn!(%error, "cannot move the deadline of a workspace");
    }
    Ok(())
}

/// Whether a report counts as activity: of an app that works, or has just ceased to.
fn should_bump(new: &WorkspaceAppStatusState, last: Option<&WorkspaceAppStatusState>) -> bool {
    *new == WorkspaceAppStatusState::Working || last == Some(&WorkspaceAppStatusState::Working)
}

/// Tells the owner that the app of a task has got into another state.
async fn notify(
    state: &AppState,
    caller: &AgentInWorkspace,
    app: Uuid,
    last: Option<&WorkspaceAppStatusState>,
    new: &WorkspaceAppStatusState,
) -> sqlx::Result<()> {
    let template = match new {
        WorkspaceAppStatusState::Working => Notice::TaskWorking,
        WorkspaceAppStatusState::Idle => Notice::TaskIdle,
        WorkspaceAppStatusState::Complete => Notice::TaskCompleted,
        WorkspaceAppStatusState::Failure => Notice::TaskFailed,
        _ => return Ok(()),
    };
    // That a task works when it has just been made is no news.
    let is_news = last.map_or(*new != WorkspaceAppStatusState::Working, |last| last != new);
    let Some(task_id) = caller.task_id.filter(|_| is_news) else { return Ok(()) };
    // Read anew: the caller's row is as old as its connection.
    let agent = state.store.agent(caller.agent.id).await?;
    if agent.is_none_or(|agent| agent.lifecycle_state != "ready") {
        return Ok(());
    }
    let Some(task) = state.store.task(task_id).await? else { return Ok(()) };
    let shown = state.store.task_app(task_id).await?.and_then(|shown| shown.workspace_app_id);
    if shown != Some(app) {
        return Ok(());
    }
    let workspace = &caller.workspace;
    notifications::enqueue(
        &state.store,
        state.clock.now(),
        &Notification {
            user_id: workspace.owner_id,
            template,
            labels: &[("task", task.name.as_str()), ("workspace", workspace.name.as_str())],
            data: json!({}),
            targets: vec![workspace.id, workspace.owner_id, workspace.organization_id, app],
            created_by: "api-workspace-agent-app-status",
        },
    )
    .await
}

impl AgentApi {
    /// Stores what an app reports over the RPC.
    pub(super) async fn report_app_status(
        &self,
        request: UpdateAppStatusRequest,
    ) -> Result<UpdateAppStatusResponse, agentsdk::rpc::Error> {
        let state = match AppStatusState::try_from(request.state) {
            Ok(AppStatusState::Working) => WorkspaceAppStatusState::Working,
            Ok(AppStatusState::Idle) => WorkspaceAppStatusState::Idle,
            Ok(AppStatusState::Complete) => WorkspaceAppStatusState::Complete,
            Ok(AppStatusState::Failure) => WorkspaceAppStatusState::Failure,
            // The length of the message is looked at before the state.
            Err(_) if request.message.len() > APP_STATUS_MESSAGE_LIMIT => WorkspaceAppStatusState::Working,
            Err(_) => {
                let error = ApiError::bad_request("Invalid state provided.")
                    .detail(format!("invalid state: \"{}\"", request.state))
                    .field("state", "State must be one of: complete, failure, working, idle.");
                return Err(in_words(&error));
            }
        };
        let update = AppStatusUpdate { slug: request.slug, state, message: request.message, uri: request.uri };
        update_app_status(&self.state, &self.caller, update).await.map_err(|error| in_words(&error))?;
        Ok(UpdateAppStatusResponse {})
    }
}

/// A refusal of the REST route as the RPC says it.
fn in_words(error: &ApiError) -> agentsdk::rpc::Error {
    let body = error.body();
    let mut text = format!("unexpected status code {}: {}", error.status().as_u16(), body.message);
    if let Some(detail) = &body.detail {
        text.push_str(&format!("\n\tError: {detail}"));
    }
    for fault in body.validations.iter().flatten() {
        text.push_str(&format!("\n\t{}: {}", fault.field, fault.detail));
    }
    agentsdk::rpc::Error::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn what_counts_as_activity_is_as_in_the_original() {
        let mut cases = vectors("app_status.json");
        cases.retain(|case| case.text("rule") == "bump");
        replay(&cases, |case| {
            let last = parse_state(case.text("last"));
            let new = parse_state(case.text("new")).ok_or("no state")?;
            same(&json!({ "bump": should_bump(&new, last.as_ref()) }), &case.output)
        });
    }
}
