//! Servers that are reached over HTTP.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use url::Url;

use super::McpError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a server is, and the headers that it is sent with every request.
#[derive(Clone)]
pub(crate) struct HttpServer {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Whether it speaks the older form of the protocol over HTTP, with server-sent events.
    pub(crate) sse: bool,
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Both can hold secrets.
        f.debug_struct("HttpServer").finish_non_exhaustive()
    }
}

impl HttpServer {
    pub(super) fn transport(&self) -> Result<StreamableHttpClientTransport<reqwest::Client>, McpError> {
        let headers = self.headers()?.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
        let config = StreamableHttpClientTransportConfig::with_uri(self.url()?.as_str()).custom_headers(headers);
        Ok(StreamableHttpClientTransport::with_client(client(), config))
    }

    pub(super) fn url(&self) -> Result<Url, McpError> {
        Url::parse(&self.url).map_err(|error| McpError::new(format!("its URL is not valid: {error}")))
    }

    pub(super) fn headers(&self) -> Result<HeaderMap, McpError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let invalid = || McpError::new(format!("the header {name:?} is not valid"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// The client for all servers. It follows no redirects: their headers are for them alone. Connections are made anew,
/// since simple servers close theirs without a word.
pub(super) fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT
        .get_or_init(|| {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client without options of its own can be built")
        })
        .clone()
}
