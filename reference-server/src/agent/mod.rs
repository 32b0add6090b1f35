//! A workspace agent: it runs commands and edits files for whoever holds its token.
//!
//! It has the power to run any command as its user. So it listens on loopback or on a Unix socket unless told otherwise,
//! asks for its token on every request but `GET /`, its greeting, and refuses requests that are addressed to another
//! host, and those of web pages.

mod chat_context;
pub mod containers;
mod context;
mod debug;
pub mod desktop;
mod files;
mod frame;
mod git;
mod guard;
mod listen;
mod mcp;
mod media_types;
mod metrics;
mod network;
mod ports;
mod processes;
mod segment;
mod socket;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};

use agentsdk::AgentClient;
use agentsdk::boundary::LogProxy;
use agentsdk::rpc::proto::agent::PushContextStateRequest;
use agentsdk::socket::SocketServer;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use codersdk::WorkspaceAgentDevcontainer;
use http::StatusCode;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use workspacesdk::files::Files;
use workspacesdk::fs::OsFs;
use workspacesdk::mcp::McpToolInfo;

use crate::clock::{SharedClock, SystemClock};
use crate::http::error::plain_text;
use crate::http::websocket::SocketHost;
use containers::ContainerEngine;
use context::Context;
use desktop::{Desktop, PortableDesktop};
use git::ChatPaths;
use listen::Listener;
use ports::Ports;
use processes::Manager;

pub use context::ContextConfig;
pub(crate) use context::ContextWatch;
pub use listen::ListenAddress;

/// Why an agent could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: ListenAddress,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address can be reached from other machines, which was not asked for.
    #[error("{0} can be reached from other machines; an agent runs any command, so allow it by name if that is meant")]
    NotLoopback(SocketAddr),
    /// The token is empty.
    #[error("an agent needs a session token")]
    NoToken,
}

/// What an agent is started with.
#[derive(Debug, Clone)]
pub struct AgentBuilder {
    listen: ListenAddress,
    any_host: bool,
    token: SecretString,
    dir: Option<PathBuf>,
    env: BTreeMap<String, String>,
    context: ContextConfig,
    log_dir: PathBuf,
    containers: Option<Arc<dyn ContainerEngine>>,
    devcontainers: Vec<WorkspaceAgentDevcontainer>,
    discover: bool,
    autostart: bool,
    desktop: Option<Arc<dyn Desktop>>,
    socket: Option<PathBuf>,
    boundary_socket: Option<PathBuf>,
    server: Option<AgentClient>,
    clock: SharedClock,
}

impl AgentBuilder {
    /// Listens here; a free loopback port by default.
    #[must_use]
    pub fn listen(mut self, address: ListenAddress) -> Self {
        self.listen = address;
        self
    }

    /// Also listens where other machines can reach it, and answers to any host name. Off by default: whoever has the
    /// token can then run commands here from anywhere.
    #[must_use]
    pub fn allow_other_hosts(mut self, allow: bool) -> Self {
        self.any_host = allow;
        self
    }

    /// Runs commands in this directory where they name none; the home directory by default.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Gives every command this variable, over the agent's own environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Looks here for instruction files, skills and MCP servers; in the usual places by default.
    #[must_use]
    pub fn context(mut self, context: ContextConfig) -> Self {
        self.context = context;
        self
    }

    /// Where the agent's own log is, the file `coder-agent.log`, for those who ask for it; the folder for temporary
    /// files by default. The agent does not write it: whoever embeds it decides where log lines go.
    #[must_use]
    pub fn log_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.log_dir = dir.into();
        self
    }

    /// Shows the containers of this engine, and makes its dev containers; without one, requests about them are refused.
    #[must_use]
    pub fn containers(mut self, engine: Arc<dyn ContainerEngine>) -> Self {
        self.containers = Some(engine);
        self
    }

    /// Knows these dev containers from the start and makes them one after the other; without an engine for containers
    /// they are left alone. Their paths may begin with `~`, hold variables (`$NAME`), and be relative: folders to the
    /// home directory, configurations to their folder.
    #[must_use]
    pub fn devcontainers(mut self, devcontainers: impl IntoIterator<Item = WorkspaceAgentDevcontainer>) -> Self {
        self.devcontainers.extend(devcontainers);
        self
    }

    /// Looks for dev containers at the start: in its directory, if that is a Git repository, or else in the repositories
    /// right below it. Off by default.
    #[must_use]
    pub fn discover_devcontainers(mut self, discover: bool) -> Self {
        self.discover = discover;
        self
    }

    /// Makes the dev containers that it found whose configuration says so. Off by default.
    #[must_use]
    pub fn autostart_devcontainers(mut self, autostart: bool) -> Self {
        self.autostart = autostart;
        self
    }

    /// Has this desktop; by default the one that the program `portabledesktop` makes, if there is such a program.
    #[must_use]
    pub fn desktop(mut self, desktop: Arc<dyn Desktop>) -> Self {
        self.desktop = Some(desktop);
        self
    }

    /// Serves processes of this user on a Unix socket at `path`: units of start-up scripts that wait for each other,
    /// sources of context, and statuses of tasks. Without it there is no such socket. An agent whose socket cannot be
    /// made, because another agent has it, runs without one.
    #[must_use]
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = Some(path.into());
        self
    }

    /// Takes what boundary processes log on a Unix socket at `path`, and forwards it to the [`server`](Self::server);
    /// without one there is no such socket.
    #[must_use]
    pub fn boundary_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.boundary_socket = Some(path.into());
        self
    }

    /// Forwards the statuses of tasks that come through the socket to this server; without one they are refused. The
    /// connection says that it is not the agent's own, so it does not make the agent connected.
    #[must_use]
    pub fn server(mut self, server: AgentClient) -> Self {
        self.server = Some(server);
        self
    }

    /// Takes the time from this clock; the machine's own by default.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the agent.
    ///
    /// # Errors
    /// When the address cannot be had or is open to other machines, or the token is empty.
    pub async fn start(self) -> Result<Agent, AgentError> {
        use secrecy::ExposeSecret;
        if self.token.expose_secret().is_empty() {
            return Err(AgentError::NoToken);
        }
        let listener = Listener::bind(&self.listen, self.any_host).await?;
        let url = listener.url();
        let home = || std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
        let stop = CancellationToken::new();
        let processes = Manager::new(self.clock.clone(), self.dir.clone(), self.env.clone());
        let dir = self.dir.filter(|dir| dir.is_dir()).unwrap_or_else(home).to_string_lossy().into_owned();
        let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
        let manifest = debug::own_manifest(&dir, &self.env);
        let context = Context::new(self.context, home.clone(), dir.clone());
        let projects = containers::Projects {
            defined: containers::expanded(self.devcontainers, home.as_deref()),
            search: self.discover.then(|| PathBuf::from(&dir)),
            autostart: self.autostart,
        };
        let containers = self.containers.map(|engine| containers::Manager::start(engine, self.clock.clone(), projects));
        let desktop = self.desktop.unwrap_or_else(|| Arc::new(PortableDesktop::new(self.clock.clone())));
        let state = AgentState(Arc::new(Inner {
            token: self.token,
            any_host: self.any_host,
            clock: self.clock.clone(),
            stop: stop.clone(),
            files: Files::new(Arc::new(OsFs)),
            mcp: mcp::Manager::start(self.clock, dir.as_ref(), self.env),
            processes,
            chat_paths: ChatPaths::default(),
            context,
            ports: Ports::new(listener.port()),
            manifest: RwLock::new(manifest),
            sub_agent: AtomicBool::new(false),
            log_dir: self.log_dir,
            boundary: OnceLock::new(),
            containers,
            desktop,
        }));
        let session = self.server.map(socket::connect);
        let mut boundary = None;
        if let (Some(path), Some(session)) = (self.boundary_socket, session.clone()) {
            match socket::BoundaryLogs::start(path, session).await {
                Ok(logs) => {
                    let _ = state.boundary.set(Arc::downgrade(&logs.proxy));
                    boundary = Some(logs);
                }
                Err(error) => tracing::warn!(%error, "the agent has no socket for boundary logs"),
            }
        }
        let mut served = None;
        if let Some(path) = self.socket {
            match socket::start(&state, path, session).await {
                Ok(socket) => served = Some(socket),
                Err(error) => tracing::warn!(%error, "the agent has no socket for the processes of its workspace"),
            }
        }
        let serving = tokio::spawn(listener.serve(router(state.clone()), stop.clone()));
        Ok(Agent { state, url, stop, serving, socket: served, _boundary: boundary })
    }
}

/// A running agent. Dropping it stops it and kills what it started.
#[derive(Debug)]
pub struct Agent {
    state: AgentState,
    url: String,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
    socket: Option<SocketServer>,
    _boundary: Option<socket::BoundaryLogs>,
}

impl Agent {
    /// What an agent with this token can be started with.
    pub fn builder(token: impl Into<SecretString>) -> AgentBuilder {
        AgentBuilder {
            listen: ListenAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 0))),
            any_host: false,
            token: token.into(),
            dir: None,
            env: BTreeMap::new(),
            context: ContextConfig::default(),
            log_dir: std::env::temp_dir(),
            containers: None,
            devcontainers: Vec::new(),
            discover: false,
            autostart: false,
            desktop: None,
            socket: None,
            boundary_socket: None,
            server: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Where it listens: an `http` URL, or `unix:` and a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the socket for the processes of the workspace is; none without one.
    pub fn socket_path(&self) -> Option<&Path> {
        self.socket.as_ref().map(SocketServer::path)
    }

    /// The tools of the MCP servers that `.mcp.json` in the agent's directory names, as far as they have answered by
    /// now, by their names: the server's, two underscores, and the tool's.
    pub fn mcp_tools(&self) -> Vec<McpToolInfo> {
        self.state.mcp.tools()
    }

    /// What this agent can be asked for its context with.
    pub(crate) fn context_reader(&self) -> ContextReader {
        ContextReader(self.state.clone())
    }

    /// Says what the agent was told about itself, which `GET /debug/manifest` gives to whoever asks: an
    /// `agentsdk.Manifest`. Without it the manifest is that of an agent of no workspace. With a parent in it, the agent
    /// is that of a dev container, and refuses requests about containers.
    ///
    /// # Errors
    /// When the manifest cannot be written as JSON.
    pub fn set_manifest(&self, manifest: &impl serde::Serialize) -> Result<(), serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Parent {
            #[serde(default)]
            parent_id: Option<Uuid>,
        }
        let mut written = serde_json::to_vec(manifest)?;
        let parent = serde_json::from_slice::<Parent>(&written).ok().and_then(|manifest| manifest.parent_id);
        self.state.sub_agent.store(parent.is_some_and(|parent| !parent.is_nil()), Ordering::Relaxed);
        written.push(b'\n');
        *self.state.manifest.write().unwrap_or_else(PoisonError::into_inner) = written.into();
        Ok(())
    }

    /// Stops the agent: kills what it started, with all that was started by that, and ends its connections.
    pub async fn shutdown(mut self) {
        let state = &self.state;
        let containers = async {
            if let Some(containers) = &state.containers {
                containers.close().await;
            }
        };
        tokio::join!(state.processes.close(), state.mcp.close(), state.desktop.close(), containers);
        self.stop.cancel();
        let _ = tokio::time::timeout(crate::SHUTDOWN_LIMIT, &mut self.serving).await;
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.cancel();
        self.serving.abort();
    }
}

/// Reads the context of an agent, for whoever pushes it to a server.
#[derive(Debug, Clone)]
pub(crate) struct ContextReader(AgentState);

impl ContextReader {
    /// What there is now; nothing where it cannot be read.
    pub(crate) async fn read(&self) -> Option<PushContextStateRequest> {
        let (context, servers) = (self.0.context.clone(), self.0.mcp.statuses());
        tokio::task::spawn_blocking(move || context.to_push(servers)).await.ok()
    }

    /// Says from now on when to read again.
    pub(crate) async fn watch(&self) -> ContextWatch {
        ContextWatch::start(self.0.context.clone(), self.0.mcp.changes(), self.0.clock.clone()).await
    }
}

/// What the handlers of an agent share.
#[derive(Debug, Clone)]
struct AgentState(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    token: SecretString,
    any_host: bool,
    clock: SharedClock,
    /// Cancelled when the agent stops: streams end then.
    stop: CancellationToken,
    files: Files,
    mcp: mcp::Manager,
    containers: Option<containers::Manager>,
    desktop: Arc<dyn Desktop>,
    processes: Manager,
    /// What the chats touched, for the git watch.
    chat_paths: ChatPaths,
    context: Context,
    ports: Ports,
    /// What it was told about itself, as JSON.
    manifest: RwLock<Bytes>,
    /// Whether that says that it is the agent of a dev container.
    sub_agent: AtomicBool,
    log_dir: PathBuf,
    /// Takes boundary logs, if there is a server that they are forwarded to.
    boundary: OnceLock<Weak<LogProxy>>,
}

impl SocketHost for AgentState {
    fn clock(&self) -> SharedClock {
        self.clock.clone()
    }

    fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }
}

impl AgentState {
    /// Whether this is the agent of a dev container.
    fn is_sub_agent(&self) -> bool {
        self.sub_agent.load(Ordering::Relaxed)
    }
}

impl std::ops::Deref for AgentState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// On an answer whose media type is that of a file.
#[derive(Debug, Clone, Copy)]
struct Verbatim;

fn router(state: AgentState) -> Router {
    let routes = Router::new()
        .route("/", get(greeting))
        .merge(files::router())
        .merge(mcp::router())
        .merge(containers::router(&state))
        .merge(desktop::router())
        .merge(processes::router())
        .merge(git::router())
        .merge(context::router())
        .merge(ports::router())
        .merge(network::router())
        .merge(metrics::router())
        .merge(debug::router())
        .fallback(async || plain_text(StatusCode::NOT_FOUND, "404 page not found"))
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED)
        .with_state(state.clone());
    // Layers of a router run once a route is found; these must have their say before that, and after.
    let within = from_fn_with_state(state.clone(), containers::unless_within);
    let framed = Router::new().fallback_service(routes).layer(within).layer(from_fn(frame::known_method));
    framed.layer(from_fn_with_state(state, guard::check)).layer(from_fn(frame::frame))
}

async fn greeting() -> Json<codersdk::Response> {
    Json(codersdk::Response { message: "Hello from the agent!".to_owned(), ..Default::default() })
}
