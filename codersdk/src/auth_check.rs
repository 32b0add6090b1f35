//! Asking what the caller may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Nullable, RbacAction, RbacResource};

/// Asks what the caller may do, several things at once.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationRequest {
    /// The questions, under names that the answers have, too.
    #[serde(default)]
    pub checks: Nullable<BTreeMap<String, AuthorizationCheck>>,
}

/// Answers to an [`AuthorizationRequest`], by its names.
pub type AuthorizationResponse = BTreeMap<String, bool>;

/// Whether the caller may do something with some things.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationCheck {
    /// With what.
    pub object: AuthorizationObject,
    /// What to do.
    pub action: RbacAction,
}

/// A set of things. The more fields are set, the smaller it is, and the more exact the answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationObject {
    /// Of what kind they are.
    pub resource_type: RbacResource,
    /// Whose they are: a user's id, or `me`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<String>,
    /// In which organization they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Only the one with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// In whatever organization. Not together with `organization_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_org: Option<bool>,
}
