//! Wire types.

use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.Response`: response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Response {
    /// `message` on the wire.
    #[serde(default)]
    pub message: String,
    /// `detail` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// `validations` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validations: Option<Vec<ValidationError>>,
}

/// `codersdk.ValidationError`: validation error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidationError {
    /// `field` on the wire.
    #[serde(default)]
    pub field: String,
    /// `detail` on the wire.
    #[serde(default)]
    pub detail: String,
}
