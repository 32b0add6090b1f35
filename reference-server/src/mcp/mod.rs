//! Connections to MCP servers: programs that offer tools to a model, over their standard input and output or over HTTP.
//!
//! A server is a stranger: whatever it does, a call of it ends in time and its answers are bounded.

mod error;
mod http;
mod lines;
mod results;
mod sse;
mod stdio;

use std::time::Duration;

use rmcp::model::{
    CallToolResult, CancelledNotificationParam, ClientCapabilities, ClientConfig, ClientRequest, CustomRequest,
    Implementation, ProtocolVersion, RequestId, Tool,
};
use rmcp::service::{PeerRequestOptions, RunningService, ServiceExt};
use rmcp::transport::IntoTransport;
use rmcp::{Peer, RoleClient, service};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::program::Program;

pub(crate) use error::McpError;
pub(crate) use http::HttpServer;
pub(crate) use stdio::StdioServer;

/// How long a server may take to start and to introduce itself, and to list its tools.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The versions of the protocol that are spoken, the one first that is asked for.
const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_03_26, ProtocolVersion::V_2024_11_05];
/// How long a server may take to end on its own.
const GRACE: Duration = Duration::from_secs(2);
/// How many tools of one server are taken.
const MOST_TOOLS: usize = 1_000;
/// How many pages its list may have.
const MOST_PAGES: usize = 100;

/// A server that has introduced itself. Dropping it ends the connection, and the program that serves.
#[derive(Debug)]
pub(crate) struct Connection {
    service: RunningService<RoleClient, ClientConfig>,
    /// The program that serves, if this side has started it.
    program: Option<Program>,
}

impl Connection {
    /// Starts a program and greets it. It is told that `client` is who talks to it.
    ///
    /// # Errors
    /// When it cannot be started, or does not introduce itself in time.
    pub(crate) async fn stdio(server: &StdioServer, client: &str, clock: &dyn Clock) -> Result<Self, McpError> {
        let (program, pipes) = server.start()?;
        let (output, input) = pipes;
        let service = greet((lines::mended(output), input), client, clock).await?;
        Ok(Self { service, program: Some(program) })
    }

    /// Greets a server over HTTP.
    ///
    /// # Errors
    /// When it cannot be reached, refuses, or does not introduce itself in time.
    pub(crate) async fn http(server: &HttpServer, client: &str, clock: &dyn Clock) -> Result<Self, McpError> {
        let service = if server.sse {
            let transport = in_time(clock, CONNECT_TIMEOUT, sse::SseTransport::open(server)).await?;
            greet(transport, client, clock).await?
        } else {
            greet(server.transport()?, client, clock).await?
        };
        Ok(Self { service, program: None })
    }

    /// The tools that the server lists, in its order.
    ///
    /// # Errors
    /// When it does not answer in time, or refuses.
    pub(crate) async fn tools(&self, clock: &dyn Clock) -> Result<Vec<Tool>, McpError> {
        in_time(clock, CONNECT_TIMEOUT, async {
            let mut tools = Vec::new();
            let mut cursor = None;
            for _ in 0..MOST_PAGES {
                let from = cursor.map_or_else(|| json!({}), |cursor: String| json!({"cursor": cursor}));
                let request = ClientRequest::CustomRequest(CustomRequest::new("tools/list", Some(from)));
                let page = results::tool_page(self.service.peer().send_request(request).await?)?;
                tools.extend(page.tools);
                cursor = page.next;
                if cursor.is_none() || tools.len() >= MOST_TOOLS {
                    break;
                }
            }
            tools.truncate(MOST_TOOLS);
            Ok(tools)
        })
        .await
    }

    /// Calls a tool, and tells the server to give up when nobody waits any more.
    ///
    /// # Errors
    /// When the server refuses, does not answer within `timeout`, is gone, or gives an answer that is none.
    pub(crate) async fn call(
        &self,
        tool: String,
        arguments: Option<Value>,
        timeout: Duration,
        clock: &dyn Clock,
    ) -> Result<CallToolResult, McpError> {
        // Not in the SDK's own form, which leaves out arguments that are null.
        let call = CustomRequest::new("tools/call", Some(json!({"name": tool, "arguments": arguments})));
        in_time(clock, timeout, async {
            let peer = self.service.peer();
            let options = PeerRequestOptions::no_options();
            let handle = peer.send_cancellable_request(ClientRequest::CustomRequest(call), options).await?;
            let mut waiting = Waiting { peer: peer.clone(), id: Some(handle.id.clone()) };
            let answer = handle.await_response().await;
            waiting.id = None;
            results::tool_result(answer?)
        })
        .await
    }

    /// Ends the connection, and the program that serves.
    pub(crate) async fn close(mut self) {
        // Its input ends with the connection, which tells a well-behaved program to end.
        let _ = self.service.close_with_timeout(GRACE).await;
        if let Some(program) = self.program.take() {
            program.end(GRACE).await;
        }
    }
}

/// A call that somebody waits for; dropping it tells the server to give up.
struct Waiting {
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) {
            let peer = self.peer.clone();
            runtime.spawn(async move { peer.notify_cancelled(CancelledNotificationParam::new(Some(id), None)).await });
        }
    }
}

/// Introduces both sides to each other.
async fn greet<T, E, A>(
    transport: T,
    client: &str,
    clock: &dyn Clock,
) -> Result<RunningService<RoleClient, ClientConfig>, McpError>
where
    T: IntoTransport<RoleClient, E, A>,
    E: std::error::Error + Send + Sync + 'static,
{
    let us = Implementation::new(client, env!("CARGO_PKG_VERSION"));
    let mut us = ClientConfig::new(ClientCapabilities::default(), us);
    us.protocol_version = VERSIONS[0].clone();
    let service = in_time(clock, CONNECT_TIMEOUT, async { Ok(us.serve(transport).await?) }).await?;
    let version = service.peer().peer_info().map(|server| server.protocol_version.clone());
    match version {
        Some(version) if VERSIONS.contains(&version) => Ok(service),
        _ => Err(McpError::new("the server speaks another version of the protocol")),
    }
}

async fn in_time<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = Result<T, McpError>>,
) -> Result<T, McpError> {
    tokio::select! {
        done = work => done,
        () = clock.sleep(limit) => Err(McpError::new(format!("the server did not answer within {} s", limit.as_secs()))),
    }
}

impl From<service::ServiceError> for McpError {
    fn from(error: service::ServiceError) -> Self {
        match error {
            service::ServiceError::McpError(refusal) => Self::new(refusal.message),
            service::ServiceError::TransportClosed => Self::new("the server is gone"),
            // Without the names that the SDK has for its parts.
            service::ServiceError::TransportSend(failed) => {
                Self::new(format!("transport error: {}", Self::caused_by(failed.error.as_ref())))
            }
            other => Self::caused_by(&other),
        }
    }
}

impl From<service::ClientInitializeError> for McpError {
    fn from(error: service::ClientInitializeError) -> Self {
        Self::caused_by(&error)
    }
}
