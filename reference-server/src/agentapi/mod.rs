//! What the server does with what agents tell it, by REST or by RPC, and their RPC connection itself: the agent service
//! and, beside it, the tailnet service.

pub(crate) mod app_status;
mod apps;
mod boundary;
mod connections;
mod context;
pub(crate) mod coordinator;
mod lifecycle;
pub(crate) mod logs;
mod manifest;
mod metadata;
mod monitor;
mod resources;
mod resume;
mod rpc;
mod scripts;
mod socket;
mod stats;
mod sub_agents;
mod tailnet;
#[cfg(test)]
mod tests;

pub(crate) use manifest::manifest;
pub(crate) use resume::ResumeTokens;
pub(crate) use rpc::router;
pub(crate) use socket::byte_stream;

use agentsdk::rpc::proto::agent::{
    BatchCreateLogsRequest, BatchCreateLogsResponse, BatchUpdateAppHealthRequest, BatchUpdateAppHealthResponse,
    BatchUpdateMetadataRequest, BatchUpdateMetadataResponse, CreateSubAgentRequest, CreateSubAgentResponse,
    DeleteSubAgentRequest, DeleteSubAgentResponse, GetAnnouncementBannersRequest, GetAnnouncementBannersResponse,
    GetManifestRequest, GetResourcesMonitoringConfigurationRequest, GetResourcesMonitoringConfigurationResponse,
    GetServiceBannerRequest, Lifecycle, ListSubAgentsRequest, ListSubAgentsResponse, Manifest, PushContextStateRequest,
    PushContextStateResponse, PushResourcesMonitoringUsageRequest, PushResourcesMonitoringUsageResponse,
    ReportBoundaryLogsRequest, ReportBoundaryLogsResponse, ReportConnectionRequest, ServiceBanner, Startup,
    UpdateAppStatusRequest, UpdateAppStatusResponse, UpdateLifecycleRequest, UpdateStartupRequest, UpdateStatsRequest,
    UpdateStatsResponse, WorkspaceAgentScriptCompletedRequest, WorkspaceAgentScriptCompletedResponse,
};
use agentsdk::rpc::{AgentRpc, Error, Result};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use prost_types::{Duration, Timestamp};
use uuid::Uuid;

use crate::http::agent_auth::AgentCaller;
use crate::state::AppState;
use crate::store::workspace_agents::AgentRow;

pub(crate) use context::store_context;

/// The agent service, for one connection of one agent.
pub(crate) struct AgentApi {
    state: AppState,
    /// The agent, its workspace and build as they were when it connected. Only what cannot change is to be read here.
    caller: AgentCaller,
    /// Name of the workspace's owner, for log lines.
    owner: String,
    /// The version that the agent asked for.
    version: String,
}

impl AgentApi {
    /// The service for an agent that asked for `version`.
    pub(crate) fn new(state: AppState, caller: AgentCaller, owner: String, version: String) -> Self {
        Self { state, caller, owner, version }
    }

    /// The agent as it is now.
    async fn agent(&self) -> Result<AgentRow> {
        let id = self.caller.agent.id;
        let agent = self.state.store.agent(id).await.map_err(|error| failed("get workspace agent by id", &error))?;
        agent.ok_or_else(|| Error::new(format!("get workspace agent by id \"{id}\": {NO_ROWS}")))
    }
}

/// What the original's database says of a row that is not there.
const NO_ROWS: &str = "sql: no rows in result set";

/// The answer to a call that the store failed.
fn failed(doing: &str, error: &sqlx::Error) -> Error {
    tracing::error!(%error, doing, "an agent's call failed");
    Error::new(format!("{doing}: the database failed"))
}

/// An id of a message.
fn id(bytes: &[u8]) -> std::result::Result<Uuid, String> {
    Uuid::from_slice(bytes).map_err(|_| format!("invalid UUID (got {} bytes)", bytes.len()))
}

/// A time of a message. One that is absent is the start of 1970, as in the original.
fn time(stamp: Option<&Timestamp>) -> DateTime<Utc> {
    let Timestamp { seconds, nanos } = stamp.copied().unwrap_or_default();
    DateTime::from_timestamp(seconds, u32::try_from(nanos).unwrap_or_default()).unwrap_or(DateTime::UNIX_EPOCH)
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp { seconds: time.timestamp(), nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default() }
}

fn seconds(seconds: i64) -> Duration {
    Duration { seconds, nanos: 0 }
}

#[async_trait]
impl AgentRpc for AgentApi {
    async fn get_manifest(&self, _: GetManifestRequest) -> Result<Manifest> {
        manifest(&self.state, &self.agent().await?).await
    }

    /// Banners are a licensed feature: there are none.
    async fn get_service_banner(&self, _: GetServiceBannerRequest) -> Result<ServiceBanner> {
        Ok(ServiceBanner::default())
    }

    async fn get_announcement_banners(
        &self,
        _: GetAnnouncementBannersRequest,
    ) -> Result<GetAnnouncementBannersResponse> {
        Ok(GetAnnouncementBannersResponse::default())
    }

    async fn update_stats(&self, request: UpdateStatsRequest) -> Result<UpdateStatsResponse> {
        self.report_stats(request).await
    }

    async fn update_lifecycle(&self, request: UpdateLifecycleRequest) -> Result<Lifecycle> {
        self.report_lifecycle(request).await
    }

    async fn update_startup(&self, request: UpdateStartupRequest) -> Result<Startup> {
        self.report_startup(request).await
    }

    async fn batch_update_app_healths(
        &self,
        request: BatchUpdateAppHealthRequest,
    ) -> Result<BatchUpdateAppHealthResponse> {
        self.report_app_healths(request).await
    }

    async fn batch_update_metadata(&self, request: BatchUpdateMetadataRequest) -> Result<BatchUpdateMetadataResponse> {
        self.report_metadata(request).await
    }

    async fn batch_create_logs(&self, request: BatchCreateLogsRequest) -> Result<BatchCreateLogsResponse> {
        self.append_logs(request).await
    }

    async fn update_app_status(&self, request: UpdateAppStatusRequest) -> Result<UpdateAppStatusResponse> {
        self.report_app_status(request).await
    }

    async fn script_completed(
        &self,
        request: WorkspaceAgentScriptCompletedRequest,
    ) -> Result<WorkspaceAgentScriptCompletedResponse> {
        self.report_script(request).await
    }

    async fn get_resources_monitoring_configuration(
        &self,
        _: GetResourcesMonitoringConfigurationRequest,
    ) -> Result<GetResourcesMonitoringConfigurationResponse> {
        self.monitoring().await
    }

    async fn push_resources_monitoring_usage(
        &self,
        request: PushResourcesMonitoringUsageRequest,
    ) -> Result<PushResourcesMonitoringUsageResponse> {
        self.report_usage(request).await
    }

    async fn report_connection(&self, request: ReportConnectionRequest) -> Result<()> {
        self.log_connection(request).await
    }

    async fn create_sub_agent(&self, request: CreateSubAgentRequest) -> Result<CreateSubAgentResponse> {
        self.create_child(request).await
    }

    async fn delete_sub_agent(&self, request: DeleteSubAgentRequest) -> Result<DeleteSubAgentResponse> {
        self.delete_child(request).await
    }

    async fn list_sub_agents(&self, _: ListSubAgentsRequest) -> Result<ListSubAgentsResponse> {
        self.children().await
    }

    async fn report_boundary_logs(&self, request: ReportBoundaryLogsRequest) -> Result<ReportBoundaryLogsResponse> {
        self.store_boundary_logs(request).await
    }

    async fn push_context_state(&self, request: PushContextStateRequest) -> Result<PushContextStateResponse> {
        store_context(&self.state, self.caller.agent.id, request).await
    }
}
