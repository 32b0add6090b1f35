//! Wire types.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.AIProviderSummary`: ai provider summary.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderSummary {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// `type` on the wire.
    #[serde(rename = "type", default)]
    pub kind: AiProviderType,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Whether it is in use.
    #[serde(default)]
    pub enabled: bool,
    /// `deleted` on the wire.
    #[serde(default)]
    pub deleted: bool,
    /// URL or name of an icon. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}

/// `codersdk.Chat`: chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chat {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// The user who owns it.
    #[serde(default)]
    pub owner_id: Uuid,
    /// `owner_username` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub owner_username: Option<String>,
    /// `owner_name` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub owner_name: Option<String>,
    /// `workspace_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// `build_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<Uuid>,
    /// `agent_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    /// `parent_chat_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<Uuid>,
    /// `root_chat_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_chat_id: Option<Uuid>,
    /// `last_model_config_id` on the wire.
    #[serde(default)]
    pub last_model_config_id: Uuid,
    /// Title as shown to people.
    #[serde(default)]
    pub title: String,
    /// State it is in.
    #[serde(default)]
    pub status: ChatStatus,
    /// `plan_mode` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub plan_mode: Option<ChatPlanMode>,
    /// `last_error` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ChatError>,
    /// `last_turn_summary` on the wire.
    #[serde(default)]
    pub last_turn_summary: Option<String>,
    /// `diff_status` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_status: Option<ChatDiffStatus>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// `archived` on the wire.
    #[serde(default)]
    pub archived: bool,
    /// `shared` on the wire.
    #[serde(default)]
    pub shared: bool,
    /// `pin_order` on the wire.
    #[serde(default)]
    pub pin_order: i32,
    /// `mcp_server_ids` on the wire.
    #[serde(default)]
    pub mcp_server_ids: Nullable<Vec<Uuid>>,
    /// `labels` on the wire.
    #[serde(default)]
    pub labels: Nullable<BTreeMap<String, String>>,
    /// `files` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ChatFileMetadata>,
    /// `has_unread` on the wire.
    #[serde(default)]
    pub has_unread: bool,
    /// `context` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ChatContext>,
    /// `warnings` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// `client_type` on the wire.
    #[serde(default)]
    pub client_type: ChatClientType,
    /// `children` on the wire.
    #[serde(default)]
    pub children: Nullable<Vec<Chat>>,
    /// How much the model was last told to think. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub last_reasoning_effort: Option<String>,
    /// What the chat is about, in a few sentences. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub summary: Option<String>,
    /// Whether the chat waits for a free place among those that run. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub queued_for_capacity: bool,
}

open_enum! {
    /// Values of `codersdk.ChatBusyBehavior`.
    pub enum ChatBusyBehavior {
        /// `queue`
        Queue => "queue",
        /// `interrupt`
        Interrupt => "interrupt",
    }
}

open_enum! {
    /// Values of `codersdk.ChatClientType`.
    pub enum ChatClientType {
        /// `ui`
        Ui => "ui",
        /// `api`
        Api => "api",
    }
}

/// `codersdk.ChatError`: chat error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatError {
    /// `message` on the wire.
    #[serde(default)]
    pub message: String,
    /// `detail` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub detail: Option<String>,
    /// `kind` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub kind: Option<ChatErrorKind>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// `retryable` on the wire.
    #[serde(default)]
    pub retryable: bool,
    /// `status_code` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub status_code: Option<i64>,
}

open_enum! {
    /// Values of `codersdk.ChatErrorKind`.
    pub enum ChatErrorKind {
        /// `generic`
        Generic => "generic",
        /// `overloaded`
        Overloaded => "overloaded",
        /// `rate_limit`
        RateLimit => "rate_limit",
        /// `timeout`
        Timeout => "timeout",
        /// `stream_silence_timeout`
        StreamSilenceTimeout => "stream_silence_timeout",
        /// `auth`
        Auth => "auth",
        /// `config`
        Config => "config",
        /// `usage_limit`
        UsageLimit => "usage_limit",
        /// `missing_key`
        MissingKey => "missing_key",
        /// `provider_disabled`
        ProviderDisabled => "provider_disabled",
    }
}

open_enum! {
    /// Values of `codersdk.ChatListSource`.
    pub enum ChatListSource {
        /// `created_by_me`
        CreatedByMe => "created_by_me",
        /// `shared_with_me`
        SharedWithMe => "shared_with_me",
    }
}

open_enum! {
    /// Values of `codersdk.ChatPlanMode`.
    pub enum ChatPlanMode {
        /// `plan`
        Plan => "plan",
    }
}

open_enum! {
    /// Values of `codersdk.ChatStatus`.
    pub enum ChatStatus {
        /// `waiting`
        Waiting => "waiting",
        /// `pending`
        Pending => "pending",
        /// `running`
        Running => "running",
        /// `paused`
        Paused => "paused",
        /// `completed`
        Completed => "completed",
        /// `error`
        Error => "error",
        /// `requires_action`
        RequiresAction => "requires_action",
        /// `interrupting`
        Interrupting => "interrupting",
    }
}

/// `codersdk.CreateChatRequest`: create chat request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatRequest {
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// `content` on the wire.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// `system_prompt` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub system_prompt: Option<String>,
    /// `workspace_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// `model_config_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// `mcp_server_ids` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp_server_ids: Vec<Uuid>,
    /// `labels` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// `unsafe_dynamic_tools` on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsafe_dynamic_tools: Vec<DynamicToolDefinition>,
    /// `plan_mode` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub plan_mode: Option<ChatPlanMode>,
    /// `client_type` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub client_type: Option<ChatClientType>,
    /// How much the model is to think, such as `low` or `high`. Servers before v2.37 do not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
}

/// Which chats [`list_chats`](crate::ChatsApi::list_chats) gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListChatsOptions {
    /// Search terms, such as `archived:true` or `title:"release notes"`.
    pub query: String,
    /// Whose chats; the same as a term `source:` in `query`, so only one of both may be set.
    pub source: Option<ChatListSource>,
    /// Labels that the chats must have, all of them.
    pub labels: BTreeMap<String, String>,
    /// The last chat of the page before.
    pub after_id: Option<Uuid>,
    /// How many at most.
    pub limit: Option<i64>,
    /// How many to leave out at the front.
    pub offset: Option<i64>,
}

/// `codersdk.ProposeChatTitleResponse`: propose chat title response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposeChatTitleResponse {
    /// Title as shown to people.
    #[serde(default)]
    pub title: String,
}

/// `codersdk.UpdateChatRequest`: update chat request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatRequest {
    /// Title as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `archived` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// `workspace_id` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// `pin_order` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_order: Option<i32>,
    /// `labels` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `plan_mode` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_mode: Option<ChatPlanMode>,
}
