//! The routes below `/api/v0/desktop`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::close_code;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Buf, BytesMut};
use codersdk::Response as Message;
use futures_util::stream;
use http::{StatusCode, header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;
use workspacesdk::desktop::{
    DesktopAction, DesktopActionResponse, StartDesktopRecordingRequest, StopDesktopRecordingRequest,
};

use super::actions::{self, failed};
use super::{Artifact, Desktop, DesktopError, VncStream};
use crate::agent::{AgentState, Verbatim};
use crate::http::error::ApiError;
use crate::http::extract::{GoJson, parse_uuid};
use crate::http::websocket::{Incoming, Socket, Upgrade};

/// What is read at a time.
const CHUNK: usize = 64 << 10;
/// The longest message of a viewer, in bytes.
const MAX_MESSAGE: usize = 16 << 20;
/// What is kept for a server that does not read, in bytes.
const MAX_PENDING: usize = 16 << 20;
/// The largest recording that is given out, in bytes.
const MAX_VIDEO: u64 = 100 << 20;
/// The largest still image that is given out, in bytes.
const MAX_THUMBNAIL: u64 = 10 << 20;
/// How long a recording may take to be ended.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the text between the parts of a recording is, in bytes.
const BOUNDARY: usize = 60;

/// Why a viewer that sends text is not heard.
const NOT_BINARY: &str = "unexpected frame type read (expected MessageBinary): MessageText";
const NOT_STARTED: &str = "Failed to start desktop session.";

pub(in crate::agent) fn router() -> Router<AgentState> {
    Router::new()
        .route("/api/v0/desktop/vnc", get(vnc))
        .route("/api/v0/desktop/action", post(action))
        .route("/api/v0/desktop/recording/start", post(start_recording))
        .route("/api/v0/desktop/recording/stop", post(stop_recording))
}

async fn vnc(State(agent): State<AgentState>, upgrade: Result<Upgrade, ApiError>) -> Result<Response, ApiError> {
    agent.desktop.start().await.map_err(|error| failed(NOT_STARTED, &error))?;
    let stream = agent.desktop.vnc().await.map_err(|error| failed("Failed to connect to VNC server.", &error))?;
    Ok(upgrade?.max_message(MAX_MESSAGE).serve(&agent, move |socket| relay(socket, stream)))
}

/// Carries bytes both ways until either side ends.
async fn relay(mut socket: Socket, stream: Box<dyn VncStream>) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut pending = BytesMut::new();
    let mut chunk = vec![0; CHUNK];
    let (code, reason) = loop {
        tokio::select! {
            incoming = socket.next(), if pending.len() < MAX_PENDING => match incoming {
                Incoming::Binary(data) => pending.extend_from_slice(&data),
                Incoming::Data(_) => break (close_code::UNSUPPORTED, NOT_BINARY),
                Incoming::Gone => return,
                Incoming::Stopped => break (close_code::AWAY, ""),
            },
            written = writer.write(&pending), if !pending.is_empty() => match written {
                Ok(written @ 1..) => pending.advance(written),
                _ => break (close_code::NORMAL, ""),
            },
            read = reader.read(&mut chunk) => match read {
                Ok(read @ 1..) => {
                    if socket.send_binary(Bytes::copy_from_slice(&chunk[..read])).await.is_err() {
                        return;
                    }
                }
                _ => break (close_code::NORMAL, ""),
            },
        }
    };
    socket.close(code, reason).await;
}

async fn action(
    State(agent): State<AgentState>,
    body: Result<GoJson<DesktopAction>, ApiError>,
) -> Result<Json<DesktopActionResponse>, ApiError> {
    agent.desktop.record_activity();
    let display = agent.desktop.start().await.map_err(|error| failed(NOT_STARTED, &error))?;
    let action = decoded(body)?;
    actions::perform(&agent.desktop, &agent.clock, display, &action).await.map(Json)
}

fn decoded<T>(body: Result<GoJson<T>, ApiError>) -> Result<T, ApiError> {
    body.map(|GoJson(body)| body).map_err(|error| {
        let detail = error.body().detail.clone().unwrap_or_default();
        ApiError::bad_request("Failed to decode request body.").detail(detail)
    })
}

fn checked(id: &str) -> Result<String, ApiError> {
    if id.is_empty() {
        return Err(ApiError::bad_request("Missing recording_id."));
    }
    parse_uuid(id)
        .map(|_| id.to_owned())
        .map_err(|_| ApiError::bad_request("Invalid recording_id format.").detail("recording_id must be a valid UUID."))
}

fn closing() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Desktop API is shutting down.")
}

async fn start_recording(
    State(agent): State<AgentState>,
    body: Result<GoJson<StartDesktopRecordingRequest>, ApiError>,
) -> Result<Json<Message>, ApiError> {
    let id = checked(&decoded(body)?.recording_id)?;
    agent.desktop.start_recording(&id).await.map_err(|error| match error {
        DesktopError::Closed => closing(),
        error => failed("Failed to start recording.", &error),
    })?;
    Ok(Json(Message { message: "Recording started.".to_owned(), ..Message::default() }))
}

async fn stop_recording(
    State(agent): State<AgentState>,
    body: Result<GoJson<StopDesktopRecordingRequest>, ApiError>,
) -> Result<Response, ApiError> {
    let id = checked(&decoded(body)?.recording_id)?;
    let artifact = stopped(&agent, id).await.map_err(|error| match error {
        DesktopError::Closed => closing(),
        DesktopError::UnknownRecording => {
            ApiError::new(StatusCode::NOT_FOUND, "Recording not found.").detail(error.to_string())
        }
        DesktopError::Corrupted => failed("Recording is corrupted.", &error),
        error => failed("Failed to stop recording.", &error),
    })?;
    if artifact.video.size > MAX_VIDEO {
        let message = "Recording file exceeds maximum allowed size.";
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(multipart(artifact))
}

/// Ends a recording, also when the client goes away in the meantime: half a recording is of no use to anybody.
async fn stopped(agent: &AgentState, id: String) -> Result<Artifact, DesktopError> {
    let (desktop, clock): (Arc<dyn Desktop>, _) = (agent.desktop.clone(), agent.clock.clone());
    let stopping = tokio::spawn(async move {
        tokio::select! {
            stopped = desktop.stop_recording(&id) => stopped,
            () = clock.sleep(STOP_TIMEOUT) => Err(DesktopError::Failed("context deadline exceeded".to_owned())),
        }
    });
    stopping.await.unwrap_or_else(|error| Err(DesktopError::Failed(error.to_string())))
}

/// An answer of one part for the video and one for the still image, if there is one of a reasonable size.
fn multipart(artifact: Artifact) -> Response {
    let mut boundary = [Uuid::new_v4(), Uuid::new_v4()].map(|id| id.simple().to_string()).concat();
    boundary.truncate(BOUNDARY);
    let head = |kind: &str| format!("--{boundary}\r\nContent-Type: {kind}\r\n\r\n");
    let text =
        |text: String| -> Box<dyn AsyncRead + Send + Unpin> { Box::new(std::io::Cursor::new(text.into_bytes())) };
    let video = artifact.video;
    let mut pieces = vec![text(head("video/mp4")), Box::new(video.reader.take(video.size))];
    if let Some(thumbnail) = artifact.thumbnail.filter(|thumbnail| thumbnail.size <= MAX_THUMBNAIL) {
        pieces.push(text(format!("\r\n{}", head("image/jpeg"))));
        pieces.push(Box::new(thumbnail.reader.take(thumbnail.size)));
    }
    pieces.push(text(format!("\r\n--{boundary}--\r\n")));
    let body = stream::try_unfold(pieces.into_iter().collect(), next_chunk);
    let headers = [(header::CONTENT_TYPE, format!("multipart/mixed; boundary={boundary}"))];
    (axum::Extension(Verbatim), headers, Body::from_stream(body)).into_response()
}

type Pieces = std::collections::VecDeque<Box<dyn AsyncRead + Send + Unpin>>;

async fn next_chunk(mut pieces: Pieces) -> std::io::Result<Option<(Bytes, Pieces)>> {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while let Some(piece) = pieces.front_mut() {
        if piece.read_buf(&mut chunk).await? > 0 {
            return Ok(Some((chunk.freeze(), pieces)));
        }
        pieces.pop_front();
    }
    Ok(None)
}
