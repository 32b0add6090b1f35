//! Who is told what, inside one server: typed, bounded, and lossy for those who do not keep up.
//!
//! A message is a hint to read the database, never the truth itself. Subscribe first and read afterwards: what
//! happens in between is then told.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use codersdk::ChatStatus;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::store::chats::ChatRow;

/// How many messages wait for a subscriber before it is told that it missed some.
const CAPACITY: usize = 256;
/// The same for those who follow one chat: what they missed, one look at its row tells them.
const UPDATES: usize = 32;

/// The versions of a chat after a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatUpdate {
    pub(crate) chat_id: Uuid,
    pub(crate) snapshot_version: i64,
    pub(crate) history_version: i64,
    pub(crate) queue_version: i64,
    pub(crate) retry_state_version: i64,
    pub(crate) generation_attempt: i64,
    pub(crate) status: ChatStatus,
    pub(crate) archived: bool,
    pub(crate) worker_id: Option<Uuid>,
    pub(crate) runner_id: Option<Uuid>,
}

impl From<&ChatRow> for ChatUpdate {
    fn from(chat: &ChatRow) -> Self {
        Self {
            chat_id: chat.id,
            snapshot_version: chat.snapshot_version,
            history_version: chat.history_version,
            queue_version: chat.queue_version,
            retry_state_version: chat.retry_state_version,
            generation_attempt: chat.generation_attempt,
            status: chat.status.clone(),
            archived: chat.archived,
            worker_id: chat.worker_id,
            runner_id: chat.runner_id,
        }
    }
}

/// What a subscriber gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery<M> {
    Message(M),
    /// Messages were lost: read the database.
    Missed,
}

/// A running subscription; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Subscription<M>(broadcast::Receiver<M>);

impl<M: Clone> Subscription<M> {
    /// The next message; none once the server stops. Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Delivery<M>> {
        match self.0.recv().await {
            Ok(message) => Some(Delivery::Message(message)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Delivery::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Carries hints between the parts of the server, and one day between servers.
pub(crate) trait Pubsub: Debug + Send + Sync + 'static {
    /// Tells those who follow the chat where it stands.
    fn publish_update(&self, update: ChatUpdate);
    /// Follows one chat.
    fn subscribe_updates(&self, chat: Uuid) -> Subscription<ChatUpdate>;
    /// Tells workers that a chat has nobody to drive it.
    fn publish_ownership(&self, chat: Uuid);
    /// Follows chats that have nobody to drive them.
    fn subscribe_ownership(&self) -> Subscription<Uuid>;
    /// Tells those who watch an owner's chats; the event is made only if somebody does.
    fn publish_watch(&self, owner: Uuid, event: &dyn Fn() -> Arc<str>);
    /// Watches an owner's chats: events as JSON.
    fn subscribe_watch(&self, owner: Uuid) -> Subscription<Arc<str>>;
}

/// Topics by key; those without subscribers are forgotten.
#[derive(Debug)]
pub(crate) struct Topics<K, M> {
    senders: Mutex<HashMap<K, broadcast::Sender<M>>>,
    /// How many messages wait for a subscriber.
    capacity: usize,
}

impl<K: Eq + Hash, M: Clone> Topics<K, M> {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { senders: Mutex::new(HashMap::new()), capacity }
    }

    /// Follows a topic.
    pub(crate) fn subscribe(&self, key: K) -> Subscription<M> {
        let mut topics = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        // A topic may fall silent with its last subscriber, so that no message finds out that nobody is left. Looking
        // only when the map would grow keeps the cost of a look at a constant share of the subscriptions.
        if topics.len() == topics.capacity() {
            topics.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = topics.entry(key).or_insert_with(|| broadcast::Sender::new(self.capacity));
        Subscription(sender.subscribe())
    }

    /// Tells those who follow a topic; the message is made only if somebody does.
    pub(crate) fn publish(&self, key: &K, message: impl FnOnce() -> M) {
        let mut topics = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = topics.get(key) {
            if sender.receiver_count() == 0 {
                topics.remove(key);
            } else {
                // Sending fails only if the last subscriber has just left.
                let _ = sender.send(message());
            }
        }
    }
}

/// Pubsub inside one process.
#[derive(Debug)]
pub(crate) struct LocalPubsub {
    updates: Topics<Uuid, ChatUpdate>,
    watch: Topics<Uuid, Arc<str>>,
    ownership: broadcast::Sender<Uuid>,
}

impl LocalPubsub {
    pub(crate) fn new() -> Self {
        Self {
            updates: Topics::with_capacity(UPDATES),
            watch: Topics::new(),
            ownership: broadcast::Sender::new(4 * CAPACITY),
        }
    }
}

impl Pubsub for LocalPubsub {
    fn publish_update(&self, update: ChatUpdate) {
        let chat = update.chat_id;
        self.updates.publish(&chat, || update);
    }

    fn subscribe_updates(&self, chat: Uuid) -> Subscription<ChatUpdate> {
        self.updates.subscribe(chat)
    }

    fn publish_ownership(&self, chat: Uuid) {
        // Without a worker the periodic pass of the next one finds the chat.
        let _ = self.ownership.send(chat);
    }

    fn subscribe_ownership(&self) -> Subscription<Uuid> {
        Subscription(self.ownership.subscribe())
    }

    fn publish_watch(&self, owner: Uuid, event: &dyn Fn() -> Arc<str>) {
        self.watch.publish(&owner, event);
    }

    fn subscribe_watch(&self, owner: Uuid) -> Subscription<Arc<str>> {
        self.watch.subscribe(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_subscriber_that_does_not_keep_up_is_told_so() {
        let pubsub = LocalPubsub::new();
        let mut subscription = pubsub.subscribe_ownership();
        let chat = Uuid::new_v4();
        for _ in 0..=4 * CAPACITY {
            pubsub.publish_ownership(chat);
        }
        assert_eq!(subscription.next().await, Some(Delivery::Missed));
        assert_eq!(subscription.next().await, Some(Delivery::Message(chat)));
    }

    #[test]
    fn topics_that_fell_silent_with_their_subscribers_do_not_pile_up() {
        let topics = Topics::<usize, ()>::new();
        let kept: Vec<_> = (0..10).map(|key| topics.subscribe(key)).collect();
        for key in 10..10_000 {
            drop(topics.subscribe(key));
        }
        let senders = topics.senders.lock().unwrap();
        assert!(senders.len() < 100, "{} topics", senders.len());
        assert!((0..kept.len()).all(|key| senders[&key].receiver_count() == 1));
    }

    #[test]
    fn a_watch_event_is_not_made_for_nobody() {
        let pubsub = LocalPubsub::new();
        let owner = Uuid::new_v4();
        drop(pubsub.subscribe_watch(owner));
        pubsub.publish_watch(owner, &|| unreachable!("nobody watches"));
    }
}
