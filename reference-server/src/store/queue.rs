//! Messages that wait until a chat is free.

use chrono::{DateTime, Utc};
use codersdk::{ChatMessageRole, ChatQueuedMessage};
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::Store;
use crate::chatd::part::{self, Part};

/// A waiting message as it is stored.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub(crate) struct QueuedMessageRow {
    pub(crate) id: i64,
    pub(crate) chat_id: Uuid,
    /// Lower goes first; equal positions go by id.
    pub(crate) position: i64,
    /// Parts as JSON, in the current version.
    pub(crate) content: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Uuid,
    pub(crate) api_key_id: Option<String>,
    pub(crate) model_config_id: Option<Uuid>,
}

impl QueuedMessageRow {
    /// The waiting message on the wire.
    pub(crate) fn to_wire(&self) -> ChatQueuedMessage {
        ChatQueuedMessage {
            id: self.id,
            chat_id: self.chat_id,
            model_config_id: self.model_config_id,
            content: part::decode(&ChatMessageRole::User, &self.content)
                .unwrap_or_default()
                .iter()
                .map(Part::to_wire)
                .collect(),
            created_at: self.created_at,
        }
    }
}

/// The chat's queue, in the order in which it will be worked off.
pub(crate) async fn list(db: impl SqliteExecutor<'_>, chat: Uuid) -> Result<Vec<QueuedMessageRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, chat_id, position, content, created_at, created_by, api_key_id, model_config_id \
         FROM chat_queued_messages WHERE chat_id = $1 ORDER BY position, id",
    )
    .bind(chat)
    .fetch_all(db)
    .await
}

impl Store {
    /// The chat's queue, in the order in which it will be worked off.
    pub(crate) async fn queue(&self, chat: Uuid) -> Result<Vec<QueuedMessageRow>, sqlx::Error> {
        list(self.pool(), chat).await
    }
}
