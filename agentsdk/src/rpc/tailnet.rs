//! The tailnet service.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use prost::Message;

use super::error::{Error, Kind, Result};
use super::packets::encode;
use super::proto::tailnet::{
    CoordinateRequest, CoordinateResponse, DerpMap, RefreshResumeTokenRequest, RefreshResumeTokenResponse,
    StreamDerpMapsRequest, TelemetryRequest, TelemetryResponse, WorkspaceUpdate, WorkspaceUpdatesRequest,
};
use super::server::{Incoming, Route, Routes};
use super::{Channel, MessageStream};

const PACKAGE: &str = "/coder.tailnet.v2.Tailnet/";

/// How peers of the virtual network find each other. [`TailnetRpcClient`] calls the server; a
/// [`Server`](super::Server) answers with an implementation.
///
/// # Errors
/// As those of [`AgentRpc`](super::AgentRpc). A stream's last item is an error if it did not end in order.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
#[allow(missing_debug_implementations, unused_variables, reason = "default bodies use nothing; the mock has none")]
pub trait TailnetRpc: Send + Sync {
    /// Reports what was seen of connections (2.2).
    async fn post_telemetry(&self, request: TelemetryRequest) -> Result<TelemetryResponse> {
        Err(Error::unimplemented())
    }

    /// The relays, now and whenever they change.
    async fn stream_derp_maps(&self, request: StreamDerpMapsRequest) -> Result<MessageStream<DerpMap>> {
        Err(Error::unimplemented())
    }

    /// A token with which the peer keeps its id over reconnects (2.3).
    async fn refresh_resume_token(&self, request: RefreshResumeTokenRequest) -> Result<RefreshResumeTokenResponse> {
        Err(Error::unimplemented())
    }

    /// Exchanges nodes with other peers, as long as both streams last.
    async fn coordinate(
        &self,
        requests: BoxStream<'static, CoordinateRequest>,
    ) -> Result<MessageStream<CoordinateResponse>> {
        Err(Error::unimplemented())
    }

    /// The workspaces of an owner, now and whenever they change (2.3). Not for agents.
    async fn workspace_updates(&self, request: WorkspaceUpdatesRequest) -> Result<MessageStream<WorkspaceUpdate>> {
        Err(Error::unimplemented())
    }
}

/// [`TailnetRpc`] of the peer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TailnetRpcClient {
    channel: Channel,
}

impl TailnetRpcClient {
    /// Calls through `channel`.
    pub fn new(channel: Channel) -> Self {
        Self { channel }
    }
}

fn full(method: &str) -> String {
    format!("{PACKAGE}{method}")
}

#[async_trait]
impl TailnetRpc for TailnetRpcClient {
    async fn post_telemetry(&self, request: TelemetryRequest) -> Result<TelemetryResponse> {
        self.channel.unary(&full("PostTelemetry"), &request).await
    }

    async fn stream_derp_maps(&self, request: StreamDerpMapsRequest) -> Result<MessageStream<DerpMap>> {
        self.channel.server_stream(&full("StreamDERPMaps"), &request).await
    }

    async fn refresh_resume_token(&self, request: RefreshResumeTokenRequest) -> Result<RefreshResumeTokenResponse> {
        self.channel.unary(&full("RefreshResumeToken"), &request).await
    }

    async fn coordinate(
        &self,
        requests: BoxStream<'static, CoordinateRequest>,
    ) -> Result<MessageStream<CoordinateResponse>> {
        self.channel.bidirectional(&full("Coordinate"), requests).await
    }

    async fn workspace_updates(&self, request: WorkspaceUpdatesRequest) -> Result<MessageStream<WorkspaceUpdate>> {
        self.channel.server_stream(&full("WorkspaceUpdates"), &request).await
    }
}

pub(crate) struct TailnetRoutes(pub(crate) Arc<dyn TailnetRpc>);

impl Routes for TailnetRoutes {
    fn route(&self, rpc: &str) -> Option<Route> {
        let service = Arc::clone(&self.0);
        Some(match rpc.strip_prefix(PACKAGE)? {
            "PostTelemetry" => Route::Unary(Box::new(|request| {
                async move { encode(&service.post_telemetry(Message::decode(request)?).await?) }.boxed()
            })),
            "RefreshResumeToken" => Route::Unary(Box::new(|request| {
                async move { encode(&service.refresh_resume_token(Message::decode(request)?).await?) }.boxed()
            })),
            "StreamDERPMaps" => Route::Streaming(Box::new(|requests| {
                async move { Ok(encoded(service.stream_derp_maps(single(requests).await?).await?)) }.boxed()
            })),
            "WorkspaceUpdates" => Route::Streaming(Box::new(|requests| {
                async move { Ok(encoded(service.workspace_updates(single(requests).await?).await?)) }.boxed()
            })),
            "Coordinate" => Route::Streaming(Box::new(|requests| {
                // What cannot be read ends the requests, as the caller's leaving does.
                let requests = requests
                    .map(|request| CoordinateRequest::decode(request.ok()?).ok())
                    .take_while(|request| std::future::ready(request.is_some()))
                    .filter_map(std::future::ready)
                    .boxed();
                async move { Ok(encoded(service.coordinate(requests).await?)) }.boxed()
            })),
            _ => return None,
        })
    }
}

/// The request of a call that has one only.
async fn single<M: Message + Default>(mut requests: Incoming) -> Result<M> {
    let request = requests.next().await.ok_or_else(|| Error::of(Kind::Protocol, "a call without a request"))?;
    Ok(M::decode(request?)?)
}

fn encoded<M: Message + 'static>(answers: MessageStream<M>) -> Incoming {
    answers.map(|answer| encode(&answer?)).boxed()
}
