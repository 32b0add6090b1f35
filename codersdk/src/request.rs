//! What a call sends, without sending it: built and tested without I/O.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use url::Url;

use crate::Error;

/// What stays as it is in a path segment; the rest is percent-encoded. The same set as the Go client's.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// What fills the placeholders of a route template.
pub type Args<'a> = &'a [&'a (dyn Display + Sync)];

/// A body that is read while it is sent.
pub type BodyStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What stands before a request's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// Nothing: the path is whole.
    Server,
    /// The root of the chat routes, which depends on the server's age.
    Chats,
}

/// What a request carries.
pub enum Body {
    /// Nothing.
    Empty,
    /// What is in memory.
    Bytes(Bytes),
    /// Can be sent only once, so the call is not retried.
    Stream(Option<BodyStream>),
}

/// A call to the API. Made from a route template and what fills its placeholders:
///
/// ```ignore
/// Request::get("/api/v2/users/{user}/roles", &[&user])
/// Request::post_chats("/{chat}/messages", &[&chat]).json(&body)
/// ```
pub struct Request {
    pub(crate) method: Method,
    pub(crate) root: Root,
    /// The template: names the route in spans and hooks without the ids in it.
    pub(crate) route: &'static str,
    path: String,
    query: Vec<(String, String)>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
    /// Accepted statuses; empty accepts every 2xx.
    expected: &'static [u16],
    /// Whether sending it twice does the same as sending it once.
    pub(crate) idempotent: bool,
    fault: Option<Error>,
}

/// What a [`Request`] consists of.
pub struct RequestParts {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
    /// The URL without secrets.
    pub shown: String,
    /// Headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Body,
    /// Accepted statuses; empty accepts every 2xx.
    pub expected: &'static [u16],
}

impl Request {
    /// A call to a route.
    pub fn new(method: Method, root: Root, route: &'static str, args: Args<'_>) -> Self {
        let idempotent = method.is_idempotent();
        let (path, fault) = match fill(route, args) {
            Ok(path) => (path, None),
            Err(fault) => (route.to_owned(), Some(fault)),
        };
        Self {
            method,
            root,
            route,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            expected: &[],
            idempotent,
            fault,
        }
    }

    /// A request for a path and query given whole.
    pub fn at(method: Method, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut request = Self::new(method, Root::Server, "", &[]);
        request.path = format!("/{}", path.trim_start_matches('/'));
        if path.split('/').any(|step| matches!(step.replace("%2e", ".").replace("%2E", ".").as_str(), "." | "..")) {
            request.fault = Some(Error::request("the path must not have steps such as .."));
        }
        request.query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        request
    }

    /// A GET.
    pub fn get(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::GET, Root::Server, route, args)
    }

    /// A POST.
    pub fn post(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::POST, Root::Server, route, args)
    }

    /// A PUT.
    pub fn put(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::PUT, Root::Server, route, args)
    }

    /// A PATCH.
    pub fn patch(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::PATCH, Root::Server, route, args)
    }

    /// A DELETE.
    pub fn delete(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::DELETE, Root::Server, route, args)
    }

    /// A GET below the chat root, such as `/{chat}/messages`; the root itself is the empty route.
    pub(crate) fn get_chats(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::GET, Root::Chats, route, args)
    }

    pub(crate) fn post_chats(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::POST, Root::Chats, route, args)
    }

    pub(crate) fn put_chats(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::PUT, Root::Chats, route, args)
    }

    pub(crate) fn patch_chats(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::PATCH, Root::Chats, route, args)
    }

    pub(crate) fn delete_chats(route: &'static str, args: Args<'_>) -> Self {
        Self::new(Method::DELETE, Root::Chats, route, args)
    }

    /// Adds a query pair, even an empty one.
    pub fn query(mut self, key: &str, value: impl Display) -> Self {
        self.query.push((key.to_owned(), value.to_string()));
        self
    }

    /// Adds a query pair unless it is `None` or empty.
    pub fn query_opt<T: Display>(mut self, key: &str, value: impl Into<Option<T>>) -> Self {
        if let Some(value) = value.into() {
            let value = value.to_string();
            if !value.is_empty() {
                self.query.push((key.to_owned(), value));
            }
        }
        self
    }

    /// Adds pairs that a typed filter gave.
    pub fn query_pairs(mut self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        self.query.extend(pairs);
        self
    }

    /// Sets a header. A value that cannot be one fails the call.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(value) => self.headers.push((name, value)),
            Err(_) => {
                let message = format!("the value of header {name} has characters not allowed there");
                self.fault = Some(Error::request(message));
            }
        }
        self
    }

    /// A JSON body. A value that has no JSON form fails the call.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.bytes("application/json", bytes),
            Err(error) => self.fail(Error::request(format!("encode the request body: {error}")).with_source(error)),
        }
    }

    /// A body of a media type.
    pub fn bytes(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.body = Body::Bytes(bytes.into());
        self.header(http::header::CONTENT_TYPE, content_type)
    }

    /// A body of JSON of which the headers say nothing: agents expect no other.
    pub fn untyped_json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        let mut request = self.json(body);
        request.headers.retain(|(name, _)| *name != http::header::CONTENT_TYPE);
        request
    }

    /// A body that is read while it is sent, of `length` bytes if that is known.
    pub fn stream(mut self, content_type: &str, length: Option<u64>, stream: BodyStream) -> Self {
        self.body = Body::Stream(Some(stream));
        self.idempotent = false;
        if let Some(length) = length {
            self.headers.push((http::header::CONTENT_LENGTH, HeaderValue::from(length)));
        }
        self.header(http::header::CONTENT_TYPE, content_type)
    }

    /// A body that is read while it is sent and of whose type the headers say nothing.
    pub fn untyped_stream(self, length: Option<u64>, stream: BodyStream) -> Self {
        let mut request = self.stream("", length, stream);
        request.headers.retain(|(name, _)| *name != http::header::CONTENT_TYPE);
        request
    }

    /// The only statuses that count as success.
    pub fn expect(mut self, statuses: &'static [u16]) -> Self {
        self.expected = statuses;
        self
    }

    /// Declares that sending it twice does what sending it once does, whatever its method.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent && !matches!(self.body, Body::Stream(_));
        self
    }

    /// Fails the call when it is sent: for arguments that no request can carry.
    pub fn fail(mut self, fault: Error) -> Self {
        self.fault.get_or_insert(fault);
        self
    }

    pub(crate) fn accepts(&self, status: u16) -> bool {
        if self.expected.is_empty() { (200..300).contains(&status) } else { self.expected.contains(&status) }
    }

    /// The whole URL: on the origin of `base`, below `chats` for chat routes. The path of `base` does not count.
    pub(crate) fn url(&mut self, base: &Url, chats: &str) -> Result<Url, Error> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(self.join(base, chats)),
        }
    }

    /// The URL without secrets.
    pub(crate) fn shown(&self, base: &Url, chats: &str) -> String {
        redacted(&self.join(base, chats))
    }

    /// The request for those who send it another way than by the client: on top of the path of `base`.
    pub fn into_parts(mut self, base: &Url) -> Result<RequestParts, Error> {
        let prefix = base.path().trim_end_matches('/');
        self.path.insert_str(0, prefix);
        let url = self.url(base, "")?;
        let Self { method, headers, body, expected, .. } = self;
        Ok(RequestParts { shown: redacted(&url), method, url, headers, body, expected })
    }

    fn join(&self, base: &Url, chats: &str) -> Url {
        let root = if self.root == Root::Chats { chats } else { "" };
        let mut url = base.clone();
        url.set_path(&format!("{root}{}", self.path));
        if url.query().is_some() {
            url.set_query(None);
        }
        if url.fragment().is_some() {
            url.set_fragment(None);
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl fmt::Debug for RequestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.shown, self.body)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.route)
    }
}

/// Puts the arguments into the template's placeholders, percent-encoded.
fn fill(route: &str, args: Args<'_>) -> Result<String, Error> {
    let mut path = String::with_capacity(route.len() + 36 * args.len());
    let mut args = args.iter();
    let mut rest = route;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| Error::request(format!("bad route {route}")))?;
        let value = args.next().ok_or_else(|| Error::request(format!("no value for {name} in {route}")))?.to_string();
        // A URL parser would take these for steps within the path, and the call would go elsewhere.
        if value == "." || value == ".." {
            return Err(Error::request(format!("{name} must not be {value:?}")));
        }
        path.push_str(before);
        let _ = write!(path, "{}", utf8_percent_encode(&value, SEGMENT));
        rest = after;
    }
    if args.next().is_some() {
        return Err(Error::request(format!("too many values for {route}")));
    }
    path.push_str(rest);
    Ok(path)
}

/// Whether the value of a query parameter is a secret, judged by its name.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["token", "secret", "password", "passcode", "signature", "credential", "api_key", "apikey"]
        .iter()
        .any(|word| key.contains(word))
        || matches!(key.as_str(), "code" | "state" | "key" | "sig")
}

/// A URL as it may be logged: without user name, password and fragment, secret query values replaced. What is no
/// URL is cut at the query.
pub fn redact_url(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => redacted(&url),
        Err(_) => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}

/// See [`redact_url`].
pub(crate) fn redacted(url: &Url) -> String {
    if url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none() {
        return url.to_string();
    }
    let mut shown = url.clone();
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    if let Some(query) = url.query()
        && url.query_pairs().any(|(key, _)| is_secret(&key))
    {
        let pairs: Vec<&str> = query.split('&').collect();
        let mut text = String::with_capacity(query.len());
        for (raw, (key, _)) in pairs.iter().filter(|raw| !raw.is_empty()).zip(url.query_pairs()) {
            if !text.is_empty() {
                text.push('&');
            }
            if is_secret(&key) {
                text.push_str(raw.split('=').next().unwrap_or_default());
                text.push_str("=REDACTED");
            } else {
                text.push_str(raw);
            }
        }
        shown.set_query(Some(&text));
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url_of(mut request: Request) -> String {
        let base = Url::parse("http://x.test:3000/ignored?x=1").unwrap();
        request.url(&base, "/api/v2/chats").unwrap().to_string()
    }

    #[test]
    fn segments_are_encoded_once_as_in_go() {
        let name = "a b/ü?%+&=#;:@,'\"\\";
        assert_eq!(
            url_of(Request::get("/api/v2/users/{user}/roles", &[&name])),
            "http://x.test:3000/api/v2/users/a%20b%2F%C3%BC%3F%25+&=%23%3B:@%2C%27%22%5C/roles"
        );
    }

    #[test]
    fn a_segment_cannot_walk_the_path() {
        for step in [".", ".."] {
            let mut request = Request::get("/api/v2/users/{user}", &[&step]);
            let error = request.url(&Url::parse("http://x.test").unwrap(), "").unwrap_err();
            assert!(error.is_invalid_request(), "{error}");
        }
        assert_eq!(url_of(Request::get("/a/{b}", &[&"../c"])), "http://x.test:3000/a/..%2Fc");
    }

    #[test]
    fn chat_routes_stand_below_the_chat_root() {
        assert_eq!(url_of(Request::get_chats("", &[])), "http://x.test:3000/api/v2/chats");
        assert_eq!(
            url_of(Request::get_chats("/{chat}/messages", &[&7]).query_opt("limit", 5).query_opt::<&str>("q", None)),
            "http://x.test:3000/api/v2/chats/7/messages?limit=5"
        );
    }

    #[test]
    fn queries_are_encoded_and_may_repeat() {
        let request = Request::get("/x", &[]).query("label", "a:b c").query("label", "ü&=").query_opt("q", "");
        assert_eq!(url_of(request), "http://x.test:3000/x?label=a%3Ab+c&label=%C3%BC%26%3D");
    }

    #[test]
    fn shown_urls_have_no_secrets() {
        assert_eq!(
            redact_url("https://me:pw@x.test/a?q=1&coder_session_token=abc&code=xyz#frag"),
            "https://x.test/a?q=1&coder_session_token=REDACTED&code=REDACTED"
        );
        assert_eq!(redact_url("https://x.test/a?q=a%20b"), "https://x.test/a?q=a%20b");
        assert_eq!(redact_url("/relative?token=1"), "/relative");
    }
}
