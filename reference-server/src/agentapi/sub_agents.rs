//! Agents in dev containers, which the agent beside the containers makes.

use std::collections::HashSet;
use std::sync::LazyLock;

use agentsdk::rpc::proto::agent::create_sub_agent_request::app::{OpenIn, SharingLevel};
use agentsdk::rpc::proto::agent::create_sub_agent_request::{App, DisplayApp};
use agentsdk::rpc::proto::agent::create_sub_agent_response::AppCreationError;
use agentsdk::rpc::proto::agent::{
    CreateSubAgentRequest, CreateSubAgentResponse, DeleteSubAgentRequest, DeleteSubAgentResponse,
    ListSubAgentsResponse, SubAgent,
};
use agentsdk::rpc::{Error, Result};
use aws_lc_rs::digest::{SHA256, digest};
use regex::Regex;
use uuid::Uuid;

use super::{AgentApi, NO_ROWS, failed, id};
use crate::quote::quoted;
use crate::store::agent_reports::update_sub_agent;
use crate::store::workspace_agents::{AgentRow, delete_agent, insert_agent};
use crate::store::workspace_apps::{AppRow, insert_app};

const NAME_PATTERN: &str = "(?i)^[a-z0-9](-?[a-z0-9])*$";
const SLUG_PATTERN: &str = "^[a-z0-9](-?[a-z0-9])*$";
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(NAME_PATTERN).expect("a constant pattern"));
static SLUG: LazyLock<Regex> = LazyLock::new(|| Regex::new(SLUG_PATTERN).expect("a constant pattern"));

/// A field that is wrong.
struct Invalid {
    field: String,
    detail: String,
}

impl Invalid {
    fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::new(format!("field: {} detail: {}", invalid.field, invalid.detail))
    }
}

impl AgentApi {
    pub(super) async fn create_child(&self, request: CreateSubAgentRequest) -> Result<CreateSubAgentResponse> {
        let now = self.state.clock.now();
        let display_apps = display_apps(&request.display_apps)?;
        let parent = self.agent().await?;
        if let Some(child) = &request.id {
            let child = id(child).map_err(|error| Error::new(format!("parse agent id: {error}")))?;
            let child = self.child(child, &parent).await?;
            update_sub_agent(self.state.store.pool(), child.id, &display_apps, &request.directory, now)
                .await
                .map_err(|error| failed("update workspace agent display apps", &error))?;
            return Ok(CreateSubAgentResponse { agent: Some(wire(&child)), app_creation_errors: Vec::new() });
        }
        if request.name.is_empty() {
            return Err(Invalid::new("name", "agent name cannot be empty").into());
        }
        if !NAME.is_match(&request.name) {
            let detail = format!("agent name {} does not match regex \"{NAME_PATTERN}\"", quoted(&request.name));
            return Err(Invalid::new("name", detail).into());
        }
        let inserting = |error: sqlx::Error| failed("insert sub agent", &error);
        let others = self.state.store.agents_of_build(parent.build_id).await.map_err(inserting)?;
        if others.iter().any(|other| other.name == request.name) {
            let name = &request.name;
            return Err(Error::new(format!(
                "insert sub agent: workspace agent name \"{name}\" already exists in this workspace build"
            )));
        }
        let child = AgentRow {
            id: Uuid::new_v4(),
            created_at: now,
            updated_at: now,
            name: request.name,
            parent_id: Some(parent.id),
            auth_token: Uuid::new_v4(),
            auth_instance_id: None,
            architecture: request.architecture,
            operating_system: request.operating_system,
            environment_variables: None,
            directory: request.directory,
            motd_file: String::new(),
            display_apps,
            display_order: 0,
            ..parent
        };
        insert_agent(self.state.store.pool(), &child).await.map_err(inserting)?;
        let mut slugs = HashSet::new();
        let mut app_creation_errors = Vec::new();
        for (index, app) in (0..).zip(request.apps) {
            let outcome = match app_row(&child, app, &mut slugs, now) {
                Ok(row) => insert_app(self.state.store.pool(), &row)
                    .await
                    .map_err(|error| (None, failed("insert workspace app", &error).message().to_owned())),
                Err(invalid) => Err((Some(invalid.field), invalid.detail)),
            };
            if let Err((field, error)) = outcome {
                app_creation_errors.push(AppCreationError { index, field, error });
            }
        }
        self.state.workspaces.hub.workspace_changed(child.workspace_id);
        Ok(CreateSubAgentResponse { agent: Some(wire(&child)), app_creation_errors })
    }

    pub(super) async fn delete_child(&self, request: DeleteSubAgentRequest) -> Result<DeleteSubAgentResponse> {
        let child = id(&request.id).map_err(Error::new)?;
        let parent = self.agent().await?;
        let child = self.child(child, &parent).await?;
        let deleted = delete_agent(self.state.store.pool(), child.id).await;
        deleted.map_err(|error| failed("delete sub agent", &error))?;
        self.state.workspaces.hub.workspace_changed(child.workspace_id);
        Ok(DeleteSubAgentResponse {})
    }

    pub(super) async fn children(&self) -> Result<ListSubAgentsResponse> {
        let agents = self.state.store.sub_agents(self.caller.agent.id).await;
        let agents = agents.map_err(|error| failed("get sub agents", &error))?;
        Ok(ListSubAgentsResponse { agents: agents.iter().map(wire).collect() })
    }

    /// A child of this agent, and of no other.
    async fn child(&self, id: Uuid, parent: &AgentRow) -> Result<AgentRow> {
        let child = self.state.store.agent(id).await.map_err(|error| failed("get workspace agent by id", &error))?;
        let child = child
            .filter(|child| !child.deleted)
            .ok_or_else(|| Error::new(format!("get workspace agent by id: {NO_ROWS}")))?;
        if child.parent_id != Some(parent.id) {
            return Err(Error::new("subagent does not belong to this parent agent"));
        }
        Ok(child)
    }
}

fn wire(agent: &AgentRow) -> SubAgent {
    SubAgent { name: agent.name.clone(), id: agent.id.into(), auth_token: agent.auth_token.into() }
}

fn display_apps(apps: &[i32]) -> Result<Vec<String>> {
    let name = |(index, app): (usize, &i32)| match DisplayApp::try_from(*app) {
        Ok(app) => Ok(app.as_str_name().to_lowercase()),
        Err(_) => {
            let detail = format!("\"{app}\" is not a valid display app");
            Err(Invalid::new(format!("display_apps[{index}]"), detail).into())
        }
    };
    apps.iter().enumerate().map(name).collect()
}

/// An app of a child. Its slug gets a prefix that tells the children of a workspace apart.
fn app_row(
    child: &AgentRow,
    app: App,
    slugs: &mut HashSet<String>,
    now: chrono::DateTime<chrono::Utc>,
) -> std::result::Result<AppRow, Invalid> {
    let slug = app.slug;
    if slug.is_empty() {
        return Err(Invalid::new("slug", "must not be empty"));
    }
    if !SLUG.is_match(&slug) {
        return Err(Invalid::new("slug", format!("{} does not match regex \"{SLUG_PATTERN}\"", quoted(&slug))));
    }
    if !slugs.insert(slug.clone()) {
        return Err(Invalid::new("slug", format!("\"{slug}\" is already in use")));
    }
    let share = app.share.unwrap_or_default();
    let sharing_level = SharingLevel::try_from(share)
        .map_err(|_| Invalid::new("share", format!("\"{share}\" is not a valid app sharing level")))?;
    let open_in = app.open_in.unwrap_or_default();
    let open_in = OpenIn::try_from(open_in)
        .map_err(|_| Invalid::new("open_in", format!("\"{open_in}\" is not an open in setting")))?;
    let healthcheck = app.healthcheck.unwrap_or_default();
    let health = if healthcheck.url.is_empty() { "disabled" } else { "initializing" };
    let prefix = prefix(&format!("{}/{slug}", child.name));
    Ok(AppRow {
        icon: app.icon.unwrap_or_default(),
        command: app.command.unwrap_or_default(),
        url: app.url.unwrap_or_default(),
        external: app.external.unwrap_or_default(),
        subdomain: app.subdomain.unwrap_or_default(),
        sharing_level: sharing_level.as_str_name().to_lowercase(),
        healthcheck_url: healthcheck.url,
        healthcheck_interval: healthcheck.interval,
        healthcheck_threshold: healthcheck.threshold,
        health: health.to_owned(),
        display_order: app.order.unwrap_or_default(),
        display_group: app.group.unwrap_or_default(),
        hidden: app.hidden.unwrap_or_default(),
        open_in: open_in.as_str_name().to_lowercase().replace('_', "-"),
        ..AppRow::new(child.id, &format!("{prefix}-{slug}"), &app.display_name.unwrap_or_default(), now)
    })
}

/// The first 8 digits, in base 32 with the digits 0 to 9 and a to v, of a text's hash.
fn prefix(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let bits = hash.as_ref()[..5].iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let digit = |at: u32| char::from_digit((bits >> (35 - 5 * at) & 31) as u32, 32).unwrap_or('0');
    (0..8).map(digit).collect()
}
