//! Tasks: prompts that workspaces work on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A task: a prompt, and the workspace that works on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Task {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// Whose it is.
    #[serde(default)]
    pub owner_id: Uuid,
    /// The owner's user name.
    #[serde(default)]
    pub owner_name: String,
    /// URL of the owner's picture.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub owner_avatar_url: Option<String>,
    /// Name, unique among those of its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// The template that its workspace is made from.
    #[serde(default)]
    pub template_id: Uuid,
    /// The version of the template.
    #[serde(default)]
    pub template_version_id: Uuid,
    /// The template's name.
    #[serde(default)]
    pub template_name: String,
    /// The template's name as shown to people.
    #[serde(default)]
    pub template_display_name: String,
    /// URL or path of the template's icon.
    #[serde(default)]
    pub template_icon: String,
    /// The workspace that works on it.
    #[serde(default)]
    pub workspace_id: Option<Uuid>,
    /// The workspace's name.
    #[serde(default)]
    pub workspace_name: String,
    /// Where the workspace stands.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub workspace_status: Option<WorkspaceStatus>,
    /// The build whose app shows it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub workspace_build_number: Option<i32>,
    /// The agent of that app.
    #[serde(default)]
    pub workspace_agent_id: Option<Uuid>,
    /// Where the agent is in its life.
    #[serde(default)]
    pub workspace_agent_lifecycle: Option<WorkspaceAgentLifecycle>,
    /// Whether the agent is well.
    #[serde(default)]
    pub workspace_agent_health: Option<WorkspaceAgentHealth>,
    /// The app that shows it.
    #[serde(default)]
    pub workspace_app_id: Option<Uuid>,
    /// The prompt.
    #[serde(default)]
    pub initial_prompt: String,
    /// Where it stands.
    #[serde(default)]
    pub status: TaskStatus,
    /// What is being done.
    #[serde(default)]
    pub current_state: Option<TaskStateEntry>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

open_enum! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// `pending`
        Pending => "pending",
        /// `initializing`
        Initializing => "initializing",
        /// `active`
        Active => "active",
        /// `paused`
        Paused => "paused",
        /// `unknown`
        NotKnown => "unknown",
        /// `error`
        Error => "error",
    }
}

/// What is being done about a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskStateEntry {
    /// Since when.
    pub timestamp: DateTime<Utc>,
    /// In one word.
    #[serde(default)]
    pub state: TaskState,
    /// In words for people.
    #[serde(default)]
    pub message: String,
    /// Where more is to be seen.
    #[serde(default)]
    pub uri: String,
}

open_enum! {
    /// What is being done about a task, in one word.
    pub enum TaskState {
        /// `working`
        Working => "working",
        /// `idle`
        Idle => "idle",
        /// `complete`
        Complete => "complete",
        /// `failed`
        Failed => "failed",
    }
}

/// A list of tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TasksListResponse {
    /// The tasks.
    #[serde(default)]
    pub tasks: Nullable<Vec<Task>>,
    /// How many there are in all.
    #[serde(default)]
    pub count: i64,
}

/// Makes a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateTaskRequest {
    /// The version that its workspace is made from.
    #[serde(default)]
    pub template_version_id: Uuid,
    /// A preset of parameters; nil for none.
    #[serde(default)]
    pub template_version_preset_id: Uuid,
    /// The prompt.
    #[serde(default)]
    pub input: String,
    /// Name, unique among those of its owner; made from the prompt without it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub name: Option<String>,
    /// Name as shown to people; made from the prompt without it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
}

/// What a task has shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskLogsResponse {
    /// Its messages, oldest first.
    #[serde(default)]
    pub logs: Nullable<Vec<TaskLogEntry>>,
    /// Whether they were kept from when it was last there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub snapshot: bool,
    /// When they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_at: Option<DateTime<Utc>>,
}

/// A message of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskLogEntry {
    /// Its number.
    #[serde(default)]
    pub id: i64,
    /// The text.
    #[serde(default)]
    pub content: String,
    /// Whether it was said to the task or by it.
    #[serde(rename = "type", default)]
    pub kind: TaskLogType,
    /// When.
    pub time: DateTime<Utc>,
}

open_enum! {
    /// Whether a message was said to a task or by it.
    pub enum TaskLogType {
        /// `input`
        Input => "input",
        /// `output`
        Output => "output",
    }
}

/// The build that pauses a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PauseTaskResponse {
    /// The build.
    #[serde(default)]
    pub workspace_build: Option<WorkspaceBuild>,
}

/// The build that resumes a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResumeTaskResponse {
    /// The build.
    #[serde(default)]
    pub workspace_build: Option<WorkspaceBuild>,
}

/// Says something to a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskSendRequest {
    /// What to say.
    #[serde(default)]
    pub input: String,
}

/// Changes the prompt of a paused task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateTaskInputRequest {
    /// The new prompt.
    #[serde(default)]
    pub input: String,
}
