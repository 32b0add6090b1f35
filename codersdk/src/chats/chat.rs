//! Chats, and what creates and changes them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// A provider, as far as users may know it: `codersdk.AIProviderSummary`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AiProviderSummary {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Type of the provider.
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
    /// Whether it was deleted.
    #[serde(default)]
    pub deleted: bool,
    /// URL or name of an icon. Servers before v2.37 do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub icon: Option<String>,
}

/// A chat with an AI agent: `codersdk.Chat`.
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
    /// The owner's user name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub owner_username: Option<String>,
    /// The owner's full name.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub owner_name: Option<String>,
    /// The workspace that the chat works in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// The build of that workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_id: Option<Uuid>,
    /// The agent of that workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<Uuid>,
    /// The chat that started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_chat_id: Option<Uuid>,
    /// The chat at the root of the family; its own id for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_chat_id: Option<Uuid>,
    /// The configured model that was used last.
    #[serde(default)]
    pub last_model_config_id: Uuid,
    /// Title as shown to people.
    #[serde(default)]
    pub title: String,
    /// State it is in.
    #[serde(default)]
    pub status: ChatStatus,
    /// Set when the chat plans only and changes nothing.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub plan_mode: Option<ChatPlanMode>,
    /// What ended the last turn, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<ChatError>,
    /// A few words about the last turn.
    #[serde(default)]
    pub last_turn_summary: Option<String>,
    /// The branch or pull request that the chat works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff_status: Option<ChatDiffStatus>,
    /// When it was created.
    #[serde(default = "zero_time")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(default = "zero_time")]
    pub updated_at: DateTime<Utc>,
    /// Whether it is archived.
    #[serde(default)]
    pub archived: bool,
    /// Whether anybody else may read it.
    #[serde(default)]
    pub shared: bool,
    /// Its place among the pinned chats, from 1; 0 when it is not pinned.
    #[serde(default)]
    pub pin_order: i32,
    /// The MCP servers whose tools may be used.
    #[serde(default)]
    pub mcp_server_ids: Nullable<Vec<Uuid>>,
    /// Labels: keys and values of the client's own.
    #[serde(default)]
    pub labels: Nullable<BTreeMap<String, String>>,
    /// The files that its messages refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ChatFileMetadata>,
    /// Whether there are messages that the owner has not seen.
    #[serde(default)]
    pub has_unread: bool,
    /// What the workspace adds to the model's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ChatContext>,
    /// What did not work, but did not stop the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What kind of client made it.
    #[serde(default)]
    pub client_type: ChatClientType,
    /// The sub-chats of a root, newest first.
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
    /// What becomes of a message to a busy chat: `codersdk.ChatBusyBehavior`.
    pub enum ChatBusyBehavior {
        /// It waits until the turn is over.
        Queue => "queue",
        /// The turn is ended for it.
        Interrupt => "interrupt",
    }
}

open_enum! {
    /// What kind of client made a chat: `codersdk.ChatClientType`.
    pub enum ChatClientType {
        /// A web page.
        Ui => "ui",
        /// A program.
        Api => "api",
    }
}

/// Why a turn failed: `codersdk.ChatError`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatError {
    /// What went wrong, for people.
    #[serde(default)]
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub detail: Option<String>,
    /// What kind of failure it is.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub kind: Option<ChatErrorKind>,
    /// Kind of the provider.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub provider: Option<String>,
    /// Whether the same may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// The provider's HTTP status.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub status_code: Option<i64>,
}

open_enum! {
    /// What kind of failure ended a turn: `codersdk.ChatErrorKind`.
    pub enum ChatErrorKind {
        /// None of the others.
        Generic => "generic",
        /// The provider has too much to do.
        Overloaded => "overloaded",
        /// Too many requests.
        RateLimit => "rate_limit",
        /// The provider took too long.
        Timeout => "timeout",
        /// The provider began to answer and fell silent.
        StreamSilenceTimeout => "stream_silence_timeout",
        /// The provider refused the key.
        Auth => "auth",
        /// The model is configured in a way that cannot work.
        Config => "config",
        /// The provider's quota is used up, or the user's spend limit is reached.
        UsageLimit => "usage_limit",
        /// There is no key.
        MissingKey => "missing_key",
        /// The provider is switched off.
        ProviderDisabled => "provider_disabled",
    }
}

open_enum! {
    /// Whose chats are listed: `codersdk.ChatListSource`.
    pub enum ChatListSource {
        /// The caller's own.
        CreatedByMe => "created_by_me",
        /// Those that others share with the caller.
        SharedWithMe => "shared_with_me",
    }
}

open_enum! {
    /// Whether a chat plans only: `codersdk.ChatPlanMode`.
    pub enum ChatPlanMode {
        /// Plan only.
        Plan => "plan",
    }
}

open_enum! {
    /// What a chat is doing: `codersdk.ChatStatus`.
    pub enum ChatStatus {
        /// It waits for a message.
        Waiting => "waiting",
        /// It waits for a worker. Servers since v2.37 do not send it.
        Pending => "pending",
        /// A turn runs.
        Running => "running",
        /// It is paused. Servers since v2.37 do not send it.
        Paused => "paused",
        /// It is over. Servers since v2.37 do not send it for chats.
        Completed => "completed",
        /// The last turn failed.
        Error => "error",
        /// It waits for results of tools that the client runs.
        RequiresAction => "requires_action",
        /// A turn is being ended.
        Interrupting => "interrupting",
    }
}

/// A new chat: `codersdk.CreateChatRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateChatRequest {
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// The first message.
    #[serde(default)]
    pub content: Nullable<Vec<ChatInputPart>>,
    /// A system prompt for this chat, in place of the deployment's.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub system_prompt: Option<String>,
    /// A workspace for the chat to work in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// The configured model; the default one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_config_id: Option<Uuid>,
    /// The MCP servers whose tools may be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mcp_server_ids: Vec<Uuid>,
    /// Labels: keys and values of the client's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Tools that the client runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsafe_dynamic_tools: Vec<DynamicToolDefinition>,
    /// Whether the chat plans only.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub plan_mode: Option<ChatPlanMode>,
    /// What kind of client made it.
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

/// A title that a model proposes: `codersdk.ProposeChatTitleResponse`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProposeChatTitleResponse {
    /// Title as shown to people.
    #[serde(default)]
    pub title: String,
}

/// Changes to a chat; what is absent stays as it is: `codersdk.UpdateChatRequest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatRequest {
    /// Title as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether to archive the chat with its sub-chats, or to bring them back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// The workspace to work in; the nil id takes the chat off its workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<Uuid>,
    /// 0 unpins the chat; any other number pins it, at the end, or moves a pinned one to that place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_order: Option<i32>,
    /// Labels that replace all there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Whether to plan only; an empty value ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_mode: Option<ChatPlanMode>,
}
