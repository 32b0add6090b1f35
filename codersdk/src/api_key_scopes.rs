//! Scopes of API keys: one a kind of thing and action, and presets of several.

open_enum! {
    /// What a key may be used for: everything, a preset, or one action on one kind of thing.
    pub enum ApiKeyScope {
        /// `all`
        All => "all",
        /// `application_connect`
        ApplicationConnect => "application_connect",
        /// `ai_gateway_key:*`
        AiGatewayKey => "ai_gateway_key:*",
        /// `ai_gateway_key:create`
        AiGatewayKeyCreate => "ai_gateway_key:create",
        /// `ai_gateway_key:delete`
        AiGatewayKeyDelete => "ai_gateway_key:delete",
        /// `ai_gateway_key:read`
        AiGatewayKeyRead => "ai_gateway_key:read",
        /// `ai_gateway_key:update`
        AiGatewayKeyUpdate => "ai_gateway_key:update",
        /// `ai_model_price:*`
        AiModelPrice => "ai_model_price:*",
        /// `ai_model_price:read`
        AiModelPriceRead => "ai_model_price:read",
        /// `ai_model_price:update`
        AiModelPriceUpdate => "ai_model_price:update",
        /// `ai_provider:*`
        AiProvider => "ai_provider:*",
        /// `ai_provider:create`
        AiProviderCreate => "ai_provider:create",
        /// `ai_provider:delete`
        AiProviderDelete => "ai_provider:delete",
        /// `ai_provider:read`
        AiProviderRead => "ai_provider:read",
        /// `ai_provider:update`
        AiProviderUpdate => "ai_provider:update",
        /// `ai_seat:*`
        AiSeat => "ai_seat:*",
        /// `ai_seat:create`
        AiSeatCreate => "ai_seat:create",
        /// `ai_seat:read`
        AiSeatRead => "ai_seat:read",
        /// `aibridge_interception:*`
        AibridgeInterception => "aibridge_interception:*",
        /// `aibridge_interception:create`
        AibridgeInterceptionCreate => "aibridge_interception:create",
        /// `aibridge_interception:read`
        AibridgeInterceptionRead => "aibridge_interception:read",
        /// `aibridge_interception:update`
        AibridgeInterceptionUpdate => "aibridge_interception:update",
        /// `api_key:*`
        ApiKey => "api_key:*",
        /// `api_key:create`
        ApiKeyCreate => "api_key:create",
        /// `api_key:delete`
        ApiKeyDelete => "api_key:delete",
        /// `api_key:read`
        ApiKeyRead => "api_key:read",
        /// `api_key:update`
        ApiKeyUpdate => "api_key:update",
        /// `assign_org_role:*`
        AssignOrgRole => "assign_org_role:*",
        /// `assign_org_role:assign`
        AssignOrgRoleAssign => "assign_org_role:assign",
        /// `assign_org_role:create`
        AssignOrgRoleCreate => "assign_org_role:create",
        /// `assign_org_role:delete`
        AssignOrgRoleDelete => "assign_org_role:delete",
        /// `assign_org_role:read`
        AssignOrgRoleRead => "assign_org_role:read",
        /// `assign_org_role:unassign`
        AssignOrgRoleUnassign => "assign_org_role:unassign",
        /// `assign_org_role:update`
        AssignOrgRoleUpdate => "assign_org_role:update",
        /// `assign_role:*`
        AssignRole => "assign_role:*",
        /// `assign_role:assign`
        AssignRoleAssign => "assign_role:assign",
        /// `assign_role:read`
        AssignRoleRead => "assign_role:read",
        /// `assign_role:unassign`
        AssignRoleUnassign => "assign_role:unassign",
        /// `audit_log:*`
        AuditLog => "audit_log:*",
        /// `audit_log:create`
        AuditLogCreate => "audit_log:create",
        /// `audit_log:read`
        AuditLogRead => "audit_log:read",
        /// `boundary_log:*`
        BoundaryLog => "boundary_log:*",
        /// `boundary_log:create`
        BoundaryLogCreate => "boundary_log:create",
        /// `boundary_log:delete`
        BoundaryLogDelete => "boundary_log:delete",
        /// `boundary_log:read`
        BoundaryLogRead => "boundary_log:read",
        /// `boundary_usage:*`
        BoundaryUsage => "boundary_usage:*",
        /// `boundary_usage:delete`
        BoundaryUsageDelete => "boundary_usage:delete",
        /// `boundary_usage:read`
        BoundaryUsageRead => "boundary_usage:read",
        /// `boundary_usage:update`
        BoundaryUsageUpdate => "boundary_usage:update",
        /// `chat:*`
        Chat => "chat:*",
        /// `chat:create`
        ChatCreate => "chat:create",
        /// `chat:delete`
        ChatDelete => "chat:delete",
        /// `chat:read`
        ChatRead => "chat:read",
        /// `chat:share`
        ChatShare => "chat:share",
        /// `chat:update`
        ChatUpdate => "chat:update",
        /// `coder:all`
        CoderAll => "coder:all",
        /// `coder:apikeys.manage_self`
        CoderApikeysManageSelf => "coder:apikeys.manage_self",
        /// `coder:application_connect`
        CoderApplicationConnect => "coder:application_connect",
        /// `coder:templates.author`
        CoderTemplatesAuthor => "coder:templates.author",
        /// `coder:templates.build`
        CoderTemplatesBuild => "coder:templates.build",
        /// `coder:workspaces.access`
        CoderWorkspacesAccess => "coder:workspaces.access",
        /// `coder:workspaces.create`
        CoderWorkspacesCreate => "coder:workspaces.create",
        /// `coder:workspaces.delete`
        CoderWorkspacesDelete => "coder:workspaces.delete",
        /// `coder:workspaces.operate`
        CoderWorkspacesOperate => "coder:workspaces.operate",
        /// `connection_log:*`
        ConnectionLog => "connection_log:*",
        /// `connection_log:read`
        ConnectionLogRead => "connection_log:read",
        /// `connection_log:update`
        ConnectionLogUpdate => "connection_log:update",
        /// `crypto_key:*`
        CryptoKey => "crypto_key:*",
        /// `crypto_key:create`
        CryptoKeyCreate => "crypto_key:create",
        /// `crypto_key:delete`
        CryptoKeyDelete => "crypto_key:delete",
        /// `crypto_key:read`
        CryptoKeyRead => "crypto_key:read",
        /// `crypto_key:update`
        CryptoKeyUpdate => "crypto_key:update",
        /// `debug_info:*`
        DebugInfo => "debug_info:*",
        /// `debug_info:read`
        DebugInfoRead => "debug_info:read",
        /// `deployment_config:*`
        DeploymentConfig => "deployment_config:*",
        /// `deployment_config:read`
        DeploymentConfigRead => "deployment_config:read",
        /// `deployment_config:update`
        DeploymentConfigUpdate => "deployment_config:update",
        /// `deployment_stats:*`
        DeploymentStats => "deployment_stats:*",
        /// `deployment_stats:read`
        DeploymentStatsRead => "deployment_stats:read",
        /// `file:*`
        File => "file:*",
        /// `file:create`
        FileCreate => "file:create",
        /// `file:read`
        FileRead => "file:read",
        /// `group:*`
        Group => "group:*",
        /// `group:create`
        GroupCreate => "group:create",
        /// `group:delete`
        GroupDelete => "group:delete",
        /// `group:read`
        GroupRead => "group:read",
        /// `group:update`
        GroupUpdate => "group:update",
        /// `group_member:*`
        GroupMember => "group_member:*",
        /// `group_member:read`
        GroupMemberRead => "group_member:read",
        /// `idpsync_settings:*`
        IdpsyncSettings => "idpsync_settings:*",
        /// `idpsync_settings:read`
        IdpsyncSettingsRead => "idpsync_settings:read",
        /// `idpsync_settings:update`
        IdpsyncSettingsUpdate => "idpsync_settings:update",
        /// `inbox_notification:*`
        InboxNotification => "inbox_notification:*",
        /// `inbox_notification:create`
        InboxNotificationCreate => "inbox_notification:create",
        /// `inbox_notification:read`
        InboxNotificationRead => "inbox_notification:read",
        /// `inbox_notification:update`
        InboxNotificationUpdate => "inbox_notification:update",
        /// `license:*`
        License => "license:*",
        /// `license:create`
        LicenseCreate => "license:create",
        /// `license:delete`
        LicenseDelete => "license:delete",
        /// `license:read`
        LicenseRead => "license:read",
        /// `notification_message:*`
        NotificationMessage => "notification_message:*",
        /// `notification_message:create`
        NotificationMessageCreate => "notification_message:create",
        /// `notification_message:delete`
        NotificationMessageDelete => "notification_message:delete",
        /// `notification_message:read`
        NotificationMessageRead => "notification_message:read",
        /// `notification_message:update`
        NotificationMessageUpdate => "notification_message:update",
        /// `notification_preference:*`
        NotificationPreference => "notification_preference:*",
        /// `notification_preference:read`
        NotificationPreferenceRead => "notification_preference:read",
        /// `notification_preference:update`
        NotificationPreferenceUpdate => "notification_preference:update",
        /// `notification_template:*`
        NotificationTemplate => "notification_template:*",
        /// `notification_template:read`
        NotificationTemplateRead => "notification_template:read",
        /// `notification_template:update`
        NotificationTemplateUpdate => "notification_template:update",
        /// `oauth2_app:*`
        Oauth2App => "oauth2_app:*",
        /// `oauth2_app:create`
        Oauth2AppCreate => "oauth2_app:create",
        /// `oauth2_app:delete`
        Oauth2AppDelete => "oauth2_app:delete",
        /// `oauth2_app:read`
        Oauth2AppRead => "oauth2_app:read",
        /// `oauth2_app:update`
        Oauth2AppUpdate => "oauth2_app:update",
        /// `oauth2_app_code_token:*`
        Oauth2AppCodeToken => "oauth2_app_code_token:*",
        /// `oauth2_app_code_token:create`
        Oauth2AppCodeTokenCreate => "oauth2_app_code_token:create",
        /// `oauth2_app_code_token:delete`
        Oauth2AppCodeTokenDelete => "oauth2_app_code_token:delete",
        /// `oauth2_app_code_token:read`
        Oauth2AppCodeTokenRead => "oauth2_app_code_token:read",
        /// `oauth2_app_secret:*`
        Oauth2AppSecret => "oauth2_app_secret:*",
        /// `oauth2_app_secret:create`
        Oauth2AppSecretCreate => "oauth2_app_secret:create",
        /// `oauth2_app_secret:delete`
        Oauth2AppSecretDelete => "oauth2_app_secret:delete",
        /// `oauth2_app_secret:read`
        Oauth2AppSecretRead => "oauth2_app_secret:read",
        /// `oauth2_app_secret:update`
        Oauth2AppSecretUpdate => "oauth2_app_secret:update",
        /// `organization:*`
        Organization => "organization:*",
        /// `organization:create`
        OrganizationCreate => "organization:create",
        /// `organization:delete`
        OrganizationDelete => "organization:delete",
        /// `organization:read`
        OrganizationRead => "organization:read",
        /// `organization:update`
        OrganizationUpdate => "organization:update",
        /// `organization_member:*`
        OrganizationMember => "organization_member:*",
        /// `organization_member:create`
        OrganizationMemberCreate => "organization_member:create",
        /// `organization_member:delete`
        OrganizationMemberDelete => "organization_member:delete",
        /// `organization_member:read`
        OrganizationMemberRead => "organization_member:read",
        /// `organization_member:update`
        OrganizationMemberUpdate => "organization_member:update",
        /// `prebuilt_workspace:*`
        PrebuiltWorkspace => "prebuilt_workspace:*",
        /// `prebuilt_workspace:delete`
        PrebuiltWorkspaceDelete => "prebuilt_workspace:delete",
        /// `prebuilt_workspace:update`
        PrebuiltWorkspaceUpdate => "prebuilt_workspace:update",
        /// `provisioner_daemon:*`
        ProvisionerDaemon => "provisioner_daemon:*",
        /// `provisioner_daemon:create`
        ProvisionerDaemonCreate => "provisioner_daemon:create",
        /// `provisioner_daemon:delete`
        ProvisionerDaemonDelete => "provisioner_daemon:delete",
        /// `provisioner_daemon:read`
        ProvisionerDaemonRead => "provisioner_daemon:read",
        /// `provisioner_daemon:update`
        ProvisionerDaemonUpdate => "provisioner_daemon:update",
        /// `provisioner_jobs:*`
        ProvisionerJobs => "provisioner_jobs:*",
        /// `provisioner_jobs:create`
        ProvisionerJobsCreate => "provisioner_jobs:create",
        /// `provisioner_jobs:read`
        ProvisionerJobsRead => "provisioner_jobs:read",
        /// `provisioner_jobs:update`
        ProvisionerJobsUpdate => "provisioner_jobs:update",
        /// `replicas:*`
        Replicas => "replicas:*",
        /// `replicas:read`
        ReplicasRead => "replicas:read",
        /// `system:*`
        System => "system:*",
        /// `system:create`
        SystemCreate => "system:create",
        /// `system:delete`
        SystemDelete => "system:delete",
        /// `system:read`
        SystemRead => "system:read",
        /// `system:update`
        SystemUpdate => "system:update",
        /// `tailnet_coordinator:*`
        TailnetCoordinator => "tailnet_coordinator:*",
        /// `tailnet_coordinator:create`
        TailnetCoordinatorCreate => "tailnet_coordinator:create",
        /// `tailnet_coordinator:delete`
        TailnetCoordinatorDelete => "tailnet_coordinator:delete",
        /// `tailnet_coordinator:read`
        TailnetCoordinatorRead => "tailnet_coordinator:read",
        /// `tailnet_coordinator:update`
        TailnetCoordinatorUpdate => "tailnet_coordinator:update",
        /// `task:*`
        Task => "task:*",
        /// `task:create`
        TaskCreate => "task:create",
        /// `task:delete`
        TaskDelete => "task:delete",
        /// `task:read`
        TaskRead => "task:read",
        /// `task:update`
        TaskUpdate => "task:update",
        /// `template:*`
        Template => "template:*",
        /// `template:create`
        TemplateCreate => "template:create",
        /// `template:delete`
        TemplateDelete => "template:delete",
        /// `template:read`
        TemplateRead => "template:read",
        /// `template:update`
        TemplateUpdate => "template:update",
        /// `template:use`
        TemplateUse => "template:use",
        /// `template:view_insights`
        TemplateViewInsights => "template:view_insights",
        /// `usage_event:*`
        UsageEvent => "usage_event:*",
        /// `usage_event:create`
        UsageEventCreate => "usage_event:create",
        /// `usage_event:read`
        UsageEventRead => "usage_event:read",
        /// `usage_event:update`
        UsageEventUpdate => "usage_event:update",
        /// `user:*`
        User => "user:*",
        /// `user:create`
        UserCreate => "user:create",
        /// `user:delete`
        UserDelete => "user:delete",
        /// `user:read`
        UserRead => "user:read",
        /// `user:read_personal`
        UserReadPersonal => "user:read_personal",
        /// `user:update`
        UserUpdate => "user:update",
        /// `user:update_personal`
        UserUpdatePersonal => "user:update_personal",
        /// `user_secret:*`
        UserSecret => "user_secret:*",
        /// `user_secret:create`
        UserSecretCreate => "user_secret:create",
        /// `user_secret:delete`
        UserSecretDelete => "user_secret:delete",
        /// `user_secret:read`
        UserSecretRead => "user_secret:read",
        /// `user_secret:update`
        UserSecretUpdate => "user_secret:update",
        /// `user_skill:*`
        UserSkill => "user_skill:*",
        /// `user_skill:create`
        UserSkillCreate => "user_skill:create",
        /// `user_skill:delete`
        UserSkillDelete => "user_skill:delete",
        /// `user_skill:read`
        UserSkillRead => "user_skill:read",
        /// `user_skill:update`
        UserSkillUpdate => "user_skill:update",
        /// `webpush_subscription:*`
        WebpushSubscription => "webpush_subscription:*",
        /// `webpush_subscription:create`
        WebpushSubscriptionCreate => "webpush_subscription:create",
        /// `webpush_subscription:delete`
        WebpushSubscriptionDelete => "webpush_subscription:delete",
        /// `webpush_subscription:read`
        WebpushSubscriptionRead => "webpush_subscription:read",
        /// `workspace:*`
        Workspace => "workspace:*",
        /// `workspace:application_connect`
        WorkspaceApplicationConnect => "workspace:application_connect",
        /// `workspace:create`
        WorkspaceCreate => "workspace:create",
        /// `workspace:create_agent`
        WorkspaceCreateAgent => "workspace:create_agent",
        /// `workspace:delete`
        WorkspaceDelete => "workspace:delete",
        /// `workspace:delete_agent`
        WorkspaceDeleteAgent => "workspace:delete_agent",
        /// `workspace:read`
        WorkspaceRead => "workspace:read",
        /// `workspace:share`
        WorkspaceShare => "workspace:share",
        /// `workspace:ssh`
        WorkspaceSsh => "workspace:ssh",
        /// `workspace:start`
        WorkspaceStart => "workspace:start",
        /// `workspace:stop`
        WorkspaceStop => "workspace:stop",
        /// `workspace:update`
        WorkspaceUpdate => "workspace:update",
        /// `workspace:update_agent`
        WorkspaceUpdateAgent => "workspace:update_agent",
        /// `workspace_agent_devcontainers:*`
        WorkspaceAgentDevcontainers => "workspace_agent_devcontainers:*",
        /// `workspace_agent_devcontainers:create`
        WorkspaceAgentDevcontainersCreate => "workspace_agent_devcontainers:create",
        /// `workspace_agent_resource_monitor:*`
        WorkspaceAgentResourceMonitor => "workspace_agent_resource_monitor:*",
        /// `workspace_agent_resource_monitor:create`
        WorkspaceAgentResourceMonitorCreate => "workspace_agent_resource_monitor:create",
        /// `workspace_agent_resource_monitor:read`
        WorkspaceAgentResourceMonitorRead => "workspace_agent_resource_monitor:read",
        /// `workspace_agent_resource_monitor:update`
        WorkspaceAgentResourceMonitorUpdate => "workspace_agent_resource_monitor:update",
        /// `workspace_dormant:*`
        WorkspaceDormant => "workspace_dormant:*",
        /// `workspace_dormant:application_connect`
        WorkspaceDormantApplicationConnect => "workspace_dormant:application_connect",
        /// `workspace_dormant:create`
        WorkspaceDormantCreate => "workspace_dormant:create",
        /// `workspace_dormant:create_agent`
        WorkspaceDormantCreateAgent => "workspace_dormant:create_agent",
        /// `workspace_dormant:delete`
        WorkspaceDormantDelete => "workspace_dormant:delete",
        /// `workspace_dormant:delete_agent`
        WorkspaceDormantDeleteAgent => "workspace_dormant:delete_agent",
        /// `workspace_dormant:read`
        WorkspaceDormantRead => "workspace_dormant:read",
        /// `workspace_dormant:share`
        WorkspaceDormantShare => "workspace_dormant:share",
        /// `workspace_dormant:ssh`
        WorkspaceDormantSsh => "workspace_dormant:ssh",
        /// `workspace_dormant:start`
        WorkspaceDormantStart => "workspace_dormant:start",
        /// `workspace_dormant:stop`
        WorkspaceDormantStop => "workspace_dormant:stop",
        /// `workspace_dormant:update`
        WorkspaceDormantUpdate => "workspace_dormant:update",
        /// `workspace_dormant:update_agent`
        WorkspaceDormantUpdateAgent => "workspace_dormant:update_agent",
        /// `workspace_proxy:*`
        WorkspaceProxy => "workspace_proxy:*",
        /// `workspace_proxy:create`
        WorkspaceProxyCreate => "workspace_proxy:create",
        /// `workspace_proxy:delete`
        WorkspaceProxyDelete => "workspace_proxy:delete",
        /// `workspace_proxy:read`
        WorkspaceProxyRead => "workspace_proxy:read",
        /// `workspace_proxy:update`
        WorkspaceProxyUpdate => "workspace_proxy:update",
    }
}
