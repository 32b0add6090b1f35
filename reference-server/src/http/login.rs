//! The first user, signing in and signing out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{SubsecRound, TimeDelta};
use codersdk::names;
use codersdk::{
    AuthMethod, AuthMethods, ConvertLoginRequest, CreateFirstUserRequest, CreateFirstUserResponse, LoginType,
    LoginWithPasswordRequest, LoginWithPasswordResponse, OAuthConversionResponse, UserStatus,
};
use http::{StatusCode, header};
use serde_json::json;
use uuid::Uuid;

use super::auth::{Caller, SESSION_TOKEN_COOKIE};
use super::error::{ApiError, Checks};
use super::extract::GoJson;
use super::users::UserParam;
use crate::email::is_email;
use crate::jwt;
use crate::password;
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::api_keys::{NewApiKey, random_text};
use crate::store::users::{NewUser, UserRow};

/// How long a change of the way to sign in may take.
const CONVERSION_TIME: TimeDelta = TimeDelta::minutes(5);
/// How long a browser keeps the cookie; the server decides how long it is good for.
const COOKIE_SECONDS: u32 = 365 * 24 * 3600;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/first", get(first_user).post(create_first_user))
        .route("/api/v2/users/authmethods", get(auth_methods))
        .route("/api/v2/users/login", post(login))
        .route("/api/v2/users/logout", post(logout))
        .route("/api/v2/users/{user}/convert-login", post(convert_login))
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
        .check("email", "email", &request.email, is_email(&request.email))
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
        name: names::normalize_real_username(&request.name),
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
        .check("email", "email", &request.email, is_email(&request.email))
        .required("password", &request.password)
        .finish()?;
    let user = check_password(&state, &request.email, request.password).await?;
    let (token, _) = state.store.create_api_key(NewApiKey::session(user.id), state.clock.now()).await?;
    let cookie = format!("{SESSION_TOKEN_COOKIE}={token}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax");
    let body = Json(LoginWithPasswordResponse { session_token: token });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], body).into_response())
}

/// The user with this address and password, awake.
///
/// # Errors
/// 401 for a wrong address or password and for who is suspended, 403 for who signs in another way.
async fn check_password(state: &AppState, email: &str, password: String) -> Result<UserRow, ApiError> {
    let user = state.store.user_by_email(email).await?;
    let hash = user.as_ref().map(|user| user.hashed_password.clone()).unwrap_or_default();
    let matches = password::matches(hash, password).await;
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
    Ok(user)
}

async fn logout(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    let key = &caller.api_key;
    caller.authorize_or_forbid(Action::Delete, &Object::api_key(&key.id, key.user_id))?;
    state.store.end_session(key).await?;
    let cookie = format!("{SESSION_TOKEN_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
    let body = Json(codersdk::Response { message: "Logged out!".to_owned(), ..Default::default() });
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}

/// Begins the change from a password to a provider's sign-in. It ends when the provider sends the user back with the
/// state, within five minutes; who has no such provider to go to stays as they are.
async fn convert_login(
    State(state): State<AppState>,
    UserParam(user): UserParam,
    GoJson(request): GoJson<ConvertLoginRequest>,
) -> Result<Response, ApiError> {
    let wanted = request.to_type.as_str();
    Checks::new().required("to_type", wanted).required("password", &request.password).finish()?;
    match wanted {
        "github" | "oidc" => {}
        "none" | "password" | "token" => {
            return Err(ApiError::bad_request(format!("Cannot convert to login type {}.", quoted(wanted))));
        }
        _ => return Err(ApiError::bad_request(format!("Unknown login type {}.", quoted(wanted)))),
    }
    let user = check_password(&state, &user.email, request.password).await?;
    let now = state.clock.now();
    let expires_at = now.trunc_subsecs(0) + CONVERSION_TIME;
    let state_string = format!("convert-{}", random_text(32));
    let deployment = state.store.deployment_id().await?;
    let claims = json!({
        "iss": deployment,
        "sub": state_string,
        "aud": [user.id],
        "exp": expires_at.timestamp(),
        "nbf": now.timestamp() - 1,
        "iat": now.timestamp(),
        "jti": Uuid::new_v4(),
        "user_id": user.id,
        "state": state_string,
        "from_login_type": user.login_type,
        "to_login_type": wanted,
    });
    let token = jwt::sign(&state.store.signing_key().await?, &claims);
    let cookie = format!(
        "coder_oauth_convert_jwt={token}; Path=/; Expires={}; HttpOnly; SameSite=Lax",
        httpdate::fmt_http_date(expires_at.into())
    );
    let body = Json(OAuthConversionResponse { state_string, expires_at, to_type: request.to_type, user_id: user.id });
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], body).into_response())
}
