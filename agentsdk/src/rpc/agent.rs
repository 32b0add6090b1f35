//! The agent service.

use super::proto::agent::{
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
use super::service::unary_service;

unary_service! {
    /// What agents and the server say to each other. [`AgentRpcClient`] calls the server; a [`Server`](super::Server)
    /// answers with an implementation.
    ///
    /// The version in which a method came is given where it is not 2.0; an older server's answer is
    /// [`is_unimplemented`](super::Error::is_unimplemented).
    ///
    /// # Errors
    /// All methods fail
    /// - with what the server says ([`is_remote`](super::Error::is_remote)),
    /// - when the connection breaks ([`is_interrupted`](super::Error::is_interrupted)) or cannot be opened
    ///   ([`is_dial`](super::Error::is_dial)),
    /// - when no answer comes in time ([`is_timeout`](super::Error::is_timeout)),
    /// - for messages over 4 MiB ([`is_too_large`](super::Error::is_too_large)).
    pub trait AgentRpc, client AgentRpcClient, routes AgentRoutes, package "coder.agent.v2.Agent" {
        /// All that the agent needs to know of itself.
        async fn get_manifest(GetManifestRequest) -> Manifest = "GetManifest";
        /// The banner as agents before 2.1 know it: the first of the deployment's.
        async fn get_service_banner(GetServiceBannerRequest) -> ServiceBanner = "GetServiceBanner";
        /// Reports statistics; without any, only asks how often to report.
        async fn update_stats(UpdateStatsRequest) -> UpdateStatsResponse = "UpdateStats";
        /// Reports the state that the agent has entered; the answer is the request's.
        async fn update_lifecycle(UpdateLifecycleRequest) -> Lifecycle = "UpdateLifecycle";
        /// Reports how apps are.
        async fn batch_update_app_healths(BatchUpdateAppHealthRequest) -> BatchUpdateAppHealthResponse
            = "BatchUpdateAppHealths";
        /// Reports version, directory and subsystems; the answer is the request's.
        async fn update_startup(UpdateStartupRequest) -> Startup = "UpdateStartup";
        /// Reports values of metadata items.
        async fn batch_update_metadata(BatchUpdateMetadataRequest) -> BatchUpdateMetadataResponse
            = "BatchUpdateMetadata";
        /// Stores lines of a log: at most 1 MiB for all logs of an agent.
        async fn batch_create_logs(BatchCreateLogsRequest) -> BatchCreateLogsResponse = "BatchCreateLogs";
        /// The banners of the deployment (2.1).
        async fn get_announcement_banners(GetAnnouncementBannersRequest) -> GetAnnouncementBannersResponse
            = "GetAnnouncementBanners";
        /// Reports the run of a script (2.3).
        async fn script_completed(WorkspaceAgentScriptCompletedRequest) -> WorkspaceAgentScriptCompletedResponse
            = "ScriptCompleted";
        /// Which resources to monitor (2.4).
        async fn get_resources_monitoring_configuration(GetResourcesMonitoringConfigurationRequest)
            -> GetResourcesMonitoringConfigurationResponse = "GetResourcesMonitoringConfiguration";
        /// Reports samples of memory and volumes (2.4).
        async fn push_resources_monitoring_usage(PushResourcesMonitoringUsageRequest)
            -> PushResourcesMonitoringUsageResponse = "PushResourcesMonitoringUsage";
        /// Reports the begin or end of a user's connection (2.4).
        async fn report_connection(ReportConnectionRequest) -> () = "ReportConnection";
        /// Makes a child, or with an id (2.8) updates one (2.6).
        async fn create_sub_agent(CreateSubAgentRequest) -> CreateSubAgentResponse = "CreateSubAgent";
        /// Removes a child (2.6).
        async fn delete_sub_agent(DeleteSubAgentRequest) -> DeleteSubAgentResponse = "DeleteSubAgent";
        /// The children of the agent, with their tokens (2.6).
        async fn list_sub_agents(ListSubAgentsRequest) -> ListSubAgentsResponse = "ListSubAgents";
        /// Stores logs of Agent Boundaries, at most 1,000 at once (2.7).
        async fn report_boundary_logs(ReportBoundaryLogsRequest) -> ReportBoundaryLogsResponse = "ReportBoundaryLogs";
        /// Reports what a task works at, in at most 160 bytes (2.8).
        async fn update_app_status(UpdateAppStatusRequest) -> UpdateAppStatusResponse = "UpdateAppStatus";
        /// Reports the context resources of the workspace (2.10).
        async fn push_context_state(PushContextStateRequest) -> PushContextStateResponse = "PushContextState";
    }
}
