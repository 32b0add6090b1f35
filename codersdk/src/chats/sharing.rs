//! Sharing of chats.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::types::*;

/// Whom a chat is shared with: `codersdk.ChatACL`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatAcl {
    /// The users.
    #[serde(default)]
    pub users: Nullable<Vec<ChatUser>>,
    /// The groups.
    #[serde(default)]
    pub groups: Nullable<Vec<ChatGroup>>,
}

/// A group that a chat is shared with: `codersdk.ChatGroup`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatGroup {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// The organization it belongs to.
    #[serde(default)]
    pub organization_id: Uuid,
    /// Its members, as far as the caller may see them.
    #[serde(default)]
    pub members: Nullable<Vec<ReducedUser>>,
    /// How many members it has.
    #[serde(default)]
    pub total_member_count: i64,
    /// URL of the picture.
    #[serde(default)]
    pub avatar_url: String,
    /// What it adds to the quota of its members.
    #[serde(default)]
    pub quota_allowance: i64,
    /// Where it was made.
    #[serde(default)]
    pub source: GroupSource,
    /// Name of its organization.
    #[serde(default)]
    pub organization_name: String,
    /// Name of its organization, as shown to people.
    #[serde(default)]
    pub organization_display_name: String,
    /// What it may do.
    #[serde(default)]
    pub role: ChatRole,
}

open_enum! {
    /// What somebody may do with a shared chat: `codersdk.ChatRole`.
    pub enum ChatRole {
        /// May read.
        Read => "read",
        /// ``
        Empty => "",
    }
}

/// A user whom a chat is shared with: `codersdk.ChatUser`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatUser {
    /// Unique id.
    #[serde(default)]
    pub id: Uuid,
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub name: Option<String>,
    /// URL of the picture.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub avatar_url: Option<String>,
    /// What the user may do.
    #[serde(default)]
    pub role: ChatRole,
}

/// Whom to share a chat with: `codersdk.UpdateChatACL`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatAcl {
    /// Roles of users, by their ids; an empty role ends the sharing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_roles: BTreeMap<String, ChatRole>,
    /// Roles of groups, by their ids; an empty role ends the sharing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group_roles: BTreeMap<String, ChatRole>,
}
