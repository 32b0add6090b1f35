//! The line that stands for a chat's last turn in lists.

use codersdk::{ChatStatus, ChatWatchEventKind};

use super::Daemon;
use super::history::HistoryMessage;
use super::step::Prepared;
use crate::state::AppState;
use crate::store::Store;
use crate::store::chats::ChatRow;

const FINISHED: &str = "Finished latest turn";
const WAITING_FOR_CLIENT: &str = "Waiting for user input";

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
        let _ = (prepared, history);
        let summary = match chat.status {
            ChatStatus::Waiting => Some(FINISHED),
            ChatStatus::RequiresAction if chat.last_turn_summary.as_deref() == Some(WAITING_FOR_CLIENT) => return,
            ChatStatus::RequiresAction => Some(WAITING_FOR_CLIENT),
            _ => None,
        };
        self.set_summary(state, chat, summary.map(str::to_owned));
    }

    /// Forgets the summary of the chat's last turn.
    pub(crate) fn clear_summary(&self, state: &AppState, chat: &ChatRow) {
        if chat.parent_chat_id.is_none() {
            self.set_summary(state, chat, None);
        }
    }

    fn set_summary(&self, state: &AppState, chat: &ChatRow, summary: Option<String>) {
        let (state, mut chat) = (state.clone(), chat.clone());
        self.tasks.spawn(async move {
            match store_summary(&state.store, &chat, summary.as_deref()).await {
                Ok(Some(title)) => {
                    (chat.title, chat.last_turn_summary) = (title, summary);
                    state.chatd.publish_watch(ChatWatchEventKind::SummaryChange, &chat);
                }
                // The chat has gone on.
                Ok(None) => {}
                Err(error) => tracing::warn!(chat = %chat.id, %error, "cannot store the summary of a turn"),
            }
        });
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
