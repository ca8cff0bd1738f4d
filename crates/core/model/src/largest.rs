//! Parts of something, the largest first: what a table shows when there are more than a person reads.

use std::cmp::{Ordering, Reverse};

use crate::quantity::grouped;
use crate::table::{Cell, Table};

/// The largest of some parts, and the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Largest<T> {
    shown: Vec<T>,
    rest: Vec<T>,
}

impl<T> Largest<T> {
    /// Takes the `most` largest, the largest first and equal ones in `order`. The others stay in no order.
    ///
    /// `order` is asked only where sizes are equal and it matters: a million symbols have few sizes, and their names begin
    /// alike.
    pub fn of(
        mut parts: Vec<T>,
        most: usize,
        size: impl Fn(&T) -> u64,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Self {
        let mut rest = Vec::new();
        if most == 0 {
            return Self { shown: rest, rest: parts };
        }
        if most < parts.len() {
            let (_, last, _) = parts.select_nth_unstable_by_key(most - 1, |part| Reverse(size(part)));
            let smallest = size(last);
            rest.extend(parts.extract_if(.., |part| size(part) < smallest));
        }
        parts.sort_unstable_by(|a, b| size(b).cmp(&size(a)).then_with(|| order(a, b)));
        rest.extend(parts.drain(most.min(parts.len())..));
        Self { shown: parts, rest }
    }

    /// Takes the first `most` of parts that are in order.
    pub fn of_sorted(parts: impl IntoIterator<Item = T>, most: usize) -> Self {
        let mut parts = parts.into_iter();
        let shown = parts.by_ref().take(most).collect();
        Self { shown, rest: parts.collect() }
    }
}

impl Table {
    /// Adds a row for each of the largest, and one for all others, so that the column of sizes adds up to the whole.
    ///
    /// `others` makes that row of its first cell (`… and 12 more`) and the parts it is about.
    pub fn add_largest<T>(
        &mut self,
        largest: &Largest<T>,
        row: impl Fn(&T) -> Vec<Cell>,
        others: impl FnOnce(Cell, &[T]) -> Vec<Cell>,
    ) {
        self.rows.extend(largest.shown.iter().map(row));
        if !largest.rest.is_empty() {
            let count = grouped(i128::try_from(largest.rest.len()).unwrap_or(i128::MAX));
            let name = if largest.shown.is_empty() {
                format!("{count} in all")
            } else {
                format!("… and {count} more")
            };
            self.rows.push(others(Cell::Text(name), &largest.rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Align;

    fn table(parts: &[(&'static str, u64)], most: usize) -> Vec<(String, i64)> {
        let largest = Largest::of(parts.to_vec(), most, |part| part.1, |a, b| a.0.cmp(b.0));
        let mut table = Table::new("t", "T", &[("Name", Align::Left), ("Bytes", Align::Right)]);
        let bytes = |bytes: u64| Cell::Bytes(i64::try_from(bytes).unwrap());
        table.add_largest(
            &largest,
            |part| vec![Cell::Code(part.0.into()), bytes(part.1)],
            |name, rest| vec![name, bytes(rest.iter().map(|part| part.1).sum())],
        );
        let row = |row: &Vec<Cell>| match &row[..] {
            [Cell::Code(name) | Cell::Text(name), Cell::Bytes(bytes)] => (name.clone(), *bytes),
            other => panic!("{other:?}"),
        };
        table.rows.iter().map(row).collect()
    }

    #[test]
    fn the_rows_add_up_whatever_is_shown() {
        let parts = [("b", 5), ("a", 5), ("d", 1), ("e", 9), ("c", 5), ("f", 0)];
        for most in 0..8 {
            let rows = table(&parts, most);
            assert_eq!(rows.iter().map(|row| row.1).sum::<i64>(), 25, "{most}");
            assert_eq!(rows.len(), parts.len().min(most + 1), "{most}");
        }
    }

    #[test]
    fn the_largest_come_first_and_equal_ones_by_name() {
        let parts = [("b", 5), ("a", 5), ("d", 1), ("e", 9), ("c", 5)];
        let named = |most| table(&parts, most).into_iter().map(|row| row.0).collect::<Vec<_>>();
        assert_eq!(named(3), ["e", "a", "b", "… and 2 more"]);
        assert_eq!(named(5), ["e", "a", "b", "c", "d"]);
        assert_eq!(named(0), ["5 in all"]);
        let sorted = Largest::of_sorted([3, 1, 2], 2);
        assert_eq!(sorted, Largest { shown: vec![3, 1], rest: vec![2] });
    }
}
