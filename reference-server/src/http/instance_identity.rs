//! How an agent on a cloud instance gets its token: it shows what the cloud says of the instance.

use agentsdk::{
    AuthenticateResponse, AwsInstanceIdentityToken, AzureInstanceIdentityToken, GoogleInstanceIdentityToken,
};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};

use super::error::ApiError;
use super::extract::GoJson;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::workspace_agents::AgentRow;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/workspaceagents/aws-instance-identity", post(aws))
        .route("/api/v2/workspaceagents/azure-instance-identity", post(azure))
        .route("/api/v2/workspaceagents/google-instance-identity", post(google))
}

type Answer = Result<Json<AuthenticateResponse>, ApiError>;

async fn aws(State(state): State<AppState>, GoJson(shown): GoJson<AwsInstanceIdentityToken>) -> Answer {
    let instance = state.cloud_trust.aws_instance(&shown.document, &shown.signature);
    let instance = instance.map_err(|error| ApiError::unauthorized("Invalid AWS identity.").detail(error))?;
    token(&state, &instance, &shown.agent_name).await
}

/// Why a signature does not count is told to nobody, as in the original.
async fn azure(State(state): State<AppState>, GoJson(shown): GoJson<AzureInstanceIdentityToken>) -> Answer {
    let instance = state.cloud_trust.azure_instance(&shown.signature, state.clock.now()).map_err(|error| {
        tracing::warn!(error, "an Azure identity was refused");
        ApiError::unauthorized("Invalid Azure identity.").detail("Signature verification failed.")
    })?;
    token(&state, &instance, &shown.agent_name).await
}

async fn google(State(state): State<AppState>, GoJson(shown): GoJson<GoogleInstanceIdentityToken>) -> Answer {
    let instance = state.cloud_trust.google_instance(&shown.json_web_token, state.clock.now());
    let instance = instance.map_err(|error| ApiError::unauthorized("Invalid GCP identity.").detail(error))?;
    token(&state, &instance, &shown.agent_name).await
}

/// The token of the agent that runs on an instance.
async fn token(state: &AppState, instance: &str, name: &str) -> Answer {
    let name = name.trim();
    let id = quoted(instance);
    let agents = state.store.agents_by_instance(instance).await?;
    let agent = match &agents[..] {
        [] => return Err(missing(format!("Instance with id {id} not found."))),
        agents if !name.is_empty() => agents
            .iter()
            .find(|agent| agent.name == name)
            .ok_or_else(|| missing(format!("No agent found with instance ID {id} and name {}.", quoted(name))))?,
        [agent] => agent,
        agents => {
            let mut names: Vec<&str> = agents.iter().map(|agent: &AgentRow| agent.name.as_str()).collect();
            names.sort_unstable();
            let message = format!(
                "Multiple agents found with instance ID {id}. Set CODER_AGENT_NAME to one of: {}",
                names.join(", ")
            );
            return Err(ApiError::conflict(message));
        }
    };
    // A cloud gives the ids of instances that are gone to others.
    let latest = state.store.latest_build(agent.workspace_id).await?;
    if latest.is_none_or(|latest| latest.id != agent.build_id) {
        let message = format!("Resource found for id {id}, but isn't registered on the latest history.");
        return Err(ApiError::bad_request(message));
    }
    Ok(Json(AuthenticateResponse { session_token: agent.auth_token.to_string() }))
}

fn missing(message: String) -> ApiError {
    ApiError::new(http::StatusCode::NOT_FOUND, message)
}
