//! What a client that follows one chat is told: the database's state as events, and live parts in between.
//!
//! Hints only say that there may be something new; what is told comes from one consistent read of the database.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use codersdk::{
    ChatError, ChatErrorKind, ChatQueuedMessage, ChatStatus, ChatStreamActionRequired, ChatStreamEvent,
    ChatStreamStatus, ChatStreamToolCall,
};
use uuid::Uuid;

use super::machine::calls;
use super::parts::{Episode, EpisodeReader, LivePart, PartBuffer};
use super::pubsub::{ChatUpdate, Delivery, Subscription};
use super::{ChatdError, Daemon};
use crate::clock::SharedClock;
use crate::store::Store;
use crate::store::chats::{self, ChatRow};
use crate::store::messages::{self, MessageRow};
use crate::store::queue::{self, QueuedMessageRow};

/// Most events of one frame.
pub(crate) const BATCH_SIZE: usize = 256;
/// Most bytes of a frame of several events. Clients refuse frames of more than 4 MiB.
const MAX_FRAME: usize = 3 << 20;
/// How often the database is looked at when no hint comes.
const POLL_INTERVAL: Duration = Duration::from_secs(10);
/// How often a read of the database is tried before the stream is given up.
const SYNC_ATTEMPTS: u32 = 5;
const SYNC_BACKOFF: Duration = Duration::from_millis(100);

/// An event, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Json(String),
    Part(Arc<LivePart>),
}

impl Event {
    fn json(&self) -> &str {
        match self {
            Self::Json(json) => json,
            Self::Part(part) => &part.event,
        }
    }
}

impl From<ChatStreamEvent> for Event {
    fn from(event: ChatStreamEvent) -> Self {
        Self::Json(serde_json::to_string(&event).expect("stream events always have a JSON form"))
    }
}

/// A frame of events: a JSON array on a line of its own.
pub(crate) fn frame(events: &[Event]) -> String {
    let mut frame = String::with_capacity(events.iter().map(|event| event.json().len() + 1).sum::<usize>() + 2);
    frame.push('[');
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            frame.push(',');
        }
        frame.push_str(event.json());
    }
    frame.push_str("]\n");
    frame
}

/// A client's view of a chat, as events.
#[derive(Debug)]
pub(crate) struct ChatStream {
    view: View,
    store: Store,
    clock: SharedClock,
    buffer: PartBuffer,
    updates: Subscription<ChatUpdate>,
    reader: Option<EpisodeReader>,
    /// What is still to be handed out.
    pending: VecDeque<Event>,
    /// Whether a hint came that has not been followed yet.
    stale: bool,
}

/// What the client has been told.
#[derive(Debug)]
struct View {
    chat_id: Uuid,
    snapshot_version: i64,
    history_version: i64,
    queue_version: i64,
    retry_state_version: i64,
    status: Option<ChatStatus>,
    worker_id: Option<Uuid>,
    generation_attempt: i64,
    error_history_version: i64,
    action_history_version: i64,
    last_seq: i64,
    /// Messages that the client said it has; counts for the first read alone.
    after_id: Option<i64>,
}

/// One consistent read.
struct Snapshot {
    chat: ChatRow,
    changed: Vec<MessageRow>,
    /// The whole history, where a message that the client may have is no longer part of it.
    reset: Option<Vec<MessageRow>>,
    queue: Vec<QueuedMessageRow>,
    action: Option<ChatStreamActionRequired>,
}

impl Daemon {
    /// Follows a chat: the first events tell where it stands. Messages up to `after_id` are left out of them, unless
    /// the history has to be told anew.
    ///
    /// # Errors
    /// When there is no such chat, or the database cannot be read.
    pub(crate) async fn subscribe(&self, chat: Uuid, after_id: i64) -> Result<ChatStream, ChatdError> {
        // What happens between this line and the first read is told as a hint.
        let updates = self.pubsub.subscribe_updates(chat);
        let mut stream = ChatStream {
            view: View::new(chat, after_id),
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            buffer: self.parts.clone(),
            updates,
            reader: None,
            pending: VecDeque::new(),
            stale: false,
        };
        stream.sync().await?;
        Ok(stream)
    }
}

impl ChatStream {
    /// The next events, at least one and at most [`BATCH_SIZE`], as many as a frame has room for. Cancel safe.
    ///
    /// # Errors
    /// When the database cannot be read, also after some time.
    pub(crate) async fn next(&mut self) -> Result<Vec<Event>, ChatdError> {
        while self.pending.is_empty() {
            self.wait().await?;
        }
        // The first events of a view stand alone; parts come with parts.
        if matches!(self.pending.front(), Some(Event::Part(_))) {
            self.collect_parts();
        }
        let mut bytes = 0;
        let fits = self.pending.iter().take(BATCH_SIZE).take_while(|event| {
            bytes += event.json().len() + 1;
            bytes <= MAX_FRAME
        });
        let count = fits.count().max(1);
        Ok(self.pending.drain(..count).collect())
    }

    /// Waits for something to happen. Parts go first: what an answer consists of is written before it is committed.
    async fn wait(&mut self) -> Result<(), ChatdError> {
        if !self.stale {
            tokio::select! {
                biased;
                parts = next_parts(&mut self.reader) => self.take_parts(parts),
                hint = self.updates.next() => match hint {
                    Some(Delivery::Message(update)) => self.stale = self.view.is_news(&update),
                    Some(Delivery::Missed) => self.stale = true,
                    None => std::future::pending().await,
                },
                () = self.clock.sleep(POLL_INTERVAL) => self.stale = true,
            }
        }
        if self.stale && self.pending.is_empty() {
            self.collect_parts();
            if self.pending.len() >= BATCH_SIZE {
                return Ok(());
            }
            // The flag is taken back only once the read is through, so that a caller may stop waiting at any time.
            self.sync_with_retry().await?;
            self.stale = false;
        }
        Ok(())
    }

    fn take_parts(&mut self, parts: Vec<Arc<LivePart>>) {
        if parts.is_empty() {
            // The episode is over; the next read tells of the next.
            self.reader = None;
            return;
        }
        for part in parts {
            debug_assert_eq!(part.seq, self.view.last_seq + 1, "parts come without gaps");
            self.view.last_seq = part.seq;
            self.pending.push_back(Event::Part(part));
        }
    }

    /// Takes the parts that are there already, as far as a frame has room for them.
    fn collect_parts(&mut self) {
        while self.pending.len() < BATCH_SIZE {
            let room = BATCH_SIZE - self.pending.len();
            let Some(parts) = self.reader.as_mut().and_then(|reader| reader.try_next(room)) else { return };
            self.take_parts(parts);
        }
    }

    async fn sync_with_retry(&mut self) -> Result<(), ChatdError> {
        let mut delay = SYNC_BACKOFF;
        for _ in 1..SYNC_ATTEMPTS {
            match self.sync().await {
                Err(ChatdError::Store(error)) => {
                    tracing::warn!(chat = %self.view.chat_id, %error, "cannot read a chat");
                }
                result => return result,
            }
            self.clock.sleep(delay).await;
            delay = (delay * 2).min(Duration::from_secs(1));
        }
        self.sync().await
    }

    async fn sync(&mut self) -> Result<(), ChatdError> {
        let snapshot = self.view.load(&self.store).await?;
        if snapshot.chat.snapshot_version <= self.view.snapshot_version {
            return Ok(());
        }
        self.pending.extend(self.view.apply(snapshot));
        self.follow_episode();
        Ok(())
    }

    /// Reads the parts of the present episode, if there is one.
    fn follow_episode(&mut self) {
        let View { chat_id, history_version, generation_attempt, worker_id, .. } = &self.view;
        let (chat_id, history_version, generation_attempt) = (*chat_id, *history_version, *generation_attempt);
        let episode = Episode { chat_id, history_version, generation_attempt };
        if generation_attempt == 0 || worker_id.is_none() {
            self.reader = None;
        } else if self.view.last_seq == 0 || self.reader.as_ref().is_some_and(|reader| reader.episode() != episode) {
            self.reader = Some(self.buffer.read(episode));
        }
    }
}

async fn next_parts(reader: &mut Option<EpisodeReader>) -> Vec<Arc<LivePart>> {
    match reader {
        Some(reader) => reader.next(BATCH_SIZE).await,
        None => std::future::pending().await,
    }
}

impl View {
    fn new(chat_id: Uuid, after_id: i64) -> Self {
        Self {
            chat_id,
            snapshot_version: 0,
            history_version: 0,
            queue_version: 0,
            retry_state_version: 0,
            status: None,
            worker_id: None,
            generation_attempt: 0,
            error_history_version: 0,
            action_history_version: 0,
            last_seq: 0,
            after_id: Some(after_id),
        }
    }

    /// Whether the database may hold something that the client has not been told.
    fn is_news(&self, update: &ChatUpdate) -> bool {
        update.snapshot_version > self.snapshot_version
            && (update.history_version > self.history_version
                || update.queue_version > self.queue_version
                || update.retry_state_version > self.retry_state_version
                || Some(&update.status) != self.status.as_ref()
                || update.worker_id != self.worker_id
                || update.generation_attempt != self.generation_attempt)
    }

    async fn load(&self, store: &Store) -> Result<Snapshot, ChatdError> {
        let mut tx = store.pool().begin().await?;
        let chat = chats::find(&mut *tx, self.chat_id).await?.ok_or(ChatdError::NotFound)?;
        let mut changed = Vec::new();
        let mut reset = None;
        if chat.history_version > self.history_version {
            changed = messages::changed_since(&mut *tx, chat.id, self.history_version).await?;
            if changed.iter().any(|message| message.deleted) {
                reset = Some(messages::visible(&mut *tx, chat.id).await?);
            }
        }
        let queue =
            if chat.queue_version > self.queue_version { queue::list(&mut *tx, chat.id).await? } else { Vec::new() };
        let mut action = None;
        if chat.status == ChatStatus::RequiresAction && chat.history_version > self.action_history_version {
            let open = calls::open_calls(&chat, &messages::from_last_assistant(&mut *tx, chat.id).await?)?;
            let calls: Vec<ChatStreamToolCall> = open
                .into_iter()
                .filter(|call| call.dynamic)
                .map(|call| ChatStreamToolCall {
                    tool_call_id: call.id,
                    tool_name: call.name,
                    args: call.args.map(|args| args.text().to_owned()).unwrap_or_default(),
                })
                .collect();
            action = Some(ChatStreamActionRequired { tool_calls: calls.into() });
        }
        tx.commit().await?;
        Ok(Snapshot { chat, changed, reset, queue, action })
    }

    fn apply(&mut self, snapshot: Snapshot) -> Vec<Event> {
        let Snapshot { chat, changed, reset, queue, action } = snapshot;
        let chat_id = self.chat_id;
        let mut events = Vec::new();
        let history_changed = chat.history_version > self.history_version;
        let attempt_changed = chat.generation_attempt != self.generation_attempt;
        let after_id = self.after_id.take();
        if history_changed {
            self.tell_messages(changed, reset, after_id, &mut events);
        }
        if chat.queue_version > self.queue_version {
            let queued_messages: Vec<ChatQueuedMessage> = queue.iter().map(QueuedMessageRow::to_wire).collect();
            events.push(ChatStreamEvent::QueueUpdate { chat_id, queued_messages }.into());
        }
        if Some(&chat.status) != self.status.as_ref() {
            let status = ChatStreamStatus { status: chat.status.clone() };
            events.push(ChatStreamEvent::Status { chat_id, status }.into());
        }
        if chat.status == ChatStatus::Error && chat.history_version > self.error_history_version {
            events.push(ChatStreamEvent::Error { chat_id, error: last_error(&chat) }.into());
            self.error_history_version = chat.history_version;
        }
        if let Some(action_required) = action {
            events.push(ChatStreamEvent::ActionRequired { chat_id, action_required }.into());
            self.action_history_version = chat.history_version;
        }
        if chat.retry_state_version > self.retry_state_version
            && let Some(retry) = chat.retry_state
        {
            events.push(ChatStreamEvent::Retry { chat_id, retry }.into());
        }
        if history_changed || (attempt_changed && chat.generation_attempt != 0) {
            self.last_seq = 0;
            events.push(ChatStreamEvent::PreviewReset { chat_id }.into());
        }
        self.snapshot_version = chat.snapshot_version;
        self.history_version = chat.history_version;
        self.queue_version = chat.queue_version;
        self.retry_state_version = chat.retry_state_version;
        self.status = Some(chat.status);
        self.worker_id = chat.worker_id;
        self.generation_attempt = chat.generation_attempt;
        events
    }

    fn tell_messages(
        &self,
        changed: Vec<MessageRow>,
        reset: Option<Vec<MessageRow>>,
        after_id: Option<i64>,
        events: &mut Vec<Event>,
    ) {
        let chat_id = self.chat_id;
        // What the client said it has counts only as long as nothing was taken back.
        let rows = if let Some(history) = reset {
            events.push(ChatStreamEvent::HistoryReset { chat_id }.into());
            history
        } else {
            changed.into_iter().filter(|row| after_id.is_none_or(|after| row.id > after)).collect()
        };
        let message = |row: &MessageRow| ChatStreamEvent::Message { chat_id, message: row.to_wire() }.into();
        events.extend(rows.iter().map(message));
    }
}

fn last_error(chat: &ChatRow) -> ChatError {
    let mut error = chat.last_error.clone().unwrap_or_default();
    if error.message.is_empty() {
        "The chat request failed unexpectedly.".clone_into(&mut error.message);
    }
    error.kind = error.kind.or(Some(ChatErrorKind::Generic));
    error
}
