//! Where the relay is reached: `GET /derp`, by an upgrade of its own or by a WebSocket, and `GET /derp/latency-check`.

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::frames::VERSION;
use crate::agentapi::byte_stream;
use crate::http::error::plain_text;
use crate::http::websocket::SocketHost;
use crate::state::AppState;

/// Name of the relay's protocol over WebSockets.
const PROTOCOL: &str = "derp";
/// Largest message of a WebSocket, in bytes. Borders of messages mean nothing.
const MAX_MESSAGE: usize = 1 << 20;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/derp", get(connect))
        .route("/derp/", get(connect))
        // Where packets of UDP do not get through, the time that an answer takes tells how near the relay is.
        .route("/derp/latency-check", get(async || StatusCode::OK))
}

async fn connect(State(state): State<AppState>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let upgrade = text(&parts.headers, &header::UPGRADE).to_lowercase();
    // Old clients ask for a WebSocket without speaking one: they do not name the protocol.
    if upgrade == "websocket" && text(&parts.headers, &header::SEC_WEBSOCKET_PROTOCOL).contains(PROTOCOL) {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => upgrade
                .protocols([PROTOCOL])
                .max_message_size(MAX_MESSAGE)
                .max_frame_size(MAX_MESSAGE)
                .on_upgrade(move |socket| async move { serve(&state, byte_stream(socket)).await }),
            Err(rejection) => rejection.into_response(),
        };
    }
    if upgrade != "websocket" && upgrade != PROTOCOL {
        return plain_text(StatusCode::UPGRADE_REQUIRED, "DERP requires connection upgrade");
    }
    let Some(upgraded) = parts.extensions.remove::<OnUpgrade>() else {
        return plain_text(StatusCode::INTERNAL_SERVER_ERROR, "HTTP does not support general TCP support");
    };
    let key = hex::encode(state.workspaces.relay.public_key());
    tokio::spawn(async move {
        if let Ok(connection) = upgraded.await {
            serve(&state, TokioIo::new(connection)).await;
        }
    });
    let headers = [
        (header::UPGRADE, HeaderValue::from_static("DERP")),
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (HeaderName::from_static("derp-version"), HeaderValue::from(VERSION)),
        (HeaderName::from_static("derp-public-key"), HeaderValue::try_from(key).expect("hexadecimal digits")),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

async fn serve(state: &AppState, io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite) {
    Box::pin(state.workspaces.relay.serve(io, state.clock(), state.stop())).await;
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
