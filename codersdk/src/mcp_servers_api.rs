//! Calls about MCP servers.

use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

api_trait! {
    /// MCP servers whose tools chats can use, and the caller's sign-ins to them.
    ///
    /// Administrators add, change and delete servers; everybody else sees those that are enabled, without their
    /// addresses.
    ///
    /// ```
    /// use codersdk::{McpServersApi, Result};
    ///
    /// async fn names(servers: &dyn McpServersApi) -> Result<Vec<String>> {
    ///     Ok(servers.mcp_server_configs().await?.into_iter().map(|server| server.display_name).collect())
    /// }
    /// ```
    pub trait McpServersApi {
        /// Lists the servers.
        ///
        /// `GET /api/experimental/mcp/servers`
        async fn mcp_server_configs(&self) -> Vec<McpServerConfig>;

        /// Returns a server.
        ///
        /// `GET /api/experimental/mcp/servers/{id}`
        async fn mcp_server_config_by_id(&self, id: Uuid) -> McpServerConfig;

        /// Adds a server.
        ///
        /// `POST /api/experimental/mcp/servers`
        async fn create_mcp_server_config(&self, req: CreateMcpServerConfigRequest) -> McpServerConfig;

        /// Changes what is set in the request.
        ///
        /// `PATCH /api/experimental/mcp/servers/{id}`
        async fn update_mcp_server_config(&self, id: Uuid, req: UpdateMcpServerConfigRequest) -> McpServerConfig;

        /// Deletes a server.
        ///
        /// `DELETE /api/experimental/mcp/servers/{id}`
        async fn delete_mcp_server_config(&self, id: Uuid);

        /// Forgets the caller's sign-in to a server; also when there is none.
        ///
        /// `DELETE /api/experimental/mcp/servers/{id}/oauth2/disconnect`
        async fn mcp_server_oauth2_disconnect(&self, id: Uuid);
    }
}

#[async_trait::async_trait]
impl McpServersApi for Client {
    async fn mcp_server_configs(&self) -> Result<Vec<McpServerConfig>> {
        self.send(Request::get("/api/experimental/mcp/servers", &[]).expect(&[200])).await?.json_list()
    }

    async fn mcp_server_config_by_id(&self, id: Uuid) -> Result<McpServerConfig> {
        self.send(Request::get("/api/experimental/mcp/servers/{id}", &[&id]).expect(&[200])).await?.json()
    }

    async fn create_mcp_server_config(&self, req: CreateMcpServerConfigRequest) -> Result<McpServerConfig> {
        self.send(Request::post("/api/experimental/mcp/servers", &[]).json(&req).expect(&[201])).await?.json()
    }

    async fn update_mcp_server_config(&self, id: Uuid, req: UpdateMcpServerConfigRequest) -> Result<McpServerConfig> {
        self.send(Request::patch("/api/experimental/mcp/servers/{id}", &[&id]).json(&req).expect(&[200])).await?.json()
    }

    async fn delete_mcp_server_config(&self, id: Uuid) -> Result<()> {
        self.send(Request::delete("/api/experimental/mcp/servers/{id}", &[&id]).expect(&[204])).await.map(drop)
    }

    async fn mcp_server_oauth2_disconnect(&self, id: Uuid) -> Result<()> {
        let request = Request::delete("/api/experimental/mcp/servers/{id}/oauth2/disconnect", &[&id]);
        self.send(request.expect(&[204])).await.map(drop)
    }
}

impl Client {
    /// Where a browser signs the caller in to an MCP server.
    pub fn mcp_server_oauth2_connect_url(&self, id: Uuid) -> String {
        let base = self.url().trim_end_matches('/');
        format!("{base}/api/experimental/mcp/servers/{id}/oauth2/connect")
    }
}
