//! The side of the processes.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Mutex;

use super::AgentSocketRpcClient;
use super::listener::{Connection, connect, resolve};
use crate::rpc::channel::Transport;
use crate::rpc::packets::Metadata;
use crate::rpc::serial::Serial;
use crate::rpc::{Channel, Result};

/// A connection to the agent's socket; its methods are those of [`AgentSocketRpc`](super::AgentSocketRpc).
///
/// It carries one call at a time; others wait. After a call that was given up or broken off, the next one connects anew.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct SocketClient {
    client: AgentSocketRpcClient,
}

impl SocketClient {
    /// Connects to the socket at `path`, or at [`DEFAULT_PATH`](super::DEFAULT_PATH).
    ///
    /// # Errors
    /// When no agent listens there, or the socket is another user's.
    pub async fn connect(path: Option<&Path>) -> Result<Self> {
        let path = resolve(path);
        let connection = Mutex::new(Some(Serial::new(connect(&path).await?)));
        let channel = Channel::new(Arc::new(Socket { path, connection }));
        Ok(Self { client: AgentSocketRpcClient::new(channel) })
    }
}

impl Deref for SocketClient {
    type Target = AgentSocketRpcClient;

    fn deref(&self) -> &AgentSocketRpcClient {
        &self.client
    }
}

struct Socket {
    path: PathBuf,
    /// Taken out during a call, so that one that is given up leaves nothing behind.
    connection: Mutex<Option<Serial<Connection>>>,
}

#[async_trait]
impl Transport for Socket {
    async fn unary(&self, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes> {
        let mut slot = self.connection.lock().await;
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => Serial::new(connect(&self.path).await?),
        };
        let outcome = connection.unary(rpc, metadata, request).await;
        let sound = match &outcome {
            Ok(_) => true,
            Err(error) => error.is_remote(),
        };
        if sound {
            *slot = Some(connection);
        }
        outcome
    }
}
