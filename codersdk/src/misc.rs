//! Small types that several areas share.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::RbacResource;

/// A thing, or a kind of things, that a token is limited to. On the wire a string such as `workspace:<id>`, with `*`
/// for every kind or every id.
///
/// ```
/// use codersdk::{ApiAllowListTarget, RbacResource};
///
/// let all: ApiAllowListTarget = "workspace:*".parse().unwrap();
/// assert_eq!(all, ApiAllowListTarget::all_of(RbacResource::Workspace));
/// assert!("workspace:mine".parse::<ApiAllowListTarget>().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ApiAllowListTarget {
    /// Kind of thing.
    pub kind: RbacResource,
    /// Id of the thing; `*` for all.
    pub id: String,
}

impl ApiAllowListTarget {
    /// Everything.
    pub fn everything() -> Self {
        Self::all_of(RbacResource::Wildcard)
    }

    /// Everything of a kind.
    pub fn all_of(kind: RbacResource) -> Self {
        Self { kind, id: "*".to_owned() }
    }

    /// One thing.
    pub fn one(kind: RbacResource, id: Uuid) -> Self {
        Self { kind, id: id.to_string() }
    }

    /// Checks what a server would refuse: a kind that it does not know, an id that is no UUID.
    ///
    /// # Errors
    /// [`ParseAllowListError`] with the server's words.
    pub fn validate(&self) -> Result<(), ParseAllowListError> {
        if !self.kind.is_known() {
            return Err(ParseAllowListError(format!("unknown resource type {:?}", self.kind.as_str())));
        }
        if self.id != "*" && Uuid::parse_str(&self.id).is_err() {
            return Err(ParseAllowListError(format!("invalid {} ID (must be UUID): {:?}", self.kind, self.id)));
        }
        Ok(())
    }

    /// Splits without judging the parts: a newer server may know other kinds.
    fn split(text: &str) -> Result<Self, ParseAllowListError> {
        let trimmed = text.trim();
        match trimmed.split_once(':') {
            Some((kind, id)) if !kind.is_empty() && !id.is_empty() => Ok(Self { kind: kind.into(), id: id.to_owned() }),
            _ => Err(ParseAllowListError(format!("invalid allow_list entry {text:?}: want <type>:<id>"))),
        }
    }
}

/// What is wrong with the text of an [`ApiAllowListTarget`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseAllowListError(String);

impl fmt::Display for ParseAllowListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseAllowListError {}

impl FromStr for ApiAllowListTarget {
    type Err = ParseAllowListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let target = Self::split(text)?;
        target.validate()?;
        Ok(target)
    }
}

impl fmt::Display for ApiAllowListTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl Serialize for ApiAllowListTarget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ApiAllowListTarget {
    /// Keeps kinds and ids that it does not know.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::split(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ApiAllowListTarget {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ApiAllowListTarget".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string"})
    }
}

open_enum! {
    /// Where a group comes from.
    pub enum GroupSource {
        /// Made in Coder.
        User => "user",
        /// Made by synchronization with the identity provider.
        Oidc => "oidc",
    }
}
