//! Wire types.

use serde::{Deserialize, Serialize};

#[allow(unused_imports)]
use crate::types::*;

/// `codersdk.AssignableRoles`: assignable roles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssignableRoles {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// `site_permissions` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Permission>>"))]
    pub site_permissions: Vec<Permission>,
    /// `user_permissions` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Permission>>"))]
    pub user_permissions: Vec<Permission>,
    /// `organization_permissions` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Permission>>"))]
    pub organization_permissions: Vec<Permission>,
    /// `organization_member_permissions` on the wire.
    #[serde(default, deserialize_with = "null_as_default")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<Permission>>"))]
    pub organization_member_permissions: Vec<Permission>,
    /// `assignable` on the wire.
    #[serde(default)]
    pub assignable: bool,
    /// `built_in` on the wire.
    #[serde(default)]
    pub built_in: bool,
}

/// `codersdk.Permission`: permission.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Permission {
    /// `negate` on the wire.
    #[serde(default)]
    pub negate: bool,
    /// `resource_type` on the wire.
    pub resource_type: RBACResource,
    /// `action` on the wire.
    pub action: RBACAction,
}

open_enum! {
    /// Values of `codersdk.RBACAction`.
    pub enum RBACAction {
        /// `application_connect`
        ApplicationConnect => "application_connect",
        /// `assign`
        Assign => "assign",
        /// `create`
        Create => "create",
        /// `create_agent`
        CreateAgent => "create_agent",
        /// `delete`
        Delete => "delete",
        /// `delete_agent`
        DeleteAgent => "delete_agent",
        /// `read`
        Read => "read",
        /// `read_personal`
        ReadPersonal => "read_personal",
        /// `ssh`
        Ssh => "ssh",
        /// `share`
        Share => "share",
        /// `unassign`
        Unassign => "unassign",
        /// `update`
        Update => "update",
        /// `update_agent`
        UpdateAgent => "update_agent",
        /// `update_personal`
        UpdatePersonal => "update_personal",
        /// `use`
        Use => "use",
        /// `view_insights`
        ViewInsights => "view_insights",
        /// `start`
        Start => "start",
        /// `stop`
        Stop => "stop",
    }
}

open_enum! {
    /// Values of `codersdk.RBACResource`.
    pub enum RBACResource {
        /// `*`
        Empty => "*",
        /// `ai_gateway_key`
        AiGatewayKey => "ai_gateway_key",
        /// `ai_model_price`
        AiModelPrice => "ai_model_price",
        /// `ai_provider`
        AiProvider => "ai_provider",
        /// `ai_seat`
        AiSeat => "ai_seat",
        /// `aibridge_interception`
        AibridgeInterception => "aibridge_interception",
        /// `api_key`
        ApiKey => "api_key",
        /// `assign_org_role`
        AssignOrgRole => "assign_org_role",
        /// `assign_role`
        AssignRole => "assign_role",
        /// `audit_log`
        AuditLog => "audit_log",
        /// `boundary_log`
        BoundaryLog => "boundary_log",
        /// `boundary_usage`
        BoundaryUsage => "boundary_usage",
        /// `chat`
        Chat => "chat",
        /// `connection_log`
        ConnectionLog => "connection_log",
        /// `crypto_key`
        CryptoKey => "crypto_key",
        /// `debug_info`
        DebugInfo => "debug_info",
        /// `deployment_config`
        DeploymentConfig => "deployment_config",
        /// `deployment_stats`
        DeploymentStats => "deployment_stats",
        /// `file`
        File => "file",
        /// `group`
        Group => "group",
        /// `group_member`
        GroupMember => "group_member",
        /// `idpsync_settings`
        IdpsyncSettings => "idpsync_settings",
        /// `inbox_notification`
        InboxNotification => "inbox_notification",
        /// `license`
        License => "license",
        /// `notification_message`
        NotificationMessage => "notification_message",
        /// `notification_preference`
        NotificationPreference => "notification_preference",
        /// `notification_template`
        NotificationTemplate => "notification_template",
        /// `oauth2_app`
        Oauth2App => "oauth2_app",
        /// `oauth2_app_code_token`
        Oauth2AppCodeToken => "oauth2_app_code_token",
        /// `oauth2_app_secret`
        Oauth2AppSecret => "oauth2_app_secret",
        /// `organization`
        Organization => "organization",
        /// `organization_member`
        OrganizationMember => "organization_member",
        /// `prebuilt_workspace`
        PrebuiltWorkspace => "prebuilt_workspace",
        /// `provisioner_daemon`
        ProvisionerDaemon => "provisioner_daemon",
        /// `provisioner_jobs`
        ProvisionerJobs => "provisioner_jobs",
        /// `replicas`
        Replicas => "replicas",
        /// `system`
        System => "system",
        /// `tailnet_coordinator`
        TailnetCoordinator => "tailnet_coordinator",
        /// `task`
        Task => "task",
        /// `template`
        Template => "template",
        /// `usage_event`
        UsageEvent => "usage_event",
        /// `user`
        User => "user",
        /// `user_secret`
        UserSecret => "user_secret",
        /// `user_skill`
        UserSkill => "user_skill",
        /// `webpush_subscription`
        WebpushSubscription => "webpush_subscription",
        /// `workspace`
        Workspace => "workspace",
        /// `workspace_agent_devcontainers`
        WorkspaceAgentDevcontainers => "workspace_agent_devcontainers",
        /// `workspace_agent_resource_monitor`
        WorkspaceAgentResourceMonitor => "workspace_agent_resource_monitor",
        /// `workspace_dormant`
        WorkspaceDormant => "workspace_dormant",
        /// `workspace_proxy`
        WorkspaceProxy => "workspace_proxy",
    }
}

/// `codersdk.SlimRole`: slim role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlimRole {
    /// Name, unique within its owner.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
}
