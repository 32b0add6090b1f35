//! `POST …/me/tasks/{task}/log-snapshot`

use axum::extract::{Path, Request, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::agent_auth::AgentCaller;
use crate::http::error::ApiError;
use crate::http::extract::{parse_uuid, read_body};
use crate::http::go_json;
use crate::http::query::{QueryParser, QueryValues};
use crate::quote::quoted;
use crate::state::AppState;

/// How large a snapshot may be, in bytes.
const LIMIT: usize = 64 << 10;
/// The one form that is understood.
const FORMAT: &str = "agentapi";

/// What the app of a task has said.
#[derive(Debug, Deserialize)]
struct Messages {
    messages: Option<Vec<Message>>,
}

#[derive(Debug, Deserialize)]
struct Message {
    id: i64,
    content: String,
    role: String,
    time: Option<String>,
}

/// Stores what a task's app shows, for when it is away.
pub(super) async fn post_log_snapshot(
    State(state): State<AppState>,
    caller: AgentCaller,
    Path(task): Path<String>,
    query: QueryValues,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let task = parse_uuid(&task).map_err(|detail| ApiError::bad_request("Invalid task ID format.").detail(detail))?;
    check_format(&query)?;
    let task = state.store.task(task).await?.ok_or_else(ApiError::not_found)?;
    if task.workspace_id != Some(caller.workspace.id) {
        return Err(ApiError::not_found());
    }
    let refuse = |detail: String| ApiError::bad_request("Failed to decode request payload.").detail(detail);
    let (body, whole) = read_body(request.into_body(), LIMIT).await?;
    let payload: Messages = go_json::from_slice(&body)
        .map_err(|error| refuse(if whole { error.to_string() } else { "http: request body too large".to_owned() }))?;
    let Some(messages) = payload.messages else {
        return Err(
            ApiError::bad_request("Invalid agentapi payload structure.").detail("Missing required \"messages\" field.")
        );
    };
    let messages: Vec<Value> = messages
        .into_iter()
        .map(|m| {
            let time = m.time.unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned());
            json!({"id": m.id, "content": m.content, "role": m.role, "time": time})
        })
        .collect();
    let snapshot = json!({"format": FORMAT, "data": {"messages": messages}});
    state.store.put_task_snapshot(task.id, &snapshot.to_string(), state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_format(query: &QueryValues) -> Result<(), ApiError> {
    let mut parser = QueryParser::new().required_not_empty(&["format"]);
    let format = parser.string(query, "", "format");
    parser.error_excess(query);
    let wrong = parser.into_errors();
    if !wrong.is_empty() {
        return Err(ApiError::bad_request("Invalid query parameters.").validations(wrong));
    }
    if format != FORMAT {
        let detail = format!("Only \"agentapi\" format is currently supported, got {}.", quoted(&format));
        return Err(ApiError::bad_request("Invalid format parameter.").detail(detail));
    }
    Ok(())
}
