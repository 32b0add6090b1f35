//! Faults on demand: a test tells the server when to be slow, to refuse, or to break off.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::state::AppState;

/// One fault: which requests it meets, what it does to them, and how often.
#[derive(Debug, Clone)]
pub struct Fault {
    effect: Effect,
    method: Option<Method>,
    path: Option<String>,
    skip: usize,
    times: usize,
}

#[derive(Debug, Clone)]
enum Effect {
    Delay(Duration),
    Error { status: StatusCode, body: String, retry_after: Option<Duration> },
    CutBody,
    CutStream { after_events: usize },
}

impl Fault {
    fn new(effect: Effect) -> Self {
        Self { effect, method: None, path: None, skip: 0, times: 1 }
    }

    /// Waits so long, by the server's clock, before the request is handled.
    pub fn delay(duration: Duration) -> Self {
        Self::new(Effect::Delay(duration))
    }

    /// Answers with this status and a JSON error that says `message`, without handling the request.
    ///
    /// A number that is no HTTP status counts as 500.
    pub fn error(status: u16, message: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::json!({ "message": message }).to_string();
        Self::new(Effect::Error { status, body, retry_after: None })
    }

    /// Answers with this status and `body` as it is, as a proxy in between might.
    ///
    /// A number that is no HTTP status counts as 500.
    pub fn raw_error(status: u16, body: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(Effect::Error { status, body: body.into(), retry_after: None })
    }

    /// Handles the request, then breaks the connection off before the end of the answer's body.
    pub fn cut_body() -> Self {
        Self::new(Effect::CutBody)
    }

    /// Breaks a WebSocket stream off, without a close frame, after it has sent so many events.
    pub fn cut_stream(after_events: usize) -> Self {
        Self::new(Effect::CutStream { after_events })
    }

    /// Adds a `Retry-After` header, in whole seconds, to an error.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        if let Effect::Error { retry_after, .. } = &mut self.effect {
            *retry_after = Some(wait);
        }
        self
    }

    /// Meets only requests of this method; all methods by default. A word that is no method is taken as `GET`.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET));
        self
    }

    /// Meets only requests whose path holds this text; all paths by default.
    #[must_use]
    pub fn path(mut self, part: impl Into<String>) -> Self {
        self.path = Some(part.into());
        self
    }

    /// Lets so many matching requests pass first; none by default.
    #[must_use]
    pub fn skip(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Meets so many requests, once by default; [`usize::MAX`] means all.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    fn meets(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| method == request.method())
            && self.path.as_ref().is_none_or(|part| request.uri().path().contains(part.as_str()))
    }
}

/// The faults that wait for their requests.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    waiting: Arc<Mutex<Vec<Fault>>>,
}

impl Faults {
    /// Adds a fault. Faults are tried in the order in which they were added; the first that meets a request is used.
    pub fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Forgets every fault that has not been used up.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many faults are not used up yet.
    pub fn remaining(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        // A panic elsewhere cannot leave the list half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, request: &Request) -> Option<Effect> {
        let mut waiting = self.lock();
        let index = waiting.iter().position(|fault| fault.meets(request))?;
        let fault = &mut waiting[index];
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let effect = fault.effect.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            waiting.remove(index);
        }
        Some(effect)
    }
}

/// On a request: its stream is to break off after so many events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CutStream(pub(crate) usize);

/// Applies the fault that meets the request, if there is one.
pub(crate) async fn apply(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match state.faults.take(&request) {
        None => next.run(request).await,
        Some(Effect::Delay(duration)) => {
            state.clock.sleep(duration).await;
            next.run(request).await
        }
        Some(Effect::Error { status, body, retry_after }) => refuse(status, body, retry_after),
        Some(Effect::CutBody) => cut(next.run(request).await).await,
        Some(Effect::CutStream { after_events }) => {
            request.extensions_mut().insert(CutStream(after_events));
            next.run(request).await
        }
    }
}

fn refuse(status: StatusCode, body: String, retry_after: Option<Duration>) -> Response {
    let json = body.starts_with('{');
    let mut response = (status, body).into_response();
    if json {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    }
    if let Some(wait) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    response
}

async fn cut(response: Response) -> Response {
    const MOST: usize = 1 << 20;
    let (parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, MOST).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    let broken = stream::iter([Ok::<Bytes, std::io::Error>(half), Err(std::io::ErrorKind::ConnectionReset.into())]);
    Response::from_parts(parts, Body::from_stream(broken))
}
