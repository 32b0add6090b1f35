//! Tools by which a root chat starts chats below it, talks to them, and waits for what they find.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::SecondsFormat;
use codersdk::{
    ChatMessageRole, ChatModelOverrideContext, ChatPersonalModelOverrideContext, ChatPersonalModelOverrideMode,
    ChatStatus,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::args::text;
use super::builtin::{TurnMode, is_offered};
use super::{SchemaTool, Tool, ToolResponse};
use crate::chatd::history::{HistoryMessage, text_of};
use crate::chatd::part::Part;
use crate::chatd::titles::subagent_title;
use crate::chatd::{BusyBehavior, CreateOptions, SendMessageOptions, SendMessageResult};
use crate::model::ToolDefinition;
use crate::state::AppState;
use crate::store::chat_settings::key;
use crate::store::chats::{ChatRow, MODE_EXPLORE};
use crate::usage_limits::spend_check;

/// How long a child is waited for where the model does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(5 * 60);
/// How often a child is looked at though nothing was heard of it.
const POLL: Duration = Duration::from_secs(5);
const DEFAULT_LISTED: i64 = 10;
const MAX_LISTED: i64 = 50;
/// Messages that are searched for a child's last words at a time.
const REPORT_PAGE: i64 = 50;

const NOT_A_DESCENDANT: &str = "target chat is not a descendant of current chat";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Spawn,
    Wait,
    Message,
    Interrupt,
    List,
}

/// One of the tools, for one turn of one chat.
#[derive(Debug)]
struct AgentTool {
    action: Action,
    definition: &'static ToolDefinition,
    state: AppState,
    /// The chat whose turn it is, as it stood when the step began.
    chat: ChatRow,
    /// The key on whose behalf the turn runs.
    api_key_id: Option<String>,
}

/// The tools for a step of the chat's turn; none for chats that were themselves started by a chat.
pub(crate) fn agent_tools(
    state: &AppState,
    chat: &ChatRow,
    mode: TurnMode,
    api_key_id: Option<&str>,
) -> Vec<Arc<dyn Tool>> {
    static DEFINITIONS: LazyLock<[(Action, ToolDefinition); 5]> = LazyLock::new(definitions);
    if !mode.root || mode.explore {
        return Vec::new();
    }
    DEFINITIONS
        .iter()
        .filter(|(_, definition)| is_offered(&definition.name, mode))
        .map(|(action, definition)| {
            Arc::new(AgentTool {
                action: *action,
                definition,
                state: state.clone(),
                chat: chat.clone(),
                api_key_id: api_key_id.map(str::to_owned),
            }) as Arc<dyn Tool>
        })
        .collect()
}

#[async_trait]
impl SchemaTool for AgentTool {
    fn definition(&self) -> &ToolDefinition {
        self.definition
    }

    async fn call(&self, args: &Map<String, Value>) -> ToolResponse {
        let result = match self.action {
            Action::Spawn => self.spawn(args).await,
            Action::List => self.list(args).await,
            Action::Wait | Action::Message | Action::Interrupt => return self.on_child(args).await,
        };
        match result {
            Ok(value) => ToolResponse::json(&value),
            Err(error) => ToolResponse::Error(error),
        }
    }
}

/// Words for the model.
type Refusal = String;

fn failed(what: &'static str) -> impl Fn(sqlx::Error) -> Refusal {
    move |error| {
        tracing::warn!(%error, what, "a tool for agents failed");
        what.to_owned()
    }
}

/// What kind of agent a chat is.
fn kind(chat: &ChatRow) -> &'static str {
    if chat.is_explore() { "explore" } else { "general" }
}

impl AgentTool {
    async fn spawn(&self, args: &Map<String, Value>) -> Result<Value, Refusal> {
        let unloaded = "failed to load parent chat";
        let parent = self.state.store.chat(self.chat.id).await.map_err(failed(unloaded))?.ok_or(unloaded)?;
        if parent.parent_chat_id.is_some() {
            return Err("delegated chats cannot create child subagents".to_owned());
        }
        let explore = match text(args, "type") {
            "general" => false,
            "explore" => true,
            "computer_use" => return Err(self.no_computer_use(&parent).await),
            _ => return Err("type must be one of: general, explore".to_owned()),
        };
        let model_config_id = self.child_model(&parent, explore).await?;
        let prompt = text(args, "prompt");
        if prompt.is_empty() {
            return Err("prompt is required".to_owned());
        }
        let title = Some(text(args, "title")).filter(|title| !title.is_empty());
        let api_key_id = self.api_key_id()?;
        spend_check(&self.state, parent.owner_id, parent.organization_id).await.map_err(|limit| limit.to_string())?;
        let options = CreateOptions {
            organization_id: parent.organization_id,
            owner_id: parent.owner_id,
            owner_username: parent.owner_username.clone(),
            owner_name: parent.owner_name.clone(),
            workspace_id: parent.workspace_id,
            build_id: parent.build_id,
            agent_id: parent.agent_id,
            parent_chat_id: Some(parent.id),
            root_chat_id: Some(parent.root_id()),
            title: title.map_or_else(|| subagent_title(prompt), str::to_owned),
            model_config_id,
            mode: explore.then(|| MODE_EXPLORE.to_owned()),
            plan_mode: parent.plan_mode.clone().filter(|_| !explore),
            client_type: parent.client_type.clone(),
            system_prompt: String::new(),
            content: vec![Part::text(prompt)],
            api_key_id,
            mcp_server_ids: parent.mcp_server_ids.clone(),
            labels: std::collections::BTreeMap::new(),
            dynamic_tools: Vec::new(),
        };
        let child =
            self.state.chatd.create_chat(options).await.map_err(|error| format!("create child chat: {error}"))?;
        Ok(json!({"chat_id": child.id, "title": child.title, "status": child.status, "type": kind(&child)}))
    }

    /// Why there is no agent for the desktop: this server has none that could be shown.
    async fn no_computer_use(&self, parent: &ChatRow) -> Refusal {
        let why = if parent.plan_mode.is_some() {
            "in plan mode"
        } else if self.state.store.site_flag(key::DESKTOP_ENABLED).await.unwrap_or_default() {
            "because its provider configuration could not be loaded"
        } else {
            "because desktop access is not enabled"
        };
        format!("type \"computer_use\" is unavailable {why}")
    }

    /// The model of a new child: what its owner chose for such agents, else the deployment, else the chat's own.
    async fn child_model(&self, parent: &ChatRow, explore: bool) -> Result<Uuid, Refusal> {
        let store = &self.state.store;
        let unresolved = failed("the model of the agent could not be resolved");
        let (personal, deployment) = if explore {
            (ChatPersonalModelOverrideContext::Explore, ChatModelOverrideContext::Explore)
        } else {
            (ChatPersonalModelOverrideContext::General, ChatModelOverrideContext::General)
        };
        let own = if explore { self.chat.last_model_config_id } else { parent.last_model_config_id };
        let mut wanted = None;
        if store.personal_model_overrides_enabled().await.map_err(&unresolved)? {
            let chosen = store.personal_model_override(parent.owner_id, &personal).await.map_err(&unresolved)?;
            if let Some(chosen) = chosen {
                if chosen.mode == ChatPersonalModelOverrideMode::ChatDefault {
                    return Ok(own);
                }
                wanted = self.usable(chosen.model_config_id, parent.owner_id).await;
            }
        }
        if wanted.is_none() {
            let set = store.model_override(&deployment).await.map_err(&unresolved)?;
            wanted = self.usable(set.model_config_id, parent.owner_id).await;
        }
        Ok(wanted.unwrap_or(own))
    }

    /// The model, if it can be called for this owner; a choice that went stale counts as none.
    async fn usable(&self, model: Option<Uuid>, owner: Uuid) -> Option<Uuid> {
        let model = model?;
        match self.state.models.resolve(&self.state.store, model, owner).await {
            Ok(_) => Some(model),
            Err(failure) => {
                tracing::warn!(%model, kind = ?failure.kind, "the model set for agents cannot be used");
                None
            }
        }
    }

    fn api_key_id(&self) -> Result<String, Refusal> {
        let missing = || "active turn API key ID is required for subagent messages".to_owned();
        self.api_key_id.clone().filter(|id| !id.is_empty()).ok_or_else(missing)
    }

    /// Runs a tool that names a child. The kind of a chat that is known is told even with a refusal.
    async fn on_child(&self, args: &Map<String, Value>) -> ToolResponse {
        let Ok(id) = Uuid::parse_str(text(args, "chat_id")) else {
            return ToolResponse::Error("chat_id must be a valid UUID".to_owned());
        };
        let target = match self.state.store.chat(id).await {
            Ok(target) => target,
            Err(error) => return ToolResponse::Error(failed("the chat could not be read")(error)),
        };
        let refuse = |error: Refusal| match &target {
            Some(target) => ToolResponse::ErrorJson(json!({"error": error, "type": kind(target)})),
            None => ToolResponse::Error(error),
        };
        if self.action == Action::Message && text(args, "message").is_empty() {
            return refuse("message is required".to_owned());
        }
        let child = match &target {
            Some(target) if self.is_ancestor_of(target).await => target,
            _ => return refuse(NOT_A_DESCENDANT.to_owned()),
        };
        let result = match self.action {
            Action::Wait => self.wait(child.id, args).await,
            Action::Message => self.message(child, args).await,
            _ => self.interrupt(child).await,
        };
        match result {
            Ok(mut value) => {
                value["chat_id"] = json!(child.id);
                value["title"] = json!(child.title);
                value["type"] = json!(kind(child));
                ToolResponse::json(&value)
            }
            Err(error) => refuse(error),
        }
    }

    /// Whether the chat is below the one whose turn it is. Families have two levels, and an older one of more is
    /// followed up to its root.
    async fn is_ancestor_of(&self, chat: &ChatRow) -> bool {
        let mut parent = chat.parent_chat_id;
        for _ in 0..8 {
            match parent {
                Some(id) if id == self.chat.id => return true,
                Some(id) => parent = self.state.store.chat(id).await.ok().flatten().and_then(|c| c.parent_chat_id),
                None => return false,
            }
        }
        false
    }

    async fn wait(&self, child: Uuid, args: &Map<String, Value>) -> Result<Value, Refusal> {
        let seconds = args.get("timeout_seconds").and_then(Value::as_u64).filter(|seconds| *seconds > 0);
        let timeout = seconds.map_or(DEFAULT_WAIT, Duration::from_secs);
        // Heard from before it is looked at, so that no change is lost between the two.
        let mut updates = self.state.chatd.pubsub.subscribe_updates(child);
        let settled = async {
            loop {
                let chat = self.read(child).await?;
                if !is_working(&chat) {
                    return Ok::<ChatRow, Refusal>(chat);
                }
                tokio::select! {
                    update = updates.next() => if update.is_none() {
                        self.state.clock.sleep(POLL).await;
                    },
                    () = self.state.clock.sleep(POLL) => {}
                }
            }
        };
        let chat = tokio::select! {
            chat = settled => chat?,
            () = self.state.clock.sleep(timeout) => self.read(child).await?,
        };
        if is_working(&chat) {
            return Ok(json!({"status": chat.status, "timed_out": true}));
        }
        let report = self.report(child).await?;
        let mut result = json!({"status": chat.status, "report": report});
        if chat.status == ChatStatus::Error {
            let told = chat.last_error.map(|error| error.message).filter(|message| !message.is_empty());
            let told = told.or(Some(report).filter(|report| !report.is_empty()));
            result["last_error"] = json!(told.unwrap_or_else(|| "agent reached error status".to_owned()));
        }
        Ok(result)
    }

    async fn read(&self, chat: Uuid) -> Result<ChatRow, Refusal> {
        let unread = "the chat could not be read";
        self.state.store.chat(chat).await.map_err(failed(unread))?.ok_or_else(|| unread.to_owned())
    }

    /// The last thing that the child said in words; empty where it said nothing.
    async fn report(&self, child: Uuid) -> Result<String, Refusal> {
        let mut before = None;
        loop {
            let rows = self
                .state
                .store
                .messages_before(child, before, None, REPORT_PAGE)
                .await
                .map_err(failed("the agent's messages could not be read"))?;
            let said = rows
                .iter()
                .filter(|row| row.role == ChatMessageRole::Assistant)
                .filter_map(|row| HistoryMessage::read(row).ok())
                .map(|message| text_of(&message.parts).trim().to_owned())
                .find(|said| !said.is_empty());
            before = rows.last().map(|row| row.id);
            if said.is_some() || before.is_none() {
                return Ok(said.unwrap_or_default());
            }
        }
    }

    async fn message(&self, child: &ChatRow, args: &Map<String, Value>) -> Result<Value, Refusal> {
        let interrupt = args.get("interrupt").and_then(Value::as_bool).unwrap_or_default();
        let api_key_id = self.api_key_id()?;
        spend_check(&self.state, child.owner_id, child.organization_id).await.map_err(|limit| limit.to_string())?;
        let sent = self
            .state
            .chatd
            .send_message(SendMessageOptions {
                chat_id: child.id,
                created_by: child.owner_id,
                content: vec![Part::text(text(args, "message"))],
                model_config_id: None,
                api_key_id,
                busy_behavior: if interrupt { BusyBehavior::Interrupt } else { BusyBehavior::Queue },
                plan_mode: None,
                mcp_server_ids: None,
            })
            .await
            .map_err(|error| error.to_string())?;
        let (SendMessageResult::Message { chat, .. } | SendMessageResult::Queued { chat, .. }) = sent;
        let was_busy = matches!(child.status, ChatStatus::Running | ChatStatus::Pending);
        Ok(json!({"status": chat.status, "interrupted": interrupt && was_busy}))
    }

    async fn interrupt(&self, child: &ChatRow) -> Result<Value, Refusal> {
        if child.status == ChatStatus::Waiting {
            return Ok(json!({"status": child.status, "interrupted": false}));
        }
        let chat = self
            .state
            .chatd
            .interrupt_chat(child.id)
            .await
            .map_err(|error| format!("interrupt subagent chat: {error}"))?;
        Ok(json!({"status": chat.status, "interrupted": true}))
    }

    async fn list(&self, args: &Map<String, Value>) -> Result<Value, Refusal> {
        let number = |name: &str| args.get(name).and_then(Value::as_i64);
        let limit = number("limit").map_or(DEFAULT_LISTED, |limit| limit.clamp(1, MAX_LISTED));
        let limit = usize::try_from(limit).unwrap_or_default();
        let offset = usize::try_from(number("offset").unwrap_or_default()).unwrap_or_default();
        let mut children = self
            .state
            .store
            .children_of(&[self.chat.id], Some(false))
            .await
            .map_err(failed("the agents could not be listed"))?;
        children.sort_by_key(|child| std::cmp::Reverse((child.updated_at, child.id)));
        let time = |time: chrono::DateTime<chrono::Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let agents: Vec<Value> = children
            .iter()
            .skip(offset)
            .take(limit)
            .map(|child| {
                json!({
                    "chat_id": child.id,
                    "title": child.title,
                    "type": kind(child),
                    "status": child.status,
                    "created_at": time(child.created_at),
                    "updated_at": time(child.updated_at),
                })
            })
            .collect();
        Ok(json!({
            "total": children.len(),
            "returned": agents.len(),
            "offset": offset,
            "has_more": offset.saturating_add(limit) < children.len(),
            "agents": agents,
        }))
    }
}

/// Whether the chat is about to change by itself.
fn is_working(chat: &ChatRow) -> bool {
    matches!(chat.status, ChatStatus::Pending | ChatStatus::Running | ChatStatus::Interrupting)
}

pub(super) fn definitions() -> [(Action, ToolDefinition); 5] {
    let string = |description: &str| json!({"type": "string", "description": description});
    let integer = |description: &str| json!({"type": "integer", "description": description});
    let define = |action, name: &str, description: &str, properties: Value, required: &[&str]| {
        let mut input_schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            input_schema["required"] = json!(required);
        }
        (action, ToolDefinition { name: name.to_owned(), description: description.to_owned(), input_schema })
    };
    let chat_id = || string("Id that spawn_agent gave.");
    [
        define(
            Action::Spawn,
            "spawn_agent",
            "Starts an agent of its own chat on a task that is clear, independent and self-contained; it runs beside \
             you, with the same workspace, and cannot start agents itself. Types: general (research, analysis, \
             review, implementation), explore (narrow reading of the code at hand, changes nothing). Do quick things \
             yourself. Agents that change the same files get in each other's way. Get the result with wait_agent; \
             leave no agent running unattended.",
            json!({
                "type": string("`general` or `explore`."),
                "prompt": string("The task with all that the agent needs to know: it sees nothing of this chat."),
                "title": string("A few words for lists; made from the prompt if absent."),
            }),
            &["type", "prompt"],
        ),
        define(
            Action::Wait,
            "wait_agent",
            "Waits until an agent's turn ends, and gives its last words. If time runs out the agent works on: wait \
             again, or look at list_agents.",
            json!({"chat_id": chat_id(), "timeout_seconds": integer("Longest wait in seconds; 300 by default.")}),
            &["chat_id"],
        ),
        define(
            Action::Message,
            "message_agent",
            "Sends an agent another message. An idle agent goes on with it; a busy one takes it when it is done, or, \
             with interrupt, as soon as it has stopped.",
            json!({
                "chat_id": chat_id(),
                "message": string("The message."),
                "interrupt": {"type": "boolean", "description": "Stops what the agent is doing."},
            }),
            &["chat_id", "message"],
        ),
        define(
            Action::Interrupt,
            "interrupt_agent",
            "Stops what an agent is doing. It can be resumed with message_agent.",
            json!({"chat_id": chat_id()}),
            &["chat_id"],
        ),
        define(
            Action::List,
            "list_agents",
            "Lists the agents that this chat started, the latest activity first.",
            json!({
                "limit": integer("How many; 10 by default, 50 at most."),
                "offset": integer("How many to pass over."),
            }),
            &[],
        ),
    ]
}
