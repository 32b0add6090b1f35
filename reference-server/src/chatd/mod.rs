//! The chat daemon: what makes chats go on.

pub(crate) mod errors;
mod json_text;
mod nul;
pub(crate) mod part;
pub(crate) mod retry;
