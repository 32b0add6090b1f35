//! Calls about workspace agents, as those make them who may read their workspace.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, JsonSocket, Result};

api_trait! {
    /// Workspace agents, seen through the server.
    ///
    /// Besides those of every call, each fails with [`is_not_found`](crate::Error::is_not_found) if there is no such
    /// agent in the last build of a workspace that the caller may read. What asks the agent itself fails with
    /// [`is_bad_request`](crate::Error::is_bad_request) unless it is connected.
    pub trait WorkspaceAgentsApi {
        /// An agent. `GET /api/v2/workspaceagents/{workspaceagent}`.
        ///
        /// # Errors
        /// See above.
        async fn workspace_agent(&self, id: Uuid) -> WorkspaceAgent;

        /// What an agent has logged after the line with the number `after`; 0 for all.
        /// `GET /api/v2/workspaceagents/{workspaceagent}/logs`.
        ///
        /// # Errors
        /// See above.
        async fn workspace_agent_logs(&self, id: Uuid, after: i64) -> Vec<WorkspaceAgentLog>;

        /// The same, and what comes later, until another build takes the agent's place. Dropping the socket ends it.
        /// `GET /api/v2/workspaceagents/{workspaceagent}/logs?follow`.
        ///
        /// # Errors
        /// See above.
        async fn follow_workspace_agent_logs(&self, id: Uuid, after: i64) -> JsonSocket<Vec<WorkspaceAgentLog>>;

        /// The ports on which programs of the workspace listen, without those of apps and of services that are no web
        /// pages. `GET /api/v2/workspaceagents/{workspaceagent}/listening-ports`.
        ///
        /// # Errors
        /// See above.
        async fn workspace_agent_listening_ports(&self, id: Uuid) -> WorkspaceAgentListeningPortsResponse;

        /// The containers with all these labels. `GET /api/v2/workspaceagents/{workspaceagent}/containers`.
        ///
        /// # Errors
        /// See above.
        async fn workspace_agent_list_containers(&self, id: Uuid, labels: &BTreeMap<String, String>)
            -> WorkspaceAgentListContainersResponse;

        /// Makes the container of a dev container anew, in the background.
        /// `POST /api/v2/workspaceagents/{workspaceagent}/containers/devcontainers/{devcontainer}/recreate`.
        ///
        /// # Errors
        /// See above; [`is_forbidden`](crate::Error::is_forbidden) for who may only read.
        async fn workspace_agent_recreate_devcontainer(&self, id: Uuid, devcontainer: &str) -> Response;

        /// Removes a dev container with its container.
        /// `DELETE /api/v2/workspaceagents/{workspaceagent}/containers/devcontainers/{devcontainer}`.
        ///
        /// # Errors
        /// As for making it anew.
        async fn workspace_agent_delete_devcontainer(&self, id: Uuid, devcontainer: &str);
    }
}

#[async_trait::async_trait]
impl WorkspaceAgentsApi for Client {
    async fn workspace_agent(&self, id: Uuid) -> Result<WorkspaceAgent> {
        self.send(Request::get("/api/v2/workspaceagents/{workspaceagent}", &[&id]).expect(&[200])).await?.json()
    }

    async fn workspace_agent_logs(&self, id: Uuid, after: i64) -> Result<Vec<WorkspaceAgentLog>> {
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/logs", &[&id]);
        self.send(request.query_opt::<i64>("after", (after != 0).then_some(after)).expect(&[200])).await?.json_list()
    }

    async fn follow_workspace_agent_logs(&self, id: Uuid, after: i64) -> Result<JsonSocket<Vec<WorkspaceAgentLog>>> {
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/logs", &[&id]);
        self.json_socket(request.query_opt::<i64>("after", (after != 0).then_some(after)).query("follow", "")).await
    }

    async fn workspace_agent_listening_ports(&self, id: Uuid) -> Result<WorkspaceAgentListeningPortsResponse> {
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/listening-ports", &[&id]);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn workspace_agent_list_containers(
        &self,
        id: Uuid,
        labels: &BTreeMap<String, String>,
    ) -> Result<WorkspaceAgentListContainersResponse> {
        let pairs = labels.iter().map(|(key, value)| ("label".to_owned(), format!("{key}={value}")));
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/containers", &[&id]);
        self.send(request.query_pairs(pairs).expect(&[200])).await?.json()
    }

    async fn workspace_agent_recreate_devcontainer(&self, id: Uuid, devcontainer: &str) -> Result<Response> {
        let request = Request::post(
            "/api/v2/workspaceagents/{workspaceagent}/containers/devcontainers/{devcontainer}/recreate",
            &[&id, &devcontainer],
        );
        self.send(request.expect(&[202])).await?.json()
    }

    async fn workspace_agent_delete_devcontainer(&self, id: Uuid, devcontainer: &str) -> Result<()> {
        let request = Request::delete(
            "/api/v2/workspaceagents/{workspaceagent}/containers/devcontainers/{devcontainer}",
            &[&id, &devcontainer],
        );
        self.send(request.expect(&[204])).await.map(drop)
    }
}
