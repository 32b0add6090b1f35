//! How calls are sent: retries, redirects, headers, the hook, the chat root, downloads and events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use codersdk::prelude::*;
use codersdk::{CreateTokenRequest, RetryPolicy};
use futures_util::StreamExt;

use crate::server::{Reply, Server, json, user};

fn quick() -> RetryPolicy {
    RetryPolicy { base_delay: Duration::from_millis(1), ..RetryPolicy::default() }
}

#[tokio::test]
async fn reads_are_retried_and_writes_are_not() {
    let busy = json("503 Service Unavailable", r#"{"message":"busy"}"#);
    let server = Server::start(vec![busy.clone(), Reply::Close, json("200 OK", user("a"))]).await;
    let client = server.builder().retry(quick()).build().unwrap();
    assert_eq!(client.user("me").await.unwrap().username, "a");
    assert_eq!(server.seen().len(), 3);

    let server = Server::start(vec![busy.clone()]).await;
    let client = server.builder().retry(quick()).build().unwrap();
    client.create_token("me", CreateTokenRequest::default()).await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    assert_eq!(client.user("me").await.unwrap_err().status(), Some(503));
    assert_eq!(server.seen().len(), 4);

    let server = Server::start(vec![busy]).await;
    server.client().user("me").await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_retried_write_has_its_body_again() {
    let server = Server::start(vec![Reply::Close, json("200 OK", user("a"))]).await;
    let client = server.builder().retry(quick()).build().unwrap();
    let req = codersdk::UpdateUserProfileRequest { username: "a".into(), name: "A".into() };
    client.update_user_profile("me", req).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].body, seen[1].body);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_long_retry_after_fails_at_once() {
    let wait = b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start(vec![Reply::Raw(wait)]).await;
    let client = server.builder().retry(quick()).build().unwrap();
    let error = client.user("me").await.unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_total_limit_ends_the_pauses() {
    let wait = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 20\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start(vec![Reply::Raw(wait)]).await;
    let client = server.builder().retry(quick()).total_timeout(Duration::from_secs(2)).build().unwrap();
    assert!(client.user("me").await.unwrap_err().is_timeout());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn headers_and_token_are_sent() {
    let server = Server::start(vec![json("200 OK", user("a"))]).await;
    let client = server.builder().header("X-Proxy-Auth", "p").build().unwrap();
    client.user("a b/c").await.unwrap();
    let other = client.with_session_token("another").unwrap();
    other.user("me").await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line, "GET /api/v2/users/a%20b%2Fc HTTP/1.1");
    assert_eq!(seen[0].header("coder-session-token"), Some("s3cret-t0ken"));
    assert_eq!(seen[0].header("x-proxy-auth"), Some("p"));
    assert!(seen[0].header("user-agent").unwrap().starts_with("codersdk-rust/"));
    assert_eq!(seen[1].header("coder-session-token"), Some("another"));
}

fn redirect(status: &str, to: &str) -> Reply {
    let head = format!("HTTP/1.1 {status}\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    Reply::Raw(head.into_bytes())
}

#[tokio::test]
async fn redirects_stay_within_the_server() {
    let server = Server::start(vec![redirect("301 Moved", "/elsewhere?x=1"), json("200 OK", user("a"))]).await;
    server.client().user("me").await.unwrap();
    assert_eq!(server.seen()[1].line, "GET /elsewhere?x=1 HTTP/1.1");

    let thief = Server::start(vec![json("200 OK", user("a"))]).await;
    let server = Server::start(vec![redirect("302 Found", &format!("{}/steal?token=t", thief.url))]).await;
    let error = server.client().user("me").await.unwrap_err();
    assert_eq!(error.status(), Some(302));
    assert_eq!(error.redirect_location(), Some(format!("{}/steal?token=REDACTED", thief.url).as_str()));
    assert!(error.to_string().contains("not following the redirect to"), "{error}");
    assert!(thief.seen().is_empty());

    // A write is not turned into a read.
    let server = Server::start(vec![redirect("302 Found", "/elsewhere"), json("200 OK", user("a"))]).await;
    server.client().logout().await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    let server = Server::start(vec![redirect("307 Temporary", "/elsewhere"), json("200 OK", "{}")]).await;
    server.client().logout().await.unwrap();
    assert_eq!(server.seen()[1].line, "POST /elsewhere HTTP/1.1");

    let server = Server::start(vec![redirect("302 Found", "/again")]).await;
    let error = server.client().user("me").await.unwrap_err();
    assert!(error.to_string().contains("more than 10 redirects"), "{error}");
    assert_eq!(server.seen().len(), 11);
}

#[tokio::test]
async fn the_hook_sees_every_attempt() {
    let server = Server::start(vec![json("503 Busy", "{}"), json("200 OK", user("a"))]).await;
    let log = Arc::<Mutex<Vec<_>>>::default();
    let seen = log.clone();
    let client = server.builder().retry(quick()).on_attempt(move |attempt| {
        let failed = attempt.error.is_some();
        seen.lock().unwrap().push((attempt.attempt, attempt.route, attempt.status, attempt.url.to_owned(), failed));
    });
    client.build().unwrap().user("me").await.unwrap();
    let url = format!("{}/api/v2/users/me", server.url);
    let route = "/api/v2/users/{user}";
    assert_eq!(*log.lock().unwrap(), [(1, route, Some(503), url.clone(), true), (2, route, Some(200), url, false)]);
}

#[tokio::test]
async fn events_are_typed_and_pings_are_not_shown() {
    let body = "event: ping\n\nevent: data\ndata: {\"a\":1}\n\nevent: data\ndata: {\"a\":\"x\"}\n\nevent: data\ndata: \
                {\"a\":2}\n\nevent: error\ndata: {\"message\":\"it broke\"}\n\nevent: data\ndata: {\"a\":3}\n\n";
    #[derive(Debug, serde::Deserialize)]
    struct Value {
        a: u32,
    }
    let server = Server::answering("200 OK", Some("text/event-stream"), body).await;
    let mut events = server.client().events::<Value>("/api/v2/x/watch?y=1").await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().a, 1);
    let error = events.next().await.unwrap().unwrap_err();
    assert!(error.is_decode() && error.json_path() == Some("a"), "{error}");
    assert_eq!(events.next().await.unwrap().unwrap().a, 2);
    let error = events.next().await.unwrap().unwrap_err();
    assert!(error.is_event() && error.message() == "it broke");
    assert!(events.next().await.is_none());
    assert_eq!(server.seen()[0].line, "GET /api/v2/x/watch?y=1 HTTP/1.1");

    let server = Server::start(vec![json("403 Forbidden", r#"{"message":"no"}"#)]).await;
    assert!(server.client().events::<Value>("x").await.unwrap_err().is_forbidden());
    assert!(server.client().events::<Value>("/a/%2e%2E/b").await.unwrap_err().is_invalid_request());
}

#[tokio::test]
async fn silent_events_time_out() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nevent: ping\n\n";
    let server = Server::start(vec![Reply::Begin(head)]).await;
    let client = server.builder().idle_timeout(Duration::from_millis(50)).build().unwrap();
    let mut events = client.events::<u32>("/x").await.unwrap();
    assert!(events.next().await.unwrap().unwrap_err().is_timeout());
    assert!(events.next().await.is_none());
}

fn not_found() -> Reply {
    json("404 Not Found", r#"{"message":"Route not found."}"#)
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.line.trim_end_matches(" HTTP/1.1").to_owned()).collect()
}

fn filter() -> codersdk::ListChatsOptions {
    codersdk::ListChatsOptions::default()
}

#[tokio::test]
async fn the_chat_root_is_found_once() {
    // A server of today.
    let server = Server::start(vec![json("200 OK", "[]")]).await;
    let client = server.client();
    let (first, second) = tokio::join!(client.list_chats(filter()), client.list_chats(filter()));
    first.and(second).unwrap();
    client.clone().list_chats(filter()).await.unwrap();
    let probe = "GET /api/v2/chats?limit=1";
    assert_eq!(lines(&server), [probe, "GET /api/v2/chats", "GET /api/v2/chats", "GET /api/v2/chats"]);

    // One of the contract's time.
    let server = Server::start(vec![not_found(), json("200 OK", "[]")]).await;
    server.client().list_chats(filter()).await.unwrap();
    let old = ["GET /api/experimental/chats?limit=1", "GET /api/experimental/chats"];
    assert_eq!(lines(&server), [probe, old[0], old[1]]);

    // A root that is told is not looked for.
    let client = server.builder().chats_path("/api/experimental/chats/").build().unwrap();
    client.list_chats(filter()).await.unwrap();
    assert_eq!(lines(&server).last().unwrap(), old[1]);
    assert_eq!(lines(&server).len(), 4);
}

#[tokio::test]
async fn only_a_found_chat_root_is_remembered() {
    let denied = json("401 Unauthorized", r#"{"message":"no token"}"#);
    let server = Server::start(vec![denied, not_found(), not_found(), json("200 OK", "[]")]).await;
    let client = server.client();
    assert!(client.list_chats(filter()).await.unwrap_err().is_unauthorized());
    // Neither root is there: what is missing is told by the one of today.
    let error = client.list_chats(filter()).await.unwrap_err();
    assert!(error.is_not_found() && error.url().unwrap().contains("/api/v2/chats"), "{error}");
    client.list_chats(filter()).await.unwrap();
    assert_eq!(lines(&server).len(), 5);
}

#[tokio::test]
async fn a_proxy_gets_the_whole_url() {
    let proxy = Server::start(vec![json("200 OK", user("a"))]).await;
    let client = Client::builder("http://coder.test").proxy(&proxy.url).session_token("t").build().unwrap();
    client.user("me").await.unwrap();
    assert_eq!(lines(&proxy), ["GET http://coder.test/api/v2/users/me"]);
    let client = Client::builder(&proxy.url).proxy("http://127.0.0.1:1").no_proxy().build().unwrap();
    client.user("me").await.unwrap();
}

#[test]
fn settings_that_cannot_be_used_are_told_when_the_client_is_built() {
    let builders = [
        Client::builder("coder.test"),
        Client::builder(""),
        Client::builder("http://"),
        Client::builder("http://x.test").header("a b", "c"),
        Client::builder("http://x.test").session_token("\u{7f}"),
        Client::builder("https://x.test").root_certificates_pem("not pem"),
        Client::builder("https://x.test").client_certificate_pem("not pem"),
    ];
    for builder in builders {
        assert!(builder.build().unwrap_err().is_invalid_request());
    }
    let client = Client::builder(" https://x.test/workspaces?x=1#y ").build().unwrap();
    assert_eq!(client.url(), "https://x.test/");
    assert!(!client.has_session_token());
}
