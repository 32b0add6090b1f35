//! Reading JSON with the leniency that clients of the original rely on.
//!
//! A key matches a field in any case, unknown keys and whatever follows the first value are passed over, `null` leaves
//! a field at its zero value, and so does its absence, whether or not the type gives it a default.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt::Display;

use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_json::Value;

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
    let text = String::from_utf8_lossy(body);
    let text = without_lone_surrogates(&text);
    let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let value = match stream.next() {
        None => return Err(Error::Invalid("EOF".to_owned())),
        Some(Err(error)) => return Err(Error::Invalid(error.to_string())),
        Some(Ok(value)) => value,
    };
    from_value(&value)
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

/// Decodes a JSON value.
///
/// # Errors
/// When the value does not fit `T`.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    // Which absent fields lack a default is known to the type alone: it says so one at a time.
    let mut absent = Vec::new();
    loop {
        match T::deserialize(Lenient { value, absent: &absent, type_label: "value" }) {
            Err(Error::Missing(field)) if !absent.contains(&field) => absent.push(field),
            other => return other,
        }
    }
}

/// A JSON value, or its absence as `null`.
#[derive(Clone, Copy)]
struct Lenient<'a> {
    value: &'a Value,
    /// Fields that get their zero value when the body lacks them.
    absent: &'a [&'static str],
    type_label: &'static str,
}

impl Lenient<'_> {
    fn mismatch<T>(&self) -> Error {
        let kind = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        Error::Invalid(format!(
            "json: cannot unmarshal {kind} into Go {} of type {}",
            self.type_label,
            type_name::<T>()
        ))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.value {
                Value::Null => visitor.$visit(Default::default()),
                Value::Number(_) => <$type>::deserialize(self.value).map_err(|_| self.mismatch::<$type>())
                    .and_then(|n| visitor.$visit(n)),
                _ => Err(self.mismatch::<$type>()),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Lenient<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(value) => visitor.visit_str(value),
            Value::Number(value) => match (value.as_u64(), value.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(value.as_f64().unwrap_or_default()),
            },
            Value::Array(values) => visitor.visit_seq(Seq { values: values.iter(), of: self }),
            Value::Object(values) => visitor.visit_map(Map { entries: values.iter(), next: None, of: self }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(*value),
            _ => Err(self.mismatch::<bool>()),
        }
    }

    numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_str(""),
            Value::String(value) => visitor.visit_str(value),
            _ => Err(self.mismatch::<String>()),
        }
    }

    /// Texts with a meaning (identifiers, times) are read through here, so their zero is not the empty text.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let of = type_name::<V::Value>();
        match self.value {
            Value::Null if of.contains("Uuid") => visitor.visit_str("00000000-0000-0000-0000-000000000000"),
            Value::Null if of.contains("DateTime") => visitor.visit_str("0001-01-01T00:00:00Z"),
            Value::String(value) if of.contains("Uuid") => match super::extract::parse_uuid(value) {
                Ok(id) => visitor.visit_str(&id.to_string()),
                Err(error) => Err(Error::Invalid(error)),
            },
            _ => self.deserialize_string(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        // A raw value keeps the text of its JSON; only this spelling of the request tells that one is wanted.
        if name == "$serde_json::private::RawValue" {
            let entry = [(name, StringDeserializer::<Error>::new(self.value.to_string()))];
            return visitor.visit_map(MapDeserializer::new(entry.into_iter()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_seq(Seq { values: [].iter(), of: self }),
            Value::Array(values) => visitor.visit_seq(Seq { values: values.iter(), of: self }),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_map(Fields::new(self, &[])),
            Value::Object(values) => visitor.visit_map(Map { entries: values.iter(), next: None, of: self }),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::Null | Value::Object(_) => visitor.visit_map(Fields::new(self, fields)),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::String(name) => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(name.as_str())),
            Value::Object(entries) if entries.len() == 1 => {
                let (name, value) = entries.iter().next().expect("the length is one");
                visitor.visit_enum(Variant { name, content: Lenient { value, ..self } })
            }
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    serde::forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct identifier }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

struct Seq<'a> {
    values: std::slice::Iter<'a, Value>,
    of: Lenient<'a>,
}

impl<'de> SeqAccess<'de> for Seq<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.values.next().map(|value| seed.deserialize(Lenient { value, ..self.of })).transpose()
    }
}

/// A map: every key as it stands.
struct Map<'a> {
    entries: serde_json::map::Iter<'a>,
    next: Option<&'a Value>,
    of: Lenient<'a>,
}

impl<'de> MapAccess<'de> for Map<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.next = Some(value);
        seed.deserialize(Lenient { value: &Value::String(key.clone()), ..self.of }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.next.take().unwrap_or(&Value::Null);
        seed.deserialize(Lenient { value, ..self.of })
    }
}

/// A struct: each field once, whatever the case of its key, and zero values for the absent ones that need them.
struct Fields<'a> {
    entries: std::vec::IntoIter<(&'static str, &'a Value)>,
    next: Option<(&'static str, &'a Value)>,
    of: Lenient<'a>,
}

impl<'a> Fields<'a> {
    fn new(of: Lenient<'a>, fields: &'static [&'static str]) -> Self {
        let mut entries: Vec<(&'static str, &'a Value)> = Vec::new();
        if let Value::Object(object) = of.value {
            for (key, value) in object {
                let exact = fields.iter().find(|field| **field == key);
                let lower = || Cow::from(key.to_lowercase());
                let Some(field) = exact.or_else(|| fields.iter().find(|field| field.to_lowercase() == lower())) else {
                    continue;
                };
                match entries.iter_mut().find(|(name, _)| name == field) {
                    // `null` leaves what an earlier spelling of the key has set.
                    Some(_) if value.is_null() => {}
                    Some((_, earlier)) => *earlier = value,
                    None => entries.push((field, value)),
                }
            }
        }
        for field in of.absent.iter().filter(|field| fields.contains(field)) {
            if !entries.iter().any(|(name, _)| name == field) {
                entries.push((field, &Value::Null));
            }
        }
        Self { entries: entries.into_iter(), next: None, of }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.next = self.entries.next();
        let Some((field, _)) = self.next else { return Ok(None) };
        seed.deserialize(IntoDeserializer::<Error>::into_deserializer(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (field, value) = self.next.take().unwrap_or(("", &Value::Null));
        seed.deserialize(Lenient { value, type_label: "struct field", ..self.of }).map_err(|error| match error {
            Error::Invalid(text) if text.contains("struct field of type") => {
                Error::Invalid(text.replacen("struct field of type", &format!("struct field .{field} of type"), 1))
            }
            other => other,
        })
    }
}

/// A variant with content.
struct Variant<'a> {
    name: &'a str,
    content: Lenient<'a>,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Lenient<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Lenient<'a>), Error> {
        let name = seed.deserialize(IntoDeserializer::<Error>::into_deserializer(self.name))?;
        Ok((name, self.content))
    }
}

impl<'de> VariantAccess<'de> for Lenient<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields::new(self, fields))
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
