//! Members of organizations.

use axum::extract::{FromRequestParts, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use codersdk::{OrganizationMember, OrganizationMemberWithUserData, PaginatedMembersResponse, UpdateRoles};
use http::StatusCode;
use http::request::Parts;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::GoJson;
use super::organizations::OrganizationParam;
use super::query::QueryValues;
use super::users::{UserParam, authorize_membership, deduplicated, find_user, page, slim_role};
use super::{roles, search};
use crate::rbac::{Action, DEFAULT_ORG_MEMBER_ROLES, Object, Resource, RoleName};
use crate::state::AppState;
use crate::store::organizations::{MemberAndUser, MemberRow};
use crate::store::users::{Page, UserFilter};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/organizations/{organization}/members", get(list_members))
        .route("/api/v2/organizations/{organization}/paginated-members", get(paginated_members))
        .route(
            "/api/v2/organizations/{organization}/members/{user}",
            get(get_member).post(add_member).delete(remove_member),
        )
        .route("/api/v2/organizations/{organization}/members/{user}/roles", put(update_member_roles))
}

/// The member named by the path parameters, if the caller may read the membership; the user need not be readable.
struct MemberParam {
    organization_id: Uuid,
    found: MemberAndUser,
}

impl FromRequestParts<AppState> for MemberParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let OrganizationParam(organization) = OrganizationParam::from_request_parts(parts, state).await?;
        let user = find_user(parts, state, &caller).await?;
        caller.authorize(Action::Read, &Object::organization_member(user.id, organization.id))?;
        let found = state.store.member(organization.id, user.id).await?.ok_or_else(ApiError::not_found)?;
        Ok(Self { organization_id: organization.id, found })
    }
}

fn convert(row: &MemberRow) -> OrganizationMember {
    OrganizationMember {
        user_id: row.user_id,
        organization_id: row.organization_id,
        created_at: row.created_at,
        updated_at: row.updated_at,
        roles: row.roles.iter().map(|name| slim_role(name, Some(row.organization_id))).collect(),
    }
}

fn convert_with_user(row: &MemberAndUser) -> OrganizationMemberWithUserData {
    let member = convert(&row.member);
    let user = &row.user;
    OrganizationMemberWithUserData {
        username: user.username.clone(),
        name: Some(user.name.clone()).filter(|name| !name.is_empty()),
        avatar_url: Some(user.avatar_url.clone()).filter(|url| !url.is_empty()),
        email: user.email.clone(),
        status: user.status.as_str().into(),
        login_type: user.login_type.as_str().into(),
        last_seen_at: user.last_seen_at,
        user_created_at: user.created_at,
        user_updated_at: user.updated_at,
        is_service_account: Some(user.is_service_account).filter(|is| *is),
        global_roles: user.rbac_roles.iter().map(|name| slim_role(name, None)).collect(),
        user_id: member.user_id,
        organization_id: member.organization_id,
        created_at: member.created_at,
        updated_at: member.updated_at,
        roles: member.roles,
        ..Default::default()
    }
}

async fn list_members(
    State(state): State<AppState>,
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
    query: QueryValues,
) -> Result<Json<Vec<OrganizationMemberWithUserData>>, ApiError> {
    let wanted = search::members(query.get("q").unwrap_or_default())
        .map_err(|errors| ApiError::bad_request("Invalid organization member search query.").validations(errors))?;
    let filter = UserFilter {
        ids: (!wanted.user_id.is_nil()).then(|| vec![wanted.user_id]),
        github_com_user_id: wanted.github_user_id,
        ..Default::default()
    };
    let (rows, _) = state.store.list_members(organization.id, &filter, Page::default()).await?;
    let visible = rows
        .iter()
        .filter(|row| caller.can(Action::Read, &Object::organization_member(row.member.user_id, organization.id)));
    Ok(Json(visible.map(convert_with_user).collect()))
}

async fn paginated_members(
    State(state): State<AppState>,
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
    query: QueryValues,
) -> Result<Json<PaginatedMembersResponse>, ApiError> {
    let filter = search::users(query.get("q").unwrap_or_default())
        .map_err(|errors| ApiError::bad_request("Invalid member search query.").validations(errors))?;
    let page = page(&query)?;
    caller.authorize(Action::Read, &Object::new(Resource::OrganizationMember).in_org(organization.id))?;
    let (rows, count) = state.store.list_members(organization.id, &filter, page).await?;
    Ok(Json(PaginatedMembersResponse { members: rows.iter().map(convert_with_user).collect(), count }))
}

async fn get_member(member: MemberParam) -> Json<OrganizationMemberWithUserData> {
    Json(convert_with_user(&member.found))
}

async fn add_member(
    State(state): State<AppState>,
    caller: Caller,
    OrganizationParam(organization): OrganizationParam,
    UserParam(user): UserParam,
) -> Result<Json<OrganizationMember>, ApiError> {
    authorize_membership(&caller, organization.id).map_err(|_| ApiError::not_found())?;
    let added = state.store.add_member(organization.id, user.id, state.clock.now()).await;
    let row = added.map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => {
            ApiError::bad_request("User is already an organization member")
                .detail(format!("{} is already a member of {}", user.username, organization.display_name))
        }
        error => error.into(),
    })?;
    Ok(Json(convert(&row)))
}

async fn remove_member(
    State(state): State<AppState>,
    caller: Caller,
    member: MemberParam,
) -> Result<StatusCode, ApiError> {
    let user_id = member.found.member.user_id;
    if user_id == caller.id() {
        return Err(ApiError::bad_request("cannot remove self from an organization"));
    }
    caller.authorize(Action::Delete, &Object::organization_member(user_id, member.organization_id))?;
    if !state.store.remove_member(member.organization_id, user_id).await? {
        return Err(ApiError::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn update_member_roles(
    State(state): State<AppState>,
    caller: Caller,
    member: MemberParam,
    body: Result<GoJson<UpdateRoles>, ApiError>,
) -> Result<Json<OrganizationMember>, ApiError> {
    let (organization, user) = (member.organization_id, member.found.member.user_id);
    if user == caller.id() {
        return Err(ApiError::bad_request("You cannot change your own organization roles.")
            .detail("Another user with the appropriate permissions must change your roles."));
    }
    let GoJson(request) = body?;
    let given = deduplicated(&request.roles);
    let named = |name: &str| RoleName::organization(name, organization);
    let implied = ["organization-member"].iter().chain(DEFAULT_ORG_MEMBER_ROLES).copied();
    let to: Vec<_> = given.iter().map(String::as_str).chain(implied).map(named).collect();
    let from: Vec<_> = member.found.member.roles.iter().map(String::as_str).map(named).collect();
    roles::authorize_change(&caller, Some(organization), &to, &from)?;
    let row = state.store.update_member_roles(organization, user, &given).await?;
    Ok(Json(convert(&row)))
}
