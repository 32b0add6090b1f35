//! Files for chats: upload and download.

use std::collections::HashMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use codersdk::UploadChatFileResponse;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::param::chat_object;
use crate::chatfiles::{
    allowed_media_types, is_allowed_media_type, is_compatible_media_type, is_inline_media_type, prepare_stored_file,
};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::extract::{parse_uuid, read_body};
use crate::http::query::QueryValues;
use crate::mime;
use crate::quote::quoted;
use crate::rbac::{Action, Object};
use crate::state::AppState;
use crate::store::chat_files::ChatFileRow;

/// Largest file, in bytes.
const MAX_FILE: usize = 10 << 20;
const UNCLASSIFIED: &str = "application/octet-stream";

/// `POST /files?organization=`
pub(super) async fn post_chat_file(
    State(state): State<AppState>,
    caller: Caller,
    query: QueryValues,
    request: Request,
) -> Result<(StatusCode, Json<UploadChatFileResponse>), ApiError> {
    let organization_id = organization(&query)?;
    caller.authorize_or_forbid(Action::Create, &Object::chat(caller.id(), organization_id))?;
    // Who may do anything anywhere still needs a place to do it in.
    if state.store.organization(organization_id).await?.is_none() {
        return Err(ApiError::forbidden());
    }
    let declared = header_text(request.headers(), header::CONTENT_TYPE)
        .filter(|value| !value.is_empty())
        .map_or_else(|| UNCLASSIFIED.to_owned(), |value| mime::base(&value));
    if declared != UNCLASSIFIED && !is_allowed_media_type(&declared) {
        return Err(unsupported());
    }
    let name = header_text(request.headers(), header::CONTENT_DISPOSITION)
        .and_then(|value| mime::parse(&value))
        .and_then(|mut disposition| disposition.parameters.remove("filename"))
        .unwrap_or_default();
    let data = content(request.into_body()).await?;
    let (name, mimetype) = prepare_stored_file(&name, &name, &data).map_err(|_| {
        ApiError::bad_request("Filename is required.").detail("Provide a filename in the Content-Disposition header.")
    })?;
    if !is_allowed_media_type(&mimetype) {
        return Err(unsupported());
    }
    if !is_compatible_media_type(&declared, &mimetype) {
        return Err(ApiError::bad_request("File content type does not match Content-Type header.").detail(format!(
            "Header declared {} but file content was detected as {}.",
            quoted(&declared),
            quoted(&mimetype)
        )));
    }
    let id = Uuid::new_v4();
    let created_at = state.clock.now();
    let file = ChatFileRow { id, owner_id: caller.id(), organization_id, created_at, name, mimetype };
    let failed = |e| ApiError::internal("Failed to save chat file.", &e);
    state.store.insert_chat_file(&file, &data).await.map_err(failed)?;
    Ok((StatusCode::CREATED, Json(UploadChatFileResponse { id })))
}

fn organization(query: &QueryValues) -> Result<Uuid, ApiError> {
    match query.get("organization") {
        None | Some("") => Err(ApiError::bad_request("Missing organization query parameter.")),
        Some(id) => parse_uuid(id).map_err(|_| ApiError::bad_request("Invalid organization ID.")),
    }
}

fn unsupported() -> ApiError {
    ApiError::bad_request("Unsupported file type.").detail(format!("Allowed types: {}.", allowed_media_types()))
}

fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| mime::lossy(value.as_bytes()))
}

async fn content(body: Body) -> Result<Vec<u8>, ApiError> {
    match read_body(body, MAX_FILE).await {
        Ok((data, true)) => Ok(data),
        Ok((_, false)) => Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "File too large.")
            .detail(format!("Maximum file size is {MAX_FILE} bytes."))),
        Err(error) => Err(ApiError::bad_request("Failed to read file from request.")
            .detail(error.body().detail.clone().unwrap_or_default())),
    }
}

/// `GET /files/{file}`
pub(super) async fn chat_file_by_id(
    State(state): State<AppState>,
    caller: Caller,
    Path(names): Path<HashMap<String, String>>,
) -> Result<Response, ApiError> {
    let id = parse_uuid(names.get("file").map_or("", String::as_str))
        .map_err(|_| ApiError::bad_request("Invalid file ID."))?;
    let file = readable_file(&state, &caller, id).await?.ok_or_else(ApiError::not_found)?;
    let failed = |e| ApiError::internal("Failed to get chat file.", &e);
    let data = state.store.chat_file_data(id).await.map_err(failed)?.ok_or_else(ApiError::not_found)?;
    let disposition = if is_inline_media_type(&file.mimetype) { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, header_value(&file.mimetype)),
        (header::CONTENT_DISPOSITION, header_value(&mime::format(disposition, "filename", &file.name))),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
    ];
    Ok((headers, data).into_response())
}

/// Media types and written dispositions are ASCII; anything else would be a file that cannot be named.
fn header_value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(UNCLASSIFIED))
}

/// A file that the caller may read: an own one, or one of a chat that the caller may read.
pub(super) async fn readable_file(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
) -> Result<Option<ChatFileRow>, ApiError> {
    let failed = |e| ApiError::internal("Failed to get chat file.", &e);
    let Some(file) = state.store.chat_file(id).await.map_err(failed)? else { return Ok(None) };
    if caller.can(Action::Read, &Object::chat(file.owner_id, file.organization_id).with_id(id)) {
        return Ok(Some(file));
    }
    for chat in state.store.chat_ids_of_file(id).await.map_err(failed)? {
        let chat = state.store.chat(chat).await.map_err(failed)?;
        if chat.is_some_and(|chat| caller.can(Action::Read, &chat_object(&chat))) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}
