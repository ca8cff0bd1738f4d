//! The words of a rollout: times, names, shares.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 **by the target's clock**: what its answers say, or what has passed here since the last of them.
///
/// Every bake and every deadline is counted in these, so a runner whose clock is wrong makes none of them shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The beginning of 1970.
    pub const ZERO: Self = Self(0);

    /// A time from milliseconds since 1970.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// That much later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` it is; nothing when it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

macro_rules! names {
    ($($(#[$about:meta])* $name:ident;)*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name.
            #[must_use]
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

names! {
    /// A member's name, which it keeps for life: a device's uuid.
    MemberId;
    /// A release's name in the target.
    ReleaseId;
    /// A rollout's name: that of its release and the number of the attempt.
    RolloutId;
}

/// A share of a whole in hundredths of a percent, from 0 to 100 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Share(u32);

/// Why a text or a number is no share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a percentage from 0 to 100 with at most two decimals, such as 5 or 12.5%")]
pub struct ShareError;

impl Share {
    /// Everything.
    pub const ALL: Self = Self(10_000);
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// A share of whole percent.
    ///
    /// # Errors
    /// Above 100.
    pub fn percent(percent: u32) -> Result<Self, ShareError> {
        Self::try_from(percent.checked_mul(100).ok_or(ShareError)?)
    }

    /// How many of `whole` it is, rounded up: a share that is not nothing is at least one of them.
    #[must_use]
    pub fn of(self, whole: usize) -> usize {
        let exact = (whole as u128) * u128::from(self.0);
        usize::try_from(exact.div_ceil(10_000)).unwrap_or(whole)
    }

    /// Whether `part` of `whole` is more than this share. Nothing of nothing is not.
    #[must_use]
    pub fn is_exceeded(self, part: usize, whole: usize) -> bool {
        (part as u128) * 10_000 > (whole as u128) * u128::from(self.0)
    }

    /// The share `part` is of `whole`, rounded down.
    #[must_use]
    pub fn ratio(part: usize, whole: usize) -> Self {
        let exact = (part as u128 * 10_000).checked_div(whole as u128).unwrap_or(0);
        Self(u32::try_from(exact).unwrap_or(10_000).min(10_000))
    }
}

impl TryFrom<u32> for Share {
    type Error = ShareError;

    fn try_from(hundredths: u32) -> Result<Self, ShareError> {
        if hundredths > 10_000 { Err(ShareError) } else { Ok(Self(hundredths)) }
    }
}

impl From<Share> for u32 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let text = text.trim();
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(decimals, 2) {
            return Err(ShareError);
        }
        let read = |part: &str| part.parse::<u32>().map_err(|_| ShareError);
        let tenths = if decimals.len() == 1 { 10 } else { 1 };
        Self::try_from(read(whole)? * 100 + read(decimals)? * tenths)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, rest) if rest % 10 == 0 => write!(f, "{whole}.{} %", rest / 10),
            (whole, rest) => write!(f, "{whole}.{rest:02} %"),
        }
    }
}

/// Durations as whole seconds, for what people write and read.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(span.as_secs())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_up_and_never_beyond_the_whole() {
        let share = |text: &str| text.parse::<Share>().unwrap();
        for (text, whole, part) in [
            ("5", 3, 1),
            ("5%", 200, 10),
            ("5", 201, 11),
            ("0.01", 1, 1),
            ("0.01", 10_000, 1),
            ("0.01", 10_001, 2),
            ("33.33", 3, 1),
            ("33.34", 3, 2),
            ("100", 7, 7),
            ("0", 7, 0),
            ("50", 0, 0),
            ("99.99", 10, 10),
            ("100", usize::MAX, usize::MAX),
        ] {
            assert_eq!(share(text).of(whole), part, "{text} of {whole}");
        }
    }

    #[test]
    fn a_share_is_exceeded_by_more_and_not_by_as_much() {
        let five = Share::percent(5).unwrap();
        assert!(!five.is_exceeded(2, 40));
        assert!(five.is_exceeded(3, 40));
        assert!(!five.is_exceeded(1, 20));
        assert!(five.is_exceeded(1, 19));
        assert!(!five.is_exceeded(0, 0));
        assert!(Share::NONE.is_exceeded(1, usize::MAX));
        assert!(!Share::ALL.is_exceeded(9, 9));
        assert_eq!(Share::ratio(1, 3), Share(3333));
        assert_eq!(Share::ratio(0, 0), Share::NONE);
    }

    #[test]
    fn shares_are_read_and_written() {
        for (text, hundredths, shown) in [
            ("5", 500, "5 %"),
            (" 12.5 % ", 1250, "12.5 %"),
            ("0.05%", 5, "0.05 %"),
            ("100", 10_000, "100 %"),
            ("007", 700, "7 %"),
        ] {
            let share: Share = text.parse().unwrap();
            assert_eq!((share.0, share.to_string().as_str()), (hundredths, shown));
        }
        for text in
            ["", "%", "101", "100.01", "-1", "+5", "5.", ".5", "1.234", "1e1", "5 percent", "5%%", "1000"]
        {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
        assert!(Share::percent(101).is_err() && Share::percent(u32::MAX).is_err());
    }

    #[test]
    fn times_do_not_wrap() {
        assert_eq!(Time::from_millis(5).since(Time::from_millis(9)), Duration::ZERO);
        assert_eq!(Time::from_millis(1).plus(Duration::MAX).millis(), u64::MAX);
    }
}
