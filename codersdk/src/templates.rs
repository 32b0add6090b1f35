//! Templates and their versions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// What workspaces are made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Template {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// The organization's name.
    #[serde(default)]
    pub organization_name: String,
    /// The organization's name as shown to people.
    #[serde(default)]
    pub organization_display_name: String,
    /// URL or path of the organization's icon.
    #[serde(default)]
    pub organization_icon: String,
    /// Name, unique within the organization.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// What builds.
    #[serde(default)]
    pub provisioner: ProvisionerType,
    /// The version that new builds use.
    #[serde(default)]
    pub active_version_id: Uuid,
    /// How many use it; -1 while that is being counted.
    #[serde(default)]
    pub active_user_count: i64,
    /// How long builds take.
    #[serde(default)]
    pub build_time_stats: TemplateBuildTimeStats,
    /// Text that explains it to people.
    #[serde(default)]
    pub description: String,
    /// Whether it is not to be used any more.
    #[serde(default)]
    pub deprecated: bool,
    /// Why.
    #[serde(default)]
    pub deprecation_message: String,
    /// Whether it was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
    /// How long starts last, in milliseconds, unless a workspace says otherwise; 0 for ever.
    #[serde(default)]
    pub default_ttl_ms: i64,
    /// By how much use prolongs a start, in milliseconds.
    #[serde(default)]
    pub activity_bump_ms: i64,
    /// How long before a stop the owner is told, in milliseconds; 0 for not at all.
    #[serde(default)]
    pub time_til_autostop_notify_ms: i64,
    /// When workspaces must be stopped.
    #[serde(default)]
    pub autostop_requirement: TemplateAutostopRequirement,
    /// When workspaces may start by themselves.
    #[serde(default)]
    pub autostart_requirement: TemplateAutostartRequirement,
    /// Who made it.
    #[serde(default)]
    pub created_by_id: Uuid,
    /// User name of who made it.
    #[serde(default)]
    pub created_by_name: String,
    /// Whether users may set when their workspaces start.
    #[serde(default)]
    pub allow_user_autostart: bool,
    /// Whether users may set how long a start lasts.
    #[serde(default)]
    pub allow_user_autostop: bool,
    /// Whether users may cancel builds.
    #[serde(default)]
    pub allow_user_cancel_workspace_jobs: bool,
    /// After how long a failed workspace is stopped, in milliseconds; 0 for never.
    #[serde(default)]
    pub failure_ttl_ms: i64,
    /// After how long without use a workspace is dormant, in milliseconds; 0 for never.
    #[serde(default)]
    pub time_til_dormant_ms: i64,
    /// After how long a dormant workspace is deleted, in milliseconds; 0 for never.
    #[serde(default)]
    pub time_til_dormant_autodelete_ms: i64,
    /// Whether builds must use the active version.
    #[serde(default)]
    pub require_active_version: bool,
    /// With whom ports may be shared at most.
    #[serde(default)]
    pub max_port_share_level: WorkspaceAgentPortShareLevel,
    /// How apps answer other origins.
    #[serde(default)]
    pub cors_behavior: CorsBehavior,
    /// Whether parameters are asked for in the old way.
    #[serde(default)]
    pub use_classic_parameter_flow: bool,
    /// Whether modules are fetched anew for every build.
    #[serde(default)]
    pub disable_module_cache: bool,
}

open_enum! {
    /// What builds.
    pub enum ProvisionerType {
        /// `echo`
        Echo => "echo",
        /// `terraform`
        Terraform => "terraform",
    }
}

/// How long builds take, by what they do to a workspace.
pub type TemplateBuildTimeStats = Nullable<BTreeMap<WorkspaceTransition, TransitionStats>>;

/// How long builds take, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TransitionStats {
    /// Half of them take less.
    #[serde(rename = "P50", default)]
    pub p50: Option<i64>,
    /// Nineteen of twenty take less.
    #[serde(rename = "P95", default)]
    pub p95: Option<i64>,
}

/// When workspaces must be stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TemplateAutostopRequirement {
    /// On which days, in small letters.
    #[serde(default)]
    pub days_of_week: Nullable<Vec<String>>,
    /// In every how manieth week.
    #[serde(default)]
    pub weeks: i64,
}

/// When workspaces may start by themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TemplateAutostartRequirement {
    /// On which days, in small letters.
    #[serde(default)]
    pub days_of_week: Nullable<Vec<String>>,
}

/// The days of the week in the order in which servers count them.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A word that is no day of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidWeekday(pub String);

impl std::fmt::Display for InvalidWeekday {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid weekday {}", crate::quote::quoted(&self.0))
    }
}

impl std::error::Error for InvalidWeekday {}

/// Days of the week, in any case, as bits: Monday is the lowest.
///
/// ```
/// assert_eq!(codersdk::weekdays_to_bitmap(["Sunday", "MONDAY"]), Ok(0b100_0001));
/// assert!(codersdk::weekdays_to_bitmap(["mon"]).is_err());
/// ```
///
/// # Errors
/// The first word that is no day of the week in full.
pub fn weekdays_to_bitmap<D: AsRef<str>>(days: impl IntoIterator<Item = D>) -> Result<u8, InvalidWeekday> {
    days.into_iter().try_fold(0, |bitmap, day| {
        let lower = day.as_ref().to_lowercase();
        match WEEKDAYS.iter().position(|known| *known == lower) {
            Some(at) => Ok(bitmap | 1 << at),
            None => Err(InvalidWeekday(day.as_ref().to_owned())),
        }
    })
}

/// The days of the week whose bits are set, in small letters; the highest bit means nothing.
///
/// ```
/// assert_eq!(codersdk::bitmap_to_weekdays(0b100_0001), ["monday", "sunday"]);
/// ```
pub fn bitmap_to_weekdays(bitmap: u8) -> Vec<&'static str> {
    (0..).zip(WEEKDAYS).filter(|(at, _)| bitmap & 1 << at != 0).map(|(_, day)| day).collect()
}

open_enum! {
    /// With whom a port is shared.
    pub enum WorkspaceAgentPortShareLevel {
        /// `owner`
        Owner => "owner",
        /// `authenticated`
        Authenticated => "authenticated",
        /// `organization`
        Organization => "organization",
        /// `public`
        Public => "public",
    }
}

open_enum! {
    /// How apps answer other origins.
    pub enum CorsBehavior {
        /// `simple`
        Simple => "simple",
        /// `passthru`
        Passthru => "passthru",
    }
}

/// A version of a template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TemplateVersion {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The template; none until one is made of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<Uuid>,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Text for people.
    #[serde(default)]
    pub message: String,
    /// The job that imports it.
    #[serde(default)]
    pub job: ProvisionerJob,
    /// Text in Markdown that explains it.
    #[serde(default)]
    pub readme: String,
    /// Who made it.
    #[serde(default)]
    pub created_by: MinimalUser,
    /// Whether it is put away.
    #[serde(default)]
    pub archived: bool,
    /// What is to be known about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub warnings: Vec<TemplateVersionWarning>,
    /// How many provisioners could do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched_provisioners: Option<MatchedProvisioners>,
    /// Whether its agent runs where Coder does not.
    #[serde(default)]
    pub has_external_agent: bool,
}

open_enum! {
    /// What is to be known about a version.
    pub enum TemplateVersionWarning {
        /// `UNSUPPORTED_WORKSPACES`
        UnsupportedWorkspaces => "UNSUPPORTED_WORKSPACES",
    }
}

/// A user in few words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MinimalUser {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Login name.
    #[serde(default)]
    pub username: String,
    /// Full name; may be empty.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub name: Option<String>,
    /// URL of the picture.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub avatar_url: Option<String>,
}
