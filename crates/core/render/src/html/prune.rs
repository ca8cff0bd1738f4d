//! The largest parts of a breakdown, few enough to be drawn.

use lw_model::Node;
use lw_model::lists::{smallest_of_largest, sort_by_key};

/// A part to be shown, with the small ones of each parent added up so that the sums still hold.
pub(super) struct Part<'a> {
    /// The part; `None` for several small ones together.
    pub(super) node: Option<&'a Node>,
    /// How many small ones it stands for; 0 for a part of its own.
    pub(super) smaller: usize,
    /// Its value, its own parts included.
    pub(super) value: u64,
    /// The largest first, the small ones together last.
    pub(super) children: Vec<Part<'a>>,
}

impl Part<'_> {
    /// What a person reads.
    pub(super) fn shown(&self) -> String {
        match self.node {
            Some(node) => super::brief_name(node.shown()),
            None => {
                format!("{} smaller", lw_model::grouped(i128::try_from(self.smaller).unwrap_or(i128::MAX)))
            }
        }
    }

    /// Its role: `padding`, `unnamed`.
    pub(super) fn role(&self) -> Option<&str> {
        self.node.and_then(|node| node.role.as_deref())
    }
}

/// The `budget` largest parts down to `levels` below the root; linear in the nodes of the tree.
pub(super) fn largest(root: &Node, budget: usize, levels: usize) -> Part<'_> {
    let mut values = Vec::new();
    collect(root, levels, &mut values);
    let mut pick = if values.len() > budget {
        let threshold = smallest_of_largest(values.iter().copied(), budget + 1).unwrap_or(0);
        let above = values.iter().filter(|value| **value > threshold).count();
        Pick { threshold, ties: budget - above }
    } else {
        Pick { threshold: 0, ties: 0 }
    };
    pick.build(root, levels)
}

fn collect(node: &Node, levels: usize, values: &mut Vec<u64>) {
    if levels > 0 {
        for child in &node.children {
            values.push(child.value);
            collect(child, levels - 1, values);
        }
    }
}

/// What is large enough: everything above the threshold, and the first so many that equal it.
struct Pick {
    threshold: u64,
    ties: usize,
}

impl Pick {
    fn takes(&mut self, value: u64) -> bool {
        if value == self.threshold && self.ties > 0 {
            self.ties -= 1;
            return value > 0;
        }
        value > self.threshold
    }

    fn build<'a>(&mut self, node: &'a Node, levels: usize) -> Part<'a> {
        let mut part = Part { node: Some(node), smaller: 0, value: node.value, children: Vec::new() };
        if levels == 0 {
            return part;
        }
        let (mut rest, mut smaller, mut last) = (0u64, 0, None);
        let mut large = Vec::new();
        for child in node.children.iter().filter(|child| child.value > 0) {
            if self.takes(child.value) {
                large.push(child);
            } else {
                rest = rest.saturating_add(child.value);
                smaller += 1;
                last = Some(child);
            }
        }
        sort_by_key(&mut large, |child| std::cmp::Reverse(child.value));
        part.children = large.into_iter().map(|child| self.build(child, levels - 1)).collect();
        // One small part takes no more room under its own name than as "1 smaller".
        match last {
            Some(only) if smaller == 1 && !part.children.is_empty() => {
                part.children.push(Part {
                    node: Some(only),
                    smaller: 0,
                    value: only.value,
                    children: Vec::new(),
                });
            }
            Some(_) if !part.children.is_empty() => {
                part.children.push(Part { node: None, smaller, value: rest, children: Vec::new() });
            }
            _ => {}
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn additive(part: &Part<'_>) -> bool {
        part.children.is_empty()
            || (part.children.iter().map(|child| child.value).sum::<u64>() == part.value
                && part.children.iter().all(additive))
    }

    fn count(part: &Part<'_>) -> usize {
        part.children.iter().map(|child| usize::from(child.smaller == 0) + count(child)).sum()
    }

    fn tree() -> impl Strategy<Value = Node> {
        let leaf = (0u64..50).prop_map(|value| Node::leaf("x", value));
        leaf.prop_recursive(4, 200, 12, |inner| {
            proptest::collection::vec(inner, 1..12).prop_map(|children| Node::sum("n", children))
        })
    }

    proptest! {
        #[test]
        fn what_is_left_out_is_still_counted(root in tree(), budget in 0usize..60, levels in 0usize..5) {
            let part = largest(&root, budget, levels);
            prop_assert!(additive(&part));
            // A single small part beside large ones keeps its name: at most one per parent shown.
            prop_assert!(count(&part) <= 2 * budget);
        }
    }
}
