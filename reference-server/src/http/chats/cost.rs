//! `cost/*`: what chats cost, of one user and of all.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use codersdk::{ChatCostSummary, ChatCostUsersResponse, ValidationError};

use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::query::{QueryParser, QueryValues};
use crate::http::users::UserParam;
use crate::rbac::{Action, Object, Resource};
use crate::state::AppState;
use crate::store::chat_costs::CostUsersFilter;
use crate::usage_limits::usage_limit_status;

const DEFAULT_LIMIT: i64 = 10;
const MAX_INT32: i64 = i32::MAX as i64;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/users", get(chat_cost_users)).route("/{user}/summary", get(chat_cost_summary))
}

/// The time to be summed up: the last 30 days unless the query says otherwise.
fn period(parser: &mut QueryParser, query: &QueryValues, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let start = parser.rfc3339(query, Some(now - TimeDelta::days(30)), "start_date");
    let end = parser.rfc3339(query, Some(now), "end_date");
    (start.unwrap_or_default(), end.unwrap_or_default())
}

fn invalid(validations: Vec<ValidationError>) -> Result<(), ApiError> {
    if validations.is_empty() {
        return Ok(());
    }
    Err(ApiError::bad_request("Invalid query parameters.").validations(validations))
}

async fn chat_cost_summary(
    State(state): State<AppState>,
    caller: Caller,
    UserParam(user): UserParam,
    query: QueryValues,
) -> Result<Json<ChatCostSummary>, ApiError> {
    let mut parser = QueryParser::new();
    let (start, end) = period(&mut parser, &query, state.clock.now());
    parser.error_excess(&query);
    invalid(parser.into_errors())?;
    let chats = Object::new(Resource::Chat).with_owner(user.id);
    if user.id != caller.id() {
        caller.authorize_or_forbid(Action::Read, &chats)?;
    }
    caller.authorize_or_forbid(Action::Read, &chats.any_organization())?;
    let totals = state.store.chat_cost_totals(user.id, start, end).await?;
    Ok(Json(ChatCostSummary {
        start_date: start,
        end_date: end,
        total_cost_micros: totals.total_cost_micros,
        priced_message_count: totals.priced_message_count,
        unpriced_message_count: totals.unpriced_message_count,
        total_input_tokens: totals.total_input_tokens,
        total_output_tokens: totals.total_output_tokens,
        total_cache_read_tokens: totals.total_cache_read_tokens,
        total_cache_creation_tokens: totals.total_cache_creation_tokens,
        total_runtime_ms: totals.total_runtime_ms,
        by_model: state.store.chat_cost_by_model(user.id, start, end).await?.into(),
        by_chat: state.store.chat_cost_by_chat(user.id, start, end).await?.into(),
        usage_limit: usage_limit_status(&state, user.id, None).await?,
    }))
}

async fn chat_cost_users(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
) -> Result<Json<ChatCostUsersResponse>, ApiError> {
    caller.authorize_or_forbid(Action::Read, &Object::new(Resource::Chat))?;
    let mut parser = QueryParser::new();
    let (start, end) = period(&mut parser, &query, state.clock.now());
    let username = parser.string(&query, "", "username").trim().to_owned();
    let limit = parser.int(&query, DEFAULT_LIMIT, "limit");
    let offset = parser.int(&query, 0, "offset");
    parser.error_excess(&query);
    invalid(parser.into_errors())?;
    let limit = if limit <= 0 { DEFAULT_LIMIT } else { limit };
    let mut wrong = Vec::new();
    let mut check = |field: &str, holds: bool, rule: String| {
        if !holds {
            wrong.push(ValidationError { field: field.to_owned(), detail: rule });
        }
    };
    check("offset", offset >= 0, "Must be greater than or equal to 0.".to_owned());
    check("offset", offset <= MAX_INT32, format!("Must be less than or equal to {MAX_INT32}."));
    check("limit", limit <= MAX_INT32, format!("Must be less than or equal to {MAX_INT32}."));
    invalid(wrong)?;
    let filter = CostUsersFilter { start, end, username, limit, offset };
    let (users, mut count) = state.store.chat_cost_by_user(&filter).await?;
    if users.is_empty() && offset > 0 {
        (_, count) = state.store.chat_cost_by_user(&CostUsersFilter { limit: 1, offset: 0, ..filter }).await?;
    }
    Ok(Json(ChatCostUsersResponse { start_date: start, end_date: end, count, users: users.into() }))
}
