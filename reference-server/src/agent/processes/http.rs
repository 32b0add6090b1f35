//! The routes below `/api/v0/processes`.

use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use codersdk::Response;
use http::StatusCode;
use rustix::process::Signal;
use workspacesdk::processes::{
    ListProcessesResponse, ProcessOutputResponse, ProcessSignal, SignalProcessRequest, StartProcessRequest,
    StartProcessResponse,
};

use super::process::SignalError;
use crate::agent::AgentState;
use crate::agent::chat_context::OnBehalfOf;
use crate::agent::segment::Segment;
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::query::QueryValues;
use crate::quote::quoted;

/// How long one request waits for the end of a process.
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// Which part of the path is the id of a process.
const ID: usize = 4;

/// How large a request to start a process may be, in bytes: more than any system takes for a command and its
/// environment, with every character escaped.
const MAX_REQUEST: usize = 16 << 20;

pub(in crate::agent) fn router() -> Router<AgentState> {
    Router::new()
        .route("/api/v0/processes/start", post(start))
        .route("/api/v0/processes/list", get(list))
        .route("/api/v0/processes/{id}/output", get(output))
        .route("/api/v0/processes/{id}/signal", post(signal))
}

async fn start(
    State(agent): State<AgentState>,
    OnBehalfOf(chat): OnBehalfOf,
    GoJson(request): GoJson<StartProcessRequest, MAX_REQUEST>,
) -> Result<Json<StartProcessResponse>, ApiError> {
    if request.command.is_empty() {
        return Err(ApiError::bad_request("Command is required."));
    }
    let workdir: Vec<String> = request.workdir.iter().filter(|dir| !dir.is_empty()).cloned().collect();
    let process = agent.processes.start(request, chat.as_ref()).map_err(|detail| {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Failed to start process.").detail(detail)
    })?;
    if let Some(chat) = chat {
        // What a command changed can be seen once it has ended.
        let (process, chat_paths) = (process.clone(), agent.chat_paths.clone());
        tokio::spawn(async move {
            process.wait().await;
            chat_paths.add(chat.family(), &workdir);
        });
    }
    Ok(Json(StartProcessResponse { id: process.id.clone(), started: true }))
}

async fn list(State(agent): State<AgentState>, OnBehalfOf(chat): OnBehalfOf) -> Json<ListProcessesResponse> {
    Json(ListProcessesResponse { processes: agent.processes.list(chat.as_ref()).into() })
}

async fn output(
    State(agent): State<AgentState>,
    OnBehalfOf(chat): OnBehalfOf,
    Segment(id): Segment<ID>,
    query: QueryValues,
) -> Result<Json<ProcessOutputResponse>, ApiError> {
    let process = agent.processes.get(&id, chat.as_ref()).ok_or_else(|| not_found(&id))?;
    if query.get("wait") == Some("true") {
        tokio::select! {
            () = process.wait() => {}
            () = agent.processes.clock().sleep(LONGEST_WAIT) => {}
        }
    }
    Ok(Json(process.output()))
}

async fn signal(
    State(agent): State<AgentState>,
    OnBehalfOf(chat): OnBehalfOf,
    Segment(id): Segment<ID>,
    body: Result<GoJson<SignalProcessRequest>, ApiError>,
) -> Result<Json<Response>, ApiError> {
    // A process of another chat is not there at all; else the body is looked at before the process.
    let process = agent.processes.get(&id, chat.as_ref());
    if process.is_none() && agent.processes.get(&id, None).is_some() {
        return Err(not_found(&id));
    }
    let GoJson(request) = body?;
    let name = request.signal.as_str();
    let signal = match request.signal {
        ProcessSignal::Kill => Signal::KILL,
        ProcessSignal::Terminate => Signal::TERM,
        _ if name.is_empty() => return Err(ApiError::bad_request("Signal is required.")),
        _ => {
            let message = format!("Unsupported signal {}. Use \"kill\" or \"terminate\".", quoted(name));
            return Err(ApiError::bad_request(message));
        }
    };
    process.ok_or_else(|| not_found(&id))?.signal(signal).map_err(|error| match error {
        SignalError::NotRunning => ApiError::conflict(format!("Process {} is not running.", quoted(&id))),
        SignalError::Failed(words) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Failed to signal process.")
            .detail(format!("{name} process: {words}")),
    })?;
    Ok(Json(Response {
        message: format!("Signal {} sent to process {}.", quoted(name), quoted(&id)),
        ..Response::default()
    }))
}

fn not_found(id: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, format!("Process {} not found.", quoted(id)))
}
