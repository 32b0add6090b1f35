//! The list of chats over the watch stream.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::chats::watch::{ChatWatch, ChatWatchItem};
use crate::{Error, Result};

fn at(seconds: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(1_000_000 + seconds, 0).unwrap()
}

fn root(id: u128, seconds: i64) -> Chat {
    Chat {
        id: Uuid::from_u128(id),
        root_chat_id: Some(Uuid::from_u128(id)),
        title: format!("chat {id}"),
        status: ChatStatus::Running,
        updated_at: at(seconds),
        ..Default::default()
    }
}

fn child(id: u128, of: u128, seconds: i64) -> Chat {
    let of = Some(Uuid::from_u128(of));
    Chat { parent_chat_id: of, root_chat_id: of, ..root(id, seconds) }
}

fn event(kind: ChatWatchEventKind, chat: &Chat) -> ChatWatchEvent {
    ChatWatchEvent { kind, chat: chat.clone(), ..Default::default() }
}

fn list(chats: impl IntoIterator<Item = Chat>) -> ChatList {
    let mut list = ChatList::new();
    list.begin_refetch();
    list.finish_refetch(chats);
    list
}

fn ids(list: &ChatList) -> Vec<u128> {
    list.roots().iter().map(|chat| chat.id.as_u128()).collect()
}

#[test]
fn roots_stand_as_the_server_orders_them() {
    let pinned = |id, seconds, pin| Chat { pin_order: pin, ..root(id, seconds) };
    let list = list([root(1, 1), root(2, 5), pinned(3, 2, 2), pinned(4, 1, 1), root(5, 3)]);
    assert_eq!(ids(&list), [4, 3, 2, 5, 1]);
}

#[test]
fn deleting_a_root_takes_its_descendants_and_deleting_a_child_only_the_child() {
    let family = || Chat { children: vec![child(2, 1, 1), child(3, 1, 1), child(4, 1, 1)].into(), ..root(1, 1) };
    let mut all = list([family(), root(9, 1)]);
    assert!(all.apply(&event(ChatWatchEventKind::Deleted, &root(1, 2))).changed);
    assert_eq!(ids(&all), [9]);
    assert!(all.get(Uuid::from_u128(3)).is_none());
    assert!(!all.apply(&event(ChatWatchEventKind::Deleted, &child(3, 1, 2))).changed, "the rest of the family follows");
    let mut one = list([family()]);
    one.apply(&event(ChatWatchEventKind::Deleted, &child(3, 1, 2)));
    assert_eq!(one.roots()[0].children.iter().map(|c| c.id.as_u128()).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn children_live_under_their_roots() {
    let mut all = list([root(1, 1)]);
    let change = all.apply(&event(ChatWatchEventKind::Created, &child(2, 1, 2)));
    assert_eq!((change.changed, change.stale, ids(&all)), (true, false, vec![1]));
    let done = Chat { status: ChatStatus::Waiting, ..child(2, 1, 3) };
    assert!(all.apply(&event(ChatWatchEventKind::StatusChange, &done)).changed);
    assert_eq!(all.roots()[0].children[0].status, ChatStatus::Waiting);
    let orphan = all.apply(&event(ChatWatchEventKind::Created, &child(7, 6, 2)));
    assert_eq!((orphan.changed, orphan.stale), (false, true));
    let mut grandchild = child(3, 1, 4);
    grandchild.parent_chat_id = Some(Uuid::from_u128(2));
    all.apply(&event(ChatWatchEventKind::Created, &grandchild));
    assert_eq!(all.roots()[0].children.len(), 2);
}

#[test]
fn only_title_changes_change_titles() {
    let mut all = list([root(1, 1)]);
    let titled = |title: &str, seconds| Chat { title: title.to_owned(), ..root(1, seconds) };
    assert!(all.apply(&event(ChatWatchEventKind::TitleChange, &titled("generated", 1))).changed);
    all.apply(&event(ChatWatchEventKind::StatusChange, &titled("first six words", 5)));
    assert_eq!(all.roots()[0].title, "generated");
    all.apply(&event(ChatWatchEventKind::Created, &titled("first six words", 6)));
    assert_eq!(all.roots()[0].title, "generated");
    all.apply(&event(ChatWatchEventKind::TitleChange, &titled("by hand", 2)));
    assert_eq!((all.roots()[0].title.as_str(), all.roots()[0].updated_at), ("by hand", at(6)));
}

#[test]
fn an_event_takes_back_nothing_that_is_newer() {
    let waiting = Chat { status: ChatStatus::Waiting, pin_order: 3, has_unread: true, ..root(1, 9) };
    let mut all = list([waiting.clone()]);
    let change = all.apply(&event(ChatWatchEventKind::StatusChange, &root(1, 5)));
    assert_eq!((change.changed, all.roots()[0]), (false, &waiting));
    let same_time = Chat { status: ChatStatus::Error, ..root(1, 9) };
    all.apply(&event(ChatWatchEventKind::StatusChange, &same_time));
    assert_eq!((all.roots()[0].status.clone(), all.roots()[0].pin_order), (ChatStatus::Error, 3));
    let summary = Chat { last_turn_summary: Some("Done".to_owned()), ..root(1, 7) };
    all.apply(&event(ChatWatchEventKind::SummaryChange, &summary));
    assert_eq!(all.roots()[0].last_turn_summary.as_deref(), Some("Done"));
    assert!(all.roots()[0].has_unread, "events do not know it");
}

#[test]
fn what_events_do_not_tell_makes_the_list_stale() {
    let mut all = list([root(1, 1)]);
    assert!(all.apply(&event(ChatWatchEventKind::StatusChange, &root(2, 1))).stale, "an unknown chat");
    assert!(all.apply(&event(ChatWatchEventKind::Created, &root(3, 1))).stale, "a new root");
    let done = Chat { status: ChatStatus::Waiting, ..root(1, 2) };
    assert!(all.apply(&event(ChatWatchEventKind::StatusChange, &done)).stale, "the end of a turn");
    assert!(!all.apply(&event(ChatWatchEventKind::SummaryChange, &done)).stale);
    let mut filtered = ChatList::filtered();
    filtered.begin_refetch();
    filtered.finish_refetch([root(1, 1)]);
    let change = filtered.apply(&event(ChatWatchEventKind::Created, &root(3, 1)));
    assert_eq!((change.changed, change.stale), (false, true), "it may not belong");
    assert!(filtered.apply(&event(ChatWatchEventKind::DiffStatusChange, &root(1, 2))).stale);
}

#[test]
fn events_that_come_while_the_list_is_read_count() {
    let mut all = list([root(1, 1), root(2, 1)]);
    all.begin_refetch();
    all.apply(&event(ChatWatchEventKind::TitleChange, &Chat { title: "generated".to_owned(), ..root(1, 1) }));
    all.apply(&event(ChatWatchEventKind::Deleted, &root(2, 2)));
    all.apply(&event(ChatWatchEventKind::Created, &root(3, 3)));
    let change = all.finish_refetch([root(1, 1), root(2, 1)]);
    assert_eq!(ids(&all), [3, 1]);
    assert_eq!(all.get(Uuid::from_u128(1)).map(|chat| chat.title.as_str()), Some("generated"));
    assert!(!change.stale);
    all.begin_refetch();
    all.apply(&event(ChatWatchEventKind::StatusChange, &root(8, 3)));
    assert!(all.finish_refetch([root(1, 1)]).stale, "a chat that is still not known");
}

/// What happens to one of a few chats.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Create,
    Status(bool),
    Title(u8),
    Archive,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..Default::default() })]

    /// The list is what the server's list is, however often the connection breaks.
    #[test]
    fn the_list_is_right_after_every_reconnect(
        story in prop::collection::vec((0u128..4, prop_oneof![
            2 => Just(Happening::Create),
            4 => any::<bool>().prop_map(Happening::Status),
            2 => any::<u8>().prop_map(Happening::Title),
            1 => Just(Happening::Archive),
        ], 0u8..8), 1..40),
    ) {
        let mut server: std::collections::BTreeMap<u128, Chat> = Default::default();
        let mut all = ChatList::new();
        let (mut connected, mut read) = (false, None::<Vec<Chat>>);
        for (now, (id, what, net)) in story.into_iter().enumerate() {
            // Now and then the connection breaks or comes back, and the list is read with a delay.
            match net {
                0 if connected => { connected = false; all.abandon_refetch(); read = None; }
                1 if !connected => { connected = true; all.begin_refetch(); read = Some(server.values().cloned().collect()); }
                2 | 3 => if let Some(chats) = read.take() { all.finish_refetch(chats); },
                _ => {}
            }
            let now = now as i64;
            let told = match (what, server.contains_key(&id)) {
                (Happening::Create, false) => {
                    let chat = root(id, now);
                    server.insert(id, chat.clone());
                    Some(event(ChatWatchEventKind::Created, &chat))
                }
                (Happening::Archive, true) => server.remove(&id).map(|c| event(ChatWatchEventKind::Deleted, &c)),
                (Happening::Status(busy), true) => server.get_mut(&id).map(|chat| {
                    chat.status = if busy { ChatStatus::Running } else { ChatStatus::Waiting };
                    chat.updated_at = at(now);
                    event(ChatWatchEventKind::StatusChange, chat)
                }),
                (Happening::Title(title), true) => server.get_mut(&id).map(|chat| {
                    chat.title = format!("title {title}");
                    event(ChatWatchEventKind::TitleChange, chat)
                }),
                _ => None,
            };
            if let Some(told) = told.filter(|_| connected) {
                all.apply(&told);
            }
        }
        if !connected {
            all.begin_refetch();
            read = Some(server.values().cloned().collect());
        }
        if let Some(chats) = read {
            all.finish_refetch(chats);
        }
        let mut seen: Vec<Chat> = all.roots().into_iter().cloned().collect();
        seen.sort_by_key(|chat| chat.id);
        prop_assert_eq!(seen, server.into_values().collect::<Vec<_>>());
    }
}

/// Answers each reading of the list with the next of these, the last one again and again.
struct Fake {
    lists: Mutex<Vec<Result<Vec<Chat>>>>,
    watch: Mutex<Option<ChatWatch>>,
}

#[async_trait]
impl ChatsApi for Fake {
    async fn list_chats(&self, _: ListChatsOptions) -> Result<Vec<Chat>> {
        let mut lists = self.lists.lock().unwrap();
        if lists.len() > 1 {
            lists.remove(0)
        } else {
            lists[0].as_ref().map(Vec::clone).map_err(|_| Error::api(401, ""))
        }
    }

    async fn watch_chats(&self) -> Result<ChatWatch> {
        Ok(self.watch.lock().unwrap().take().expect("watched once"))
    }
}

fn fake(lists: Vec<Result<Vec<Chat>>>) -> (Fake, mpsc::UnboundedSender<Result<ChatWatchItem>>) {
    let (events, mut items) = mpsc::unbounded_channel();
    let items = futures_util::stream::poll_fn(move |cx| items.poll_recv(cx));
    let watch = Mutex::new(Some(ChatWatch::from_items(items)));
    (Fake { lists: Mutex::new(lists), watch }, events)
}

#[tokio::test(start_paused = true)]
async fn the_watcher_reads_the_list_after_every_reconnect() {
    let lost = || ChatWatchItem::Lost { error: None, attempt: 1, retry_in: Duration::from_secs(1) };
    let (api, events) = fake(vec![
        Ok(vec![root(1, 1)]),
        Err(Error::api(503, "restarting")),
        Ok(vec![Chat { title: "renamed meanwhile".to_owned(), ..root(1, 1) }]),
    ]);
    let mut watcher = ChatListWatcher::start(api, ListChatsOptions::default()).await.unwrap();
    assert_eq!(ids(watcher.list()), [1]);
    for item in [ChatWatchItem::Connected, lost(), ChatWatchItem::Connected] {
        events.send(Ok(item)).unwrap();
    }
    watcher.changed().await.unwrap();
    assert_eq!(watcher.list().roots()[0].title, "renamed meanwhile");
    events.send(Ok(ChatWatchItem::Event(event(ChatWatchEventKind::Deleted, &root(1, 2))))).unwrap();
    watcher.changed().await.unwrap();
    assert!(watcher.list().is_empty());
    let waited = tokio::time::timeout(Duration::from_secs(3600), watcher.changed()).await;
    assert!(waited.is_err(), "nothing more happens");
    drop(events);
    assert!(watcher.changed().await.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_watcher_ends_when_the_list_is_refused() {
    let (api, events) = fake(vec![Ok(vec![root(1, 1)]), Err(Error::api(401, "signed out"))]);
    let mut watcher = ChatListWatcher::start(api, ListChatsOptions::default()).await.unwrap();
    events.send(Ok(ChatWatchItem::Event(event(ChatWatchEventKind::StatusChange, &root(2, 2))))).unwrap();
    assert!(watcher.changed().await.unwrap_err().is_unauthorized());
    assert_eq!(ids(watcher.list()), [1]);
}
