//! Streams of chats: one chat's events, the live parts of its answers, and what happens to a user's chats.

use axum::extract::ws::close_code;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::param::ChatParam;
use crate::chatd::ChatdError;
use crate::chatd::parts::{Episode, EpisodeReader};
use crate::chatd::pubsub::Delivery;
use crate::chatd::stream::{BATCH_SIZE, ChatStream, Event, frame};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::go_json;
use crate::http::query::QueryValues;
use crate::http::websocket::{Incoming, Socket, UNEXPECTED_DATA, Upgrade, too_long};
use crate::quote::quoted;
use crate::state::AppState;

/// Largest choice of an episode, in bytes.
const MAX_CHOICE: usize = 32 * 1024;

/// `GET /{chat}/stream`
pub(super) async fn stream_chat(
    State(state): State<AppState>,
    caller: Caller,
    ChatParam(chat): ChatParam,
    RawQuery(query): RawQuery,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    let after_id = after_id(query.as_deref().unwrap_or_default())?;
    let upgrade = upgrade?;
    // What cannot be read is told before the socket is open.
    let stream = state.chatd.subscribe(chat.id, after_id).await.map_err(unavailable)?;
    // Reading is the owner's alone to note: others may only look on.
    let reader = (chat.owner_id == caller.id()).then_some(chat.id);
    Ok(upgrade.serve(&state.clone(), async move |mut socket| {
        let mut stream = stream;
        let mark_read = async || {
            if let Some(chat) = reader
                && let Err(error) = state.store.mark_read(chat).await
            {
                tracing::warn!(%chat, %error, "cannot note that a chat was read");
            }
        };
        // Whoever has been told something finds the chat read.
        mark_read().await;
        let code = follow(&mut stream, &mut socket).await;
        mark_read().await;
        let reason = if code == close_code::POLICY { UNEXPECTED_DATA } else { "" };
        socket.close(code, reason).await;
    }))
}

fn after_id(query: &str) -> Result<i64, ApiError> {
    let values = QueryValues::parse(query);
    match values.get("after_id").unwrap_or_default() {
        "" => Ok(0),
        text => text.parse().map_err(|error: std::num::ParseIntError| {
            let reason = match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
                _ => "invalid syntax",
            };
            ApiError::bad_request("Invalid after_id parameter.")
                .detail(format!("strconv.ParseInt: parsing {}: {reason}", quoted(text)))
        }),
    }
}

fn unavailable(error: ChatdError) -> ApiError {
    match error {
        ChatdError::NotFound => ApiError::not_found(),
        error => ApiError::internal("Chat streaming is not available.", &error),
    }
}

/// Sends events until the stream or the socket ends; gives the code to close with.
async fn follow(stream: &mut ChatStream, socket: &mut Socket) -> u16 {
    loop {
        let events = tokio::select! {
            biased;
            code = socket.closing() => return code,
            events = stream.next() => events,
        };
        if let Err(code) = send(events, socket).await {
            return code;
        }
    }
}

async fn send(events: Result<Vec<Event>, ChatdError>, socket: &mut Socket) -> Result<(), u16> {
    match events {
        Ok(mut events) => {
            let admitted = socket.admit(events.len());
            let cut = admitted < events.len();
            events.truncate(admitted);
            if !events.is_empty() {
                socket.send(frame(&events)).await.map_err(|_| close_code::AWAY)?;
            }
            if cut { Err(close_code::AWAY) } else { Ok(()) }
        }
        Err(error) => {
            tracing::error!(%error, "a chat's stream ends");
            Err(close_code::NORMAL)
        }
    }
}

/// `GET /{chat}/stream/parts`
pub(super) async fn stream_chat_parts(
    State(state): State<AppState>,
    _caller: Caller,
    ChatParam(chat): ChatParam,
    upgrade: Result<Upgrade, ApiError>,
) -> Result<Response, ApiError> {
    Ok(upgrade?.serve(&state.clone(), async move |mut socket| {
        let mut reader: Option<EpisodeReader> = None;
        let (code, reason) = loop {
            tokio::select! {
                biased;
                incoming = socket.next() => match incoming {
                    Incoming::Data(data) | Incoming::Binary(data) if data.len() > MAX_CHOICE => {
                        break too_long(MAX_CHOICE);
                    }
                    Incoming::Data(data) | Incoming::Binary(data) => match EpisodeChoice::read(&data) {
                        Some(EpisodeChoice { history_version, generation_attempt }) => {
                            let episode = Episode { chat_id: chat.id, history_version, generation_attempt };
                            reader = Some(state.chatd.parts().read(episode));
                        }
                        None => break (close_code::INVALID, "failed to unmarshal JSON".to_owned()),
                    },
                    Incoming::Gone => break (close_code::AWAY, String::new()),
                    Incoming::Stopped => break (close_code::NORMAL, String::new()),
                },
                parts = next_parts(&mut reader) => {
                    if parts.is_empty() {
                        reader = None;
                    }
                    let mut gone = false;
                    for part in parts {
                        gone = gone || socket.send(frame(&[Event::Part(part)])).await.is_err();
                    }
                    if gone {
                        break (close_code::AWAY, String::new());
                    }
                }
            }
        };
        socket.close(code, &reason).await;
    }))
}

/// Which episode a client of the parts route wants.
#[derive(Debug, Deserialize)]
struct EpisodeChoice {
    history_version: i64,
    generation_attempt: i64,
}

impl EpisodeChoice {
    /// Nothing follows the choice, unlike in a body.
    fn read(message: &[u8]) -> Option<Self> {
        let whole: &RawValue = serde_json::from_slice(message).ok()?;
        go_json::from_slice(whole.get().as_bytes()).ok()
    }
}

async fn next_parts(reader: &mut Option<EpisodeReader>) -> Vec<std::sync::Arc<crate::chatd::parts::LivePart>> {
    match reader {
        Some(reader) => reader.next(BATCH_SIZE).await,
        None => std::future::pending().await,
    }
}

/// `GET /watch`
pub(super) async fn watch_chats(
    State(state): State<AppState>,
    caller: Caller,
    upgrade: Result<Upgrade, ApiError>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(error) => return error.into_response(),
    };
    // What happens from here on is told, though the socket is not open yet.
    let mut events = state.chatd.subscribe_watch(caller.id());
    upgrade.serve(&state, async move |mut socket| {
        let code = loop {
            let event = tokio::select! {
                biased;
                code = socket.closing() => break code,
                event = events.next() => event,
            };
            match event {
                Some(Delivery::Message(event)) => {
                    if socket.admit(1) == 0 || socket.send(format!("{event}\n")).await.is_err() {
                        break close_code::AWAY;
                    }
                }
                // Events were lost, and a client can only know by having to connect again.
                Some(Delivery::Missed) | None => break close_code::NORMAL,
            }
        };
        let reason = if code == close_code::POLICY { UNEXPECTED_DATA } else { "" };
        socket.close(code, reason).await;
    })
}
