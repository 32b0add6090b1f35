//! Tasks: prompts that workspaces work on.

use axum::extract::{FromRequestParts, State};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use codersdk::{
    CreateTaskRequest, Nullable, PauseTaskResponse, ResumeTaskResponse, Task, TaskLogEntry, TaskLogType,
    TaskLogsResponse, TaskSendRequest, TaskStatus, TasksListResponse, UpdateTaskInputRequest, ValidationError,
    WorkspaceBuild,
};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{GoJson, parse_uuid};
use super::query::{QueryParser, QueryValues};
use super::search::search_terms;
use super::workspaces::make::{
    BuildWish, WorkspaceWish, add_build, add_workspace, check_build, check_workspace, put_new_workspace,
};
use super::workspaces::{OwnerParam, organization_term, path_text};
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::tasks::{TaskRow, insert_task};
use crate::store::workspaces::WorkspaceRow;
use crate::workspaces::objects::{task_object, template_object};
use crate::workspaces::{build, task_name, task_view, view};

const DISPLAY_NAME_LIMIT: usize = 64;

/// Routes below `/api/v2/tasks` and its former place.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list_tasks))
        .route("/{user}", post(create_task))
        .route("/{user}/{task}", get(get_task).delete(delete_task))
        .route("/{user}/{task}/input", patch(update_input))
        .route("/{user}/{task}/send", post(send))
        .route("/{user}/{task}/logs", get(logs))
        .route("/{user}/{task}/pause", post(pause))
        .route("/{user}/{task}/resume", post(resume))
}

/// The task of the path parameter `task`, by id or name, which the caller may read.
#[derive(Debug)]
pub(super) struct TaskParam(TaskRow);

impl FromRequestParts<AppState> for TaskParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let OwnerParam(owner) = OwnerParam::from_request_parts(parts, state).await?;
        let name = path_text(parts, state, "task").await?;
        let mut found = match parse_uuid(&name) {
            Ok(id) => state.store.task(id).await?,
            Err(_) => None,
        };
        if found.is_none() {
            found = state.store.task_by_name(owner.id, &name).await?;
        }
        let row = found.ok_or_else(ApiError::not_found)?;
        caller.authorize(Action::Read, &task_object(&row))?;
        Ok(Self(row))
    }
}

async fn shown(state: &AppState, caller: &Caller, row: &TaskRow) -> Result<Task, ApiError> {
    task_view::task(state, caller.id(), row).await?.ok_or_else(ApiError::not_found)
}

async fn workspace_of(state: &AppState, row: &TaskRow) -> Result<WorkspaceRow, ApiError> {
    let workspace = state.store.workspace(row.workspace_id.unwrap_or_default()).await?;
    workspace.ok_or_else(ApiError::not_found)
}

async fn list_tasks(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<TasksListResponse>, ApiError> {
    let filter = read_filter(&state, &caller, query.get("q").unwrap_or_default())
        .await
        .map_err(|errors| ApiError::bad_request("Invalid task search query.").validations(errors))?;
    let mut tasks = Vec::new();
    for row in state.store.tasks().await? {
        let wanted = caller.can(Action::Read, &task_object(&row))
            && filter.owner.is_none_or(|owner| row.owner_id == owner)
            && filter.organization.is_none_or(|organization| row.organization_id == organization);
        if wanted
            && let Some(task) = task_view::task(&state, caller.id(), &row).await?
            && (filter.status.is_empty() || task.status.as_str() == filter.status)
        {
            tasks.push(task);
        }
    }
    let count = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
    Ok(Json(TasksListResponse { tasks: Nullable::from(tasks), count }))
}

#[derive(Debug, Default)]
struct Filter {
    owner: Option<Uuid>,
    organization: Option<Uuid>,
    status: String,
}

async fn read_filter(state: &AppState, caller: &Caller, query: &str) -> Result<Filter, Vec<ValidationError>> {
    let values = search_terms(&query.to_lowercase(), |words, values| {
        values.add("owner", words.trim_matches('"'));
        Ok(())
    })?;
    let mut parser = QueryParser::new();
    let owner = parser.string(&values, "", "owner");
    let owner = match owner.as_str() {
        "" => None,
        "me" => Some(caller.id()),
        name => {
            let found = match parse_uuid(name) {
                Ok(id) => state.store.user(id).await.ok().flatten(),
                Err(_) => state.store.user_by_username(name).await.ok().flatten(),
            };
            let found = found.filter(|user| caller.can(Action::Read, &Object::user(user.id)));
            if found.is_none() {
                let what = format!("user {} either does not exist, or you are unauthorized to view them", quoted(name));
                parser.error("owner", format!("Query param \"owner\" has invalid value: {what}"));
            }
            found.map(|user| user.id)
        }
    };
    let organization = organization_term(state, caller, &mut parser, &values).await;
    let filter = Filter { owner, organization, status: parser.string(&values, "", "status") };
    parser.error_excess(&values);
    let errors = parser.into_errors();
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

async fn create_task(
    State(state): State<AppState>,
    caller: Caller,
    OwnerParam(owner): OwnerParam,
    GoJson(request): GoJson<CreateTaskRequest>,
) -> Result<(StatusCode, Json<Task>), ApiError> {
    let unknown = || ApiError::bad_request("Template version not found or you do not have access to this resource");
    let version = state.store.template_version(request.template_version_id).await?.ok_or_else(unknown)?;
    let template = state.store.template(version.template_id.unwrap_or_default()).await?;
    let readable = template.is_some_and(|template| caller.can(Action::Read, &template_object(&template)));
    if !readable {
        return Err(unknown());
    }
    if !version.has_ai_task {
        return Err(ApiError::bad_request("Template does not have a valid \"coder_ai_task\" resource."));
    }
    let name = request.name.unwrap_or_default();
    if !name.is_empty()
        && let Err(error) = codersdk::names::name_valid(&name)
    {
        let refusal = ApiError::bad_request("Unable to create a Task with the provided name.");
        return Err(refusal.detail(error.to_string()));
    }
    let display_name = request.display_name.unwrap_or_default().trim().to_owned();
    if display_name.len() > DISPLAY_NAME_LIMIT {
        return Err(ApiError::bad_request("Display name must be 64 characters or less."));
    }
    let made = task_name::from_prompt(&request.input);
    let name = if name.is_empty() { made.name } else { name };
    let display_name = if display_name.is_empty() { made.display_name } else { display_name };
    let wish =
        WorkspaceWish { name: name.clone(), owner_id: owner.id, version_id: version.id, ..WorkspaceWish::default() };
    // The task is told apart by its workspace before there is a build.
    let checked = check_workspace(&state, &caller, wish).await?.anew();
    let row = TaskRow {
        id: Uuid::new_v4(),
        organization_id: version.organization_id,
        owner_id: owner.id,
        name,
        display_name,
        workspace_id: Some(checked.row.id),
        template_version_id: version.id,
        prompt: request.input,
        created_at: state.clock.now(),
    };
    caller.authorize(Action::Create, &task_object(&row))?;
    let mut tx = state.store.begin().await?;
    put_new_workspace(&mut tx, &checked.row).await?;
    insert_task(&mut *tx, &row).await?;
    let build = add_workspace(&mut tx, &caller, &checked, state.clock.now()).await?;
    tx.commit().await?;
    let answer = shown(&state, &caller, &row).await?;
    build::do_soon(&state, &build);
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn get_task(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
) -> Result<Json<Task>, ApiError> {
    shown(&state, &caller, &row).await.map(Json)
}

/// Asks for a build of the task's workspace.
async fn build_workspace(
    state: &AppState,
    caller: &Caller,
    row: &TaskRow,
    transition: &str,
    reason: &str,
) -> Result<WorkspaceBuild, ApiError> {
    let workspace = workspace_of(state, row).await?;
    let wish = BuildWish { transition: transition.to_owned(), reason: reason.to_owned(), ..BuildWish::default() };
    let version = check_build(state, caller, &workspace, &wish).await?;
    let made = add_build(state, caller, &workspace, &version, &wish).await?;
    let answer = view::build(state, &workspace, &made).await?.ok_or_else(ApiError::not_found)?;
    build::do_soon(state, &made);
    Ok(answer)
}

async fn delete_task(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
) -> Result<StatusCode, ApiError> {
    caller.authorize(Action::Delete, &task_object(&row))?;
    build_workspace(&state, &caller, &row, "delete", "").await?;
    sqlx::query("UPDATE tasks SET deleted_at = $2 WHERE id = $1")
        .bind(row.id)
        .bind(state.clock.now())
        .execute(state.store.pool())
        .await?;
    Ok(StatusCode::ACCEPTED)
}

async fn pause(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
) -> Result<(StatusCode, Json<PauseTaskResponse>), ApiError> {
    let build = build_workspace(&state, &caller, &row, "stop", "task_manual_pause").await?;
    Ok((StatusCode::ACCEPTED, Json(PauseTaskResponse { workspace_build: Some(build) })))
}

async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
) -> Result<(StatusCode, Json<ResumeTaskResponse>), ApiError> {
    let workspace = workspace_of(&state, &row).await?;
    let latest = state.store.latest_build(workspace.id).await?.ok_or_else(ApiError::not_found)?;
    let job = state.store.job(latest.job_id).await?.ok_or_else(ApiError::not_found)?;
    let status = view::workspace_status(&job, &latest.transition);
    if status.as_str() == "running" {
        return Err(ApiError::conflict("Task workspace is already running.")
            .detail(format!("Workspace status is {}.", quoted(status.as_str()))));
    }
    let build = build_workspace(&state, &caller, &row, "start", "task_resume").await?;
    Ok((StatusCode::ACCEPTED, Json(ResumeTaskResponse { workspace_build: Some(build) })))
}

async fn update_input(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
    GoJson(request): GoJson<UpdateTaskInputRequest>,
) -> Result<StatusCode, ApiError> {
    if request.input.trim().is_empty() {
        return Err(ApiError::bad_request("Task input is required."));
    }
    if shown(&state, &caller, &row).await?.status != TaskStatus::Paused {
        return Err(ApiError::conflict("Unable to update task input, task must be paused.")
            .detail("Please stop the task's workspace before updating the input."));
    }
    caller.authorize(Action::Update, &task_object(&row))?;
    sqlx::query("UPDATE tasks SET prompt = $2 WHERE id = $1")
        .bind(row.id)
        .bind(&request.input)
        .execute(state.store.pool())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn send(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
    GoJson(request): GoJson<TaskSendRequest>,
) -> Result<StatusCode, ApiError> {
    if request.input.is_empty() {
        return Err(ApiError::bad_request("Task input is required."));
    }
    Err(no_app(&shown(&state, &caller, &row).await?))
}

/// Why a task's app cannot be spoken to. Even that of an active one is out of reach: apps are not proxied here.
fn no_app(task: &Task) -> ApiError {
    match task.status.as_str() {
        "active" => ApiError::new(StatusCode::BAD_GATEWAY, "Failed to get status from task app."),
        "error" => ApiError::conflict("Task is in an error state."),
        "unknown" => ApiError::conflict("Task status is unknown."),
        status => ApiError::conflict(format!("Task is {status}.")),
    }
}

/// What an app of the protocol `agentapi` shows.
#[derive(Debug, Default, Deserialize)]
struct Snapshot {
    #[serde(default)]
    messages: Vec<SnapshotMessage>,
}

#[derive(Debug, Deserialize)]
struct SnapshotMessage {
    #[serde(default)]
    id: i64,
    #[serde(default)]
    content: String,
    #[serde(default)]
    role: String,
    #[serde(default = "crate::clock::zero_time")]
    time: chrono::DateTime<chrono::Utc>,
}

async fn logs(
    State(state): State<AppState>,
    caller: Caller,
    TaskParam(row): TaskParam,
) -> Result<Json<TaskLogsResponse>, ApiError> {
    let task = shown(&state, &caller, &row).await?;
    match task.status.as_str() {
        "active" => return Err(no_app(&task)),
        "paused" | "pending" | "initializing" => {}
        status => {
            return Err(ApiError::conflict("Cannot fetch logs for task in current state.")
                .detail(format!("Task status is {}.", quoted(status))));
        }
    }
    let Some(kept) = state.store.task_snapshot(row.id).await? else {
        return Ok(Json(TaskLogsResponse { logs: Nullable::from(Vec::new()), snapshot: true, snapshot_at: None }));
    };
    let stored: serde_json::Value = serde_json::from_str(&kept.log_snapshot).unwrap_or_default();
    // What is stored names its format beside the data; the bare data is understood, too.
    let data = stored.get("data").cloned().unwrap_or(stored);
    let snapshot: Snapshot = serde_json::from_value(data).unwrap_or_default();
    let show = |message: SnapshotMessage| TaskLogEntry {
        id: message.id,
        content: message.content,
        kind: if message.role == "user" { TaskLogType::Input } else { TaskLogType::Output },
        time: message.time,
    };
    Ok(Json(TaskLogsResponse {
        logs: Nullable::from(snapshot.messages.into_iter().map(show).collect::<Vec<_>>()),
        snapshot: true,
        snapshot_at: Some(kept.log_snapshot_created_at),
    }))
}
