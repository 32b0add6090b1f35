//! `Debug` of messages that hold tokens and secrets, without them.

use std::fmt;

use super::proto::agent::{Manifest, SubAgent, WorkspaceSecret};
use super::proto::tailnet::RefreshResumeTokenResponse;

const REDACTED: &str = "[redacted]";

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.environment_variables.keys().collect();
        f.debug_struct("Manifest")
            .field("agent_id", &self.agent_id)
            .field("agent_name", &self.agent_name)
            .field("owner_username", &self.owner_username)
            .field("workspace_id", &self.workspace_id)
            .field("workspace_name", &self.workspace_name)
            .field("environment_variables", &variables)
            .field("directory", &self.directory)
            .field("scripts", &self.scripts.len())
            .field("apps", &self.apps)
            .field("metadata", &self.metadata)
            .field("devcontainers", &self.devcontainers)
            .field("secrets", &self.secrets)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WorkspaceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkspaceSecret")
            .field("env_name", &self.env_name)
            .field("file_path", &self.file_path)
            .field("value", &REDACTED)
            .finish()
    }
}

impl fmt::Debug for SubAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubAgent")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("auth_token", &REDACTED)
            .finish()
    }
}

impl fmt::Debug for RefreshResumeTokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshResumeTokenResponse")
            .field("token", &REDACTED)
            .field("refresh_in", &self.refresh_in)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}
