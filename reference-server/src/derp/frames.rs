//! Frames: a byte that tells the kind, four that tell the length of the rest, and the rest.

use std::io;

use crypto_box::aead::{Aead, AeadCore, OsRng};
use crypto_box::{PublicKey, SalsaBox, SecretKey};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A client's address: its public key.
pub(super) type Key = [u8; 32];

/// Starts the relay's first frame.
pub(super) const MAGIC: &[u8] = "DERP🔑".as_bytes();
/// Version of the protocol.
pub(super) const VERSION: u32 = 2;

/// Kinds of frames.
pub(super) mod kind {
    pub(in super::super) const SERVER_KEY: u8 = 0x01;
    pub(in super::super) const CLIENT_INFO: u8 = 0x02;
    pub(in super::super) const SERVER_INFO: u8 = 0x03;
    pub(in super::super) const SEND_PACKET: u8 = 0x04;
    pub(in super::super) const RECV_PACKET: u8 = 0x05;
    pub(in super::super) const KEEP_ALIVE: u8 = 0x06;
    pub(in super::super) const NOTE_PREFERRED: u8 = 0x07;
    pub(in super::super) const PEER_GONE: u8 = 0x08;
    pub(in super::super) const FORWARD_PACKET: u8 = 0x0a;
    pub(in super::super) const WATCH_CONNECTIONS: u8 = 0x10;
    pub(in super::super) const CLOSE_PEER: u8 = 0x11;
    pub(in super::super) const PING: u8 = 0x12;
    pub(in super::super) const PONG: u8 = 0x13;
}

/// Why a peer cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// It was here and has left.
    Disconnected = 0,
    /// The relay does not know it.
    NotHere = 1,
}

/// A frame whose rest is made of `parts`.
pub(super) fn frame(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(5 + length);
    frame.push(kind);
    frame.extend(u32::try_from(length).expect("what is sent is short").to_be_bytes());
    parts.iter().for_each(|part| frame.extend_from_slice(part));
    frame
}

/// Reads a frame's kind and the length of its rest; none at the end of the stream.
pub(super) async fn read_header(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(u8, usize)>> {
    let mut kind = [0];
    if from.read(&mut kind).await? == 0 {
        return Ok(None);
    }
    Ok(Some((kind[0], from.read_u32().await? as usize)))
}

/// Reads a frame's rest, which the caller has found to be short enough.
pub(super) async fn read_rest(from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<Vec<u8>> {
    let mut rest = vec![0; length];
    from.read_exact(&mut rest).await?;
    Ok(rest)
}

/// Reads a frame's rest and forgets it.
pub(super) async fn skip_rest(from: &mut (impl AsyncRead + Unpin), length: usize) -> io::Result<()> {
    let skipped = tokio::io::copy(&mut from.take(length as u64), &mut tokio::io::sink()).await?;
    if skipped == length as u64 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The first 32 bytes, and what follows them.
pub(super) fn split_key(rest: &[u8]) -> Option<(Key, &[u8])> {
    let (key, rest) = rest.split_first_chunk()?;
    Some((*key, rest))
}

/// Encrypts a message for the holder of `to`.
pub(super) fn seal(own: &SecretKey, to: &Key, message: &[u8]) -> Option<Vec<u8>> {
    let nonce = SalsaBox::generate_nonce(&mut OsRng);
    let sealed = SalsaBox::new(&PublicKey::from(*to), own).encrypt(&nonce, message).ok()?;
    Some([&nonce[..], &sealed].concat())
}

/// Decrypts what the holder of `from` has sealed; none if it was somebody else.
pub(super) fn open(own: &SecretKey, from: &Key, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_first_chunk::<24>()?;
    SalsaBox::new(&PublicKey::from(*from), own).decrypt(nonce.into(), sealed).ok()
}

/// Whether a packet is about finding paths, which its envelope tells.
pub(super) fn is_discovery(packet: &[u8]) -> bool {
    packet.starts_with("TS💬".as_bytes()) && packet.len() >= 6 + 32 + 24
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digits: &str) -> Key {
        hex::decode(digits).unwrap().try_into().unwrap()
    }

    #[test]
    fn frames_have_their_length_in_front() {
        assert_eq!(frame(kind::NOTE_PREFERRED, &[&[1]]), [7, 0, 0, 0, 1, 1]);
        assert_eq!(frame(kind::PEER_GONE, &[&[9; 32], &[1]])[..5], [8, 0, 0, 0, 33]);
        assert_eq!(MAGIC.len(), 8);
    }

    #[test]
    fn a_box_made_in_go_is_opened() {
        let from = key("76ce7944f5e9a14b0c7cc4e3751f895c7115dfc9f186286bcba1ce8c601a490c");
        let own = SecretKey::from(key("c89dcc2d97fcfd93078ec25e41d08533497e86313df584b6ea4c4e97353aa074"));
        let sealed = hex::decode(
            "f89adfada68cd3399ff193f2dd3a4759a886b6bc83fc0fb8568e29faffb2fbb319dd269b5f6c842b3e162b64c5bd39888f7f5e80\
             633d715b8c48b15b7bf62d9cda637ffcdd35e353",
        )
        .unwrap();
        assert_eq!(open(&own, &from, &sealed).unwrap(), br#"{"version":2,"CanAckPings":true}"#);
        assert_eq!(open(&own, &from, &sealed[1..]), None);
        assert_eq!(open(&own, &from, &sealed[..20]), None);
    }

    #[tokio::test]
    async fn a_frame_that_ends_early_is_an_error_and_no_frame_is_an_end() {
        assert!(read_header(&mut &b""[..]).await.unwrap().is_none());
        assert!(read_header(&mut &b"\x04\0\0"[..]).await.is_err());
        assert!(skip_rest(&mut &b"abc"[..], 4).await.is_err());
        assert!(skip_rest(&mut &b"abcd"[..], 4).await.is_ok());
        assert!(read_rest(&mut &b"abc"[..], 4).await.is_err());
    }
}
