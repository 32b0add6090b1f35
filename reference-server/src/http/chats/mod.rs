//! Chats over REST.

pub(crate) mod input;
pub(crate) mod labels;
pub(crate) mod search;
pub(crate) mod title;
