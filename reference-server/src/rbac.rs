//! Who may do what: subjects, objects, actions, and the rule that joins them.
//!
//! A subject's roles vote at four levels (site, organization, organization member, user); a "no" at a wider level
//! cannot be outvoted at a narrower one. What a role or a grant on the object itself allows must then also be allowed
//! by the scopes of the API key in use.

mod resource;
mod roles;
mod scopes;

use uuid::Uuid;

pub(crate) use resource::{Action, Resource};
pub(crate) use roles::{
    DEFAULT_ORG_MEMBER_ROLES, Role, RoleName, change_role_set, organization_roles, role, site_roles,
};
pub(crate) use scopes::{AllowListEntry, Scopes, external_scope_names, is_external_scope};

/// A permission: an action on a kind of resource, granted or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) negate: bool,
    pub(crate) resource: Resource,
    pub(crate) action: Action,
}

impl Permission {
    fn matches(&self, action: Action, resource: Resource) -> bool {
        (self.action == action || self.action == Action::Any)
            && (self.resource == resource || self.resource == Resource::Any)
    }
}

/// What an action is done to.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    resource: Resource,
    /// Empty when no single thing is meant.
    id: String,
    owner: Option<Uuid>,
    organization: Option<Uuid>,
    any_organization: bool,
    acl_users: Vec<(Uuid, Vec<Action>)>,
    acl_groups: Vec<(Uuid, Vec<Action>)>,
}

impl Object {
    /// Everything of this kind, owned by nobody in particular.
    pub(crate) fn new(resource: Resource) -> Self {
        Self {
            resource,
            id: String::new(),
            owner: None,
            organization: None,
            any_organization: false,
            acl_users: Vec::new(),
            acl_groups: Vec::new(),
        }
    }

    pub(crate) fn with_id(mut self, id: impl std::fmt::Display) -> Self {
        self.id = id.to_string();
        self
    }

    pub(crate) fn with_owner(mut self, owner: Uuid) -> Self {
        self.owner = Some(owner);
        self
    }

    pub(crate) fn in_org(mut self, organization: Uuid) -> Self {
        self.organization = Some(organization);
        self
    }

    /// Asks whether the action is allowed in at least one organization.
    pub(crate) fn any_organization(mut self) -> Self {
        self.any_organization = true;
        self
    }

    /// Lets a user do `actions`, whatever their roles.
    pub(crate) fn with_acl_user(mut self, user: Uuid, actions: Vec<Action>) -> Self {
        self.acl_users.push((user, actions));
        self
    }

    /// Lets the members of a group do `actions`. The organization's own id names the group of all its members.
    pub(crate) fn with_acl_group(mut self, group: Uuid, actions: Vec<Action>) -> Self {
        self.acl_groups.push((group, actions));
        self
    }

    /// A user account.
    pub(crate) fn user(id: Uuid) -> Self {
        Self::new(Resource::User).with_id(id).with_owner(id)
    }

    /// A chat; use [`Object::with_id`] and the `with_acl_*` functions for a particular one.
    pub(crate) fn chat(owner: Uuid, organization: Uuid) -> Self {
        Self::new(Resource::Chat).with_owner(owner).in_org(organization)
    }

    /// An organization.
    pub(crate) fn organization(id: Uuid) -> Self {
        Self::new(Resource::Organization).with_id(id).in_org(id)
    }

    /// A user's membership of an organization.
    pub(crate) fn organization_member(user: Uuid, organization: Uuid) -> Self {
        Self::new(Resource::OrganizationMember).with_id(user).in_org(organization).with_owner(user)
    }

    /// An API key.
    pub(crate) fn api_key(id: &str, owner: Uuid) -> Self {
        Self::new(Resource::ApiKey).with_id(id).with_owner(owner)
    }

    /// The settings of the deployment.
    pub(crate) fn deployment_config() -> Self {
        Self::new(Resource::DeploymentConfig)
    }
}

/// Who acts: a user with the roles and the scopes of one request.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) user_id: Uuid,
    pub(crate) roles: Vec<RoleName>,
    pub(crate) groups: Vec<Uuid>,
    pub(crate) scopes: Scopes,
}

impl Subject {
    /// Whether the action is allowed on the object.
    pub(crate) fn can(&self, action: Action, object: &Object) -> bool {
        (self.role_allows(action, object) || self.acl_allows(action, object))
            && self.scopes.allow(action, object.resource, &object.id)
    }

    /// Whether the roles let their holder give (or take) another role.
    pub(crate) fn can_assign_role(&self, assigned: &RoleName) -> bool {
        roles::can_assign(&self.roles, assigned)
    }

    /// Whether the subject belongs to the organization.
    pub(crate) fn is_member_of(&self, organization: Uuid) -> bool {
        self.roles.iter().any(|r| r.organization == Some(organization))
    }

    fn role_allows(&self, action: Action, object: &Object) -> bool {
        let resource = object.resource;
        let permissions =
            |level: fn(&Role) -> &[Permission]| self.roles.iter().filter_map(|name| role(&name.name)).flat_map(level);
        let site = vote(permissions(|r| &r.site), action, resource);
        if site != Vote::Abstain {
            return site == Vote::Allow;
        }
        let owns = object.owner == Some(self.user_id);
        if owns
            && object.organization.is_none()
            && !object.any_organization
            && vote(permissions(|r| &r.user), action, resource) == Vote::Allow
        {
            return true;
        }
        match self.organization_vote(action, object, |r| &r.organization) {
            Vote::Allow => true,
            Vote::Deny => false,
            Vote::Abstain => owns && self.organization_vote(action, object, |r| &r.member) == Vote::Allow,
        }
    }

    /// The vote of the roles held in the object's organization, or the best one of any organization.
    fn organization_vote(&self, action: Action, object: &Object, level: fn(&Role) -> &[Permission]) -> Vote {
        let vote_in = |organization: Uuid| {
            let held = self.roles.iter().filter(|r| r.organization == Some(organization));
            vote(held.filter_map(|r| role(&r.name)).flat_map(level), action, object.resource)
        };
        if object.any_organization {
            return self.roles.iter().filter_map(|r| r.organization).map(vote_in).max().unwrap_or(Vote::Abstain);
        }
        object.organization.map_or(Vote::Abstain, vote_in)
    }

    fn acl_allows(&self, action: Action, object: &Object) -> bool {
        let grants = |actions: &[Action]| actions.contains(&action) || actions.contains(&Action::Any);
        if object.acl_users.iter().any(|(user, actions)| *user == self.user_id && grants(actions)) {
            return true;
        }
        let Some(organization) = object.organization.filter(|id| self.is_member_of(*id)) else { return false };
        object
            .acl_groups
            .iter()
            .any(|(group, actions)| (*group == organization || self.groups.contains(group)) && grants(actions))
    }
}

/// What a set of permissions says of an action. The order matters: the best vote is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Vote {
    Deny,
    Abstain,
    Allow,
}

fn vote<'a>(permissions: impl Iterator<Item = &'a Permission>, action: Action, resource: Resource) -> Vote {
    let mut vote = Vote::Abstain;
    for permission in permissions.filter(|p| p.matches(action, resource)) {
        if permission.negate {
            return Vote::Deny;
        }
        vote = Vote::Allow;
    }
    vote
}

#[cfg(test)]
mod tests;
