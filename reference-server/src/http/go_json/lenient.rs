//! A deserializer that forgives what the original's reader forgives.

use std::any::type_name;
use std::fmt;

use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_json::value::RawValue;

use super::Error;
use crate::http::extract::parse_uuid;

/// How deep arrays and objects that are taken apart may lie in each other.
const MAX_READ_DEPTH: usize = 100;

/// A JSON value, or its absence as `null`.
#[derive(Clone, Copy)]
pub(super) struct Lenient<'a> {
    value: &'a RawValue,
    /// Fields that get their zero value when the body lacks them.
    absent: &'a [&'static str],
    type_label: &'static str,
    /// How many arrays and objects the value lies in.
    depth: usize,
}

/// What a JSON value is, which its first character tells.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Null,
    Bool(bool),
    Number,
    String,
    Array,
    Object,
}

impl<'a> Lenient<'a> {
    pub(super) fn new(value: &'a RawValue, absent: &'a [&'static str]) -> Self {
        Self { value, absent, type_label: "value", depth: 0 }
    }

    fn kind(&self) -> Kind {
        match self.value.get().trim_start().as_bytes().first() {
            Some(b'n') | None => Kind::Null,
            Some(b't') => Kind::Bool(true),
            Some(b'f') => Kind::Bool(false),
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            Some(_) => Kind::Number,
        }
    }

    fn mismatch<T>(&self) -> Error {
        let kind = match self.kind() {
            Kind::Null => "null",
            Kind::Bool(_) => "bool",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        };
        self.misfit::<T>(kind)
    }

    /// A value that does not fit, in these words.
    fn misfit<T>(&self, value: &str) -> Error {
        let (label, wanted) = (self.type_label, go_type(type_name::<T>()));
        Error::Invalid(format!("json: cannot unmarshal {value} into Go {label} of type {wanted}"))
    }

    fn parse<T: Deserialize<'a>>(&self) -> Result<T, Error> {
        serde_json::from_str(self.value.get()).map_err(|error| Error::Invalid(error.to_string()))
    }

    /// A value inside this one.
    fn child(self, value: &'a RawValue) -> Self {
        Self { value, depth: self.depth + 1, ..self }
    }

    fn items(&self) -> Result<std::vec::IntoIter<&'a RawValue>, Error> {
        self.check_depth()?;
        Ok(self.parse::<Vec<&'a RawValue>>()?.into_iter())
    }

    fn entries(&self) -> Result<std::vec::IntoIter<(String, &'a RawValue)>, Error> {
        self.check_depth()?;
        Ok(self.parse::<Entries<'a>>()?.0.into_iter())
    }

    fn check_depth(&self) -> Result<(), Error> {
        if self.depth < MAX_READ_DEPTH { Ok(()) } else { Err(Error::Invalid("exceeded max depth".to_owned())) }
    }
}

/// The entries of an object in the order they came, each as often as it came.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.kind() {
                Kind::Null => visitor.$visit(Default::default()),
                Kind::Number => self.parse::<$type>()
                    .map_err(|_| self.misfit::<$type>(&format!("number {}", self.value.get().trim())))
                    .and_then(|n| visitor.$visit(n)),
                _ => Err(self.mismatch::<$type>()),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Lenient<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::String => visitor.visit_string(self.parse()?),
            Kind::Number => {
                let value: serde_json::Number = self.parse()?;
                match (value.as_u64(), value.as_i64()) {
                    (Some(value), _) => visitor.visit_u64(value),
                    (None, Some(value)) => visitor.visit_i64(value),
                    (None, None) => visitor.visit_f64(value.as_f64().unwrap_or_default()),
                }
            }
            Kind::Array => visitor.visit_seq(Seq { values: self.items()?, of: self }),
            Kind::Object => visitor.visit_map(Map { entries: self.entries()?, next: None, of: self }),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_bool(false),
            Kind::Bool(value) => visitor.visit_bool(value),
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
        match self.kind() {
            Kind::Null => visitor.visit_str(""),
            Kind::String => visitor.visit_string(self.parse()?),
            _ => Err(self.mismatch::<String>()),
        }
    }

    /// Texts with a meaning (identifiers, times) are read through here, so their zero is not the empty text.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let of = type_name::<V::Value>();
        match self.kind() {
            Kind::Null if of.contains("Uuid") => visitor.visit_str("00000000-0000-0000-0000-000000000000"),
            Kind::Null if of.contains("DateTime") => visitor.visit_str("0001-01-01T00:00:00Z"),
            Kind::String if of.contains("Uuid") => match parse_uuid(&self.parse::<String>()?) {
                Ok(id) => visitor.visit_str(&id.to_string()),
                Err(error) => Err(Error::Invalid(error)),
            },
            _ => self.deserialize_string(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        // A raw value keeps the text of its JSON; only this spelling of the request tells that one is wanted.
        if name == "$serde_json::private::RawValue" {
            let entry = [(name, StringDeserializer::<Error>::new(self.value.get().to_owned()))];
            return visitor.visit_map(MapDeserializer::new(entry.into_iter()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null => visitor.visit_seq(Seq { values: Vec::new().into_iter(), of: self }),
            Kind::Array => visitor.visit_seq(Seq { values: self.items()?, of: self }),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    /// A list of known length: what is missing is at its zero value, what is too much is passed over.
    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let mut values: Vec<_> = match self.kind() {
            Kind::Null => Vec::new(),
            Kind::Array => self.items()?.collect(),
            _ => return Err(self.mismatch::<V::Value>()),
        };
        values.resize(length, RawValue::NULL);
        visitor.visit_seq(Seq { values: values.into_iter(), of: self })
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
        match self.kind() {
            Kind::Null => visitor.visit_map(Map { entries: Vec::new().into_iter(), next: None, of: self }),
            Kind::Object => visitor.visit_map(Map { entries: self.entries()?, next: None, of: self }),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::Null | Kind::Object => visitor.visit_map(Fields::new(self, name, fields)?),
            _ => Err(self.mismatch::<V::Value>()),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            Kind::String => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(self.parse::<String>()?)),
            Kind::Object => {
                let mut entries = self.entries()?;
                match (entries.next(), entries.next()) {
                    (Some((name, value)), None) => visitor.visit_enum(Variant { name, content: self.child(value) }),
                    _ => Err(self.mismatch::<V::Value>()),
                }
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
    values: std::vec::IntoIter<&'a RawValue>,
    of: Lenient<'a>,
}

impl<'de> SeqAccess<'de> for Seq<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.values.next().map(|value| seed.deserialize(self.of.child(value))).transpose()
    }
}

/// A map: every key as it stands.
struct Map<'a> {
    entries: std::vec::IntoIter<(String, &'a RawValue)>,
    next: Option<&'a RawValue>,
    of: Lenient<'a>,
}

impl<'de> MapAccess<'de> for Map<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.next = Some(value);
        // Keys may be texts with a meaning, too.
        let key = serde_json::value::to_raw_value(&key).map_err(|error| Error::Invalid(error.to_string()))?;
        seed.deserialize(Lenient { value: &key, ..self.of }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.of.child(self.next.take().unwrap_or(RawValue::NULL)))
    }
}

/// A struct: each field once, whatever the case of its key, and zero values for the absent ones that need them.
struct Fields<'a> {
    name: &'static str,
    entries: std::vec::IntoIter<(&'static str, &'a RawValue)>,
    next: Option<(&'static str, &'a RawValue)>,
    of: Lenient<'a>,
}

impl<'a> Fields<'a> {
    fn new(of: Lenient<'a>, name: &'static str, fields: &'static [&'static str]) -> Result<Self, Error> {
        let mut entries: Vec<(&'static str, &'a RawValue)> = Vec::new();
        if of.kind() == Kind::Object {
            for (key, value) in of.entries()? {
                let exact = fields.iter().find(|field| **field == key);
                let lower = || key.to_lowercase();
                let Some(field) = exact.or_else(|| fields.iter().find(|field| field.to_lowercase() == lower())) else {
                    continue;
                };
                match entries.iter_mut().find(|(name, _)| name == field) {
                    // `null` leaves what the key has set before.
                    Some(_) if value.get() == "null" => {}
                    Some((_, earlier)) => *earlier = value,
                    None => entries.push((field, value)),
                }
            }
        }
        for field in of.absent.iter().filter(|field| fields.contains(field)) {
            if !entries.iter().any(|(name, _)| name == field) {
                entries.push((field, RawValue::NULL));
            }
        }
        Ok(Self { name, entries: entries.into_iter(), next: None, of })
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
        let (field, value) = self.next.take().unwrap_or(("", RawValue::NULL));
        let read = seed.deserialize(Lenient { type_label: FIELD, ..self.of.child(value) });
        read.map_err(|error| match error {
            Error::Invalid(text) => Error::Invalid(placed(text, self.name, field)),
            other @ Error::Missing(_) => other,
        })
    }
}

/// What is told of a value in a field.
const FIELD: &str = "struct field";

/// Says in which field of which struct a value did not fit: the innermost struct, and the way to the field from the
/// outermost.
fn placed(text: String, name: &str, field: &str) -> String {
    const INTO: &str = "into Go struct field ";
    let Some((before, after)) = text.split_once(INTO) else { return text };
    match after.split_once(" of type ") {
        _ if after.starts_with("of type ") => format!("{before}{INTO}{name}.{field} {after}"),
        Some((place, wanted)) if let Some((inner, way)) = place.split_once('.') => {
            format!("{before}{INTO}{inner}.{field}.{way} of type {wanted}")
        }
        _ => text,
    }
}

/// A type as the original names it, without its package.
fn go_type(name: &str) -> String {
    let within = |prefix: &str| name.strip_prefix(prefix).and_then(|inner| inner.strip_suffix('>'));
    if let Some(item) = within("alloc::vec::Vec<") {
        return format!("[]{}", go_type(item));
    }
    if let Some(inner) = within("core::option::Option<").or_else(|| within("alloc::boxed::Box<")) {
        return go_type(inner);
    }
    if let Some((key, value)) = within("alloc::collections::btree::map::BTreeMap<").and_then(|map| map.split_once(", "))
    {
        return format!("map[{}]{}", go_type(key), go_type(value));
    }
    if let Some((item, length)) = name.strip_prefix('[').and_then(|list| list.strip_suffix(']')?.split_once("; ")) {
        return format!("[{length}]{}", go_type(item));
    }
    let plain = name.split('<').next().unwrap_or(name);
    match plain.rsplit("::").next().unwrap_or(plain) {
        "String" | "str" => "string",
        "i64" => "int",
        "i32" => "int32",
        "u16" => "uint16",
        "u32" => "uint32",
        "u64" => "uint64",
        "f64" => "float64",
        other => other,
    }
    .to_owned()
}

/// A variant with content.
struct Variant<'a> {
    name: String,
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
        visitor.visit_map(Fields::new(self, "", fields)?)
    }
}
