//! The outcome of a gate.

use serde::{Deserialize, Serialize};

use crate::finding::Level;

/// The outcome of a gate; ordered from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything is within its limits.
    #[default]
    Pass,
    /// A soft limit is breached.
    Warn,
    /// A hard limit is breached.
    Fail,
    /// The job could not be done, or not all of it: there is no verdict to trust.
    Error,
}

impl Verdict {
    /// `pass`, `warn`, `fail` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Level> for Verdict {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Pass,
            Level::Warning => Self::Warn,
            Level::Error => Self::Fail,
        }
    }
}
