//! What provisioners do.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// Work of a provisioner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionerJob {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// When somebody wanted it to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canceled_at: Option<DateTime<Utc>>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
    /// Why it failed, for programs.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error_code: Option<JobErrorCode>,
    /// Where it stands.
    #[serde(default)]
    pub status: ProvisionerJobStatus,
    /// The provisioner that took it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Uuid>,
    /// That provisioner's name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub worker_name: Option<String>,
    /// The file that it works from.
    #[serde(default)]
    pub file_id: Uuid,
    /// What a provisioner must have to take it up.
    #[serde(default)]
    pub tags: Nullable<BTreeMap<String, String>>,
    /// Its place in the queue.
    #[serde(default)]
    pub queue_position: i64,
    /// How many wait.
    #[serde(default)]
    pub queue_size: i64,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// Who asked for it.
    #[serde(default)]
    pub initiator_id: Uuid,
    /// What it is about.
    #[serde(default)]
    pub input: ProvisionerJobInput,
    /// Its kind.
    #[serde(rename = "type", default)]
    pub kind: ProvisionerJobType,
    /// The provisioners that could take it up.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub available_workers: Vec<Uuid>,
    /// What it is about, by name.
    #[serde(default)]
    pub metadata: ProvisionerJobMetadata,
    /// Whether it logged more than is kept.
    #[serde(default)]
    pub logs_overflowed: bool,
}

open_enum! {
    /// Where a job stands.
    pub enum ProvisionerJobStatus {
        /// `pending`
        Pending => "pending",
        /// `running`
        Running => "running",
        /// `succeeded`
        Succeeded => "succeeded",
        /// `canceling`
        Canceling => "canceling",
        /// `canceled`
        Canceled => "canceled",
        /// `failed`
        Failed => "failed",
        /// `unknown`
        NotKnown => "unknown",
    }
}

open_enum! {
    /// The kind of a job.
    pub enum ProvisionerJobType {
        /// `template_version_import`
        TemplateVersionImport => "template_version_import",
        /// `workspace_build`
        WorkspaceBuild => "workspace_build",
        /// `template_version_dry_run`
        TemplateVersionDryRun => "template_version_dry_run",
    }
}

open_enum! {
    /// Why a job failed.
    pub enum JobErrorCode {
        /// `REQUIRED_TEMPLATE_VARIABLES`
        RequiredTemplateVariables => "REQUIRED_TEMPLATE_VARIABLES",
        /// `INSUFFICIENT_QUOTA`
        InsufficientQuota => "INSUFFICIENT_QUOTA",
    }
}

/// What a job is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionerJobInput {
    /// The version that is imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version_id: Option<Uuid>,
    /// The build that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_build_id: Option<Uuid>,
    /// Why that could not be read.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub error: Option<String>,
}

/// What a job is about, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionerJobMetadata {
    /// The version's name.
    #[serde(default)]
    pub template_version_name: String,
    /// The template concerned.
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
    /// The workspace that is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// The workspace's name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub workspace_name: Option<String>,
    /// What is done to it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub workspace_build_transition: Option<WorkspaceTransition>,
}

/// A log line of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProvisionerJobLog {
    /// Its number: lines come in the order of their numbers.
    #[serde(default)]
    pub id: i64,
    /// When it was created, in the server's zone.
    pub created_at: DateTime<FixedOffset>,
    /// Who wrote it.
    #[serde(default)]
    pub log_source: LogSource,
    /// How grave it is.
    #[serde(default)]
    pub log_level: LogLevel,
    /// The part of the job.
    #[serde(default)]
    pub stage: String,
    /// The line.
    #[serde(default)]
    pub output: String,
}

impl ProvisionerJobLog {
    /// The line as text for people, as the log endpoints give it with `format=text`. What it says is not escaped.
    ///
    /// ```
    /// let log: codersdk::ProvisionerJobLog = serde_json::from_str(
    ///     r#"{"id":1,"created_at":"2026-06-27T19:08:09.5Z","log_source":"provisioner","log_level":"info",
    ///         "stage":"Planning","output":"hello"}"#,
    /// )
    /// .unwrap();
    /// assert_eq!(log.text(), "2026-06-27T19:08:09Z [info] [provisioner|Planning] hello");
    /// ```
    pub fn text(&self) -> String {
        let time = self.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let bar = if self.stage.is_empty() { "" } else { "|" };
        format!("{time} [{}] [provisioner{bar}{}] {}", self.log_level, self.stage, self.output)
    }
}

open_enum! {
    /// Who writes the log lines of a job.
    pub enum LogSource {
        /// `provisioner_daemon`
        ProvisionerDaemon => "provisioner_daemon",
        /// `provisioner`
        Provisioner => "provisioner",
    }
}

/// How many provisioners can take up a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MatchedProvisioners {
    /// How many there are.
    #[serde(default)]
    pub count: i64,
    /// How many of them live.
    #[serde(default)]
    pub available: i64,
    /// When one of them was last seen.
    #[serde(default)]
    pub most_recently_seen: Option<DateTime<Utc>>,
}
