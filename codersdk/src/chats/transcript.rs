//! From stream events to what a person should see.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::preview::ChatPreview;
use super::stream::ChatStreamItem;
use crate::types::*;

/// What a person should see of a chat: a pure reducer over the events of its stream.
///
/// Feed it every item of a [`ChatStream`](crate::ChatStream) with [`apply`](Self::apply), or the bare events of a
/// connection of your own with [`connected`](Self::connected) and [`apply_event`](Self::apply_event). It does no
/// I/O, keeps no time and can be cloned for a snapshot.
///
/// - Durable messages stand in the order of their ids, each once, however often it was sent.
/// - The [preview](Self::preview) shows the step that the model is in. It belongs to one episode: a version of the
///   history and an attempt at continuing it. Parts of other episodes, parts that came before, and parts that come
///   when no step is under way are ignored. It is withdrawn by a reset, by the message that it becomes, by the
///   notice that the attempt failed, and by a status in which the model says nothing.
/// - When the history is rewritten, the old one stays until the new one is whole, so that no half of a conversation
///   shows.
/// - After a reconnect the end is the same as if the connection had held.
///
/// ```
/// use codersdk::{ChatStatus, ChatStreamEvent, Transcript};
/// # let chat_id = "fc950b68-68d0-450a-bb21-a34b05cb8d64".parse()?;
/// let mut transcript = Transcript::new(chat_id);
/// # let events: Vec<ChatStreamEvent> = serde_json::from_str(r#"[
/// #     {"type": "status", "chat_id": "fc950b68-68d0-450a-bb21-a34b05cb8d64", "status": {"status": "running"}},
/// #     {"type": "preview_reset", "chat_id": "fc950b68-68d0-450a-bb21-a34b05cb8d64"},
/// #     {"type": "message_part", "chat_id": "fc950b68-68d0-450a-bb21-a34b05cb8d64", "message_part": {"role":
/// #      "assistant", "part": {"type": "text", "text": "Hel"}, "history_version": 1, "generation_attempt": 1, "seq": 1}},
/// #     {"type": "message_part", "chat_id": "fc950b68-68d0-450a-bb21-a34b05cb8d64", "message_part": {"role":
/// #      "assistant", "part": {"type": "text", "text": "lo"}, "history_version": 1, "generation_attempt": 1, "seq": 2}}
/// # ]"#)?;
/// for event in &events {
///     transcript.apply_event(event);
/// }
/// assert_eq!(transcript.status(), Some(&ChatStatus::Running));
/// assert_eq!(transcript.preview().map(|preview| preview.text()).as_deref(), Some("Hello"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Transcript {
    chat_id: Uuid,
    messages: BTreeMap<i64, ChatMessage>,
    /// The history that is to replace the present one, as far as it came.
    replacement: Option<BTreeMap<i64, ChatMessage>>,
    preview: Option<ChatPreview>,
    /// Number of the last part of the newest episode.
    last_seq: i64,
    /// The newest episode of which a part was seen: version of the history, attempt.
    newest: (i64, i64),
    /// Steps that continue this version of the history, or an older one, are over.
    closed_version: i64,
    /// Attempts up to this one at the present step have failed.
    failed_attempt: i64,
    status: Option<ChatStatus>,
    queue: Vec<ChatQueuedMessage>,
    retry: Option<ChatStreamRetry>,
    /// Whether the notice of a retry was the last event.
    retry_is_news: bool,
    error: Option<ChatError>,
    actions: Vec<ChatStreamToolCall>,
}

impl Transcript {
    /// An empty transcript of a chat.
    pub fn new(chat_id: Uuid) -> Self {
        Self {
            chat_id,
            messages: BTreeMap::new(),
            replacement: None,
            preview: None,
            last_seq: 0,
            newest: (0, 0),
            closed_version: 0,
            failed_attempt: 0,
            status: None,
            queue: Vec::new(),
            retry: None,
            retry_is_news: false,
            error: None,
            actions: Vec::new(),
        }
    }

    /// A transcript that begins with messages known already, such as those of a page of the chat's messages. A
    /// stream for it starts after [`last_message_id`](Self::last_message_id).
    pub fn with_messages(chat_id: Uuid, messages: impl IntoIterator<Item = ChatMessage>) -> Self {
        let mut transcript = Self::new(chat_id);
        transcript.messages = messages.into_iter().map(|message| (message.id, message)).collect();
        transcript
    }

    /// The chat concerned.
    pub fn chat_id(&self) -> Uuid {
        self.chat_id
    }

    /// The durable messages, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &ChatMessage> + ExactSizeIterator {
        self.messages.values()
    }

    /// A durable message by its id.
    pub fn message(&self, id: i64) -> Option<&ChatMessage> {
        self.messages.get(&id)
    }

    /// Id of the newest durable message: where a stream may go on. Nothing while the history is being rewritten,
    /// since then only the whole history is of use.
    pub fn last_message_id(&self) -> Option<i64> {
        if self.replacement.is_some() {
            return None;
        }
        self.messages.keys().next_back().copied()
    }

    /// The unfinished step of the model. There is none while the model says nothing.
    pub fn preview(&self) -> Option<&ChatPreview> {
        self.preview.as_ref()
    }

    /// State of the chat; nothing before the first snapshot.
    pub fn status(&self) -> Option<&ChatStatus> {
        self.status.as_ref()
    }

    /// Messages that wait until the present turn is over, in the order in which they will be sent.
    pub fn queue(&self) -> &[ChatQueuedMessage] {
        &self.queue
    }

    /// Why the model will be asked again, and when. Once [`retrying_at`](ChatStreamRetry::retrying_at) is over, the
    /// next attempt is under way: servers do not announce it until the model says something.
    pub fn retry(&self) -> Option<&ChatStreamRetry> {
        self.retry.as_ref()
    }

    /// Why the last turn failed. It stays until the chat leaves the status `error`.
    pub fn error(&self) -> Option<&ChatError> {
        self.error.as_ref()
    }

    /// Calls of tools that the client must run, while the chat waits for their results.
    pub fn pending_actions(&self) -> &[ChatStreamToolCall] {
        &self.actions
    }

    /// Applies an item of a stream; tells whether what is seen changed.
    pub fn apply(&mut self, item: &ChatStreamItem) -> bool {
        match item {
            ChatStreamItem::Connected { resumed: false } => {
                self.connected(None);
                false
            }
            ChatStreamItem::Connected { resumed: true } => {
                self.retry_is_news = false;
                self.finish_replacement()
            }
            ChatStreamItem::Event(event) => self.apply_event(event),
            ChatStreamItem::HistoryReset { kept } => {
                let kept: BTreeMap<i64, ChatMessage> =
                    kept.iter().filter_map(|id| Some((*id, self.messages.get(id)?.clone()))).collect();
                self.replacement = Some(kept);
                false
            }
            ChatStreamItem::PartsMissing { .. } | ChatStreamItem::Undecodable { .. } | ChatStreamItem::Lost { .. } => {
                false
            }
        }
    }

    /// Says that a new connection stands, whose events follow. `after_id` is what it was opened with: without it
    /// the server sends the whole history, and messages that are not in it are gone.
    pub fn connected(&mut self, after_id: Option<i64>) {
        // What the old connection did not bring to an end will be sent anew.
        self.replacement = after_id.is_none().then(BTreeMap::new);
        self.retry_is_news = false;
    }

    /// Applies an event; tells whether what is seen changed. Events of other chats change nothing.
    pub fn apply_event(&mut self, event: &ChatStreamEvent) -> bool {
        if event.chat_id().is_some_and(|id| !id.is_nil() && id != self.chat_id) {
            return false;
        }
        // The messages of a rewritten history come in a row, so any other event ends them.
        let replaced = match event {
            ChatStreamEvent::Message { .. } | ChatStreamEvent::HistoryReset { .. } => false,
            _ => self.finish_replacement(),
        };
        let retry_was_news = std::mem::take(&mut self.retry_is_news);
        let changed = match event {
            ChatStreamEvent::MessagePart { message_part, .. } => self.part(message_part),
            ChatStreamEvent::Message { message, .. } => match &mut self.replacement {
                Some(replacement) => {
                    replacement.insert(message.id, message.clone());
                    false
                }
                None => self.message_committed(message),
            },
            ChatStreamEvent::HistoryReset { .. } => {
                self.replacement = Some(BTreeMap::new());
                false
            }
            ChatStreamEvent::PreviewReset { .. } => {
                self.last_seq = 0;
                let mut changed = self.preview.take().is_some();
                // Within one step of the server the reset follows the notice. Standing alone, it says that the next
                // attempt began.
                if !retry_was_news {
                    self.failed_attempt = 0;
                    changed |= self.retry.take().is_some();
                }
                changed
            }
            ChatStreamEvent::Status { status, .. } => self.status_changed(&status.status),
            ChatStreamEvent::Error { error, .. } => {
                let changed = self.error.as_ref() != Some(error);
                self.error = Some(error.clone());
                changed
            }
            ChatStreamEvent::QueueUpdate { queued_messages, .. } => {
                let changed = self.queue != *queued_messages;
                self.queue.clone_from(queued_messages);
                changed
            }
            ChatStreamEvent::Retry { retry, .. } => self.will_retry(retry),
            ChatStreamEvent::ActionRequired { action_required, .. } => {
                let calls = &*action_required.tool_calls;
                let changed = self.actions != *calls;
                self.actions.clone_from(calls);
                changed
            }
            ChatStreamEvent::Unknown(_) => false,
        };
        changed | replaced
    }

    fn message_committed(&mut self, message: &ChatMessage) -> bool {
        if self.messages.get(&message.id) == Some(message) {
            return false;
        }
        self.messages.insert(message.id, message.clone());
        self.history_changed();
        if matches!(message.role, ChatMessageRole::Assistant | ChatMessageRole::Tool) {
            self.preview = None;
        }
        true
    }

    /// A new version of the history: whatever was going on continued an older one.
    fn history_changed(&mut self) {
        self.closed_version = self.closed_version.max(self.newest.0);
        self.failed_attempt = 0;
        self.retry = None;
    }

    fn finish_replacement(&mut self) -> bool {
        let Some(replacement) = self.replacement.take() else { return false };
        if replacement == self.messages {
            return false;
        }
        self.messages = replacement;
        self.history_changed();
        self.preview = None;
        true
    }

    fn status_changed(&mut self, status: &ChatStatus) -> bool {
        let mut changed = self.status.as_ref() != Some(status);
        self.status = Some(status.clone());
        // The notice of a retry, the error and the pending calls follow the status, where there are any.
        changed |= self.retry.take().is_some();
        if *status != ChatStatus::Error {
            changed |= self.error.take().is_some();
        }
        if *status != ChatStatus::RequiresAction {
            changed |= !std::mem::take(&mut self.actions).is_empty();
        }
        if !self.model_speaks() {
            changed |= self.preview.take().is_some();
        }
        changed
    }

    /// Whether there may be a preview. A status that this version does not know is given the benefit of the doubt.
    fn model_speaks(&self) -> bool {
        match &self.status {
            None | Some(ChatStatus::Running | ChatStatus::Interrupting | ChatStatus::Unknown(_)) => true,
            Some(_) => false,
        }
    }

    fn will_retry(&mut self, retry: &ChatStreamRetry) -> bool {
        self.failed_attempt = retry.attempt;
        self.retry_is_news = true;
        let mut changed = self.preview.take().is_some();
        // The server keeps the notice when the turn is interrupted meanwhile, but then nothing is tried again.
        if matches!(self.status, None | Some(ChatStatus::Running)) {
            changed |= self.retry.as_ref() != Some(retry);
            self.retry = Some(retry.clone());
        }
        changed
    }

    fn part(&mut self, part: &ChatStreamMessagePart) -> bool {
        if !self.model_speaks() {
            return false;
        }
        let episode = (part.history_version, part.generation_attempt);
        let seq = part.seq;
        let (version, attempt) = episode;
        let over = version > 0 && (version <= self.closed_version || episode < self.newest);
        let failed = attempt > 0 && attempt <= self.failed_attempt && version >= self.newest.0;
        if over || failed {
            return false;
        }
        if episode != self.newest {
            self.newest = episode;
            self.last_seq = 0;
            self.preview = None;
        } else if seq > 0 && seq <= self.last_seq {
            return false;
        }
        let next = self.last_seq + 1;
        let retry_over = self.retry.take().is_some();
        self.failed_attempt = 0;
        let preview = self.preview.get_or_insert_with(|| ChatPreview {
            history_version: version,
            generation_attempt: attempt,
            ..Default::default()
        });
        preview.incomplete |= seq > next;
        if seq > 0 {
            self.last_seq = seq;
        }
        preview.push(&part.part);
        retry_over | !preview.blocks.is_empty()
    }
}
