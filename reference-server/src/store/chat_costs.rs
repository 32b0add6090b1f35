//! What chats cost: sums over the assistant's messages, those that were edited away included.
//!
//! Costs are in millionths of a dollar, running times in milliseconds.

use chrono::{DateTime, Utc};
use codersdk::{ChatCostChatBreakdown, ChatCostModelBreakdown, ChatCostUserRollup};
use sqlx::{FromRow, Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::Store;

/// The sums that every summary has.
const SUMS: &str = "COALESCE(SUM(m.total_cost_micros), 0) AS total_cost_micros, \
    COUNT(CASE WHEN COALESCE(m.input_tokens, m.output_tokens, m.reasoning_tokens, m.cache_creation_tokens, \
        m.cache_read_tokens) IS NOT NULL THEN 1 END) AS message_count, \
    COALESCE(SUM(m.input_tokens), 0) AS total_input_tokens, \
    COALESCE(SUM(m.output_tokens), 0) AS total_output_tokens, \
    COALESCE(SUM(m.cache_read_tokens), 0) AS total_cache_read_tokens, \
    COALESCE(SUM(m.cache_creation_tokens), 0) AS total_cache_creation_tokens, \
    COALESCE(SUM(m.runtime_ms), 0) AS total_runtime_ms";

/// A user's messages within a time.
const OF_USER: &str = "c.owner_id = $1 AND m.role = 'assistant' AND m.created_at >= $2 AND m.created_at < $3";

/// What a user's chats cost in all.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct CostTotals {
    pub(crate) total_cost_micros: i64,
    pub(crate) priced_message_count: i64,
    /// Messages with tokens but without a price.
    pub(crate) unpriced_message_count: i64,
    pub(crate) total_input_tokens: i64,
    pub(crate) total_output_tokens: i64,
    pub(crate) total_cache_read_tokens: i64,
    pub(crate) total_cache_creation_tokens: i64,
    pub(crate) total_runtime_ms: i64,
}

/// Which users a roll-up shows.
#[derive(Debug, Clone)]
pub(crate) struct CostUsersFilter {
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    /// Part of the login name or of the name, in any case; everybody when empty.
    pub(crate) username: String,
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

impl Store {
    /// What a user's chats cost in `[start, end)`.
    pub(crate) async fn chat_cost_totals(
        &self,
        user_id: Uuid,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> sqlx::Result<CostTotals> {
        let sql = format!(
            "SELECT {SUMS}, COUNT(m.total_cost_micros) AS priced_message_count, \
             COUNT(CASE WHEN m.total_cost_micros IS NULL AND COALESCE(m.input_tokens, m.output_tokens, \
                 m.reasoning_tokens, m.cache_creation_tokens, m.cache_read_tokens) IS NOT NULL THEN 1 END) \
                 AS unpriced_message_count \
             FROM chat_messages m JOIN chats c ON c.id = m.chat_id WHERE {OF_USER}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(user_id).bind(start).bind(end).fetch_one(self.pool()).await
    }

    /// The same by model, the dearest first.
    pub(crate) async fn chat_cost_by_model(
        &self,
        user_id: Uuid,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> sqlx::Result<Vec<ChatCostModelBreakdown>> {
        let sql = format!(
            "SELECT g.id AS model_config_id, g.display_name, g.provider, g.model, {SUMS} \
             FROM chat_messages m JOIN chats c ON c.id = m.chat_id \
             JOIN chat_model_configs g ON g.id = m.model_config_id WHERE {OF_USER} \
             GROUP BY g.id, g.display_name, g.provider, g.model ORDER BY total_cost_micros DESC"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user_id).bind(start).bind(end);
        let rows = rows.fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                let model: String = row.try_get("model")?;
                let display_name: String = row.try_get("display_name")?;
                Ok(ChatCostModelBreakdown {
                    model_config_id: row.try_get("model_config_id")?,
                    // A model that was given no name for people goes by its own.
                    display_name: if display_name.trim().is_empty() { model.clone() } else { display_name },
                    provider: row.try_get("provider")?,
                    model,
                    total_cost_micros: row.try_get("total_cost_micros")?,
                    message_count: row.try_get("message_count")?,
                    total_input_tokens: row.try_get("total_input_tokens")?,
                    total_output_tokens: row.try_get("total_output_tokens")?,
                    total_cache_read_tokens: row.try_get("total_cache_read_tokens")?,
                    total_cache_creation_tokens: row.try_get("total_cache_creation_tokens")?,
                    total_runtime_ms: row.try_get("total_runtime_ms")?,
                })
            })
            .collect()
    }

    /// The same by root chat, the dearest first; what a chat's children cost counts for it.
    pub(crate) async fn chat_cost_by_chat(
        &self,
        user_id: Uuid,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> sqlx::Result<Vec<ChatCostChatBreakdown>> {
        let sql = format!(
            "SELECT s.*, COALESCE(r.title, '') AS chat_title FROM \
             (SELECT COALESCE(c.root_chat_id, c.id) AS root_id, {SUMS} \
              FROM chat_messages m JOIN chats c ON c.id = m.chat_id WHERE {OF_USER} \
              GROUP BY COALESCE(c.root_chat_id, c.id)) s \
             LEFT JOIN chats r ON r.id = s.root_id ORDER BY s.total_cost_micros DESC"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user_id).bind(start).bind(end);
        let rows = rows.fetch_all(self.pool()).await?;
        rows.iter()
            .map(|row| {
                Ok(ChatCostChatBreakdown {
                    root_chat_id: row.try_get("root_id")?,
                    chat_title: row.try_get("chat_title")?,
                    total_cost_micros: row.try_get("total_cost_micros")?,
                    message_count: row.try_get("message_count")?,
                    total_input_tokens: row.try_get("total_input_tokens")?,
                    total_output_tokens: row.try_get("total_output_tokens")?,
                    total_cache_read_tokens: row.try_get("total_cache_read_tokens")?,
                    total_cache_creation_tokens: row.try_get("total_cache_creation_tokens")?,
                    total_runtime_ms: row.try_get("total_runtime_ms")?,
                })
            })
            .collect()
    }

    /// A page of users with what their chats cost, the dearest first, and how many users there are in all. A page
    /// past the end is empty and counts nobody.
    pub(crate) async fn chat_cost_by_user(
        &self,
        filter: &CostUsersFilter,
    ) -> sqlx::Result<(Vec<ChatCostUserRollup>, i64)> {
        let sql = format!(
            "SELECT s.*, COUNT(*) OVER () AS total_count FROM \
             (SELECT u.id AS user_id, u.username, u.name, u.avatar_url, {SUMS}, \
                 COUNT(DISTINCT COALESCE(c.root_chat_id, c.id)) AS chat_count \
              FROM chat_messages m JOIN chats c ON c.id = m.chat_id JOIN users u ON u.id = c.owner_id \
              WHERE m.role = 'assistant' AND m.created_at >= $1 AND m.created_at < $2 \
              AND ($3 = '' OR lower(u.username) LIKE '%' || lower($3) || '%' ESCAPE '\\' \
                  OR lower(u.name) LIKE '%' || lower($3) || '%' ESCAPE '\\') \
              GROUP BY u.id, u.username, u.name, u.avatar_url) s \
             ORDER BY s.total_cost_micros DESC, s.username LIMIT $4 OFFSET $5"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(filter.start)
            .bind(filter.end)
            .bind(&filter.username)
            .bind(filter.limit)
            .bind(filter.offset)
            .fetch_all(self.pool())
            .await?;
        let count = rows.first().map_or(Ok(0), |row| row.try_get("total_count"))?;
        let users = rows.iter().map(rollup).collect::<sqlx::Result<_>>()?;
        Ok((users, count))
    }
}

fn rollup(row: &SqliteRow) -> sqlx::Result<ChatCostUserRollup> {
    Ok(ChatCostUserRollup {
        user_id: row.try_get("user_id")?,
        username: row.try_get("username")?,
        name: row.try_get("name")?,
        avatar_url: row.try_get("avatar_url")?,
        total_cost_micros: row.try_get("total_cost_micros")?,
        message_count: row.try_get("message_count")?,
        chat_count: row.try_get("chat_count")?,
        total_input_tokens: row.try_get("total_input_tokens")?,
        total_output_tokens: row.try_get("total_output_tokens")?,
        total_cache_read_tokens: row.try_get("total_cache_read_tokens")?,
        total_cache_creation_tokens: row.try_get("total_cache_creation_tokens")?,
        total_runtime_ms: row.try_get("total_runtime_ms")?,
    })
}
