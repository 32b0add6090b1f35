//! Who is told of changes to workspaces and their agents.
//!
//! As everywhere a message is a hint to read the database: subscribe first and read afterwards.

use std::sync::Arc;

use uuid::Uuid;

use crate::chatd::pubsub::{Subscription, Topics};

/// What changed about an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentChange {
    /// It logged something, or its logs overflowed.
    Logs,
    /// It reported values.
    Metadata,
}

/// Topics by workspace and by agent.
#[derive(Debug)]
pub(crate) struct Hub {
    workspaces: Topics<Uuid, ()>,
    agents: Topics<Uuid, AgentChange>,
    claims: Topics<Uuid, Arc<str>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { workspaces: Topics::new(), agents: Topics::new(), claims: Topics::new() }
    }
}

impl Hub {
    /// Tells those who watch a workspace to look again: its builds, its agents or what its apps say has changed.
    pub(crate) fn workspace_changed(&self, workspace: Uuid) {
        self.workspaces.publish(&workspace, || ());
    }

    /// Watches a workspace.
    pub(crate) fn watch_workspace(&self, workspace: Uuid) -> Subscription<()> {
        self.workspaces.subscribe(workspace)
    }

    /// Tells those who watch an agent what has changed.
    pub(crate) fn agent_changed(&self, agent: Uuid, change: AgentChange) {
        self.agents.publish(&agent, || change);
    }

    /// Watches an agent.
    pub(crate) fn watch_agent(&self, agent: Uuid) -> Subscription<AgentChange> {
        self.agents.subscribe(agent)
    }

    /// Announces that a prebuilt workspace was claimed. The payload is the JSON of a reinitialization event, or the bare
    /// reason that older servers published.
    pub(crate) fn claimed(&self, workspace: Uuid, payload: Arc<str>) {
        self.claims.publish(&workspace, || payload);
    }

    /// Waits for a prebuilt workspace to be claimed.
    pub(crate) fn watch_claims(&self, workspace: Uuid) -> Subscription<Arc<str>> {
        self.claims.subscribe(workspace)
    }
}
