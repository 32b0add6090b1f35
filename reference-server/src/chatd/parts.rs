//! Parts of answers while they are being made: the only thing of a chat that lives in memory alone.
//!
//! Parts are grouped by [`Episode`], so that a stale generation, a late reader and the present answer never mix. Within
//! an episode they are numbered from 1 without gaps. A reader of an episode that has not begun waits for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use codersdk::ChatMessageRole;
use tokio::sync::watch;
use uuid::Uuid;

use super::part::Part;
use crate::clock::SharedClock;

/// Most bytes of one episode, counted as JSON; what comes after is dropped.
const MAX_EPISODE_BYTES: usize = 1024 * 1024;
/// What stands around a part where its size is counted.
const COUNTED_FRAME: &str = r#"{"seq":,"role":"","part":}"#;
/// How long a closed episode can still be read.
const RETENTION: TimeDelta = TimeDelta::seconds(15);

/// One call of the model, or one run of its tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Episode {
    pub(crate) chat_id: Uuid,
    pub(crate) history_version: i64,
    pub(crate) generation_attempt: i64,
}

/// A part, as it was made and as clients are sent it.
#[derive(Debug)]
pub(crate) struct LivePart {
    pub(crate) seq: i64,
    pub(crate) role: ChatMessageRole,
    pub(crate) part: Part,
    /// The whole `message_part` event as JSON, made once for all readers.
    pub(crate) event: String,
}

/// Every episode that is open, or was until a moment ago.
#[derive(Debug, Clone)]
pub(crate) struct PartBuffer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: SharedClock,
    episodes: Mutex<Episodes>,
}

#[derive(Debug, Default)]
struct Episodes {
    by_key: HashMap<Episode, Arc<Log>>,
    /// Closed ones, in the order of their closing.
    closed: VecDeque<(DateTime<Utc>, Episode)>,
}

/// The parts of one episode.
#[derive(Debug)]
struct Log {
    entries: Mutex<Entries>,
    /// Changes whenever there is something new to read.
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Entries {
    opened: bool,
    closed: bool,
    parts: Vec<Arc<LivePart>>,
    bytes: usize,
}

impl Log {
    fn new() -> Self {
        Self { entries: Mutex::default(), changed: watch::Sender::new(()) }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartBuffer {
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self(Arc::new(Inner { clock, episodes: Mutex::default() }))
    }

    fn episodes(&self) -> MutexGuard<'_, Episodes> {
        self.0.episodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an episode. The writer closes it when it is dropped.
    pub(crate) fn open(&self, episode: Episode) -> EpisodeWriter {
        self.sweep();
        let log = Arc::clone(self.episodes().by_key.entry(episode).or_insert_with(|| Arc::new(Log::new())));
        log.entries().opened = true;
        EpisodeWriter { buffer: self.clone(), episode, log }
    }

    /// Ends an episode: what is written to it from now on is dropped. One that never began is ended all the same.
    pub(crate) fn close(&self, episode: Episode) {
        let now = self.0.clock.now();
        let mut episodes = self.episodes();
        let log = Arc::clone(episodes.by_key.entry(episode).or_insert_with(|| Arc::new(Log::new())));
        let first = {
            let mut entries = log.entries();
            entries.opened = true;
            !std::mem::replace(&mut entries.closed, true)
        };
        if first {
            episodes.closed.push_back((now, episode));
            log.changed.send_replace(());
        }
    }

    /// What the episode has brought so far; nothing for an unknown one.
    pub(crate) fn parts(&self, episode: Episode) -> Vec<Arc<LivePart>> {
        let log = self.episodes().by_key.get(&episode).cloned();
        log.map(|log| log.entries().parts.clone()).unwrap_or_default()
    }

    /// Reads the episode from its first part on, and waits for it if it has not begun.
    pub(crate) fn read(&self, episode: Episode) -> EpisodeReader {
        let log = Arc::clone(self.episodes().by_key.entry(episode).or_insert_with(|| Arc::new(Log::new())));
        EpisodeReader { changed: log.changed.subscribe(), buffer: self.clone(), episode, log, next: 0 }
    }

    /// Forgets episodes that were closed long enough ago. Readers that have one keep it until they have read it.
    pub(crate) fn sweep(&self) {
        let oldest = self.0.clock.now() - RETENTION;
        let mut episodes = self.episodes();
        while episodes.closed.front().is_some_and(|(closed, _)| *closed <= oldest) {
            if let Some((_, episode)) = episodes.closed.pop_front() {
                episodes.by_key.remove(&episode);
            }
        }
    }
}

/// Writes one episode.
#[derive(Debug)]
pub(crate) struct EpisodeWriter {
    buffer: PartBuffer,
    episode: Episode,
    log: Arc<Log>,
}

impl EpisodeWriter {
    /// Adds a part; drops it if the episode is closed or full.
    pub(crate) fn push(&self, role: ChatMessageRole, part: Part) {
        let mut entries = self.log.entries();
        if entries.closed {
            return;
        }
        let part = part.without_internals();
        let seq = i64::try_from(entries.parts.len()).unwrap_or(i64::MAX - 1) + 1;
        let part_json = serde_json::to_string(&part).expect("parts always have a JSON form");
        let size = COUNTED_FRAME.len() + seq.to_string().len() + role.as_str().len() + part_json.len();
        if entries.bytes + size > MAX_EPISODE_BYTES {
            return;
        }
        entries.bytes += size;
        let Episode { chat_id, history_version, generation_attempt } = self.episode;
        let event = format!(
            "{{\"type\":\"message_part\",\"chat_id\":\"{chat_id}\",\"message_part\":{{\"role\":\"{role}\",\
             \"part\":{part_json},\"history_version\":{history_version},\"generation_attempt\":{generation_attempt},\
             \"seq\":{seq}}}}}"
        );
        entries.parts.push(Arc::new(LivePart { seq, role, part, event }));
        drop(entries);
        self.log.changed.send_replace(());
    }
}

impl Drop for EpisodeWriter {
    fn drop(&mut self) {
        self.buffer.close(self.episode);
    }
}

/// Reads one episode, at its own pace.
#[derive(Debug)]
pub(crate) struct EpisodeReader {
    buffer: PartBuffer,
    episode: Episode,
    log: Arc<Log>,
    changed: watch::Receiver<()>,
    next: usize,
}

impl EpisodeReader {
    /// The episode that is read.
    pub(crate) fn episode(&self) -> Episode {
        self.episode
    }

    /// The next parts that are there already, at most `max`; `None` if some may come later, and an empty list once a
    /// closed episode is read to its end.
    pub(crate) fn try_next(&mut self, max: usize) -> Option<Vec<Arc<LivePart>>> {
        let entries = self.log.entries();
        let end = entries.parts.len().min(self.next + max);
        let parts = entries.parts[self.next..end].to_vec();
        self.next = end;
        (!parts.is_empty() || entries.closed).then_some(parts)
    }

    /// The next parts, at most `max`; none once a closed episode is read to its end. Cancel safe.
    pub(crate) async fn next(&mut self, max: usize) -> Vec<Arc<LivePart>> {
        loop {
            self.changed.borrow_and_update();
            if let Some(parts) = self.try_next(max) {
                return parts;
            }
            // The log holds the sender, so waiting ends only by a change.
            let _ = self.changed.changed().await;
        }
    }
}

impl Drop for EpisodeReader {
    fn drop(&mut self) {
        // An episode that never began is forgotten with the last who waited for it.
        let mut episodes = self.buffer.episodes();
        if !self.log.entries().opened && Arc::strong_count(&self.log) == 2 {
            episodes.by_key.remove(&self.episode);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::ManualClock;

    fn buffer() -> (PartBuffer, ManualClock) {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        (PartBuffer::new(Arc::new(clock.clone())), clock)
    }

    fn episode() -> Episode {
        Episode { chat_id: Uuid::new_v4(), history_version: 3, generation_attempt: 1 }
    }

    fn texts(parts: &[Arc<LivePart>]) -> Vec<(i64, &str)> {
        parts.iter().map(|part| (part.seq, part.part.text.as_str())).collect()
    }

    #[tokio::test]
    async fn a_reader_from_before_the_start_gets_every_part_once() {
        let (buffer, _) = buffer();
        let episode = episode();
        let mut reader = buffer.read(episode);
        let reading = tokio::spawn(async move {
            let mut all = Vec::new();
            loop {
                let parts = reader.next(2).await;
                if parts.is_empty() {
                    return all;
                }
                all.extend(parts);
            }
        });
        tokio::task::yield_now().await;
        let writer = buffer.open(episode);
        for text in ["a", "b", "c"] {
            writer.push(ChatMessageRole::Assistant, Part::text(text));
        }
        drop(writer);
        assert_eq!(texts(&reading.await.unwrap()), [(1, "a"), (2, "b"), (3, "c")]);
    }

    #[tokio::test]
    async fn what_comes_after_the_close_or_the_cap_is_dropped() {
        let (buffer, _) = buffer();
        let episode = episode();
        let writer = buffer.open(episode);
        for _ in 0..30 {
            writer.push(ChatMessageRole::Assistant, Part::text("x".repeat(50_000)));
        }
        assert_eq!(buffer.parts(episode).len(), 20);
        buffer.close(episode);
        writer.push(ChatMessageRole::Assistant, Part::text("late"));
        assert_eq!(buffer.parts(episode).len(), 20);
    }

    #[tokio::test]
    async fn a_closed_episode_is_kept_for_fifteen_seconds() {
        let (buffer, clock) = buffer();
        let episode = episode();
        buffer.open(episode).push(ChatMessageRole::Assistant, Part::text("a"));
        clock.advance(Duration::from_secs(14));
        buffer.sweep();
        assert_eq!(buffer.parts(episode).len(), 1);
        clock.advance(Duration::from_secs(1));
        buffer.sweep();
        assert!(buffer.parts(episode).is_empty());
        assert!(buffer.episodes().by_key.is_empty());
    }

    #[test]
    fn an_episode_that_never_began_is_forgotten_with_its_readers() {
        let (buffer, _) = buffer();
        let episode = episode();
        let first = buffer.read(episode);
        let second = buffer.read(episode);
        drop(first);
        assert_eq!(buffer.episodes().by_key.len(), 1);
        drop(second);
        assert!(buffer.episodes().by_key.is_empty());
    }

    #[test]
    fn the_event_is_that_of_the_wire() {
        let (buffer, _) = buffer();
        let episode = episode();
        buffer.open(episode).push(ChatMessageRole::Assistant, Part::text("a\"b"));
        let parts = buffer.parts(episode);
        let event: codersdk::ChatStreamEvent = serde_json::from_str(&parts[0].event).unwrap();
        let codersdk::ChatStreamEvent::MessagePart { chat_id, message_part } = event else { panic!("{event:?}") };
        assert_eq!((chat_id, message_part.seq, message_part.history_version), (episode.chat_id, 1, 3));
        assert_eq!(message_part.part.as_text(), Some("a\"b"));
    }
}
