//! The side that answers calls.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, unfold};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use yamux::Mode;

use super::error::{Error, Result};
use super::mux::{Mux, MuxStream};
use super::packets::{Metadata, PacketReader, PacketWriter};
use super::wire::{Packet, kind};

/// How many calls a caller may have open at once on a connection; more end it.
const MAX_CALLS: usize = 2048;
/// How long a caller may take to take an answer.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Requests of one call that wait for its handler.
const REQUEST_QUEUE: usize = 16;

tokio::task_local! {
    static METADATA: BTreeMap<String, String>;
}

/// What the caller sent beside the request, seen from within a handler; empty elsewhere.
pub fn metadata() -> BTreeMap<String, String> {
    METADATA.try_with(Clone::clone).unwrap_or_default()
}

/// How a method is called, with messages as bytes.
pub(crate) enum Route {
    Unary(Unary),
    Streaming(Streaming),
}

/// A method with one request and one answer.
pub(crate) type Unary = Box<dyn FnOnce(Bytes) -> BoxFuture<'static, Result<Bytes>> + Send>;

/// A method with many of either.
pub(crate) type Streaming = Box<dyn FnOnce(Incoming) -> BoxFuture<'static, Result<Incoming>> + Send>;

/// The messages that come in a call, or go.
pub(crate) type Incoming = BoxStream<'static, Result<Bytes>>;

/// The methods of a service by their full names.
pub(crate) trait Routes: Send + Sync {
    fn route(&self, rpc: &str) -> Option<Route>;
}

/// Answers calls with the services that it was given. Cheap to clone.
#[derive(Clone, Default)]
pub struct Server {
    services: Vec<Arc<dyn Routes>>,
}

impl Server {
    /// A server of nothing: all methods are unknown.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, service: impl Routes + 'static) -> Self {
        self.services.push(Arc::new(service));
        self
    }

    /// Answers the calls that come over `io`, many at a time, until the connection ends or what is returned is dropped.
    /// At most 2,048 calls may be open at once.
    pub fn serve<T>(&self, io: T) -> Served
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let server = self.clone();
        let mux = Mux::start(io, Mode::Server, MAX_CALLS, move |stream| {
            let server = server.clone();
            tokio::spawn(async move { server.serve_stream(stream).await });
        });
        Served { mux }
    }

    async fn serve_stream(&self, mut stream: MuxStream) {
        // Tells the caller at once that its stream is taken: some end the connection when that does not come.
        if stream.write(&[]).await.is_ok() {
            self.serve_serial(stream).await;
        }
    }

    /// Answers the calls that come over `io` one after another, until it ends.
    pub async fn serve_serial<T>(&self, io: T)
    where
        T: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (read, write) = split(io);
        let mut reader = PacketReader::new(read);
        let mut writer = PacketWriter::new(write, 0);
        while let Ok(Some((stream, rpc, metadata))) = invoke(&mut reader).await {
            writer.restart(stream);
            let route = self.services.iter().find_map(|service| service.route(&rpc));
            let served = match route {
                Some(Route::Unary(handler)) => unary(&mut reader, &mut writer, stream, &metadata, handler).await,
                Some(Route::Streaming(handler)) => {
                    METADATA.scope(metadata, streaming(reader, &mut writer, stream, handler)).await;
                    writer.shutdown().await;
                    return;
                }
                None => {
                    let error = Error::new(format!("protocol error: unknown rpc: {rpc:?}"));
                    refuse(&mut writer, &error).await
                }
            };
            if served.is_err() {
                return;
            }
        }
        // The caller ends first: one written in Go takes an end before its own for a lost call.
        writer.shutdown().await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("services", &self.services.len()).finish()
    }
}

/// A connection that is being served. Dropping it ends the connection.
#[derive(Debug)]
pub struct Served {
    mux: Mux,
}

impl Served {
    /// Returns once the connection has ended. Cancel safe.
    pub async fn over(&self) {
        self.mux.over().await;
    }
}

/// Waits for the next call. What still comes of the one before is passed over.
async fn invoke<R: AsyncRead + Unpin>(
    reader: &mut PacketReader<R>,
) -> Result<Option<(u64, String, BTreeMap<String, String>)>> {
    let mut metadata = (0, Metadata::default());
    while let Some(Packet { stream, kind, data, .. }) = reader.next().await? {
        match kind {
            kind::METADATA => metadata = (stream, Metadata::decode(data)?),
            kind::INVOKE => {
                let metadata = if metadata.0 == stream { metadata.1.entries } else { BTreeMap::new() };
                return Ok(Some((stream, String::from_utf8_lossy(&data).into_owned(), metadata)));
            }
            _ => {}
        }
    }
    Ok(None)
}

async fn refuse<W: AsyncWrite + Unpin>(writer: &mut PacketWriter<W>, error: &Error) -> Result<()> {
    writer.put_error(error)?;
    send(writer).await
}

async fn send<W: AsyncWrite + Unpin>(writer: &mut PacketWriter<W>) -> Result<()> {
    tokio::time::timeout(SEND_TIMEOUT, writer.flush()).await.map_err(|_| Error::timeout(SEND_TIMEOUT))?
}

async fn unary<R, W>(
    reader: &mut PacketReader<R>,
    writer: &mut PacketWriter<W>,
    stream: u64,
    metadata: &BTreeMap<String, String>,
    handler: Unary,
) -> Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Some(request) = reader.message(stream).await? else { return Ok(()) };
    let outcome = tokio::select! {
        biased;
        outcome = METADATA.scope(metadata.clone(), handler(request)) => outcome,
        () = reader.gone(stream) => return Ok(()),
    };
    let put = outcome.and_then(|answer| {
        writer.put(kind::MESSAGE, answer)?;
        writer.put(kind::CLOSE_SEND, Bytes::new())
    });
    match put {
        Ok(()) => send(writer).await,
        Err(error) => refuse(writer, &error).await,
    }
}

/// Serves a call with streams until the handler's answers end or the caller is gone.
async fn streaming<R, W>(mut reader: PacketReader<R>, writer: &mut PacketWriter<W>, stream: u64, handler: Streaming)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (requests, queue) = mpsc::channel(REQUEST_QUEUE);
    let queue = unfold(queue, |mut queue| async { Some((queue.recv().await?, queue)) }).boxed();
    let receiving = async {
        loop {
            match reader.message(stream).await {
                // A handler that takes no more requests may still answer.
                Ok(Some(request)) => drop(requests.send(Ok(request)).await),
                Ok(None) => break,
                Err(error) => {
                    let _ = requests.send(Err(error)).await;
                    return;
                }
            }
        }
        drop(requests);
        reader.gone(stream).await;
    };
    let answering = async {
        let mut answers = handler(queue).await?;
        while let Some(answer) = answers.next().await {
            writer.put(kind::MESSAGE, answer?)?;
            send(writer).await?;
        }
        Ok(())
    };
    let outcome: Option<Result<()>> = {
        let (mut receiving, mut answering) = (pin!(receiving), pin!(answering));
        tokio::select! {
            biased;
            outcome = &mut answering => Some(outcome),
            () = &mut receiving => None,
        }
    };
    let ending = match outcome {
        Some(Ok(())) => writer.put(kind::CLOSE, Bytes::new()),
        Some(Err(error)) => writer.put_error(&error),
        None => return,
    };
    if ending.is_ok() {
        let _ = send(writer).await;
    }
}
