//! Containers and dev containers in a workspace: listed, watched, made anew, deleted.

mod devcontainer_cli;
mod docker;
mod engine;
mod http;
mod inspect;
mod manager;
mod memory;
mod names;
#[cfg(test)]
mod tests;

pub use docker::DockerEngine;
pub use engine::{ContainerEngine, ContainerList, DevcontainerUp, EngineError, UpError};
pub use memory::MemoryEngine;

pub(super) use http::router;
pub(super) use manager::Manager;
