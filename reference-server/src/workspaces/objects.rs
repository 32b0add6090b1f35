//! Workspaces and templates as objects of permissions.

use uuid::Uuid;

use crate::rbac::{Action, Object, Resource};
use crate::store::chats::Acl;
use crate::store::tasks::TaskRow;
use crate::store::templates::TemplateRow;
use crate::store::workspaces::WorkspaceRow;

/// A workspace: nobody gets into a dormant one.
pub(crate) fn workspace_object(workspace: &WorkspaceRow) -> Object {
    let resource = if workspace.dormant_at.is_some() { Resource::WorkspaceDormant } else { Resource::Workspace };
    let object =
        Object::new(resource).with_id(workspace.id).with_owner(workspace.owner_id).in_org(workspace.organization_id);
    with_acl(object, &workspace.user_acl, &workspace.group_acl)
}

/// A template.
pub(crate) fn template_object(template: &TemplateRow) -> Object {
    let object = Object::new(Resource::Template).with_id(template.id).in_org(template.organization_id);
    with_acl(object, &template.user_acl, &template.group_acl)
}

/// A task.
pub(crate) fn task_object(task: &TaskRow) -> Object {
    Object::new(Resource::Task).with_id(task.id).with_owner(task.owner_id).in_org(task.organization_id)
}

fn with_acl(mut object: Object, users: &Acl, groups: &Acl) -> Object {
    for (id, actions) in entries(users) {
        object = object.with_acl_user(id, actions);
    }
    for (id, actions) in entries(groups) {
        object = object.with_acl_group(id, actions);
    }
    object
}

fn entries(acl: &Acl) -> impl Iterator<Item = (Uuid, Vec<Action>)> {
    acl.iter().filter_map(|(id, entry)| {
        let actions = entry.permissions.iter().filter_map(|name| Action::parse(name)).collect();
        Some((Uuid::parse_str(id).ok()?, actions))
    })
}
