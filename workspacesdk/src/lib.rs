//! Code that talks to a Coder workspace.

pub mod diff;
pub mod edit;
pub mod files;
pub mod fs;
pub mod output;
pub mod processes;
mod quote;
mod wire;
