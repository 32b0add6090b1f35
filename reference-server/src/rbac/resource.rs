//! The kinds of resources and what can be done to them.

/// Defines a fieldless enum whose variants have a name on the wire.
macro_rules! named {
    ($(#[$meta:meta])* enum $name:ident { $($variant:ident => $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name { $($variant,)* }

        impl $name {
            /// Every value there is.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads the name on the wire.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }
        }
    };
}

named! {
    /// What is done to a resource.
    enum Action {
        Any => "*",
        // What no role names: only those who may do everything may do it.
        Unknown => "",
        ApplicationConnect => "application_connect",
        Assign => "assign",
        Create => "create",
        CreateAgent => "create_agent",
        Delete => "delete",
        DeleteAgent => "delete_agent",
        Read => "read",
        ReadPersonal => "read_personal",
        Share => "share",
        Ssh => "ssh",
        Start => "start",
        Stop => "stop",
        Unassign => "unassign",
        Update => "update",
        UpdateAgent => "update_agent",
        UpdatePersonal => "update_personal",
        Use => "use",
        ViewInsights => "view_insights",
    }
}

named! {
    /// A kind of resource.
    enum Resource {
        Any => "*",
        AiGatewayKey => "ai_gateway_key",
        AiModelPrice => "ai_model_price",
        AiProvider => "ai_provider",
        AiSeat => "ai_seat",
        AibridgeInterception => "aibridge_interception",
        ApiKey => "api_key",
        AssignOrgRole => "assign_org_role",
        AssignRole => "assign_role",
        AuditLog => "audit_log",
        BoundaryLog => "boundary_log",
        BoundaryUsage => "boundary_usage",
        Chat => "chat",
        ConnectionLog => "connection_log",
        CryptoKey => "crypto_key",
        DebugInfo => "debug_info",
        DeploymentConfig => "deployment_config",
        DeploymentStats => "deployment_stats",
        File => "file",
        Group => "group",
        GroupMember => "group_member",
        IdpsyncSettings => "idpsync_settings",
        InboxNotification => "inbox_notification",
        License => "license",
        NotificationMessage => "notification_message",
        NotificationPreference => "notification_preference",
        NotificationTemplate => "notification_template",
        Oauth2App => "oauth2_app",
        Oauth2AppCodeToken => "oauth2_app_code_token",
        Oauth2AppSecret => "oauth2_app_secret",
        Organization => "organization",
        OrganizationMember => "organization_member",
        PrebuiltWorkspace => "prebuilt_workspace",
        ProvisionerDaemon => "provisioner_daemon",
        ProvisionerJobs => "provisioner_jobs",
        Replicas => "replicas",
        System => "system",
        TailnetCoordinator => "tailnet_coordinator",
        Task => "task",
        Template => "template",
        UsageEvent => "usage_event",
        User => "user",
        UserSecret => "user_secret",
        UserSkill => "user_skill",
        WebpushSubscription => "webpush_subscription",
        Workspace => "workspace",
        WorkspaceAgentDevcontainers => "workspace_agent_devcontainers",
        WorkspaceAgentResourceMonitor => "workspace_agent_resource_monitor",
        WorkspaceDormant => "workspace_dormant",
        WorkspaceProxy => "workspace_proxy",
    }
}

impl Resource {
    /// What can be done to this kind of resource.
    pub(crate) fn actions(self) -> &'static [Action] {
        use Action::{
            ApplicationConnect, Assign, Create, CreateAgent, Delete, DeleteAgent, Read, ReadPersonal, Share, Ssh,
            Start, Stop, Unassign, Update, UpdateAgent, UpdatePersonal, Use, ViewInsights,
        };
        const CRUD: &[Action] = &[Create, Read, Update, Delete];
        match self {
            Self::Any => &[],
            Self::User => &[Read, Create, Update, Delete, ReadPersonal, UpdatePersonal],
            Self::Workspace | Self::WorkspaceDormant => &[
                Create,
                Read,
                Update,
                Delete,
                Start,
                Stop,
                Ssh,
                ApplicationConnect,
                CreateAgent,
                DeleteAgent,
                UpdateAgent,
                Share,
            ],
            Self::Chat => &[Create, Read, Update, Delete, Share],
            Self::PrebuiltWorkspace => &[Update, Delete],
            Self::License => &[Create, Read, Delete],
            Self::AuditLog | Self::File => &[Read, Create],
            Self::ConnectionLog
            | Self::DeploymentConfig
            | Self::NotificationTemplate
            | Self::NotificationPreference
            | Self::IdpsyncSettings
            | Self::AiModelPrice => &[Read, Update],
            Self::DeploymentStats | Self::Replicas | Self::GroupMember | Self::DebugInfo => &[Read],
            Self::Template => &[Create, Use, Read, Update, Delete, ViewInsights],
            Self::ProvisionerJobs
            | Self::InboxNotification
            | Self::WorkspaceAgentResourceMonitor
            | Self::UsageEvent
            | Self::AibridgeInterception => &[Read, Update, Create],
            Self::AssignRole => &[Assign, Unassign, Read],
            Self::AssignOrgRole => &[Assign, Unassign, Create, Read, Update, Delete],
            Self::Oauth2AppCodeToken | Self::WebpushSubscription | Self::BoundaryLog => &[Create, Read, Delete],
            Self::WorkspaceAgentDevcontainers => &[Create],
            Self::AiSeat => &[Create, Read],
            Self::BoundaryUsage => &[Read, Update, Delete],
            Self::AiGatewayKey
            | Self::AiProvider
            | Self::ApiKey
            | Self::CryptoKey
            | Self::Group
            | Self::NotificationMessage
            | Self::Oauth2App
            | Self::Oauth2AppSecret
            | Self::Organization
            | Self::OrganizationMember
            | Self::ProvisionerDaemon
            | Self::System
            | Self::TailnetCoordinator
            | Self::Task
            | Self::UserSecret
            | Self::UserSkill
            | Self::WorkspaceProxy => CRUD,
        }
    }
}
