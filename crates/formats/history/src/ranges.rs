//! A set of line numbers, kept as ranges.

use std::ops::RangeInclusive;

use lw_model::lists::distinct;

/// Line numbers from 1, as disjoint ranges in ascending order that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineRanges {
    ranges: Vec<(u32, u32)>,
}

impl LineRanges {
    /// Whether there is no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Whether a line is one of them.
    #[must_use]
    pub fn contains(&self, line: u32) -> bool {
        let after = self.ranges.partition_point(|(first, _)| *first <= line);
        after.checked_sub(1).and_then(|index| self.ranges.get(index)).is_some_and(|(_, last)| line <= *last)
    }

    /// The ranges, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = RangeInclusive<u32>> + '_ {
        self.ranges.iter().map(|(first, last)| *first..=*last)
    }

    /// Adds a range after those that are there, or joins it to the last. An empty one adds nothing.
    ///
    /// Returns whether it is in order: `false` when it begins inside or before the last one, and is not added.
    pub(crate) fn push(&mut self, range: RangeInclusive<u32>) -> bool {
        let (first, last) = range.into_inner();
        if first > last {
            return true;
        }
        match self.ranges.last_mut() {
            Some((_, end)) if first <= *end => return false,
            Some((_, end)) if first == *end + 1 => *end = last,
            _ => self.ranges.push((first, last)),
        }
        true
    }
}

impl FromIterator<u32> for LineRanges {
    /// The set of these lines, in any order and with repetitions.
    fn from_iter<I: IntoIterator<Item = u32>>(lines: I) -> Self {
        let mut ranges = Self::default();
        for line in distinct(lines) {
            ranges.push(line..=line);
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_ranges() {
        let ranges: LineRanges = [5, 1, 2, 3, 5, 9].into_iter().collect();
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [1..=3, 5..=5, 9..=9]);
        assert_eq!(ranges.len(), 5);
        let inside: Vec<u32> = (0..11).filter(|line| ranges.contains(*line)).collect();
        assert_eq!(inside, [1, 2, 3, 5, 9]);
        assert!(!LineRanges::default().contains(1));
    }

    #[test]
    fn what_is_out_of_order_is_refused() {
        let mut ranges = LineRanges::default();
        assert!(ranges.push(3..=4) && ranges.push(5..=5));
        assert!(!ranges.push(5..=8));
        assert!(ranges.push(9..=u32::MAX));
        assert!(!ranges.push(u32::MAX..=u32::MAX));
        assert_eq!(ranges.iter().collect::<Vec<_>>(), [3..=5, 9..=u32::MAX]);
    }
}
