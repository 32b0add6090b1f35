//! Transitions applied to the store: one transaction a bundle, one statement for the chat's row however many there are.

use chrono::{DateTime, TimeDelta, Utc};
use codersdk::{ChatError, ChatMessageRole, ChatStreamRetry};
use sqlx::types::Json;
use uuid::Uuid;

use super::ExecutionState;
use super::calls::{self, OpenCall};
use super::rules::{
    self, BusyBehavior, CancelScope, Effects, FieldEffect, QueueEffect, Refusal, Situation, Transition,
};
use crate::chatd::ChatdError;
use crate::chatd::part::{self, Json as PartJson, Part};
use crate::clock::SharedClock;
use crate::store::chats::{ChatRow, select_chat};
use crate::store::messages::{self, MessageRow, NewMessage};
use crate::store::queue::{self, QueuedMessageRow};
use crate::store::{Store, Tx};

/// How long a client has for its tools.
pub(crate) const REQUIRES_ACTION_TIMEOUT: TimeDelta = TimeDelta::minutes(5);

const INVALID_STATE_ERROR: &str = "chat was in an invalid state; send a new message or edit history to continue";

/// A chat under lock, in a transaction that makes one snapshot of it.
#[derive(Debug)]
pub(crate) struct ChatTx {
    tx: Tx,
    chat: ChatRow,
    queued: usize,
    now: DateTime<Utc>,
    inserted: Vec<MessageRow>,
}

/// A chat row with the length of its queue.
#[derive(Debug, sqlx::FromRow)]
struct Locked {
    #[sqlx(flatten)]
    chat: ChatRow,
    queued: i64,
}

/// What a transition may bring along.
#[derive(Debug, Default)]
struct Payload {
    messages: Vec<NewMessage>,
    queued: Option<NewMessage>,
    chosen: Option<QueuedMessageRow>,
    /// The message from which on the history is taken back.
    truncate_from: i64,
    error: Option<ChatError>,
    retry: Option<ChatStreamRetry>,
    owner: Option<(Uuid, Uuid)>,
}

/// What a transition did beside changing the row.
#[derive(Debug, Default)]
struct Done {
    inserted: Vec<MessageRow>,
    queued: Option<QueuedMessageRow>,
}

/// What became of a message that was sent.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "made once for a request and taken apart at once")]
pub(crate) enum Sent {
    /// It is part of the history.
    Inserted(MessageRow),
    /// It waits.
    Queued(QueuedMessageRow),
}

/// A result that a client gives for one of its tools.
#[derive(Debug, Clone)]
pub(crate) struct SubmittedResult {
    pub(crate) tool_call_id: String,
    /// Absent where the client sent none, which is refused.
    pub(crate) output: Option<PartJson>,
    pub(crate) is_error: bool,
}

/// A chat as it stands after a transaction, and the messages that the transaction brought.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) chat: ChatRow,
    pub(crate) state: ExecutionState,
    pub(crate) inserted: Vec<MessageRow>,
}

impl ChatTx {
    /// Locks the chat and begins a snapshot.
    ///
    /// # Errors
    /// [`ChatdError::NotFound`] when there is no such chat.
    pub(crate) async fn lock(store: &Store, clock: &SharedClock, id: Uuid) -> Result<Self, ChatdError> {
        let mut tx = store.begin().await?;
        // Writers go one after the other, and so do their times.
        let now = clock.now();
        let locked: Option<Locked> = sqlx::query_as(concat!(
            "SELECT l.*, (SELECT COUNT(*) FROM chat_queued_messages q WHERE q.chat_id = l.id) AS queued FROM (",
            select_chat!("WHERE c.id = $1"),
            ") l"
        ))
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?;
        let Locked { mut chat, queued } = locked.ok_or(ChatdError::NotFound)?;
        chat.snapshot_version += 1;
        Ok(Self { tx, chat, queued: usize::try_from(queued).unwrap_or_default(), now, inserted: Vec::new() })
    }

    /// The chat as it stands in this transaction.
    pub(crate) fn chat(&self) -> &ChatRow {
        &self.chat
    }

    /// When the transaction began.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Whether the chat has no owner, or one that gave no sign since `stale`.
    pub(crate) fn is_unowned(&self, stale: DateTime<Utc>) -> bool {
        self.chat.worker_id.is_none()
            || self.chat.runner_id.is_none()
            || self.chat.heartbeat_at.is_none_or(|heartbeat| heartbeat <= stale)
    }

    /// The messages that the transaction has brought so far.
    pub(crate) fn inserted(&self) -> &[MessageRow] {
        &self.inserted
    }

    /// The chat's metadata, to change along with its state: plan mode, MCP servers and model are stored.
    pub(crate) fn metadata(&mut self) -> &mut ChatRow {
        &mut self.chat
    }

    /// The transaction, for what has to be read or written with the transition.
    pub(crate) fn db(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Where the chat stands in this transaction.
    pub(crate) fn state(&self) -> ExecutionState {
        ExecutionState::classify(&self.chat.status, self.chat.archived, self.queued > 0)
    }

    /// The calls of the last assistant message that have no result.
    pub(crate) async fn open_calls(&mut self) -> Result<Vec<OpenCall>, ChatdError> {
        let messages = messages::from_last_assistant(&mut *self.tx, self.chat.id).await?;
        Ok(calls::open_calls(&self.chat, &messages)?)
    }

    /// Takes in a user's message: into the history where the chat is free, else into the queue.
    pub(crate) async fn send_message(&mut self, message: NewMessage, busy: BusyBehavior) -> Result<Sent, ChatdError> {
        let effects = self.decide(Transition::SendMessage(busy))?;
        let payload = if effects.append {
            Payload { messages: vec![message], ..Payload::default() }
        } else {
            Payload { queued: Some(message), ..Payload::default() }
        };
        let mut done = self.perform(effects, payload).await?;
        match done.queued {
            Some(queued) => Ok(Sent::Queued(queued)),
            None => done.inserted.pop().map(Sent::Inserted).ok_or(ChatdError::InvalidState),
        }
    }

    /// Replaces a user's message and takes back everything after it.
    pub(crate) async fn edit_message(
        &mut self,
        edited: i64,
        replacement: NewMessage,
    ) -> Result<MessageRow, ChatdError> {
        let effects = self.decide(Transition::EditMessage)?;
        let target = messages::find(&mut *self.tx, edited)
            .await?
            .filter(|message| message.chat_id == self.chat.id && !message.deleted)
            .ok_or(ChatdError::MessageNotFound)?;
        if target.role != ChatMessageRole::User {
            return Err(ChatdError::EditedMessageNotUser);
        }
        let replacement = NewMessage {
            visibility: target.visibility,
            model_config_id: replacement.model_config_id.or(target.model_config_id),
            ..replacement
        };
        let payload = Payload { messages: vec![replacement], truncate_from: target.id, ..Payload::default() };
        let mut done = self.perform(effects, payload).await?;
        done.inserted.pop().ok_or(ChatdError::MessageNotFound)
    }

    /// Drops a waiting message.
    pub(crate) async fn delete_queued(&mut self, id: i64) -> Result<(), ChatdError> {
        self.on_queued(Transition::DeleteQueuedMessage, id).await?;
        Ok(())
    }

    /// Makes a waiting message the next; gives the message where it went into the history at once.
    pub(crate) async fn promote_queued(&mut self, id: i64) -> Result<Option<MessageRow>, ChatdError> {
        Ok(self.on_queued(Transition::PromoteQueuedMessage, id).await?.inserted.pop())
    }

    async fn on_queued(&mut self, transition: Transition, id: i64) -> Result<Done, ChatdError> {
        let effects = self.decide(transition)?;
        let chosen = queue::list(&mut *self.tx, self.chat.id).await?.into_iter().find(|queued| queued.id == id);
        let chosen = Some(chosen.ok_or(ChatdError::QueuedMessageNotFound)?);
        self.perform(effects, Payload { chosen, ..Payload::default() }).await
    }

    /// Stores the results of the client's tools and lets the turn go on.
    pub(crate) async fn complete_requires_action(
        &mut self,
        created_by: Uuid,
        model_config_id: Uuid,
        results: Vec<SubmittedResult>,
    ) -> Result<(), ChatdError> {
        let effects = self.decide(Transition::CompleteRequiresAction)?;
        let pending: Vec<OpenCall> = self.open_calls().await?.into_iter().filter(|call| call.dynamic).collect();
        for (index, result) in results.iter().enumerate() {
            if results[..index].iter().any(|earlier| earlier.tool_call_id == result.tool_call_id) {
                return Err(ChatdError::ToolResultDuplicate(result.tool_call_id.clone()));
            }
            if result.output.is_none() {
                return Err(ChatdError::ToolResultWithoutOutput(result.tool_call_id.clone()));
            }
        }
        if let Some(missing) = pending.iter().find(|call| !results.iter().any(|r| r.tool_call_id == call.id)) {
            return Err(ChatdError::ToolResultMissing(missing.id.clone()));
        }
        let mut messages = Vec::with_capacity(results.len());
        for result in results {
            let (Some(call), Some(output)) =
                (pending.iter().find(|call| call.id == result.tool_call_id), result.output)
            else {
                return Err(ChatdError::ToolResultUnexpected(result.tool_call_id));
            };
            let part = Part::tool_result(&call.id, &call.name, output, result.is_error);
            messages.push(NewMessage {
                created_by: Some(created_by),
                model_config_id: Some(model_config_id),
                ..NewMessage::new(ChatMessageRole::Tool, part::encode(&[part]))
            });
        }
        self.perform(effects, Payload { messages, ..Payload::default() }).await?;
        Ok(())
    }

    /// Asks for the end of what the chat is doing.
    pub(crate) async fn interrupt(&mut self) -> Result<(), ChatdError> {
        self.simple(Transition::Interrupt, Payload::default()).await
    }

    /// Puts a worker's runner in charge.
    pub(crate) async fn acquire(&mut self, worker: Uuid, runner: Uuid) -> Result<(), ChatdError> {
        self.simple(Transition::Acquire, Payload { owner: Some((worker, runner)), ..Payload::default() }).await
    }

    /// Leaves the chat without a worker.
    pub(crate) async fn abandon(&mut self) -> Result<(), ChatdError> {
        self.simple(Transition::Abandon, Payload::default()).await
    }

    /// Counts a call of the model; gives its number.
    pub(crate) async fn record_generation_attempt(&mut self) -> Result<i64, ChatdError> {
        self.simple(Transition::RecordGenerationAttempt, Payload::default()).await?;
        Ok(self.chat.generation_attempt)
    }

    /// Stores what clients are told while a call of the model waits to be tried again.
    pub(crate) async fn record_retry_state(&mut self, retry: ChatStreamRetry) -> Result<(), ChatdError> {
        self.simple(Transition::RecordRetryState, Payload { retry: Some(retry), ..Payload::default() }).await
    }

    /// Stores what a step brought.
    pub(crate) async fn commit_step(&mut self, messages: Vec<NewMessage>) -> Result<(), ChatdError> {
        self.simple(Transition::CommitStep, Payload { messages, ..Payload::default() }).await
    }

    /// Waits for the client's tools, for at most [`REQUIRES_ACTION_TIMEOUT`].
    pub(crate) async fn enter_requires_action(&mut self) -> Result<(), ChatdError> {
        self.simple(Transition::EnterRequiresAction, Payload::default()).await
    }

    /// Ends an interruption: stores what had come, and goes on with the next waiting message.
    pub(crate) async fn finish_interruption(&mut self, partial: Vec<NewMessage>) -> Result<(), ChatdError> {
        self.simple(Transition::FinishInterruption, Payload { messages: partial, ..Payload::default() }).await
    }

    /// Ends a turn, and goes on with the next waiting message.
    pub(crate) async fn finish_turn(&mut self) -> Result<(), ChatdError> {
        self.simple(Transition::FinishTurn, Payload::default()).await
    }

    /// Ends a turn that failed.
    pub(crate) async fn finish_error(&mut self, error: ChatError) -> Result<(), ChatdError> {
        self.simple(Transition::FinishError, Payload { error: Some(error), ..Payload::default() }).await
    }

    /// Answers the client's tools in its place, because it took too long.
    pub(crate) async fn cancel_requires_action(&mut self) -> Result<(), ChatdError> {
        self.simple(Transition::CancelRequiresAction, Payload::default()).await
    }

    /// Puts a chat that is in no valid state into that of a failure.
    pub(crate) async fn reconcile_invalid_state(&mut self) -> Result<(), ChatdError> {
        let error = ChatError { message: INVALID_STATE_ERROR.to_owned(), ..ChatError::default() };
        self.simple(Transition::ReconcileInvalidState, Payload { error: Some(error), ..Payload::default() }).await
    }

    async fn simple(&mut self, transition: Transition, payload: Payload) -> Result<(), ChatdError> {
        let effects = self.decide(transition)?;
        self.perform(effects, payload).await?;
        Ok(())
    }

    fn decide(&self, transition: Transition) -> Result<Effects, ChatdError> {
        let situation = Situation { state: self.state(), queued: self.queued, owned: self.chat.worker_id.is_some() };
        rules::decide(situation, transition).map_err(|refusal| match refusal {
            Refusal::NotAllowed { transition, from } => ChatdError::NotAllowed { transition, from },
            Refusal::InvalidState => ChatdError::InvalidState,
            Refusal::QueueFull => ChatdError::QueueFull,
        })
    }

    async fn perform(&mut self, effects: Effects, payload: Payload) -> Result<Done, ChatdError> {
        let mut done = Done::default();
        if effects.truncate {
            sqlx::query("UPDATE chat_messages SET deleted = TRUE, revision = $3 WHERE chat_id = $1 AND id >= $2 AND NOT deleted")
                .bind(self.chat.id)
                .bind(payload.truncate_from)
                .bind(self.chat.snapshot_version)
                .execute(&mut *self.tx)
                .await?;
            self.history_changed();
        }
        let next = self.perform_on_queue(&effects, payload.queued, payload.chosen, &mut done).await?;
        let mut batch = match effects.cancel {
            Some((scope, reason)) => self.cancellations(scope, reason).await?,
            None => Vec::new(),
        };
        batch.extend(payload.messages);
        batch.extend(next);
        self.insert(batch, &mut done).await?;
        if let Some(status) = effects.status {
            self.chat.status = status;
        }
        if let Some(archived) = effects.archived {
            self.chat.archived = archived;
            if archived {
                self.chat.pin_order = 0;
            }
        }
        match effects.last_error {
            FieldEffect::Keep => {}
            FieldEffect::Clear => self.chat.last_error = None,
            FieldEffect::Set => self.chat.last_error = payload.error,
        }
        match effects.deadline {
            FieldEffect::Keep => {}
            FieldEffect::Clear => self.chat.requires_action_deadline_at = None,
            FieldEffect::Set => self.chat.requires_action_deadline_at = Some(self.now + REQUIRES_ACTION_TIMEOUT),
        }
        match effects.owner {
            FieldEffect::Keep => {}
            FieldEffect::Clear => {
                (self.chat.worker_id, self.chat.runner_id, self.chat.heartbeat_at) = (None, None, None);
            }
            FieldEffect::Set => {
                (self.chat.worker_id, self.chat.runner_id) =
                    payload.owner.map(|(w, r)| (Some(w), Some(r))).unwrap_or_default();
                self.chat.heartbeat_at = Some(self.now);
            }
        }
        if effects.attempt {
            self.chat.generation_attempt += 1;
            self.set_retry_state(None);
        }
        if effects.retry {
            self.set_retry_state(payload.retry);
        }
        self.chat.updated_at = self.now;
        debug_assert_eq!(self.state(), effects.to, "the effects lead where the rules say");
        Ok(done)
    }

    /// Changes the queue; gives the message that leaves it for the history.
    async fn perform_on_queue(
        &mut self,
        effects: &Effects,
        new: Option<NewMessage>,
        chosen: Option<QueuedMessageRow>,
        done: &mut Done,
    ) -> Result<Option<NewMessage>, ChatdError> {
        if matches!(effects.queue, QueueEffect::Append | QueueEffect::AppendAndTakeHead)
            && let Some(message) = new
        {
            done.queued = Some(self.enqueue(message).await?);
        }
        let leaves = match effects.queue {
            QueueEffect::Keep | QueueEffect::Append => None,
            QueueEffect::AppendAndTakeHead | QueueEffect::TakeHead => {
                queue::list(&mut *self.tx, self.chat.id).await?.into_iter().next()
            }
            QueueEffect::TakeChosen | QueueEffect::DropChosen => chosen,
            QueueEffect::ChosenToHead => {
                if let Some(chosen) = chosen {
                    self.move_to_head(chosen.id).await?;
                }
                None
            }
            QueueEffect::Clear => {
                if self.queued > 0 {
                    sqlx::query("DELETE FROM chat_queued_messages WHERE chat_id = $1")
                        .bind(self.chat.id)
                        .execute(&mut *self.tx)
                        .await?;
                    self.queue_changed(0);
                }
                None
            }
        };
        let Some(leaves) = leaves else { return Ok(None) };
        sqlx::query("DELETE FROM chat_queued_messages WHERE id = $1").bind(leaves.id).execute(&mut *self.tx).await?;
        self.queue_changed(self.queued.saturating_sub(1));
        Ok((effects.queue != QueueEffect::DropChosen).then(|| NewMessage {
            created_by: Some(leaves.created_by),
            api_key_id: leaves.api_key_id,
            model_config_id: leaves.model_config_id,
            ..NewMessage::new(ChatMessageRole::User, leaves.content)
        }))
    }

    async fn enqueue(&mut self, message: NewMessage) -> Result<QueuedMessageRow, ChatdError> {
        let row = QueuedMessageRow {
            id: 0,
            chat_id: self.chat.id,
            position: 0,
            content: message.content.unwrap_or_else(|| "null".to_owned()),
            created_at: self.now,
            created_by: message.created_by.unwrap_or(self.chat.owner_id),
            api_key_id: message.api_key_id,
            model_config_id: message.model_config_id,
        };
        let (id, position): (i64, i64) = sqlx::query_as(
            "INSERT INTO chat_queued_messages \
             (chat_id, position, content, created_at, created_by, api_key_id, model_config_id) \
             VALUES ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM chat_queued_messages WHERE chat_id = $1), \
             $2, $3, $4, $5, $6) RETURNING id, position",
        )
        .bind(row.chat_id)
        .bind(&row.content)
        .bind(row.created_at)
        .bind(row.created_by)
        .bind(row.api_key_id.as_deref())
        .bind(row.model_config_id)
        .fetch_one(&mut *self.tx)
        .await?;
        self.queue_changed(self.queued + 1);
        Ok(QueuedMessageRow { id, position, ..row })
    }

    async fn move_to_head(&mut self, id: i64) -> Result<(), ChatdError> {
        let moved = sqlx::query(
            "UPDATE chat_queued_messages SET position = \
             (SELECT MIN(position) FROM chat_queued_messages WHERE chat_id = $2) - 1 \
             WHERE id = $1 AND position > (SELECT MIN(position) FROM chat_queued_messages WHERE chat_id = $2)",
        )
        .bind(id)
        .bind(self.chat.id)
        .execute(&mut *self.tx)
        .await?;
        if moved.rows_affected() > 0 {
            self.queue_changed(self.queued);
        }
        Ok(())
    }

    async fn cancellations(&mut self, scope: CancelScope, reason: &str) -> Result<Vec<NewMessage>, ChatdError> {
        if scope == CancelScope::Dynamic && self.chat.dynamic_tools().is_empty() {
            return Ok(Vec::new());
        }
        let open = self.open_calls().await?;
        Ok(open
            .iter()
            .filter(|call| scope == CancelScope::All || call.dynamic)
            .map(|call| calls::cancelled(&self.chat, call, reason))
            .collect())
    }

    async fn insert(&mut self, batch: Vec<NewMessage>, done: &mut Done) -> Result<(), ChatdError> {
        if batch.is_empty() {
            return Ok(());
        }
        if let Some(model) = batch.iter().rev().find_map(|message| message.model_config_id.filter(|id| !id.is_nil())) {
            self.chat.last_model_config_id = model;
        }
        if batch.iter().any(|m| m.role == ChatMessageRole::User && m.api_key_id.as_deref().is_none_or(str::is_empty)) {
            return Err(ChatdError::ApiKeyRequired);
        }
        let rows = messages::insert(&mut self.tx, self.chat.id, self.chat.snapshot_version, self.now, batch).await?;
        self.history_changed();
        self.inserted.extend(rows.iter().cloned());
        done.inserted.extend(rows);
        Ok(())
    }

    fn history_changed(&mut self) {
        self.chat.history_version = self.chat.snapshot_version;
        if self.chat.generation_attempt != 0 {
            self.chat.generation_attempt = 0;
            self.set_retry_state(None);
        }
    }

    fn queue_changed(&mut self, length: usize) {
        self.queued = length;
        self.chat.queue_version = self.chat.snapshot_version;
    }

    fn set_retry_state(&mut self, retry: Option<ChatStreamRetry>) {
        if self.chat.retry_state != retry {
            self.chat.retry_state = retry;
            self.chat.retry_state_version = self.chat.snapshot_version;
        }
    }

    /// Writes the row and ends the transaction. Nothing of it is done without this call.
    pub(crate) async fn commit(self) -> Result<Committed, ChatdError> {
        let state = self.state();
        let Self { mut tx, chat, inserted, .. } = self;
        write(&mut tx, &chat).await?;
        tx.commit().await?;
        Ok(Committed { chat, state, inserted })
    }
}

/// Writes what the machine may have changed in the row.
async fn write(tx: &mut Tx, chat: &ChatRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE chats SET status = $2, archived = $3, pin_order = $4, last_error = $5, snapshot_version = $6, \
         history_version = $7, queue_version = $8, generation_attempt = $9, retry_state = $10, \
         retry_state_version = $11, requires_action_deadline_at = $12, worker_id = $13, runner_id = $14, \
         heartbeat_at = $15, \
         updated_at = $16, last_model_config_id = $17, plan_mode = $18, mcp_server_ids = $19 WHERE id = $1",
    )
    .bind(chat.id)
    .bind(chat.status.as_str())
    .bind(chat.archived)
    .bind(chat.pin_order)
    .bind(chat.last_error.as_ref().map(Json))
    .bind(chat.snapshot_version)
    .bind(chat.history_version)
    .bind(chat.queue_version)
    .bind(chat.generation_attempt)
    .bind(chat.retry_state.as_ref().map(Json))
    .bind(chat.retry_state_version)
    .bind(chat.requires_action_deadline_at)
    .bind(chat.worker_id)
    .bind(chat.runner_id)
    .bind(chat.heartbeat_at)
    .bind(chat.updated_at)
    .bind(chat.last_model_config_id)
    .bind(chat.plan_mode.as_deref())
    .bind(Json(&chat.mcp_server_ids))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
