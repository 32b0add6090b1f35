//! What goes wrong with an MCP server, in words that carry no secret.

use std::error::Error;

/// Longest text that is taken over from elsewhere, in bytes.
const LONGEST: usize = 1024;

/// Why a server could not be reached, refused, or was not understood.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct McpError(String);

impl McpError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(LONGEST));
        Self(text)
    }

    /// Takes over what an error says that lies at the bottom: those above it name URLs, and URLs can hold secrets.
    pub(super) fn caused_by(error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            if let Some(status) = error.status() {
                return Self::new(format!("the server answered {status}"));
            }
            if error.source().is_none() {
                return Self::new("the server cannot be reached");
            }
        }
        match error.source() {
            Some(source) => Self::caused_by(source),
            None => Self::new(error.to_string()),
        }
    }
}
