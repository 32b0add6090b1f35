//! The built-in roles.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use uuid::Uuid;

use super::{Action, Permission, Resource};

/// What every member of a new organization may do beyond the floor.
pub(crate) const DEFAULT_ORG_MEMBER_ROLES: &[&str] = &["organization-workspace-access"];

/// A role as it is held: its name, and the organization if it is an organization's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RoleName {
    pub(crate) name: String,
    pub(crate) organization: Option<Uuid>,
}

impl RoleName {
    pub(crate) fn site(name: impl Into<String>) -> Self {
        Self { name: name.into(), organization: None }
    }

    pub(crate) fn organization(name: impl Into<String>, organization: Uuid) -> Self {
        Self { name: name.into(), organization: Some(organization) }
    }
}

impl std::fmt::Display for RoleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.organization {
            Some(organization) => write!(f, "{}:{organization}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl FromStr for RoleName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let organization = parts.next();
        if parts.next().is_some() {
            return Err("too many colons in role name".to_owned());
        }
        if name.is_empty() {
            return Err("role cannot be the empty string".to_owned());
        }
        let organization = organization
            .map(|id| Uuid::parse_str(id).map_err(|error| format!("{id:?} not a valid uuid: {error}")))
            .transpose()?;
        Ok(Self { name: name.to_owned(), organization })
    }
}

/// A built-in role. The permissions of an organization's role hold in that organization only.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) display_name: &'static str,
    /// Whether it is held in an organization.
    pub(crate) of_organization: bool,
    /// Whether people can give it to each other; the others come by themselves.
    pub(crate) listed: bool,
    pub(crate) site: Vec<Permission>,
    pub(crate) user: Vec<Permission>,
    pub(crate) organization: Vec<Permission>,
    pub(crate) member: Vec<Permission>,
}

/// The built-in role of this name.
pub(crate) fn role(name: &str) -> Option<&'static Role> {
    ROLES.get(name)
}

/// The roles that can be held site-wide, by name.
pub(crate) fn site_roles() -> Vec<&'static Role> {
    sorted(|r| r.listed && !r.of_organization)
}

/// The roles that can be held in an organization, by name.
pub(crate) fn organization_roles() -> Vec<&'static Role> {
    sorted(|r| r.listed && r.of_organization)
}

fn sorted(keep: fn(&Role) -> bool) -> Vec<&'static Role> {
    let mut roles: Vec<_> = ROLES.values().filter(|r| keep(r)).collect();
    roles.sort_by_key(|r| r.name);
    roles
}

/// What a change of roles adds and takes away.
#[derive(Debug, Default)]
pub(crate) struct ChangedRoles {
    pub(crate) added: Vec<RoleName>,
    pub(crate) removed: Vec<RoleName>,
}

/// The difference between two sets of roles.
pub(crate) fn change_role_set(from: &[RoleName], to: &[RoleName]) -> ChangedRoles {
    ChangedRoles {
        added: to.iter().filter(|r| !from.contains(r)).cloned().collect(),
        removed: from.iter().filter(|r| !to.contains(r)).cloned().collect(),
    }
}

/// Whether a holder of `held` may give or take `assigned`.
pub(super) fn can_assign(held: &[RoleName], assigned: &RoleName) -> bool {
    held.iter()
        // An organization's role has no say outside that organization.
        .filter(|r| r.organization.is_none() || r.organization == assigned.organization)
        .any(|r| assignable_by(&r.name).contains(&assigned.name.as_str()))
}

fn assignable_by(name: &str) -> &'static [&'static str] {
    match name {
        "owner" => &[
            "owner",
            "auditor",
            "member",
            "organization-admin",
            "organization-member",
            "organization-auditor",
            "organization-user-admin",
            "organization-template-admin",
            "organization-workspace-creation-ban",
            "organization-workspace-access",
            "template-admin",
            "user-admin",
            "agents-access",
        ],
        "user-admin" => &["member", "organization-member", "organization-workspace-access", "agents-access"],
        "organization-admin" => &[
            "organization-admin",
            "organization-member",
            "organization-auditor",
            "organization-user-admin",
            "organization-template-admin",
            "organization-workspace-creation-ban",
            "organization-workspace-access",
            "agents-access",
        ],
        "organization-user-admin" => &["organization-member", "organization-workspace-access", "agents-access"],
        _ => &[],
    }
}

type Actions = &'static [Action];

fn grants(list: &[(Resource, Actions)]) -> Vec<Permission> {
    let grant = |&(resource, actions): &(Resource, Actions)| {
        let actions = if actions == ANY { resource.actions() } else { actions };
        actions.iter().map(move |&action| Permission { negate: false, resource, action })
    };
    let mut permissions: Vec<_> = list.iter().flat_map(grant).collect();
    permissions.sort_by_key(|permission| permission.resource.as_str());
    permissions
}

fn all_except(excepted: &[Resource]) -> Vec<Permission> {
    Resource::ALL
        .iter()
        .filter(|r| **r != Resource::Any && !excepted.contains(r))
        .map(|&resource| Permission { negate: false, resource, action: Action::Any })
        .collect()
}

fn joined(mut a: Vec<Permission>, b: Vec<Permission>) -> Vec<Permission> {
    a.extend(b);
    a
}

use Action::{
    Assign, Create, CreateAgent, Delete, DeleteAgent, Read, ReadPersonal, Share, Start, Stop, Unassign, Update,
    UpdateAgent, UpdatePersonal, ViewInsights,
};
use Resource as R;

const ANY: Actions = &[Action::Any];
const READ: Actions = &[Read];
const CRUD: Actions = &[Create, Read, Update, Delete];
/// What remains of a workspace once nobody may build it, or get into it.
const DORMANT: Actions = &[Read, Delete, Create, Update, Stop, CreateAgent, DeleteAgent, UpdateAgent];

static ROLES: LazyLock<HashMap<&'static str, Role>> =
    LazyLock::new(|| site_level().into_iter().chain(organization_level()).map(|r| (r.name, r)).collect());

fn site_role(name: &'static str, display_name: &'static str, site: Vec<Permission>) -> Role {
    Role {
        name,
        display_name,
        of_organization: false,
        listed: true,
        site,
        user: Vec::new(),
        organization: Vec::new(),
        member: Vec::new(),
    }
}

fn org_role(name: &'static str, display_name: &'static str, organization: Vec<Permission>) -> Role {
    Role { of_organization: true, organization, ..site_role(name, display_name, Vec::new()) }
}

fn site_level() -> Vec<Role> {
    vec![
        site_role("owner", "Owner", owner_permissions()),
        Role {
            user: joined(
                all_except(&[
                    R::WorkspaceDormant,
                    R::PrebuiltWorkspace,
                    R::Workspace,
                    R::User,
                    R::OrganizationMember,
                    R::BoundaryUsage,
                    R::BoundaryLog,
                    R::AibridgeInterception,
                    R::Chat,
                    R::AiSeat,
                ]),
                grants(&[
                    (R::User, &[Read, ReadPersonal, UpdatePersonal]),
                    (R::AibridgeInterception, &[Create, Update]),
                    (R::BoundaryLog, &[Create]),
                ]),
            ),
            ..site_role(
                "member",
                "Member",
                grants(&[(R::AssignRole, READ), (R::Oauth2App, READ), (R::WorkspaceProxy, READ)]),
            )
        },
        site_role(
            "auditor",
            "Auditor",
            grants(&[
                (R::AssignOrgRole, READ),
                (R::AuditLog, READ),
                (R::ConnectionLog, READ),
                (R::Template, &[Read, ViewInsights]),
                (R::User, READ),
                (R::Group, READ),
                (R::GroupMember, READ),
                (R::Organization, READ),
                (R::OrganizationMember, READ),
                (R::DeploymentStats, READ),
                (R::DeploymentConfig, READ),
                (R::AibridgeInterception, READ),
                (R::BoundaryLog, READ),
            ]),
        ),
        site_role(
            "template-admin",
            "Template Admin",
            grants(&[
                (R::AssignOrgRole, READ),
                (R::Template, ANY),
                (R::File, &[Create, Read]),
                (R::Workspace, READ),
                (R::WorkspaceDormant, READ),
                (R::PrebuiltWorkspace, &[Update, Delete]),
                (R::ProvisionerDaemon, CRUD),
                (R::User, READ),
                (R::Group, READ),
                (R::GroupMember, READ),
                (R::Organization, READ),
                (R::OrganizationMember, READ),
            ]),
        ),
        site_role(
            "user-admin",
            "User Admin",
            grants(&[
                (R::AssignRole, &[Assign, Unassign, Read]),
                (R::AssignOrgRole, &[Assign, Unassign, Read]),
                (R::User, &[Create, Read, Update, Delete, UpdatePersonal, ReadPersonal]),
                (R::Group, CRUD),
                (R::GroupMember, READ),
                (R::Organization, READ),
                (R::OrganizationMember, CRUD),
                (R::IdpsyncSettings, &[Read, Update]),
            ]),
        ),
    ]
}

fn owner_permissions() -> Vec<Permission> {
    joined(
        // People's secrets and instructions are theirs, whoever runs the deployment.
        all_except(&[
            R::WorkspaceDormant,
            R::PrebuiltWorkspace,
            R::Workspace,
            R::UserSecret,
            R::UserSkill,
            R::UsageEvent,
            R::BoundaryUsage,
            R::BoundaryLog,
            R::AiSeat,
            R::AiGatewayKey,
        ]),
        grants(&[
            (R::Workspace, ANY),
            (R::WorkspaceDormant, DORMANT),
            (R::UserSkill, &[Read, Delete]),
            (R::AiGatewayKey, &[Create, Read, Delete]),
            (R::PrebuiltWorkspace, &[Update, Delete]),
            (R::BoundaryLog, READ),
        ]),
    )
}

fn organization_level() -> Vec<Role> {
    let read_users = || grants(&[(R::User, READ)]);
    let deny = |action| Permission { negate: true, resource: R::Workspace, action };
    vec![
        Role {
            site: read_users(),
            ..org_role("organization-admin", "Organization Admin", organization_admin_permissions())
        },
        org_role(
            "organization-auditor",
            "Organization Auditor",
            grants(&[
                (R::AuditLog, READ),
                (R::ConnectionLog, READ),
                (R::Template, &[Read, ViewInsights]),
                (R::Group, READ),
                (R::GroupMember, READ),
                (R::Organization, READ),
                (R::OrganizationMember, READ),
            ]),
        ),
        Role {
            site: read_users(),
            ..org_role(
                "organization-user-admin",
                "Organization User Admin",
                grants(&[
                    (R::AssignOrgRole, &[Assign, Unassign, Read]),
                    (R::Organization, READ),
                    (R::OrganizationMember, CRUD),
                    (R::Group, CRUD),
                    (R::GroupMember, READ),
                    (R::IdpsyncSettings, &[Read, Update]),
                ]),
            )
        },
        org_role(
            "organization-template-admin",
            "Organization Template Admin",
            grants(&[
                (R::Template, ANY),
                (R::File, &[Create, Read]),
                (R::Workspace, READ),
                (R::WorkspaceDormant, READ),
                (R::PrebuiltWorkspace, &[Update, Delete]),
                (R::Organization, READ),
                (R::OrganizationMember, READ),
                (R::Group, READ),
                (R::GroupMember, READ),
                (R::ProvisionerDaemon, CRUD),
                (R::ProvisionerJobs, &[Read, Update, Create]),
            ]),
        ),
        org_role(
            "organization-workspace-creation-ban",
            "Organization Workspace Creation Ban",
            vec![deny(Create), deny(Delete), deny(CreateAgent), deny(DeleteAgent)],
        ),
        Role {
            member: workspace_access_permissions(),
            ..org_role("organization-workspace-access", "Organization Workspace Access", Vec::new())
        },
        Role {
            // Chats are never deleted by people.
            member: grants(&[(R::Chat, &[Create, Read, Share, Update])]),
            ..org_role("agents-access", "Coder Agents User", Vec::new())
        },
        Role {
            listed: false,
            // The floor only: work in workspaces comes with a role of its own, which members have by default.
            member: grants(&[
                (R::OrganizationMember, READ),
                (R::GroupMember, READ),
                (R::AibridgeInterception, &[Create, Update]),
                (R::ApiKey, CRUD),
                (R::NotificationMessage, &[Read, Update]),
                (R::NotificationPreference, &[Read, Update]),
                (R::InboxNotification, &[Create, Read, Update]),
            ]),
            ..org_role(
                "organization-member",
                "",
                grants(&[
                    (R::ProvisionerDaemon, READ),
                    (R::Organization, READ),
                    (R::AssignOrgRole, READ),
                    (R::OrganizationMember, READ),
                    (R::Group, READ),
                ]),
            )
        },
    ]
}

fn organization_admin_permissions() -> Vec<Permission> {
    joined(
        all_except(&[
            R::Workspace,
            R::WorkspaceDormant,
            R::PrebuiltWorkspace,
            R::AssignRole,
            R::UserSecret,
            R::BoundaryUsage,
            R::BoundaryLog,
            R::AiSeat,
        ]),
        grants(&[
            // Running an organization's workspaces does not let one into them.
            (R::Workspace, &[Create, Read, Update, Delete, Start, Stop, CreateAgent, DeleteAgent, UpdateAgent, Share]),
            (R::WorkspaceDormant, DORMANT),
            (R::PrebuiltWorkspace, &[Update, Delete]),
        ]),
    )
}

fn workspace_access_permissions() -> Vec<Permission> {
    grants(&[
        (R::Workspace, ANY),
        (R::WorkspaceDormant, DORMANT),
        (R::File, &[Create, Read]),
        (R::ProvisionerDaemon, &[Create, Read]),
        (R::Task, CRUD),
    ])
}
