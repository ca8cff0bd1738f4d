//! Which commits a release holds, by ancestry.
//!
//! A release holds the commits that its end reaches and that no end it contains reaches. So an end stands for a commit when it
//! is among the *nearest* of the ends that contain it, and a commit on two lines has two of them.
//!
//! Ends are taken from the oldest to the newest, and each walks from its commit towards the roots, newest commit first. A walk
//! stops at the commit of another end, and at a commit that an end below this one holds or reaches. So it visits what it holds and
//! the edge of that, and nothing else. Whether one end is below another is answered from the ends alone: by the first line
//! through them, in a logarithmic number of steps, or by a search among the ends that are newer than the one asked for. All walks
//! together cost what they give out, and the graph once; only lines that lie side by side and meet again and again make the search
//! longer, and then by ends, never by commits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use lw_model::lists::sort;

/// A graph of commits. Numbers go from the newest to the oldest: each commit has a lower one than its parents.
pub(crate) struct Dag<'a> {
    /// Where the parents of each commit begin in `parents`; one more than there are commits.
    pub(crate) starts: &'a [u32],
    pub(crate) parents: &'a [u32],
}

impl Dag<'_> {
    pub(crate) fn parents_of(&self, commit: u32) -> &[u32] {
        let at = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        let commit = commit as usize;
        self.parents.get(at(commit)..at(commit + 1)).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }
}

/// What an end holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Its commits, the newest first.
    pub(crate) commits: Vec<u32>,
    /// The ends it contains that no other end it contains does.
    pub(crate) after: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// What each end holds. `ends` has the commit of each; of several on one commit the first is the lowest and holds what there is.
/// `wanted` says which ends have to be worked out; what is below them is in any case.
pub(crate) fn assign(dag: &Dag<'_>, ends: &[Option<u32>]) -> Vec<Option<Held>> {
    let mut walk = Walk {
        dag,
        seen: vec![NONE; dag.len()],
        holders: vec![NONE; dag.len()],
        more: Vec::new(),
        at: vec![NONE; dag.len()],
        top: vec![NONE; dag.len()],
        lines: vec![Line::default(); ends.len()],
        below: vec![Vec::new(); ends.len()],
        marked: vec![NONE; ends.len()],
        commits: ends.iter().map(|end| end.unwrap_or(NONE)).collect(),
    };
    let mut held: Vec<Option<Held>> = vec![None; ends.len()];
    // From the oldest; on one commit in the order they came.
    let mut order: Vec<(Reverse<u32>, u32)> = ends
        .iter()
        .enumerate()
        .filter_map(|(end, commit)| Some((Reverse((*commit)?), u32::try_from(end).ok()?)))
        .collect();
    sort(&mut order);
    for (Reverse(commit), end) in &order {
        if let Some(lowest) = walk.at.get_mut(*commit as usize)
            && *lowest == NONE
        {
            *lowest = *end;
        }
    }
    for (Reverse(commit), end) in order {
        let result = match walk.top.get(commit as usize).copied() {
            Some(lower) if lower != NONE => {
                walk.put_on(end, &[lower]);
                Held { commits: Vec::new(), after: vec![lower] }
            }
            _ => walk.from(end, commit),
        };
        if let Some(top) = walk.top.get_mut(commit as usize) {
            *top = end;
        }
        if let Some(slot) = held.get_mut(end as usize) {
            *slot = Some(result);
        }
    }
    held
}

/// Where an end stands on the first line below it, with a jump down that line (a skew-binary list).
#[derive(Clone, Copy)]
struct Line {
    next: u32,
    jump: u32,
    depth: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self { next: NONE, jump: NONE, depth: 0 }
    }
}

struct Walk<'a> {
    dag: &'a Dag<'a>,
    /// The last end whose walk came to a commit.
    seen: Vec<u32>,
    /// The end that holds a commit, or `2^31 +` where the list of several begins in `more`.
    holders: Vec<u32>,
    /// Lists of ends that hold one commit: each end, and where the next one is.
    more: Vec<(u32, u32)>,
    /// The lowest end at a commit.
    at: Vec<u32>,
    /// The highest end at a commit that was taken.
    top: Vec<u32>,
    lines: Vec<Line>,
    /// The ends a walk stopped at.
    below: Vec<Vec<u32>>,
    /// The last end that was found to contain another.
    marked: Vec<u32>,
    commits: Vec<u32>,
}

/// The search for ends below the one that walks.
struct Below {
    end: u32,
    /// Ends that were found and not yet looked behind, the newest first.
    frontier: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Walk<'_> {
    fn from(&mut self, end: u32, commit: u32) -> Held {
        let mut held = Held::default();
        let mut below = Below { end, frontier: BinaryHeap::new() };
        let mut stops: Vec<u32> = Vec::new();
        let mut queue = BinaryHeap::from([Reverse(commit)]);
        self.see(commit, end);
        while let Some(Reverse(next)) = queue.pop() {
            let lowest = self.at.get(next as usize).copied().unwrap_or(NONE);
            if next != commit && lowest != NONE {
                let top = self.top.get(next as usize).copied().unwrap_or(lowest);
                stops.push(top);
                self.mark(top, &mut below);
                continue;
            }
            if self.is_held_below(next, stops.first().copied(), &mut below) {
                continue;
            }
            held.commits.push(next);
            self.hold(next, end);
            let dag = self.dag;
            for parent in dag.parents_of(next) {
                if self.see(*parent, end) {
                    queue.push(Reverse(*parent));
                }
            }
        }
        // An end that another stop contains is no neighbour. Stops came newest first, and so what may contain one came before it.
        for (index, stop) in stops.iter().enumerate() {
            let node = self.commit_of(*stop);
            let newer = stops.get(..index).unwrap_or_default();
            if !self.is_below_any(*stop, node, newer) {
                held.after.push(*stop);
            }
        }
        let after = held.after.clone();
        self.put_on(end, &after);
        held
    }

    fn commit_of(&self, end: u32) -> u32 {
        self.commits.get(end as usize).copied().unwrap_or(NONE)
    }

    fn see(&mut self, commit: u32, end: u32) -> bool {
        match self.seen.get_mut(commit as usize) {
            Some(seen) if *seen != end => {
                *seen = end;
                true
            }
            _ => false,
        }
    }

    fn mark(&mut self, end: u32, below: &mut Below) {
        if let Some(mark) = self.marked.get_mut(end as usize)
            && *mark != below.end
        {
            *mark = below.end;
            below.frontier.push(Reverse((self.commit_of(end), end)));
        }
    }

    /// Whether an end below the one that walks holds the commit.
    fn is_held_below(&mut self, commit: u32, first_stop: Option<u32>, below: &mut Below) -> bool {
        let Some(first_stop) = first_stop else { return false };
        let mut next = self.holders.get(commit as usize).copied().unwrap_or(NONE);
        while next != NONE {
            let Some((holder, rest)) = self.more.get(next as usize).copied() else { return false };
            if self.is_on_line(holder, first_stop) || self.search(holder, below) {
                return true;
            }
            next = rest;
        }
        false
    }

    fn search(&mut self, wanted: u32, below: &mut Below) -> bool {
        let place = self.commit_of(wanted);
        while self.marked.get(wanted as usize) != Some(&below.end) {
            match below.frontier.peek() {
                // What is older than the wanted one cannot contain it; on the same commit it can.
                Some(Reverse((commit, _))) if *commit <= place => {}
                _ => return false,
            }
            let Some(Reverse((_, end))) = below.frontier.pop() else { return false };
            for lower in self.below.get(end as usize).cloned().unwrap_or_default() {
                self.mark(lower, below);
            }
        }
        true
    }

    /// Whether some of these ends contain another.
    fn is_below_any(&self, wanted: u32, place: u32, others: &[u32]) -> bool {
        if others.is_empty() {
            return false;
        }
        if others.iter().any(|other| self.is_on_line(wanted, *other)) {
            return true;
        }
        let mut seen = std::collections::BTreeSet::new();
        let mut todo: Vec<u32> = others.to_vec();
        while let Some(end) = todo.pop() {
            for lower in self.below.get(end as usize).into_iter().flatten() {
                if *lower == wanted {
                    return true;
                }
                if self.commit_of(*lower) <= place && seen.insert(*lower) {
                    todo.push(*lower);
                }
            }
        }
        false
    }

    fn hold(&mut self, commit: u32, end: u32) {
        let Ok(place) = u32::try_from(self.more.len()) else { return };
        if let Some(first) = self.holders.get_mut(commit as usize) {
            self.more.push((end, *first));
            *first = place;
        }
    }

    /// Puts an end on the line of the first of those below it.
    fn put_on(&mut self, end: u32, below: &[u32]) {
        let line = |end: u32| self.lines.get(end as usize).copied().unwrap_or_default();
        let new = match below.first() {
            None => Line::default(),
            Some(next) => {
                let one = line(*next);
                let (two, three) = (one.jump, line(one.jump).jump);
                let depth_two = if two == NONE { 0 } else { line(two).depth };
                let depth_three = if three == NONE { 0 } else { line(three).depth };
                let jumps = two != NONE && three != NONE && one.depth - depth_two == depth_two - depth_three;
                Line { next: *next, jump: if jumps { three } else { *next }, depth: one.depth + 1 }
            }
        };
        if let Some(slot) = self.lines.get_mut(end as usize) {
            *slot = new;
        }
        if let Some(slot) = self.below.get_mut(end as usize) {
            *slot = below.to_vec();
        }
    }

    /// Whether `lower` is `upper` or on the line below it.
    fn is_on_line(&self, lower: u32, mut upper: u32) -> bool {
        let line = |end: u32| self.lines.get(end as usize).copied().unwrap_or_default();
        let depth = line(lower).depth;
        while upper != NONE && line(upper).depth > depth {
            let here = line(upper);
            upper = if here.jump != NONE && line(here.jump).depth >= depth { here.jump } else { here.next };
        }
        upper == lower
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Commits whose parents have higher numbers, and ends on them: one per commit at least now and then.
    fn histories() -> impl Strategy<Value = (Vec<Vec<u32>>, Vec<Option<u32>>)> {
        (2_u32..40).prop_flat_map(|count| {
            let parents = proptest::collection::vec(
                proptest::collection::vec(1_u32..8, 0..4),
                count as usize..=count as usize,
            );
            let ends = proptest::collection::vec(proptest::option::weighted(0.95, 0..count), 0..14);
            (parents, ends).prop_map(move |(steps, ends)| {
                let parents = (0_u32..)
                    .zip(steps)
                    .map(|(place, steps)| {
                        let mut parents: Vec<u32> = steps
                            .iter()
                            // Far parents are as usual as near ones: branches from long ago.
                            .map(|step| place + if *step == 7 { 20 } else { *step })
                            .filter(|parent| *parent < count)
                            .collect();
                        parents.dedup();
                        parents
                    })
                    .collect();
                (parents, ends)
            })
        })
    }

    fn reach(parents: &[Vec<u32>], from: u32) -> Vec<bool> {
        let mut reached = vec![false; parents.len()];
        let mut todo = vec![from];
        while let Some(place) = todo.pop() {
            if !std::mem::replace(&mut reached[place as usize], true) {
                todo.extend(&parents[place as usize]);
            }
        }
        reached
    }

    /// The rule as it is said, without a thought for its cost.
    fn by_the_rule(parents: &[Vec<u32>], ends: &[Option<u32>], end: usize) -> Option<Held> {
        let commit = ends[end]?;
        let from = reach(parents, commit);
        let contained: Vec<usize> = (0..ends.len())
            .filter(|other| {
                ends[*other].is_some_and(|at| from[at as usize] && (at != commit || *other < end))
            })
            .collect();
        let below = |other: &usize| reach(parents, ends[*other].unwrap_or(0));
        let others: Vec<Vec<bool>> = contained.iter().map(below).collect();
        let commits = (0..parents.len())
            .filter(|place| from[*place] && !others.iter().any(|other| other[*place]))
            .map(|place| place as u32)
            .collect();
        let contains = |upper: usize, lower: usize| {
            let (above, at) = (ends[upper].unwrap_or(0), ends[lower].unwrap_or(0));
            upper != lower && reach(parents, above)[at as usize] && (above != at || lower < upper)
        };
        let after = contained
            .iter()
            .filter(|lower| !contained.iter().any(|upper| contains(*upper, **lower)))
            .map(|lower| *lower as u32)
            .collect();
        Some(Held { commits, after })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn sections_are_those_of_the_rule((parents, ends) in histories()) {
            let mut starts = vec![0];
            let mut flat = Vec::new();
            for parents in &parents {
                flat.extend(parents);
                starts.push(flat.len() as u32);
            }
            let dag = Dag { starts: &starts, parents: &flat };
            let found = assign(&dag, &ends);
            for (end, held) in found.into_iter().enumerate() {
                let sorted = held.map(|mut held| {
                    sort(&mut held.after);
                    held
                });
                prop_assert_eq!(sorted, by_the_rule(&parents, &ends, end), "end {}", end);
            }
        }
    }

    #[test]
    fn the_cost_does_not_depend_on_the_number_of_ends() {
        // A line of commits, all of them ends, with a branch from the very first commit merged into each.
        let count = 100_000_u32;
        let (mut starts, mut parents, mut ends) = (vec![0], Vec::new(), Vec::new());
        for place in 0..count {
            if place + 1 < count {
                parents.push(place + 1);
                if place % 2 == 0 && place + 2 < count {
                    parents.push(count - 1);
                }
            }
            starts.push(parents.len() as u32);
            ends.push((place + 1 < count).then_some(place));
        }
        let held = assign(&Dag { starts: &starts, parents: &parents }, &ends);
        let sizes: Vec<usize> = held.iter().flatten().map(|held| held.commits.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), count as usize);
    }
}
