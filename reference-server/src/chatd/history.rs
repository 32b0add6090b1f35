//! A chat's history as the model side of the daemon reads and extends it.

use codersdk::{ChatMessagePartType, ChatMessageRole};
use uuid::Uuid;

use super::errors::ChatFailure;
use super::part::Part;
use crate::model::Usage;
use crate::store::messages::{MessageRow, UsageColumns, Visibility};

/// A stored message that was not deleted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryMessage {
    pub(crate) id: i64,
    pub(crate) role: ChatMessageRole,
    pub(crate) audience: Visibility,
    pub(crate) parts: Vec<Part>,
    /// Whether it belongs to a compaction: the summary, or its visible call and result.
    pub(crate) compressed: bool,
    pub(crate) usage: Usage,
    pub(crate) model_config_id: Option<Uuid>,
    pub(crate) provider_response_id: Option<String>,
    pub(crate) api_key_id: Option<String>,
}

impl HistoryMessage {
    /// The stored message with its parts read.
    ///
    /// # Errors
    /// When the content is of no shape that its version allows; the turn fails then.
    pub(crate) fn read(row: &MessageRow) -> Result<Self, ChatFailure> {
        Ok(Self {
            id: row.id,
            role: row.role.clone(),
            audience: row.visibility,
            parts: row.parts().map_err(|error| ChatFailure::internal(&error.to_string()))?,
            compressed: row.compressed,
            usage: usage_told(&row.usage),
            model_config_id: row.model_config_id,
            provider_response_id: row.provider_response_id.clone(),
            api_key_id: row.api_key_id.clone(),
        })
    }

    /// A whole history; deleted messages are left out.
    ///
    /// # Errors
    /// Those of [`HistoryMessage::read`].
    pub(crate) fn read_all(rows: &[MessageRow]) -> Result<Vec<Self>, ChatFailure> {
        rows.iter().filter(|row| !row.deleted).map(Self::read).collect()
    }
}

/// The columns of what a step used.
pub(crate) fn usage_columns(usage: Usage, context_limit: Option<i64>) -> UsageColumns {
    UsageColumns {
        input_tokens: Some(usage.input_tokens),
        output_tokens: Some(usage.output_tokens),
        total_tokens: Some(usage.total_tokens),
        reasoning_tokens: Some(usage.reasoning_tokens),
        cache_creation_tokens: Some(usage.cache_creation_tokens),
        cache_read_tokens: Some(usage.cache_read_tokens),
        context_limit,
    }
}

/// What the columns tell; 0 where they tell nothing.
pub(crate) fn usage_told(columns: &UsageColumns) -> Usage {
    let told = |tokens: Option<i64>| tokens.unwrap_or(0);
    Usage {
        input_tokens: told(columns.input_tokens),
        output_tokens: told(columns.output_tokens),
        total_tokens: told(columns.total_tokens),
        reasoning_tokens: told(columns.reasoning_tokens),
        cache_creation_tokens: told(columns.cache_creation_tokens),
        cache_read_tokens: told(columns.cache_read_tokens),
    }
}

/// The messages of a history that the model is shown: those after the last compaction, and the system's.
pub(crate) fn for_prompt(history: &[HistoryMessage]) -> Vec<&HistoryMessage> {
    let summary = history
        .iter()
        .filter(|message| message.compressed && message.audience == Visibility::Model)
        .map(|message| message.id)
        .max();
    history
        .iter()
        .filter(|message| match message.audience {
            Visibility::User => false,
            _ if message.compressed => Some(message.id) == summary,
            _ if message.role == ChatMessageRole::System => true,
            _ => summary.is_none_or(|summary| message.id > summary),
        })
        .collect()
}

/// The last message that is no part of a compaction.
pub(crate) fn last_uncompressed(history: &[HistoryMessage]) -> Option<&HistoryMessage> {
    history.iter().rev().find(|message| !message.compressed)
}

/// The text of the last assistant message, trimmed; empty where it has none.
pub(crate) fn latest_assistant_text(history: &[HistoryMessage]) -> String {
    for_prompt(history)
        .into_iter()
        .rev()
        .find(|message| message.role == ChatMessageRole::Assistant)
        .map(|message| text_of(&message.parts).trim().to_owned())
        .unwrap_or_default()
}

/// The text parts, joined without a separator.
pub(crate) fn text_of(parts: &[Part]) -> String {
    parts.iter().filter(|part| part.kind == ChatMessagePartType::Text).map(|part| part.text.as_str()).collect()
}
