//! Every kind of bad answer, and what an `Error` says of it.

use std::time::Duration;

use codersdk::prelude::*;
use codersdk::{ERROR_BODY_LIMIT, Error};

use crate::server::{Reply, Server, answer, json, user};

async fn failure(server: &Server) -> Error {
    server.client().user("me").await.unwrap_err()
}

#[tokio::test]
async fn an_api_error_says_all_that_the_server_said() {
    let body = r#"{"message":"Bad thing.","detail":"why","validations":[{"field":"name","detail":"too long"}]}"#;
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nX-Coder-Request-Id: 42\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let server = Server::start(vec![Reply::Raw([head.as_bytes(), body.as_bytes()].concat())]).await;
    let error = failure(&server).await;
    assert!(error.is_bad_request() && error.is_api() && !error.is_retryable());
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.method(), Some("GET"));
    assert_eq!(error.url(), Some(format!("{}/api/v2/users/me", server.url).as_str()));
    assert_eq!(error.message(), "Bad thing.");
    assert_eq!(error.detail(), Some("why"));
    assert_eq!(error.validations()[0].field, "name");
    assert_eq!(error.request_id(), Some("42"));
    assert_eq!(error.body(), Some(body.as_bytes()));
    assert!(!error.is_body_truncated());
    assert_eq!(
        error.to_string(),
        format!(
            "GET {}/api/v2/users/me: unexpected status code 400: Bad thing.\n\tError: why\n\tname: too long",
            server.url
        )
    );
    assert_eq!(error.friendly(), "Bad thing. \n- name: too long");
}

#[tokio::test]
async fn statuses_have_predicates() {
    type Predicate = fn(&Error) -> bool;
    let cases: [(&str, Predicate); 7] = [
        ("401 Unauthorized", Error::is_unauthorized),
        ("403 Forbidden", Error::is_forbidden),
        ("404 Not Found", Error::is_not_found),
        ("409 Conflict", Error::is_conflict),
        ("410 Gone", Error::is_gone),
        ("429 Too Many Requests", Error::is_rate_limited),
        ("500 Internal Server Error", Error::is_server_error),
    ];
    for (status, is) in cases {
        let server = Server::start(vec![json(status, r#"{"message":"m"}"#)]).await;
        let error = failure(&server).await;
        assert!(is(&error), "{status}");
        for (other, is_other) in &cases {
            assert_eq!(is_other(&error), *other == status, "{status} {other}");
        }
        assert_eq!(error.helper().is_some(), status.starts_with("401"));
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_shown() {
    let server = Server::answering("502 Bad Gateway", Some("text/plain"), "upstream is down").await;
    let error = failure(&server).await;
    assert_eq!(error.message(), "unexpected non-JSON response \"text/plain\"");
    assert_eq!(error.detail(), Some("upstream is down"));
    assert!(error.is_server_error() && error.is_retryable());
}

#[tokio::test]
async fn an_html_page_of_a_proxy_is_shown_cut() {
    let page = format!("<html>{}</html>", "é".repeat(5000));
    let server = Server::answering("503 Service Unavailable", Some("text/html; charset=utf-8"), &page).await;
    let error = failure(&server).await;
    assert_eq!(error.message(), "unexpected non-JSON response \"text/html; charset=utf-8\"");
    let detail = error.detail().unwrap();
    assert!(detail.starts_with("<html>é") && detail.ends_with("é...") && detail.len() <= 2048 + 3);
    assert_eq!(error.body().unwrap(), page.as_bytes());
}

#[tokio::test]
async fn an_empty_body_leaves_the_status() {
    let server = Server::answering("500 Internal Server Error", Some("application/json"), "").await;
    let error = failure(&server).await;
    assert_eq!((error.status(), error.message()), (Some(500), "empty response body"));
    let server = Server::answering("500 Internal Server Error", None, "").await;
    let error = failure(&server).await;
    assert_eq!(error.message(), "unexpected non-JSON response \"\"");
    assert_eq!(error.detail(), Some("no response body"));
}

#[tokio::test]
async fn a_huge_error_body_is_cut() {
    let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(ERROR_BODY_LIMIT));
    let server = Server::start(vec![json("400 Bad Request", &body)]).await;
    let error = failure(&server).await;
    assert_eq!(error.message().len(), ERROR_BODY_LIMIT);
    assert_eq!(error.body().unwrap(), &body.as_bytes()[..ERROR_BODY_LIMIT]);
    assert!(error.is_body_truncated());

    let server = Server::answering("400 Bad Request", Some("text/plain"), vec![b'x'; 3 << 20]).await;
    let error = failure(&server).await;
    assert_eq!((error.status(), error.body().unwrap().len()), (Some(400), ERROR_BODY_LIMIT));
    assert!(error.is_body_truncated());
}

#[tokio::test]
async fn a_huge_answer_is_not_taken() {
    let server = Server::start(vec![json("200 OK", vec![b' '; 5000])]).await;
    let error = server.builder().max_body(4096).build().unwrap().user("me").await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    assert!(error.to_string().contains("longer than 4096 bytes"), "{error}");
}

#[tokio::test]
async fn another_content_type_is_no_answer() {
    for content_type in ["text/html", "text/plain; charset=utf-8"] {
        let server = Server::answering("200 OK", Some(content_type), user("a")).await;
        let error = failure(&server).await;
        assert!(error.is_decode() && !error.is_api(), "{error}");
        assert_eq!(error.status(), Some(200));
        assert_eq!(error.message(), format!("unexpected non-JSON response \"{content_type}\""));
        assert_eq!(error.body(), Some(user("a").as_bytes()));
    }
    let server = Server::start(vec![json("200 OK", "")]).await;
    assert_eq!(failure(&server).await.message(), "empty response body");
}

#[tokio::test]
async fn invalid_json_is_told_with_its_path() {
    let users = format!(r#"{{"users":[{},{}],"count":2}}"#, user("a"), user("b").replace("[]", "[7]"));
    let server = Server::start(vec![json("200 OK", users)]).await;
    let error = server.client().users(codersdk::UsersRequest::default()).await.unwrap_err();
    assert!(error.is_decode());
    assert_eq!(error.json_path(), Some("users[1].organization_ids[0]"));
    assert!(error.to_string().contains("at users[1].organization_ids[0]"), "{error}");

    let server = Server::start(vec![json("200 OK", "{\"id\":")]).await;
    let error = failure(&server).await;
    assert!(error.is_decode() && std::error::Error::source(&error).is_some(), "{error}");

    let server = Server::start(vec![json("400 Bad Request", "not json")]).await;
    let error = failure(&server).await;
    assert!(error.is_bad_request() && error.message().starts_with("decode body: "), "{error}");
    assert_eq!(error.detail(), Some("not json"));
}

#[tokio::test]
async fn a_refused_connection_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::builder(&url).no_proxy().retry(codersdk::RetryPolicy::none()).build().unwrap();
    let error = client.user("me").await.unwrap_err();
    assert!(error.is_connect() && error.is_retryable() && !error.is_timeout());
    assert!(error.status().is_none() && error.body().is_none());
    assert!(error.to_string().contains("onnection refused"), "{error}");
    assert!(error.to_string().starts_with(&format!("GET {url}/api/v2/users/me: ")), "{error}");
}

#[tokio::test]
async fn time_limits_are_told() {
    let server = Server::start(vec![Reply::Begin(b"")]).await;
    let short = Duration::from_millis(50);
    let error = server.builder().attempt_timeout(short).build().unwrap().user("me").await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable(), "{error}");
    assert!(error.to_string().contains("/api/v2/users/me: the request timed out after 50ms"), "{error}");
    let error = server.builder().total_timeout(short).build().unwrap().user("me").await.unwrap_err();
    assert!(error.is_timeout() && error.to_string().contains("the call timed out"), "{error}");

    // A body that trickles counts, too.
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let server = Server::start(vec![Reply::Begin(head)]).await;
    assert!(server.builder().attempt_timeout(short).build().unwrap().user("me").await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_body_that_ends_early_is_told() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\"".to_vec();
    let chunked =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"id\"".to_vec();
    for bytes in [cut, chunked, b"HTTP/1.1 200".to_vec()] {
        let server = Server::start(vec![Reply::Raw(bytes)]).await;
        let error = failure(&server).await;
        assert!(error.is_interrupted() && error.is_retryable(), "{error:?}");
    }
    let server = Server::start(vec![Reply::Close]).await;
    assert!(failure(&server).await.is_interrupted());

    // Of an error, what came is what there is to say.
    let cut = b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nno".to_vec();
    let server = Server::start(vec![Reply::Raw(cut)]).await;
    assert!(failure(&server).await.is_forbidden());
}

#[tokio::test]
async fn a_usage_limit_is_typed() {
    let body = r#"{"message":"Chat usage limit exceeded.","detail":"d","spent_micros":12,"limit_micros":10,"resets_at":"2026-02-01T00:00:00Z"}"#;
    let server = Server::start(vec![json("409 Conflict", body)]).await;
    let error = failure(&server).await;
    let limit = error.usage_limit().unwrap();
    assert_eq!((limit.spent_micros, limit.limit_micros), (12, 10));
    assert_eq!(limit.resets_at.to_rfc3339(), "2026-02-01T00:00:00+00:00");
    assert!(error.is_conflict());

    let server = Server::start(vec![json("409 Conflict", r#"{"message":"The chat is busy."}"#)]).await;
    assert!(failure(&server).await.usage_limit().is_none());
}

#[tokio::test]
async fn a_retired_route_is_told() {
    let server = Server::start(vec![json("410 Gone", r#"{"message":"This endpoint has been removed."}"#)]).await;
    let error = failure(&server).await;
    assert!(error.is_gone() && !error.is_not_found() && !error.is_retryable());
    assert_eq!(error.message(), "This endpoint has been removed.");
}

#[tokio::test]
async fn a_404_that_is_not_coders_is_no_missing_first_user() {
    let server = Server::start(vec![answer("404 Not Found", Some("text/html"), "nginx")]).await;
    assert!(server.client().has_first_user().await.unwrap_err().is_not_found());
    let coder = b"HTTP/1.1 404 Not Found\r\nX-Coder-Build-Version: v2\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = Server::start(vec![Reply::Raw(coder)]).await;
    assert!(!server.client().has_first_user().await.unwrap());
}
