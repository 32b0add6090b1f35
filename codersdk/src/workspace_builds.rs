//! Builds of workspaces, and what they make.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A build of a workspace: a start, a stop or the deletion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceBuild {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The workspace it belongs to.
    #[serde(default)]
    pub workspace_id: Uuid,
    /// The workspace's name.
    #[serde(default)]
    pub workspace_name: String,
    /// Whose workspace it is.
    #[serde(default)]
    pub workspace_owner_id: Uuid,
    /// The owner's user name.
    #[serde(default)]
    pub workspace_owner_name: String,
    /// URL of the owner's picture.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub workspace_owner_avatar_url: Option<String>,
    /// The version of the template.
    #[serde(default)]
    pub template_version_id: Uuid,
    /// The version's name.
    #[serde(default)]
    pub template_version_name: String,
    /// Counts the builds of a workspace, from 1.
    #[serde(default)]
    pub build_number: i32,
    /// What is done to the workspace.
    #[serde(default)]
    pub transition: WorkspaceTransition,
    /// Who asked for it.
    #[serde(default)]
    pub initiator_id: Uuid,
    /// User name of who asked for it.
    #[serde(default)]
    pub initiator_name: String,
    /// The job that builds.
    #[serde(default)]
    pub job: ProvisionerJob,
    /// Why it was asked for.
    #[serde(default)]
    pub reason: BuildReason,
    /// What it made.
    #[serde(default)]
    pub resources: Nullable<Vec<WorkspaceResource>>,
    /// When the workspace is stopped; never if absent.
    #[serde(default)]
    pub deadline: Option<DateTime<Utc>>,
    /// Beyond which the time cannot be moved.
    #[serde(default)]
    pub max_deadline: Option<DateTime<Utc>>,
    /// Where the workspace stands by this build.
    #[serde(default)]
    pub status: WorkspaceStatus,
    /// What it costs a day, in the units of quotas.
    #[serde(default)]
    pub daily_cost: i32,
    /// How many provisioners could do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_provisioners: Option<MatchedProvisioners>,
    /// The preset of parameters that was chosen.
    #[serde(default)]
    pub template_version_preset_id: Option<Uuid>,
    /// Whether it is made for tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_ai_task: Option<bool>,
    /// Whether its agent runs where Coder does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_external_agent: Option<bool>,
}

open_enum! {
    /// What a build does to a workspace.
    pub enum WorkspaceTransition {
        /// `start`
        Start => "start",
        /// `stop`
        Stop => "stop",
        /// `delete`
        Delete => "delete",
    }
}

open_enum! {
    /// Why a build was asked for.
    pub enum BuildReason {
        /// `initiator`
        Initiator => "initiator",
        /// `autostart`
        Autostart => "autostart",
        /// `autostop`
        Autostop => "autostop",
        /// `dormancy`
        Dormancy => "dormancy",
        /// `dashboard`
        Dashboard => "dashboard",
        /// `cli`
        Cli => "cli",
        /// `ssh_connection`
        SshConnection => "ssh_connection",
        /// `vscode_connection`
        VscodeConnection => "vscode_connection",
        /// `jetbrains_connection`
        JetbrainsConnection => "jetbrains_connection",
        /// `task_auto_pause`
        TaskAutoPause => "task_auto_pause",
        /// `task_manual_pause`
        TaskManualPause => "task_manual_pause",
        /// `task_resume`
        TaskResume => "task_resume",
    }
}

open_enum! {
    /// Where a workspace stands.
    pub enum WorkspaceStatus {
        /// `pending`
        Pending => "pending",
        /// `starting`
        Starting => "starting",
        /// `running`
        Running => "running",
        /// `stopping`
        Stopping => "stopping",
        /// `stopped`
        Stopped => "stopped",
        /// `failed`
        Failed => "failed",
        /// `canceling`
        Canceling => "canceling",
        /// `canceled`
        Canceled => "canceled",
        /// `deleting`
        Deleting => "deleting",
        /// `deleted`
        Deleted => "deleted",
    }
}

/// A thing that a build made, such as a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceResource {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The job that made it.
    #[serde(default)]
    pub job_id: Uuid,
    /// What was done to the workspace.
    #[serde(default)]
    pub workspace_transition: WorkspaceTransition,
    /// Its kind, as the provisioner names it.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Name, unique within its kind.
    #[serde(default)]
    pub name: String,
    /// Whether it is not shown.
    #[serde(default)]
    pub hide: bool,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
    /// The agents that run in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub agents: Vec<WorkspaceAgent>,
    /// What is shown about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub metadata: Vec<WorkspaceResourceMetadata>,
    /// What it costs a day, in the units of quotas.
    #[serde(default)]
    pub daily_cost: i32,
}

/// A value that is shown about a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceResourceMetadata {
    /// Its name.
    #[serde(default)]
    pub key: String,
    /// The value; empty if secret.
    #[serde(default)]
    pub value: String,
    /// Whether it is a secret.
    #[serde(default)]
    pub sensitive: bool,
}

/// Asks for a build.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateWorkspaceBuildRequest {
    /// The version; nil for that of the last build, or the active one.
    #[serde(default)]
    pub template_version_id: Uuid,
    /// What to do.
    #[serde(default)]
    pub transition: WorkspaceTransition,
    /// Whether nothing is to be done.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
    /// The provisioner's state, in base64; for managers of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When deleting: leave what the workspace consists of alone.
    #[serde(default, skip_serializing_if = "is_false")]
    pub orphan: bool,
    /// Values of the template's parameters; others stay as they were.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub rich_parameter_values: Vec<WorkspaceBuildParameter>,
    /// How much the provisioner is to log.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub log_level: Option<ProvisionerLogLevel>,
    /// A preset of parameters; nil for none.
    #[serde(default)]
    pub template_version_preset_id: Uuid,
    /// Why.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub reason: Option<CreateWorkspaceBuildReason>,
}

open_enum! {
    /// Why a build is asked for.
    pub enum CreateWorkspaceBuildReason {
        /// `dashboard`
        Dashboard => "dashboard",
        /// `cli`
        Cli => "cli",
        /// `ssh_connection`
        SshConnection => "ssh_connection",
        /// `vscode_connection`
        VscodeConnection => "vscode_connection",
        /// `jetbrains_connection`
        JetbrainsConnection => "jetbrains_connection",
        /// `task_manual_pause`
        TaskManualPause => "task_manual_pause",
        /// `task_resume`
        TaskResume => "task_resume",
    }
}

open_enum! {
    /// How much a provisioner logs.
    pub enum ProvisionerLogLevel {
        /// `debug`
        Debug => "debug",
    }
}
