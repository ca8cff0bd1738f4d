//! Parts of something, the largest first: what a table shows when there are more than a person reads.

use std::cmp::Ordering;

use crate::lists::{smallest_of_largest, sort_by};
use crate::quantity::grouped;
use crate::table::{Cell, Table};

/// The largest of some parts, and the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Largest<T> {
    /// First those that are shown, then the others.
    parts: Vec<T>,
    shown: usize,
}

impl<T> Largest<T> {
    /// Takes the `most` largest, the largest first and equal ones in `order`. The others stay in no order.
    ///
    /// `order` is asked only where sizes are equal and it matters: a million symbols have few sizes, and their names begin
    /// alike. Nothing is copied: the million is most of what a run keeps in memory.
    pub fn of(
        mut parts: Vec<T>,
        most: usize,
        size: impl Fn(&T) -> u64,
        order: impl Fn(&T, &T) -> Ordering,
    ) -> Self {
        let shown = most.min(parts.len());
        let mut candidates = shown;
        if shown < parts.len()
            && let Some(smallest) = smallest_of_largest(parts.iter().map(&size), shown)
        {
            // As large as the smallest that is shown are others as well, and the order says which of them are.
            candidates = 0;
            for at in 0..parts.len() {
                if parts.get(at).is_some_and(|part| size(part) >= smallest) {
                    parts.swap(candidates, at);
                    candidates += 1;
                }
            }
        }
        if let Some(candidates) = parts.get_mut(..candidates) {
            sort_by(candidates, |a, b| size(b).cmp(&size(a)).then_with(|| order(a, b)));
        }
        Self { parts, shown }
    }

    /// Takes the first `most` of parts that are in order.
    pub fn of_sorted(parts: impl IntoIterator<Item = T>, most: usize) -> Self {
        let parts: Vec<T> = parts.into_iter().collect();
        let shown = most.min(parts.len());
        Self { parts, shown }
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
        let (shown, rest) = largest.parts.split_at(largest.shown);
        self.rows.extend(shown.iter().map(row));
        if !rest.is_empty() {
            let count = grouped(i128::try_from(rest.len()).unwrap_or(i128::MAX));
            let name =
                if shown.is_empty() { format!("{count} in all") } else { format!("… and {count} more") };
            self.rows.push(others(Cell::Text(name), rest));
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
        assert_eq!(sorted, Largest { parts: vec![3, 1, 2], shown: 2 });
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "what it is compared with")]
    fn of_many_equal_ones_the_first_are_shown_wherever_they_were() {
        // Each size several times, in an order that has nothing to do with the names.
        let names: Vec<String> = (0..300).map(|number| format!("{:03}", (number * 7) % 300)).collect();
        let parts: Vec<(&str, u64)> =
            names.iter().enumerate().map(|(at, name)| (&**name, at as u64 % 4)).collect();
        let mut sorted = parts.clone();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        for most in [1, 2, 74, 75, 76, 150, 299, 300, 301] {
            let largest = Largest::of(parts.clone(), most, |part| part.1, |a, b| a.0.cmp(b.0));
            let shown = most.min(300);
            assert_eq!(largest.parts[..largest.shown], sorted[..shown], "{most}");
            let mut all = largest.parts;
            all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
            assert_eq!(all, sorted, "{most}");
        }
    }
}
