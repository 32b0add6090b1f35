//! Sharing a chat with users and groups.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use codersdk::{ChatAcl, ChatGroup, ChatRole, ChatUser, GroupSource, UpdateChatAcl, ValidationError};
use http::StatusCode;
use uuid::Uuid;

use super::param::{ChatParam, READ_PERMISSION, chat_object};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid};
use crate::quote::quoted;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chat_changes::AclChanges;
use crate::store::chats::{Acl, AclEntry, ChatRow};

/// `GET /{chat}/acl`
pub(super) async fn get_chat_acl(
    State(state): State<AppState>,
    ChatParam(chat): ChatParam,
) -> Result<Json<ChatAcl>, ApiError> {
    must_be_root(&chat)?;
    let users = state.store.users_by_ids(&ids(&chat.user_acl)).await?;
    let users: Vec<ChatUser> = users
        .into_iter()
        .map(|user| ChatUser {
            role: role(chat.user_acl.get(&user.id.to_string())),
            id: user.id,
            username: user.username,
            name: Some(user.name).filter(|name| !name.is_empty()),
            avatar_url: Some(user.avatar_url).filter(|url| !url.is_empty()),
        })
        .collect();
    let mut groups = Vec::new();
    for id in ids(&chat.group_acl) {
        if let Some(group) = group(&state, id).await? {
            groups.push(ChatGroup { role: role(chat.group_acl.get(&id.to_string())), ..group });
        }
    }
    Ok(Json(ChatAcl { users: users.into(), groups: groups.into() }))
}

/// `PATCH /{chat}/acl`
pub(super) async fn patch_chat_acl(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    request: Request,
) -> Result<StatusCode, ApiError> {
    must_be_root(&chat)?;
    caller.authorize_or_forbid(Action::Share, &chat_object(&chat))?;
    let GoJson(request) = GoJson::<UpdateChatAcl>::from_request(request, &state).await?;
    if request.user_roles.keys().any(|id| parse_uuid(id) == Ok(caller.id())) {
        return Err(ApiError::bad_request("Cannot change your own chat sharing role."));
    }
    let mut groups = Changes::read("group_roles", &request.group_roles);
    for id in groups.given() {
        if group(&state, id).await?.is_none() {
            groups.refuse(format!("group with ID {id} does not exist"));
        }
    }
    let mut users = Changes::read("user_roles", &request.user_roles);
    let known = state.store.users_by_ids(&users.given()).await?;
    for id in users.given() {
        if !known.iter().any(|user| user.id == id && !user.deleted) {
            users.refuse(format!("user with ID {id} does not exist"));
        }
    }
    let errors = [groups.errors, users.errors].concat();
    if !errors.is_empty() {
        return Err(ApiError::bad_request("Invalid request to update chat ACL.").validations(errors));
    }
    state.store.change_chat_acl(chat.id, &users.changes, &groups.changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A family is shared as a whole, and its root says with whom.
fn must_be_root(chat: &ChatRow) -> Result<(), ApiError> {
    if chat.root_chat_id.is_none() && chat.parent_chat_id.is_none() {
        return Ok(());
    }
    Err(ApiError::bad_request("Chat ACLs can only be set on root chats.")
        .detail(format!("Target the root chat (id: {}) instead.", chat.root_id())))
}

fn ids(acl: &Acl) -> Vec<Uuid> {
    acl.keys().filter_map(|id| Uuid::parse_str(id).ok()).collect()
}

fn role(entry: Option<&AclEntry>) -> ChatRole {
    let reads = entry.is_some_and(|entry| entry.permissions == [READ_PERMISSION]);
    if reads { ChatRole::Read } else { ChatRole::Empty }
}

/// The group of everybody in an organization, which has the organization's id; there are no others.
async fn group(state: &AppState, id: Uuid) -> Result<Option<ChatGroup>, ApiError> {
    let Some(organization) = state.store.organization(id).await? else { return Ok(None) };
    let size = state.store.group_with_limit(id).await?;
    Ok(Some(ChatGroup {
        id,
        name: "Everyone".to_owned(),
        organization_id: id,
        members: Vec::new().into(),
        total_member_count: size.map_or(0, |group| group.member_count),
        source: GroupSource::User,
        organization_name: organization.name,
        organization_display_name: organization.display_name,
        ..ChatGroup::default()
    }))
}

/// The changes of one kind of subject, and what is wrong with them.
struct Changes {
    field: &'static str,
    changes: AclChanges,
    errors: Vec<ValidationError>,
}

impl Changes {
    fn read(field: &'static str, roles: &BTreeMap<String, ChatRole>) -> Self {
        let mut read = Self { field, changes: AclChanges::new(), errors: Vec::new() };
        for (id, role) in roles {
            let permission = match role.as_str() {
                "read" => Some(READ_PERMISSION),
                "" => None,
                other => {
                    read.refuse(format!("role {} is not a valid chat role", quoted(other)));
                    Some(READ_PERMISSION)
                }
            };
            match parse_uuid(id) {
                Ok(id) => {
                    read.changes.insert(id, permission);
                }
                Err(_) => read.refuse(format!("{id} is not a valid UUID.")),
            }
        }
        read
    }

    /// Those who are given a role. One who is taken a role may be gone already.
    fn given(&self) -> Vec<Uuid> {
        self.changes.iter().filter(|(_, permission)| permission.is_some()).map(|(id, _)| *id).collect()
    }

    fn refuse(&mut self, detail: String) {
        self.errors.push(ValidationError { field: self.field.to_owned(), detail });
    }
}
