//! Whole turns of chats, from their creation to the end of a scripted answer, against a bare axum and SQLite program
//! that makes the same writes.
//!
//! `cargo bench -p tests --bench turns`

mod common;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use codersdk::{Chat, ChatStatus, ChatWatch, ChatWatchEventKind, ChatWatchItem, ChatsApi, Client, CreateChatRequest};
use common::Comparison;
use futures_util::StreamExt;
use futures_util::stream;
use reference_server::ReferenceServer;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions};
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

const TURNS: usize = 500;
const AT_ONCE: usize = 16;
const ROUNDS: usize = 5;
/// How many times as long as the bare program a turn may take.
const LIMIT: f64 = 3.0;
/// Turns a second that are asked for on two cores.
const WANTED: f64 = 400.0;

/// The tables and indexes that a turn writes to, as the server has them.
const SCHEMA: &str = include_str!("../../reference-server/migrations/0002_chats.sql");
/// How much the messages of a turn hold, in bytes: the deployment's prompt, the word about workspaces, the question.
const ASKED: [usize; 3] = [2_600, 250, 90];
/// How much the answer holds.
const ANSWERED: usize = 110;

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
            // The label of the turn is the last that is written.
            if let ChatWatchItem::Event(event) = item
                && event.chat.status == ChatStatus::Waiting
                && event.kind == ChatWatchEventKind::SummaryChange
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

/// A program that answers a POST with the writes of a turn and nothing else: the same rows with the same columns in the
/// same four transactions, without reading anything.
struct Bare {
    url: String,
    client: reqwest::Client,
}

impl Bare {
    async fn start() -> Self {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .expect("a database");
        sqlx::raw_sql(SCHEMA).execute(&pool).await.expect("the tables");
        let app = Router::new().route("/turn", post(turn)).with_state(Arc::new(pool));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/turn", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, client: reqwest::Client::new() }
    }

    async fn turns(&self, count: usize) -> Duration {
        let start = Instant::now();
        let turn = |_| async {
            let content = json!([{ "type": "text", "text": "@text An answer of a few words" }]);
            let body = json!({ "organization_id": Uuid::new_v4(), "content": content }).to_string();
            let request = self.client.post(&self.url).header("Content-Type", "application/json").body(body);
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
            let body = answer.bytes().await.expect("a body");
            let _: Chat = serde_json::from_slice(&body).expect("a chat");
        };
        stream::iter(0..count).for_each_concurrent(AT_ONCE, turn).await;
        start.elapsed()
    }
}

async fn turn(State(pool): State<Arc<SqlitePool>>, Json(request): Json<Value>) -> Json<Chat> {
    let id = Uuid::new_v4();
    let now = Utc::now();
    let (owner, model) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let begin = || async { pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction") };

    let mut tx = begin().await;
    let insert = sqlx::query(
        "INSERT INTO chats (id, organization_id, owner_id, workspace_id, build_id, agent_id, parent_chat_id, \
         root_chat_id, title, mode, plan_mode, client_type, last_model_config_id, mcp_server_ids, labels, \
         dynamic_tools, created_at, updated_at, status, snapshot_version, history_version) \
         VALUES ($1, $2, $3, NULL, NULL, NULL, NULL, NULL, $4, NULL, NULL, 'api', $5, '[]', '{}', NULL, $6, $6, \
         'running', 1, 1)",
    );
    let insert = insert.bind(id).bind(owner).bind(owner).bind("An answer of a few words").bind(model).bind(now);
    insert.execute(&mut *tx).await.expect("an insert");
    let asked = ASKED.map(|size| ("system", size));
    messages(&mut tx, id, now, 1, &asked).await;
    tx.commit().await.expect("a commit");

    let mut tx = begin().await;
    state(&mut tx, id, now, "running", 2, Some(owner)).await;
    tx.commit().await.expect("a commit");

    let mut tx = begin().await;
    messages(&mut tx, id, now, 3, &[("assistant", ANSWERED)]).await;
    state(&mut tx, id, now, "waiting", 3, None).await;
    tx.commit().await.expect("a commit");

    let label = "UPDATE chats SET last_turn_summary = $3 WHERE id = $1 AND history_version = $2 RETURNING title";
    let label = sqlx::query_scalar::<_, String>(label).bind(id).bind(3).bind("Finished");
    let title = label.fetch_one(&*pool).await.expect("an update");
    let organization_id = request["organization_id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
    Json(Chat { id, organization_id, owner_id: owner, title, created_at: now, updated_at: now, ..Chat::default() })
}

/// Inserts messages in one statement, as the server does.
async fn messages(tx: &mut SqliteConnection, chat: Uuid, now: DateTime<Utc>, revision: i64, rows: &[(&str, usize)]) {
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO chat_messages (chat_id, created_at, role, visibility, content, content_version, created_by, \
         api_key_id, model_config_id, compressed, revision, input_tokens, output_tokens, total_tokens, \
         reasoning_tokens, cache_creation_tokens, cache_read_tokens, context_limit, total_cost_micros, runtime_ms, \
         provider_response_id) ",
    );
    query.push_values(rows, |mut values, (role, size)| {
        values
            .push_bind(chat)
            .push_bind(now)
            .push_bind(*role)
            .push_bind("both")
            .push_bind("x".repeat(*size))
            .push_bind(1)
            .push_bind(Some(chat))
            .push_bind(Some("0123456789"))
            .push_bind(Some(chat))
            .push_bind(false)
            .push_bind(revision);
        for tokens in [Some(10), Some(20), Some(30), None, None, None, Some(128_000), None, Some(1)] {
            values.push_bind::<Option<i64>>(tokens);
        }
        values.push_bind(None::<&str>);
    });
    query.push(" RETURNING id");
    let ids: Vec<i64> = query.build_query_scalar().fetch_all(tx).await.expect("an insert");
    assert_eq!(ids.len(), rows.len());
}

/// Writes where a chat stands.
async fn state(
    tx: &mut SqliteConnection,
    chat: Uuid,
    now: DateTime<Utc>,
    status: &str,
    version: i64,
    worker: Option<Uuid>,
) {
    let update = sqlx::query(
        "UPDATE chats SET status = $2, archived = FALSE, pin_order = 0, last_error = NULL, snapshot_version = $3, \
         history_version = $3, queue_version = 0, generation_attempt = 1, retry_state = NULL, \
         retry_state_version = 0, requires_action_deadline_at = NULL, worker_id = $4, runner_id = $4, \
         heartbeat_at = $5, updated_at = $5, last_model_config_id = $1, plan_mode = NULL, mcp_server_ids = '[]' \
         WHERE id = $1",
    );
    let update = update.bind(chat).bind(status).bind(version).bind(worker).bind(now);
    update.execute(tx).await.expect("an update");
}
