//! Titles of chats and labels of turns: made by a model, in the background or when somebody asks.

mod text;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use codersdk::{ChatModelOverrideContext, ChatStatus, ModelCostConfig};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::text::{fallback_label, subagent_title, text_of};
use super::errors::ChatFailure;
use super::history::{HistoryMessage, usage_columns};
use super::part;
use super::prepare::headers;
use super::{cost, retry};
use crate::clock::SharedClock;
use crate::model::resolve::{ResolvedModel, has_small};
use crate::model::{CallOptions, ModelCall, PromptMessage, PromptRole, SharedModel, ToolChoice, ToolDefinition, Usage};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::{self, NewMessage, Visibility};
use crate::usage_limits::{UsageLimitExceeded, spend_check};

/// Longest wait for a title or a label.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_TITLE_TOKENS: i64 = 256;
const MAX_LABEL_TOKENS: i64 = 64;
/// Messages at either end of a chat that are looked at for a title.
const WINDOW: usize = 50;

/// Why there is no title.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TitleError {
    #[error("manual title regeneration already in progress")]
    InProgress,
    #[error("chat not found")]
    NotFound,
    #[error(transparent)]
    LimitExceeded(#[from] UsageLimitExceeded),
    #[error("{0}")]
    Failed(String),
}

impl From<sqlx::Error> for TitleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Chats whose title somebody asked for or changes at this moment.
#[derive(Debug, Default)]
pub(crate) struct TitleLocks(Mutex<HashSet<Uuid>>);

struct TitleLock<'a> {
    locks: &'a TitleLocks,
    chat: Uuid,
}

impl TitleLocks {
    fn lock(&self, chat: Uuid) -> Result<TitleLock<'_>, TitleError> {
        let mut locked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locked.insert(chat) { Ok(TitleLock { locks: self, chat }) } else { Err(TitleError::InProgress) }
    }
}

impl Drop for TitleLock<'_> {
    fn drop(&mut self) {
        self.locks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.chat);
    }
}

/// Makes a title for a new chat, if it has the one that it began with. Nothing tells of a failure: the chat keeps its
/// title. Meant to run beside the turn; stops after 30 s.
pub(crate) async fn generate(state: &AppState, mut chat: ChatRow, first_text: &str) {
    let Some(first_text) = text::title_input(&chat.title, first_text) else { return };
    let work = async {
        let resolved = title_models(state, &chat).await?;
        let mut failure = ChatFailure::internal("no title model");
        for resolved in resolved {
            let asker = Asker::new(state, &chat, &resolved.model);
            match asker.title(text::TITLE_PROMPT, first_text).await {
                Ok((title, _)) => return Ok(title),
                Err((error, _)) => failure = error,
            }
        }
        Err(failure)
    };
    let title = tokio::select! {
        title = work => title,
        () = state.clock.sleep(TIMEOUT) => return,
    };
    let stored = match title {
        Ok(title) if title != chat.title => {
            chat.title = title;
            state.store.set_chat_title(chat.id, &chat.title).await
        }
        Ok(_) => return,
        Err(failure) => {
            tracing::debug!(chat = %chat.id, kind = ?failure.kind, "no title was generated");
            return;
        }
    };
    match stored {
        Ok(()) => state.chatd.publish_title_change(&chat),
        Err(error) => tracing::warn!(chat = %chat.id, %error, "cannot store a generated title"),
    }
}

/// Suggests a title for the conversation so far; empty where nobody said anything in words. What it took is charged.
///
/// # Errors
/// When somebody else is at it, the owner has spent their limit, or the model fails.
pub(crate) async fn propose(state: &AppState, chat: &ChatRow) -> Result<String, TitleError> {
    let _lock = state.title_locks.lock(chat.id)?;
    Ok(candidate(state, chat).await?.unwrap_or_default())
}

/// Gives the chat a title for the conversation so far, and tells those who watch.
///
/// # Errors
/// Those of [`propose`].
pub(crate) async fn regenerate(state: &AppState, chat: &ChatRow) -> Result<ChatRow, TitleError> {
    let _lock = state.title_locks.lock(chat.id)?;
    let title = candidate(state, chat).await?.unwrap_or_default();
    let mut now = state.store.chat(chat.id).await?.ok_or(TitleError::NotFound)?;
    // A title that was given meanwhile stays.
    if !title.is_empty() && now.title == chat.title && title != now.title {
        state.store.set_chat_title(chat.id, &title).await?;
        now.title = title;
    }
    if now.title != chat.title {
        state.chatd.publish_title_change(&now);
    }
    Ok(now)
}

/// Gives the chat this title, and tells those who watch where it is another.
///
/// # Errors
/// When a title is being made for the chat, or it is gone.
pub(crate) async fn rename(state: &AppState, chat: Uuid, title: &str) -> Result<ChatRow, TitleError> {
    let _lock = state.title_locks.lock(chat)?;
    let mut now = state.store.chat(chat).await?.ok_or(TitleError::NotFound)?;
    if now.title != title {
        state.store.set_chat_title(chat, title).await?;
        title.clone_into(&mut now.title);
        state.chatd.publish_title_change(&now);
    }
    Ok(now)
}

/// The line that stands for a finished turn in lists: a model's, or a general one. `answer` is the text that the turn
/// ended with. Stops after 30 s.
pub(crate) async fn turn_label(state: &AppState, chat: &ChatRow, model: &SharedModel, answer: &str) -> String {
    let fallback = fallback_label(&chat.status).to_owned();
    if chat.status != ChatStatus::Waiting || answer.is_empty() {
        return fallback;
    }
    let input = text::label_input(&chat.title, answer);
    let work = async {
        if has_small(model.provider())
            && let Ok(own) = state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await
            && let Some(small) = state.models.small_of(&state.store, &own, chat.owner_id).await
            && let Some(label) = Asker::new(state, chat, &small.model).label(&input).await
        {
            return Some(label);
        }
        Asker::new(state, chat, model).label(&input).await
    };
    tokio::select! {
        label = work => label.unwrap_or(fallback),
        () = state.clock.sleep(TIMEOUT) => fallback,
    }
}

/// A title for the conversation, tried with the model that is set for titles, else with a small one of those that
/// there are, else with the chat's own.
async fn candidate(state: &AppState, chat: &ChatRow) -> Result<Option<String>, TitleError> {
    spend_check(state, chat.owner_id, chat.organization_id).await?;
    let rows = messages::history(state.store.pool(), chat.id).await?;
    let shown: Vec<_> = rows.into_iter().filter(|row| row.visibility != Visibility::Model).collect();
    let ends = (0..shown.len()).filter(|i| *i < WINDOW || *i + WINDOW >= shown.len());
    // A message that cannot be read is no reason against a title.
    let history: Vec<HistoryMessage> = ends.filter_map(|i| HistoryMessage::read(&shown[i]).ok()).collect();
    let Some((prompt, input)) = text::conversation_prompt(&text::turns(&history)) else { return Ok(None) };
    let failed = |failure: ChatFailure| TitleError::Failed(failure.told().to_owned());
    let resolved = manual_model(state, chat).await.map_err(failed)?;
    let asker = Asker::new(state, chat, &resolved.model);
    let asked = tokio::select! {
        asked = asker.title(&prompt, &input) => asked,
        () = state.clock.sleep(TIMEOUT) => return Err(TitleError::Failed("context deadline exceeded".to_owned())),
    };
    let (title, usage) = match asked {
        Ok((title, usage)) => (Ok(Some(title)), usage),
        Err((failure, usage)) => (Err(failed(failure)), usage),
    };
    let api_key = history.iter().rev().find_map(|message| message.api_key_id.clone());
    charge(state, chat, &resolved, usage, api_key).await?;
    title
}

/// Notes what a title took as a message that nobody sees.
async fn charge(
    state: &AppState,
    chat: &ChatRow,
    resolved: &ResolvedModel,
    usage: Usage,
    api_key_id: Option<String>,
) -> Result<(), TitleError> {
    if usage == Usage::default() {
        return Ok(());
    }
    let prices: Option<&ModelCostConfig> = resolved.config.options.0.cost.as_ref();
    let message = NewMessage {
        visibility: Visibility::Model,
        created_by: Some(chat.owner_id),
        api_key_id,
        model_config_id: Some(resolved.config.id),
        usage: usage_columns(usage, Some(resolved.config.context_limit)),
        total_cost_micros: cost::total_micros(usage.into(), prices),
        ..NewMessage::new(codersdk::ChatMessageRole::Assistant, part::encode(&[]))
    };
    let mut tx = state.store.begin().await?;
    let now = state.clock.now();
    let rows = messages::insert(&mut tx, chat.id, chat.snapshot_version, now, vec![message]).await?;
    for row in rows {
        sqlx::query("UPDATE chat_messages SET deleted = TRUE WHERE id = $1").bind(row.id).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The models that a new chat's title is asked of, in turn: the one that is set for titles alone, else a small one of
/// the chat's provider and the chat's own.
async fn title_models(state: &AppState, chat: &ChatRow) -> Result<Vec<ResolvedModel>, ChatFailure> {
    if let Some(set) = override_model(state, chat).await? {
        return Ok(vec![set]);
    }
    let own = state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await?;
    let small = state.models.small_of(&state.store, &own, chat.owner_id).await;
    Ok(small.into_iter().chain([own]).collect())
}

async fn manual_model(state: &AppState, chat: &ChatRow) -> Result<ResolvedModel, ChatFailure> {
    if let Some(set) = override_model(state, chat).await? {
        return Ok(set);
    }
    let configs =
        state.store.enabled_model_configs().await.map_err(|error| ChatFailure::internal(&error.to_string()))?;
    if let Some(small) = crate::model::resolve::preferred_small(configs)
        && let Ok(resolved) = state.models.resolve_row(&state.store, small, chat.owner_id).await
    {
        return Ok(resolved);
    }
    state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await
}

/// The model that the deployment sets for titles; a setting that cannot be read counts as none.
async fn override_model(state: &AppState, chat: &ChatRow) -> Result<Option<ResolvedModel>, ChatFailure> {
    let unreadable = |error: sqlx::Error| ChatFailure::internal(&error.to_string());
    let set = state.store.model_override(&ChatModelOverrideContext::TitleGeneration).await.map_err(unreadable)?;
    let Some(id) = set.model_config_id.filter(|_| !set.is_malformed) else { return Ok(None) };
    let row = state
        .store
        .enabled_model_config(id)
        .await
        .map_err(unreadable)?
        .ok_or_else(|| ChatFailure::internal("title generation model override is not available"))?;
    state.models.resolve_row(&state.store, row, chat.owner_id).await.map(Some)
}

/// Asks one model for a few words through a tool that it must call.
struct Asker<'a> {
    model: &'a SharedModel,
    clock: &'a SharedClock,
    headers: Vec<(String, String)>,
}

type Asked<T> = Result<(T, Usage), (ChatFailure, Usage)>;

impl<'a> Asker<'a> {
    fn new(state: &'a AppState, chat: &ChatRow, model: &'a SharedModel) -> Self {
        Self { model, clock: &state.clock, headers: headers(chat) }
    }

    async fn title(&self, prompt: &str, input: &str) -> Asked<String> {
        let schema = json!({"title": {"type": "string", "description": "A short title for the chat."}});
        let about = "Proposes a short title for a chat.";
        let (args, usage) = self.ask(prompt, input, "propose_title", about, schema, MAX_TITLE_TOKENS).await?;
        match text::clean_title(args["title"].as_str().unwrap_or_default()) {
            Ok(title) => Ok((title, usage)),
            Err(error) => Err((ChatFailure::internal(&format!("generate manual title: {error}")), usage)),
        }
    }

    async fn label(&self, input: &str) -> Option<String> {
        let schema = json!({"label": {"type": "string", "description": "How the chat stands, in 2 to 5 words."}});
        let about = "Proposes a short status label for a chat.";
        let asked =
            self.ask(text::LABEL_PROMPT, input, "propose_turn_status_label", about, schema, MAX_LABEL_TOKENS).await;
        let (args, _) = asked.ok()?;
        text::clean_label(args["label"].as_str().unwrap_or_default())
    }

    /// The arguments of the one tool; failures that may pass are waited out.
    async fn ask(
        &self,
        prompt: &str,
        input: &str,
        tool: &str,
        description: &str,
        properties: Value,
        max_tokens: i64,
    ) -> Asked<Value> {
        let required: Vec<&String> = properties.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
        let input_schema = json!({"type": "object", "properties": properties, "required": required});
        let call = ModelCall {
            prompt: vec![PromptMessage::text(PromptRole::System, prompt), PromptMessage::text(PromptRole::User, input)],
            tools: vec![ToolDefinition { name: tool.to_owned(), description: description.to_owned(), input_schema }],
            tool_choice: ToolChoice::Tool(tool.to_owned()),
            options: CallOptions { max_output_tokens: Some(max_tokens), ..CallOptions::default() },
            headers: self.headers.clone(),
            ..ModelCall::default()
        };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.model.generate(call.clone()).await {
                Ok(answer) => {
                    let usage = answer.finish.usage;
                    let called = answer.tool_calls.iter().find(|call| call.name == tool);
                    let args = called.and_then(|call| serde_json::from_str::<Value>(&call.input).ok());
                    return match args.filter(Value::is_object) {
                        Some(args) => Ok((args, usage)),
                        None => Err((ChatFailure::internal("no object generated: no tool call"), usage)),
                    };
                }
                Err(error) => error,
            };
            let failure = ChatFailure::classify_attempt(&error, "", self.clock.now());
            match retry::next_delay(attempt, &failure) {
                Some(delay) => self.clock.sleep(delay).await,
                None => return Err((failure, Usage::default())),
            }
        }
    }
}
