//! Makes, starts and stops the workspace of a chat, and waits until it can be worked in.

use std::time::Duration;

use codersdk::names;
use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use workspacesdk::files::{LsRelativity, LsRequest};

use super::{ChatTemplates, Outcome, Refusal, args, template_id, unreadable};
use crate::chatd::workspace::agent_for_chat;
use crate::http::auth::Actor;
use crate::http::error::ApiError;
use crate::http::workspaces::make::{BuildWish, WorkspaceWish, add_build, add_workspace, check_build, check_workspace};
use crate::rbac::Action;
use crate::store::chat_settings::key;
use crate::store::templates::JobRow;
use crate::store::workspace_agents::AgentRow;
use crate::store::workspaces::{BuildRow, WorkspaceRow};
use crate::workspaces::build::do_soon;
use crate::workspaces::connection::connection_status;
use crate::workspaces::objects::template_object;

/// How often what is waited for is looked at.
const POLL: Duration = Duration::from_secs(2);
/// Longest wait for a build.
const BUILD_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Longest wait for an agent that has not connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2 * 60);
/// Longest wait for one answer of an agent.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the scripts that an agent runs when it starts.
const SCRIPTS_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Longest beginning of a name that is made up, in bytes.
const MAX_STEM: usize = 27;

const NO_WORKSPACE: &str = "chat has no workspace; use create_workspace first";
const DELETED: &str = "workspace was deleted; use create_workspace to make a new one";

impl ChatTemplates {
    pub(super) async fn create_workspace(&self, args: &Map<String, Value>) -> Outcome {
        let id = template_id(args, "template_id is required; use list_templates to find one")?;
        if !self.is_allowed(id).await? {
            return Err(Refusal::words(
                "template not available for chat workspaces; use list_templates to find allowed templates",
            ));
        }
        let _alone = self.life.lock().await;
        if let Some(existing) = self.existing().await? {
            return Ok(existing);
        }
        let owner = self.owner().await?;
        let template = self.state.store.template(id).await.map_err(|error| unreadable(&error))?;
        let template = template
            .filter(|template| owner.can(Action::Read, &template_object(template)))
            .ok_or_else(|| Refusal::words("look up template: sql: no rows in result set"))?;
        if template.organization_id != self.organization_id {
            return Err(Refusal::words(
                "template belongs to a different organization than this chat; use list_templates to find templates in \
                 the correct organization",
            ));
        }
        let preset = args::text(args, "preset_id");
        if !preset.is_empty() {
            let preset = Uuid::parse_str(preset);
            let preset = preset.map_err(|error| Refusal::words(format!("invalid preset_id: {error}")))?;
            return Err(Refusal::words(format!("template version preset {preset} not found")));
        }
        let ttl = self.state.store.site_number(key::WORKSPACE_TTL, 0_i64).await.map_err(|error| unreadable(&error))?;
        let name = match args::text(args, "name") {
            "" => made_up(&template.name),
            name if names::name_valid(name).is_err() => made_up(name),
            name => name.to_owned(),
        };
        let wish = WorkspaceWish {
            name,
            owner_id: self.owner_id,
            template_id: id,
            ttl_ms: (ttl > 0).then_some(ttl),
            ..WorkspaceWish::default()
        };
        let (workspace, build) = match self.make(&owner, wish.clone()).await {
            Err(error) if is_name_taken(&error) => {
                self.make(&owner, WorkspaceWish { name: made_up(&wish.name), ..wish }).await
            }
            made => made,
        }
        .map_err(|error| Refusal::of_api(&error))?;
        self.bind(workspace.id, build.id).await;
        do_soon(&self.state, &build);
        self.wait_for_build(build.id).await.map_err(|error| failed("workspace build failed", &error, build.id))?;
        let mut told = json!({
            "created": true,
            "workspace_name": format!("{}/{}", owner.user.username, workspace.name),
            "build_id": build.id,
        });
        self.add_agent_state(&mut told, &workspace, true).await;
        Ok(told)
    }

    pub(super) async fn start_workspace(&self) -> Outcome {
        let _alone = self.life.lock().await;
        let workspace = self.workspace().await?;
        let (last, job) = self.latest(workspace.id).await?;
        match (job.status(), last.transition.as_str()) {
            ("pending" | "running", _) => {
                self.bind(workspace.id, last.id).await;
                let waited = self.wait_for_build(last.id).await;
                waited.map_err(|error| failed("waiting for in-progress build", &error, last.id))?;
                return Ok(self.started(&workspace, Some(last.id)).await);
            }
            ("succeeded", "start") => return Ok(self.started(&workspace, None).await),
            _ => {}
        }
        let build = self.build(&workspace, "start").await?;
        let waited = self.wait_for_build(build.id).await;
        waited.map_err(|error| failed("workspace start build failed", &error, build.id))?;
        let mut told = self.started(&workspace, Some(build.id)).await;
        if build.template_version_id != last.template_version_id {
            told["updated_to_active_version"] = json!(true);
            told["update_reason"] = json!("template requires active versions");
            told["message"] = json!(
                "Workspace started and was updated to the active template version because the template requires \
                 active versions."
            );
        }
        Ok(told)
    }

    pub(super) async fn stop_workspace(&self) -> Outcome {
        let _alone = self.life.lock().await;
        let mut workspace = self.workspace().await?;
        let (mut last, mut job) = self.latest(workspace.id).await?;
        if matches!(job.status(), "pending" | "running" | "canceling") {
            self.bind(workspace.id, last.id).await;
            let (waited, awaited) = (self.wait_for_build(last.id).await, last.id);
            // Somebody else may have asked for another build meanwhile.
            workspace = self.workspace().await?;
            (last, job) = self.latest(workspace.id).await?;
            if let Err(error) = waited
                && job.completed_at.is_none()
            {
                return Err(failed("waiting for in-progress build", &error, awaited));
            }
        }
        let mut told = json!({"stopped": true, "workspace_name": workspace.name});
        if (job.status(), last.transition.as_str()) == ("succeeded", "stop") {
            told["no_build"] = json!(true);
            return Ok(told);
        }
        let build = self.build(&workspace, "stop").await?;
        let waited = self.wait_for_build(build.id).await;
        waited.map_err(|error| failed("workspace stop build failed", &error, build.id))?;
        told["build_id"] = json!(build.id);
        Ok(told)
    }

    /// The workspace that the chat has already, if it is of use: running, on its way, or stopped.
    async fn existing(&self) -> Result<Option<Value>, Refusal> {
        let Some(workspace) = self.bound().await?.filter(|workspace| !workspace.deleted) else { return Ok(None) };
        let Ok((build, job)) = self.latest(workspace.id).await else { return Ok(None) };
        let told = |status: &str, message: &str| json!({"created": false, "workspace_name": workspace.name, "status": status, "message": message});
        match (job.status(), build.transition.as_str()) {
            ("pending" | "running", _) => {
                self.bind(workspace.id, build.id).await;
                let waited = self.wait_for_build(build.id).await;
                waited.map_err(|error| failed("existing workspace build failed", &error, build.id))?;
                let mut told = told("already_exists", "workspace build completed");
                told["build_id"] = json!(build.id);
                if let Some(agent) = self.agent(workspace.id).await {
                    self.add_readiness(&mut told, &agent, true).await;
                }
                Ok(Some(told))
            }
            ("succeeded", "stop") => Ok(Some(told("stopped", "workspace is stopped; use start_workspace to start it"))),
            ("succeeded", _) => {
                let Some(agent) = self.agent(workspace.id).await else { return Ok(None) };
                let (message, dial) = match connection_status(&agent, self.state.clock.now()).status {
                    "connected" => ("workspace is already running and recently connected", false),
                    "connecting" => ("workspace exists and the agent is still connecting", true),
                    // It is of no use any more.
                    _ => return Ok(None),
                };
                let mut told = told("already_exists", message);
                self.add_readiness(&mut told, &agent, dial).await;
                Ok(Some(told))
            }
            _ => Ok(None),
        }
    }

    async fn make(&self, owner: &Actor, wish: WorkspaceWish) -> Result<(WorkspaceRow, BuildRow), ApiError> {
        let checked = check_workspace(&self.state, owner, wish).await?;
        let mut tx = self.state.store.begin().await?;
        let build = add_workspace(&mut tx, owner, &checked, self.state.clock.now()).await?;
        tx.commit().await?;
        Ok((checked.row, build))
    }

    /// Asks for a build of the chat's workspace.
    async fn build(&self, workspace: &WorkspaceRow, transition: &str) -> Result<BuildRow, Refusal> {
        let owner = self.owner().await?;
        let wish = BuildWish { transition: transition.to_owned(), ..BuildWish::default() };
        let made = async {
            let version = check_build(&self.state, &owner, workspace, &wish).await?;
            add_build(&self.state, &owner, workspace, &version, &wish).await
        };
        let build = made.await.map_err(|error| Refusal::of_api(&error))?;
        self.bind(workspace.id, build.id).await;
        do_soon(&self.state, &build);
        Ok(build)
    }

    /// Binds the chat to a build at once, so that people can watch it.
    async fn bind(&self, workspace: Uuid, build: Uuid) {
        let now = self.state.clock.now();
        if let Err(error) = self.state.store.set_chat_workspace(self.chat_id, Some(workspace), Some(build), now).await {
            tracing::warn!(chat = %self.chat_id, %error, "a chat cannot be bound to its workspace");
        }
    }

    /// The workspace that the chat is bound to, deleted or not.
    async fn bound(&self) -> Result<Option<WorkspaceRow>, Refusal> {
        let chat = self.state.store.chat(self.chat_id).await.map_err(|error| unreadable(&error))?;
        let chat = chat.ok_or_else(|| Refusal::words("load chat: sql: no rows in result set"))?;
        match chat.workspace_id {
            Some(id) => self.state.store.workspace(id).await.map_err(|error| unreadable(&error)),
            None => Ok(None),
        }
    }

    async fn workspace(&self) -> Result<WorkspaceRow, Refusal> {
        let workspace = self.bound().await?.ok_or_else(|| Refusal::words(NO_WORKSPACE))?;
        if workspace.deleted { Err(Refusal::words(DELETED)) } else { Ok(workspace) }
    }

    async fn latest(&self, workspace: Uuid) -> Result<(BuildRow, JobRow), Refusal> {
        let missing = |what: &str| Refusal::words(format!("get {what}: sql: no rows in result set"));
        let build = self.state.store.latest_build(workspace).await.map_err(|error| unreadable(&error))?;
        let build = build.ok_or_else(|| missing("latest build"))?;
        let job = self.state.store.job(build.job_id).await.map_err(|error| unreadable(&error))?;
        Ok((build, job.ok_or_else(|| missing("provisioner job"))?))
    }

    /// Waits until a build is over.
    async fn wait_for_build(&self, id: Uuid) -> Result<(), String> {
        let clock = &self.state.clock;
        let over = async {
            loop {
                let build = self.state.store.build(id).await.map_err(|error| format!("get build: {error}"))?;
                let job = match build {
                    Some(build) => self.state.store.job(build.job_id).await,
                    None => Ok(None),
                };
                let job = job.map_err(|error| format!("get provisioner job: {error}"))?;
                let job = job.ok_or_else(|| "get build: sql: no rows in result set".to_owned())?;
                match job.status() {
                    "succeeded" => return Ok(()),
                    "failed" if job.error.is_empty() => return Err("build failed".to_owned()),
                    "failed" => return Err(job.error),
                    "canceled" => return Err("build was canceled".to_owned()),
                    _ => clock.sleep(POLL).await,
                }
            }
        };
        tokio::select! {
            over = over => over,
            () = clock.sleep(BUILD_TIMEOUT) => {
                Err("timed out waiting for workspace build: context deadline exceeded".to_owned())
            }
        }
    }

    async fn started(&self, workspace: &WorkspaceRow, build: Option<Uuid>) -> Value {
        let mut told = json!({"started": true, "workspace_name": workspace.name});
        match build {
            Some(build) => told["build_id"] = json!(build),
            None => told["no_build"] = json!(true),
        }
        self.add_agent_state(&mut told, workspace, true).await;
        told
    }

    /// Adds how the agent of the workspace's last build stands, once it can be worked with.
    async fn add_agent_state(&self, told: &mut Value, workspace: &WorkspaceRow, dial: bool) {
        match self.agents(workspace.id).await {
            agents if agents.is_empty() => told["agent_status"] = json!("no_agent"),
            agents => match agent_for_chat(agents) {
                Ok(agent) => self.add_readiness(told, &agent, dial).await,
                Err(error) => {
                    told["agent_status"] = json!("selection_error");
                    told["agent_error"] = json!(error);
                }
            },
        }
    }

    async fn agents(&self, workspace: Uuid) -> Vec<AgentRow> {
        let Ok(Some(build)) = self.state.store.latest_build(workspace).await else { return Vec::new() };
        self.state.store.agents_of_build(build.id).await.unwrap_or_default()
    }

    async fn agent(&self, workspace: Uuid) -> Option<AgentRow> {
        agent_for_chat(self.agents(workspace).await).ok()
    }

    /// Waits until the agent answers, if it is to be asked, and its scripts have run; adds what is wrong with them.
    async fn add_readiness(&self, told: &mut Value, agent: &AgentRow, dial: bool) {
        let clock = &self.state.clock;
        if dial {
            let mut last = String::new();
            let answers = async {
                while let Err(error) = self.reach(agent.id).await {
                    last = error;
                    clock.sleep(POLL).await;
                }
            };
            let answered = tokio::select! {
                () = answers => true,
                () = clock.sleep(CONNECT_TIMEOUT) => false,
            };
            if !answered {
                told["agent_status"] = json!("not_ready");
                told["agent_error"] = json!(last);
                return;
            }
        }
        let ran = async {
            loop {
                if let Ok(Some(row)) = self.state.store.agent(agent.id).await
                    && !matches!(row.lifecycle_state.as_str(), "created" | "starting")
                {
                    return row.lifecycle_state;
                }
                clock.sleep(POLL).await;
            }
        };
        let state = tokio::select! {
            state = ran => Some(state),
            () = clock.sleep(SCRIPTS_TIMEOUT) => None,
        };
        match state.as_deref() {
            Some("ready") => {}
            Some(state) => {
                told["startup_scripts"] = json!("startup_scripts_failed");
                told["lifecycle_state"] = json!(state);
            }
            None => told["startup_scripts"] = json!("startup_scripts_timeout"),
        }
    }

    /// Asks the agent something, to see whether it answers.
    async fn reach(&self, agent: Uuid) -> Result<(), String> {
        let conn = self.state.workspaces.agents.dial(agent).map_err(|_| "the agent is not connected".to_owned())?;
        let request = LsRequest { path: Vec::new().into(), relativity: LsRelativity::Home };
        tokio::select! {
            listed = conn.list_directory("", request) => listed.map(drop).map_err(|error| error.to_string()),
            () = self.state.clock.sleep(ATTEMPT_TIMEOUT) => Err("the agent did not answer in time".to_owned()),
        }
    }
}

fn failed(what: &str, error: &str, build: Uuid) -> Refusal {
    Refusal::Answer(json!({"error": format!("{what}: {error}"), "build_id": build}))
}

fn is_name_taken(error: &ApiError) -> bool {
    let of_name =
        |answer: &codersdk::Response| answer.validations.iter().flatten().any(|validation| validation.field == "name");
    error.status() == StatusCode::CONFLICT && of_name(error.body())
}

/// What a made-up name begins with; `None` where nothing of the seed can stand in a name.
fn stem(seed: &str) -> Option<String> {
    let stem = names::username_from(&seed.to_lowercase())?;
    let stem = if stem.len() > MAX_STEM { stem[..MAX_STEM].trim_matches('-') } else { &stem };
    Some(stem.to_owned()).filter(|stem| !stem.is_empty())
}

/// A name for a workspace that begins with what is left of the seed.
fn made_up(seed: &str) -> String {
    let suffix = Uuid::new_v4().simple().to_string();
    format!("{}-{}", stem(seed.trim()).as_deref().unwrap_or("workspace"), &suffix[..4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn names_are_made_up_as_recorded() {
        let mut cases = vectors("chat_tool_helpers.json");
        cases.retain(|case| case.text("rule") == "workspace_name");
        replay(&cases, |case| {
            assert!(names::name_valid(&made_up(case.text("seed"))).is_ok(), "{}", case.name);
            same(
                &stem(case.text("seed").trim()).map_or(json!({"random": true}), |stem| json!({"stem": stem})),
                &case.output,
            )
        });
    }
}
