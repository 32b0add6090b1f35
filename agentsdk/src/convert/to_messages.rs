//! To messages of the RPC.

use codersdk::{
    AgentSubsystem, DerpHomeParams, DerpMap, DerpNode, DerpRegion, WorkspaceAgentDevcontainer, WorkspaceAgentLifecycle,
    WorkspaceAgentMetadataDescription, WorkspaceAgentMetadataResult, WorkspaceAgentScript, WorkspaceApp,
    WorkspaceAppHealth,
};
use prost_types::Duration;
use uuid::Uuid;

use super::{ConvertError, Result, all, bytes, duration, timestamp, unknown, within};
use crate::rpc::proto::{agent, tailnet};
use crate::{
    Log, Manifest, Metadata, PatchAppStatus, PostAppHealthsRequest, PostLifecycleRequest, WorkspaceSecret,
    sanitize_log_output,
};

impl TryFrom<Manifest> for agent::Manifest {
    type Error = ConvertError;

    fn try_from(m: Manifest) -> Result<Self> {
        Ok(Self {
            agent_id: bytes(m.agent_id),
            agent_name: m.agent_name,
            owner_username: m.owner_name,
            workspace_id: bytes(m.workspace_id),
            workspace_name: m.workspace_name,
            git_auth_configs: u32::try_from(m.git_auth_configs).map_err(|_| unknown("number", m.git_auth_configs))?,
            environment_variables: m.environment_variables.into_inner(),
            directory: m.directory,
            vs_code_port_proxy_uri: m.vscode_port_proxy_uri,
            motd_path: m.motd_file,
            disable_direct_connections: m.disable_direct_connections,
            derp_force_websockets: m.derp_force_websockets,
            parent_id: Some(bytes(m.parent_id)),
            derp_map: m.derpmap.map(tailnet::DerpMap::from),
            scripts: m.scripts.into_iter().map(agent::WorkspaceAgentScript::from).collect(),
            apps: all(m.apps, "app").map_err(within("convert workspace apps"))?,
            metadata: m.metadata.into_iter().map(agent::workspace_agent_metadata::Description::from).collect(),
            devcontainers: m.devcontainers.into_iter().map(agent::WorkspaceAgentDevcontainer::from).collect(),
            secrets: Vec::new(),
        })
    }
}

impl From<WorkspaceSecret> for agent::WorkspaceSecret {
    fn from(s: WorkspaceSecret) -> Self {
        Self { env_name: s.env_name, file_path: s.file_path, value: s.value }
    }
}

impl From<WorkspaceAgentMetadataDescription> for agent::workspace_agent_metadata::Description {
    fn from(d: WorkspaceAgentMetadataDescription) -> Self {
        Self {
            display_name: d.display_name,
            key: d.key,
            script: d.script,
            interval: Some(duration(d.interval)),
            timeout: Some(duration(d.timeout)),
        }
    }
}

impl From<WorkspaceAgentMetadataResult> for agent::workspace_agent_metadata::Result {
    fn from(r: WorkspaceAgentMetadataResult) -> Self {
        Self { collected_at: Some(timestamp(r.collected_at)), age: r.age, value: r.value, error: r.error }
    }
}

impl From<Metadata> for agent::Metadata {
    fn from(m: Metadata) -> Self {
        Self { key: m.key, result: Some(m.result.into()) }
    }
}

impl From<WorkspaceAgentScript> for agent::WorkspaceAgentScript {
    fn from(s: WorkspaceAgentScript) -> Self {
        Self {
            id: bytes(s.id),
            log_source_id: bytes(s.log_source_id),
            log_path: s.log_path,
            script: s.script,
            cron: s.cron,
            run_on_start: s.run_on_start,
            run_on_stop: s.run_on_stop,
            start_blocks_login: s.start_blocks_login,
            timeout: Some(duration(s.timeout)),
            display_name: s.display_name,
        }
    }
}

impl TryFrom<WorkspaceApp> for agent::WorkspaceApp {
    type Error = ConvertError;

    fn try_from(a: WorkspaceApp) -> Result<Self> {
        let sharing = agent::workspace_app::SharingLevel::from_str_name(&a.sharing_level.as_str().to_uppercase())
            .ok_or_else(|| unknown("sharing level", &a.sharing_level))?;
        let health = agent::workspace_app::Health::from_str_name(&a.health.as_str().to_uppercase())
            .ok_or_else(|| unknown("health", &a.health))?;
        Ok(Self {
            id: bytes(a.id),
            url: a.url.unwrap_or_default(),
            external: a.external,
            slug: a.slug,
            display_name: a.display_name.unwrap_or_default(),
            command: a.command.unwrap_or_default(),
            icon: a.icon.unwrap_or_default(),
            subdomain: a.subdomain,
            subdomain_name: a.subdomain_name.unwrap_or_default(),
            sharing_level: sharing.into(),
            healthcheck: Some(agent::workspace_app::Healthcheck {
                url: a.healthcheck.url,
                interval: Some(Duration { seconds: i64::from(a.healthcheck.interval), nanos: 0 }),
                threshold: a.healthcheck.threshold,
            }),
            health: health.into(),
            hidden: a.hidden,
        })
    }
}

impl TryFrom<PostAppHealthsRequest> for agent::BatchUpdateAppHealthRequest {
    type Error = ConvertError;

    fn try_from(req: PostAppHealthsRequest) -> Result<Self> {
        let update = |(id, health): (Uuid, WorkspaceAppHealth)| {
            let known = agent::AppHealth::from_str_name(&health.as_str().to_uppercase());
            let health = known.ok_or_else(|| unknown("app health", health))?.into();
            Ok(agent::batch_update_app_health_request::HealthUpdate { id: bytes(id), health })
        };
        Ok(Self { updates: req.healths.into_iter().map(update).collect::<Result<_>>()? })
    }
}

impl TryFrom<AgentSubsystem> for agent::startup::Subsystem {
    type Error = ConvertError;

    fn try_from(subsystem: AgentSubsystem) -> Result<Self> {
        Self::from_str_name(&subsystem.as_str().to_uppercase()).ok_or_else(|| unknown("subsystem", subsystem))
    }
}

impl TryFrom<Log> for agent::Log {
    type Error = ConvertError;

    /// What has no place in a line is replaced: see [`sanitize_log_output`].
    fn try_from(log: Log) -> Result<Self> {
        let level = agent::log::Level::from_str_name(&log.level.as_str().to_uppercase());
        Ok(Self {
            created_at: Some(timestamp(log.created_at)),
            output: sanitize_log_output(log.output.as_bytes()),
            level: level.ok_or_else(|| unknown("log level", log.level))?.into(),
        })
    }
}

impl TryFrom<WorkspaceAgentLifecycle> for agent::lifecycle::State {
    type Error = ConvertError;

    fn try_from(state: WorkspaceAgentLifecycle) -> Result<Self> {
        Self::from_str_name(&state.as_str().to_uppercase()).ok_or_else(|| unknown("lifecycle state", state))
    }
}

impl TryFrom<PostLifecycleRequest> for agent::Lifecycle {
    type Error = ConvertError;

    fn try_from(req: PostLifecycleRequest) -> Result<Self> {
        let state = agent::lifecycle::State::try_from(req.state)?;
        Ok(Self { state: state.into(), changed_at: Some(timestamp(req.changed_at)) })
    }
}

impl From<WorkspaceAgentDevcontainer> for agent::WorkspaceAgentDevcontainer {
    fn from(d: WorkspaceAgentDevcontainer) -> Self {
        Self {
            id: bytes(d.id),
            name: d.name,
            workspace_folder: d.workspace_folder,
            config_path: d.config_path.unwrap_or_default(),
            subagent_id: d.subagent_id.map(bytes),
        }
    }
}

impl TryFrom<PatchAppStatus> for agent::UpdateAppStatusRequest {
    type Error = ConvertError;

    fn try_from(status: PatchAppStatus) -> Result<Self> {
        let name = status.state.as_str().to_uppercase();
        let state = agent::update_app_status_request::AppStatusState::from_str_name(&name)
            .ok_or_else(|| ConvertError(format!("Invalid state: {}", status.state)))?;
        Ok(Self { slug: status.app_slug, state: state.into(), message: status.message, uri: status.uri })
    }
}

impl From<DerpMap> for tailnet::DerpMap {
    fn from(map: DerpMap) -> Self {
        let home = |home: DerpHomeParams| tailnet::derp_map::HomeParams { region_score: home.region_score };
        let regions = map.regions.into_iter().filter_map(|(id, region)| Some((id, region?.into())));
        Self { home_params: map.home_params.map(home), regions: regions.collect() }
    }
}

impl From<DerpRegion> for tailnet::derp_map::Region {
    fn from(r: DerpRegion) -> Self {
        Self {
            region_id: r.region_id,
            embedded_relay: r.embedded_relay,
            region_code: r.region_code,
            region_name: r.region_name,
            avoid: r.avoid,
            nodes: r.nodes.into_iter().flatten().map(Into::into).collect(),
        }
    }
}

impl From<DerpNode> for tailnet::derp_map::region::Node {
    /// A port that is none becomes 0.
    fn from(n: DerpNode) -> Self {
        Self {
            name: n.name,
            region_id: n.region_id,
            host_name: n.host_name,
            cert_name: n.cert_name.unwrap_or_default(),
            ipv4: n.ipv4.unwrap_or_default(),
            ipv6: n.ipv6.unwrap_or_default(),
            stun_port: i32::try_from(n.stun_port).unwrap_or_default(),
            stun_only: n.stun_only,
            derp_port: i32::try_from(n.derp_port).unwrap_or_default(),
            insecure_for_tests: n.insecure_for_tests,
            force_http: n.force_http,
            stun_test_ip: n.stun_test_ip.unwrap_or_default(),
            can_port_80: n.can_port80,
        }
    }
}
