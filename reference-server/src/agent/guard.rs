//! Who may talk to an agent: it runs any command, so nobody without its token, and no web page. Its greeting alone asks
//! for no token.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};

use super::AgentState;
use crate::http::drain::drained;
use crate::http::error::ApiError;

const TOKEN: &str = "coder-session-token";

/// Lets a request pass that carries the token, is addressed to this agent and comes from no web page. The greeting,
/// `/`, tells nothing and does nothing, and so needs no token: whoever looks for a live agent finds one.
pub(super) async fn check(State(agent): State<AgentState>, request: Request, next: Next) -> Response {
    match refuse(&agent, &request) {
        Some(refusal) => refusal.into_response(),
        None => {
            let (parts, body) = request.into_parts();
            let body = drained(&parts.headers, body);
            next.run(Request::from_parts(parts, body)).await
        }
    }
}

fn refuse(agent: &AgentState, request: &Request) -> Option<ApiError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let forbidden = |detail: &str| Some(ApiError::new(StatusCode::FORBIDDEN, "Forbidden.").detail(detail));
    let host = header(header::HOST.as_str()).unwrap_or_default();
    if !agent.any_host && !is_loopback(host) {
        return forbidden("The Host header names another machine.");
    }
    if header(header::ORIGIN.as_str()).is_some_and(|origin| !same_host(origin, host)) {
        return forbidden("Web pages of other origins may not use this agent.");
    }
    let token = request.headers().get(TOKEN).map(http::HeaderValue::as_bytes).unwrap_or_default();
    if request.uri().path() == "/" || matches(&agent.token, token) {
        return None;
    }
    Some(
        ApiError::unauthorized("The agent's session token is missing or wrong.")
            .detail(format!("Send it in the header {}.", codersdk::SESSION_TOKEN_HEADER)),
    )
}

fn matches(expected: &SecretString, token: &[u8]) -> bool {
    verify_slices_are_equal(expected.expose_secret().as_bytes(), token).is_ok()
}

/// Whether a `Host` means this machine, as seen from itself.
fn is_loopback(host: &str) -> bool {
    let name = host_name(host);
    // Over a Unix socket there is no name, or any.
    name.is_empty()
        || name == "localhost"
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn same_host(origin: &str, host: &str) -> bool {
    origin.parse::<Uri>().ok().and_then(|origin| Some(origin.authority()?.as_str().eq_ignore_ascii_case(host)))
        == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for host in ["", "localhost", "localhost:80", "127.0.0.1:4000", "127.9.9.9", "[::1]:80", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["example.com", "localhost.example.com", "10.0.0.1", "[::2]:80", "127.0.0.1.nip.io"] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn origins() {
        assert!(same_host("http://127.0.0.1:80", "127.0.0.1:80"));
        assert!(!same_host("http://evil.example", "127.0.0.1:80"));
        assert!(!same_host("null", "127.0.0.1:80"));
    }
}
