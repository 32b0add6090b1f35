//! `error_response.json`: what an unsuccessful answer is told as.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use codersdk::prelude::*;
use codersdk::{Client, RetryPolicy};
use serde_json::{Value, json};
use tests::vectors;

type Answer = (u16, Option<String>, Vec<u8>);

async fn serve(State((status, content_type, body)): State<Answer>) -> Response {
    let mut response = Response::builder().status(status);
    if let Some(content_type) = content_type {
        response = response.header("content-type", content_type);
    }
    response.body(Body::from(body)).expect("an answer")
}

/// The error of a call that gets this answer, and the URL that was called.
async fn failure(answer: Answer) -> (codersdk::Error, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let app = axum::Router::new().fallback(serve).with_state(answer);
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let client = Client::builder(&url).no_proxy().retry(RetryPolicy::none()).build().expect("client");
    let error = client.logout().await.expect_err("an error");
    server.abort();
    (error, format!("{url}/api/v2/users/logout"))
}

#[tokio::test]
async fn unsuccessful_answers_are_told_the_same() {
    let Some(cases) = vectors::cases("error_response.json") else { return };
    let mut failures = Vec::new();
    for case in &cases {
        let input = &case["input"];
        let status = input["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        let content_type = input["content_type"].as_str().map(str::to_owned);
        let (error, url) = failure((status, content_type, vectors::bytes(input, "body"))).await;
        let found = match case["error"].as_str() {
            Some(expected) => undecodable(&error, expected),
            None => compare(&error, &case["output"], input["url"].as_str().unwrap_or(""), &url),
        };
        failures.extend(found.map(|found| format!("{}: {found}", case["name"])));
    }
    println!("{} cases", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Where the original fails to read the body, ours tells why as the message and keeps status and body.
fn undecodable(error: &codersdk::Error, expected: &str) -> Option<String> {
    let prefix = expected.split_inclusive(": ").next().unwrap_or("");
    (!error.message().starts_with(prefix)).then(|| format!("{} instead of {expected}", error.message()))
}

fn compare(error: &codersdk::Error, output: &Value, recorded_url: &str, url: &str) -> Option<String> {
    let localize = |text: &str| text.replace(recorded_url, url);
    let validations: Vec<_> =
        error.validations().iter().map(|v| json!({"field": v.field, "detail": v.detail})).collect();
    // The original loses method and URL where the body is empty; ours tells them in any case.
    let lost = output["url"] == "";
    let text = localize(output["text"].as_str().unwrap_or(""));
    let text = if lost { format!("POST {url}: {text}") } else { text };
    let expected = json!({
        "status": output["status"], "method": "POST", "url": url, "message": output["message"],
        "detail": output["detail"], "validations": output["validations"], "helper": output["helper"],
        "friendly": output["friendly"], "text": text,
    });
    let actual = json!({
        "status": error.status(), "method": error.method(), "url": error.url(), "message": error.message(),
        "detail": error.detail().unwrap_or(""), "validations": validations, "helper": error.helper().unwrap_or(""),
        "friendly": error.friendly(), "text": error.to_string(),
    });
    let found = tests::json::differences(&expected, &actual);
    (!found.is_empty()).then(|| found.join("; "))
}
