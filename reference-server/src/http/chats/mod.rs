//! Chats over REST.

pub(crate) mod labels;
pub(crate) mod search;
pub(crate) mod title;
