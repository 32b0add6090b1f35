//! Sockets of chats as their peers see them: what is read, what is refused, and how they end.

use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::World;

const CHATS: &str = "/api/experimental/chats";

impl World {
    async fn socket(&self, path: &str) -> WebSocketStream<TcpStream> {
        let url = self.server.url();
        let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
        request.headers_mut().insert("coder-session-token", HeaderValue::try_from(&self.owner).unwrap());
        let connection = TcpStream::connect(host).await.unwrap();
        tokio_tungstenite::client_async(request, connection).await.unwrap().0
    }

    /// A chat whose turn is over.
    async fn answered_chat(&self) -> String {
        let body = json!({"organization_id": self.organization, "content": [{"type": "text", "text": "@text hello"}]});
        let chat = self.post(&self.owner, CHATS, body).await.expect(201)["id"].as_str().unwrap().to_owned();
        while self.get(&self.owner, &format!("{CHATS}/{chat}")).await.expect(200)["status"] != "waiting" {
            tokio::task::yield_now().await;
        }
        chat
    }
}

/// How the server ends the socket.
async fn end(mut socket: WebSocketStream<TcpStream>) -> (u16, String) {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
            Some(Ok(_)) => {}
            other => panic!("the socket ended without a word: {other:?}"),
        }
    }
}

#[tokio::test]
async fn who_talks_where_nothing_is_asked_is_told_so() {
    let world = World::new().await;
    let chat = world.answered_chat().await;
    for path in [format!("{CHATS}/{chat}/stream"), format!("{CHATS}/watch")] {
        for message in [Message::text(""), Message::binary(vec![0]), Message::text("x".repeat(100_000))] {
            let mut socket = world.socket(&path).await;
            socket.send(message).await.unwrap();
            assert_eq!(end(socket).await, (1008, "unexpected data message".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn the_choice_of_an_episode_is_read_as_the_original_reads_it() {
    let world = World::new().await;
    let chat = world.answered_chat().await;
    let path = format!("{CHATS}/{chat}/stream/parts");
    let invalid = (1007, "failed to unmarshal JSON".to_owned());
    for choice in ["", "[]", "1", r#"{"history_version":"1"}"#, r#"{"history_version":1e2}"#, "{} x"] {
        let mut socket = world.socket(&path).await;
        socket.send(Message::text(choice)).await.unwrap();
        assert_eq!(end(socket).await, invalid, "{choice}");
    }
    let mut socket = world.socket(&path).await;
    socket.send(Message::text(format!("{{}}{}", " ".repeat(32 << 10)))).await.unwrap();
    assert_eq!(end(socket).await, (1009, "read limited at 32769 bytes".to_owned()));
    // Choices of nothing are no mistakes, and neither are other spellings of the keys.
    let mut socket = world.socket(&path).await;
    for choice in ["null", "{}", r#"{"HISTORY_VERSION":1,"generation_attempt":1,"other":[]}"#] {
        socket.send(Message::text(choice)).await.unwrap();
    }
    let Some(Ok(Message::Text(frame))) = socket.next().await else { panic!("the socket ended") };
    let events: Value = serde_json::from_str(&frame).unwrap();
    assert_eq!(events[0]["message_part"]["part"]["text"], "hello");
}

#[tokio::test]
async fn a_close_is_answered_with_the_same_code() {
    let world = World::new().await;
    let chat = world.answered_chat().await;
    for path in [format!("{CHATS}/{chat}/stream"), format!("{CHATS}/{chat}/stream/parts"), format!("{CHATS}/watch")] {
        let mut socket = world.socket(&path).await;
        let frame = CloseFrame { code: CloseCode::Library(4000), reason: "bye".into() };
        socket.close(Some(frame)).await.unwrap();
        assert_eq!(end(socket).await.0, 4000, "{path}");
    }
}

#[tokio::test]
async fn whoever_was_told_something_finds_the_chat_read() {
    let world = World::new().await;
    let chat = world.answered_chat().await;
    let unread = async || world.get(&world.owner, CHATS).await.expect(200)[0]["has_unread"].clone();
    assert_eq!(unread().await, true);
    let mut socket = world.socket(&format!("{CHATS}/{chat}/stream")).await;
    socket.next().await.unwrap().unwrap();
    assert_eq!(unread().await, false);
}

#[tokio::test]
async fn a_long_history_comes_in_frames_that_clients_take() {
    let world = World::new().await;
    let chat = format!("{CHATS}/{}", world.answered_chat().await);
    for _ in 0..4 {
        let text = format!("@text ok\n{}", "x".repeat(1_200_000));
        let body = json!({"content": [{"type": "text", "text": text}]});
        world.post(&world.owner, &format!("{chat}/messages"), body).await.expect(200);
        while world.get(&world.owner, &chat).await.expect(200)["status"] != "waiting" {
            tokio::task::yield_now().await;
        }
    }
    let mut socket = world.socket(&format!("{chat}/stream")).await;
    let mut messages = 0;
    loop {
        let Some(Ok(Message::Text(frame))) = socket.next().await else { panic!("the socket ended") };
        assert!(frame.len() < 4 << 20, "{} bytes", frame.len());
        let events: Vec<Value> = serde_json::from_str(&frame).unwrap();
        messages += events.iter().filter(|event| event["type"] == "message").count();
        if events.iter().any(|event| event["type"] == "preview_reset") {
            break;
        }
    }
    assert_eq!(messages, 10);
}
