//! Why a line, or a whole file, cannot be used.

use std::borrow::Cow;

use lw_model::Diagnose;

use crate::{MAX_LINE, MAX_LINES, MAX_SHARD, MAX_TEXT, SCHEMA};

/// Why a line of a history is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// More bytes than a recording writes.
    #[error("the line has {0} bytes, and one has at most {MAX_LINE}")]
    TooLong(usize),
    /// No JSON, or not what the schema says.
    #[error("column {column}: {what}")]
    Malformed {
        /// Column, from 1.
        column: u64,
        /// What the reader says.
        what: String,
    },
    /// JSON of another schema.
    #[error("expected the schema `{SCHEMA}`, found `{0}`")]
    Schema(String),
    /// A commit that is none.
    #[error("`{0}` is no full id of a commit")]
    Commit(String),
    /// A time no calendar has.
    #[error("{0} is no time of a commit: seconds since 1970 are")]
    Time(u64),
    /// A commit of another month than that of the file.
    #[error("the commit was made in {found}, and the file is of {file}")]
    Month {
        /// The month of the time in the line.
        found: String,
        /// The month in the name of the file.
        file: String,
    },
    /// A commit whose line stands above already.
    #[error("commit {0} has a line above already")]
    Twice(String),
    /// An address that is none of a page.
    #[error(
        "the address of the run begins with neither https:// nor http://, or is longer than {MAX_TEXT} bytes"
    )]
    Run,
    /// A line that says nothing.
    #[error("the line has no figures")]
    Empty,
    /// A figure that nothing can have measured.
    #[error("figure {at}, `{name}`: {why}")]
    Figure {
        /// Which one, from 1.
        at: usize,
        /// Its name, shortened.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Diagnose for LineError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Schema(_) => "a newer version of the suite may have written it: use that one to read it".into(),
            Self::TooLong(_) => "record fewer measures: those with a limit are recorded".into(),
            _ => "the line was changed or cut off after it was recorded: remove it, and record that commit again".into(),
        })
    }
}

/// Why a file of a history cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// More bytes than are read.
    #[error("a history of one month, or in one file, has at most {MAX_SHARD} bytes, and this has {0}")]
    TooLarge(usize),
    /// More lines than are read.
    #[error("a history of one month, or in one file, has at most {MAX_LINES} lines")]
    TooManyLines,
    /// What is to be written is none.
    #[error("{0}")]
    Line(LineError),
}

impl Diagnose for ShardError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::TooLarge(_) | Self::TooManyLines => {
                Some("record fewer measures, or begin anew: move the file away, or delete the ref".into())
            }
            Self::Line(error) => error.hint(),
        }
    }
}

impl From<LineError> for ShardError {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

/// As much of a foreign text as an error quotes.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let mut short: String =
        text.chars().take(MOST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        short.push('…');
    }
    short
}
