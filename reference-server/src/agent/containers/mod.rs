//! Containers and dev containers in a workspace: listed, watched, made anew, deleted.

mod config_watch;
mod devcontainer_cli;
mod discovery;
mod docker;
#[cfg(test)]
mod docker_tests;
mod engine;
mod http;
mod inspect;
mod manager;
mod memory;
mod names;
mod paths;
mod state;
#[cfg(test)]
mod tests;

pub use docker::DockerEngine;
pub use engine::{
    ContainerEngine, ContainerList, DevcontainerConfig, DevcontainerRef, DevcontainerUp, EngineError, UpError,
};
pub use memory::MemoryEngine;

pub(super) use http::{router, unless_within};
pub(super) use manager::{Manager, Projects};
pub(super) use paths::expanded;
