//! Chats: rows, and how they are read.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use codersdk::{
    Chat, ChatClientType, ChatContext, ChatError, ChatErrorKind, ChatPlanMode, ChatStatus, ChatStreamRetry,
    DynamicToolDefinition,
};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::Store;

/// Who may do what with a chat besides its owner: permissions by user or group id.
pub(crate) type Acl = BTreeMap<String, AclEntry>;

/// The permissions of one user or group.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct AclEntry {
    #[serde(default)]
    pub(crate) permissions: Vec<String>,
}

/// The mode of an Explore subagent's chat, as stored in [`ChatRow::mode`].
pub(crate) const MODE_EXPLORE: &str = "explore";

/// A chat with its owner's names and the access list of its root.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChatRow {
    pub(crate) id: Uuid,
    pub(crate) organization_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) owner_username: String,
    pub(crate) owner_name: String,
    pub(crate) workspace_id: Option<Uuid>,
    pub(crate) build_id: Option<Uuid>,
    pub(crate) agent_id: Option<Uuid>,
    pub(crate) parent_chat_id: Option<Uuid>,
    /// Absent on a root.
    pub(crate) root_chat_id: Option<Uuid>,
    pub(crate) title: String,
    pub(crate) mode: Option<String>,
    pub(crate) plan_mode: Option<String>,
    #[sqlx(try_from = "String")]
    pub(crate) client_type: ChatClientType,
    pub(crate) last_model_config_id: Uuid,
    #[sqlx(json)]
    pub(crate) mcp_server_ids: Vec<Uuid>,
    #[sqlx(json)]
    pub(crate) labels: BTreeMap<String, String>,
    #[sqlx(json(nullable))]
    pub(crate) dynamic_tools: Option<Vec<DynamicToolDefinition>>,
    /// 0 is not pinned.
    pub(crate) pin_order: i32,
    pub(crate) last_turn_summary: Option<String>,
    /// Of the context that the chat works with; none until its agent has pushed one.
    pub(crate) context_hash: Option<Vec<u8>>,
    /// Since when its agent has another context.
    pub(crate) context_dirty_since: Option<DateTime<Utc>>,
    pub(crate) context_error: String,
    #[sqlx(json)]
    pub(crate) user_acl: Acl,
    #[sqlx(json)]
    pub(crate) group_acl: Acl,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    #[sqlx(try_from = "String")]
    pub(crate) status: ChatStatus,
    pub(crate) archived: bool,
    #[sqlx(try_from = "StoredError")]
    pub(crate) last_error: Option<ChatError>,
    /// Grows by one with every transaction of the state machine.
    pub(crate) snapshot_version: i64,
    /// The snapshot in which a message last changed.
    pub(crate) history_version: i64,
    /// The snapshot in which the queue last changed.
    pub(crate) queue_version: i64,
    /// Counts the calls of the model for one history; 0 until the first.
    pub(crate) generation_attempt: i64,
    #[sqlx(json(nullable))]
    pub(crate) retry_state: Option<ChatStreamRetry>,
    /// The snapshot in which the retry state last changed.
    pub(crate) retry_state_version: i64,
    pub(crate) requires_action_deadline_at: Option<DateTime<Utc>>,
    pub(crate) worker_id: Option<Uuid>,
    pub(crate) runner_id: Option<Uuid>,
    /// When the worker last said that it is alive.
    pub(crate) heartbeat_at: Option<DateTime<Utc>>,
}

/// The column of a chat's last error.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct StoredError(Option<String>);

impl From<StoredError> for Option<ChatError> {
    fn from(stored: StoredError) -> Self {
        stored.0.as_deref().and_then(stored_error)
    }
}

/// A stored error. One that cannot be read, or says nothing, is a failure without details.
pub(crate) fn stored_error(stored: &str) -> Option<ChatError> {
    if stored.is_empty() {
        return None;
    }
    let mut error: ChatError = serde_json::from_str(stored).unwrap_or_default();
    let trimmed = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    error.message = error.message.trim().to_owned();
    if error.message.is_empty() {
        "The chat request failed unexpectedly.".clone_into(&mut error.message);
    }
    error.detail = trimmed(error.detail);
    error.provider = trimmed(error.provider);
    let kind = error.kind.as_ref().map(|kind| kind.as_str().trim()).filter(|kind| !kind.is_empty());
    error.kind = Some(kind.map_or(ChatErrorKind::Generic, ChatErrorKind::from));
    Some(error)
}

impl ChatRow {
    /// The root of the chat's family: itself, unless it has a parent.
    pub(crate) fn root_id(&self) -> Uuid {
        self.root_chat_id.or(self.parent_chat_id).unwrap_or(self.id)
    }

    /// The tools that the client runs.
    pub(crate) fn dynamic_tools(&self) -> &[DynamicToolDefinition] {
        self.dynamic_tools.as_deref().unwrap_or_default()
    }

    /// Whether the tool of this name is run by the client.
    pub(crate) fn is_dynamic_tool(&self, name: &str) -> bool {
        self.dynamic_tools().iter().any(|tool| tool.name == name)
    }

    /// Whether this is an Explore subagent's chat.
    pub(crate) fn is_explore(&self) -> bool {
        self.mode.as_deref() == Some(MODE_EXPLORE)
    }

    /// The state of its context, if there is something to say of it.
    fn context(&self) -> Option<ChatContext> {
        let hashed = self.context_hash.as_ref().is_some_and(|hash| !hash.is_empty());
        (hashed || self.context_dirty_since.is_some() || !self.context_error.is_empty()).then(|| ChatContext {
            dirty: self.context_dirty_since.is_some(),
            dirty_since: self.context_dirty_since,
            error: Some(self.context_error.clone()).filter(|error| !error.is_empty()),
            resources: Vec::new(),
        })
    }

    /// The chat on the wire, without what other tables hold: diff status, files, unread mark, children.
    pub(crate) fn to_wire(&self) -> Chat {
        Chat {
            id: self.id,
            organization_id: self.organization_id,
            owner_id: self.owner_id,
            owner_username: Some(self.owner_username.clone()).filter(|name| !name.is_empty()),
            owner_name: Some(self.owner_name.clone()).filter(|name| !name.is_empty()),
            workspace_id: self.workspace_id,
            build_id: self.build_id,
            agent_id: self.agent_id,
            parent_chat_id: self.parent_chat_id,
            root_chat_id: Some(self.root_id()),
            last_model_config_id: self.last_model_config_id,
            title: self.title.clone(),
            status: self.status.clone(),
            plan_mode: self.plan_mode.as_deref().map(ChatPlanMode::from),
            last_error: self.last_error.clone(),
            last_turn_summary: self.last_turn_summary.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived: self.archived,
            shared: !self.user_acl.is_empty() || !self.group_acl.is_empty(),
            pin_order: self.pin_order,
            mcp_server_ids: self.mcp_server_ids.clone().into(),
            labels: self.labels.clone().into(),
            client_type: self.client_type.clone(),
            context: self.context(),
            children: Vec::new().into(),
            ..Chat::default()
        }
    }
}

/// The columns of a [`ChatRow`] and where they come from; a condition on `c` follows.
macro_rules! select_chat {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.organization_id, c.owner_id, COALESCE(u.username, '') AS owner_username, \
             COALESCE(u.name, '') AS owner_name, c.workspace_id, c.build_id, c.agent_id, c.parent_chat_id, \
             c.root_chat_id, c.title, c.mode, c.plan_mode, c.client_type, c.last_model_config_id, c.mcp_server_ids, \
             c.labels, c.dynamic_tools, c.pin_order, c.last_turn_summary, c.context_hash, \
             c.context_dirty_since, c.context_error, \
             COALESCE(r.user_acl, c.user_acl) AS user_acl, COALESCE(r.group_acl, c.group_acl) AS group_acl, \
             c.created_at, c.updated_at, c.status, c.archived, c.last_error, c.snapshot_version, c.history_version, \
             c.queue_version, c.generation_attempt, c.retry_state, c.retry_state_version, \
             c.requires_action_deadline_at, c.worker_id, c.runner_id, c.heartbeat_at \
             FROM chats c LEFT JOIN users u ON u.id = c.owner_id LEFT JOIN chats r ON r.id = c.root_chat_id ",
            $rest
        )
    };
}
pub(crate) use select_chat;

/// The chat with this id, inside or outside a transaction.
pub(crate) async fn find(db: impl SqliteExecutor<'_>, id: Uuid) -> Result<Option<ChatRow>, sqlx::Error> {
    sqlx::query_as(select_chat!("WHERE c.id = $1")).bind(id).fetch_optional(db).await
}

/// The root and every chat below it: the root first, then by age.
pub(crate) async fn family(db: impl SqliteExecutor<'_>, root: Uuid) -> Result<Vec<ChatRow>, sqlx::Error> {
    sqlx::query_as(select_chat!("WHERE c.id = $1 OR c.root_chat_id = $1 ORDER BY c.id <> $1, c.created_at, c.id"))
        .bind(root)
        .fetch_all(db)
        .await
}

impl Store {
    /// The chat with this id.
    pub(crate) async fn chat(&self, id: Uuid) -> Result<Option<ChatRow>, sqlx::Error> {
        find(self.pool(), id).await
    }

    /// The chats with these parents, newest first.
    pub(crate) async fn children_of(
        &self,
        parents: &[Uuid],
        archived: Option<bool>,
    ) -> Result<Vec<ChatRow>, sqlx::Error> {
        if parents.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = sqlx::QueryBuilder::new(select_chat!("WHERE c.parent_chat_id IN ("));
        let mut ids = query.separated(", ");
        for parent in parents {
            ids.push_bind(*parent);
        }
        query.push(")");
        if let Some(archived) = archived {
            query.push(" AND c.archived = ").push_bind(archived);
        }
        query.push(" ORDER BY c.created_at DESC, c.id DESC");
        query.build_query_as().fetch_all(self.pool()).await
    }

    /// Which of these chats have an answer that their owner has not read.
    pub(crate) async fn unread_of(&self, chats: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
        if chats.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = sqlx::QueryBuilder::new("SELECT c.id FROM chats c WHERE c.id IN (");
        let mut ids = query.separated(", ");
        for chat in chats {
            ids.push_bind(*chat);
        }
        query.push(
            ") AND EXISTS (SELECT 1 FROM chat_messages m WHERE m.chat_id = c.id AND m.role = 'assistant' \
             AND NOT m.deleted AND m.id > c.last_read_message_id)",
        );
        query.build_query_scalar().fetch_all(self.pool()).await
    }

    /// Notes that the owner has seen every message so far.
    pub(crate) async fn mark_read(&self, chat: Uuid) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE chats SET last_read_message_id = COALESCE((SELECT MAX(id) FROM chat_messages \
             WHERE chat_id = $1 AND role = 'assistant' AND NOT deleted), last_read_message_id) WHERE id = $1",
        )
        .bind(chat)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
