//! Scopes: how far an API key reaches.

use super::{Action, Resource};

/// One entry of a key's allow list: things of a kind, one of them or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AllowListEntry {
    pub(crate) resource: Resource,
    /// `*` for all of them.
    pub(crate) id: String,
}

impl std::fmt::Display for AllowListEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.resource.as_str(), self.id)
    }
}

impl AllowListEntry {
    /// Reads `kind:id`, both of which may be `*`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (resource, id) = text.split_once(':')?;
        let resource = Resource::parse(resource)?;
        let id = if id == "*" { "*".to_owned() } else { uuid::Uuid::parse_str(id).ok()?.to_string() };
        Some(Self { resource, id })
    }
}

/// What a key may be used for: the union of its scopes, on the things of its allow list.
#[derive(Debug, Clone)]
pub(crate) struct Scopes {
    pub(super) grants: Vec<(Resource, Action)>,
    allow_list: Vec<AllowListEntry>,
}

impl Scopes {
    /// No narrowing at all.
    pub(crate) fn all() -> Self {
        Self {
            grants: vec![(Resource::Any, Action::Any)],
            allow_list: vec![AllowListEntry { resource: Resource::Any, id: "*".to_owned() }],
        }
    }

    /// The scopes of these names; unknown ones grant nothing.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>, allow_list: Vec<AllowListEntry>) -> Self {
        Self { grants: names.into_iter().flat_map(expand).collect(), allow_list }
    }

    /// The single things of a kind that the allow list names.
    pub(crate) fn listed_ids(&self, resource: Resource) -> impl Iterator<Item = uuid::Uuid> {
        let of_kind = move |entry: &&AllowListEntry| entry.resource == resource || entry.resource == Resource::Any;
        self.allow_list.iter().filter(of_kind).filter_map(|entry| uuid::Uuid::parse_str(&entry.id).ok())
    }

    pub(super) fn allow(&self, action: Action, resource: Resource, id: &str) -> bool {
        let granted = self
            .grants
            .iter()
            .any(|&(r, a)| (r == resource || r == Resource::Any) && (a == action || a == Action::Any));
        granted
            && self.allow_list.iter().any(|entry| {
                (entry.resource == resource || entry.resource == Resource::Any)
                    && (entry.id == "*" || (!id.is_empty() && entry.id == id))
            })
    }
}

fn expand(name: &str) -> Vec<(Resource, Action)> {
    match name {
        "all" | "coder:all" => return vec![(Resource::Any, Action::Any)],
        "application_connect" | "coder:application_connect" => {
            return vec![(Resource::Workspace, Action::ApplicationConnect)];
        }
        _ => {}
    }
    if let Some(grants) = composite(name) {
        return grants.iter().flat_map(|(r, actions)| actions.iter().map(move |a| (*r, *a))).collect();
    }
    low_level(name).into_iter().collect()
}

fn low_level(name: &str) -> Option<(Resource, Action)> {
    let (resource, action) = name.split_once(':')?;
    let (resource, action) = (Resource::parse(resource)?, Action::parse(action)?);
    (action == Action::Any || resource.actions().contains(&action)).then_some((resource, action))
}

type Grants = &'static [(Resource, &'static [Action])];

fn composite(name: &str) -> Option<Grants> {
    use Action::{ApplicationConnect, Create, Delete, Read, Ssh, Start, Stop, Update, Use, ViewInsights};
    use Resource::{ApiKey, File, OrganizationMember, ProvisionerJobs, Template, Workspace};
    Some(match name {
        "coder:workspaces.create" => &[
            (Template, &[Read, Use]),
            (Workspace, &[Stop, Start, Create, Update, Read]),
            (OrganizationMember, &[Read]),
        ],
        "coder:workspaces.operate" => {
            &[(Template, &[Read]), (Workspace, &[Stop, Start, Read, Update]), (OrganizationMember, &[Read])]
        }
        "coder:workspaces.delete" => {
            &[(Template, &[Read, Use]), (Workspace, &[Read, Delete]), (OrganizationMember, &[Read])]
        }
        "coder:workspaces.access" => {
            &[(Template, &[Read]), (OrganizationMember, &[Read]), (Workspace, &[Read, Ssh, ApplicationConnect])]
        }
        "coder:templates.build" => &[(Template, &[Read]), (File, &[Create, Read]), (ProvisionerJobs, &[Read])],
        "coder:templates.author" => {
            &[(Template, &[Read, Create, Update, Delete, ViewInsights]), (File, &[Create, Read])]
        }
        "coder:apikeys.manage_self" => &[(ApiKey, &[Read, Create, Update, Delete])],
        _ => return None,
    })
}

/// The scopes that a user may ask for, in order; every other `resource:action` is internal.
const EXTERNAL: &[&str] = &[
    "api_key:*",
    "api_key:create",
    "api_key:delete",
    "api_key:read",
    "api_key:update",
    "coder:all",
    "coder:apikeys.manage_self",
    "coder:application_connect",
    "coder:templates.author",
    "coder:templates.build",
    "coder:workspaces.access",
    "coder:workspaces.create",
    "coder:workspaces.delete",
    "coder:workspaces.operate",
    "file:*",
    "file:create",
    "file:read",
    "organization:*",
    "organization:delete",
    "organization:read",
    "organization:update",
    "task:*",
    "task:create",
    "task:delete",
    "task:read",
    "task:update",
    "template:*",
    "template:create",
    "template:delete",
    "template:read",
    "template:update",
    "template:use",
    "user:*",
    "user:read",
    "user:read_personal",
    "user:update_personal",
    "user_secret:*",
    "user_secret:create",
    "user_secret:delete",
    "user_secret:read",
    "user_secret:update",
    "user_skill:*",
    "user_skill:create",
    "user_skill:delete",
    "user_skill:read",
    "user_skill:update",
    "workspace:*",
    "workspace:application_connect",
    "workspace:create",
    "workspace:delete",
    "workspace:read",
    "workspace:ssh",
    "workspace:start",
    "workspace:stop",
    "workspace:update",
];

/// The scopes that a user may ask for, in order.
pub(crate) fn external_scope_names() -> &'static [&'static str] {
    EXTERNAL
}

/// Whether a user may ask for this scope.
pub(crate) fn is_external_scope(name: &str) -> bool {
    matches!(name, "all" | "application_connect") || EXTERNAL.contains(&name)
}
