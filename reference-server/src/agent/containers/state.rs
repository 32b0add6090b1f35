//! What is known of containers and dev containers, and how a new list changes it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use codersdk::{
    WorkspaceAgentContainer, WorkspaceAgentDevcontainer, WorkspaceAgentDevcontainerStatus as Status,
    WorkspaceAgentListContainersResponse,
};
use uuid::Uuid;

use super::engine::ContainerList;
use super::names::agent_name;

/// The label that names the folder of a dev container.
pub(super) const LOCAL_FOLDER: &str = "devcontainer.local_folder";
/// The label that names its configuration.
pub(super) const CONFIG_FILE: &str = "devcontainer.config_file";
/// The label of containers that a test of `devcontainer` itself made.
const TEST_RUN: &str = "devcontainer.is_test_run";

#[derive(Debug, Default)]
pub(super) struct State {
    list: ContainerList,
    pub(super) error: Option<String>,
    /// By their folders.
    pub(super) devcontainers: BTreeMap<String, WorkspaceAgentDevcontainer>,
    /// Names that stay as they are.
    names: HashSet<String>,
    /// When making one failed, by its folder.
    failed: HashMap<String, DateTime<Utc>>,
    /// Configurations that are watched, and when they changed since.
    configs: HashMap<String, Option<DateTime<Utc>>>,
}

impl State {
    /// Knows these dev containers from the start; each is to be made.
    pub(super) fn define(&mut self, devcontainers: Vec<WorkspaceAgentDevcontainer>) {
        for mut one in devcontainers {
            one.name = agent_name(&one.workspace_folder, &one.name, &self.names);
            one.status = Status::Starting;
            self.names.insert(one.name.clone());
            self.devcontainers.insert(one.workspace_folder.clone(), one);
        }
    }

    /// Knows the dev container of a folder that has its configuration at this path; tells whether it is new.
    pub(super) fn discover(&mut self, folder: &str, config_path: &str, status: Status) -> bool {
        if self.devcontainers.contains_key(folder) {
            return false;
        }
        let one = WorkspaceAgentDevcontainer {
            id: Uuid::new_v4(),
            workspace_folder: folder.to_owned(),
            config_path: Some(config_path.to_owned()),
            status,
            ..WorkspaceAgentDevcontainer::default()
        };
        self.devcontainers.insert(folder.to_owned(), one);
        true
    }

    /// What is told of it all.
    ///
    /// # Errors
    /// Why the containers could not be listed.
    pub(super) fn list(&self) -> Result<WorkspaceAgentListContainersResponse, String> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let devcontainers: Vec<_> = self.devcontainers.values().cloned().collect();
        Ok(WorkspaceAgentListContainersResponse {
            devcontainers: Some(devcontainers).filter(|list| !list.is_empty()).into(),
            containers: self.list.containers.clone().into(),
            warnings: self.list.warnings.clone(),
        })
    }

    /// Takes over a new list, and gives the configurations that are to be watched from now on.
    pub(super) fn take(&mut self, list: ContainerList) -> Vec<String> {
        for one in self.devcontainers.values_mut() {
            one.container = None;
        }
        let unwatched = list.containers.iter().filter_map(|container| self.link(container)).collect();
        let folders: Vec<String> = self.devcontainers.keys().cloned().collect();
        for folder in folders {
            self.refresh(&folder);
        }
        self.list = list;
        self.error = None;
        unwatched
    }

    /// Notes to which dev container a container belongs, and gives its configuration if that is new.
    fn link(&mut self, container: &WorkspaceAgentContainer) -> Option<String> {
        let label = |name| container.labels.get(name).cloned().filter(|value| !value.is_empty());
        let folder = label(LOCAL_FOLDER)?;
        if label(TEST_RUN).as_deref() == Some("true") {
            return None;
        }
        let one = self.devcontainers.entry(folder.clone()).or_insert_with(|| WorkspaceAgentDevcontainer {
            id: Uuid::new_v4(),
            workspace_folder: folder,
            ..WorkspaceAgentDevcontainer::default()
        });
        one.container = Some(container.clone());
        if one.config_path.is_some() {
            return None;
        }
        one.config_path = label(CONFIG_FILE);
        one.config_path.clone()
    }

    fn refresh(&mut self, folder: &str) {
        let failed = self.failed.get(folder).copied();
        let Some(one) = self.devcontainers.get_mut(folder) else { return };
        if let Some(container) = &one.container
            && !self.names.contains(&one.name)
        {
            one.name = agent_name(folder, &container.name, &self.names);
        }
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
                one.status = if container.running { Status::Running } else { Status::Stopped };
                let changed = one.config_path.as_ref().and_then(|path| *self.configs.get(path)?);
                one.dirty = changed.is_some_and(|changed| container.created_at < changed);
                if container.running {
                    one.error = None;
                }
            }
            None => {
                if !self.names.contains(&one.name) {
                    one.name.clear();
                }
                one.status = Status::Stopped;
                one.dirty = false;
            }
        }
        self.failed.remove(folder);
    }

    /// Notes that a configuration is watched.
    pub(super) fn watched(&mut self, path: &str) {
        self.configs.entry(path.to_owned()).or_default();
    }

    /// Notes that a file changed; tells whether it is a configuration that is watched.
    pub(super) fn changed(&mut self, path: &str, at: DateTime<Utc>) -> bool {
        let Some(changed) = self.configs.get_mut(path) else { return false };
        *changed = Some(at);
        for one in self.devcontainers.values_mut().filter(|one| one.config_path.as_deref() == Some(path)) {
            one.dirty = true;
        }
        true
    }

    /// Notes what came of making one: why it failed, and whether it has a container nevertheless.
    pub(super) fn made(&mut self, folder: &str, outcome: Result<(), (String, bool)>, at: DateTime<Utc>) {
        let Some(one) = self.devcontainers.get_mut(folder) else { return };
        let runs = one.container.as_ref().is_some_and(|container| container.running);
        (one.status, one.error) = match outcome {
            Ok(()) => (if runs { Status::Running } else { Status::Stopped }, None),
            // What failed in it can be looked into.
            Err((message, true)) => (Status::Running, Some(message)),
            Err((message, false)) => (Status::Error, Some(message)),
        };
        if one.status == Status::Error {
            self.failed.insert(folder.to_owned(), at);
        } else {
            one.dirty = false;
        }
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, folder: &str) {
        if let Some(one) = self.devcontainers.remove(folder) {
            self.names.remove(&one.name);
        }
        self.failed.remove(folder);
    }
}

/// Whether nothing changed that those who watch are told of.
pub(super) fn is_same(a: &WorkspaceAgentDevcontainer, b: &WorkspaceAgentDevcontainer) -> bool {
    let container = |one: &WorkspaceAgentDevcontainer| one.container.as_ref().map(|container| container.id.clone());
    a.id == b.id
        && a.name == b.name
        && a.subagent_id == b.subagent_id
        && a.status == b.status
        && a.dirty == b.dirty
        && a.error == b.error
        && container(a) == container(b)
}
