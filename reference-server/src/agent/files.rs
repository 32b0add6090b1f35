//! The routes on files.

#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use codersdk::Response as Message;
use futures_util::StreamExt;
use http::{StatusCode, header};
use workspacesdk::files::{
    FileEditRequest, FileEditResponse, FileError, Files, LsRequest, LsResponse, ReadFileLinesLimits,
    ReadFileLinesResponse, ResolvePathResponse,
};

use super::chat_context::OnBehalfOf;
use super::{AgentState, Verbatim, media_types};
use crate::http::error::ApiError;
use crate::http::extract::GoJson;
use crate::http::query::{QueryParser, QueryValues};
use crate::quote::quoted;

/// What is read of a file at a time.
const CHUNK: usize = 64 << 10;
/// How large the edits of a request may be, in bytes: what replaces a text may be a whole file.
const MAX_EDITS: usize = 32 << 20;

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
    let open = move |files: &Files| Ok((files.read_file(&path, offset, limit)?, media_types::of_file(&path)));
    let (file, content_type) = blocking(&agent, open).await?.map_err(refusal)?;
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
    let mut file = blocking(&agent, move |files| files.write_file(&path)).await?.map_err(refusal)?;
    let mut body = body.into_data_stream();
    // A thread is taken for each piece alone, so that a slow client holds none.
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| refusal(file.broken_off(why_broken_off(&error))))?;
        file = blocking(&agent, move |_| file.write(&piece).map(|()| file)).await?.map_err(refusal)?;
    }
    blocking(&agent, move |_| file.commit()).await?.map_err(refusal)?;
    if let Some(chat) = chat {
        agent.chat_paths.add(chat.family(), &[touched]);
    }
    Ok(Json(Message { message: format!("Successfully wrote to {shown}"), ..Message::default() }))
}

/// The innermost cause of a body that broke off.
fn why_broken_off(error: &axum::Error) -> String {
    let mut cause: &(dyn Error + 'static) = error;
    loop {
        let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let incomplete = cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message);
        if incomplete || kind == Some(std::io::ErrorKind::UnexpectedEof) {
            return "unexpected EOF".to_owned();
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return cause.to_string(),
        }
    }
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

/// A body that is read as it is sent: each piece when the one before is on its way, by a thread that is taken for it
/// alone.
pub(super) fn streamed(content: impl Read + Send + 'static) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(content, |mut content| async {
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; CHUNK];
            let read = content.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((Bytes::from(piece), content))
        });
        let (piece, content) = reading.await.map_err(std::io::Error::other)??;
        Ok::<_, std::io::Error>((!piece.is_empty()).then_some((piece, content)))
    }))
}
