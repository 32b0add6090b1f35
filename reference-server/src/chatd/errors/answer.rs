//! What an error answer of a provider says: its words, and the delay that it asks for.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::Regex;
use serde_json::Value;

use crate::model::ProviderResponse;

/// Longest error body that is searched for the provider's words, in bytes.
const MAX_BODY: usize = 64 * 1024;
/// The longest span that the original's clock can hold; a provider can ask for no more.
const MAX_WAIT: Duration = Duration::from_nanos(i64::MAX as u64);

/// The words of an error answer: those of its body, else what the client made of it.
pub(super) fn provider_detail(response: &ProviderResponse) -> String {
    let from_body =
        if response.body.len() > MAX_BODY { String::new() } else { unwrap_transport(body_message(&response.body)) };
    if from_body.is_empty() { unwrap_transport(response.message.trim().to_owned()) } else { from_body }
}

fn body_message(dump: &[u8]) -> String {
    json_message(after(dump, b"\r\n\r\n").or_else(|| after(dump, b"\n\n")).unwrap_or(dump))
}

fn after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    text.windows(mark.len()).position(|window| window == mark).map(|at| &text[at + mark.len()..])
}

/// `error.message`, else `message`; empty where the body is not such an object.
fn json_message(body: &[u8]) -> String {
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else { return String::new() };
    // Go's decoder matches names in any case; one of the wrong type spoils the whole.
    let get = |map: &serde_json::Map<String, Value>, name: &str| {
        map.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let outer = match get(&body, "message") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(_) => return String::new(),
    };
    if let Some(Value::Object(error)) = get(&body, "error")
        && let Some(Value::String(inner)) = get(&error, "message")
        && !inner.trim().is_empty()
    {
        return inner.trim().to_owned();
    }
    outer.trim().to_owned()
}

/// Finds the provider's words in a client's `POST "url": 400 Bad Request {…}`.
fn unwrap_transport(message: String) -> String {
    static PREFIX: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"^[A-Z]+ "[^"]+": [0-9]{3} "#).expect("a fixed pattern"));
    let Some(prefix) = PREFIX.find(&message) else { return message };
    let inner = message[prefix.end()..].find('{').map(|at| json_message(&message.as_bytes()[prefix.end() + at..]));
    inner.filter(|inner| !inner.is_empty()).unwrap_or(message)
}

/// The delay that the headers ask for: `retry-after-ms`, else `retry-after` in seconds or as a date.
pub(super) fn retry_after(headers: &[(String, String)], now: DateTime<Utc>) -> Duration {
    let find =
        |name: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim());
    let positive = |value: f64, unit: f64| {
        if value.is_nan() || value <= 0.0 {
            None
        } else {
            Some(Duration::try_from_secs_f64(value * unit).unwrap_or(MAX_WAIT))
        }
    };
    if let Some(delay) = find("retry-after-ms").and_then(|ms| ms.parse().ok()).and_then(|ms| positive(ms, 0.001)) {
        return delay.min(MAX_WAIT);
    }
    let Some(value) = find("retry-after") else { return Duration::ZERO };
    if let Ok(seconds) = value.parse() {
        return positive(seconds, 1.0).unwrap_or_default().min(MAX_WAIT);
    }
    let Ok(at) = httpdate::parse_http_date(value) else { return Duration::ZERO };
    (DateTime::<Utc>::from(at) - now).to_std().unwrap_or_default()
}
