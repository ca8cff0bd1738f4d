//! References, and what can be reached through them.

use std::collections::{BTreeMap, BTreeSet};

/// References from each thing to others.
#[derive(Default)]
pub(super) struct Graph<'a> {
    edges: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Graph<'a> {
    pub(super) fn add(&mut self, from: &'a str, to: &'a str) {
        self.edges.entry(from).or_default().push(to);
    }

    /// What can be reached from some things, these among it.
    pub(super) fn reachable(&self, from: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<_> = from.into_iter().collect();
        while let Some(thing) = next.pop() {
            if reached.insert(thing) {
                next.extend(self.edges.get(thing).into_iter().flatten());
            }
        }
        reached
    }
}
