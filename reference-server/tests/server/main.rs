//! The server and the agent as processes, and what their work costs.

mod agent;
mod agent_crash;
mod crash;
mod statements;
