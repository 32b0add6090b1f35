//! What holds for every request to an agent and every answer: methods, and how JSON is written.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

use super::Verbatim;
use crate::http::events::without_markup;

/// The methods that there are; any other is allowed nowhere, not even where there is no route.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", NO_HEAD, "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// HEAD by another name, as the router would have GET's handler answer HEAD.
const NO_HEAD: &str = "NO-HEAD";

/// Refuses what is no method, before it is asked where it goes.
pub(super) async fn known_method(request: Request, next: Next) -> Response {
    if METHODS.contains(&request.method().as_str()) {
        next.run(request).await
    } else {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    }
}

/// What holds for every route: JSON is marked as UTF-8 and ends its line, and HEAD is a method like any other, which no
/// route has.
pub(super) async fn frame(mut request: Request, next: Next) -> Response {
    if request.method() == Method::HEAD {
        *request.method_mut() = Method::from_bytes(NO_HEAD.as_bytes()).expect("a well-formed method");
    }
    let mut response = next.run(request).await;
    let verbatim = response.extensions().get::<Verbatim>().is_some();
    let headers = response.headers_mut();
    if !verbatim && headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json") {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.remove(header::CONTENT_LENGTH);
        response = ending_its_line(response).await;
    }
    let headers = response.headers_mut();
    // A line for each method, without the one that the router adds by itself.
    if let Some(allowed) = headers.remove(header::ALLOW) {
        let methods = allowed.to_str().unwrap_or_default().split(',').map(str::trim);
        for method in methods.filter(|method| !method.is_empty() && *method != "HEAD") {
            headers.append(header::ALLOW, HeaderValue::from_str(method).unwrap_or_else(|_| allowed.clone()));
        }
    }
    response
}

/// An answer of JSON as it is written: nothing in it could be taken for markup, and a line's end is behind it.
async fn ending_its_line(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    // It is in memory already, and so not too long for it.
    let Ok(json) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut json = without_markup(&String::from_utf8_lossy(&json));
    json.push('\n');
    Response::from_parts(parts, json.into())
}
