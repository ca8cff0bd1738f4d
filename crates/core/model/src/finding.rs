//! Things a tool found, and where.

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing; changes no verdict.
    Note,
    /// Makes the verdict at least `warn`.
    Warning,
    /// Makes the verdict `fail`.
    Error,
}

impl Level {
    /// `note`, `warning` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Location {
    /// Path relative to the repository's root, with `/` on every system.
    pub path: String,
    /// First line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Last line, from 1, when the finding spans several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// First column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Location {
    /// The file as a whole.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, end_line: None, column: None }
    }

    /// One line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self { path: path.into(), line: Some(line), end_line: None, column: None }
    }

    /// The lines from a first to a last one, both included.
    pub fn lines(path: impl Into<String>, lines: &RangeInclusive<u32>) -> Self {
        let (first, last) = (*lines.start(), *lines.end());
        Self { end_line: (last > first).then_some(last), ..Self::line(path, first) }
    }
}

/// As compilers write it: `lw.toml`, `lw.toml:3`, `lw.toml:3:14`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        let numbers = self.line.into_iter().chain(self.line.and(self.column));
        numbers.into_iter().try_for_each(|number| write!(f, ":{number}"))
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable identifier of the kind of finding: `tool/kebab-case`.
    pub rule: String,
    /// How much it matters.
    pub level: Level,
    /// What is wrong, in one or two sentences with the numbers in it.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where, when there is a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Which of several subjects of a run it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The measure whose limit it is about, when judging the measures made it: a reader who is shown the breached
    /// limits has been told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<String>,
    /// One of many places of a problem that another finding states, such as a line without a test: a headline does not
    /// count it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detail: bool,
    /// The same for the same finding in another run, whatever the numbers in the message.
    pub fingerprint: String,
}

impl Finding {
    /// A finding whose fingerprint is its rule and `key`: what it is about, without the numbers.
    pub fn new(rule: impl Into<String>, level: Level, key: &str, message: impl Into<String>) -> Self {
        let rule = rule.into();
        let fingerprint = format!("{rule}:{key}");
        Self {
            rule,
            level,
            message: message.into(),
            help: None,
            location: None,
            subject: None,
            measure: None,
            detail: false,
            fingerprint,
        }
    }

    /// Whether it says that the job could not be done, or not all of it: [`Report::add_error`](crate::Report::add_error)
    /// added it.
    #[must_use]
    pub fn is_failure_of_the_run(&self) -> bool {
        self.rule.ends_with("/error")
    }

    /// Where it stands among all findings: what could not be done first, then the worst.
    #[must_use]
    pub fn order(&self) -> impl Ord + use<> {
        (!self.is_failure_of_the_run(), std::cmp::Reverse(self.level))
    }

    /// Makes `scope` a part of the fingerprint, after the rule: the subject, or the title of the run.
    pub fn scope(&mut self, scope: &str) {
        if let Some(key) = self.fingerprint.strip_prefix(&format!("{}:", self.rule)) {
            self.fingerprint = format!("{}:{scope}:{key}", self.rule);
        }
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same finding about one of several subjects of the run.
    #[must_use]
    pub fn about(mut self, subject: Option<&str>) -> Self {
        self.subject = subject.map(str::to_owned);
        self
    }

    /// The same finding as one of many places of a problem that another finding states.
    #[must_use]
    pub fn as_detail(mut self) -> Self {
        self.detail = true;
        self
    }

    /// The same finding at a place.
    #[must_use]
    pub fn at(mut self, location: Option<Location>) -> Self {
        self.location = location;
        self
    }
}
