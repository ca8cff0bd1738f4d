//! Why a result file could not be read, and what to do about it.

use std::borrow::Cow;

use lw_model::Diagnose;
use lw_syntax::Position;
use thiserror::Error;

use crate::detect::Format;

/// Why a result file could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ResultsError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is in none of the formats.
    #[error("not test results: it starts with `{start}`")]
    Unknown {
        /// How it starts.
        start: String,
    },
    /// It is not what its format allows.
    #[error("{format}, {at}: {problem}")]
    Malformed {
        /// The format.
        format: Format,
        /// Where.
        at: Position,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with a result file.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Problem {
    /// Not well-formed.
    #[error("{0}")]
    Syntax(String),
    /// It ends too early.
    #[error("the file ends before {0}: it was cut off, or what wrote it crashed")]
    Truncated(&'static str),
    /// Things within things.
    #[error("nested more than {0} deep")]
    TooDeep(usize),
    /// A word for a state that no tool is known to write.
    #[error("`{word}` is no known {place}")]
    UnknownWord {
        /// Which attribute or field it stands in.
        place: &'static str,
        /// The word.
        word: String,
    },
    /// Something is missing that has to be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Text in another encoding than UTF-8 or Latin-1.
    #[error("the encoding {0} is not read")]
    Encoding(String),
}

impl Diagnose for ResultsError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match self {
            Self::Empty => {
                "what should have written it crashed, or never started; look at the log of the test step"
            }
            Self::Unknown { .. } => {
                "give JUnit XML, go test -json, libtest, TAP, TRX, NUnit 3, xUnit 2, PlatformIO JSON, twister.json, a Unity or ztest log, or the output of pre-commit"
            }
            Self::Malformed { problem, .. } => match problem {
                Problem::Truncated(_) => {
                    "the tests before the cut may all have passed: nothing is known of the others; look at the log of the test step"
                }
                Problem::UnknownWord { .. } => {
                    "which words are known is in docs/test-report.md; a word that is not known is never counted as passed"
                }
                Problem::Encoding(_) => "have the tool write UTF-8",
                Problem::TooDeep(_) => "no test tool nests like this: is the file what it should be?",
                Problem::Syntax(_) | Problem::Missing(_) => {
                    "the file is damaged, or two programs wrote into it at once; have each write a file of its own"
                }
            },
        }))
    }
}
