//! Containers of the Docker that this machine has, through its command line; dev containers through `devcontainer`.

use async_trait::async_trait;

use super::engine::{ContainerEngine, ContainerList, DevcontainerUp, EngineError, UpError};
use super::{devcontainer_cli, inspect};
use crate::program::{self, Finished};

/// How much is read of what a command writes, in bytes.
const LIMIT: usize = 64 << 20;

/// Containers of Docker, through the programs `docker` and `devcontainer`, which must be in the agent's `PATH`.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct DockerEngine;

impl DockerEngine {
    /// The Docker of this machine.
    pub fn new() -> Self {
        Self
    }
}

async fn docker(arguments: &[&str]) -> Finished {
    program::run("docker", arguments, LIMIT).await
}

#[async_trait]
impl ContainerEngine for DockerEngine {
    async fn list(&self) -> Result<ContainerList, EngineError> {
        let listed = docker(&["ps", "--all", "--quiet", "--no-trunc"]).await;
        let complaint = listed.stderr_text();
        listed.outcome.as_ref().map_err(|reason| EngineError(format!("run docker ps: {reason}: {complaint:?}")))?;
        let mut list = ContainerList::default();
        list.warnings.extend(Some(complaint).filter(|complaint| !complaint.is_empty()));
        let ids = listed.stdout_text();
        let ids: Vec<&str> = ids.lines().map(str::trim).filter(|id| !id.is_empty()).collect();
        if ids.is_empty() {
            return Ok(list);
        }
        let described = docker(&[&["inspect"], ids.as_slice()].concat()).await;
        let complaint = described.stderr_text();
        // One that was removed in between is missing from the answer; the rest stands.
        if let Err(reason) = &described.outcome
            && !complaint.contains("No such object:")
        {
            return Err(EngineError(format!("run docker inspect: {reason}: {complaint}")));
        }
        list.warnings.extend(Some(complaint).filter(|complaint| !complaint.is_empty()));
        let read = inspect::read(&described.stdout);
        let read = read.map_err(|error| EngineError(format!("convert docker inspect output: {error}")))?;
        list.containers = read.containers;
        list.warnings.extend(read.warnings);
        Ok(list)
    }

    async fn stop(&self, container_id: &str) -> Result<(), EngineError> {
        let done = docker(&["stop", "--", container_id]).await;
        let complaint = done.stderr_text();
        done.outcome.map_err(|reason| EngineError(format!("stop {container_id}: {reason}: {complaint}")))
    }

    async fn remove(&self, container_id: &str) -> Result<(), EngineError> {
        let done = docker(&["rm", "--", container_id]).await;
        let complaint = done.stderr_text();
        done.outcome.map_err(|reason| EngineError(format!("remove {container_id}: {reason}: {complaint}")))
    }

    async fn up(&self, request: &DevcontainerUp) -> Result<String, UpError> {
        devcontainer_cli::up(request, LIMIT).await
    }
}
