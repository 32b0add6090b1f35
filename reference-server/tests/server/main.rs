//! The server as a process, and what its turns cost.

mod crash;
mod statements;
