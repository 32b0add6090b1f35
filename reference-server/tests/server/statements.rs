//! What a turn costs the database.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reference_server::ReferenceServer;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Most statements that a whole turn may take: the request that creates the chat with its authentication, the answer,
/// its title and its label. Beginnings and ends of transactions are not among them.
const MOST_STATEMENTS: usize = 20;

/// Notes every statement.
#[derive(Debug, Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

struct Summary(String);

impl Visit for Summary {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "summary" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" && *event.metadata().level() <= Level::DEBUG {
            let mut summary = Summary(String::new());
            event.record(&mut summary);
            if !["BEGIN IMMEDIATE", "COMMIT"].contains(&summary.0.trim_matches('"')) {
                self.0.lock().unwrap().push(summary.0);
            }
        }
    }
}

#[tokio::test]
async fn a_whole_turn_takes_few_statements() {
    let statements = Statements::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(statements.clone())).unwrap();
    let server = ReferenceServer::start().await.unwrap();
    let login = server.login().unwrap();
    let http = reqwest::Client::new();
    let chats = format!("{}api/experimental/chats", server.url());
    // The first turn warms up what is read once.
    let mut counts = Vec::new();
    for _ in 0..2 {
        statements.0.lock().unwrap().clear();
        let body = json!({
            "organization_id": login.organization_id, "content": [{"type": "text", "text": "@text Hello"}],
        });
        let request = http.post(&chats).header("Coder-Session-Token", login.session_token());
        let answer = request.body(body.to_string()).send().await.unwrap();
        let chat: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(chat["status"], "running", "{chat}");
        // Nobody asks meanwhile, so that only the turn's own statements are counted. The label is the last of them.
        while !statements.0.lock().unwrap().iter().any(|statement| statement.contains("SET last_turn_summary")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        counts.push(statements.0.lock().unwrap().clone());
    }
    let last = counts.pop().unwrap();
    println!("{} statements:\n{}", last.len(), last.join("\n"));
    assert!(last.iter().any(|statement| statement.contains("INSERT INTO chat_messages")), "statements are counted");
    assert!(last.len() <= MOST_STATEMENTS, "{} statements:\n{}", last.len(), last.join("\n"));
    server.shutdown().await;
}
