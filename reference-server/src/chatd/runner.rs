//! Drives one chat: asks the model, runs tools, ends interruptions, waits for clients, until the chat rests.
//!
//! Everything a runner knows comes from the database, and each of its transactions checks that the chat is still its
//! own and stands where the runner left it. What it waits for outside of transactions is given up the moment somebody
//! changes the chat.

use std::time::Duration;

use codersdk::{ChatMessageRole, ChatStatus, ChatWatchEventKind};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::errors::ChatFailure;
use super::generation::{self, Action};
use super::history::HistoryMessage;
use super::machine::apply::{ChatTx, Committed};
use super::part::{self, Part};
use super::parts::{Episode, EpisodeWriter};
use super::prepare::{TurnState, prepare};
use super::pubsub::{ChatUpdate, Delivery, Subscription};
use super::recorder::TurnRecorder;
use super::step::{self, PartSink, Prepared, StepContext, StepError};
use super::{ChatdError, partial, retry};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::{self, NewMessage};

/// How long one step may take before it is begun anew.
const STEP_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Drives one chat.
#[derive(Debug)]
pub(crate) struct Runner<'a> {
    state: &'a AppState,
    chat_id: Uuid,
    id: Uuid,
}

/// What the runner holds of its chat.
#[derive(Debug)]
struct Hold<'a> {
    state: &'a AppState,
    runner_id: Uuid,
    chat: ChatRow,
    /// The messages of `history_version`, if they were read.
    history: Option<(i64, Vec<HistoryMessage>)>,
    /// Whether an attempt was already counted for the step that comes now.
    counted: bool,
    recorder: Record<'a>,
    /// What the steps of the chat's turn share.
    turn: TurnState,
    updates: Subscription<ChatUpdate>,
}

/// Whether the turn is recorded for debugging.
#[derive(Debug)]
enum Record<'a> {
    /// The model was not asked yet in this turn.
    Undecided,
    Unwanted,
    Kept(Box<TurnRecorder<'a>>),
}

/// How something that was waited for ended.
enum Waited<T> {
    Done(T),
    /// Somebody changed the chat.
    Conflict,
    /// The server stops.
    Stopped,
}

/// Whether the runner goes on.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Continue,
    /// The chat rests, or is not the runner's any more.
    Done,
}

impl PartSink for EpisodeWriter {
    fn publish(&self, role: ChatMessageRole, part: Part) {
        self.push(role, part);
    }
}

impl<'a> Runner<'a> {
    pub(crate) fn new(state: &'a AppState, chat_id: Uuid) -> Self {
        Self { state, chat_id, id: Uuid::new_v4() }
    }

    /// Drives the chat until it rests, if it can be had.
    ///
    /// # Errors
    /// When the database fails; the chat stays the runner's, who may be run again.
    pub(crate) async fn run(&mut self) -> Result<(), ChatdError> {
        let updates = self.state.chatd.pubsub.subscribe_updates(self.chat_id);
        let Some(mut hold) = self.acquire(updates).await? else { return Ok(()) };
        loop {
            if self.state.stop.is_cancelled() {
                return hold.hand_back().await;
            }
            let next = match hold.chat.status {
                ChatStatus::Running => hold.take_step().await?,
                ChatStatus::Interrupting => hold.finish_interruption().await?,
                ChatStatus::RequiresAction => hold.wait_for_client().await?,
                _ => return hold.hand_back().await,
            };
            if next == Next::Done || !hold.is_mine(&hold.chat) {
                return Ok(());
            }
            if hold.chat.archived {
                return hold.hand_back().await;
            }
        }
    }

    /// Takes the chat on, unless it rests or somebody else has it. A chat that obviously waits for the model has its
    /// first attempt counted along.
    async fn acquire(&self, updates: Subscription<ChatUpdate>) -> Result<Option<Hold<'a>>, ChatdError> {
        let chatd = &self.state.chatd;
        let mut tx = match ChatTx::lock(&chatd.store, &self.state.clock, self.chat_id).await {
            Err(ChatdError::NotFound) => return Ok(None),
            tx => tx?,
        };
        let chat = tx.chat();
        let mine = chat.worker_id == Some(chatd.worker_id) && chat.runner_id == Some(self.id);
        let free = mine || tx.is_unowned(tx.now() - super::worker::STALE_AFTER);
        if !tx.state().is_runnable() || !free {
            return Ok(None);
        }
        if !mine {
            tx.acquire(chatd.worker_id, self.id).await?;
        }
        let rows = messages::history(&mut **tx.db(), self.chat_id).await?;
        let asks_model = tx.chat().status == ChatStatus::Running
            && rows.iter().rev().find(|row| !row.compressed).is_some_and(|row| row.role == ChatMessageRole::User);
        if asks_model {
            tx.record_generation_attempt().await?;
        }
        let Committed { chat, .. } = chatd.commit(tx).await?;
        // A history that cannot be read fails the turn where it is used.
        let history = HistoryMessage::read_all(&rows).ok().map(|history| (chat.history_version, history));
        let runner_id = self.id;
        Ok(Some(Hold {
            state: self.state,
            runner_id,
            chat,
            history,
            counted: asks_model,
            recorder: Record::Undecided,
            turn: TurnState::default(),
            updates,
        }))
    }
}

impl<'a> Hold<'a> {
    fn is_mine(&self, chat: &ChatRow) -> bool {
        chat.worker_id == Some(self.state.chatd.worker_id) && chat.runner_id == Some(self.runner_id)
    }

    /// Locks the chat if it stands where the runner left it; else takes note of where it stands.
    async fn lock(&mut self) -> Result<Option<ChatTx>, ChatdError> {
        let chatd = &self.state.chatd;
        let tx = match ChatTx::lock(&chatd.store, &self.state.clock, self.chat.id).await {
            Err(ChatdError::NotFound) => {
                self.chat.runner_id = None;
                return Ok(None);
            }
            tx => tx?,
        };
        let there = tx.chat();
        let stands = self.is_mine(there)
            && there.status == self.chat.status
            && there.archived == self.chat.archived
            && there.history_version == self.chat.history_version
            && there.generation_attempt == self.chat.generation_attempt;
        if stands {
            return Ok(Some(tx));
        }
        self.note(tx.chat().clone(), tx.chat().snapshot_version - 1);
        Ok(None)
    }

    fn note(&mut self, chat: ChatRow, snapshot_version: i64) {
        self.counted = false;
        self.chat = chat;
        self.chat.snapshot_version = snapshot_version;
    }

    async fn commit(&mut self, tx: ChatTx) -> Result<Committed, ChatdError> {
        let committed = self.state.chatd.commit(tx).await?;
        self.chat = committed.chat.clone();
        Ok(committed)
    }

    /// Reads where the chat stands after somebody changed it.
    async fn reload(&mut self) -> Result<Next, ChatdError> {
        let Some(chat) = self.state.store.chat(self.chat.id).await? else { return Ok(Next::Done) };
        let snapshot_version = chat.snapshot_version;
        self.note(chat, snapshot_version);
        Ok(Next::Continue)
    }

    /// Leaves the chat to whoever takes it next, in the state that it is in.
    async fn hand_back(mut self) -> Result<(), ChatdError> {
        let mut tx = match ChatTx::lock(&self.state.chatd.store, &self.state.clock, self.chat.id).await {
            Err(ChatdError::NotFound) => return Ok(()),
            tx => tx?,
        };
        if self.is_mine(tx.chat()) {
            tx.abandon().await?;
            if self.state.stop.is_cancelled() {
                // A hint would bring it back to this server, which is about to end.
                self.chat = tx.commit().await?.chat;
            } else {
                self.commit(tx).await?;
            }
        }
        Ok(())
    }

    /// Waits for `work`, but no longer than the chat stands where the runner left it and the server runs.
    async fn unless_changed<T>(&mut self, work: impl Future<Output = T>) -> Result<Waited<T>, ChatdError> {
        tokio::pin!(work);
        let state = self.state;
        loop {
            let missed = tokio::select! {
                biased;
                () = state.stop.cancelled() => return Ok(Waited::Stopped),
                delivery = self.updates.next() => match delivery {
                    Some(Delivery::Message(update)) if !self.conflicts(&update) => continue,
                    Some(Delivery::Message(_)) => return Ok(Waited::Conflict),
                    Some(Delivery::Missed) => true,
                    None => std::future::pending().await,
                },
                done = &mut work => return Ok(Waited::Done(done)),
            };
            if missed {
                let there = state.store.chat(self.chat.id).await?;
                if there.is_none_or(|chat| self.conflicts(&ChatUpdate::from(&chat))) {
                    return Ok(Waited::Conflict);
                }
            }
        }
    }

    fn conflicts(&self, update: &ChatUpdate) -> bool {
        update.snapshot_version > self.chat.snapshot_version
            && (update.status != self.chat.status
                || update.history_version != self.chat.history_version
                || update.archived != self.chat.archived
                || update.worker_id != self.chat.worker_id
                || update.runner_id != self.chat.runner_id)
    }

    /// The messages as of where the chat stands.
    async fn read_history(&mut self) -> Result<Result<(), ChatFailure>, ChatdError> {
        let version = self.chat.history_version;
        if self.history.as_ref().is_some_and(|(read, _)| *read == version) {
            return Ok(Ok(()));
        }
        let rows = messages::history(self.state.store.pool(), self.chat.id).await?;
        Ok(HistoryMessage::read_all(&rows).map(|history| self.history = Some((version, history))))
    }

    fn history(&self) -> &[HistoryMessage] {
        self.history.as_ref().map_or(&[], |(_, history)| history)
    }

    /// Does what the turn's history asks for next.
    async fn take_step(&mut self) -> Result<Next, ChatdError> {
        if let Err(failure) = self.read_history().await? {
            return self.fail(&failure).await;
        }
        let state = self.state;
        let mut turn = std::mem::take(&mut self.turn);
        let prepared = prepare(state, &self.chat, self.history(), &mut turn).await;
        self.turn = turn;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => return self.fail(&failure).await,
        };
        let action = match generation::decide(self.history(), &prepared.tools, &prepared.compaction) {
            Ok(action) => action,
            Err(failure) => return self.fail(&failure).await,
        };
        match action {
            Action::FinishTurn => self.finish(&prepared, Vec::new()).await,
            Action::AwaitClient => {
                let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
                tx.enter_requires_action().await?;
                let committed = self.commit(tx).await?;
                self.told(&committed, &prepared);
                Ok(Next::Continue)
            }
            action => self.attempt(&prepared, &action).await,
        }
    }

    /// Makes one attempt at a step; a failure that may pass is waited out.
    async fn attempt(&mut self, prepared: &Prepared, action: &Action) -> Result<Next, ChatdError> {
        if !std::mem::take(&mut self.counted) {
            let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
            tx.record_generation_attempt().await?;
            self.commit(tx).await?;
        }
        if *action == Action::GenerateAssistant {
            self.record_attempt(prepared).await;
        }
        let recorded = match (&self.recorder, action) {
            (Record::Kept(recorder), Action::Compact) => Some((self.state, recorder.compaction())),
            _ => None,
        };
        let writer = self.state.chatd.parts.open(self.episode());
        let cancel = CancellationToken::new();
        let stopping = cancel.clone().drop_guard();
        let clock = &self.state.clock;
        let history = self.history.take();
        let read = history.as_ref().map_or(&[][..], |(_, history)| history);
        let work = async {
            let context = StepContext { sink: &writer, cancel: &cancel, clock, recorded };
            tokio::select! {
                result = step::perform(action, prepared, read, &context) => Some(result),
                () = clock.sleep(STEP_TIMEOUT) => None,
            }
        };
        let waited = self.unless_changed(Box::pin(work)).await?;
        drop(stopping);
        self.history = history;
        match waited {
            Waited::Stopped => Ok(Next::Continue),
            Waited::Conflict | Waited::Done(Some(Err(StepError::Canceled))) => self.reload().await,
            Waited::Done(None) => Ok(Next::Continue),
            Waited::Done(Some(Ok(messages))) => self.finish(prepared, messages).await,
            Waited::Done(Some(Err(StepError::Failed(failure)))) => {
                // Parts end with their attempt, before anybody is told that it failed.
                drop(writer);
                let delay = retry::next_delay(self.chat.generation_attempt, &failure);
                if let Record::Kept(recorder) = &mut self.recorder {
                    recorder.failed(prepared, &failure, delay).await;
                }
                match delay {
                    Some(delay) => self.wait_for_retry(&failure, delay).await,
                    None => self.fail(&failure).await,
                }
            }
        }
    }

    /// Notes that the model is asked, in a record begun with the turn's first question.
    async fn record_attempt(&mut self, prepared: &Prepared) {
        if matches!(self.recorder, Record::Undecided) {
            let begun = TurnRecorder::begin(self.state, &self.chat, prepared, self.history()).await;
            self.recorder = begun.map_or(Record::Unwanted, |recorder| Record::Kept(Box::new(recorder)));
        }
        if let Record::Kept(recorder) = &mut self.recorder {
            recorder.attempt();
        }
    }

    /// Ends the record of the turn.
    async fn end_record(&mut self, status: &str) {
        if let Record::Kept(recorder) = std::mem::replace(&mut self.recorder, Record::Undecided) {
            recorder.finish(status).await;
        }
    }

    fn episode(&self) -> Episode {
        Episode {
            chat_id: self.chat.id,
            history_version: self.chat.history_version,
            generation_attempt: self.chat.generation_attempt,
        }
    }

    async fn wait_for_retry(&mut self, failure: &ChatFailure, delay: Duration) -> Result<Next, ChatdError> {
        tracing::warn!(chat = %self.chat.id, kind = ?failure.kind, ?delay, "a step failed and is tried again");
        let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
        let retry = failure.to_retry(self.chat.generation_attempt, delay, self.state.clock.now());
        let until = retry.retrying_at;
        tx.record_retry_state(retry).await?;
        self.commit(tx).await?;
        match self.unless_changed(self.state.clock.sleep_until(until)).await? {
            Waited::Done(()) | Waited::Stopped => Ok(Next::Continue),
            Waited::Conflict => self.reload().await,
        }
    }

    /// Stores what a step brought, and ends the turn in the same breath where nothing is left to do.
    async fn finish(&mut self, prepared: &Prepared, messages: Vec<NewMessage>) -> Result<Next, ChatdError> {
        let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
        let mut next = Action::FinishTurn;
        let mut history = self.history.take().map(|(_, history)| history).unwrap_or_default();
        if !messages.is_empty() {
            tx.commit_step(messages).await?;
            history.extend(HistoryMessage::read_all(tx.inserted()).unwrap_or_default());
            // What fails here fails again where the next step is taken, with the words for the user.
            next = generation::decide(&history, &prepared.tools, &prepared.compaction)
                .unwrap_or(Action::GenerateAssistant);
        }
        let known = tx.inserted().len();
        match next {
            Action::FinishTurn => tx.finish_turn().await?,
            Action::AwaitClient => tx.enter_requires_action().await?,
            _ => {}
        }
        if tx.chat().status == ChatStatus::Waiting {
            tx.abandon().await?;
        }
        let committed = self.commit(tx).await?;
        history.extend(HistoryMessage::read_all(&committed.inserted[known..]).unwrap_or_default());
        self.history = Some((self.chat.history_version, history));
        if let Record::Kept(recorder) = &mut self.recorder {
            let answers = committed.inserted.iter().filter(|message| message.role == ChatMessageRole::Assistant);
            for answer in answers.filter(|message| !message.compressed) {
                recorder.answered(prepared, answer).await;
            }
        }
        if matches!(next, Action::FinishTurn | Action::AwaitClient) {
            self.told(&committed, prepared);
            self.end_record("completed").await;
            self.turn = TurnState::default();
        }
        Ok(Next::Continue)
    }

    /// Tells watchers how the turn went on, and has its summary made.
    fn told(&self, committed: &Committed, prepared: &Prepared) {
        let kind = match committed.chat.status {
            ChatStatus::RequiresAction => ChatWatchEventKind::ActionRequired,
            _ => ChatWatchEventKind::StatusChange,
        };
        self.state.chatd.publish_watch(kind, &committed.chat);
        self.state.chatd.summarize(self.state, &committed.chat, Some(prepared), self.history());
    }

    /// Ends the turn with a failure.
    async fn fail(&mut self, failure: &ChatFailure) -> Result<Next, ChatdError> {
        tracing::warn!(chat = %self.chat.id, kind = ?failure.kind, status = failure.status_code, "a turn failed");
        let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
        tx.finish_error(failure.to_chat_error()).await?;
        tx.abandon().await?;
        let committed = self.commit(tx).await?;
        self.state.chatd.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        self.state.chatd.summarize(self.state, &committed.chat, None, &[]);
        self.end_record("error").await;
        Ok(Next::Done)
    }

    /// Stores what had come of an interrupted answer, and goes on with what waits.
    async fn finish_interruption(&mut self) -> Result<Next, ChatdError> {
        let episode = self.episode();
        self.state.chatd.parts.close(episode);
        let parts = self.state.chatd.parts.parts(episode);
        let now = self.state.clock.now();
        let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
        let model = tx.chat().last_model_config_id;
        let message = |role, parts: &[Part]| NewMessage {
            model_config_id: Some(model),
            ..NewMessage::new(role, part::encode(parts))
        };
        let mut messages: Vec<NewMessage> =
            partial::messages(&parts, Some(now)).into_iter().map(|(role, parts)| message(role, &parts)).collect();
        // Without an answer under way, it may be tools of a stored answer that were interrupted.
        if messages.iter().all(|message| message.role != ChatMessageRole::Assistant) {
            for call in tx.open_calls().await? {
                let result = partial::interrupted_result(&call.id, &call.name, Some(now));
                messages.push(message(ChatMessageRole::Tool, &[result]));
            }
        }
        tx.finish_interruption(messages).await?;
        if tx.chat().status == ChatStatus::Waiting {
            tx.abandon().await?;
        }
        let committed = self.commit(tx).await?;
        self.history = None;
        self.state.chatd.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        self.state.chatd.clear_summary(self.state, &committed.chat);
        self.end_record("interrupted").await;
        Ok(Next::Continue)
    }

    /// Waits for the client's tools, and answers in their place when time is up.
    async fn wait_for_client(&mut self) -> Result<Next, ChatdError> {
        let clock = &self.state.clock;
        if let Some(deadline) = self.chat.requires_action_deadline_at.filter(|deadline| *deadline > clock.now()) {
            return match self.unless_changed(clock.sleep_until(deadline)).await? {
                Waited::Done(()) | Waited::Stopped => Ok(Next::Continue),
                Waited::Conflict => self.reload().await,
            };
        }
        let Some(mut tx) = self.lock().await? else { return Ok(Next::Continue) };
        tx.cancel_requires_action().await?;
        let committed = self.commit(tx).await?;
        self.state.chatd.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(Next::Continue)
    }
}
