//! The line that stands for a chat's last turn in lists.

use std::sync::Arc;

use codersdk::{ChatStatus, ChatWatchEventKind};

use super::Daemon;
use super::history::{HistoryMessage, latest_assistant_text};
use super::step::Prepared;
use super::titles::{fallback_label, label_seed, turn_label};
use crate::state::AppState;
use crate::store::Store;
use crate::store::chats::ChatRow;

impl Daemon {
    /// Has the summary of the chat's turn made, where the turn is over or waits for the client; forgets the last one
    /// otherwise. Sub-agents have none.
    pub(crate) fn summarize(
        &self,
        state: &AppState,
        chat: &ChatRow,
        prepared: Option<&Prepared>,
        history: &[HistoryMessage],
    ) {
        if chat.parent_chat_id.is_some() {
            return;
        }
        let fallback = fallback_label(&chat.status);
        match (&chat.status, prepared) {
            (ChatStatus::Waiting, Some(prepared)) => {
                let (state, chat) = (state.clone(), chat.clone());
                let (model, provider) = (Arc::clone(&prepared.model), prepared.provider.clone());
                let answer = latest_assistant_text(history);
                let record = prepared.is_recorded.then(|| label_seed(&chat, history));
                self.tasks.spawn(async move {
                    let label = turn_label(&state, &chat, (&model, &provider), &answer, record);
                    if let Some(label) = state.stop.run_until_cancelled(Box::pin(label)).await {
                        set_summary(&state, chat, Some(label)).await;
                    }
                });
            }
            (ChatStatus::RequiresAction, _) if chat.last_turn_summary.as_deref() == Some(fallback) => {}
            (ChatStatus::Waiting | ChatStatus::RequiresAction, _) => {
                self.tasks.spawn(set_summary_of(state.clone(), chat.clone(), Some(fallback.to_owned())));
            }
            _ => {
                self.tasks.spawn(set_summary_of(state.clone(), chat.clone(), None));
            }
        }
    }

    /// Forgets the summary of the chat's last turn.
    pub(crate) fn clear_summary(&self, state: &AppState, chat: &ChatRow) {
        if chat.parent_chat_id.is_none() {
            self.tasks.spawn(set_summary_of(state.clone(), chat.clone(), None));
        }
    }
}

async fn set_summary_of(state: AppState, chat: ChatRow, summary: Option<String>) {
    set_summary(&state, chat, summary).await;
}

async fn set_summary(state: &AppState, mut chat: ChatRow, summary: Option<String>) {
    match store_summary(&state.store, &chat, summary.as_deref()).await {
        Ok(Some(title)) => {
            (chat.title, chat.last_turn_summary) = (title, summary);
            state.chatd.publish_watch(ChatWatchEventKind::SummaryChange, &chat);
        }
        // The chat has gone on.
        Ok(None) => {}
        Err(error) => tracing::warn!(chat = %chat.id, %error, "cannot store the summary of a turn"),
    }
}

/// Stores the summary unless the history has changed since; gives the chat's title of the moment if it was stored.
async fn store_summary(store: &Store, chat: &ChatRow, summary: Option<&str>) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("UPDATE chats SET last_turn_summary = $3 WHERE id = $1 AND history_version = $2 RETURNING title")
        .bind(chat.id)
        .bind(chat.history_version)
        .bind(summary)
        .fetch_optional(store.pool())
        .await
}
