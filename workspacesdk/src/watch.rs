//! What an agent tells about changes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use codersdk::__private::ErrorKind;
use codersdk::{
    ChatGitSocket, Error, Result, WorkspaceAgentGitClientMessage, WorkspaceAgentGitClientMessageType,
    WorkspaceAgentGitServerMessage, WorkspaceAgentListContainersResponse,
};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

/// Messages under way between the two ends of a watch in memory.
const IN_FLIGHT: usize = 16;

/// The changes of a workspace's Git repositories, and the way to ask for them.
///
/// It owns its connection: dropping it ends the watch. Polling it is cancel safe. A message that cannot be read is an
/// item with an error for which [`Error::is_decode`] holds, and the stream goes on; other errors end it.
pub struct GitWatch(Way);

enum Way {
    Socket(Box<ChatGitSocket>),
    Memory(mpsc::Receiver<Result<WorkspaceAgentGitServerMessage>>, mpsc::Sender<WorkspaceAgentGitClientMessage>),
}

/// The agent's end of a [`GitWatch`] that is in memory: for tests and for hand-written agents.
#[derive(Debug)]
pub struct GitWatchPeer {
    messages: mpsc::Sender<Result<WorkspaceAgentGitServerMessage>>,
    asked: mpsc::Receiver<WorkspaceAgentGitClientMessage>,
}

impl GitWatch {
    /// A watch in memory, with its agent's end.
    ///
    /// ```
    /// # use codersdk::{WorkspaceAgentGitServerMessage, WorkspaceAgentGitServerMessageType};
    /// # use futures_util::StreamExt;
    /// # use workspacesdk::GitWatch;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let (mut watch, mut agent) = GitWatch::pair();
    /// watch.refresh().await.unwrap();
    /// assert!(agent.asked().await.is_some());
    /// let kind = WorkspaceAgentGitServerMessageType::Changes;
    /// agent.tell(Ok(WorkspaceAgentGitServerMessage { kind, ..Default::default() })).await;
    /// assert!(watch.next().await.unwrap().unwrap().repositories.is_empty());
    /// # });
    /// ```
    pub fn pair() -> (Self, GitWatchPeer) {
        let (messages, received) = mpsc::channel(IN_FLIGHT);
        let (sender, asked) = mpsc::channel(IN_FLIGHT);
        (Self(Way::Memory(received, sender)), GitWatchPeer { messages, asked })
    }

    /// Asks the agent to look at the repositories now.
    ///
    /// # Errors
    /// When the connection is broken or closed.
    pub async fn refresh(&mut self) -> Result<()> {
        self.send(WorkspaceAgentGitClientMessage { kind: WorkspaceAgentGitClientMessageType::Refresh }).await
    }

    /// Sends a message to the agent.
    ///
    /// # Errors
    /// When the connection is broken or closed.
    pub async fn send(&mut self, message: WorkspaceAgentGitClientMessage) -> Result<()> {
        match &mut self.0 {
            Way::Socket(socket) => socket.send(&message).await,
            Way::Memory(_, sender) => {
                sender.send(message).await.map_err(|_| Error::new(ErrorKind::Closed, "the agent ended the watch"))
            }
        }
    }
}

impl From<ChatGitSocket> for GitWatch {
    fn from(socket: ChatGitSocket) -> Self {
        Self(Way::Socket(Box::new(socket)))
    }
}

impl Stream for GitWatch {
    type Item = Result<WorkspaceAgentGitServerMessage>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Way::Socket(socket) => socket.poll_next_unpin(cx),
            Way::Memory(received, _) => received.poll_recv(cx),
        }
    }
}

impl fmt::Debug for GitWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Way::Socket(socket) => f.debug_tuple("GitWatch").field(socket).finish(),
            Way::Memory(..) => f.write_str("GitWatch(in memory)"),
        }
    }
}

impl GitWatchPeer {
    /// Sends a message, or an error, to the watcher. It is lost if nobody watches any more.
    pub async fn tell(&self, message: Result<WorkspaceAgentGitServerMessage>) {
        // Nobody to tell is no failure of the teller.
        let _ = self.messages.send(message).await;
    }

    /// What the watcher asks next; `None` once it is gone.
    pub async fn asked(&mut self) -> Option<WorkspaceAgentGitClientMessage> {
        self.asked.recv().await
    }
}

/// The containers of a workspace each time that they change: a stream of the whole list.
///
/// It owns its connection: dropping it ends the watch. Polling it is cancel safe.
pub struct ContainersWatch(Pin<Box<dyn Stream<Item = Result<WorkspaceAgentListContainersResponse>> + Send>>);

impl ContainersWatch {
    /// A watch whose lists come from a stream.
    pub fn new(lists: impl Stream<Item = Result<WorkspaceAgentListContainersResponse>> + Send + 'static) -> Self {
        Self(Box::pin(lists))
    }
}

impl Stream for ContainersWatch {
    type Item = Result<WorkspaceAgentListContainersResponse>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for ContainersWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainersWatch").finish_non_exhaustive()
    }
}
