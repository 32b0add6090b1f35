//! What handlers take from a request: JSON bodies and identifiers.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::ApiError;
use super::go_json;
use crate::quote::quoted;

/// How large a JSON body may be where the route sets no bound of its own, in bytes.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 1 << 20;

const NOT_JSON: &str = "Request body must be valid JSON.";
const TOO_LARGE: &str = "http: request body too large";

/// A JSON body of at most `LIMIT` bytes, read with the leniency of [`go_json`], whatever its content type.
#[derive(Debug)]
pub(crate) struct GoJson<T, const LIMIT: usize = DEFAULT_BODY_LIMIT>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync, const LIMIT: usize> FromRequest<S> for GoJson<T, LIMIT> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (bytes, whole) = read_body(request.into_body(), LIMIT).await?;
        go_json::from_slice(&bytes).map(Self).map_err(|error| {
            // A value that ends within the bound is taken; one that goes on beyond it is what is too large.
            let detail = if whole { error.to_string() } else { TOO_LARGE.to_owned() };
            ApiError::bad_request(NOT_JSON).detail(detail)
        })
    }
}

/// Reads a JSON body as [`GoJson`] does, but later: after checks that come before it.
///
/// # Errors
/// 400 for what is no JSON or does not fit.
pub(crate) async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, ApiError> {
    GoJson::<T>::from_request(request, &()).await.map(|GoJson(value)| value)
}

/// Reads at most `limit` bytes, and tells whether that was all.
///
/// # Errors
/// When the client goes away or breaks the protocol.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<(Vec<u8>, bool), ApiError> {
    let mut bytes = Vec::new();
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| ApiError::bad_request(NOT_JSON).detail(error.to_string()))?;
        let room = limit - bytes.len();
        if chunk.len() > room {
            bytes.extend_from_slice(&chunk[..room]);
            return Ok((bytes, false));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, true))
}

/// Reads an identifier in any of its spellings: with or without dashes, in braces, as a URN, in any case.
///
/// # Errors
/// What is wrong with the text.
pub(crate) fn parse_uuid(text: &str) -> Result<Uuid, String> {
    let invalid = || match text.len() {
        32 | 36 | 38 | 45 => "invalid UUID format".to_owned(),
        length => format!("invalid UUID length: {length}"),
    };
    let bare = match text.len() {
        45 if text.get(..9).is_some_and(|prefix| prefix.eq_ignore_ascii_case("urn:uuid:")) => &text[9..],
        45 => return Err(format!("invalid urn prefix: {:?}", text.chars().take(9).collect::<String>())),
        // Whatever the braces are.
        38 => text.get(1..37).ok_or_else(invalid)?,
        32 | 36 => text,
        _ => return Err(invalid()),
    };
    Uuid::try_parse(bare).map_err(|_| invalid())
}

/// Reads an identifier of a path.
///
/// # Errors
/// 400 `Invalid UUID "…".`
pub(crate) fn path_uuid(text: &str) -> Result<Uuid, ApiError> {
    parse_uuid(text).map_err(|detail| ApiError::bad_request(format!("Invalid UUID {}.", quoted(text))).detail(detail))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::error::Checks;
    use super::*;
    use crate::testing::{same, vectors};

    #[tokio::test]
    async fn vectors_of_bodies_match() {
        #[derive(serde::Deserialize, serde::Serialize)]
        struct Body {
            name: String,
            count: i64,
        }

        async fn read(text: &str) -> Result<Body, ApiError> {
            let request = Request::new(axum::body::Body::from(text.to_owned()));
            let GoJson(body) = GoJson::<Body>::from_request(request, &()).await?;
            let positive = body.count >= 0;
            Checks::new()
                .required("name", &body.name)
                .check("name", "username", &body.name, codersdk::names::name_valid(&body.name).is_ok())
                .check("count", "gte", body.count, positive)
                .finish()?;
            Ok(body)
        }

        /// The detail of a body that is no JSON comes from the original's decoder and is free to differ.
        fn comparable(mut answer: Value) -> Value {
            if answer["message"] == NOT_JSON {
                answer["detail"] = json!(answer["detail"].is_string());
            }
            answer
        }

        for case in vectors("http_query.json").into_iter().filter(|case| case.text("rule") == "body") {
            match read(case.text("body")).await {
                Ok(body) => same(&json!(body), &case.output["value"]).unwrap_or_else(|e| panic!("{}: {e}", case.name)),
                Err(error) => {
                    let answer = comparable(json!(error.body()));
                    same(&answer, &comparable(case.output["answer"].clone()))
                        .unwrap_or_else(|e| panic!("{}: {e}", case.name));
                }
            }
        }
    }

    #[test]
    fn identifiers_have_many_spellings() {
        let id = Uuid::from_u128(0xabc);
        for text in [
            id.hyphenated().to_string(),
            id.simple().to_string().to_uppercase(),
            format!("{{{id}}}"),
            format!("\"{id}\""),
            format!("URN:uuid:{id}"),
        ] {
            assert_eq!(parse_uuid(&text), Ok(id), "{text}");
        }
        for text in ["", "zz", "00000000-0000-0000-0000-00000000000g", "{00000000000000000000000000000000}"] {
            assert!(parse_uuid(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_its_bound_is_refused_unless_its_value_ends_before() {
        async fn read(body: String) -> Result<Vec<u8>, ApiError> {
            let request = Request::new(Body::from(body));
            GoJson::<Vec<u8>, 10>::from_request(request, &()).await.map(|GoJson(value)| value)
        }
        assert_eq!(read(format!("[1] {}", "x".repeat(100))).await.unwrap(), [1]);
        let error = read(format!("[{}1]", " ".repeat(20))).await.unwrap_err();
        assert_eq!(error.body().detail.as_deref(), Some(TOO_LARGE));
    }
}
