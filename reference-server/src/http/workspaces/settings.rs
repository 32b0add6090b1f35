//! What can be set on a workspace.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use codersdk::{
    UpdateWorkspaceAutomaticUpdatesRequest, UpdateWorkspaceAutostartRequest, UpdateWorkspaceDormancy,
    UpdateWorkspaceRequest, UpdateWorkspaceTtlRequest,
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::make::{is_name, valid_schedule, valid_ttl};
use super::{WorkspaceParam, show};
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Checks};
use crate::http::extract::GoJson;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::workspaces::{WorkspaceRow, put_workspace, set_build_deadline};
use crate::workspaces::objects::workspace_object;

/// How near a new deadline may lie.
const DEADLINE_NOTICE: TimeDelta = TimeDelta::minutes(30);

fn may_update(caller: &Caller, row: &WorkspaceRow) -> Result<(), ApiError> {
    caller.authorize(Action::Update, &workspace_object(row))
}

async fn save(state: &AppState, mut row: WorkspaceRow) -> Result<(), ApiError> {
    row.updated_at = state.clock.now();
    let mut tx = state.store.begin().await?;
    put_workspace(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn rename(
    caller: Caller,
    WorkspaceParam(row): WorkspaceParam,
    GoJson(request): GoJson<UpdateWorkspaceRequest>,
) -> Result<StatusCode, ApiError> {
    let name = request.name.unwrap_or_default();
    Checks::new().check("name", "username", &name, is_name(&name)).finish()?;
    may_update(&caller, &row)?;
    if name == row.name {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::bad_request("Workspace renames are not allowed."))
}

pub(super) async fn set_autostart(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(mut row): WorkspaceParam,
    GoJson(request): GoJson<UpdateWorkspaceAutostartRequest>,
) -> Result<StatusCode, ApiError> {
    may_update(&caller, &row)?;
    row.autostart_schedule = valid_schedule(request.schedule.as_deref())
        .map_err(|error| ApiError::bad_request("Invalid autostart schedule.").field("schedule", error))?;
    save(&state, row).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_ttl(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(mut row): WorkspaceParam,
    GoJson(request): GoJson<UpdateWorkspaceTtlRequest>,
) -> Result<StatusCode, ApiError> {
    may_update(&caller, &row)?;
    row.ttl_ms = valid_ttl(request.ttl_ms, 0).map_err(|error| {
        ApiError::bad_request("Error updating workspace time until shutdown.").field("ttl_ms", error)
    })?;
    save(&state, row).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(super) struct Extend {
    #[serde(default)]
    deadline: Option<DateTime<Utc>>,
}

pub(super) async fn extend(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(row): WorkspaceParam,
    GoJson(request): GoJson<Extend>,
) -> Result<Json<codersdk::Response>, ApiError> {
    may_update(&caller, &row)?;
    let Some(deadline) = request.deadline else {
        return Checks::new().required("deadline", "").finish().map(|()| Json(codersdk::Response::default()));
    };
    if row.is_prebuild() {
        return Err(ApiError::conflict("Deadline extension is not supported for prebuilt workspaces").detail(
            "Prebuilt workspaces do not support user deadline modifications. Deadline extension is only applicable to \
             regular workspaces",
        ));
    }
    let build = state.store.latest_build(row.id).await?.ok_or_else(ApiError::not_found)?;
    if build.transition != "start" {
        return Err(ApiError::conflict(format!("Workspace must be started, current status: {}", build.transition)));
    }
    if state.store.job(build.job_id).await?.is_none_or(|job| job.completed_at.is_none()) {
        return Err(ApiError::conflict("Workspace is still building!"));
    }
    if build.deadline.is_none() {
        return Err(ApiError::conflict("Workspace shutdown is manual."));
    }
    let now = state.clock.now();
    if deadline < now + DEADLINE_NOTICE {
        return Err(ApiError::bad_request(
            "Cannot extend workspace: new deadline must be at least 30 minutes in the future",
        ));
    }
    set_build_deadline(state.store.pool(), build.id, Some(deadline), now).await?;
    state.workspaces.hub.workspace_changed(row.id);
    let stamp = deadline.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(Json(codersdk::Response { message: format!("Deadline updated to {stamp}."), ..Default::default() }))
}

/// Notes that somebody uses the workspace. A body is not needed.
pub(super) async fn note_usage(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(row): WorkspaceParam,
) -> Result<StatusCode, ApiError> {
    may_update(&caller, &row)?;
    let now = state.clock.now();
    save(&state, WorkspaceRow { last_used_at: now, ..row }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_dormant(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(mut row): WorkspaceParam,
    GoJson(request): GoJson<UpdateWorkspaceDormancy>,
) -> Result<Response, ApiError> {
    may_update(&caller, &row)?;
    if row.is_prebuild() {
        return Err(ApiError::conflict("Dormancy updates are not supported for prebuilt workspaces").detail(
            "Prebuilt workspaces are not subject to dormancy. Dormancy behavior is only applicable to regular workspaces",
        ));
    }
    if row.dormant_at.is_some() == request.dormant {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    let now = state.clock.now();
    row.dormant_at = request.dormant.then_some(now);
    row.deleting_at = None;
    row.last_used_at = now;
    let mut tx = state.store.begin().await?;
    put_workspace(&mut tx, &row).await?;
    tx.commit().await?;
    state.workspaces.hub.workspace_changed(row.id);
    Ok(Json(show(&state, &caller, &row).await?).into_response())
}

pub(super) async fn mark_favorite(
    state: State<AppState>,
    caller: Caller,
    row: WorkspaceParam,
) -> Result<StatusCode, ApiError> {
    set_favorite(state, caller, row, true).await
}

pub(super) async fn unmark_favorite(
    state: State<AppState>,
    caller: Caller,
    row: WorkspaceParam,
) -> Result<StatusCode, ApiError> {
    set_favorite(state, caller, row, false).await
}

async fn set_favorite(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(row): WorkspaceParam,
    favorite: bool,
) -> Result<StatusCode, ApiError> {
    if row.owner_id != caller.id() {
        let message = "You can only favorite workspaces that you own.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    let mut tx = state.store.begin().await?;
    put_workspace(&mut tx, &WorkspaceRow { favorite, ..row }).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_automatic_updates(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(mut row): WorkspaceParam,
    GoJson(request): GoJson<UpdateWorkspaceAutomaticUpdatesRequest>,
) -> Result<StatusCode, ApiError> {
    may_update(&caller, &row)?;
    let word = request.automatic_updates.as_str();
    if !["always", "never"].contains(&word) {
        return Err(ApiError::bad_request("Invalid request").field("automatic_updates", "must be always or never"));
    }
    word.clone_into(&mut row.automatic_updates);
    save(&state, row).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Templates here have no parameters, so that none can stand in the way of a start.
pub(super) async fn resolve_autostart(_: WorkspaceParam) -> Json<Value> {
    Json(json!({"parameter_mismatch": false}))
}

/// No port is shared.
pub(super) async fn port_shares(_: WorkspaceParam) -> Json<Value> {
    Json(json!({"shares": []}))
}

/// Nobody shares workspaces without a licence.
pub(super) async fn acl(_: WorkspaceParam) -> Json<Value> {
    Json(json!({"users": [], "group": []}))
}
