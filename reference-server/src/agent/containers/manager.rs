//! What an agent knows of containers and dev containers, and what it does to them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use codersdk::{
    WorkspaceAgentDevcontainer, WorkspaceAgentDevcontainerStatus as Status, WorkspaceAgentListContainersResponse,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config_watch::ConfigWatch;
use super::discovery;
use super::engine::{ContainerEngine, DevcontainerRef, DevcontainerUp};
use super::state::{State, is_same};
use crate::clock::SharedClock;

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
    configs: Mutex<ConfigWatch>,
}

/// Which dev containers an agent knows before it has seen their containers.
#[derive(Debug, Clone, Default)]
pub(in crate::agent) struct Projects {
    /// Those that are made at the start.
    pub(in crate::agent) defined: Vec<WorkspaceAgentDevcontainer>,
    /// Where Git repositories are searched for configurations, if they are.
    pub(in crate::agent) search: Option<PathBuf>,
    /// Whether those that are found are made when their configuration asks for it.
    pub(in crate::agent) autostart: bool,
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
    pub(in crate::agent) fn start(engine: Arc<dyn ContainerEngine>, clock: SharedClock, projects: Projects) -> Self {
        let shared = Arc::new_cyclic(|this: &Weak<Shared>| {
            let this = this.clone();
            let tell = move |path: &std::path::Path| {
                if let (Some(shared), Some(path)) = (this.upgrade(), path.to_str()) {
                    shared.config_changed(path);
                }
            };
            Shared {
                engine,
                clock,
                state: Mutex::default(),
                version: watch::Sender::new(0),
                listing: tokio::sync::Mutex::default(),
                configs: Mutex::new(ConfigWatch::new(tell)),
            }
        });
        let manager = Self { shared: shared.clone(), stop: CancellationToken::new(), tasks: TaskTracker::new() };
        shared.state().define(projects.defined.clone());
        let updated = shared.clone();
        manager.spawn(async move {
            loop {
                updated.update().await;
                updated.clock.sleep(UPDATE).await;
            }
        });
        let making = shared.clone();
        manager.spawn(async move {
            for one in projects.defined {
                making.make(&one.workspace_folder, one.config_path, false).await;
            }
        });
        if let Some(dir) = projects.search {
            let (tasks, stop) = (manager.tasks.clone(), manager.stop.clone());
            let autostart = projects.autostart;
            manager.spawn(async move {
                for one in discovery::projects(dir).await {
                    if shared.discovered(&one, autostart).await {
                        let shared = shared.clone();
                        let make = async move { shared.make(&one.workspace_folder, one.config_path, false).await };
                        tasks.spawn(stop.clone().run_until_cancelled_owned(make));
                    }
                }
                shared.update().await;
            });
        }
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
        self.shared.state().list()
    }

    /// Begins to make a dev container anew, and gives its name.
    pub(super) fn recreate(&self, id: &str) -> Result<String, Refusal> {
        if self.stop.is_cancelled() {
            return Err(Refusal::Closed);
        }
        let devcontainer = self.shared.claim(id, Status::Starting)?;
        let name = devcontainer.name.clone();
        let shared = self.shared.clone();
        self.spawn(async move { shared.make(&devcontainer.workspace_folder, devcontainer.config_path, true).await });
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
        self.tell_change();
        changed
    }

    /// Changes a dev container, if there still is one.
    fn change_one(&self, folder: &str, change: impl FnOnce(&mut WorkspaceAgentDevcontainer)) {
        self.change(|state| state.devcontainers.get_mut(folder).map(change));
    }

    async fn update(&self) {
        let _turn = self.listing.lock().await;
        let listed = tokio::select! {
            // An engine that keeps the same limit, from a moment before, has the words for what took too long.
            biased;
            listed = self.engine.list() => listed.map_err(|error| error.to_string()),
            () = self.clock.sleep(LIST_TIMEOUT) => Err("context deadline exceeded".to_owned()),
        };
        let mut state = self.state();
        let before = state.devcontainers.clone();
        let unwatched = match listed {
            Ok(list) => state.take(list),
            Err(error) => {
                tracing::warn!(error, "containers cannot be listed");
                state.error = Some(error);
                Vec::new()
            }
        };
        let same = before.len() == state.devcontainers.len()
            && before.iter().zip(&state.devcontainers).all(|(a, b)| a.0 == b.0 && is_same(a.1, b.1));
        drop(state);
        // Not with the state in hand, as who tells of changes waits for that.
        for path in unwatched {
            let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
            if configs.add(&path) {
                self.state().watched(&path);
            }
        }
        self.version.send_if_modified(|version| {
            let tell = *version == 0 || !same;
            *version += u64::from(tell);
            tell
        });
    }

    fn config_changed(&self, path: &str) {
        if self.state().changed(path, self.clock.now()) {
            self.tell_change();
        }
    }

    /// Knows a dev container from now on; tells whether it is to be made.
    async fn discovered(&self, one: &DevcontainerRef, autostart: bool) -> bool {
        let start = autostart && self.engine.read_config(one, &[]).await.is_ok_and(|config| config.auto_start);
        let status = if start { Status::Starting } else { Status::Stopped };
        let path = one.config_path.as_deref().unwrap_or_default();
        let new = self.state().discover(&one.workspace_folder, path, status);
        if new {
            self.tell_change();
        }
        new && start
    }

    /// Tells those who watch, unless nothing was listed yet.
    fn tell_change(&self) {
        self.version.send_if_modified(|version| {
            let tell = *version > 0;
            *version += u64::from(tell);
            tell
        });
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
        self.tell_change();
        Ok(claimed)
    }

    async fn make(&self, folder: &str, config_path: Option<String>, remove_existing: bool) {
        let devcontainer = DevcontainerRef { workspace_folder: folder.to_owned(), config_path };
        let request = DevcontainerUp { devcontainer, remove_existing };
        let made = tokio::select! {
            made = self.engine.up(&request) => made.map(drop).map_err(|error| (error.message, error.container_id.is_some())),
            () = self.clock.sleep(UP_TIMEOUT) => Err(("context deadline exceeded".to_owned(), false)),
        };
        let there = !matches!(made, Err((_, false)));
        let now = self.clock.now();
        self.change(|state| state.made(folder, made, now));
        if there {
            self.update().await;
        }
    }

    async fn delete(&self, devcontainer: WorkspaceAgentDevcontainer) -> Result<(), Refusal> {
        let folder = devcontainer.workspace_folder;
        let container = devcontainer.container.map(|container| container.id);
        if let Some(id) = &container {
            self.step(&folder, "stopping the container", self.engine.stop(id)).await?;
        }
        self.change_one(&folder, |one| one.status = Status::Deleting);
        if let Some(id) = &container {
            self.step(&folder, "removing the container", self.engine.remove(id)).await?;
        }
        self.change(|state| state.remove(&folder));
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
