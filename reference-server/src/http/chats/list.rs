//! The list of chats, and which chat belongs to which workspace.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use codersdk::Chat;
use uuid::Uuid;

use super::param::chat_object;
use super::rows;
use super::search::parse_chat_search;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::parse_uuid;
use crate::http::query::{QueryParser, QueryValues};
use crate::quote::quoted;
use crate::rbac::Action;
use crate::state::AppState;
use crate::store::chat_list::ChatPage;

/// Page size where none is asked for.
const DEFAULT_LIMIT: usize = 50;
/// Most workspaces that can be asked for at once: as many as a page of workspaces has.
const MAX_WORKSPACES: usize = 25;

/// `GET /`: root chats that match a search, with their children.
pub(super) async fn list_chats(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<Vec<Chat>>, ApiError> {
    let mut parser = QueryParser::new();
    let after = parser.uuid(&query, Uuid::nil(), "after_id");
    let limit = parser.positive_int32(&query, 0, "limit");
    let offset = parser.positive_int32(&query, 0, "offset");
    parser.finish()?;
    let filter = parse_chat_search(query.get("q").unwrap_or_default())
        .map_err(|errors| ApiError::bad_request("Invalid chat search query.").validations(errors))?;
    let labels = label_filter(&query)?;
    let page = ChatPage {
        filter: &filter,
        viewer: caller.id(),
        groups: &groups_of(&caller),
        labels: &labels,
        after: Some(after).filter(|id| !id.is_nil()),
        offset: usize::try_from(offset).unwrap_or_default(),
        limit: usize::try_from(limit).ok().filter(|limit| *limit != 0).unwrap_or(DEFAULT_LIMIT),
    };
    let failed = |e| ApiError::internal("Failed to list chats.", &e);
    let roots =
        state.store.chat_page(&page, |chat| caller.can(Action::Read, &chat_object(chat))).await.map_err(failed)?;
    Ok(Json(rows::list(&state, &caller, &roots, filter.archived).await.map_err(failed)?))
}

/// The groups of the caller. The group of everybody in an organization has the organization's id.
fn groups_of(caller: &Caller) -> Vec<Uuid> {
    let organizations = caller.subject.roles.iter().filter_map(|role| role.organization);
    let mut groups: Vec<Uuid> = caller.subject.groups.iter().copied().chain(organizations).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

fn label_filter(query: &QueryValues) -> Result<BTreeMap<String, String>, ApiError> {
    query
        .all("label")
        .map(|label| match label.split_once(':') {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
            _ => Err(ApiError::bad_request(format!(
                "Invalid label filter: {} (expected format key:value, both must be non-empty)",
                quoted(label)
            ))),
        })
        .collect()
}

/// `GET /by-workspace`: the latest chat of each workspace, of those that are not archived.
pub(super) async fn chats_by_workspace(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<BTreeMap<Uuid, Uuid>>, ApiError> {
    let Some(ids) = query.get("workspace_ids").filter(|ids| !ids.is_empty()) else {
        return Ok(Json(BTreeMap::new()));
    };
    let ids: Vec<&str> = ids.split(',').collect();
    if ids.len() > MAX_WORKSPACES {
        return Err(ApiError::bad_request(format!("Too many workspace IDs, maximum is {MAX_WORKSPACES}.")));
    }
    let ids = ids
        .into_iter()
        .map(|id| {
            parse_uuid(id.trim())
                .map_err(|e| ApiError::bad_request(format!("Invalid workspace ID {}: {e}", quoted(id))))
        })
        .collect::<Result<Vec<Uuid>, ApiError>>()?;
    let chats = state
        .store
        .chats_of_workspaces(&ids)
        .await
        .map_err(|e| ApiError::internal("Failed to get chats by workspace.", &e))?;
    let mut latest = BTreeMap::new();
    for chat in chats.iter().filter(|chat| caller.can(Action::Read, &chat_object(chat))) {
        if let Some(workspace) = chat.workspace_id {
            latest.entry(workspace).or_insert(chat.id);
        }
    }
    Ok(Json(latest))
}
