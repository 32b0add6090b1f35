//! The git watch: tells a client how the repositories stand that a chat works in.

mod paths;
mod repository;
mod watch;

pub(super) use paths::ChatPaths;
pub(super) use watch::router;
