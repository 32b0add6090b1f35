//! One call after another on one stream of bytes, as on an agent's socket.

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf, split};

use super::call::{exchange, put_invoke};
use super::error::Result;
use super::packets::{Metadata, PacketReader, PacketWriter};

/// The caller's side. After an error that is not the peer's answer, or a call that was given up, it is of no more use.
#[derive(Debug)]
pub(crate) struct Serial<T> {
    reader: PacketReader<ReadHalf<T>>,
    writer: PacketWriter<WriteHalf<T>>,
    stream: u64,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Serial<T> {
    pub(crate) fn new(io: T) -> Self {
        let (read, write) = split(io);
        Self { reader: PacketReader::new(read), writer: PacketWriter::new(write, 0), stream: 0 }
    }

    pub(crate) async fn unary(&mut self, rpc: &str, metadata: &Metadata, request: Bytes) -> Result<Bytes> {
        self.stream += 1;
        self.writer.restart(self.stream);
        put_invoke(&mut self.writer, rpc, metadata)?;
        exchange(&mut self.reader, &mut self.writer, self.stream, request).await
    }
}
