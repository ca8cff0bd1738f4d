//! The coverage of a program, whatever tool measured it.

mod branches;
mod builder;
mod column;
mod format;
mod lines;
mod metric;
mod warning;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use arcstr::Substr;

pub(crate) use branches::MAX_COUNTED;
pub use branches::{Arm, Branch, BranchKind, Branches, LineBranches};
pub(crate) use builder::FileBuilder;
pub use format::{Format, Formats};
pub use lines::Lines;
pub use metric::{Basis, Counts, Figure, Metric};
pub(crate) use warning::shorten;
pub use warning::{Warning, WarningKind, Warnings};

/// The coverage of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Each file by its path as the report writes it; see [`paths`](crate::paths) for the way to the repository.
    pub files: BTreeMap<String, FileCoverage>,
    /// Folders the paths may be relative to (`source` of Cobertura).
    pub roots: BTreeSet<String>,
    /// The formats it was read from.
    pub formats: Formats,
    /// What was odd in the reports.
    pub warnings: Warnings,
}

impl Coverage {
    /// Takes out what no source can have, with a warning each.
    pub(crate) fn drop_impossible(&mut self) {
        for (path, file) in &mut self.files {
            if file.lines.drop_zero() {
                self.warnings.add(WarningKind::LineZero, 0, path.as_bytes());
            }
        }
    }

    /// The figure of all files together. Sums of exact integers, never a mean of percentages.
    #[must_use]
    pub fn figure(&self, metric: Metric) -> Figure {
        let mut sum = Figure::default();
        self.files.values().for_each(|file| sum += file.figure(metric));
        sum
    }

    /// Files that reports of several formats measured. Their lines are a union of what different tools call a
    /// line (see [`Format::line_rule`]), which the reader of a figure should be told.
    pub fn mixed(&self) -> impl Iterator<Item = (&str, Formats)> {
        self.files
            .iter()
            .filter(|(_, file)| file.formats.len() > 1)
            .map(|(path, file)| (&**path, file.formats))
    }
}

/// The coverage of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCoverage {
    pub(crate) lines: Lines,
    pub(crate) branches: Branches,
    pub(crate) functions: Vec<Function>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) blocks: Vec<Block>,
    /// Figures the report tells without the items behind them; `None` when several were merged.
    pub(crate) told: BTreeMap<Metric, Option<Counts>>,
    pub(crate) formats: Formats,
}

impl FileCoverage {
    /// The executable lines.
    #[must_use]
    pub fn lines(&self) -> &Lines {
        &self.lines
    }

    /// The branches.
    #[must_use]
    pub fn branches(&self) -> &Branches {
        &self.branches
    }

    /// The branches, to [leave some out](Branches::drop_kind).
    pub fn branches_mut(&mut self) -> &mut Branches {
        &mut self.branches
    }

    /// The functions, by line and name.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The outcomes of conditions (MC/DC), by line, decision and condition.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// The blocks of statements of Go.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The formats it was read from.
    #[must_use]
    pub fn formats(&self) -> Formats {
        self.formats
    }

    /// Leaves only the lines that are wanted, for a format that lists more than those with code (Go).
    pub fn keep_lines(&mut self, wanted: impl Fn(u32) -> bool) {
        self.lines.keep(wanted);
    }

    /// The last line the report tells of; 0 when there is none.
    #[must_use]
    pub fn last_line(&self) -> u32 {
        self.lines.last().unwrap_or(0)
    }

    /// Whether only figures are known and no lines (`llvm-cov export -summary-only`).
    #[must_use]
    pub fn is_summary(&self) -> bool {
        self.told.contains_key(&Metric::Line)
    }

    /// Whether a line is known to be executed only in part: it ran, but not all its branches were taken.
    /// Codecov and pycobertura count such a line as missed.
    pub fn partial_lines(&self) -> impl Iterator<Item = u32> {
        self.branches
            .by_line()
            .filter(|branches| branches.counts.missed() > 0)
            .map(|branches| branches.line)
            .filter(|line| self.lines.get(*line).is_some_and(|hits| hits > 0))
    }

    /// The figure of one metric.
    #[must_use]
    pub fn figure(&self, metric: Metric) -> Figure {
        let items = match metric {
            Metric::Line => Figure { counts: self.lines.counts(), basis: Basis::Detailed },
            Metric::Branch => self.branches.figure(),
            Metric::Function => count(self.functions.iter().map(|function| (function.hits > 0, 1))),
            Metric::Condition => {
                count(self.conditions.iter().map(|one| (one.taken.is_some_and(|taken| taken > 0), 1)))
            }
            Metric::Statement => {
                count(self.blocks.iter().map(|block| (block.hits > 0, u64::from(block.statements))))
            }
            Metric::Region | Metric::Instantiation | Metric::Instruction => Figure::default(),
        };
        match self.told.get(&metric) {
            None => items,
            // One report lists the items and another only tells a figure: at least what is listed holds.
            Some(_) if items.counts.total > 0 => {
                Figure { basis: items.basis.max(Basis::LowerBound), ..items }
            }
            Some(Some(told)) => Figure { counts: *told, basis: Basis::Counted },
            Some(None) => Figure { counts: Counts::default(), basis: Basis::Unknown },
        }
    }
}

fn count(items: impl Iterator<Item = (bool, u64)>) -> Figure {
    let mut counts = Counts::default();
    for (covered, weight) in items {
        counts += Counts::new(if covered { weight } else { 0 }, weight);
    }
    Figure { counts, basis: Basis::Detailed }
}

/// A function or method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// First line; 0 when the report does not tell.
    pub start: u32,
    /// Last line; 0 when the report does not tell.
    pub end: u32,
    /// How often it was called.
    pub hits: u64,
    /// Its name as the report writes it: mangled, where the tool writes mangled names. The names of a file lie in one
    /// text, so that a report of 200 000 functions does not mean as many allocations, which threads would wait for.
    pub name: Substr,
}

/// Which outcome of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sense {
    /// The condition was shown to decide with the value false.
    False,
    /// The condition was shown to decide with the value true.
    True,
    /// Both values were shown to decide, told as one (llvm-cov's independence pair).
    Pair,
}

/// An outcome of one condition of a decision (MC/DC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Line of the decision.
    pub line: u32,
    /// Number of conditions of the decision.
    pub size: u32,
    /// Which of the decisions of this size on the line, from 0.
    pub decision: u32,
    /// Which condition of the decision, from 0.
    pub index: u32,
    /// Which outcome.
    pub sense: Sense,
    /// How often; `None` when the decision was never reached.
    pub taken: Option<u64>,
    /// The condition in the words of the source, or its number.
    pub expression: Box<str>,
}

/// A block of statements of Go: they are executed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Line and column of its first character.
    pub start: (u32, u32),
    /// Line and column after its last character.
    pub end: (u32, u32),
    /// How many statements it has.
    pub statements: u32,
    /// How often it was executed.
    pub hits: u64,
}

impl Function {
    pub(crate) fn order(a: &Self, b: &Self) -> Ordering {
        (a.start, a.name.as_str()).cmp(&(b.start, b.name.as_str()))
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.end = self.end.max(other.end);
        self.hits = self.hits.saturating_add(other.hits);
    }
}

impl Condition {
    pub(crate) fn order(a: &Self, b: &Self) -> Ordering {
        a.key().cmp(&b.key())
    }

    fn key(&self) -> (u32, u32, u32, u32, Sense) {
        (self.line, self.size, self.decision, self.index, self.sense)
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.taken = add_taken(self.taken, other.taken);
        if other.expression < self.expression {
            self.expression.clone_from(&other.expression);
        }
    }
}

impl Block {
    pub(crate) fn order(a: &Self, b: &Self) -> Ordering {
        (a.start, a.end).cmp(&(b.start, b.end))
    }

    pub(crate) fn join(&mut self, other: &Self) {
        self.statements = self.statements.max(other.statements);
        self.hits = self.hits.saturating_add(other.hits);
    }
}

/// How often something was taken in two runs, of which either may not have reached it.
pub(crate) fn add_taken(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// One sorted list out of two, in one pass; what is in both is joined.
pub(crate) fn merge_sorted<T>(
    a: impl IntoIterator<Item = T>,
    b: impl IntoIterator<Item = T>,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&mut T, T),
) -> Vec<T> {
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    let mut merged = Vec::with_capacity(a.size_hint().0.max(b.size_hint().0));
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(left), Some(right)) => match order(left, right) {
                Ordering::Less => a.next(),
                Ordering::Greater => b.next(),
                Ordering::Equal => match (a.next(), b.next()) {
                    (Some(mut left), Some(right)) => {
                        join(&mut left, right);
                        Some(left)
                    }
                    (left, right) => left.or(right),
                },
            },
            (Some(_), None) => a.next(),
            (None, _) => b.next(),
        };
        match next {
            Some(item) => merged.push(item),
            None => break,
        }
    }
    merged.shrink_to_fit();
    merged
}
