//! People: who they are and what they prefer.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::get;
use axum::{Json, Router};
use codersdk::{SlimRole, User};
use http::request::Parts;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::parse_uuid;
use crate::rbac::{self, Action, Object};
use crate::state::AppState;
use crate::store::users::UserRow;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/api/v2/users/{user}", get(get_user))
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

async fn get_user(State(state): State<AppState>, UserParam(user): UserParam) -> Result<Json<User>, ApiError> {
    let memberships = state.store.memberships(user.id).await?;
    Ok(Json(convert_user(&user, memberships.iter().map(|m| m.organization_id).collect())))
}
