//! Extractors for what only administrators of the deployment may do.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::auth::Caller;
use super::error::ApiError;
use crate::rbac::{Action, Object};
use crate::state::AppState;

/// A caller who may change the deployment's settings; anybody else gets 403 before the body is read.
#[derive(Debug)]
pub(crate) struct DeploymentAdmin(pub(crate) Caller);

impl FromRequestParts<AppState> for DeploymentAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if caller.can(Action::Update, &Object::deployment_config()) {
            Ok(Self(caller))
        } else {
            Err(ApiError::forbidden())
        }
    }
}

/// A caller who may see all of the deployment's settings; for anybody else what they ask for is not there.
#[derive(Debug)]
pub(crate) struct DeploymentReader;

impl FromRequestParts<AppState> for DeploymentReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        if reads_deployment(&caller) { Ok(Self) } else { Err(ApiError::not_found()) }
    }
}

/// Whether the caller sees what is meant for administrators, disabled things included.
pub(crate) fn reads_deployment(caller: &Caller) -> bool {
    caller.can(Action::Read, &Object::deployment_config())
}
