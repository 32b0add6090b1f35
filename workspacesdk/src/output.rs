//! What a workspace agent keeps of a process's output: the beginning and the end, and never more.

use bstr::ByteSlice;

/// Bytes kept of the beginning, and as many of the end.
pub const KEPT_AT_EITHER_END: usize = 16 << 10;

/// Bytes that are shown of a line, with the remark that it was cut.
pub const MAX_LINE: usize = 2048;

const CUT: &[u8] = b" ... [truncated]";

/// A bounded memory of everything that a process wrote.
#[derive(Debug, Clone)]
pub struct OutputBuffer {
    head: Vec<u8>,
    /// A ring once it is full: the oldest byte is at `oldest`.
    tail: Vec<u8>,
    oldest: usize,
    written: usize,
    max_head: usize,
    max_tail: usize,
}

/// What was kept of an output, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOutput {
    /// The text; it may hold bytes that are not UTF-8.
    pub text: Vec<u8>,
    /// How much is missing; none if the output fitted into the beginning.
    pub truncation: Option<Truncation>,
}

/// How much of an output is missing. All numbers are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncation {
    /// What the process wrote.
    pub original: usize,
    /// What is shown, remarks included.
    pub retained: usize,
    /// What fell out between the beginning and the end. 0 if everything is there but shown in two pieces.
    pub omitted: usize,
}

impl Default for OutputBuffer {
    fn default() -> Self {
        Self::with_sizes(KEPT_AT_EITHER_END, KEPT_AT_EITHER_END)
    }
}

impl OutputBuffer {
    /// A buffer that keeps so many bytes of the beginning and of the end.
    pub fn with_sizes(head: usize, tail: usize) -> Self {
        Self { head: Vec::new(), tail: Vec::new(), oldest: 0, written: 0, max_head: head, max_tail: tail }
    }

    /// Takes what the process wrote.
    pub fn write(&mut self, bytes: &[u8]) {
        self.written += bytes.len();
        let (head, mut rest) = bytes.split_at(bytes.len().min(self.max_head - self.head.len()));
        self.head.extend_from_slice(head);
        // What would be overwritten at once need not be copied.
        rest = &rest[rest.len().saturating_sub(self.max_tail)..];
        let (filling, mut rest) = rest.split_at(rest.len().min(self.max_tail - self.tail.len()));
        self.tail.extend_from_slice(filling);
        while !rest.is_empty() {
            let take = rest.len().min(self.max_tail - self.oldest);
            self.tail[self.oldest..self.oldest + take].copy_from_slice(&rest[..take]);
            self.oldest = (self.oldest + take) % self.max_tail;
            rest = &rest[take..];
        }
    }

    /// Bytes written so far.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Bytes held.
    pub fn kept(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// The bytes held, beginning and end joined.
    pub fn bytes(&self) -> Vec<u8> {
        let (newer, older) = self.tail.split_at(self.oldest);
        [&self.head[..], older, newer].concat()
    }

    /// What was kept, with long lines cut and a remark where something is missing.
    pub fn output(&self) -> KeptOutput {
        let mut text = shortened(&self.head);
        if self.head.is_empty() || self.tail.is_empty() {
            return KeptOutput { text, truncation: None };
        }
        let omitted = self.written - self.kept();
        if omitted > 0 {
            text.extend_from_slice(format!("\n\n... [omitted {omitted} bytes] ...\n\n").as_bytes());
        } else {
            text.push(b'\n');
        }
        let (newer, older) = self.tail.split_at(self.oldest);
        text.extend_from_slice(&shortened(&[older, newer].concat()));
        let truncation = Truncation { original: self.written, retained: text.len(), omitted };
        KeptOutput { text, truncation: Some(truncation) }
    }
}

/// The text with every long line cut.
fn shortened(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.lines_with_terminator() {
        let (body, newline) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |body| (body, b"\n"));
        if body.len() > MAX_LINE {
            out.extend_from_slice(&body[..MAX_LINE - CUT.len()]);
            out.extend_from_slice(CUT);
        } else {
            out.extend_from_slice(body);
        }
        out.extend_from_slice(newline);
    }
    out
}
