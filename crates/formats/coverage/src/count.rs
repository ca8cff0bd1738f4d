//! Numbers of executions as tools write them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::model::WarningKind;

/// A number of executions, and what was odd in its spelling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) value: u64,
    pub(crate) odd: Option<WarningKind>,
}

impl Count {
    fn plain(value: u64) -> Self {
        Self { value, odd: None }
    }

    /// Reads what tools write: `12`, but also `-5` (counters that threads raced for), `1.5e3` and
    /// `18446744073709551616` (sums that overflowed or went through a float). `None` for anything else.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        match digits(text) {
            Some(value) => Some(Self::plain(value)),
            None => Self::parse_odd(text),
        }
    }

    fn parse_odd(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        if let Some(value) = digits(text) {
            return Some(Self::plain(value));
        }
        let number = text.strip_prefix(b"-").unwrap_or(text);
        // Rust's floats also read `inf` and `NaN`, which count nothing.
        let spelled =
            number.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
        if !spelled || !number.first()?.is_ascii_digit() {
            return None;
        }
        let value: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
        // `2.0` of a tool that counts in floats is exact.
        let whole = value.fract() == 0.0 && !number.iter().any(|byte| matches!(byte, b'e' | b'E'));
        Some(Self::from_float(if text.len() == number.len() { value } else { -value }, whole))
    }

    fn from_float(value: f64, whole: bool) -> Self {
        // 2^64.
        let limit = 18_446_744_073_709_551_616.0;
        if value.is_sign_negative() {
            Self { value: 0, odd: Some(WarningKind::NegativeCount) }
        } else if value >= limit {
            Self { value: u64::MAX, odd: Some(WarningKind::HugeCount) }
        } else {
            // The bounds are checked above, and a fraction is to be dropped.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let floored = value as u64;
            Self { value: floored, odd: (!whole).then_some(WarningKind::FractionalCount) }
        }
    }
}

/// A number written in digits only that fits.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

/// A line number, column or index.
pub(crate) fn number(text: &[u8]) -> Option<u32> {
    digits(text.trim_ascii()).and_then(|value| value.try_into().ok())
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counts;
        impl Visitor<'_> for Counts {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of executions")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Count, E> {
                Ok(Count::plain(value))
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Count, E> {
                Ok(Count { value: 0, odd: Some(WarningKind::NegativeCount) })
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Count, E> {
                // Integers beyond 64 bits come as floats, too.
                Ok(Count::from_float(value, value.fract() == 0.0))
            }
        }
        deserializer.deserialize_any(Counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(value: u64, kind: WarningKind) -> Option<Count> {
        Some(Count { value, odd: Some(kind) })
    }

    #[test]
    fn spellings_of_counts() {
        assert_eq!(Count::parse(b"18446744073709551615"), Some(Count::plain(u64::MAX)));
        assert_eq!(Count::parse(b" 7 "), Some(Count::plain(7)));
        assert_eq!(Count::parse(b"2.0"), Some(Count::plain(2)));
        assert_eq!(Count::parse(b"-5"), odd(0, WarningKind::NegativeCount));
        assert_eq!(Count::parse(b"1.5e3"), odd(1500, WarningKind::FractionalCount));
        assert_eq!(Count::parse(b"0.9"), odd(0, WarningKind::FractionalCount));
        assert_eq!(Count::parse(b"18446744073709551616"), odd(u64::MAX, WarningKind::HugeCount));
        assert_eq!(Count::parse(b"1e999"), odd(u64::MAX, WarningKind::HugeCount));
        for none in ["", "=====", "nan", "inf", "-inf", "-", "--1", "1 2", "e5", "0x10", "1e", "+1"] {
            assert_eq!(Count::parse(none.as_bytes()), None, "{none}");
        }
    }
}
