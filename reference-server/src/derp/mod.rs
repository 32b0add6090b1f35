//! The relay for the virtual network of agents: `GET /derp`, and how it is found to be near.
//!
//! A client proves that it holds the private half of the key that is its address, and may then send packets to the
//! addresses of others. The packets are encrypted between the peers; the relay sees keys and sizes only. Nobody signs
//! in, as in the original: what a client can cost is limited instead.

mod clients;
mod frames;
mod http;
mod session;
#[cfg(test)]
mod tests;

use crypto_box::SecretKey;
use crypto_box::aead::OsRng;

pub(crate) use self::http::router;

use clients::Clients;

/// The relay's key and who is connected to it.
pub(crate) struct Relay {
    key: SecretKey,
    clients: Clients,
}

impl Default for Relay {
    /// A relay with a new key. Clients learn it anew whenever they connect.
    fn default() -> Self {
        Self { key: SecretKey::generate(&mut OsRng), clients: Clients::default() }
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("clients", &self.clients).finish_non_exhaustive()
    }
}
