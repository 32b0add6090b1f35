//! `GET …/me/external-auth`: tokens of services that the workspace's owner has signed in to.

use std::time::Duration;

use agentsdk::ExternalAuthResponse;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::external_auth::{Provider, Refreshed};
use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::http::query::QueryValues;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::external_auth::ExternalAuthLinkRow;
use crate::store::workspaces::WorkspaceRow;

/// How often a waiting request looks whether somebody has signed in.
const POLL: Duration = Duration::from_secs(1);

/// What git works on, as the agent tells it.
#[derive(Debug)]
struct GitRef {
    branch: String,
    origin: String,
    /// The chat in whose name git runs.
    chat: Option<Uuid>,
}

impl GitRef {
    fn read(query: &QueryValues) -> Self {
        let trimmed = |key| query.get(key).unwrap_or_default().trim().to_owned();
        // An id that cannot be read counts as none.
        let chat = parse_uuid(&trimmed("chat_id")).ok().filter(|id| !id.is_nil());
        Self { branch: trimmed("git_branch"), origin: trimmed("git_remote_origin"), chat }
    }
}

/// Gives a token, or where to sign in; with `listen` only once there is a token.
pub(super) async fn external_auth(
    State(state): State<AppState>,
    caller: AgentCaller,
    query: QueryValues,
) -> Result<Json<ExternalAuthResponse>, ApiError> {
    let git_ref = GitRef::read(&query);
    let provider = chosen(&state, &query)?;
    let workspace = &caller.workspace;
    mark_stale(&state, workspace, &git_ref).await;

    let link = state.store.external_auth_link(&provider.id, workspace.owner_id).await?;
    let mut refused = None;
    if let Some(link) = link {
        match provider.refresh(&state, link).await {
            Ok(Refreshed::Valid(link)) => return answer(provider, &link).map(Json),
            // The same token need not be asked about again.
            Ok(Refreshed::Invalid(link)) => refused = Some(link),
            Err(error) if query.get("listen").is_none() => {
                return Err(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Failed to refresh external auth token.")
                    .detail(error));
            }
            Err(error) => tracing::warn!(%error, provider = provider.id, "cannot refresh a token"),
        }
    }
    if query.get("listen").is_some() {
        let link = listen(&state, provider, workspace.owner_id, refused).await?;
        mark_stale(&state, workspace, &git_ref).await;
        return answer(provider, &link).map(Json);
    }
    let mut url = state.access_url.clone();
    url.set_path(&format!("/external-auth/{}", provider.id));
    Ok(Json(ExternalAuthResponse { url: url.to_string(), ..ExternalAuthResponse::default() }))
}

/// The provider that a request is about.
fn chosen<'a>(state: &'a AppState, query: &QueryValues) -> Result<&'a Provider, ApiError> {
    let text = |key| query.get(key).filter(|value| !value.is_empty());
    let (matched, id) = (text("match").or_else(|| text("url")).unwrap_or_default(), text("id").unwrap_or_default());
    match (matched.is_empty(), id.is_empty()) {
        (true, true) => return Err(ApiError::bad_request("'url' or 'id' must be provided!")),
        (false, false) => return Err(ApiError::bad_request("'url' and 'id' cannot be provided together!")),
        _ => {}
    }
    state.external_auth.choose(id, matched).ok_or_else(|| {
        let message = format!("No matching external auth provider found in Coder for the url {}.", quoted(matched));
        ApiError::new(StatusCode::NOT_FOUND, message).detail(state.external_auth.why_none())
    })
}

/// Waits until the owner has signed in.
async fn listen(
    state: &AppState,
    provider: &Provider,
    owner: Uuid,
    refused: Option<ExternalAuthLinkRow>,
) -> Result<ExternalAuthLinkRow, ApiError> {
    let mut known = refused;
    loop {
        tokio::select! {
            () = state.stop.cancelled() => {
                return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down."));
            }
            () = state.clock.sleep(POLL) => {}
        }
        let Some(link) = state.store.external_auth_link(&provider.id, owner).await? else { continue };
        if link.oauth_expiry.is_some_and(|expiry| expiry < state.clock.now())
            || known.as_ref().is_some_and(|known| is_same_token(known, &link))
        {
            continue;
        }
        let valid = match provider.validate(state, &link).await {
            Ok(valid) => valid,
            Err(error) => {
                tracing::warn!(%error, provider = provider.id, "cannot validate a token");
                false
            }
        };
        if valid {
            return Ok(link);
        }
        known = Some(link);
    }
}

/// Whether two links have the same token. Instants are compared, however they are written.
fn is_same_token(a: &ExternalAuthLinkRow, b: &ExternalAuthLinkRow) -> bool {
    a.oauth_access_token.expose_secret() == b.oauth_access_token.expose_secret()
        && a.oauth_refresh_token.expose_secret() == b.oauth_refresh_token.expose_secret()
        && a.oauth_expiry == b.oauth_expiry
}

/// A token in the form that git of each host wants.
fn answer(provider: &Provider, link: &ExternalAuthLinkRow) -> Result<ExternalAuthResponse, ApiError> {
    let token = link.oauth_access_token.expose_secret().to_owned();
    let (username, password) = match provider.kind.as_str() {
        "gitlab" => ("oauth2".to_owned(), token.clone()),
        "bitbucket-cloud" | "bitbucket-server" => ("x-token-auth".to_owned(), token.clone()),
        _ => (token.clone(), String::new()),
    };
    let token_extra = match &link.oauth_extra {
        None => None,
        Some(extra) => serde_json::from_str(extra)
            .map_err(|error| ApiError::internal("Failed to create external auth response.", &error))?,
    };
    let kind = provider.kind.clone();
    Ok(ExternalAuthResponse { access_token: token, token_extra, url: String::new(), kind, username, password })
}

/// Notes what git works on: with the chat in whose name it runs, or with all chats of the workspace. Their changes are
/// looked at anew then.
async fn mark_stale(state: &AppState, workspace: &WorkspaceRow, git_ref: &GitRef) {
    if git_ref.branch.is_empty() || git_ref.origin.is_empty() {
        return;
    }
    if let Err(error) = try_mark_stale(state, workspace, git_ref).await {
        tracing::warn!(%error, workspace = %workspace.id, "cannot note what git works on");
    }
}

async fn try_mark_stale(state: &AppState, workspace: &WorkspaceRow, git_ref: &GitRef) -> sqlx::Result<()> {
    let chats = match git_ref.chat {
        // An agent speaks for its owner only.
        Some(chat) => state.store.chat(chat).await?.into_iter().filter(|c| c.owner_id == workspace.owner_id).collect(),
        None => state.store.chats_of_workspaces(&[workspace.id]).await?,
    };
    for chat in chats {
        state.store.mark_diff_stale(chat.id, &git_ref.branch, &git_ref.origin, state.clock.now()).await?;
        if let Some(status) = state.store.diff_statuses_of(&[chat.id]).await?.get(&chat.id) {
            state.chatd.publish_diff_status_change(&chat, status);
        }
    }
    Ok(())
}
