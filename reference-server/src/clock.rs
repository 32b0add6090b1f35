//! The one source of time: everything that waits or stamps asks a [`Clock`].

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time and waits for it to pass.
#[async_trait]
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current time, in whole microseconds, as the store keeps it.
    fn now(&self) -> DateTime<Utc>;

    /// Returns once `duration` has passed. Cancel safe.
    async fn sleep(&self, duration: Duration);

    /// Returns once it is `until`, at once if it was before. Cancel safe.
    async fn sleep_until(&self, until: DateTime<Utc>) {
        self.sleep((until - self.now()).to_std().unwrap_or_default()).await;
    }
}

/// What stands on the wire for a time that was never set: the first instant of the year 1.
pub(crate) fn zero_time() -> DateTime<Utc> {
    DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<tokio::sync::watch::Sender<DateTime<Utc>>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { now: Arc::new(tokio::sync::watch::Sender::new(now.trunc_subsecs(6))) }
    }

    /// Moves the clock on and wakes those whose time has come.
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now += duration);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + duration).await;
    }

    async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut now = self.now.subscribe();
        // The sender lives in `self`, so the wait can only end by the condition.
        let _ = now.wait_for(|now| *now >= until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn manual_clock_wakes_only_when_advanced() {
        let clock = ManualClock::new(DateTime::UNIX_EPOCH);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        // The sleep counts from when it is first polled.
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(1));
        waiting.await.unwrap();
    }
}
