//! Ranges of lines, bounded.

use crate::error::Problem;

/// More lines than the sources of any one report have.
const MOST: u64 = 1 << 25;

/// How many lines a report may still derive from ranges.
///
/// A range is a few bytes and can claim four billion lines. A report of a real program has less than one line
/// for each of its bytes, but for a short report of one long function.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    whole: u64,
}

impl Budget {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let whole = (bytes.len() as u64).saturating_mul(10).saturating_add(1_000_000).min(MOST);
        Self { left: whole, whole }
    }

    /// Takes the lines from `first` to `last`.
    pub(crate) fn take(&mut self, first: u32, last: u32) -> Result<(), Problem> {
        let lines = u64::from(last.saturating_sub(first)) + 1;
        self.left = self.left.checked_sub(lines).ok_or(Problem::TooManyLines(self.whole))?;
        Ok(())
    }
}
