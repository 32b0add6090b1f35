//! A cache of the caller's chats over the watch stream: the pure part.

use std::collections::HashMap;

use uuid::Uuid;

use crate::types::*;

/// How many events are kept for replay while the list is read anew. When more come, it is read once more.
const MAX_LOG: usize = 4096;

/// What an event did to a [`ChatList`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatListChange {
    /// What is seen changed.
    pub changed: bool,
    /// The event does not tell all: the list is to be read anew.
    pub stale: bool,
}

/// The caller's chats, roots with their sub-chats, kept up by the events of the watch stream. Pure: it does no I/O.
/// [`ChatListWatcher`](crate::ChatListWatcher) drives one.
///
/// The rules, which make it right again after every reconnect:
/// - Reading the list anew is bracketed by [`begin_refetch`](Self::begin_refetch) and
///   [`finish_refetch`](Self::finish_refetch): events that come between are applied at once, and once more to what
///   was read, since nobody knows which of the two is newer.
/// - An event brings the whole chat as it was then, so it never takes back what is newer, and fields that do not move
///   `updated_at` are only taken from events about them: the title from `title_change` alone.
/// - Sub-chats stand under their roots and never count as roots.
/// - `deleted` (which is how archiving is told) takes all descendants along.
/// - What events do not tell makes the list [stale](ChatListChange::stale): a chat that is not known, a new root, the
///   end of a turn (for [`has_unread`](Chat::has_unread), which only the list tells), and in filtered lists whatever
///   may change who belongs.
///
/// ```
/// use codersdk::{Chat, ChatList, ChatWatchEvent, ChatWatchEventKind};
/// use uuid::Uuid;
///
/// let root = Chat { id: Uuid::from_u128(1), title: "first six words".into(), ..Default::default() };
/// let mut list = ChatList::new();
/// list.begin_refetch();
/// list.finish_refetch(vec![root.clone()]);
///
/// let renamed = Chat { title: "Rivers of Norway".into(), ..root };
/// list.apply(&ChatWatchEvent { kind: ChatWatchEventKind::TitleChange, chat: renamed, ..Default::default() });
/// assert_eq!(list.roots()[0].title, "Rivers of Norway");
/// ```
#[derive(Debug, Clone, Default)]
pub struct ChatList {
    roots: HashMap<Uuid, Chat>,
    /// Events since the list began to be read anew.
    log: Option<Vec<ChatWatchEvent>>,
    overflowed: bool,
    filtered: bool,
}

impl ChatList {
    /// An empty list of all the caller's active chats.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty list of what a filter lets through. Events alone cannot tell who belongs, so more of them make it
    /// stale.
    pub fn filtered() -> Self {
        Self { filtered: true, ..Self::default() }
    }

    /// The root chats as the server orders them: pinned ones first in the order of their pins, then by the time of
    /// their last change, newest first.
    pub fn roots(&self) -> Vec<&Chat> {
        let mut roots: Vec<&Chat> = self.roots.values().collect();
        roots.sort_by_key(|chat| {
            let pin = if chat.pin_order > 0 { chat.pin_order } else { i32::MAX };
            (pin, std::cmp::Reverse((chat.updated_at, chat.id)))
        });
        roots
    }

    /// How many root chats there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether there are no chats.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// A chat, root or sub-chat.
    pub fn get(&self, id: Uuid) -> Option<&Chat> {
        self.roots.get(&id).or_else(|| self.roots.values().flat_map(|root| &*root.children).find(|chat| chat.id == id))
    }

    /// Says that the list is about to be read. The connection of the watch stream must stand already.
    pub fn begin_refetch(&mut self) {
        self.log = Some(Vec::new());
        self.overflowed = false;
    }

    /// Takes the whole list as it was read.
    pub fn finish_refetch(&mut self, chats: impl IntoIterator<Item = Chat>) -> ChatListChange {
        let before = std::mem::take(&mut self.roots);
        self.roots = chats.into_iter().map(|chat| (chat.id, chat)).collect();
        let mut stale = std::mem::take(&mut self.overflowed);
        for event in self.log.take().unwrap_or_default() {
            // What made the list stale before it was read is in it by now, unless it still is not there.
            let unknown = self.merge(&event).stale && !self.knows(&event.chat);
            stale |= unknown && event.kind != ChatWatchEventKind::Deleted;
        }
        ChatListChange { changed: self.roots != before, stale }
    }

    /// Says that the list could not be read.
    pub fn abandon_refetch(&mut self) {
        self.log = None;
    }

    /// Applies an event of the watch stream.
    pub fn apply(&mut self, event: &ChatWatchEvent) -> ChatListChange {
        if let Some(log) = &mut self.log {
            if log.len() < MAX_LOG {
                log.push(event.clone());
            } else {
                self.overflowed = true;
            }
        }
        self.merge(event)
    }

    fn knows(&self, chat: &Chat) -> bool {
        self.get(chat.id).is_some()
    }

    fn merge(&mut self, event: &ChatWatchEvent) -> ChatListChange {
        let chat = &event.chat;
        match &event.kind {
            ChatWatchEventKind::Deleted => self.remove(chat.id),
            ChatWatchEventKind::Created if !self.knows(chat) => self.insert(chat),
            kind => {
                let unsure = self.filtered && chat.parent_chat_id.is_none() && moves_filters(kind);
                let Some(known) = self.get_mut(chat.id) else {
                    return ChatListChange { changed: false, stale: true };
                };
                let was_busy = is_busy(&known.status);
                let before = known.clone();
                update(known, chat, kind);
                let turn_over = was_busy && !is_busy(&known.status);
                ChatListChange { changed: *known != before, stale: unsure || turn_over }
            }
        }
    }

    fn get_mut(&mut self, id: Uuid) -> Option<&mut Chat> {
        if self.roots.contains_key(&id) {
            return self.roots.get_mut(&id);
        }
        self.roots.values_mut().flat_map(|root| &mut *root.children).find(|chat| chat.id == id)
    }

    fn insert(&mut self, chat: &Chat) -> ChatListChange {
        let Some(parent) = chat.parent_chat_id else {
            if self.filtered {
                return ChatListChange { changed: false, stale: true };
            }
            self.roots.insert(chat.id, chat.clone());
            return ChatListChange { changed: true, stale: true };
        };
        let named = chat.root_chat_id.filter(|root| self.roots.contains_key(root)).unwrap_or(parent);
        let above = self.roots.values().find(|root| root.children.iter().any(|child| child.id == parent));
        let root = if self.roots.contains_key(&named) { Some(named) } else { above.map(|root| root.id) };
        match root.and_then(|root| self.roots.get_mut(&root)) {
            Some(root) => {
                root.children.insert(0, chat.clone());
                ChatListChange { changed: true, stale: false }
            }
            None => ChatListChange { changed: false, stale: true },
        }
    }

    fn remove(&mut self, id: Uuid) -> ChatListChange {
        let count = |roots: &HashMap<Uuid, Chat>| roots.values().map(|root| 1 + root.children.len()).sum::<usize>();
        let before = count(&self.roots);
        let descends = |chat: &Chat| chat.id == id || chat.root_chat_id == Some(id) || chat.parent_chat_id == Some(id);
        self.roots.retain(|_, root| !descends(root));
        for root in self.roots.values_mut().filter(|root| root.children.iter().any(descends)) {
            root.children.retain(|child| !descends(child));
        }
        ChatListChange { changed: count(&self.roots) != before, stale: false }
    }
}

fn is_busy(status: &ChatStatus) -> bool {
    matches!(status, ChatStatus::Running | ChatStatus::Pending | ChatStatus::Interrupting)
}

fn moves_filters(kind: &ChatWatchEventKind) -> bool {
    matches!(
        kind,
        ChatWatchEventKind::StatusChange | ChatWatchEventKind::DiffStatusChange | ChatWatchEventKind::TitleChange
    )
}

/// Takes from an event what it is the authority on.
fn update(known: &mut Chat, told: &Chat, kind: &ChatWatchEventKind) {
    let not_older = told.updated_at >= known.updated_at;
    if told.updated_at > known.updated_at {
        let kept = std::mem::take(known);
        *known = Chat {
            title: kept.title,
            children: kept.children,
            files: kept.files,
            has_unread: kept.has_unread,
            warnings: kept.warnings,
            diff_status: told.diff_status.clone().or(kept.diff_status),
            context: told.context.clone().or(kept.context),
            ..told.clone()
        };
    }
    match kind {
        ChatWatchEventKind::TitleChange => known.title.clone_from(&told.title),
        ChatWatchEventKind::SummaryChange => known.last_turn_summary.clone_from(&told.last_turn_summary),
        ChatWatchEventKind::DiffStatusChange => known.diff_status.clone_from(&told.diff_status),
        ChatWatchEventKind::ContextDirty => known.context.clone_from(&told.context),
        _ if not_older => {
            known.status.clone_from(&told.status);
            known.last_error.clone_from(&told.last_error);
        }
        _ => {}
    }
}
