//! Messages of chats: rows, how they are read, and how a batch of them is written.

use chrono::{DateTime, Utc};
use codersdk::{ChatMessage, ChatMessageRole, ChatMessageUsage};
use sqlx::{QueryBuilder, Sqlite, SqliteExecutor};
use uuid::Uuid;

use super::{Store, Tx};
use crate::chatd::content::{self, ContentError};
use crate::chatd::part::Part;

/// Who a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum Visibility {
    /// The model and people.
    Both,
    /// People alone.
    User,
    /// The model alone.
    Model,
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct MessageRow {
    pub(crate) id: i64,
    pub(crate) chat_id: Uuid,
    pub(crate) created_at: DateTime<Utc>,
    #[sqlx(try_from = "String")]
    pub(crate) role: ChatMessageRole,
    pub(crate) visibility: Visibility,
    /// Parts as JSON, in the form that `content_version` tells; see [`content`].
    pub(crate) content: Option<String>,
    pub(crate) content_version: i64,
    pub(crate) created_by: Option<Uuid>,
    /// The API key that caused the message; always there on a user's.
    pub(crate) api_key_id: Option<String>,
    pub(crate) model_config_id: Option<Uuid>,
    /// Whether it belongs to a compaction: the summary or its visible call and result.
    pub(crate) compressed: bool,
    pub(crate) deleted: bool,
    /// The snapshot in which the row last changed.
    pub(crate) revision: i64,
    #[sqlx(flatten)]
    pub(crate) usage: UsageColumns,
    pub(crate) total_cost_micros: Option<i64>,
    pub(crate) runtime_ms: Option<i64>,
    pub(crate) provider_response_id: Option<String>,
}

/// Tokens that a message took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct UsageColumns {
    pub(crate) input_tokens: Option<i64>,
    pub(crate) output_tokens: Option<i64>,
    pub(crate) total_tokens: Option<i64>,
    pub(crate) reasoning_tokens: Option<i64>,
    pub(crate) cache_creation_tokens: Option<i64>,
    pub(crate) cache_read_tokens: Option<i64>,
    pub(crate) context_limit: Option<i64>,
}

impl UsageColumns {
    /// The usage on the wire, absent where no column is filled.
    pub(crate) fn to_wire(self) -> Option<ChatMessageUsage> {
        (self != Self::default()).then_some(ChatMessageUsage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            total_tokens: self.total_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cache_creation_tokens: self.cache_creation_tokens,
            cache_read_tokens: self.cache_read_tokens,
            context_limit: self.context_limit,
        })
    }
}

impl MessageRow {
    /// The message's parts, with what only the server may know.
    ///
    /// # Errors
    /// When the content is of no shape that its version allows.
    pub(crate) fn parts(&self) -> Result<Vec<Part>, ContentError> {
        self.content
            .as_deref()
            .map_or(Ok(Vec::new()), |stored| content::decode(&self.role, self.content_version, stored))
    }

    /// The message on the wire: content that does not parse is left out.
    pub(crate) fn to_wire(&self) -> ChatMessage {
        ChatMessage {
            id: self.id,
            chat_id: self.chat_id,
            created_by: self.created_by,
            model_config_id: self.model_config_id,
            created_at: self.created_at,
            role: self.role.clone(),
            content: self.parts().unwrap_or_default().iter().map(Part::to_wire).collect(),
            usage: self.usage.to_wire(),
        }
    }
}

/// A message to be stored. Absent and zero numbers are both stored as absent.
#[derive(Debug, Clone)]
pub(crate) struct NewMessage {
    pub(crate) role: ChatMessageRole,
    pub(crate) visibility: Visibility,
    /// Parts as JSON, as [`crate::chatd::part::encode`] makes them.
    pub(crate) content: Option<String>,
    pub(crate) created_by: Option<Uuid>,
    pub(crate) api_key_id: Option<String>,
    pub(crate) model_config_id: Option<Uuid>,
    pub(crate) compressed: bool,
    pub(crate) usage: UsageColumns,
    pub(crate) total_cost_micros: Option<i64>,
    pub(crate) runtime_ms: Option<i64>,
    pub(crate) provider_response_id: Option<String>,
}

impl NewMessage {
    /// A message with content alone, seen by the model and people.
    pub(crate) fn new(role: ChatMessageRole, content: String) -> Self {
        Self {
            role,
            visibility: Visibility::Both,
            content: Some(content),
            created_by: None,
            api_key_id: None,
            model_config_id: None,
            compressed: false,
            usage: UsageColumns::default(),
            total_cost_micros: None,
            runtime_ms: None,
            provider_response_id: None,
        }
    }
}

/// The columns of a [`MessageRow`]; a condition on `m` follows.
macro_rules! select_message {
    ($rest:literal) => {
        concat!(
            "SELECT m.id, m.chat_id, m.created_at, m.role, m.visibility, m.content, m.content_version, m.created_by, \
             m.api_key_id, m.model_config_id, m.compressed, m.deleted, m.revision, m.input_tokens, m.output_tokens, \
             m.total_tokens, m.reasoning_tokens, m.cache_creation_tokens, m.cache_read_tokens, m.context_limit, \
             m.total_cost_micros, m.runtime_ms, m.provider_response_id FROM chat_messages m ",
            $rest
        )
    };
}

/// Stores messages of one chat in one statement, in order and with ascending ids.
pub(crate) async fn insert(
    tx: &mut Tx,
    chat: Uuid,
    revision: i64,
    now: DateTime<Utc>,
    messages: Vec<NewMessage>,
) -> Result<Vec<MessageRow>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO chat_messages (chat_id, created_at, role, visibility, content, content_version, created_by, \
         api_key_id, model_config_id, compressed, revision, input_tokens, output_tokens, total_tokens, \
         reasoning_tokens, cache_creation_tokens, cache_read_tokens, context_limit, total_cost_micros, runtime_ms, \
         provider_response_id) ",
    );
    let absent_if_zero = |number: Option<i64>| number.filter(|n| *n != 0);
    let mut rows: Vec<MessageRow> = messages
        .into_iter()
        .map(|message| MessageRow {
            id: 0,
            chat_id: chat,
            created_at: now,
            role: message.role,
            visibility: message.visibility,
            content: message.content,
            content_version: content::CURRENT_VERSION,
            created_by: message.created_by,
            api_key_id: message.api_key_id.filter(|id| !id.is_empty()),
            model_config_id: message.model_config_id.filter(|id| !id.is_nil()),
            compressed: message.compressed,
            deleted: false,
            revision,
            usage: UsageColumns {
                input_tokens: absent_if_zero(message.usage.input_tokens),
                output_tokens: absent_if_zero(message.usage.output_tokens),
                total_tokens: absent_if_zero(message.usage.total_tokens),
                reasoning_tokens: absent_if_zero(message.usage.reasoning_tokens),
                cache_creation_tokens: absent_if_zero(message.usage.cache_creation_tokens),
                cache_read_tokens: absent_if_zero(message.usage.cache_read_tokens),
                context_limit: absent_if_zero(message.usage.context_limit),
            },
            total_cost_micros: absent_if_zero(message.total_cost_micros),
            runtime_ms: absent_if_zero(message.runtime_ms),
            provider_response_id: message.provider_response_id.filter(|id| !id.is_empty()),
        })
        .collect();
    query.push_values(&rows, |mut values, row| {
        values
            .push_bind(row.chat_id)
            .push_bind(row.created_at)
            .push_bind(row.role.as_str())
            .push_bind(row.visibility)
            .push_bind(row.content.as_deref())
            .push_bind(row.content_version)
            .push_bind(row.created_by)
            .push_bind(row.api_key_id.as_deref())
            .push_bind(row.model_config_id)
            .push_bind(row.compressed)
            .push_bind(row.revision)
            .push_bind(row.usage.input_tokens)
            .push_bind(row.usage.output_tokens)
            .push_bind(row.usage.total_tokens)
            .push_bind(row.usage.reasoning_tokens)
            .push_bind(row.usage.cache_creation_tokens)
            .push_bind(row.usage.cache_read_tokens)
            .push_bind(row.usage.context_limit)
            .push_bind(row.total_cost_micros)
            .push_bind(row.runtime_ms)
            .push_bind(row.provider_response_id.as_deref());
    });
    query.push(" RETURNING id");
    let mut ids: Vec<i64> = query.build_query_scalar().fetch_all(&mut **tx).await?;
    ids.sort_unstable();
    for (row, id) in rows.iter_mut().zip(ids) {
        row.id = id;
    }
    Ok(rows)
}

/// The message with this id, whatever its chat and whether it is deleted or not.
pub(crate) async fn find(db: impl SqliteExecutor<'_>, id: i64) -> Result<Option<MessageRow>, sqlx::Error> {
    sqlx::query_as(select_message!("WHERE m.id = $1")).bind(id).fetch_optional(db).await
}

/// The last assistant message of the chat and what follows it, oldest first; empty without one.
pub(crate) async fn from_last_assistant(
    db: impl SqliteExecutor<'_>,
    chat: Uuid,
) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as(select_message!(
        "WHERE m.chat_id = $1 AND NOT m.deleted AND m.id >= (SELECT MAX(l.id) FROM chat_messages l \
         WHERE l.chat_id = $1 AND l.role = 'assistant' AND NOT l.deleted) ORDER BY m.id"
    ))
    .bind(chat)
    .fetch_all(db)
    .await
}

/// What people see and what they no longer see, as far as it changed after the snapshot, oldest first.
pub(crate) async fn changed_since(
    db: impl SqliteExecutor<'_>,
    chat: Uuid,
    snapshot: i64,
) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as(select_message!(
        "WHERE m.chat_id = $1 AND m.revision > $2 AND m.visibility IN ('user', 'both') ORDER BY m.id"
    ))
    .bind(chat)
    .bind(snapshot)
    .fetch_all(db)
    .await
}

/// Everything that people see, oldest first.
pub(crate) async fn visible(db: impl SqliteExecutor<'_>, chat: Uuid) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as(select_message!(
        "WHERE m.chat_id = $1 AND NOT m.deleted AND m.visibility IN ('user', 'both') ORDER BY m.id"
    ))
    .bind(chat)
    .fetch_all(db)
    .await
}

/// Every message that is not deleted, whoever it is for, oldest first.
pub(crate) async fn history(db: impl SqliteExecutor<'_>, chat: Uuid) -> Result<Vec<MessageRow>, sqlx::Error> {
    sqlx::query_as(select_message!("WHERE m.chat_id = $1 AND NOT m.deleted ORDER BY m.id"))
        .bind(chat)
        .fetch_all(db)
        .await
}

impl Store {
    /// The message with this id; deleted ones too.
    pub(crate) async fn message(&self, id: i64) -> Result<Option<MessageRow>, sqlx::Error> {
        find(self.pool(), id).await
    }

    /// A page of what people see, newest first, older than `before` where it is given.
    pub(crate) async fn messages_before(
        &self,
        chat: Uuid,
        before: Option<i64>,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageRow>, sqlx::Error> {
        sqlx::query_as(select_message!(
            "WHERE m.chat_id = $1 AND NOT m.deleted AND m.visibility IN ('user', 'both') \
             AND ($2 IS NULL OR m.id < $2) AND ($3 IS NULL OR m.id > $3) ORDER BY m.id DESC LIMIT $4"
        ))
        .bind(chat)
        .bind(before)
        .bind(after)
        .bind(limit)
        .fetch_all(self.pool())
        .await
    }

    /// A page of what people see, oldest first, newer than `after`.
    pub(crate) async fn messages_after(
        &self,
        chat: Uuid,
        after: i64,
        limit: i64,
    ) -> Result<Vec<MessageRow>, sqlx::Error> {
        sqlx::query_as(select_message!(
            "WHERE m.chat_id = $1 AND NOT m.deleted AND m.visibility IN ('user', 'both') AND m.id > $2 \
             ORDER BY m.id LIMIT $3"
        ))
        .bind(chat)
        .bind(after)
        .bind(limit)
        .fetch_all(self.pool())
        .await
    }

    /// The user's own messages, newest first, older than `before` where it is given.
    pub(crate) async fn user_prompts(
        &self,
        chat: Uuid,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<MessageRow>, sqlx::Error> {
        sqlx::query_as(select_message!(
            "WHERE m.chat_id = $1 AND NOT m.deleted AND m.role = 'user' AND m.visibility IN ('user', 'both') \
             AND ($2 IS NULL OR m.id < $2) ORDER BY m.id DESC LIMIT $3"
        ))
        .bind(chat)
        .bind(before)
        .bind(limit)
        .fetch_all(self.pool())
        .await
    }
}
