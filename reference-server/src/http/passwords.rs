//! Passwords: changing them, and getting back in without one.

use axum::extract::State;
use axum::routing::{post, put};
use axum::{Json, Router};
use chrono::TimeDelta;
use codersdk::{
    ChangePasswordWithOneTimePasscodeRequest, LoginType, RequestOneTimePasscodeRequest, UpdateUserPasswordRequest,
    ValidateUserPasswordRequest, ValidateUserPasswordResponse,
};
use http::StatusCode;
use uuid::Uuid;

use super::auth::Caller;
use super::error::{ApiError, Checks};
use super::extract::GoJson;
use super::users::UserParam;
use crate::email::is_email;
use crate::password;
use crate::rbac::{Action, Object};
use crate::state::AppState;

/// How long a one-time passcode is good for, in minutes.
const PASSCODE_MINUTES: i64 = 20;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/{user}/password", put(update_password))
        .route("/api/v2/users/validate-password", post(validate_password))
        .route("/api/v2/users/otp/request", post(request_passcode))
        .route("/api/v2/users/otp/change-password", post(change_password_with_passcode))
}

async fn update_password(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    body: Result<GoJson<UpdateUserPasswordRequest>, ApiError>,
) -> Result<StatusCode, ApiError> {
    caller.authorize(Action::UpdatePersonal, &Object::user(user.id))?;
    let own = caller.id() == user.id;
    let is_owner = |roles: &[String]| roles.iter().any(|role| role == "owner");
    if !own && is_owner(&user.rbac_roles) && !is_owner(&caller.user.rbac_roles) {
        return Err(ApiError::bad_request("Only owners can change the password of an owner."));
    }
    let GoJson(request) = body?;
    Checks::new().required("password", &request.password).finish()?;
    if user.login_type != LoginType::Password.as_str() {
        return Err(ApiError::bad_request("Users without password login type cannot change their password."));
    }
    if own && request.old_password.is_empty() {
        return Err(ApiError::bad_request("Old password is required."));
    }
    password::validate(&request.password)
        .map_err(|error| ApiError::bad_request("Invalid password.").field("password", error))?;
    if !request.old_password.is_empty() && !password::matches(user.hashed_password.clone(), request.old_password).await
    {
        let message = "Old password is incorrect.";
        return Err(ApiError::bad_request(message).field("old_password", message));
    }
    set_password(&state, user.id, user.hashed_password, request.password).await
}

/// Sets a password that differs from the old one, and ends the user's sessions.
async fn set_password(
    state: &AppState,
    user_id: Uuid,
    old_hash: String,
    new_password: String,
) -> Result<StatusCode, ApiError> {
    if password::matches(old_hash, new_password.clone()).await {
        return Err(ApiError::bad_request("New password cannot match old password."));
    }
    let hash = password::hash(new_password, state.password_iterations).await;
    state.store.update_user_password(user_id, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn validate_password(
    GoJson(request): GoJson<ValidateUserPasswordRequest>,
) -> Result<Json<ValidateUserPasswordResponse>, ApiError> {
    Checks::new().required("password", &request.password).finish()?;
    let details = password::validate(&request.password).err();
    Ok(Json(ValidateUserPasswordResponse { valid: details.is_none(), details: details.unwrap_or_default() }))
}

/// Answers the same whether or not there is such a user, and takes as long.
async fn request_passcode(
    State(state): State<AppState>,
    GoJson(request): GoJson<RequestOneTimePasscodeRequest>,
) -> Result<StatusCode, ApiError> {
    Checks::new()
        .required("email", &request.email)
        .check("email", "email", &request.email, is_email(&request.email))
        .finish()?;
    let user = state.store.user_by_email(&request.email).await?;
    let hash = password::hash(Uuid::new_v4().to_string(), state.password_iterations).await;
    if let Some(user) = user {
        let expires_at = state.clock.now() + TimeDelta::minutes(PASSCODE_MINUTES);
        state.store.set_one_time_passcode(user.id, &hash, expires_at).await?;
        tracing::warn!(user_id = %user.id, "a passcode was requested, but this server has no way to deliver it");
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password_with_passcode(
    State(state): State<AppState>,
    GoJson(request): GoJson<ChangePasswordWithOneTimePasscodeRequest>,
) -> Result<StatusCode, ApiError> {
    Checks::new()
        .required("email", &request.email)
        .check("email", "email", &request.email, is_email(&request.email))
        .required("password", &request.password)
        .required("one_time_passcode", &request.one_time_passcode)
        .finish()?;
    password::validate(&request.password)
        .map_err(|error| ApiError::bad_request("Invalid password.").field("password", error))?;
    let user = state.store.user_by_email(&request.email).await?;
    let hash = user.as_ref().map(|user| user.hashed_one_time_passcode.clone()).unwrap_or_default();
    let matches = password::matches(hash, request.one_time_passcode).await;
    let now = state.clock.now();
    let user = user
        .filter(|user| matches && user.one_time_passcode_expires_at.is_some_and(|expires_at| now <= expires_at))
        .ok_or_else(|| ApiError::bad_request("Incorrect email or one-time passcode."))?;
    set_password(&state, user.id, user.hashed_password, request.password).await
}
