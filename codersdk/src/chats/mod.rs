//! Chats with AI agents.

#[cfg(feature = "tools")]
mod answer_text;
mod api;
mod chat;
mod config;
mod config_api;
mod context;
mod cost;
mod cost_api;
mod debug;
mod debug_api;
mod diff;
#[cfg(feature = "tools")]
mod dynamic_tools;
mod event;
mod file_upload;
mod files;
mod files_api;
mod git;
mod input_part;
mod list;
mod list_watcher;
mod message;
mod model_options;
mod models;
mod models_api;
mod part;
mod part_kinds;
mod part_wire;
mod preview;
mod query;
mod resume;
mod session;
mod sharing;
mod stream;
mod stream_event;
#[cfg(test)]
mod stream_tests;
#[cfg(feature = "tools")]
mod tool_run;
#[cfg(feature = "tools")]
mod tool_runner;
#[cfg(feature = "tools")]
mod tool_work;
mod tools;
mod transcript;
mod usage_limits;
mod usage_limits_api;
mod watch;

pub use api::*;
pub use chat::*;
pub use config::*;
pub use config_api::*;
pub use context::*;
pub use cost::*;
pub use cost_api::*;
pub use debug::*;
pub use debug_api::*;
pub use diff::*;
#[cfg(feature = "tools")]
pub use dynamic_tools::{DynamicTool, NoArgs, ToolCallContext};
pub use event::*;
pub use file_upload::*;
pub use files::*;
pub use files_api::*;
pub use git::*;
pub use input_part::*;
pub use list::*;
pub use list_watcher::*;
pub use message::*;
pub use model_options::*;
pub use models::*;
pub use models_api::*;
pub use part::*;
pub use part_kinds::*;
pub use preview::*;
pub use resume::Reconnect;
pub use sharing::*;
pub use stream::*;
pub use stream_event::*;
#[cfg(feature = "tools")]
pub use tool_run::*;
#[cfg(feature = "tools")]
pub use tool_runner::*;
pub use tools::*;
pub use transcript::*;
pub use usage_limits::*;
pub use usage_limits_api::*;
pub use watch::*;
