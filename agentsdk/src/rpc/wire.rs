//! Frames and packets of dRPC.
//!
//! A frame is a control byte (bit 0: last frame of its packet; bits 1 to 6: kind; bit 7: control flag), then stream id,
//! message id and length as base-128 varints, then data. The frames of one (stream, message) id make a packet.

use bytes::{Buf, Bytes, BytesMut};

/// Largest data of a packet, in bytes.
pub(crate) const MAX_PACKET: usize = 4 << 20;
/// Largest data of a frame that is written.
const MAX_FRAME: usize = 64 << 10;
/// A varint of more bytes than these is refused.
const MAX_VARINT: usize = 10;

/// What a packet is for. Others than these may come.
pub(crate) mod kind {
    pub(crate) const INVOKE: u8 = 1;
    pub(crate) const MESSAGE: u8 = 2;
    pub(crate) const ERROR: u8 = 3;
    pub(crate) const CANCEL: u8 = 4;
    pub(crate) const CLOSE: u8 = 5;
    pub(crate) const CLOSE_SEND: u8 = 6;
    pub(crate) const METADATA: u8 = 7;
}

/// A packet, put together from its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) stream: u64,
    pub(crate) message: u64,
    pub(crate) kind: u8,
    /// Whether a reader that does not know the kind may pass over it.
    pub(crate) control: bool,
    pub(crate) data: Bytes,
}

/// What is wrong with frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    #[error("varint too long")]
    Varint,
    #[error("packet of more than {MAX_PACKET} bytes")]
    Overflow,
    #[error("id lower than one before it")]
    Order,
    #[error("kind changes within a packet")]
    Kind,
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads a varint off the front; `None` when there is more to come.
fn varint(bytes: &[u8]) -> Result<Option<(u64, usize)>, WireError> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(MAX_VARINT).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Ok(Some((value, at + 1)));
        }
    }
    if bytes.len() < MAX_VARINT { Ok(None) } else { Err(WireError::Varint) }
}

impl Packet {
    /// Appends the packet's frames.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut rest = &self.data[..];
        loop {
            let (frame, after) = rest.split_at(rest.len().min(MAX_FRAME));
            out.push(self.kind << 1 | u8::from(after.is_empty()) | if self.control { 0x80 } else { 0 });
            put_varint(out, self.stream);
            put_varint(out, self.message);
            put_varint(out, frame.len() as u64);
            out.extend_from_slice(frame);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }
}

#[derive(Debug)]
struct Header {
    kind: u8,
    done: bool,
    control: bool,
    id: (u64, u64),
    len: usize,
    /// Its own length.
    size: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Option<Self>, WireError> {
        let Some((first, mut rest)) = bytes.split_first() else { return Ok(None) };
        let mut fields = [0; 3];
        for field in &mut fields {
            let Some((value, size)) = varint(rest)? else { return Ok(None) };
            *field = value;
            rest = &rest[size..];
        }
        let [stream, message, len] = fields;
        let len = usize::try_from(len).ok().filter(|len| *len <= MAX_PACKET).ok_or(WireError::Overflow)?;
        Ok(Some(Self {
            kind: (first & 0x7e) >> 1,
            done: first & 1 != 0,
            control: first & 0x80 != 0,
            id: (stream, message),
            len,
            size: bytes.len() - rest.len(),
        }))
    }
}

/// A packet whose frames have not all come.
#[derive(Debug)]
struct Partial {
    kind: u8,
    control: bool,
    data: BytesMut,
}

/// Makes packets of bytes as they come. Holds at most one packet.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The lowest id that may come.
    next: (u64, u64),
    partial: Option<Partial>,
    /// How much of the current frame's data is still to come, and whether it is the packet's last frame.
    frame: Option<(usize, bool)>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { next: (1, 1), partial: None, frame: None }
    }
}

impl Decoder {
    /// Whether it waits for the rest of something.
    pub(crate) fn is_amid(&self) -> bool {
        self.partial.is_some()
    }

    /// Takes bytes off the front of `input` up to the end of a packet. When there is none, what is left in `input` is
    /// less than a frame's head.
    pub(crate) fn packet(&mut self, input: &mut BytesMut) -> Result<Option<Packet>, WireError> {
        loop {
            let (missing, done) = match self.frame {
                Some(frame) => frame,
                None => match Header::read(input)? {
                    Some(header) => self.begin(&header, input)?,
                    None => return Ok(None),
                },
            };
            let Some(partial) = &mut self.partial else { return Ok(None) };
            let taken = missing.min(input.len());
            partial.data.extend_from_slice(&input[..taken]);
            input.advance(taken);
            if taken < missing {
                self.frame = Some((missing - taken, done));
                return Ok(None);
            }
            self.frame = None;
            if done && let Some(Partial { kind, control, data }) = self.partial.take() {
                let (stream, message) = self.next;
                self.next.1 = message.saturating_add(1);
                return Ok(Some(Packet { stream, message, kind, control, data: data.freeze() }));
            }
        }
    }

    fn begin(&mut self, header: &Header, input: &mut BytesMut) -> Result<(usize, bool), WireError> {
        if header.id < self.next {
            return Err(WireError::Order);
        }
        if header.id != self.next {
            // What came of an earlier packet is given up.
            self.partial = None;
            self.next = header.id;
        }
        let partial =
            self.partial.get_or_insert_with(|| Partial { kind: header.kind, control: false, data: BytesMut::new() });
        if partial.kind != header.kind {
            return Err(WireError::Kind);
        }
        if partial.data.len() + header.len > MAX_PACKET {
            return Err(WireError::Overflow);
        }
        partial.control |= header.control;
        input.advance(header.size);
        self.frame = Some((header.len, header.done));
        Ok((header.len, header.done))
    }
}

/// The data of an error packet.
pub(crate) fn encode_error(code: u64, message: &str) -> Bytes {
    let mut data = code.to_be_bytes().to_vec();
    data.extend_from_slice(message.as_bytes());
    data.into()
}

/// Code and text of an error packet.
pub(crate) fn decode_error(data: &[u8]) -> (u64, String) {
    match data.split_first_chunk::<8>() {
        Some((code, text)) => (u64::from_be_bytes(*code), String::from_utf8_lossy(text).into_owned()),
        None => (0, String::from_utf8_lossy(data).into_owned()),
    }
}

#[cfg(test)]
mod tests;
