//! `GET /api/v0/git/watch`: when repositories are looked at, and what a client is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::close_code;
use axum::response::Response;
use axum::routing::get;
use chrono::{DateTime, Utc};
use codersdk::{
    WorkspaceAgentGitClientMessage, WorkspaceAgentGitClientMessageType, WorkspaceAgentGitServerMessage,
    WorkspaceAgentGitServerMessageType, WorkspaceAgentRepoChanges,
};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use super::paths::ChatPaths;
use super::repository::{git_is_installed, is_gone, look_at, roots_of};
use crate::agent::AgentState;
use crate::clock::SharedClock;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::http::go_json;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, Upgrade};

/// How far scans are apart at least.
const COOLDOWN: Duration = Duration::from_secs(1);
/// How often repositories are looked at when nothing asks for it.
const POLL: Duration = Duration::from_secs(5);
/// Largest message of a client, in bytes.
const MAX_MESSAGE: usize = 4 << 20;

pub(in crate::agent) fn router() -> Router<AgentState> {
    Router::new().route("/api/v0/git/watch", get(watch_git))
}

async fn watch_git(
    State(agent): State<AgentState>,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let chat = query.get("chat_id").and_then(|id| parse_uuid(id).ok());
    let clock = agent.clock.clone();
    let paths = agent.chat_paths.clone();
    Ok(upgrade?.max_message(MAX_MESSAGE).serve(&agent, async move |socket| serve(socket, clock, paths, chat).await))
}

/// Serves one client until it or the agent goes.
async fn serve(mut socket: Socket, clock: SharedClock, paths: ChatPaths, chat: Option<Uuid>) {
    let refresh = Arc::new(Notify::new());
    let (tell, mut told) = mpsc::channel(1);
    // Beside the socket, so that a client is heard while git works.
    let scanning = Scanner::new(clock, paths, chat).run(refresh.clone(), tell);
    tokio::pin!(scanning);
    loop {
        let message = tokio::select! {
            () = &mut scanning => break,
            Some(message) = told.recv() => message,
            incoming = socket.next() => match incoming {
                Incoming::Data(text) => match go_json::from_slice::<WorkspaceAgentGitClientMessage>(&text) {
                    Ok(WorkspaceAgentGitClientMessage { kind: WorkspaceAgentGitClientMessageType::Refresh }) => {
                        refresh.notify_one();
                        continue;
                    }
                    Ok(_) => WorkspaceAgentGitServerMessage {
                        kind: WorkspaceAgentGitServerMessageType::Error,
                        message: Some("unknown message type".to_owned()),
                        ..Default::default()
                    },
                    Err(_) => break,
                },
                Incoming::Binary(_) | Incoming::Gone | Incoming::Stopped => break,
            },
        };
        let Ok(text) = serde_json::to_string(&message) else { break };
        if socket.send(text).await.is_err() {
            break;
        }
    }
    socket.close(close_code::AWAY, "").await;
}

/// Looks at the repositories of a chat, when it is time.
#[derive(Debug)]
struct Scanner {
    clock: SharedClock,
    paths: ChatPaths,
    chat: Option<Uuid>,
    /// Told when the chat touched something. Its sender is kept for a watch of no chat, which nobody tells anything.
    touched: watch::Receiver<()>,
    _untouched: Option<watch::Sender<()>>,
    roots: BTreeSet<PathBuf>,
    /// What the client was told last.
    told: BTreeMap<PathBuf, WorkspaceAgentRepoChanges>,
    scanned_at: Option<DateTime<Utc>>,
}

impl Scanner {
    fn new(clock: SharedClock, paths: ChatPaths, chat: Option<Uuid>) -> Self {
        // Before the paths are read that there are, so that none is lost in between.
        let (touched, untouched) = match chat {
            Some(chat) => (paths.subscribe(chat), None),
            None => {
                let (sender, receiver) = watch::channel(());
                (receiver, Some(sender))
            }
        };
        Self {
            clock,
            paths,
            chat,
            touched,
            _untouched: untouched,
            roots: BTreeSet::new(),
            told: BTreeMap::new(),
            scanned_at: None,
        }
    }

    /// Scans until nobody takes the messages any more.
    async fn run(mut self, refresh: Arc<Notify>, tell: mpsc::Sender<WorkspaceAgentGitServerMessage>) {
        if self.chat.is_some_and(|chat| !self.paths.of(chat).is_empty()) {
            self.touched.mark_changed();
        }
        let mut poll_at = self.clock.now() + POLL;
        loop {
            let until_poll = (poll_at - self.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                biased;
                changed = self.touched.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    // Read again at the scan.
                    self.touched.mark_changed();
                }
                () = refresh.notified() => {}
                () = self.clock.sleep(until_poll) => {
                    poll_at = (poll_at + POLL).max(self.clock.now());
                    if self.since_scan().is_some_and(|since| since < POLL) {
                        continue;
                    }
                }
            }
            if let Some(wait) = self.since_scan().and_then(|since| COOLDOWN.checked_sub(since)) {
                self.clock.sleep(wait).await;
            }
            if let Some(message) = self.scan().await
                && tell.send(message).await.is_err()
            {
                return;
            }
        }
    }

    fn since_scan(&self) -> Option<Duration> {
        self.scanned_at.map(|at| (self.clock.now() - at).to_std().unwrap_or_default())
    }

    /// Looks at every repository; there is nothing to tell while none is known.
    async fn scan(&mut self) -> Option<WorkspaceAgentGitServerMessage> {
        if !git_is_installed() {
            self.touched.mark_unchanged();
            return None;
        }
        if self.touched.has_changed().unwrap_or_default()
            && let Some(chat) = self.chat
        {
            self.touched.mark_unchanged();
            let found = roots_of(&self.paths.of(chat), &self.roots).await;
            self.roots.extend(found);
        }
        if self.roots.is_empty() {
            return None;
        }
        let now = self.clock.now();
        let mut repositories = Vec::new();
        for root in self.roots.clone() {
            match look_at(&root).await {
                Ok(changes) if self.told.get(&root) == Some(&changes) => {}
                Ok(changes) => {
                    self.told.insert(root, changes.clone());
                    repositories.push(changes);
                }
                Err(_) if is_gone(&root).await => {
                    self.roots.remove(&root);
                    self.told.remove(&root);
                    repositories.push(WorkspaceAgentRepoChanges {
                        repo_root: root.to_string_lossy().into_owned(),
                        removed: true,
                        ..Default::default()
                    });
                }
                Err(error) => tracing::warn!(root = %root.display(), %error, "cannot look at a repository"),
            }
        }
        self.scanned_at = Some(now);
        Some(WorkspaceAgentGitServerMessage {
            kind: WorkspaceAgentGitServerMessageType::Changes,
            scanned_at: Some(now),
            repositories,
            ..Default::default()
        })
    }
}
