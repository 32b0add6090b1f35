//! What people set for themselves: appearance, preferences, the SSH key, how they sign in.

use std::collections::HashMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use codersdk::{
    AgentChatSendShortcut, AgentDisplayMode, TerminalFontName, ThinkingDisplayMode,
    UpdateUserAppearanceSettingsRequest, UpdateUserPreferenceSettingsRequest, UserAppearanceSettings,
    UserPreferenceSettings,
};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auth::Caller;
use super::error::{ApiError, Checks};
use super::extract::GoJson;
use super::query::{QueryParser, QueryValues};
use super::users::UserParam;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::git_ssh_keys::GitSshKeyRow;

const THEMES: &[&str] = &["light", "light-protan-deuter", "light-tritan", "dark", "dark-protan-deuter", "dark-tritan"];
const THINKING_MODES: &[&str] = &["auto", "preview", "always_expanded", "always_collapsed"];
const DISPLAY_MODES: &[&str] = &["auto", "always_expanded", "always_collapsed"];
const SHORTCUTS: &[&str] = &["enter", "modifier_enter"];

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v2/users/{user}/appearance", get(appearance).put(update_appearance))
        .route("/api/v2/users/{user}/preferences", get(preferences).put(update_preferences))
        .route("/api/v2/users/{user}/gitsshkey", get(git_ssh_key).put(regenerate_git_ssh_key))
        .route("/api/v2/users/{user}/login-type", get(login_type))
        .route("/api/v2/users/{user}/autofill-parameters", get(autofill_parameters))
        .route("/api/v2/users/oidc-claims", get(oidc_claims))
}

async fn appearance(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<UserAppearanceSettings>, ApiError> {
    caller.authorize(Action::ReadPersonal, &Object::user(user.id))?;
    read_appearance(&state, user.id).await
}

async fn read_appearance(state: &AppState, user_id: Uuid) -> Result<Json<UserAppearanceSettings>, ApiError> {
    let mut stored = stored(state, user_id, "t").await?;
    let mut take = |key: &str| stored.remove(key).unwrap_or_default();
    Ok(Json(UserAppearanceSettings {
        theme_preference: take("theme_preference"),
        theme_mode: take("theme_mode").into(),
        theme_light: take("theme_light"),
        theme_dark: take("theme_dark"),
        terminal_font: take("terminal_font").into(),
    }))
}

async fn stored(state: &AppState, user_id: Uuid, prefix: &str) -> Result<HashMap<String, String>, ApiError> {
    Ok(state.store.user_configs_like(user_id, prefix).await?.into_iter().collect())
}

async fn update_appearance(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    GoJson(request): GoJson<UpdateUserAppearanceSettingsRequest>,
) -> Result<Json<UserAppearanceSettings>, ApiError> {
    let mode = request.theme_mode.as_str();
    let sync = mode == "sync";
    let is_theme = |theme: &str| theme.is_empty() || THEMES.contains(&theme);
    let (light, dark, font) = (&request.theme_light, &request.theme_dark, request.terminal_font.as_str());
    Checks::new()
        .required("theme_preference", &request.theme_preference)
        .check("theme_mode", "oneof", mode, matches!(mode, "" | "sync" | "single"))
        .check("theme_light", "required_if", light, !sync || !light.is_empty())
        .check("theme_light", "oneof", light, is_theme(light))
        .check("theme_dark", "required_if", dark, !sync || !dark.is_empty())
        .check("theme_dark", "oneof", dark, is_theme(dark))
        .required("terminal_font", font)
        .finish()?;
    if !TerminalFontName::KNOWN.contains(&font) {
        return Err(ApiError::bad_request("Unsupported font family."));
    }
    caller.authorize(Action::UpdatePersonal, &Object::user(user.id))?;
    let mut changes = vec![("theme_preference", request.theme_preference.as_str()), ("terminal_font", font)];
    let old_automatic = matches!(request.theme_preference.as_str(), "auto" | "auto-protan-deuter" | "auto-tritan");
    // Clients that know of no mode leave it alone, unless they ask for what a mode has replaced.
    if !mode.is_empty() || old_automatic {
        changes.push(("theme_mode", mode));
    }
    for (key, theme) in [("theme_light", light), ("theme_dark", dark)] {
        if !mode.is_empty() && !theme.is_empty() {
            changes.push((key, theme));
        }
    }
    state.store.set_user_configs(user.id, &changes).await?;
    read_appearance(&state, user.id).await
}

async fn preferences(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<UserPreferenceSettings>, ApiError> {
    caller.authorize(Action::ReadPersonal, &Object::user(user.id))?;
    read_preferences(&state, user.id).await
}

async fn read_preferences(state: &AppState, user_id: Uuid) -> Result<Json<UserPreferenceSettings>, ApiError> {
    let stored = stored(state, user_id, "preference_").await?;
    let get = |key: &str| stored.get(&format!("preference_{key}")).map(String::as_str).unwrap_or_default();
    let known = |key: &str, known: &[&str], default: &'static str| {
        let value = get(key);
        if known.contains(&value) { value.to_owned() } else { default.to_owned() }
    };
    Ok(Json(UserPreferenceSettings {
        task_notification_alert_dismissed: get("task_notification_alert_dismissed") == "true",
        thinking_display_mode: ThinkingDisplayMode::from(known("thinking_display_mode", THINKING_MODES, "auto")),
        shell_tool_display_mode: AgentDisplayMode::from(known(
            "shell_tool_display_mode",
            DISPLAY_MODES,
            "always_collapsed",
        )),
        code_diff_display_mode: AgentDisplayMode::from(known("code_diff_display_mode", DISPLAY_MODES, "")),
        agent_chat_send_shortcut: AgentChatSendShortcut::from(known("agent_chat_send_shortcut", SHORTCUTS, "enter")),
    }))
}

async fn update_preferences(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    GoJson(request): GoJson<UpdateUserPreferenceSettingsRequest>,
) -> Result<Json<UserPreferenceSettings>, ApiError> {
    let dismissed = request.task_notification_alert_dismissed.map(|dismissed| dismissed.to_string());
    let choices = [
        (
            "thinking_display_mode",
            "thinking display mode",
            request.thinking_display_mode.as_ref().map(ThinkingDisplayMode::as_str),
            THINKING_MODES,
        ),
        (
            "shell_tool_display_mode",
            "shell tool display mode",
            request.shell_tool_display_mode.as_ref().map(AgentDisplayMode::as_str),
            DISPLAY_MODES,
        ),
        (
            "code_diff_display_mode",
            "code diff display mode",
            request.code_diff_display_mode.as_ref().map(AgentDisplayMode::as_str),
            DISPLAY_MODES,
        ),
        (
            "agent_chat_send_shortcut",
            "agent chat send shortcut",
            request.agent_chat_send_shortcut.as_ref().map(AgentChatSendShortcut::as_str),
            SHORTCUTS,
        ),
    ];
    let mut changes = Vec::new();
    if let Some(dismissed) = &dismissed {
        changes.push(("preference_task_notification_alert_dismissed".to_owned(), dismissed.as_str()));
    }
    for (key, name, value, known) in choices {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        if !known.contains(&value) {
            let detail = format!("must be one of: {}", known.join(", "));
            return Err(ApiError::bad_request(format!("Invalid {name}.")).field(key, detail));
        }
        changes.push((format!("preference_{key}"), value));
    }
    caller.authorize(Action::UpdatePersonal, &Object::user(user.id))?;
    let changes: Vec<_> = changes.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    state.store.set_user_configs(user.id, &changes).await?;
    read_preferences(&state, user.id).await
}

fn convert_key(row: &GitSshKeyRow) -> Value {
    json!({
        "user_id": row.user_id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "public_key": row.public_key,
    })
}

async fn git_ssh_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<Value>, ApiError> {
    caller.authorize(Action::ReadPersonal, &Object::user(user.id))?;
    Ok(Json(convert_key(&state.store.git_ssh_key(user.id, state.clock.now()).await?)))
}

async fn regenerate_git_ssh_key(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<Value>, ApiError> {
    caller.authorize(Action::UpdatePersonal, &Object::user(user.id))?;
    Ok(Json(convert_key(&state.store.regenerate_git_ssh_key(user.id, state.clock.now()).await?)))
}

async fn login_type(caller: Caller, UserParam(user): UserParam) -> Result<Json<Value>, ApiError> {
    if caller.id() != user.id {
        let message = "You are not authorized to view this user's login type.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    Ok(Json(json!({"login_type": user.login_type})))
}

/// The values that the user last gave a template's parameters: none, as nothing is built here.
async fn autofill_parameters(UserParam(_user): UserParam, query: QueryValues) -> Result<Json<[Value; 0]>, ApiError> {
    let mut parser = QueryParser::new().required_not_empty(&["template_id"]);
    parser.uuid(&query, Uuid::nil(), "template_id");
    parser.error_excess(&query);
    let errors = parser.into_errors();
    if !errors.is_empty() {
        return Err(ApiError::bad_request("Invalid query parameters.").validations(errors));
    }
    Ok(Json([]))
}

/// Nobody signs in through OpenID Connect here.
async fn oidc_claims(_caller: Caller) -> ApiError {
    ApiError::bad_request("User is not an OIDC user.")
}
