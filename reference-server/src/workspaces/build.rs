//! How a build is asked for and done: what a version of a template plans is there as soon as its build is over.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::claim;
use super::plan::{Plan, PlannedAgent, PlannedResource};
use crate::state::AppState;
use crate::store::Tx;
use crate::store::resource_monitors::{MonitorRow, insert_resource_monitor};
use crate::store::tasks::{TaskAppRow, put_task_app};
use crate::store::templates::{self, JobRow, TemplateVersionRow, put_job};
use crate::store::workspace_agents::{
    AgentRow, LogSourceRow, MetadataRow, ResourceRow, ScriptRow, insert_agent, insert_log_source, insert_metadata,
    insert_resource, insert_script,
};
use crate::store::workspace_apps::{AppRow, insert_app};
use crate::store::workspaces::{self, BuildRow, WorkspaceRow, insert_build, put_workspace, set_build_deadline};

/// The provisioner that is part of the server.
pub(crate) const PROVISIONER: Uuid = Uuid::from_u128(0x7265_6665_7265_4e63_8000_0000_0000_0001);

/// What a build is asked for with.
#[derive(Debug, Clone)]
pub(crate) struct NewBuild {
    pub(crate) transition: String,
    pub(crate) reason: String,
    pub(crate) initiator_id: Uuid,
    /// The preset of parameters that it is made with.
    pub(crate) preset: Option<Uuid>,
}

/// Adds a build that waits to be done. A unique violation means that another one was asked for at the same time.
pub(crate) async fn ask(
    tx: &mut Tx,
    workspace: &WorkspaceRow,
    version: &TemplateVersionRow,
    new: NewBuild,
    now: DateTime<Utc>,
) -> sqlx::Result<(BuildRow, JobRow)> {
    let last = workspaces::latest_build(&mut **tx, workspace.id).await?;
    let job = JobRow::pending("workspace_build", workspace.organization_id, new.initiator_id, now);
    let build = BuildRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        workspace_id: workspace.id,
        template_version_id: version.id,
        build_number: last.map_or(1, |last| last.build_number + 1),
        transition: new.transition,
        initiator_id: new.initiator_id,
        job_id: job.id,
        reason: new.reason,
        deadline: None,
        max_deadline: None,
        daily_cost: 0,
        has_ai_task: version.has_ai_task,
        has_external_agent: false,
        template_version_preset_id: new.preset,
    };
    insert_build(tx, &build, &job).await?;
    let task: Option<Uuid> = sqlx::query_scalar("SELECT id FROM tasks WHERE workspace_id = $1 AND deleted_at IS NULL")
        .bind(workspace.id)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(task_id) = task {
        let app = TaskAppRow {
            task_id,
            workspace_build_number: build.build_number,
            workspace_agent_id: None,
            workspace_app_id: None,
        };
        put_task_app(&mut **tx, &app).await?;
    }
    Ok((build, job))
}

/// Does a build soon, without the caller waiting for it.
pub(crate) fn do_soon(state: &AppState, build: &BuildRow) {
    state.workspaces.hub.workspace_changed(build.workspace_id);
    let (state, id) = (state.clone(), build.id);
    tokio::spawn(async move {
        if let Err(error) = finish(&state, id).await {
            tracing::error!(error = &error as &dyn std::error::Error, build = %id, "a build failed");
        }
    });
}

/// Does the builds that were asked for before the server last stopped.
///
/// # Errors
/// When the store fails.
pub(crate) async fn resume(state: &AppState) -> sqlx::Result<()> {
    let left: Vec<Uuid> = sqlx::query_scalar(
        "SELECT b.id FROM workspace_builds b JOIN provisioner_jobs j ON j.id = b.job_id WHERE j.completed_at IS NULL",
    )
    .fetch_all(state.store.pool())
    .await?;
    for build in left {
        finish(state, build).await?;
    }
    Ok(())
}

/// Does a build: what its version plans is there afterwards. A build that is over stays as it is.
///
/// # Errors
/// When the store fails.
pub(crate) async fn finish(state: &AppState, build_id: Uuid) -> sqlx::Result<()> {
    let started = state.clock.now();
    let mut tx = state.store.begin().await?;
    let Some(build) = workspaces::build(&mut *tx, build_id).await? else { return Ok(()) };
    let (Some(mut job), Some(mut workspace), Some(version)) = (
        templates::job(&mut *tx, build.job_id).await?,
        workspaces::workspace(&mut *tx, build.workspace_id).await?,
        templates::template_version(&mut *tx, build.template_version_id).await?,
    ) else {
        return Ok(());
    };
    if job.completed_at.is_some() {
        return Ok(());
    }
    for (stage, output) in [("Setting up", ""), ("Running", build.transition.as_str()), ("Cleaning Up", "")] {
        log(&mut tx, job.id, stage, output, started).await?;
    }
    let is_claim = claim::is_claim(&mut tx, &build).await?;
    if build.transition == "delete" {
        workspace.deleted = true;
    } else {
        let tokens = if is_claim { claim::running_tokens(&mut tx, workspace.id).await? } else { HashMap::new() };
        let made = make(&mut tx, &build, &version.plan, &tokens, started).await?;
        note_task(&mut tx, &build, &version.plan, &made).await?;
    }
    let now = state.clock.now().max(started);
    if let Some(ttl) = workspace.ttl_ms.filter(|ttl| *ttl > 0 && build.transition != "delete") {
        set_build_deadline(&mut *tx, build.id, Some(now + TimeDelta::milliseconds(ttl)), now).await?;
    }
    (job.started_at, job.completed_at, job.updated_at) = (Some(started), Some(now), now);
    job.worker_id = Some(PROVISIONER);
    put_job(&mut tx, &job).await?;
    workspace.last_used_at = now;
    put_workspace(&mut tx, &workspace).await?;
    tx.commit().await?;
    state.workspaces.hub.workspace_changed(workspace.id);
    if is_claim {
        claim::announce(&state.workspaces.hub, workspace.id, workspace.owner_id);
    }
    Ok(())
}

/// Writes a line of a job's log.
pub(crate) async fn log(tx: &mut Tx, job: Uuid, stage: &str, output: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO provisioner_job_logs (job_id, created_at, source, level, stage, output) \
         VALUES ($1, $2, 'provisioner_daemon', 'info', $3, $4)",
    )
    .bind(job)
    .bind(now)
    .bind(stage)
    .bind(output)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// An app that a build made.
struct MadeApp {
    agent: Uuid,
    app: Uuid,
    slug: String,
}

async fn make(
    tx: &mut Tx,
    build: &BuildRow,
    plan: &Plan,
    tokens: &HashMap<String, Uuid>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<MadeApp>> {
    let mut apps = Vec::new();
    for planned in &plan.resources {
        let PlannedResource { kind, name, agents } = planned;
        let resource = ResourceRow {
            id: Uuid::new_v4(),
            created_at: now,
            build_id: build.id,
            kind: kind.clone(),
            name: name.clone(),
            hide: false,
            icon: String::new(),
            daily_cost: 0,
        };
        insert_resource(tx, &resource).await?;
        for planned in agents {
            let mut agent = new_agent(build, resource.id, planned, now);
            if let Some(token) = tokens.get(&agent.name) {
                agent.auth_token = *token;
            } else if is_token_of_another(tx, &agent).await? {
                agent.auth_token = Uuid::new_v4();
            }
            make_agent(tx, &agent, planned, now, &mut apps).await?;
        }
    }
    Ok(apps)
}

/// Whether the token that is planned for the agents of a version is in use in another workspace.
async fn is_token_of_another(tx: &mut Tx, agent: &AgentRow) -> sqlx::Result<bool> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM workspace_agents a JOIN workspaces w ON w.id = a.workspace_id \
         WHERE a.auth_token = $1 AND w.id <> $2 AND w.deleted = FALSE)",
    )
    .bind(agent.auth_token)
    .bind(agent.workspace_id)
    .fetch_one(&mut **tx)
    .await
}

async fn make_agent(
    tx: &mut Tx,
    agent: &AgentRow,
    planned: &PlannedAgent,
    now: DateTime<Utc>,
    apps: &mut Vec<MadeApp>,
) -> sqlx::Result<()> {
    insert_agent(&mut **tx, agent).await?;
    for planned in &planned.apps {
        let mut app = AppRow::new(agent.id, &planned.slug, &planned.display_name, now);
        app.url.clone_from(&planned.url);
        insert_app(&mut **tx, &app).await?;
        apps.push(MadeApp { agent: agent.id, app: app.id, slug: app.slug });
    }
    for planned in &planned.scripts {
        let source = LogSourceRow {
            workspace_agent_id: agent.id,
            id: Uuid::new_v4(),
            created_at: now,
            display_name: planned.display_name.clone(),
            icon: String::new(),
        };
        insert_log_source(&mut **tx, &source).await?;
        let script = ScriptRow {
            id: Uuid::new_v4(),
            workspace_agent_id: agent.id,
            log_source_id: source.id,
            created_at: now,
            display_name: planned.display_name.clone(),
            log_path: String::new(),
            script: planned.script.clone(),
            cron: String::new(),
            start_blocks_login: false,
            run_on_start: true,
            run_on_stop: false,
            timeout_seconds: 0,
            exit_code: None,
            status: None,
        };
        insert_script(tx, &script).await?;
    }
    for (order, planned) in (0..).zip(&planned.metadata) {
        let item = MetadataRow {
            workspace_agent_id: agent.id,
            key: planned.key.clone(),
            display_name: planned.display_name.clone(),
            script: planned.script.clone(),
            interval: planned.interval,
            timeout: planned.timeout,
            value: String::new(),
            error: String::new(),
            collected_at: crate::clock::zero_time(),
            display_order: order,
        };
        insert_metadata(tx, &item).await?;
    }
    for planned in &planned.monitors {
        let monitor = MonitorRow {
            agent_id: agent.id,
            path: planned.path.clone(),
            enabled: planned.enabled,
            threshold: planned.threshold,
            alarmed: false,
            quiet_until: crate::clock::zero_time(),
        };
        insert_resource_monitor(tx, &monitor).await?;
    }
    Ok(())
}

fn new_agent(build: &BuildRow, resource_id: Uuid, planned: &PlannedAgent, now: DateTime<Utc>) -> AgentRow {
    AgentRow {
        id: Uuid::new_v4(),
        created_at: now,
        updated_at: now,
        name: planned.name.clone(),
        parent_id: None,
        workspace_id: build.workspace_id,
        build_id: build.id,
        resource_id,
        auth_token: planned.token.unwrap_or_else(Uuid::new_v4),
        auth_instance_id: planned.instance_id.clone(),
        api_key_scope: "all".to_owned(),
        architecture: planned.architecture.clone(),
        operating_system: planned.operating_system.clone(),
        environment_variables: planned.environment.clone(),
        directory: planned.directory.clone(),
        expanded_directory: String::new(),
        motd_file: String::new(),
        troubleshooting_url: String::new(),
        connection_timeout_seconds: planned.connection_timeout_seconds,
        display_apps: planned.display_apps.clone(),
        display_order: 0,
        version: String::new(),
        api_version: String::new(),
        subsystems: Vec::new(),
        first_connected_at: None,
        last_connected_at: None,
        disconnected_at: None,
        lifecycle_state: "created".to_owned(),
        started_at: None,
        ready_at: None,
        logs_length: 0,
        logs_overflowed: false,
        deleted: false,
    }
}

/// Names the app of this build that shows the task which the workspace was made for.
async fn note_task(tx: &mut Tx, build: &BuildRow, plan: &Plan, made: &[MadeApp]) -> sqlx::Result<()> {
    let Some(slug) = &plan.task_app else { return Ok(()) };
    let task: Option<Uuid> = sqlx::query_scalar("SELECT id FROM tasks WHERE workspace_id = $1 AND deleted_at IS NULL")
        .bind(build.workspace_id)
        .fetch_optional(&mut **tx)
        .await?;
    let Some(task_id) = task else { return Ok(()) };
    let app = made.iter().find(|app| app.slug == *slug);
    let row = TaskAppRow {
        task_id,
        workspace_build_number: build.build_number,
        workspace_agent_id: app.map(|app| app.agent),
        workspace_app_id: app.map(|app| app.app),
    };
    put_task_app(&mut **tx, &row).await
}
