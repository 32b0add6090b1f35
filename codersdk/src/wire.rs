//! How values are read from and left out of JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

/// Reads `null` as the type's default: Go sends a nil slice or map as `null`.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// What Go sends for a time that was never set: the first instant of the year 1.
pub fn zero_time() -> DateTime<Utc> {
    DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Values that Go leaves out where a field has `omitempty`.
pub trait Zero {
    /// Whether the value is the one that is left out.
    fn is_zero(&self) -> bool;
}

impl Zero for String {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

macro_rules! zero_numbers {
    ($($number:ty),*) => {
        $(impl Zero for $number {
            fn is_zero(&self) -> bool {
                *self == <$number>::default()
            }
        })*
    };
}

zero_numbers!(u16, i32, i64, u32, u64, f64);

/// Whether a field is to be left out, as Go leaves out empty texts and zeros.
pub fn none_or_zero<T: Zero>(value: &Option<T>) -> bool {
    value.as_ref().is_none_or(T::is_zero)
}

/// Whether a field is to be left out, for plain numbers.
pub fn is_zero<T: Zero>(value: &T) -> bool {
    value.is_zero()
}

/// Whether a flag is to be left out.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub fn is_false(value: &bool) -> bool {
    !value
}
