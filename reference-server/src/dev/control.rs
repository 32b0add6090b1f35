//! The control address of the development world: what in a real deployment a provisioner does, or an outside service.
//!
//! It listens on a loopback port of its own, so that nothing of it can be reached through the API; whoever may run
//! programs on the machine may use it.
//!
//! - `POST /claim` announces that the prebuilt workspace was claimed by the first user: the agents that wait for it are
//!   told. The workspace itself stays as it is, so that this can be done again.
//! - `POST /sign-in` with `{"token": …}` signs the first user in to the external auth provider, as its log-in page would.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::state::AppState;
use crate::store::external_auth::ExternalAuthLinkRow;

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
        let app = Router::new()
            .nest(ROOT, Router::new().route("/claim", post(claim)).route("/sign-in", post(sign_in)))
            .with_state(claims);
        let stop = state.stop.clone();
        let serving = tokio::spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await;
            if let Err(error) = served {
                tracing::error!(error = &error as &dyn std::error::Error, "the control address failed");
            }
        });
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

/// A token of the external service.
#[derive(serde::Deserialize)]
struct SignIn {
    token: SecretString,
}

async fn sign_in(State(claims): State<Claims>, Json(request): Json<SignIn>) -> Result<StatusCode, StatusCode> {
    let now = claims.state.clock.now();
    let link = ExternalAuthLinkRow {
        provider_id: super::EXTERNAL_AUTH.to_owned(),
        user_id: claims.owner,
        created_at: now,
        updated_at: now,
        oauth_access_token: request.token,
        oauth_refresh_token: SecretString::default(),
        oauth_expiry: None,
        oauth_extra: None,
        oauth_refresh_failure_reason: String::new(),
    };
    match claims.state.store.put_external_auth_link(&link).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) => {
            tracing::error!(%error, "cannot sign in");
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
