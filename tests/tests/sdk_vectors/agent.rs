//! `agent_log_batches.json`, `agent_log_sanitize.json`, `agent_logs_writer.json`, `git_askpass.json`, `log_text.json`.

use std::sync::Mutex;

use agentsdk::{Log, LogDest, LogSender, LogsWriter, git_askpass, sanitize_log_output};
use serde_json::{Value, json};
use tests::vectors;
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

/// Compares what a rule gives for each case with what the original gave.
fn replay(file: &str, rule: impl Fn(&Value) -> Option<Result<Value, String>>) {
    let Some(cases) = vectors::cases(file) else { return };
    let (mut replayed, mut failures) = (0, Vec::new());
    for case in &cases {
        let Some(outcome) = rule(&case["input"]) else { continue };
        replayed += 1;
        let same = match (case["error"].as_str(), &outcome) {
            // What a URL parser says is its own.
            (Some(error), Err(given)) if error.starts_with("parse host failed: ") => {
                given.starts_with("parse host failed: ")
            }
            (Some(error), Err(given)) => error == given,
            (None, Ok(given)) => *given == case["output"],
            _ => false,
        };
        if !same {
            failures.push(format!("{}: {outcome:?} instead of {}{}", case["name"], case["output"], case["error"]));
        }
    }
    println!("{file}: {replayed} of {} cases", cases.len());
    assert!(replayed > 0);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn log_lines_are_cleaned_the_same() {
    replay("agent_log_sanitize.json", |input| Some(Ok(json!(sanitize_log_output(&vectors::bytes(input, "output"))))));
}

#[test]
fn writes_are_cut_into_the_same_lines() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let bytes = |value: &Value| vectors::decode_base64(value.as_str().unwrap_or_default());
    let Some(cases) = vectors::cases("agent_logs_writer.json") else { return };
    for case in cases {
        let mut lines = Vec::new();
        let mut writer = LogsWriter::new("info".into(), |log| {
            lines.push(log.output);
            Ok(())
        });
        runtime.block_on(async {
            for piece in list(&case["input"]["writes_b64"]) {
                writer.write_all(&bytes(&piece)).await.expect("write");
            }
            writer.shutdown().await.expect("shutdown");
        });
        drop(writer);
        // The original hands on bytes and cleans them later.
        let expected: Vec<_> =
            list(&case["output"]["outputs_b64"]).iter().map(|line| sanitize_log_output(&bytes(line))).collect();
        assert_eq!(lines, expected, "{}", case["name"]);
    }
}

/// Notes how long the lines of each batch are, `null` if there are none; refuses the one with a number.
struct Dest {
    batches: Mutex<Vec<Option<Vec<usize>>>>,
    limit_at: Option<usize>,
}

#[async_trait::async_trait]
impl LogDest for Dest {
    async fn batch_create_logs(&self, _: Uuid, logs: &[Log]) -> codersdk::Result<bool> {
        let mut batches = self.batches.lock().expect("lock");
        let number = batches.len();
        batches.push((!logs.is_empty()).then(|| logs.iter().map(|log| log.output.len()).collect()));
        // Batches are counted from 1.
        Ok(self.limit_at != Some(number + 1))
    }
}

/// A text as `unit` or `unit_b64`, and how often it is repeated.
fn repeated(entry: &Value) -> Vec<u8> {
    let times = entry["repeat"].as_u64().and_then(|times| usize::try_from(times).ok()).unwrap_or(1);
    match entry["unit_b64"].as_str() {
        Some(unit) => vectors::decode_base64(unit).repeat(times),
        None => vectors::bytes(entry, "output"),
    }
}

fn lines(entries: &Value) -> Vec<Log> {
    let line = |entry: &Value| Log {
        output: match entry.as_u64() {
            Some(size) => "a".repeat(usize::try_from(size).expect("size")),
            None => sanitize_log_output(&repeated(entry)),
        },
        level: "info".into(),
        ..Log::default()
    };
    entries.as_array().into_iter().flatten().map(line).collect()
}

#[test]
fn queues_are_cut_into_the_same_batches() {
    replay("agent_log_batches.json", |input| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("runtime");
        Some(runtime.block_on(async {
            let (sender, source) = (LogSender::new(), Uuid::from_u128(1));
            for entries in input["enqueue"].as_array().into_iter().flatten() {
                sender.enqueue(source, lines(entries));
            }
            let limit_at = input["limit_at"].as_u64().and_then(|limit| usize::try_from(limit).ok());
            let dest = Dest { batches: Mutex::default(), limit_at };
            let outcome = tokio::select! {
                biased;
                outcome = sender.send_loop(&dest) => outcome.err(),
                () = sender.wait_until_empty() => None,
            };
            let mut output = json!({ "batches": *dest.batches.lock().expect("lock") });
            if limit_at.is_some() {
                output["result"] = json!(outcome.map(|error| error.message().to_owned()));
            }
            Ok(output)
        }))
    });
}

#[test]
fn questions_of_git_are_read_the_same() {
    replay("git_askpass.json", |input| {
        if input["rule"] == "check" {
            let list = |name: &str| -> Vec<String> { serde_json::from_value(input[name].clone()).unwrap_or_default() };
            return Some(Ok(json!({ "askpass": git_askpass::is_askpass(&list("args"), &list("env")) })));
        }
        let prompt = git_askpass::parse_prompt(input["prompt"].as_str().unwrap_or_default());
        Some(prompt.map(|p| json!({ "user": p.user, "host": p.host })).map_err(|error| error.to_string()))
    });
}

#[test]
fn logs_read_the_same_as_text() {
    replay("log_text.json", |input| {
        let text = |name: &str| input[name].as_str().unwrap_or_default();
        let line = match text("kind") {
            "agent" => serde_json::from_value(input["log"].clone())
                .map(|log: codersdk::WorkspaceAgentLog| log.text(text("agent_name"), text("source_name"))),
            _ => serde_json::from_value(input["log"].clone()).map(|log: codersdk::ProvisionerJobLog| log.text()),
        };
        Some(line.map(|line| json!({ "line": line })).map_err(|error| error.to_string()))
    });
}
