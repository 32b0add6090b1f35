//! People: making, finding, listing, renaming, suspending and deleting them.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use codersdk::names;
use codersdk::{GetUsersResponse, LoginType, SlimRole, UpdateUserProfileRequest, User, UserStatus};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::error::{ApiError, Checks};
use super::extract::{GoJson, parse_uuid};
use super::query::{QueryParser, QueryValues};
use super::{organizations, roles, search};
use crate::email::is_email;
use crate::rbac::{self, Action, DEFAULT_ORG_MEMBER_ROLES, Object, Resource, RoleName};
use crate::state::AppState;
use crate::store::users::{NewUser, Page, UserRow};
use crate::{password, quote::quoted};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users", get(list_users).post(create_user))
        .route("/api/v2/users/{user}", get(get_user).delete(delete_user))
        .route("/api/v2/users/{user}/profile", put(update_profile))
        .route("/api/v2/users/{user}/status/suspend", put(suspend))
        .route("/api/v2/users/{user}/status/activate", put(activate))
}

/// The user named by the path parameter `user`: an id, a username or `me`, if the caller may read that user.
#[derive(Debug)]
pub(crate) struct UserParam(pub(crate) UserRow);

impl FromRequestParts<AppState> for UserParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let user = find_user(parts, state, &caller).await?;
        caller.authorize(Action::Read, &Object::user(user.id))?;
        Ok(Self(user))
    }
}

/// The user named by the path parameter `user`, whether or not the caller may read them.
///
/// # Errors
/// 404 if there is none.
pub(crate) async fn find_user(parts: &mut Parts, state: &AppState, caller: &Caller) -> Result<UserRow, ApiError> {
    let Path(params) = Path::<HashMap<String, String>>::from_request_parts(parts, state)
        .await
        .map_err(|_| ApiError::route_not_found())?;
    let name = params.get("user").map(String::as_str).unwrap_or_default();
    if name == "me" {
        return Ok(caller.user.clone());
    }
    let user = match parse_uuid(name) {
        Ok(id) => state.store.user(id).await?,
        Err(_) => state.store.user_by_username(name).await?,
    };
    user.ok_or_else(ApiError::not_found)
}

/// A user as answered.
pub(crate) fn convert_user(user: &UserRow, organization_ids: Vec<Uuid>) -> User {
    User {
        id: user.id,
        username: user.username.clone(),
        name: Some(user.name.clone()).filter(|name| !name.is_empty()),
        avatar_url: Some(user.avatar_url.clone()).filter(|url| !url.is_empty()),
        email: user.email.clone(),
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_seen_at: user.last_seen_at,
        status: user.status.as_str().into(),
        login_type: user.login_type.as_str().into(),
        organization_ids,
        roles: user.rbac_roles.iter().map(|name| slim_role(name, None)).collect(),
        is_service_account: Some(user.is_service_account).filter(|is| *is),
        ..Default::default()
    }
}

/// A role by its name.
pub(crate) fn slim_role(name: &str, organization: Option<Uuid>) -> SlimRole {
    SlimRole {
        name: name.to_owned(),
        display_name: rbac::role(name).map(|role| role.display_name).unwrap_or_default().to_owned(),
        organization_id: organization.map(|id| id.to_string()),
    }
}

/// A user as answered, with the organizations looked up.
pub(crate) async fn answer_user(state: &AppState, user: &UserRow) -> Result<Json<User>, ApiError> {
    let memberships = state.store.memberships(user.id).await?;
    Ok(Json(convert_user(user, memberships.iter().map(|m| m.organization_id).collect())))
}

/// Reads `after_id`, `limit` and `offset`.
///
/// # Errors
/// 400 when one of them is malformed.
pub(crate) fn page(query: &QueryValues) -> Result<Page, ApiError> {
    let mut parser = QueryParser::new();
    let page = Page {
        after_id: parser.uuid(query, Uuid::nil(), "after_id"),
        limit: parser.positive_int32(query, 0, "limit").into(),
        offset: parser.positive_int32(query, 0, "offset").into(),
    };
    parser.finish()?;
    Ok(page)
}

async fn get_user(State(state): State<AppState>, UserParam(user): UserParam) -> Result<Json<User>, ApiError> {
    answer_user(&state, &user).await
}

async fn list_users(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<GetUsersResponse>, ApiError> {
    let mut filter = search::users(query.get("q").unwrap_or_default())
        .map_err(|errors| ApiError::bad_request("Invalid user search query.").validations(errors))?;
    let page = page(&query)?;
    if !caller.can(Action::Read, &Object::new(Resource::User)) {
        let own = [caller.id()].into_iter();
        let named = caller.subject.scopes.listed_ids(Resource::User);
        filter.ids = Some(own.chain(named).filter(|id| caller.can(Action::Read, &Object::user(*id))).collect());
    }
    let (users, count) = state.store.list_users(&filter, page).await?;
    let ids: Vec<Uuid> = users.iter().map(|user| user.id).collect();
    let mut organizations: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for membership in state.store.memberships_of(&ids).await? {
        organizations.entry(membership.user_id).or_default().push(membership.organization_id);
    }
    let users =
        users.iter().map(|user| convert_user(user, organizations.remove(&user.id).unwrap_or_default())).collect();
    Ok(Json(GetUsersResponse { users, count }))
}

/// The body of a creation. Older clients name one organization instead of several.
#[derive(Deserialize)]
struct CreateUser {
    email: String,
    username: String,
    name: String,
    password: String,
    login_type: String,
    user_status: Option<String>,
    organization_ids: Vec<Uuid>,
    organization_id: Option<Uuid>,
    service_account: bool,
    roles: Vec<String>,
}

async fn create_user(
    State(state): State<AppState>,
    caller: Caller,
    GoJson(mut request): GoJson<CreateUser>,
) -> Result<(StatusCode, Json<User>), ApiError> {
    request.organization_ids.extend(request.organization_id);
    check_fields(&request)?;
    let login_type = wanted_login_type(&request)?;
    if request.organization_ids.is_empty() {
        return Err(ApiError::bad_request(
            "No organization specified to place the user as a member of. It is required to specify at least one \
             organization id to place the user in.",
        )
        .detail("required at least 1 value for the array 'organization_ids'")
        .field("organization_ids", "Missing values, this cannot be empty"));
    }
    let exists = || ApiError::conflict("User already exists.");
    let taken = state.store.user_by_email_or_username(&request.email, &request.username).await?;
    if taken.is_some_and(|user| caller.can(Action::Read, &Object::user(user.id))) {
        return Err(exists());
    }
    let organization_ids = resolve_organizations(&state, &caller, &request.organization_ids).await?;
    if login_type == LoginType::Password {
        password::validate(&request.password)
            .map_err(|error| ApiError::bad_request("Password is invalid").field("password", error))?;
    }
    let role_list = deduplicated(&request.roles);
    let new = NewUser {
        email: request.email,
        username: request.username,
        name: names::normalize_real_username(&request.name),
        hashed_password: match login_type {
            LoginType::Password => password::hash(request.password, state.password_iterations).await,
            _ => String::new(),
        },
        login_type: login_type.as_str().to_owned(),
        status: request
            .user_status
            .filter(|status| !status.is_empty())
            .unwrap_or_else(|| UserStatus::Dormant.as_str().to_owned()),
        roles: role_list,
        organization_ids,
        is_service_account: false,
    };
    authorize_creation(&caller, &new)?;
    let user = state.store.create_user(&new, state.clock.now()).await.map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => exists(),
        error => error.into(),
    })?;
    Ok((StatusCode::CREATED, Json(convert_user(&user, new.organization_ids))))
}

fn check_fields(request: &CreateUser) -> Result<(), ApiError> {
    let email = &request.email;
    let status = request.user_status.as_deref();
    Checks::new()
        .check("email", "required_unless", email, !email.is_empty() || request.service_account)
        .check("email", "email", email, email.is_empty() || is_email(email))
        .required("username", &request.username)
        .check("username", "username", &request.username, names::name_valid(&request.username).is_ok())
        .check("name", "user_real_name", &request.name, names::user_real_name_valid(&request.name).is_ok())
        .check(
            "user_status",
            "oneof",
            status.unwrap_or_default(),
            status.is_none_or(|status| status.is_empty() || UserStatus::KNOWN.contains(&status)),
        )
        .finish()
}

fn wanted_login_type(request: &CreateUser) -> Result<LoginType, ApiError> {
    let wanted = LoginType::from(request.login_type.as_str());
    if request.service_account {
        if !matches!(request.login_type.as_str(), "" | "none") {
            return Err(ApiError::bad_request("Service accounts must use login type 'none'."));
        }
        if !request.password.is_empty() {
            return Err(ApiError::bad_request("Password cannot be set for service accounts."));
        }
        if !request.email.is_empty() {
            return Err(ApiError::bad_request("Email cannot be set for service accounts."));
        }
        let message = "Service Accounts is a Premium feature. Contact sales!";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    if !matches!(request.login_type.as_str(), "" | "password") && !request.password.is_empty() {
        return Err(ApiError::bad_request(format!(
            "Password cannot be set for non-password ({}) authentication.",
            quoted(&request.login_type)
        )));
    }
    match request.login_type.as_str() {
        "" => Ok(LoginType::Password),
        "password" | "none" | "github" => Ok(wanted),
        "oidc" => Err(ApiError::bad_request("You must configure OIDC before creating OIDC users.")),
        other => Err(ApiError::bad_request(format!(
            "Unsupported login type {} for manually creating new users.",
            quoted(other)
        ))),
    }
}

/// Checks that the organizations exist; the nil id stands for the default one.
async fn resolve_organizations(state: &AppState, caller: &Caller, ids: &[Uuid]) -> Result<Vec<Uuid>, ApiError> {
    let mut resolved = Vec::with_capacity(ids.len());
    for id in ids {
        let found = organizations::find(state, caller, &id.to_string()).await.map_err(|error| {
            if error.status() != StatusCode::NOT_FOUND {
                return error;
            }
            let message = format!("Organization does not exist with the provided id {}.", quoted(&id.to_string()));
            ApiError::new(StatusCode::NOT_FOUND, message)
        })?;
        if !resolved.contains(&found.id) {
            resolved.push(found.id);
        }
    }
    Ok(resolved)
}

fn authorize_creation(caller: &Caller, new: &NewUser) -> Result<(), ApiError> {
    let refused = |error: ApiError| match error.status() {
        StatusCode::FORBIDDEN => ApiError::new(StatusCode::FORBIDDEN, "You are not authorized to create users."),
        _ => error,
    };
    let given = new.roles.iter().map(String::as_str).chain(["member"]);
    roles::authorize_change(caller, None, &given.map(RoleName::site).collect::<Vec<_>>(), &[]).map_err(refused)?;
    caller.authorize_or_forbid(Action::Create, &Object::new(Resource::User)).map_err(refused)?;
    for organization in &new.organization_ids {
        authorize_membership(caller, *organization).map_err(refused)?;
    }
    Ok(())
}

/// Whether the caller may make somebody a member of the organization.
///
/// # Errors
/// 403 otherwise.
pub(crate) fn authorize_membership(caller: &Caller, organization: Uuid) -> Result<(), ApiError> {
    let implied = ["organization-member"].iter().chain(DEFAULT_ORG_MEMBER_ROLES);
    let implied: Vec<_> = implied.map(|name| RoleName::organization(*name, organization)).collect();
    roles::authorize_change(caller, Some(organization), &implied, &[])?;
    caller.authorize_or_forbid(Action::Create, &Object::new(Resource::OrganizationMember).in_org(organization))
}

/// Every name once, in order.
pub(crate) fn deduplicated(names: &[String]) -> Vec<String> {
    names.iter().cloned().collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

async fn delete_user(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<codersdk::Response>, ApiError> {
    if caller.id() == user.id {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "You cannot delete yourself!"));
    }
    if state.store.owns_workspaces(user.id).await? {
        let message = "You cannot delete a user that has workspaces. Delete their workspaces and try again!";
        return Err(ApiError::new(StatusCode::EXPECTATION_FAILED, message));
    }
    caller.authorize_or_forbid(Action::Delete, &Object::user(user.id))?;
    state.store.delete_user(user.id, state.clock.now()).await?;
    Ok(Json(codersdk::Response { message: "User has been deleted!".to_owned(), ..Default::default() }))
}

async fn update_profile(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    GoJson(request): GoJson<UpdateUserProfileRequest>,
) -> Result<Json<User>, ApiError> {
    Checks::new()
        .required("username", &request.username)
        .check("username", "username", &request.username, names::name_valid(&request.username).is_ok())
        .check("name", "user_real_name", &request.name, names::user_real_name_valid(&request.name).is_ok())
        .finish()?;
    let object = Object::user(user.id);
    if request.username != user.username {
        caller.authorize(Action::Update, &object)?;
    }
    let taken = || {
        ApiError::conflict("A user with this username already exists.")
            .field("username", "This username is already in use.")
    };
    if state.store.user_by_username(&request.username).await?.is_some_and(|other| other.id != user.id) {
        return Err(taken());
    }
    caller.authorize(Action::UpdatePersonal, &object)?;
    let updated =
        state.store.update_user_profile(user.id, &request.username, &request.name, state.clock.now()).await.map_err(
            |error| match error {
                sqlx::Error::Database(error) if error.is_unique_violation() => taken(),
                error => error.into(),
            },
        )?;
    answer_user(&state, &updated).await
}

async fn suspend(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<User>, ApiError> {
    if user.id == caller.id() {
        return Err(ApiError::bad_request("You cannot suspend yourself."));
    }
    if user.rbac_roles.iter().any(|role| role == "owner") {
        return Err(ApiError::bad_request(
            "You cannot suspend a user with the \"owner\" role. You must remove the role first.",
        ));
    }
    set_status(&state, &caller, &user, &UserStatus::Suspended).await
}

async fn activate(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<User>, ApiError> {
    set_status(&state, &caller, &user, &UserStatus::Active).await
}

async fn set_status(
    state: &AppState,
    caller: &Caller,
    user: &UserRow,
    status: &UserStatus,
) -> Result<Json<User>, ApiError> {
    caller.authorize_or_forbid(Action::Update, &Object::user(user.id))?;
    let updated = state.store.update_user_status(user.id, status.as_str(), state.clock.now()).await?;
    answer_user(state, &updated).await
}
