//! Organizations.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{any, get};
use axum::{Json, Router};
use codersdk::Organization;
use http::request::Parts;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::parse_uuid;
use super::users::UserParam;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::organizations::OrganizationRow;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/organizations", get(list_organizations))
        .route("/api/v2/organizations/{organization}", get(get_organization))
        .route("/api/v2/organizations/{organization}/{*path}", any(unknown_route))
        .route("/api/v2/users/{user}/organizations", get(organizations_by_user))
        .route("/api/v2/users/{user}/organizations/{organization}", get(organization_by_user_and_name))
}

/// The organization named by the path parameter `organization`, if the caller may read it.
#[derive(Debug)]
pub(crate) struct OrganizationParam(pub(crate) OrganizationRow);

impl FromRequestParts<AppState> for OrganizationParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Path(params) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
            .await
            .map_err(|_| ApiError::route_not_found())?;
        let name = params.get("organization").map(String::as_str).unwrap_or_default();
        find(state, &caller, name).await.map(Self)
    }
}

/// The organization of this id or name that the caller may read; `default` and the nil id name the default one.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn find(state: &AppState, caller: &Caller, name: &str) -> Result<OrganizationRow, ApiError> {
    let store = &state.store;
    let found = match parse_uuid(name) {
        Ok(id) if id.is_nil() => store.default_organization().await?,
        Ok(id) => store.organization(id).await?,
        Err(_) if name == "default" => store.default_organization().await?,
        Err(_) => store.organization_by_name(name).await?,
    };
    let found = found.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &Object::organization(found.id))?;
    Ok(found)
}

fn convert(row: OrganizationRow) -> Organization {
    Organization {
        id: row.id,
        name: row.name,
        display_name: row.display_name,
        icon: row.icon,
        description: row.description,
        created_at: row.created_at,
        updated_at: row.updated_at,
        is_default: row.is_default,
        default_org_member_roles: row.default_org_member_roles.0,
    }
}

async fn list_organizations(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Organization>>, ApiError> {
    let all = state.store.organizations().await?;
    let visible = all.into_iter().filter(|row| caller.can(Action::Read, &Object::organization(row.id)));
    Ok(Json(visible.map(convert).collect()))
}

async fn get_organization(OrganizationParam(organization): OrganizationParam) -> Json<Organization> {
    Json(convert(organization))
}

/// What lies below an organization that does not exist is not told apart from the organization.
async fn unknown_route(_: OrganizationParam) -> ApiError {
    ApiError::route_not_found()
}

async fn organizations_by_user(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<Vec<Organization>>, ApiError> {
    let memberships = state.store.memberships(user.id).await?;
    let all = state.store.organizations().await?;
    let visible = all.into_iter().filter(|row| {
        memberships.iter().any(|membership| membership.organization_id == row.id)
            && caller.can(Action::Read, &Object::organization(row.id))
    });
    Ok(Json(visible.map(convert).collect()))
}

async fn organization_by_user_and_name(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(_user): UserParam,
    Path((_, name)): Path<(String, String)>,
) -> Result<Json<Organization>, ApiError> {
    let found = state.store.organization_by_name(&name).await?.ok_or_else(ApiError::not_found)?;
    caller.authorize(Action::Read, &Object::organization(found.id))?;
    Ok(Json(convert(found)))
}
