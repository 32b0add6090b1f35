//! Wire types.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.CreateOrganizationRequest`: create organization request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateOrganizationRequest {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL or path of the icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
}

/// `codersdk.Organization`: organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Organization {
    /// Unique id.
    pub id: Uuid,
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// URL or path of the icon.
    #[serde(default)]
    pub icon: String,
    /// Text that explains it to people.
    #[serde(default)]
    pub description: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// `is_default` on the wire.
    #[serde(default)]
    pub is_default: bool,
    /// `default_org_member_roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub default_org_member_roles: Vec<String>,
}

/// `codersdk.OrganizationMember`: organization member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationMember {
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// `roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
}

/// `codersdk.OrganizationMemberWithUserData`: organization member with user data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrganizationMemberWithUserData {
    /// The user's login name.
    #[serde(default)]
    pub username: String,
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `avatar_url` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: String,
    /// State it is in.
    pub status: UserStatus,
    /// `login_type` on the wire.
    pub login_type: LoginType,
    /// `last_seen_at` on the wire.
    pub last_seen_at: DateTime<Utc>,
    /// `user_created_at` on the wire.
    pub user_created_at: DateTime<Utc>,
    /// `user_updated_at` on the wire.
    pub user_updated_at: DateTime<Utc>,
    /// `is_service_account` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_service_account: Option<bool>,
    /// `global_roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub global_roles: Vec<SlimRole>,
    /// `has_ai_seat` on the wire.
    #[serde(default)]
    pub has_ai_seat: bool,
    /// The user concerned.
    pub user_id: Uuid,
    /// The organization it belongs to.
    pub organization_id: Uuid,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// `roles` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<SlimRole>>"))]
    pub roles: Vec<SlimRole>,
}

/// `codersdk.PaginatedMembersResponse`: paginated members response.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PaginatedMembersResponse {
    /// `members` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<OrganizationMemberWithUserData>>"))]
    pub members: Vec<OrganizationMemberWithUserData>,
    /// `count` on the wire.
    #[serde(default)]
    pub count: i64,
}

/// `codersdk.UpdateOrganizationRequest`: update organization request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpdateOrganizationRequest {
    /// Name, unique within its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name as shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Text that explains it to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// URL or path of the icon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// `default_org_member_roles` on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_org_member_roles: Option<Vec<String>>,
}
