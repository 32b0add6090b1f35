//! WebSockets that end in every way. The routes that open one are the chats': their watch stands for all.

use std::time::Duration;

use codersdk::{Client, Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message as Frame, frame::coding::CloseCode};

use crate::server::{Server, json};

type Peer = WebSocketStream<TcpStream>;

/// A WebSocket whose other end does what a test says.
async fn connected<F, Fut>(script: F) -> WebSocket
where
    F: FnOnce(Peer) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    patient(script, Duration::from_secs(600)).await
}

async fn patient<F, Fut>(script: F, idle: Duration) -> WebSocket
where
    F: FnOnce(Peer) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let url = serve(script).await;
    let client = Client::builder(&url).no_proxy().idle_timeout(idle).max_frame(1024);
    client.build().unwrap().dial("/api/v2/x?y=1").await.unwrap()
}

async fn serve<F, Fut>(script: F) -> String
where
    F: FnOnce(Peer) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(tokio_tungstenite::accept_async(stream).await.unwrap()).await;
    });
    url
}

fn close(code: CloseCode, reason: &'static str) -> Frame {
    Frame::Close(Some(CloseFrame { code, reason: reason.into() }))
}

#[tokio::test]
async fn messages_go_both_ways_and_a_normal_close_ends_quietly() {
    let mut socket = connected(|mut peer| async move {
        peer.send(Frame::text("hello")).await.unwrap();
        let echoed = peer.next().await.unwrap().unwrap();
        peer.send(Frame::binary(echoed.into_data())).await.unwrap();
        peer.send(close(CloseCode::Normal, "bye")).await.unwrap();
        while peer.next().await.is_some() {}
    })
    .await;
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Text("hello".into()));
    socket.send(Message::Text("again".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Binary("again".into()));
    assert!(socket.next().await.is_none());
    assert!(socket.next().await.is_none());
    let reason = socket.close_reason().unwrap();
    assert_eq!((reason.code, reason.reason.as_str()), (1000, "bye"));
}

#[tokio::test]
async fn another_close_is_an_error_with_its_code() {
    let mut socket = connected(|mut peer| async move {
        peer.send(close(CloseCode::Away, "restarting")).await.unwrap();
        while peer.next().await.is_some() {}
    })
    .await;
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(error.is_closed() && error.is_retryable());
    assert_eq!((error.close_code(), error.message()), (Some(1001), "restarting"));
    assert!(error.url().unwrap().ends_with("/api/v2/x?y=1"));
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn a_cut_connection_is_an_error() {
    let mut socket = connected(|peer| async move { drop(peer) }).await;
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(error.is_interrupted(), "{error:?}");
    assert!(socket.next().await.is_none());
    assert!(socket.close_reason().is_none());
}

#[tokio::test]
async fn silence_is_an_error_and_pings_are_signs_of_life() {
    // Far more than a busy machine takes from one ping to the next, and less than all of them take.
    let idle = Duration::from_secs(2);
    let script = |mut peer: Peer| async move {
        for _ in 0..9 {
            peer.send(Frame::Ping("p".into())).await.unwrap();
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        // The pings were answered.
        assert!(matches!(peer.next().await, Some(Ok(Frame::Pong(_)))));
        std::future::pending::<()>().await;
    };
    let mut socket = patient(script, idle).await;
    let started = std::time::Instant::now();
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(started.elapsed() > idle * 2);
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_an_error() {
    let mut socket = connected(|mut peer| async move {
        let _ = peer.send(Frame::text("x".repeat(2000))).await;
        while peer.next().await.is_some() {}
    })
    .await;
    assert!(socket.next().await.unwrap().unwrap_err().is_too_large());
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn dropping_it_closes_it_and_closing_says_why() {
    let (told, heard) = tokio::sync::oneshot::channel();
    let socket = connected(|mut peer| async move {
        let _ = told.send(peer.next().await.is_none_or(|frame| frame.is_err()));
    })
    .await;
    drop(socket);
    assert!(tokio::time::timeout(Duration::from_secs(5), heard).await.unwrap().unwrap());

    let (told, heard) = tokio::sync::oneshot::channel();
    let socket = connected(|mut peer| async move {
        let _ = told.send(peer.next().await);
    })
    .await;
    socket.close(4001, &"ä".repeat(100)).await.unwrap();
    let frame = tokio::time::timeout(Duration::from_secs(5), heard).await.unwrap().unwrap();
    let Some(Ok(Frame::Close(Some(frame)))) = frame else { panic!("{frame:?}") };
    assert_eq!(u16::from(frame.code), 4001);
    assert_eq!(frame.reason.as_str(), "ä".repeat(61));
}

#[tokio::test]
async fn a_refused_upgrade_reads_as_an_api_error() {
    let server = Server::start(vec![json("409 Conflict", r#"{"message":"no agent","detail":"d"}"#)]).await;
    let error = server.client().dial("/x").await.unwrap_err();
    assert!(error.is_conflict());
    assert_eq!((error.message(), error.detail()), ("no agent", Some("d")));
    let seen = server.seen().remove(0);
    assert_eq!(seen.line, "GET /x HTTP/1.1");
    assert_eq!(seen.header("upgrade"), Some("websocket"));
    assert_eq!(seen.header("coder-session-token"), Some("s3cret-t0ken"));

    // A proxy that knows no WebSockets.
    let server = Server::start(vec![json("200 OK", "{}")]).await;
    let error = server.client().dial("/x").await.unwrap_err();
    assert_eq!((error.is_api(), error.status()), (true, Some(200)));
}

#[tokio::test]
async fn an_upgrade_that_hangs_or_lies_is_an_error() {
    let server = Server::start(vec![crate::server::Reply::Begin(b"")]).await;
    let client = server.builder().upgrade_timeout(Duration::from_millis(50)).build().unwrap();
    let error = client.dial("/x").await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("WebSocket upgrade"), "{error}");

    let lie = b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n";
    let server = Server::start(vec![crate::server::Reply::Begin(lie)]).await;
    let error = server.client().dial("/x").await.unwrap_err();
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_an_item() {
    let url = serve(|mut peer| async move {
        for text in ["1", "\"x\"", "[2", "3"] {
            peer.send(Frame::text(text)).await.unwrap();
        }
        peer.send(close(CloseCode::Normal, "")).await.unwrap();
        while peer.next().await.is_some() {}
    })
    .await;
    let client = Client::builder(&url).no_proxy().build().unwrap();
    let mut values = client.dial_json::<u32>("/x").await.unwrap();
    assert_eq!(values.next().await.unwrap().unwrap(), 1);
    assert!(values.next().await.unwrap().unwrap_err().is_decode());
    let error = values.next().await.unwrap().unwrap_err();
    assert_eq!(error.body(), Some("[2".as_bytes()));
    assert_eq!(values.next().await.unwrap().unwrap(), 3);
    assert!(values.next().await.is_none());
    assert_eq!(values.close_reason().unwrap().code, 1000);
}
