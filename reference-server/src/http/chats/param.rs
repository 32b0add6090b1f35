//! The chat that a path names, as far as the caller may know of it.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use uuid::Uuid;

use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::path_uuid;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::chats::{Acl, ChatRow};

/// The permission that a reader of a shared chat has, as it is stored.
pub(crate) const READ_PERMISSION: &str = "read";

/// Subtrees beside the chats. What they do not have is not taken for something of a chat.
pub(crate) const NOT_CHATS: &[&str] =
    &["config", "cost", "files", "model-configs", "providers", "usage-limits", "user-provider-configs"];

/// The chat of the path parameter `chat`, which the caller may read.
#[derive(Debug)]
pub(crate) struct ChatParam(pub(crate) ChatRow);

impl FromRequestParts<AppState> for ChatParam {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Path(names): Path<HashMap<String, String>> =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::not_found())?;
        let name = names.get("chat").map_or("", String::as_str);
        if NOT_CHATS.contains(&name) {
            return Err(ApiError::route_not_found());
        }
        let id = path_uuid(name)?;
        let chat = state.store.chat(id).await.map_err(|e| ApiError::internal("Internal error fetching chat.", &e))?;
        match chat {
            Some(chat) if caller.can(Action::Read, &chat_object(&chat)) => Ok(Self(chat)),
            _ => Err(ApiError::not_found()),
        }
    }
}

/// The chat as an object of permissions: its owner, its organization, and those whom it is shared with.
pub(crate) fn chat_object(chat: &ChatRow) -> Object {
    let mut object = Object::chat(chat.owner_id, chat.organization_id).with_id(chat.id);
    for id in readers(&chat.user_acl) {
        object = object.with_acl_user(id, vec![Action::Read]);
    }
    for id in readers(&chat.group_acl) {
        object = object.with_acl_group(id, vec![Action::Read]);
    }
    object
}

fn readers(acl: &Acl) -> impl Iterator<Item = Uuid> {
    acl.iter()
        .filter(|(_, entry)| entry.permissions.iter().any(|permission| permission == READ_PERMISSION))
        .filter_map(|(id, _)| Uuid::parse_str(id).ok())
}

impl Caller {
    /// Refuses callers who may not change the chat as if it did not exist.
    ///
    /// # Errors
    /// 404 unless the caller may update the chat.
    pub(crate) fn may_update_chat(&self, chat: &ChatRow) -> Result<(), ApiError> {
        self.authorize(Action::Update, &chat_object(chat))
    }

    /// Refuses callers other than the chat's owner what makes models run: a turn uses the owner's keys and tokens.
    ///
    /// # Errors
    /// 404 unless the caller may update the chat, 403 unless it is the caller's own.
    pub(crate) fn must_own_chat(&self, chat: &ChatRow, what: &str) -> Result<(), ApiError> {
        self.may_update_chat(chat)?;
        if self.id() == chat.owner_id {
            return Ok(());
        }
        Err(ApiError::new(http::StatusCode::FORBIDDEN, format!("Only the chat owner may {what}.")))
    }
}
