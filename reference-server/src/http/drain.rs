//! Keeps a connection usable when a handler answers without having read the request's body.
//!
//! A server that leaves a body unread must close the connection, and the client's next request on it fails. Up to a
//! bound it is cheaper to read what nobody wants.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, header};

/// How much of an unwanted body is read, in bytes, and for how long.
const MAX_UNWANTED: usize = 256 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes a body read itself to its end, within bounds, when it is dropped before that.
pub(crate) fn drained(headers: &HeaderMap, body: Body) -> Body {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let empty = length.unwrap_or(0) == 0 && !headers.contains_key(header::TRANSFER_ENCODING);
    // A client that waits to be asked for its body has not sent it.
    if empty || headers.contains_key(header::EXPECT) {
        return body;
    }
    Body::from_stream(Drained { rest: Some(body.into_data_stream()) })
}

struct Drained {
    /// Absent at the end.
    rest: Option<BodyDataStream>,
}

impl Stream for Drained {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let item = ready!(rest.poll_next_unpin(cx));
        if !matches!(item, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(item)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let (Some(mut rest), Ok(runtime)) = (self.rest.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            let mut room = MAX_UNWANTED;
            let read_on = async {
                while let Some(Ok(chunk)) = rest.next().await {
                    match room.checked_sub(chunk.len()) {
                        Some(left) => room = left,
                        None => return,
                    }
                }
            };
            // What is not over by then costs the connection, no more.
            let _ = tokio::time::timeout(PATIENCE, read_on).await;
        });
    }
}
