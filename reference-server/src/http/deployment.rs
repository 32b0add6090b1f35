//! What the deployment tells those who are signed in, and the ways to sign in that are off here.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, Uri, header};
use serde_json::{Value, json};

use super::auth::Caller;
use super::error::ApiError;
use super::query::QueryValues;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;

/// The experiments that every deployment may turn on, all of them in use here.
const EXPERIMENTS: &[&str] = &["minimum-implicit-member"];

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/regions", get(regions))
        .route("/api/v2/experiments", get(async |_: Caller| Json(json!(EXPERIMENTS))))
        .route("/api/v2/experiments/available", get(async |_: Caller| Json(json!({"safe": EXPERIMENTS}))))
        .route("/api/v2/deployment/ssh", get(ssh_config))
        .route("/api/v2/applications/host", get(async |_: Caller| Json(json!({"host": ""}))))
        .route("/api/v2/applications/auth-redirect", get(application_auth))
        .route("/api/v2/users/oauth2/github/callback", get(not_configured))
        .route(
            "/api/v2/users/oauth2/github/device",
            get(async || ApiError::bad_request("Github OAuth2 is not enabled.")),
        )
        .route("/api/v2/users/oidc/callback", get(not_configured))
        .route("/swagger", get(swagger))
        .route("/swagger/{*path}", get(swagger))
}

async fn regions(State(state): State<AppState>, _: Caller) -> Result<Json<Value>, ApiError> {
    Ok(Json(json!({"regions": [{
        "id": state.store.deployment_id().await?,
        "name": "primary",
        "display_name": "Default",
        "icon_url": "/emojis/1f3e1.png",
        "healthy": true,
        "path_app_url": state.access_url.as_str().trim_end_matches('/'),
        "wildcard_hostname": "",
    }]})))
}

async fn ssh_config(_: Caller) -> Json<Value> {
    Json(json!({"hostname_prefix": "coder.", "hostname_suffix": "", "ssh_config_options": null}))
}

/// Sends who is not signed in to the page for it. Applications have no address of their own here, so that no redirect
/// back to one is ever good.
async fn application_auth(
    caller: Result<Caller, ApiError>,
    uri: Uri,
    query: QueryValues,
) -> Result<Response, ApiError> {
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => {
            return Ok(redirect_to_login(&uri, &error.body().message));
        }
        Err(error) => return Err(error),
    };
    let key = Object::new(Resource::ApiKey).with_owner(caller.id());
    caller.authorize(Action::Create, &key)?;
    match query.get("redirect_uri").filter(|uri| !uri.is_empty()) {
        None => Err(ApiError::bad_request("Missing redirect_uri query parameter.")),
        Some(_) => Err(ApiError::bad_request("Invalid redirect_uri.").detail(
            "The redirect_uri query parameter must be the primary wildcard app hostname, a workspace proxy access URL or a \
             workspace proxy wildcard app hostname.",
        )),
    }
}

fn redirect_to_login(from: &Uri, message: &str) -> Response {
    let target = from.path_and_query().map_or("/", |target| target.as_str());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("message", message)
        .append_pair("redirect", target)
        .finish();
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/login?{query}"))]).into_response()
}

async fn not_configured() -> ApiError {
    ApiError::bad_request("The oauth2 method requested is not configured!")
}

async fn swagger() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "Swagger documentation is disabled.")
}
