//! The side of the agent.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::AgentSocketRpc;
use super::listener::{Listener, listen, resolve};
use super::service::AgentSocketRoutes;
use super::units::{UnitError, Units};
use crate::rpc::proto::agent::{UpdateAppStatusRequest, UpdateAppStatusResponse};
use crate::rpc::proto::agentsocket::*;
use crate::rpc::{AgentRpc, Error, Result, Server};

/// How many processes may be connected at once. Others wait.
const MAX_CONNECTIONS: usize = 256;
/// The wait after a connection could not be accepted, for want of file descriptors mostly.
const ACCEPT_WAIT: Duration = Duration::from_millis(100);

/// Where an agent looks for context: what the socket asks and changes of it.
#[async_trait]
pub trait ContextManager: Send + Sync {
    /// The roots that were added, as absolute paths.
    fn sources(&self) -> Vec<String>;

    /// The absolute path of a root, if it was added.
    fn source(&self, path: &str) -> Option<String>;

    /// Adds a root; one that is there stays. Gives its absolute path.
    ///
    /// # Errors
    /// When the path cannot be a root.
    async fn add_source(&self, path: &str) -> Result<String>;

    /// Removes a root; tells whether it was there.
    ///
    /// # Errors
    /// When the path cannot be a root.
    async fn remove_source(&self, path: &str) -> Result<bool>;

    /// The context as it is known.
    fn snapshot(&self) -> ContextSnapshot;

    /// Looks the context up anew, has it pushed, and gives it.
    ///
    /// # Errors
    /// When that fails.
    async fn resync(&self) -> Result<ContextSnapshot>;
}

/// How a server of the socket is set up.
#[derive(Default)]
pub struct SocketServerBuilder {
    path: Option<PathBuf>,
    context: Option<Arc<dyn ContextManager>>,
}

impl SocketServerBuilder {
    /// Listens at `path` instead of [`DEFAULT_PATH`](super::DEFAULT_PATH).
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Serves sources of context; without, such calls are answered with an error.
    #[must_use]
    pub fn context(mut self, context: Arc<dyn ContextManager>) -> Self {
        self.context = Some(context);
        self
    }

    /// Makes the socket, for its owner only, and starts to answer. A file that is there is replaced; missing folders
    /// are made.
    ///
    /// # Errors
    /// When somebody answers at the path already, or the socket cannot be made.
    pub async fn start(self) -> std::io::Result<SocketServer> {
        let path = resolve(self.path.as_deref());
        let listener = listen(&path).await?;
        let service = Arc::new(Service { units: Mutex::default(), context: self.context, agent: RwLock::default() });
        let stop = CancellationToken::new();
        let server = Server::new().with(AgentSocketRoutes(Arc::clone(&service) as Arc<dyn AgentSocketRpc>));
        tokio::spawn(accept(listener, server, stop.clone()));
        Ok(SocketServer { service, path, _stop: stop.drop_guard() })
    }
}

impl fmt::Debug for SocketServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketServerBuilder").field("path", &self.path).finish_non_exhaustive()
    }
}

async fn accept(listener: Listener, server: Server, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let accepting = async {
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((connection, _)) => {
                    let (server, stop) = (server.clone(), stop.clone());
                    tokio::spawn(async move {
                        let _permit = permit;
                        stop.run_until_cancelled(server.serve_serial(connection)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_WAIT).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accepting).await;
}

/// An agent's socket. Dropping it ends all connections and removes the file.
pub struct SocketServer {
    service: Arc<Service>,
    path: PathBuf,
    _stop: DropGuard,
}

impl SocketServer {
    /// How a server is set up.
    pub fn builder() -> SocketServerBuilder {
        SocketServerBuilder::default()
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sets where statuses of tasks are forwarded to: the server's agent service, or nowhere while there is no
    /// connection.
    pub fn set_agent(&self, agent: Option<Arc<dyn AgentRpc>>) {
        *self.service.agent.write().unwrap_or_else(PoisonError::into_inner) = agent;
    }
}

impl Drop for SocketServer {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "cannot remove the socket");
        }
    }
}

impl fmt::Debug for SocketServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketServer").field("path", &self.path).finish_non_exhaustive()
    }
}

struct Service {
    units: Mutex<Units>,
    context: Option<Arc<dyn ContextManager>>,
    agent: RwLock<Option<Arc<dyn AgentRpc>>>,
}

impl Service {
    fn units(&self) -> MutexGuard<'_, Units> {
        self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn context(&self) -> Result<&dyn ContextManager> {
        self.context.as_deref().ok_or_else(|| Error::new("context manager not available"))
    }
}

impl From<UnitError> for Error {
    fn from(error: UnitError) -> Self {
        Self::new(error.to_string())
    }
}

fn readiness(error: &UnitError) -> Error {
    Error::new(format!("cannot check readiness: {error}"))
}

fn no_source(path: &str) -> Error {
    Error::new(format!("{path:?}: context source not found"))
}

#[async_trait]
impl AgentSocketRpc for Service {
    async fn ping(&self, _: PingRequest) -> Result<PingResponse> {
        Ok(PingResponse {})
    }

    async fn sync_start(&self, request: SyncStartRequest) -> Result<SyncStartResponse> {
        self.units().start(&request.unit)?;
        Ok(SyncStartResponse {})
    }

    async fn sync_want(&self, request: SyncWantRequest) -> Result<SyncWantResponse> {
        self.units().want(&request.unit, &request.depends_on)?;
        Ok(SyncWantResponse {})
    }

    async fn sync_complete(&self, request: SyncCompleteRequest) -> Result<SyncCompleteResponse> {
        self.units().complete(&request.unit)?;
        Ok(SyncCompleteResponse {})
    }

    async fn sync_ready(&self, request: SyncReadyRequest) -> Result<SyncReadyResponse> {
        let ready = self.units().is_ready(&request.unit).map_err(|error| readiness(&error))?;
        Ok(SyncReadyResponse { ready })
    }

    async fn sync_status(&self, request: SyncStatusRequest) -> Result<SyncStatusResponse> {
        let units = self.units();
        let unit = request.unit;
        let is_ready = units.is_ready(&unit).map_err(|error| readiness(&error))?;
        let dependencies = units.dependencies(&unit).into_iter().map(|dependency| DependencyInfo {
            unit: unit.clone(),
            required_status: "completed".to_owned(),
            current_status: dependency.status.as_str().to_owned(),
            is_satisfied: dependency.is_satisfied(),
            depends_on: dependency.depends_on,
        });
        let dependencies = dependencies.collect();
        Ok(SyncStatusResponse { status: units.status(&unit).as_str().to_owned(), is_ready, dependencies })
    }

    async fn sync_list(&self, _: SyncListRequest) -> Result<SyncListResponse> {
        let units = self.units().list().into_iter().map(|unit| UnitInfo {
            unit: unit.name,
            status: unit.status.as_str().to_owned(),
            is_ready: unit.ready,
        });
        Ok(SyncListResponse { units: units.collect() })
    }

    async fn update_app_status(&self, request: UpdateAppStatusRequest) -> Result<UpdateAppStatusResponse> {
        let agent = self.agent.read().unwrap_or_else(PoisonError::into_inner).clone();
        let agent = agent.ok_or_else(|| Error::new("agent not connected to coderd"))?;
        agent.update_app_status(request).await
    }

    async fn context_sources(&self, _: ContextSourcesRequest) -> Result<ContextSourcesResponse> {
        let sources = self.context()?.sources().into_iter().map(|path| ContextSource { path });
        Ok(ContextSourcesResponse { sources: sources.collect() })
    }

    async fn get_context_source(&self, request: GetContextSourceRequest) -> Result<GetContextSourceResponse> {
        let path = self.context()?.source(&request.path).ok_or_else(|| no_source(&request.path))?;
        Ok(GetContextSourceResponse { source: Some(ContextSource { path }) })
    }

    async fn add_context_source(&self, request: AddContextSourceRequest) -> Result<AddContextSourceResponse> {
        let added = self.context()?.add_source(&request.path).await;
        let path = added.map_err(|error| Error::new(format!("add context source: {error}")))?;
        Ok(AddContextSourceResponse { source: Some(ContextSource { path }) })
    }

    async fn remove_context_source(&self, request: RemoveContextSourceRequest) -> Result<RemoveContextSourceResponse> {
        let removed = self.context()?.remove_source(&request.path).await;
        match removed.map_err(|error| Error::new(format!("remove context source: {error}")))? {
            true => Ok(RemoveContextSourceResponse {}),
            false => Err(no_source(&request.path)),
        }
    }

    async fn get_context_snapshot(&self, _: ContextSnapshotRequest) -> Result<ContextSnapshotResponse> {
        Ok(ContextSnapshotResponse { snapshot: Some(self.context()?.snapshot()) })
    }

    async fn resync_context(&self, _: ResyncContextRequest) -> Result<ResyncContextResponse> {
        let synced = self.context()?.resync().await;
        let snapshot = synced.map_err(|error| Error::new(format!("resync context: {error}")))?;
        Ok(ResyncContextResponse { snapshot: Some(snapshot) })
    }
}
