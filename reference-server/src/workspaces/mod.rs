//! Workspaces: how they are built, how their agents are known and reached, and who is told when something changes.

pub(crate) mod activity;
pub(crate) mod build;
pub(crate) mod claim;
pub(crate) mod connection;
pub(crate) mod dial;
pub(crate) mod hub;
pub(crate) mod objects;
pub(crate) mod plan;
pub(crate) mod task_name;
pub(crate) mod task_view;
pub(crate) mod template_view;
pub(crate) mod view;

/// What the server keeps in memory of workspaces.
#[derive(Debug, Default)]
pub(crate) struct Workspaces {
    /// Agents that announce how they can be reached.
    pub(crate) coordinator: crate::agentapi::coordinator::Coordinator,
    /// Tells of changes.
    pub(crate) hub: hub::Hub,
    /// Where agents are reached.
    pub(crate) agents: dial::Agents,
    /// Carries the packets of agents that cannot reach each other.
    pub(crate) relay: crate::derp::Relay,
    /// Lets agents keep their place in the network.
    pub(crate) resume_tokens: crate::agentapi::ResumeTokens,
}
