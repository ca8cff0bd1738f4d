//! Outcomes of branches.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use lw_model::lists::{filled, sort_by, sort_by_key};

use super::column::Column;
use super::{Basis, Counts, Figure, add_taken, merge_sorted};

/// What kind of jump a branch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BranchKind {
    /// One the programmer wrote.
    #[default]
    Ordinary,
    /// Reached without a jump (`f` of lcov 2.5, `fallthrough` of gcov); counted like an ordinary one.
    Fallthrough,
    /// Taken when an exception is thrown (`e` of lcov 2, `throw` of gcov).
    Exception,
}

/// Which outcome of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm<'a> {
    /// By number.
    Index(u32),
    /// By description, as coverage.py writes: `jump to line 12`.
    Text(&'a str),
}

/// One outcome of a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch<'a> {
    /// Line of the branch.
    pub line: u32,
    /// Which of the branches of the line.
    pub block: u32,
    /// Which of its outcomes.
    pub arm: Arm<'a>,
    /// What kind of jump it is.
    pub kind: BranchKind,
    /// How often it was taken; `None` when the branch was never reached.
    pub taken: Option<u64>,
}

/// How many branches of one line were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineBranches {
    /// Line.
    pub line: u32,
    /// The outcomes.
    pub counts: Counts,
    /// How well they are known.
    pub basis: Basis,
    /// Whether they are those of [`Branches::iter`]; otherwise some are only counted.
    pub listed: bool,
}

/// Number of outcomes of a line of which only the number is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountedBranches {
    pub(crate) line: u32,
    pub(crate) covered: u32,
    pub(crate) total: u32,
    /// Whether several reports were merged here.
    pub(crate) merged: bool,
}

/// More outcomes than a line of any language has (the JVM allows 64 KiB of code in a method): a bound on
/// what a hostile report can make a writer write.
pub(crate) const MAX_COUNTED: u32 = 1 << 16;

/// What is added to the index of a branch for each time it was there before: more than any line has.
const REPEATED: u32 = 1 << 20;

/// All branches of a file, ordered by line, block and arm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branches {
    indexed: Vec<Indexed>,
    taken: Column,
    described: Vec<Described>,
    counted: Vec<CountedBranches>,
    /// Of lines of which the outcomes are only counted, the names of those that were not taken, where every report told
    /// them.
    missing: BTreeMap<u32, Missing>,
}

/// The outcomes of a line that all reports name as not taken which name any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Missing {
    names: BTreeSet<Box<str>>,
    /// How many outcomes the line has for these reports; `None` when they disagree.
    total: Option<u32>,
    /// Whether all reports named theirs.
    is_whole: bool,
}

impl Missing {
    fn join(&mut self, other: &Self) {
        self.names.retain(|name| other.names.contains(name));
        self.total = self.total.filter(|total| other.total == Some(*total));
        self.is_whole &= other.is_whole;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Indexed {
    line: u32,
    block: u32,
    index: u32,
    kind: BranchKind,
    reached: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Described {
    line: u32,
    block: u32,
    text: Box<str>,
    kind: BranchKind,
    taken: Option<u64>,
}

impl Indexed {
    fn key(&self) -> (u32, u32, u32) {
        (self.line, self.block, self.index)
    }
}

impl Described {
    fn key(&self) -> (u32, u32, &str) {
        (self.line, self.block, &self.text)
    }
}

impl Branches {
    /// Whether nothing is known of any branch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indexed.is_empty() && self.described.is_empty() && self.counted.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.indexed.len() + self.described.len() + self.counted.len()
    }

    /// Each outcome that is known by itself.
    pub fn iter(&self) -> impl Iterator<Item = Branch<'_>> {
        let mut indexed = self.indexed().peekable();
        let mut described = self.described().peekable();
        std::iter::from_fn(move || match (indexed.peek(), described.peek()) {
            (Some(a), Some(b)) if (b.line, b.block) < (a.line, a.block) => described.next(),
            (None, Some(_)) => described.next(),
            _ => indexed.next(),
        })
    }

    /// How many outcomes are described in words or belong to an exception.
    pub(crate) fn marked(&self) -> usize {
        let exceptions = self.indexed.iter().filter(|branch| branch.kind == BranchKind::Exception);
        self.described.len() + exceptions.count()
    }

    fn indexed(&self) -> impl Iterator<Item = Branch<'_>> {
        self.indexed.iter().zip(self.taken.iter()).map(|(branch, taken)| Branch {
            line: branch.line,
            block: branch.block,
            arm: Arm::Index(branch.index),
            kind: branch.kind,
            taken: branch.reached.then_some(taken),
        })
    }

    fn described(&self) -> impl Iterator<Item = Branch<'_>> {
        self.described.iter().map(|branch| Branch {
            line: branch.line,
            block: branch.block,
            arm: Arm::Text(&branch.text),
            kind: branch.kind,
            taken: branch.taken,
        })
    }

    /// How many outcomes of each line were taken.
    ///
    /// Where some reports list the outcomes of a line and others only count them, the greater numbers hold:
    /// more may be covered, but not less.
    pub fn by_line(&self) -> impl Iterator<Item = LineBranches> {
        let mut listed = self.iter().peekable();
        let mut counted = self.counted.iter().peekable();
        std::iter::from_fn(move || {
            let line = match (listed.peek(), counted.peek()) {
                (Some(a), Some(b)) => a.line.min(b.line),
                (Some(a), None) => a.line,
                (None, Some(b)) => b.line,
                (None, None) => return None,
            };
            let mut counts = Counts::default();
            while let Some(branch) = listed.next_if(|branch| branch.line == line) {
                counts.record(branch.taken.is_some_and(|taken| taken > 0));
            }
            let Some(number) = counted.next_if(|counted| counted.line == line) else {
                return Some(LineBranches { line, counts, basis: Basis::Detailed, listed: true });
            };
            Some(number.beside(counts, self.missing.get(&line)))
        })
    }

    /// The figure of the file.
    #[must_use]
    pub fn figure(&self) -> Figure {
        let mut figure = Figure::default();
        if self.counted.is_empty() {
            let taken = self.indexed().chain(self.described()).map(|branch| branch.taken);
            taken.for_each(|taken| figure.counts.record(taken.is_some_and(|taken| taken > 0)));
        } else {
            self.by_line().for_each(|line| figure += Figure { counts: line.counts, basis: line.basis });
        }
        figure
    }

    /// Leaves out the outcomes of one kind, as `lcov --rc no_exception_branch=1` does with exceptions.
    pub fn drop_kind(&mut self, kind: BranchKind) {
        let kept = self.indexed.iter().zip(self.taken.iter()).filter(|(branch, _)| branch.kind != kind);
        let taken: Vec<u64> = kept.map(|(_, taken)| taken).collect();
        self.taken = Column::from_values(taken.iter().copied());
        self.indexed.retain(|branch| branch.kind != kind);
        self.described.retain(|branch| branch.kind != kind);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        if !other.indexed.is_empty() {
            let merged = merge_sorted(
                self.indexed.iter().copied().zip(self.taken.iter()),
                other.indexed.iter().copied().zip(other.taken.iter()),
                |a, b| a.0.key().cmp(&b.0.key()),
                |a, b| add_indexed(a, &b),
            );
            self.set_indexed(&merged);
        }
        if !other.described.is_empty() {
            self.described = merge_sorted(
                std::mem::take(&mut self.described),
                other.described.iter().cloned(),
                |a, b| a.key().cmp(&b.key()),
                |a, b| add_described(a, &b),
            );
        }
        if !other.counted.is_empty() {
            self.merge_missing(other);
            self.counted = merge_sorted(
                std::mem::take(&mut self.counted),
                other.counted.iter().copied(),
                |a, b| a.line.cmp(&b.line),
                |a, b| {
                    a.join(&b);
                    a.merged = true;
                },
            );
        }
    }

    /// What no report saw taken is what all name as missing. Before the counts are merged.
    fn merge_missing(&mut self, other: &Self) {
        if self.missing.is_empty() && other.missing.is_empty() {
            return;
        }
        let counts =
            |all: &[CountedBranches], line: &u32| all.binary_search_by_key(line, |one| one.line).is_ok();
        for (line, theirs) in &other.missing {
            match self.missing.entry(*line) {
                Entry::Vacant(free) => {
                    let is_counted = counts(&self.counted, line);
                    let ours = free.insert(theirs.clone());
                    ours.is_whole &= !is_counted;
                }
                Entry::Occupied(mut ours) => ours.get_mut().join(theirs),
            }
        }
        for (line, ours) in &mut self.missing {
            if !other.missing.contains_key(line) && counts(&other.counted, line) {
                ours.is_whole = false;
            }
        }
    }

    fn set_indexed(&mut self, sorted: &[(Indexed, u64)]) {
        self.indexed = sorted.iter().map(|branch| branch.0).collect();
        self.taken = Column::from_values(sorted.iter().map(|branch| branch.1));
    }
}

impl CountedBranches {
    /// What is known of a line of which two reports only count the outcomes: at least the better of both. They
    /// may have taken different ones, but nothing tells.
    fn join(&mut self, other: &Self) {
        self.covered = self.covered.max(other.covered);
        self.total = self.total.max(other.total);
        self.merged |= other.merged;
    }

    /// What is known of a line of which some reports list the outcomes as well.
    fn beside(self, listed: Counts, missing: Option<&Missing>) -> LineBranches {
        let missing = missing.filter(|missing| missing.total == Some(self.total));
        let named =
            missing.map_or(0, |missing| u64::from(self.total).saturating_sub(missing.names.len() as u64));
        let counted = Counts::new(u64::from(self.covered).max(named), u64::from(self.total));
        let counts = Counts::new(counted.covered.max(listed.covered), counted.total.max(listed.total));
        let is_known = missing.is_some_and(|missing| missing.is_whole);
        let several = self.merged && !is_known || listed.total > 0;
        let basis = if several && counts.missed() > 0 { Basis::LowerBound } else { Basis::Counted };
        LineBranches { line: self.line, counts, basis, listed: counts == listed }
    }
}

fn add_indexed(a: &mut (Indexed, u64), b: &(Indexed, u64)) {
    a.0.kind = a.0.kind.min(b.0.kind);
    a.0.reached |= b.0.reached;
    a.1 = a.1.saturating_add(b.1);
}

fn add_described(a: &mut Described, b: &Described) {
    a.kind = a.kind.min(b.kind);
    a.taken = add_taken(a.taken, b.taken);
}

/// Collects the branches of one file; reused from file to file.
#[derive(Debug, Default)]
pub(crate) struct BranchBuilder {
    indexed: Vec<(Indexed, u64)>,
    described: Vec<Described>,
    counted: Vec<CountedBranches>,
    missing: BTreeMap<u32, Missing>,
}

impl BranchBuilder {
    pub(crate) fn push(&mut self, branch: Branch<'_>) {
        let Branch { line, block, arm, kind, taken } = branch;
        match arm {
            Arm::Index(index) => {
                let key = Indexed { line, block, index, kind, reached: taken.is_some() };
                self.indexed.push((key, taken.unwrap_or(0)));
            }
            Arm::Text(text) => self.described.push(Described { line, block, text: text.into(), kind, taken }),
        }
    }

    /// Adds a line of which only the number of outcomes is known; at most [`MAX_COUNTED`].
    pub(crate) fn push_counted(&mut self, line: u32, covered: u32, total: u32) {
        self.counted.push(CountedBranches { line, covered, total, merged: false });
    }

    /// Names the outcomes of a counted line that were not taken. Parts of a line told several times agree, or none holds.
    pub(crate) fn push_missing(&mut self, line: u32, names: &str) {
        let names = filled(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Into::into));
        let told = Missing { names, total: None, is_whole: true };
        match self.missing.entry(line) {
            Entry::Vacant(free) => {
                free.insert(told);
            }
            Entry::Occupied(mut known) => known.get_mut().join(&told),
        }
    }

    /// Gives a repeated outcome of one line, block and index an index of its own.
    ///
    /// The second of each name is the second in every run, so runs still merge.
    pub(crate) fn part_repeated(&mut self) {
        if self.indexed.is_sorted_by(|a, b| a.0.key() < b.0.key()) {
            return;
        }
        sort_by_key(&mut self.indexed, |branch| branch.0.key());
        let mut before = None;
        let mut times = 0_u32;
        for (branch, _) in &mut self.indexed {
            let key = branch.key();
            times = if before == Some(key) { times.saturating_add(1) } else { 0 };
            before = Some(key);
            branch.index = branch.index.saturating_add(times.saturating_mul(REPEATED));
        }
    }

    pub(crate) fn has_any(&self) -> bool {
        !self.indexed.is_empty() || !self.described.is_empty() || !self.counted.is_empty()
    }

    /// Takes what was collected; outcomes that are repeated add up.
    pub(crate) fn take(&mut self) -> Branches {
        fold(&mut self.indexed, |a, b| a.0.key().cmp(&b.0.key()), add_indexed);
        fold(&mut self.described, |a, b| a.key().cmp(&b.key()), add_described);
        // Within one report these are parts of a line told several times (inner classes), so the better holds.
        fold(&mut self.counted, |a, b| a.line.cmp(&b.line), CountedBranches::join);
        let mut branches = Branches {
            described: std::mem::take(&mut self.described),
            counted: std::mem::take(&mut self.counted),
            missing: std::mem::take(&mut self.missing),
            ..Branches::default()
        };
        // Only as many names as are counted tell which they are.
        branches.missing.retain(|line, missing| {
            let counted = branches.counted.binary_search_by_key(line, |counted| counted.line).ok();
            let Some(counted) = counted.and_then(|place| branches.counted.get(place)) else { return false };
            missing.total = Some(counted.total);
            usize::try_from(counted.total - counted.covered).is_ok_and(|missed| missed == missing.names.len())
        });
        branches.set_indexed(&self.indexed);
        self.indexed.clear();
        branches
    }
}

/// Sorts and makes one of what is equal.
pub(crate) fn fold<T>(items: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering, join: impl Fn(&mut T, &T)) {
    if items.is_sorted_by(|a, b| order(a, b) == Ordering::Less) {
        return;
    }
    sort_by(items, &order);
    items.dedup_by(|again, kept| {
        let same = order(again, kept) == Ordering::Equal;
        if same {
            join(kept, again);
        }
        same
    });
}
