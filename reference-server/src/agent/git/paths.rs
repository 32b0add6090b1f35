//! Which paths each chat has touched, in memory only.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

/// How many chats are remembered; the one that was touched longest ago is forgotten first.
const MOST_CHATS: usize = 1_000;
/// How many paths are remembered of a chat.
const MOST_PATHS: usize = 10_000;

/// The paths of every chat, and who wants to hear of them. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::agent) struct ChatPaths(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    chats: HashMap<Uuid, Chat>,
    /// Counts touches, so that the oldest can be told.
    touches: u64,
}

#[derive(Debug, Default)]
struct Chat {
    paths: BTreeSet<String>,
    touched: u64,
    changed: watch::Sender<()>,
}

impl ChatPaths {
    /// Adds paths to each of the chats, and tells those who watch them; without paths it only tells them.
    pub(in crate::agent) fn add(&self, chats: impl IntoIterator<Item = Uuid>, paths: &[String]) {
        let mut state = self.state();
        for id in chats {
            let chat = state.chat(id);
            for path in paths {
                if chat.paths.len() < MOST_PATHS {
                    chat.paths.insert(path.clone());
                }
            }
            chat.changed.send_replace(());
        }
    }

    /// The paths of a chat, in order.
    pub(super) fn of(&self, chat: Uuid) -> Vec<String> {
        self.state().chats.get(&chat).map(|chat| chat.paths.iter().cloned().collect()).unwrap_or_default()
    }

    /// Hears of every later change to the paths of a chat.
    pub(super) fn subscribe(&self, chat: Uuid) -> watch::Receiver<()> {
        self.state().chat(chat).changed.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn chat(&mut self, id: Uuid) -> &mut Chat {
        if !self.chats.contains_key(&id) && self.chats.len() >= MOST_CHATS {
            let unwatched = self.chats.iter().filter(|(_, chat)| chat.changed.receiver_count() == 0);
            let oldest = unwatched.min_by_key(|(_, chat)| chat.touched).map(|(id, _)| *id);
            if let Some(oldest) = oldest {
                self.chats.remove(&oldest);
            }
        }
        self.touches += 1;
        let chat = self.chats.entry(id).or_default();
        chat.touched = self.touches;
        chat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: usize) -> Vec<String> {
        vec![format!("/p/{number}")]
    }

    #[test]
    fn a_change_after_the_subscription_is_heard_and_one_before_it_is_read() {
        let paths = ChatPaths::default();
        let (chat, parent) = (Uuid::new_v4(), Uuid::new_v4());
        paths.add([chat], &text(1));
        let heard = paths.subscribe(chat);
        let above = paths.subscribe(parent);
        assert!(!heard.has_changed().unwrap());
        paths.add([chat, parent], &text(2));
        assert!(heard.has_changed().unwrap() && above.has_changed().unwrap());
        assert_eq!((paths.of(chat).len(), paths.of(parent).len()), (2, 1));
    }

    #[test]
    fn the_oldest_chat_that_nobody_watches_is_forgotten() {
        let paths = ChatPaths::default();
        let chats: Vec<Uuid> = (0..=MOST_CHATS).map(|_| Uuid::new_v4()).collect();
        paths.add([chats[0]], &text(0));
        let _watched = paths.subscribe(chats[0]);
        for (number, chat) in chats.iter().enumerate().skip(1) {
            paths.add([*chat], &text(number));
        }
        let kept: Vec<bool> = chats[..3].iter().map(|chat| !paths.of(*chat).is_empty()).collect();
        assert_eq!(kept, [true, false, true]);
    }

    #[test]
    fn paths_of_a_chat_are_bounded() {
        let paths = ChatPaths::default();
        let chat = Uuid::new_v4();
        paths.add([chat], &(0..MOST_PATHS + 5).flat_map(text).collect::<Vec<_>>());
        assert_eq!(paths.of(chat).len(), MOST_PATHS);
    }
}
