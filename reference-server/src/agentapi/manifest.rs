//! What an agent needs to know of itself.

use agentsdk::rpc::proto::agent::workspace_app::{Health, Healthcheck, SharingLevel};
use agentsdk::rpc::proto::agent::{
    Manifest, WorkspaceAgentDevcontainer, WorkspaceAgentScript, WorkspaceApp, workspace_agent_metadata,
};
use agentsdk::rpc::{Error, Result};
use prost_types::Duration;

use super::{NO_ROWS, failed, seconds, tailnet};
use crate::state::AppState;
use crate::store::workspace_agents::{AgentRow, DevcontainerRow, MetadataRow, ScriptRow};
use crate::store::workspace_apps::AppRow;

/// What this agent is told of itself, without secrets.
pub(crate) async fn manifest(state: &AppState, agent: &AgentRow) -> Result<Manifest> {
    let store = &state.store;
    let fetching = |error: sqlx::Error| failed("fetching workspace agent data", &error);
    // The owner changes when a prebuilt workspace is claimed.
    let workspace = store.workspace(agent.workspace_id).await.map_err(fetching)?;
    let workspace = workspace
        .ok_or_else(|| Error::new(format!("fetching workspace agent data: getting workspace by id: {NO_ROWS}")))?;
    let owner = store.user(workspace.owner_id).await.map_err(fetching)?;
    let apps = store.apps(&[agent.id]).await.map_err(fetching)?;
    Ok(Manifest {
        agent_id: agent.id.into(),
        agent_name: agent.name.clone(),
        owner_username: owner.map(|owner| owner.username).unwrap_or_default(),
        workspace_id: workspace.id.into(),
        workspace_name: workspace.name,
        git_auth_configs: state.external_auth.git_count(),
        environment_variables: agent.environment_variables.clone().unwrap_or_default(),
        directory: agent.directory.clone(),
        // There is no host for apps.
        vs_code_port_proxy_uri: String::new(),
        motd_path: agent.motd_file.clone(),
        disable_direct_connections: false,
        derp_force_websockets: false,
        parent_id: agent.parent_id.map(Into::into),
        derp_map: Some(tailnet::derp_map(&state.access_url)),
        scripts: store.agent_scripts(&[agent.id]).await.map_err(fetching)?.into_iter().map(script).collect(),
        apps: apps.into_iter().map(app).collect::<Result<_>>()?,
        metadata: store.agent_metadata(agent.id).await.map_err(fetching)?.into_iter().map(metadatum).collect(),
        devcontainers: store
            .agent_devcontainers(agent.id)
            .await
            .map_err(fetching)?
            .into_iter()
            .map(devcontainer)
            .collect(),
        secrets: Vec::new(),
    })
}

/// The display name is left out, as in the original.
fn script(row: ScriptRow) -> WorkspaceAgentScript {
    WorkspaceAgentScript {
        id: row.id.into(),
        log_source_id: row.log_source_id.into(),
        log_path: row.log_path,
        script: row.script,
        cron: row.cron,
        run_on_start: row.run_on_start,
        run_on_stop: row.run_on_stop,
        start_blocks_login: row.start_blocks_login,
        timeout: Some(seconds(row.timeout_seconds.into())),
        display_name: String::new(),
    }
}

fn app(row: AppRow) -> Result<WorkspaceApp> {
    let unknown = |what: &str, value: &str| {
        Error::new(format!("converting workspace apps: parse app {:?}: unknown app {what}: {value:?}", row.slug))
    };
    let sharing_level = SharingLevel::from_str_name(&row.sharing_level.to_uppercase())
        .ok_or_else(|| unknown("sharing level", &row.sharing_level))?;
    let health = Health::from_str_name(&row.health.to_uppercase()).ok_or_else(|| unknown("health", &row.health))?;
    Ok(WorkspaceApp {
        id: row.id.into(),
        url: row.url,
        external: row.external,
        slug: row.slug,
        display_name: row.display_name,
        command: row.command,
        icon: row.icon,
        subdomain: row.subdomain,
        subdomain_name: String::new(),
        sharing_level: sharing_level.into(),
        healthcheck: Some(Healthcheck {
            url: row.healthcheck_url,
            interval: Some(seconds(row.healthcheck_interval.into())),
            threshold: row.healthcheck_threshold,
        }),
        health: health.into(),
        hidden: row.hidden,
    })
}

fn metadatum(row: MetadataRow) -> workspace_agent_metadata::Description {
    workspace_agent_metadata::Description {
        display_name: row.display_name,
        key: row.key,
        script: row.script,
        interval: Some(counted(row.interval)),
        timeout: Some(counted(row.timeout)),
    }
}

/// A number of seconds as agents of the original take it here: they count the nanoseconds of what they get, and wait
/// for as many seconds.
fn counted(seconds: i64) -> Duration {
    const BILLION: i64 = 1_000_000_000;
    Duration { seconds: seconds / BILLION, nanos: i32::try_from(seconds % BILLION).unwrap_or_default() }
}

fn devcontainer(row: DevcontainerRow) -> WorkspaceAgentDevcontainer {
    WorkspaceAgentDevcontainer {
        id: row.id.into(),
        workspace_folder: row.workspace_folder,
        config_path: row.config_path,
        name: row.name,
        subagent_id: row.subagent_id.map(Into::into),
    }
}
