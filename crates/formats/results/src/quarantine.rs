//! Tests whose failures are let through for a while, each with somebody who answers for it and a day it ends.

use std::borrow::Cow;

use lw_model::Diagnose;
use lw_syntax::tree::Placed;
use lw_syntax::{Position, toml};
use serde::Deserialize;
use thiserror::Error;

use crate::text::clipped;

/// The largest file.
const MAX_BYTES: usize = 1 << 20;
/// The most entries.
const MAX_ENTRIES: usize = 10_000;

/// A list of tests whose failures are let through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quarantine {
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

/// A test on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The test, exactly as reports name it.
    pub test: String,
    /// Its suite, where tests of several suites have this name.
    pub suite: Option<String>,
    /// Who repairs it.
    pub owner: String,
    /// Why it is here.
    pub reason: Option<String>,
    /// The last day it counts, in days since 1970-01-01.
    pub until: i64,
    /// Its line in the file.
    pub line: u64,
}

impl Entry {
    /// Whether two entries are of one test.
    #[must_use]
    pub fn is_of(&self, other: &Self) -> bool {
        self.test == other.test && self.suite == other.suite
    }

    /// The day it ends, as people write it.
    #[must_use]
    pub fn until_text(&self) -> String {
        day_text(self.until)
    }
}

/// Why a list cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum QuarantineError {
    /// Too large for what it is.
    #[error("it is larger than {MAX_BYTES} bytes, or has more than {MAX_ENTRIES} tests")]
    TooLarge,
    /// Not TOML, or not these keys.
    #[error("{at}: {what}")]
    Syntax {
        /// Where.
        at: Position,
        /// What is wrong.
        what: String,
    },
    /// A value that is there and says nothing.
    #[error("{at}: `{key}` is empty")]
    Empty {
        /// Where the entry is.
        at: Position,
        /// Which key.
        key: &'static str,
    },
    /// No day.
    #[error("{at}: `{found}` is no day")]
    Day {
        /// Where the entry is.
        at: Position,
        /// What is there.
        found: String,
    },
    /// One test twice.
    #[error("{at}: `{test}` is on the list already, in line {first}")]
    Twice {
        /// Where the second entry is.
        at: Position,
        /// The test.
        test: String,
        /// The line of the first.
        first: u64,
    },
}

impl Diagnose for QuarantineError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::TooLarge => "a quarantine is for single tests; leave out what is repaired",
            Self::Syntax { .. } | Self::Empty { .. } => {
                "write each test as `[[test]]` with `test`, `owner` and `until`, and perhaps `suite` and `reason`"
            }
            Self::Day { .. } => "write the last day as 2026-01-31, in quotes or without",
            Self::Twice { .. } => "leave one of them; tests of several suites are told apart by `suite`",
        }))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    test: Vec<Placed<Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    test: String,
    suite: Option<String>,
    owner: String,
    /// In quotes or without, which is a date of TOML.
    until: String,
    reason: Option<String>,
}

impl Quarantine {
    /// Reads a list: `[[test]]` with `test`, `owner`, `until`, and perhaps `suite` and `reason`.
    ///
    /// # Errors
    /// When it is none, a value is empty or no day, or a test is on it twice.
    pub fn read(bytes: &[u8]) -> Result<Self, QuarantineError> {
        if bytes.len() > MAX_BYTES {
            return Err(QuarantineError::TooLarge);
        }
        let line_at = |offset: usize| {
            let before = bytes.get(..offset.min(bytes.len())).unwrap_or_default();
            memchr::memchr_iter(b'\n', before).count() as u64 + 1
        };
        let text = std::str::from_utf8(bytes).map_err(|error| QuarantineError::Syntax {
            at: Position::line(line_at(error.valid_up_to())),
            what: "it is not UTF-8".into(),
        })?;
        let tree = toml::read(text);
        let file = tree.as_ref().map_err(Clone::clone).and_then(|tree| tree.document().read::<File>());
        let file = file.map_err(|fault| QuarantineError::Syntax {
            at: Position::line(fault.at().map_or(1, line_at)),
            what: clipped(fault.reason()),
        })?;
        if file.test.len() > MAX_ENTRIES {
            return Err(QuarantineError::TooLarge);
        }
        let mut entries: Vec<Entry> = Vec::with_capacity(file.test.len());
        let mut known: lw_hashed::HashMap<(String, Option<String>), u64> = lw_hashed::HashMap::new();
        for raw in file.test {
            let line = line_at(raw.at);
            let at = Position::line(line);
            let Raw { test, suite, owner, until, reason } = raw.value;
            for (key, value) in [("test", Some(&test)), ("suite", suite.as_ref()), ("owner", Some(&owner))] {
                if value.is_some_and(|value| value.trim().is_empty()) {
                    return Err(QuarantineError::Empty { at, key });
                }
            }
            let Some(until) = day(&until) else {
                return Err(QuarantineError::Day { at, found: clipped(&until) });
            };
            if let Some(first) = known.insert((test.clone(), suite.clone()), line) {
                return Err(QuarantineError::Twice { at, test: clipped(&test), first });
            }
            entries.push(Entry { test, suite, owner, reason, until, line });
        }
        Ok(Self { entries })
    }
}

/// Days since 1970-01-01 of a day as in `2026-01-31`.
fn day(text: &str) -> Option<i64> {
    // The parser also takes times after a day.
    let date: jiff::civil::Date = (text.len() == 10).then(|| text.parse().ok()).flatten()?;
    let since = date.duration_since(jiff::civil::date(1970, 1, 1));
    Some(since.as_secs().div_euclid(86_400))
}

/// The day that is this many days after 1970-01-01; a number where the calendar ends.
#[must_use]
pub fn day_text(days: i64) -> String {
    let hours = days.checked_mul(24).map(jiff::SignedDuration::try_from_hours);
    let date = hours.flatten().and_then(|span| jiff::civil::date(1970, 1, 1).checked_add(span).ok());
    date.map_or_else(|| format!("day {days}"), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, days) in
            [("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-29", 20_786)]
        {
            assert_eq!(day(text), Some(days), "{text}");
            assert_eq!(day_text(days), text);
        }
        for bad in ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "2026-01-01T00:00", "tomorrow", ""] {
            assert_eq!(day(bad), None, "{bad}");
        }
        assert_eq!(day_text(i64::MAX), format!("day {}", i64::MAX));
        let _ = day_text(i64::MIN);
    }
}
