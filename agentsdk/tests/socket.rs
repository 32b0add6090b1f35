//! An agent's socket, both sides of it.

#![cfg(all(unix, feature = "socket"))]

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use agentsdk::rpc::proto::agent::{UpdateAppStatusRequest, UpdateAppStatusResponse};
use agentsdk::rpc::proto::agentsocket::*;
use agentsdk::rpc::{AgentRpc, Error, Result};
use agentsdk::socket::{AgentSocketRpc, ContextManager, SocketClient, SocketServer};
use async_trait::async_trait;

fn unit(unit: &str) -> String {
    unit.to_owned()
}

#[tokio::test]
async fn the_file_is_its_owners_and_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sub").join("agent.sock");
    let server = SocketServer::builder().path(&path).start().await.unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

    let taken = SocketServer::builder().path(&path).start().await.unwrap_err();
    assert_eq!(taken.to_string(), format!("socket path {} is not available", path.display()));

    let client = SocketClient::connect(Some(&path)).await.unwrap();
    client.ping(PingRequest {}).await.unwrap();
    drop(server);
    assert!(!path.exists());
    assert!(client.ping(PingRequest {}).await.unwrap_err().is_interrupted());

    // What an agent left behind that is gone.
    std::fs::write(&path, "stale").unwrap();
    let _server = SocketServer::builder().path(&path).start().await.unwrap();
    client.ping(PingRequest {}).await.unwrap();
}

#[tokio::test]
async fn units_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let _server = SocketServer::builder().path(&path).start().await.unwrap();
    let socket = SocketClient::connect(Some(&path)).await.unwrap();
    let want = async |a: &str, b: &str| socket.sync_want(SyncWantRequest { unit: unit(a), depends_on: unit(b) }).await;
    let start = async |a: &str| socket.sync_start(SyncStartRequest { unit: unit(a) }).await;
    let complete = async |a: &str| socket.sync_complete(SyncCompleteRequest { unit: unit(a) }).await;
    let text = |outcome: Result<()>| outcome.unwrap_err().message().to_owned();

    assert!(socket.sync_ready(SyncReadyRequest { unit: unit("nobody") }).await.unwrap().ready);
    let status = socket.sync_status(SyncStatusRequest { unit: unit("nobody") }).await.unwrap();
    assert_eq!((status.status.as_str(), status.is_ready), ("", true));

    want("ide", "clone").await.unwrap();
    want("clone", "home").await.unwrap();
    assert_eq!(
        text(want("home", "ide").await.map(drop)),
        "cannot add dependency: adding edge for unit \"home\": failed to add dependency\nadding edge (home -> ide): \
         cycle detected"
    );
    assert!(text(want("ide", "ide").await.map(drop)).ends_with("cycle detected"));
    assert_eq!(text(start("ide").await.map(drop)), "cannot start unit \"ide\": unit not ready");
    assert_eq!(
        text(complete("nobody").await.map(drop)),
        "cannot complete unit \"nobody\": unit \"nobody\" must be registered first: unit not found"
    );
    assert_eq!(text(start("").await.map(drop)), "SyncStart: registering unit \"\": unit name is required");

    for name in ["home", "clone"] {
        start(name).await.unwrap();
        assert_eq!(
            text(start(name).await.map(drop)),
            format!("cannot start unit {name:?}: checking status for unit {name:?}: same status already set")
        );
        complete(name).await.unwrap();
    }
    let status = socket.sync_status(SyncStatusRequest { unit: unit("ide") }).await.unwrap();
    assert!(status.is_ready);
    let dependency = DependencyInfo {
        unit: unit("ide"),
        depends_on: unit("clone"),
        required_status: "completed".to_owned(),
        current_status: "completed".to_owned(),
        is_satisfied: true,
    };
    assert_eq!(status.dependencies, [dependency]);
    start("ide").await.unwrap();
    let units = socket.sync_list(SyncListRequest {}).await.unwrap().units;
    let units: Vec<_> = units.iter().map(|unit| (unit.unit.as_str(), unit.status.as_str(), unit.is_ready)).collect();
    assert_eq!(units, [("clone", "completed", true), ("home", "completed", true), ("ide", "started", true)]);
}

struct Server(Mutex<Vec<UpdateAppStatusRequest>>);

#[async_trait]
impl AgentRpc for Server {
    async fn update_app_status(&self, request: UpdateAppStatusRequest) -> Result<UpdateAppStatusResponse> {
        if request.slug == "unknown" {
            return Err(Error::with_code(7, "no such app"));
        }
        self.0.lock().unwrap().push(request);
        Ok(UpdateAppStatusResponse {})
    }
}

#[tokio::test]
async fn app_statuses_are_forwarded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let socket = SocketServer::builder().path(&path).start().await.unwrap();
    let client = SocketClient::connect(Some(&path)).await.unwrap();
    let status = |slug: &str| UpdateAppStatusRequest { slug: slug.to_owned(), ..Default::default() };

    let error = client.update_app_status(status("ccw")).await.unwrap_err();
    assert_eq!(error.message(), "agent not connected to coderd");

    let server = Arc::new(Server(Mutex::default()));
    socket.set_agent(Some(server.clone()));
    client.update_app_status(status("ccw")).await.unwrap();
    assert_eq!(server.0.lock().unwrap().as_slice(), [status("ccw")]);
    let error = client.update_app_status(status("unknown")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (7, "no such app"));

    socket.set_agent(None);
    assert!(client.update_app_status(status("ccw")).await.is_err());
}

#[derive(Default)]
struct Roots(Mutex<Vec<String>>);

#[async_trait]
impl ContextManager for Roots {
    fn sources(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn source(&self, path: &str) -> Option<String> {
        self.sources().into_iter().find(|source| source == path)
    }

    async fn add_source(&self, path: &str) -> Result<String> {
        if !path.starts_with('/') {
            return Err(Error::new("path must be absolute"));
        }
        self.0.lock().unwrap().push(path.to_owned());
        Ok(path.to_owned())
    }

    async fn remove_source(&self, path: &str) -> Result<bool> {
        let mut roots = self.0.lock().unwrap();
        let before = roots.len();
        roots.retain(|root| root != path);
        Ok(roots.len() < before)
    }

    fn snapshot(&self) -> ContextSnapshot {
        ContextSnapshot { version: 1, ..Default::default() }
    }

    async fn resync(&self) -> Result<ContextSnapshot> {
        Ok(ContextSnapshot { version: 2, ..Default::default() })
    }
}

#[tokio::test]
async fn sources_of_context_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let _server = SocketServer::builder().path(&path).context(Arc::new(Roots::default())).start().await.unwrap();
    let socket = SocketClient::connect(Some(&path)).await.unwrap();
    let root = || "/src".to_owned();

    let added = socket.add_context_source(AddContextSourceRequest { path: root() }).await.unwrap();
    assert_eq!(added.source.unwrap().path, "/src");
    let error = socket.add_context_source(AddContextSourceRequest { path: "src".to_owned() }).await.unwrap_err();
    assert_eq!(error.message(), "add context source: path must be absolute");
    assert_eq!(socket.context_sources(ContextSourcesRequest {}).await.unwrap().sources.len(), 1);
    socket.get_context_source(GetContextSourceRequest { path: root() }).await.unwrap();
    socket.remove_context_source(RemoveContextSourceRequest { path: root() }).await.unwrap();
    let error = socket.remove_context_source(RemoveContextSourceRequest { path: root() }).await.unwrap_err();
    assert_eq!(error.message(), "\"/src\": context source not found");
    assert!(socket.get_context_source(GetContextSourceRequest { path: root() }).await.is_err());
    assert_eq!(socket.get_context_snapshot(ContextSnapshotRequest {}).await.unwrap().snapshot.unwrap().version, 1);
    assert_eq!(socket.resync_context(ResyncContextRequest {}).await.unwrap().snapshot.unwrap().version, 2);
}

#[tokio::test]
async fn many_calls_share_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let _server = SocketServer::builder().path(&path).start().await.unwrap();
    let socket = SocketClient::connect(Some(&path)).await.unwrap();
    let calls = (0..200).map(|_| socket.ping(PingRequest {}));
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|outcome| outcome.is_ok()));
    let error = socket.context_sources(ContextSourcesRequest {}).await.unwrap_err();
    assert_eq!(error.message(), "context manager not available");
    // A call that is given up costs the connection, not the client.
    drop(futures_util::FutureExt::now_or_never(socket.ping(PingRequest {})));
    socket.ping(PingRequest {}).await.unwrap();
}
