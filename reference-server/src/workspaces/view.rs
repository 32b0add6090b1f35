//! Workspaces, builds and agents as they are shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use codersdk::{
    BuildReason, Healthcheck, MatchedProvisioners, Nullable, ProvisionerJob, ProvisionerJobInput, Workspace,
    WorkspaceAgent, WorkspaceAgentHealth, WorkspaceAgentLogSource, WorkspaceAgentScript,
    WorkspaceAgentStartupScriptBehavior, WorkspaceApp, WorkspaceAppStatus, WorkspaceBuild, WorkspaceHealth,
    WorkspaceResource, WorkspaceStatus,
};
use uuid::Uuid;

use super::connection::connection_status;
use crate::state::AppState;
use crate::store::templates::{JobRow, TemplateRow};
use crate::store::users::UserRow;
use crate::store::workspace_agents::{AgentRow, LogSourceRow, ResourceRow, ScriptRow};
use crate::store::workspace_apps::{AppRow, AppStatusRow};
use crate::store::workspaces::{BuildRow, WorkspaceRow};

/// Shows a workspace with its last build, as `requester` sees it; `None` if it lacks an owner, a template or a build.
pub(crate) async fn workspace(
    state: &AppState,
    requester: Uuid,
    row: &WorkspaceRow,
) -> sqlx::Result<Option<Workspace>> {
    let store = &state.store;
    let (Some(template), Some(latest)) =
        (store.template_or_deleted(row.template_id).await?, store.latest_build(row.id).await?)
    else {
        return Ok(None);
    };
    let Some(build) = build(state, row, &latest).await? else { return Ok(None) };
    let organization = store.organization(row.organization_id).await?.map_or_else(String::new, |found| found.name);
    let status = store.latest_workspace_status(row.id).await?;
    let task = store.task_of_workspace(row.id).await?;
    Ok(Some(compose(requester, row, &template, organization, build, status, task.map(|task| task.id))))
}

fn compose(
    requester: Uuid,
    row: &WorkspaceRow,
    template: &TemplateRow,
    organization_name: String,
    build: WorkspaceBuild,
    status: Option<AppStatusRow>,
    task_id: Option<Uuid>,
) -> Workspace {
    let agents = build.resources.iter().flat_map(|resource| &resource.agents);
    let failing: Vec<Uuid> =
        agents.filter(|agent| agent.parent_id.is_none() && !agent.health.healthy).map(|agent| agent.id).collect();
    let ttl_ms = if template.allow_user_autostop { row.ttl_ms } else { Some(template.default_ttl_ms) };
    Workspace {
        id: row.id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        owner_id: row.owner_id,
        owner_name: build.workspace_owner_name.clone(),
        owner_avatar_url: build.workspace_owner_avatar_url.clone().unwrap_or_default(),
        organization_id: row.organization_id,
        organization_name,
        template_id: template.id,
        template_name: template.name.clone(),
        template_display_name: template.display_name.clone(),
        template_icon: template.icon.clone(),
        template_allow_user_cancel_workspace_jobs: template.allow_user_cancel_workspace_jobs,
        template_active_version_id: template.active_version_id,
        template_require_active_version: template.require_active_version,
        template_use_classic_parameter_flow: template.use_classic_parameter_flow,
        outdated: build.template_version_id != template.active_version_id,
        latest_build: build,
        latest_app_status: status.map(app_status),
        name: row.name.clone(),
        autostart_schedule: row.autostart_schedule.clone(),
        ttl_ms: ttl_ms.filter(|ttl| *ttl > 0),
        last_used_at: row.last_used_at,
        deleting_at: row.deleting_at,
        dormant_at: row.dormant_at,
        health: WorkspaceHealth { healthy: failing.is_empty(), failing_agents: Nullable::from(failing) },
        automatic_updates: row.automatic_updates.as_str().into(),
        allow_renames: false,
        favorite: row.favorite && row.owner_id == requester,
        next_start_at: None,
        is_prebuild: row.is_prebuild(),
        task_id,
        shared_with: Vec::new(),
    }
}

/// Shows a build with what it made; `None` if it lacks an owner, a version or a job. Agents are shown of the last build
/// only: those of earlier ones are retired.
pub(crate) async fn build(
    state: &AppState,
    workspace: &WorkspaceRow,
    row: &BuildRow,
) -> sqlx::Result<Option<WorkspaceBuild>> {
    let store = &state.store;
    let users = store.users_by_ids(&[workspace.owner_id, row.initiator_id]).await?;
    let user = |id: Uuid| users.iter().find(|user| user.id == id);
    let (Some(owner), Some(version), Some(job)) = (
        user(workspace.owner_id),
        store.template_version(row.template_version_id).await?,
        store.job(row.job_id).await?,
    ) else {
        return Ok(None);
    };
    let resources = resources(state, workspace, row).await?;
    Ok(Some(WorkspaceBuild {
        id: row.id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        workspace_id: row.workspace_id,
        workspace_name: workspace.name.clone(),
        workspace_owner_id: workspace.owner_id,
        workspace_owner_name: owner.username.clone(),
        workspace_owner_avatar_url: Some(owner.avatar_url.clone()),
        template_version_id: row.template_version_id,
        template_version_name: version.name,
        build_number: row.build_number,
        transition: row.transition.as_str().into(),
        initiator_id: row.initiator_id,
        initiator_name: user(row.initiator_id).map_or_else(String::new, |user: &UserRow| user.username.clone()),
        status: workspace_status(&job, &row.transition),
        job: build_job(&job, row),
        reason: BuildReason::from(row.reason.as_str()),
        resources: Nullable::from(resources),
        deadline: row.deadline,
        max_deadline: row.max_deadline,
        daily_cost: row.daily_cost,
        matched_provisioners: Some(matched_provisioners(row.created_at)),
        template_version_preset_id: row.template_version_preset_id,
        has_ai_task: Some(row.has_ai_task),
        has_external_agent: Some(row.has_external_agent),
    }))
}

/// The one provisioner is part of the server, and was there when the build was asked for.
fn matched_provisioners(asked: DateTime<Utc>) -> MatchedProvisioners {
    MatchedProvisioners { count: 1, available: 1, most_recently_seen: Some(asked) }
}

/// Shows a job by itself, without its metadata.
pub(crate) fn job(row: &JobRow, input: ProvisionerJobInput) -> ProvisionerJob {
    ProvisionerJob {
        id: row.id,
        created_at: row.created_at,
        started_at: row.started_at,
        completed_at: row.completed_at,
        canceled_at: row.canceled_at,
        error: Some(row.error.clone()),
        error_code: Some(row.error_code.as_str().into()),
        status: row.status().into(),
        worker_id: row.worker_id,
        file_id: row.file_id,
        tags: Nullable::from(row.tags.0.clone()),
        organization_id: row.organization_id,
        initiator_id: row.initiator_id,
        input,
        kind: row.kind.as_str().into(),
        logs_overflowed: row.logs_overflowed,
        ..ProvisionerJob::default()
    }
}

fn build_job(row: &JobRow, build: &BuildRow) -> ProvisionerJob {
    job(row, ProvisionerJobInput { workspace_build_id: Some(build.id), ..ProvisionerJobInput::default() })
}

/// Where a workspace stands by its last build.
pub(crate) fn workspace_status(job: &JobRow, transition: &str) -> WorkspaceStatus {
    status_after(job.status(), transition)
}

fn status_after(job_status: &str, transition: &str) -> WorkspaceStatus {
    match (job_status, transition) {
        ("running", "start") => WorkspaceStatus::Starting,
        ("running", "stop") => WorkspaceStatus::Stopping,
        ("running", "delete") => WorkspaceStatus::Deleting,
        ("succeeded", "start") => WorkspaceStatus::Running,
        ("succeeded", "stop") => WorkspaceStatus::Stopped,
        ("succeeded", "delete") => WorkspaceStatus::Deleted,
        ("pending", _) => WorkspaceStatus::Pending,
        ("canceling", _) => WorkspaceStatus::Canceling,
        ("canceled", _) => WorkspaceStatus::Canceled,
        _ => WorkspaceStatus::Failed,
    }
}

/// Shows what a build made.
pub(crate) async fn resources(
    state: &AppState,
    workspace: &WorkspaceRow,
    build: &BuildRow,
) -> sqlx::Result<Vec<WorkspaceResource>> {
    let rows = state.store.resources_of_build(build.id).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let latest = state.store.latest_build(workspace.id).await?;
    let retired = workspace.deleted || latest.is_some_and(|latest| latest.id != build.id);
    let agents = if retired { Vec::new() } else { state.store.agents_of_build(build.id).await? };
    let shown = self::agents(state, agents).await?;
    Ok(rows.into_iter().map(|row| resource(row, build, &shown)).collect())
}

fn resource(row: ResourceRow, build: &BuildRow, agents: &[WorkspaceAgent]) -> WorkspaceResource {
    WorkspaceResource {
        agents: agents.iter().filter(|agent| agent.resource_id == row.id).cloned().collect(),
        id: row.id,
        created_at: row.created_at,
        job_id: build.job_id,
        workspace_transition: build.transition.as_str().into(),
        kind: row.kind,
        name: row.name,
        hide: row.hide,
        icon: row.icon,
        metadata: Vec::new(),
        daily_cost: row.daily_cost,
    }
}

/// Shows agents with their apps, scripts and sources of logs.
pub(crate) async fn agents(state: &AppState, rows: Vec<AgentRow>) -> sqlx::Result<Vec<WorkspaceAgent>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let store = &state.store;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let apps = store.apps(&ids).await?;
    let statuses = store.app_statuses(&apps.iter().map(|app| app.id).collect::<Vec<_>>()).await?;
    let scripts = store.agent_scripts(&ids).await?;
    let sources = store.agent_log_sources(&ids).await?;
    let now = state.clock.now();
    let show = |row: AgentRow| {
        let id = row.id;
        let mut agent = agent(row, now);
        let mut own: Vec<&AppRow> = apps.iter().filter(|app| app.agent_id == id).collect();
        own.sort_by_key(|app| (app.display_order, &app.display_name, &app.slug));
        agent.apps = Nullable::from(own.into_iter().map(|row| app(row, &statuses)).collect::<Vec<_>>());
        let own = sources.iter().filter(|source| source.workspace_agent_id == id);
        agent.log_sources = Nullable::from(own.map(log_source).collect::<Vec<_>>());
        let own: Vec<_> = scripts.iter().filter(|script| script.workspace_agent_id == id).map(script).collect();
        agent.startup_script_behavior = if own.iter().any(|script| script.run_on_start && script.start_blocks_login) {
            WorkspaceAgentStartupScriptBehavior::Blocking
        } else {
            WorkspaceAgentStartupScriptBehavior::NonBlocking
        };
        agent.scripts = Nullable::from(own);
        agent
    };
    Ok(rows.into_iter().map(show).collect())
}

/// Shows one agent, as [`agents`] does.
pub(crate) async fn one_agent(state: &AppState, row: AgentRow) -> sqlx::Result<WorkspaceAgent> {
    Ok(agents(state, vec![row]).await?.pop().unwrap_or_default())
}

fn agent(row: AgentRow, now: DateTime<Utc>) -> WorkspaceAgent {
    let connection = connection_status(&row, now);
    WorkspaceAgent {
        id: row.id,
        parent_id: row.parent_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        first_connected_at: row.first_connected_at,
        last_connected_at: row.last_connected_at,
        disconnected_at: connection.disconnected_at,
        started_at: row.started_at,
        ready_at: row.ready_at,
        status: connection.status.into(),
        health: agent_health(connection.status, &row.lifecycle_state),
        lifecycle_state: row.lifecycle_state.into(),
        name: row.name,
        resource_id: row.resource_id,
        instance_id: row.auth_instance_id,
        architecture: row.architecture,
        environment_variables: row.environment_variables.map(Nullable::from).unwrap_or_default(),
        operating_system: row.operating_system,
        logs_length: row.logs_length,
        logs_overflowed: row.logs_overflowed,
        directory: Some(row.directory),
        expanded_directory: Some(row.expanded_directory),
        version: row.version,
        api_version: row.api_version,
        apps: Nullable::default(),
        latency: BTreeMap::new(),
        connection_timeout_seconds: row.connection_timeout_seconds,
        troubleshooting_url: row.troubleshooting_url,
        subsystems: Nullable::from(row.subsystems.iter().map(|name| name.as_str().into()).collect::<Vec<_>>()),
        display_apps: Nullable::from(row.display_apps.iter().map(|name| name.as_str().into()).collect::<Vec<_>>()),
        log_sources: Nullable::default(),
        scripts: Nullable::default(),
        startup_script_behavior: WorkspaceAgentStartupScriptBehavior::NonBlocking,
    }
}

/// Whether an agent is well, by how it is connected and where it is in its life.
pub(crate) fn agent_health(status: &str, lifecycle: &str) -> WorkspaceAgentHealth {
    let reason = match (status, lifecycle) {
        (status, "off") if status != "connected" => "agent is not running",
        ("connecting", _) => "agent has not yet connected",
        ("timeout", _) => "agent is taking too long to connect",
        ("disconnected", _) => "agent has lost connection",
        (_, "start_error") => "agent startup script exited with an error",
        (_, "shutting_down" | "shutdown_timeout" | "shutdown_error" | "off") => "agent is shutting down",
        _ => return WorkspaceAgentHealth { healthy: true, reason: None },
    };
    WorkspaceAgentHealth { healthy: false, reason: Some(reason.to_owned()) }
}

fn app(row: &AppRow, statuses: &[AppStatusRow]) -> WorkspaceApp {
    WorkspaceApp {
        id: row.id,
        url: Some(row.url.clone()),
        external: row.external,
        slug: row.slug.clone(),
        display_name: Some(row.display_name.clone()),
        command: Some(row.command.clone()),
        icon: Some(row.icon.clone()),
        subdomain: row.subdomain,
        subdomain_name: None,
        sharing_level: row.sharing_level.as_str().into(),
        healthcheck: Healthcheck {
            url: row.healthcheck_url.clone(),
            interval: row.healthcheck_interval,
            threshold: row.healthcheck_threshold,
        },
        health: row.health.as_str().into(),
        group: Some(row.display_group.clone()),
        hidden: row.hidden,
        open_in: row.open_in.as_str().into(),
        tooltip: Some(row.tooltip.clone()),
        statuses: statuses.iter().filter(|status| status.app_id == row.id).cloned().map(app_status).collect(),
    }
}

/// Shows what an app said of its work.
pub(crate) fn app_status(row: AppStatusRow) -> WorkspaceAppStatus {
    WorkspaceAppStatus {
        id: row.id,
        created_at: row.created_at,
        workspace_id: row.workspace_id,
        agent_id: row.agent_id,
        app_id: row.app_id,
        state: row.state.into(),
        message: row.message,
        uri: row.uri,
        ..WorkspaceAppStatus::default()
    }
}

/// Shows a source of logs.
pub(crate) fn log_source(row: &LogSourceRow) -> WorkspaceAgentLogSource {
    WorkspaceAgentLogSource {
        workspace_agent_id: row.workspace_agent_id,
        id: row.id,
        created_at: row.created_at,
        display_name: row.display_name.clone(),
        icon: row.icon.clone(),
    }
}

fn script(row: &ScriptRow) -> WorkspaceAgentScript {
    WorkspaceAgentScript {
        id: row.id,
        log_source_id: row.log_source_id,
        log_path: row.log_path.clone(),
        script: row.script.clone(),
        cron: row.cron.clone(),
        run_on_start: row.run_on_start,
        run_on_stop: row.run_on_stop,
        start_blocks_login: row.start_blocks_login,
        timeout: i64::from(row.timeout_seconds) * 1_000_000_000,
        display_name: row.display_name.clone(),
        exit_code: row.exit_code,
        status: row.status.as_deref().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn the_status_follows_from_the_last_build_as_in_the_original() {
        replay(&vectors("workspace_status.json"), |case| {
            let status = status_after(case.text("job_status"), case.text("transition"));
            same(&status.as_str().into(), &case.output["status"])
        });
    }
}
