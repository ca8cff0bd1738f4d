//! Puts the coverage of one file together from records in any order.

use std::ops::Range;

use arcstr::ArcStr;
use lw_model::lists::filled;

use super::branches::{Arm, BranchBuilder, fold};
use super::{
    Block, Branch, BranchKind, Condition, Counts, FileCoverage, Format, Function, Lines, Metric, Warnings,
};
use crate::count::Count;

/// Collects what a reader finds about one file; reused from file to file, so that reading many small files
/// does not mean many allocations.
#[derive(Debug, Default)]
pub(crate) struct FileBuilder {
    lines: Vec<(u32, u64)>,
    branches: BranchBuilder,
    functions: Vec<Unnamed>,
    /// The names of the functions, one after the other.
    names: String,
    conditions: Vec<Condition>,
    blocks: Vec<Block>,
    told: Vec<(Metric, Counts)>,
}

/// A function whose name is told by its place among the names.
#[derive(Debug)]
struct Unnamed {
    start: u32,
    end: u32,
    hits: u64,
    name: Range<usize>,
}

impl FileBuilder {
    pub(crate) fn line(&mut self, number: u32, hits: u64) {
        self.lines.push((number, hits));
    }

    pub(crate) fn branch(&mut self, branch: Branch<'_>) {
        self.branches.push(branch);
    }

    /// Two outcomes of a condition: true and false.
    pub(crate) fn two_way(&mut self, line: u32, block: u32, pair: u32, taken: (Option<u64>, Option<u64>)) {
        for (index, taken) in
            [(pair.saturating_mul(2), taken.0), (pair.saturating_mul(2).saturating_add(1), taken.1)]
        {
            let arm = Arm::Index(index);
            self.branch(Branch { line, block, arm, kind: BranchKind::Ordinary, taken });
        }
    }

    /// Keeps branches of the same line, block and index apart.
    pub(crate) fn part_repeated_branches(&mut self) {
        self.branches.part_repeated();
    }

    pub(crate) fn counted_branches(&mut self, line: u32, covered: u32, total: u32) {
        self.branches.push_counted(line, covered, total);
    }

    /// Names the branches of a line that were not taken, one after the other with commas; as many as were counted.
    pub(crate) fn missing_branches(&mut self, line: u32, names: &str) {
        self.branches.push_missing(line, names);
    }

    pub(crate) fn has_branches(&self) -> bool {
        self.branches.has_any()
    }

    pub(crate) fn function(&mut self, start: u32, end: u32, hits: u64, name: &str) {
        let from = self.names.len();
        self.names.push_str(name);
        self.functions.push(Unnamed { start, end, hits, name: from..self.names.len() });
    }

    pub(crate) fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    pub(crate) fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(crate) fn condition(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    pub(crate) fn block(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// The blocks so far, sorted and without repetitions.
    pub(crate) fn joined_blocks(&mut self) -> &[Block] {
        fold(&mut self.blocks, Block::order, Block::join);
        &self.blocks
    }

    /// A figure the report tells without the items behind it.
    pub(crate) fn tell(&mut self, metric: Metric, counts: Counts) {
        self.told.push((metric, counts));
    }

    /// Takes what was collected, so that the builder is empty again.
    pub(crate) fn take(&mut self, format: Format) -> FileCoverage {
        fold(&mut self.conditions, Condition::order, Condition::join);
        self.joined_blocks();
        FileCoverage {
            lines: Lines::take(&mut self.lines),
            branches: self.branches.take(),
            functions: self.take_functions(),
            conditions: exact(&mut self.conditions),
            blocks: exact(&mut self.blocks),
            told: filled(self.told.drain(..).map(|(metric, counts)| (metric, Some(counts)))),
            formats: format.into(),
        }
    }

    fn take_functions(&mut self) -> Vec<Function> {
        let names = ArcStr::from(self.names.as_str());
        self.names.clear();
        let named =
            |Unnamed { start, end, hits, name }| Function { start, end, hits, name: names.substr(name) };
        let mut functions = Vec::with_capacity(self.functions.len());
        functions.extend(self.functions.drain(..).map(named));
        fold(&mut functions, Function::order, Function::join);
        functions.shrink_to_fit();
        functions
    }
}

/// Moves the items into a list without room to spare.
fn exact<T>(items: &mut Vec<T>) -> Vec<T> {
    let mut taken = Vec::with_capacity(items.len());
    taken.append(items);
    taken
}

impl Warnings {
    /// The value of a count, with a warning when it had to be interpreted.
    pub(crate) fn take_count(&mut self, count: Count, line: u64, text: &[u8]) -> u64 {
        if let Some(kind) = count.odd {
            self.add(kind, line, text);
        }
        count.value
    }
}
