//! Which models users choose for themselves, where administrators let them.

use axum::Json;
use axum::extract::{Path, Request, State};
use codersdk::{
    ChatModelOverrideContext, ChatPersonalModelOverride, ChatPersonalModelOverrideContext,
    ChatPersonalModelOverrideDeploymentDefaults, ChatPersonalModelOverrideMode,
    ChatPersonalModelOverridesAdminSettings, UpdateChatPersonalModelOverridesAdminSettingsRequest,
    UpdateUserChatPersonalModelOverrideRequest, UserChatPersonalModelOverridesResponse,
};
use http::StatusCode;
use uuid::Uuid;

use super::model_overrides;
use crate::http::admins::{DeploymentAdmin, DeploymentReader};
use crate::http::auth::Caller;
use crate::http::chats::models::{ModelUnavailable, model_unavailable};
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid, read_json};
use crate::quote::quoted;
use crate::state::AppState;
use crate::store::chat_settings::{PersonalModelOverride, key, user_key};
use crate::store::settings::set_site_config;

type Context = ChatPersonalModelOverrideContext;

pub(super) async fn get_admin_settings(
    State(state): State<AppState>,
    _: DeploymentReader,
) -> Result<Json<ChatPersonalModelOverridesAdminSettings>, ApiError> {
    let allow_users = state.store.personal_model_overrides_enabled().await?;
    Ok(Json(ChatPersonalModelOverridesAdminSettings { allow_users }))
}

pub(super) async fn put_admin_settings(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    GoJson(request): GoJson<UpdateChatPersonalModelOverridesAdminSettingsRequest>,
) -> Result<StatusCode, ApiError> {
    set_site_config(state.store.pool(), key::PERSONAL_MODEL_OVERRIDES, &request.allow_users.to_string()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn get_own_overrides(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<UserChatPersonalModelOverridesResponse>, ApiError> {
    let stored = state.store.user_configs_like(caller.id(), user_key::PERSONAL_MODEL_OVERRIDE).await?;
    let show = |context: Context| {
        let key = format!("{}{context}", user_key::PERSONAL_MODEL_OVERRIDE);
        let value = stored.iter().find(|(stored_key, _)| *stored_key == key).map(|(_, value)| value.as_str());
        let read = PersonalModelOverride::parse(value.unwrap_or_default(), &context);
        ChatPersonalModelOverride {
            context,
            mode: read.mode,
            model_config_id: read.model_config_id.as_ref().map(Uuid::to_string).unwrap_or_default(),
            is_set: value.is_some(),
            is_malformed: read.is_malformed,
            ..Default::default()
        }
    };
    Ok(Json(UserChatPersonalModelOverridesResponse {
        enabled: state.store.personal_model_overrides_enabled().await?,
        root: show(Context::Root),
        general: show(Context::General),
        explore: show(Context::Explore),
        deployment_defaults: ChatPersonalModelOverrideDeploymentDefaults {
            general: model_overrides::answer(&state, ChatModelOverrideContext::General).await?,
            explore: model_overrides::answer(&state, ChatModelOverrideContext::Explore).await?,
        },
    }))
}

pub(super) async fn put_own_override(
    State(state): State<AppState>,
    caller: Caller,
    Path(context): Path<String>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    if !state.store.personal_model_overrides_enabled().await? {
        let message = "An administrator has not enabled user personal model overrides.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    let context = parse_context(&context)?;
    let request: UpdateUserChatPersonalModelOverrideRequest = read_json(request).await?;
    let choice = PersonalModelOverride {
        model_config_id: chosen_model(&state, &caller, &context, &request).await?,
        mode: request.mode,
        is_malformed: false,
    };
    let key = format!("{}{context}", user_key::PERSONAL_MODEL_OVERRIDE);
    state.store.set_user_config(caller.id(), &key, &choice.stored()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The model that the request chooses; none in the modes that take none.
async fn chosen_model(
    state: &AppState,
    caller: &Caller,
    context: &Context,
    request: &UpdateUserChatPersonalModelOverrideRequest,
) -> Result<Option<Uuid>, ApiError> {
    let id = request.model_config_id.trim();
    match &request.mode {
        ChatPersonalModelOverrideMode::DeploymentDefault if *context == Context::Root => {
            Err(ApiError::bad_request("deployment_default is not supported for root personal model overrides."))
        }
        ChatPersonalModelOverrideMode::ChatDefault | ChatPersonalModelOverrideMode::DeploymentDefault => {
            if id.is_empty() {
                return Ok(None);
            }
            Err(ApiError::bad_request("model_config_id must be empty unless mode is model."))
        }
        ChatPersonalModelOverrideMode::Model if id.is_empty() => {
            Err(ApiError::bad_request("model_config_id is required when mode is model."))
        }
        ChatPersonalModelOverrideMode::Model => {
            let invalid = || ApiError::bad_request("Invalid model_config_id.");
            let id = parse_uuid(id).map_err(|_| {
                invalid().detail(format!("Value {} is not a valid UUID.", quoted(&request.model_config_id)))
            })?;
            if id.is_nil() {
                return Err(invalid());
            }
            let why = match model_unavailable(&state.store, caller.id(), id).await? {
                None => return Ok(Some(id)),
                Some(ModelUnavailable::NotFoundOrDisabled) => "model config not found or disabled",
                Some(ModelUnavailable::CredentialsMissing) => "provider credentials unavailable for this model",
                Some(ModelUnavailable::ProviderDisabled) => "provider is not enabled for this model",
            };
            Err(ApiError::bad_request(format!("Invalid model_config_id: {why}.")))
        }
        _ => Err(ApiError::bad_request("Invalid personal model override mode.")),
    }
}

fn parse_context(text: &str) -> Result<Context, ApiError> {
    let context = Context::from(text);
    if context.is_known() {
        return Ok(context);
    }
    let message = "Invalid chat personal model override context.";
    let expected = Context::KNOWN.join(", ");
    Err(ApiError::bad_request(message).detail(format!("Expected one of {expected}. Got {}.", quoted(text))))
}
