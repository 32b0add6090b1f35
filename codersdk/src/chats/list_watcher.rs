//! A cache of the caller's chats that keeps itself up.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, Sleep};

use super::list::ChatList;
use super::watch::{ChatWatch, ChatWatchItem};
use crate::error::Kind;
use crate::exclusive::Exclusive;
use crate::types::*;
use crate::{Error, Result};

/// How many chats a page has.
const PAGE: i64 = 100;

/// The shortest time between two readings of the list, so that a burst of events causes one.
const REFETCH_GAP: Duration = Duration::from_millis(250);

/// The pause after the list could not be read; it doubles up to the longest one.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(30);

/// How many root chats are kept at most unless told otherwise.
const DEFAULT_LIMIT: usize = 1000;

/// Keeps a [`ChatList`] right: it watches, and reads the list whenever a connection begins and whenever events do not
/// tell all.
///
/// It has no task behind it: it makes progress while [`changed`](Self::changed) is awaited. Dropping it closes the
/// connection.
///
/// ```no_run
/// use codersdk::{ChatListWatcher, Client, ListChatsOptions};
///
/// # async fn example(client: Client) -> codersdk::Result<()> {
/// let mut chats = ChatListWatcher::start(client, ListChatsOptions::default()).await?;
/// loop {
///     for chat in chats.list().roots() {
///         println!("{} {} ({} sub-chats)", chat.title, chat.status, chat.children.len());
///     }
///     chats.changed().await?;
/// }
/// # }
/// ```
pub struct ChatListWatcher {
    api: Arc<dyn ChatsApi>,
    options: ListChatsOptions,
    limit: usize,
    watch: ChatWatch,
    list: ChatList,
    fetch: Option<Exclusive<BoxFuture<'static, Result<Fetched>>>>,
    /// When the list is to be read again, if it is stale.
    due: Option<Pin<Box<Sleep>>>,
    last_fetch: Instant,
    failures: u32,
    truncated: bool,
    /// Whether the list was read on the present connection.
    current: bool,
}

struct Fetched {
    chats: Vec<Chat>,
    truncated: bool,
}

impl ChatListWatcher {
    /// Connects and reads the list for the first time. `limit` and positions in the options do not count: all pages
    /// are read, up to 1,000 root chats.
    ///
    /// # Errors
    /// When the stream cannot be opened or the list cannot be read.
    pub async fn start(api: impl ChatsApi + 'static, options: ListChatsOptions) -> Result<Self> {
        Self::start_with_limit(Arc::new(api), options, DEFAULT_LIMIT).await
    }

    /// As [`start`](Self::start), with another limit on the root chats that are kept.
    ///
    /// # Errors
    /// When the stream cannot be opened or the list cannot be read.
    pub async fn start_with_limit(api: Arc<dyn ChatsApi>, options: ListChatsOptions, limit: usize) -> Result<Self> {
        // Watching comes first: what happens while the list is read must not be missed.
        let watch = api.watch_chats().await?;
        let plain = options.query.is_empty() && options.source.is_none() && options.labels.is_empty();
        let list = if plain { ChatList::new() } else { ChatList::filtered() };
        let mut this = Self {
            api,
            options,
            limit,
            watch,
            list,
            fetch: None,
            due: None,
            last_fetch: Instant::now(),
            failures: 0,
            truncated: false,
            current: true,
        };
        this.list.begin_refetch();
        let fetched = fetch(this.api.clone(), this.options.clone(), limit).await?;
        this.truncated = fetched.truncated;
        if this.list.finish_refetch(fetched.chats).stale {
            this.schedule();
        }
        Ok(this)
    }

    /// The chats as they are known now.
    pub fn list(&self) -> &ChatList {
        &self.list
    }

    /// Whether there are more root chats than are kept.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Waits until the list changed. Cancel safe: nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the stream or the list is refused for good, such as with an expired token. What is known stays.
    pub async fn changed(&mut self) -> Result<()> {
        loop {
            let changed = tokio::select! {
                item = self.watch.next() => self.told(item)?,
                fetched = poll_option(self.fetch.as_mut().map(Exclusive::get)) => {
                    self.fetch = None;
                    self.fetched(fetched)?
                }
                () = poll_option(self.due.as_mut()), if self.fetch.is_none() => {
                    self.due = None;
                    self.refetch();
                    false
                }
            };
            if changed {
                return Ok(());
            }
        }
    }

    fn told(&mut self, item: Option<Result<ChatWatchItem>>) -> Result<bool> {
        let ended = || Error::new(Kind::Closed, "the watch stream ended");
        match item.ok_or_else(ended)?? {
            ChatWatchItem::Connected if std::mem::take(&mut self.current) => Ok(false),
            ChatWatchItem::Connected => {
                // What is being read may be older than the connection.
                self.due = Some(Box::pin(tokio::time::sleep(Duration::ZERO)));
                Ok(false)
            }
            ChatWatchItem::Event(event) => {
                let change = self.list.apply(&event);
                if change.stale {
                    self.schedule();
                }
                Ok(change.changed)
            }
            ChatWatchItem::Undecodable { .. } => {
                self.schedule();
                Ok(false)
            }
            ChatWatchItem::Lost { .. } => {
                self.current = false;
                Ok(false)
            }
        }
    }

    fn schedule(&mut self) {
        if self.due.is_none() {
            self.due = Some(Box::pin(tokio::time::sleep_until(self.last_fetch + REFETCH_GAP)));
        }
    }

    fn refetch(&mut self) {
        self.last_fetch = Instant::now();
        self.list.begin_refetch();
        let fetch: BoxFuture<'static, _> = Box::pin(fetch(self.api.clone(), self.options.clone(), self.limit));
        self.fetch = Some(Exclusive::new(fetch));
    }

    fn fetched(&mut self, fetched: Result<Fetched>) -> Result<bool> {
        match fetched {
            Ok(fetched) => {
                self.failures = 0;
                let truncated = std::mem::replace(&mut self.truncated, fetched.truncated);
                let change = self.list.finish_refetch(fetched.chats);
                if change.stale {
                    self.schedule();
                }
                Ok(change.changed || truncated != self.truncated)
            }
            Err(error) => {
                self.list.abandon_refetch();
                if !error.is_retryable() && !error.is_server_error() {
                    return Err(error);
                }
                let pause = RETRY_PAUSE.saturating_mul(1 << self.failures.min(5)).min(MAX_RETRY_PAUSE);
                self.failures += 1;
                self.due = Some(Box::pin(tokio::time::sleep(pause)));
                Ok(false)
            }
        }
    }
}

impl fmt::Debug for ChatListWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatListWatcher")
            .field("watch", &self.watch)
            .field("roots", &self.list.len())
            .field("reading", &self.fetch.is_some())
            .finish_non_exhaustive()
    }
}

/// Waits for what there is, for ever if there is nothing.
async fn poll_option<F: Future + Unpin>(future: Option<&mut F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Reads all pages. A chat that moves while they are read shows up twice or not at all; in the latter case its event
/// tells.
async fn fetch(api: Arc<dyn ChatsApi>, options: ListChatsOptions, limit: usize) -> Result<Fetched> {
    let mut options = ListChatsOptions { after_id: None, offset: None, limit: Some(PAGE), ..options };
    let mut seen = HashSet::new();
    let mut chats: Vec<Chat> = Vec::new();
    loop {
        let page = api.list_chats(options.clone()).await?;
        let (count, last) = (page.len(), page.last().map(|chat| chat.id));
        let before = chats.len();
        chats.extend(page.into_iter().filter(|chat| seen.insert(chat.id)));
        if chats.len() > limit {
            chats.truncate(limit);
            return Ok(Fetched { chats, truncated: true });
        }
        // A server that gives the same page again and again must not keep us here.
        if (count as i64) < PAGE || chats.len() == before {
            return Ok(Fetched { chats, truncated: false });
        }
        options.after_id = last;
    }
}
