//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatUsageLimitConfig`: chat usage limit config.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitConfig {
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
    /// `period` on the wire.
    #[serde(default)]
    pub period: ChatUsageLimitPeriod,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
}

/// `codersdk.ChatUsageLimitConfigResponse`: chat usage limit config response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitConfigResponse {
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
    /// `period` on the wire.
    #[serde(default)]
    pub period: ChatUsageLimitPeriod,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// `unpriced_model_count` on the wire.
    #[serde(default)]
    pub unpriced_model_count: i64,
    /// `overrides` on the wire.
    #[serde(default)]
    pub overrides: Nullable<Vec<ChatUsageLimitOverride>>,
    /// `group_overrides` on the wire.
    #[serde(default)]
    pub group_overrides: Nullable<Vec<ChatUsageLimitGroupOverride>>,
}

/// `codersdk.ChatUsageLimitExceededResponse`: chat usage limit exceeded response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitExceededResponse {
    /// `message` on the wire.
    #[serde(default)]
    pub message: String,
    /// `detail` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub detail: Option<String>,
    /// `validations` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationError>,
    /// `spent_micros` on the wire.
    #[serde(default)]
    pub spent_micros: i64,
    /// `limit_micros` on the wire.
    #[serde(default)]
    pub limit_micros: i64,
    /// `resets_at` on the wire.
    #[serde(default = "zero_time")]
    pub resets_at: DateTime<Utc>,
}

/// `codersdk.ChatUsageLimitGroupOverride`: chat usage limit group override.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitGroupOverride {
    /// `group_id` on the wire.
    #[serde(default)]
    pub group_id: Uuid,
    /// `group_name` on the wire.
    #[serde(default)]
    pub group_name: String,
    /// `group_display_name` on the wire.
    #[serde(default)]
    pub group_display_name: String,
    /// `group_avatar_url` on the wire.
    #[serde(default)]
    pub group_avatar_url: String,
    /// `member_count` on the wire.
    #[serde(default)]
    pub member_count: i64,
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
}

/// `codersdk.ChatUsageLimitOverride`: chat usage limit override.
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
    /// `avatar_url` on the wire.
    #[serde(default)]
    pub avatar_url: String,
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: Option<i64>,
}

open_enum! {
    /// Values of `codersdk.ChatUsageLimitPeriod`.
    pub enum ChatUsageLimitPeriod {
        /// `day`
        Day => "day",
        /// `week`
        Week => "week",
        /// `month`
        Month => "month",
    }
}

/// `codersdk.ChatUsageLimitStatus`: chat usage limit status.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUsageLimitStatus {
    /// `is_limited` on the wire.
    #[serde(default)]
    pub is_limited: bool,
    /// `period` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub period: Option<ChatUsageLimitPeriod>,
    /// `spend_limit_micros` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_limit_micros: Option<i64>,
    /// `current_spend` on the wire.
    #[serde(default)]
    pub current_spend: i64,
    /// `period_start` on the wire.
    #[serde(default = "zero_time")]
    pub period_start: DateTime<Utc>,
    /// `period_end` on the wire.
    #[serde(default = "zero_time")]
    pub period_end: DateTime<Utc>,
}

/// `codersdk.UpsertChatUsageLimitGroupOverrideRequest`: upsert chat usage limit group override request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpsertChatUsageLimitGroupOverrideRequest {
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: i64,
}

/// `codersdk.UpsertChatUsageLimitOverrideRequest`: upsert chat usage limit override request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpsertChatUsageLimitOverrideRequest {
    /// `spend_limit_micros` on the wire.
    #[serde(default)]
    pub spend_limit_micros: i64,
}

/// `codersdk.UpdateChatUsageLimitOverrideRequest`: an older name.
pub type UpdateChatUsageLimitOverrideRequest = UpsertChatUsageLimitOverrideRequest;

/// `codersdk.UpdateChatUsageLimitGroupOverrideRequest`: an older name.
pub type UpdateChatUsageLimitGroupOverrideRequest = UpsertChatUsageLimitGroupOverrideRequest;
