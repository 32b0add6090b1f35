//! The control address of the development world: what in a real deployment a provisioner does, or an outside service.
//!
//! It listens on a loopback port of its own, so that nothing of it can be reached through the API; whoever may run
//! programs on the machine may use it.
//!
//! - `POST /claim` without a body announces that the prebuilt workspace was claimed by the first user: the agents that
//!   wait for it are told. The workspace itself stays as it is, so that this can be done again.
//! - `POST /claim` with the body `{"name": "mine"}` claims it for the first user under that name, whether or not its
//!   agents are ready: it gets its owner and a build, and its agents are told once that is done. This can be done once;
//!   afterwards it is 409, as it is if the user has another workspace of the name.

use std::net::SocketAddr;

use agentsdk::{ReinitializationEvent, ReinitializationReason};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::http::serve::serve;
use crate::http::workspaces::make::is_name;
use crate::state::AppState;
use crate::workspaces::build::{self, NewBuild};
use crate::workspaces::claim::{self, NewOwner};

/// Where everything of the control address lies.
const ROOT: &str = "/reference/v1";

/// The running control address. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Control {
    url: String,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Claims {
    state: AppState,
    workspace: Uuid,
    owner: Uuid,
}

impl Control {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// When none can be had.
    pub(crate) async fn start(state: &AppState, workspace: Uuid, owner: Uuid) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let url = format!("http://{}{ROOT}", listener.local_addr()?);
        let claims = Claims { state: state.clone(), workspace, owner };
        let app = Router::new().nest(ROOT, Router::new().route("/claim", post(claim))).with_state(claims);
        let serving = tokio::spawn(serve(listener, app, state.stop.clone()));
        Ok(Self { url, serving })
    }

    /// The URL below which its routes lie.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What the prebuilt workspace is claimed with.
#[derive(Deserialize)]
struct ClaimRequest {
    /// The workspace's new name.
    name: String,
}

async fn claim(State(claims): State<Claims>, body: Bytes) -> Result<Json<ReinitializationEvent>, (StatusCode, String)> {
    let Claims { state, workspace, owner } = claims;
    if body.is_empty() {
        return Ok(Json(claim::announce(&state.workspaces.hub, workspace, owner)));
    }
    let request: ClaimRequest =
        serde_json::from_slice(&body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    if !is_name(&request.name) {
        return Err((StatusCode::BAD_REQUEST, format!("{:?} is no name of a workspace", request.name)));
    }
    match take(&state, workspace, owner, request.name).await {
        Ok(true) => Ok(Json(ReinitializationEvent {
            workspace_id: workspace,
            reason: ReinitializationReason::PrebuildClaimed,
            owner_id: owner,
        })),
        Ok(false) => Err((StatusCode::CONFLICT, "the workspace was claimed before".to_owned())),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err((StatusCode::CONFLICT, "the user has another workspace of this name".to_owned()))
        }
        Err(error) => {
            tracing::error!(%error, "a claim failed");
            Err((StatusCode::INTERNAL_SERVER_ERROR, "the store failed".to_owned()))
        }
    }
}

/// Claims the workspace and does its build; false if it is nobody's to claim.
async fn take(state: &AppState, workspace: Uuid, owner: Uuid, name: String) -> sqlx::Result<bool> {
    let owner_id = owner;
    let new = NewOwner { owner_id, name, autostart_schedule: None, ttl_ms: None };
    let build =
        NewBuild { transition: "start".to_owned(), reason: "initiator".to_owned(), initiator_id: owner, preset: None };
    let mut tx = state.store.begin().await?;
    let Some(build) = claim::claim(&mut tx, workspace, new, build, state.clock.now()).await? else {
        return Ok(false);
    };
    tx.commit().await?;
    build::finish(state, build.id).await?;
    Ok(true)
}
