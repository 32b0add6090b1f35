//! Roles: which there are, who holds them, who may give them.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use codersdk::{AssignableRoles, UpdateRoles, User, UserRoles};
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::GoJson;
use super::organizations::OrganizationParam;
use super::users::{UserParam, answer_user, deduplicated};
use crate::quote::quoted;
use crate::rbac::{self, Action, Object, Permission, Resource, Role, RoleName, change_role_set};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/roles", get(assignable_site_roles))
        .route("/api/v2/users/{user}/roles", get(user_roles).put(update_user_roles))
        .route("/api/v2/organizations/{organization}/members/roles", get(assignable_org_roles))
}

/// Whether the caller may give the added roles and take the removed ones, site-wide or in one organization.
///
/// # Errors
/// 400 for roles that do not exist or are out of the caller's hands, 403 for callers who assign none.
pub(crate) fn authorize_change(
    caller: &Caller,
    organization: Option<Uuid>,
    to: &[RoleName],
    from: &[RoleName],
) -> Result<(), ApiError> {
    let change = change_role_set(from, to);
    let changed = || change.added.iter().chain(&change.removed);
    for role in changed() {
        let exists = rbac::role(&role.name).is_some_and(|found| found.of_organization == organization.is_some());
        if !exists {
            return Err(ApiError::bad_request(format!("{} is not a supported role", quoted(&role.to_string()))));
        }
    }
    let object = match organization {
        Some(id) => Object::new(Resource::AssignOrgRole).in_org(id),
        None => Object::new(Resource::AssignRole),
    };
    if !change.added.is_empty() {
        caller.authorize_or_forbid(Action::Assign, &object)?;
    }
    if !change.removed.is_empty() {
        caller.authorize_or_forbid(Action::Unassign, &object)?;
    }
    match changed().find(|role| !caller.subject.can_assign_role(role)) {
        Some(role) => {
            Err(ApiError::bad_request(format!("not authorized to assign role {}", quoted(&role.to_string()))))
        }
        None => Ok(()),
    }
}

async fn assignable_site_roles(caller: Caller) -> Result<Json<Vec<AssignableRoles>>, ApiError> {
    caller.authorize_or_forbid(Action::Read, &Object::new(Resource::AssignRole))?;
    let roles = rbac::site_roles().into_iter().filter(|role| role.name != "member");
    Ok(Json(roles.map(|role| assignable(&caller, role, None)).collect()))
}

async fn assignable_org_roles(
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
) -> Result<Json<Vec<AssignableRoles>>, ApiError> {
    caller.authorize(Action::Read, &Object::new(Resource::AssignOrgRole).in_org(organization.id))?;
    let roles = rbac::organization_roles().into_iter();
    Ok(Json(roles.map(|role| assignable(&caller, role, Some(organization.id))).collect()))
}

fn assignable(caller: &Caller, role: &Role, organization: Option<Uuid>) -> AssignableRoles {
    let name = RoleName { name: role.name.to_owned(), organization };
    AssignableRoles {
        name: role.name.to_owned(),
        organization_id: organization.map(|id| id.to_string()),
        display_name: role.display_name.to_owned(),
        site_permissions: convert(&role.site).into(),
        user_permissions: convert(&role.user).into(),
        organization_permissions: convert(&role.organization).into(),
        organization_member_permissions: convert(&role.member).into(),
        assignable: caller.subject.can_assign_role(&name),
        built_in: true,
    }
}

fn convert(permissions: &[Permission]) -> Vec<codersdk::Permission> {
    let convert = |permission: &Permission| codersdk::Permission {
        negate: permission.negate,
        resource_type: permission.resource.as_str().into(),
        action: permission.action.as_str().into(),
    };
    permissions.iter().map(convert).collect()
}

async fn user_roles(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<UserRoles>, ApiError> {
    caller.authorize(Action::ReadPersonal, &Object::user(user.id))?;
    let memberships = state.store.memberships(user.id).await?;
    let organization_roles: BTreeMap<Uuid, Vec<String>> =
        memberships.into_iter().map(|membership| (membership.organization_id, membership.roles.0)).collect();
    Ok(Json(UserRoles { roles: user.rbac_roles.0, organization_roles }))
}

async fn update_user_roles(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    body: Result<GoJson<UpdateRoles>, ApiError>,
) -> Result<Json<User>, ApiError> {
    if caller.id() == user.id {
        return Err(ApiError::bad_request("You cannot change your own roles."));
    }
    let GoJson(request) = body?;
    let roles = deduplicated(&request.roles);
    let to: Vec<_> = roles.iter().map(String::as_str).chain(["member"]).map(RoleName::site).collect();
    let from: Vec<_> = user.rbac_roles.iter().map(String::as_str).map(RoleName::site).collect();
    authorize_change(&caller, None, &to, &from)?;
    let updated = state.store.update_user_roles(user.id, roles).await?;
    answer_user(&state, &updated).await
}
