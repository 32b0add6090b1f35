//! Begin and end of users' connections to an agent.

use std::net::IpAddr;

use agentsdk::rpc::proto::agent::ReportConnectionRequest;
use agentsdk::rpc::proto::agent::connection::{Action, Type};
use agentsdk::rpc::{Error, Result};
use uuid::Uuid;

use super::{AgentApi, failed, id, time};
use crate::store::agent_reports::{ConnectionLogRow, put_connection_log};

impl AgentApi {
    pub(super) async fn log_connection(&self, request: ReportConnectionRequest) -> Result<()> {
        let connection = request.connection.unwrap_or_default();
        let connection_id =
            id(&connection.id).map_err(|error| Error::new(format!("connection id from bytes: {error}")))?;
        if connection_id.is_nil() {
            return Err(Error::new("connection ID cannot be nil"));
        }
        let connected = match Action::try_from(connection.action) {
            Ok(Action::Connect) => true,
            Ok(Action::Disconnect) => false,
            Ok(other) => return Err(unknown("action", other.as_str_name())),
            Err(_) => return Err(unknown("action", &connection.action.to_string())),
        };
        let kind = match Type::try_from(connection.r#type) {
            Ok(other @ Type::Unspecified) => return Err(unknown("type", other.as_str_name())),
            Ok(kind) => kind.as_str_name().to_lowercase(),
            Err(_) => return Err(unknown("type", &connection.r#type.to_string())),
        };
        // Old clients give this name in the place of an address.
        let ip = if connection.ip == "localhost" { "127.0.0.1" } else { connection.ip.as_str() };
        let address: Option<IpAddr> = ip.parse().ok();
        if address.is_none() && !ip.is_empty() {
            tracing::warn!(ip, "an agent reports a connection from what is no address");
        }
        let workspace = self.state.store.workspace(self.caller.workspace.id).await;
        let workspace = workspace.map_err(|error| failed("get workspace by agent id", &error))?;
        let workspace = workspace.as_ref().unwrap_or(&self.caller.workspace);
        let at = time(connection.timestamp.as_ref());
        let row = ConnectionLogRow {
            id: Uuid::new_v4(),
            connect_time: at,
            organization_id: workspace.organization_id,
            workspace_owner_id: workspace.owner_id,
            workspace_id: workspace.id,
            workspace_name: workspace.name.clone(),
            agent_name: self.caller.agent.name.clone(),
            kind,
            ip: address.map(|address| address.to_string()),
            connection_id,
            code: (!connected).then_some(connection.status_code),
            disconnect_time: (!connected).then_some(at),
            disconnect_reason: connection.reason.filter(|reason| !reason.is_empty()),
        };
        put_connection_log(self.state.store.pool(), &row).await.map_err(|error| failed("export connection log", &error))
    }
}

fn unknown(what: &str, value: &str) -> Error {
    Error::new(format!("unknown agent connection {what} \"{value}\""))
}
