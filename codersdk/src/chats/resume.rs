//! A stream of typed items over connections that come and go.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};

use crate::error::Kind;
use crate::exclusive::Exclusive;
use crate::{Error, Result};

/// When a lost connection is tried again.
///
/// ```
/// use std::time::Duration;
/// use codersdk::Reconnect;
///
/// let patient = Reconnect { give_up_after: Some(Duration::from_secs(600)), ..Reconnect::default() };
/// # assert!(patient.base_delay < patient.max_delay);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnect {
    /// The pause after the first loss, which doubles with each further one. The actual pause is a random time
    /// between half of it and the whole.
    pub base_delay: Duration,
    /// The longest pause, also where a server asks for more with `Retry-After`.
    pub max_delay: Duration,
    /// How long a connection must have held for the pauses to start small again.
    pub healthy_after: Duration,
    /// How long to go on without a connection before the stream ends with the last error; nothing for ever.
    pub give_up_after: Option<Duration>,
}

impl Default for Reconnect {
    /// Pauses from 250 ms to 30 s, small again after 10 s of health, without end.
    fn default() -> Self {
        Self {
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(30),
            healthy_after: Duration::from_secs(10),
            give_up_after: None,
        }
    }
}

impl Reconnect {
    /// The pause before try number `attempt` (counted from 1). `random` is between 0 and 1.
    fn delay(&self, attempt: u32, asked: Option<Duration>, random: f64) -> Duration {
        let doubled = self.base_delay.saturating_mul(1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let jittered = doubled.min(self.max_delay).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
        asked.map_or(jittered, |asked| asked.min(self.max_delay).max(jittered))
    }
}

/// How many connections in a row may bring something unreadable before the stream ends: what made the first one
/// fail is likely to be sent again.
const MAX_GARBLED: u32 = 3;

/// Frames of one connection, decoded. An error is the last of them that is looked at.
pub(super) type Frames<F> = BoxStream<'static, Result<F>>;

/// Opens a connection, after a durable cursor if there is one.
pub(super) type Dial<F> = Box<dyn FnMut(Option<i64>) -> BoxFuture<'static, Result<Frames<F>>> + Send>;

/// What a stream makes of its frames.
pub(super) trait Protocol: Send + Unpin {
    type Frame: Send + 'static;
    type Item;

    /// Where the next connection should go on.
    fn cursor(&self) -> Option<i64>;

    fn connected(&mut self, after: Option<i64>, out: &mut VecDeque<Self::Item>);

    fn frame(&mut self, frame: Self::Frame, out: &mut VecDeque<Self::Item>);

    fn lost(&mut self, error: Option<Error>, attempt: u32, retry_in: Duration) -> Self::Item;
}

enum State<F> {
    Connecting { after: Option<i64>, dial: Exclusive<BoxFuture<'static, Result<Frames<F>>>> },
    Live { frames: Exclusive<Frames<F>>, since: Instant },
    Waiting(Pin<Box<Sleep>>),
    Done,
}

/// The state machine: connect, live, lost, wait, connect again.
///
/// There is no task behind it: it makes progress while it is polled, holds one frame's items at most, and dropping
/// it drops the connection.
pub(super) struct Resume<P: Protocol> {
    protocol: P,
    dial: Exclusive<Dial<P::Frame>>,
    policy: Reconnect,
    state: State<P::Frame>,
    out: VecDeque<P::Item>,
    /// Tries since the last healthy connection.
    attempts: u32,
    /// Connections in a row that ended with something unreadable, without a frame that could be read.
    garbled: u32,
    /// Since when there has been no connection that held.
    lost_since: Option<Instant>,
}

impl<P: Protocol> Resume<P> {
    pub(super) fn new(protocol: P, mut dial: Dial<P::Frame>, policy: Reconnect) -> Self {
        let after = protocol.cursor();
        let state = State::Connecting { after, dial: Exclusive::new(dial(after)) };
        Self {
            protocol,
            dial: Exclusive::new(dial),
            policy,
            state,
            out: VecDeque::new(),
            attempts: 0,
            garbled: 0,
            lost_since: None,
        }
    }

    /// Waits for the first connection, whose failure is the caller's.
    pub(super) async fn connect(&mut self) -> Result<()> {
        let State::Connecting { after, dial } = &mut self.state else { return Ok(()) };
        let after = *after;
        let frames = dial.get().await?;
        self.up(after, frames);
        Ok(())
    }

    fn up(&mut self, after: Option<i64>, frames: Frames<P::Frame>) {
        self.state = State::Live { frames: Exclusive::new(frames), since: Instant::now() };
        self.protocol.connected(after, &mut self.out);
    }

    /// A connection is gone or did not come about.
    fn down(&mut self, error: Option<Error>, since: Option<Instant>) -> Result<()> {
        let now = Instant::now();
        if since.is_some_and(|since| now - since >= self.policy.healthy_after) {
            self.attempts = 0;
            self.lost_since = None;
        }
        let lost_since = *self.lost_since.get_or_insert(now);
        let garbled = error.as_ref().is_some_and(|error| error.is_decode() || error.is_too_large());
        self.garbled = if garbled { self.garbled + 1 } else { self.garbled };
        let hopeless = error.as_ref().is_some_and(is_fatal) || self.garbled >= MAX_GARBLED;
        let too_late = self.policy.give_up_after.is_some_and(|limit| now - lost_since >= limit);
        if hopeless || too_late {
            self.state = State::Done;
            return Err(
                error.unwrap_or_else(|| Error::new(Kind::Closed, "the connection was lost and did not come back"))
            );
        }
        self.attempts = self.attempts.saturating_add(1);
        let asked = error.as_ref().and_then(Error::retry_after);
        let pause = self.policy.delay(self.attempts, asked, rand::random());
        tracing::debug!(
            attempt = self.attempts,
            ?pause,
            error = error.as_ref().map(tracing::field::display),
            "stream lost"
        );
        self.out.push_back(self.protocol.lost(error, self.attempts, pause));
        self.state = State::Waiting(Box::pin(tokio::time::sleep(pause)));
        Ok(())
    }
}

/// Whether another try would end the same way: the server understood the request and refused it, or it cannot be
/// made at all.
fn is_fatal(error: &Error) -> bool {
    match error.status() {
        Some(408 | 425 | 429) => false,
        Some(status) if error.is_api() => (300..500).contains(&status),
        _ => error.is_invalid_request() || error.is_unsupported(),
    }
}

// Nothing in it is pinned in place.
impl<P: Protocol> Unpin for Resume<P> {}

impl<P: Protocol> Stream for Resume<P> {
    type Item = Result<P::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let down = match &mut this.state {
                State::Connecting { after, dial } => {
                    let after = *after;
                    match ready!(dial.get().as_mut().poll(cx)) {
                        Ok(frames) => {
                            this.up(after, frames);
                            Ok(())
                        }
                        Err(error) => this.down(Some(error), None),
                    }
                }
                State::Live { frames, since } => {
                    let since = *since;
                    match ready!(frames.get().poll_next_unpin(cx)) {
                        Some(Ok(frame)) => {
                            this.garbled = 0;
                            this.protocol.frame(frame, &mut this.out);
                            Ok(())
                        }
                        // What an unreadable frame said is unknown, so only a new snapshot makes good for it.
                        Some(Err(error)) => this.down(Some(error), Some(since)),
                        // A server that restarts closes as if all were said.
                        None => this.down(None, Some(since)),
                    }
                }
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    let after = this.protocol.cursor();
                    let dial = Exclusive::new((this.dial.get())(after));
                    this.state = State::Connecting { after, dial };
                    Ok(())
                }
                State::Done => return Poll::Ready(None),
            };
            if let Err(error) = down {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl<P: Protocol> fmt::Debug for Resume<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Connecting { .. } => "connecting",
            State::Live { .. } => "live",
            State::Waiting(_) => "waiting",
            State::Done => "done",
        };
        f.debug_struct("Resume").field("state", &state).field("attempts", &self.attempts).finish_non_exhaustive()
    }
}
