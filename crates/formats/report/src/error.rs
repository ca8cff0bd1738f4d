//! Why a report cannot be used, and what to do about it.

use std::borrow::Cow;

use lw_model::{Diagnose, SCHEMA};
use thiserror::Error;

/// Why a report cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReportError {
    /// More bytes than anything real has.
    #[error("a report has no more than {most} bytes")]
    TooLarge {
        /// The bound.
        most: usize,
    },
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Something else altogether: Markdown, HTML, an archive.
    #[error("it is no JSON object, and a report is one")]
    NotJson,
    /// JSON that does not say what it is.
    #[error("it is JSON without a `schema`, and a report has `{SCHEMA}` there")]
    NoSchema,
    /// JSON that is something else.
    #[error("expected the schema `{SCHEMA}`, found `{found}`")]
    Schema {
        /// The schema it names.
        found: String,
    },
    /// Not what the schema says, or cut off.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the end of a line.
        column: usize,
        /// What the reader says.
        what: String,
    },
    /// What no tool of the suite writes.
    #[error("no tool can have written this: {0}")]
    Impossible(Impossible),
}

// Not as the source of the error: its words are in those of the error already.
impl From<Impossible> for ReportError {
    fn from(impossible: Impossible) -> Self {
        Self::Impossible(impossible)
    }
}

impl Diagnose for ReportError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::TooLarge { .. } => "is the file what it should be?".into(),
            Self::Empty => "look at the step that writes it: it may have ended early".into(),
            Self::NotJson | Self::NoSchema => {
                "give what `--report FILE` or `--write json=FILE` of a tool of the suite wrote".into()
            }
            Self::Schema { .. } => {
                "write and read the report with the same version of the suite".into()
            }
            Self::Malformed { .. } => {
                "give what `--report FILE` of a tool of the suite wrote; was the file cut off or made by another program?"
                    .into()
            }
            Self::Impossible(_) => {
                "the file was changed after it was written, or is damaged: run the tool again, and trust nothing else of it"
                    .into()
            }
        })
    }
}

/// Something in a report that no tool of the suite writes.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Impossible {
    /// A thing without its name.
    #[error("{what} {at} has no name")]
    NoName {
        /// What it is: `measure`.
        what: &'static str,
        /// Which one, from 1.
        at: usize,
    },
    /// A part of less than nothing.
    #[error("{number} of `{measure}` is negative")]
    Negative {
        /// The measure.
        measure: String,
        /// Which of its numbers: `the whole`.
        number: &'static str,
    },
    /// Two values of one measure, of one subject.
    #[error("the measure `{0}` is there twice")]
    Twice(String),
    /// More things than there are in all.
    #[error("`{0}` is more than there are in all")]
    MoreThanAll(String),
    /// A breach that means nothing or everything.
    #[error(
        "a limit of `{measure}` makes the verdict `{verdict}` when it is breached, and only warn and fail are possible"
    )]
    OnBreach {
        /// The measure.
        measure: String,
        /// The verdict.
        verdict: &'static str,
    },
    /// An outcome that the numbers beside it contradict.
    #[error("a limit of `{measure}` is called {said}, and by its own numbers it is {found}")]
    Outcome {
        /// The measure.
        measure: String,
        /// What the report says.
        said: &'static str,
        /// What the numbers say.
        found: &'static str,
    },
    /// A commit that is none.
    #[error("`{0}` is no full id of a commit")]
    Commit(String),
    /// A count from 1 that is 0.
    #[error("the {0} is 0, and is counted from 1")]
    Zero(&'static str),
    /// A checksum that is none.
    #[error("the SHA-256 of `{0}` has not 64 hexadecimal digits")]
    Digest(String),
}
