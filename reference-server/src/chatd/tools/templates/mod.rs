//! The tools that find templates, and make, start and stop the workspace of a chat.

mod find;
mod life;
mod ranking;
mod readme;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{SchemaTool, Tool, ToolResponse, args};
use crate::http::auth::Actor;
use crate::http::error::ApiError;
use crate::model::ToolDefinition;
use crate::state::AppState;
use crate::store::chats::ChatRow;

/// What the tools of one chat share during a step.
#[derive(Debug)]
pub(crate) struct ChatTemplates {
    state: AppState,
    chat_id: Uuid,
    owner_id: Uuid,
    organization_id: Uuid,
    /// One call at a time makes, starts or stops, so that two of one step do not make two workspaces.
    life: Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    List,
    Read,
    Create,
    Start,
    Stop,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "list_templates" => Self::List,
            "read_template" => Self::Read,
            "create_workspace" => Self::Create,
            "start_workspace" => Self::Start,
            "stop_workspace" => Self::Stop,
            _ => return None,
        })
    }
}

/// One of the tools, for one chat.
#[derive(Debug)]
struct TemplateTool {
    action: Action,
    definition: ToolDefinition,
    chat: Arc<ChatTemplates>,
}

impl ChatTemplates {
    pub(crate) fn new(state: &AppState, chat: &ChatRow) -> Self {
        Self {
            state: state.clone(),
            chat_id: chat.id,
            owner_id: chat.owner_id,
            organization_id: chat.organization_id,
            life: Mutex::default(),
        }
    }

    /// The owner, with all that their roles allow.
    async fn owner(&self) -> Result<Actor, Refusal> {
        let owner = Actor::of_user(&self.state.store, self.owner_id).await.map_err(|error| unreadable(&error))?;
        owner.ok_or_else(|| Refusal::words("load user authorization: sql: no rows in result set"))
    }

    /// Whether the deployment lets chats use a template.
    async fn is_allowed(&self, template: Uuid) -> Result<bool, Refusal> {
        let allowed = self.state.store.allowed_templates().await.map_err(|error| unreadable(&error))?;
        Ok(allowed.is_none_or(|allowed| allowed.contains(&template)))
    }
}

/// The tool for the chat, if it is one of these.
pub(crate) fn for_chat(tool: &dyn Tool, chat: &Arc<ChatTemplates>) -> Option<Arc<dyn Tool>> {
    let action = Action::named(tool.name())?;
    Some(Arc::new(TemplateTool { action, definition: tool.definition(), chat: chat.clone() }))
}

#[async_trait]
impl SchemaTool for TemplateTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, args: &Map<String, Value>) -> ToolResponse {
        let outcome = match self.action {
            Action::List => self.chat.list_templates(args).await,
            Action::Read => self.chat.read_template(args).await,
            Action::Create => self.chat.create_workspace(args).await,
            Action::Start => self.chat.start_workspace().await,
            Action::Stop => self.chat.stop_workspace().await,
        };
        match outcome {
            Ok(told) => ToolResponse::json(&told),
            Err(Refusal::Words(words)) => ToolResponse::Error(words),
            Err(Refusal::Answer(answer)) => ToolResponse::json(&answer),
        }
    }
}

/// Why a tool did not do what it was asked to.
#[derive(Debug)]
enum Refusal {
    /// In words.
    Words(String),
    /// As an object with the field `error` and what else there is to know, which is no failed call.
    Answer(Value),
}

impl Refusal {
    fn words(words: impl Into<String>) -> Self {
        Self::Words(words.into())
    }

    /// What the API would have answered.
    fn of_api(error: &ApiError) -> Self {
        Self::Answer(error_result(error.body()))
    }
}

/// The outcome of a tool.
type Outcome = Result<Value, Refusal>;

fn unreadable(error: &sqlx::Error) -> Refusal {
    tracing::warn!(%error, "what a tool needs cannot be read");
    Refusal::words("an internal error occurred")
}

/// What the model is told of an answer that refuses.
fn error_result(answer: &codersdk::Response) -> Value {
    let message = if answer.message.is_empty() { "request failed" } else { &answer.message };
    let mut told = json!({"error": message});
    if let Some(detail) = answer.detail.as_deref().filter(|detail| !detail.is_empty()) {
        told["detail"] = json!(detail);
    }
    if let Some(validations) = answer.validations.as_deref().filter(|validations| !validations.is_empty()) {
        told["validations"] = json!(validations);
    }
    told
}

/// The template that a call names.
fn template_id(args: &Map<String, Value>, missing: &str) -> Result<Uuid, Refusal> {
    match args::text(args, "template_id") {
        "" => Err(Refusal::words(missing)),
        text => Uuid::parse_str(text).map_err(|error| Refusal::words(format!("invalid template_id: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn refusals_of_the_api_are_told_as_recorded() {
        let mut cases = vectors("chat_tool_helpers.json");
        cases.retain(|case| case.text("rule") == "error_result");
        replay(&cases, |case| {
            let answer: codersdk::Response =
                serde_json::from_value(case.input["response"].clone()).map_err(|error| error.to_string())?;
            same(&error_result(&answer), &case.output)
        });
    }
}
