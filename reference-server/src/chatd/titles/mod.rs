//! Titles of chats and labels of turns: made by a model, in the background or when somebody asks.

mod text;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use codersdk::{ChatMessageRole, ChatStatus, ModelCostConfig};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use self::text::{fallback_label, subagent_title, text_of};
use super::errors::ChatFailure;
use super::history::{HistoryMessage, usage_columns};
use super::part;
use super::prepare::headers;
use super::side_runs::{self, SideRun, SideRunSeed};
use super::{cost, retry};
use crate::model::resolve::{ResolvedModel, has_small};
use crate::model::{
    CallOptions, ErrorCause, ModelCall, ModelError, PromptMessage, PromptRole, SharedModel, ToolChoice, ToolDefinition,
    Usage,
};
use crate::state::AppState;
use crate::store::chats::ChatRow;
use crate::store::messages::{self, MessageRow, NewMessage, Visibility};
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
        let (resolved, recorded) = title_models(state, &chat).await?;
        let seed = if recorded { Some(first_title_seed(state, &chat, first_text).await) } else { None };
        let deadline = state.clock.now() + TIMEOUT;
        let mut failure = ChatFailure::internal("no title model");
        for resolved in resolved {
            let mut asker = Asker::new(state, &chat, &resolved.model, deadline);
            asker.record(seed.clone(), &resolved.provider).await;
            match asker.title(text::TITLE_PROMPT, first_text).await {
                Ok((title, _)) => return Ok(title),
                Err((error, _)) => failure = error,
            }
        }
        Err(failure)
    };
    let stored = match work.await {
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
/// ended with, `record` what a record of the request begins with where one is kept. Stops after 30 s.
pub(crate) async fn turn_label(
    state: &AppState,
    chat: &ChatRow,
    own: (&SharedModel, &str),
    answer: &str,
    record: Option<SideRunSeed>,
) -> String {
    let fallback = fallback_label(&chat.status).to_owned();
    if chat.status != ChatStatus::Waiting || answer.is_empty() {
        return fallback;
    }
    let input = text::label_input(&chat.title, answer);
    let deadline = state.clock.now() + TIMEOUT;
    let label = async |model: &SharedModel, provider: &str| {
        let mut asker = Asker::new(state, chat, model, deadline);
        asker.record(record.clone(), provider).await;
        asker.label(&input).await
    };
    let (model, provider) = own;
    if has_small(provider)
        && let Ok(own) = state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await
        && let Some(small) = state.models.small_of(&state.store, &own, chat.owner_id).await
        && let Some(label) = label(&small.model, &small.provider).await
    {
        return label;
    }
    label(model, provider).await.unwrap_or(fallback)
}

/// What the record of a turn's label begins with.
pub(crate) fn label_seed(chat: &ChatRow, history: &[HistoryMessage]) -> SideRunSeed {
    let trigger = history.iter().rfind(|message| message.role == ChatMessageRole::User && !message.compressed);
    SideRunSeed {
        label: "Turn status label".to_owned(),
        trigger_message_id: trigger.map(|message| message.id),
        history_tip_message_id: history.last().map(|message| message.id),
        ..SideRunSeed::new(side_runs::LABEL, chat.id)
    }
}

/// What the record of a first title begins with; without the messages where they cannot be read.
async fn first_title_seed(state: &AppState, chat: &ChatRow, first_text: &str) -> SideRunSeed {
    let rows = messages::history(state.store.pool(), chat.id).await.unwrap_or_default();
    let said = |row: &&MessageRow| row.role == ChatMessageRole::User && row.visibility != Visibility::Model;
    SideRunSeed {
        label: side_runs::label(first_text),
        trigger_message_id: rows.iter().find(said).map(|row| row.id),
        history_tip_message_id: rows.last().map(|row| row.id),
        ..SideRunSeed::new(side_runs::TITLE, chat.id)
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
    let (resolved, recorded) = manual_model(state, chat).await.map_err(failed)?;
    let mut asker = Asker::new(state, chat, &resolved.model, state.clock.now() + TIMEOUT);
    if recorded {
        let first = history.iter().find(|message| message.role == ChatMessageRole::User);
        let label = first.map(|message| side_runs::label(&side_runs::text_of(&message.parts))).unwrap_or_default();
        let seed = SideRunSeed {
            label: if label.is_empty() { "Title generation".to_owned() } else { label },
            model_config_id: Some(resolved.config.id),
            history_tip_message_id: history.last().map(|message| message.id),
            ..SideRunSeed::new(side_runs::TITLE, chat.id)
        };
        asker.record(Some(seed), &resolved.provider).await;
    }
    let (title, usage) = match asker.title(&prompt, &input).await {
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
        ..NewMessage::new(ChatMessageRole::Assistant, part::encode(&[]))
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
/// the chat's provider and the chat's own. Also whether the request is to be recorded.
async fn title_models(state: &AppState, chat: &ChatRow) -> Result<(Vec<ResolvedModel>, bool), ChatFailure> {
    let (set, recorded) = override_model(state, chat).await?;
    if let Some(set) = set {
        return Ok((vec![set], recorded));
    }
    let own = state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await?;
    let small = state.models.small_of(&state.store, &own, chat.owner_id).await;
    Ok((small.into_iter().chain([own]).collect(), recorded))
}

async fn manual_model(state: &AppState, chat: &ChatRow) -> Result<(ResolvedModel, bool), ChatFailure> {
    let (set, recorded) = override_model(state, chat).await?;
    if let Some(set) = set {
        return Ok((set, recorded));
    }
    let configs =
        state.store.enabled_model_configs().await.map_err(|error| ChatFailure::internal(&error.to_string()))?;
    if let Some(small) = crate::model::resolve::preferred_small(configs)
        && let Ok(resolved) = state.models.resolve_row(&state.store, small, chat.owner_id).await
    {
        return Ok((resolved, recorded));
    }
    let own = state.models.resolve(&state.store, chat.last_model_config_id, chat.owner_id).await?;
    Ok((own, recorded))
}

/// The model that the deployment sets for titles, where a setting that cannot be read counts as none, and whether
/// requests are to be recorded.
async fn override_model(state: &AppState, chat: &ChatRow) -> Result<(Option<ResolvedModel>, bool), ChatFailure> {
    let unreadable = |error: sqlx::Error| ChatFailure::internal(&error.to_string());
    let (set, recorded) = state.store.title_settings(chat.owner_id).await.map_err(unreadable)?;
    let Some(id) = set.model_config_id.filter(|_| !set.is_malformed) else { return Ok((None, recorded)) };
    let row = state
        .store
        .enabled_model_config(id)
        .await
        .map_err(unreadable)?
        .ok_or_else(|| ChatFailure::internal("title generation model override is not available"))?;
    let set = state.models.resolve_row(&state.store, row, chat.owner_id).await?;
    Ok((Some(set), recorded))
}

/// Asks one model for a few words through a tool that it must call.
struct Asker<'a> {
    state: &'a AppState,
    model: &'a SharedModel,
    headers: Vec<(String, String)>,
    /// When it is too late for an answer.
    deadline: DateTime<Utc>,
    record: Option<SideRun>,
}

type Asked<T> = Result<(T, Usage), (ChatFailure, Usage)>;

impl<'a> Asker<'a> {
    fn new(state: &'a AppState, chat: &ChatRow, model: &'a SharedModel, deadline: DateTime<Utc>) -> Self {
        Self { state, model, headers: headers(chat), deadline, record: None }
    }

    /// Keeps a record of what is asked, if there is to be one.
    async fn record(&mut self, seed: Option<SideRunSeed>, provider: &str) {
        if let Some(seed) = seed {
            self.record = SideRun::begin(self.state, seed, provider, self.model.model()).await;
        }
    }

    async fn title(mut self, prompt: &str, input: &str) -> Asked<String> {
        let schema = json!({"title": {"type": "string", "description": "A short title for the chat."}});
        let about = "Proposes a short title for a chat.";
        let asked = self.ask(prompt, input, "propose_title", about, schema, MAX_TITLE_TOKENS).await;
        let title =
            asked.and_then(|(args, usage)| match text::clean_title(args["title"].as_str().unwrap_or_default()) {
                Ok(title) => Ok((title, usage)),
                Err(error) => Err((ChatFailure::internal(&format!("generate manual title: {error}")), usage)),
            });
        self.finish(title.is_ok()).await;
        title
    }

    async fn label(mut self, input: &str) -> Option<String> {
        let schema = json!({"label": {"type": "string", "description": "How the chat stands, in 2 to 5 words."}});
        let about = "Proposes a short status label for a chat.";
        let asked =
            self.ask(text::LABEL_PROMPT, input, "propose_turn_status_label", about, schema, MAX_LABEL_TOKENS).await;
        let label = asked.ok().and_then(|(args, _)| text::clean_label(args["label"].as_str().unwrap_or_default()));
        self.finish(label.is_some()).await;
        label
    }

    /// Ends the record.
    async fn finish(&mut self, succeeded: bool) {
        if let Some(record) = self.record.take() {
            record.finish(if succeeded { "completed" } else { "error" }).await;
        }
    }

    /// The arguments of the one tool; failures that may pass are waited out until the deadline.
    async fn ask(
        &mut self,
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
        let (clock, deadline) = (self.state.clock.clone(), self.deadline);
        let tries = self.tries(call, tool);
        tokio::select! {
            asked = tries => asked,
            () = clock.sleep_until(deadline) => {
                let late = ModelError::caused("context deadline exceeded", ErrorCause::Deadline);
                let failure = ChatFailure { detail: late.message.clone(), ..ChatFailure::classify(&late) };
                Err((failure, Usage::default()))
            }
        }
    }

    async fn tries(&mut self, call: ModelCall, tool: &str) -> Asked<Value> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match side_runs::ask(self.model, call.clone(), self.record.as_mut()).await {
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
            let clock = &self.state.clock;
            let failure = ChatFailure::classify_attempt(&error, "", clock.now());
            match retry::next_delay(attempt, &failure) {
                Some(delay) => clock.sleep(delay).await,
                None => return Err((failure, Usage::default())),
            }
        }
    }
}
