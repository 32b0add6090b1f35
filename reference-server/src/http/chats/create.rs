//! Creating a chat.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use codersdk::{
    Chat, ChatClientType, ChatPersonalModelOverrideContext, ChatPersonalModelOverrideMode, CreateChatRequest,
    DynamicToolDefinition,
};
use http::StatusCode;
use uuid::Uuid;

use super::errors::Wording;
use super::labels::validate_labels;
use super::models::model_unavailable;
use super::title::title_from_message;
use super::{checks, rows};
use crate::chatd::{CreateOptions, titles};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::usage_limits::spend_check;

/// Largest body, in bytes.
const MAX_BODY: usize = 256 << 10;
/// Longest system prompt, in bytes though the answer says characters.
const MAX_SYSTEM_PROMPT: usize = 10_000;
const MAX_DYNAMIC_TOOLS: usize = 250;

const WORDING: Wording = Wording {
    archived: "Cannot mutate an archived chat.",
    not_allowed: "Failed to create chat.",
    failed: "Failed to create chat.",
};

/// `POST /`
pub(super) async fn post_chats(
    State(state): State<AppState>,
    caller: Caller,
    GoJson(request): GoJson<CreateChatRequest, MAX_BODY>,
) -> Result<(StatusCode, Json<Chat>), ApiError> {
    authorize(&caller, request.organization_id)?;
    let system_prompt = request.system_prompt.unwrap_or_default();
    if system_prompt.len() > MAX_SYSTEM_PROMPT {
        return Err(ApiError::bad_request("System prompt exceeds maximum length.").detail(format!(
            "System prompt must be at most {MAX_SYSTEM_PROMPT} characters, got {}.",
            system_prompt.len()
        )));
    }
    let input = checks::chat_input(&state, &caller, &request.content).await?;
    if let Some(id) = request.workspace_id {
        let workspace = checks::workspace(&state, &caller, id).await?;
        if workspace.organization_id != request.organization_id {
            return Err(ApiError::bad_request("Workspace does not belong to the specified organization."));
        }
    }
    let model_config_id = model_config(&state, &caller, request.model_config_id).await?;
    let plan_mode = checks::plan_mode(&request.plan_mode.unwrap_or_default())?;
    checks::mcp_servers(&state, &request.mcp_server_ids).await?;
    let label_errors = validate_labels(&request.labels);
    if !label_errors.is_empty() {
        return Err(ApiError::bad_request("Invalid labels.").validations(label_errors));
    }
    check_dynamic_tools(&request.unsafe_dynamic_tools)?;
    let client_type = client_type(request.client_type)?;
    spend_check(&state, caller.id(), request.organization_id).await?;
    if request.model_config_id.is_some() && !state.store.model_config_exists(model_config_id).await? {
        return Err(ApiError::bad_request("Invalid model config ID.").detail("no such model config"));
    }
    let chat = state
        .chatd
        .create_chat(CreateOptions {
            organization_id: request.organization_id,
            owner_id: caller.id(),
            owner_username: caller.user.username.clone(),
            owner_name: caller.user.name.clone(),
            workspace_id: request.workspace_id,
            build_id: None,
            agent_id: None,
            parent_chat_id: None,
            root_chat_id: None,
            title: title_from_message(&input.title_source),
            model_config_id,
            mode: None,
            plan_mode,
            client_type,
            system_prompt,
            content: input.parts.clone(),
            api_key_id: caller.api_key.id.clone(),
            mcp_server_ids: request.mcp_server_ids,
            labels: request.labels,
            dynamic_tools: request.unsafe_dynamic_tools,
        })
        .await
        .map_err(|error| WORDING.answer(error))?;
    let warnings = checks::link_files(&state, chat.id, &input.file_ids).await;
    generate_title(&state, &chat, titles::text_of(&input.parts));
    let files = if input.file_ids.is_empty() { Vec::new() } else { state.store.chat_files_of_chat(chat.id).await? };
    let answer = Chat { files: rows::file_metadata(files), warnings, ..rows::single(&chat) };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Asks for a better title beside the chat's first turn; a server that stops does not wait for it.
fn generate_title(state: &AppState, chat: &ChatRow, first_text: String) {
    let (state, chat) = (state.clone(), chat.clone());
    tokio::spawn(async move {
        let stop = state.stop.clone();
        Box::pin(stop.run_until_cancelled(titles::generate(&state, chat, &first_text))).await;
    });
}

fn authorize(caller: &Caller, organization: Uuid) -> Result<(), ApiError> {
    if organization.is_nil() {
        return Err(ApiError::bad_request("organization_id is required."));
    }
    if !caller.subject.is_member_of(organization) {
        let message = "You are not a member of the specified organization.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, message));
    }
    caller.authorize_or_forbid(Action::Create, &Object::chat(caller.id(), organization))
}

/// The model of a new chat: the one asked for, the user's own choice, or the deployment's default.
async fn model_config(state: &AppState, caller: &Caller, requested: Option<Uuid>) -> Result<Uuid, ApiError> {
    match requested {
        Some(id) if id.is_nil() => return Err(ApiError::bad_request("Invalid model config ID.")),
        Some(id) => return Ok(id),
        None => {}
    }
    let failed = |e| ApiError::internal("Failed to resolve chat model config.", &e);
    if let Some(id) = personal_model(state, caller.id()).await.map_err(failed)? {
        return Ok(id);
    }
    match state.store.default_model_config().await.map_err(failed)? {
        Some(model) => Ok(model.id),
        None => Err(ApiError::bad_request("No default chat model config is configured.")),
    }
}

/// The model that the user chose for new chats, if users may choose and it can be used.
async fn personal_model(state: &AppState, user: Uuid) -> sqlx::Result<Option<Uuid>> {
    if !state.store.personal_model_overrides_enabled().await? {
        return Ok(None);
    }
    let chosen = state.store.personal_model_override(user, &ChatPersonalModelOverrideContext::Root).await?;
    let Some(id) = chosen.filter(|c| c.mode == ChatPersonalModelOverrideMode::Model).and_then(|c| c.model_config_id)
    else {
        return Ok(None);
    };
    Ok(model_unavailable(&state.store, user, id).await?.is_none().then_some(id))
}

fn check_dynamic_tools(tools: &[DynamicToolDefinition]) -> Result<(), ApiError> {
    if tools.len() > MAX_DYNAMIC_TOOLS {
        return Err(ApiError::bad_request("Too many dynamic tools.")
            .detail(format!("Maximum {MAX_DYNAMIC_TOOLS} dynamic tools per chat.")));
    }
    let mut names = HashSet::new();
    for tool in tools {
        if tool.name.is_empty() {
            return Err(ApiError::bad_request("Dynamic tool name must not be empty."));
        }
        if !names.insert(&tool.name) {
            return Err(ApiError::bad_request("Duplicate dynamic tool name.")
                .detail(format!("Tool {} appears more than once.", quoted(&tool.name))));
        }
    }
    Ok(())
}

fn client_type(requested: Option<ChatClientType>) -> Result<ChatClientType, ApiError> {
    match requested {
        None => Ok(ChatClientType::Api),
        Some(given) if given.as_str().is_empty() => Ok(ChatClientType::Api),
        Some(given) if given.is_known() => Ok(given),
        Some(given) => Err(ApiError::bad_request("Invalid client_type.").detail(format!(
            "got {}, want one of [{}]",
            quoted(given.as_str()),
            ChatClientType::KNOWN.join(" ")
        ))),
    }
}
