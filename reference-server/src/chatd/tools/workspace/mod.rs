//! Tools that work in the chat's workspace, through its agent.

mod files;
mod plan_path;
mod processes;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use workspacesdk::AgentConn;

use super::{SchemaTool, Tool, ToolResponse};
use crate::clock::SharedClock;
use crate::model::ToolDefinition;

/// Words for the model.
type Refusal = String;

/// What a chat's tools need of its workspace.
#[async_trait]
pub(crate) trait Workspace: Debug + Send + Sync {
    /// A connection to the workspace's agent, on behalf of the chat.
    ///
    /// # Errors
    /// What the model is told where there is no workspace, or no agent that can be reached.
    async fn conn(&self) -> Result<Arc<dyn AgentConn>, Refusal>;

    /// The file that the chat's plan is kept in.
    ///
    /// # Errors
    /// As for a connection.
    async fn plan_path(&self) -> Result<PlanFile, Refusal>;

    /// Keeps a file for the chat, under a name; the media type goes by the content and by the other name.
    ///
    /// # Errors
    /// What the model is told where the file cannot be kept.
    async fn store_file(&self, name: &str, detect_name: &str, data: Vec<u8>) -> Result<Attachment, Refusal>;
}

/// Where a chat's plan is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanFile {
    /// Its absolute path.
    pub(crate) path: String,
    /// The home directory of the workspace.
    pub(crate) home: String,
}

impl PlanFile {
    /// The plan of a chat whose workspace has this home directory.
    pub(crate) fn of_chat(home: String, chat: Uuid) -> Self {
        Self { path: plan_path::of_chat(&home, chat), home }
    }
}

/// A file that was kept for a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Attachment {
    pub(crate) file_id: Uuid,
    pub(crate) media_type: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    ReadFile,
    WriteFile,
    EditFiles,
    AttachFile,
    Execute,
    ProcessOutput,
    ProcessList,
    ProcessSignal,
    ProposePlan,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "read_file" => Self::ReadFile,
            "write_file" => Self::WriteFile,
            "edit_files" => Self::EditFiles,
            "attach_file" => Self::AttachFile,
            "execute" => Self::Execute,
            "process_output" => Self::ProcessOutput,
            "process_list" => Self::ProcessList,
            "process_signal" => Self::ProcessSignal,
            "propose_plan" => Self::ProposePlan,
            _ => return None,
        })
    }
}

/// One of the tools, in one workspace.
#[derive(Debug)]
struct WorkspaceTool {
    action: Action,
    definition: ToolDefinition,
    workspace: Arc<dyn Workspace>,
    plans: bool,
    clock: SharedClock,
}

/// The tool in the chat's workspace, if it is one that works there. `plans` is for turns that may write nothing but
/// their plan.
pub(crate) fn in_workspace(
    tool: &dyn Tool,
    workspace: &Arc<dyn Workspace>,
    plans: bool,
    clock: &SharedClock,
) -> Option<Arc<dyn Tool>> {
    let action = Action::named(tool.name())?;
    let (definition, workspace, clock) = (tool.definition(), workspace.clone(), clock.clone());
    Some(Arc::new(WorkspaceTool { action, definition, workspace, plans, clock }))
}

#[async_trait]
impl SchemaTool for WorkspaceTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, args: &Map<String, Value>) -> ToolResponse {
        let outcome = match self.action {
            Action::ReadFile => self.read_file(args).await,
            Action::WriteFile => self.write_file(args).await,
            Action::EditFiles => self.edit_files(args).await,
            Action::AttachFile => self.attach_file(args).await,
            Action::Execute => self.execute(args).await,
            Action::ProcessOutput => self.process_output(args).await,
            Action::ProcessList => self.process_list().await,
            Action::ProcessSignal => self.process_signal(args).await,
            Action::ProposePlan => self.propose_plan(args).await,
        };
        outcome.unwrap_or_else(ToolResponse::Error)
    }
}

/// The outcome of a tool; an error is for the model.
type Outcome = Result<ToolResponse, Refusal>;

/// A text argument as it was given; empty where it is missing.
fn given<'a>(args: &'a Map<String, Value>, name: &str) -> &'a str {
    args.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A text argument that may be missing.
fn optional<'a>(args: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    args.get(name).and_then(Value::as_str)
}
