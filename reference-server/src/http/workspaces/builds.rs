//! Builds of a workspace: asking for one, reading them, ending one.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{FromRequestParts, Path, State};
use chrono::{DateTime, Utc};
use codersdk::{CreateWorkspaceBuildRequest, WorkspaceBuild, WorkspaceResource};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};
use uuid::Uuid;

use super::list::page;
use super::make::{BuildWish, add_build, check_build};
use super::{OwnerParam, WorkspaceParam, find_by_name, path_text, readable};
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Checks};
use crate::http::extract::{GoJson, path_uuid};
use crate::http::query::QueryValues;
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;
use crate::store::templates::{job, put_job};
use crate::store::workspaces::{BuildRow, WorkspaceRow};
use crate::workspaces::build;
use crate::workspaces::objects::template_object;
use crate::workspaces::view;

const REASONS: &[&str] = &[
    "dashboard",
    "cli",
    "ssh_connection",
    "vscode_connection",
    "jetbrains_connection",
    "task_manual_pause",
    "task_resume",
];

/// The build of the path parameter `build`, of a workspace which the caller may read.
#[derive(Debug)]
pub(crate) struct BuildParam {
    pub(crate) build: BuildRow,
    pub(crate) workspace: WorkspaceRow,
}

impl FromRequestParts<AppState> for BuildParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = path_uuid(&path_text(parts, state, "build").await?)?;
        let build = state.store.build(id).await?.ok_or_else(ApiError::not_found)?;
        let workspace = readable(state, &caller, build.workspace_id).await?;
        Ok(Self { build, workspace })
    }
}

async fn shown(state: &AppState, workspace: &WorkspaceRow, row: &BuildRow) -> Result<WorkspaceBuild, ApiError> {
    view::build(state, workspace, row).await?.ok_or_else(ApiError::not_found)
}

pub(super) async fn create_build(
    State(state): State<AppState>,
    caller: Caller,
    WorkspaceParam(workspace): WorkspaceParam,
    GoJson(request): GoJson<CreateWorkspaceBuildRequest>,
) -> Result<(StatusCode, Json<WorkspaceBuild>), ApiError> {
    let transition = request.transition.as_str();
    let log_level = request.log_level.as_ref().map_or("", |level| level.as_str());
    let reason = request.reason.as_ref().map_or("", |reason| reason.as_str());
    Checks::new()
        .required("transition", transition)
        .check("transition", "oneof", transition, ["start", "stop", "delete"].contains(&transition))
        .check("log_level", "oneof", log_level, ["", "debug"].contains(&log_level))
        .check("reason", "oneof", reason, reason.is_empty() || REASONS.contains(&reason))
        .finish()?;
    if workspace.deleted && transition != "delete" {
        return Err(ApiError::conflict(format!("Cannot {transition} a deleted workspace!"))
            .detail("This workspace has been deleted and cannot be modified."));
    }
    let state_given = request.state.as_ref().is_some_and(|state| !state.is_empty());
    if request.orphan && transition != "delete" {
        return Err(ApiError::bad_request("Orphan is only permitted when deleting a workspace."));
    }
    if request.orphan && state_given {
        return Err(ApiError::bad_request(
            "ProvisionerState cannot be set alongside Orphan since state intent is unclear.",
        ));
    }
    let wish = BuildWish {
        transition: transition.to_owned(),
        version: request.template_version_id,
        reason: if transition == "delete" { String::new() } else { reason.to_owned() },
        custom_state: request.orphan || state_given,
        log_level: !log_level.is_empty(),
    };
    let version = check_build(&state, &caller, &workspace, &wish).await?;
    let made = add_build(&state, &caller, &workspace, &version, &wish).await?;
    let answer = shown(&state, &workspace, &made).await?;
    build::do_soon(&state, &made);
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn list_builds(
    State(state): State<AppState>,
    WorkspaceParam(workspace): WorkspaceParam,
    query: QueryValues,
) -> Result<Json<Vec<WorkspaceBuild>>, ApiError> {
    let (limit, offset) = page(&query)?;
    let since =
        match query.get("since").filter(|since| !since.is_empty()) {
            None => None,
            Some(text) => Some(DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|error| {
                ApiError::bad_request("bad `since` format, must be RFC3339").detail(error.to_string())
            })?),
        };
    let mut rows = state.store.builds(workspace.id).await?;
    if let Some(after) = query.get("after_id").and_then(|id| path_uuid(id).ok()).filter(|id| !id.is_nil()) {
        let number = rows.iter().find(|row| row.id == after).map(|row| row.build_number).ok_or_else(|| {
            ApiError::bad_request(format!("Record at \"after_id\" ({}) does not exist.", quoted(&after.to_string())))
        })?;
        rows.retain(|row| row.build_number > number);
    }
    rows.retain(|row| since.is_none_or(|since: DateTime<Utc>| row.created_at > since));
    let mut builds = Vec::new();
    for row in rows.iter().skip(offset).take(limit) {
        builds.push(shown(&state, &workspace, row).await?);
    }
    Ok(Json(builds))
}

pub(super) async fn get_build(
    State(state): State<AppState>,
    BuildParam { build, workspace }: BuildParam,
) -> Result<Json<WorkspaceBuild>, ApiError> {
    shown(&state, &workspace, &build).await.map(Json)
}

pub(super) async fn by_number(
    State(state): State<AppState>,
    caller: Caller,
    OwnerParam(owner): OwnerParam,
    Path(params): Path<HashMap<String, String>>,
) -> Result<Json<WorkspaceBuild>, ApiError> {
    let text = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    let number: i32 = text("number").parse().map_err(|error: std::num::ParseIntError| {
        ApiError::bad_request("Failed to parse build number as integer.").detail(error.to_string())
    })?;
    let workspace = find_by_name(&state, &caller, &owner, text("workspacename"), false).await?;
    let rows = state.store.builds(workspace.id).await?;
    let row = rows.into_iter().find(|row| row.build_number == number).ok_or_else(|| {
        let message = format!("Workspace {} Build {number} does not exist.", quoted(&workspace.name));
        ApiError::new(StatusCode::NOT_FOUND, message)
    })?;
    shown(&state, &workspace, &row).await.map(Json)
}

pub(super) async fn resources(
    State(state): State<AppState>,
    BuildParam { build, workspace }: BuildParam,
) -> Result<Json<Vec<WorkspaceResource>>, ApiError> {
    Ok(Json(view::resources(&state, &workspace, &build).await?))
}

/// Templates here have no parameters.
pub(super) async fn parameters(_: BuildParam) -> Json<[Value; 0]> {
    Json([])
}

/// Nothing is timed: builds take no time.
pub(super) async fn timings(_: BuildParam) -> Json<Value> {
    Json(no_timings())
}

pub(super) async fn workspace_timings(_: WorkspaceParam) -> Json<Value> {
    Json(no_timings())
}

fn no_timings() -> Value {
    json!({"provisioner_timings": [], "agent_script_timings": [], "agent_connection_timings": []})
}

/// The provisioner that is part of the server keeps no state; whoever may change the template may see that.
pub(super) async fn provisioner_state(
    State(state): State<AppState>,
    caller: Caller,
    BuildParam { workspace, .. }: BuildParam,
) -> Result<Vec<u8>, ApiError> {
    let template = state.store.template_or_deleted(workspace.template_id).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Update, &template_object(&template))?;
    Ok(Vec::new())
}

pub(super) async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    BuildParam { build, workspace }: BuildParam,
    query: QueryValues,
) -> Result<Json<codersdk::Response>, ApiError> {
    let expected = query.get("expect_status").unwrap_or_default();
    if !["", "running", "pending"].contains(&expected) {
        return Err(ApiError::bad_request(format!(
            "Invalid expect_status {}. Only 'running' or 'pending' are allowed.",
            quoted(expected)
        )));
    }
    let template = state.store.template_or_deleted(workspace.template_id).await?.ok_or_else(ApiError::not_found)?;
    // Administrators are known by a right that nobody else has.
    let owner_role = caller.can(Action::Update, &Object::new(Resource::DeploymentConfig));
    if !template.allow_user_cancel_workspace_jobs && !owner_role && expected != "pending" {
        let message = "User is not allowed to cancel workspace builds. Owner role is required.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    end_job(&state, build.job_id, expected).await?;
    state.workspaces.hub.workspace_changed(workspace.id);
    Ok(Json(codersdk::Response { message: "Job has been marked as canceled...".to_owned(), ..Default::default() }))
}

/// Ends a job that nobody has taken up.
///
/// # Errors
/// 400 for a job that is over, 412 for one that is not in the expected state.
pub(crate) async fn end_job(state: &AppState, id: Uuid, expected: &str) -> Result<(), ApiError> {
    let mut tx = state.store.begin().await?;
    let mut row = job(&mut *tx, id).await?.ok_or_else(ApiError::not_found)?;
    if row.completed_at.is_some() {
        return Err(ApiError::bad_request("Job has already completed!"));
    }
    if row.canceled_at.is_some() {
        return Err(ApiError::bad_request("Job has already been marked as canceled!"));
    }
    if !expected.is_empty() && row.status() != expected {
        return Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "Job is not in the expected state."));
    }
    let now = state.clock.now();
    row.canceled_at = Some(now);
    row.completed_at = row.worker_id.is_none().then_some(now);
    row.updated_at = now;
    put_job(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(())
}

pub(super) async fn unknown_below(_: BuildParam) -> ApiError {
    ApiError::route_not_found()
}
