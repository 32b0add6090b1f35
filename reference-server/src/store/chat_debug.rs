//! What was recorded of chats for debugging: runs, such as a turn, and the steps of each.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use uuid::Uuid;

use super::Store;

/// A row of `chat_debug_runs`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct DebugRunRow {
    pub(crate) id: Uuid,
    pub(crate) chat_id: Uuid,
    pub(crate) root_chat_id: Option<Uuid>,
    pub(crate) parent_chat_id: Option<Uuid>,
    pub(crate) model_config_id: Option<Uuid>,
    /// The user's message that the run answers.
    pub(crate) trigger_message_id: Option<i64>,
    /// The last message when the run began.
    pub(crate) history_tip_message_id: Option<i64>,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) summary: Json<Map<String, Value>>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

/// A row of `chat_debug_steps`.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct DebugStepRow {
    pub(crate) id: Uuid,
    pub(crate) run_id: Uuid,
    pub(crate) chat_id: Uuid,
    pub(crate) step_number: i32,
    pub(crate) operation: String,
    pub(crate) status: String,
    pub(crate) history_tip_message_id: Option<i64>,
    /// The stored message that the step brought.
    pub(crate) assistant_message_id: Option<i64>,
    pub(crate) normalized_request: Json<Map<String, Value>>,
    pub(crate) normalized_response: Option<Json<Map<String, Value>>>,
    pub(crate) usage: Option<Json<Map<String, Value>>>,
    pub(crate) attempts: Json<Vec<Map<String, Value>>>,
    pub(crate) error: Option<Json<Map<String, Value>>>,
    pub(crate) metadata: Json<Map<String, Value>>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// A chat's latest runs, the newest first.
    pub(crate) async fn debug_runs(&self, chat_id: Uuid, limit: i64) -> sqlx::Result<Vec<DebugRunRow>> {
        sqlx::query_as("SELECT * FROM chat_debug_runs WHERE chat_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2")
            .bind(chat_id)
            .bind(limit)
            .fetch_all(self.pool())
            .await
    }

    /// One run.
    pub(crate) async fn debug_run(&self, id: Uuid) -> sqlx::Result<Option<DebugRunRow>> {
        sqlx::query_as("SELECT * FROM chat_debug_runs WHERE id = $1").bind(id).fetch_optional(self.pool()).await
    }

    /// The steps of a run, in their order.
    pub(crate) async fn debug_steps(&self, run_id: Uuid) -> sqlx::Result<Vec<DebugStepRow>> {
        sqlx::query_as("SELECT * FROM chat_debug_steps WHERE run_id = $1 ORDER BY step_number, started_at")
            .bind(run_id)
            .fetch_all(self.pool())
            .await
    }

    /// Records the beginning of a run.
    pub(crate) async fn insert_debug_run(&self, row: &DebugRunRow) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_debug_runs \
             (id, chat_id, root_chat_id, parent_chat_id, model_config_id, trigger_message_id, \
              history_tip_message_id, kind, status, provider, model, summary, started_at, updated_at, finished_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind(row.id)
        .bind(row.chat_id)
        .bind(row.root_chat_id)
        .bind(row.parent_chat_id)
        .bind(row.model_config_id)
        .bind(row.trigger_message_id)
        .bind(row.history_tip_message_id)
        .bind(&row.kind)
        .bind(&row.status)
        .bind(&row.provider)
        .bind(&row.model)
        .bind(&row.summary)
        .bind(row.started_at)
        .bind(row.updated_at)
        .bind(row.finished_at)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Records how a run goes; one that has ended stays as it ended.
    pub(crate) async fn update_debug_run(&self, row: &DebugRunRow) -> sqlx::Result<()> {
        sqlx::query(
            "UPDATE chat_debug_runs SET status = $2, summary = $3, updated_at = $4, finished_at = $5 \
             WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(row.id)
        .bind(&row.status)
        .bind(&row.summary)
        .bind(row.updated_at)
        .bind(row.finished_at)
        .execute(self.pool())
        .await?;
        Ok(())
    }

    /// Deletes the runs of these chats that began before this time.
    pub(crate) async fn delete_debug_runs(&self, chats: &[Uuid], before: DateTime<Utc>) -> sqlx::Result<()> {
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM chat_debug_runs WHERE started_at < ");
        query.push_bind(before).push(" AND chat_id IN (");
        let mut ids = query.separated(", ");
        for chat in chats {
            ids.push_bind(*chat);
        }
        query.push(")").build().execute(self.pool()).await?;
        Ok(())
    }

    /// Records a step that is over.
    pub(crate) async fn insert_debug_step(&self, row: &DebugStepRow) -> sqlx::Result<()> {
        sqlx::query(
            "INSERT INTO chat_debug_steps \
             (id, run_id, chat_id, step_number, operation, status, history_tip_message_id, assistant_message_id, \
              normalized_request, normalized_response, usage, attempts, error, metadata, started_at, updated_at, \
              finished_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        )
        .bind(row.id)
        .bind(row.run_id)
        .bind(row.chat_id)
        .bind(row.step_number)
        .bind(&row.operation)
        .bind(&row.status)
        .bind(row.history_tip_message_id)
        .bind(row.assistant_message_id)
        .bind(&row.normalized_request)
        .bind(&row.normalized_response)
        .bind(&row.usage)
        .bind(&row.attempts)
        .bind(&row.error)
        .bind(&row.metadata)
        .bind(row.started_at)
        .bind(row.updated_at)
        .bind(row.finished_at)
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
