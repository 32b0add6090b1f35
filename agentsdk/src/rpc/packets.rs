//! Packets read from and written to a byte stream.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::error::{Error, Kind, Result};
use super::wire::{Decoder, MAX_PACKET, Packet, WireError, decode_error, encode_error, kind};

/// How much is read at once.
const READ_SIZE: usize = 16 << 10;

/// The packets that come.
#[derive(Debug)]
pub(crate) struct PacketReader<R> {
    io: R,
    input: BytesMut,
    decoder: Decoder,
    /// One that was read but not used.
    unread: Option<Packet>,
}

impl<R: AsyncRead + Unpin> PacketReader<R> {
    pub(crate) fn new(io: R) -> Self {
        Self { io, input: BytesMut::new(), decoder: Decoder::default(), unread: None }
    }

    /// The next packet; `None` when the stream ended between two. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Option<Packet>> {
        if let Some(packet) = self.unread.take() {
            return Ok(Some(packet));
        }
        loop {
            if let Some(packet) = self.decoder.packet(&mut self.input)? {
                return Ok(Some(packet));
            }
            self.input.reserve(READ_SIZE);
            if self.io.read_buf(&mut self.input).await? == 0 {
                if self.decoder.is_amid() || !self.input.is_empty() {
                    return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
                }
                return Ok(None);
            }
        }
    }

    pub(crate) fn unread(&mut self, packet: Packet) {
        self.unread = Some(packet);
    }

    /// The next message of a call; `None` when the peer sends no more.
    pub(crate) async fn message(&mut self, stream: u64) -> Result<Option<Bytes>> {
        loop {
            let Some(packet) = self.next().await? else { return Err(Error::interrupted()) };
            if packet.stream != stream {
                continue;
            }
            match packet.kind {
                kind::MESSAGE => return Ok(Some(packet.data)),
                kind::CLOSE_SEND | kind::CLOSE => return Ok(None),
                kind::ERROR => {
                    let (code, text) = decode_error(&packet.data);
                    return Err(Error::with_code(code, text));
                }
                kind::CANCEL => return Err(Error::of(Kind::Canceled, "the peer canceled the call")),
                _ if packet.control => {}
                _ => return Err(Error::of(Kind::Protocol, format!("packet of kind {}", packet.kind))),
            }
        }
    }

    /// Returns once the peer has left a call: canceled it, closed it, or gone for good. That it sends no more messages
    /// does not count.
    pub(crate) async fn gone(&mut self, stream: u64) {
        loop {
            match self.next().await {
                Ok(Some(packet)) if packet.stream > stream => return self.unread(packet),
                Ok(Some(packet)) if matches!(packet.kind, kind::CANCEL | kind::CLOSE | kind::ERROR) => return,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            }
        }
    }
}

/// The packets of one call that go out.
#[derive(Debug)]
pub(crate) struct PacketWriter<W> {
    io: W,
    stream: u64,
    message: u64,
    out: Vec<u8>,
}

impl<W: AsyncWrite + Unpin> PacketWriter<W> {
    pub(crate) fn new(io: W, stream: u64) -> Self {
        Self { io, stream, message: 0, out: Vec::new() }
    }

    /// Begins the next call on the same bytes.
    pub(crate) fn restart(&mut self, stream: u64) {
        self.stream = stream;
        self.message = 0;
    }

    /// Adds a packet to what the next flush sends.
    pub(crate) fn put(&mut self, kind: u8, data: Bytes) -> Result<()> {
        if data.len() > MAX_PACKET {
            return Err(WireError::Overflow.into());
        }
        self.message += 1;
        let control = kind == kind::CANCEL;
        Packet { stream: self.stream, message: self.message, kind, control, data }.put(&mut self.out);
        Ok(())
    }

    pub(crate) fn put_message(&mut self, message: &impl Message) -> Result<()> {
        self.put(kind::MESSAGE, encode(message)?)
    }

    pub(crate) fn put_error(&mut self, error: &Error) -> Result<()> {
        self.put(kind::ERROR, encode_error(error.code(), error.message()))
    }

    pub(crate) async fn flush(&mut self) -> Result<()> {
        let out = std::mem::take(&mut self.out);
        self.io.write_all(&out).await?;
        Ok(self.io.flush().await?)
    }

    /// Ends the byte stream. A yamux stream must not be ended twice, so this takes the writer.
    pub(crate) async fn shutdown(mut self) {
        let _ = self.io.shutdown().await;
    }
}

/// A message's bytes, if they are few enough to be sent.
pub(crate) fn encode(message: &impl Message) -> Result<Bytes> {
    if message.encoded_len() > MAX_PACKET {
        return Err(WireError::Overflow.into());
    }
    Ok(message.encode_to_vec().into())
}

/// What a caller says beside the request.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Metadata {
    #[prost(btree_map = "string, string", tag = "1")]
    pub(crate) entries: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that Go's implementation made.
    #[test]
    fn metadata_is_as_go_writes_it() {
        let metadata = Metadata { entries: BTreeMap::from([("k".to_owned(), "v".to_owned())]) };
        assert_eq!(metadata.encode_to_vec(), [0x0a, 6, 0x0a, 1, 0x6b, 0x12, 1, 0x76]);
    }

    #[tokio::test]
    async fn an_end_amid_a_packet_is_an_error() {
        for end in 1..9 {
            let bytes = [0x03, 1, 1, 4, b'/', b'a', b'/', b'B'];
            let mut packets = PacketReader::new(&bytes[..end.min(8)]);
            let outcome = packets.next().await;
            assert_eq!(outcome.is_ok(), end >= 8, "{end} bytes");
        }
    }
}
