//! Coverage in the words of other tools.

mod cobertura;
mod lcov;
mod ordered;
mod text;

use std::borrow::Cow;
use std::io;

use lw_model::Diagnose;
use thiserror::Error;

use crate::model::Coverage;

pub use cobertura::{CoberturaOptions, cobertura};
pub use lcov::{Dialect, lcov};

/// Why a report could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A file of which no lines are known, in a format that has only lines.
    #[error("the lines of `{path}` are not known, only how many there are")]
    SummaryOnly {
        /// The file.
        path: String,
    },
}

impl Diagnose for WriteError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Io(_) => None,
            Self::SummaryOnly { .. } => {
                Some("give reports with lines: for llvm-cov, export without `-summary-only`".into())
            }
        }
    }
}

/// Before anything is written: an error should not leave half a report.
fn refuse_summaries(coverage: &Coverage) -> Result<(), WriteError> {
    match coverage.files.iter().find(|(_, file)| file.is_summary()) {
        Some((path, _)) => Err(WriteError::SummaryOnly { path: path.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
