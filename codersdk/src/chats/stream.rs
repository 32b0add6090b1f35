//! The stream of a chat.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use uuid::Uuid;

use super::resume::{Dial, Reconnect, Resume};
use super::session::{Batch, Session};
use crate::exclusive::Exclusive;
use crate::request::Request;
use crate::types::*;
use crate::{Client, Error, Message, Result};

/// What a [`ChatStream`] tells.
#[derive(Debug)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant, reason = "items are handled one at a time, a box would cost more")]
pub enum ChatStreamItem {
    /// A connection stands, and its snapshot follows: messages not told yet, the queue if there ever was one, the
    /// status, and as the state of the chat has it an error, pending calls or the notice of a retry. A
    /// [`PreviewReset`](ChatStreamEvent) ends it, then come the live parts of the step that is under way.
    Connected {
        /// Whether it goes on where an earlier connection, or the caller's own history, ended.
        resumed: bool,
    },
    /// Something happened in the chat. A durable message comes once, however often the server sends it.
    Event(ChatStreamEvent),
    /// The history was rewritten: all messages are gone but those listed. The messages that are new follow at once.
    HistoryReset {
        /// Ids of the messages that stay as they were told.
        kept: Vec<i64>,
    },
    /// Live parts were lost that cannot be had again: the preview has a hole. The message that it becomes will be
    /// whole.
    PartsMissing {
        /// Version of the history that the step continues.
        history_version: i64,
        /// Number of the attempt at the step.
        generation_attempt: i64,
        /// Number of the first part that is missing.
        first_seq: i64,
        /// Number of the last part that is missing.
        last_seq: i64,
    },
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

impl ChatStreamItem {
    /// The event, if the item is one.
    pub fn as_event(&self) -> Option<&ChatStreamEvent> {
        match self {
            Self::Event(event) => Some(event),
            _ => None,
        }
    }
}

/// The events of a chat, over as many connections as it takes.
///
/// It owns its connection and has no task behind it: it makes progress while it is polled, dropping it closes the
/// socket, and a reader who is slow slows the server down. A reader who does not poll for half a minute is taken for
/// dead by the server; the stream then connects anew when it is polled again. At most one frame (256 events, 4 MiB)
/// is held. Polling is cancel safe.
///
/// A lost connection is an item, [`ChatStreamItem::Lost`], after which the stream waits, connects again and goes on
/// behind the last durable message. So is a close that looks normal: a server that restarts closes that way. A
/// connection on which nothing comes for the client's [idle timeout](crate::ClientBuilder::idle_timeout) counts as
/// lost; the server pings every 15 s.
///
/// The stream has no end of its own: whether a turn is over is for the [status](ChatStatus) to say. It ends after an
/// `Err`, which it gives when
/// - the server refuses to go on (a status of 300 to 499 but 408, 425 and 429): the token expired, the chat is gone,
/// - the same unreadable or oversized frame comes back three times in a row,
/// - [`Reconnect::give_up_after`] is over.
///
/// An event that cannot be read is an item, too, [`ChatStreamItem::Undecodable`], and ends nothing; events of kinds
/// that this version does not know are [`ChatStreamEvent::Unknown`]. To show a chat, feed the items to a
/// [`Transcript`](crate::Transcript).
///
/// ```no_run
/// use codersdk::{ChatStream, ChatStreamItem, Client, Transcript};
/// use futures_util::StreamExt;
///
/// # async fn example(client: Client, chat_id: uuid::Uuid) -> codersdk::Result<()> {
/// let mut stream = ChatStream::builder(&client, chat_id).connect().await?;
/// let mut transcript = Transcript::new(chat_id);
/// while let Some(item) = stream.next().await {
///     let item = item?;
///     if let ChatStreamItem::Lost { retry_in, .. } = &item {
///         println!("connection lost, trying again in {retry_in:?}");
///     }
///     if transcript.apply(&item) {
///         println!("{:?}: {} messages", transcript.status(), transcript.messages().len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct ChatStream(Source);

enum Source {
    Live(Box<Resume<Session>>),
    Given(Exclusive<BoxStream<'static, Result<ChatStreamItem>>>),
}

impl ChatStream {
    /// Starts a stream of a chat (`GET /chats/{chat}/stream`).
    pub fn builder(client: &Client, chat_id: Uuid) -> ChatStreamBuilder {
        ChatStreamBuilder { client: client.clone(), chat_id, after_id: None, reconnect: Reconnect::default() }
    }

    /// A stream of given items: for tests, and for hand-written implementations of the API traits.
    ///
    /// ```
    /// use codersdk::{ChatStream, ChatStreamItem};
    /// use futures_util::{StreamExt, stream};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let items = [Ok(ChatStreamItem::Connected { resumed: false })];
    /// let mut stream = ChatStream::from_items(stream::iter(items));
    /// assert!(matches!(stream.next().await, Some(Ok(ChatStreamItem::Connected { .. }))));
    /// assert!(stream.next().await.is_none());
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_items(items: impl Stream<Item = Result<ChatStreamItem>> + Send + 'static) -> Self {
        Self(Source::Given(Exclusive::new(items.boxed())))
    }

    #[cfg(test)]
    pub(super) fn over(chat_id: Uuid, after_id: Option<i64>, dial: Dial<Batch>, policy: Reconnect) -> Self {
        Self(Source::Live(Box::new(Resume::new(Session::new(chat_id, after_id), dial, policy))))
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatStreamItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Source::Live(stream) => stream.poll_next_unpin(cx),
            Source::Given(stream) => stream.get().poll_next_unpin(cx),
        }
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Live(stream) => f.debug_tuple("ChatStream").field(stream).finish(),
            Source::Given(_) => f.debug_struct("ChatStream").finish_non_exhaustive(),
        }
    }
}

/// The text of a frame; bytes that are none become something that is no JSON.
pub(super) fn text(message: Message) -> String {
    match message {
        Message::Text(text) => text,
        Message::Binary(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// Settings of a [`ChatStream`] that is not connected yet.
#[derive(Debug, Clone)]
#[must_use = "a stream begins when it is connected"]
pub struct ChatStreamBuilder {
    client: Client,
    chat_id: Uuid,
    after_id: Option<i64>,
    reconnect: Reconnect,
}

impl ChatStreamBuilder {
    /// Leaves out the durable messages up to this id, which the caller has already. Servers send them nevertheless
    /// in chats where a message was edited; then [`ChatStreamItem::HistoryReset`] comes first.
    pub fn after_id(mut self, id: impl Into<Option<i64>>) -> Self {
        self.after_id = id.into();
        self
    }

    /// Sets when a lost connection is tried again.
    pub fn reconnect(mut self, policy: Reconnect) -> Self {
        self.reconnect = policy;
        self
    }

    /// Makes the first connection. Its failure is returned and not tried again; later ones are the stream's matter.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses: 401 without a valid token, 404 if there is no such chat or the
    /// user may not read it.
    pub async fn connect(self) -> Result<ChatStream> {
        let Self { client, chat_id, after_id, reconnect } = self;
        let dial: Dial<Batch> = Box::new(move |after| {
            let client = client.clone();
            Box::pin(async move {
                let request = Request::get_chats("/{chat}/stream", &[&chat_id]).query_opt::<i64>("after_id", after);
                let socket = client.websocket(request).await?;
                Ok(socket.map(|message| Batch::decode(&text(message?))).boxed())
            })
        });
        let mut resume = Resume::new(Session::new(chat_id, after_id), dial, reconnect);
        resume.connect().await?;
        Ok(ChatStream(Source::Live(Box::new(resume))))
    }
}
