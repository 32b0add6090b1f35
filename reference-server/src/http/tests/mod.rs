//! The platform as its callers see it: requests through the whole router, with a clock that the test moves.

mod administration;
mod agents;
mod chat_workspace;
mod chats;
mod claims;
mod identity;
mod routes;
mod sessions;
mod sockets;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::clock::ManualClock;
use crate::{ReferenceServer, ServerBuilder};

const PASSWORD: &str = "SomeSecurePassword!";

/// A server with an owner, and its clock.
struct World {
    server: ReferenceServer,
    clock: ManualClock,
    router: Router,
    owner: String,
    organization: String,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    /// `null` where the body is no JSON.
    json: Value,
}

impl Answer {
    /// The answer has this status; gives its JSON.
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json
    }

    /// The answer is this refusal; gives its JSON.
    #[track_caller]
    fn refuses(self, status: u16, message: &str) -> Value {
        let json = self.expect(status);
        assert_eq!(json["message"], message);
        json
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    async fn new() -> Self {
        Self::built(|server| server).await
    }

    /// A server with settings of its own.
    async fn built(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Self {
        let clock = ManualClock::new("2026-06-27T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let builder = change(ReferenceServer::builder().clock(Arc::new(clock.clone())));
        let server = builder.start().await.unwrap();
        let login = server.login().unwrap();
        let (owner, organization) = (login.session_token().to_owned(), login.organization_id.to_string());
        let router = crate::http::router(server.state().clone());
        Self { server, clock, router, owner, organization }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4 << 20).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    async fn raw(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.raw(Method::GET, path, &[("Coder-Session-Token", token)], Body::empty()).await
    }

    async fn call(&self, token: &str, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.raw(method, path, &[("Coder-Session-Token", token)], body).await
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::POST, path, body).await
    }

    async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.call(token, Method::PUT, path, body).await
    }

    async fn delete(&self, token: &str, path: &str) -> Answer {
        self.call(token, Method::DELETE, path, Value::Null).await
    }

    /// A new user; `changes` go into the request.
    async fn user(&self, name: &str, changes: Value) -> Value {
        let mut body = json!({
            "email": format!("{name}@example.com"), "username": name, "name": name, "password": PASSWORD,
            "login_type": "password", "user_status": "active", "organization_ids": [self.organization],
        });
        for (key, value) in changes.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        self.post(&self.owner, "/api/v2/users", body).await.expect(201)
    }

    async fn sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"email": format!("{name}@example.com"), "password": password});
        self.raw(Method::POST, "/api/v2/users/login", &[], body.to_string()).await
    }

    /// A new user, signed in: their id and token.
    async fn person(&self, name: &str, changes: Value) -> (String, String) {
        let id = self.user(name, changes).await["id"].as_str().unwrap().to_owned();
        let token = self.sign_in(name, PASSWORD).await.expect(201)["session_token"].as_str().unwrap().to_owned();
        (id, token)
    }

    fn hours(&self, hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
    }
}
