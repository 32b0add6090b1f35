//! Durations as text, in Go's form: `1h30m`.

use std::fmt;
use std::time::Duration;

/// What is wrong with a duration's text, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDurationError(String);

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ParseDurationError {}

/// Reads how long chat workspaces live, as an admin writes it: decimal numbers with the units `ns`, `us`, `ms`, `s`,
/// `m` and `h`, such as `1h30m` or `1.5h`. Empty text is no limit, zero.
///
/// # Errors
/// For text that is no duration, and for negative ones.
pub fn parse_chat_workspace_ttl(text: &str) -> Result<Duration, ParseDurationError> {
    if text.is_empty() {
        return Ok(Duration::ZERO);
    }
    let nanos = parse(text).map_err(|error| ParseDurationError(format!("invalid duration {text:?}: {error}")))?;
    let nanos = u64::try_from(nanos).map_err(|_| ParseDurationError("duration must be non-negative".to_owned()))?;
    Ok(Duration::from_nanos(nanos))
}

/// Reads a signed duration, in nanoseconds.
///
/// # Errors
/// With the server's words, for text that is no duration.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    // The most negative value has one more than the most positive.
    let limit = 1u128 << 63;
    let mut total = 0u128;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let size = unit_size(unit).ok_or_else(|| format!("time: unknown unit {unit:?} in duration {text:?}"))?;
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().map_err(|_| invalid())? };
        total += u128::from(whole) * u128::from(size) + fraction_of(fraction, size);
        if total > limit {
            return Err(invalid());
        }
        rest = after;
    }
    let signed = i128::try_from(total).map_err(|_| invalid())?;
    i64::try_from(if negative { -signed } else { signed }).map_err(|_| invalid())
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A unit in nanoseconds. Both signs for micro count.
fn unit_size(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The part after the decimal point, cut to whole nanoseconds.
fn fraction_of(digits: &str, size: u64) -> u128 {
    // No unit needs more digits than this.
    let digits = &digits[..digits.len().min(18)];
    let value: u128 = digits.parse().unwrap_or(0);
    let scale = 10u128.pow(u32::try_from(digits.len()).unwrap_or(0));
    value * u128::from(size) / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_in_go() {
        for (text, nanos) in [
            ("0", 0),
            ("-0s", 0),
            ("+5s", 5_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1µs1μs", 2_000),
            ("-1m30s", -90_000_000_000),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
            ("0.3333333333333333333h", 1_200_000_000_000 - 1),
        ] {
            assert_eq!(parse(text), Ok(nanos), "{text}");
        }
        for text in ["", "-", ".", "1", "s", "1x", "1h 2m", "9223372036854775808ns", "99999999999999999999s", "1..5s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
