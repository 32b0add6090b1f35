//! The agent as its clients see it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::DateTime;
use futures_util::StreamExt;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use workspacesdk::{AgentConn, ExtraHeaders, HttpAgentConn, NewContent};

use super::Agent;
use crate::clock::ManualClock;
use crate::testing::{Case, replay, same, vectors};

const TOKEN: &str = "token-of-the-agent";

/// An agent with a directory of its own.
struct World {
    agent: Agent,
    dir: TempDir,
    http: reqwest::Client,
}

/// What was answered.
struct Answer {
    status: u16,
    content_type: String,
    content_length: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{:?}", String::from_utf8_lossy(&self.body)))
    }
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let agent = Agent::builder(TOKEN).dir(dir.path()).start().await.unwrap();
        Self { agent, dir, http: reqwest::Client::new() }
    }

    async fn call(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request =
            self.http.request(method, format!("{}{path}", self.agent.url())).header("Coder-Session-Token", TOKEN);
        let response = request.body(body).send().await.unwrap();
        let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        Answer {
            status: response.status().as_u16(),
            content_type: header("content-type"),
            content_length: header("content-length"),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// A tree as a case describes it, in a folder of its own.
    fn tree(&self, case: &Case) -> String {
        let root = tempfile::Builder::new().prefix("case").tempdir_in(self.dir.path()).unwrap().keep();
        let root = root.to_str().unwrap().to_owned();
        let items = |key: &str| case.input[key].as_array().cloned().unwrap_or_default();
        let place = |path: &Value| path.as_str().unwrap().replace("$ROOT", &root);
        for dir in items("dirs") {
            std::fs::create_dir_all(place(&dir)).unwrap();
        }
        for file in items("files") {
            let path = place(&file["path"]);
            std::fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
            std::fs::write(path, content(&file)).unwrap();
        }
        for link in items("symlinks") {
            std::os::unix::fs::symlink(place(&link["target"]), place(&link["path"])).unwrap();
        }
        root
    }
}

fn content(file: &Value) -> Vec<u8> {
    if let Some(encoded) = file["content_b64"].as_str() {
        return BASE64_STANDARD.decode(encoded).unwrap();
    }
    match file["unit"].as_str() {
        Some(unit) => unit.repeat(file["repeat"].as_u64().unwrap() as usize).into_bytes(),
        None => file["content"].as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

/// A value with the folder of a case for `$ROOT`, and its names for `$PARTS`.
fn filled(value: &Value, root: &str) -> Value {
    match value {
        Value::String(text) => text.replace("$ROOT", root).into(),
        Value::Array(items) => {
            let parts = root.split('/').skip(1).map(Value::from);
            let fill = |item: &Value| match item.as_str() {
                Some("$PARTS") => parts.clone().collect(),
                _ => vec![filled(item, root)],
            };
            items.iter().flat_map(fill).collect()
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, root))).collect(),
        other => other.clone(),
    }
}

fn query(case: &Case, root: &str) -> String {
    case.text("query").replace("$ROOT", root).replace(' ', "%20")
}

/// Asks the agent what every case asks, and checks what it answers.
async fn replay_calls(
    cases: &[Case],
    mut ask: impl AsyncFnMut(&World, &Case, &str) -> Answer,
    check: impl Fn(&Case, &str, &Answer) -> Result<(), String>,
) {
    let world = World::new().await;
    let mut answers = Vec::new();
    for case in cases {
        let root = world.tree(case);
        let answer = ask(&world, case, &root).await;
        answers.push((root, answer));
    }
    let mut answers = answers.iter();
    replay(cases, |case| {
        let (root, answer) = answers.next().unwrap();
        check(case, root, answer)
    });
    world.agent.shutdown().await;
}

#[tokio::test]
async fn vectors_of_paths_match() {
    let ask = async |world: &World, case: &Case, root: &str| {
        let path = format!("/api/v0/{}?{}", case.text("path"), query(case, root));
        let method = case.text("method").parse().unwrap();
        let body = match serde_json::from_str::<Value>(case.text("body")) {
            Ok(body) if body.is_object() => filled(&body, root).to_string(),
            _ => case.text("body").replace("$ROOT", root),
        };
        world.call(method, &path, body).await
    };
    replay_calls(&vectors("agent_paths.json"), ask, |case, root, answer| {
        same(&answer.status.into(), &case.output["status"])?;
        let (mut got, mut wanted) = (answer.json(), filled(&case.output["body"], root));
        // What a decoder says is its own.
        if let (Some(got), Some(wanted)) = (got.as_object_mut(), wanted.as_object_mut())
            && got.contains_key("detail")
            && wanted.contains_key("detail")
        {
            got.remove("detail");
            wanted.remove("detail");
        }
        same(&got, &wanted)?;
        for file in case.output["files_after"].as_array().into_iter().flatten() {
            let path = filled(&file["path"], root);
            if let Some(target) = file["symlink"].as_str() {
                let found = std::fs::read_link(path.as_str().unwrap()).map_err(|error| format!("{path}: {error}"))?;
                same(&found.to_str().into(), &target.replace("$ROOT", root).into())?;
                continue;
            }
            let found = std::fs::read(path.as_str().unwrap()).map_err(|error| format!("{path}: {error}"))?;
            if found != content(file) {
                return Err(format!("{path} holds {:?}", String::from_utf8_lossy(&found)));
            }
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn vectors_of_reading_match() {
    let ask = async |world: &World, case: &Case, root: &str| {
        world.call(Method::GET, &format!("/api/v0/read-file?{}", query(case, root)), "").await
    };
    replay_calls(&vectors("agent_read_file.json"), ask, |case, root, answer| {
        let wanted = &case.output;
        same(&answer.status.into(), &wanted["status"])?;
        if let Some(body) = wanted["body_b64"].as_str() {
            same(&BASE64_STANDARD.encode(&answer.body).into(), &body.into())?;
        } else {
            same(&answer.json(), &filled(&wanted["body"], root))?;
        }
        for (key, got) in [("content_type", &answer.content_type), ("content_length", &answer.content_length)] {
            if !wanted[key].is_null() {
                same(&got.as_str().into(), &wanted[key])?;
            }
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_manifest_is_told_as_it_was_given() {
    let world = World::new().await;
    let own = world.call(Method::GET, "/debug/manifest", "").await;
    assert_eq!(own.content_type, "text/plain; charset=utf-8");
    assert_eq!(own.json()["directory"], world.dir.path().to_str().unwrap());
    world.agent.set_manifest(&json!({ "agent_name": "dev" })).unwrap();
    assert_eq!(world.call(Method::GET, "/debug/manifest", "").await.body, b"{\"agent_name\":\"dev\"}\n");
    world.agent.shutdown().await;
}

#[tokio::test]
async fn the_greeting_alone_asks_for_no_token() {
    let world = World::new().await;
    let status = async |path: &str, name: &'static str, value: &'static str| {
        let request = world.http.get(format!("{}{path}", world.agent.url())).header(name, value);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("/", "Coder-Session-Token", "nonsense").await, 200);
    assert_eq!(status("//", "Coder-Session-Token", "nonsense").await, 401);
    assert_eq!(status("/debug/manifest", "Coder-Session-Token", "nonsense").await, 401);
    assert_eq!(status("/", "Host", "example.com").await, 403);
    assert_eq!(status("/", "Origin", "http://example.com").await, 403);
    world.agent.shutdown().await;
}

#[tokio::test]
async fn a_network_that_is_not_there_is_told_so() {
    let world = World::new().await;
    let told = async |path: &str| {
        let answer = world.call(Method::GET, path, "").await;
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    assert_eq!(told("/debug/magicsock").await, (500, "network is not ready yet".to_owned()));
    assert_eq!(told("/debug/magicsock/debug-logging/true").await, (500, "network is not ready yet".to_owned()));
    let invalid = "invalid state \"yes\", must be a boolean".to_owned();
    assert_eq!(told("/debug/magicsock/debug-logging/yes").await, (400, invalid));
    assert_eq!(told("/debug/logs?after=yesterday").await.0, 400);
    world.agent.shutdown().await;
}

#[tokio::test]
async fn the_report_about_the_network_can_be_read() {
    let world = World::new().await;
    let told = world.call(Method::GET, "/api/v0/netcheck", "").await.json();
    for key in ["PreferredDERP", "DERPLatency", "UDP", "IPv4", "MappingVariesByDestIP", "CaptivePortal"] {
        assert!(told["net_info"].get(key).is_some(), "{key}");
    }
    let conn = HttpAgentConn::builder(world.agent.url()).session_token(TOKEN).build().unwrap();
    let report = conn.netcheck().await.unwrap();
    assert_eq!(report.net_info.unwrap().working_udp, Some(false));
    let loopback = report.interfaces.interfaces.iter().any(|one| one.addresses.contains(&"127.0.0.1/8".to_owned()));
    assert!(loopback, "{:?}", report.interfaces);
    world.agent.shutdown().await;
}

#[tokio::test]
async fn methods_that_are_none_are_allowed_nowhere() {
    let world = World::new().await;
    for path in ["/", "/nope", "/api/v0/processes/list"] {
        for method in ["PROPFIND", "get", "NOPE"] {
            let answer = world.call(Method::from_bytes(method.as_bytes()).unwrap(), path, "").await;
            assert_eq!((answer.status, answer.body.as_slice()), (405, &b""[..]), "{method} {path}");
        }
        let head = world.call(Method::HEAD, path, "").await;
        assert_eq!(head.status, if path == "/nope" { 404 } else { 405 });
    }
    world.agent.shutdown().await;
}

#[tokio::test]
async fn ids_of_processes_may_hold_anything() {
    let world = World::new().await;
    for (sent, read) in [("a%20b", "a b"), ("a%2Fb", "a%2Fb"), ("%e9", "%e9"), ("%C3%A9", "é")] {
        let answer = world.call(Method::GET, &format!("/api/v0/processes/{sent}/output"), "").await;
        assert_eq!((answer.status, answer.json()), (404, json!({"message": format!("Process \"{read}\" not found.")})));
    }
    let answer = world.call(Method::GET, "/api/v0/processes/%FF/output", "").await;
    assert_eq!(answer.status, 404);
    world.agent.shutdown().await;
}

/// Runs git in a folder.
fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").current_dir(folder).args(identity).args(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn the_git_watch_of_a_chat_tells_what_its_children_change() {
    const SECOND: Duration = Duration::from_secs(1);
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap().join("repository");
    std::fs::create_dir(&root).unwrap();
    git(&root, &["init", "-q", "-b", "trunk"]);
    std::fs::write(root.join("f"), "1\n").unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "first"]);
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let agent = Agent::builder(TOKEN).dir(dir.path()).clock(Arc::new(clock.clone())).start().await.unwrap();
    let (parent, child) = (Uuid::new_v4(), Uuid::new_v4());
    let headers = ExtraHeaders::for_chat(child).with_ancestors([parent]);
    let conn = HttpAgentConn::builder(agent.url()).session_token(TOKEN).extra_headers(headers).build().unwrap();

    let mut watch = conn.watch_git(parent).await.unwrap();
    conn.write_file(root.join("f").to_str().unwrap(), NewContent::from("2\n")).await.unwrap();
    let first = watch.next().await.unwrap().unwrap();
    let [repository] = &first.repositories[..] else { panic!("{first:?}") };
    assert_eq!((repository.repo_root.as_str(), repository.branch.as_str()), (root.to_str().unwrap(), "trunk"));
    assert!(repository.unified_diff.as_deref().unwrap().ends_with("@@ -1 +1 @@\n-1\n+2\n"), "{repository:?}");

    watch.refresh().await.unwrap();
    clock.advance(SECOND);
    let second = watch.next().await.unwrap().unwrap();
    assert!(second.repositories.is_empty() && second.scanned_at > first.scanned_at, "{second:?}");

    std::fs::remove_dir_all(&root).unwrap();
    watch.refresh().await.unwrap();
    clock.advance(SECOND);
    let third = watch.next().await.unwrap().unwrap();
    assert!(third.repositories.len() == 1 && third.repositories[0].removed, "{third:?}");
    drop(watch);
    agent.shutdown().await;
}

#[tokio::test]
async fn sources_of_context_are_added_looked_at_and_removed() {
    let world = World::new().await;
    let conn = HttpAgentConn::builder(world.agent.url()).session_token(TOKEN).build().unwrap();
    let docs = world.dir.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    std::fs::write(docs.join("AGENTS.md"), "# Rules\n").unwrap();
    let docs = docs.to_str().unwrap();
    assert!(conn.add_context_source("/etc").await.unwrap_err().is_bad_request());
    let source = conn.add_context_source(&format!("{docs}/../docs/")).await.unwrap();
    assert_eq!(source.path, docs);
    assert_eq!(conn.context_source(docs).await.unwrap(), source);
    let found = conn.resync_context().await.unwrap();
    let resource = found.resources.iter().find(|resource| resource.source_path == docs).unwrap();
    assert_eq!((resource.status.as_str(), resource.description.as_str()), ("ok", "Rules"));
    conn.remove_context_source(docs).await.unwrap();
    assert!(conn.remove_context_source(docs).await.unwrap_err().is_not_found());
    let after = conn.resync_context().await.unwrap();
    assert!(after.version > found.version && after.aggregate_hash != found.aggregate_hash);
    world.agent.shutdown().await;
}
