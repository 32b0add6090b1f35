//! Reading query parameters: every mistake is reported, each with its field.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use chrono::{DateTime, Utc};
use codersdk::ValidationError;
use http::request::Parts;
use uuid::Uuid;
use workspacesdk::quote::shown;

use super::error::ApiError;
use super::extract::parse_uuid;
use crate::quote::quoted;

/// Forms of times, as errors name them.
const RFC_3339: &str = "2006-01-02T15:04:05Z07:00";
const RFC_3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

/// The parameters of a query in the order they came, each as often as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueryValues(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for QueryValues {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl QueryValues {
    /// Splits a raw query. A pair with a semicolon or a broken escape is left out, as if it had not been sent.
    pub(crate) fn parse(raw: &str) -> Self {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';'));
        Self(
            pairs
                .filter_map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    Some((unescape(key)?, unescape(value)?))
                })
                .collect(),
        )
    }

    /// Adds a value, as a search text does for each of its terms.
    pub(crate) fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Takes a parameter out.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key);
    }

    fn keys(&self) -> BTreeSet<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    Some(String::from_utf8(bytes).unwrap_or_else(|error| shown(error.as_bytes())))
}

/// Reads parameters one by one and gathers what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct QueryParser {
    errors: Vec<ValidationError>,
    parsed: BTreeSet<String>,
    required: BTreeSet<String>,
}

impl QueryParser {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What is wrong, at the end.
    pub(crate) fn into_errors(self) -> Vec<ValidationError> {
        self.errors
    }

    /// Refuses the request if a parameter was wrong.
    ///
    /// # Errors
    /// 400 with every mistake.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(ApiError::bad_request("Query parameters have invalid values.").validations(self.errors))
    }

    /// Makes parameters required, for the reads that follow.
    #[must_use]
    pub(crate) fn required_not_empty(mut self, keys: &[&str]) -> Self {
        self.required.extend(keys.iter().map(|key| (*key).to_owned()));
        self
    }

    /// Adds a mistake.
    pub(crate) fn error(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.errors.push(ValidationError { field: field.into(), detail: detail.into() });
    }

    fn wrong(&mut self, key: &str, what: impl std::fmt::Display) {
        self.error(key, format!("Query param {} {what}", quoted(key)));
    }

    /// Refuses the parameters that were not read before this call.
    pub(crate) fn error_excess(&mut self, values: &QueryValues) {
        for key in values.keys() {
            if !self.parsed.contains(key) {
                self.error(key, format!("{} is not a valid query param", quoted(key)));
            }
        }
    }

    pub(crate) fn int(&mut self, values: &QueryValues, default: i64, key: &str) -> i64 {
        match self.single(values, key, |text| parse_int("Atoi", text, i64::MIN, i64::MAX)) {
            Single::Value(value) => value,
            Single::Default => default,
            Single::Error((clamped, error)) => {
                self.wrong(key, format!("must be a valid integer: {error}"));
                clamped
            }
        }
    }

    pub(crate) fn int64(&mut self, values: &QueryValues, default: i64, key: &str) -> i64 {
        match self.single(values, key, |text| parse_int("ParseInt", text, i64::MIN, i64::MAX)) {
            Single::Value(value) => value,
            Single::Default => default,
            Single::Error((_, error)) => {
                self.wrong(key, format!("must be a valid 64-bit integer: {error}"));
                0
            }
        }
    }

    pub(crate) fn positive_int32(&mut self, values: &QueryValues, default: i32, key: &str) -> i32 {
        let value = self.positive(values, i64::from(default), i64::from(i32::MAX), "32-bit", key);
        i32::try_from(value).unwrap_or_default()
    }

    pub(crate) fn positive_int64(&mut self, values: &QueryValues, default: i64, key: &str) -> i64 {
        self.positive(values, default, i64::MAX, "64-bit", key)
    }

    fn positive(&mut self, values: &QueryValues, default: i64, max: i64, width: &str, key: &str) -> i64 {
        let read = self.single(values, key, |text| {
            let value = parse_int("ParseInt", text, -max - 1, max).map_err(|(_, error)| error)?;
            if value < 0 { Err("value is negative".to_owned()) } else { Ok(value) }
        });
        match read {
            Single::Value(value) => value,
            Single::Default => default,
            Single::Error(error) => {
                self.wrong(key, format!("must be a valid {width} positive integer: {error}"));
                0
            }
        }
    }

    pub(crate) fn boolean(&mut self, values: &QueryValues, default: bool, key: &str) -> bool {
        self.read(values, default, key, "must be a valid boolean", parse_bool)
    }

    /// `None` when the parameter is absent.
    pub(crate) fn nullable_boolean(&mut self, values: &QueryValues, key: &str) -> Option<bool> {
        self.read(values, None, key, "must be a valid boolean", |text| parse_bool(text).map(Some))
    }

    pub(crate) fn uuid(&mut self, values: &QueryValues, default: Uuid, key: &str) -> Uuid {
        match self.single(values, key, parse_uuid) {
            Single::Value(value) => value,
            Single::Default => default,
            Single::Error(_) => {
                self.wrong(key, "must be a valid uuid");
                Uuid::nil()
            }
        }
    }

    pub(crate) fn string(&mut self, values: &QueryValues, default: &str, key: &str) -> String {
        self.read(values, default.to_owned(), key, "must be a valid string", |text| Ok(text.to_owned()))
    }

    pub(crate) fn strings(&mut self, values: &QueryValues, key: &str) -> Vec<String> {
        self.custom_list(values, key, |text| Ok(text.to_owned()))
    }

    /// A time with its offset. Terms of a search come in small letters, so case does not matter here.
    pub(crate) fn time3339(
        &mut self,
        values: &QueryValues,
        default: Option<DateTime<Utc>>,
        key: &str,
    ) -> Option<DateTime<Utc>> {
        self.time(values, default, key, RFC_3339_NANO, str::to_uppercase)
    }

    /// A time with its offset, in the letters that the standard has.
    pub(crate) fn rfc3339(
        &mut self,
        values: &QueryValues,
        default: Option<DateTime<Utc>>,
        key: &str,
    ) -> Option<DateTime<Utc>> {
        self.time(values, default, key, RFC_3339, str::to_owned)
    }

    fn time(
        &mut self,
        values: &QueryValues,
        default: Option<DateTime<Utc>>,
        key: &str,
        layout: &str,
        spell: fn(&str) -> String,
    ) -> Option<DateTime<Utc>> {
        self.read(values, default, key, &format!("must be a valid date format ({layout})"), |text| {
            let text = spell(text);
            let parsed = DateTime::parse_from_rfc3339(&text).ok();
            // The parser takes other letters, too.
            let strict = text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z');
            parsed
                .filter(|_| strict)
                .map(|time| Some(time.to_utc()))
                .ok_or_else(|| format!("parsing time {} as {}", quoted(&text), quoted(layout)))
        })
    }

    /// A value with a parser of its own.
    pub(crate) fn custom<T: Default>(
        &mut self,
        values: &QueryValues,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        self.read(values, T::default(), key, "has invalid value", parse)
    }

    /// Values with a parser of their own, separated by commas or sent one by one.
    pub(crate) fn custom_list<T>(
        &mut self,
        values: &QueryValues,
        key: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        if !self.present(values, key) {
            return Vec::new();
        }
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for term in values.all(key).flat_map(|text| text.split(',')) {
            match parse(term) {
                Ok(value) => good.push(value),
                Err(error) => bad.push(error),
            }
        }
        if bad.is_empty() {
            return good;
        }
        self.wrong(key, format!("has invalid values: {}", bad.join("\n")));
        Vec::new()
    }

    fn read<T: Default>(
        &mut self,
        values: &QueryValues,
        default: T,
        key: &str,
        kind: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        match self.single(values, key, parse) {
            Single::Value(value) => value,
            Single::Default => default,
            Single::Error(error) => {
                self.wrong(key, format!("{kind}: {error}"));
                T::default()
            }
        }
    }

    fn single<T, E>(
        &mut self,
        values: &QueryValues,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Single<T, E> {
        if !self.present(values, key) {
            return Single::Default;
        }
        let count = values.all(key).count();
        if count > 1 {
            self.wrong(
                key,
                format!("provided more than once, found {count} times. Only provide 1 instance of this query param."),
            );
            return Single::Default;
        }
        match parse(values.get(key).unwrap_or_default()) {
            Ok(value) => Single::Value(value),
            Err(error) => Single::Error(error),
        }
    }

    /// Whether there is something to read; a required parameter that is not there is a mistake.
    fn present(&mut self, values: &QueryValues, key: &str) -> bool {
        self.parsed.insert(key.to_owned());
        let present = values.get(key).is_some_and(|value| !value.is_empty());
        if !present && self.required.contains(key) {
            self.wrong(key, "is required and cannot be empty");
        }
        present
    }
}

enum Single<T, E> {
    Value(T),
    Default,
    Error(E),
}

/// Reads a whole number as the original's language does; a failure carries the value that it is cut to.
fn parse_int(function: &str, text: &str, min: i64, max: i64) -> Result<i64, (i64, String)> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err((0, format!("strconv.{function}: parsing {}: invalid syntax", quoted(text))));
    }
    match text.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => {
            let clamped = if text.starts_with('-') { min } else { max };
            Err((clamped, format!("strconv.{function}: parsing {}: value out of range", quoted(text))))
        }
    }
}

/// Reads the spellings of a truth value.
pub(crate) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quoted(text))),
    }
}

/// Reads a word that must be one of a set.
pub(crate) fn parse_enum<T>(text: &str, valid: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    valid(text).ok_or_else(|| format!("{} is not a valid value", quoted(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{replay, same, same_set, vectors};

    /// What follows comes from the original's parsers of numbers and times and is free to differ.
    fn without_tails(errors: &Value) -> Value {
        let cut = |error: &Value| {
            let detail = error["detail"].as_str().unwrap_or_default();
            let end = ["parsing time", "time: "].iter().find_map(|tail| detail.find(tail)).unwrap_or(detail.len());
            json!({"field": error["field"], "detail": detail[..end]})
        };
        errors.as_array().into_iter().flatten().map(cut).collect()
    }

    #[test]
    fn vectors_of_queries_match() {
        let cases: Vec<_> =
            vectors("http_query.json").into_iter().filter(|case| case.text("rule") == "query").collect();
        replay(&cases, |case| {
            let values = QueryValues::parse(case.text("query"));
            let default = &case.input["default"];
            let mut parser = QueryParser::new();
            let number = default.as_i64().unwrap_or_default();
            let value = match case.text("kind") {
                "int" => json!(parser.int(&values, number, "p")),
                "int64" => json!(parser.int64(&values, number, "p")),
                "positive_int32" => json!(parser.positive_int32(&values, i32::try_from(number).unwrap(), "p")),
                "bool" => json!(parser.boolean(&values, default.as_bool().unwrap_or_default(), "p")),
                "nullable_bool" => json!(parser.nullable_boolean(&values, "p")),
                "uuid" => json!(parser.uuid(&values, Uuid::nil(), "p")),
                "uuids" => json!(parser.custom_list(&values, "p", |text| parse_uuid(text.trim()))),
                "string" => json!(parser.string(&values, default.as_str().unwrap_or_default(), "p")),
                "strings" => {
                    let read = parser.strings(&values, "p");
                    if values.get("p").is_none_or(str::is_empty) { default.clone() } else { json!(read) }
                }
                "time" => parser.time3339(&values, None, "p").map_or(default.clone(), |time| json!(time)),
                "required" => {
                    parser = parser.required_not_empty(&["p"]);
                    json!(parser.string(&values, default.as_str().unwrap_or_default(), "p"))
                }
                // No route built so far takes one.
                "duration_ns" => return Ok(()),
                other => return Err(format!("unknown kind {other}")),
            };
            same(&value, &case.output["value"])?;
            same_set(&without_tails(&json!(parser.into_errors())), &without_tails(&case.output["errors"]))
        });
    }

    #[test]
    fn times_are_read_in_their_letters_or_in_any() {
        let read = |text: &str, any: bool| {
            let values = QueryValues::parse(&format!("p={text}"));
            let mut parser = QueryParser::new();
            let time = if any { parser.time3339(&values, None, "p") } else { parser.rfc3339(&values, None, "p") };
            (time, parser.into_errors().pop().map(|error| error.detail))
        };
        let time: DateTime<Utc> = "2026-01-02T01:02:03Z".parse().unwrap();
        assert_eq!(read("2026-01-02T03:02:03%2B02:00", false), (Some(time), None));
        assert_eq!(read("2026-01-02t01:02:03z", true), (Some(time), None));
        for wrong in ["2026-01-02t01:02:03z", "2026-01-02T01:02:03z", "2026-01-02%2001:02:03Z", "2026-01-02", "x"] {
            let (time, error) = read(wrong, false);
            let error = error.unwrap();
            assert!(time.is_none() && error.contains("must be a valid date format (2006-01-02T15:04:05Z07:00): "));
        }
    }

    #[test]
    fn vectors_of_unknown_parameters_match() {
        let cases: Vec<_> =
            vectors("http_query.json").into_iter().filter(|case| case.text("rule") == "excess").collect();
        replay(&cases, |case| {
            let values = QueryValues::parse(case.text("query"));
            let mut parser = QueryParser::new();
            parser.string(&values, "", "p");
            parser.error_excess(&values);
            same_set(&json!(parser.into_errors()), &case.output["errors"])
        });
    }
}
