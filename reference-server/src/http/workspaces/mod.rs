//! Workspaces as their owners handle them.

pub(super) mod builds;
mod connection_watch;
mod create;
mod list;
mod logs;
pub(crate) mod make;
mod settings;
mod watch;

pub(crate) use list::organization as organization_term;
pub(crate) use logs::job_logs;

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{any, get, patch, post, put};
use axum::{Json, Router};
use codersdk::Workspace;
use http::StatusCode;
use http::request::Parts;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{parse_uuid, path_uuid};
use super::query::QueryValues;
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::templates::TemplateRow;
use crate::store::users::UserRow;
use crate::store::workspaces::WorkspaceRow;
use crate::workspaces::objects::{template_object, workspace_object};
use crate::workspaces::view;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/workspaces", get(list::list_workspaces))
        .route("/api/v2/users/{user}/workspaces", post(create::create_workspace))
        .route("/api/v2/organizations/{organization}/members/{user}/workspaces", post(create::create_workspace))
        .route("/api/v2/users/{user}/workspace/{workspacename}", get(by_owner_and_name))
        .route("/api/v2/users/{user}/workspace/{workspacename}/builds/{number}", get(builds::by_number))
        .route("/api/v2/workspaces/{workspace}", get(get_workspace).patch(settings::rename))
        .route("/api/v2/workspaces/{workspace}/builds", get(builds::list_builds).post(builds::create_build))
        .route("/api/v2/workspaces/{workspace}/autostart", put(settings::set_autostart))
        .route("/api/v2/workspaces/{workspace}/ttl", put(settings::set_ttl))
        .route("/api/v2/workspaces/{workspace}/watch", get(watch::watch_events))
        .route("/api/v2/workspaces/{workspace}/watch-ws", get(watch::watch_socket))
        .route("/api/v2/workspaces/{workspace}/agent-connection-watch", get(connection_watch::watch_connection))
        .route("/api/v2/workspaces/{workspace}/extend", put(settings::extend))
        .route("/api/v2/workspaces/{workspace}/usage", post(settings::note_usage))
        .route("/api/v2/workspaces/{workspace}/dormant", put(settings::set_dormant))
        .route(
            "/api/v2/workspaces/{workspace}/favorite",
            put(settings::mark_favorite).delete(settings::unmark_favorite),
        )
        .route("/api/v2/workspaces/{workspace}/autoupdates", put(settings::set_automatic_updates))
        .route("/api/v2/workspaces/{workspace}/resolve-autostart", get(settings::resolve_autostart))
        .route("/api/v2/workspaces/{workspace}/port-share", get(settings::port_shares))
        .route("/api/v2/workspaces/{workspace}/timings", get(builds::workspace_timings))
        .route("/api/v2/workspaces/{workspace}/acl", get(settings::acl))
        .route("/api/v2/workspaces/{workspace}/{*path}", any(unknown_below))
        .route("/api/v2/workspacebuilds/{build}", get(builds::get_build))
        .route("/api/v2/workspacebuilds/{build}/cancel", patch(builds::cancel))
        .route("/api/v2/workspacebuilds/{build}/parameters", get(builds::parameters))
        .route("/api/v2/workspacebuilds/{build}/resources", get(builds::resources))
        .route("/api/v2/workspacebuilds/{build}/timings", get(builds::timings))
        .route("/api/v2/workspacebuilds/{build}/state", get(builds::provisioner_state))
        .route("/api/v2/workspacebuilds/{build}/logs", get(logs::build_logs))
        .route("/api/v2/workspacebuilds/{build}/{*path}", any(builds::unknown_below))
}

/// The workspace of the path parameter `workspace`, deleted or not, which the caller may read.
#[derive(Debug)]
pub(crate) struct WorkspaceParam(pub(crate) WorkspaceRow);

impl FromRequestParts<AppState> for WorkspaceParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = path_uuid(&path_text(parts, state, "workspace").await?)?;
        readable(state, &caller, id).await.map(Self)
    }
}

/// A parameter of the path, as it was sent.
pub(crate) async fn path_text(parts: &mut Parts, state: &AppState, name: &str) -> Result<String, ApiError> {
    let Path(mut params): Path<HashMap<String, String>> =
        Path::from_request_parts(parts, state).await.map_err(|_| ApiError::route_not_found())?;
    Ok(params.remove(name).unwrap_or_default())
}

/// The workspace with this id, deleted or not.
///
/// # Errors
/// 404 unless there is one that the caller may read.
pub(crate) async fn readable(state: &AppState, caller: &Caller, id: Uuid) -> Result<WorkspaceRow, ApiError> {
    let workspace = state.store.workspace(id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &workspace_object(&workspace))?;
    Ok(workspace)
}

/// Whom a path names as the owner of something: `me`, an id or a user name.
#[derive(Debug)]
pub(crate) struct OwnerParam(pub(crate) UserRow);

impl FromRequestParts<AppState> for OwnerParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let name = path_text(parts, state, "user").await?;
        if name == "me" {
            return Ok(Self(caller.user.clone()));
        }
        let found = match parse_uuid(&name) {
            Ok(id) => state.store.user(id).await?.filter(|user| !user.deleted),
            Err(_) => state.store.user_by_username(&name).await?,
        };
        let user = found.ok_or_else(ApiError::not_found)?;
        if caller.can(Action::Read, &Object::user(user.id)) {
            return Ok(Self(user));
        }
        // Members know of each other, though not of each other's accounts.
        let memberships = state.store.memberships(user.id).await?;
        let known = memberships.iter().any(|membership| {
            caller.can(Action::Read, &Object::organization_member(user.id, membership.organization_id))
        });
        if known { Ok(Self(user)) } else { Err(ApiError::not_found()) }
    }
}

/// The template of a workspace, without which nobody is shown the workspace.
///
/// # Errors
/// 403 unless the caller may read it.
async fn template_of(state: &AppState, caller: &Caller, row: &WorkspaceRow) -> Result<TemplateRow, ApiError> {
    let template = state.store.template_or_deleted(row.template_id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize_or_forbid(Action::Read, &template_object(&template))?;
    Ok(template)
}

/// Shows a workspace to a caller.
///
/// # Errors
/// 403 unless the caller may read the template, too.
pub(crate) async fn show(state: &AppState, caller: &Caller, row: &WorkspaceRow) -> Result<Workspace, ApiError> {
    template_of(state, caller, row).await?;
    view::workspace(state, caller.id(), row).await?.ok_or_else(ApiError::not_found)
}

async fn get_workspace(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(row): WorkspaceParam,
    query: QueryValues,
) -> Result<Json<Workspace>, ApiError> {
    if row.deleted && !include_deleted(&query)? {
        let message = format!(
            "Workspace {} was deleted, you can view this workspace by specifying '?include_deleted=true' and trying \
             again.",
            quoted(&row.id.to_string())
        );
        return Err(ApiError::new(StatusCode::GONE, message));
    }
    show(&state, &caller, &row).await.map(Json)
}

fn include_deleted(query: &QueryValues) -> Result<bool, ApiError> {
    match query.get("include_deleted") {
        None | Some("") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(other) => {
            let message = format!("Invalid boolean value {} for \"include_deleted\" query param.", quoted(other));
            Err(ApiError::bad_request(message).field("include_deleted", "Must be a valid boolean"))
        }
    }
}

async fn by_owner_and_name(
    State(state): State<AppState>,
    caller: Caller,
    OwnerParam(owner): OwnerParam,
    Path(params): Path<HashMap<String, String>>,
    query: QueryValues,
) -> Result<Json<Workspace>, ApiError> {
    let name = params.get("workspacename").map(String::as_str).unwrap_or_default();
    let include_deleted = include_deleted(&query)?;
    let row = find_by_name(&state, &caller, &owner, name, include_deleted).await?;
    show(&state, &caller, &row).await.map(Json)
}

async fn find_by_name(
    state: &AppState,
    caller: &Caller,
    owner: &UserRow,
    name: &str,
    include_deleted: bool,
) -> Result<WorkspaceRow, ApiError> {
    let mut found = state.store.workspace_by_name(owner.id, name, false).await?;
    if found.is_none() && include_deleted {
        found = state.store.workspace_by_name(owner.id, name, true).await?;
    }
    let row = found.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &workspace_object(&row))?;
    Ok(row)
}

async fn unknown_below(_: WorkspaceParam) -> ApiError {
    ApiError::route_not_found()
}
