//! Settings of a connection to an agent.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use codersdk::{Error, Result};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::HttpAgentConn;
use super::connector::{Connector, Tcp, Unix};
use crate::headers::ExtraHeaders;

/// What stands for an agent behind a Unix socket, which has no host.
const LOCAL: &str = "http://localhost";

/// Bounds of calls, all settable in the builder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) call: Duration,
    pub(super) long_call: Duration,
    pub(super) idle: Duration,
    pub(super) max_body: usize,
    pub(super) max_message: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(60),
            long_call: Duration::from_secs(6 * 60),
            idle: Duration::from_secs(60),
            max_body: 32 << 20,
            max_message: 4 << 20,
        }
    }
}

/// Settings of an [`HttpAgentConn`].
#[must_use]
pub struct HttpAgentConnBuilder {
    url: String,
    connector: Option<Arc<dyn Connector>>,
    token: Option<SecretString>,
    headers: ExtraHeaders,
    limits: Limits,
}

impl HttpAgentConnBuilder {
    pub(super) fn new(url: String) -> Self {
        let (token, headers, limits) = (None, ExtraHeaders::new(), Limits::default());
        Self { url, connector: None, token, headers, limits }
    }

    /// Reaches the agent by a Unix socket at this path. The URL then only names the host and the path before the
    /// agent's routes.
    pub fn unix_socket(self, path: impl Into<PathBuf>) -> Self {
        self.connector(Unix(path.into()))
    }

    /// Reaches the agent by connections of your own, such as those of a tunnel. The URL then only names the host and
    /// the path before the agent's routes.
    pub fn connector(mut self, connector: impl Connector) -> Self {
        self.connector = Some(Arc::new(connector));
        self
    }

    /// The token that the agent wants to see. Never shown, and marked as a secret on the way.
    pub fn session_token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Headers that go with every call; see [`set_extra_headers`](crate::AgentConn::set_extra_headers).
    pub fn extra_headers(mut self, headers: ExtraHeaders) -> Self {
        self.headers = headers;
        self
    }

    /// How long opening a connection may take. 10 seconds by default.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// How long a call may take that the agent answers at once, and an upgrade to a WebSocket. One minute by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limits.call = limit;
        self
    }

    /// How long a call may take that waits in the workspace: for a process, a tool, the desktop, a container, a file
    /// that is written. Six minutes by default, one more than agents wait for a process.
    pub fn long_timeout(mut self, limit: Duration) -> Self {
        self.limits.long_call = limit;
        self
    }

    /// How long the agent may be silent within a file or on a WebSocket. On a WebSocket it is asked for a sign of
    /// life after half of that. One minute by default.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle = limit;
        self
    }

    /// The largest answer that is read into memory, in bytes; files and recordings do not count, logs may have 128
    /// MiB. 32 MiB by default.
    pub fn max_body_size(mut self, bytes: usize) -> Self {
        self.limits.max_body = bytes;
        self
    }

    /// The largest message on a WebSocket, in bytes; the desktop's may have 64 MiB. 4 MiB by default.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.limits.max_message = bytes;
        self
    }

    /// Makes the connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) for a URL that is none, for `https` without a connector of
    /// your own that speaks TLS, and for a token or headers that no request can carry.
    pub fn build(self) -> Result<HttpAgentConn> {
        let fault = |what: &str| Error::request(format!("agent URL: {what}"));
        if let Some(path) = self.url.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return Self { url: LOCAL.to_owned(), ..self }.unix_socket(path).build();
        }
        let mut url = Url::parse(&self.url).map_err(|error| fault(&error.to_string()))?;
        let host = url.host_str().ok_or_else(|| fault("no host"))?;
        let connector = match (self.connector, url.scheme()) {
            (Some(connector), "http" | "https") => connector,
            (None, "http") => {
                // Brackets of an IPv6 address are of the URL only.
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                Arc::new(Tcp { host, port: url.port_or_known_default().unwrap_or(80) })
            }
            (None, "https") => return Err(fault("https needs a connector that speaks TLS")),
            (_, other) => return Err(fault(&format!("unsupported scheme {other:?}"))),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fault("it must not hold a user name or a password"));
        }
        // What is within the connection is the connector's business: the client below speaks plain HTTP.
        if url.set_scheme("http").is_err() {
            return Err(fault("unsupported scheme"));
        }
        url.set_query(None);
        url.set_fragment(None);
        let token = self.token.map(|token| token_header(&token)).transpose()?;
        let headers = header_map(&self.headers)?;
        Ok(HttpAgentConn::new(url, connector, token, headers, self.limits))
    }
}

impl fmt::Debug for HttpAgentConnBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAgentConnBuilder")
            .field("connector", &self.connector)
            .field("has_session_token", &self.token.is_some())
            .field("headers", &self.headers)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

fn token_header(token: &SecretString) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(token.expose_secret())
        .map_err(|_| Error::request("the session token has characters not allowed in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Extra headers as they are sent.
pub(super) fn header_map(headers: &ExtraHeaders) -> Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.pairs() {
        let name: HeaderName = name.parse().map_err(|_| Error::request(format!("{name:?} is no header name")))?;
        let mut value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| Error::request(format!("the value of header {name} has characters not allowed there")))?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Ok(map)
}
