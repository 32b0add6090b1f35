//! The context as processes of the workspace ask for it, through the agent's socket.

use agentsdk::rpc::proto::agentsocket::{ContextResource, ContextSnapshot as Snapshot};
use agentsdk::rpc::{Error, Result};
use agentsdk::socket::ContextManager;
use async_trait::async_trait;
use workspacesdk::context::{ContextSnapshot, ContextSource};

use super::Context;
use crate::agent::AgentState;

/// The context of an agent, for its socket.
pub(in crate::agent) struct SocketContext(AgentState);

impl SocketContext {
    /// Looks at the context for the first time in the background.
    pub(in crate::agent) fn start(agent: AgentState) -> Self {
        let context = Self(agent);
        context.look_soon();
        context
    }

    /// Looks at the context anew, without the caller waiting for it.
    fn look_soon(&self) {
        let agent = self.0.clone();
        tokio::task::spawn_blocking(move || agent.context.resync(agent.mcp.statuses()));
    }

    async fn reading<T: Send + 'static>(&self, read: impl FnOnce(&Context) -> T + Send + 'static) -> Result<T> {
        let context = self.0.context.clone();
        let read = tokio::task::spawn_blocking(move || read(&context)).await;
        read.map_err(|_| Error::new("the context could not be read"))
    }
}

#[async_trait]
impl ContextManager for SocketContext {
    fn sources(&self) -> Vec<String> {
        self.0.context.sources().into_iter().map(|source| source.path).collect()
    }

    fn source(&self, path: &str) -> Option<String> {
        self.0.context.source(path).map(|source| source.path)
    }

    async fn add_source(&self, path: &str) -> Result<String> {
        let path = path.to_owned();
        let ContextSource { path } =
            self.reading(move |context| context.add_source(&path)).await?.map_err(Error::new)?;
        self.look_soon();
        Ok(path)
    }

    async fn remove_source(&self, path: &str) -> Result<bool> {
        let removed = self.0.context.remove_source(path);
        if removed {
            self.look_soon();
        }
        Ok(removed)
    }

    fn snapshot(&self) -> Snapshot {
        snapshot(self.0.context.last_snapshot())
    }

    async fn resync(&self) -> Result<Snapshot> {
        let servers = self.0.mcp.statuses();
        self.reading(move |context| context.resync(servers)).await.map(snapshot)
    }
}

fn snapshot(known: ContextSnapshot) -> Snapshot {
    let ContextSnapshot { version, aggregate_hash, resources, payload_bytes, snapshot_error } = known;
    let resources = resources.into_iter().map(|one| ContextResource {
        id: one.id,
        kind: one.kind,
        source: one.source,
        source_path: one.source_path,
        content_hash: one.content_hash,
        size_bytes: one.size_bytes,
        status: one.status,
        error: one.error,
        name: one.name,
        description: one.description,
    });
    Snapshot { version, aggregate_hash, resources: resources.collect(), payload_bytes, snapshot_error }
}
