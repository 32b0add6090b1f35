//! What a step is run with: made from the chat, its history and the settings of the moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use bytes::Bytes;
use codersdk::{AdvisorConfig, ChatModelCallConfig};
use uuid::Uuid;

use super::attachments::FileBytes;
use super::compaction::Compaction;
use super::context::WorkspaceContext;
use super::default_prompt::PLAN_FILE_PLACE;
use super::errors::ChatFailure;
use super::history::{HistoryMessage, for_prompt};
use super::prompt::{self, Files};
use super::skills::Skills;
use super::step::Prepared;
use super::tools::advisor::{self, Advisor};
use super::tools::agents::agent_tools;
use super::tools::builtin::{self, TurnMode};
use super::tools::mcp::TurnServers;
use super::tools::skills::{TurnSkills, skill_tools};
use super::tools::templates::ChatTemplates;
use super::tools::workspace::{PlanFile, Workspace};
use super::tools::workspace_mcp::workspace_mcp_tools;
use super::tools::{Tool, Toolset};
use super::workspace::ChatWorkspace;
use crate::model::resolve::ResolvedModel;
use crate::model::{CallOptions, ModelCall, PromptMessage, SharedModel, names};
use crate::state::AppState;
use crate::store::Store;
use crate::store::chats::ChatRow;

/// Most tokens of an answer where the model's configuration sets no limit.
const MAX_OUTPUT_TOKENS: i64 = 32_000;

/// Longest wait for the workspace to tell where its home is.
const PLAN_PATH_TIMEOUT: Duration = Duration::from_secs(35);

const PLANNING: &str = "You are in Plan Mode: work towards a plan and nothing else.\n\
    The plan file is the only file that you write; where it is, <plan-file-path> tells once there is a workspace. Use execute and process_output to look into things, and reuse what \
    the workspace has. Do not carry the plan out.\n\
    Ask with ask_user_question when you need a decision. When the plan is ready, call propose_plan with its path, and \
    stop.";
const PLANNING_FOR_PARENT: &str = "You are in Plan Mode for another agent: find out what it needs for its plan.\n\
    Change nothing in the workspace. Give your findings and recommendations in few words.";
const EXPLORING: &str = "You are in Explore Mode for another agent: read code, look at how things work, report.\n\
    Change nothing in the workspace. Give your findings and recommendations in few words.";
const DELEGATED: &str = "You are a delegated sub-agent with one task. Do that task and nothing else, and end with a \
    report that stands on its own: the agent that started you sees nothing but it.";

impl ChatRow {
    fn turn_mode(&self) -> TurnMode {
        TurnMode {
            root: self.parent_chat_id.is_none(),
            plan: self.plan_mode.as_deref() == Some("plan"),
            explore: self.is_explore(),
        }
    }
}

/// What the steps of a turn share.
#[derive(Debug, Default)]
pub(crate) struct TurnState {
    servers: TurnServers,
    /// How often the advisor gave advice.
    advice: Arc<AtomicI64>,
    /// Where the chat's plan is to be written, once that is known.
    plan_file: Option<String>,
}

/// Prepares the next step of the chat's turn.
///
/// # Errors
/// When the model cannot be used or the store fails; the turn fails for good.
pub(crate) async fn prepare(
    state: &AppState,
    chat: &ChatRow,
    history: &[HistoryMessage],
    turn: &mut TurnState,
) -> Result<Prepared, ChatFailure> {
    let store = &state.store;
    let ResolvedModel { model, provider, config } =
        state.models.resolve(store, chat.last_model_config_id, chat.owner_id).await?;
    let options = config.options.0;
    let mode = chat.turn_mode();
    let context = WorkspaceContext::of(state, chat).await?;
    let shown = for_prompt(history);
    let files = load_files(store, &prompt::file_ids(&shown)).await?;
    let accepts = |media_type: &str| names::accepts_file(model.provider(), model.model(), media_type);
    let mut prompt = prompt::build(&shown, &Files { resolved: Some(&files), accepts: &accepts });
    let skills = skills(store, chat, &context).await;
    let settings = store
        .turn_settings(chat.owner_id, config.id)
        .await
        .map_err(|error| ChatFailure::internal(&error.to_string()))?;
    let workspace: Arc<dyn Workspace> = Arc::new(ChatWorkspace::new(state, chat));
    let added = Added { own: &settings.prompt, of_workspace: &context.instructions, skills: &skills };
    add_instructions(&mut prompt, store, mode, &added).await?;
    if prompt::has_place_for_plan(&prompt) {
        if turn.plan_file.is_none() && mode.root && chat.workspace_id.is_some() {
            turn.plan_file = plan_file_note(state, chat, &*workspace).await;
        }
        prompt::put_plan_file(&mut prompt, turn.plan_file.as_deref().unwrap_or_default());
    }
    let advisor = advisor(state, chat, mode, (&model, &options), &settings.advisor, &prompt, &turn.advice).await;
    if advisor.is_some() {
        prompt::insert_system(&mut prompt, advisor::GUIDANCE);
    }
    if model.provider() == "anthropic" {
        mark_for_cache(&mut prompt);
    }
    let api_key_id = history.iter().rev().find_map(|message| message.api_key_id.clone());
    let skills = TurnSkills {
        skills,
        in_workspace: context.skills,
        workspace: workspace.clone(),
        store: store.clone(),
        owner_id: chat.owner_id,
    };
    let mut tools = tools(state, chat, mode, &workspace, api_key_id.as_deref()).with_tools(skill_tools(skills));
    if let Some(advisor) = advisor {
        tools = tools.with_tools(vec![advisor]).with_exclusive(&[advisor::NAME]);
    }
    let mut tools = tools.with_tools(turn.servers.tools(state, chat, mode).await);
    if !mode.plan && !mode.explore {
        tools = tools.with_tools(workspace_mcp_tools(context.tools, &workspace));
    }
    let tools = with_client_tools(tools, chat, mode);
    Ok(Prepared {
        provider,
        model_config_id: config.id,
        call: ModelCall { prompt, tools: tools.definitions(), ..request(chat, &options) },
        prices: options.cost,
        context_limit: config.context_limit,
        tools,
        compaction: Compaction {
            threshold: settings.compaction_threshold.unwrap_or(config.compression_threshold),
            context_limit: config.context_limit,
        },
        api_key_id,
        is_recorded: settings.debug_logging,
        model,
    })
}

/// A request to a model of this configuration, but for what is said and the tools.
fn request(chat: &ChatRow, options: &ChatModelCallConfig) -> ModelCall {
    ModelCall {
        options: CallOptions {
            max_output_tokens: Some(options.max_output_tokens.unwrap_or(MAX_OUTPUT_TOKENS)),
            temperature: options.temperature,
            top_p: options.top_p,
            top_k: options.top_k,
            presence_penalty: options.presence_penalty,
            frequency_penalty: options.frequency_penalty,
        },
        provider_options: options.provider_options.as_ref().and_then(|options| serde_json::to_value(options).ok()),
        headers: headers(chat),
        ..ModelCall::default()
    }
}

/// The advisor, if the deployment has one, of a root chat that does not only plan. `own` is the chat's own model.
async fn advisor(
    state: &AppState,
    chat: &ChatRow,
    mode: TurnMode,
    own: (&SharedModel, &ChatModelCallConfig),
    config: &AdvisorConfig,
    prompt: &[PromptMessage],
    given: &Arc<AtomicI64>,
) -> Option<Arc<dyn Tool>> {
    if !mode.root || mode.plan || mode.explore {
        return None;
    }
    if !config.enabled || config.max_uses_per_run < 0 {
        return None;
    }
    let (model, mut call) = match advising_model(state, chat, config.model_config_id).await {
        Some(ResolvedModel { model, config, .. }) => (model, request(chat, &config.options.0)),
        None => (own.0.clone(), request(chat, own.1)),
    };
    let or_else = |set: i64, unset: i64| if set > 0 { set } else { unset };
    call.options.max_output_tokens = Some(or_else(config.max_output_tokens, advisor::MAX_OUTPUT_TOKENS));
    let most = or_else(config.max_uses_per_run, advisor::MOST_USES);
    Some(Arc::new(Advisor::new(model, call, prompt.to_vec(), given.clone(), most)))
}

/// The model that is set to advise, if one is and it can be used.
async fn advising_model(state: &AppState, chat: &ChatRow, config_id: Uuid) -> Option<ResolvedModel> {
    if config_id.is_nil() {
        return None;
    }
    let resolved = match state.store.model_config(config_id).await {
        Ok(Some(row)) => state.models.resolve_row(&state.store, row, chat.owner_id).await.ok(),
        _ => None,
    };
    if resolved.is_none() {
        tracing::warn!(chat = %chat.id, %config_id, "the model that is set to advise cannot be used");
    }
    resolved
}

/// The server's own tools for the chat's turn.
fn tools(
    state: &AppState,
    chat: &ChatRow,
    mode: TurnMode,
    workspace: &Arc<dyn Workspace>,
    api_key_id: Option<&str>,
) -> Toolset {
    builtin::toolset(mode)
        .in_workspace(workspace, mode.plan, &state.clock)
        .for_chat(&Arc::new(ChatTemplates::new(state, chat)))
        .with_tools(agent_tools(state, chat, mode, api_key_id))
}

/// The skills of the chat's turn. Those of the owner that cannot be read are left out: the turn can do without.
async fn skills(store: &Store, chat: &ChatRow, context: &WorkspaceContext) -> Skills {
    let own = store.user_skills(chat.owner_id).await.unwrap_or_else(|error| {
        tracing::warn!(chat = %chat.id, %error, "the owner's skills cannot be read");
        Vec::new()
    });
    let in_workspace = context.skills.iter().map(|skill| (skill.name.clone(), skill.description.clone()));
    Skills::new(own.into_iter().map(|row| (row.name, row.description)).collect(), in_workspace.collect())
}

/// Adds the tools that the client runs, which are left out where a turn may only plan or explore.
fn with_client_tools(tools: Toolset, chat: &ChatRow, mode: TurnMode) -> Toolset {
    if mode.plan || mode.explore { tools } else { tools.with_dynamic(chat.dynamic_tools().to_vec()) }
}

/// Where the chat's plan is to be written; `None` where the workspace cannot be asked in time.
async fn plan_file_note(state: &AppState, chat: &ChatRow, workspace: &dyn Workspace) -> Option<String> {
    let found = tokio::select! {
        found = workspace.plan_path() => found,
        () = state.clock.sleep(PLAN_PATH_TIMEOUT) => Err("the workspace did not answer in time".to_owned()),
    };
    match found {
        Ok(PlanFile { path, home }) => Some(format!(
            "<plan-file-path>\nThe plan of this chat is the file {path}. Write and propose plans there and nowhere else; \
             {}/PLAN.md is not to be used.\n</plan-file-path>",
            home.trim_end_matches('/')
        )),
        Err(error) => {
            tracing::debug!(chat = %chat.id, error, "the chat's plan has no path");
            None
        }
    }
}

/// What is said anew at each turn.
struct Added<'a> {
    /// The user's own prompt.
    own: &'a str,
    of_workspace: &'a str,
    skills: &'a Skills,
}

/// Adds what is said anew at each turn after the system messages of the chat's creation.
async fn add_instructions(
    prompt: &mut Vec<PromptMessage>,
    store: &Store,
    mode: TurnMode,
    added: &Added<'_>,
) -> Result<(), ChatFailure> {
    let Added { own, of_workspace, skills } = added;
    let unreadable = |error: sqlx::Error| ChatFailure::internal(&error.to_string());
    if !mode.root {
        prompt::insert_system(prompt, DELEGATED);
    }
    prompt::insert_system(prompt, of_workspace);
    if !skills.is_empty() {
        prompt::insert_system(prompt, &skills.index());
    }
    if !own.trim().is_empty() {
        prompt::insert_system(prompt, &format!("<user-instructions>\n{}\n</user-instructions>", own.trim()));
    }
    if mode.explore {
        prompt::insert_system(prompt, EXPLORING);
    } else if mode.plan && mode.root {
        prompt::insert_system(prompt, &format!("{PLANNING}\n{PLAN_FILE_PLACE}"));
        prompt::insert_system(prompt, &store.plan_mode_instructions().await.map_err(unreadable)?);
    } else if mode.plan {
        prompt::insert_system(prompt, PLANNING_FOR_PARENT);
    }
    Ok(())
}

/// Marks what a provider that caches by marks should keep: the last system message and the last two messages.
fn mark_for_cache(prompt: &mut [PromptMessage]) {
    use crate::model::PromptRole;

    let systems = prompt.iter().take_while(|message| message.role == PromptRole::System).count();
    let tail = prompt.len().saturating_sub(2);
    for (i, message) in prompt.iter_mut().enumerate() {
        message.cache = i >= tail || i + 1 == systems;
    }
}

/// Headers by which a provider can tell whose request this is.
pub(crate) fn headers(chat: &ChatRow) -> Vec<(String, String)> {
    let mut headers = vec![
        ("X-Coder-Owner-Id".to_owned(), chat.owner_id.to_string()),
        ("X-Coder-Chat-Id".to_owned(), chat.parent_chat_id.unwrap_or(chat.id).to_string()),
    ];
    if chat.parent_chat_id.is_some() {
        headers.push(("X-Coder-Subchat-Id".to_owned(), chat.id.to_string()));
    }
    if let Some(workspace) = chat.workspace_id {
        headers.push(("X-Coder-Workspace-Id".to_owned(), workspace.to_string()));
    }
    headers
}

async fn load_files(store: &Store, ids: &[Uuid]) -> Result<HashMap<Uuid, FileBytes>, ChatFailure> {
    let unreadable = |error: sqlx::Error| ChatFailure::internal(&format!("resolve chat files: {error}"));
    let mut files = HashMap::with_capacity(ids.len());
    for id in ids {
        if let Some(row) = store.chat_file(*id).await.map_err(unreadable)?
            && let Some(data) = store.chat_file_data(*id).await.map_err(unreadable)?
        {
            files.insert(*id, FileBytes { name: row.name, media_type: row.mimetype, data: Bytes::from(data) });
        }
    }
    Ok(files)
}
