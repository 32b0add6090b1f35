//! What the clients of real providers share: one HTTP client, requests, error answers, server-sent events.

use std::error::Error as _;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::aws::Signer;
use super::{ErrorCause, ModelError, ProviderResponse};

/// Longest body of an error answer that is read.
const MAX_ERROR_BODY: usize = 64 * 1024;
/// Longest whole answer that is read.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// Longest single event of a stream.
pub(super) const MAX_EVENT: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const USER_AGENT: &str = concat!("coder-agents/", env!("CARGO_PKG_VERSION"));

/// Where a provider is and how it knows us.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) base: Url,
    pub(crate) auth: Auth,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

/// How a request shows who we are.
#[derive(Debug, Clone)]
pub(crate) enum Auth {
    /// A key as `Authorization: Bearer …`.
    Bearer(SecretString),
    /// A key in a header of the provider's own.
    Header(&'static str, SecretString),
    /// A signature with AWS credentials.
    Aws(Signer),
}

/// The client for a URL. Connections over TLS are kept for the next request; a plain one is made anew, since it costs
/// nothing and simple servers close theirs without a word.
fn client(url: &Url) -> &'static reqwest::Client {
    static KEEPING: OnceLock<reqwest::Client> = OnceLock::new();
    static FRESH: OnceLock<reqwest::Client> = OnceLock::new();
    let build = |idle: usize| {
        reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(idle)
            .build()
            .expect("a client without options of its own can be built")
    };
    if url.scheme() == "https" { KEEPING.get_or_init(|| build(usize::MAX)) } else { FRESH.get_or_init(|| build(0)) }
}

impl Endpoint {
    /// The URL of a path, with its query if it has one, below the base.
    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
        url.set_path(&joined);
        if query.is_some() {
            url.set_query(query);
        }
        url
    }

    /// Posts a JSON body; an answer of status 400 and more is an error.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        headers: &[(String, String)],
    ) -> Result<reqwest::Response, ModelError> {
        let url = self.url(path);
        let client = client(&url);
        let mut request = client.post(url.clone()).header("Accept", "*/*");
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .build()
            .map_err(|error| ModelError::new(format!("build the request: {}", innermost(&error))))?;
        self.auth.apply(&mut request)?;
        let response = client.execute(request).await.map_err(|error| transport(&error, &url))?;
        if response.status().as_u16() < 400 { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Posts a JSON body and reads the JSON answer.
    pub(crate) async fn post_json(
        &self,
        path: &str,
        body: &Value,
        headers: &[(String, String)],
    ) -> Result<Value, ModelError> {
        let response = self.post(path, body, headers).await?;
        let bytes = read(response, MAX_BODY).await?;
        serde_json::from_slice(&bytes).map_err(|error| ModelError::new(format!("error parsing response json: {error}")))
    }
}

impl Auth {
    fn apply(&self, request: &mut reqwest::Request) -> Result<(), ModelError> {
        let (name, value) = match self {
            Self::Bearer(key) => ("Authorization", header_value(&format!("Bearer {}", key.expose_secret()))?),
            Self::Header(name, key) => (*name, header_value(key.expose_secret())?),
            Self::Aws(signer) => return signer.sign(request),
        };
        request.headers_mut().insert(name, value);
        Ok(())
    }
}

fn header_value(text: &str) -> Result<::http::HeaderValue, ModelError> {
    // What is wrong with it is not said: it is a secret.
    let mut value = ::http::HeaderValue::from_str(text)
        .map_err(|_| ModelError::new("the API key has characters that no header can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(response: reqwest::Response, limit: usize) -> Result<Bytes, ModelError> {
    let mut stream = response.bytes_stream();
    let mut body = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk.map_err(|error| broken(&error))?);
        if body.len() > limit {
            return Err(ModelError::new("the provider's answer is too large"));
        }
    }
    Ok(body.freeze())
}

/// What an error answer says.
async fn refusal(response: reqwest::Response) -> ModelError {
    let status = response.status().as_u16();
    let headers = ["retry-after", "retry-after-ms"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), response.headers().get(name)?.to_str().ok()?.to_owned())))
        .collect();
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(Ok(chunk)) = stream.next().await {
        body.extend_from_slice(&chunk);
        if body.len() >= MAX_ERROR_BODY {
            body.truncate(MAX_ERROR_BODY);
            break;
        }
    }
    let told = serde_json::from_slice::<Value>(&body).ok();
    let told = told.as_ref().and_then(|told| told["error"]["message"].as_str()).filter(|told| !told.is_empty());
    let message = told.map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
    // The classification expects an answer as it came over the wire and looks for the body behind the headers.
    let body = [b"\r\n\r\n".as_slice(), &body].concat();
    ModelError::refused(ProviderResponse { status, message, body, headers })
}

/// A request that got no answer, in the words that the classification knows.
fn transport(error: &reqwest::Error, url: &Url) -> ModelError {
    let words = if error.is_timeout() {
        "dial tcp: i/o timeout".to_owned()
    } else {
        io_words(error).unwrap_or_else(|| if error.is_connect() { innermost(error) } else { "EOF".to_owned() })
    };
    ModelError::caused(format!("Post \"{url}\": {words}"), ErrorCause::Url(url.to_string()))
}

/// An answer that broke off.
fn broken(error: &reqwest::Error) -> ModelError {
    ModelError::caused(io_words(error).unwrap_or_else(|| "unexpected EOF".to_owned()), ErrorCause::Eof)
}

fn io_words(error: &reqwest::Error) -> Option<String> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => return Some("connect: connection refused".to_owned()),
                io::ErrorKind::ConnectionReset => return Some("read: connection reset by peer".to_owned()),
                io::ErrorKind::BrokenPipe => return Some("write: broken pipe".to_owned()),
                io::ErrorKind::TimedOut => return Some("i/o timeout".to_owned()),
                io::ErrorKind::UnexpectedEof => return Some("unexpected EOF".to_owned()),
                _ => {}
            }
        }
        source = error.source();
    }
    None
}

fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text
}

/// A server-sent event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// The events of an answer. An event that no blank line ends is lost, as the format has it.
pub(crate) fn events(response: reqwest::Response) -> BoxStream<'static, Result<Event, ModelError>> {
    decode(bytes(response), false)
}

/// The events of an answer that may break off with an error as plain JSON on a line of its own, which is an event too.
pub(crate) fn events_or_error(response: reqwest::Response) -> BoxStream<'static, Result<Event, ModelError>> {
    decode(bytes(response), true)
}

/// The bytes of an answer as they come.
pub(super) fn bytes(response: reqwest::Response) -> BoxStream<'static, Result<Bytes, ModelError>> {
    response.bytes_stream().map_err(|error| broken(&error)).boxed()
}

fn decode(
    bytes: BoxStream<'static, Result<Bytes, ModelError>>,
    plain_errors: bool,
) -> BoxStream<'static, Result<Event, ModelError>> {
    let (buffer, event) = (BytesMut::new(), Event::default());
    let reader = Reader { bytes, buffer, event, has_data: false, plain_errors, ended: false };
    futures_util::stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((event, reader))
    })
    .boxed()
}

struct Reader {
    bytes: BoxStream<'static, Result<Bytes, ModelError>>,
    buffer: BytesMut,
    event: Event,
    has_data: bool,
    plain_errors: bool,
    ended: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Event, ModelError>> {
        loop {
            while let Some(at) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(at + 1);
                let line = line[..at].strip_suffix(b"\r").unwrap_or(&line[..at]);
                if let Some(event) = self.line(&String::from_utf8_lossy(line)) {
                    return Some(Ok(event));
                }
            }
            if self.ended {
                return None;
            }
            if self.buffer.len() + self.event.data.len() > MAX_EVENT {
                self.ended = true;
                self.buffer.clear();
                return Some(Err(ModelError::new("the provider sent an event that is too large")));
            }
            match self.bytes.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(error)) => {
                    self.ended = true;
                    self.buffer.clear();
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.has_data = true;
                self.event.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event.name),
            name if self.plain_errors && name.starts_with("{\"error\"") => {
                return Some(Event { name: String::new(), data: line.to_owned() });
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_are_found_however_the_bytes_are_cut() {
        let text = ": hi\r\n\r\nevent: a\r\ndata: 1\r\ndata: é\r\n\r\n\ndata:[DONE]\n\ndata: lost";
        for size in 1..text.len() {
            let chunks: Vec<_> = text.as_bytes().chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
            let events: Vec<_> = decode(futures_util::stream::iter(chunks).boxed(), false).try_collect().await.unwrap();
            let event = |name: &str, data: &str| Event { name: name.to_owned(), data: data.to_owned() };
            assert_eq!(events, [event("a", "1\né"), event("", "[DONE]")]);
        }
    }
}
