//! Sorting lists that are short, and filling maps that are small.

use std::cmp::Ordering;

/// Sorts as [`slice::sort_by`] does, with less code in a binary: the standard library's is made anew for each type that is sorted,
/// 4 kB each. This one sorts places, by code that all types share, and then moves what lies there. It is slower, which only a long list
/// shows.
pub fn sort_by<T>(items: &mut [T], mut order: impl FnMut(&T, &T) -> Ordering) {
    let mut places = sorted(items.len(), &mut |a, b| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => order(a, b),
        _ => Ordering::Equal,
    });
    // Each circle of places is gone through once: what belongs here is brought here, and what was here goes on.
    for start in 0..places.len() {
        let mut here = start;
        while let Some(from) = places.get(here).copied().filter(|from| *from != here) {
            if let Some(place) = places.get_mut(here) {
                *place = here;
            }
            if from == start {
                break;
            }
            items.swap(here, from);
            here = from;
        }
    }
}

/// Sorts by a key, as [`slice::sort_by_key`] does; see [`sort_by`].
pub fn sort_by_key<T, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// A `BTreeMap`, a `BTreeSet` or another collection of items, put in one after another. To `collect` them is to sort them first, by code
/// that is made anew for each type, as that of [`sort_by`] is not.
pub fn filled<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

/// The places of so many items in their order.
fn sorted(length: usize, order: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_sort_of_the_standard_library(keys in proptest::collection::vec(0_u8..20, 0..200)) {
            let mut items: Vec<(u8, usize)> = keys.into_iter().enumerate().map(|(place, key)| (key, place)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| std::cmp::Reverse(item.0));
            let mut again = items.clone();
            sort_by(&mut items, |a, b| b.0.cmp(&a.0));
            prop_assert_eq!(&items, &expected);
            sort_by_key(&mut again, |item| std::cmp::Reverse(item.0));
            prop_assert_eq!(again, expected);
        }
    }
}
