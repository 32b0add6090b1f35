//! What a server does for those who want to reach a workspace's agent.

use std::net::IpAddr;

use codersdk::__private::Request;
use codersdk::{Client, JsonSocket, Result, api_trait};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::BoxIo;
use crate::connection::{AgentConnectionInfo, ConnectionWatchEvent};
use crate::remote::SocketIo;

/// The host that a machine knows on which Coder Connect runs, before the suffix of the deployment's host names.
const CONNECT_MARK: &str = "is.coder--connect--enabled--right--now";
/// The first 48 bits of every address that Coder Connect gives out.
const SERVICE_PREFIX: [u16; 3] = [0xfd60, 0x627a, 0xa42b];

/// A terminal to join or to make, see [`AgentConnectionsApi::agent_reconnecting_pty`].
#[derive(Debug, Clone, Default)]
pub struct ReconnectingPtyOptions {
    /// The agent in whose workspace it runs.
    pub agent_id: Uuid,
    /// Id of the terminal: one that is known is joined, another is made.
    pub reconnect: Uuid,
    /// Its width in columns.
    pub width: u16,
    /// Its height in lines.
    pub height: u16,
    /// What runs in it; empty for a shell.
    pub command: String,
    /// Stands for the caller's session token, which is then not sent.
    pub signed_token: Option<SecretString>,
    /// The container that it runs in; empty for none.
    pub container: String,
    /// The user that it runs as in the container; empty for the container's own.
    pub container_user: String,
    /// What keeps it: `screen`, `buffered`, or empty for what there is.
    pub backend_type: String,
}

api_trait! {
    /// Ways to a workspace's agent, as the server knows them. A [`Client`] has these calls.
    ///
    /// ```no_run
    /// use workspacesdk::AgentConnectionsApi;
    ///
    /// async fn relays(client: &codersdk::Client, agent: uuid::Uuid) -> codersdk::Result<usize> {
    ///     let info = client.agent_connection_info(agent).await?;
    ///     Ok(info.derp_map.map_or(0, |map| map.regions.len()))
    /// }
    /// # let _ = relays;
    /// ```
    pub trait AgentConnectionsApi {
        /// How an agent can be reached through tunnels.
        /// `GET /api/v2/workspaceagents/{workspaceagent}/connection`.
        ///
        /// # Errors
        /// Besides those of every call: [`is_not_found`](codersdk::Error::is_not_found) if there is no such agent, or
        /// none that the caller may see.
        async fn agent_connection_info(&self, agent: Uuid) -> AgentConnectionInfo;

        /// What holds for the tunnels to all agents. `GET /api/v2/workspaceagents/connection`.
        ///
        /// # Errors
        /// Those of every call.
        async fn agent_connection_info_generic(&self) -> AgentConnectionInfo;

        /// Follows how far a workspace's build and its agent are, until the agent can be reached and after: a
        /// WebSocket. `agent_name` may be empty where the workspace has one agent.
        /// `GET /api/v2/workspaces/{workspace}/agent-connection-watch`.
        ///
        /// # Errors
        /// Besides those of every call: [`is_not_found`](codersdk::Error::is_not_found) if there is no such workspace.
        async fn workspace_agent_connection_watch(&self, workspace: Uuid, agent_name: &str)
            -> JsonSocket<ConnectionWatchEvent>;

        /// Joins or makes a terminal in a workspace that outlives this connection: what is read is what it shows,
        /// what is written is one [`ReconnectingPtyRequest`](crate::connection::ReconnectingPtyRequest) after the
        /// other as JSON. Flush after each. `GET /api/v2/workspaceagents/{workspaceagent}/pty`, a WebSocket.
        ///
        /// # Errors
        /// Besides those of every call: [`is_not_found`](codersdk::Error::is_not_found) if there is no such agent, or
        /// the caller may not use it; [`is_bad_request`](codersdk::Error::is_bad_request) while it is not connected.
        async fn agent_reconnecting_pty(&self, options: ReconnectingPtyOptions) -> BoxIo;

        /// Whether this machine is connected to all workspaces of the deployment (Coder Connect), so that they can be
        /// reached by their host names. Without a `hostname_suffix` the server is asked for it. A name that cannot be
        /// looked up, for whatever reason, is taken for a sign that it is not.
        ///
        /// # Errors
        /// Those of [`agent_connection_info_generic`](Self::agent_connection_info_generic).
        async fn is_coder_connect_running(&self, hostname_suffix: Option<String>) -> bool;
    }
}

#[async_trait::async_trait]
impl AgentConnectionsApi for Client {
    async fn agent_connection_info(&self, agent: Uuid) -> Result<AgentConnectionInfo> {
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/connection", &[&agent]);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn agent_connection_info_generic(&self) -> Result<AgentConnectionInfo> {
        self.send(Request::get("/api/v2/workspaceagents/connection", &[]).expect(&[200])).await?.json()
    }

    async fn workspace_agent_connection_watch(
        &self,
        workspace: Uuid,
        agent_name: &str,
    ) -> Result<JsonSocket<ConnectionWatchEvent>> {
        let request = Request::get("/api/v2/workspaces/{workspace}/agent-connection-watch", &[&workspace]);
        self.json_socket(request.query_opt::<&str>("agent_name", given(agent_name))).await
    }

    async fn agent_reconnecting_pty(&self, options: ReconnectingPtyOptions) -> Result<BoxIo> {
        const SIGNED_TOKEN: &str = "coder_signed_app_token_23db1dde";
        let signed = options.signed_token.as_ref().map(ExposeSecret::expose_secret).filter(|token| !token.is_empty());
        let request = Request::get("/api/v2/workspaceagents/{workspaceagent}/pty", &[&options.agent_id])
            .query_opt::<&str>("backend_type", given(&options.backend_type))
            .query_opt::<&str>(SIGNED_TOKEN, signed)
            .query("command", &options.command)
            .query_opt::<&str>("container", given(&options.container))
            .query_opt::<&str>("container_user", given(&options.container_user))
            .query("height", options.height)
            .query("reconnect", options.reconnect)
            .query("width", options.width);
        let socket = match signed {
            Some(_) => self.without_session_token().websocket(request).await?,
            None => self.websocket(request).await?,
        };
        Ok(Box::new(SocketIo::new(socket)))
    }

    async fn is_coder_connect_running(&self, hostname_suffix: Option<String>) -> Result<bool> {
        let suffix = match hostname_suffix.filter(|suffix| !suffix.is_empty()) {
            Some(suffix) => suffix,
            None => self.agent_connection_info_generic().await?.hostname_suffix,
        };
        // The dot at the end keeps search domains out of it.
        let found = tokio::net::lookup_host((format!("{CONNECT_MARK}.{suffix}."), 0)).await;
        // Networks that want a log-in first answer every name with an address of their own.
        Ok(found.is_ok_and(|mut addresses| addresses.any(|address| is_service(address.ip()))))
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Whether an address is one of those that Coder Connect gives out.
fn is_service(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.segments()[..3] == SERVICE_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_coder_connect() {
        assert!(is_service("fd60:627a:a42b::53".parse().unwrap()));
        for other in ["fd60:627a:a42c::1", "::1", "10.0.0.1", "fd7a:115c:a1e0::1"] {
            assert!(!is_service(other.parse().unwrap()), "{other}");
        }
    }
}
