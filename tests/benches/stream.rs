//! Chat stream events through the SDK against a bare WebSocket loop with serde.
//!
//! `cargo bench -p tests --bench stream`

mod common;

use std::time::Instant;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use codersdk::{ChatStream, ChatStreamEvent, Client};
use common::Comparison;
use futures_util::StreamExt;
use uuid::Uuid;

const EVENTS: usize = 100_000;
const BATCH: usize = 256;
const ROUNDS: usize = 7;
const LIMIT: f64 = 1.15;

#[tokio::main]
async fn main() {
    let app = Router::new().route("/api/experimental/chats/{chat}/stream", any(serve));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let chat = Uuid::from_u128(1);
    let client =
        Client::builder(&url).session_token("token").chats_path("/api/experimental/chats").build().expect("a client");
    let target = format!("ws{}/api/experimental/chats/{chat}/stream", url.trim_start_matches("http"));

    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        through_sdk(&client, chat).await;
        let ours = start.elapsed();
        let start = Instant::now();
        by_hand(&target).await;
        rounds.push((ours, start.elapsed()));
    }
    let within = Comparison::new("100,000 stream events", &rounds).report(LIMIT);
    std::process::exit(i32::from(!within));
}

async fn through_sdk(client: &Client, chat: Uuid) {
    let mut stream = ChatStream::builder(client, chat).connect().await.expect("a stream");
    let mut seen = 0;
    while seen < EVENTS {
        let item = stream.next().await.expect("an item").expect("an event");
        seen += usize::from(item.as_event().is_some());
    }
}

async fn by_hand(target: &str) {
    let tcp = tokio::net::TcpStream::connect(target.split('/').nth(2).expect("a host")).await.expect("a connection");
    let (mut socket, _) = tokio_tungstenite::client_async(target, tcp).await.expect("an upgrade");
    let mut seen = 0;
    while seen < EVENTS {
        let frame = socket.next().await.expect("a frame").expect("a whole frame");
        if let tokio_tungstenite::tungstenite::Message::Text(text) = frame {
            seen += serde_json::from_str::<Vec<ChatStreamEvent>>(&text).expect("events").len();
        }
    }
}

async fn serve(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        let mut sent = 0;
        while sent < EVENTS {
            let batch: Vec<String> = (sent..EVENTS.min(sent + BATCH)).map(event).collect();
            sent += batch.len();
            let frame = Utf8Bytes::from(format!("[{}]", batch.join(",")));
            if socket.send(Message::Text(frame)).await.is_err() {
                return;
            }
        }
        // Held open: a server does not hang up on a client that has everything.
        while socket.recv().await.is_some() {}
    })
}

/// A live text part, in the form in which a server sends it.
fn event(index: usize) -> String {
    let seq = index + 1;
    format!(
        r#"{{"type":"message_part","chat_id":"00000000-0000-0000-0000-000000000001","message_part":{{"role":"assistant","part":{{"type":"text","text":" word","mcp_server_config_id":null,"url":"","media_type":"","file_name":"","start_line":0,"end_line":0,"content":"","context_file_path":"","skill_name":"","file_id":null,"context_file_agent_id":null}},"history_version":1,"generation_attempt":1,"seq":{seq}}}}}"#
    )
}
