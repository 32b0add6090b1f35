//! Workspaces.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Workspace {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose it is.
    #[serde(default)]
    pub owner_id: Uuid,
    /// The owner's user name.
    #[serde(default)]
    pub owner_name: String,
    /// URL of the owner's picture.
    #[serde(default)]
    pub owner_avatar_url: String,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// The organization's name.
    #[serde(default)]
    pub organization_name: String,
    /// The template it was made from.
    #[serde(default)]
    pub template_id: Uuid,
    /// The template's name.
    #[serde(default)]
    pub template_name: String,
    /// The template's name as shown to people.
    #[serde(default)]
    pub template_display_name: String,
    /// URL or path of the template's icon.
    #[serde(default)]
    pub template_icon: String,
    /// Whether users may cancel its builds.
    #[serde(default)]
    pub template_allow_user_cancel_workspace_jobs: bool,
    /// The version that new builds of the template use.
    #[serde(default)]
    pub template_active_version_id: Uuid,
    /// Whether builds must use that version.
    #[serde(default)]
    pub template_require_active_version: bool,
    /// Whether parameters are asked for in the old way.
    #[serde(default)]
    pub template_use_classic_parameter_flow: bool,
    /// Its last build.
    #[serde(default)]
    pub latest_build: WorkspaceBuild,
    /// What one of its apps reported last.
    #[serde(default)]
    pub latest_app_status: Option<WorkspaceAppStatus>,
    /// Whether its last build is of another version than the active one.
    #[serde(default)]
    pub outdated: bool,
    /// Name, unique among those of its owner.
    #[serde(default)]
    pub name: String,
    /// When it starts by itself, in the form of cron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autostart_schedule: Option<String>,
    /// How long a start lasts, in milliseconds; for ever without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
    /// When somebody last used it.
    pub last_used_at: DateTime<Utc>,
    /// When it is to be deleted for having been dormant.
    #[serde(default)]
    pub deleting_at: Option<DateTime<Utc>>,
    /// Since when it is dormant.
    #[serde(default)]
    pub dormant_at: Option<DateTime<Utc>>,
    /// Whether its agents are well.
    #[serde(default)]
    pub health: WorkspaceHealth,
    /// Whether a start brings it to the active version.
    #[serde(default)]
    pub automatic_updates: AutomaticUpdates,
    /// Whether it can be renamed.
    #[serde(default)]
    pub allow_renames: bool,
    /// Whether its owner has marked it.
    #[serde(default)]
    pub favorite: bool,
    /// When it starts by itself next.
    #[serde(default)]
    pub next_start_at: Option<DateTime<Utc>>,
    /// Whether it was built ahead of time and nobody has claimed it.
    #[serde(default)]
    pub is_prebuild: bool,
    /// The task that it was made for.
    #[serde(default)]
    pub task_id: Option<Uuid>,
    /// With whom it is shared.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub shared_with: Vec<SharedWorkspaceActor>,
}

/// Whether the agents of a workspace are well.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceHealth {
    /// Whether all are.
    #[serde(default)]
    pub healthy: bool,
    /// Those that are not.
    #[serde(default)]
    pub failing_agents: Nullable<Vec<Uuid>>,
}

/// Somebody with whom a workspace is shared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SharedWorkspaceActor {
    /// The user or group.
    #[serde(default)]
    pub id: Uuid,
    /// Whether it is a user or a group.
    #[serde(default)]
    pub actor_type: SharedWorkspaceActorType,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// URL of the picture.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub avatar_url: Option<String>,
    /// What they may do.
    #[serde(default)]
    pub roles: Nullable<Vec<WorkspaceRole>>,
}

open_enum! {
    /// Who a workspace is shared with.
    pub enum SharedWorkspaceActorType {
        /// `group`
        Group => "group",
        /// `user`
        User => "user",
    }
}

open_enum! {
    /// What somebody may do with a shared workspace.
    pub enum WorkspaceRole {
        /// `admin`
        Admin => "admin",
        /// `use`
        Use => "use",
        /// None.
        None => "",
    }
}

/// A page of workspaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspacesResponse {
    /// The workspaces of this page.
    #[serde(default)]
    pub workspaces: Nullable<Vec<Workspace>>,
    /// How many there are in all.
    #[serde(default)]
    pub count: i64,
}

/// Makes a workspace, from a template or from one version of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateWorkspaceRequest {
    /// The template; nil if a version is named.
    #[serde(default)]
    pub template_id: Uuid,
    /// The version; nil if a template is named.
    #[serde(default)]
    pub template_version_id: Uuid,
    /// Name, unique among those of its owner.
    #[serde(default)]
    pub name: String,
    /// When it starts by itself, in the form of cron.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autostart_schedule: Option<String>,
    /// How long a start lasts, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<i64>,
    /// Values of the template's parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub rich_parameter_values: Vec<WorkspaceBuildParameter>,
    /// Whether a start brings it to the active version.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub automatic_updates: Option<AutomaticUpdates>,
    /// A preset of parameters; nil for none.
    #[serde(default)]
    pub template_version_preset_id: Uuid,
}

/// The value of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceBuildParameter {
    /// Name of the parameter.
    #[serde(default)]
    pub name: String,
    /// The value.
    #[serde(default)]
    pub value: String,
}

/// Renames a workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceRequest {
    /// The new name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub name: Option<String>,
}

/// Lets a workspace sleep or wakes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceDormancy {
    /// Whether it is to be dormant.
    #[serde(default)]
    pub dormant: bool,
}

/// Moves the time at which a workspace is stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PutExtendWorkspaceRequest {
    /// The new time, at least 30 minutes ahead.
    pub deadline: DateTime<Utc>,
}

/// Sets how long a start lasts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceTtlRequest {
    /// In milliseconds; for ever without it.
    #[serde(default)]
    pub ttl_ms: Option<i64>,
}

/// Sets when a workspace starts by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceAutostartRequest {
    /// In the form of cron; never without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
}

/// Sets whether a start brings a workspace to the active version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateWorkspaceAutomaticUpdatesRequest {
    /// Whether it does.
    #[serde(default)]
    pub automatic_updates: AutomaticUpdates,
}

open_enum! {
    /// Whether a start brings a workspace to the active version.
    pub enum AutomaticUpdates {
        /// `always`
        Always => "always",
        /// `never`
        Never => "never",
    }
}
