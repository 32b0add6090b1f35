//! The contexts of chats: copies of what their agents pushed, which stay as they are until somebody renews them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Store, Tx};

/// A row of `chat_context_resources`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ChatContextRow {
    /// Path of the file or folder, or the name of the MCP server.
    pub(crate) source: String,
    /// `instruction_file`, `skill`, `mcp_config` or `mcp_server`.
    pub(crate) body_kind: String,
    /// JSON.
    pub(crate) body: String,
    pub(crate) size_bytes: i64,
    pub(crate) status: String,
    pub(crate) error: String,
}

/// Copies what the agents of some chats have pushed; the condition on the chats `c` follows.
macro_rules! copy_resources {
    ($condition:literal) => {
        concat!(
            "INSERT OR REPLACE INTO chat_context_resources (chat_id, source, body_kind, body, size_bytes, status, \
             error) SELECT c.id, r.source, r.body_kind, r.body, r.size_bytes, r.status, r.error FROM chats c \
             JOIN workspace_agent_context_resources r ON r.workspace_agent_id = c.agent_id WHERE ",
            $condition
        )
    };
}

/// Gives the chats of an agent that have no context yet what it has pushed, if it has.
pub(crate) async fn pin_new_chats(tx: &mut Tx, agent: Uuid) -> sqlx::Result<()> {
    sqlx::query(copy_resources!("c.agent_id = $1 AND NOT c.archived AND c.context_hash IS NULL"))
        .bind(agent)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "UPDATE chats SET context_hash = s.aggregate_hash, context_error = s.snapshot_error \
         FROM workspace_agent_context_snapshots s WHERE s.workspace_agent_id = $1 AND chats.agent_id = $1 \
         AND NOT chats.archived AND chats.context_hash IS NULL",
    )
    .bind(agent)
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Marks the chats of an agent whose context is not the one with this hash; gives those that were not marked before.
pub(crate) async fn mark_drifted(tx: &mut Tx, agent: Uuid, hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(
        "UPDATE chats SET context_dirty_since = $3 WHERE agent_id = $1 AND NOT archived \
         AND status IN ('waiting', 'running', 'paused', 'pending', 'requires_action') \
         AND context_hash IS NOT NULL AND context_hash <> $2 AND context_dirty_since IS NULL RETURNING id",
    )
    .bind(agent)
    .bind(hash)
    .bind(now)
    .fetch_all(&mut **tx)
    .await
}

/// Gives a chat the context that its agent pushed last; none if it has no agent or that has pushed none.
pub(crate) async fn repin(tx: &mut Tx, chat: Uuid) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM chat_context_resources WHERE chat_id = $1").bind(chat).execute(&mut **tx).await?;
    sqlx::query(copy_resources!("c.id = $1")).bind(chat).execute(&mut **tx).await?;
    sqlx::query(
        "UPDATE chats SET context_dirty_since = NULL, context_hash = (SELECT s.aggregate_hash \
         FROM workspace_agent_context_snapshots s WHERE s.workspace_agent_id = chats.agent_id), \
         context_error = COALESCE((SELECT s.snapshot_error FROM workspace_agent_context_snapshots s \
         WHERE s.workspace_agent_id = chats.agent_id), '') WHERE id = $1",
    )
    .bind(chat)
    .execute(&mut **tx)
    .await
    .map(drop)
}

impl Store {
    /// What the chat's context holds, by source.
    pub(crate) async fn chat_context(&self, chat: Uuid) -> sqlx::Result<Vec<ChatContextRow>> {
        sqlx::query_as("SELECT * FROM chat_context_resources WHERE chat_id = $1 ORDER BY source")
            .bind(chat)
            .fetch_all(self.pool())
            .await
    }

    /// Gives the chats of an agent that have no context yet what it has pushed, if it has.
    pub(crate) async fn pin_new_chats(&self, agent: Uuid) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        pin_new_chats(&mut tx, agent).await?;
        tx.commit().await
    }

    /// Gives a chat the context that its agent pushed last.
    pub(crate) async fn repin_chat(&self, chat: Uuid) -> sqlx::Result<()> {
        let mut tx = self.begin().await?;
        repin(&mut tx, chat).await?;
        tx.commit().await
    }

    /// Renews the contexts of the chats of an agent and owner that have drifted; tells how many there were.
    pub(crate) async fn repin_drifted_chats(&self, agent: Uuid, owner: Uuid) -> sqlx::Result<usize> {
        let mut tx = self.begin().await?;
        let drifted: Vec<Uuid> = sqlx::query_scalar(
            "SELECT id FROM chats WHERE agent_id = $1 AND owner_id = $2 AND NOT archived \
             AND context_dirty_since IS NOT NULL",
        )
        .bind(agent)
        .bind(owner)
        .fetch_all(&mut *tx)
        .await?;
        for chat in &drifted {
            repin(&mut tx, *chat).await?;
        }
        tx.commit().await?;
        Ok(drifted.len())
    }
}
