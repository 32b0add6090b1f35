//! What an agent knows of containers and dev containers, and what it does to them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use codersdk::{
    WorkspaceAgentContainer, WorkspaceAgentDevcontainer, WorkspaceAgentDevcontainerStatus as Status,
    WorkspaceAgentListContainersResponse,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::engine::{ContainerEngine, ContainerList, DevcontainerUp};
use super::names::agent_name;
use crate::clock::SharedClock;

/// The label that names the folder of a dev container.
pub(super) const LOCAL_FOLDER: &str = "devcontainer.local_folder";
/// The label that names its configuration.
pub(super) const CONFIG_FILE: &str = "devcontainer.config_file";
/// The label of containers that a test of `devcontainer` itself made.
const TEST_RUN: &str = "devcontainer.is_test_run";

/// How often containers are listed.
const UPDATE: Duration = Duration::from_secs(10);
/// How long the engine may take to list them.
const LIST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the engine may take to stop or to remove one.
const STOP_TIMEOUT: Duration = Duration::from_secs(5 * 60);
/// How long a dev container may take to be made.
const UP_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// The containers of an agent.
#[derive(Debug)]
pub(in crate::agent) struct Manager {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug)]
struct Shared {
    engine: Arc<dyn ContainerEngine>,
    clock: SharedClock,
    state: Mutex<State>,
    /// How often the state has changed; 0 until the containers were listed for the first time.
    version: watch::Sender<u64>,
    /// Held while the containers are listed, so that an old list never replaces a new one.
    listing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    list: ContainerList,
    error: Option<String>,
    /// By their folders.
    devcontainers: BTreeMap<String, WorkspaceAgentDevcontainer>,
    /// When making one failed, by its folder.
    failed: HashMap<String, DateTime<Utc>>,
}

/// Why a dev container was not touched.
#[derive(Debug)]
pub(super) enum Refusal {
    NotFound,
    /// It is on the way to another state.
    Busy(Box<WorkspaceAgentDevcontainer>),
    /// The engine failed at a step.
    Failed {
        step: &'static str,
        reason: String,
    },
    /// The agent stops.
    Closed,
}

impl Manager {
    /// Lists the containers of the engine now, and from time to time.
    pub(in crate::agent) fn start(engine: Arc<dyn ContainerEngine>, clock: SharedClock) -> Self {
        let shared = Arc::new(Shared {
            engine,
            clock,
            state: Mutex::default(),
            version: watch::Sender::new(0),
            listing: tokio::sync::Mutex::default(),
        });
        let manager = Self { shared: shared.clone(), stop: CancellationToken::new(), tasks: TaskTracker::new() };
        manager.spawn(async move {
            loop {
                shared.update().await;
                shared.clock.sleep(UPDATE).await;
            }
        });
        manager
    }

    /// Tells of changes of the state; waits for the first list. `None` when the agent stops.
    pub(super) async fn changes(&self) -> Option<watch::Receiver<u64>> {
        let mut changes = self.shared.version.subscribe();
        let listed = async { changes.wait_for(|version| *version > 0).await.map(drop) };
        self.stop.run_until_cancelled(listed).await?.ok()?;
        Some(changes)
    }

    /// What is known.
    ///
    /// # Errors
    /// Why the containers could not be listed.
    pub(super) fn list(&self) -> Result<WorkspaceAgentListContainersResponse, String> {
        let state = self.shared.state();
        if let Some(error) = &state.error {
            return Err(error.clone());
        }
        let devcontainers: Vec<_> = state.devcontainers.values().cloned().collect();
        Ok(WorkspaceAgentListContainersResponse {
            devcontainers: Some(devcontainers).filter(|list| !list.is_empty()).into(),
            containers: state.list.containers.clone().into(),
            warnings: state.list.warnings.clone(),
        })
    }

    /// Begins to make a dev container anew, and gives its name.
    pub(super) fn recreate(&self, id: &str) -> Result<String, Refusal> {
        if self.stop.is_cancelled() {
            return Err(Refusal::Closed);
        }
        let devcontainer = self.shared.claim(id, Status::Starting)?;
        let name = devcontainer.name.clone();
        let shared = self.shared.clone();
        self.spawn(async move { shared.make(devcontainer).await });
        Ok(name)
    }

    /// Stops and removes the container of a dev container, and forgets about it.
    pub(super) async fn delete(&self, id: &str) -> Result<(), Refusal> {
        if self.stop.is_cancelled() {
            return Err(Refusal::Closed);
        }
        let devcontainer = self.shared.claim(id, Status::Stopping)?;
        let shared = self.shared.clone();
        // It goes on when nobody waits for it any more, lest it stay between two states for ever.
        let deleting = self
            .tasks
            .spawn(self.stop.clone().run_until_cancelled_owned(async move { shared.delete(devcontainer).await }));
        match deleting.await {
            Ok(Some(done)) => done,
            _ => Err(Refusal::Closed),
        }
    }

    /// Ends what is under way.
    pub(in crate::agent) async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(work));
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and tells those who watch.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.version.send_modify(|version| *version += 1);
        changed
    }

    /// Changes a dev container, if there still is one.
    fn change_one(&self, folder: &str, change: impl FnOnce(&mut WorkspaceAgentDevcontainer)) {
        self.change(|state| state.devcontainers.get_mut(folder).map(change));
    }

    async fn update(&self) {
        let _turn = self.listing.lock().await;
        let listed = tokio::select! {
            listed = self.engine.list() => listed.map_err(|error| error.to_string()),
            () = self.clock.sleep(LIST_TIMEOUT) => Err("context deadline exceeded".to_owned()),
        };
        let modified = self.modified().await;
        let mut state = self.state();
        let before = state.devcontainers.clone();
        match listed {
            Ok(list) => state.take(list, &modified),
            Err(error) => {
                tracing::warn!(error, "containers cannot be listed");
                state.error = Some(error);
            }
        }
        let same = before.len() == state.devcontainers.len()
            && before.iter().zip(&state.devcontainers).all(|(a, b)| a.0 == b.0 && is_same(a.1, b.1));
        drop(state);
        self.version.send_if_modified(|version| {
            let tell = *version == 0 || !same;
            *version += u64::from(tell);
            tell
        });
    }

    /// When the configurations were changed last.
    async fn modified(&self) -> HashMap<String, SystemTime> {
        let paths: Vec<_> = self.state().devcontainers.values().filter_map(|one| one.config_path.clone()).collect();
        let mut modified = HashMap::new();
        for path in paths {
            let metadata = tokio::fs::metadata(&path).await;
            if let Ok(time) = metadata.and_then(|metadata| metadata.modified()) {
                modified.insert(path, time);
            }
        }
        modified
    }

    /// Takes hold of a dev container that is not on the way to another state, and sets it on the way to this one.
    fn claim(&self, id: &str, status: Status) -> Result<WorkspaceAgentDevcontainer, Refusal> {
        let mut state = self.state();
        let found = state.devcontainers.values_mut().find(|one| one.id.to_string() == id).ok_or(Refusal::NotFound)?;
        if found.status.transitioning() {
            return Err(Refusal::Busy(Box::new(found.clone())));
        }
        let claimed = found.clone();
        if status == Status::Starting {
            found.container = None;
        }
        found.status = status;
        found.error = None;
        drop(state);
        self.version.send_modify(|version| *version += 1);
        Ok(claimed)
    }

    async fn make(&self, devcontainer: WorkspaceAgentDevcontainer) {
        let folder = devcontainer.workspace_folder;
        let request = DevcontainerUp {
            workspace_folder: folder.clone(),
            config_path: devcontainer.config_path,
            remove_existing: true,
        };
        let made = tokio::select! {
            made = self.engine.up(&request) => made.map(drop).map_err(|error| (error.message, error.container_id)),
            () = self.clock.sleep(UP_TIMEOUT) => Err(("context deadline exceeded".to_owned(), None)),
        };
        let now = self.clock.now();
        self.change(|state| {
            let Some(one) = state.devcontainers.get_mut(&folder) else { return };
            match made {
                Ok(()) => one.status = Status::Stopped,
                // The container is there: what failed in it can be looked into.
                Err((message, Some(_))) => {
                    one.status = Status::Running;
                    one.error = Some(message);
                }
                Err((message, None)) => {
                    one.status = Status::Error;
                    one.error = Some(message);
                    state.failed.insert(folder.clone(), now);
                    return;
                }
            }
            one.dirty = false;
        });
        self.update().await;
    }

    async fn delete(&self, devcontainer: WorkspaceAgentDevcontainer) -> Result<(), Refusal> {
        let folder = devcontainer.workspace_folder;
        if let Some(container) = devcontainer.container {
            let stopped = self.engine.stop(&container.id);
            self.step(&folder, "stopping the container", stopped).await?;
            self.change_one(&folder, |one| one.status = Status::Deleting);
            let removed = self.engine.remove(&container.id);
            self.step(&folder, "removing the container", removed).await?;
        }
        self.change(|state| {
            state.devcontainers.remove(&folder);
            state.failed.remove(&folder);
        });
        Ok(())
    }

    async fn step(
        &self,
        folder: &str,
        step: &'static str,
        work: impl Future<Output = Result<(), super::EngineError>>,
    ) -> Result<(), Refusal> {
        let done = tokio::select! {
            done = work => done.map_err(|error| error.to_string()),
            () = self.clock.sleep(STOP_TIMEOUT) => Err("context deadline exceeded".to_owned()),
        };
        done.map_err(|reason| {
            self.change_one(folder, |one| {
                one.status = Status::Error;
                one.error = Some(reason.clone());
            });
            Refusal::Failed { step, reason }
        })
    }
}

impl State {
    /// Takes over a new list.
    fn take(&mut self, list: ContainerList, modified: &HashMap<String, SystemTime>) {
        for one in self.devcontainers.values_mut() {
            one.container = None;
        }
        for container in &list.containers {
            self.link(container);
        }
        let folders: Vec<String> = self.devcontainers.keys().cloned().collect();
        for folder in folders {
            self.refresh(&folder, modified);
        }
        self.list = list;
        self.error = None;
    }

    /// Notes to which dev container a container belongs.
    fn link(&mut self, container: &WorkspaceAgentContainer) {
        let label = |name| container.labels.get(name).cloned().filter(|value| !value.is_empty());
        let Some(folder) = label(LOCAL_FOLDER) else { return };
        if label(TEST_RUN).as_deref() == Some("true") {
            return;
        }
        let one = self.devcontainers.entry(folder.clone()).or_insert_with(|| WorkspaceAgentDevcontainer {
            id: Uuid::new_v4(),
            workspace_folder: folder,
            ..WorkspaceAgentDevcontainer::default()
        });
        one.config_path = one.config_path.take().or_else(|| label(CONFIG_FILE));
        one.container = Some(container.clone());
    }

    fn refresh(&mut self, folder: &str, modified: &HashMap<String, SystemTime>) {
        let others = self.devcontainers.values().filter(|one| one.workspace_folder != folder);
        let taken: HashSet<String> = others.map(|one| one.name.clone()).collect();
        let failed = self.failed.get(folder).copied();
        let Some(one) = self.devcontainers.get_mut(folder) else { return };
        // Who set one on the way to another state says when it has arrived.
        if one.status.transitioning() {
            return;
        }
        let older = |container: &WorkspaceAgentContainer| failed.is_some_and(|failed| container.created_at < failed);
        if one.status == Status::Error && one.container.as_ref().is_none_or(older) {
            return;
        }
        match &one.container {
            Some(container) => {
                one.name = agent_name(folder, &container.name, &taken);
                one.status = if container.running { Status::Running } else { Status::Stopped };
                let changed = one.config_path.as_ref().and_then(|path| modified.get(path));
                one.dirty = changed.is_some_and(|changed| DateTime::<Utc>::from(*changed) > container.created_at);
                if container.running {
                    one.error = None;
                }
            }
            None => {
                one.name = String::new();
                one.status = Status::Stopped;
                one.dirty = false;
            }
        }
        self.failed.remove(folder);
    }
}

/// Whether nothing changed that those who watch are told of.
fn is_same(a: &WorkspaceAgentDevcontainer, b: &WorkspaceAgentDevcontainer) -> bool {
    let container = |one: &WorkspaceAgentDevcontainer| one.container.as_ref().map(|container| container.id.clone());
    a.id == b.id
        && a.name == b.name
        && a.status == b.status
        && a.dirty == b.dirty
        && a.error == b.error
        && container(a) == container(b)
}
