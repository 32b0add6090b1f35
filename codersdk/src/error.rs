//! What can go wrong in a call, and how to tell the cases apart.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::{ChatUsageLimitExceededResponse, Response, ValidationError};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much of an answer's body an [`Error`] keeps.
pub const ERROR_BODY_LIMIT: usize = 64 << 10;

/// How much of a body that is no JSON the [detail](Error::detail) shows.
const DETAIL_LIMIT: usize = 2048;

/// How much of a JSON body without a message the [detail](Error::detail) shows.
const UNTITLED_LIMIT: usize = 1024;

/// Why a call failed.
///
/// The type is opaque: ask it with the predicates (`is_…`) and read it with the accessors. Its `Display` names the
/// request and says what the server said, secrets left out; it is made for logs and terminals.
/// [`friendly`](Self::friendly) is the short form for people.
///
/// ```
/// # use codersdk::Error;
/// fn explain(error: &Error) -> String {
///     if error.is_not_found() {
///         return "there is no such chat, or it is not yours".to_owned();
///     }
///     if let Some(limit) = error.usage_limit() {
///         return format!("spent {} of {} micro-dollars", limit.spent_micros, limit.limit_micros);
///     }
///     error.friendly()
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    method: Option<Cow<'static, str>>,
    url: Option<String>,
    status: Option<u16>,
    response: Response,
    body: Option<Bytes>,
    body_truncated: bool,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    json_path: Option<String>,
    close_code: Option<u16>,
    location: Option<String>,
    source: Option<Source>,
}

/// What failed. Private, so that a finer distinction later breaks nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The server answered with a status that the call does not accept.
    Api,
    /// No connection came about: refused, name not found, TLS failed.
    Connect,
    /// A time limit passed.
    Timeout,
    /// The connection broke, or the body ended early.
    Transport,
    /// The answer is not what the call expects.
    Decode,
    /// The answer or frame is larger than the limit.
    TooLarge,
    /// The request cannot be made from these arguments.
    Request,
    /// The client's settings are wrong.
    Config,
    /// The implementation of the trait does not offer this call.
    Unsupported,
    /// The peer closed the WebSocket.
    Closed,
    /// The server sent an error as an event of a stream.
    Event,
}

impl Error {
    #[doc(hidden)]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            method: None,
            url: None,
            status: None,
            response: Response { message: message.into(), ..Response::default() },
            body: None,
            body_truncated: false,
            request_id: None,
            retry_after: None,
            json_path: None,
            close_code: None,
            location: None,
            source: None,
        }))
    }

    /// An error that the server would answer with: for tests and for hand-written implementations of the API traits.
    ///
    /// ```
    /// let error = codersdk::Error::api(404, "Resource not found or you do not have access to this resource");
    /// assert!(error.is_not_found());
    /// ```
    pub fn api(status: u16, message: impl Into<String>) -> Self {
        Self::from_response(status, Response { message: message.into(), ..Response::default() })
    }

    /// An error that the server would answer with, with detail and validations.
    pub fn from_response(status: u16, response: Response) -> Self {
        let mut error = Self::new(Kind::Api, "");
        error.0.body = serde_json::to_vec(&response).ok().map(Bytes::from);
        error.0.response = response;
        error.0.status = Some(status);
        error
    }

    /// The answer of a trait method that an implementation does not offer. The default bodies of the API traits
    /// give it, so that a hand-written fake implements only what it needs.
    pub fn unsupported(method: &str) -> Self {
        Self::new(Kind::Unsupported, format!("{method} is not supported here"))
    }

    /// An error about arguments from which no request can be made.
    #[doc(hidden)]
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(Kind::Request, message)
    }

    #[doc(hidden)]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    #[doc(hidden)]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the request, unless something closer to it did so already. `url` must be free of secrets.
    #[doc(hidden)]
    pub fn with_request(mut self, method: &http::Method, url: &str) -> Self {
        self.0.method.get_or_insert_with(|| match method.as_str() {
            "GET" => Cow::Borrowed("GET"),
            "POST" => Cow::Borrowed("POST"),
            other => Cow::Owned(other.to_owned()),
        });
        self.0.url.get_or_insert_with(|| url.to_owned());
        self
    }

    pub(crate) fn with_close(mut self, code: Option<u16>) -> Self {
        self.0.close_code = code;
        self
    }

    /// From a failure of the transport below us, whose own words may hold the whole URL: it is taken out.
    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let kind = if error.is_timeout() {
            Kind::Timeout
        } else if error.is_connect() {
            Kind::Connect
        } else if error.is_builder() {
            Kind::Request
        } else {
            Kind::Transport
        };
        let error = error.without_url();
        let message = chain(&error);
        Self::new(kind, message).with_source(error)
    }

    #[doc(hidden)]
    pub fn timeout(what: &str, after: Duration) -> Self {
        Self::new(Kind::Timeout, format!("{what} timed out after {after:?}"))
    }

    /// From an answer that the call does not accept.
    #[doc(hidden)]
    pub fn from_answer(status: u16, headers: &http::HeaderMap, body: &Bytes, truncated: bool) -> Self {
        let (response, source) = read_error_body(status, headers, body);
        let mut error = Self::new(Kind::Api, "");
        let inner = &mut error.0;
        inner.response = response;
        inner.source = source;
        inner.status = Some(status);
        inner.body_truncated = truncated || body.len() > ERROR_BODY_LIMIT;
        // A slice would keep the whole buffer alive.
        inner.body = Some(if body.len() > ERROR_BODY_LIMIT {
            Bytes::copy_from_slice(&body[..ERROR_BODY_LIMIT])
        } else {
            body.clone()
        });
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        inner.request_id = text("x-coder-request-id").map(str::to_owned);
        inner.retry_after = text("retry-after").and_then(crate::retry::parse_retry_after);
        if (300..400).contains(&status) {
            inner.location = text("location").map(crate::request::redact_url);
        }
        error
    }

    /// From an answer with an accepted status whose body cannot be read as what the call expects.
    pub(crate) fn decode(
        status: u16,
        body: &Bytes,
        message: String,
        path: Option<String>,
        source: Option<Source>,
    ) -> Self {
        let mut error = Self::new(Kind::Decode, message);
        let inner = &mut error.0;
        inner.status = Some(status);
        inner.body_truncated = body.len() > ERROR_BODY_LIMIT;
        inner.body = Some(Bytes::copy_from_slice(&body[..body.len().min(ERROR_BODY_LIMIT)]));
        inner.json_path = path;
        inner.source = source;
        error
    }

    /// From a message of a stream that cannot be read as what the stream carries.
    pub(crate) fn decode_event(data: &Bytes, message: String, path: Option<String>, source: Source) -> Self {
        let mut error = Self::decode(0, data, message, path, Some(source));
        error.0.status = None;
        error
    }

    /// From an error that the server sent as an event of a stream.
    pub(crate) fn event(response: Response) -> Self {
        let mut error = Self::new(Kind::Event, "");
        error.0.response = response;
        error
    }

    /// Whether the server answered 404: there is no such thing, or the caller may not see it.
    pub fn is_not_found(&self) -> bool {
        self.is_status(404)
    }

    /// Whether the server answered 409: the thing is in a state that does not allow this, or the spend limit is
    /// reached (see [`usage_limit`](Self::usage_limit)).
    pub fn is_conflict(&self) -> bool {
        self.is_status(409)
    }

    /// Whether the server answered 401: no session token, or one that is not valid (any more).
    pub fn is_unauthorized(&self) -> bool {
        self.is_status(401)
    }

    /// Whether the server answered 403: the token is valid, its user may not do this.
    pub fn is_forbidden(&self) -> bool {
        self.is_status(403)
    }

    /// Whether the server answered 400 or 422: the request has a fault, often told by
    /// [`validations`](Self::validations).
    pub fn is_bad_request(&self) -> bool {
        self.is_status(400) || self.is_status(422)
    }

    /// Whether the server answered 410: the route is retired, or the thing was deleted.
    pub fn is_gone(&self) -> bool {
        self.is_status(410)
    }

    /// Whether the server answered 429. [`retry_after`](Self::retry_after) tells for how long, if the server did.
    pub fn is_rate_limited(&self) -> bool {
        self.is_status(429)
    }

    /// Whether the server answered with a status of 500 or more.
    pub fn is_server_error(&self) -> bool {
        self.0.kind == Kind::Api && self.0.status.is_some_and(|status| status >= 500)
    }

    /// Whether the server answered at all, with a status that the call does not accept.
    pub fn is_api(&self) -> bool {
        self.0.kind == Kind::Api
    }

    /// Whether a time limit passed: of an attempt, of the whole call, of connecting, or of a silent stream.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == Kind::Timeout
    }

    /// Whether no connection came about: refused, name not found, TLS failed.
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// Whether the connection broke before the answer was complete.
    pub fn is_interrupted(&self) -> bool {
        self.0.kind == Kind::Transport
    }

    /// Whether an answer or event came that is not what the call expects: another content type, invalid JSON, a
    /// wrong shape. [`json_path`](Self::json_path) tells where, [`body`](Self::body) shows what.
    pub fn is_decode(&self) -> bool {
        self.0.kind == Kind::Decode
    }

    /// Whether an answer, a frame or an event was larger than the client takes.
    pub fn is_too_large(&self) -> bool {
        self.0.kind == Kind::TooLarge
    }

    /// Whether the fault is in the arguments or in the client's settings: nothing was sent.
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.0.kind, Kind::Request | Kind::Config)
    }

    /// Whether the implementation of the trait does not offer this call.
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == Kind::Unsupported
    }

    /// Whether the peer closed the stream; [`close_code`](Self::close_code) tells with which code.
    pub fn is_closed(&self) -> bool {
        self.0.kind == Kind::Closed
    }

    /// Whether the server sent it as an event of a stream.
    pub fn is_event(&self) -> bool {
        self.0.kind == Kind::Event
    }

    /// Whether the same call may succeed a little later: no connection, a broken one, a time limit, 429, or a 502,
    /// 503 or 504. It does not say that repeating is harmless: for a call that creates something, that is for the
    /// caller to judge.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::Connect | Kind::Timeout | Kind::Transport | Kind::Closed => true,
            Kind::Api => matches!(self.0.status, Some(408 | 429 | 502 | 503 | 504)),
            _ => false,
        }
    }

    /// The status of the answer, if one came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The method of the request.
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The URL of the request, without user name and password and with the values of secret query parameters
    /// replaced.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// What the server said, or for failures without an answer, what happened.
    pub fn message(&self) -> &str {
        &self.0.response.message
    }

    /// What the server said further, for those who look for the cause. For an answer that is no JSON, the
    /// beginning of its body.
    pub fn detail(&self) -> Option<&str> {
        self.0.response.detail.as_deref().filter(|detail| !detail.is_empty())
    }

    /// What is wrong with single fields of the request.
    pub fn validations(&self) -> &[ValidationError] {
        self.0.response.validations.as_deref().unwrap_or_default()
    }

    /// What the user could do about it, where the client knows something: on 401, to log in.
    pub fn helper(&self) -> Option<&'static str> {
        self.is_unauthorized().then_some("Try logging in using 'coder login'.")
    }

    /// The server's id of the request (`X-Coder-Request-Id`), by which it is found in the server's log.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the server asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The body of the answer as it came, up to [`ERROR_BODY_LIMIT`] bytes.
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }

    /// Whether [`body`](Self::body) lacks the end of the answer's body.
    pub fn is_body_truncated(&self) -> bool {
        self.0.body_truncated
    }

    /// Where in the JSON of the answer decoding failed, such as `chats[3].created_at`.
    pub fn json_path(&self) -> Option<&str> {
        self.0.json_path.as_deref()
    }

    /// The code with which the peer closed the WebSocket.
    pub fn close_code(&self) -> Option<u16> {
        self.0.close_code
    }

    /// Where the server wanted to send the client, for a redirect that was not followed since it leads to another
    /// origin, which must not see the session token.
    pub fn redirect_location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Reads the answer's body as a type of its own, for answers that say more than [`Response`].
    pub fn body_as<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.0.body.as_deref()?).ok()
    }

    /// What the server tells about the spend limit, if that is why it refused the call (409).
    pub fn usage_limit(&self) -> Option<ChatUsageLimitExceededResponse> {
        if !self.is_conflict() {
            return None;
        }
        // Every 409 has a message, so the shape alone does not tell.
        let value: serde_json::Value = self.body_as()?;
        value.get("limit_micros").filter(|limit| limit.is_number())?;
        serde_json::from_value(value).ok()
    }

    /// The message for people: what the server said, what could be done, and the faults of single fields, a line
    /// each.
    pub fn friendly(&self) -> String {
        let message = self.message();
        let mut text = format!("{}. {}", message.strip_suffix('.').unwrap_or(message), self.helper().unwrap_or(""));
        for validation in self.validations() {
            text.push_str(&format!("\n- {}: {}", validation.field, validation.detail));
        }
        text
    }

    fn is_status(&self, status: u16) -> bool {
        self.0.kind == Kind::Api && self.0.status == Some(status)
    }
}

/// The causes of a failure in one line: the outer ones alone say little ("error sending request").
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// What an answer with an unaccepted status says.
fn read_error_body(status: u16, headers: &http::HeaderMap, body: &[u8]) -> (Response, Option<Source>) {
    let says = |message: String, detail: String| Response { message, detail: Some(detail), ..Response::default() };
    let content_type = headers.get(http::header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let content_type = content_type.unwrap_or_default();
    if !is_json(&content_type) {
        let detail = if body.is_empty() { "no response body".to_owned() } else { cut(body, DETAIL_LIMIT) };
        return (says(format!("unexpected non-JSON response \"{content_type}\""), detail), None);
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return (Response { message: "empty response body".to_owned(), ..Response::default() }, None);
    }
    // What follows the first value is of no interest.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Option<Response>>();
    let first = match body.trim_ascii_start().first() {
        // A list would count as the fields in order.
        Some(b'[') => Some(Err(serde::de::Error::custom("expected an object, found a list"))),
        _ => values.next(),
    };
    match first {
        Some(Ok(response)) => {
            let response = response.unwrap_or_default();
            if response.message.is_empty() {
                let message = format!("unexpected status code {status}, response has no message");
                let text = says(message, cut(body, UNTITLED_LIMIT));
                return (Response { validations: response.validations, ..text }, None);
            }
            (response, None)
        }
        Some(Err(error)) => (says(format!("decode body: {error}"), cut(body, DETAIL_LIMIT)), Some(error.into())),
        None => (Response { message: "empty response body".to_owned(), ..Response::default() }, None),
    }
}

/// Whether a `Content-Type` is JSON, its parameters aside.
pub(crate) fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The beginning of a body as text, whole characters only.
fn cut(body: &[u8], limit: usize) -> String {
    if body.len() <= limit {
        return String::from_utf8_lossy(body).into_owned();
    }
    let mut end = limit;
    while end > 0 && body[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    format!("{}...", String::from_utf8_lossy(&body[..end]))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let (Some(method), Some(url)) = (&inner.method, &inner.url) {
            write!(f, "{method} {url}: ")?;
        }
        match (inner.kind, inner.status) {
            (Kind::Api, Some(status)) => write!(f, "unexpected status code {status}: {}", inner.response.message)?,
            (Kind::Decode, Some(status)) => write!(f, "status {status}, but {}", inner.response.message)?,
            _ => f.write_str(&inner.response.message)?,
        }
        if let Some(path) = inner.json_path.as_deref().filter(|path| *path != ".") {
            write!(f, " at {path}")?;
        }
        if let Some(code) = inner.close_code {
            write!(f, " (close code {code})")?;
        }
        if let Some(location) = &inner.location {
            write!(f, ": not following the redirect to {location}")?;
        }
        if let Some(helper) = self.helper() {
            write!(f, ": {helper}")?;
        }
        if let Some(detail) = self.detail() {
            write!(f, "\n\tError: {detail}")?;
        }
        for validation in self.validations() {
            write!(f, "\n\t{}: {}", validation.field, validation.detail)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    /// Like `Display` in parts. The raw body is left out: it may be long, and may hold what a log must not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind);
        let mut field = |name: &str, value: Option<&dyn fmt::Debug>| {
            if let Some(value) = value {
                out.field(name, value);
            }
        };
        field("method", inner.method.as_ref().map(|value| value as &dyn fmt::Debug));
        field("url", inner.url.as_ref().map(|value| value as _));
        field("status", inner.status.as_ref().map(|value| value as _));
        field("message", Some(&inner.response.message));
        field("detail", inner.response.detail.as_ref().map(|value| value as _));
        field("validations", inner.response.validations.as_ref().map(|value| value as _));
        field("request_id", inner.request_id.as_ref().map(|value| value as _));
        field("json_path", inner.json_path.as_ref().map(|value| value as _));
        field("close_code", inner.close_code.as_ref().map(|value| value as _));
        field("source", inner.source.as_ref().map(|value| value as _));
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
