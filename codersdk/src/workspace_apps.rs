//! Apps of workspaces, and what they report.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// An app that a workspace offers, such as an editor in the browser.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceApp {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Where the app listens, as seen by the agent; or for an external app, where it is.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub url: Option<String>,
    /// Whether the URL is opened by the user's browser and not proxied.
    #[serde(default)]
    pub external: bool,
    /// Name within its agent, as it stands in URLs.
    #[serde(default)]
    pub slug: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub display_name: Option<String>,
    /// What a terminal runs, for an app that is a command.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub command: Option<String>,
    /// URL or path of the icon.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub icon: Option<String>,
    /// Whether the app wants a host name of its own.
    #[serde(default)]
    pub subdomain: bool,
    /// The first label of that host name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub subdomain_name: Option<String>,
    /// Who may open it.
    #[serde(default)]
    pub sharing_level: WorkspaceAppSharingLevel,
    /// How its health is found out.
    #[serde(default)]
    pub healthcheck: Healthcheck,
    /// Its health.
    #[serde(default)]
    pub health: WorkspaceAppHealth,
    /// The group under which it is shown.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub group: Option<String>,
    /// Whether it is not shown.
    #[serde(default)]
    pub hidden: bool,
    /// Where it opens.
    #[serde(default)]
    pub open_in: WorkspaceAppOpenIn,
    /// Text in Markdown that is shown beside it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub tooltip: Option<String>,
    /// What it reported last, newest first.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<WorkspaceAppStatus>>"))]
    pub statuses: Vec<WorkspaceAppStatus>,
}

/// How the health of an app is found out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Healthcheck {
    /// The URL that must answer; empty for no check.
    #[serde(default)]
    pub url: String,
    /// Seconds between two checks.
    #[serde(default)]
    pub interval: i32,
    /// How many checks in a row must fail.
    #[serde(default)]
    pub threshold: i32,
}

open_enum! {
    /// Who may open an app.
    pub enum WorkspaceAppSharingLevel {
        /// The workspace's owner.
        Owner => "owner",
        /// Everybody who is logged in.
        Authenticated => "authenticated",
        /// The members of the workspace's organization.
        Organization => "organization",
        /// Everybody.
        Public => "public",
    }
}

open_enum! {
    /// The health of an app.
    pub enum WorkspaceAppHealth {
        /// It is not checked.
        Disabled => "disabled",
        /// It was not checked yet.
        Initializing => "initializing",
        /// The last check succeeded.
        Healthy => "healthy",
        /// Too many checks failed.
        Unhealthy => "unhealthy",
    }
}

open_enum! {
    /// Where an app opens.
    pub enum WorkspaceAppOpenIn {
        /// In a small window.
        SlimWindow => "slim-window",
        /// In a tab of the browser.
        Tab => "tab",
    }
}

/// What an app reported that it is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkspaceAppStatus {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was reported.
    pub created_at: DateTime<Utc>,
    /// The workspace of the app.
    #[serde(default)]
    pub workspace_id: Uuid,
    /// The agent of the app.
    #[serde(default)]
    pub agent_id: Uuid,
    /// The app.
    #[serde(default)]
    pub app_id: Uuid,
    /// What it is doing, in a word.
    #[serde(default)]
    pub state: WorkspaceAppStatusState,
    /// What it is doing, for people.
    #[serde(default)]
    pub message: String,
    /// What it works on, such as the URL of a pull request or of a file.
    #[serde(default)]
    pub uri: String,
    /// Always empty today.
    #[serde(default)]
    pub icon: String,
    /// Always `false` today.
    #[serde(default)]
    pub needs_user_attention: bool,
}

open_enum! {
    /// What an app is doing.
    pub enum WorkspaceAppStatusState {
        /// It works.
        Working => "working",
        /// It waits, for its user mostly.
        Idle => "idle",
        /// It has done what it was asked to.
        Complete => "complete",
        /// It could not do what it was asked to.
        Failure => "failure",
    }
}
