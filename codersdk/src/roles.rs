//! Roles, and what they permit.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::request::Request;
use crate::types::*;
use crate::{Client, Result};

/// A role with what it permits, and whether the caller may give it to others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AssignableRoles {
    /// Name of the role, such as `organization-admin`.
    #[serde(default)]
    pub name: String,
    /// The organization in which it counts; none for the whole deployment.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub organization_id: Option<String>,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Permissions on the whole deployment.
    #[serde(default)]
    pub site_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the holder's own things.
    #[serde(default)]
    pub user_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the organization's things.
    #[serde(default)]
    pub organization_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the member's own things in the organization.
    #[serde(default)]
    pub organization_member_permissions: Nullable<Vec<Permission>>,
    /// Whether the caller may give it to others.
    #[serde(default)]
    pub assignable: bool,
    /// Whether it is part of Coder and cannot be changed.
    #[serde(default)]
    pub built_in: bool,
}

/// A role with what it permits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Role {
    /// Name of the role, such as `organization-admin`.
    #[serde(default)]
    pub name: String,
    /// The organization in which it counts; none for the whole deployment.
    #[serde(default, skip_serializing_if = "none_or_zero")]
    pub organization_id: Option<String>,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Permissions on the whole deployment.
    #[serde(default)]
    pub site_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the holder's own things.
    #[serde(default)]
    pub user_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the organization's things.
    #[serde(default)]
    pub organization_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the member's own things in the organization.
    #[serde(default)]
    pub organization_member_permissions: Nullable<Vec<Permission>>,
}

impl Role {
    /// The name with the organization, as the server's own checks know it: unique across organizations.
    pub fn full_name(&self) -> String {
        unique_name(&self.name, self.organization_id.as_deref())
    }
}

impl SlimRole {
    /// The name with the organization: unique across organizations.
    pub fn unique_name(&self) -> String {
        unique_name(&self.name, self.organization_id.as_deref())
    }
}

fn unique_name(name: &str, organization: Option<&str>) -> String {
    match organization {
        Some(organization) if !organization.is_empty() => format!("{name}:{organization}"),
        _ => name.to_owned(),
    }
}

/// Creates or replaces a custom role of an organization.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CustomRoleRequest {
    /// Name of the role.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// Permissions on the whole deployment.
    #[serde(default)]
    pub site_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the holder's own things.
    #[serde(default)]
    pub user_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the organization's things.
    #[serde(default)]
    pub organization_permissions: Nullable<Vec<Permission>>,
    /// Permissions on the member's own things in the organization.
    #[serde(default)]
    pub organization_member_permissions: Nullable<Vec<Permission>>,
}

/// What may be done with a kind of thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Permission {
    /// Whether it takes away instead of giving.
    #[serde(default)]
    pub negate: bool,
    /// Kind of thing.
    pub resource_type: RbacResource,
    /// What may be done.
    pub action: RbacAction,
}

open_enum! {
    /// What can be done with a thing.
    pub enum RbacAction {
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
    /// A kind of thing that permissions are about.
    pub enum RbacResource {
        /// Every kind: `*`
        Wildcard => "*",
        /// `ai_gateway_key`
        AiGatewayKey => "ai_gateway_key",
        /// `ai_model_price`
        AiModelPrice => "ai_model_price",
        /// `ai_provider`
        AiProvider => "ai_provider",
        /// `ai_seat`
        AiSeat => "ai_seat",
        /// `aibridge_interception`
        AiBridgeInterception => "aibridge_interception",
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
        IdpSyncSettings => "idpsync_settings",
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

/// A role, by name only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SlimRole {
    /// Name of the role, such as `organization-admin`.
    #[serde(default)]
    pub name: String,
    /// Name as shown to people.
    #[serde(default)]
    pub display_name: String,
    /// The organization in which it counts; none for the whole deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
}

api_trait! {
    /// Roles, and what the caller may do.
    pub trait RolesApi {
        /// The roles on the whole deployment. `GET /api/v2/users/roles`.
        ///
        /// # Errors
        /// [`is_forbidden`](crate::Error::is_forbidden) if the caller may not see them.
        async fn list_site_roles(&self) -> Vec<AssignableRoles>;

        /// The roles in an organization, built-in and custom ones.
        /// `GET /api/v2/organizations/{organization}/members/roles`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) for an organization that the caller may not see.
        async fn list_organization_roles(&self, organization: Uuid) -> Vec<AssignableRoles>;

        /// Creates a custom role in the organization that it names.
        /// `POST /api/v2/organizations/{organization}/members/roles`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) from deployments without the premium licence;
        /// [`is_bad_request`](crate::Error::is_bad_request) for site or user permissions, or a reserved name.
        async fn create_organization_role(&self, role: Role) -> Role;

        /// Replaces a custom role. `PUT /api/v2/organizations/{organization}/members/roles`.
        ///
        /// # Errors
        /// As [`create_organization_role`](Self::create_organization_role).
        async fn update_organization_role(&self, role: Role) -> Role;

        /// Deletes a custom role. `DELETE /api/v2/organizations/{organization}/members/roles/{role}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found) if there is none, or without the premium licence.
        async fn delete_organization_role(&self, organization: Uuid, role: &str);

        /// Asks what the caller may do. `POST /api/v2/authcheck`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for a question about an unknown kind of thing.
        async fn auth_check(&self, req: AuthorizationRequest) -> AuthorizationResponse;
    }
}

#[async_trait::async_trait]
impl RolesApi for Client {
    async fn list_site_roles(&self) -> Result<Vec<AssignableRoles>> {
        self.send(Request::get("/api/v2/users/roles", &[])).await?.json_list()
    }

    async fn list_organization_roles(&self, organization: Uuid) -> Result<Vec<AssignableRoles>> {
        self.send(Request::get("/api/v2/organizations/{organization}/members/roles", &[&organization]))
            .await?
            .json_list()
    }

    async fn create_organization_role(&self, role: Role) -> Result<Role> {
        let (organization, req) = split(role);
        let request = Request::post("/api/v2/organizations/{organization}/members/roles", &[&organization]);
        self.send(request.json(&req)).await?.json()
    }

    async fn update_organization_role(&self, role: Role) -> Result<Role> {
        let (organization, req) = split(role);
        let request = Request::put("/api/v2/organizations/{organization}/members/roles", &[&organization]);
        self.send(request.json(&req)).await?.json()
    }

    async fn delete_organization_role(&self, organization: Uuid, role: &str) -> Result<()> {
        let route = "/api/v2/organizations/{organization}/members/roles/{role}";
        self.send(Request::delete(route, &[&organization, &role])).await.map(drop)
    }

    async fn auth_check(&self, req: AuthorizationRequest) -> Result<AuthorizationResponse> {
        // It changes nothing, so it may be repeated.
        self.send(Request::post("/api/v2/authcheck", &[]).json(&req).idempotent(true)).await?.json()
    }
}

/// A role as the server takes it: the organization stands in the path.
fn split(role: Role) -> (String, CustomRoleRequest) {
    let request = CustomRoleRequest {
        name: role.name,
        display_name: role.display_name,
        site_permissions: role.site_permissions,
        user_permissions: role.user_permissions,
        organization_permissions: role.organization_permissions,
        organization_member_permissions: role.organization_member_permissions,
    };
    (role.organization_id.unwrap_or_default(), request)
}
