//! The stream of what happens to the caller's chats.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};

use super::resume::{Dial, Protocol, Reconnect, Resume};
use super::stream::text;
use crate::exclusive::Exclusive;
use crate::request::Request;
use crate::types::*;
use crate::websocket::decode_event;
use crate::{Client, Error, Result};

/// What a [`ChatWatch`] tells.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "items are handled one at a time, a box would cost more")]
pub enum ChatWatchItem {
    /// A connection stands. What happened before was not told: who keeps a list reads it anew now.
    Connected,
    /// Something happened to a chat.
    Event(ChatWatchEvent),
    /// An event came that cannot be read. [`Error::json_path`] tells where, [`Error::body`] shows it.
    Undecodable {
        /// What is wrong with it.
        error: Error,
    },
    /// The connection is gone, or could not be made. The stream goes on by itself.
    Lost {
        /// Why; nothing if the server closed in order, as it does when it restarts.
        error: Option<Error>,
        /// How many times in a row, from 1.
        attempt: u32,
        /// When it is tried again.
        retry_in: Duration,
    },
}

/// What happens to the chats of a user, over as many connections as it takes.
///
/// It behaves as [`ChatStream`] does, but for one thing: a server does not tell what happened while no connection
/// stood. Every [`ChatWatchItem::Connected`] is therefore the sign to read the list anew, which
/// [`ChatListWatcher`](crate::ChatListWatcher) does.
///
/// ```no_run
/// use codersdk::{ChatWatch, ChatWatchItem, Client};
/// use futures_util::StreamExt;
///
/// # async fn example(client: Client) -> codersdk::Result<()> {
/// let mut watch = ChatWatch::builder(&client).connect().await?;
/// while let Some(item) = watch.next().await {
///     if let ChatWatchItem::Event(event) = item? {
///         println!("{}: {} is {}", event.kind, event.chat.title, event.chat.status);
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct ChatWatch(Source);

enum Source {
    Live(Box<Resume<Watching>>),
    Given(Exclusive<BoxStream<'static, Result<ChatWatchItem>>>),
}

impl ChatWatch {
    /// Starts a stream of what happens to the caller's chats (`GET /chats/watch`).
    pub fn builder(client: &Client) -> ChatWatchBuilder {
        ChatWatchBuilder { client: client.clone(), reconnect: Reconnect::default() }
    }

    /// A stream of given items: for tests, and for hand-written implementations of the API traits.
    pub fn from_items(items: impl Stream<Item = Result<ChatWatchItem>> + Send + 'static) -> Self {
        Self(Source::Given(Exclusive::new(items.boxed())))
    }
}

impl Stream for ChatWatch {
    type Item = Result<ChatWatchItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Source::Live(stream) => stream.poll_next_unpin(cx),
            Source::Given(stream) => stream.get().poll_next_unpin(cx),
        }
    }
}

impl fmt::Debug for ChatWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Live(stream) => f.debug_tuple("ChatWatch").field(stream).finish(),
            Source::Given(_) => f.debug_struct("ChatWatch").finish_non_exhaustive(),
        }
    }
}

/// Settings of a [`ChatWatch`] that is not connected yet.
#[derive(Debug, Clone)]
#[must_use = "a stream begins when it is connected"]
pub struct ChatWatchBuilder {
    client: Client,
    reconnect: Reconnect,
}

impl ChatWatchBuilder {
    /// Sets when a lost connection is tried again.
    pub fn reconnect(mut self, policy: Reconnect) -> Self {
        self.reconnect = policy;
        self
    }

    /// Makes the first connection. Its failure is returned and not tried again; later ones are the stream's matter.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses: 401 without a valid token.
    pub async fn connect(self) -> Result<ChatWatch> {
        let Self { client, reconnect } = self;
        let dial: Dial<Frame> = Box::new(move |_| {
            let client = client.clone();
            Box::pin(async move {
                let socket = client.websocket(Request::get_chats("/watch", &[])).await?;
                Ok(socket.map(|message| Ok(Frame(decode_event(&text(message?).into())))).boxed())
            })
        });
        let mut resume = Resume::new(Watching, dial, reconnect);
        resume.connect().await?;
        Ok(ChatWatch(Source::Live(Box::new(resume))))
    }
}

struct Watching;

/// A frame holds one event; one that cannot be read is no reason to connect anew, since nothing is told twice.
struct Frame(Result<ChatWatchEvent>);

impl Protocol for Watching {
    type Frame = Frame;
    type Item = ChatWatchItem;

    fn cursor(&self) -> Option<i64> {
        None
    }

    fn connected(&mut self, _: Option<i64>, out: &mut VecDeque<ChatWatchItem>) {
        out.push_back(ChatWatchItem::Connected);
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<ChatWatchItem>) {
        out.push_back(match frame.0 {
            Ok(event) => ChatWatchItem::Event(event),
            Err(error) => ChatWatchItem::Undecodable { error },
        });
    }

    fn lost(&mut self, error: Option<Error>, attempt: u32, retry_in: Duration) -> ChatWatchItem {
        ChatWatchItem::Lost { error, attempt, retry_in }
    }
}
