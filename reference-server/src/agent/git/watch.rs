//! `GET /api/v0/git/watch`: when repositories are looked at, and what a client is told.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use workspacesdk::quote::shown;

use super::paths::ChatPaths;
use super::repository::{git_is_installed, is_gone, look_at, roots_of};
use crate::agent::AgentState;
use crate::clock::SharedClock;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::http::go_json;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, Upgrade, too_long};

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
    let upgrade = upgrade.map_err(|refusal| refusal.said_twice("Failed to accept WebSocket."))?;
    // More is heard than is taken, as only who is heard can be told why it is refused.
    let upgrade = upgrade.max_message(2 * MAX_MESSAGE);
    Ok(upgrade.serve(&agent, async move |socket| serve(socket, clock, paths, chat).await))
}

/// Serves one client until it or the agent goes.
async fn serve(mut socket: Socket, clock: SharedClock, paths: ChatPaths, chat: Option<Uuid>) {
    let refresh = Arc::new(Notify::new());
    let (tell, mut told) = mpsc::channel(1);
    // Beside the socket, so that a client is heard while git works.
    let scanning = Scanner::new(clock, paths, chat, refresh.clone()).run(tell);
    tokio::pin!(scanning);
    let (mut code, mut reason) = (close_code::AWAY, String::new());
    loop {
        let message = tokio::select! {
            () = &mut scanning => break,
            Some(message) = told.recv() => message,
            incoming = socket.next() => match incoming {
                Incoming::Data(data) | Incoming::Binary(data) if data.len() > MAX_MESSAGE => {
                    (code, reason) = too_long(MAX_MESSAGE);
                    break;
                }
                Incoming::Data(text) => match go_json::from_whole::<WorkspaceAgentGitClientMessage>(&text) {
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
    socket.close(code, &reason).await;
}

/// Looks at the repositories of a chat, when it is time.
struct Scanner {
    clock: SharedClock,
    paths: ChatPaths,
    /// Whose repositories they are, and what tells that it touched something.
    chat: Option<(Uuid, watch::Receiver<()>)>,
    /// Asks for a scan; one that is asked for while another runs follows it, and only one does.
    due: Arc<Notify>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    roots: BTreeSet<PathBuf>,
    /// What the client was told last.
    told: BTreeMap<PathBuf, WorkspaceAgentRepoChanges>,
    scanned_at: Option<DateTime<Utc>>,
}

impl Scanner {
    fn new(clock: SharedClock, paths: ChatPaths, chat: Option<Uuid>, due: Arc<Notify>) -> Self {
        // Before the paths are read that there are, so that none is lost in between.
        let chat = chat.map(|chat| (chat, paths.subscribe(chat)));
        Self { clock, paths, chat, due, known: Mutex::default() }
    }

    /// Scans until nobody takes the messages any more.
    async fn run(mut self, tell: mpsc::Sender<WorkspaceAgentGitServerMessage>) {
        let chat = self.chat.take();
        if let Some((chat, _)) = chat
            && !self.paths.of(chat).is_empty()
        {
            self.follow(chat).await;
        }
        tokio::select! {
            () = self.learn(chat) => {}
            () = self.scan_when_due(tell) => {}
        }
    }

    /// Follows every path that the chat touches.
    async fn learn(&self, chat: Option<(Uuid, watch::Receiver<()>)>) {
        if let Some((chat, mut touched)) = chat {
            while touched.changed().await.is_ok() {
                self.follow(chat).await;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Takes the repositories that the paths of the chat lie in, and asks for a scan.
    async fn follow(&self, chat: Uuid) {
        if git_is_installed() {
            let known = self.known().roots.clone();
            let found = roots_of(&self.paths.of(chat), &known).await;
            self.known().roots.extend(found);
        }
        self.due.notify_one();
    }

    async fn scan_when_due(&self, tell: mpsc::Sender<WorkspaceAgentGitServerMessage>) {
        let mut poll_at = self.clock.now() + POLL;
        loop {
            let until_poll = (poll_at - self.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                biased;
                () = self.due.notified() => {}
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
        self.known().scanned_at.map(|at| (self.clock.now() - at).to_std().unwrap_or_default())
    }

    /// Looks at every repository; there is nothing to tell while none is known.
    async fn scan(&self) -> Option<WorkspaceAgentGitServerMessage> {
        let roots = self.known().roots.clone();
        if roots.is_empty() || !git_is_installed() {
            return None;
        }
        let now = self.clock.now();
        let mut repositories = Vec::new();
        for root in roots {
            let looked = look_at(&root).await;
            let gone = looked.is_err() && is_gone(&root).await;
            let mut known = self.known();
            match looked {
                Ok(changes) if known.told.get(&root) == Some(&changes) => {}
                Ok(changes) => {
                    known.told.insert(root, changes.clone());
                    repositories.push(changes);
                }
                Err(_) if gone => {
                    known.roots.remove(&root);
                    known.told.remove(&root);
                    repositories.push(WorkspaceAgentRepoChanges {
                        repo_root: shown(root.as_os_str().as_bytes()),
                        removed: true,
                        ..Default::default()
                    });
                }
                Err(error) => tracing::warn!(root = %root.display(), %error, "cannot look at a repository"),
            }
        }
        self.known().scanned_at = Some(now);
        Some(WorkspaceAgentGitServerMessage {
            kind: WorkspaceAgentGitServerMessageType::Changes,
            scanned_at: Some(now),
            repositories,
            ..Default::default()
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
