//! Streams against peers that misbehave, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use codersdk::{ChatStream, ChatStreamItem, ChatWatch, ChatWatchItem, Client, Reconnect};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::harness::LIMIT;

const STATUS: &str =
    r#"[{"type":"status","chat_id":"00000000-0000-0000-0000-000000000000","status":{"status":"running"}}]"#;

/// What a peer does on each connection, in order; the last one again and again.
#[derive(Clone, Copy)]
enum Peer {
    /// Sends a text and then nothing.
    SendsAndStalls(&'static str),
    /// Sends a frame of so many bytes.
    SendsBytes(usize),
    Binary,
    ClosesInOrder,
    ClosesWith(u16),
    /// Ends the connection without a word.
    BreaksOff,
    /// Pings, and sends a status after so many pings.
    Pings(usize, Duration),
}

struct Server {
    client: Client,
    connections: Arc<AtomicUsize>,
    /// One for each connection that ended.
    ended: mpsc::UnboundedReceiver<()>,
}

async fn serve(peers: &'static [Peer], idle: Duration) -> Server {
    let connections = Arc::new(AtomicUsize::new(0));
    let (end, ended) = mpsc::unbounded_channel();
    let count = connections.clone();
    let handler = move |upgrade: WebSocketUpgrade| async move {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let peer = peers[number.min(peers.len() - 1)];
        upgrade.on_upgrade(move |socket| async move {
            misbehave(socket, peer).await;
            let _ = end.send(());
        })
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(handler))).await });
    let client = Client::builder(&url).chats_path("/api/v2/chats").idle_timeout(idle).build().unwrap();
    Server { client, connections, ended }
}

async fn misbehave(mut socket: WebSocket, peer: Peer) {
    match peer {
        Peer::SendsAndStalls(text) => {
            let _ = socket.send(Message::text(text)).await;
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
        }
        Peer::SendsBytes(size) => {
            let text = format!("[{}]", " ".repeat(size - 2));
            let _ = socket.send(Message::text(text)).await;
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
        }
        Peer::Binary => {
            let _ = socket.send(Message::binary(vec![0xff, 0xfe])).await;
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
        }
        Peer::ClosesInOrder => {
            let _ = socket.send(Message::Close(None)).await;
        }
        Peer::ClosesWith(code) => {
            let frame = axum::extract::ws::CloseFrame { code, reason: "because".into() };
            let _ = socket.send(Message::Close(Some(frame))).await;
        }
        Peer::BreaksOff => {}
        Peer::Pings(pings, every) => {
            for _ in 0..pings {
                tokio::time::sleep(every).await;
                let _ = socket.send(Message::Ping(Default::default())).await;
            }
            let _ = socket.send(Message::text(STATUS)).await;
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
        }
    }
}

fn quick() -> Reconnect {
    let pause = Duration::from_millis(5);
    Reconnect { base_delay: pause, max_delay: pause, ..Reconnect::default() }
}

async fn open(server: &Server) -> ChatStream {
    ChatStream::builder(&server.client, Uuid::nil()).reconnect(quick()).connect().await.unwrap()
}

/// The items in short, up to the first event or the end.
async fn told(stream: &mut ChatStream) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        match tokio::time::timeout(LIMIT, stream.next()).await.expect("something comes") {
            Some(Ok(ChatStreamItem::Connected { .. })) => told.push("connected".to_owned()),
            Some(Ok(ChatStreamItem::Lost { error, .. })) => told.push(match error {
                None => "closed".to_owned(),
                Some(error) if error.is_timeout() => "timeout".to_owned(),
                Some(error) if error.is_too_large() => "too large".to_owned(),
                Some(error) if error.is_decode() => "garbage".to_owned(),
                Some(error) if error.is_closed() => format!("closed {:?}", error.close_code()),
                Some(error) if error.is_interrupted() => "broken".to_owned(),
                Some(error) => error.to_string(),
            }),
            Some(Ok(ChatStreamItem::Event(_))) => {
                told.push("event".to_owned());
                return told;
            }
            Some(Ok(ChatStreamItem::Undecodable { .. })) => told.push("undecodable".to_owned()),
            Some(Ok(other)) => told.push(format!("{other:?}")),
            Some(Err(error)) => {
                told.push(format!("end, {}", if error.is_too_large() { "too large" } else { "other" }));
                return told;
            }
            None => return told,
        }
    }
}

const PATIENT: Duration = Duration::from_secs(45);

#[tokio::test]
async fn whatever_ends_a_connection_the_stream_goes_on() {
    for (peers, what) in [
        (&[Peer::ClosesInOrder, Peer::SendsAndStalls(STATUS)] as &'static [Peer], "closed"),
        (&[Peer::ClosesWith(1001), Peer::SendsAndStalls(STATUS)], "closed Some(1001)"),
        (&[Peer::ClosesWith(1011), Peer::SendsAndStalls(STATUS)], "closed Some(1011)"),
        (&[Peer::BreaksOff, Peer::SendsAndStalls(STATUS)], "broken"),
        (&[Peer::SendsAndStalls("{]"), Peer::SendsAndStalls(STATUS)], "garbage"),
        (&[Peer::SendsAndStalls("{}"), Peer::SendsAndStalls(STATUS)], "garbage"),
        (&[Peer::Binary, Peer::SendsAndStalls(STATUS)], "garbage"),
        (&[Peer::SendsBytes((4 << 20) + 1), Peer::SendsAndStalls(STATUS)], "too large"),
    ] {
        let server = serve(peers, PATIENT).await;
        let mut stream = open(&server).await;
        assert_eq!(told(&mut stream).await, ["connected", what, "connected", "event"]);
    }
}

#[tokio::test]
async fn a_frame_of_four_mebibytes_is_taken() {
    let server = serve(&[Peer::SendsBytes(4 << 20)], PATIENT).await;
    let mut stream = open(&server).await;
    assert!(matches!(stream.next().await, Some(Ok(ChatStreamItem::Connected { .. }))));
    let quiet = tokio::time::timeout(Duration::from_millis(500), stream.next()).await;
    assert!(quiet.is_err(), "an empty batch is nothing: {quiet:?}");
}

#[tokio::test]
async fn an_oversized_frame_that_comes_again_and_again_ends_the_stream() {
    let server = serve(&[Peer::SendsBytes(5 << 20)], PATIENT).await;
    let mut stream = open(&server).await;
    let told = told(&mut stream).await;
    assert_eq!(told, ["connected", "too large", "connected", "too large", "connected", "end, too large"]);
    assert!(stream.next().await.is_none());
    assert_eq!(server.connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_silent_peer_is_given_up_and_one_that_pings_is_not() {
    const PEERS: &[Peer] = &[Peer::SendsAndStalls("[]"), Peer::Pings(9, Duration::from_millis(250))];
    // Far more than a busy machine takes from one ping to the next, and less than all of them take.
    let server = serve(PEERS, Duration::from_secs(2)).await;
    let mut stream = open(&server).await;
    assert_eq!(told(&mut stream).await, ["connected", "timeout", "connected", "event"]);
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn dropping_a_stream_closes_its_socket() {
    let mut server = serve(&[Peer::SendsAndStalls(STATUS)], PATIENT).await;
    let mut stream = open(&server).await;
    assert_eq!(told(&mut stream).await, ["connected", "event"]);
    drop(stream);
    tokio::time::timeout(LIMIT, server.ended.recv()).await.expect("the peer sees it").unwrap();
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_watch_outlives_garbage_and_lost_connections() {
    const EVENT: &str = r#"{"kind":"title_change","chat":{"id":"00000000-0000-0000-0000-000000000001","title":"x"}}"#;
    let peers: &[Peer] = &[Peer::SendsAndStalls("{\"kind\":7}"), Peer::ClosesInOrder, Peer::SendsAndStalls(EVENT)];
    let server = serve(peers, Duration::from_secs(2)).await;
    let mut watch = ChatWatch::builder(&server.client).reconnect(quick()).connect().await.unwrap();
    let mut told = Vec::new();
    while !told.contains(&"event") {
        told.push(match tokio::time::timeout(LIMIT, watch.next()).await.expect("it goes on").unwrap().unwrap() {
            ChatWatchItem::Connected => "connected",
            ChatWatchItem::Undecodable { .. } => "undecodable",
            ChatWatchItem::Lost { .. } => "lost",
            ChatWatchItem::Event(_) => "event",
            _ => "other",
        });
    }
    assert_eq!(told, ["connected", "undecodable", "lost", "connected", "lost", "connected", "event"]);
}
