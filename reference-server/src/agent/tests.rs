//! The agent as its clients see it.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Agent;
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
    cases: Vec<Case>,
    mut ask: impl AsyncFnMut(&World, &Case, &str) -> Answer,
    check: impl Fn(&Case, &str, &Answer) -> Result<(), String>,
) {
    let world = World::new().await;
    let mut answers = Vec::new();
    for case in &cases {
        let root = world.tree(case);
        let answer = ask(&world, case, &root).await;
        answers.push((root, answer));
    }
    let mut answers = answers.iter();
    replay(&cases, |case| {
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
    replay_calls(vectors("agent_paths.json"), ask, |case, root, answer| {
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
    replay_calls(vectors("agent_read_file.json"), ask, |case, root, answer| {
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
