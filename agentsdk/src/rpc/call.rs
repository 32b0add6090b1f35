//! The caller's side of a call.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use super::MessageStream;
use super::error::{Error, Kind, Result};
use super::mux::MuxStream;
use super::packets::{Metadata, PacketReader, PacketWriter};
use super::wire::kind;

/// The id of the only call on a stream of its own.
const ONLY: u64 = 1;

/// Puts what begins a call.
pub(crate) fn put_invoke<W: AsyncWrite + Unpin>(
    writer: &mut PacketWriter<W>,
    rpc: &str,
    metadata: &Metadata,
) -> Result<()> {
    if !metadata.entries.is_empty() {
        writer.put(kind::METADATA, metadata.encode_to_vec().into())?;
    }
    writer.put(kind::INVOKE, Bytes::copy_from_slice(rpc.as_bytes()))
}

/// One request, one answer, on a stream made for it.
pub(crate) async fn unary(io: MuxStream, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes> {
    let (read, write) = split(io);
    let mut reader = PacketReader::new(read);
    let mut writer = PacketWriter::new(write, ONLY);
    put_invoke(&mut writer, rpc, metadata)?;
    let outcome = exchange(&mut reader, &mut writer, ONLY, request).await;
    if outcome.as_ref().err().is_none_or(Error::is_remote) {
        writer.shutdown().await;
    }
    outcome
}

/// Sends what has been put and the request, and waits for the answer.
///
/// Reads while it writes: a peer that refuses a request stops reading it, and who only writes would wait for ever.
pub(crate) async fn exchange<R, W>(
    reader: &mut PacketReader<R>,
    writer: &mut PacketWriter<W>,
    stream: u64,
    request: Bytes,
) -> Result<Bytes>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    writer.put(kind::MESSAGE, request)?;
    writer.put(kind::CLOSE_SEND, Bytes::new())?;
    let answer = tokio::select! {
        biased;
        answer = reader.message(stream) => answer,
        sent = writer.flush() => match (sent, reader.message(stream).await) {
            // What the peer said before it closed tells more than that it closed.
            (Err(fault), Err(error)) if !error.is_remote() => Err(fault),
            (_, answer) => answer,
        },
    };
    answer?.ok_or_else(|| Error::of(Kind::Protocol, "the call ended without an answer"))
}

/// One request, many answers.
pub(crate) async fn server_stream<M>(
    io: MuxStream,
    permit: OwnedSemaphorePermit,
    rpc: &str,
    metadata: &Metadata,
    request: Bytes,
) -> Result<MessageStream<M>>
where
    M: Message + Default + 'static,
{
    let (read, write) = split(io);
    let mut writer = PacketWriter::new(write, ONLY);
    put_invoke(&mut writer, rpc, metadata)?;
    writer.put(kind::MESSAGE, request)?;
    writer.put(kind::CLOSE_SEND, Bytes::new())?;
    writer.flush().await?;
    Ok(answers(PacketReader::new(read), (writer, permit)))
}

/// Many requests, many answers. The requests' end is told to the peer; dropping the answers ends the call.
pub(crate) async fn bidirectional<Q, M>(
    io: MuxStream,
    permit: OwnedSemaphorePermit,
    rpc: &str,
    metadata: &Metadata,
    mut requests: BoxStream<'static, Q>,
) -> Result<MessageStream<M>>
where
    Q: Message + 'static,
    M: Message + Default + 'static,
{
    let (read, write) = split(io);
    let mut writer = PacketWriter::new(write, ONLY);
    put_invoke(&mut writer, rpc, metadata)?;
    writer.flush().await?;
    let sending = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            if writer.put_message(&request).is_err() || writer.flush().await.is_err() {
                return;
            }
        }
        if writer.put(kind::CLOSE_SEND, Bytes::new()).is_ok() && writer.flush().await.is_ok() {
            // The bytes end only with the call: to the peer their end is that of the call.
            std::future::pending::<()>().await;
        }
    });
    Ok(answers(PacketReader::new(read), (AbortOnDropHandle::new(sending), permit)))
}

fn answers<R, M, G>(reader: PacketReader<R>, guard: G) -> MessageStream<M>
where
    R: AsyncRead + Unpin + Send + 'static,
    M: Message + Default + 'static,
    G: Send + 'static,
{
    unfold(Some((reader, guard)), |state| async {
        let (mut reader, guard) = state?;
        match reader.message(ONLY).await {
            Ok(Some(data)) => Some((M::decode(data).map_err(Error::from), Some((reader, guard)))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed()
}
