//! JSON kept as it was written.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Any JSON value, kept as text: numbers keep their digits and objects the order of their keys.
///
/// Arguments and results of tools are of this type, since they belong to the model and the tool and
/// pass through here unread. Cloning is cheap. Two values are equal when they are the same JSON,
/// however it is spaced or its keys are ordered.
///
/// ```
/// use codersdk::RawJson;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Args {
///     city: String,
/// }
///
/// let args = RawJson::from_text(r#"{"city":"Oslo"}"#)?;
/// assert_eq!(args.parse::<Args>()?.city, "Oslo");
/// assert_eq!(args.get(), r#"{"city":"Oslo"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// Takes JSON text as it is.
    ///
    /// # Errors
    /// Fails when the text is not exactly one JSON value.
    pub fn from_text(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        Ok(Self(RawValue::from_string(text.into())?.into()))
    }

    /// Encodes a value.
    ///
    /// # Errors
    /// Fails when the value has no JSON form, such as a map whose keys are not strings.
    pub fn encode(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::value::to_raw_value(value)?.into()))
    }

    /// The value `null`.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }

    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.get().trim() == "null"
    }

    /// Decodes the value as a type.
    ///
    /// # Errors
    /// Fails when the value does not have the form of the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    /// The value as a tree. Numbers beyond 64 bits become floating point numbers.
    pub fn to_value(&self) -> serde_json::Value {
        self.parse().unwrap_or_default()
    }
}

impl Default for RawJson {
    fn default() -> Self {
        Self::null()
    }
}

impl From<serde_json::Value> for RawJson {
    fn from(value: serde_json::Value) -> Self {
        // A tree of JSON always has a text, and that text is always JSON.
        Self::from_text(value.to_string()).unwrap_or_default()
    }
}

impl From<Box<RawValue>> for RawJson {
    fn from(value: Box<RawValue>) -> Self {
        Self(value.into())
    }
}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get() || self.to_value() == other.to_value()
    }
}

impl PartialEq<serde_json::Value> for RawJson {
    fn eq(&self, other: &serde_json::Value) -> bool {
        self.to_value() == *other
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match compact(self.get()) {
            None => self.0.serialize(serializer),
            Some(text) => RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Box::<RawValue>::deserialize(deserializer)?.into())
    }
}

/// The text without white space between its tokens, or nothing when it has none: a line break inside
/// a value would end a line of a log or of an event stream.
fn compact(text: &str) -> Option<String> {
    let mut in_string = false;
    let mut escaped = false;
    let mut kept = String::new();
    let mut from = 0;
    let mut found = false;
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            found = true;
            kept.push_str(&text[from..at]);
            from = at + 1;
        } else {
            in_string = byte == b'"';
        }
    }
    found.then(|| {
        kept.push_str(&text[from..]);
        kept
    })
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RawJson {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RawJson".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        true.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_digits_and_order() {
        let text = r#"{"z":1.0,"a":[2e2,12345678901234567890.50],"s":"a \" b"}"#;
        let json: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
    }

    #[test]
    fn writes_on_one_line() {
        let json = RawJson::from_text("{ \"a b\" :\n [1,\t2] , \"c\": \"x\\\\\" }").unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), r#"{"a b":[1,2],"c":"x\\"}"#);
    }

    #[test]
    fn passes_through_trees() {
        let json: RawJson = serde_json::from_value(serde_json::json!({"b": [1, null]})).unwrap();
        assert_eq!(json, serde_json::json!({"b": [1, null]}));
        assert_eq!(serde_json::to_value(&json).unwrap(), serde_json::json!({"b": [1, null]}));
    }

    #[test]
    fn refuses_what_is_no_json() {
        assert!(RawJson::from_text("{bad").is_err());
        assert!(RawJson::from_text("1 2").is_err());
    }
}
