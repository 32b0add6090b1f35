//! A running server: how it is configured, started and stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chatd::titles::TitleLocks;
use crate::chatd::{Daemon, worker};
use crate::clock::{SharedClock, SystemClock};
use crate::cloud_identity::CloudTrust;
use crate::dev::{self, World};
use crate::external_auth::{ExternalAuthConfig, Providers};
use crate::faults::{self, Faults};
use crate::http::serve::serve;
use crate::model::ScriptedModel;
use crate::model::resolve::Models;
use crate::request_log::{self, RequestLog, ServedRequest};
use crate::seed::{self, Login};
use crate::state::{AppState, Inner};
use crate::store::Store;
use crate::workspaces::{Workspaces, build};

/// How long a shutdown may take.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_secs(4);

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A service that people sign in to is configured with an expression that is none.
    #[error("external auth: {0}")]
    ExternalAuth(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database could not be opened or brought up to date.
    #[error("cannot open the database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The development world could not be made.
    #[error("cannot make the development world: {0}")]
    Development(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    listen: SocketAddr,
    database: Option<PathBuf>,
    clock: SharedClock,
    seeded: bool,
    external_auth: Vec<ExternalAuthConfig>,
    cloud_trust: CloudTrust,
    development: bool,
    live_agent: bool,
}

impl ServerBuilder {
    /// Listens on this address; a free loopback port by default.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Keeps the data in this SQLite file; in memory by default.
    #[must_use]
    pub fn database(mut self, path: impl Into<PathBuf>) -> Self {
        self.database = Some(path.into());
        self
    }

    /// Takes the time from this clock; the machine's own by default.
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Whether the server starts with a first user and a scripted model, as it does by default, or empty like a fresh
    /// Coder. In a database that was seeded before, only what is missing is made.
    #[must_use]
    pub fn seeded(mut self, seeded: bool) -> Self {
        self.seeded = seeded;
        self
    }

    /// Adds a service that people sign in to, so that their workspaces can use it.
    #[must_use]
    pub fn external_auth(mut self, service: ExternalAuthConfig) -> Self {
        self.external_auth.push(service);
        self
    }

    /// Whose signatures count when an agent shows the identity of its cloud instance to get its token; nobody's by
    /// default.
    #[must_use]
    pub fn cloud_trust(mut self, trust: CloudTrust) -> Self {
        self.cloud_trust = trust;
        self
    }

    /// Whether the server starts with the development world, too: a template that builds at once, the workspace `dev-ws`
    /// with a live agent in this process, a prebuilt workspace, a task, an external auth provider, and a control
    /// address. [`ReferenceServer::ready_file`] names them. Off by default; implies [`seeded`](Self::seeded).
    ///
    /// The agent runs commands as this process's user, for whoever has its token.
    #[must_use]
    pub fn development(mut self, development: bool) -> Self {
        self.development = development;
        self
    }

    /// Whether the development world's workspace `dev-ws` has its live agent in this process, as it has by default.
    /// Without it the workspace waits for a program outside to be its agent, with the token that the ready file names;
    /// the file then has no `agent_url`.
    #[must_use]
    pub fn live_agent(mut self, live_agent: bool) -> Self {
        self.live_agent = live_agent;
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// When the address or the database cannot be had, a database in use is to be seeded that has other users, or the
    /// development world cannot be made.
    pub async fn start(self) -> Result<ReferenceServer, ServerError> {
        let services = self.external_auth.into_iter().chain(self.development.then(dev::external_auth));
        let external_auth = Providers::new(services).map_err(|error| ServerError::ExternalAuth(Box::new(error)))?;
        let store = Store::open(self.database.as_deref()).await.map_err(|e| ServerError::Database(Box::new(e)))?;
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|source| ServerError::Listen { address: self.listen, source })?;
        let address = listener.local_addr().map_err(|source| ServerError::Listen { address: self.listen, source })?;
        let access_url =
            url::Url::parse(&format!("http://{address}")).expect("a socket address makes a well-formed URL");
        let stop = CancellationToken::new();
        let state = AppState::new(Inner {
            chatd: Daemon::new(store.clone(), self.clock.clone()),
            models: Models::new(self.clock.clone()),
            title_locks: TitleLocks::default(),
            store,
            clock: self.clock,
            access_url,
            password_iterations: crate::password::DEFAULT_ITERATIONS,
            external_auth,
            cloud_trust: self.cloud_trust,
            workspaces: Workspaces::default(),
            faults: Faults::default(),
            requests: RequestLog::default(),
            stop: stop.clone(),
        });
        let login = match self.seeded || self.development {
            true => Some(seed::plant(&state).await.map_err(|e| ServerError::Database(Box::new(e)))?),
            false => None,
        };
        build::resume(&state).await.map_err(|e| ServerError::Database(Box::new(e)))?;
        let world = match &login {
            Some(login) if self.development => Some(
                World::start(&state, login, self.database.as_deref(), self.live_agent)
                    .await
                    .map_err(ServerError::Development)?,
            ),
            _ => None,
        };
        let mut ready = ready_file(&state.access_url, login.as_ref());
        if let (Some(world), Some(fields)) = (&world, ready.as_object_mut()) {
            fields.extend(world.ready(&state).await.as_object().cloned().unwrap_or_default());
        }
        worker::start(&state).await.map_err(|e| ServerError::Database(Box::new(e)))?;
        let app = crate::http::router(state.clone())
            .layer(from_fn_with_state(state.clone(), faults::apply))
            .layer(from_fn_with_state(state.clone(), request_log::note));
        // What is written goes out at once: a small answer would else wait for the peer's acknowledgement of the last.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let serving = tokio::spawn(serve(listener, app, stop.clone()));
        Ok(ReferenceServer { state, stop, serving: Some(serving), login, world, ready })
    }
}

fn ready_file(url: &url::Url, login: Option<&Login>) -> serde_json::Value {
    let url = url.as_str().trim_end_matches('/');
    match login {
        Some(login) => serde_json::json!({ "url": url, "email": login.email, "password": login.password }),
        None => serde_json::json!({ "url": url }),
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct ReferenceServer {
    state: AppState,
    stop: CancellationToken,
    serving: Option<tokio::task::JoinHandle<()>>,
    login: Option<Login>,
    world: Option<World>,
    ready: serde_json::Value,
}

impl ReferenceServer {
    /// What a server can be started with.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: None,
            clock: Arc::new(SystemClock),
            seeded: true,
            external_auth: Vec::new(),
            cloud_trust: CloudTrust::new(),
            development: false,
            live_agent: true,
        }
    }

    /// Starts a server on a free loopback port, in memory, with a first user and a scripted model.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self, ServerError> {
        Self::builder().start().await
    }

    /// How to act as the first user; none on a server that was not seeded.
    pub fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// A client that acts as the first user, or as nobody on a server that was not seeded.
    pub fn client(&self) -> codersdk::Client {
        let mut builder = codersdk::Client::builder(self.url().as_str());
        if let Some(login) = &self.login {
            builder = builder.session_token(login.session_token());
        }
        // Both come from this server: a URL with a host, and a token of letters and digits.
        builder.build().expect("the server's own URL and token make a client")
    }

    /// What other programs need to know to use the server, as a JSON object: its `url`, and the `email` and `password`
    /// of the first user. In the development world also `agent_url`, `agent_token` and `work_dir` of the live agent,
    /// its `workspace_id` and `workspace_agent_id`, `template_id`, `prebuilt_workspace_id` and `prebuilt_agent_token`,
    /// `task_id` and `task_agent_token`, `external_auth_id`, and `control_url`, where `POST /claim` announces that the
    /// prebuilt workspace was claimed, or claims it.
    pub fn ready_file(&self) -> serde_json::Value {
        self.ready.clone()
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The base URL of the running server.
    pub fn url(&self) -> &url::Url {
        &self.state.access_url
    }

    /// The scripted model, to queue answers in and to see what it was asked.
    pub fn model(&self) -> &ScriptedModel {
        self.state.models.scripted()
    }

    /// Faults to come: what is added here happens to matching requests.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// The last requests that were answered, oldest first; at most 4,096 are remembered.
    pub fn requests(&self) -> Vec<ServedRequest> {
        self.state.requests.snapshot()
    }

    /// Forgets the requests seen so far.
    pub fn forget_requests(&self) {
        self.state.requests.clear();
    }

    /// Stops the server: streams end, requests under way are answered, the data is closed. Takes at most
    /// [`SHUTDOWN_LIMIT`]; what is not done by then is broken off.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        let Some(mut serving) = self.serving.take() else { return };
        let world = self.world.take();
        let finish = async {
            if let Some(world) = world {
                world.shutdown().await;
            }
            let _ = (&mut serving).await;
            worker::shutdown(&self.state).await;
            self.state.store.close().await;
        };
        if tokio::time::timeout(SHUTDOWN_LIMIT, finish).await.is_err() {
            tracing::warn!("the server did not stop in time: its connections are broken off");
            serving.abort();
        }
    }
}

impl Drop for ReferenceServer {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}
