//! Processes: commands that run in a shell, what they write, and signals to them.

mod http;
mod manager;
mod process;

pub(super) use http::router;
pub(super) use manager::Manager;
