//! Streams of events, as server-sent events or over a socket that only the server speaks on.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::websocket::{Incoming, Socket, Upgrade};
use crate::state::AppState;

/// How often a stream of events says that it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How many events wait for a slow reader before their maker waits, too.
const WAITING: usize = 8;

/// One event.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Ping,
    Data(Value),
}

/// Where events are put; closed once nobody reads any more.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<Event>);

impl Events {
    /// Puts a ping; false once nobody reads any more.
    pub(crate) async fn ping(&self) -> bool {
        self.0.send(Event::Ping).await.is_ok()
    }

    /// Puts a value; false once nobody reads any more.
    pub(crate) async fn data(&self, value: impl Serialize + Send) -> bool {
        match serde_json::to_value(value) {
            Ok(value) => self.0.send(Event::Data(value)).await.is_ok(),
            Err(_) => false,
        }
    }

    /// Resolves once nobody reads any more.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}

fn start<F>(make: impl FnOnce(Events) -> F) -> mpsc::Receiver<Event>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(make(Events(sender)));
    receiver
}

/// Answers with server-sent events.
pub(crate) fn sse<F>(state: &AppState, make: impl FnOnce(Events) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let (clock, stop) = (state.clock.clone(), state.stop.clone());
    let events = futures_util::stream::unfold(start(make), move |mut receiver| {
        let (clock, stop) = (clock.clone(), stop.clone());
        async move {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                event = receiver.recv() => event?,
                () = clock.sleep(PING_INTERVAL) => Event::Ping,
            };
            let text = match event {
                Event::Ping => "event: ping\n\n".to_owned(),
                Event::Data(value) => format!("event: data\ndata: {value}\n\n"),
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), receiver))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONNECTION, HeaderValue::from_static("keep-alive")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(events)).into_response()
}

/// Answers with a socket: an object with `type` and `data` a frame.
pub(crate) fn socket<F>(state: &AppState, upgrade: Upgrade, make: impl FnOnce(Events) -> F + Send + 'static) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    upgrade.serve(state, move |socket| pump(socket, start(make)))
}

async fn pump(mut socket: Socket, mut events: mpsc::Receiver<Event>) {
    loop {
        tokio::select! {
            biased;
            incoming = socket.next() => match incoming {
                Incoming::Data(_) | Incoming::Binary(_) => {
                    // Who speaks where only the server does breaks the protocol.
                    return socket.close(1002, "Clients cannot send messages for one-way WebSockets").await;
                }
                Incoming::Gone => return,
                Incoming::Stopped => return socket.close(1001, "").await,
            },
            event = events.recv() => {
                let frame = match event {
                    None => return socket.close(1000, "").await,
                    Some(Event::Ping) => json!({"type": "ping", "data": null}),
                    Some(Event::Data(data)) => json!({"type": "data", "data": data}),
                };
                if socket.send(frame.to_string()).await.is_err() {
                    return;
                }
            }
        }
    }
}
