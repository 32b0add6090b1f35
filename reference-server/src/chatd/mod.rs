//! The chat daemon: what may happen to chats, and the worker that drives them.

mod attachments;
pub(crate) mod compaction;
pub(crate) mod content;
pub(crate) mod context;
mod context_limit;
mod cost;
pub(crate) mod default_prompt;
pub(crate) mod errors;
pub(crate) mod generation;
pub(crate) mod history;
mod json_text;
pub(crate) mod machine;
mod nul;
pub(crate) mod part;
pub(crate) mod partial;
pub(crate) mod parts;
pub(crate) mod prepare;
mod prompt;
pub(crate) mod pubsub;
mod recorder;
pub(crate) mod retry;
mod runner;
pub(crate) mod sanitize;
mod shell;
mod side_runs;
pub(crate) mod skills;
pub(crate) mod step;
pub(crate) mod stream;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod titles;
pub(crate) mod tools;
mod upkeep;
pub(crate) mod worker;
pub(crate) mod workspace;

use std::collections::BTreeMap;
use std::sync::Arc;

use codersdk::{
    Chat, ChatClientType, ChatMessageRole, ChatStatus, ChatWatchEvent, ChatWatchEventKind, DynamicToolDefinition,
};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::machine::apply::{ChatTx, Committed, Sent, SubmittedResult};
use self::machine::family;
pub(crate) use self::machine::rules::BusyBehavior;
use self::machine::rules::Transition;
use self::machine::{ExecutionState, MAX_QUEUE_SIZE};
use self::part::Part;
use self::parts::PartBuffer;
use self::pubsub::{ChatUpdate, Pubsub, Subscription};
use crate::clock::SharedClock;
use crate::store::Store;
use crate::store::chat_diffs::DiffStatusRow;
use crate::store::chats::{Acl, ChatRow};
use crate::store::messages::{MessageRow, NewMessage};
use crate::store::model_configs::{get_model_config, get_model_configs};
use crate::store::queue::QueuedMessageRow;

/// Why the daemon does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChatdError {
    #[error("chat not found")]
    NotFound,
    #[error("chat is archived")]
    Archived,
    #[error("chat is in an invalid execution state")]
    InvalidState,
    /// What the chat is doing does not allow it.
    #[error("chat state transition {} not allowed from state {from}", .transition.as_str())]
    NotAllowed { transition: Transition, from: ExecutionState },
    #[error("chat message queue is full (max {MAX_QUEUE_SIZE})")]
    QueueFull,
    #[error("queued message not found")]
    QueuedMessageNotFound,
    #[error("edited message not found")]
    MessageNotFound,
    #[error("only user messages can be edited")]
    EditedMessageNotUser,
    #[error("chat archive state can only be changed on the root chat")]
    NotRoot,
    /// The model that was asked for does not exist.
    #[error("invalid model config ID: {0}")]
    InvalidModelConfig(Uuid),
    #[error("no default chat model config is available")]
    NoDefaultModelConfig,
    #[error("api_key_id is required for user chat messages")]
    ApiKeyRequired,
    /// The tool call has two results.
    #[error("duplicate tool result: {0}")]
    ToolResultDuplicate(String),
    /// The tool call has no result.
    #[error("missing tool result: {0}")]
    ToolResultMissing(String),
    /// No such tool call is open.
    #[error("unexpected tool result: {0}")]
    ToolResultUnexpected(String),
    /// A result has no output.
    #[error("tool result output is not valid JSON: {0}")]
    ToolResultWithoutOutput(String),
    /// Tool results were submitted for a chat that does not wait for any.
    #[error("chat status is \"{0}\", expected \"requires_action\"")]
    NotRequiresAction(ChatStatus),
    #[error(transparent)]
    Content(#[from] content::ContentError),
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

/// What a chat is made of.
#[derive(Debug, Clone)]
pub(crate) struct CreateOptions {
    pub(crate) organization_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) owner_username: String,
    pub(crate) owner_name: String,
    pub(crate) workspace_id: Option<Uuid>,
    pub(crate) build_id: Option<Uuid>,
    pub(crate) agent_id: Option<Uuid>,
    pub(crate) parent_chat_id: Option<Uuid>,
    pub(crate) root_chat_id: Option<Uuid>,
    pub(crate) title: String,
    pub(crate) model_config_id: Uuid,
    pub(crate) mode: Option<String>,
    pub(crate) plan_mode: Option<String>,
    pub(crate) client_type: ChatClientType,
    /// The creator's own system prompt; none if empty.
    pub(crate) system_prompt: String,
    pub(crate) content: Vec<Part>,
    pub(crate) api_key_id: String,
    pub(crate) mcp_server_ids: Vec<Uuid>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) dynamic_tools: Vec<DynamicToolDefinition>,
}

/// A message for a chat.
#[derive(Debug, Clone)]
pub(crate) struct SendMessageOptions {
    pub(crate) chat_id: Uuid,
    pub(crate) created_by: Uuid,
    pub(crate) content: Vec<Part>,
    /// The chat's last model, or the default one, if absent.
    pub(crate) model_config_id: Option<Uuid>,
    pub(crate) api_key_id: String,
    pub(crate) busy_behavior: BusyBehavior,
    /// Changes the plan mode if given; `Some(None)` ends it.
    pub(crate) plan_mode: Option<Option<String>>,
    /// Replaces the chat's MCP servers if given.
    pub(crate) mcp_server_ids: Option<Vec<Uuid>>,
}

/// What became of a message.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "made once for a request and taken apart at once")]
pub(crate) enum SendMessageResult {
    /// It is part of the history.
    Message { message: MessageRow, chat: ChatRow },
    /// It waits until the chat is free.
    Queued { queued: QueuedMessageRow, chat: ChatRow },
}

/// A message in place of an earlier one.
#[derive(Debug, Clone)]
pub(crate) struct EditMessageOptions {
    pub(crate) chat_id: Uuid,
    pub(crate) created_by: Uuid,
    pub(crate) edited_message_id: i64,
    pub(crate) content: Vec<Part>,
    pub(crate) api_key_id: String,
    /// The edited message's model if absent.
    pub(crate) model_config_id: Option<Uuid>,
}

/// Results that a client gives for its tools.
#[derive(Debug, Clone)]
pub(crate) struct SubmitToolResultsOptions {
    pub(crate) chat_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) results: Vec<SubmittedResult>,
}

/// The daemon: every change of a chat goes through it.
#[derive(Debug)]
pub(crate) struct Daemon {
    store: Store,
    clock: SharedClock,
    pubsub: Arc<dyn Pubsub>,
    parts: PartBuffer,
    /// Whom this server's runners work for.
    worker_id: Uuid,
    /// Runners, and what goes on beside turns.
    tasks: TaskTracker,
}

const ATTACHED: &str = "This chat is attached to a workspace. Its files and commands are there for your tools.";
const DETACHED: &str = "No workspace is attached to this chat yet. Answer from the conversation and the tools that need \
    none; create or start one only when the user asks for it or the task cannot be done without.";
const DETACHED_CHILD: &str = "No workspace is attached to this chat yet. As a delegated chat you cannot create or start a \
    workspace: if the task needs one, say so in your report.";

impl Daemon {
    pub(crate) fn new(store: Store, clock: SharedClock) -> Self {
        let parts = PartBuffer::new(Arc::clone(&clock));
        Self {
            store,
            clock,
            pubsub: Arc::new(pubsub::LocalPubsub::new()),
            parts,
            worker_id: Uuid::new_v4(),
            tasks: TaskTracker::new(),
        }
    }

    /// Creates a chat with its first message; it runs at once.
    pub(crate) async fn create_chat(&self, options: CreateOptions) -> Result<ChatRow, ChatdError> {
        let now = self.clock.now();
        let model = options.model_config_id;
        let settings = self.store.system_prompt_settings().await?;
        let is_child = options.parent_chat_id.is_some();
        let prompts = [
            if is_child {
                default_prompt::child_prompt(&settings)
            } else {
                default_prompt::deployment_prompt(&settings)
            },
            sanitize::sanitize_prompt(&options.system_prompt),
        ];
        let mut messages = Vec::with_capacity(4);
        messages.extend(
            prompts.iter().filter(|prompt| !prompt.is_empty()).map(|prompt| family::system_message(prompt, model)),
        );
        let awareness = match options.workspace_id {
            Some(_) => ATTACHED,
            None if is_child => DETACHED_CHILD,
            None => DETACHED,
        };
        messages.push(family::system_message(awareness, model));
        messages.push(user_message(&options.content, Some(model), options.owner_id, options.api_key_id));
        let chat = ChatRow {
            id: Uuid::new_v4(),
            organization_id: options.organization_id,
            owner_id: options.owner_id,
            owner_username: options.owner_username,
            owner_name: options.owner_name,
            workspace_id: options.workspace_id,
            build_id: options.build_id,
            agent_id: options.agent_id,
            parent_chat_id: options.parent_chat_id,
            root_chat_id: options.root_chat_id,
            title: options.title,
            mode: options.mode,
            plan_mode: options.plan_mode,
            client_type: options.client_type,
            last_model_config_id: model,
            mcp_server_ids: options.mcp_server_ids,
            labels: options.labels,
            dynamic_tools: Some(options.dynamic_tools).filter(|tools| !tools.is_empty()),
            pin_order: 0,
            last_turn_summary: None,
            context_hash: None,
            context_dirty_since: None,
            context_error: String::new(),
            user_acl: Acl::new(),
            group_acl: Acl::new(),
            created_at: now,
            updated_at: now,
            status: ChatStatus::Running,
            archived: false,
            last_error: None,
            snapshot_version: 1,
            history_version: 0,
            queue_version: 0,
            generation_attempt: 0,
            retry_state: None,
            retry_state_version: 0,
            requires_action_deadline_at: None,
            worker_id: None,
            runner_id: None,
            heartbeat_at: None,
        };
        let committed = family::create(&self.store, &self.clock, chat, messages).await?;
        if let Some(agent) = committed.chat.agent_id
            && let Err(error) = self.store.pin_new_chats(agent).await
        {
            // The first turn tries again.
            tracing::warn!(chat = %committed.chat.id, %error, "a new chat has not got its context");
        }
        self.publish(&committed);
        self.publish_watch(ChatWatchEventKind::Created, &committed.chat);
        Ok(committed.chat)
    }

    /// Takes in a user's message: into the history where the chat is free, else into the queue.
    ///
    /// # Errors
    /// When the chat is archived or in an invalid state, the model does not exist, or the queue is full.
    pub(crate) async fn send_message(&self, options: SendMessageOptions) -> Result<SendMessageResult, ChatdError> {
        let mut tx = self.lock_active(options.chat_id).await?;
        if let Some(plan_mode) = options.plan_mode {
            tx.metadata().plan_mode = plan_mode;
        }
        let model = match options.model_config_id {
            Some(model) => requested_model(&mut tx, model).await?,
            None => last_model(&mut tx).await?,
        };
        if let Some(servers) = options.mcp_server_ids
            && !tx.chat().is_explore()
        {
            tx.metadata().mcp_server_ids = servers;
        }
        let message = user_message(&options.content, Some(model), options.created_by, options.api_key_id);
        let sent = tx.send_message(message, options.busy_behavior).await?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(match sent {
            Sent::Inserted(message) => SendMessageResult::Message { message, chat: committed.chat },
            Sent::Queued(queued) => SendMessageResult::Queued { queued, chat: committed.chat },
        })
    }

    /// Replaces a user's message; what followed it is hidden, the queue is dropped, the chat runs.
    ///
    /// # Errors
    /// When the chat is archived or in an invalid state, the message is not one of its user's, or the model does not exist.
    pub(crate) async fn edit_message(&self, options: EditMessageOptions) -> Result<(MessageRow, ChatRow), ChatdError> {
        let mut tx = self.lock_active(options.chat_id).await?;
        if let Some(model) = options.model_config_id {
            requested_model(&mut tx, model).await?;
        }
        let replacement =
            user_message(&options.content, options.model_config_id, options.created_by, options.api_key_id);
        let message = tx.edit_message(options.edited_message_id, replacement).await?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok((message, committed.chat))
    }

    /// Archives the chat and all below it.
    ///
    /// # Errors
    /// When the chat is no root, or one of the family is busy.
    pub(crate) async fn archive_chat(&self, chat: Uuid) -> Result<(), ChatdError> {
        self.set_archived(chat, true, ChatWatchEventKind::Deleted).await
    }

    /// Restores the chat and all below it.
    ///
    /// # Errors
    /// When the chat is no root.
    pub(crate) async fn unarchive_chat(&self, chat: Uuid) -> Result<(), ChatdError> {
        self.set_archived(chat, false, ChatWatchEventKind::Created).await
    }

    async fn set_archived(&self, chat: Uuid, archived: bool, kind: ChatWatchEventKind) -> Result<(), ChatdError> {
        let family = family::set_family_archived(&self.store, &self.clock, chat, archived).await?;
        if archived {
            let ids: Vec<Uuid> = family.iter().map(|member| member.id).collect();
            // What was recorded for debugging is of no use any more; that it could not be deleted is no failure.
            if let Err(error) = self.store.delete_debug_runs(&ids, self.clock.now() - upkeep::DEBUG_LEEWAY).await {
                tracing::warn!(%chat, %error, "the debug runs of an archived chat cannot be deleted");
            }
        }
        for member in &family {
            self.pubsub.publish_update(ChatUpdate::from(member));
            self.publish_watch(kind.clone(), member);
        }
        Ok(())
    }

    /// Drops a waiting message.
    ///
    /// # Errors
    /// When there is no such message, or none at all.
    pub(crate) async fn delete_queued(&self, chat: Uuid, queued_message: i64) -> Result<(), ChatdError> {
        let mut tx = ChatTx::lock(&self.store, &self.clock, chat).await?;
        tx.delete_queued(queued_message).await?;
        self.commit(tx).await?;
        Ok(())
    }

    /// Makes a waiting message the next, and interrupts what runs for it; gives the message where it went into the
    /// history at once.
    ///
    /// # Errors
    /// When there is no such message, or the chat is archived.
    pub(crate) async fn promote_queued(
        &self,
        chat: Uuid,
        queued_message: i64,
    ) -> Result<Option<MessageRow>, ChatdError> {
        let mut tx = self.lock_active(chat).await?;
        let promoted = tx.promote_queued(queued_message).await?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(promoted)
    }

    /// Stores the results of the client's tools and lets the turn go on.
    ///
    /// # Errors
    /// [`ChatdError::NotRequiresAction`] when the chat waits for none; others when they are not those it waits for.
    pub(crate) async fn submit_tool_results(&self, options: SubmitToolResultsOptions) -> Result<(), ChatdError> {
        let mut tx = self.lock_active(options.chat_id).await?;
        let status = tx.chat().status.clone();
        let model = tx.chat().last_model_config_id;
        tx.complete_requires_action(options.user_id, model, options.results).await.map_err(|error| match error {
            ChatdError::NotAllowed { .. } if status != ChatStatus::RequiresAction => {
                ChatdError::NotRequiresAction(status)
            }
            other => other,
        })?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(())
    }

    /// Asks for the end of what the chat is doing.
    ///
    /// # Errors
    /// When it is doing nothing.
    pub(crate) async fn interrupt_chat(&self, chat: Uuid) -> Result<ChatRow, ChatdError> {
        let mut tx = ChatTx::lock(&self.store, &self.clock, chat).await?;
        tx.interrupt().await?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(committed.chat)
    }

    /// Puts a chat that is in no valid state into that of a failure.
    ///
    /// # Errors
    /// When its state is valid.
    pub(crate) async fn reconcile_invalid_state(&self, chat: Uuid) -> Result<ChatRow, ChatdError> {
        let mut tx = ChatTx::lock(&self.store, &self.clock, chat).await?;
        tx.reconcile_invalid_state().await?;
        let committed = self.commit(tx).await?;
        self.publish_watch(ChatWatchEventKind::StatusChange, &committed.chat);
        Ok(committed.chat)
    }

    /// Live parts of answers.
    pub(crate) fn parts(&self) -> &PartBuffer {
        &self.parts
    }

    /// Watches what happens to a user's chats, as events in JSON.
    pub(crate) fn subscribe_watch(&self, owner: Uuid) -> Subscription<Arc<str>> {
        self.pubsub.subscribe_watch(owner)
    }

    /// Tells those who watch the owner's chats.
    #[allow(clippy::needless_pass_by_value, reason = "callers name a kind, they do not hold one")]
    pub(crate) fn publish_watch(&self, kind: ChatWatchEventKind, chat: &ChatRow) {
        self.publish_watch_of(chat.owner_id, &kind, || chat.to_wire());
    }

    /// Tells those who watch the owner's chats what is known of a chat's change now.
    pub(crate) fn publish_diff_status_change(&self, chat: &ChatRow, status: &DiffStatusRow) {
        self.publish_watch_of(chat.owner_id, &ChatWatchEventKind::DiffStatusChange, || Chat {
            diff_status: Some(status.to_wire()),
            ..chat.to_wire()
        });
    }

    fn publish_watch_of(&self, owner: Uuid, kind: &ChatWatchEventKind, chat: impl Fn() -> Chat) {
        self.pubsub.publish_watch(owner, &|| {
            let event = ChatWatchEvent { kind: kind.clone(), chat: chat(), ..ChatWatchEvent::default() };
            serde_json::to_string(&event).expect("a watch event always has a JSON form").into()
        });
    }

    /// Tells those who watch the owner's chats that the title is another.
    pub(crate) fn publish_title_change(&self, chat: &ChatRow) {
        self.publish_watch(ChatWatchEventKind::TitleChange, chat);
    }

    /// Locks a chat that must not be archived.
    async fn lock_active(&self, chat: Uuid) -> Result<ChatTx, ChatdError> {
        let tx = ChatTx::lock(&self.store, &self.clock, chat).await?;
        if tx.chat().archived { Err(ChatdError::Archived) } else { Ok(tx) }
    }

    async fn commit(&self, tx: ChatTx) -> Result<Committed, ChatdError> {
        let committed = tx.commit().await?;
        self.publish(&committed);
        Ok(committed)
    }

    fn publish(&self, committed: &Committed) {
        self.pubsub.publish_update(ChatUpdate::from(&committed.chat));
        if committed.state.is_runnable() && committed.chat.worker_id.is_none() {
            self.pubsub.publish_ownership(committed.chat.id);
        }
    }
}

/// The model that a message asks for.
async fn requested_model(tx: &mut ChatTx, model: Uuid) -> Result<Uuid, ChatdError> {
    match get_model_config(tx.db(), model).await? {
        Some(_) => Ok(model),
        None => Err(ChatdError::InvalidModelConfig(model)),
    }
}

/// The chat's last model, or the default one where that was deleted.
async fn last_model(tx: &mut ChatTx) -> Result<Uuid, ChatdError> {
    let last = tx.chat().last_model_config_id;
    let configs = match get_model_config(tx.db(), last).await? {
        Some(_) => return Ok(last),
        None => get_model_configs(tx.db()).await?,
    };
    configs.iter().find(|config| config.is_default).map(|config| config.id).ok_or(ChatdError::NoDefaultModelConfig)
}

fn user_message(content: &[Part], model: Option<Uuid>, created_by: Uuid, api_key_id: String) -> NewMessage {
    NewMessage {
        created_by: Some(created_by),
        api_key_id: Some(api_key_id),
        model_config_id: model,
        ..NewMessage::new(ChatMessageRole::User, part::encode(content))
    }
}
