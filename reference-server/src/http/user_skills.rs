//! `/api/experimental/users/{user}/skills`: skills that people write for their own chats.

use std::collections::HashMap;

use axum::extract::{FromRequestParts, Path, State};
use axum::routing::get;
use axum::{Json, Router};
use codersdk::{CreateUserSkillRequest, UpdateUserSkillRequest, UserSkill, UserSkillMetadata};
use http::StatusCode;
use http::request::Parts;
use uuid::Uuid;

use super::auth::Caller;
use super::error::ApiError;
use super::extract::GoJson;
use super::users::UserParam;
use crate::chatd::skills::{self, MAX_SKILL_BYTES, SkillError};
use crate::quote::quoted;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;
use crate::store::user_skills::UserSkillRow;

/// How large a body may be, in bytes: each byte of a skill can take six in JSON.
const BODY_LIMIT: usize = MAX_SKILL_BYTES * 6 + 1024;
/// How many skills a user may have.
const MOST: i64 = 100;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/", get(list).post(create)).route("/{skill}", get(read).patch(update).delete(delete))
}

/// The name of a skill in a path.
#[derive(Debug)]
struct SkillName(String);

impl<S: Send + Sync> FromRequestParts<S> for SkillName {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(mut path): Path<HashMap<String, String>> =
            Path::from_request_parts(parts, state).await.map_err(|_| ApiError::route_not_found())?;
        path.remove("skill").map(Self).ok_or_else(ApiError::route_not_found)
    }
}

fn skills_of(user_id: Uuid) -> Object {
    Object::new(Resource::UserSkill).with_owner(user_id)
}

async fn list(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
) -> Result<Json<Vec<UserSkillMetadata>>, ApiError> {
    caller.authorize(Action::Read, &skills_of(user.id))?;
    let metadata = |row: UserSkillRow| UserSkillMetadata {
        id: row.id,
        name: row.name,
        description: row.description,
        created_at: row.created_at,
        updated_at: row.updated_at,
    };
    Ok(Json(state.store.user_skills(user.id).await?.into_iter().map(metadata).collect()))
}

async fn create(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    GoJson(request): GoJson<CreateUserSkillRequest, BODY_LIMIT>,
) -> Result<(StatusCode, Json<UserSkill>), ApiError> {
    let parsed = skills::parse_personal(&request.content).map_err(|error| refusal(&error))?;
    caller.authorize_or_forbid(Action::Create, &skills_of(user.id))?;
    let now = state.clock.now();
    let row = UserSkillRow {
        id: Uuid::new_v4(),
        user_id: user.id,
        name: parsed.name,
        description: parsed.description,
        content: request.content,
        created_at: now,
        updated_at: now,
    };
    let inserted = state.store.insert_user_skill(&row, MOST).await.map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => {
            ApiError::conflict("A skill with that name already exists.")
                .detail(format!("The user has a skill {} already.", quoted(&row.name)))
        }
        error => error.into(),
    })?;
    if !inserted {
        return Err(ApiError::conflict("Personal skill limit reached.")
            .detail(format!("Each user can have at most {MOST} personal skills.")));
    }
    Ok((StatusCode::CREATED, Json(to_wire(row))))
}

async fn read(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    SkillName(name): SkillName,
) -> Result<Json<UserSkill>, ApiError> {
    caller.authorize(Action::Read, &skills_of(user.id))?;
    let row = state.store.user_skill(user.id, &name).await?;
    row.map(|row| Json(to_wire(row))).ok_or_else(ApiError::not_found)
}

async fn update(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    SkillName(name): SkillName,
    GoJson(request): GoJson<UpdateUserSkillRequest, BODY_LIMIT>,
) -> Result<Json<UserSkill>, ApiError> {
    let parsed = skills::parse_personal(&request.content).map_err(|error| refusal(&error))?;
    if parsed.name != name {
        return Err(ApiError::bad_request("Skill name in path does not match frontmatter name.").detail(format!(
            "path has {}, frontmatter has {}",
            quoted(&name),
            quoted(&parsed.name)
        )));
    }
    caller.authorize(Action::Read, &skills_of(user.id))?;
    if state.store.user_skill(user.id, &name).await?.is_none() {
        return Err(ApiError::not_found());
    }
    caller.authorize_or_forbid(Action::Update, &skills_of(user.id))?;
    let text = (parsed.description.as_str(), request.content.as_str());
    let updated = state.store.update_user_skill(user.id, &name, text, state.clock.now()).await?;
    updated.map(|row| Json(to_wire(row))).ok_or_else(ApiError::not_found)
}

async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    SkillName(name): SkillName,
) -> Result<StatusCode, ApiError> {
    caller.authorize(Action::Delete, &skills_of(user.id))?;
    if !state.store.delete_user_skill(user.id, &name).await? {
        return Err(ApiError::not_found());
    }
    Ok(StatusCode::NO_CONTENT)
}

fn to_wire(row: UserSkillRow) -> UserSkill {
    UserSkill {
        id: row.id,
        name: row.name,
        description: row.description,
        created_at: row.created_at,
        updated_at: row.updated_at,
        content: row.content,
    }
}

fn refusal(error: &SkillError) -> ApiError {
    let message = match error {
        SkillError::Name(_) => "Invalid skill name.",
        SkillError::NoBody(_) => "Skill body is required.",
        SkillError::TooLarge(_) => "Skill content is too large.",
        SkillError::DescriptionTooLarge(_) => "Skill description is too large.",
        SkillError::Frontmatter(_) => "Invalid skill content.",
    };
    ApiError::bad_request(message).detail(error.to_string())
}
