//! Whether an agent's connection lives, and what that says of the agent.

use agentsdk::rpc::Served;
use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot};

use super::socket::Ping;
use crate::http::agent_auth::AgentCaller;
use crate::state::AppState;
use crate::workspaces::connection::{HEARTBEAT, note_connected, note_disconnected, note_heartbeat};

/// After how long without an answer to a ping the peer is gone.
const SILENCE: TimeDelta = TimeDelta::seconds(30);

/// Pings the peer every [`HEARTBEAT`] and returns when the connection is over or is to end: the peer is gone, the
/// server stops, or another build has followed the agent's. With `moves`, the agent is connected meanwhile.
pub(super) async fn watch(
    state: &AppState,
    caller: &AgentCaller,
    moves: bool,
    served: &Served,
    pings: mpsc::Sender<Ping>,
) {
    let agent = caller.agent.id;
    if moves && let Err(error) = note_connected(state, agent).await {
        tracing::error!(%agent, %error, "cannot note that an agent has connected");
        return;
    }
    let reason = beat(state, caller, moves, served, pings).await;
    tracing::debug!(%agent, reason, "an agent's connection ends");
    if moves && let Err(error) = note_disconnected(state, agent).await {
        tracing::error!(%agent, %error, "cannot note that an agent has disconnected");
    }
}

async fn beat(
    state: &AppState,
    caller: &AgentCaller,
    moves: bool,
    served: &Served,
    pings: mpsc::Sender<Ping>,
) -> &'static str {
    let mut heard = state.clock.now();
    let mut answer: Option<oneshot::Receiver<()>> = None;
    let mut due = state.clock.now() + HEARTBEAT;
    loop {
        let wait = (due - state.clock.now()).to_std().unwrap_or_default();
        tokio::select! {
            biased;
            () = served.over() => return "the peer is gone",
            () = state.stop.cancelled() => return "the server stops",
            answered = async { answer.as_mut().expect("guarded").await }, if answer.is_some() => {
                answer = None;
                if answered.is_ok() {
                    heard = state.clock.now();
                }
                continue;
            }
            () = state.clock.sleep(wait) => due = state.clock.now() + HEARTBEAT,
        }
        if state.clock.now() - heard > SILENCE {
            return "ping timeout";
        }
        if answer.is_none() {
            let (sender, receiver) = oneshot::channel();
            if pings.try_send(sender).is_ok() {
                answer = Some(receiver);
            }
        }
        if moves && note_heartbeat(state, caller.agent.id).await.is_err() {
            return "the store failed";
        }
        match state.store.latest_build(caller.workspace.id).await {
            Ok(Some(build)) if build.id == caller.build.id => {}
            Ok(_) => return "build is outdated",
            Err(_) => return "the store failed",
        }
    }
}
