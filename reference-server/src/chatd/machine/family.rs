//! What concerns more than one chat that is there: new chats, and families that are archived as one.

use codersdk::{ChatMessageRole, ChatStatus};
use sqlx::types::Json;
use uuid::Uuid;

use super::ExecutionState;
use super::apply::Committed;
use super::rules::{self, Situation, Transition};
use crate::chatd::ChatdError;
use crate::chatd::part::{self, Part};
use crate::clock::SharedClock;
use crate::store::Store;
use crate::store::chats::{self, ChatRow};
use crate::store::messages::{self, NewMessage, Visibility};

/// Stores a new chat with its first messages; the row needs only what is not execution state.
pub(crate) async fn create(
    store: &Store,
    clock: &SharedClock,
    mut chat: ChatRow,
    messages: Vec<NewMessage>,
) -> Result<Committed, ChatdError> {
    let situation = Situation { state: ExecutionState::N, queued: 0, owned: false };
    let effects = rules::decide(situation, Transition::CreateChat)
        .map_err(|_| ChatdError::NotAllowed { transition: Transition::CreateChat, from: ExecutionState::N })?;
    if messages.iter().any(|m| m.role == ChatMessageRole::User && m.api_key_id.as_deref().is_none_or(str::is_empty)) {
        return Err(ChatdError::ApiKeyRequired);
    }
    (chat.snapshot_version, chat.history_version) = (1, 1);
    chat.status = effects.status.unwrap_or(ChatStatus::Running);
    let mut tx = store.begin().await?;
    let now = clock.now();
    (chat.created_at, chat.updated_at) = (now, now);
    sqlx::query(
        "INSERT INTO chats (id, organization_id, owner_id, workspace_id, build_id, agent_id, parent_chat_id, \
         root_chat_id, title, mode, plan_mode, client_type, last_model_config_id, mcp_server_ids, labels, \
         dynamic_tools, created_at, updated_at, status, snapshot_version, history_version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18, $19, $20)",
    )
    .bind(chat.id)
    .bind(chat.organization_id)
    .bind(chat.owner_id)
    .bind(chat.workspace_id)
    .bind(chat.build_id)
    .bind(chat.agent_id)
    .bind(chat.parent_chat_id)
    .bind(chat.root_chat_id)
    .bind(&chat.title)
    .bind(chat.mode.as_deref())
    .bind(chat.plan_mode.as_deref())
    .bind(chat.client_type.as_str())
    .bind(chat.last_model_config_id)
    .bind(Json(&chat.mcp_server_ids))
    .bind(Json(&chat.labels))
    .bind(chat.dynamic_tools.as_ref().map(Json))
    .bind(now)
    .bind(chat.status.as_str())
    .bind(chat.snapshot_version)
    .bind(chat.history_version)
    .execute(&mut *tx)
    .await?;
    let inserted = messages::insert(&mut tx, chat.id, chat.snapshot_version, now, messages).await?;
    tx.commit().await?;
    Ok(Committed { chat, state: effects.to, inserted })
}

/// Archives or restores a root chat with all below it, or none of them.
///
/// # Errors
/// When the chat is no root, or one of the family is busy or in an invalid state.
pub(crate) async fn set_family_archived(
    store: &Store,
    clock: &SharedClock,
    root: Uuid,
    archived: bool,
) -> Result<Vec<ChatRow>, ChatdError> {
    let mut tx = store.begin().await?;
    let now = clock.now();
    let mut family = chats::family(&mut *tx, root).await?;
    let first = family.first().filter(|chat| chat.id == root).ok_or(ChatdError::NotFound)?;
    if first.parent_chat_id.is_some() {
        return Err(ChatdError::NotRoot);
    }
    let with_queue: Vec<Uuid> = sqlx::query_scalar(
        "SELECT DISTINCT q.chat_id FROM chat_queued_messages q JOIN chats c ON c.id = q.chat_id \
         WHERE c.id = $1 OR c.root_chat_id = $1",
    )
    .bind(root)
    .fetch_all(&mut *tx)
    .await?;
    for chat in &mut family {
        let queued = usize::from(with_queue.contains(&chat.id));
        let state = ExecutionState::classify(&chat.status, chat.archived, queued > 0);
        if state == ExecutionState::Invalid {
            return Err(ChatdError::InvalidState);
        }
        chat.snapshot_version += 1;
        if chat.archived == archived {
            continue;
        }
        let transition = Transition::SetArchived(archived);
        let situation = Situation { state, queued, owned: chat.worker_id.is_some() };
        rules::decide(situation, transition).map_err(|_| ChatdError::NotAllowed { transition, from: state })?;
        chat.archived = archived;
        chat.updated_at = now;
        if archived {
            chat.pin_order = 0;
        }
    }
    sqlx::query(
        "UPDATE chats SET snapshot_version = snapshot_version + 1, \
         updated_at = CASE WHEN archived = $2 THEN updated_at ELSE $3 END, \
         pin_order = CASE WHEN $2 THEN 0 ELSE pin_order END, archived = $2 WHERE id = $1 OR root_chat_id = $1",
    )
    .bind(root)
    .bind(archived)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(family)
}

/// A message of the system, for the model alone.
pub(crate) fn system_message(text: &str, model_config_id: Uuid) -> NewMessage {
    NewMessage {
        visibility: Visibility::Model,
        model_config_id: Some(model_config_id),
        ..NewMessage::new(ChatMessageRole::System, part::encode(&[Part::text(text)]))
    }
}
