//! An agent with an engine in memory.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use codersdk::WorkspaceAgentDevcontainer;
use futures_util::StreamExt;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{DevcontainerConfig, DevcontainerRef, DevcontainerUp, MemoryEngine};
use crate::agent::{Agent, AgentBuilder};
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
        Self::with(|_| (), |agent| agent).await
    }

    /// An agent that is built in this way, with an engine that was prepared.
    async fn with(prepare: impl FnOnce(&MemoryEngine), build: impl FnOnce(AgentBuilder) -> AgentBuilder) -> Self {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
        let engine = MemoryEngine::new(Arc::new(clock.clone()));
        prepare(&engine);
        let agent = Agent::builder(TOKEN).clock(Arc::new(clock.clone())).containers(Arc::new(engine.clone()));
        Self { agent: build(agent).start().await.unwrap(), engine, clock }
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

fn up(folder: &str, config_path: &str, remove_existing: bool) -> DevcontainerUp {
    let devcontainer =
        DevcontainerRef { workspace_folder: folder.to_owned(), config_path: Some(config_path.to_owned()) };
    DevcontainerUp { devcontainer, remove_existing }
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
async fn answers_are_lines_without_markup() {
    let setup = Setup::new().await;
    let url = format!("{}/api/v0/containers", setup.agent.url());
    let send = async |method: Method, path: &str| {
        let request =
            reqwest::Client::new().request(method, format!("{url}{path}")).header("Coder-Session-Token", TOKEN);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(send(Method::GET, "").await, "{\"devcontainers\":null,\"containers\":[]}\n");
    let expected =
        r#"{"message":"Devcontainer not found.","detail":"Could not find devcontainer with ID: \"a\u0026b\""}"#;
    assert_eq!(send(Method::DELETE, "/devcontainers/a&b").await, format!("{expected}\n"));
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
    assert_eq!(setup.engine.requests(), [up(FOLDER, CONFIG, true)]);
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
            // What became of the container is not known before the next list.
            assert_eq!(devcontainer(&list).get("container"), None);
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

/// Waits for a list that is like this.
async fn until(watch: &mut (impl StreamExt<Item = Value> + Unpin), like: impl Fn(&Value) -> bool) -> Value {
    loop {
        let list = watch.next().await.unwrap();
        if like(&list) {
            return list;
        }
    }
}

#[tokio::test]
async fn deletion_without_a_container_forgets() {
    let (setup, id) = Setup::with_devcontainer().await;
    let mut watch = setup.watch().await;
    watch.next().await.unwrap();
    setup.engine.fail(Some("oh"));
    setup.send(Method::POST, &format!("/devcontainers/{id}/recreate")).await;
    until(&mut watch, |list| devcontainer(list)["status"] == "error").await;
    let path = format!("/devcontainers/{id}/");
    assert_eq!(setup.send(Method::DELETE, &path).await, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(until(&mut watch, |list| list["devcontainers"].is_null()).await["containers"][0]["id"], "container-1");
}

#[tokio::test]
async fn lists_that_fail_are_told_and_end_what_begins_to_watch() {
    let setup = Setup::with(|engine| engine.fail_lists(Some("no daemon")), |agent| agent).await;
    let expected = json!({"message": "Could not get containers", "detail": "no daemon"});
    assert_eq!(setup.send(Method::GET, "").await, (StatusCode::INTERNAL_SERVER_ERROR, expected));
    assert!(setup.watch().await.next().await.is_none());
    let (status, body) = setup.send(Method::GET, "/watch").await;
    assert_eq!((status, body), (StatusCode::UPGRADE_REQUIRED, Value::Null));
}

#[tokio::test]
async fn a_changed_configuration_makes_it_dirty_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("devcontainer.json");
    let path = config.to_str().unwrap().to_owned();
    std::fs::write(&config, "{}").unwrap();
    let setup = Setup::with(|engine| engine.add_devcontainer(FOLDER, &path), |agent| agent).await;
    let mut watch = setup.watch().await;
    assert_eq!(devcontainer(&watch.next().await.unwrap())["dirty"], false);
    setup.clock.advance(Duration::from_secs(1));
    std::fs::write(dir.path().join("other.json"), "{}").unwrap();
    std::fs::write(&config, "{ }").unwrap();
    let dirty = until(&mut watch, |list| devcontainer(list)["dirty"] == true).await;
    let id = devcontainer(&dirty)["id"].as_str().unwrap().to_owned();
    setup.clock.advance(Duration::from_secs(1));
    setup.send(Method::POST, &format!("/devcontainers/{id}/recreate")).await;
    let clean = |list: &Value| devcontainer(list)["status"] == "running" && devcontainer(list)["dirty"] == false;
    until(&mut watch, clean).await;
}

#[tokio::test]
async fn those_of_the_template_are_made_at_the_start() {
    let one = WorkspaceAgentDevcontainer {
        id: uuid::Uuid::from_u128(7),
        name: "given".to_owned(),
        workspace_folder: FOLDER.to_owned(),
        config_path: Some("devcontainer.json".to_owned()),
        ..WorkspaceAgentDevcontainer::default()
    };
    let setup = Setup::with(|engine| engine.fail(Some("no image")), |agent| agent.devcontainers([one])).await;
    let mut watch = setup.watch().await;
    let made = until(&mut watch, |list| devcontainer(list)["status"] == "error").await;
    let made = devcontainer(&made);
    assert_eq!((&made["id"], &made["name"]), (&json!(uuid::Uuid::from_u128(7)), &json!("project")));
    assert_eq!((&made["config_path"], &made["error"]), (&json!("/work/project/devcontainer.json"), &json!("no image")));
    setup.engine.fail(None);
    setup.send(Method::POST, &format!("/devcontainers/{}/recreate", uuid::Uuid::from_u128(7))).await;
    let running = until(&mut watch, |list| devcontainer(list)["status"] == "running").await;
    assert_eq!(devcontainer(&running)["name"], "project");
    assert_eq!(setup.engine.requests(), [up(FOLDER, "/work/project/devcontainer.json", true)]);
}

#[tokio::test]
async fn projects_are_found_but_for_what_git_ignores() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for repository in ["one", "two"] {
        write(&format!("{repository}/.git/HEAD"), "");
    }
    write("one/.devcontainer/devcontainer.json", "{}");
    write("one/sub/.devcontainer.json", "{}");
    write("one/vendored/.devcontainer/devcontainer.json", "{}");
    write("one/.gitignore", "vendored/\n");
    write("two/x/.devcontainer/devcontainer.json", "{}");
    write("two/x/.devcontainer/other.json", "{}");
    write("no-repository/.devcontainer/devcontainer.json", "{}");
    let folder = |path: &str| dir.path().join(path).to_str().unwrap().to_owned();
    let config = DevcontainerConfig { auto_start: true, ..DevcontainerConfig::default() };
    let setup = Setup::with(
        |engine| engine.configure(&folder("two/x"), config),
        |agent| agent.dir(dir.path()).discover_devcontainers(true).autostart_devcontainers(true),
    )
    .await;
    let mut watch = setup.watch().await;
    let found = until(&mut watch, |list| list["devcontainers"][2]["status"] == "running").await;
    let found: Vec<_> = found["devcontainers"].as_array().unwrap().iter().collect();
    let folders: Vec<_> = found.iter().map(|one| one["workspace_folder"].as_str().unwrap()).collect();
    assert_eq!(folders, [folder("one"), folder("one/sub"), folder("two/x")]);
    assert_eq!((&found[0]["name"], &found[0]["status"]), (&json!(""), &json!("stopped")));
    assert_eq!(found[1]["config_path"], folder("one/sub/.devcontainer.json"));
    assert_eq!(
        setup.engine.requests(),
        [up(&folder("two/x"), &folder("two/x/.devcontainer/devcontainer.json"), false)]
    );
}

#[tokio::test]
async fn within_a_dev_container_there_are_none() {
    let setup = Setup::new().await;
    setup.agent.set_manifest(&json!({"parent_id": uuid::Uuid::from_u128(1)})).unwrap();
    let (status, body) = setup.send(Method::POST, "").await;
    assert_eq!((status, &body["message"]), (StatusCode::FORBIDDEN, &json!("Dev Container feature not supported.")));
    assert_eq!(setup.send(Method::GET, "/").await.0, StatusCode::NOT_FOUND);
    assert_eq!(setup.send(Method::GET, "/watch").await.0, StatusCode::NOT_FOUND);
    setup.agent.set_manifest(&json!({"parent_id": uuid::Uuid::nil()})).unwrap();
    assert_eq!(setup.send(Method::GET, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_id_must_be_there() {
    let setup = Setup::new().await;
    for (method, path) in [(Method::POST, "/devcontainers//recreate"), (Method::DELETE, "/devcontainers//")] {
        let (status, body) = setup.send(method, path).await;
        assert_eq!((status, &body["message"]), (StatusCode::BAD_REQUEST, &json!("Missing devcontainer ID")));
    }
    let (_, body) = setup.send(Method::DELETE, "/devcontainers/a%2Fb").await;
    assert_eq!(body["detail"], "Could not find devcontainer with ID: \"a%2Fb\"");
}
