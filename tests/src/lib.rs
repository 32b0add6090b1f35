//! Test helpers.

pub mod json;
pub mod vectors;
pub mod wire_types;
