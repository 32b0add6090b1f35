//! MCP servers that `.mcp.json` in the agent's directory names: started, listed, called, followed as the file changes.

mod config;
mod http;
mod manager;
#[cfg(test)]
mod tests;

pub(super) use http::router;
pub(super) use manager::{Manager, ServerStatus, told_schema};
