//! Chats over REST.

pub(crate) mod labels;
pub(crate) mod title;
