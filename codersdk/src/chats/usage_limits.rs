//! Spend limits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// The deployment's spend limit: `codersdk.ChatUsageLimitConfig`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitConfig {
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
    /// How long a period is.
    #[serde(default)]
    pub period: ChatUsageLimitPeriod,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
}

/// All spend limits: `codersdk.ChatUsageLimitConfigResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitConfigResponse {
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
    /// How long a period is.
    #[serde(default)]
    pub period: ChatUsageLimitPeriod,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// How many models have no price, and so count for nothing.
    #[serde(default)]
    pub unpriced_model_count: i64,
    /// Limits of single users.
    #[serde(default)]
    pub overrides: Nullable<Vec<ChatUsageLimitOverride>>,
    /// Limits of groups.
    #[serde(default)]
    pub group_overrides: Nullable<Vec<ChatUsageLimitGroupOverride>>,
}

/// The answer when a spend limit is reached: `codersdk.ChatUsageLimitExceededResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitExceededResponse {
    /// What the user is told.
    #[serde(default)]
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub detail: Option<String>,
    /// What is wrong with single fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationError>,
    /// What was spent in the period, in millionths of a US dollar.
    #[serde(default)]
    pub spent_micros: i64,
    /// The limit, in millionths of a US dollar.
    #[serde(default)]
    pub limit_micros: i64,
    /// When the next period begins.
    #[serde(default = "zero_time")]
    pub resets_at: DateTime<Utc>,
}

/// A group's spend limit: `codersdk.ChatUsageLimitGroupOverride`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitGroupOverride {
    /// The group.
    #[serde(default)]
    pub group_id: Uuid,
    /// Name of the group.
    #[serde(default)]
    pub group_name: String,
    /// Name of the group, as shown to people.
    #[serde(default)]
    pub group_display_name: String,
    /// URL of the group's picture.
    #[serde(default)]
    pub group_avatar_url: String,
    /// How many members it has.
    #[serde(default)]
    pub member_count: i64,
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
}

/// A user's spend limit: `codersdk.ChatUsageLimitOverride`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitOverride {
    /// The user concerned.
    #[serde(default)]
    pub user_id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// URL of the picture.
    #[serde(default)]
    pub avatar_url: String,
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
}

open_enum! {
    /// Periods of spend limits: `codersdk.ChatUsageLimitPeriod`.
    pub enum ChatUsageLimitPeriod {
        /// A day.
        Day => "day",
        /// A week, from Monday.
        Week => "week",
        /// A month.
        Month => "month",
    }
}

/// The caller's spend limit, and what is spent of it: `codersdk.ChatUsageLimitStatus`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitStatus {
    /// Whether there is a limit.
    #[serde(default)]
    pub is_limited: bool,
    /// How long a period is.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub period: Option<ChatUsageLimitPeriod>,
    /// The limit, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_limit_micros: Option<i64>,
    /// What was spent in the period, in millionths of a US dollar.
    #[serde(default)]
    pub current_spend: i64,
    /// When the period began.
    #[serde(default = "zero_time")]
    pub period_start: DateTime<Utc>,
    /// When it ends.
    #[serde(default = "zero_time")]
    pub period_end: DateTime<Utc>,
}

/// A spend limit for a group: `codersdk.UpsertChatUsageLimitGroupOverrideRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpsertChatUsageLimitGroupOverrideRequest {
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: i64,
}

/// A spend limit for a user: `codersdk.UpsertChatUsageLimitOverrideRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpsertChatUsageLimitOverrideRequest {
    /// What may be spent in a period, in millionths of a US dollar; none sets no limit.
    #[serde(default)]
    pub spend_limit_micros: i64,
}

/// `codersdk.UpdateChatUsageLimitOverrideRequest`: an older name.
pub type UpdateChatUsageLimitOverrideRequest = UpsertChatUsageLimitOverrideRequest;

/// `codersdk.UpdateChatUsageLimitGroupOverrideRequest`: an older name.
pub type UpdateChatUsageLimitGroupOverrideRequest = UpsertChatUsageLimitGroupOverrideRequest;
