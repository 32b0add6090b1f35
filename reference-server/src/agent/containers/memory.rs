//! Containers that exist in memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use codersdk::WorkspaceAgentContainer;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::engine::{
    ContainerEngine, ContainerList, DevcontainerConfig, DevcontainerRef, DevcontainerUp, EngineError, UpError,
};
use super::state::{CONFIG_FILE, LOCAL_FOLDER};
use crate::clock::SharedClock;

/// An engine for tests, whose containers run nothing.
///
/// It does what it is told at once, fails when told to, and can be held so that a test sees what lies in between.
#[derive(Debug, Clone)]
pub struct MemoryEngine {
    clock: SharedClock,
    state: Arc<Mutex<State>>,
    /// Taken by each call while it works.
    gate: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct State {
    containers: Vec<WorkspaceAgentContainer>,
    made: u64,
    failure: Option<String>,
    list_failure: Option<String>,
    /// By the folders of dev containers.
    configs: HashMap<String, DevcontainerConfig>,
    requests: Vec<DevcontainerUp>,
}

impl MemoryEngine {
    /// An engine without containers, which stamps those that it makes with the time of this clock.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, state: Arc::default(), gate: Arc::new(Semaphore::new(1)) }
    }

    /// Adds a container.
    pub fn add(&self, container: WorkspaceAgentContainer) {
        self.state().containers.push(container);
    }

    /// Adds a running container of the dev container of a folder.
    pub fn add_devcontainer(&self, folder: &str, config_path: &str) {
        let mut state = self.state();
        state.make(folder, Some(config_path), &self.clock);
    }

    /// Fails with these words whatever is asked next, lists aside, until told otherwise.
    pub fn fail(&self, words: Option<&str>) {
        self.state().failure = words.map(str::to_owned);
    }

    /// Fails with these words whenever the containers are listed, until told otherwise.
    pub fn fail_lists(&self, words: Option<&str>) {
        self.state().list_failure = words.map(str::to_owned);
    }

    /// Sets what the configuration of the dev container of a folder says; without it, nothing.
    pub fn configure(&self, folder: &str, config: DevcontainerConfig) {
        self.state().configs.insert(folder.to_owned(), config);
    }

    /// Lets no call go on until the guard is dropped.
    pub async fn hold(&self) -> impl Drop + use<> {
        Held(self.gate.clone().acquire_owned().await.ok())
    }

    /// The dev containers that were asked for, in order.
    pub fn requests(&self) -> Vec<DevcontainerUp> {
        self.state().requests.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, String> {
        self.gate.acquire().await.map_err(|error| error.to_string())
    }

    async fn work<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, String> {
        let _turn = self.turn().await?;
        let mut state = self.state();
        match &state.failure {
            Some(words) => Err(words.clone()),
            None => Ok(work(&mut state)),
        }
    }
}

/// Keeps calls from going on.
struct Held(Option<OwnedSemaphorePermit>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl State {
    fn make(&mut self, folder: &str, config_path: Option<&str>, clock: &SharedClock) -> String {
        self.made += 1;
        let id = format!("container-{}", self.made);
        let labels = [(LOCAL_FOLDER, Some(folder)), (CONFIG_FILE, config_path)];
        let labels = labels.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        self.containers.push(WorkspaceAgentContainer {
            created_at: clock.now(),
            id: id.clone(),
            name: format!("container_{}", self.made),
            image: "memory".to_owned(),
            labels: labels.collect(),
            running: true,
            status: "running".to_owned(),
            ports: Vec::new().into(),
            volumes: std::collections::BTreeMap::new().into(),
        });
        id
    }
}

#[async_trait]
impl ContainerEngine for MemoryEngine {
    async fn list(&self) -> Result<ContainerList, EngineError> {
        let _turn = self.turn().await.map_err(EngineError)?;
        let state = self.state();
        match &state.list_failure {
            Some(words) => Err(EngineError(words.clone())),
            None => Ok(ContainerList { containers: state.containers.clone(), warnings: Vec::new() }),
        }
    }

    async fn stop(&self, container_id: &str) -> Result<(), EngineError> {
        let stop = |state: &mut State| {
            for container in state.containers.iter_mut().filter(|container| container.id == container_id) {
                container.running = false;
                container.status = "exited successfully".to_owned();
            }
        };
        self.work(stop).await.map_err(EngineError)
    }

    async fn remove(&self, container_id: &str) -> Result<(), EngineError> {
        let remove = |state: &mut State| state.containers.retain(|container| container.id != container_id);
        self.work(remove).await.map_err(EngineError)
    }

    async fn up(&self, request: &DevcontainerUp) -> Result<String, UpError> {
        let DevcontainerRef { workspace_folder, config_path } = &request.devcontainer;
        let make = |state: &mut State| {
            state.requests.push(request.clone());
            if request.remove_existing {
                state.containers.retain(|container| container.labels.get(LOCAL_FOLDER) != Some(workspace_folder));
            }
            state.make(workspace_folder, config_path.as_deref(), &self.clock)
        };
        self.work(make).await.map_err(|message| UpError { message, container_id: None })
    }

    async fn read_config(
        &self,
        devcontainer: &DevcontainerRef,
        _env: &[String],
    ) -> Result<DevcontainerConfig, EngineError> {
        let read = |state: &mut State| state.configs.get(&devcontainer.workspace_folder).cloned().unwrap_or_default();
        self.work(read).await.map_err(EngineError)
    }
}
