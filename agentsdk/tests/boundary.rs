//! The log channel of Agent Boundaries.

#![cfg(feature = "boundary")]

use agentsdk::boundary::*;
use agentsdk::rpc::proto::agent::{BoundaryLog, ReportBoundaryLogsRequest};

fn batch(logs: usize) -> ReportBoundaryLogsRequest {
    ReportBoundaryLogsRequest {
        logs: vec![BoundaryLog { allowed: true, ..Default::default() }; logs],
        ..Default::default()
    }
}

#[tokio::test]
async fn frames_have_a_tag_and_a_length() {
    let mut wire = Vec::new();
    write_message(&mut wire, Tag::V1, &batch(1)).await.unwrap();
    assert_eq!(wire, [1, 0, 0, 4, 0x0a, 2, 0x08, 1]);
    let status = BoundaryStatus { dropped_channel_full: 5, dropped_batch_full: 0 };
    let envelope = BoundaryMessage { msg: Some(boundary_message::Msg::Status(status)) };
    write_message(&mut wire, Tag::V2, &envelope).await.unwrap();
    assert_eq!(wire[8..], [2, 0, 0, 4, 0x12, 2, 0x08, 5]);
    let mut reader = &wire[..];
    assert_eq!(read_message(&mut reader).await.unwrap(), Some(Frame::Logs(batch(1))));
    assert_eq!(read_message(&mut reader).await.unwrap(), Some(Frame::Envelope(envelope)));
    assert_eq!(read_message(&mut reader).await.unwrap(), None);
}

#[tokio::test]
async fn the_limit_is_32_kib() {
    let mut fits = batch(1);
    fits.session_id = "x".repeat(MAX_MESSAGE_SIZE - 8);
    let mut wire = Vec::new();
    write_message(&mut wire, Tag::V1, &fits).await.unwrap();
    assert_eq!(wire.len(), 4 + MAX_MESSAGE_SIZE);
    assert!(read_message(&mut &wire[..]).await.unwrap().is_some());
    fits.session_id.push('x');
    let mut nothing = Vec::new();
    let error = write_message(&mut nothing, Tag::V2, &fits).await.unwrap_err();
    assert!(matches!(error, CodecError::TooLarge { tag: 2, size: 32769 }));
    assert!(nothing.is_empty());

    let read = async |bytes: &[u8]| read_message(&mut &*bytes).await;
    assert!(matches!(read(&[1, 0, 0x80, 1]).await, Err(CodecError::TooLarge { tag: 1, .. })));
    assert!(matches!(read(&[9, 0, 0, 0]).await, Err(CodecError::UnsupportedTag(9))));
    assert!(matches!(read(&[1, 0, 0, 1, 0xff]).await, Err(CodecError::Decode { tag: 1, .. })));
    assert!(matches!(read(&[1, 0, 0, 2, 0]).await, Err(CodecError::Io(_))));
    assert!(matches!(read(&[2, 0]).await, Err(CodecError::Io(_))));
}

#[cfg(unix)]
mod proxy {
    use std::sync::Mutex;

    use agentsdk::rpc::proto::agent::ReportBoundaryLogsResponse;
    use agentsdk::rpc::{AgentRpc, Error, Result};
    use async_trait::async_trait;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;

    /// Takes batches but those with a session.
    #[derive(Default)]
    struct Server(Mutex<Vec<usize>>);

    #[async_trait]
    impl AgentRpc for Server {
        async fn report_boundary_logs(&self, request: ReportBoundaryLogsRequest) -> Result<ReportBoundaryLogsResponse> {
            if !request.session_id.is_empty() {
                return Err(Error::new("no"));
            }
            self.0.lock().unwrap().push(request.logs.len());
            Ok(ReportBoundaryLogsResponse {})
        }
    }

    async fn settled(mut until: impl FnMut() -> bool) {
        while !until() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn logs_are_forwarded_and_losses_counted() {
        let folder = tempfile::tempdir().unwrap();
        let proxy = LogProxy::start(folder.path().join("boundary.sock")).await.unwrap();
        let metrics = proxy.metrics();
        let mut process = UnixStream::connect(proxy.path()).await.unwrap();

        // Nobody forwards: the 101st finds no room.
        for _ in 0..101 {
            write_message(&mut process, Tag::V1, &batch(3)).await.unwrap();
        }
        settled(|| metrics.batches_dropped(DropReason::BufferFull) == 1).await;
        assert_eq!(metrics.logs_dropped(DropReason::BufferFull), 3);

        let server = Server::default();
        tokio::select! {
            () = proxy.forward(&server) => unreachable!(),
            () = settled(|| metrics.batches_forwarded() == 100) => {}
        }

        // Something that cannot be read does not end the connection; envelopes are opened.
        process.write_all(&[1, 0, 0, 1, 0xff]).await.unwrap();
        let status = BoundaryStatus { dropped_channel_full: 5, dropped_batch_full: 2 };
        let message = |msg| BoundaryMessage { msg: Some(msg) };
        write_message(&mut process, Tag::V2, &message(boundary_message::Msg::Status(status))).await.unwrap();
        let refused = ReportBoundaryLogsRequest { session_id: "s".to_owned(), ..batch(4) };
        write_message(&mut process, Tag::V2, &message(boundary_message::Msg::Logs(refused))).await.unwrap();
        let mut other = UnixStream::connect(proxy.path()).await.unwrap();
        write_message(&mut other, Tag::V2, &message(boundary_message::Msg::Logs(batch(7)))).await.unwrap();
        tokio::select! {
            () = proxy.forward(&server) => unreachable!(),
            () = settled(|| {
                metrics.batches_forwarded() == 101 && metrics.batches_dropped(DropReason::ForwardFailed) == 1
            }) => {}
        }
        assert_eq!(server.0.lock().unwrap().last(), Some(&7));
        assert_eq!(metrics.logs_dropped(DropReason::BoundaryChannelFull), 5);
        let text = metrics.to_prometheus();
        for line in [
            "agent_boundary_log_proxy_batches_dropped_total{reason=\"buffer_full\"} 1",
            "agent_boundary_log_proxy_batches_dropped_total{reason=\"forward_failed\"} 1",
            "agent_boundary_log_proxy_logs_dropped_total{reason=\"boundary_batch_full\"} 2",
            "agent_boundary_log_proxy_logs_dropped_total{reason=\"forward_failed\"} 4",
            "agent_boundary_log_proxy_batches_forwarded_total 101",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} in {text}");
        }

        // A tag that there is not ends the connection.
        process.write_all(&[9, 0, 0, 0]).await.unwrap();
        assert_eq!(process.read(&mut [0]).await.unwrap(), 0);
        let path = proxy.path().to_owned();
        drop(proxy);
        assert!(!path.exists());
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
    }
}
