//! The lines of a file and how often each was executed.

use lw_model::lists::sort_by_key;

use super::column::Column;
use super::{Counts, merge_sorted};

/// Lines and their hits, in the order of their numbers.
///
/// Three or four bytes a line in most files: a report of five million lines has to fit a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    numbers: Column,
    hits: Column,
    /// How many have hits: asked for many times, and counted where the hits are at hand.
    executed: usize,
}

impl Lines {
    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Each line with its hits.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let numbers = self.numbers.iter().map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        numbers.zip(self.hits.iter())
    }

    /// The hits of a line; `None` when it is not executable.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<u64> {
        self.hits.get(self.numbers.place(number.into())?)
    }

    /// The highest number of a line.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        let last = self.numbers.len().checked_sub(1)?;
        self.numbers.get(last).and_then(|number| u32::try_from(number).ok())
    }

    /// How many lines were executed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::new(self.executed as u64, self.numbers.len() as u64)
    }

    /// Takes the lines out of `lines`, in any order and with repetitions, whose hits are added.
    pub(crate) fn take(lines: &mut Vec<(u32, u64)>) -> Self {
        if !lines.is_sorted_by(|a, b| a.0 < b.0) {
            sort_by_key(lines, |line| line.0);
            lines.dedup_by(|again, kept| {
                let same = again.0 == kept.0;
                if same {
                    kept.1 = kept.1.saturating_add(again.1);
                }
                same
            });
        }
        let taken = Self::from_sorted(lines);
        lines.clear();
        taken
    }

    /// Takes out line 0; returns whether there was one.
    pub(crate) fn drop_zero(&mut self) -> bool {
        if self.numbers.get(0) != Some(0) {
            return false;
        }
        self.keep(|line| line > 0);
        true
    }

    /// Takes out the lines that are not wanted.
    pub(crate) fn keep(&mut self, wanted: impl Fn(u32) -> bool) {
        let lines: Vec<(u32, u64)> = self.iter().filter(|(line, _)| wanted(*line)).collect();
        *self = Self::from_sorted(&lines);
    }

    fn from_sorted(lines: &[(u32, u64)]) -> Self {
        Self {
            numbers: Column::from_values(lines.iter().map(|line| line.0.into())),
            hits: Column::from_values(lines.iter().map(|line| line.1)),
            executed: lines.iter().filter(|line| line.1 > 0).count(),
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        let merged = merge_sorted(
            self.iter(),
            other.iter(),
            |a, b| a.0.cmp(&b.0),
            |a, b| a.1 = a.1.saturating_add(b.1),
        );
        *self = Self::from_sorted(&merged);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_add_up_in_any_order() {
        let mut lines = vec![(7, 1), (2, 0), (7, u64::MAX), (2, 3)];
        let lines = Lines::take(&mut lines);
        assert_eq!(lines.iter().collect::<Vec<_>>(), [(2, 3), (7, u64::MAX)]);
        assert_eq!(lines.counts(), Counts::new(2, 2));
        assert_eq!((lines.get(7), lines.get(3)), (Some(u64::MAX), None));
    }

    #[test]
    fn merging_narrow_and_wide_is_the_union() {
        let mut a = Lines::take(&mut vec![(1, 0), (3, u64::from(u32::MAX))]);
        let b = Lines::take(&mut vec![(2, 5), (3, 1)]);
        a.merge(&b);
        assert_eq!(a.iter().collect::<Vec<_>>(), [(1, 0), (2, 5), (3, 1 << 32)]);
    }
}
