//! Whole turns of chats, from their creation to the end of a scripted answer, against a bare axum and SQLite program
//! that writes as much.
//!
//! `cargo bench -p tests --bench turns`

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use codersdk::{ChatStatus, ChatWatch, ChatWatchItem, ChatsApi, Client, CreateChatRequest};
use common::Comparison;
use futures_util::StreamExt;
use futures_util::stream;
use reference_server::ReferenceServer;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use uuid::Uuid;

const TURNS: usize = 500;
const AT_ONCE: usize = 16;
const ROUNDS: usize = 5;
/// How many times as long as the bare program a turn may take.
const LIMIT: f64 = 3.0;
/// Turns a second that are asked for on two cores.
const WANTED: f64 = 400.0;

/// What a turn writes, transaction by transaction: how many rows it inserts, and how many it updates.
const WRITES: [(usize, usize); 4] = [(3, 0), (1, 1), (1, 1), (0, 2)];
/// What a row holds: about as much as a message.
const PAYLOAD: usize = 400;

#[tokio::main]
async fn main() {
    let server = ReferenceServer::start().await.expect("a server");
    let bare = Bare::start().await;
    let mut rounds = Vec::with_capacity(ROUNDS);
    turns(&server, AT_ONCE).await;
    bare.turns(AT_ONCE).await;
    for _ in 0..ROUNDS {
        rounds.push((turns(&server, TURNS).await, bare.turns(TURNS).await));
    }
    let within = Comparison::new("500 turns", &rounds).report(LIMIT);
    let best = rounds.iter().map(|round| round.0).min().unwrap_or_default();
    let rate = f64::from(u32::try_from(TURNS).expect("a small number")) / best.as_secs_f64();
    println!("{rate:.0} turns a second (wanted {WANTED:.0})");
    let first = first_turn().await;
    println!("from the call that starts a server to the end of its first turn: {first:.2?}");
    std::process::exit(i32::from(!within || rate < WANTED));
}

async fn turns(server: &ReferenceServer, count: usize) -> Duration {
    let client = server.client();
    let organization_id = server.login().expect("the server is seeded").organization_id;
    let mut watch = ChatWatch::builder(&client).connect().await.expect("a watch");
    let start = Instant::now();
    let creating = stream::iter(0..count).for_each_concurrent(AT_ONCE, |_| create(&client, organization_id));
    let ending = async {
        let mut ended = HashSet::with_capacity(count);
        while ended.len() < count {
            let item = watch.next().await.expect("the watch goes on").expect("an item");
            if let ChatWatchItem::Event(event) = item
                && event.chat.status == ChatStatus::Waiting
            {
                ended.insert(event.chat.id);
            }
        }
    };
    tokio::join!(creating, ending);
    start.elapsed()
}

async fn create(client: &Client, organization_id: Uuid) {
    let request = CreateChatRequest {
        organization_id,
        content: vec!["@text An answer of a few words".into()].into(),
        ..CreateChatRequest::default()
    };
    client.create_chat(request).await.expect("a chat");
}

async fn first_turn() -> Duration {
    let start = Instant::now();
    let server = ReferenceServer::start().await.expect("a server");
    turns(&server, 1).await;
    start.elapsed()
}

/// A program that answers a POST with the writes of a turn and nothing else.
struct Bare {
    url: String,
    client: reqwest::Client,
}

impl Bare {
    async fn start() -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .expect("a database");
        sqlx::query("CREATE TABLE rows (id BLOB PRIMARY KEY, version INTEGER NOT NULL, payload TEXT NOT NULL)")
            .execute(&pool)
            .await
            .expect("a table");
        let app = Router::new().route("/turn", post(turn)).with_state(Arc::new(pool));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/turn", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, client: reqwest::Client::new() }
    }

    async fn turns(&self, count: usize) -> Duration {
        let start = Instant::now();
        let turn = |_| async {
            let body = json!({ "payload": "x".repeat(PAYLOAD) }).to_string();
            let answer = self.client.post(&self.url).header("Content-Type", "application/json").body(body);
            assert_eq!(answer.send().await.expect("an answer").status().as_u16(), 200);
        };
        stream::iter(0..count).for_each_concurrent(AT_ONCE, turn).await;
        start.elapsed()
    }
}

async fn turn(State(pool): State<Arc<SqlitePool>>, Json(body): Json<Value>) -> Json<Value> {
    let payload = body["payload"].as_str().unwrap_or_default();
    let mut last = Uuid::nil();
    for (inserts, updates) in WRITES {
        let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
        for _ in 0..inserts {
            last = Uuid::new_v4();
            let insert =
                sqlx::query("INSERT INTO rows (id, version, payload) VALUES ($1, 1, $2)").bind(last).bind(payload);
            insert.execute(&mut *tx).await.expect("an insert");
        }
        for _ in 0..updates {
            let update = sqlx::query("UPDATE rows SET version = version + 1, payload = $2 WHERE id = $1");
            update.bind(last).bind(payload).execute(&mut *tx).await.expect("an update");
        }
        tx.commit().await.expect("a commit");
    }
    Json(json!({ "id": last }))
}
