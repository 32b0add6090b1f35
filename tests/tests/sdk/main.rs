//! The SDK against a server.
//!
//! The server is embedded, one for each case. With `TARGET` set to a ready file (a JSON object with `url`, `email` and
//! `password` of an owner), the cases run against that one instead: its default model must follow the scripts of the
//! questions, as the embedded one does. Cases that need the powers of the double are left out then, and say so.

mod harness;
mod hostile;
mod lists;
mod streams;
mod tools;
mod workspaces;
