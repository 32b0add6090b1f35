//! `GET …/me/reinit`: how the agent of a prebuilt workspace learns that somebody has claimed it.

use std::sync::Arc;
use std::time::Duration;

use agentsdk::ReinitializationEvent;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use uuid::Uuid;

use crate::chatd::pubsub::{Delivery, Subscription};
use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::events::{sse_headers, sse_text};
use crate::http::query::{QueryValues, parse_bool};
use crate::state::AppState;
use crate::store::workspace_agents::AgentInWorkspace;
use crate::store::workspaces::PREBUILDS_USER;

/// How often a silent stream shows that it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// What an agent that asks is to be told.
#[derive(Debug, PartialEq, Eq)]
enum Claim {
    /// Nobody has claimed the workspace, or the build that the claim started is under way.
    Waiting,
    /// It was claimed, and its build is done.
    Done { owner: Uuid },
}

/// Tells of claims until the agent goes away.
pub(super) async fn reinit(
    State(state): State<AppState>,
    caller: AgentCaller,
    query: QueryValues,
) -> Result<Response, ApiError> {
    // Before anything is looked up, so that a claim in between is not missed.
    let claims = state.workspaces.hub.watch_claims(caller.workspace.id);
    let waits = query.get("wait").and_then(|wait| parse_bool(wait).ok()).unwrap_or(false);
    // Agents that do not say `wait` start over whenever they are told: those are told of new claims only.
    let claim = if waits { stored_claim(&state, &caller).await? } else { Claim::Waiting };
    let mut events = Events { workspace: caller.workspace.id, claims: Some(claims), seeded: None, state };
    if let Claim::Done { owner } = claim {
        // The announcement may come yet, and would tell the same again.
        events.claims = None;
        events.seeded = Some(ReinitializationEvent {
            workspace_id: caller.workspace.id,
            reason: agentsdk::ReinitializationReason::PrebuildClaimed,
            owner_id: owner,
        });
    }
    // The answer begins with the first event, as the original's does.
    let first = events.next().await;
    let rest = stream::unfold(events, |mut events| async move { Some((events.next().await?, events)) });
    let body = futures_util::StreamExt::chain(stream::iter(first), rest);
    let body = Body::from_stream(futures_util::StreamExt::map(body, Ok::<_, std::convert::Infallible>));
    Ok((sse_headers(), body).into_response())
}

/// What the store says of a claim.
///
/// # Errors
/// 409 if the agent need not ask again: the workspace is no prebuilt one, its claim has failed or is long over.
async fn stored_claim(state: &AppState, caller: &AgentInWorkspace) -> Result<Claim, ApiError> {
    const NOT_WAITING: &str = "Workspace is not a prebuilt workspace waiting to be claimed.";
    // Read anew: the claim may have come after the caller was let in, and before it subscribed.
    let workspace = state.store.workspace(caller.workspace.id).await?.ok_or_else(ApiError::not_found)?;
    if workspace.is_prebuild() {
        return Ok(Claim::Waiting);
    }
    let builds = state.store.builds(workspace.id).await?;
    let (Some(first), Some(latest)) = (builds.last(), builds.first()) else { return Err(ApiError::not_found()) };
    if first.initiator_id != PREBUILDS_USER {
        return Err(
            ApiError::conflict(NOT_WAITING).detail("This endpoint is only for agents running in prebuilt workspaces.")
        );
    }
    if latest.initiator_id == PREBUILDS_USER {
        // The owner has changed, and the build of the claim is about to be made.
        return Ok(Claim::Waiting);
    }
    // The build of the claim is the first one that a person started.
    let claim = builds.iter().rev().find(|build| build.initiator_id != PREBUILDS_USER);
    if claim.is_none_or(|claim| claim.id != latest.id) {
        return Err(ApiError::conflict(NOT_WAITING)
            .detail("The prebuild claim for this workspace has already been handled by an earlier build."));
    }
    let job = state.store.job(latest.job_id).await?.ok_or_else(ApiError::not_found)?;
    match job.completed_at {
        None => Ok(Claim::Waiting),
        Some(_) if job.error.is_empty() => Ok(Claim::Done { owner: workspace.owner_id }),
        Some(_) => Err(ApiError::conflict("Claim build failed permanently.").detail(job.error)),
    }
}

/// The events of one stream.
struct Events {
    workspace: Uuid,
    /// Claims to come; none once one is known.
    claims: Option<Subscription<Arc<str>>>,
    seeded: Option<ReinitializationEvent>,
    state: AppState,
}

impl Events {
    /// The next event as it is written; none once the server stops.
    async fn next(&mut self) -> Option<String> {
        if let Some(event) = self.seeded.take() {
            return Some(written(&event));
        }
        let Self { claims, state, workspace, .. } = self;
        let claim = async {
            match claims {
                Some(claims) => claims.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = state.stop.cancelled() => None,
            claim = claim => match claim? {
                Delivery::Message(payload) => {
                    Some(written(&ReinitializationEvent::from_payload(*workspace, payload.as_bytes())))
                }
                // The agent asks again and is told by the store.
                Delivery::Missed => None,
            },
            () = state.clock.sleep(PING_INTERVAL) => Some(sse_text("ping", None)),
        }
    }
}

fn written(event: &ReinitializationEvent) -> String {
    let json = serde_json::to_string(event).expect("an event always has a JSON form");
    sse_text("data", Some(&json))
}
