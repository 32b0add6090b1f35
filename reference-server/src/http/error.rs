//! The one error that handlers answer with.

use axum::response::{IntoResponse, Response};
use codersdk::ValidationError;
use http::{HeaderName, HeaderValue, StatusCode, header};

const NOT_FOUND: &str = "Resource not found or you do not have access to this resource";
const FORBIDDEN_DETAIL: &str = "You don't have permission to view this content. If you believe this is a mistake, please \
                                contact your administrator or try signing in with different credentials.";

/// A refusal: a status and the JSON body `{message, detail?, validations?}`.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    body: codersdk::Response,
    headers: Vec<(HeaderName, HeaderValue)>,
    form: Form,
}

/// How a refusal is written.
#[derive(Debug, Default)]
enum Form {
    /// The body as JSON.
    #[default]
    Usual,
    /// Another body.
    Json(serde_json::Value),
    /// The message alone, as plain text.
    Plain,
}

impl ApiError {
    /// Any status with a message.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let body = codersdk::Response { message: message.into(), ..Default::default() };
        Self(Box::new(Inner { status, body, headers: Vec::new(), form: Form::Usual }))
    }

    /// 400.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401; [`super::auth`] adds the header that names what is asked for.
    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 403 with the text that every refusal of a known thing has.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden.").detail(FORBIDDEN_DETAIL)
    }

    /// 404 that does not tell what is missing from what may not be seen.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, NOT_FOUND)
    }

    /// 404 for a path that no route has.
    pub(crate) fn route_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Route not found.")
    }

    /// 409.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 500. The cause goes to the log only, so that nothing of the server's inside reaches a client.
    pub(crate) fn internal(message: impl Into<String>, cause: &(dyn std::error::Error + 'static)) -> Self {
        let message = message.into();
        tracing::error!(error = cause, message, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// 400 for a body that decodes but breaks rules of its fields.
    pub(crate) fn validation_failed(validations: Vec<ValidationError>) -> Self {
        Self::bad_request("Validation failed.").validations(validations)
    }

    /// Says more about the refusal.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.body.detail = Some(detail.into()).filter(|detail: &String| !detail.is_empty());
        self
    }

    /// Names the fields that are wrong.
    #[must_use]
    pub(crate) fn validations(mut self, validations: Vec<ValidationError>) -> Self {
        self.0.body.validations = Some(validations).filter(|validations| !validations.is_empty());
        self
    }

    /// Names one field that is wrong.
    #[must_use]
    pub(crate) fn field(self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.validations(vec![ValidationError { field: field.into(), detail: detail.into() }])
    }

    /// Sends a header along.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Answers with this body instead of the usual one.
    #[must_use]
    pub(crate) fn json(mut self, body: serde_json::Value) -> Self {
        self.0.form = Form::Json(body);
        self
    }

    /// Answers with the message in plain text, as the original does before it speaks JSON.
    #[must_use]
    pub(crate) fn plain(mut self) -> Self {
        self.0.form = Form::Plain;
        self
    }

    /// Answers with the message in plain text and, behind it, with another one as JSON whose detail is the first: what
    /// comes of refusing a WebSocket and telling of the failure again.
    #[must_use]
    pub(crate) fn said_twice(mut self, again: &str) -> Self {
        let detail = format!("failed to accept WebSocket connection: {}", self.0.body.message);
        let again = codersdk::Response { message: again.to_owned(), detail: Some(detail), ..Default::default() };
        let again = serde_json::to_string(&again).unwrap_or_default();
        self.0.body.message = format!("{}\n{again}", self.0.body.message);
        self.plain()
    }

    /// The status to be answered.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The body to be answered, unless it has a form of its own.
    pub(crate) fn body(&self) -> &codersdk::Response {
        &self.0.body
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::internal("An internal server error occurred.", &error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Inner { status, body, headers, form } = *self.0;
        let mut response = match form {
            Form::Usual => (status, axum::Json(body)).into_response(),
            Form::Json(json) => (status, axum::Json(json)).into_response(),
            Form::Plain => plain_text(status, &body.message),
        };
        response.headers_mut().extend(headers);
        response
    }
}

/// A refusal in plain text, as the original's middleware writes them.
pub(crate) fn plain_text(status: StatusCode, text: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, format!("{text}\n")).into_response()
}

/// The checks of a body's fields, each failure worded with the name of its rule.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    failed: Vec<ValidationError>,
}

impl Checks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Fails `field` unless `holds`; a field fails once, with its first rule.
    #[must_use]
    pub(crate) fn check(mut self, field: &str, rule: &str, value: impl std::fmt::Display, holds: bool) -> Self {
        if !holds && !self.failed.iter().any(|failed| failed.field == field) {
            let detail = format!("Validation failed for tag \"{rule}\" with value: \"{value}\"");
            self.failed.push(ValidationError { field: field.to_owned(), detail });
        }
        self
    }

    /// Fails `field` when it is empty.
    #[must_use]
    pub(crate) fn required(self, field: &str, value: &str) -> Self {
        self.check(field, "required", value, !value.is_empty())
    }

    /// The refusal of all that failed.
    ///
    /// # Errors
    /// When a check failed.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.failed.is_empty() { Ok(()) } else { Err(ApiError::validation_failed(self.failed)) }
    }
}
