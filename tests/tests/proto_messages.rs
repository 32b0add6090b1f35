//! Replay of `proto_messages.jsonl`: every message of the protocols, as JSON with the protocol's names and as bytes.

use std::path::Path;

use agentsdk::rpc::proto::{agent, agentsocket, boundary, tailnet};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use tests::vectors::{decode_base64, lines};

/// What the generated type makes of the bytes, written again.
fn rewritten<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
    Ok(M::decode(bytes)?.encode_to_vec())
}

macro_rules! generated {
    ($name:expr, $bytes:expr, $($proto:literal => $type:ty,)*) => {
        match $name {
            $($proto => rewritten::<$type>($bytes),)*
            other => panic!("no type for {other}"),
        }
    };
}

#[test]
fn every_message_is_read_and_written() {
    let Some(cases) = lines("proto_messages.jsonl") else { return };
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agentsdk/proto");
    let files = ["agent.proto", "tailnet.proto", "agentsocket.proto", "boundary.proto"];
    let pool = DescriptorPool::from_file_descriptor_set(protox::compile(files, [protos]).unwrap()).unwrap();
    let options = SerializeOptions::new().use_proto_field_name(true);
    for case in &cases {
        let name = case["message"].as_str().unwrap();
        let bytes = decode_base64(case["b64"].as_str().unwrap());
        let descriptor = pool.get_message_by_name(name).unwrap_or_else(|| panic!("no message {name}"));

        let read = DynamicMessage::decode(descriptor.clone(), &bytes[..]).unwrap();
        let json = read.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
        assert_eq!(json, case["json"], "{name}: bytes to JSON");
        let text = case["json"].to_string();
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let written = DynamicMessage::deserialize(descriptor.clone(), &mut deserializer).unwrap();
        assert_eq!(written, read, "{name}: JSON to a message");
        assert_eq!(written.encoded_len(), bytes.len(), "{name}: JSON to bytes");
        // The generated type knows every field: it drops none that it is given. The order of fields is free, and the
        // original writes those of a oneof last.
        let rewritten = typed(name, &bytes).unwrap();
        assert_eq!(rewritten.len(), bytes.len(), "{name}: the type's bytes");
        assert_eq!(DynamicMessage::decode(descriptor, &rewritten[..]).unwrap(), read, "{name}: the type");
    }
}

fn typed(name: &str, bytes: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
    generated! {
        name, bytes,
        "coder.agentsocket.v1.AddContextSourceRequest" => agentsocket::AddContextSourceRequest,
        "coder.agentsocket.v1.AddContextSourceResponse" => agentsocket::AddContextSourceResponse,
        "coder.agentsocket.v1.ContextResource" => agentsocket::ContextResource,
        "coder.agentsocket.v1.ContextSnapshot" => agentsocket::ContextSnapshot,
        "coder.agentsocket.v1.ContextSnapshotRequest" => agentsocket::ContextSnapshotRequest,
        "coder.agentsocket.v1.ContextSnapshotResponse" => agentsocket::ContextSnapshotResponse,
        "coder.agentsocket.v1.ContextSource" => agentsocket::ContextSource,
        "coder.agentsocket.v1.ContextSourcesRequest" => agentsocket::ContextSourcesRequest,
        "coder.agentsocket.v1.ContextSourcesResponse" => agentsocket::ContextSourcesResponse,
        "coder.agentsocket.v1.DependencyInfo" => agentsocket::DependencyInfo,
        "coder.agentsocket.v1.GetContextSourceRequest" => agentsocket::GetContextSourceRequest,
        "coder.agentsocket.v1.GetContextSourceResponse" => agentsocket::GetContextSourceResponse,
        "coder.agentsocket.v1.PingRequest" => agentsocket::PingRequest,
        "coder.agentsocket.v1.PingResponse" => agentsocket::PingResponse,
        "coder.agentsocket.v1.RemoveContextSourceRequest" => agentsocket::RemoveContextSourceRequest,
        "coder.agentsocket.v1.RemoveContextSourceResponse" => agentsocket::RemoveContextSourceResponse,
        "coder.agentsocket.v1.ResyncContextRequest" => agentsocket::ResyncContextRequest,
        "coder.agentsocket.v1.ResyncContextResponse" => agentsocket::ResyncContextResponse,
        "coder.agentsocket.v1.SyncCompleteRequest" => agentsocket::SyncCompleteRequest,
        "coder.agentsocket.v1.SyncCompleteResponse" => agentsocket::SyncCompleteResponse,
        "coder.agentsocket.v1.SyncListRequest" => agentsocket::SyncListRequest,
        "coder.agentsocket.v1.SyncListResponse" => agentsocket::SyncListResponse,
        "coder.agentsocket.v1.SyncReadyRequest" => agentsocket::SyncReadyRequest,
        "coder.agentsocket.v1.SyncReadyResponse" => agentsocket::SyncReadyResponse,
        "coder.agentsocket.v1.SyncStartRequest" => agentsocket::SyncStartRequest,
        "coder.agentsocket.v1.SyncStartResponse" => agentsocket::SyncStartResponse,
        "coder.agentsocket.v1.SyncStatusRequest" => agentsocket::SyncStatusRequest,
        "coder.agentsocket.v1.SyncStatusResponse" => agentsocket::SyncStatusResponse,
        "coder.agentsocket.v1.SyncWantRequest" => agentsocket::SyncWantRequest,
        "coder.agentsocket.v1.SyncWantResponse" => agentsocket::SyncWantResponse,
        "coder.agentsocket.v1.UnitInfo" => agentsocket::UnitInfo,
        "coder.boundarylogproxy.codec.v1.BoundaryMessage" => boundary::BoundaryMessage,
        "coder.boundarylogproxy.codec.v1.BoundaryStatus" => boundary::BoundaryStatus,
        "coder.agent.v2.BannerConfig" => agent::BannerConfig,
        "coder.agent.v2.BatchCreateLogsRequest" => agent::BatchCreateLogsRequest,
        "coder.agent.v2.BatchCreateLogsResponse" => agent::BatchCreateLogsResponse,
        "coder.agent.v2.BatchUpdateAppHealthRequest" => agent::BatchUpdateAppHealthRequest,
        "coder.agent.v2.BatchUpdateAppHealthRequest.HealthUpdate" => agent::batch_update_app_health_request::HealthUpdate,
        "coder.agent.v2.BatchUpdateAppHealthResponse" => agent::BatchUpdateAppHealthResponse,
        "coder.agent.v2.BatchUpdateMetadataRequest" => agent::BatchUpdateMetadataRequest,
        "coder.agent.v2.BatchUpdateMetadataResponse" => agent::BatchUpdateMetadataResponse,
        "coder.agent.v2.BoundaryLog" => agent::BoundaryLog,
        "coder.agent.v2.BoundaryLog.HttpRequest" => agent::boundary_log::HttpRequest,
        "coder.agent.v2.Connection" => agent::Connection,
        "coder.agent.v2.ContextResource" => agent::ContextResource,
        "coder.agent.v2.CreateSubAgentRequest" => agent::CreateSubAgentRequest,
        "coder.agent.v2.CreateSubAgentRequest.App" => agent::create_sub_agent_request::App,
        "coder.agent.v2.CreateSubAgentRequest.App.Healthcheck" => agent::create_sub_agent_request::app::Healthcheck,
        "coder.agent.v2.CreateSubAgentResponse" => agent::CreateSubAgentResponse,
        "coder.agent.v2.CreateSubAgentResponse.AppCreationError" => agent::create_sub_agent_response::AppCreationError,
        "coder.agent.v2.DeleteSubAgentRequest" => agent::DeleteSubAgentRequest,
        "coder.agent.v2.DeleteSubAgentResponse" => agent::DeleteSubAgentResponse,
        "coder.agent.v2.GetAnnouncementBannersRequest" => agent::GetAnnouncementBannersRequest,
        "coder.agent.v2.GetAnnouncementBannersResponse" => agent::GetAnnouncementBannersResponse,
        "coder.agent.v2.GetManifestRequest" => agent::GetManifestRequest,
        "coder.agent.v2.GetResourcesMonitoringConfigurationRequest" => agent::GetResourcesMonitoringConfigurationRequest,
        "coder.agent.v2.GetResourcesMonitoringConfigurationResponse" => agent::GetResourcesMonitoringConfigurationResponse,
        "coder.agent.v2.GetResourcesMonitoringConfigurationResponse.Config" => agent::get_resources_monitoring_configuration_response::Config,
        "coder.agent.v2.GetResourcesMonitoringConfigurationResponse.Memory" => agent::get_resources_monitoring_configuration_response::Memory,
        "coder.agent.v2.GetResourcesMonitoringConfigurationResponse.Volume" => agent::get_resources_monitoring_configuration_response::Volume,
        "coder.agent.v2.GetServiceBannerRequest" => agent::GetServiceBannerRequest,
        "coder.agent.v2.InstructionFileBody" => agent::InstructionFileBody,
        "coder.agent.v2.Lifecycle" => agent::Lifecycle,
        "coder.agent.v2.ListSubAgentsRequest" => agent::ListSubAgentsRequest,
        "coder.agent.v2.ListSubAgentsResponse" => agent::ListSubAgentsResponse,
        "coder.agent.v2.Log" => agent::Log,
        "coder.agent.v2.MCPConfigBody" => agent::McpConfigBody,
        "coder.agent.v2.MCPServerBody" => agent::McpServerBody,
        "coder.agent.v2.MCPTool" => agent::McpTool,
        "coder.agent.v2.Manifest" => agent::Manifest,
        "coder.agent.v2.Metadata" => agent::Metadata,
        "coder.agent.v2.PushContextStateRequest" => agent::PushContextStateRequest,
        "coder.agent.v2.PushContextStateResponse" => agent::PushContextStateResponse,
        "coder.agent.v2.PushResourcesMonitoringUsageRequest" => agent::PushResourcesMonitoringUsageRequest,
        "coder.agent.v2.PushResourcesMonitoringUsageRequest.Datapoint" => agent::push_resources_monitoring_usage_request::Datapoint,
        "coder.agent.v2.PushResourcesMonitoringUsageRequest.Datapoint.MemoryUsage" => agent::push_resources_monitoring_usage_request::datapoint::MemoryUsage,
        "coder.agent.v2.PushResourcesMonitoringUsageRequest.Datapoint.VolumeUsage" => agent::push_resources_monitoring_usage_request::datapoint::VolumeUsage,
        "coder.agent.v2.PushResourcesMonitoringUsageResponse" => agent::PushResourcesMonitoringUsageResponse,
        "coder.agent.v2.ReportBoundaryLogsRequest" => agent::ReportBoundaryLogsRequest,
        "coder.agent.v2.ReportBoundaryLogsResponse" => agent::ReportBoundaryLogsResponse,
        "coder.agent.v2.ReportConnectionRequest" => agent::ReportConnectionRequest,
        "coder.agent.v2.ServiceBanner" => agent::ServiceBanner,
        "coder.agent.v2.SkillMetaBody" => agent::SkillMetaBody,
        "coder.agent.v2.Startup" => agent::Startup,
        "coder.agent.v2.Stats" => agent::Stats,
        "coder.agent.v2.Stats.Metric" => agent::stats::Metric,
        "coder.agent.v2.Stats.Metric.Label" => agent::stats::metric::Label,
        "coder.agent.v2.SubAgent" => agent::SubAgent,
        "coder.agent.v2.Timing" => agent::Timing,
        "coder.agent.v2.UpdateAppStatusRequest" => agent::UpdateAppStatusRequest,
        "coder.agent.v2.UpdateAppStatusResponse" => agent::UpdateAppStatusResponse,
        "coder.agent.v2.UpdateLifecycleRequest" => agent::UpdateLifecycleRequest,
        "coder.agent.v2.UpdateStartupRequest" => agent::UpdateStartupRequest,
        "coder.agent.v2.UpdateStatsRequest" => agent::UpdateStatsRequest,
        "coder.agent.v2.UpdateStatsResponse" => agent::UpdateStatsResponse,
        "coder.agent.v2.WorkspaceAgentDevcontainer" => agent::WorkspaceAgentDevcontainer,
        "coder.agent.v2.WorkspaceAgentMetadata" => agent::WorkspaceAgentMetadata,
        "coder.agent.v2.WorkspaceAgentMetadata.Description" => agent::workspace_agent_metadata::Description,
        "coder.agent.v2.WorkspaceAgentMetadata.Result" => agent::workspace_agent_metadata::Result,
        "coder.agent.v2.WorkspaceAgentScript" => agent::WorkspaceAgentScript,
        "coder.agent.v2.WorkspaceAgentScriptCompletedRequest" => agent::WorkspaceAgentScriptCompletedRequest,
        "coder.agent.v2.WorkspaceAgentScriptCompletedResponse" => agent::WorkspaceAgentScriptCompletedResponse,
        "coder.agent.v2.WorkspaceApp" => agent::WorkspaceApp,
        "coder.agent.v2.WorkspaceApp.Healthcheck" => agent::workspace_app::Healthcheck,
        "coder.agent.v2.WorkspaceSecret" => agent::WorkspaceSecret,
        "coder.tailnet.v2.Agent" => tailnet::Agent,
        "coder.tailnet.v2.CoordinateRequest" => tailnet::CoordinateRequest,
        "coder.tailnet.v2.CoordinateRequest.Disconnect" => tailnet::coordinate_request::Disconnect,
        "coder.tailnet.v2.CoordinateRequest.ReadyForHandshake" => tailnet::coordinate_request::ReadyForHandshake,
        "coder.tailnet.v2.CoordinateRequest.Tunnel" => tailnet::coordinate_request::Tunnel,
        "coder.tailnet.v2.CoordinateRequest.UpdateSelf" => tailnet::coordinate_request::UpdateSelf,
        "coder.tailnet.v2.CoordinateResponse" => tailnet::CoordinateResponse,
        "coder.tailnet.v2.CoordinateResponse.PeerUpdate" => tailnet::coordinate_response::PeerUpdate,
        "coder.tailnet.v2.DERPMap" => tailnet::DerpMap,
        "coder.tailnet.v2.DERPMap.HomeParams" => tailnet::derp_map::HomeParams,
        "coder.tailnet.v2.DERPMap.Region" => tailnet::derp_map::Region,
        "coder.tailnet.v2.DERPMap.Region.Node" => tailnet::derp_map::region::Node,
        "coder.tailnet.v2.IPFields" => tailnet::IpFields,
        "coder.tailnet.v2.Netcheck" => tailnet::Netcheck,
        "coder.tailnet.v2.Netcheck.NetcheckIP" => tailnet::netcheck::NetcheckIp,
        "coder.tailnet.v2.Node" => tailnet::Node,
        "coder.tailnet.v2.RefreshResumeTokenRequest" => tailnet::RefreshResumeTokenRequest,
        "coder.tailnet.v2.RefreshResumeTokenResponse" => tailnet::RefreshResumeTokenResponse,
        "coder.tailnet.v2.StreamDERPMapsRequest" => tailnet::StreamDerpMapsRequest,
        "coder.tailnet.v2.TelemetryEvent" => tailnet::TelemetryEvent,
        "coder.tailnet.v2.TelemetryEvent.P2PEndpoint" => tailnet::telemetry_event::P2pEndpoint,
        "coder.tailnet.v2.TelemetryRequest" => tailnet::TelemetryRequest,
        "coder.tailnet.v2.TelemetryResponse" => tailnet::TelemetryResponse,
        "coder.tailnet.v2.Workspace" => tailnet::Workspace,
        "coder.tailnet.v2.WorkspaceUpdate" => tailnet::WorkspaceUpdate,
        "coder.tailnet.v2.WorkspaceUpdatesRequest" => tailnet::WorkspaceUpdatesRequest,
    }
}
