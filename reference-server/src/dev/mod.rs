//! The development world: what someone who tries things out needs, made when it is asked for.
//!
//! A template that builds at once, the workspace `dev-ws` with a live agent in this process, a prebuilt workspace that
//! nobody has claimed, a task, an external auth provider, and a control address.

mod agent;
pub(crate) mod control;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::external_auth::ExternalAuthConfig;
use crate::seed::Login;
use crate::state::AppState;
use crate::store::Tx;
use crate::store::organizations::insert_member;
use crate::store::tasks::{TaskRow, insert_task};
use crate::store::templates::{JobRow, TemplateRow, TemplateVersionRow, put_job, put_template, put_template_version};
use crate::store::workspaces::{PREBUILDS_USER, WorkspaceRow, put_workspace};
use crate::workspaces::build::{self, NewBuild, PROVISIONER};
use crate::workspaces::plan::{
    Plan, PlannedAgent, PlannedApp, PlannedMetadata, PlannedPreset, PlannedResource, PlannedScript,
};

/// Name of the workspace with a live agent.
const WORKSPACE: &str = "dev-ws";
/// Name of its agent, and of those of the prebuilt workspace and the task.
const AGENT: &str = "dev";
/// Slug of the app that shows a task.
const APP: &str = "ccw";
const PROMPT: &str = "Write a poem about rust";
/// The external auth provider to which nobody has signed in yet.
const EXTERNAL_AUTH: &str = "fake-git";

/// The service that people can sign in to, if somebody runs one there.
pub(crate) fn external_auth() -> ExternalAuthConfig {
    let at = |path: &str| format!("https://git.fake.test/{path}");
    ExternalAuthConfig {
        id: EXTERNAL_AUTH.to_owned(),
        kind: "gitlab".to_owned(),
        display_name: "Fake Git".to_owned(),
        client_id: "reference".to_owned(),
        auth_url: at("oauth/authorize"),
        token_url: at("oauth/token"),
        validate_url: at("oauth/token/info"),
        regex: r"^(https?://)?git\.fake\.test(/.*)?$".to_owned(),
        ..ExternalAuthConfig::default()
    }
}

/// The development world of a running server.
pub(crate) struct World {
    places: Places,
    work_dir: PathBuf,
    /// Removed with everything in it when the server stops, unless the data is kept in a file.
    _folder: Option<tempfile::TempDir>,
    /// None if a program outside lives as the workspace's agent.
    agent: Option<agent::DevAgent>,
    control: control::Control,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("work_dir", &self.work_dir).finish_non_exhaustive()
    }
}

/// What was made, by its ids; kept in the store, so that it is made once.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Places {
    template_id: Uuid,
    workspace_id: Uuid,
    agent_token: Uuid,
    prebuilt_workspace_id: Uuid,
    prebuilt_agent_token: Uuid,
    task_id: Uuid,
    task_agent_token: Uuid,
    work_dir: PathBuf,
}

const PLACES: &str = "reference_development_world";

impl World {
    /// Makes what is missing of the world, and starts its agent if there is to be one. Where the data is kept in a file,
    /// the agent's folder lies beside it; else it is a temporary one.
    ///
    /// # Errors
    /// When the store, the folder or the agent cannot be had.
    pub(crate) async fn start(
        state: &AppState,
        login: &Login,
        database: Option<&Path>,
        live_agent: bool,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (folder, work_dir) = match database {
            Some(database) => {
                let dir = database.with_extension("dev-ws");
                std::fs::create_dir_all(&dir)?;
                (None, dir.canonicalize()?)
            }
            None => {
                let folder = tempfile::Builder::new().prefix("dev-ws-").tempdir()?;
                let dir = folder.path().canonicalize()?;
                (Some(folder), dir)
            }
        };
        let places = match stored(state).await? {
            Some(places) => places,
            None => plant(state, login, &work_dir).await?,
        };
        let control = control::Control::start(state, places.prebuilt_workspace_id, login.user_id).await?;
        let agent = match live_agent {
            true => Some(agent::DevAgent::start(state, places.agent_token, &places.work_dir).await?),
            false => None,
        };
        Ok(Self { places, work_dir, _folder: folder, agent, control })
    }

    /// What the world adds to the ready file.
    pub(crate) async fn ready(&self, state: &AppState) -> serde_json::Value {
        let Places { template_id, workspace_id, agent_token, task_id, task_agent_token, .. } = &self.places;
        let agent = state.store.agent_by_token(*agent_token).await.ok().flatten();
        serde_json::json!({
            "agent_url": self.agent.as_ref().map(agent::DevAgent::url),
            "agent_token": agent_token,
            "workspace_id": workspace_id,
            "workspace_agent_id": agent.map(|found| found.agent.id),
            "work_dir": self.work_dir,
            "template_id": template_id,
            "prebuilt_workspace_id": self.places.prebuilt_workspace_id,
            "prebuilt_agent_token": self.places.prebuilt_agent_token,
            "task_id": task_id,
            "task_agent_token": task_agent_token,
            "external_auth_id": EXTERNAL_AUTH,
            "control_url": self.control.url(),
        })
    }

    /// Stops the agent, with all that it started.
    pub(crate) async fn shutdown(self) {
        if let Some(agent) = self.agent {
            agent.shutdown().await;
        }
    }
}

async fn stored(state: &AppState) -> sqlx::Result<Option<Places>> {
    let text: Option<String> = sqlx::query_scalar("SELECT value FROM site_configs WHERE key = $1")
        .bind(PLACES)
        .fetch_optional(state.store.pool())
        .await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn plant(state: &AppState, login: &Login, work_dir: &Path) -> sqlx::Result<Places> {
    let now = state.clock.now();
    let owner = login.user_id;
    let mut tx = state.store.begin().await?;
    let seedbed = Seedbed { organization: login.organization_id, owner, now };
    let (agent_token, prebuilt_agent_token, task_agent_token) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let (template, _) = seedbed.template(&mut tx, "instant", &single("main", |_| {})).await?;

    let live = single(AGENT, |agent| live_agent(agent, agent_token, work_dir));
    let (live_template, live_version) = seedbed.template(&mut tx, "dev", &live).await?;
    let workspace = seedbed.workspace(&mut tx, WORKSPACE, owner, &live_template).await?;
    let builds = [build::ask(&mut tx, &workspace, &live_version, seedbed.start(owner), now).await?.0.id];

    let mut prebuilt_plan = single(AGENT, |agent| agent.token = Some(prebuilt_agent_token));
    let preset = Uuid::new_v4();
    prebuilt_plan.presets = vec![PlannedPreset { id: preset, name: "default".to_owned(), prebuilds: Some(1) }];
    let (prebuilt_template, prebuilt_version) = seedbed.template(&mut tx, "prebuilt", &prebuilt_plan).await?;
    insert_member(&mut tx, login.organization_id, PREBUILDS_USER, now).await?;
    let prebuilt = seedbed.workspace(&mut tx, "prebuilt-1", PREBUILDS_USER, &prebuilt_template).await?;
    let first = NewBuild { preset: Some(preset), ..seedbed.start(PREBUILDS_USER) };
    let prebuilt_build = build::ask(&mut tx, &prebuilt, &prebuilt_version, first, now).await?.0.id;

    let mut task_plan = single(AGENT, |agent| {
        agent.token = Some(task_agent_token);
        agent.apps.push(task_app());
    });
    task_plan.task_app = Some(APP.to_owned());
    let (task_template, task_version) = seedbed.template(&mut tx, "tasks", &task_plan).await?;
    let task_workspace = seedbed.workspace(&mut tx, "write-a-poem", owner, &task_template).await?;
    let task = TaskRow {
        id: Uuid::new_v4(),
        organization_id: login.organization_id,
        owner_id: owner,
        name: task_workspace.name.clone(),
        display_name: PROMPT.to_owned(),
        workspace_id: Some(task_workspace.id),
        template_version_id: task_version.id,
        prompt: PROMPT.to_owned(),
        created_at: now,
    };
    insert_task(&mut *tx, &task).await?;
    let task_build = build::ask(&mut tx, &task_workspace, &task_version, seedbed.start(owner), now).await?.0.id;

    let places = Places {
        template_id: template.id,
        workspace_id: workspace.id,
        agent_token,
        prebuilt_workspace_id: prebuilt.id,
        prebuilt_agent_token,
        task_id: task.id,
        task_agent_token,
        work_dir: work_dir.to_owned(),
    };
    sqlx::query("INSERT INTO site_configs (key, value) VALUES ($1, $2)")
        .bind(PLACES)
        .bind(serde_json::to_string(&places).unwrap_or_default())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    for build in builds.into_iter().chain([prebuilt_build, task_build]) {
        build::finish(state, build).await?;
    }
    Ok(places)
}

/// A plan with one agent.
fn single(name: &str, change: impl FnOnce(&mut PlannedAgent)) -> Plan {
    let mut agent = PlannedAgent {
        name: name.to_owned(),
        architecture: go_arch().to_owned(),
        operating_system: std::env::consts::OS.to_owned(),
        ..PlannedAgent::default()
    };
    change(&mut agent);
    let resource = PlannedResource { kind: "reference".to_owned(), name: "workspace".to_owned(), agents: vec![agent] };
    Plan { resources: vec![resource], ..Plan::default() }
}

/// The machine's architecture as agents name it.
fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn task_app() -> PlannedApp {
    PlannedApp { slug: APP.to_owned(), display_name: "Task app".to_owned(), url: String::new() }
}

fn live_agent(agent: &mut PlannedAgent, token: Uuid, dir: &Path) {
    agent.token = Some(token);
    agent.directory = dir.to_string_lossy().into_owned();
    agent.apps.push(task_app());
    agent.scripts.push(PlannedScript { display_name: "Startup Script".to_owned(), script: "echo started".to_owned() });
    agent.metadata.push(PlannedMetadata {
        key: "load".to_owned(),
        display_name: "Load".to_owned(),
        script: "echo 1".to_owned(),
        interval: 5,
        timeout: 2,
    });
}

/// What everything planted has in common.
struct Seedbed {
    organization: Uuid,
    owner: Uuid,
    now: DateTime<Utc>,
}

impl Seedbed {
    fn start(&self, initiator_id: Uuid) -> NewBuild {
        NewBuild { transition: "start".to_owned(), reason: "initiator".to_owned(), initiator_id, preset: None }
    }

    /// A template with one version, imported.
    async fn template(&self, tx: &mut Tx, name: &str, plan: &Plan) -> sqlx::Result<(TemplateRow, TemplateVersionRow)> {
        let mut job = JobRow::pending("template_version_import", self.organization, self.owner, self.now);
        (job.started_at, job.completed_at, job.worker_id) = (Some(self.now), Some(self.now), Some(PROVISIONER));
        put_job(tx, &job).await?;
        let mut version = TemplateVersionRow {
            id: Uuid::new_v4(),
            template_id: None,
            organization_id: self.organization,
            created_at: self.now,
            updated_at: self.now,
            name: "v1".to_owned(),
            message: String::new(),
            readme: String::new(),
            job_id: job.id,
            created_by: self.owner,
            archived: false,
            has_ai_task: plan.task_app.is_some(),
            plan: Json(plan.clone()),
        };
        let template = TemplateRow::new(name, &version, self.now);
        version.template_id = Some(template.id);
        put_template_version(tx, &version).await?;
        put_template(tx, &template).await?;
        Ok((template, version))
    }

    async fn workspace(
        &self,
        tx: &mut Tx,
        name: &str,
        owner: Uuid,
        template: &TemplateRow,
    ) -> sqlx::Result<WorkspaceRow> {
        let row = WorkspaceRow {
            id: Uuid::new_v4(),
            created_at: self.now,
            updated_at: self.now,
            owner_id: owner,
            organization_id: self.organization,
            template_id: template.id,
            deleted: false,
            name: name.to_owned(),
            autostart_schedule: None,
            ttl_ms: None,
            last_used_at: self.now,
            dormant_at: None,
            deleting_at: None,
            automatic_updates: "never".to_owned(),
            favorite: false,
            user_acl: Default::default(),
            group_acl: Default::default(),
        };
        put_workspace(tx, &row).await?;
        Ok(row)
    }
}
