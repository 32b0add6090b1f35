//! The scripted server, and what is compared.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use codersdk::{Client, Error, RetryPolicy};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tests::json::differences;

/// The token that the rows were recorded with.
pub const TOKEN: &str = "AAAAAAAAAA-BBBBBBBBBBBBBBBBBBBBBB";

/// Headers that count.
const HEADERS: [&str; 4] = ["Coder-Session-Token", "Content-Type", "Content-Disposition", "Upgrade"];

/// What a call gave, in the form of a row's `result`: the values, none for a call that gives nothing.
pub type Outcome = Result<Vec<Value>, Failure>;

/// Why a call failed.
#[derive(Debug)]
pub struct Failure {
    text: String,
    /// The server answered so; otherwise its text is our own.
    answered: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { text: error.to_string(), answered: error.is_api() }
    }
}

impl From<agentsdk::rpc::Error> for Failure {
    fn from(error: agentsdk::rpc::Error) -> Self {
        Self { text: error.to_string(), answered: error.refusal().is_some_and(Error::is_api) }
    }
}

type Call = Box<dyn Fn(Client, Args) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// A method of the original's client, and how ours is called.
pub struct Method {
    /// Its type, such as `codersdk.Client`.
    pub sdk: &'static str,
    /// Its name, such as `CreateUser`.
    pub name: &'static str,
    call: Call,
}

/// Names a method: `method("codersdk.Client", "User", |client, args| async move { … })`.
pub fn method<F, Fut>(sdk: &'static str, name: &'static str, call: F) -> Method
where
    F: Fn(Client, Args) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    Method { sdk, name, call: Box::new(move |client, args| Box::pin(call(client, args))) }
}

/// A value that was decoded, encoded again.
pub fn value<T: serde::Serialize>(result: Result<T, Error>) -> Outcome {
    Ok(vec![serde_json::to_value(result?).expect("decoded values encode")])
}

/// A call that gives nothing.
pub fn nothing(result: Result<(), Error>) -> Outcome {
    result?;
    Ok(Vec::new())
}

/// A stream, of which only the request counts: the server refuses to open it, in words of its own.
pub fn opened<T>(result: Result<T, Error>) -> Outcome {
    result.map_err(|_| Error::unsupported("stream"))?;
    Ok(Vec::new())
}

/// The arguments of a row.
pub struct Args(Vec<Value>);

impl Args {
    /// The argument at a place as a type. For absent ones (`null`), the type's form of `null`.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> T {
        let value = self.0[index].clone();
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("argument {index} {value}: {error}"))
    }

    /// The argument at a place, as text.
    pub fn text(&self, index: usize) -> String {
        self.get(index)
    }

    /// A field of the argument at a place; its default where it is absent.
    pub fn field<T: DeserializeOwned + Default>(&self, index: usize, name: &str) -> T {
        match &self.0[index][name] {
            Value::Null => T::default(),
            value => {
                serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("argument {index}.{name}: {error}"))
            }
        }
    }
}

/// What the server answers next, and what it saw.
#[derive(Default)]
struct Script {
    status: u16,
    body: Option<Vec<u8>>,
    seen: Vec<Seen>,
}

struct Seen {
    method: String,
    path: String,
    query: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

/// Rows, methods and the server they are replayed against.
pub struct Replay {
    rows: Vec<Value>,
    methods: Vec<Method>,
    client: Client,
    script: Arc<Mutex<Script>>,
    url: String,
}

/// How a replay went.
#[derive(Default)]
pub struct Report {
    pub replayed: usize,
    pub left_out: usize,
    pub failures: Vec<String>,
}

impl Replay {
    pub async fn start(rows: Vec<Value>, methods: Vec<Method>) -> Self {
        let script = Arc::<Mutex<Script>>::default();
        let app = axum::Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let url = format!("http://{}", listener.local_addr().expect("address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let client = Client::builder(&url)
            .session_token(TOKEN)
            .chats_path("/api/experimental/chats")
            .no_proxy()
            .retry(RetryPolicy::none())
            .build()
            .expect("client");
        Self { rows, methods, client, script, url }
    }

    pub async fn run(&self) -> Report {
        let mut report = Report::default();
        for method in &self.methods {
            if !self.rows.iter().any(|row| row["sdk"] == method.sdk && row["method"] == method.name) {
                report.failures.push(format!("{}.{} has no rows", method.sdk, method.name));
            }
        }
        for row in &self.rows {
            let Some(method) = self.methods.iter().find(|m| row["sdk"] == m.sdk && row["method"] == m.name) else {
                report.left_out += 1;
                continue;
            };
            report.replayed += 1;
            for difference in self.replay(row, method).await {
                let name = format!("{}.{} {}", method.sdk, method.name, row["variant"].as_str().unwrap_or(""));
                report.failures.push(format!("{name}: {difference}"));
            }
        }
        report
    }

    async fn replay(&self, row: &Value, method: &Method) -> Vec<String> {
        let response = &row["response"];
        let status = response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200);
        let body = match &response["body"] {
            Value::Null => None,
            body => Some(body["text"].as_str().map_or_else(|| body["json"].to_string(), str::to_owned).into_bytes()),
        };
        *self.script.lock().unwrap() = Script { status, body, seen: Vec::new() };
        let args = row["args"].as_array().cloned().unwrap_or_default();
        let args = Args(args.into_iter().map(|mut arg| arg["value"].take()).collect());
        let outcome = (method.call)(self.client.clone(), args).await;
        let seen = std::mem::take(&mut self.script.lock().unwrap().seen);
        let mut found = Vec::new();
        let expected = row["requests"].as_array().expect("requests");
        if seen.len() != expected.len() {
            let sent: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
            return vec![format!("{} requests instead of {}: {sent:?} {outcome:?}", seen.len(), expected.len())];
        }
        let escaped = self.escaped(row);
        for (seen, expected) in seen.iter().zip(expected) {
            found.extend(compare_request(seen, escaped.as_ref().unwrap_or(expected), expected));
        }
        // The original's request went elsewhere, and so did its answer.
        if escaped.is_none() {
            found.extend(self.compare_outcome(row, &outcome));
        }
        found
    }

    /// What must be sent for a row in which the original put a text into a path without escaping it: there a `/`,
    /// `?` or `#` in a name changes which route is called. Ours escapes every segment; the expected request is then
    /// that of the row `full` of the same method, with the other texts in place.
    fn escaped(&self, row: &Value) -> Option<Value> {
        if row["variant"] != "awkward" {
            return None;
        }
        let same = |other: &&Value| {
            other["variant"] == "full" && other["sdk"] == row["sdk"] && other["method"] == row["method"]
        };
        let full = self.rows.iter().find(same)?;
        let mut texts = Vec::new();
        pair_texts(&full["args"], &row["args"], &mut texts);
        let mut request = full["requests"][0].clone();
        let path = request["path"].as_str()?;
        let replace = |segment: &str| {
            let found = texts.iter().find(|(plain, _)| plain == segment);
            found.map_or(segment.to_owned(), |(_, text)| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string())
        };
        let replaced = path.split('/').map(replace).collect::<Vec<_>>().join("/");
        if replaced == path || segments(&replaced) == segments(row["requests"][0]["path"].as_str()?) {
            return None;
        }
        request["path"] = json!(replaced);
        let mut query = String::new();
        for (key, value) in url::form_urlencoded::parse(request["query"].as_str().unwrap_or("").as_bytes()) {
            let value = texts.iter().fold(value.into_owned(), |value, (plain, text)| value.replace(plain, text));
            let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair(&key, &value).finish();
            query.push_str(&format!("{}{pair}", if query.is_empty() { "" } else { "&" }));
        }
        request["query"] = json!(query);
        Some(request)
    }

    fn compare_outcome(&self, row: &Value, outcome: &Outcome) -> Vec<String> {
        match (row["error"].as_str(), outcome) {
            (None, Ok(values)) => differences(&row["result"], &json!(values)),
            (None, Err(error)) => vec![format!("failed: {}", error.text)],
            (Some(error), Ok(_)) => vec![format!("no error, instead of {error}")],
            // The text of an answered error is the same, but for the address.
            (Some(expected), Err(error)) if error.answered => {
                let text = error.text.replace(&self.url, "http://127.0.0.1:3000");
                // Where an agent listens.
                let expected = expected.replace("http://127.0.0.1:4/", "http://127.0.0.1:3000/");
                if text == expected { Vec::new() } else { vec![format!("error {text:?} instead of {expected:?}")] }
            }
            (Some(_), Err(_)) => Vec::new(),
        }
    }
}

fn compare_request(seen: &Seen, expected: &Value, recorded: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if expected["method"] != seen.method.as_str() {
        found.push(format!("method {} instead of {}", seen.method, expected["method"]));
    }
    if segments(&seen.path) != segments(expected["path"].as_str().unwrap_or("")) {
        found.push(format!("path {} instead of {}", seen.path, expected["path"]));
    }
    let query = expected["query"].as_str().unwrap_or("");
    if pairs(&seen.query) != pairs(query) {
        found.push(format!("query {} instead of {query}", seen.query));
    }
    for name in HEADERS {
        let strip = |value: &str| value.split("; charset").next().unwrap_or("").to_owned();
        let want = recorded["headers"][name].as_str().map(strip);
        let got = seen.headers.get(&name.to_ascii_lowercase()).map(|value| strip(value));
        if want != got {
            found.push(format!("header {name} {got:?} instead of {want:?}"));
        }
    }
    let body = &recorded["body"];
    if let Some(text) = body["text"].as_str() {
        if text.as_bytes() != seen.body {
            found.push(format!("body {:?} instead of {text:?}", String::from_utf8_lossy(&seen.body)));
        }
    } else if body.is_null() {
        if !seen.body.is_empty() {
            found.push(format!("body {:?} instead of none", String::from_utf8_lossy(&seen.body)));
        }
    } else {
        match serde_json::from_slice(&seen.body) {
            Ok(sent) => found.extend(differences(&body["json"], &sent).iter().map(|d| format!("body {d}"))),
            Err(error) => found.push(format!("body is no JSON: {error}")),
        }
    }
    found
}

/// The texts of two values at the same places.
fn pair_texts(full: &Value, other: &Value, out: &mut Vec<(String, String)>) {
    match (full, other) {
        (Value::String(left), Value::String(right)) if left != right => out.push((left.clone(), right.clone())),
        (Value::Array(left), Value::Array(right)) => {
            left.iter().zip(right).for_each(|(left, right)| pair_texts(left, right, out));
        }
        (Value::Object(left), Value::Object(right)) => {
            left.iter().for_each(|(key, left)| {
                if let Some(right) = right.get(key) {
                    pair_texts(left, right, out);
                }
            });
        }
        _ => {}
    }
}

fn segments(path: &str) -> Vec<Vec<u8>> {
    path.split('/').map(|segment| percent_decode_str(segment).collect()).collect()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default().to_vec();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let mut script = script.lock().unwrap();
    script.seen.push(Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers,
        body,
    });
    let response = Response::builder().status(script.status);
    match &script.body {
        Some(body) => response.header("content-type", "application/json").body(Body::from(body.clone())),
        None => response.body(Body::empty()),
    }
    .expect("an answer")
}
