//! When a failed model step is tried again.

use std::time::Duration;

use super::errors::ChatFailure;

/// Delay before the first retry.
pub(crate) const INITIAL_DELAY: Duration = Duration::from_secs(1);
/// Longest delay of our own choosing; a provider may ask for longer.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(60);
/// Most attempts at one step.
pub(crate) const MAX_ATTEMPTS: i64 = 25;

/// The delay before retry number `retry` (0-based), doubling from [`INITIAL_DELAY`] to [`MAX_DELAY`].
pub(crate) fn backoff(retry: u32) -> Duration {
    INITIAL_DELAY.saturating_mul(2_u32.saturating_pow(retry)).min(MAX_DELAY)
}

/// The delay before retry number `retry` (0-based): our own, or the provider's where that is longer.
pub(crate) fn delay(retry: u32, failure: &ChatFailure) -> Duration {
    backoff(retry).max(failure.retry_after)
}

/// How long to wait before attempt `attempt + 1` (`attempt` is the 1-based number of the one that failed), or `None`
/// when the step has failed for good.
pub(crate) fn next_delay(attempt: i64, failure: &ChatFailure) -> Option<Duration> {
    if !failure.retryable || attempt <= 0 || attempt >= MAX_ATTEMPTS {
        return None;
    }
    Some(delay(u32::try_from(attempt - 1).unwrap_or(u32::MAX), failure))
}
