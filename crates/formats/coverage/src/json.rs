//! What the readers of JSON share. All of them deserialise straight into their records: no tree of values is
//! built, and what they do not need is skipped.

use std::fmt;
use std::marker::PhantomData;

use lw_syntax::json_reason;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use crate::error::{CoverageError, Position, Problem};
use crate::model::Format;

/// An error of `serde_json` in our words.
pub(crate) fn error(format: Format, error: &serde_json::Error) -> CoverageError {
    let at = Position { line: error.line() as u64, column: error.column() as u64 };
    let problem = if error.is_eof() {
        Problem::Truncated("its last bracket")
    } else {
        Problem::Syntax(json_reason(error))
    };
    CoverageError::Malformed { format, at, problem }
}

/// An error that no single place stands for.
pub(crate) fn whole(format: Format, problem: Problem) -> CoverageError {
    CoverageError::Malformed { format, at: Position::line(1), problem }
}

/// Refuses a file without a name, as every other format does: nobody could say which one it is, or write it down.
pub(crate) fn named(format: Format, path: &str) -> Result<(), CoverageError> {
    if path.is_empty() { Err(whole(format, Problem::Missing("the name of a file"))) } else { Ok(()) }
}

/// The first item of a list; the rest is skipped.
#[derive(Debug)]
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = First<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<T>, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}
