//! What an agent needs of whatever runs containers.

use std::fmt::Debug;

use async_trait::async_trait;
use codersdk::WorkspaceAgentContainer;

/// Lists containers, ends them, and makes dev containers.
///
/// [`DockerEngine`](super::DockerEngine) is the real one, [`MemoryEngine`](super::MemoryEngine) one for tests.
#[async_trait]
pub trait ContainerEngine: Debug + Send + Sync + 'static {
    /// All containers, whether or not they run.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    async fn list(&self) -> Result<ContainerList, EngineError>;

    /// Stops a container.
    ///
    /// # Errors
    /// When it cannot be stopped.
    async fn stop(&self, container_id: &str) -> Result<(), EngineError>;

    /// Removes a container that was stopped.
    ///
    /// # Errors
    /// When it cannot be removed.
    async fn remove(&self, container_id: &str) -> Result<(), EngineError>;

    /// Makes the container of a dev container, starts it, and gives its id.
    ///
    /// # Errors
    /// When there is none, or something in it failed after it was made.
    async fn up(&self, request: &DevcontainerUp) -> Result<String, UpError>;

    /// What the configuration of a dev container says to an agent, read with these variables (`NAME=value`) beside those
    /// of the agent.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn read_config(
        &self,
        devcontainer: &DevcontainerRef,
        env: &[String],
    ) -> Result<DevcontainerConfig, EngineError>;
}

/// What an engine lists.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerList {
    /// The containers.
    pub containers: Vec<WorkspaceAgentContainer>,
    /// What is doubtful about the list.
    pub warnings: Vec<String>,
}

/// Which dev container is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevcontainerRef {
    /// Absolute path of the folder that it belongs to.
    pub workspace_folder: String,
    /// Absolute path of its configuration; found in the folder without it.
    pub config_path: Option<String>,
}

/// Which dev container is to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DevcontainerUp {
    /// The dev container.
    pub devcontainer: DevcontainerRef,
    /// Whether a container that there is already is removed first.
    pub remove_existing: bool,
}

/// What the configuration of a dev container says to an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DevcontainerConfig {
    /// Whether it is to be made as soon as it is found.
    pub auto_start: bool,
}

/// Why an engine did not do what it was asked, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

/// Why a dev container did not come up as it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UpError {
    /// What went wrong, in words.
    pub message: String,
    /// The container, if it was made and only something within it failed.
    pub container_id: Option<String>,
}
