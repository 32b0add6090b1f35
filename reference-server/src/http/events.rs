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
                Event::Ping => sse_text("ping", None),
                Event::Data(value) => sse_text("data", Some(&value.to_string())),
            };
            Some((Ok::<_, Infallible>(Bytes::from(text)), receiver))
        }
    });
    (sse_headers(), Body::from_stream(events)).into_response()
}

/// Headers of an answer of server-sent events.
pub(crate) fn sse_headers() -> [(HeaderName, HeaderValue); 4] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONNECTION, HeaderValue::from_static("keep-alive")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ]
}

/// A server-sent event as it is written; `data` is JSON. What could be taken for markup or for a line's end is escaped.
pub(crate) fn sse_text(kind: &str, data: Option<&str>) -> String {
    let Some(data) = data else { return format!("event: {kind}\n\n") };
    format!("event: {kind}\ndata: {}\n\n", without_markup(data))
}

/// JSON in which nothing could be taken for markup or for a line's end.
pub(crate) fn without_markup(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    let mut copied = 0;
    // These stand only within strings, where any character may be escaped.
    for (at, found) in json.match_indices(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        text.push_str(&json[copied..at]);
        text.extend(found.chars().map(|c| format!("\\u{:04x}", u32::from(c))));
        copied = at + found.len();
    }
    text.push_str(&json[copied..]);
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{replay, same, vectors};

    #[test]
    fn events_are_written_as_recorded() {
        replay(&vectors("sse_writer.json"), |case| {
            let events = case.input["events"].as_array().cloned().unwrap_or_default();
            let body: String = events
                .iter()
                .map(|event| {
                    let data = event.get("data").map(Value::to_string);
                    sse_text(event["type"].as_str().unwrap_or_default(), data.as_deref())
                })
                .collect();
            let headers: serde_json::Map<String, Value> = sse_headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
                .collect();
            let mut want = case.output.clone();
            let named = want["headers"].as_object().into_iter().flatten();
            let named: serde_json::Map<String, Value> =
                named.map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
            want["headers"] = named.into();
            same(&json!({"body": body, "headers": headers}), &want)
        });
        assert_eq!(sse_text("data", Some("\"<a>&\u{2028}\"")), {
            "event: data\ndata: \"\\u003ca\\u003e\\u0026\\u2028\"\n\n"
        });
    }
}
