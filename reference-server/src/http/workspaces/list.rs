//! `GET /workspaces`: the list, its search language, its order and its pages.

use axum::Json;
use axum::extract::State;
use codersdk::{Nullable, ValidationError, Workspace, WorkspaceStatus, WorkspacesResponse};
use uuid::Uuid;

use super::show;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::http::organizations;
use crate::http::query::{QueryParser, QueryValues, parse_enum};
use crate::http::search::search_terms;
use crate::quote::quoted;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::workspaces::WorkspaceRow;
use crate::workspaces::objects::workspace_object;
use crate::workspaces::view;

/// Which workspaces are asked for.
#[derive(Debug, Default)]
struct Filter {
    ids: Vec<Uuid>,
    owner: String,
    template: String,
    name: String,
    status: String,
    agent_statuses: Vec<String>,
    dormant: bool,
    last_used_after: Option<chrono::DateTime<chrono::Utc>>,
    last_used_before: Option<chrono::DateTime<chrono::Utc>>,
    outdated: Option<bool>,
    has_ai_task: Option<bool>,
    has_external_agent: Option<bool>,
    organization: Option<Uuid>,
    shared: Option<bool>,
    params: Vec<String>,
}

impl Filter {
    fn takes(&self, workspace: &Workspace, caller: &Caller) -> bool {
        let lower = |text: &str| text.to_lowercase();
        let build = &workspace.latest_build;
        let agents = || build.resources.iter().flat_map(|resource| &resource.agents);
        let owner = match self.owner.as_str() {
            "" => true,
            "me" => workspace.owner_id == caller.id(),
            name => lower(&workspace.owner_name) == name,
        };
        owner
            && (self.ids.is_empty() || self.ids.contains(&workspace.id))
            && (self.template.is_empty() || lower(&workspace.template_name) == self.template)
            && lower(&workspace.name).contains(&self.name)
            && (self.status.is_empty() || build.status.as_str() == self.status)
            && (self.agent_statuses.is_empty()
                || (build.transition.as_str() == "start"
                    && agents().any(|agent| self.agent_statuses.iter().any(|wanted| wanted == agent.status.as_str()))))
            && (!self.dormant || workspace.dormant_at.is_some())
            && self.last_used_after.is_none_or(|after| workspace.last_used_at > after)
            && self.last_used_before.is_none_or(|before| workspace.last_used_at < before)
            && self.outdated.is_none_or(|outdated| workspace.outdated == outdated)
            && self.has_ai_task.is_none_or(|has| build.has_ai_task == Some(has))
            && self.has_external_agent.is_none_or(|has| build.has_external_agent == Some(has))
            && self.organization.is_none_or(|organization| workspace.organization_id == organization)
            // Builds here have no parameters, and nothing is shared.
            && self.params.is_empty()
            && self.shared != Some(true)
    }
}

async fn read_filter(state: &AppState, caller: &Caller, query: &str) -> Result<Filter, Vec<ValidationError>> {
    if query.is_empty() {
        return Ok(Filter::default());
    }
    let values = search_terms(&query.to_lowercase(), |words, values| {
        let parts: Vec<&str> = words.split('/').collect();
        match parts[..] {
            [name] => values.add("name", name.trim_matches('"')),
            [owner, name] => {
                values.add("owner", owner.trim_matches('"'));
                values.add("name", name.trim_matches('"'));
            }
            _ => return Err(format!("Query element {} can only contain 1 '/'", quoted(words))),
        }
        Ok(())
    })?;
    let mut parser = QueryParser::new();
    let known = |text: &str| parse_enum(text, |text| WorkspaceStatus::KNOWN.contains(&text).then(|| text.to_owned()));
    let mut filter = Filter {
        ids: parser.custom_list(&values, "id", |text| parse_uuid(text.trim())),
        owner: parser.string(&values, "", "owner"),
        template: parser.string(&values, "", "template"),
        name: parser.string(&values, "", "name"),
        status: parser.custom(&values, "status", known),
        agent_statuses: parser.strings(&values, "has-agent"),
        dormant: parser.boolean(&values, false, "dormant"),
        last_used_after: parser.time3339(&values, None, "last_used_after"),
        last_used_before: parser.time3339(&values, None, "last_used_before"),
        outdated: parser.nullable_boolean(&values, "outdated"),
        has_ai_task: parser.nullable_boolean(&values, "has-ai-task"),
        has_external_agent: parser.nullable_boolean(&values, "has_external_agent"),
        shared: parser.nullable_boolean(&values, "shared"),
        organization: None,
        params: Vec::new(),
    };
    filter.organization = organization(state, caller, &mut parser, &values).await;
    parser.string(&values, "", "shared_with_user");
    parser.string(&values, "", "shared_with_group");
    match parser.nullable_boolean(&values, "healthy") {
        Some(true) => filter.agent_statuses.push("connected".to_owned()),
        Some(false) => filter.agent_statuses.extend(["disconnected", "timeout"].map(str::to_owned)),
        None => {}
    }
    filter.params = parser.custom_list(&values, "param", |text| {
        let text = text.trim();
        match text.split('=').collect::<Vec<_>>()[..] {
            [name] => Ok(name.to_owned()),
            [_, ""] => Err(format!(
                "query element {} has an empty value. omit the '=' to match just on the parameter name",
                quoted(text)
            )),
            [_, _] => Ok(text.to_owned()),
            _ => Err(format!("query element {} can only contain 1 '='", quoted(text))),
        }
    });
    parser.error_excess(&values);
    let errors = parser.into_errors();
    if errors.is_empty() { Ok(filter) } else { Err(errors) }
}

/// Reads the term `organization`: an id or a name that the caller may know of.
pub(crate) async fn organization(
    state: &AppState,
    caller: &Caller,
    parser: &mut QueryParser,
    values: &QueryValues,
) -> Option<Uuid> {
    let name = parser.string(values, "", "organization");
    if name.is_empty() {
        return None;
    }
    match organizations::find(state, caller, &name).await {
        Ok(found) => Some(found.id),
        Err(_) => {
            parser.error(
                "organization",
                format!(
                    "Query param \"organization\" has invalid value: organization {} either does not exist, or you are \
                     unauthorized to view it",
                    quoted(&name)
                ),
            );
            None
        }
    }
}

/// Reads which page of a list is wanted; a limit of 0 is none.
///
/// # Errors
/// 400 with every mistake.
pub(crate) fn page(query: &QueryValues) -> Result<(usize, usize), ApiError> {
    let mut parser = QueryParser::new();
    parser.uuid(query, Uuid::nil(), "after_id");
    let limit = parser.positive_int32(query, 0, "limit");
    let offset = parser.positive_int32(query, 0, "offset");
    parser.finish()?;
    let size = |number: i32| usize::try_from(number).unwrap_or_default();
    Ok((if limit == 0 { usize::MAX } else { size(limit) }, size(offset)))
}

pub(super) async fn list_workspaces(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<WorkspacesResponse>, ApiError> {
    let (limit, offset) = page(&query)?;
    let filter = read_filter(&state, &caller, query.get("q").unwrap_or_default())
        .await
        .map_err(|errors| ApiError::bad_request("Invalid workspace search query.").validations(errors))?;
    let rows: Vec<WorkspaceRow> =
        sqlx::query_as("SELECT * FROM workspaces WHERE deleted = FALSE").fetch_all(state.store.pool()).await?;
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| caller.can(Action::Read, &workspace_object(row))) {
        if let Some(shown) = view::workspace(&state, caller.id(), &row).await?
            && filter.takes(&shown, &caller)
        {
            found.push((row, shown));
        }
    }
    let count = found.len();
    found.sort_by_cached_key(|(_, workspace)| {
        let running = workspace.latest_build.status == WorkspaceStatus::Running;
        (!workspace.favorite, !running, workspace.owner_name.to_lowercase(), workspace.name.to_lowercase())
    });
    let mut workspaces = Vec::new();
    for (row, shown) in found.into_iter().skip(offset).take(limit) {
        // Without its template nobody is shown a workspace, though it counts.
        if show(&state, &caller, &row).await.is_ok() {
            workspaces.push(shown);
        }
    }
    Ok(Json(WorkspacesResponse {
        workspaces: Nullable::from(workspaces),
        count: i64::try_from(count).unwrap_or(i64::MAX),
    }))
}
