//! Why a file of figures cannot be used, and what to do about it.

use std::borrow::Cow;

use lw_model::Diagnose;
use lw_syntax::Position;
use lw_syntax::tree::Fault;
use thiserror::Error;

/// Why a file of figures cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{format}: {problem}")]
pub struct FiguresError {
    /// What was expected.
    pub format: &'static str,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a file of figures.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// More bytes than anything real has.
    #[error("the file has more than {0} bytes")]
    TooLarge(usize),
    /// More figures than anything real has.
    #[error("there are more than {0} figures")]
    TooMany(usize),
    /// Another encoding.
    #[error("offset {0}: not UTF-8")]
    NotUtf8(usize),
    /// No JSON: NaN and Infinity are none.
    #[error("line {line}, column {column}: {what}")]
    Json {
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What the reader says.
        what: String,
    },
    /// JSON of another shape.
    #[error("{place}: expected {expected}, found {found}")]
    Shape {
        /// Where: a JSON pointer, or a field.
        place: String,
        /// What has to be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A line of another form.
    #[error("line {line}: {what}")]
    Line {
        /// Line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A value that is not there.
    #[error("there is nothing at `{0}`")]
    Nothing(String),
    /// A value that is no number.
    #[error("`{name}` is no number: it is {why}")]
    NoNumber {
        /// Where it stands.
        name: String,
        /// What it is.
        why: String,
    },
    /// Several values where one was asked for.
    #[error("column `{column}` has {rows} values, and which of them counts is not said")]
    Several {
        /// The column.
        column: String,
        /// How many rows there are.
        rows: usize,
    },
    /// The tool could not read what it was given.
    #[error("the tool could not look at {0}")]
    Partial(String),
}

impl Problem {
    pub(crate) fn of(self, format: &'static str) -> FiguresError {
        FiguresError { format, problem: self }
    }

    pub(crate) fn json(text: &str, fault: &Fault) -> Self {
        let Position { line, column } = fault.position(text.as_bytes());
        Self::Json { line, column, what: fault.reason().to_owned() }
    }
}

impl Diagnose for FiguresError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match &self.problem {
            Problem::Empty => {
                "what should have written it crashed, or found nothing to look at; look at the log of its step"
            }
            Problem::TooLarge(_) | Problem::TooMany(_) => {
                "no report of this format is that large: is the file what it should be?"
            }
            Problem::NotUtf8(_) => "have the tool write UTF-8",
            Problem::Json { .. } => {
                "JSON has neither NaN nor Infinity nor a name twice; was the file cut off?"
            }
            Problem::Shape { .. } | Problem::Line { .. } => {
                "was it written by this tool, with the options docs/quality-gate.md names?"
            }
            Problem::Nothing(_) => "correct the JSON pointer (`/totals/percent`) or the column",
            Problem::NoNumber { .. } => "only a number is judged: text, null, true and NaN are none",
            Problem::Several { .. } => "say which: max, min, sum, mean or last",
            Problem::Partial(_) => "mend what it could not read: what was not looked at has no figures",
        }))
    }
}

/// Why what a workflow says of its jobs cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NeedsError {
    /// No JSON.
    #[error("the jobs of the workflow: column {column}: {what}")]
    Json {
        /// Column, from 1.
        column: u64,
        /// What the reader says.
        what: String,
    },
    /// JSON of another shape.
    #[error("the jobs of the workflow: {0}")]
    Shape(String),
}

impl Diagnose for NeedsError {
    fn class(&self) -> lw_model::Class {
        lw_model::Class::Usage
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed("give `needs: ${{ toJSON(needs) }}` as it is"))
    }
}
