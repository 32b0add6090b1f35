//! The client: who it is, and how it sends.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tracing::Instrument;
use url::Url;

use crate::answer::{Answer, Download};
use crate::auth::Token;
use crate::builder::{ClientBuilder, Settings};
use crate::error::Kind;
use crate::request::{self, Body, Request, Root};
use crate::{Error, Result};

/// The header that carries the session token.
pub const SESSION_TOKEN_HEADER: &str = "Coder-Session-Token";

/// How many redirects within the server one call follows.
const MAX_REDIRECTS: usize = 10;

/// How much of an unaccepted answer's body is read.
const MAX_ERROR_BODY: usize = 1 << 20;

const CHATS_STABLE: &str = "/api/v2/chats";
const CHATS_EXPERIMENTAL: &str = "/api/experimental/chats";

/// A client of one Coder deployment, acting for one session token.
///
/// It is cheap to clone, and clones share their connections. It has the methods of the API as traits
/// ([`UsersApi`](crate::UsersApi), [`ChatsApi`](crate::ChatsApi) and so on), so import those, or the
/// [`prelude`](crate::prelude).
///
/// ```no_run
/// use codersdk::prelude::*;
///
/// # async fn run() -> Result<(), codersdk::Error> {
/// let client = Client::builder("https://coder.example.com").session_token("…").build()?;
/// let me = client.user("me").await?;
/// println!("{} has the roles {:?}", me.username, me.roles);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    base: Url,
    token: Option<Token>,
    settings: Arc<Settings>,
    http: reqwest::Client,
    /// For WebSocket upgrades, which exist in HTTP/1.1 only.
    http1: Arc<OnceLock<reqwest::Client>>,
    chats: Arc<OnceCell<String>>,
}

/// One attempt of a call, as the [hook](ClientBuilder::on_attempt) sees it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The method, such as `GET`.
    pub method: &'a str,
    /// The URL, secrets replaced.
    pub url: &'a str,
    /// The route without its arguments, such as `/api/v2/users/{user}`; for chats, below the chat root.
    pub route: &'static str,
    /// Which attempt of the call it was, from 1.
    pub attempt: u32,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// From sending the request to the end of the answer, or to its headers for what is read as it comes.
    pub duration: Duration,
    /// Why it failed, if it did.
    pub error: Option<&'a Error>,
}

/// How an answer's body is wanted.
#[derive(Clone, Copy)]
enum Mode {
    Whole,
    /// As it comes, up to a limit.
    Open(Option<u64>),
}

enum Outcome {
    Whole(Answer),
    Open(Download),
}

/// An exchange up to the headers of the answer.
pub(crate) struct Exchange {
    pub(crate) method: Method,
    /// Free of secrets.
    pub(crate) url: String,
    pub(crate) response: reqwest::Response,
}

impl Client {
    /// A client without a session token, with default settings: enough for what needs none, such as
    /// [`login_with_password`](crate::AuthApi::login_with_password).
    ///
    /// `url` is where the deployment is; a path in it does not count.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if `url` is no `http` or `https` URL.
    pub fn new(url: &str) -> Result<Self> {
        Self::builder(url).build()
    }

    /// A client for the deployment and session token that the environment names: `CODER_URL` and
    /// `CODER_SESSION_TOKEN`, and for what of them is missing, what `coder login` has saved.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if neither tells where the deployment is.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Starts a client with settings of its own.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    pub(crate) fn from_settings(
        base: Url,
        token: Option<Token>,
        chats: Option<String>,
        settings: Settings,
    ) -> Result<Self> {
        let http = settings.http_client(&base, false)?;
        let chats = Arc::new(OnceCell::new_with(chats));
        let inner = Inner { base, token, settings: Arc::new(settings), http, http1: Arc::default(), chats };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Where the deployment is, as an origin such as `https://coder.example.com/`.
    pub fn url(&self) -> &str {
        self.inner.base.as_str()
    }

    /// Whether the client has a session token.
    pub fn has_session_token(&self) -> bool {
        self.inner.token.is_some()
    }

    /// The same client, connections shared, acting for another token.
    ///
    /// # Errors
    /// [`is_invalid_request`](Error::is_invalid_request) if the token has characters that a header cannot carry.
    pub fn with_session_token(&self, token: impl Into<secrecy::SecretString>) -> Result<Self> {
        let inner = Inner { token: Some(Token::new(&token.into())?), ..(*self.inner).clone() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The same client, connections shared, acting for nobody.
    #[must_use]
    pub fn without_session_token(&self) -> Self {
        Self { inner: Arc::new(Inner { token: None, ..(*self.inner).clone() }) }
    }

    /// Sends a call and reads the answer whole. Fails on a status that the request does not accept.
    #[doc(hidden)]
    pub async fn send(&self, request: Request) -> Result<Answer> {
        match self.call(request, Mode::Whole).await? {
            Outcome::Whole(answer) => Ok(answer),
            Outcome::Open(_) => unreachable!("asked for the whole body"),
        }
    }

    /// Sends a call and hands back the answer when its headers are there. The body may have up to `limit` bytes.
    #[doc(hidden)]
    pub async fn open(&self, request: Request, limit: Option<u64>) -> Result<Download> {
        match self.call(request, Mode::Open(limit)).await? {
            Outcome::Open(download) => Ok(download),
            Outcome::Whole(_) => unreachable!("asked for the body as it comes"),
        }
    }

    async fn call(&self, mut request: Request, mode: Mode) -> Result<Outcome> {
        let (method, route) = (&request.method, request.route);
        let span = tracing::debug_span!("coder_request", %method, route, url = tracing::field::Empty,
            status = tracing::field::Empty, attempts = tracing::field::Empty);
        self.attempts(&mut request, mode).instrument(span).await
    }

    /// Tries until an attempt succeeds, or fails in a way that another one would not mend, or the call's time is up.
    async fn attempts(&self, request: &mut Request, mode: Mode) -> Result<Outcome> {
        let settings = &self.inner.settings;
        let deadline = Instant::now() + settings.total_timeout;
        let mut number = 1;
        loop {
            let started = Instant::now();
            let mut url = String::new();
            let outcome =
                self.timed_attempt(request, mode, &mut url, deadline.saturating_duration_since(started)).await;
            let status = match &outcome {
                Ok(Outcome::Whole(answer)) => Some(answer.status.as_u16()),
                Ok(Outcome::Open(download)) => Some(download.status()),
                Err(error) => error.status(),
            };
            let span = tracing::Span::current();
            span.record("url", url.as_str());
            span.record("attempts", number);
            if let Some(status) = status {
                span.record("status", status);
            }
            if let Some(hook) = &settings.hook {
                let error = outcome.as_ref().err();
                let duration = started.elapsed();
                let method = request.method.as_str();
                hook(&Attempt { method, url: &url, route: request.route, attempt: number, status, duration, error });
            }
            let error = match outcome {
                Ok(outcome) => return Ok(outcome),
                Err(error) => error,
            };
            let pause = settings.retry.delay(number, &error, rand::random()).filter(|_| request.idempotent);
            let Some(pause) = pause else { return Err(error) };
            tracing::debug!(attempt = number, ?pause, %error, "trying again");
            let left = deadline.saturating_duration_since(Instant::now());
            tokio::time::sleep(pause.min(left)).await;
            if pause >= left {
                return Err(self.timeout("the call", settings.total_timeout, request));
            }
            number += 1;
        }
    }

    /// An attempt within its own time and what is left of the call's. One timer for both: to set one costs more than
    /// anything else that is done here.
    async fn timed_attempt(
        &self,
        request: &mut Request,
        mode: Mode,
        shown: &mut String,
        left: Duration,
    ) -> Result<Outcome> {
        let Settings { attempt_timeout, total_timeout, .. } = self.inner.settings.as_ref();
        match tokio::time::timeout(left.min(*attempt_timeout), self.attempt(request, mode, shown)).await {
            Ok(outcome) => outcome,
            Err(_) if left <= *attempt_timeout => Err(self.timeout("the call", *total_timeout, request)),
            Err(_) => Err(self.timeout("the request", *attempt_timeout, request)),
        }
    }

    fn timeout(&self, what: &str, limit: Duration, request: &Request) -> Error {
        Error::timeout(what, limit).with_request(&request.method, &self.shown(request))
    }

    async fn attempt(&self, request: &mut Request, mode: Mode, shown: &mut String) -> Result<Outcome> {
        let Exchange { method, url, response } = self.exchange(&self.inner.http, request, shown).await?;
        let accepted = request.accepts(response.status().as_u16());
        if let (true, Mode::Open(limit)) = (accepted, mode) {
            return Ok(Outcome::Open(Download::new(method, url, response, limit)));
        }
        if !accepted {
            return Err(refusal(response).await.with_request(&method, &url));
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let (body, truncated) = read_body(response, self.inner.settings.max_body)
            .await
            .map_err(|error| error.with_request(&method, &url))?;
        if truncated {
            let message = format!("the answer is longer than {} bytes", self.inner.settings.max_body);
            return Err(Error::new(Kind::TooLarge, message).with_request(&method, &url));
        }
        Ok(Outcome::Whole(Answer { method, url, status, headers, body }))
    }

    /// Sends a request and follows redirects, up to the headers of the answer. `shown` is set to the URL without
    /// secrets as soon as it is known.
    pub(crate) async fn exchange(
        &self,
        http: &reqwest::Client,
        request: &mut Request,
        shown: &mut String,
    ) -> Result<Exchange> {
        let chats = match request.root {
            // Boxed: finding the root is a call, too.
            Root::Chats => Box::pin(self.chats_path()).await?,
            Root::Server => "",
        };
        let method = request.method.clone();
        let mut url =
            request.url(&self.inner.base, chats).map_err(|error| error.with_request(&method, request.route))?;
        *shown = request::redacted(&url);
        for _ in 0..=MAX_REDIRECTS {
            let mut builder = http.request(method.clone(), url.clone()).headers(self.headers(request));
            let mut resendable = true;
            match &mut request.body {
                Body::Empty => {}
                Body::Bytes(bytes) => builder = builder.body(bytes.clone()),
                Body::Stream(stream) => {
                    resendable = false;
                    let stream = stream.take().ok_or_else(|| Error::request("the body was sent already"))?;
                    builder = builder.body(reqwest::Body::wrap_stream(stream));
                }
            }
            let response =
                builder.send().await.map_err(|error| Error::transport(error).with_request(&method, shown))?;
            match redirect(&url, &method, resendable, &response) {
                Some(next) => url = next,
                None => return Ok(Exchange { method, url: shown.clone(), response }),
            }
        }
        Err(Error::new(Kind::Transport, format!("more than {MAX_REDIRECTS} redirects")).with_request(&method, shown))
    }

    fn headers(&self, request: &Request) -> HeaderMap {
        let mut headers = self.inner.settings.headers.clone();
        if let Some(token) = &self.inner.token {
            headers.insert(HeaderName::from_static("coder-session-token"), token.header().clone());
        }
        for (name, value) in &request.headers {
            headers.insert(name, value.clone());
        }
        headers.entry(http::header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers
    }

    /// The URL for an error about a request that was cut off.
    fn shown(&self, request: &Request) -> String {
        let chats = self.inner.chats.get().map_or(CHATS_STABLE, String::as_str);
        request.shown(&self.inner.base, chats)
    }

    /// The client for WebSocket upgrades.
    pub(crate) fn http1(&self) -> Result<&reqwest::Client> {
        if let Some(client) = self.inner.http1.get() {
            return Ok(client);
        }
        let client = self.inner.settings.http_client(&self.inner.base, true)?;
        Ok(self.inner.http1.get_or_init(|| client))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The root of the chat routes. Servers since v2.37 have it under the stable prefix, older ones under the
    /// experimental one; those in between have both. It is found out by the first call that needs it, calls that
    /// come meanwhile wait for the answer, and only success is remembered.
    pub(crate) async fn chats_path(&self) -> Result<&str> {
        self.inner.chats.get_or_try_init(|| self.find_chats_path()).await.map(String::as_str)
    }

    async fn find_chats_path(&self) -> Result<String> {
        let probe = |route| self.send(Request::get(route, &[]).query("limit", 1));
        let missing = match probe(CHATS_STABLE).await {
            Ok(_) => return Ok(CHATS_STABLE.to_owned()),
            // The route is there, only not for this caller.
            Err(error) if error.is_forbidden() => return Ok(CHATS_STABLE.to_owned()),
            Err(error) if error.is_not_found() || error.status() == Some(405) => error,
            Err(error) => return Err(error),
        };
        match probe(CHATS_EXPERIMENTAL).await {
            Ok(_) => Ok(CHATS_EXPERIMENTAL.to_owned()),
            Err(error) if error.is_forbidden() => Ok(CHATS_EXPERIMENTAL.to_owned()),
            Err(error) if error.is_not_found() => Err(missing),
            Err(error) => Err(error),
        }
    }
}

/// Reads an unaccepted answer.
pub(crate) async fn refusal(response: reqwest::Response) -> Error {
    let (status, headers) = (response.status(), response.headers().clone());
    // What came before a connection broke is still what the server said.
    let (body, truncated) = read_body(response, MAX_ERROR_BODY).await.unwrap_or_default();
    Error::from_answer(status.as_u16(), &headers, &body, truncated)
}

/// Reads a body up to a limit; tells whether there was more.
async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<(Bytes, bool)> {
    let Some(first) = response.chunk().await.map_err(Error::transport)? else { return Ok((Bytes::new(), false)) };
    let mut whole = BytesMut::new();
    let mut last = first;
    loop {
        if whole.len() + last.len() > limit {
            last.truncate(limit - whole.len());
            whole.extend_from_slice(&last);
            return Ok((whole.freeze(), true));
        }
        match response.chunk().await.map_err(Error::transport)? {
            // Most answers come in one piece, which needs no copy.
            None if whole.is_empty() => return Ok((last, false)),
            None => {
                whole.extend_from_slice(&last);
                return Ok((whole.freeze(), false));
            }
            Some(next) => {
                whole.extend_from_slice(&last);
                last = next;
            }
        }
    }
}

/// Where to go next, if the answer is a redirect that may be followed: within the server, since another origin
/// must not see the token, and without changing what the call does.
fn redirect(url: &Url, method: &Method, resendable: bool, response: &reqwest::Response) -> Option<Url> {
    let follows = match response.status() {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
            *method == Method::GET || *method == Method::HEAD
        }
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => resendable,
        _ => false,
    };
    let location = response.headers().get(http::header::LOCATION).filter(|_| follows)?.to_str().ok()?;
    url.join(location).ok().filter(|next| next.origin() == url.origin())
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &request::redacted(&self.inner.base))
            .field("has_session_token", &self.has_session_token())
            .finish_non_exhaustive()
    }
}
