//! Coverage in the words of other tools.

mod cobertura;
mod lcov;
mod ordered;

use std::borrow::Cow;
use std::io;

use lw_model::{Diagnose, grouped};
use thiserror::Error;

use crate::model::{Coverage, Metric};

pub use cobertura::losses as cobertura_losses;
pub use cobertura::{CoberturaOptions, cobertura};
pub use lcov::{Dialect, dialect_for, lcov, losses as lcov_losses};

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

/// What neither of the formats has a word for, as phrases.
fn untold(coverage: &Coverage) -> Vec<String> {
    let mut losses = Vec::new();
    for (metric, what) in [
        (Metric::Statement, "statements"),
        (Metric::Region, "regions"),
        (Metric::Instantiation, "instantiations"),
        (Metric::Instruction, "instructions"),
    ] {
        let count = coverage.figure(metric).counts.total;
        if count > 0 {
            losses.push(format!("{what} ({})", grouped(count.into())));
        }
    }
    let told = coverage.files.values().filter(|file| file.told.contains_key(&Metric::Function));
    let functions: u64 = told
        .filter(|file| file.functions().is_empty())
        .map(|file| file.figure(Metric::Function).counts.total)
        .sum();
    if functions > 0 {
        losses.push(format!("functions without names ({})", grouped(functions.into())));
    }
    losses
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
