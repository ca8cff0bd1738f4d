//! The lines of a file and how often each was executed.

use super::{Counts, merge_sorted};

/// Lines and their hits, in the order of their numbers.
///
/// Eight bytes a line in all but the rarest files: a report of five million lines has to fit a runner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    numbers: Vec<u32>,
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
        self.numbers.iter().copied().zip(self.hits.iter())
    }

    /// The hits of a line; `None` when it is not executable.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<u64> {
        self.hits.get(self.numbers.binary_search(&number).ok()?)
    }

    /// The highest number of a line.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.numbers.last().copied()
    }

    /// How many lines were executed.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::new(self.executed as u64, self.numbers.len() as u64)
    }

    /// Takes the lines out of `lines`, in any order and with repetitions, whose hits are added.
    pub(crate) fn take(lines: &mut Vec<(u32, u64)>) -> Self {
        if !lines.is_sorted_by(|a, b| a.0 < b.0) {
            lines.sort_unstable_by_key(|line| line.0);
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
        if self.numbers.first() != Some(&0) {
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
            numbers: lines.iter().map(|line| line.0).collect(),
            hits: Column::from_values(lines.len(), lines.iter().map(|line| line.1)),
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

/// Numbers in the narrowest type that holds them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

impl Column {
    pub(crate) fn from_values(length: usize, values: impl Iterator<Item = u64> + Clone) -> Self {
        let mut narrow = Vec::with_capacity(length);
        for value in values.clone() {
            match u32::try_from(value) {
                Ok(value) => narrow.push(value),
                Err(_) => return Self::Wide(values.collect()),
            }
        }
        Self::Narrow(narrow)
    }

    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        match self {
            Self::Narrow(values) => values.get(index).copied().map(u64::from),
            Self::Wide(values) => values.get(index).copied(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + Clone {
        let (narrow, wide): (&[u32], &[u64]) = match self {
            Self::Narrow(values) => (values, &[]),
            Self::Wide(values) => (&[], values),
        };
        narrow.iter().copied().map(u64::from).chain(wide.iter().copied())
    }
}

impl Default for Column {
    fn default() -> Self {
        Self::Narrow(Vec::new())
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
