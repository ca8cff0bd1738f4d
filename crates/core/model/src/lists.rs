//! Lists put in order, and maps and sets filled, with little code for each type.
//!
//! What the standard library sorts with is made anew for each type and each order, 4 to 10 kB in a binary each time, and a map or a
//! set that is collected, or made of an array, is sorted first. Here the places of the items are sorted, by code that all types
//! share, and then the items are moved there. That takes longer, but for a list that is in order already; one that may be of a
//! hundred thousand items in any order is for the standard library.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Sorts as [`slice::sort`] does: equal items keep their order.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Sorts as [`slice::sort_by`] does: equal items keep their order.
pub fn sort_by<T>(items: &mut [T], mut order: impl FnMut(&T, &T) -> Ordering) {
    let moves = Moves::new(items.len(), &mut |a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => order(a, b),
        _ => Ordering::Equal,
    });
    for (here, there) in moves {
        items.swap(here, there);
    }
}

/// Sorts by a key, as [`slice::sort_by_key`] does. Keys are made anew for each comparison.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts by a key that is made once for each item, as [`slice::sort_by_cached_key`] does.
pub fn sort_by_cached_key<T, K: Ord>(items: &mut [T], key: impl FnMut(&T) -> K) {
    let keys: Vec<K> = items.iter().map(key).collect();
    for (here, there) in Moves::new(keys.len(), &mut |a, b| keys.get(a).cmp(&keys.get(b))) {
        items.swap(here, there);
    }
}

/// The items in order, each once: of equal ones the first.
pub fn distinct<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    sort(&mut items);
    items.dedup();
    items
}

/// A `BTreeMap`, a `BTreeSet` or another collection of items, put in one after another: of equal keys of a map the last has its
/// value, of equal items of a set the first is kept.
pub fn filled<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// The smallest of the `most` largest sizes, or of all where there are fewer; `None` of none. It keeps so many in memory.
pub fn smallest_of_largest(sizes: impl IntoIterator<Item = u64>, most: usize) -> Option<u64> {
    fn found(sizes: &mut dyn Iterator<Item = u64>, most: usize) -> Option<u64> {
        let mut largest: BinaryHeap<Reverse<u64>> = sizes.take(most).map(Reverse).collect();
        for size in sizes {
            if let Some(mut smallest) = largest.peek_mut()
                && smallest.0 < size
            {
                smallest.0 = size;
            }
        }
        largest.peek().map(|smallest| smallest.0)
    }
    found(&mut sizes.into_iter(), most)
}

/// Which two items change places, one exchange after another, until all are in order.
struct Moves {
    /// Where that is which belongs at each place.
    places: Vec<usize>,
    /// Where the circle of places begins that is gone through.
    start: usize,
    here: usize,
}

impl Moves {
    /// Of so many items, of which two are compared by their places.
    #[inline(never)]
    fn new(length: usize, order: &mut dyn FnMut(usize, usize) -> Ordering) -> Self {
        let mut places = Vec::new();
        if (1..length).any(|at| order(at - 1, at) == Ordering::Greater) {
            places.extend(0..length);
            #[allow(clippy::disallowed_methods, reason = "the one that all others are spared by")]
            places.sort_by(|a, b| order(*a, *b));
        }
        Self { places, start: 0, here: 0 }
    }
}

impl Iterator for Moves {
    type Item = (usize, usize);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        // Each circle is gone through once: what belongs here is brought here, and what was here goes on.
        while let Some(place) = self.places.get_mut(self.here) {
            let from = std::mem::replace(place, self.here);
            if from != self.start {
                return Some((std::mem::replace(&mut self.here, from), from));
            }
            self.start += 1;
            self.here = self.start;
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "what it is compared with")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_sort_of_the_standard_library(keys in proptest::collection::vec(0_u8..20, 0..200)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().enumerate().map(|(place, key)| (key, place)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| Reverse(item.0));
            let (mut by_key, mut by_cached_key, mut all) = (items.clone(), items.clone(), items.clone());
            sort_by(&mut items, |a, b| b.0.cmp(&a.0));
            prop_assert_eq!(&items, &expected);
            sort_by_key(&mut by_key, |item| Reverse(item.0));
            prop_assert_eq!(&by_key, &expected);
            let mut keys = 0;
            sort_by_cached_key(&mut by_cached_key, |item| {
                keys += 1;
                Reverse(item.0)
            });
            prop_assert_eq!(&by_cached_key, &expected);
            prop_assert_eq!(keys, items.len());
            sort(&mut all);
            expected.sort();
            prop_assert_eq!(all, expected);
        }

        #[test]
        fn each_is_there_once(items in proptest::collection::vec((0_u8..20, 0_u8..5), 0..50)) {
            let set: BTreeSet<(u8, u8)> = items.iter().copied().collect();
            prop_assert_eq!(distinct(items.clone()), set.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(filled::<BTreeSet<_>, _>(items.clone()), set);
            let map: BTreeMap<u8, u8> = items.iter().copied().collect();
            prop_assert_eq!(filled::<BTreeMap<_, _>, _>(items), map);
        }

        #[test]
        fn the_largest_are_found(sizes in proptest::collection::vec(0_u64..20, 0..50), most in 0_usize..60) {
            let mut sorted = sizes.clone();
            sorted.sort_by_key(|size| Reverse(*size));
            let shown = most.min(sorted.len());
            prop_assert_eq!(smallest_of_largest(sizes, most), sorted[..shown].last().copied());
        }
    }

    #[test]
    fn what_is_in_order_is_only_looked_at() {
        let mut compared = 0;
        sort_by(&mut [1, 2, 2, 3], |a, b| {
            compared += 1;
            a.cmp(b)
        });
        assert_eq!(compared, 3);
    }

    #[test]
    fn of_equal_ones_the_first_is_kept() {
        /// One of those that are all equal.
        struct Item(u8);
        impl PartialEq for Item {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }
        impl Eq for Item {}
        impl Ord for Item {
            fn cmp(&self, _: &Self) -> Ordering {
                Ordering::Equal
            }
        }
        impl PartialOrd for Item {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        let list: Vec<u8> = distinct([Item(1), Item(2)]).into_iter().map(|item| item.0).collect();
        assert_eq!(list, [1]);
        let set: BTreeSet<Item> = filled([Item(1), Item(2)]);
        assert_eq!(set.into_iter().map(|item| item.0).collect::<Vec<_>>(), [1]);
    }
}
