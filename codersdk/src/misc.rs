//! Wire types.

use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.APIAllowListTarget`: api allow list target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApiAllowListTarget {
    /// `type` on the wire.
    #[serde(rename = "type")]
    pub kind_: RBACResource,
    /// Unique id.
    #[serde(default)]
    pub id: String,
}

open_enum! {
    /// Values of `codersdk.GroupSource`.
    pub enum GroupSource {
        /// `user`
        User => "user",
        /// `oidc`
        Oidc => "oidc",
    }
}
