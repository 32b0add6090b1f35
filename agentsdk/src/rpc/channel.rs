//! What clients of services make their calls through.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use prost::Message;
use tokio::sync::OwnedSemaphorePermit;

use super::MessageStream;
use super::call;
use super::error::{Error, Kind, Result};
use super::mux::MuxStream;
use super::packets::{Metadata, encode};

/// How long a call may take, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Something that carries calls.
#[async_trait]
pub(crate) trait Transport: Send + Sync {
    /// Calls a method with one request and one answer.
    async fn unary(&self, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes>;

    /// A stream of bytes for one call.
    async fn open(&self) -> Result<(MuxStream, OwnedSemaphorePermit)> {
        Err(Error::of(Kind::Protocol, "this connection carries no streams"))
    }
}

/// A way to a peer's services. Cheap to clone; clones share the connection.
#[derive(Clone)]
pub struct Channel {
    transport: Arc<dyn Transport>,
    timeout: Duration,
    metadata: Metadata,
}

impl Channel {
    pub(crate) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport, timeout: TIMEOUT, metadata: Metadata::default() }
    }

    /// Sets how long a call may take, the wait for a connection included; 60 s unless told. Streams are given so long
    /// to begin.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets what goes with every call beside the request.
    #[must_use]
    pub fn with_metadata(mut self, metadata: BTreeMap<String, String>) -> Self {
        self.metadata = Metadata { entries: metadata };
        self
    }

    async fn limited<O>(&self, call: impl Future<Output = Result<O>>) -> Result<O> {
        tokio::time::timeout(self.timeout, call).await.map_err(|_| Error::timeout(self.timeout))?
    }

    pub(crate) async fn unary<M: Message + Default>(&self, rpc: &str, request: &impl Message) -> Result<M> {
        let request = encode(request)?;
        let answer = self.limited(self.transport.unary(rpc, &self.metadata, request)).await?;
        Ok(M::decode(answer)?)
    }

    pub(crate) async fn server_stream<M: Message + Default + 'static>(
        &self,
        rpc: &str,
        request: &impl Message,
    ) -> Result<MessageStream<M>> {
        let request = encode(request)?;
        let begin = async {
            let (io, permit) = self.transport.open().await?;
            call::server_stream(io, permit, rpc, &self.metadata, request).await
        };
        self.limited(begin).await
    }

    pub(crate) async fn bidirectional<Q: Message + 'static, M: Message + Default + 'static>(
        &self,
        rpc: &str,
        requests: BoxStream<'static, Q>,
    ) -> Result<MessageStream<M>> {
        let begin = async {
            let (io, permit) = self.transport.open().await?;
            call::bidirectional(io, permit, rpc, &self.metadata, requests).await
        };
        self.limited(begin).await
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
