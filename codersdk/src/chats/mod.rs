//! Chats with AI agents.

mod chat;
mod config;
mod context;
mod cost;
mod debug;
mod diff;
mod event;
mod files;
mod input_part;
mod message;
mod model_options;
mod models;
mod part;
mod part_wire;
mod sharing;
mod stream_event;
mod tools;
mod usage_limits;

pub use chat::*;
pub use config::*;
pub use context::*;
pub use cost::*;
pub use debug::*;
pub use diff::*;
pub use event::*;
pub use files::*;
pub use input_part::*;
pub use message::*;
pub use model_options::*;
pub use models::*;
pub use part::*;
pub use sharing::*;
pub use stream_event::*;
pub use tools::*;
pub use usage_limits::*;
