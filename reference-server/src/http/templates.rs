//! Templates and their versions, for reading.

use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use codersdk::{Template, TemplateVersion, ValidationError, WorkspaceAgent, WorkspaceResource, WorkspaceTransition};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};
use std::collections::HashMap;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{parse_uuid, path_uuid};
use super::organizations::OrganizationParam;
use super::query::{QueryParser, QueryValues};
use super::search::search_terms;
use super::websocket::Upgrade;
use super::workspaces::{job_logs, organization_term, path_text};
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::templates::{JobRow, TemplateRow, TemplateVersionRow};
use crate::workspaces::objects::template_object;
use crate::workspaces::plan::{PlannedAgent, PlannedPreset, PlannedResource};
use crate::workspaces::template_view;

const NOT_FINISHED: &str = "Template version job has not finished";

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/templates", get(list_templates))
        .route("/api/v2/organizations/{organization}/templates", get(templates_of_organization))
        .route("/api/v2/organizations/{organization}/templates/{name}", get(template_by_name))
        .route("/api/v2/templates/{template}", get(get_template))
        .route("/api/v2/templates/{template}/versions", get(list_versions))
        .route("/api/v2/templates/{template}/versions/{name}", get(version_by_name))
        .route("/api/v2/templates/{template}/{*path}", any(unknown_below_template))
        .route("/api/v2/templateversions/{version}", get(get_version))
        .route("/api/v2/templateversions/{version}/rich-parameters", get(rich_parameters))
        .route("/api/v2/templateversions/{version}/external-auth", get(nothing))
        .route("/api/v2/templateversions/{version}/schema", get(nothing))
        .route("/api/v2/templateversions/{version}/parameters", get(nothing))
        .route("/api/v2/templateversions/{version}/variables", get(variables))
        .route("/api/v2/templateversions/{version}/logs", get(version_logs))
        .route("/api/v2/templateversions/{version}/presets", get(presets))
        .route("/api/v2/templateversions/{version}/resources", get(resources))
        .route("/api/v2/templateversions/{version}/{*path}", any(unknown_below_version))
}

/// The template of the path parameter `template`, which the caller may read.
#[derive(Debug)]
pub(super) struct TemplateParam(TemplateRow);

impl FromRequestParts<AppState> for TemplateParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = path_uuid(&path_text(parts, state, "template").await?)?;
        let row = state.store.template(id).await?.ok_or_else(ApiError::not_found)?;
        caller.authorize(Action::Read, &template_object(&row))?;
        Ok(Self(row))
    }
}

/// The version of the path parameter `version`, of a template which the caller may read.
#[derive(Debug)]
pub(super) struct VersionParam(TemplateVersionRow, JobRow);

impl FromRequestParts<AppState> for VersionParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let id = path_uuid(&path_text(parts, state, "version").await?)?;
        let row = state.store.template_version(id).await?.ok_or_else(ApiError::not_found)?;
        let template = state.store.template_or_deleted(row.template_id.unwrap_or_default()).await?;
        let template = template.ok_or_else(ApiError::not_found)?;
        caller.authorize(Action::Read, &template_object(&template))?;
        let job = state.store.job(row.job_id).await?.ok_or_else(ApiError::not_found)?;
        Ok(Self(row, job))
    }
}

impl VersionParam {
    /// Refuses what only an imported version knows.
    fn imported(&self, status: StatusCode, message: &str) -> Result<(), ApiError> {
        if self.1.completed_at.is_some() { Ok(()) } else { Err(ApiError::new(status, message)) }
    }
}

async fn list_templates(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<Vec<Template>>, ApiError> {
    listed(&state, &caller, &query, None).await
}

async fn templates_of_organization(
    State(state): State<AppState>,
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
    query: QueryValues,
) -> Result<Json<Vec<Template>>, ApiError> {
    listed(&state, &caller, &query, Some(organization.id)).await
}

async fn listed(
    state: &AppState,
    caller: &Caller,
    query: &QueryValues,
    organization: Option<uuid::Uuid>,
) -> Result<Json<Vec<Template>>, ApiError> {
    let filter = read_filter(state, caller, query.get("q").unwrap_or_default())
        .await
        .map_err(|errors| ApiError::bad_request("Invalid template search query.").validations(errors))?;
    let mut found = Vec::new();
    for row in state.store.templates().await? {
        if !caller.can(Action::Read, &template_object(&row)) || organization.is_some_and(|id| row.organization_id != id)
        {
            continue;
        }
        let ai_task = state.store.template_version(row.active_version_id).await?.is_some_and(|v| v.has_ai_task);
        let shown = template_view::template(state, &row).await?;
        if filter.takes(&shown, ai_task) {
            found.push(shown);
        }
    }
    found.sort_by_cached_key(|template| (-template.active_user_count, template.name.to_lowercase()));
    Ok(Json(found))
}

#[derive(Debug, Default)]
struct Filter {
    exact_name: String,
    exact_display_name: String,
    name: String,
    display_name: String,
    author: String,
    author_id: Option<uuid::Uuid>,
    ids: Vec<uuid::Uuid>,
    organization: Option<uuid::Uuid>,
    deleted: bool,
    deprecated: Option<bool>,
    has_ai_task: Option<bool>,
    has_external_agent: Option<bool>,
}

impl Filter {
    fn takes(&self, template: &Template, ai_task: bool) -> bool {
        let lower = |text: &str| text.to_lowercase();
        // A template without a name for people is found by its other one.
        let shown = if template.display_name.is_empty() { &template.name } else { &template.display_name };
        (self.exact_name.is_empty() || lower(&template.name) == self.exact_name)
            && (self.exact_display_name.is_empty() || lower(shown) == self.exact_display_name)
            && lower(&template.name).contains(&self.name)
            && lower(shown).contains(&self.display_name)
            && (self.author.is_empty() || lower(&template.created_by_name) == self.author)
            && self.author_id.is_none_or(|id| template.created_by_id == id)
            && (self.ids.is_empty() || self.ids.contains(&template.id))
            && self.organization.is_none_or(|id| template.organization_id == id)
            && !self.deleted
            && self.deprecated.is_none_or(|deprecated| template.deprecated == deprecated)
            && self.has_ai_task.is_none_or(|has| ai_task == has)
            && self.has_external_agent != Some(true)
    }
}

async fn read_filter(state: &AppState, caller: &Caller, query: &str) -> Result<Filter, Vec<ValidationError>> {
    let values = search_terms(&query.to_lowercase(), |words, values| {
        values.add("display_name", words);
        Ok(())
    })?;
    let mut parser = QueryParser::new();
    let mut filter = Filter {
        deleted: parser.boolean(&values, false, "deleted"),
        exact_name: parser.string(&values, "", "exact_name"),
        exact_display_name: parser.string(&values, "", "exact_display_name"),
        name: parser.string(&values, "", "name"),
        display_name: parser.string(&values, "", "display_name"),
        ids: parser.custom_list(&values, "ids", |text| parse_uuid(text.trim())),
        deprecated: parser.nullable_boolean(&values, "deprecated"),
        has_ai_task: parser.nullable_boolean(&values, "has-ai-task"),
        author_id: Some(parser.uuid(&values, uuid::Uuid::nil(), "author_id")).filter(|id| !id.is_nil()),
        author: parser.string(&values, "", "author"),
        has_external_agent: parser.nullable_boolean(&values, "has_external_agent"),
        organization: None,
    };
    filter.organization = organization_term(state, caller, &mut parser, &values).await;
    if filter.author == "me" {
        filter.author_id = Some(caller.id());
        filter.author.clear();
    }
    parser.error_excess(&values);
    let errors = parser.into_errors();
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

async fn get_template(
    State(state): State<AppState>,
    TemplateParam(row): TemplateParam,
) -> Result<Json<Template>, ApiError> {
    Ok(Json(template_view::template(&state, &row).await?))
}

async fn template_by_name(
    State(state): State<AppState>,
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
    Path(params): Path<HashMap<String, String>>,
) -> Result<Json<Template>, ApiError> {
    let name = params.get("name").map(String::as_str).unwrap_or_default();
    let rows = state.store.templates().await?;
    let found = rows.into_iter().find(|row| {
        row.organization_id == organization.id
            && row.name.eq_ignore_ascii_case(name)
            && caller.can(Action::Read, &template_object(row))
    });
    let row = found.ok_or_else(ApiError::not_found)?;
    Ok(Json(template_view::template(&state, &row).await?))
}

async fn shown(state: &AppState, row: &TemplateVersionRow) -> Result<TemplateVersion, ApiError> {
    template_view::version(state, row).await?.ok_or_else(ApiError::not_found)
}

async fn versions(state: &AppState, template: &TemplateRow) -> sqlx::Result<Vec<TemplateVersionRow>> {
    sqlx::query_as("SELECT * FROM template_versions WHERE template_id = $1 ORDER BY created_at, id")
        .bind(template.id)
        .fetch_all(state.store.pool())
        .await
}

async fn list_versions(
    State(state): State<AppState>,
    TemplateParam(template): TemplateParam,
    query: QueryValues,
) -> Result<Json<Vec<TemplateVersion>>, ApiError> {
    let mut parser = QueryParser::new();
    let archived = parser.boolean(&query, false, "include_archived");
    parser.finish()?;
    let mut list = Vec::new();
    for row in versions(&state, &template).await?.into_iter().filter(|row| archived || !row.archived) {
        list.push(shown(&state, &row).await?);
    }
    Ok(Json(list))
}

async fn version_by_name(
    State(state): State<AppState>,
    TemplateParam(template): TemplateParam,
    Path(params): Path<HashMap<String, String>>,
) -> Result<Json<TemplateVersion>, ApiError> {
    let name = params.get("name").map(String::as_str).unwrap_or_default();
    let found = versions(&state, &template).await?.into_iter().find(|row| row.name == name);
    let row = found.ok_or_else(|| {
        let message = format!("No template version found by name {}.", crate::quote::quoted(name));
        ApiError::new(StatusCode::NOT_FOUND, message)
    })?;
    shown(&state, &row).await.map(Json)
}

async fn get_version(
    State(state): State<AppState>,
    VersionParam(row, _): VersionParam,
) -> Result<Json<TemplateVersion>, ApiError> {
    shown(&state, &row).await.map(Json)
}

/// Templates here have no parameters.
async fn rich_parameters(version: VersionParam) -> Result<Json<[Value; 0]>, ApiError> {
    version.imported(StatusCode::TOO_EARLY, NOT_FINISHED)?;
    Ok(Json([]))
}

/// Nor have they variables.
async fn variables(version: VersionParam) -> Result<Json<[Value; 0]>, ApiError> {
    version.imported(StatusCode::FORBIDDEN, NOT_FINISHED)?;
    Ok(Json([]))
}

/// Nor do they ask for a sign-in elsewhere, or have what older clients ask for.
async fn nothing(_: VersionParam) -> Json<[Value; 0]> {
    Json([])
}

async fn version_logs(
    State(state): State<AppState>,
    VersionParam(_, job): VersionParam,
    query: QueryValues,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    job_logs(state, job.id, None, &query, upgrade).await
}

/// `null` rather than an empty list, as in the original.
async fn presets(VersionParam(version, _): VersionParam) -> Json<Option<Vec<Value>>> {
    let show = |preset: &PlannedPreset| {
        json!({
            "ID": preset.id,
            "Name": preset.name,
            "Parameters": null,
            "Default": false,
            "DesiredPrebuildInstances": preset.prebuilds,
            "Description": "",
            "Icon": "",
        })
    };
    let presets: Vec<_> = version.plan.presets.iter().map(show).collect();
    Json(Some(presets).filter(|presets| !presets.is_empty()))
}

/// What a build of the version would make. The agents have no ids yet.
async fn resources(version: VersionParam) -> Result<Json<Vec<WorkspaceResource>>, ApiError> {
    version.imported(StatusCode::BAD_REQUEST, "Job hasn't completed!")?;
    let VersionParam(row, job) = version;
    let agent = |planned: &PlannedAgent| WorkspaceAgent {
        name: planned.name.clone(),
        created_at: job.created_at,
        updated_at: job.updated_at,
        architecture: planned.architecture.clone(),
        operating_system: planned.operating_system.clone(),
        directory: Some(planned.directory.clone()),
        ..WorkspaceAgent::default()
    };
    let resource = |planned: &PlannedResource, transition: WorkspaceTransition| WorkspaceResource {
        id: uuid::Uuid::nil(),
        created_at: job.created_at,
        job_id: job.id,
        workspace_transition: transition,
        kind: planned.kind.clone(),
        name: planned.name.clone(),
        agents: planned.agents.iter().map(agent).collect(),
        ..WorkspaceResource::default()
    };
    let both = |planned| [WorkspaceTransition::Start, WorkspaceTransition::Stop].map(|kind| resource(planned, kind));
    Ok(Json(row.plan.resources.iter().flat_map(both).collect()))
}

async fn unknown_below_template(_: TemplateParam) -> ApiError {
    ApiError::route_not_found()
}

async fn unknown_below_version(_: VersionParam) -> ApiError {
    ApiError::route_not_found()
}
