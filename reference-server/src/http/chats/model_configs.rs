//! `model-configs`: the models that chats can use, and which one is the default.

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::{get, patch};
use axum::{Json, Router};
use codersdk::{
    ChatModelCallConfig, ChatModelConfig, CreateChatModelConfigRequest, ModelCostConfig, UpdateChatModelConfigRequest,
};
use http::StatusCode;
use http::request::Parts;
use rust_decimal::Decimal;
use sqlx::types::Json as Stored;
use uuid::Uuid;

use super::models::provider_kind;
use crate::http::admins::{DeploymentAdmin, reads_deployment};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid};
use crate::state::AppState;
use crate::store::Tx;
use crate::store::ai_providers::{AiProviderRow, get_ai_provider};
use crate::store::model_configs::{self as rows, ModelConfigRow};

/// From this percentage of its context on a chat is compacted, where nothing else is said.
const DEFAULT_COMPRESSION_THRESHOLD: i32 = 70;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list_model_configs).post(create_model_config))
        .route("/{model_config}", patch(update_model_config).delete(delete_model_config))
}

/// The id of a model in a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelConfigId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for ModelConfigId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(path): Path<std::collections::HashMap<String, String>> =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::route_not_found())?;
        let text = path.get("model_config").map(String::as_str).unwrap_or_default();
        let invalid = |detail| ApiError::bad_request("Invalid chat model config ID.").detail(detail);
        parse_uuid(text).map(Self).map_err(invalid)
    }
}

/// The model that a path names. A deleted one is not there.
#[derive(Debug)]
struct ModelConfigParam(ModelConfigRow);

impl FromRequestParts<AppState> for ModelConfigParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let ModelConfigId(id) = ModelConfigId::from_request_parts(parts, state).await?;
        state.store.model_config(id).await?.map(Self).ok_or_else(ApiError::not_found)
    }
}

async fn list_model_configs(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<ChatModelConfig>>, ApiError> {
    let rows = if reads_deployment(&caller) {
        state.store.model_configs().await?
    } else {
        state.store.enabled_model_configs().await?
    };
    Ok(Json(rows.into_iter().map(wire).collect()))
}

async fn create_model_config(
    State(state): State<AppState>,
    DeploymentAdmin(caller): DeploymentAdmin,
    GoJson(request): GoJson<CreateChatModelConfigRequest>,
) -> Result<(StatusCode, Json<ChatModelConfig>), ApiError> {
    let provider_id = request.ai_provider_id.ok_or_else(|| ApiError::bad_request("AI provider ID is required."))?;
    let mut tx = state.store.begin().await?;
    let provider = usable_provider(&mut tx, provider_id).await?;
    let model = request.model.trim().to_owned();
    if model.is_empty() {
        return Err(ApiError::bad_request("Model is required."));
    }
    check_provider_model(&provider, &model)?;
    let context_limit = request.context_limit.filter(|limit| *limit > 0).ok_or_else(|| {
        ApiError::bad_request("Context limit is required.").detail("context_limit must be greater than zero.")
    })?;
    let compression_threshold = compression_threshold(request.compression_threshold, DEFAULT_COMPRESSION_THRESHOLD)?;
    let options = request.model_config.map(checked_call_config).transpose()?.unwrap_or_default();
    let now = state.clock.now();
    let all = rows::get_model_configs(&mut tx).await?;
    let is_default = request.is_default.unwrap_or_default() || !all.iter().any(|model| model.is_default);
    if is_default {
        rows::unset_default_model_config(&mut tx, now).await?;
    }
    let row = ModelConfigRow {
        id: Uuid::new_v4(),
        provider: provider.kind,
        ai_provider_id: provider.id,
        model,
        display_name: request.display_name.unwrap_or_default().trim().to_owned(),
        enabled: request.enabled.unwrap_or(true),
        is_default,
        context_limit,
        compression_threshold,
        options: Stored(options),
        created_by: Some(caller.id()),
        updated_by: Some(caller.id()),
        created_at: now,
        updated_at: now,
    };
    rows::insert_model_config(&mut tx, &row).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(wire(row))))
}

async fn update_model_config(
    State(state): State<AppState>,
    DeploymentAdmin(caller): DeploymentAdmin,
    ModelConfigParam(existing): ModelConfigParam,
    GoJson(request): GoJson<UpdateChatModelConfigRequest>,
) -> Result<Json<ChatModelConfig>, ApiError> {
    let requested_provider = request.provider.as_deref().unwrap_or_default().trim();
    if !requested_provider.is_empty() && request.ai_provider_id.is_none() {
        let known = provider_kind(requested_provider).ok_or_else(|| ApiError::bad_request("Invalid provider."))?;
        if known != existing.provider {
            return Err(ApiError::bad_request("AI provider ID is required when updating provider."));
        }
    }
    let mut tx = state.store.begin().await?;
    let mut row = rows::get_model_config(&mut tx, existing.id).await?.ok_or_else(ApiError::not_found)?;
    let was_default = row.is_default;
    if let Some(id) = request.ai_provider_id {
        let provider = usable_provider(&mut tx, id).await?;
        row.ai_provider_id = provider.id;
        row.provider = provider.kind;
    }
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let model = given(request.model);
    let renamed = model.is_some();
    row.model = model.unwrap_or(row.model);
    row.display_name = given(request.display_name).unwrap_or(row.display_name);
    row.enabled = request.enabled.unwrap_or(row.enabled);
    row.is_default = request.is_default.unwrap_or(row.is_default);
    if let Some(limit) = request.context_limit {
        if limit <= 0 {
            return Err(ApiError::bad_request("Context limit must be greater than zero."));
        }
        row.context_limit = limit;
    }
    row.compression_threshold = compression_threshold(request.compression_threshold, row.compression_threshold)?;
    if let Some(config) = request.model_config {
        row.options = Stored(checked_call_config(config)?);
    }
    if renamed || request.ai_provider_id.is_some() {
        let provider = get_ai_provider(&mut tx, row.ai_provider_id).await?.filter(AiProviderRow::is_live);
        let provider = provider.ok_or_else(not_configured)?;
        check_provider_model(&provider, &row.model)?;
        row.provider = provider.kind;
    }
    row.updated_by = Some(caller.id());
    row.updated_at = state.clock.now();
    if row.is_default && !was_default {
        rows::unset_default_model_config(&mut tx, row.updated_at).await?;
    }
    rows::update_model_config(&mut tx, &row).await?;
    if was_default && !row.is_default {
        elect_default(&mut tx, Some(row.id), row.updated_at).await?;
    }
    let row = rows::get_model_config(&mut tx, row.id).await?.ok_or_else(ApiError::not_found)?;
    tx.commit().await?;
    Ok(Json(wire(row)))
}

async fn delete_model_config(
    State(state): State<AppState>,
    DeploymentAdmin(_): DeploymentAdmin,
    ModelConfigParam(row): ModelConfigParam,
) -> Result<StatusCode, ApiError> {
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    rows::delete_model_config(&mut tx, row.id, now).await?;
    elect_default(&mut tx, None, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes another model the default when there is none: the first in the order of the list, but `last` only if it is
/// the only one.
async fn elect_default(tx: &mut Tx, last: Option<Uuid>, now: chrono::DateTime<chrono::Utc>) -> Result<(), ApiError> {
    let all = rows::get_model_configs(tx).await?;
    if all.iter().any(|model| model.is_default) {
        return Ok(());
    }
    let next = all.iter().find(|model| Some(model.id) != last).or_else(|| all.first());
    if let Some(next) = next {
        let row = ModelConfigRow { is_default: true, updated_by: None, updated_at: now, ..next.clone() };
        rows::update_model_config(tx, &row).await?;
    }
    Ok(())
}

async fn usable_provider(tx: &mut Tx, id: Uuid) -> Result<AiProviderRow, ApiError> {
    let unusable = |message| ApiError::new(StatusCode::PRECONDITION_FAILED, message);
    let provider = get_ai_provider(tx, id).await?.ok_or_else(|| unusable("AI provider is not configured."))?;
    if provider.enabled { Ok(provider) } else { Err(unusable("AI provider is disabled.")) }
}

fn not_configured() -> ApiError {
    ApiError::new(StatusCode::PRECONDITION_FAILED, "Chat provider is not configured.")
        .detail("chat provider is not configured")
}

/// The type `openai` drops the part before the slash of a model's name, which is what tells OpenRouter where to go.
fn check_provider_model(provider: &AiProviderRow, model: &str) -> Result<(), ApiError> {
    let is_namespaced =
        model.trim().split_once('/').is_some_and(|(vendor, name)| !vendor.trim().is_empty() && !name.trim().is_empty());
    let is_openrouter = || {
        let url = url::Url::parse(provider.base_url.trim()).ok();
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        provider.name.trim().eq_ignore_ascii_case("openrouter")
            || host == "openrouter.ai"
            || host.ends_with(".openrouter.ai")
    };
    if provider.kind != "openai" || !is_namespaced || !is_openrouter() {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "OpenRouter-like provider configured as type openai does not support slash-namespaced models.",
    )
    .detail(
        "Change the AI provider type to openrouter or openai-compat. The openai type strips the vendor prefix from \
         slash-namespaced model IDs, routing to the wrong upstream provider.",
    ))
}

fn compression_threshold(requested: Option<i32>, otherwise: i32) -> Result<i32, ApiError> {
    let threshold = requested.unwrap_or(otherwise);
    if (0..=100).contains(&threshold) {
        return Ok(threshold);
    }
    Err(ApiError::bad_request("Invalid compression threshold.")
        .detail("context_compression_threshold must be between 0 and 100"))
}

/// The settings as they are stored: prices in their shortest form.
fn checked_call_config(mut config: ChatModelCallConfig) -> Result<ChatModelCallConfig, ApiError> {
    let invalid = |detail: String| ApiError::bad_request("Invalid model config.").detail(detail);
    if let Some(cost) = &mut config.cost {
        for (name, price) in [
            ("input", &mut cost.input_price_per_million_tokens),
            ("output", &mut cost.output_price_per_million_tokens),
            ("cache_read", &mut cost.cache_read_price_per_million_tokens),
            ("cache_write", &mut cost.cache_write_price_per_million_tokens),
        ] {
            let Some(text) = price else { continue };
            let value = parse_decimal(text).ok_or_else(|| {
                ApiError::bad_request("Request body must be valid JSON.")
                    .detail(format!("can't convert {text} to decimal"))
            })?;
            if value < Decimal::ZERO {
                return Err(invalid(format!(
                    "cost.{name}_price_per_million_tokens must be greater than or equal to zero"
                )));
            }
            *text = value.normalize().to_string();
        }
    }
    let display =
        config.provider_options.as_ref().and_then(|options| options.anthropic.as_ref()?.thinking_display.as_ref());
    match display.map(|display| display.trim().to_lowercase()).as_deref() {
        None | Some("" | "summarized" | "omitted") => Ok(config),
        Some(_) => {
            Err(invalid("provider_options.anthropic.thinking_display must be one of summarized, omitted".to_owned()))
        }
    }
}

fn parse_decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A model as it is shown: settings that say nothing are left out.
pub(crate) fn wire(row: ModelConfigRow) -> ChatModelConfig {
    let Stored(options) = row.options;
    ChatModelConfig {
        id: row.id,
        provider: row.provider,
        ai_provider_id: Some(row.ai_provider_id),
        model: row.model,
        display_name: row.display_name,
        enabled: row.enabled,
        is_default: row.is_default,
        context_limit: row.context_limit,
        compression_threshold: row.compression_threshold,
        model_config: Some(options).filter(|options| !says_nothing(options)),
        created_at: row.created_at,
        updated_at: row.updated_at,
        ..Default::default()
    }
}

fn says_nothing(config: &ChatModelCallConfig) -> bool {
    let cost = config.cost.clone().filter(|cost| *cost != ModelCostConfig::default());
    let provider_options = config.provider_options.clone().filter(|options| *options != Default::default());
    ChatModelCallConfig { cost, provider_options, ..config.clone() } == ChatModelCallConfig::default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::go_json;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn thresholds_and_call_settings_are_checked_as_the_original_checks_them() {
        let mut cases = vectors("chat_settings.json");
        cases.retain(|case| ["threshold", "call_config"].contains(&case.text("rule")));
        replay(&cases, |case| {
            let number = |key: &str| case.input[key].as_i64().and_then(|number| i32::try_from(number).ok());
            let read = if case.text("rule") == "threshold" {
                compression_threshold(number("requested"), number("fallback").unwrap_or_default())
                    .map(|threshold| json!({ "threshold": threshold }))
            } else {
                let body = case.input["config"].to_string();
                let config: ChatModelCallConfig = go_json::from_slice(body.as_bytes()).map_err(|e| e.to_string())?;
                checked_call_config(config).map(|config| {
                    let shown = (!says_nothing(&config)).then_some(&config);
                    json!({ "stored": config, "shown": shown })
                })
            };
            match read {
                Ok(value) => same(&value, &case.output),
                Err(error) => same(&json!(error.body().detail), case.error.as_ref().unwrap_or(&Value::Null)),
            }
        });
    }
}
