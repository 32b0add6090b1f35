//! How the server reaches an agent: by the base URL or the connector that was registered for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;
use workspacesdk::AgentConn;

/// The agents that can be reached. Whoever starts one registers it: the development world its embedded agents, a test
/// its own.
#[derive(Default)]
pub(crate) struct Agents(Mutex<HashMap<Uuid, Arc<dyn Connect>>>);

impl std::fmt::Debug for Agents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agents").finish_non_exhaustive()
    }
}

/// Makes connections to one agent; each is the caller's own, with headers of its own.
pub(crate) trait Connect: Send + Sync {
    /// A new connection. Nothing is sent yet.
    fn connect(&self) -> Arc<dyn AgentConn>;
}

impl<F: Fn() -> Arc<dyn AgentConn> + Send + Sync> Connect for F {
    fn connect(&self) -> Arc<dyn AgentConn> {
        self()
    }
}

/// Nobody has said where the agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("agent is unreachable")]
pub(crate) struct Unreachable;

impl Agents {
    /// Says how an agent is reached, in place of what was said before.
    pub(crate) fn register(&self, agent: Uuid, connect: impl Connect + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(agent, Arc::new(connect));
    }

    /// Forgets how an agent is reached.
    pub(crate) fn forget(&self, agent: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&agent);
    }

    /// A connection to the agent. Nothing is sent yet: whether it answers shows with the first call.
    ///
    /// # Errors
    /// [`Unreachable`] when nobody has registered it.
    pub(crate) fn dial(&self, agent: Uuid) -> Result<Arc<dyn AgentConn>, Unreachable> {
        let connect = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&agent).cloned();
        connect.map(|connect| connect.connect()).ok_or(Unreachable)
    }
}
