//! From messages of the RPC.

use codersdk::{
    DerpHomeParams, DerpMap, DerpNode, DerpRegion, Healthcheck, LogLevel, WorkspaceAgentDevcontainer,
    WorkspaceAgentLifecycle, WorkspaceAgentMetadataDescription, WorkspaceAgentMetadataResult, WorkspaceAgentScript,
    WorkspaceApp, WorkspaceAppHealth, WorkspaceAppSharingLevel,
};

use super::{ConvertError, Result, all, nanoseconds, text, time, unknown, uuid, within};
use crate::rpc::proto::{agent, tailnet};
use crate::{Log, Manifest, Metadata, WorkspaceSecret};

impl TryFrom<agent::Manifest> for Manifest {
    type Error = ConvertError;

    fn try_from(m: agent::Manifest) -> Result<Self> {
        let parent = m.parent_id.as_deref().map(uuid).transpose();
        let apps: Vec<WorkspaceApp> = all(m.apps, "app").map_err(within("error converting workspace agent apps"))?;
        let scripts: Vec<WorkspaceAgentScript> =
            all(m.scripts, "script").map_err(within("error converting workspace agent scripts"))?;
        let devcontainers: Vec<WorkspaceAgentDevcontainer> =
            all(m.devcontainers, "devcontainer").map_err(within("error converting workspace agent devcontainers"))?;
        Ok(Self {
            parent_id: parent.map_err(within("error converting workspace agent parent ID"))?.unwrap_or_default(),
            agent_id: uuid(&m.agent_id).map_err(within("error converting workspace agent ID"))?,
            agent_name: m.agent_name,
            owner_name: m.owner_username,
            workspace_id: uuid(&m.workspace_id).map_err(within("error converting workspace ID"))?,
            workspace_name: m.workspace_name,
            git_auth_configs: i64::from(m.git_auth_configs),
            vscode_port_proxy_uri: m.vs_code_port_proxy_uri,
            apps: apps.into(),
            derpmap: m.derp_map.map(DerpMap::from),
            derp_force_websockets: m.derp_force_websockets,
            environment_variables: m.environment_variables.into(),
            directory: m.directory,
            motd_file: m.motd_path,
            disable_direct_connections: m.disable_direct_connections,
            metadata: m.metadata.into_iter().map(WorkspaceAgentMetadataDescription::from).collect(),
            scripts: scripts.into(),
            devcontainers: devcontainers.into(),
        })
    }
}

/// The secrets of a manifest's message, which a [`Manifest`] does not have.
pub fn secrets(manifest: &agent::Manifest) -> Vec<WorkspaceSecret> {
    manifest.secrets.iter().cloned().map(WorkspaceSecret::from).collect()
}

impl From<agent::WorkspaceSecret> for WorkspaceSecret {
    fn from(s: agent::WorkspaceSecret) -> Self {
        Self { env_name: s.env_name, file_path: s.file_path, value: s.value }
    }
}

impl From<agent::workspace_agent_metadata::Description> for WorkspaceAgentMetadataDescription {
    fn from(d: agent::workspace_agent_metadata::Description) -> Self {
        Self {
            display_name: d.display_name,
            key: d.key,
            script: d.script,
            interval: nanoseconds(d.interval.as_ref()),
            timeout: nanoseconds(d.timeout.as_ref()),
        }
    }
}

impl From<agent::workspace_agent_metadata::Result> for WorkspaceAgentMetadataResult {
    fn from(r: agent::workspace_agent_metadata::Result) -> Self {
        Self { collected_at: time(r.collected_at.as_ref()), age: r.age, value: r.value, error: r.error }
    }
}

impl From<agent::Metadata> for Metadata {
    fn from(m: agent::Metadata) -> Self {
        Self { key: m.key, result: m.result.unwrap_or_default().into() }
    }
}

impl TryFrom<agent::WorkspaceAgentScript> for WorkspaceAgentScript {
    type Error = ConvertError;

    fn try_from(s: agent::WorkspaceAgentScript) -> Result<Self> {
        Ok(Self {
            id: uuid(&s.id).map_err(within("parse id"))?,
            log_source_id: uuid(&s.log_source_id).map_err(within("parse log source id"))?,
            log_path: s.log_path,
            script: s.script,
            cron: s.cron,
            run_on_start: s.run_on_start,
            run_on_stop: s.run_on_stop,
            start_blocks_login: s.start_blocks_login,
            timeout: nanoseconds(s.timeout.as_ref()),
            display_name: s.display_name,
            exit_code: None,
            status: None,
        })
    }
}

impl TryFrom<agent::WorkspaceApp> for WorkspaceApp {
    type Error = ConvertError;

    fn try_from(a: agent::WorkspaceApp) -> Result<Self> {
        let sharing = a.sharing_level().as_str_name();
        let sharing_level = WorkspaceAppSharingLevel::from(sharing.to_lowercase());
        if !sharing_level.is_known() {
            return Err(unknown("app sharing level", format_args!("{sharing} ({sharing:?})")));
        }
        let name = a.health().as_str_name();
        let health = WorkspaceAppHealth::from(name.to_lowercase());
        if !health.is_known() {
            return Err(unknown("app health", format_args!("{name} ({name:?})")));
        }
        let check = a.healthcheck.unwrap_or_default();
        let seconds = nanoseconds(check.interval.as_ref()) / 1_000_000_000;
        Ok(Self {
            id: uuid(&a.id).map_err(within("parse id"))?,
            url: text(&a.url),
            external: a.external,
            slug: a.slug,
            display_name: text(&a.display_name),
            command: text(&a.command),
            icon: text(&a.icon),
            subdomain: a.subdomain,
            subdomain_name: text(&a.subdomain_name),
            sharing_level,
            healthcheck: Healthcheck {
                url: check.url,
                interval: i32::try_from(seconds).unwrap_or(i32::MAX),
                threshold: check.threshold,
            },
            health,
            hidden: a.hidden,
            ..Self::default()
        })
    }
}

impl TryFrom<agent::Log> for Log {
    type Error = ConvertError;

    fn try_from(log: agent::Log) -> Result<Self> {
        let level = LogLevel::from(log.level().as_str_name().to_lowercase());
        if !level.is_known() {
            return Err(unknown("log level", log.level().as_str_name()));
        }
        Ok(Self { created_at: time(log.created_at.as_ref()), output: log.output, level })
    }
}

impl From<agent::lifecycle::State> for WorkspaceAgentLifecycle {
    fn from(state: agent::lifecycle::State) -> Self {
        state.as_str_name().to_lowercase().into()
    }
}

impl TryFrom<agent::WorkspaceAgentDevcontainer> for WorkspaceAgentDevcontainer {
    type Error = ConvertError;

    fn try_from(d: agent::WorkspaceAgentDevcontainer) -> Result<Self> {
        Ok(Self {
            id: uuid(&d.id).map_err(within("parse id"))?,
            name: d.name,
            workspace_folder: d.workspace_folder,
            config_path: text(&d.config_path),
            subagent_id: d.subagent_id.as_deref().map(uuid).transpose().map_err(within("parse subagent id"))?,
            ..Self::default()
        })
    }
}

impl From<tailnet::DerpMap> for DerpMap {
    fn from(map: tailnet::DerpMap) -> Self {
        let region = |(id, region): (i64, tailnet::derp_map::Region)| (id, Some(DerpRegion::from(region)));
        Self {
            home_params: map.home_params.map(|home| DerpHomeParams { region_score: home.region_score }),
            regions: map.regions.into_iter().map(region).collect(),
            omit_default_regions: false,
        }
    }
}

impl From<tailnet::derp_map::Region> for DerpRegion {
    fn from(r: tailnet::derp_map::Region) -> Self {
        Self {
            embedded_relay: r.embedded_relay,
            region_id: r.region_id,
            region_code: r.region_code,
            region_name: r.region_name,
            avoid: r.avoid,
            nodes: r.nodes.into_iter().map(|node| Some(DerpNode::from(node))).collect(),
        }
    }
}

impl From<tailnet::derp_map::region::Node> for DerpNode {
    fn from(n: tailnet::derp_map::region::Node) -> Self {
        Self {
            name: n.name,
            region_id: n.region_id,
            host_name: n.host_name,
            cert_name: text(&n.cert_name),
            ipv4: text(&n.ipv4),
            ipv6: text(&n.ipv6),
            stun_port: i64::from(n.stun_port),
            stun_only: n.stun_only,
            derp_port: i64::from(n.derp_port),
            insecure_for_tests: n.insecure_for_tests,
            force_http: n.force_http,
            stun_test_ip: text(&n.stun_test_ip),
            can_port80: n.can_port_80,
        }
    }
}
