//! Client and types for the Coder API.

#[macro_use]
mod open_enum;

mod ai_providers;
mod api_keys;
mod buildinfo;
mod chats;
mod misc;
mod organizations;
mod response;
mod roles;
mod types;
mod users;

pub use types::*;
