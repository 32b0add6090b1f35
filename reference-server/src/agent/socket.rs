//! The Unix sockets on which the agent serves the processes of its workspace, and takes what boundary processes log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use agentsdk::AgentClient;
use agentsdk::boundary::LogProxy;
use agentsdk::rpc::proto::agent::{UpdateAppStatusRequest, UpdateAppStatusResponse};
use agentsdk::rpc::{AgentRpc, Error, Result, RpcOptions, RpcSession};
use agentsdk::socket::SocketServer;
use async_trait::async_trait;
use tokio_util::task::AbortOnDropHandle;

use super::AgentState;
use super::context::SocketContext;
use crate::clock::SharedClock;

/// How the connection for what is forwarded calls itself. Only that of an agent makes the agent connected.
const ROLE: &str = "agent-socket";
/// How long a process waits for the server to be reached.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the socket. Dropping it removes the file.
///
/// # Errors
/// When it cannot be made.
pub(super) async fn start(
    state: &AgentState,
    path: PathBuf,
    session: Option<RpcSession>,
) -> std::io::Result<SocketServer> {
    let context = Arc::new(SocketContext::start(state.clone()));
    let socket = SocketServer::builder().path(path).context(context).start().await?;
    if let Some(session) = session {
        socket.set_agent(Some(Arc::new(Forward { session, clock: state.clock.clone() })));
    }
    Ok(socket)
}

/// Connects to the server that the agent's token is for. The agent is not connected because of that.
pub(super) fn connect(server: AgentClient) -> RpcSession {
    RpcSession::start(server, RpcOptions::role(ROLE))
}

/// Takes what boundary processes log, and forwards it. Dropping it ends that.
#[derive(Debug)]
pub(super) struct BoundaryLogs {
    pub(super) proxy: Arc<LogProxy>,
    _forwarding: AbortOnDropHandle<()>,
}

impl BoundaryLogs {
    /// # Errors
    /// When its socket cannot be made.
    pub(super) async fn start(path: PathBuf, session: RpcSession) -> std::io::Result<Self> {
        let proxy = Arc::new(LogProxy::start(path).await?);
        let forwarding = proxy.clone();
        let forwarding = tokio::spawn(async move { forwarding.forward(&session.agent()).await });
        Ok(Self { proxy, _forwarding: AbortOnDropHandle::new(forwarding) })
    }
}

/// Hands statuses on to the server.
struct Forward {
    /// Connects anew whenever the connection was lost.
    session: RpcSession,
    clock: SharedClock,
}

#[async_trait]
impl AgentRpc for Forward {
    async fn update_app_status(&self, request: UpdateAppStatusRequest) -> Result<UpdateAppStatusResponse> {
        let connection = tokio::select! {
            connection = self.session.connection() => connection?,
            () = self.clock.sleep(PATIENCE) => return Err(Error::new("agent not connected to coderd")),
        };
        connection.agent().update_app_status(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use agentsdk::boundary::{Tag, write_message};
    use agentsdk::rpc::proto::agent::boundary_log::{HttpRequest, Resource};
    use agentsdk::rpc::proto::agent::update_app_status_request::AppStatusState;
    use agentsdk::rpc::proto::agent::{BoundaryLog, ReportBoundaryLogsRequest};
    use agentsdk::rpc::proto::agentsocket::{
        AddContextSourceRequest, ContextSnapshotRequest, ContextSourcesRequest, RemoveContextSourceRequest,
    };
    use agentsdk::socket::{AgentSocketRpc as _, SocketClient};
    use codersdk::prelude::*;

    use super::*;
    use crate::ReferenceServer;
    use crate::agent::Agent;

    fn working(slug: &str) -> UpdateAppStatusRequest {
        UpdateAppStatusRequest {
            slug: slug.to_owned(),
            state: AppStatusState::Working.into(),
            message: "reading".to_owned(),
            uri: String::new(),
        }
    }

    #[tokio::test]
    async fn processes_of_the_workspace_report_without_a_token() {
        let server = ReferenceServer::builder().development(true).live_agent(false).start().await.unwrap();
        let ready = server.ready_file();
        let token = ready["agent_token"].as_str().unwrap();
        let client = AgentClient::builder(server.url().as_str()).session_token(token).build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent.sock");
        let agent = Agent::builder("t").dir(dir.path()).socket(&path).server(client).start().await.unwrap();
        assert_eq!(agent.socket_path(), Some(path.as_path()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

        let socket = SocketClient::connect(Some(&path)).await.unwrap();
        socket.update_app_status(working("ccw")).await.unwrap();
        let workspace = ready["workspace_id"].as_str().unwrap().parse().unwrap();
        let workspace = server.client().workspace(workspace).await.unwrap();
        assert_eq!(workspace.latest_app_status.unwrap().message, "reading");
        let error = socket.update_app_status(working("no")).await.unwrap_err();
        assert!(error.message().starts_with("unexpected status code 400: Failed to get workspace app."), "{error}");
        // Whoever forwards is not the agent.
        let agents = &workspace.latest_build.resources[0].agents;
        assert_eq!(agents[0].status.as_str(), "connecting");

        let logs = dir.path().join("boundary.sock");
        let client = AgentClient::builder(server.url().as_str()).session_token(token).build().unwrap();
        let builder = Agent::builder("t").dir(dir.path()).server(client).boundary_socket(&logs);
        let logging = builder.start().await.unwrap();
        let session = uuid::Uuid::new_v4();
        let request = HttpRequest { method: "GET".to_owned(), url: "https://x.test".to_owned(), ..Default::default() };
        let log = BoundaryLog { allowed: true, resource: Some(Resource::HttpRequest(request)), ..Default::default() };
        let batch = ReportBoundaryLogsRequest {
            logs: vec![log],
            session_id: session.to_string(),
            confined_process_name: "curl".to_owned(),
        };
        let mut process = tokio::net::UnixStream::connect(&logs).await.unwrap();
        write_message(&mut process, Tag::V1, &batch).await.unwrap();
        let stored = || async {
            let count = "SELECT count(*) FROM boundary_logs WHERE session_id = $1";
            let rows: sqlx::Result<i64> =
                sqlx::query_scalar(count).bind(session).fetch_one(server.state().store.pool()).await;
            rows.unwrap()
        };
        while stored().await < 1 {
            tokio::task::yield_now().await;
        }
        let figures = reqwest::Client::new().get(format!("{}/debug/prometheus", logging.url()));
        let figures = figures.header("Coder-Session-Token", "t").send().await.unwrap().text().await.unwrap();
        assert!(figures.contains("agent_boundary_log_proxy_batches_forwarded_total "), "{figures}");
        logging.shutdown().await;

        let other = Agent::builder("t").dir(dir.path()).socket(&path).start().await.unwrap();
        assert_eq!(other.socket_path(), None, "another agent has it");
        drop(agent);
        assert!(!path.exists());
        server.shutdown().await;
    }

    #[tokio::test]
    async fn sources_of_context_are_added_and_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let (path, notes) = (dir.path().join("agent.sock"), dir.path().join("notes"));
        std::fs::create_dir(&notes).unwrap();
        std::fs::write(notes.join("AGENTS.md"), "Be kind.").unwrap();
        let agent = Agent::builder("t").dir(dir.path()).socket(&path).start().await.unwrap();
        let socket = SocketClient::connect(Some(&path)).await.unwrap();
        let notes = notes.to_string_lossy().into_owned();
        socket.add_context_source(AddContextSourceRequest { path: notes.clone() }).await.unwrap();
        let listed = socket.context_sources(ContextSourcesRequest {}).await.unwrap().sources;
        assert_eq!(listed.iter().map(|source| source.path.as_str()).collect::<Vec<_>>(), [&notes]);
        let synced = socket.resync_context(Default::default()).await.unwrap().snapshot.unwrap();
        let found = synced.resources.iter().find(|resource| resource.source_path == notes).unwrap();
        assert_eq!((found.kind.as_str(), found.status.as_str()), ("instruction_file", "ok"));
        let known = socket.get_context_snapshot(ContextSnapshotRequest {}).await.unwrap().snapshot.unwrap();
        assert!(known.version >= synced.version && known.aggregate_hash == synced.aggregate_hash);

        let error = socket.add_context_source(AddContextSourceRequest { path: "/proc".to_owned() }).await.unwrap_err();
        let words = "add context source: path \"/proc\" is not inside any allowed root";
        assert_eq!(error.message(), words);
        let remove = RemoveContextSourceRequest { path: notes };
        socket.remove_context_source(remove.clone()).await.unwrap();
        assert!(socket.remove_context_source(remove).await.is_err());
        let error = socket.update_app_status(working("ccw")).await.unwrap_err();
        assert_eq!(error.message(), "agent not connected to coderd");
        agent.shutdown().await;
    }
}
