//! Calls over connections made in memory.

#![cfg(feature = "rpc")]

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use agentsdk::rpc::proto::agent::*;
use agentsdk::rpc::proto::tailnet::{
    CoordinateRequest, CoordinateResponse, DerpMap, StreamDerpMapsRequest, coordinate_request, coordinate_response,
};
use agentsdk::rpc::{
    AgentRpc, AgentRpcClient, Connection, Error, MessageStream, Result, Served, Server, TailnetRpc, Version, metadata,
};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

/// What the tests call.
#[derive(Default)]
struct Peer {
    /// Calls of `update_stats` that were dropped before they answered.
    dropped: Arc<AtomicUsize>,
}

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl AgentRpc for Peer {
    async fn get_manifest(&self, _: GetManifestRequest) -> Result<Manifest> {
        Ok(Manifest { agent_name: "dev".to_owned(), motd_path: "x".repeat(3 << 20), ..Default::default() })
    }

    async fn get_service_banner(&self, _: GetServiceBannerRequest) -> Result<ServiceBanner> {
        let message = metadata().get("greeting").cloned().unwrap_or_default();
        Ok(ServiceBanner { message, ..Default::default() })
    }

    async fn update_startup(&self, request: UpdateStartupRequest) -> Result<Startup> {
        request.startup.ok_or_else(|| Error::new("no startup"))
    }

    async fn update_stats(&self, _: UpdateStatsRequest) -> Result<UpdateStatsResponse> {
        let _count = CountDrop(Arc::clone(&self.dropped));
        std::future::pending().await
    }

    async fn report_connection(&self, _: ReportConnectionRequest) -> Result<()> {
        Err(Error::with_code(1234, "no"))
    }

    async fn list_sub_agents(&self, _: ListSubAgentsRequest) -> Result<ListSubAgentsResponse> {
        let agent = SubAgent { name: "x".repeat(5 << 20), ..Default::default() };
        Ok(ListSubAgentsResponse { agents: vec![agent] })
    }
}

#[async_trait]
impl TailnetRpc for Peer {
    async fn stream_derp_maps(&self, _: StreamDerpMapsRequest) -> Result<MessageStream<DerpMap>> {
        Ok(stream::iter([Ok(DerpMap::default()), Ok(DerpMap::default())]).boxed())
    }

    async fn coordinate(
        &self,
        requests: BoxStream<'static, CoordinateRequest>,
    ) -> Result<MessageStream<CoordinateResponse>> {
        Ok(requests
            .map(|request| {
                let id = request.add_tunnel.ok_or_else(|| Error::new("agents cannot"))?.id;
                let update = coordinate_response::PeerUpdate { id, kind: 1, ..Default::default() };
                Ok(CoordinateResponse { peer_updates: vec![update], error: String::new() })
            })
            .boxed())
    }
}

fn server() -> Server {
    let peer = Arc::new(Peer::default());
    Server::new().agent(peer.clone()).tailnet(peer)
}

fn connect() -> (Connection, Served) {
    let (near, far) = duplex(16 << 10);
    let served = server().serve(far);
    (Connection::over(near, Version::CURRENT), served)
}

#[tokio::test]
async fn calls_answer_side_by_side() {
    let (connection, _served) = connect();
    let agent = connection.agent();
    let manifests = futures_util::future::join_all((0..8).map(|_| agent.get_manifest(GetManifestRequest {}))).await;
    for manifest in manifests {
        assert_eq!(manifest.unwrap().motd_path.len(), 3 << 20);
    }
}

#[tokio::test]
async fn errors_carry_code_and_words() {
    let (connection, _served) = connect();
    let agent = connection.agent();

    let error = agent.report_connection(Default::default()).await.unwrap_err();
    assert!(error.is_remote());
    assert_eq!((error.code(), error.message()), (1234, "no"));
    assert_eq!(error.to_string(), "no (code 1234)");

    let error = agent.push_context_state(Default::default()).await.unwrap_err();
    assert!(error.is_unimplemented());
    assert_eq!(error.message(), "Unimplemented");

    let (near, far) = duplex(16 << 10);
    let _served = Server::new().serve(far);
    let error = Connection::over(near, Version::CURRENT).agent().get_manifest(Default::default()).await.unwrap_err();
    assert!(error.is_unimplemented());
    assert_eq!(error.message(), r#"protocol error: unknown rpc: "/coder.agent.v2.Agent/GetManifest""#);
}

#[tokio::test]
async fn messages_that_are_too_large_harm_only_their_call() {
    let (connection, _served) = connect();
    let agent = connection.agent();
    let startup = Startup { version: "x".repeat(5 << 20), ..Default::default() };
    let error = agent.update_startup(UpdateStartupRequest { startup: Some(startup) }).await.unwrap_err();
    assert!(error.is_too_large(), "{error:?}");
    assert!(agent.list_sub_agents(Default::default()).await.is_err());
    assert_eq!(agent.get_manifest(Default::default()).await.unwrap().agent_name, "dev");
}

#[tokio::test]
async fn metadata_reaches_the_handler() {
    let (connection, _served) = connect();
    let metadata = BTreeMap::from([("greeting".to_owned(), "hello".to_owned())]);
    let agent = AgentRpcClient::new(connection.channel().with_metadata(metadata));
    assert_eq!(agent.get_service_banner(Default::default()).await.unwrap().message, "hello");
    assert_eq!(connection.agent().get_service_banner(Default::default()).await.unwrap().message, "");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_ends_its_handler() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let (near, far) = duplex(16 << 10);
    let _served = Server::new().agent(Arc::new(Peer { dropped: Arc::clone(&dropped) })).serve(far);
    let connection = Connection::over(near, Version::CURRENT);
    let agent = AgentRpcClient::new(connection.channel().with_timeout(Duration::from_secs(3)));
    for round in 1..=20 {
        let error = agent.update_stats(Default::default()).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        while dropped.load(Ordering::SeqCst) < round {
            tokio::task::yield_now().await;
        }
    }
    assert!(agent.report_connection(Default::default()).await.unwrap_err().is_remote());
}

#[tokio::test]
async fn streams_go_both_ways() {
    let (connection, _served) = connect();
    let tailnet = connection.tailnet();
    let maps = tailnet.stream_derp_maps(StreamDerpMapsRequest {}).await.unwrap();
    assert_eq!(maps.collect::<Vec<_>>().await.into_iter().filter(Result::is_ok).count(), 2);

    let (sender, requests) = tokio::sync::mpsc::unbounded_channel();
    let requests = stream::unfold(requests, |mut queue| async { Some((queue.recv().await?, queue)) }).boxed();
    let mut answers = tailnet.coordinate(requests).await.unwrap();
    for id in 0..100 {
        let tunnel = coordinate_request::Tunnel { id: vec![id; 16] };
        sender.send(CoordinateRequest { add_tunnel: Some(tunnel), ..Default::default() }).unwrap();
        assert_eq!(answers.next().await.unwrap().unwrap().peer_updates[0].id, [id; 16]);
    }
    drop(sender);
    assert!(answers.next().await.is_none());

    let refused = stream::iter([CoordinateRequest::default()]).chain(stream::pending()).boxed();
    let answers: Vec<_> = tailnet.coordinate(refused).await.unwrap().collect().await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].as_ref().unwrap_err().message(), "agents cannot");
    assert!(tailnet.workspace_updates(Default::default()).await.unwrap().next().await.unwrap().is_err());
}

#[tokio::test]
async fn the_end_of_a_connection_ends_its_calls() {
    let (connection, served) = connect();
    let agent = connection.agent();
    let mut call = agent.update_stats(Default::default());
    assert!((&mut call).now_or_never().is_none());
    drop(served);
    assert!(call.await.unwrap_err().is_interrupted());
    connection.closed().await;
    assert!(agent.get_manifest(Default::default()).await.unwrap_err().is_interrupted());
}

/// Bytes that stop after so many in either direction.
struct Cut {
    io: Option<DuplexStream>,
    reads: usize,
    writes: usize,
}

impl AsyncRead for Cut {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let reads = self.reads;
        if reads == 0 {
            self.io = None;
        }
        let Some(io) = &mut self.io else { return Poll::Ready(Ok(())) };
        let mut part = buf.take(reads);
        let outcome = Pin::new(io).poll_read(cx, &mut part);
        let size = part.filled().len();
        // The bytes are there: `part` is a view of `buf`.
        let data = part.filled().to_vec();
        buf.put_slice(&data);
        self.reads -= size;
        outcome
    }
}

impl AsyncWrite for Cut {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let writes = self.writes;
        if writes == 0 {
            self.io = None;
        }
        let Some(io) = &mut self.io else { return Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into())) };
        let outcome = Pin::new(io).poll_write(cx, &bytes[..bytes.len().min(writes)]);
        if let Poll::Ready(Ok(size)) = outcome {
            self.writes -= size;
        }
        outcome
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.io.as_mut().map_or(Poll::Ready(Ok(())), |io| Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.io.as_mut().map_or(Poll::Ready(Ok(())), |io| Pin::new(io).poll_shutdown(cx))
    }
}

/// Wherever the connection is cut, the call ends, and not because its time is over.
#[tokio::test(start_paused = true)]
async fn a_cut_at_any_byte_gives_an_error() {
    for writing in [false, true] {
        let mut succeeded = false;
        for bytes in 0..400 {
            let (near, far) = duplex(16 << 10);
            let _served = server().serve(far);
            let (reads, writes) = if writing { (usize::MAX, bytes) } else { (bytes, usize::MAX) };
            let connection = Connection::over(Cut { io: Some(near), reads, writes }, Version::CURRENT);
            let startup = Startup { version: "v2.34.0".to_owned(), ..Default::default() };
            let outcome = connection.agent().update_startup(UpdateStartupRequest { startup: Some(startup) }).await;
            match outcome {
                Ok(startup) => {
                    assert_eq!(startup.version, "v2.34.0");
                    succeeded = true;
                }
                Err(error) => {
                    assert!(error.is_interrupted(), "{bytes}: {error:?}");
                    assert!(!succeeded, "cut later, the call cannot fail again");
                }
            }
        }
        assert!(succeeded);
    }
}
