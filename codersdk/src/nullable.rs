//! Lists and maps that may stand as `null` on the wire.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list or map that a Coder server may send as `null` instead of as an empty one.
///
/// It reads like the collection itself, so that a program need not care about the difference; encoding
/// gives back `null` where `null` was read. The default is `null`; a collection turned into it with
/// `from` is written as a collection, also when it is empty. Two values are equal when their
/// collections are.
///
/// ```
/// use codersdk::Nullable;
///
/// let none: Nullable<Vec<u32>> = serde_json::from_str("null")?;
/// assert_eq!(none.len(), 0);
/// assert_eq!(serde_json::to_string(&none)?, "null");
/// assert_eq!(serde_json::to_string(&Nullable::from(Vec::<u32>::new()))?, "[]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Nullable<C> {
    items: C,
    null: bool,
}

impl<C> Nullable<C> {
    /// The collection, without the difference between `null` and empty.
    pub fn into_inner(self) -> C {
        self.items
    }

    /// Whether the value stands as `null` on the wire.
    pub fn is_null(&self) -> bool {
        self.null
    }
}

impl<C: Default> Default for Nullable<C> {
    fn default() -> Self {
        Self { items: C::default(), null: true }
    }
}

impl<C> From<C> for Nullable<C> {
    fn from(items: C) -> Self {
        Self { items, null: false }
    }
}

impl<C: Default> From<Option<C>> for Nullable<C> {
    fn from(items: Option<C>) -> Self {
        items.map_or_else(Self::default, Self::from)
    }
}

impl<T, C: FromIterator<T>> FromIterator<T> for Nullable<C> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::from(C::from_iter(items))
    }
}

impl<C: IntoIterator> IntoIterator for Nullable<C> {
    type Item = C::Item;
    type IntoIter = C::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, C> IntoIterator for &'a Nullable<C>
where
    &'a C: IntoIterator,
{
    type Item = <&'a C as IntoIterator>::Item;
    type IntoIter = <&'a C as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, C> IntoIterator for &'a mut Nullable<C>
where
    &'a mut C: IntoIterator,
{
    type Item = <&'a mut C as IntoIterator>::Item;
    type IntoIter = <&'a mut C as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<C> Deref for Nullable<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.items
    }
}

impl<C> DerefMut for Nullable<C> {
    fn deref_mut(&mut self) -> &mut C {
        self.null = false;
        &mut self.items
    }
}

impl<C: PartialEq> PartialEq for Nullable<C> {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl<C: PartialEq> PartialEq<C> for Nullable<C> {
    fn eq(&self, other: &C) -> bool {
        self.items == *other
    }
}

impl<C: Serialize> Serialize for Nullable<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.null { serializer.serialize_none() } else { self.items.serialize(serializer) }
    }
}

impl<'de, C: Deserialize<'de> + Default> Deserialize<'de> for Nullable<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<C>::deserialize(deserializer)?.into())
    }
}

#[cfg(feature = "schema")]
impl<C: schemars::JsonSchema> schemars::JsonSchema for Nullable<C> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        <Option<C>>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Option<C>>::json_schema(generator)
    }
}
