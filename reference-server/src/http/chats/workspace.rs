//! The streams that lead into a chat's workspace.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::close_code;
use axum::response::Response;
use bytes::{Buf, Bytes};
use codersdk::WorkspaceAgentGitClientMessage;
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, WriteHalf};
use workspacesdk::{AgentConn, BoxIo, GitWatch};

use super::param::ChatParam;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::go_json;
use crate::http::websocket::{Incoming, Socket, Upgrade, too_long};
use crate::quote::quoted;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::workspaces::connection::connection_status;
use crate::workspaces::objects::workspace_object;

/// Largest message of a client, in bytes.
const MAX_MESSAGE: usize = 4 << 20;
/// Largest message of a client that watches Git, in bytes.
const MAX_QUESTION: usize = 32 << 10;

/// What is read of a desktop's screen at a time.
const CHUNK: usize = 64 << 10;

/// `GET /{chat}/stream/git`: what the chat's agent tells of its repositories.
pub(super) async fn watch_chat_git(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let wording = Wording {
        unbound: "Chat has no workspace to watch.",
        wanted: "it must be in the \"connected\" state.",
        undialed: "Internal error dialing workspace agent.",
    };
    let conn = conn(&state, &caller, &chat, &wording).await?;
    let failed =
        |e: codersdk::Error| ApiError::internal("Internal error watching agent's git state.", &e).detail(e.to_string());
    let watch = conn.watch_git(chat.id).await.map_err(failed)?;
    Ok(upgrade?.serve(&state, async move |socket| relay_git(socket, watch).await))
}

/// `GET /{chat}/stream/desktop`: the screen, mouse and keyboard of the chat's workspace.
pub(super) async fn watch_chat_desktop(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let wording = Wording {
        unbound: "Chat has no workspace.",
        wanted: "must be connected.",
        undialed: "Failed to dial workspace agent.",
    };
    let conn = conn(&state, &caller, &chat, &wording).await?;
    let failed =
        |e: codersdk::Error| ApiError::internal("Failed to connect to agent desktop.", &e).detail(e.to_string());
    let desktop = conn.connect_desktop_vnc().await.map_err(failed)?;
    Ok(upgrade?.max_message(MAX_MESSAGE).serve(&state, async move |socket| relay_desktop(socket, desktop).await))
}

/// The words in which the streams differ.
struct Wording {
    unbound: &'static str,
    /// How the agent must be, after how it is.
    wanted: &'static str,
    undialed: &'static str,
}

/// A connection to the agent of the chat's workspace, for a caller who may get into it.
async fn conn(
    state: &AppState,
    caller: &Caller,
    chat: &ChatRow,
    wording: &Wording,
) -> Result<Arc<dyn AgentConn>, ApiError> {
    let id = chat.workspace_id.ok_or_else(|| ApiError::bad_request(wording.unbound))?;
    let failed = |e| ApiError::internal("Internal error fetching chat workspace.", &e);
    let workspace = state.store.workspace(id).await.map_err(failed)?;
    let workspace = workspace.ok_or_else(|| ApiError::bad_request("Chat workspace not found."))?;
    let object = workspace_object(&workspace);
    if !caller.can(Action::ApplicationConnect, &object) && !caller.can(Action::Ssh, &object) {
        return Err(ApiError::forbidden());
    }
    let failed = |e| ApiError::internal("Internal error fetching workspace agents.", &e);
    let agents = match state.store.latest_build(id).await.map_err(failed)? {
        Some(build) => state.store.agents_of_build(build.id).await.map_err(failed)?,
        None => Vec::new(),
    };
    let agent = agents.first().ok_or_else(|| ApiError::bad_request("Chat workspace has no agents."))?;
    let status = connection_status(agent, state.clock.now()).status;
    if status != "connected" {
        return Err(ApiError::bad_request(format!("Agent state is {}, {}", quoted(status), wording.wanted)));
    }
    let dialed = state.workspaces.agents.dial(agent.id);
    dialed.map_err(|error| ApiError::internal(wording.undialed, &error).detail(error.to_string()))
}

/// Hands on what the agent tells, and what the client asks.
async fn relay_git(mut socket: Socket, mut watch: GitWatch) {
    let (mut code, mut reason) = (close_code::AWAY, String::new());
    loop {
        tokio::select! {
            message = watch.next() => {
                let Some(message) = message else { break };
                // One message that cannot be read is no reason to stop.
                if message.as_ref().is_err_and(codersdk::Error::is_decode) {
                    continue;
                }
                let Ok(Ok(text)) = message.map(|message| serde_json::to_string(&message)) else { break };
                if socket.send(text).await.is_err() {
                    break;
                }
            }
            incoming = socket.next() => match incoming {
                Incoming::Data(data) | Incoming::Binary(data) if data.len() > MAX_QUESTION => {
                    (code, reason) = too_long(MAX_QUESTION);
                    break;
                }
                Incoming::Data(text) => {
                    let Ok(message) = go_json::from_whole::<WorkspaceAgentGitClientMessage>(&text) else { break };
                    if watch.send(message).await.is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
    }
    // The agent's end does not wait for the client's farewell.
    drop(watch);
    socket.close(code, &reason).await;
}

/// Hands bytes on, both ways. The screen goes on while the desktop takes no input, or two that wait for each other would
/// wait for ever.
async fn relay_desktop(mut socket: Socket, desktop: BoxIo) {
    let (mut screen, mut input) = tokio::io::split(desktop);
    let mut chunk = vec![0; CHUNK];
    // Input that the desktop has not taken yet; the client is listened to again once it has.
    let mut pending = Bytes::new();
    let mut fed = true;
    loop {
        tokio::select! {
            read = screen.read(&mut chunk) => {
                let Ok(read @ 1..) = read else { break };
                if socket.send_binary(Bytes::copy_from_slice(&chunk[..read])).await.is_err() {
                    break;
                }
            }
            taken = feed(&mut input, &pending), if !fed => {
                match taken {
                    Ok(0) if pending.is_empty() => fed = true,
                    Ok(taken @ 1..) => pending.advance(taken),
                    _ => break,
                }
            }
            incoming = socket.next(), if fed => {
                let Incoming::Binary(bytes) = incoming else { break };
                (pending, fed) = (bytes, false);
            }
        }
    }
    // The desktop's end does not wait for the client's farewell.
    drop((screen, input));
    socket.close(close_code::NORMAL, "").await;
}

/// Writes some of the input, or sees to it that what was written arrives; gives how much was written. Cancel safe.
async fn feed(input: &mut WriteHalf<BoxIo>, pending: &[u8]) -> std::io::Result<usize> {
    if pending.is_empty() { input.flush().await.map(|()| 0) } else { input.write(pending).await }
}
