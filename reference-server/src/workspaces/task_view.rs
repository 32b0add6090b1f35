//! Tasks as they are shown.

use codersdk::{
    Task, TaskState, TaskStateEntry, TaskStatus, Workspace, WorkspaceAppHealth, WorkspaceAppStatusState,
    WorkspaceStatus, WorkspaceTransition,
};
use uuid::Uuid;

use super::view;
use crate::state::AppState;
use crate::store::tasks::{TaskAppRow, TaskRow};

/// Shows a task; `None` once its workspace is gone.
///
/// # Errors
/// When the store fails.
pub(crate) async fn task(state: &AppState, requester: Uuid, row: &TaskRow) -> sqlx::Result<Option<Task>> {
    let store = &state.store;
    let Some(workspace_id) = row.workspace_id else { return Ok(None) };
    let Some(workspace_row) = store.workspace(workspace_id).await?.filter(|found| !found.deleted) else {
        return Ok(None);
    };
    let Some(workspace) = view::workspace(state, requester, &workspace_row).await? else { return Ok(None) };
    let app = store.task_app(row.id).await?;
    Ok(Some(compose(row, &workspace, app.as_ref())))
}

fn compose(row: &TaskRow, workspace: &Workspace, task_app: Option<&TaskAppRow>) -> Task {
    let build = &workspace.latest_build;
    let mut agents = build.resources.iter().flat_map(|resource| &resource.agents);
    let agent_id = task_app.and_then(|app| app.workspace_agent_id);
    let app_id = task_app.and_then(|app| app.workspace_app_id);
    let agent = agents.find(|agent| Some(agent.id) == agent_id);
    let app = agent.and_then(|agent| agent.apps.iter().find(|app| Some(app.id) == app_id));
    let lifecycle = agent.map(|agent| agent.lifecycle_state.clone());
    let app_health = app.map(|app| app.health.clone());
    let status = task_status(workspace, lifecycle.as_ref().map(|state| state.as_str()), app_health.as_ref());
    let lifecycle_word = lifecycle.as_ref().map(|state| state.as_str());
    // A build that waits is taken up at once, by the time that somebody reads this.
    let at = if status == TaskStatus::Pending { &TaskStatus::Initializing } else { &status };
    let current_state = current_state(workspace, at, lifecycle_word, app_health.as_ref());
    Task {
        id: row.id,
        organization_id: row.organization_id,
        owner_id: row.owner_id,
        owner_name: workspace.owner_name.clone(),
        owner_avatar_url: Some(workspace.owner_avatar_url.clone()),
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        template_id: workspace.template_id,
        template_version_id: row.template_version_id,
        template_name: workspace.template_name.clone(),
        template_display_name: workspace.template_display_name.clone(),
        template_icon: workspace.template_icon.clone(),
        workspace_id: row.workspace_id,
        workspace_name: workspace.name.clone(),
        workspace_status: Some(build.status.clone()),
        workspace_build_number: task_app.map(|app| app.workspace_build_number),
        workspace_agent_id: agent_id,
        workspace_agent_lifecycle: lifecycle,
        workspace_agent_health: agent.map(|agent| agent.health.clone()),
        workspace_app_id: app_id,
        initial_prompt: row.prompt.clone(),
        status,
        current_state,
        created_at: row.created_at,
        updated_at: workspace.updated_at,
    }
}

fn task_status(workspace: &Workspace, lifecycle: Option<&str>, health: Option<&WorkspaceAppHealth>) -> TaskStatus {
    let build = &workspace.latest_build;
    match (&build.transition, build.job.status.as_str()) {
        (_, "failed" | "canceling" | "canceled") => return TaskStatus::Error,
        (WorkspaceTransition::Stop | WorkspaceTransition::Delete, "succeeded") => return TaskStatus::Paused,
        (WorkspaceTransition::Start, "pending") => return TaskStatus::Pending,
        (WorkspaceTransition::Start, "running" | "succeeded") => {}
        _ => return TaskStatus::NotKnown,
    }
    match lifecycle {
        None | Some("created" | "starting") => return TaskStatus::Initializing,
        Some("ready" | "start_timeout" | "start_error") => {}
        Some(_) => return TaskStatus::NotKnown,
    }
    match health.map(WorkspaceAppHealth::as_str) {
        Some("initializing") => TaskStatus::Initializing,
        Some("unhealthy") => TaskStatus::Error,
        Some("healthy" | "disabled") => TaskStatus::Active,
        _ => TaskStatus::NotKnown,
    }
}

/// What the task is at: what its app said last, or what it waits for as long as it is being brought up.
fn current_state(
    workspace: &Workspace,
    status: &TaskStatus,
    lifecycle: Option<&str>,
    health: Option<&WorkspaceAppHealth>,
) -> Option<TaskStateEntry> {
    let build = &workspace.latest_build;
    // A build that was just asked for is as good as taken up.
    let asked_for = *status == TaskStatus::Pending && build.status == WorkspaceStatus::Pending;
    reported(workspace).or_else(|| {
        (asked_for || *status == TaskStatus::Initializing).then(|| TaskStateEntry {
            timestamp: build.created_at,
            state: TaskState::Working,
            message: waiting_for(workspace, lifecycle, health),
            uri: String::new(),
        })
    })
}

/// What the app said last. What it said in an earlier start is no longer true.
fn reported(workspace: &Workspace) -> Option<TaskStateEntry> {
    let build = &workspace.latest_build;
    let status = workspace.latest_app_status.as_ref()?;
    if build.transition == WorkspaceTransition::Start && status.created_at <= build.created_at {
        return None;
    }
    let state = match &status.state {
        WorkspaceAppStatusState::Failure => TaskState::Failed,
        other => TaskState::from(other.as_str()),
    };
    Some(TaskStateEntry {
        timestamp: status.created_at,
        state,
        message: status.message.clone(),
        uri: status.uri.clone(),
    })
}

fn waiting_for(workspace: &Workspace, lifecycle: Option<&str>, health: Option<&WorkspaceAppHealth>) -> String {
    let status = &workspace.latest_build.status;
    if matches!(status, WorkspaceStatus::Pending | WorkspaceStatus::Starting) {
        return format!("Workspace is {status}");
    }
    let text = match lifecycle {
        None => "Initializing workspace",
        Some("created") => "Agent is connecting",
        Some("starting") => "Agent is starting",
        Some("ready") if health.is_some_and(|health| health.as_str() == "initializing") => "App is initializing",
        Some("ready") => "Initializing workspace applications",
        Some(_) => "Initializing workspace agent",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use codersdk::WorkspaceAppStatus;
    use serde_json::json;

    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn the_state_is_that_of_the_original() {
        let built = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        replay(&vectors("task_state.json"), |case| {
            let mut workspace = Workspace::default();
            workspace.latest_build.created_at = built;
            workspace.latest_build.transition = case.text("transition").into();
            workspace.latest_build.status = case.text("workspace_status").into();
            let said = &case.input["app_status"];
            workspace.latest_app_status = said["at"].as_i64().map(|at| WorkspaceAppStatus {
                created_at: built + TimeDelta::seconds(at),
                state: said["state"].as_str().unwrap_or_default().into(),
                message: said["message"].as_str().unwrap_or_default().to_owned(),
                uri: said["uri"].as_str().unwrap_or_default().to_owned(),
                ..WorkspaceAppStatus::default()
            });
            let given = |key| Some(case.text(key)).filter(|text| !text.is_empty());
            let health = given("app_health").map(WorkspaceAppHealth::from);
            let status = TaskStatus::from(case.text("task_status"));
            let state = current_state(&workspace, &status, given("agent_lifecycle"), health.as_ref());
            let shown = state.map(|entry| {
                json!({
                    "message": entry.message,
                    "state": entry.state.as_str(),
                    "timestamp": (entry.timestamp - built).num_seconds(),
                    "uri": entry.uri,
                })
            });
            same(&json!({ "state": shown }), &case.output)
        });
    }
}
