//! Between the types of the RPC and those of JSON, as `From` and `TryFrom`.
//!
//! What the RPC cannot say is lost on the way there (an app's group and statuses, a script's exit code), as it is in the
//! original. A [`Manifest`](crate::Manifest) has no secrets: take them from the message, by [`secrets`].

mod from_messages;
mod to_messages;

use std::fmt;

use chrono::{DateTime, Utc};
use codersdk::BannerConfig;
use prost_types::{Duration, Timestamp};
use uuid::Uuid;

use crate::Log;
use crate::rpc::proto::agent;

pub use from_messages::secrets;

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
    use codersdk::{
        DerpMap, DerpNode, DerpRegion, Healthcheck, LogLevel, WorkspaceAgentDevcontainer,
        WorkspaceAgentMetadataDescription, WorkspaceAgentScript, WorkspaceApp, WorkspaceAppHealth,
        WorkspaceAppSharingLevel,
    };

    use super::*;
    use crate::{Manifest, PatchAppStatus};

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
