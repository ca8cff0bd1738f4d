//! Figures: what is counted, how much of it is covered, and how well that is known.

use std::fmt;
use std::ops::{Add, AddAssign};

use lw_model::Percent;

/// How many there are, and how many of them were executed. Exact integers, so that a gate never compares
/// something rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many were executed.
    pub covered: u64,
    /// How many there are.
    pub total: u64,
}

impl Counts {
    /// `covered` of `total`.
    #[must_use]
    pub fn new(covered: u64, total: u64) -> Self {
        Self { covered, total }
    }

    /// How many were not executed.
    #[must_use]
    pub fn missed(self) -> u64 {
        self.total.saturating_sub(self.covered)
    }

    /// The share that is covered, floored; `None` when there is nothing to cover.
    #[must_use]
    pub fn percent(self) -> Option<Percent> {
        Percent::of(i64::try_from(self.covered).ok()?, i64::try_from(self.total).ok()?)
    }

    pub(crate) fn record(&mut self, covered: bool) {
        self.total += 1;
        self.covered += u64::from(covered);
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            covered: self.covered.saturating_add(other.covered),
            total: self.total.saturating_add(other.total),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.covered, self.total)
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Executable lines, as [`Format::line_rule`](crate::Format::line_rule) defines them.
    Line,
    /// Outcomes of branches.
    Branch,
    /// Functions and methods.
    Function,
    /// Outcomes of conditions (MC/DC).
    Condition,
    /// Statements (Go, Clover).
    Statement,
    /// Code regions of llvm-cov.
    Region,
    /// Instantiations of templates and generic functions, as llvm-cov counts them.
    Instantiation,
    /// Bytecode instructions (JaCoCo).
    Instruction,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 8] = [
        Self::Line,
        Self::Branch,
        Self::Function,
        Self::Condition,
        Self::Statement,
        Self::Region,
        Self::Instantiation,
        Self::Instruction,
    ];

    /// Its name in the singular, lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Branch => "branch",
            Self::Function => "function",
            Self::Condition => "condition",
            Self::Statement => "statement",
            Self::Region => "region",
            Self::Instantiation => "instantiation",
            Self::Instruction => "instruction",
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How well a figure is known, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Each item is known, so figures of several reports merge exactly.
    #[default]
    Detailed,
    /// The report only says how many.
    Counted,
    /// Reports that only say how many were merged: at least so many are covered.
    LowerBound,
    /// Reports that only say how many were merged, and nothing follows from them together.
    Unknown,
}

/// The figure of one metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// The numbers; a total of zero means there is nothing of this kind.
    pub counts: Counts,
    /// How well they are known.
    pub basis: Basis,
}

impl AddAssign for Figure {
    fn add_assign(&mut self, other: Self) {
        self.counts += other.counts;
        self.basis = self.basis.max(other.basis);
    }
}
