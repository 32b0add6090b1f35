//! A call through the SDK against the same exchange with bare reqwest and serde.
//!
//! `cargo bench -p tests --bench calls`

mod common;

use std::time::Instant;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use codersdk::{Chat, ChatsApi, Client};
use common::Comparison;
use uuid::Uuid;

const CALLS: usize = 2_000;
const ROUNDS: usize = 15;
const LIMIT: f64 = 1.10;

#[tokio::main]
async fn main() {
    let chat = sample();
    let id = chat.id;
    let body = serde_json::to_string(&chat).expect("a chat can be encoded");
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], body) };
    let app = Router::new().route("/api/experimental/chats/{chat}", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, app).await });

    let client =
        Client::builder(&url).session_token("token").chats_path("/api/experimental/chats").build().expect("a client");
    let bare = reqwest::Client::new();
    let target = format!("{url}/api/experimental/chats/{id}");
    through_sdk(&client, id, 200).await;
    by_hand(&bare, &target, 200).await;

    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        through_sdk(&client, id, CALLS).await;
        let ours = start.elapsed();
        let start = Instant::now();
        by_hand(&bare, &target, CALLS).await;
        rounds.push((ours, start.elapsed()));
    }
    let within = Comparison::new("GET and decode of 2,000 chats", &rounds).report(LIMIT);
    std::process::exit(i32::from(!within));
}

async fn through_sdk(client: &Client, id: Uuid, calls: usize) {
    for _ in 0..calls {
        client.get_chat(id).await.expect("the chat");
    }
}

async fn by_hand(client: &reqwest::Client, target: &str, calls: usize) {
    for _ in 0..calls {
        let response = client.get(target).header("Coder-Session-Token", "token").send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        let body = response.bytes().await.expect("a body");
        let _: Chat = serde_json::from_slice(&body).expect("a chat");
    }
}

fn sample() -> Chat {
    Chat {
        id: Uuid::from_u128(1),
        title: "A chat with a title of ordinary length".to_owned(),
        status: codersdk::ChatStatus::Waiting,
        children: (2..6)
            .map(|n| Chat { id: Uuid::from_u128(n), title: format!("Child {n}"), ..Chat::default() })
            .collect(),
        labels: (0..4).map(|n| (format!("label-{n}"), format!("value {n}"))).collect(),
        ..Chat::default()
    }
}
