//! The requests that a server has answered, for tests to look at.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::AppState;

/// How many requests are remembered; the oldest go first.
const MOST: usize = 4096;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedRequest {
    /// The HTTP method.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query without its `?`, empty when there was none. Session tokens are left out.
    pub query: String,
    /// The status of the answer.
    pub status: u16,
}

/// The last 4,096 requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestLog {
    served: Arc<Mutex<VecDeque<ServedRequest>>>,
}

impl RequestLog {
    pub(crate) fn snapshot(&self) -> Vec<ServedRequest> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn push(&self, request: ServedRequest) {
        let mut served = self.lock();
        if served.len() == MOST {
            served.pop_front();
        }
        served.push_back(request);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<ServedRequest>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes each request with the status of its answer.
pub(crate) async fn note(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let query = without_tokens(request.uri().query().unwrap_or_default());
    let response = next.run(request).await;
    state.requests.push(ServedRequest { method, path, query, status: response.status().as_u16() });
    response
}

fn without_tokens(query: &str) -> String {
    const SECRET: [&str; 2] = ["coder_session_token", "access_token"];
    let kept = query.split('&').filter(|pair| !SECRET.contains(&pair.split('=').next().unwrap_or_default()));
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_left_out_of_queries() {
        assert_eq!(without_tokens("a=1&coder_session_token=x&b=2"), "a=1&b=2");
        assert_eq!(without_tokens("access_token=x"), "");
        assert_eq!(without_tokens(""), "");
    }

    #[test]
    fn the_log_is_bounded() {
        let log = RequestLog::default();
        for status in 0..=MOST {
            let status = u16::try_from(status).unwrap();
            log.push(ServedRequest { method: "GET".into(), path: "/".into(), query: String::new(), status });
        }
        let served = log.snapshot();
        assert_eq!(served.len(), MOST);
        assert_eq!(served[0].status, 1);
    }
}
