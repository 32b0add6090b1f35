//! `POST /users/{user}/workspaces`: making a workspace, or claiming a prebuilt one.

use axum::Json;
use axum::extract::State;
use codersdk::{CreateWorkspaceRequest, Workspace};
use http::StatusCode;

use super::make::{WorkspaceWish, add_workspace, check_workspace, is_name};
use super::{OwnerParam, show};
use crate::http::auth::Caller;
use crate::http::error::{ApiError, Checks};
use crate::http::extract::GoJson;
use crate::state::AppState;
use crate::workspaces::build;

pub(super) async fn create_workspace(
    State(state): State<AppState>,
    caller: Caller,
    OwnerParam(owner): OwnerParam,
    GoJson(request): GoJson<CreateWorkspaceRequest>,
) -> Result<(StatusCode, Json<Workspace>), ApiError> {
    let (template, version) = (request.template_id, request.template_version_id);
    let neither = template.is_nil() && version.is_nil();
    let both = !template.is_nil() && !version.is_nil();
    let rule = |word: &str| if neither { format!("required_without={word}") } else { format!("excluded_with={word}") };
    Checks::new()
        .check("template_id", &rule("TemplateVersionID"), template, !neither && !both)
        .check("template_version_id", &rule("TemplateID"), version, !neither && !both)
        .check("name", "workspace_name", &request.name, is_name(&request.name))
        .finish()?;
    let wish = WorkspaceWish {
        name: request.name,
        owner_id: owner.id,
        template_id: template,
        version_id: version,
        autostart_schedule: request.autostart_schedule,
        ttl_ms: request.ttl_ms,
        automatic_updates: request.automatic_updates.map_or_else(String::new, |updates| updates.as_str().to_owned()),
        preset_id: request.template_version_preset_id,
    };
    let checked = check_workspace(&state, &caller, wish).await?;
    let mut tx = state.store.begin().await?;
    let made = add_workspace(&mut tx, &caller, &checked, state.clock.now()).await?;
    tx.commit().await?;
    let row = state.store.workspace(made.workspace_id).await?.ok_or_else(ApiError::not_found)?;
    let shown = show(&state, &caller, &row).await?;
    build::do_soon(&state, &made);
    Ok((StatusCode::CREATED, Json(shown)))
}
