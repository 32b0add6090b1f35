//! Decoding of unions told apart by a `type` field, of which this version may not know every member.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::types::RawJson;

/// Why a member of a tagged union is kept unread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownReason {
    /// The value has no `type`, or an empty one.
    NoType,
    /// This version does not know the `type`.
    NewType,
    /// The `type` is known, but what it carries is absent.
    NoPayload,
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoType => "it has no type",
            Self::NewType => "its type is not known",
            Self::NoPayload => "what its type calls for is missing",
        })
    }
}

/// An open enum, as `open_enum!` makes it.
pub trait Kind: serde::de::DeserializeOwned + Default {
    /// The value on the wire.
    fn name(&self) -> &str;
    /// Whether this version knows the value.
    fn known(&self) -> bool;
}

/// A union whose members are told apart by the field `type`.
pub(crate) trait Tagged: Sized {
    /// What is decoded, for messages.
    const EXPECTED: &'static str;
    /// The names of all fields of all members.
    const FIELDS: &'static [&'static str];

    /// The open enum of the types.
    type Kind: Kind;

    /// Reads the other fields of a member whose type is known.
    fn read<'de, D: Deserializer<'de>>(kind: Self::Kind, fields: D) -> Result<Self, D::Error>;

    /// Keeps a member unread.
    fn keep(kind: Self::Kind, json: RawJson, reason: UnknownReason) -> Self;
}

/// Decodes a tagged union. Where `type` comes first, as every server sends it, the fields of a known
/// member are read without a detour.
pub(crate) fn deserialize<'de, T: Tagged, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct TaggedVisitor<T>(std::marker::PhantomData<T>);

    impl<'de, T: Tagged> Visitor<'de> for TaggedVisitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
            let mut kind = T::Kind::default();
            let mut entries: Vec<(String, RawJson)> = Vec::new();
            while let Some(key) = map.next_key::<Key>()? {
                match key {
                    Key::Type => {
                        kind = map.next_value::<Option<T::Kind>>()?.unwrap_or_default();
                        if entries.is_empty() && kind.known() {
                            return T::read(kind, MapAccessDeserializer::new(map));
                        }
                    }
                    Key::Other(key) => entries.push((key, map.next_value()?)),
                }
            }
            let json = object(kind.name(), &entries).map_err(A::Error::custom)?;
            if kind.known() {
                let mut fields = serde_json::Deserializer::from_str(json.get());
                return T::read(kind, &mut fields).map_err(A::Error::custom);
            }
            let reason = if kind.name().is_empty() { UnknownReason::NoType } else { UnknownReason::NewType };
            Ok(T::keep(kind, json, reason))
        }
    }

    deserializer.deserialize_struct(T::EXPECTED, T::FIELDS, TaggedVisitor(std::marker::PhantomData))
}

/// A key of a tagged object: only `type` matters before the member is known.
enum Key {
    Type,
    Other(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(if key == "type" { Key::Type } else { Key::Other(key.to_owned()) })
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// One object of a type and its fields.
fn object(kind: &str, entries: &[(String, RawJson)]) -> Result<RawJson, serde_json::Error> {
    let mut text = String::from("{\"type\":");
    text.push_str(&serde_json::to_string(kind)?);
    for (key, value) in entries {
        text.push(',');
        text.push_str(&serde_json::to_string(key)?);
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    RawJson::from_text(text)
}

/// Decodes JSON that may be `null`, and keeps that apart from an absent field.
pub(crate) fn some_json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RawJson>, D::Error> {
    RawJson::deserialize(deserializer).map(Some)
}

/// The schema of a union: one branch for each known type, and one for types yet to come.
#[cfg(feature = "schema")]
pub(crate) fn union_schema(members: &[(&str, schemars::Schema)]) -> schemars::Schema {
    let mut branches: Vec<serde_json::Value> = members
        .iter()
        .map(|(kind, member)| {
            serde_json::json!({
                "type": "object",
                "properties": {"type": {"type": "string", "const": kind}},
                "required": ["type"],
                "allOf": [member],
            })
        })
        .collect();
    branches.push(serde_json::json!({
        "type": "object",
        "properties": {"type": {"type": "string"}},
        "required": ["type"],
    }));
    schemars::json_schema!({"anyOf": branches})
}
