//! Runs a chat to the end of its turn, answering the model's calls of dynamic tools.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::dynamic_tools::{DynamicTool, Toolbox};
use super::tool_run::ChatRun;
use crate::types::*;
use crate::{Client, Result};

/// How many calls run at once, unless told otherwise.
const CONCURRENCY: usize = 8;

/// How long a call may take, unless told otherwise. The server gives up on calls after five minutes.
const TOOL_TIMEOUT: Duration = Duration::from_secs(120);

/// Creates chats with tools of this program, and drives them: streams the answer, runs the calls that the model makes
/// and submits their results, until the turn is over.
///
/// Calls of one step run at the same time, up to [`concurrency`](Self::concurrency), each for
/// [`tool_timeout`](Self::tool_timeout) at most. Arguments that do not fit, a tool that is not there, an error or a
/// panic of a handler, a timeout and a result that is too large (a set of results has at most 250 kB) become results
/// with `is_error`, which the model sees; they end nothing. Each set of results is submitted once; when somebody else
/// was first, or the server's deadline of five minutes passed, that is no failure. Lost connections are made again.
///
/// For a bot, this is all:
///
/// ```no_run
/// use codersdk::{Client, DynamicTool, NoArgs, ToolRunner};
///
/// # async fn example(client: Client, organization_id: uuid::Uuid) -> codersdk::Result<()> {
/// let tool = DynamicTool::new("on_call", "Tells who is on call.", |_: NoArgs| async { Ok::<_, String>("Ada") });
/// let runner = ToolRunner::new(client).tool(tool);
/// let outcome = runner.ask(organization_id, "Who is on call tonight?").await?.finish().await?;
/// match outcome.error {
///     None => println!("{}", outcome.text),
///     Some(error) => println!("That did not work: {}", error.message),
/// }
/// # Ok(())
/// # }
/// ```
///
/// To show the answer while it is made, read the [`ChatRun`] as a stream of [`ChatRunEvent`]s:
///
/// ```no_run
/// # use codersdk::{ChatRunEvent, Client, ToolRunner};
/// use futures_util::StreamExt;
///
/// # async fn example(runner: ToolRunner, organization_id: uuid::Uuid) -> codersdk::Result<()> {
/// let mut run = runner.ask(organization_id, "Which river of Norway is the longest?").await?;
/// while let Some(event) = run.next().await {
///     match event? {
///         ChatRunEvent::Text(piece) => print!("{piece}"),
///         ChatRunEvent::ToolStarted { call } => println!("\n[{} {}]", call.tool_name, call.args),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a runner does nothing until it is given a chat"]
pub struct ToolRunner {
    pub(super) api: Arc<dyn ChatsApi>,
    pub(super) tools: Toolbox,
    pub(super) concurrency: usize,
    pub(super) tool_timeout: Duration,
    pub(super) turn_timeout: Option<Duration>,
}

impl ToolRunner {
    /// A runner without tools.
    pub fn new(client: Client) -> Self {
        Self::with_api(Arc::new(client))
    }

    /// A runner over any implementation of the calls, such as a mock.
    pub fn with_api(api: Arc<dyn ChatsApi>) -> Self {
        Self {
            api,
            tools: Toolbox::default(),
            concurrency: CONCURRENCY,
            tool_timeout: TOOL_TIMEOUT,
            turn_timeout: None,
        }
    }

    /// Adds a tool. One of the same name is replaced. A chat takes at most 250.
    pub fn tool(mut self, tool: DynamicTool) -> Self {
        self.tools.add(tool);
        self
    }

    /// Adds tools.
    pub fn tools(mut self, tools: impl IntoIterator<Item = DynamicTool>) -> Self {
        tools.into_iter().for_each(|tool| self.tools.add(tool));
        self
    }

    /// Sets how many calls of a step run at once: 8 unless set, at least 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Sets how long a call may take: 2 minutes unless set. What is over five minutes the server does not wait for.
    pub fn tool_timeout(mut self, limit: Duration) -> Self {
        self.tool_timeout = limit;
        self
    }

    /// Sets how long a whole run may take; without it, a run ends when the turn does.
    pub fn turn_timeout(mut self, limit: Duration) -> Self {
        self.turn_timeout = Some(limit);
        self
    }

    /// What the server is told about the tools.
    pub fn definitions(&self) -> Vec<DynamicToolDefinition> {
        self.tools.definitions()
    }

    /// Creates a chat in an organization with a question, and begins to follow it.
    ///
    /// # Errors
    /// As [`create_chat`](Self::create_chat).
    pub async fn ask(&self, organization_id: Uuid, question: impl Into<String>) -> Result<ChatRun> {
        let question = ChatInputPart::from(question.into());
        self.create_chat(CreateChatRequest { organization_id, content: vec![question].into(), ..Default::default() })
            .await
    }

    /// Creates a chat with the runner's tools, beside those that the request has already, and begins to follow it.
    ///
    /// # Errors
    /// When the chat is refused ([`ChatsApi::create_chat`]) or its stream cannot be opened.
    pub async fn create_chat(&self, mut request: CreateChatRequest) -> Result<ChatRun> {
        let own = self.definitions();
        if !own.is_empty() {
            request.unsafe_dynamic_tools.extend(own);
        }
        let chat = self.api.create_chat(request).await?;
        ChatRun::start(self, chat.id, Some(chat), None, None).await
    }

    /// Sends a message to a chat and follows it until the answer is there. The tools are those that the chat was
    /// created with. A message that the server queues is waited for.
    ///
    /// # Errors
    /// When the message is refused ([`ChatsApi::create_chat_message`]) or the stream cannot be opened.
    pub async fn send_message(&self, chat_id: Uuid, request: CreateChatMessageRequest) -> Result<ChatRun> {
        // Where the history ends is read first: a queued message has no place in it yet.
        let newest = self.newest_messages(chat_id, 1).await?.first().map(|message| message.id);
        let sent = self.api.create_chat_message(chat_id, request).await?;
        let queued = sent.queued_message.map(|message| message.id);
        ChatRun::start(self, chat_id, None, newest, queued).await
    }

    /// Follows a chat that is at work already, or that waits for tools: after a restart of the program, or when
    /// somebody else sent the message. It begins with the last message of a person, and ends at once when the chat
    /// rests.
    ///
    /// # Errors
    /// When the chat cannot be read or its stream cannot be opened.
    pub async fn resume(&self, chat_id: Uuid) -> Result<ChatRun> {
        let messages = self.newest_messages(chat_id, 200).await?;
        let asked = messages.iter().find(|message| message.role == ChatMessageRole::User).or(messages.last());
        ChatRun::start(self, chat_id, None, asked.map(|message| message.id - 1), None).await
    }

    async fn newest_messages(&self, chat_id: Uuid, limit: i64) -> Result<Vec<ChatMessage>> {
        let options = ChatMessagesPaginationOptions { limit: Some(limit), ..Default::default() };
        Ok(self.api.get_chat_messages(chat_id, options).await?.messages.into_inner())
    }
}

impl fmt::Debug for ToolRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolRunner")
            .field("tools", &self.tools)
            .field("concurrency", &self.concurrency)
            .field("tool_timeout", &self.tool_timeout)
            .finish_non_exhaustive()
    }
}
