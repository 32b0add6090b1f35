//! Test helpers.

pub mod json;
pub mod vectors;
