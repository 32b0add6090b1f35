//! Test helpers.

pub mod json;
pub mod recordings;
pub mod vectors;
pub mod wire_types;
