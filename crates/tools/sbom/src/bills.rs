//! Bills of materials that are read.

use std::borrow::Cow;
use std::path::Path;

use lw_bom::{Document, Format, ReadError, Validation};
use lw_cli::{Context, Error};
use lw_model::{Class, Diagnose};

/// A bill of materials, and what it is called.
#[derive(Debug)]
pub(crate) struct Bill {
    /// Its file, as reports name it.
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) document: Document,
}

/// A file that is no bill of materials that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
struct Unreadable {
    file: String,
    problem: ReadError,
}

impl Diagnose for Unreadable {
    fn class(&self) -> Class {
        self.problem.class()
    }

    fn hint(&self) -> Option<Cow<'static, str>> {
        self.problem.hint()
    }
}

/// Reads a bill of materials.
///
/// # Errors
/// When there is none, or when it cannot be read.
pub(crate) fn read(path: &Path, cx: &Context) -> Result<Bill, Error> {
    let bytes = cx.open(path)?;
    let name = cx.display_path(path);
    match lw_bom::read(&bytes) {
        Ok((format, document)) => Ok(Bill { name, format, document }),
        Err(problem) => Err(Unreadable { file: name, problem }.into()),
    }
}

/// Looks for everything that is wrong with a bill of materials.
///
/// # Errors
/// When there is none, or none that can be read.
pub(crate) fn check(path: &Path, cx: &Context) -> Result<Validation, Error> {
    let bytes = cx.open(path)?;
    lw_bom::validate(&bytes).map_err(|problem| Unreadable { file: cx.display_path(path), problem }.into())
}

/// How many, in words: `1 component`, `3 components`.
pub(crate) fn counted(number: usize, one: &str, many: &str) -> String {
    let grouped = lw_model::grouped(i128::try_from(number).unwrap_or(i128::MAX));
    format!("{grouped} {}", if number == 1 { one } else { many })
}

/// Names for a person, of which the first few are told.
pub(crate) fn listed(names: &[String]) -> String {
    const TOLD: usize = 5;
    let told = names.iter().take(TOLD).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
