//! The control address of the development world: what in a real deployment a provisioner does, or an outside service.
//!
//! It listens on a loopback port of its own, so that nothing of it can be reached through the API; whoever may run
//! programs on the machine may use it.
//!
//! - `POST /claim` announces that the prebuilt workspace was claimed by the first user: the agents that wait for it are
//!   told. The workspace itself stays as it is, so that this can be done again.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::http::serve::serve;
use crate::state::AppState;

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

async fn claim(State(claims): State<Claims>) -> Json<Value> {
    let event = json!({
        "workspace_id": claims.workspace,
        "reason": "prebuild_claimed",
        "owner_id": claims.owner,
    });
    claims.state.workspaces.hub.claimed(claims.workspace, Arc::from(event.to_string()));
    Json(event)
}
