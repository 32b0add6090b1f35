//! Which templates chats may make workspaces of.

use axum::Json;
use axum::extract::State;
use codersdk::ChatTemplateAllowlist;
use http::StatusCode;
use uuid::Uuid;

use crate::http::admins::DeploymentReader;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid};
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::chat_settings::key;
use crate::store::settings::set_site_config;

pub(super) async fn get_template_allowlist(
    State(state): State<AppState>,
    _: DeploymentReader,
) -> Result<Json<ChatTemplateAllowlist>, ApiError> {
    let stored = state.store.site_config(key::TEMPLATE_ALLOWLIST).await?.unwrap_or_default();
    let ids: Vec<Uuid> = if stored.is_empty() {
        Vec::new()
    } else {
        serde_json::from_str(&stored)
            .map_err(|error| ApiError::internal("Stored template allowlist is corrupt.", &error))?
    };
    Ok(Json(ChatTemplateAllowlist { template_ids: ids.iter().map(Uuid::to_string).collect() }))
}

/// Here even a write is hidden from those who may not make it.
pub(super) async fn put_template_allowlist(
    State(state): State<AppState>,
    AllowlistAdmin: AllowlistAdmin,
    GoJson(request): GoJson<ChatTemplateAllowlist>,
) -> Result<StatusCode, ApiError> {
    let mut ids: Vec<Uuid> = Vec::new();
    for text in request.template_ids.iter() {
        let id = parse_uuid(text).map_err(|_| {
            ApiError::bad_request("Invalid template ID in allowlist.")
                .detail(format!("{} is not a valid UUID.", quoted(text)))
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let mut missing = Vec::new();
    for id in &ids {
        if !state.store.template(*id).await?.is_some_and(|template| template.deprecated.is_empty()) {
            missing.push(id.to_string());
        }
    }
    if !missing.is_empty() {
        return Err(ApiError::bad_request("One or more templates not found or deprecated.")
            .detail(format!("execute transaction: templates not found or deprecated: {}", missing.join(", "))));
    }
    let stored = serde_json::to_string(&ids).map_err(|error| ApiError::internal("Internal error.", &error))?;
    set_site_config(state.store.pool(), key::TEMPLATE_ALLOWLIST, &stored).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A caller who may change the allowlist; for others it is not there.
#[derive(Debug)]
pub(super) struct AllowlistAdmin;

impl axum::extract::FromRequestParts<AppState> for AllowlistAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut http::request::Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.authorize(Action::Update, &Object::deployment_config())?;
        Ok(Self)
    }
}
