//! The tailnet service for agents.

use std::collections::BTreeMap;

use agentsdk::rpc::proto::tailnet::derp_map::region::Node;
use agentsdk::rpc::proto::tailnet::derp_map::{HomeParams, Region};
use agentsdk::rpc::proto::tailnet::{
    CoordinateRequest, CoordinateResponse, DerpMap, RefreshResumeTokenRequest, RefreshResumeTokenResponse,
    StreamDerpMapsRequest, TelemetryRequest, TelemetryResponse,
};
use agentsdk::rpc::{MessageStream, Result, TailnetRpc};
use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use url::Url;
use uuid::Uuid;

use crate::state::AppState;

/// Number of the region that the server itself stands for.
const REGION: i64 = 999;

/// The tailnet service for one agent.
pub(super) struct TailnetApi {
    pub(super) state: AppState,
    pub(super) agent: Uuid,
}

#[async_trait]
impl TailnetRpc for TailnetApi {
    /// This deployment sends no telemetry anywhere.
    async fn post_telemetry(&self, request: TelemetryRequest) -> Result<TelemetryResponse> {
        tracing::debug!(agent = %self.agent, events = request.events.len(), "network telemetry");
        Ok(TelemetryResponse {})
    }

    /// The relays never change, so there is one answer, and no end.
    async fn stream_derp_maps(&self, _: StreamDerpMapsRequest) -> Result<MessageStream<DerpMap>> {
        let map = derp_map(&self.state.access_url);
        Ok(stream::iter([Ok(map)]).chain(stream::pending()).boxed())
    }

    async fn refresh_resume_token(&self, _: RefreshResumeTokenRequest) -> Result<RefreshResumeTokenResponse> {
        Ok(self.state.workspaces.resume_tokens.give(self.agent, self.state.clock.now()))
    }

    async fn coordinate(
        &self,
        requests: BoxStream<'static, CoordinateRequest>,
    ) -> Result<MessageStream<CoordinateResponse>> {
        Ok(self.state.workspaces.coordinator.coordinate(self.agent, requests))
    }
}

/// The relays of this deployment: the server's own.
pub(super) fn derp_map(access_url: &Url) -> DerpMap {
    let node = Node {
        name: format!("{REGION}b"),
        region_id: REGION,
        host_name: access_url.host_str().unwrap_or_default().to_owned(),
        derp_port: access_url.port_or_known_default().map_or(0, i32::from),
        // None.
        stun_port: -1,
        force_http: access_url.scheme() == "http",
        ..Default::default()
    };
    let region = Region {
        region_id: REGION,
        embedded_relay: true,
        region_code: "coder".to_owned(),
        region_name: "Coder Embedded Relay".to_owned(),
        avoid: false,
        nodes: vec![node],
    };
    // Agents written in Go fail without parameters, even empty ones.
    DerpMap { home_params: Some(HomeParams::default()), regions: BTreeMap::from([(REGION, region)]) }
}
