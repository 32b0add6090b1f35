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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::model::{ErrorCause, ModelError};
    use crate::testing::{replay, same, vectors};

    #[test]
    fn delays_and_attempts_are_those_recorded() {
        replay(&vectors("provider_retry.json"), |case| {
            let got = if case.input.get("attempt").is_some() {
                let retry_after = case.input["retry_after_ms"].as_i64().unwrap_or(0);
                let retry_after = Duration::from_millis(u64::try_from(retry_after).unwrap_or(0));
                let failure = ChatFailure { retry_after, retryable: true, ..ChatFailure::default() };
                let attempt = u32::try_from(case.input["attempt"].as_i64().unwrap_or(0)).unwrap_or(0);
                json!({"delay_ms": delay(attempt, &failure).as_millis() as u64})
            } else {
                let mut error = ModelError::new(case.text("message"));
                if case.input["wraps_canceled"] == true {
                    error.cause = Some(ErrorCause::Canceled);
                }
                let failure = ChatFailure::classify_attempt(&error, "", DateTime::UNIX_EPOCH);
                json!({
                    "kind": failure.kind.as_ref().map_or("", |kind| kind.as_str()), "message": failure.message,
                    "retryable": failure.retryable, "status_code": failure.status_code,
                })
            };
            same(&got, &case.output)
        });
    }

    #[test]
    fn twenty_five_attempts_are_the_last() {
        let failure = ChatFailure { retryable: true, ..ChatFailure::default() };
        assert_eq!(next_delay(1, &failure), Some(INITIAL_DELAY));
        assert_eq!(next_delay(24, &failure), Some(MAX_DELAY));
        assert_eq!(next_delay(25, &failure), None);
        assert_eq!(next_delay(1, &ChatFailure::default()), None);
    }
}
