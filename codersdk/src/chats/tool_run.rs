//! One run of a chat to the end of its turn.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use tokio::sync::watch;
use tokio::time::Sleep;
use uuid::Uuid;

use super::answer_text::{AnswerText, Piece};
use super::stream::{ChatStream, ChatStreamItem};
use super::tool_runner::ToolRunner;
use super::tool_work::Work;
use crate::exclusive::Exclusive;
use crate::types::*;
use crate::{Error, Result};

/// How long the notice of an error may stay behind the status that announces it.
const ERROR_GRACE: Duration = Duration::from_secs(1);

/// How long a cancelled run waits for the chat to come to rest.
const CANCEL_GRACE: Duration = Duration::from_secs(10);

/// Interrupting a chat that waits for tools makes it ask the model once more, so one interrupt is not always enough.
const MAX_INTERRUPTS: u32 = 3;

/// Pauses between tries to submit results while the server cannot be reached.
const SUBMIT_PAUSE: Duration = Duration::from_millis(250);
const MAX_SUBMIT_PAUSE: Duration = Duration::from_secs(10);

/// What happens in a [`ChatRun`].
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "events are handled one at a time, a box would cost more")]
pub enum ChatRunEvent {
    /// A piece of the model's text. The pieces since the last [`Message`](Self::Message) or
    /// [`TextWithdrawn`](Self::TextWithdrawn) add up to the text so far, also over lost connections.
    Text(String),
    /// The text since the last [`Message`](Self::Message) is void: the model is asked again, or said it otherwise.
    TextWithdrawn,
    /// A message was committed, such as the answer whose text came before.
    Message(ChatMessage),
    /// A call of one of the runner's tools begins.
    ToolStarted {
        /// The call.
        call: ChatStreamToolCall,
    },
    /// A call is answered.
    ToolFinished {
        /// The call.
        call: ChatStreamToolCall,
        /// The answer for the model.
        result: ToolResult,
        /// How long it took.
        took: Duration,
    },
    /// The calls that ran were stopped, since the chat does not wait for them any more.
    ToolsStopped,
    /// The results of a step's calls were submitted.
    ResultsSubmitted {
        /// Whether the server took them. If not, somebody else was first, or the deadline passed.
        accepted: bool,
    },
    /// The chat's status changed.
    Status(ChatStatus),
    /// The model failed and will be asked again.
    Retry(ChatStreamRetry),
    /// The connection is lost; the run goes on when it stands again.
    Reconnecting {
        /// Why; nothing if the server closed in order.
        error: Option<Error>,
        /// When it is tried again.
        retry_in: Duration,
    },
    /// The connection stands again.
    Reconnected,
    /// The turn is over. The last event.
    Finished(ChatRunOutcome),
}

/// How a turn ended.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatRunOutcome {
    /// The chat.
    pub chat_id: Uuid,
    /// Its status at the end.
    pub status: ChatStatus,
    /// Text of the last answer, empty if there is none.
    pub text: String,
    /// The messages of the turn, oldest first, beginning with what was asked.
    pub messages: Vec<ChatMessage>,
    /// Why the turn failed, if it did.
    pub error: Option<ChatError>,
    /// Whether the run was cancelled by its [`CancelHandle`].
    pub cancelled: bool,
}

/// Cancels a [`ChatRun`] from elsewhere.
#[derive(Debug, Clone)]
pub struct CancelHandle(Arc<watch::Sender<bool>>);

impl CancelHandle {
    /// Stops the tools and interrupts the chat. The run then ends with [`ChatRunEvent::Finished`] as soon as the chat
    /// rests, or ten seconds later. Doing it twice, or when the run is over, does nothing.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// A chat that is driven to the end of its turn: a stream of [`ChatRunEvent`]s. Made by a
/// [`ToolRunner`](crate::ToolRunner).
///
/// It makes progress while it is polled; tools run as tasks of their own. Polling is cancel safe. Dropping it stops
/// the tools and closes the connection, and leaves the chat alone: a chat that waits for tools then waits until its
/// deadline, or until [`ToolRunner::resume`](crate::ToolRunner::resume) goes on with it.
///
/// It ends with [`ChatRunEvent::Finished`], or with an `Err` when the chat cannot be followed any more.
pub struct ChatRun {
    runner: ToolRunner,
    chat_id: Uuid,
    chat: Option<Chat>,
    stream: ChatStream,
    transcript: Transcript,
    text: AnswerText,
    out: VecDeque<ChatRunEvent>,
    messages: Vec<ChatMessage>,
    /// The caller's message, while it waits in the queue.
    queued: Option<i64>,
    work: Option<Work>,
    /// The calls whose results were submitted, or are being.
    answered: Vec<String>,
    submit: Option<Exclusive<BoxFuture<'static, Result<bool>>>>,
    /// Whether the chat waits for results.
    waits: watch::Sender<bool>,
    cancel: Arc<watch::Sender<bool>>,
    cancelling: Exclusive<BoxFuture<'static, ()>>,
    cancelled: bool,
    interrupts: u32,
    interrupt: Option<Exclusive<BoxFuture<'static, Result<Chat>>>>,
    grace: Option<Pin<Box<Sleep>>>,
    deadline: Option<(Pin<Box<Sleep>>, Duration)>,
    connected: bool,
    done: bool,
}

impl ChatRun {
    pub(super) async fn start(
        runner: &ToolRunner,
        chat_id: Uuid,
        chat: Option<Chat>,
        after_id: Option<i64>,
        queued: Option<i64>,
    ) -> Result<Self> {
        let deadline = runner.turn_timeout.map(|limit| (Box::pin(tokio::time::sleep(limit)), limit));
        let stream = runner.api.stream_chat(chat_id, StreamChatOptions { after_id }).await?;
        let (cancel, mut cancelled) = watch::channel(false);
        let cancelling: BoxFuture<'static, ()> = Box::pin(async move {
            if cancelled.wait_for(|cancelled| *cancelled).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Ok(Self {
            runner: runner.clone(),
            chat_id,
            chat,
            stream,
            transcript: Transcript::new(chat_id),
            text: AnswerText::default(),
            out: VecDeque::new(),
            messages: Vec::new(),
            queued,
            work: None,
            answered: Vec::new(),
            submit: None,
            waits: watch::Sender::new(false),
            cancel: Arc::new(cancel),
            cancelling: Exclusive::new(cancelling),
            cancelled: false,
            interrupts: 0,
            interrupt: None,
            grace: None,
            deadline,
            connected: false,
            done: false,
        })
    }

    /// The chat that is driven.
    pub fn chat_id(&self) -> Uuid {
        self.chat_id
    }

    /// The chat as it was created, if this run created it.
    pub fn chat(&self) -> Option<&Chat> {
        self.chat.as_ref()
    }

    /// What a person should see now. It has the messages from where the run began.
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// A handle that cancels the run.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(self.cancel.clone())
    }

    /// Runs to the end, events aside.
    ///
    /// # Errors
    /// When the chat cannot be followed any more. A turn that fails is no error here:
    /// [`ChatRunOutcome::error`] tells.
    pub async fn finish(mut self) -> Result<ChatRunOutcome> {
        while let Some(event) = self.next().await {
            if let ChatRunEvent::Finished(outcome) = event? {
                return Ok(outcome);
            }
        }
        Err(Error::new(crate::error::Kind::Closed, "the run ended before the turn"))
    }

    fn take(&mut self, item: ChatStreamItem) {
        let changed = self.transcript.apply(&item);
        if self.transcript.preview().is_none() {
            self.text.restart();
        }
        match item {
            ChatStreamItem::Connected { .. } => {
                if std::mem::replace(&mut self.connected, true) {
                    self.out.push_back(ChatRunEvent::Reconnected);
                }
            }
            ChatStreamItem::Lost { error, retry_in, .. } => {
                self.out.push_back(ChatRunEvent::Reconnecting { error, retry_in });
            }
            ChatStreamItem::HistoryReset { kept } => {
                self.messages.retain(|message| kept.contains(&message.id));
                let withdrawn = self.text.withdraw();
                self.tell(withdrawn);
            }
            ChatStreamItem::Event(event) => self.happened(event, changed),
            ChatStreamItem::PartsMissing { .. } | ChatStreamItem::Undecodable { .. } => {}
        }
    }

    fn happened(&mut self, event: ChatStreamEvent, changed: bool) {
        match event {
            ChatStreamEvent::MessagePart { message_part, .. } => {
                if let (true, Some(delta)) = (changed, message_part.part.as_text()) {
                    let episode = (message_part.history_version, message_part.generation_attempt);
                    let pieces = self.text.part(episode, delta);
                    self.tell(pieces);
                }
            }
            ChatStreamEvent::Message { message, .. } => self.committed(message),
            ChatStreamEvent::Status { status, .. } => self.status_is(status.status),
            ChatStreamEvent::ActionRequired { action_required, .. } => {
                self.act(action_required.tool_calls.into_inner());
            }
            ChatStreamEvent::Retry { retry, .. } => {
                let withdrawn = self.text.withdraw();
                self.tell(withdrawn);
                self.out.push_back(ChatRunEvent::Retry(retry));
            }
            _ => {}
        }
        self.check_end();
    }

    fn committed(&mut self, message: ChatMessage) {
        // Calls of a later step may have the ids of earlier ones.
        self.answered.clear();
        if message.role == ChatMessageRole::Assistant {
            let pieces = self.text.committed(&text_of(&message));
            self.tell(pieces);
        }
        self.messages.push(message.clone());
        self.out.push_back(ChatRunEvent::Message(message));
    }

    fn tell(&mut self, pieces: Vec<Piece>) {
        self.out.extend(pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => ChatRunEvent::Text(text),
            Piece::Withdrawn => ChatRunEvent::TextWithdrawn,
        }));
    }

    fn status_is(&mut self, status: ChatStatus) {
        if status != ChatStatus::RequiresAction {
            // What is being submitted is let be: its answer tells whose results the chat went on with.
            self.waits.send_replace(false);
            self.answered.clear();
            if self.work.take().is_some() {
                self.out.push_back(ChatRunEvent::ToolsStopped);
            }
        }
        if self.cancelled && matches!(status, ChatStatus::Running | ChatStatus::RequiresAction) {
            self.interrupt();
        }
        self.out.push_back(ChatRunEvent::Status(status));
    }

    /// The chat waits for results of these calls. Servers say so again after every reconnect.
    fn act(&mut self, calls: Vec<ChatStreamToolCall>) {
        let ids = |calls: &[ChatStreamToolCall]| calls.iter().map(|c| c.tool_call_id.clone()).collect::<Vec<_>>();
        let asked = ids(&calls);
        let at_work = self.work.as_ref().is_some_and(|work| ids(&work.calls) == asked);
        if calls.is_empty() || self.cancelled || at_work || self.answered == asked {
            return;
        }
        let runner = &self.runner;
        let mut work = Work::new(calls, self.chat_id, runner.tools.clone(), runner.concurrency, runner.tool_timeout);
        work.fill(&mut self.out);
        self.submit = None;
        self.answered.clear();
        self.work = Some(work);
    }

    /// All calls are answered.
    fn submit(&mut self, work: &Work) {
        let results = work.results();
        self.answered = work.calls.iter().map(|call| call.tool_call_id.clone()).collect();
        self.waits.send_replace(true);
        let (api, chat_id, waits) = (self.runner.api.clone(), self.chat_id, self.waits.subscribe());
        let submit: BoxFuture<'static, _> = Box::pin(submit(api, chat_id, results, waits));
        self.submit = Some(Exclusive::new(submit));
    }

    fn interrupt(&mut self) {
        if self.interrupt.is_some() || self.interrupts >= MAX_INTERRUPTS {
            return;
        }
        self.interrupts += 1;
        let (api, chat_id) = (self.runner.api.clone(), self.chat_id);
        let interrupt: BoxFuture<'static, _> = Box::pin(async move { api.interrupt_chat(chat_id).await });
        self.interrupt = Some(Exclusive::new(interrupt));
    }

    fn begin_cancel(&mut self) {
        self.cancelled = true;
        self.submit = None;
        if self.work.take().is_some() {
            self.out.push_back(ChatRunEvent::ToolsStopped);
        }
        self.interrupt();
        self.grace = Some(Box::pin(tokio::time::sleep(CANCEL_GRACE)));
    }

    fn check_end(&mut self) {
        if self.submit.is_some() {
            return;
        }
        if let Some(id) = self.queued {
            // The queue is told before the status, so a message that is not in it was sent, or taken out.
            if self.transcript.status().is_none() || self.transcript.queue().iter().any(|message| message.id == id) {
                return;
            }
            self.queued = None;
        }
        match self.transcript.status() {
            Some(ChatStatus::Waiting | ChatStatus::Completed | ChatStatus::Paused) => self.end(),
            Some(ChatStatus::Error) if self.transcript.error().is_some() => self.end(),
            Some(ChatStatus::Error) => {
                self.grace.get_or_insert_with(|| Box::pin(tokio::time::sleep(ERROR_GRACE)));
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        let withdrawn = self.text.withdraw();
        self.tell(withdrawn);
        let asked = self.messages.iter().rposition(|message| message.role == ChatMessageRole::User).unwrap_or(0);
        let answers = self.messages[asked..].iter().rev().filter(|message| message.role == ChatMessageRole::Assistant);
        let text = answers.map(text_of).next().unwrap_or_default();
        self.out.push_back(ChatRunEvent::Finished(ChatRunOutcome {
            chat_id: self.chat_id,
            status: self.transcript.status().cloned().unwrap_or_default(),
            text,
            messages: std::mem::take(&mut self.messages),
            error: self.transcript.error().cloned(),
            cancelled: self.cancelled,
        }));
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<ChatRunEvent>>> {
        self.done = true;
        self.work = None;
        Poll::Ready(Some(Err(error)))
    }

    /// Makes one step, if there is one to make.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.cancelled && self.cancelling.get().as_mut().poll(cx).is_ready() {
            self.begin_cancel();
            return Poll::Ready(Ok(()));
        }
        if let Some((deadline, limit)) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(Error::timeout("the turn", *limit)));
        }
        if let Some(grace) = &mut self.grace
            && grace.as_mut().poll(cx).is_ready()
        {
            self.grace = None;
            self.end();
            return Poll::Ready(Ok(()));
        }
        if let Some(interrupt) = &mut self.interrupt
            && let Poll::Ready(answer) = interrupt.get().as_mut().poll(cx)
        {
            self.interrupt = None;
            match answer {
                // It waited for tools, and now asks the model once more.
                Ok(chat) if chat.status == ChatStatus::Running => self.interrupt(),
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "the chat could not be interrupted"),
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(work) = &mut self.work
            && let Poll::Ready(answer) = work.poll_answer(cx)
        {
            match answer {
                Some(event) => {
                    self.out.push_back(event);
                    work.fill(&mut self.out);
                }
                None => {
                    if let Some(work) = self.work.take() {
                        self.submit(&work);
                    }
                }
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(submit) = &mut self.submit
            && let Poll::Ready(accepted) = submit.get().as_mut().poll(cx)
        {
            self.submit = None;
            return Poll::Ready(accepted.map(|accepted| {
                self.out.push_back(ChatRunEvent::ResultsSubmitted { accepted });
                self.check_end();
            }));
        }
        match self.stream.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(item))) => {
                self.take(item);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Err(error)),
            Poll::Ready(None) => {
                Poll::Ready(Err(Error::new(crate::error::Kind::Closed, "the stream of the chat ended")))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Stream for ChatRun {
    type Item = Result<ChatRunEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if this.done {
                return Poll::Ready(None);
            }
            match this.poll_step(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return this.fail(error),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl fmt::Debug for ChatRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatRun")
            .field("chat_id", &self.chat_id)
            .field("status", &self.transcript.status())
            .field("cancelled", &self.cancelled)
            .finish_non_exhaustive()
    }
}

/// The text of a message, its parts joined.
fn text_of(message: &ChatMessage) -> String {
    message.content.iter().filter_map(ChatMessagePart::as_text).collect()
}

/// Submits results until the server has decided on them; tells whether it took them. Submitting twice is harmless,
/// since the first one wins. When the chat does not wait any more, no failure is worth another try.
async fn submit(
    api: Arc<dyn ChatsApi>,
    chat_id: Uuid,
    results: Vec<ToolResult>,
    mut waits: watch::Receiver<bool>,
) -> Result<bool> {
    let mut pause = SUBMIT_PAUSE;
    loop {
        let request = SubmitToolResultsRequest { results: results.clone().into() };
        let error = match api.submit_tool_results(chat_id, request).await {
            Ok(()) => return Ok(true),
            Err(error) if error.is_conflict() && error.usage_limit().is_none() => return Ok(false),
            Err(error) => error,
        };
        if !*waits.borrow() {
            return Ok(false);
        }
        if !error.is_retryable() && !error.is_server_error() {
            return Err(error);
        }
        tracing::debug!(%error, ?pause, "results not submitted, trying again");
        let asked = error.retry_after().unwrap_or(pause).clamp(pause, MAX_SUBMIT_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(asked) => {}
            _ = waits.wait_for(|waits| !waits) => return Ok(false),
        }
        pause = (pause * 2).min(MAX_SUBMIT_PAUSE);
    }
}
