//! Asking what one may do.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::{GoJson, parse_uuid};
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;

/// How many single things a request may ask about: each is looked up.
const MAX_LOOKUPS: usize = 10;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/api/v2/authcheck", post(check_authorization))
}

#[derive(Deserialize)]
struct CheckRequest {
    checks: BTreeMap<String, Check>,
}

#[derive(Deserialize)]
struct Check {
    object: CheckedObject,
    action: String,
}

#[derive(Deserialize)]
struct CheckedObject {
    resource_type: String,
    owner_id: String,
    organization_id: String,
    resource_id: String,
    any_org: bool,
}

async fn check_authorization(
    State(state): State<AppState>,
    caller: Caller,
    GoJson(request): GoJson<CheckRequest>,
) -> Result<Json<BTreeMap<String, bool>>, ApiError> {
    let lookups = request.checks.values().filter(|check| !check.object.resource_id.is_empty()).count();
    if lookups > MAX_LOOKUPS {
        return Err(ApiError::bad_request(format!(
            "Endpoint only supports using \"resource_id\" field {MAX_LOOKUPS} times, found {lookups} usages. Remove {} \
             objects with this field set.",
            lookups - MAX_LOOKUPS
        )));
    }
    let mut answers = BTreeMap::new();
    for (name, check) in request.checks {
        if check.object.resource_type.is_empty() {
            return Err(ApiError::bad_request(format!(
                "Object's \"resource_type\" field must be defined for key {}.",
                quoted(&name)
            )));
        }
        let action = Action::parse(&check.action).unwrap_or(Action::Unknown);
        let object = if check.object.resource_id.is_empty() {
            described(&caller, &check.object)
        } else {
            stored(&state, &caller, &check.object).await?
        };
        answers.insert(name, object.is_some_and(|object| caller.can(action, &object)));
    }
    Ok(Json(answers))
}

/// The object of a description; none of a kind that there is not.
fn described(caller: &Caller, object: &CheckedObject) -> Option<Object> {
    // What is no id is nobody's and in no organization, but not the same as no id.
    let id = |text: &str| parse_uuid(text).unwrap_or(Uuid::max());
    let mut described = Object::new(Resource::parse(&object.resource_type)?);
    match object.owner_id.as_str() {
        "" => {}
        "me" => described = described.with_owner(caller.id()),
        owner => described = described.with_owner(id(owner)),
    }
    if !object.organization_id.is_empty() {
        described = described.in_org(id(&object.organization_id));
    }
    Some(if object.any_org { described.any_organization() } else { described })
}

/// The object of this id, if the caller may know that it exists.
async fn stored(state: &AppState, caller: &Caller, object: &CheckedObject) -> Result<Option<Object>, ApiError> {
    let id = parse_uuid(&object.resource_id).map_err(|error| {
        ApiError::bad_request(format!("Object {} id is not a valid uuid.", quoted(&object.resource_id)))
            .field("resource_id", error)
    })?;
    let found = match object.resource_type.as_str() {
        "user" => state.store.user(id).await?.map(|user| Object::user(user.id)),
        // The group of all members has the id of its organization.
        "group" => state.store.organization(id).await?.map(|organization| {
            Object::new(Resource::Group).with_id(id).in_org(organization.id).with_acl_group(id, vec![Action::Read])
        }),
        "workspace" | "template" => None,
        other => {
            let message = format!("Object type {} does not support \"resource_id\" field.", quoted(other));
            return Err(ApiError::bad_request(message.clone()).field("resource_type", message));
        }
    };
    Ok(found.filter(|object| caller.can(Action::Read, object)))
}
