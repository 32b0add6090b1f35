//! The service of the socket.

use crate::rpc::proto::agent::{UpdateAppStatusRequest, UpdateAppStatusResponse};
use crate::rpc::proto::agentsocket::{
    AddContextSourceRequest, AddContextSourceResponse, ContextSnapshotRequest, ContextSnapshotResponse,
    ContextSourcesRequest, ContextSourcesResponse, GetContextSourceRequest, GetContextSourceResponse, PingRequest,
    PingResponse, RemoveContextSourceRequest, RemoveContextSourceResponse, ResyncContextRequest, ResyncContextResponse,
    SyncCompleteRequest, SyncCompleteResponse, SyncListRequest, SyncListResponse, SyncReadyRequest, SyncReadyResponse,
    SyncStartRequest, SyncStartResponse, SyncStatusRequest, SyncStatusResponse, SyncWantRequest, SyncWantResponse,
};
use crate::rpc::service::unary_service;

unary_service! {
    /// What processes of a workspace ask their agent.
    ///
    /// # Errors
    /// All methods fail with what the agent says ([`is_remote`](crate::rpc::Error::is_remote)), or when it is gone
    /// ([`is_interrupted`](crate::rpc::Error::is_interrupted)).
    pub trait AgentSocketRpc, client AgentSocketRpcClient, routes AgentSocketRoutes,
        package "coder.agentsocket.v1.AgentSocket"
    {
        /// Whether the agent is there.
        async fn ping(PingRequest) -> PingResponse = "Ping";
        /// A unit starts. An error if what it waits for is not done, or it has started already.
        async fn sync_start(SyncStartRequest) -> SyncStartResponse = "SyncStart";
        /// A unit is not to start before another is done. An error if that would close a circle.
        async fn sync_want(SyncWantRequest) -> SyncWantResponse = "SyncWant";
        /// A unit is done.
        async fn sync_complete(SyncCompleteRequest) -> SyncCompleteResponse = "SyncComplete";
        /// Whether all that a unit waits for is done; so for a unit that nobody knows.
        async fn sync_ready(SyncReadyRequest) -> SyncReadyResponse = "SyncReady";
        /// What a unit is at and waits for; the status is empty for a unit that nobody knows.
        async fn sync_status(SyncStatusRequest) -> SyncStatusResponse = "SyncStatus";
        /// All units.
        async fn sync_list(SyncListRequest) -> SyncListResponse = "SyncList";
        /// Reports what a task works at. An error while the agent is not connected to the server.
        async fn update_app_status(UpdateAppStatusRequest) -> UpdateAppStatusResponse = "UpdateAppStatus";
        /// The roots in which context is looked for, as far as they were added.
        async fn context_sources(ContextSourcesRequest) -> ContextSourcesResponse = "ContextSources";
        /// One of these roots.
        async fn get_context_source(GetContextSourceRequest) -> GetContextSourceResponse = "GetContextSource";
        /// Adds a root.
        async fn add_context_source(AddContextSourceRequest) -> AddContextSourceResponse = "AddContextSource";
        /// Removes a root.
        async fn remove_context_source(RemoveContextSourceRequest) -> RemoveContextSourceResponse
            = "RemoveContextSource";
        /// The context as the agent knows it.
        async fn get_context_snapshot(ContextSnapshotRequest) -> ContextSnapshotResponse = "GetContextSnapshot";
        /// Has the context looked up anew and pushed to the server, and gives it.
        async fn resync_context(ResyncContextRequest) -> ResyncContextResponse = "ResyncContext";
    }
}
