//! Chats as they are answered: with their files, their children, and what is known of the change they made.

use std::collections::{HashMap, HashSet};

use codersdk::{Chat, ChatDiffStatus, ChatFileMetadata};
use uuid::Uuid;

use super::param::chat_object;
use crate::http::auth::Caller;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chat_diffs::DiffStatusRow;
use crate::store::chat_files::ChatFileRow;
use crate::store::chats::ChatRow;

/// A chat alone: without children, and without unread mark, which only rows of a list carry.
pub(crate) fn single(chat: &ChatRow) -> Chat {
    Chat { children: Vec::new().into(), ..chat.to_wire() }
}

/// The files of a chat as they are answered.
pub(crate) fn file_metadata(files: Vec<ChatFileRow>) -> Vec<ChatFileMetadata> {
    files
        .into_iter()
        .map(|file| ChatFileMetadata {
            id: file.id,
            owner_id: file.owner_id,
            organization_id: file.organization_id,
            name: file.name,
            mime_type: file.mimetype,
            created_at: file.created_at,
            ..Default::default()
        })
        .collect()
}

/// What the rows of a list need from other tables.
struct Extras {
    diffs: HashMap<Uuid, DiffStatusRow>,
    unread: HashSet<Uuid>,
}

impl Extras {
    async fn load(state: &AppState, chats: impl Iterator<Item = &ChatRow>) -> sqlx::Result<Self> {
        let ids: Vec<Uuid> = chats.map(|chat| chat.id).collect();
        Ok(Self {
            diffs: state.store.diff_statuses_of(&ids).await?,
            unread: state.store.unread_of(&ids).await?.into_iter().collect(),
        })
    }

    /// A chat in a list. It always has a diff status, an empty one where nothing is known.
    fn row(&self, chat: &ChatRow, children: Vec<Chat>) -> Chat {
        let diff = self.diffs.get(&chat.id).map(DiffStatusRow::to_wire);
        Chat {
            diff_status: Some(diff.unwrap_or_else(|| ChatDiffStatus { chat_id: chat.id, ..ChatDiffStatus::default() })),
            has_unread: self.unread.contains(&chat.id),
            children: children.into(),
            ..chat.to_wire()
        }
    }
}

/// Rows of a list: roots with the children that the caller may read, newest first.
pub(crate) async fn list(
    state: &AppState,
    caller: &Caller,
    roots: &[ChatRow],
    archived: bool,
) -> sqlx::Result<Vec<Chat>> {
    let ids: Vec<Uuid> = roots.iter().map(|root| root.id).collect();
    let children = readable_children(state, caller, &ids, archived).await?;
    let extras = Extras::load(state, roots.iter().chain(&children)).await?;
    let mut by_parent: HashMap<Option<Uuid>, Vec<Chat>> = HashMap::new();
    for child in &children {
        by_parent.entry(child.parent_chat_id).or_default().push(extras.row(child, Vec::new()));
    }
    Ok(roots.iter().map(|root| extras.row(root, by_parent.remove(&Some(root.id)).unwrap_or_default())).collect())
}

/// The children of one chat, as rows.
pub(crate) async fn children(state: &AppState, caller: &Caller, parent: &ChatRow) -> sqlx::Result<Vec<Chat>> {
    let children = readable_children(state, caller, &[parent.id], parent.archived).await?;
    let extras = Extras::load(state, children.iter()).await?;
    Ok(children.iter().map(|child| extras.row(child, Vec::new())).collect())
}

async fn readable_children(
    state: &AppState,
    caller: &Caller,
    parents: &[Uuid],
    archived: bool,
) -> sqlx::Result<Vec<ChatRow>> {
    let mut children = state.store.children_of(parents, Some(archived)).await?;
    children.retain(|child| caller.can(Action::Read, &chat_object(child)));
    Ok(children)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, Utc};
    use codersdk::{ChatClientType, ChatMessageRole, ChatStatus};
    use serde_json::{Value, json};

    use super::*;
    use crate::store::chats::{Acl, stored_error};
    use crate::store::messages::{MessageRow, UsageColumns, Visibility};
    use crate::testing::{Case, replay, same, vectors};

    fn recorded_time() -> DateTime<Utc> {
        "2026-06-27T17:08:09Z".parse().unwrap()
    }

    fn chat(input: &Value) -> ChatRow {
        let id = |key: &str| input[key].as_str().map(|id| id.parse().unwrap());
        ChatRow {
            id: id("id").unwrap_or_default(),
            organization_id: Uuid::nil(),
            owner_id: Uuid::nil(),
            owner_username: String::new(),
            owner_name: String::new(),
            workspace_id: None,
            build_id: None,
            agent_id: None,
            parent_chat_id: id("parent_chat_id"),
            root_chat_id: id("root_chat_id"),
            title: String::new(),
            mode: None,
            plan_mode: None,
            client_type: ChatClientType::default(),
            last_model_config_id: Uuid::nil(),
            mcp_server_ids: Vec::new(),
            labels: BTreeMap::new(),
            dynamic_tools: None,
            pin_order: 0,
            last_turn_summary: input["last_turn_summary"].as_str().map(str::to_owned),
            context_hash: None,
            context_dirty_since: None,
            context_error: String::new(),
            user_acl: Acl::new(),
            group_acl: Acl::new(),
            created_at: recorded_time(),
            updated_at: recorded_time(),
            status: ChatStatus::Waiting,
            archived: false,
            last_error: None,
            snapshot_version: 1,
            history_version: 1,
            queue_version: 0,
            generation_attempt: 0,
            retry_state: None,
            retry_state_version: 0,
            requires_action_deadline_at: None,
            worker_id: None,
            runner_id: None,
            heartbeat_at: None,
        }
    }

    fn message(input: &Value) -> MessageRow {
        let tokens = |at: usize| input["tokens"][at].as_i64();
        // The fifth entry says that the message has an author.
        let authored = input["tokens"][4] == true;
        MessageRow {
            id: 7,
            chat_id: "11111111-0000-4000-8000-000000000001".parse().unwrap(),
            created_at: recorded_time(),
            role: ChatMessageRole::from(input["role"].as_str().unwrap()),
            visibility: Visibility::Both,
            content: input["content"].as_str().map(str::to_owned),
            content_version: input["version"].as_i64().unwrap(),
            created_by: authored.then(|| "22222222-0000-4000-8000-000000000002".parse().unwrap()),
            api_key_id: None,
            model_config_id: None,
            compressed: false,
            deleted: false,
            revision: 1,
            usage: UsageColumns {
                input_tokens: tokens(0),
                output_tokens: tokens(1),
                total_tokens: tokens(2),
                context_limit: tokens(3),
                ..UsageColumns::default()
            },
            total_cost_micros: None,
            runtime_ms: None,
            provider_response_id: None,
        }
    }

    /// The recorded value with its times in UTC: the wire types know no other offset.
    fn in_utc(value: &Value) -> Value {
        match value {
            Value::String(text) => match DateTime::parse_from_rfc3339(text) {
                Ok(time) => json!(time.to_utc()),
                Err(_) => value.clone(),
            },
            Value::Array(items) => items.iter().map(in_utc).collect(),
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), in_utc(value))).collect(),
            other => other.clone(),
        }
    }

    /// The fields of the answer that were recorded.
    fn recorded_fields(answer: &Value, recorded: &Value) -> Value {
        recorded.as_object().unwrap().keys().map(|key| (key.clone(), answer[key].clone())).collect()
    }

    #[test]
    fn vectors_of_chat_rows_match() {
        let of_rule = |rule: &str| -> Vec<Case> {
            vectors("chat_rows.json").into_iter().filter(|case| case.text("rule") == rule).collect()
        };
        replay(&of_rule("message"), |case| same(&json!(message(&case.input).to_wire()), &in_utc(&case.output)));
        replay(&of_rule("last_error"), |case| {
            same(&json!({"last_error": stored_error(case.text("stored"))}), &case.output)
        });
        // Chats have no pinned context as long as there are no workspaces.
        let chats: Vec<Case> = of_rule("chat").into_iter().filter(|case| case.output["context"].is_null()).collect();
        replay(&chats, |case| same(&recorded_fields(&json!(single(&chat(&case.input))), &case.output), &case.output));
    }
}
