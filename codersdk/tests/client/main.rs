//! The client against scripted servers on real sockets.

mod calls;
mod errors;
mod public_types;
mod secrets;
mod server;
#[cfg(feature = "rustls")]
mod tls;
mod websocket;
