//! Reading JSON with the leniency that clients of the original rely on.
//!
//! A key matches a field in any case, unknown keys and whatever follows the first value are passed over, `null` leaves
//! a field at its zero value, and so does its absence, whether or not the type gives it a default. What no field wants
//! is never taken apart, and what is wanted as JSON keeps its text: numbers of any size, keys in any order.

mod lenient;
mod syntax;

use std::borrow::Cow;
use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use workspacesdk::quote::shown;

use lenient::Lenient;
use syntax::fault;

/// What kind of value it is, in one word.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// How deep arrays and objects may lie in each other at all.
const MAX_DEPTH: usize = 10_000;

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("missing field `{0}`")]
    Missing(&'static str),
}

impl serde::de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::Invalid(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// Decodes the first JSON value of `body`.
///
/// # Errors
/// When the body does not begin with a JSON value, or the value does not fit `T`.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    read(body, |_| None)
}

/// Decodes the one JSON value that `body` is.
///
/// # Errors
/// As for [`from_slice`], and when something follows the value.
pub(crate) fn from_whole<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    read(body, fault)
}

/// Decodes the first JSON value of `body`, unless `refuse` has a word against the whole.
fn read<T: DeserializeOwned>(body: &[u8], refuse: impl FnOnce(&str) -> Option<String>) -> Result<T, Error> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(shown(body)),
    };
    let text = without_lone_surrogates(&text);
    if is_too_deep(&text) {
        return Err(Error::Invalid("exceeded max depth".to_owned()));
    }
    if let Some(words) = refuse(&text) {
        return Err(Error::Invalid(words));
    }
    let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<&RawValue>();
    match stream.next() {
        None => Err(Error::Invalid("EOF".to_owned())),
        Some(Err(error)) if error.is_eof() => Err(Error::Invalid("unexpected EOF".to_owned())),
        Some(Err(error)) => Err(Error::Invalid(fault(&text).unwrap_or_else(|| error.to_string()))),
        Some(Ok(value)) => from_raw(value),
    }
}

/// Whether the first value of the text has more levels than any reader should follow.
fn is_too_deep(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return false;
                }
            }
            _ => {}
        }
    }
    false
}

/// Replaces escaped halves of characters that have no other half, which a strict reader refuses.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let escape = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = String::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = bytes[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        at += match (escape(at), escape(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.push_str(&text[copied..at]);
                mended.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            (Some(_), _) => 6,
            // The escaped character is passed over too, as it may be a backslash.
            (None, _) => 2,
        };
        at = at.min(bytes.len());
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[copied..]);
    Cow::Owned(mended)
}

fn from_raw<T: DeserializeOwned>(value: &RawValue) -> Result<T, Error> {
    // Which absent fields lack a default is known to the type alone: it says so one at a time.
    let mut absent = Vec::new();
    loop {
        match T::deserialize(Lenient::new(value, &absent)) {
            Err(Error::Missing(field)) if !absent.contains(&field) => absent.push(field),
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Inner {
        text: String,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Body {
        name: String,
        count: i64,
        id: Uuid,
        at: DateTime<Utc>,
        inner: Inner,
        #[serde(default)]
        maybe: Option<Option<bool>>,
        #[serde(rename = "theList")]
        list: Vec<Inner>,
        raw: Option<Box<serde_json::value::RawValue>>,
        map: BTreeMap<String, i64>,
    }

    fn read(text: &str) -> Result<Body, Error> {
        from_slice(text.as_bytes())
    }

    #[test]
    fn absent_and_null_fields_are_zero() {
        for text in ["{}", "null", r#"{"name":null,"count":null,"id":null,"at":null,"inner":null,"theList":null}"#] {
            let body = read(text).unwrap();
            assert_eq!((body.name.as_str(), body.count, body.id), ("", 0, Uuid::nil()));
            assert_eq!(body.at.to_rfc3339(), "0001-01-01T00:00:00+00:00");
            assert_eq!(body.inner, Inner { text: String::new() });
            assert_eq!((body.maybe, body.list, body.map), (None, vec![], BTreeMap::new()));
        }
    }

    #[test]
    fn keys_match_in_any_case_and_the_rest_is_passed_over() {
        let body =
            read(r#" {"NAME":"x","COUNT":3,"thelist":[{"TEXT":"a"}],"other":[{}],"map":{"A":1,"a":2}} {"#).unwrap();
        assert_eq!((body.name.as_str(), body.count), ("x", 3));
        assert_eq!(body.list, [Inner { text: "a".to_owned() }]);
        assert_eq!(body.map.len(), 2);
    }

    #[test]
    fn lists_of_known_length_are_filled_and_cut() {
        for (text, list) in [("[1]", [1, 0]), ("[]", [0, 0]), ("[1,null,3]", [1, 0]), ("null", [0, 0])] {
            assert_eq!(from_slice::<[i64; 2]>(text.as_bytes()).unwrap(), list, "{text}");
        }
        assert!(from_slice::<[i64; 2]>(b"{}").is_err());
    }

    #[test]
    fn what_is_read_whole_is_one_value() {
        assert_eq!(from_whole::<i64>(b" 1\n").unwrap(), 1);
        let failure = |text: &str| from_whole::<i64>(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(failure("1 x"), "invalid character 'x' after top-level value");
        assert_eq!(failure(" "), "unexpected end of JSON input");
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let failure = |text: &str| read(text).unwrap_err().to_string();
        for (text, place) in [
            (r#"{"name": 3}"#, "number into Go struct field Body.name of type string"),
            (r#"{"count": 1.5}"#, "number 1.5 into Go struct field Body.count of type int"),
            (r#"{"inner": {"TEXT": []}}"#, "array into Go struct field Inner.inner.text of type string"),
            (r#"{"theList": [{}, {"text": true}]}"#, "bool into Go struct field Inner.theList.text of type string"),
            (r#"{"theList": {}}"#, "object into Go struct field Body.theList of type []Inner"),
            (r#"{"map": 1}"#, "number into Go struct field Body.map of type map[string]int"),
            ("[]", "array into Go value of type Body"),
        ] {
            assert_eq!(failure(text), format!("json: cannot unmarshal {place}"), "{text}");
        }
        assert_eq!(failure("{"), "unexpected EOF");
        assert_eq!(failure("{a"), "invalid character 'a' looking for beginning of object key string");
        assert_eq!(failure(""), "EOF");
    }

    #[test]
    fn halves_of_characters_are_replaced() {
        let name = |json: &str| read(&format!("{{\"name\":{json}}}")).map(|body| body.name);
        assert_eq!(name(r#""a\ud800b""#).unwrap(), "a\u{fffd}b");
        assert_eq!(name(r#""\udc00\ud83d\ude00""#).unwrap(), "\u{fffd}😀");
        assert_eq!(name(r#""\\ud800""#).unwrap(), r"\ud800");
        assert!(name(r#""\ud8""#).is_err() && read("\\").is_err());
    }

    #[test]
    fn raw_values_keep_their_json() {
        let body = read(r#"{"raw":{"b":[1,2.5]}}"#).unwrap();
        assert_eq!(body.raw.unwrap().get(), r#"{"b":[1,2.5]}"#);
    }

    #[test]
    fn raw_values_keep_their_text() {
        for text in ["1e999", "1.50", "123456789012345678901234567890", r#"{"b":1,"a":[ 2 ]}"#] {
            assert_eq!(read(&format!("{{\"raw\":{text}}}")).unwrap().raw.unwrap().get(), text);
        }
    }

    #[test]
    fn what_no_field_wants_is_not_taken_apart() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let unknown = |json: &str| read(&format!("{{\"other\":{json},\"name\":\"x\"}}")).map(|body| body.name);
        assert_eq!(unknown("-1e999").unwrap(), "x");
        assert_eq!(unknown(&nested(9_999)).unwrap(), "x");
        assert!(unknown(&nested(10_000)).is_err());
        assert!(unknown("01").is_err() && unknown("nul").is_err() && unknown("\"\\x\"").is_err());
        let read = |levels: usize| from_slice::<Value>(nested(levels).as_bytes());
        assert!(read(100).is_ok() && read(101).is_err());
    }

    #[test]
    fn of_several_spellings_the_last_counts() {
        assert_eq!(read(r#"{"name":"a","NAME":"b"}"#).unwrap().name, "b");
        assert_eq!(read(r#"{"NAME":"a","name":"b"}"#).unwrap().name, "b");
        assert_eq!(read(r#"{"name":"b","name":"a","Name":null}"#).unwrap().name, "a");
    }

    #[test]
    fn kinds_must_fit() {
        for text in
            ["", "{", "[1]", "1", "\"x\"", r#"{"name":5}"#, r#"{"count":"5"}"#, r#"{"count":1.5}"#, r#"{"id":"zz"}"#]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(r#"{"id":"urn:uuid:{x"}"#).is_err());
        assert_eq!(read(r#"{"id":"{00000000-0000-0000-0000-00000000000A}"}"#).unwrap().id, Uuid::from_u128(10));
    }
}
