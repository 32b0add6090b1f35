//! An agent with an engine in memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{DevcontainerUp, MemoryEngine};
use crate::agent::Agent;
use crate::clock::{Clock, ManualClock};

const TOKEN: &str = "test-token";
const FOLDER: &str = "/work/project";
const CONFIG: &str = "/work/project/.devcontainer/devcontainer.json";

struct Setup {
    agent: Agent,
    engine: MemoryEngine,
    clock: ManualClock,
}

impl Setup {
    async fn new() -> Self {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let engine = MemoryEngine::new(Arc::new(clock.clone()));
        let agent = Agent::builder(TOKEN).clock(Arc::new(clock.clone())).containers(Arc::new(engine.clone()));
        Self { agent: agent.start().await.unwrap(), engine, clock }
    }

    async fn with_devcontainer() -> (Self, String) {
        let setup = Self::new().await;
        setup.engine.add_devcontainer(FOLDER, CONFIG);
        setup.clock.advance(Duration::from_secs(10));
        let id = loop {
            let (_, list) = setup.send(Method::GET, "").await;
            if let Some(id) = list["devcontainers"][0]["id"].as_str() {
                break id.to_owned();
            }
            setup.clock.advance(Duration::from_secs(10));
            tokio::task::yield_now().await;
        };
        (setup, id)
    }

    async fn send(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let url = format!("{}/api/v0/containers{path}", self.agent.url());
        let request = reqwest::Client::new().request(method, url).header("Coder-Session-Token", TOKEN);
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn watch(&self) -> impl StreamExt<Item = Value> + Unpin {
        let url = format!("{}/api/v0/containers/watch", self.agent.url().replace("http:", "ws:"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("Coder-Session-Token", TOKEN.parse().unwrap());
        let address = self.agent.url().trim_start_matches("http://");
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Box::pin(socket.filter_map(async |message| serde_json::from_str(message.ok()?.to_text().ok()?).ok()))
    }
}

fn devcontainer(list: &Value) -> &Value {
    &list["devcontainers"][0]
}

#[tokio::test]
async fn without_an_engine_the_routes_are_refused() {
    let agent = Agent::builder(TOKEN).start().await.unwrap();
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let setup = Setup { agent, engine: MemoryEngine::new(Arc::new(clock.clone())), clock };
    for method in [Method::GET, Method::POST] {
        let (status, body) = setup.send(method, "").await;
        assert_eq!((status, &body["message"]), (StatusCode::FORBIDDEN, &json!("Dev Container feature not enabled.")));
    }
    for path in ["/", "/watch", "/devcontainers/x"] {
        assert_eq!(setup.send(Method::GET, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn requests_wait_for_the_first_list() {
    let clock = ManualClock::new(DateTime::UNIX_EPOCH);
    let engine = MemoryEngine::new(Arc::new(clock.clone()));
    engine.add_devcontainer(FOLDER, CONFIG);
    let held = engine.hold().await;
    let agent = Agent::builder(TOKEN).clock(Arc::new(clock.clone())).containers(Arc::new(engine.clone()));
    let setup = Setup { agent: agent.start().await.unwrap(), engine, clock };
    let listing = setup.send(Method::GET, "");
    tokio::pin!(listing);
    assert!(futures_util::poll!(&mut listing).is_pending());
    drop(held);
    let (status, list) = listing.await;
    assert_eq!(status, StatusCode::OK);
    let one = devcontainer(&list);
    assert_eq!((&one["name"], &one["status"]), (&json!("project"), &json!("running")));
    assert_eq!((&one["config_path"], &one["container"]["id"]), (&json!(CONFIG), &json!("container-1")));
}

#[tokio::test]
async fn no_containers_are_an_empty_list_and_no_devcontainers_null() {
    let setup = Setup::new().await;
    assert_eq!(setup.send(Method::GET, "").await, (StatusCode::OK, json!({"devcontainers": null, "containers": []})));
    setup.agent.shutdown().await;
}

#[tokio::test]
async fn recreation_goes_on_alone_and_is_seen_by_watchers() {
    let (setup, id) = Setup::with_devcontainer().await;
    let mut watch = setup.watch().await;
    assert_eq!(devcontainer(&watch.next().await.unwrap())["status"], "running");
    let held = setup.engine.hold().await;
    let path = format!("/devcontainers/{id}/recreate");
    let (status, body) = setup.send(Method::POST, &path).await;
    assert_eq!((status, &body["message"]), (StatusCode::ACCEPTED, &json!("Devcontainer recreation initiated")));
    let starting = watch.next().await.unwrap();
    assert_eq!(devcontainer(&starting)["status"], "starting");
    assert_eq!(devcontainer(&starting).get("container"), None);
    for (method, path) in [(Method::POST, path.as_str()), (Method::DELETE, &format!("/devcontainers/{id}"))] {
        let (status, body) = setup.send(method, path).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(body["detail"].as_str().unwrap().contains("\"project\" is currently starting"), "{body}");
    }
    drop(held);
    loop {
        let list = watch.next().await.unwrap();
        if devcontainer(&list)["status"] == "running" {
            assert_eq!(devcontainer(&list)["container"]["id"], "container-2");
            assert_eq!(devcontainer(&list)["id"], json!(id));
            break;
        }
    }
    let request = DevcontainerUp {
        workspace_folder: FOLDER.to_owned(),
        config_path: Some(CONFIG.to_owned()),
        remove_existing: true,
    };
    assert_eq!(setup.engine.requests(), [request]);
}

#[tokio::test]
async fn what_fails_is_told() {
    let (setup, id) = Setup::with_devcontainer().await;
    let mut watch = setup.watch().await;
    watch.next().await.unwrap();
    setup.engine.fail(Some("no space left"));
    let (status, _) = setup.send(Method::POST, &format!("/devcontainers/{id}/recreate")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    loop {
        let list = watch.next().await.unwrap();
        if devcontainer(&list)["status"] == "error" {
            assert_eq!(devcontainer(&list)["error"], "no space left");
            break;
        }
    }
    assert_eq!(setup.send(Method::POST, "/devcontainers/nope/recreate").await.0, StatusCode::NOT_FOUND);
    assert_eq!(setup.send(Method::DELETE, "/devcontainers/container-1").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn deletion_removes_the_container() {
    let (setup, id) = Setup::with_devcontainer().await;
    let path = format!("/devcontainers/{id}");
    setup.engine.fail(Some("it clings"));
    let (status, body) = setup.send(Method::DELETE, &path).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, json!({"message": "An error occurred stopping the container", "detail": "it clings"}));
    setup.engine.fail(None);
    assert_eq!(setup.send(Method::DELETE, &path).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(setup.send(Method::DELETE, &path).await.0, StatusCode::NOT_FOUND);
    assert!(setup.clock.now() > DateTime::UNIX_EPOCH);
}
