//! Months, which files are named by.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A month of a year, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month of a time in seconds since 1970; `None` after the year 9999.
    #[must_use]
    pub fn of(seconds: u64) -> Option<Self> {
        let date = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_zoned(TimeZone::UTC).date();
        Some(Self { year: date.year(), month: date.month() })
    }

    /// The month that a file is named by: `2026-11.jsonl`.
    #[must_use]
    pub fn of_file(name: &str) -> Option<Self> {
        let (year, month) = name.strip_suffix(".jsonl")?.split_once('-')?;
        let digits =
            |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let (year, month): (i16, i8) = (year.parse().ok()?, month.parse().ok()?);
        ((1970..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The name of its file.
    #[must_use]
    pub fn file(self) -> String {
        format!("{self}.jsonl")
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// A time in seconds since 1970 as RFC 3339 in UTC: `2026-11-21T08:17:06Z`; empty after the year 9999.
#[must_use]
pub fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_the_month_in_utc() {
        for (seconds, name, told) in [
            (0, "1970-01.jsonl", "1970-01-01T00:00:00Z"),
            (1_795_249_026, "2026-11.jsonl", "2026-11-21T08:17:06Z"),
            (1_796_083_199, "2026-11.jsonl", "2026-11-30T23:59:59Z"),
            (1_796_083_200, "2026-12.jsonl", "2026-12-01T00:00:00Z"),
        ] {
            let month = Month::of(seconds).unwrap();
            assert_eq!((month.file().as_str(), moment(seconds).as_str()), (name, told));
            assert_eq!(Month::of_file(name), Some(month));
        }
        assert!(Month::of(u64::MAX).is_none() && moment(u64::MAX).is_empty());
        for name in [
            "",
            "2026-11",
            "2026-11.json",
            "2026-13.jsonl",
            "2026-00.jsonl",
            "2026-1.jsonl",
            "26-11.jsonl",
            "+026-11.jsonl",
            "2026--1.jsonl",
            "1969-12.jsonl",
            "x/2026-11.jsonl",
            "2026-11.jsonl.jsonl",
        ] {
            assert_eq!(Month::of_file(name), None, "{name}");
        }
    }
}
