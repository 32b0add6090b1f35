//! Chats as they are answered: with their files, their children, and what is known of the change they made.

use std::collections::{HashMap, HashSet};

use codersdk::{Chat, ChatDiffStatus, ChatFileMetadata};
use uuid::Uuid;

use super::param::chat_object;
use crate::http::auth::Caller;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chat_diffs::DiffStatusRow;
use crate::store::chat_files::ChatFileRow;
use crate::store::chats::ChatRow;

/// A chat alone: without children, and without unread mark, which only rows of a list carry.
pub(crate) fn single(chat: &ChatRow) -> Chat {
    Chat { children: Vec::new().into(), ..chat.to_wire() }
}

/// The files of a chat as they are answered.
pub(crate) fn file_metadata(files: Vec<ChatFileRow>) -> Vec<ChatFileMetadata> {
    files
        .into_iter()
        .map(|file| ChatFileMetadata {
            id: file.id,
            owner_id: file.owner_id,
            organization_id: file.organization_id,
            name: file.name,
            mime_type: file.mimetype,
            created_at: file.created_at,
        })
        .collect()
}

/// What the rows of a list need from other tables.
struct Extras {
    diffs: HashMap<Uuid, DiffStatusRow>,
    unread: HashSet<Uuid>,
}

impl Extras {
    async fn load(state: &AppState, chats: impl Iterator<Item = &ChatRow>) -> sqlx::Result<Self> {
        let ids: Vec<Uuid> = chats.map(|chat| chat.id).collect();
        Ok(Self {
            diffs: state.store.diff_statuses_of(&ids).await?,
            unread: state.store.unread_of(&ids).await?.into_iter().collect(),
        })
    }

    /// A chat in a list. It always has a diff status, an empty one where nothing is known.
    fn row(&self, chat: &ChatRow, children: Vec<Chat>) -> Chat {
        let diff = self.diffs.get(&chat.id).map(DiffStatusRow::to_wire);
        Chat {
            diff_status: Some(diff.unwrap_or_else(|| ChatDiffStatus { chat_id: chat.id, ..ChatDiffStatus::default() })),
            has_unread: self.unread.contains(&chat.id),
            children: children.into(),
            ..chat.to_wire()
        }
    }
}

/// Rows of a list: roots with the children that the caller may read, newest first.
pub(crate) async fn list(
    state: &AppState,
    caller: &Caller,
    roots: &[ChatRow],
    archived: bool,
) -> sqlx::Result<Vec<Chat>> {
    let ids: Vec<Uuid> = roots.iter().map(|root| root.id).collect();
    let children = readable_children(state, caller, &ids, archived).await?;
    let extras = Extras::load(state, roots.iter().chain(&children)).await?;
    let mut by_parent: HashMap<Option<Uuid>, Vec<Chat>> = HashMap::new();
    for child in &children {
        by_parent.entry(child.parent_chat_id).or_default().push(extras.row(child, Vec::new()));
    }
    Ok(roots.iter().map(|root| extras.row(root, by_parent.remove(&Some(root.id)).unwrap_or_default())).collect())
}

/// The children of one chat, as rows.
pub(crate) async fn children(state: &AppState, caller: &Caller, parent: &ChatRow) -> sqlx::Result<Vec<Chat>> {
    let children = readable_children(state, caller, &[parent.id], parent.archived).await?;
    let extras = Extras::load(state, children.iter()).await?;
    Ok(children.iter().map(|child| extras.row(child, Vec::new())).collect())
}

async fn readable_children(
    state: &AppState,
    caller: &Caller,
    parents: &[Uuid],
    archived: bool,
) -> sqlx::Result<Vec<ChatRow>> {
    let mut children = state.store.children_of(parents, Some(archived)).await?;
    children.retain(|child| caller.can(Action::Read, &chat_object(child)));
    Ok(children)
}
