//! Where agents are in their lives, and what they say of themselves when they start.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use agentsdk::rpc::proto::agent::lifecycle::State;
use agentsdk::rpc::proto::agent::startup::Subsystem;
use agentsdk::rpc::proto::agent::{Lifecycle, Startup, UpdateLifecycleRequest, UpdateStartupRequest};
use agentsdk::rpc::{Error, Result};
use regex::Regex;

use super::{AgentApi, failed, time, timestamp};
use crate::clock::zero_time;
use crate::quote::quoted;

/// A version with a leading `v`, of which minor and patch may be missing.
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    let number = "(0|[1-9][0-9]*)";
    let pre = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
    let build = "[0-9A-Za-z-]+";
    Regex::new(&format!(r"^v{number}(\.{number}(\.{number}(-{pre}(\.{pre})*)?(\+{build}(\.{build})*)?)?)?$"))
        .expect("a constant pattern")
});

impl AgentApi {
    pub(super) async fn report_lifecycle(&self, request: UpdateLifecycleRequest) -> Result<Lifecycle> {
        let agent = self.agent().await?;
        let mut lifecycle = request.lifecycle.unwrap_or_default();
        let state = match State::try_from(lifecycle.state) {
            Ok(State::Unspecified) => return Err(Error::new(r#"unknown lifecycle state "STATE_UNSPECIFIED""#)),
            Ok(state) => state,
            Err(_) => return Err(Error::new(format!("unknown lifecycle state \"{}\"", lifecycle.state))),
        };
        let mut changed_at = time(lifecycle.changed_at.as_ref());
        if changed_at == zero_time() {
            changed_at = self.state.clock.now();
            lifecycle.changed_at = Some(timestamp(changed_at));
        }
        let (mut started_at, mut ready_at) = (agent.started_at, agent.ready_at);
        match state {
            // What starts anew is not ready.
            State::Starting => (started_at, ready_at) = (Some(changed_at), None),
            State::Ready | State::StartTimeout | State::StartError => {
                started_at = started_at.or(Some(changed_at));
                ready_at = Some(changed_at);
            }
            _ => {}
        }
        let name = state.as_str_name().to_lowercase();
        self.state
            .store
            .set_agent_lifecycle(agent.id, &name, started_at, ready_at)
            .await
            .map_err(|error| failed("update workspace agent lifecycle state", &error))?;
        self.state.workspaces.hub.workspace_changed(agent.workspace_id);
        Ok(lifecycle)
    }

    pub(super) async fn report_startup(&self, request: UpdateStartupRequest) -> Result<Startup> {
        let agent = self.agent().await?;
        let startup = request.startup.unwrap_or_default();
        if !VERSION.is_match(&startup.version) {
            return Err(Error::new(format!("invalid agent semver version {}", quoted(&startup.version))));
        }
        let mut subsystems = BTreeSet::new();
        for subsystem in &startup.subsystems {
            match Subsystem::try_from(*subsystem) {
                Ok(Subsystem::Unspecified) => {
                    return Err(Error::new(r#"invalid agent subsystem "SUBSYSTEM_UNSPECIFIED""#));
                }
                Ok(known) => subsystems.insert(known.as_str_name().to_lowercase()),
                Err(_) => return Err(Error::new(format!("invalid agent subsystem \"{subsystem}\""))),
            };
        }
        let subsystems: Vec<_> = subsystems.into_iter().collect();
        self.state
            .store
            .set_agent_startup(agent.id, &startup.version, &startup.expanded_directory, &subsystems, &self.version)
            .await
            .map_err(|error| failed("update workspace agent startup in database", &error))?;
        Ok(startup)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_as_go_takes_them() {
        for version in ["v2", "v2.10", "v2.34.0", "v2.34.0-devel+8c465a1", "v0.1.0-reference", "v1.2.3-rc.1+b.2"] {
            assert!(VERSION.is_match(version), "{version}");
        }
        for version in ["", "2.0.0", "v", "v01", "v1.2.3.4", "v1.2-rc", "v1.2.3-01", "v1.2.3-", "v1.2.3+"] {
            assert!(!VERSION.is_match(version), "{version}");
        }
    }
}
