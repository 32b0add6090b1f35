//! Wire types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.ChatACL`: chat acl.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatAcl {
    /// `users` on the wire.
    #[serde(default)]
    pub users: Nullable<Vec<ChatUser>>,
    /// `groups` on the wire.
    #[serde(default)]
    pub groups: Nullable<Vec<ChatGroup>>,
}

/// `codersdk.ChatGroup`: chat group.
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
    /// `members` on the wire.
    #[serde(default)]
    pub members: Nullable<Vec<ReducedUser>>,
    /// `total_member_count` on the wire.
    #[serde(default)]
    pub total_member_count: i64,
    /// `avatar_url` on the wire.
    #[serde(default)]
    pub avatar_url: String,
    /// `quota_allowance` on the wire.
    #[serde(default)]
    pub quota_allowance: i64,
    /// `source` on the wire.
    #[serde(default)]
    pub source: GroupSource,
    /// `organization_name` on the wire.
    #[serde(default)]
    pub organization_name: String,
    /// `organization_display_name` on the wire.
    #[serde(default)]
    pub organization_display_name: String,
    /// `role` on the wire.
    #[serde(default)]
    pub role: ChatRole,
}

open_enum! {
    /// Values of `codersdk.ChatRole`.
    pub enum ChatRole {
        /// `read`
        Read => "read",
        /// ``
        Empty => "",
    }
}

/// `codersdk.ChatUser`: chat user.
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
    /// `avatar_url` on the wire.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub avatar_url: Option<String>,
    /// `role` on the wire.
    #[serde(default)]
    pub role: ChatRole,
}

/// `codersdk.UpdateChatACL`: update chat acl.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateChatAcl {
    /// `user_roles` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_roles: BTreeMap<String, ChatRole>,
    /// `group_roles` on the wire.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub group_roles: BTreeMap<String, ChatRole>,
}
