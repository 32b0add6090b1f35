//! What a chat stream knows across its connections: what was told already, and where to go on.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::time::Duration;

use serde_json::value::RawValue;
use uuid::Uuid;

use super::resume::Protocol;
use super::stream::ChatStreamItem;
use crate::types::*;
use crate::websocket::decode_event;
use crate::{Error, Result};

/// How many bytes of messages are held back while it is found out what of a rewritten history is new.
const MAX_HELD: usize = 16 << 20;

/// Makes one stream of the connections to a chat: every durable message once, resets only where something is gone.
#[derive(Debug)]
pub(super) struct Session {
    chat_id: Uuid,
    /// The end of the history that the user had from elsewhere.
    base: Option<i64>,
    /// Digests of the durable messages that the user was told, by id.
    known: BTreeMap<i64, u64>,
    replacement: Option<Replacement>,
    /// The last live part: version of the history, attempt, number.
    last_part: (i64, i64, i64),
}

/// A history that the server sends anew, as far as it came.
#[derive(Debug, Default)]
struct Replacement {
    kept: BTreeMap<i64, u64>,
    fresh: Vec<(i64, u64, ChatStreamEvent)>,
    held: usize,
}

impl Session {
    pub(super) fn new(chat_id: Uuid, after_id: Option<i64>) -> Self {
        Self { chat_id, base: after_id, known: BTreeMap::new(), replacement: None, last_part: (0, 0, 0) }
    }

    pub(super) fn event(&mut self, event: ChatStreamEvent, out: &mut VecDeque<ChatStreamItem>) {
        if event.chat_id().is_some_and(|id| !id.is_nil() && id != self.chat_id) {
            out.push_back(ChatStreamItem::Event(event));
            return;
        }
        match &event {
            ChatStreamEvent::Message { message, .. } => {
                let id = message.id;
                let (digest, size) = digest(message);
                self.message(id, digest, size, event, out);
            }
            ChatStreamEvent::HistoryReset { .. } => {
                // With nothing told, nothing is to be taken back.
                if !self.known.is_empty() || self.base.is_some() {
                    self.replacement = Some(Replacement::default());
                }
            }
            ChatStreamEvent::MessagePart { message_part, .. } => {
                let part = self.note_part(message_part);
                self.finish_replacement(out);
                match part {
                    Part::Told => return,
                    Part::Next => {}
                    Part::AfterGap { first } => out.push_back(ChatStreamItem::PartsMissing {
                        history_version: message_part.history_version,
                        generation_attempt: message_part.generation_attempt,
                        first_seq: first,
                        last_seq: message_part.seq - 1,
                    }),
                }
                out.push_back(ChatStreamItem::Event(event));
            }
            ChatStreamEvent::PreviewReset { .. } => {
                self.last_part = (0, 0, 0);
                self.finish_replacement(out);
                out.push_back(ChatStreamItem::Event(event));
            }
            _ => {
                self.finish_replacement(out);
                out.push_back(ChatStreamItem::Event(event));
            }
        }
    }

    fn message(
        &mut self,
        id: i64,
        digest: u64,
        size: usize,
        event: ChatStreamEvent,
        out: &mut VecDeque<ChatStreamItem>,
    ) {
        let told = self.known.get(&id) == Some(&digest);
        let Some(replacement) = &mut self.replacement else {
            if !told {
                self.known.insert(id, digest);
                out.push_back(ChatStreamItem::Event(event));
            }
            return;
        };
        if told {
            replacement.kept.insert(id, digest);
            return;
        }
        replacement.fresh.push((id, digest, event));
        replacement.held += size;
        if replacement.held > MAX_HELD {
            // What is kept of the old history and comes after this is told twice, which is better than to hold any
            // amount of it.
            self.finish_replacement(out);
        }
    }

    /// Tells what a rewritten history brought.
    fn finish_replacement(&mut self, out: &mut VecDeque<ChatStreamItem>) {
        let Some(replacement) = self.replacement.take() else { return };
        if self.base.take().is_some() || replacement.kept.len() != self.known.len() {
            out.push_back(ChatStreamItem::HistoryReset { kept: replacement.kept.keys().copied().collect() });
        }
        self.known = replacement.kept;
        for (id, digest, event) in replacement.fresh {
            self.known.insert(id, digest);
            out.push_back(ChatStreamItem::Event(event));
        }
    }

    fn note_part(&mut self, part: &ChatStreamMessagePart) -> Part {
        let seq = part.seq;
        if seq <= 0 {
            return Part::Next;
        }
        let (version, attempt) = (part.history_version, part.generation_attempt);
        let last = if (self.last_part.0, self.last_part.1) == (version, attempt) { self.last_part.2 } else { 0 };
        if seq <= last {
            return Part::Told;
        }
        self.last_part = (version, attempt, seq);
        if seq == last + 1 {
            return Part::Next;
        }
        Part::AfterGap { first: last + 1 }
    }
}

/// The events of a frame, and what in it could not be read.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<ChatStreamEvent>,
    /// Each stands before the event of this index.
    pub(super) faults: Vec<(usize, Error)>,
}

impl Batch {
    /// Reads a frame. One event that cannot be read spoils none of the others.
    pub(super) fn decode(frame: &str) -> Result<Self> {
        if let Ok(events) = serde_json::from_str(frame) {
            return Ok(Self { events, faults: Vec::new() });
        }
        let mut batch = Self::default();
        let raw: Vec<Box<RawValue>> = decode_event(&frame.to_owned().into())?;
        for event in raw {
            match decode_event(&event.get().to_owned().into()) {
                Ok(event) => batch.events.push(event),
                Err(error) => batch.faults.push((batch.events.len(), error)),
            }
        }
        Ok(batch)
    }
}

enum Part {
    Next,
    /// The parts from this one on are missing.
    AfterGap {
        first: i64,
    },
    Told,
}

/// A fingerprint of a message, and the size of its JSON.
fn digest(message: &ChatMessage) -> (u64, usize) {
    struct Sum(DefaultHasher, usize);

    impl io::Write for Sum {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes);
            self.1 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut sum = Sum(DefaultHasher::new(), 0);
    // A message always has a JSON form, and the sum takes any bytes.
    let _ = serde_json::to_writer(&mut sum, message);
    (sum.0.finish(), sum.1)
}

impl Protocol for Session {
    type Frame = Batch;
    type Item = ChatStreamItem;

    fn cursor(&self) -> Option<i64> {
        if self.replacement.is_some() {
            return None;
        }
        self.known.keys().next_back().copied().max(self.base)
    }

    fn connected(&mut self, after: Option<i64>, out: &mut VecDeque<ChatStreamItem>) {
        let resumed = after.is_some() || !self.known.is_empty();
        self.last_part = (0, 0, 0);
        // Without a cursor the snapshot is the whole history, whether or not the server says so.
        self.replacement = (after.is_none() && resumed).then(Replacement::default);
        out.push_back(ChatStreamItem::Connected { resumed });
    }

    fn frame(&mut self, frame: Batch, out: &mut VecDeque<ChatStreamItem>) {
        let mut faults = frame.faults.into_iter().peekable();
        for (at, event) in frame.events.into_iter().enumerate() {
            while let Some((_, error)) = faults.next_if(|(before, _)| *before <= at) {
                out.push_back(ChatStreamItem::Undecodable { error });
            }
            self.event(event, out);
        }
        out.extend(faults.map(|(_, error)| ChatStreamItem::Undecodable { error }));
    }

    fn lost(&mut self, error: Option<Error>, attempt: u32, retry_in: Duration) -> ChatStreamItem {
        ChatStreamItem::Lost { error, attempt, retry_in }
    }
}
