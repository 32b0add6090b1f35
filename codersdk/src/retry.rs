//! Who may be retried, and when.

use std::time::{Duration, SystemTime};

use crate::Error;

/// How often and when a failed call is made again.
///
/// Only calls that do the same when made twice are retried (GET, PUT, DELETE and those that say so), and only after
/// failures that [`Error::is_retryable`] names. The request is built anew for every attempt.
///
/// ```
/// use std::time::Duration;
/// use codersdk::RetryPolicy;
///
/// let patient = RetryPolicy { max_attempts: 6, ..RetryPolicy::default() };
/// let never = RetryPolicy::none();
/// # assert_eq!(never.max_attempts, 1);
/// # assert!(patient.max_delay > Duration::ZERO);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts a call has in all; 1 means no retries.
    pub max_attempts: u32,
    /// The pause before the second attempt, which doubles before each further one. The actual pause is a random
    /// time between half of it and the whole.
    pub base_delay: Duration,
    /// The longest pause between two attempts.
    pub max_delay: Duration,
    /// The longest `Retry-After` of a server that is obeyed: where it asks for more, the call fails at once, and
    /// [`Error::retry_after`] tells the rest.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    /// Three attempts, pauses of 250 ms and 500 ms, at most 30 s where the server asks for it.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// No retries.
    pub fn none() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// The pause after attempt number `attempt` (counted from 1) failed with `error`, or `None` if that was the last.
    /// `random` is between 0 and 1.
    pub(crate) fn delay(&self, attempt: u32, error: &Error, random: f64) -> Option<Duration> {
        if attempt >= self.max_attempts || !error.is_retryable() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.max_retry_after).then_some(asked);
        }
        let doubled = self.base_delay.saturating_mul(1u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        Some(doubled.min(self.max_delay).mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0))
    }
}

/// Reads a `Retry-After`: whole seconds, or a date.
pub(crate) fn parse_retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn answer(status: u16, retry_after: Option<&str>) -> Error {
        let mut headers = http::HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert("retry-after", value.parse().unwrap());
        }
        Error::from_answer(status, &headers, &bytes::Bytes::new(), false)
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_are_spread() {
        let policy = RetryPolicy { max_attempts: 40, ..RetryPolicy::default() };
        let error = answer(503, None);
        let ms = |attempt, random| policy.delay(attempt, &error, random).unwrap().as_millis();
        assert_eq!([ms(1, 1.0), ms(2, 1.0), ms(3, 1.0)], [250, 500, 1000]);
        assert_eq!(ms(1, 0.0), 125);
        assert_eq!(ms(39, 1.0), 10_000);
        assert_eq!(policy.delay(40, &error, 1.0), None);
    }

    #[test]
    fn retry_after_is_obeyed_up_to_a_limit() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.delay(1, &answer(429, Some("7")), 0.0), Some(Duration::from_secs(7)));
        assert_eq!(policy.delay(1, &answer(429, Some("31")), 0.0), None);
        assert_eq!(policy.delay(1, &answer(503, Some("Thu, 01 Jan 1970 00:00:00 GMT")), 0.0), Some(Duration::ZERO));
        assert_eq!(policy.delay(1, &answer(429, Some("soon")), 1.0), Some(policy.base_delay));
    }

    #[test]
    fn only_passing_failures_are_retried() {
        let policy = RetryPolicy::default();
        for status in [400, 401, 403, 404, 409, 410, 500, 501] {
            assert_eq!(policy.delay(1, &answer(status, None), 1.0), None, "{status}");
        }
        for kind in [Kind::Connect, Kind::Timeout, Kind::Transport] {
            assert!(policy.delay(1, &Error::new(kind, ""), 1.0).is_some());
        }
        for kind in [Kind::Decode, Kind::Request, Kind::TooLarge, Kind::Unsupported] {
            assert!(policy.delay(1, &Error::new(kind, ""), 1.0).is_none());
        }
        assert_eq!(RetryPolicy::none().delay(1, &answer(503, None), 1.0), None);
    }
}
