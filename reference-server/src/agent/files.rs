//! The routes on files.

use std::io::{Read, Write};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use codersdk::Response as Message;
use futures_util::StreamExt;
use http::{StatusCode, header};
use tokio::sync::mpsc;
use workspacesdk::files::{
    FileEditRequest, FileEditResponse, FileError, Files, LsRequest, LsResponse, ReadFileLinesLimits,
    ReadFileLinesResponse, ResolvePathResponse, media_type,
};

use super::chat_context::OnBehalfOf;
use super::{AgentState, Verbatim};
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::query::{QueryParser, QueryValues};
use crate::quote::quoted;

/// What is read of a file, or written to it, at a time.
const CHUNK: usize = 64 << 10;
/// How large the edits of a request may be, in bytes: what replaces a text may be a whole file.
const MAX_EDITS: usize = 32 << 20;
/// Chunks under way between the disk and the network.
const IN_FLIGHT: usize = 4;

pub(super) fn router() -> Router<AgentState> {
    Router::new()
        .route("/api/v0/list-directory", post(list_directory))
        .route("/api/v0/resolve-path", get(resolve_path))
        .route("/api/v0/read-file", get(read_file))
        .route("/api/v0/read-file-lines", get(read_file_lines))
        .route("/api/v0/write-file", post(write_file))
        .route("/api/v0/edit-files", post(edit_files))
}

async fn list_directory(
    State(agent): State<AgentState>,
    query: QueryValues,
    body: Result<GoJson<LsRequest>, ApiError>,
) -> Result<Json<LsResponse>, ApiError> {
    let mut parser = QueryParser::new();
    let path = parser.string(&query, "", "path");
    parser.error_excess(&query);
    parser.finish()?;
    let GoJson(request) = body?;
    blocking(&agent, move |files| files.list_directory(&path, &request)).await?.map(Json).map_err(refusal)
}

async fn resolve_path(
    State(agent): State<AgentState>,
    query: QueryValues,
) -> Result<Json<ResolvePathResponse>, ApiError> {
    let path = only_path(&query)?;
    let resolved_path = blocking(&agent, move |files| files.resolve_path(&path)).await?.map_err(refusal)?;
    Ok(Json(ResolvePathResponse { resolved_path }))
}

async fn read_file(State(agent): State<AgentState>, query: QueryValues) -> Result<Response, ApiError> {
    let mut parser = QueryParser::new().required_not_empty(&["path"]);
    let path = parser.string(&query, "", "path");
    let offset = parser.positive_int64(&query, 0, "offset").unsigned_abs();
    let limit = parser.positive_int64(&query, 0, "limit").unsigned_abs();
    parser.error_excess(&query);
    parser.finish()?;
    let content_type = media_type(&path);
    let file = blocking(&agent, move |files| files.read_file(&path, offset, limit)).await?.map_err(refusal)?;
    let headers = [(header::CONTENT_TYPE, content_type.to_owned()), (header::CONTENT_LENGTH, file.length.to_string())];
    Ok((Extension(Verbatim), headers, streamed(file.content)).into_response())
}

async fn read_file_lines(
    State(agent): State<AgentState>,
    query: QueryValues,
) -> Result<Json<ReadFileLinesResponse>, ApiError> {
    let usual = ReadFileLinesLimits::default();
    let mut parser = QueryParser::new().required_not_empty(&["path"]);
    let path = parser.string(&query, "", "path");
    let offset = parser.positive_int64(&query, 1, "offset");
    let limit = parser.positive_int64(&query, 0, "limit");
    let limits = ReadFileLinesLimits {
        max_file_size: parser.positive_int64(&query, usual.max_file_size, "max_file_size"),
        max_line_bytes: parser.positive_int64(&query, usual.max_line_bytes, "max_line_bytes"),
        max_response_lines: parser.positive_int64(&query, usual.max_response_lines, "max_response_lines"),
        max_response_bytes: parser.positive_int64(&query, usual.max_response_bytes, "max_response_bytes"),
    };
    parser.error_excess(&query);
    parser.finish()?;
    blocking(&agent, move |files| files.read_lines(&path, offset, limit, &limits)).await.map(Json)
}

async fn write_file(
    State(agent): State<AgentState>,
    OnBehalfOf(chat): OnBehalfOf,
    query: QueryValues,
    body: Body,
) -> Result<Json<Message>, ApiError> {
    let path = only_path(&query)?;
    let shown = quoted(&path);
    let touched = path.clone();
    let (chunks, received) = mpsc::channel(IN_FLIGHT);
    let writing = blocking(&agent, move |files| write_chunks(files, &path, received));
    let (written, ()) = tokio::join!(writing, pump(body, chunks));
    written?.map_err(refusal)?;
    if let Some(chat) = chat {
        agent.chat_paths.add(chat.family(), &[touched]);
    }
    Ok(Json(Message { message: format!("Successfully wrote to {shown}"), ..Message::default() }))
}

/// Hands a body on until it ends or nobody takes it any more. That it broke off is handed on, too.
async fn pump(body: Body, chunks: mpsc::Sender<Result<Bytes, axum::Error>>) {
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        if chunks.send(chunk).await.is_err() {
            return;
        }
    }
}

/// Writes what comes; a body that breaks off leaves the old file.
fn write_chunks(
    files: &Files,
    path: &str,
    mut chunks: mpsc::Receiver<Result<Bytes, axum::Error>>,
) -> Result<(), FileError> {
    let failed = |reason: String| FileError { status: 500, message: format!("write {path}: {reason}") };
    let mut replacement = files.write_file(path)?;
    while let Some(chunk) = chunks.blocking_recv() {
        let chunk = chunk.map_err(|error| failed(error.to_string()))?;
        replacement.write_all(&chunk).map_err(|error| failed(workspacesdk::fs::in_words(&error)))?;
    }
    replacement.commit().map_err(|error| FileError {
        status: if error.is_permission_denied() { 403 } else { 500 },
        message: error.to_string(),
    })
}

async fn edit_files(
    State(agent): State<AgentState>,
    OnBehalfOf(chat): OnBehalfOf,
    GoJson(request): GoJson<FileEditRequest, MAX_EDITS>,
) -> Result<Json<FileEditResponse>, ApiError> {
    let touched: Vec<String> = request.files.iter().map(|file| file.path.clone()).collect();
    let response = blocking(&agent, move |files| files.edit_files(request)).await?.map_err(refusal)?;
    if let Some(chat) = chat {
        agent.chat_paths.add(chat.family(), &touched);
    }
    Ok(Json(response))
}

/// The query of a route that takes a path and nothing else.
fn only_path(query: &QueryValues) -> Result<String, ApiError> {
    let mut parser = QueryParser::new().required_not_empty(&["path"]);
    let path = parser.string(query, "", "path");
    parser.error_excess(query);
    parser.finish()?;
    Ok(path)
}

/// Does what blocks away from the threads that serve requests.
async fn blocking<T: Send + 'static>(
    agent: &AgentState,
    work: impl FnOnce(&Files) -> T + Send + 'static,
) -> Result<T, ApiError> {
    let files = agent.files.clone();
    tokio::task::spawn_blocking(move || work(&files))
        .await
        .map_err(|error| ApiError::internal("The call on files did not end.", &error))
}

fn refusal(error: FileError) -> ApiError {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, error.message)
}

/// A body that is read as it is sent.
pub(super) fn streamed(mut content: impl Read + Send + 'static) -> Body {
    let (chunks, mut received) = mpsc::channel::<std::io::Result<Bytes>>(IN_FLIGHT);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut chunk = vec![0; CHUNK];
            let (chunk, last) = match content.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => {
                    chunk.truncate(read);
                    (Ok(Bytes::from(chunk)), false)
                }
                Err(error) => (Err(error), true),
            };
            if chunks.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |context| received.poll_recv(context)))
}
