//! The first user, signing in and signing out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use codersdk::{
    AuthMethod, AuthMethods, CreateFirstUserRequest, CreateFirstUserResponse, LoginType, LoginWithPasswordRequest,
    LoginWithPasswordResponse, UserStatus,
};
use http::{StatusCode, header};

use super::auth::{Caller, SESSION_TOKEN_COOKIE};
use super::error::{ApiError, Checks};
use super::extract::GoJson;
use crate::names;
use crate::password;
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::api_keys::NewApiKey;
use crate::store::users::NewUser;

/// How long a browser keeps the cookie; the server decides how long it is good for.
const COOKIE_SECONDS: u32 = 365 * 24 * 3600;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/first", get(first_user).post(create_first_user))
        .route("/api/v2/users/authmethods", get(auth_methods))
        .route("/api/v2/users/login", post(login))
        .route("/api/v2/users/logout", post(logout))
}

async fn first_user(State(state): State<AppState>) -> Result<Json<codersdk::Response>, ApiError> {
    if state.store.user_count().await? == 0 {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "The initial user has not been created!"));
    }
    Ok(Json(codersdk::Response {
        message: "The initial user has already been created!".to_owned(),
        ..Default::default()
    }))
}

async fn create_first_user(
    State(state): State<AppState>,
    GoJson(request): GoJson<CreateFirstUserRequest>,
) -> Result<(StatusCode, Json<CreateFirstUserResponse>), ApiError> {
    Checks::new()
        .required("email", &request.email)
        .check("email", "email", &request.email, names::is_email(&request.email))
        .required("username", &request.username)
        .check("username", "username", &request.username, names::name_valid(&request.username).is_ok())
        .check("name", "user_real_name", &request.name, names::user_real_name_valid(&request.name).is_ok())
        .required("password", &request.password)
        .finish()?;
    let exists = || ApiError::conflict("The initial user has already been created.");
    if state.store.user_count().await? > 0 {
        return Err(exists());
    }
    if let Err(error) = password::validate(&request.password) {
        return Err(ApiError::bad_request("Password is invalid").field("password", error));
    }
    let new = NewUser {
        email: request.email,
        username: request.username,
        name: names::normalize_real_name(&request.name),
        hashed_password: password::hash(request.password, state.password_iterations).await,
        login_type: LoginType::Password.as_str().to_owned(),
        status: UserStatus::Active.as_str().to_owned(),
        roles: Vec::new(),
        organization_ids: Vec::new(),
        is_service_account: false,
    };
    let (user, organization_id) = state.store.create_first_user(new, state.clock.now()).await?.ok_or_else(exists)?;
    Ok((StatusCode::CREATED, Json(CreateFirstUserResponse { user_id: user.id, organization_id })))
}

async fn auth_methods() -> Json<AuthMethods> {
    Json(AuthMethods { password: AuthMethod { enabled: true }, ..Default::default() })
}

async fn login(
    State(state): State<AppState>,
    GoJson(request): GoJson<LoginWithPasswordRequest>,
) -> Result<Response, ApiError> {
    Checks::new()
        .required("email", &request.email)
        .check("email", "email", &request.email, names::is_email(&request.email))
        .required("password", &request.password)
        .finish()?;
    let user = state.store.user_by_email(&request.email).await?;
    let hash = user.as_ref().map(|user| user.hashed_password.clone()).unwrap_or_default();
    let matches = password::matches(hash, request.password).await;
    let Some(user) = user.filter(|_| matches) else {
        return Err(ApiError::unauthorized("Incorrect email or password."));
    };
    if user.login_type != LoginType::Password.as_str() {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            format!(
                "Incorrect login type, attempting to use {} but user is of login type {}",
                quoted("password"),
                quoted(&user.login_type)
            ),
        ));
    }
    let now = state.clock.now();
    if user.status == UserStatus::Dormant.as_str() {
        state.store.activate_dormant_user(user.id, now).await?;
    } else if user.status != UserStatus::Active.as_str() {
        return Err(ApiError::unauthorized(format!(
            "Your account is {}. Contact an admin to reactivate your account.",
            user.status
        )));
    }
    let (token, _) = state.store.create_api_key(NewApiKey::session(user.id), now).await?;
    let cookie = format!("{SESSION_TOKEN_COOKIE}={token}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax");
    let body = Json(LoginWithPasswordResponse { session_token: token });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], body).into_response())
}

async fn logout(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    state.store.delete_api_key(&caller.api_key.id).await?;
    let cookie = format!("{SESSION_TOKEN_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    let body = Json(codersdk::Response { message: "Logged out!".to_owned(), ..Default::default() });
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}
