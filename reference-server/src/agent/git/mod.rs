//! The git watch: tells a client how the repositories stand that a chat works in.

mod paths;
mod repository;
#[cfg(test)]
mod tests;
mod watch;

pub(super) use paths::ChatPaths;
pub(super) use watch::router;
