//! A model of the server: the state of a chat, and the loop that tells one client about it.

use std::collections::BTreeMap;

use super::*;
use crate::chats::preview::ChatPreview;

/// What happens to the chat. Those that its state does not allow do nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Send,
    DeleteQueued,
    StartAttempt,
    Part(u8),
    Commit,
    Finish,
    FinishWithoutMessage,
    Retry,
    Fail,
    RequireAction,
    SubmitResults,
    Interrupt,
    Interrupted { partial: bool },
    Edit(u8),
    HiddenMessage,
}

#[derive(Debug, Clone)]
struct Row {
    id: i64,
    role: ChatMessageRole,
    revision: i64,
    deleted: bool,
}

impl Row {
    fn event(&self) -> ChatStreamEvent {
        message(self.id, self.role.clone(), &format!("message {}", self.id))
    }
}

/// The chat as the server knows it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    now: i64,
    snapshot: i64,
    history: i64,
    queue_version: i64,
    retry_version: i64,
    attempt: i64,
    status: ChatStatus,
    rows: Vec<Row>,
    next_id: i64,
    queue: Vec<i64>,
    /// Number of the failed attempt, and when the next one is due.
    retry: Option<(i64, i64)>,
    parts: BTreeMap<(i64, i64), Vec<ChatMessagePart>>,
}

impl Server {
    pub(super) fn new() -> Self {
        let mut server = Self {
            now: 0,
            snapshot: 1,
            history: 0,
            queue_version: 0,
            retry_version: 0,
            attempt: 0,
            status: ChatStatus::Running,
            rows: Vec::new(),
            next_id: 1,
            queue: Vec::new(),
            retry: None,
            parts: BTreeMap::new(),
        };
        server.insert(ChatMessageRole::User);
        server
    }

    fn insert(&mut self, role: ChatMessageRole) {
        let row = Row { id: self.next_id, role, revision: self.snapshot, deleted: false };
        self.rows.push(row);
        self.next_id += 1;
        self.history_changed();
    }

    fn history_changed(&mut self) {
        self.history = self.snapshot;
        self.set_attempt(0);
    }

    fn set_attempt(&mut self, attempt: i64) {
        if self.attempt != attempt && self.retry.take().is_some() {
            self.retry_version = self.snapshot;
        }
        self.attempt = attempt;
    }

    /// The turn is over, unless a message waits.
    fn rest(&mut self) {
        if self.queue.is_empty() {
            self.status = ChatStatus::Waiting;
        } else {
            self.queue.remove(0);
            self.queue_version = self.snapshot;
            self.insert(ChatMessageRole::User);
            self.status = ChatStatus::Running;
        }
    }

    fn allows(&self, op: Op) -> bool {
        let running = self.status == ChatStatus::Running;
        let generating = running && self.attempt > 0 && self.retry.is_none();
        match op {
            Op::Send | Op::Edit(_) => true,
            Op::DeleteQueued => !self.queue.is_empty(),
            Op::StartAttempt => running,
            // After a failed attempt the stream does not tell a history that changed out of sight from the next
            // attempt, and no server is known to change it then.
            Op::HiddenMessage => running && self.attempt <= 1 && self.retry.is_none(),
            Op::Part(_) | Op::Commit | Op::Finish | Op::FinishWithoutMessage | Op::Retry | Op::RequireAction => {
                generating
            }
            Op::Fail => running,
            Op::SubmitResults => self.status == ChatStatus::RequiresAction,
            Op::Interrupt => running,
            Op::Interrupted { .. } => self.status == ChatStatus::Interrupting,
        }
    }

    pub(super) fn run(&mut self, op: Op) {
        self.now += 1;
        if !self.allows(op) {
            return;
        }
        if let Op::Part(kind) = op {
            // Live parts are no part of the state.
            let parts = self.parts.entry((self.history, self.attempt)).or_default();
            parts.push(some_part(kind, parts.len()));
            return;
        }
        self.snapshot += 1;
        match op {
            Op::Send if matches!(self.status, ChatStatus::Waiting | ChatStatus::Error) => {
                self.insert(ChatMessageRole::User);
                self.status = ChatStatus::Running;
            }
            Op::Send => {
                self.queue.push(1000 + self.snapshot);
                self.queue_version = self.snapshot;
            }
            Op::DeleteQueued => {
                self.queue.remove(0);
                self.queue_version = self.snapshot;
            }
            Op::StartAttempt => self.set_attempt(self.attempt + 1),
            Op::Commit => {
                self.insert(ChatMessageRole::Assistant);
                self.insert(ChatMessageRole::Tool);
            }
            Op::Finish => {
                self.insert(ChatMessageRole::Assistant);
                self.rest();
            }
            Op::FinishWithoutMessage => self.rest(),
            Op::Retry => {
                self.retry = Some((self.attempt, self.now));
                self.retry_version = self.snapshot;
            }
            Op::Fail => self.status = ChatStatus::Error,
            Op::RequireAction => {
                self.insert(ChatMessageRole::Assistant);
                self.status = ChatStatus::RequiresAction;
            }
            Op::SubmitResults => {
                self.insert(ChatMessageRole::Tool);
                self.status = ChatStatus::Running;
            }
            Op::Interrupt => self.status = ChatStatus::Interrupting,
            Op::Interrupted { partial } => {
                if partial {
                    self.insert(ChatMessageRole::Assistant);
                }
                self.rest();
            }
            Op::Edit(which) => {
                let users = self.rows.iter().filter(|row| !row.deleted && row.role == ChatMessageRole::User);
                let ids: Vec<i64> = users.map(|row| row.id).collect();
                let from = ids[usize::from(which) % ids.len()];
                for row in self.rows.iter_mut().filter(|row| row.id >= from && !row.deleted) {
                    row.deleted = true;
                    row.revision = self.snapshot;
                }
                if !std::mem::take(&mut self.queue).is_empty() {
                    self.queue_version = self.snapshot;
                }
                self.insert(ChatMessageRole::User);
                self.status = ChatStatus::Running;
            }
            Op::HiddenMessage => {
                self.next_id += 1;
                self.history_changed();
            }
            Op::Part(_) => {}
        }
    }

    /// What a person should see now: from the state itself, with no stream between.
    pub(super) fn seen(&self) -> Shown {
        let speaks = matches!(self.status, ChatStatus::Running | ChatStatus::Interrupting);
        let parts = self.parts.get(&(self.history, self.attempt));
        let parts = parts.filter(|parts| speaks && self.retry.is_none() && !parts.is_empty());
        let preview = parts.map(|parts| {
            let mut preview =
                ChatPreview { history_version: self.history, generation_attempt: self.attempt, ..Default::default() };
            parts.iter().for_each(|part| preview.push(part));
            preview
        });
        Shown {
            messages: self.rows.iter().filter(|row| !row.deleted).map(|row| row.id).collect(),
            preview,
            status: Some(self.status.clone()),
            queue: self.queue.clone(),
            retry: self.retry.filter(|_| self.status == ChatStatus::Running).map(|(attempt, _)| attempt),
            error: (self.status == ChatStatus::Error).then(|| format!("error {}", self.history)),
            actions: (self.status == ChatStatus::RequiresAction).then_some(self.history).into_iter().collect(),
        }
    }

    /// The time of a person who looks now: a retry that is awaited lies ahead, one that was made lies behind.
    pub(super) fn looks_at(&self) -> i64 {
        self.retry.map_or(i64::MAX, |(_, at)| at - 1)
    }
}

fn some_part(kind: u8, index: usize) -> ChatMessagePart {
    let id = format!("call{}", index % 2);
    match kind % 4 {
        0 | 1 => ChatMessagePart::text(format!("w{index} ")),
        2 => ChatMessagePart::reasoning(format!("r{index} ")),
        _ => ChatMessagePart::ToolCall(ChatToolCallPart {
            tool_call_id: Some(id),
            tool_name: Some("lookup".to_owned()),
            args_delta: Some(format!("{index},")),
            ..Default::default()
        }),
    }
}

/// What is compared at the end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) messages: Vec<i64>,
    pub(super) preview: Option<ChatPreview>,
    pub(super) status: Option<ChatStatus>,
    pub(super) queue: Vec<i64>,
    pub(super) retry: Option<i64>,
    pub(super) error: Option<String>,
    pub(super) actions: Vec<i64>,
}

impl Shown {
    pub(super) fn of(transcript: &Transcript, now: i64) -> Self {
        Self {
            messages: transcript.messages().map(|message| message.id).collect(),
            preview: transcript.preview().cloned(),
            status: transcript.status().cloned(),
            queue: transcript.queue().iter().map(|message| message.id).collect(),
            retry: transcript.retry().filter(|retry| retry.retrying_at.timestamp() > now).map(|retry| retry.attempt),
            error: transcript.error().map(|error| error.message.clone()),
            actions: transcript.pending_actions().iter().filter_map(|call| call.tool_call_id.parse().ok()).collect(),
        }
    }
}

/// The loop that serves one connection.
#[derive(Debug)]
pub(super) struct Connection {
    after: i64,
    snapshot: i64,
    history: i64,
    queue: i64,
    retry: i64,
    attempt: i64,
    status: Option<ChatStatus>,
    error_history: i64,
    action_history: i64,
    last_seq: usize,
    known: BTreeMap<i64, i64>,
}

impl Connection {
    pub(super) fn open(after: Option<i64>) -> Self {
        Self {
            after: after.unwrap_or(0),
            snapshot: 0,
            history: 0,
            queue: 0,
            retry: 0,
            attempt: 0,
            status: None,
            error_history: 0,
            action_history: 0,
            last_seq: 0,
            known: BTreeMap::new(),
        }
    }

    /// Tells what is new in the state.
    pub(super) fn sync(&mut self, server: &Server, out: &mut Vec<ChatStreamEvent>) {
        if server.snapshot <= self.snapshot {
            return;
        }
        let first = self.snapshot == 0;
        let history_changed = server.history > self.history;
        let attempt_changed = server.attempt != self.attempt && server.attempt != 0;
        if history_changed {
            let changed: Vec<&Row> = server.rows.iter().filter(|row| row.revision > self.history).collect();
            if changed.iter().any(|row| row.deleted) {
                out.push(history_reset());
                self.known.clear();
                for row in server.rows.iter().filter(|row| !row.deleted) {
                    self.known.insert(row.id, row.revision);
                    out.push(row.event());
                }
            } else {
                for row in changed {
                    let told = self.known.insert(row.id, row.revision).is_some_and(|known| known >= row.revision);
                    if !told && (!first || row.id > self.after) {
                        out.push(row.event());
                    }
                }
            }
        }
        if server.queue_version > self.queue {
            out.push(queue(&server.queue));
        }
        if self.status.as_ref() != Some(&server.status) {
            out.push(status(server.status.clone()));
        }
        if server.status == ChatStatus::Error && server.history > self.error_history {
            out.push(failed(&format!("error {}", server.history)));
            self.error_history = server.history;
        }
        if server.status == ChatStatus::RequiresAction && server.history > self.action_history {
            out.push(action_required(&[&server.history.to_string()]));
            self.action_history = server.history;
        }
        if let Some((attempt, at)) = server.retry.filter(|_| server.retry_version > self.retry) {
            out.push(super::retry(attempt, at));
        }
        if history_changed || attempt_changed {
            self.last_seq = 0;
            out.push(preview_reset());
        }
        self.snapshot = server.snapshot;
        self.history = server.history;
        self.queue = server.queue_version;
        self.retry = server.retry_version;
        self.status = Some(server.status.clone());
        self.attempt = server.attempt;
    }

    /// Relays up to `limit` live parts of the step that the client knows of.
    pub(super) fn relay(&mut self, server: &Server, limit: usize, out: &mut Vec<ChatStreamEvent>) {
        let episode = (self.history, self.attempt);
        let parts = server.parts.get(&episode).map(Vec::as_slice).unwrap_or_default();
        for live in parts.iter().skip(self.last_seq).take(limit) {
            self.last_seq += 1;
            out.push(part(episode.0, episode.1, self.last_seq as i64, live.clone()));
        }
    }
}
