//! Between the types of the RPC and those of JSON, as `From` and `TryFrom`.
//!
//! What the RPC cannot say is lost on the way there (an app's group and statuses, a script's exit code), as it is in the
//! original. A [`Manifest`] has no secrets: take them from the message, by [`secrets`].

use std::fmt;

use chrono::{DateTime, Utc};
use codersdk::{
    AgentSubsystem, BannerConfig, DerpHomeParams, DerpMap, DerpNode, DerpRegion, Healthcheck, LogLevel,
    WorkspaceAgentDevcontainer, WorkspaceAgentLifecycle, WorkspaceAgentMetadataDescription,
    WorkspaceAgentMetadataResult, WorkspaceAgentScript, WorkspaceApp, WorkspaceAppHealth, WorkspaceAppSharingLevel,
};
use prost_types::{Duration, Timestamp};
use uuid::Uuid;

use crate::rpc::proto::{agent, tailnet};
use crate::{
    Log, Manifest, Metadata, PatchAppStatus, PostAppHealthsRequest, PostLifecycleRequest, WorkspaceSecret,
    sanitize_log_output,
};

/// What has no form on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertError(String);

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConvertError {}

type Result<T> = std::result::Result<T, ConvertError>;

fn unknown(what: &str, value: impl fmt::Display) -> ConvertError {
    ConvertError(format!("unknown {what}: {value}"))
}

fn within(what: impl fmt::Display) -> impl FnOnce(ConvertError) -> ConvertError {
    move |error| ConvertError(format!("{what}: {error}"))
}

fn uuid(bytes: &[u8]) -> Result<Uuid> {
    Uuid::from_slice(bytes).map_err(|_| ConvertError(format!("invalid UUID (got {} bytes)", bytes.len())))
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// In nanoseconds; what does not fit is cut.
fn nanoseconds(duration: Option<&Duration>) -> i64 {
    duration.map_or(0, |d| d.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(d.nanos)))
}

fn duration(nanoseconds: i64) -> Duration {
    let nanos = i32::try_from(nanoseconds % 1_000_000_000).unwrap_or_default();
    Duration { seconds: nanoseconds / 1_000_000_000, nanos }
}

/// Absent is the start of 1970.
fn time(stamp: Option<&Timestamp>) -> DateTime<Utc> {
    let Some(Timestamp { seconds, nanos }) = stamp else { return DateTime::UNIX_EPOCH };
    DateTime::from_timestamp(*seconds, u32::try_from(*nanos).unwrap_or_default()).unwrap_or_default()
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default() }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn all<A, B, E>(items: impl IntoIterator<Item = A>, what: &str) -> Result<Vec<B>>
where
    B: TryFrom<A, Error = E>,
    E: fmt::Display,
{
    let convert = |(at, item)| B::try_from(item).map_err(|error| ConvertError(format!("parse {what} {at}: {error}")));
    items.into_iter().enumerate().map(convert).collect()
}

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

/// The secrets of a manifest's message, which a [`Manifest`] does not have.
pub fn secrets(manifest: &agent::Manifest) -> Vec<WorkspaceSecret> {
    manifest.secrets.iter().cloned().map(WorkspaceSecret::from).collect()
}

impl From<agent::WorkspaceSecret> for WorkspaceSecret {
    fn from(s: agent::WorkspaceSecret) -> Self {
        Self { env_name: s.env_name, file_path: s.file_path, value: s.value }
    }
}

impl From<WorkspaceSecret> for agent::WorkspaceSecret {
    fn from(s: WorkspaceSecret) -> Self {
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

impl From<Metadata> for agent::Metadata {
    fn from(m: Metadata) -> Self {
        Self { key: m.key, result: Some(m.result.into()) }
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

macro_rules! banners {
    ($($message:ident),*) => {
        $(
            impl From<agent::$message> for BannerConfig {
                fn from(b: agent::$message) -> Self {
                    let (message, background_color) = (text(&b.message), text(&b.background_color));
                    Self { enabled: b.enabled, message, background_color }
                }
            }

            impl From<BannerConfig> for agent::$message {
                fn from(b: BannerConfig) -> Self {
                    Self {
                        enabled: b.enabled,
                        message: b.message.unwrap_or_default(),
                        background_color: b.background_color.unwrap_or_default(),
                    }
                }
            }
        )*
    };
}

banners!(ServiceBanner, BannerConfig);

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

impl TryFrom<WorkspaceAgentLifecycle> for agent::lifecycle::State {
    type Error = ConvertError;

    fn try_from(state: WorkspaceAgentLifecycle) -> Result<Self> {
        Self::from_str_name(&state.as_str().to_uppercase()).ok_or_else(|| unknown("lifecycle state", state))
    }
}

impl From<agent::lifecycle::State> for WorkspaceAgentLifecycle {
    fn from(state: agent::lifecycle::State) -> Self {
        state.as_str_name().to_lowercase().into()
    }
}

impl TryFrom<PostLifecycleRequest> for agent::Lifecycle {
    type Error = ConvertError;

    fn try_from(req: PostLifecycleRequest) -> Result<Self> {
        let state = agent::lifecycle::State::try_from(req.state)?;
        Ok(Self { state: state.into(), changed_at: Some(timestamp(req.changed_at)) })
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

impl From<DerpMap> for tailnet::DerpMap {
    fn from(map: DerpMap) -> Self {
        let home = |home: DerpHomeParams| tailnet::derp_map::HomeParams { region_score: home.region_score };
        let regions = map.regions.into_iter().filter_map(|(id, region)| Some((id, region?.into())));
        Self { home_params: map.home_params.map(home), regions: regions.collect() }
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

/// Logs of a [`LogSender`](crate::LogSender) go over the RPC.
#[async_trait::async_trait]
impl crate::LogDest for crate::rpc::AgentRpcClient {
    async fn batch_create_logs(&self, source: Uuid, logs: &[Log]) -> codersdk::Result<bool> {
        let logs = logs.iter().cloned().map(agent::Log::try_from).collect::<Result<_>>();
        let logs = logs.map_err(|error| codersdk::Error::request(error.to_string()))?;
        let request = agent::BatchCreateLogsRequest { log_source_id: bytes(source), logs };
        let answer = crate::rpc::AgentRpc::batch_create_logs(self, request).await.map_err(|error| {
            let kind = codersdk::__private::ErrorKind::Transport;
            codersdk::Error::new(kind, error.to_string()).with_source(error)
        })?;
        Ok(!answer.log_limit_exceeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_as_it_was() {
        let app = WorkspaceApp {
            id: Uuid::from_u128(5),
            slug: "code".to_owned(),
            url: Some("http://localhost:1".to_owned()),
            sharing_level: WorkspaceAppSharingLevel::Organization,
            healthcheck: Healthcheck { url: "http://localhost:1/health".to_owned(), interval: 5, threshold: 6 },
            health: WorkspaceAppHealth::Healthy,
            ..WorkspaceApp::default()
        };
        let node = DerpNode { name: "n".to_owned(), stun_port: -1, can_port80: true, ..DerpNode::default() };
        let region = DerpRegion { region_id: 3, nodes: vec![Some(node)].into(), ..DerpRegion::default() };
        let manifest = Manifest {
            agent_id: Uuid::from_u128(1),
            workspace_id: Uuid::from_u128(2),
            owner_name: "me".to_owned(),
            git_auth_configs: 2,
            apps: vec![app].into(),
            derpmap: Some(DerpMap { regions: [(3, Some(region))].into_iter().collect(), ..DerpMap::default() }),
            environment_variables: [("A".to_owned(), "B".to_owned())].into_iter().collect(),
            metadata: vec![WorkspaceAgentMetadataDescription { interval: 10, timeout: -3, ..Default::default() }]
                .into(),
            scripts: vec![WorkspaceAgentScript {
                id: Uuid::from_u128(7),
                timeout: 90_000_000_001,
                ..WorkspaceAgentScript::default()
            }]
            .into(),
            devcontainers: vec![WorkspaceAgentDevcontainer {
                id: Uuid::from_u128(8),
                subagent_id: Some(Uuid::from_u128(9)),
                ..WorkspaceAgentDevcontainer::default()
            }]
            .into(),
            ..Manifest::default()
        };
        let message = agent::Manifest::try_from(manifest.clone()).unwrap();
        assert_eq!(Manifest::try_from(message).unwrap(), manifest);
    }

    #[test]
    fn what_is_unknown_is_named() {
        let app = WorkspaceApp { sharing_level: "friends".into(), ..WorkspaceApp::default() };
        assert_eq!(agent::WorkspaceApp::try_from(app).unwrap_err().to_string(), "unknown sharing level: friends");
        let error = Manifest::try_from(agent::Manifest { agent_id: vec![1], ..Default::default() }).unwrap_err();
        assert_eq!(error.to_string(), "error converting workspace agent ID: invalid UUID (got 1 bytes)");
        let status = PatchAppStatus { state: "paused".into(), ..PatchAppStatus::default() };
        assert_eq!(agent::UpdateAppStatusRequest::try_from(status).unwrap_err().to_string(), "Invalid state: paused");
    }

    #[test]
    fn log_lines_are_cleaned_on_the_way() {
        let log = Log { output: "a\0".to_owned(), level: LogLevel::Warn, ..Log::default() };
        let message = agent::Log::try_from(log).unwrap();
        assert_eq!((message.output.as_str(), message.level()), ("a❌", agent::log::Level::Warn));
    }
}
