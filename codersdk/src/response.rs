//! The general answer.

use serde::{Deserialize, Serialize};

/// The general form of an answer that says something to people: mostly of an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Response {
    /// What happened, for people.
    #[serde(default)]
    pub message: String,
    /// What further is known of the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What is wrong with single fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validations: Option<Vec<ValidationError>>,
}

/// What is wrong with a field of a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ValidationError {
    /// Name of the field.
    #[serde(default)]
    pub field: String,
    /// What is wrong.
    #[serde(default)]
    pub detail: String,
}
