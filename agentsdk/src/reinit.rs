//! Claims of prebuilt workspaces: how an agent learns that its workspace has an owner now and that it must start over.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use codersdk::__private::ErrorKind;
use codersdk::{Error, Result, open_enum};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use tokio::time::Sleep;
use uuid::Uuid;

use crate::api::AgentApi;

/// The shortest pause before asking again.
const MIN_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const MAX_PAUSE: Duration = Duration::from_secs(10);

open_enum! {
    /// Why an agent must start over.
    pub enum ReinitializationReason {
        /// Its prebuilt workspace was claimed.
        PrebuildClaimed => "prebuild_claimed",
    }
}

/// Tells an agent to start over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReinitializationEvent {
    /// The workspace.
    #[serde(default)]
    pub workspace_id: Uuid,
    /// Why.
    #[serde(default)]
    pub reason: ReinitializationReason,
    /// Whom the workspace belongs to now; the zero UUID if the server does not say.
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub owner_id: Uuid,
}

impl ReinitializationEvent {
    /// Reads what servers tell each other of a claim. Older ones sent the bare reason, without quotes; the workspace is
    /// then the one that the message was about.
    ///
    /// ```
    /// use agentsdk::{ReinitializationEvent, ReinitializationReason};
    /// use uuid::Uuid;
    ///
    /// let old = ReinitializationEvent::from_payload(Uuid::max(), b"prebuild_claimed");
    /// assert_eq!(old.reason, ReinitializationReason::PrebuildClaimed);
    /// assert_eq!((old.workspace_id, old.owner_id), (Uuid::max(), Uuid::nil()));
    /// ```
    pub fn from_payload(workspace_id: Uuid, payload: &[u8]) -> Self {
        serde_json::from_slice(payload).unwrap_or_else(|_| Self {
            workspace_id,
            reason: String::from_utf8_lossy(payload).into_owned().into(),
            owner_id: Uuid::nil(),
        })
    }
}

/// The name under which servers tell each other of the claim of a workspace.
pub fn prebuild_claimed_channel(workspace: Uuid) -> String {
    format!("prebuild_claimed_{workspace}")
}

/// The server ended the stream without an event.
pub(crate) fn ended() -> Error {
    Error::new(ErrorKind::Transport, "the server ended the stream before an event")
}

type Wait = Pin<Box<dyn Future<Output = Result<ReinitializationEvent>> + Send>>;

/// The events that make an agent start over, however often the connection is lost meanwhile.
///
/// It asks by [`wait_for_reinit`](AgentApi::wait_for_reinit). After a failure it pauses, 100 ms at first and at most
/// 10 s, twice as long each time, before it asks again; after an event it asks at once. It does not give the same owner
/// twice: the server tells a claim again to whoever connects after it. It ends when the server says that there will be no
/// event (409), as it does for workspaces that are not prebuilt ones; the agent goes on as it is then.
///
/// Polling it is cancel safe; dropping it closes the connection.
///
/// ```no_run
/// # async fn run(agent: agentsdk::AgentClient) {
/// use agentsdk::ReinitEvents;
/// use futures_util::StreamExt;
///
/// let mut events = ReinitEvents::new(agent);
/// while let Some(event) = events.next().await {
///     println!("{} belongs to {} now: starting over", event.workspace_id, event.owner_id);
/// }
/// # }
/// ```
pub struct ReinitEvents {
    agent: Arc<dyn AgentApi>,
    state: State,
    pause: Duration,
    seen: HashSet<Uuid>,
}

enum State {
    Ready,
    Waiting(Wait),
    Pausing(Pin<Box<Sleep>>),
    Ended,
}

impl ReinitEvents {
    /// Starts with the first poll.
    pub fn new(agent: impl AgentApi + 'static) -> Self {
        Self { agent: Arc::new(agent), state: State::Ready, pause: MIN_PAUSE, seen: HashSet::new() }
    }

    /// Counts an owner as told already: for an agent that knows whom it works for.
    #[must_use]
    pub fn known_owner(mut self, owner: Uuid) -> Self {
        self.seen.insert(owner);
        self
    }

    fn ask(&self) -> State {
        let agent = self.agent.clone();
        State::Waiting(Box::pin(async move { agent.wait_for_reinit().await }))
    }

    /// Pauses before asking again, the next time for longer. Agents that lost their connections together do not come
    /// back together.
    fn rest(&mut self) -> State {
        let pause = self.pause.mul_f64(0.5 + rand::random::<f64>() / 2.0).max(MIN_PAUSE);
        self.pause = (self.pause * 2).min(MAX_PAUSE);
        State::Pausing(Box::pin(tokio::time::sleep(pause)))
    }
}

impl crate::client::AgentClient {
    /// The events that make this agent start over.
    pub fn reinit_events(&self) -> ReinitEvents {
        ReinitEvents::new(self.clone())
    }
}

impl Stream for ReinitEvents {
    type Item = ReinitializationEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.state {
                State::Ready => self.state = self.ask(),
                State::Pausing(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    self.state = State::Ready;
                }
                State::Waiting(wait) => match ready!(wait.as_mut().poll(cx)) {
                    Ok(event) if event.owner_id.is_nil() || self.seen.insert(event.owner_id) => {
                        self.pause = MIN_PAUSE;
                        self.state = State::Ready;
                        return Poll::Ready(Some(event));
                    }
                    Ok(event) => {
                        tracing::debug!(owner = %event.owner_id, "the claim is known already");
                        self.state = self.rest();
                    }
                    Err(error) if error.is_conflict() => {
                        tracing::info!(%error, "there will be no claim");
                        self.state = State::Ended;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "waiting for a claim failed; trying again");
                        self.state = self.rest();
                    }
                },
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl fmt::Debug for ReinitEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReinitEvents").field("ended", &matches!(self.state, State::Ended)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use futures_util::StreamExt;
    use tokio::time::Instant;

    use super::*;

    /// Answers in order; then waits for ever.
    struct Scripted(Mutex<VecDeque<Result<ReinitializationEvent>>>, Arc<Mutex<Vec<Instant>>>);

    #[async_trait::async_trait]
    impl AgentApi for Scripted {
        async fn wait_for_reinit(&self) -> Result<ReinitializationEvent> {
            self.1.lock().unwrap().push(Instant::now());
            let next = self.0.lock().unwrap().pop_front();
            match next {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
    }

    fn claimed_by(owner: u128) -> Result<ReinitializationEvent> {
        let owner_id = Uuid::from_u128(owner);
        Ok(ReinitializationEvent { workspace_id: Uuid::max(), reason: "prebuild_claimed".into(), owner_id })
    }

    fn scripted(
        answers: impl IntoIterator<Item = Result<ReinitializationEvent>>,
    ) -> (ReinitEvents, Arc<Mutex<Vec<Instant>>>) {
        let asked = Arc::<Mutex<Vec<Instant>>>::default();
        (ReinitEvents::new(Scripted(Mutex::new(answers.into_iter().collect()), asked.clone())), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_waited_out_and_409_ends_it() {
        let failed = || Err(Error::api(500, "no"));
        let (events, asked) = scripted([failed(), failed(), claimed_by(1), Err(Error::api(409, "never"))]);
        let owners: Vec<_> = events.map(|event| event.owner_id).collect().await;
        assert_eq!(owners, [Uuid::from_u128(1)]);
        let asked = asked.lock().unwrap();
        let pauses: Vec<_> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses[0] >= MIN_PAUSE && pauses[0] < MIN_PAUSE * 2, "{pauses:?}");
        assert!(pauses[1] >= MIN_PAUSE && pauses[1] <= MIN_PAUSE * 2, "{pauses:?}");
        assert_eq!(pauses[2], Duration::ZERO, "after an event it asks at once");
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_is_told_once_and_the_pauses_grow_to_ten_seconds() {
        let answers = (0..20).map(|_| claimed_by(1)).chain([claimed_by(2), Err(Error::api(409, "never"))]);
        let (events, asked) = scripted(answers);
        let owners: Vec<_> = events.map(|event| event.owner_id.as_u128()).collect().await;
        assert_eq!(owners, [1, 2]);
        let asked = asked.lock().unwrap();
        let longest = asked.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(longest > MAX_PAUSE / 3 && longest <= MAX_PAUSE + Duration::from_millis(1), "{longest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_known_from_the_start_is_not_told() {
        let (events, _) = scripted([claimed_by(1), Err(Error::api(409, "never"))]);
        assert_eq!(events.known_owner(Uuid::from_u128(1)).count().await, 0);
    }

    #[test]
    fn the_owner_is_left_out_when_there_is_none() {
        let event = ReinitializationEvent::from_payload(Uuid::nil(), b"prebuild_claimed");
        assert!(!serde_json::to_string(&event).unwrap().contains("owner_id"));
    }
}
