//! Replay of the calls that the original's client made: `sdk_calls.jsonl` of the vectors. For each row our method is
//! called with the row's arguments against a server that gives the row's answer; the request that went out and the
//! value that came back must be those of the row.

mod agent;
mod agent_conn;
mod chats;
mod harness;
mod platform;
mod workspaces;

use harness::{Method, Replay};

/// Every method that is replayed. A row whose method is not here is left out, and counted.
fn methods() -> Vec<Method> {
    let areas = [platform::methods(), workspaces::methods(), chats::methods(), agent::methods(), agent_conn::methods()];
    areas.into_iter().flatten().collect()
}

#[tokio::test]
async fn recorded_calls_are_made_the_same() {
    let Some(rows) = tests::vectors::lines("sdk_calls.jsonl") else { return };
    let replay = Replay::start(rows, methods()).await;
    let outcome = replay.run().await;
    println!("{} rows replayed, {} of methods that are not there", outcome.replayed, outcome.left_out);
    assert!(outcome.failures.is_empty(), "{} rows differ:\n{}", outcome.failures.len(), outcome.failures.join("\n"));
}
