//! The older way over HTTP: one stream of events for what the server says, and a request for each message to it.

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use http::{HeaderMap, HeaderValue, header};
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use url::Url;

use super::McpError;
use super::http::{HttpServer, client};
use crate::model::ModelError;
use crate::model::http::{Event, events};

/// A stream that is open, and where messages to the server go.
pub(super) struct SseTransport {
    headers: HeaderMap,
    endpoint: Url,
    events: BoxStream<'static, Result<Event, ModelError>>,
}

impl SseTransport {
    /// Opens the stream and waits to be told where messages go.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or sends messages elsewhere.
    pub(super) async fn open(server: &HttpServer) -> Result<Self, McpError> {
        let (url, headers) = (server.url()?, server.headers()?);
        let request = client().get(url.clone()).headers(headers.clone()).header(header::ACCEPT, "text/event-stream");
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let mut events = events(response.map_err(|error| McpError::caused_by(&error))?);
        while let Some(Ok(event)) = events.next().await {
            if event.name != "endpoint" {
                continue;
            }
            let endpoint = url.join(event.data.trim()).map_err(|_| McpError::new("its endpoint is not valid"))?;
            // What it is sent can hold secrets, which are for it alone.
            if endpoint.origin() != url.origin() {
                return Err(McpError::new("its endpoint is at another origin"));
            }
            return Ok(Self { headers, endpoint, events });
        }
        Err(McpError::new("the server did not say where messages go"))
    }
}

impl Transport<RoleClient> for SseTransport {
    type Error = McpError;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), McpError>> + Send + 'static {
        let request = client().post(self.endpoint.clone()).headers(self.headers.clone());
        async move {
            let body = serde_json::to_string(&message).map_err(|error| McpError::new(error.to_string()))?;
            let json = HeaderValue::from_static("application/json");
            let answer = request.header(header::CONTENT_TYPE, json).body(body).send().await;
            let answer = answer.and_then(reqwest::Response::error_for_status);
            answer.map(drop).map_err(|error| McpError::caused_by(&error))
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let event = self.events.next().await?.ok()?;
            // A message that is not understood is passed over; who waits for it gives up in time.
            if matches!(event.name.as_str(), "" | "message")
                && let Ok(message) = serde_json::from_str(&event.data)
            {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), McpError> {
        self.events = stream::empty().boxed();
        Ok(())
    }
}
