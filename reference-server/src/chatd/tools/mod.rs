//! The tools of a turn: those that the server runs, and those that the client runs.

pub(crate) mod advisor;
pub(crate) mod agents;
mod args;
pub(crate) mod builtin;
pub(crate) mod mcp;
pub(crate) mod skills;
pub(crate) mod templates;
pub(crate) mod workspace;
pub(crate) mod workspace_mcp;

use std::collections::HashSet;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use codersdk::{ChatMessagePartType, DynamicToolDefinition};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::context_limit;
use super::part::{Json, Part};
use crate::clock::SharedClock;
use crate::model::{ToolCall, ToolDefinition};
use workspace::Attachment;

/// A tool that the server runs.
#[async_trait]
pub(crate) trait Tool: Debug + Send + Sync {
    /// The name by which the model calls it.
    fn name(&self) -> &str;

    /// What the model is told of it.
    fn definition(&self) -> ToolDefinition;

    /// The configured MCP server that it is a tool of, if it is.
    fn mcp_server(&self) -> Option<Uuid> {
        None
    }

    /// Runs one call. `input` is what the model wrote, which may be no JSON.
    async fn run(&self, call_id: &str, input: &str) -> ToolResponse;
}

/// A tool that takes what its schema says: other arguments are refused before it is called.
#[async_trait]
pub(crate) trait SchemaTool: Debug + Send + Sync {
    /// What the model is told of it.
    fn definition(&self) -> &ToolDefinition;

    /// Runs one call.
    async fn call(&self, args: &Map<String, Value>) -> ToolResponse;
}

#[async_trait]
impl<T: SchemaTool> Tool for T {
    fn name(&self) -> &str {
        &SchemaTool::definition(self).name
    }

    fn definition(&self) -> ToolDefinition {
        SchemaTool::definition(self).clone()
    }

    async fn run(&self, _: &str, input: &str) -> ToolResponse {
        match args::parse(SchemaTool::definition(self), input) {
            Ok(args) => self.call(&args).await,
            Err(error) => ToolResponse::Error(error),
        }
    }
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ToolResponse {
    /// It worked.
    Text(String),
    /// It worked, and gave a picture or sound.
    Media {
        /// The bytes in base64.
        data: String,
        media_type: String,
    },
    /// It worked, and gives the user a file.
    Attached(String, Attachment),
    /// It failed; the words are for the model.
    Error(String),
    /// It failed, and says more than the words: an object with the field `error`.
    ErrorJson(Value),
}

impl ToolResponse {
    /// A JSON answer.
    pub(crate) fn json(value: &Value) -> Self {
        Self::Text(value.to_string())
    }
}

/// The tools of one turn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolset {
    tools: Vec<Arc<dyn Tool>>,
    /// Tools that the client runs, under the names by which the model knows them.
    dynamic: Vec<DynamicToolDefinition>,
    /// Tools that must be called alone.
    exclusive: HashSet<String>,
    /// Tools whose result ends the turn.
    stop_after: HashSet<String>,
}

impl Toolset {
    /// The server's tools.
    pub(crate) fn new(tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { tools, ..Self::default() }
    }

    /// Adds more of the server's tools.
    #[must_use]
    pub(crate) fn with_tools(mut self, tools: Vec<Arc<dyn Tool>>) -> Self {
        self.tools.extend(tools);
        self
    }

    /// Has the tools that need a workspace work in this one. `plans` is for turns that may write nothing but their plan.
    #[must_use]
    pub(crate) fn in_workspace(
        mut self,
        workspace: &Arc<dyn workspace::Workspace>,
        plans: bool,
        clock: &SharedClock,
    ) -> Self {
        for tool in &mut self.tools {
            if let Some(at_work) = workspace::in_workspace(&**tool, workspace, plans, clock) {
                *tool = at_work;
            }
        }
        self
    }

    /// Lets the tools about templates and the life of workspaces work for a chat.
    #[must_use]
    pub(crate) fn for_chat(mut self, chat: &Arc<templates::ChatTemplates>) -> Self {
        for tool in &mut self.tools {
            if let Some(of_chat) = templates::for_chat(&**tool, chat) {
                *tool = of_chat;
            }
        }
        self
    }

    #[cfg(test)]
    pub(crate) fn named(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.name() == name).cloned()
    }

    /// Adds the tools that the client declared; one of a server tool's name stays the server's.
    #[must_use]
    pub(crate) fn with_dynamic(mut self, declared: Vec<DynamicToolDefinition>) -> Self {
        let taken: HashSet<String> = self.tools.iter().map(|tool| tool.name().to_owned()).collect();
        self.dynamic = declared.into_iter().filter(|tool| !taken.contains(&tool.name)).collect();
        self
    }

    /// Marks tools that must be called alone.
    #[must_use]
    pub(crate) fn with_exclusive(mut self, names: &[&str]) -> Self {
        self.exclusive = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Marks tools whose result ends the turn.
    #[must_use]
    pub(crate) fn with_stop_after(mut self, names: &[&str]) -> Self {
        self.stop_after = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Whether the client runs this tool.
    pub(crate) fn is_dynamic(&self, name: &str) -> bool {
        self.dynamic.iter().any(|tool| tool.name == name)
    }

    /// The configured MCP server that a tool of this name is of, if it is.
    pub(crate) fn mcp_server(&self, name: &str) -> Option<Uuid> {
        self.tools.iter().find(|tool| tool.name() == name)?.mcp_server()
    }

    /// Whether the tool must be called alone.
    pub(crate) fn is_exclusive(&self, name: &str) -> bool {
        self.exclusive.contains(name)
    }

    /// Whether a result of the tool ends the turn.
    pub(crate) fn stops_after(&self, name: &str) -> bool {
        self.stop_after.contains(name)
    }

    /// What the model is told.
    pub(crate) fn definitions(&self) -> Vec<ToolDefinition> {
        let server = self.tools.iter().map(|tool| tool.definition());
        let client = self.dynamic.iter().map(|tool| ToolDefinition {
            name: tool.name.clone(),
            description: tool.description.clone().unwrap_or_default(),
            input_schema: dynamic_schema(tool),
        });
        server.chain(client).collect()
    }

    /// Runs the calls, all at once; the results stand in the order of the calls, behind the files that they give the
    /// user. `context_limit` is in tokens.
    pub(crate) async fn execute(&self, calls: &[ToolCall], context_limit: i64, clock: &SharedClock) -> Vec<Part> {
        let calls: Vec<&ToolCall> = calls.iter().filter(|call| !call.provider_executed).collect();
        let alone = if calls.len() > 1 { calls.iter().find(|call| self.is_exclusive(&call.name)) } else { None };
        if let Some(alone) = alone {
            let now = clock.now();
            let refuse = |call: &&ToolCall| {
                let refusal =
                    ToolResponse::Error(exclusive_refusal(&call.name, &alone.name, self.is_exclusive(&call.name)));
                Part { created_at: Some(now), ..result_part(call, refusal) }
            };
            return calls.iter().map(refuse).collect();
        }
        let budget = context_limit::result_budget(context_limit);
        let run = join_all(calls.into_iter().map(|call| async move {
            let response = AssertUnwindSafe(self.execute_one(call, budget)).catch_unwind().await;
            let response = response.unwrap_or_else(|panic| {
                let text = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default();
                ToolResponse::Error(format!("tool panicked: {text}"))
            });
            let now = Some(clock.now());
            let attached = attached_part(&response).map(|part| Part { created_at: now, ..part });
            let result = result_part(call, response);
            (attached, Part { created_at: now, mcp_server_config_id: self.mcp_server(&call.name), ..result })
        }));
        let (attached, results): (Vec<Option<Part>>, Vec<Part>) = run.await.into_iter().unzip();
        attached.into_iter().flatten().chain(results).collect()
    }

    async fn execute_one(&self, call: &ToolCall, budget: usize) -> ToolResponse {
        let name = current_name(&call.name);
        if let Some(tool) = self.tools.iter().find(|tool| tool.name() == name) {
            return match tool.run(&call.id, &call.input).await {
                ToolResponse::Text(text) => ToolResponse::Text(context_limit::truncate(&text, budget).unwrap_or(text)),
                ToolResponse::Error(text) => {
                    ToolResponse::Error(context_limit::truncate(&text, budget).unwrap_or(text))
                }
                other @ (ToolResponse::ErrorJson(_) | ToolResponse::Attached(..) | ToolResponse::Media { .. }) => other,
            };
        }
        if self.tools.is_empty() && self.dynamic.is_empty() {
            return ToolResponse::Error(format!("Tool not found: {}", call.name));
        }
        ToolResponse::Error(format!("Tool not active in this turn: {}", call.name))
    }
}

/// The name of a tool today: models that see old calls in their history repeat the old name.
fn current_name(name: &str) -> &str {
    if name == "close_agent" { "interrupt_agent" } else { name }
}

/// Why calls beside a tool that must run alone are refused.
fn exclusive_refusal(name: &str, alone: &str, is_exclusive: bool) -> String {
    if is_exclusive {
        format!("{name} must be called alone, without other tools in the same batch. Retry with only the {name} call.")
    } else {
        format!(
            "this tool was skipped because {alone} must run alone in its batch. Retry your tool calls without \
             {alone}, or call {alone} separately first."
        )
    }
}

/// A result as it is stored. Text that is JSON is kept as such; other text is wrapped.
fn result_part(call: &ToolCall, response: ToolResponse) -> Part {
    match response {
        ToolResponse::Text(text) | ToolResponse::Attached(text, _) => {
            Part::tool_result(&call.id, &call.name, wrap_text(&text), false)
        }
        ToolResponse::Media { data, media_type } => {
            let result = Json::of(&json!({"data": data, "mime_type": media_type, "text": ""}));
            Part { is_media: true, ..Part::tool_result(&call.id, &call.name, result, false) }
        }
        ToolResponse::Error(text) => Part::tool_result(&call.id, &call.name, Json::of(&json!({"error": text})), true),
        ToolResponse::ErrorJson(error) => Part::tool_result(&call.id, &call.name, Json::of(&error), true),
    }
}

/// The file that a tool gives the user.
fn attached_part(response: &ToolResponse) -> Option<Part> {
    let ToolResponse::Attached(_, Attachment { file_id, media_type, name }) = response else { return None };
    Some(Part {
        kind: ChatMessagePartType::File,
        file_id: Some(*file_id),
        media_type: media_type.clone(),
        name: name.clone(),
        ..Part::default()
    })
}

/// A tool's text as JSON.
pub(crate) fn wrap_text(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|| Json::of(&json!({"output": text})))
}

/// The schema of a client's tool: only properties and required names of what was declared count.
fn dynamic_schema(tool: &DynamicToolDefinition) -> Value {
    let (properties, required) =
        dynamic_parameters(tool.input_schema.as_ref().map(codersdk::RawJson::to_value).as_ref());
    let mut schema = json!({"type": "object", "properties": properties.unwrap_or_else(|| json!({}))});
    if let Some(required) = required.filter(|names| !names.is_empty()) {
        schema["required"] = json!(required);
    }
    schema
}

/// Properties and required names of a declared schema; neither where either is of the wrong type.
fn dynamic_parameters(schema: Option<&Value>) -> (Option<Value>, Option<Vec<String>>) {
    let Some(Value::Object(schema)) = schema else { return (None, None) };
    let properties = match schema.get("properties") {
        None | Some(Value::Null) => None,
        Some(properties @ Value::Object(_)) => Some(properties.clone()),
        Some(_) => return (None, None),
    };
    let required = match schema.get("required") {
        None | Some(Value::Null) => None,
        Some(Value::Array(names)) => {
            let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            match names {
                Some(names) => Some(names),
                None => return (None, None),
            }
        }
        Some(_) => return (None, None),
    };
    (properties, required)
}

#[cfg(test)]
mod tests;
