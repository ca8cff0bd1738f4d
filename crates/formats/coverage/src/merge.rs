//! Joins what several runs measured.
//!
//! Of one file, hits of the same line, branch, function, condition or block add up, and what only one report
//! has is kept: the result is a union. The rules where reports disagree:
//!
//! - A branch that one report marks as an exception and another as ordinary is ordinary: it stays counted.
//! - A branch that no report reached stays unreached.
//! - Of two ends of a function the later one holds, of two texts of a condition the lesser one.
//! - Where a report only tells how many outcomes of a line were taken (Cobertura, JaCoCo), the better report
//!   of the line holds: that many are covered at least ([`Basis::LowerBound`](crate::Basis::LowerBound)).
//! - A figure that is told without the items behind it (regions of llvm-cov, instructions of JaCoCo) is lost
//!   when two reports tell it of the same file ([`Basis::Unknown`](crate::Basis::Unknown)).
//! - A file of which not even the lines are known cannot be merged with another report of it.
//!
//! With these rules the order of merging does not matter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::error::MergeError;
use crate::model::{Block, Condition, Coverage, FileCoverage, Function, merge_sorted};

/// Of a report with this part of the files or less, each is looked for; otherwise all are gone through in order.
const FEW: usize = 16;

impl Coverage {
    /// Adds what another report measured. On an error nothing is changed.
    ///
    /// Files are the same when their paths are: map both reports to the repository first
    /// (see [`paths`](crate::paths)).
    ///
    /// # Errors
    /// When a file is in both, and one of them does not know its lines.
    pub fn merge(&mut self, other: Self) -> Result<(), MergeError> {
        if let Some(path) = other.files.iter().find_map(|(path, theirs)| {
            self.files.get(path).is_some_and(|ours| !ours.can_merge(theirs)).then_some(path)
        }) {
            return Err(MergeError::SummaryOnly { path: path.clone() });
        }
        self.absorb(other);
        Ok(())
    }

    /// Merges what is known not to lack its lines.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.formats.extend(other.formats);
        self.roots.extend(other.roots);
        self.warnings.merge(&other.warnings);
        // Both in one pass: paths are long, and alike at their beginnings. Few are looked for instead.
        if other.files.len() < self.files.len() / FEW {
            for (path, file) in other.files {
                add(&mut self.files, path, file);
            }
        } else {
            let ours = std::mem::take(&mut self.files);
            let join =
                |ours: &mut (String, FileCoverage), theirs: (String, FileCoverage)| ours.1.merge(theirs.1);
            self.files = of_sorted(merge_sorted(ours, other.files, |a, b| a.0.cmp(&b.0), join));
        }
    }

    /// Adds what was measured of a file.
    ///
    /// # Errors
    /// When the file is there already, and one of the two does not know its lines.
    pub fn add(&mut self, path: String, file: FileCoverage) -> Result<(), MergeError> {
        let formats = file.formats;
        // Looked up once: paths are long, and alike at their beginnings.
        match self.files.entry(path) {
            Entry::Vacant(free) => {
                free.insert(file);
            }
            Entry::Occupied(ours) if !ours.get().can_merge(&file) => {
                return Err(MergeError::SummaryOnly { path: ours.key().clone() });
            }
            Entry::Occupied(mut ours) => ours.get_mut().merge(file),
        }
        self.formats.extend(formats);
        Ok(())
    }

    /// Adds what was measured of files. Nearly always they come in order and each once, and need not be looked for.
    ///
    /// # Errors
    /// Those of [`Self::add`].
    pub(crate) fn add_all(&mut self, files: Vec<(String, FileCoverage)>) -> Result<(), MergeError> {
        if !self.files.is_empty() || !files.is_sorted_by(|(path, _), (next, _)| path < next) {
            return files.into_iter().try_for_each(|(path, file)| self.add(path, file));
        }
        for (_, file) in &files {
            self.formats.extend(file.formats);
        }
        self.files = of_sorted(files);
        Ok(())
    }
}

/// The map of files in order: the only one that is collected, at the price of a sort. To put them in one after another would be to
/// look for the place of each, and paths are long.
pub(crate) fn of_sorted(files: Vec<(String, FileCoverage)>) -> BTreeMap<String, FileCoverage> {
    files.into_iter().collect()
}

fn add(files: &mut BTreeMap<String, FileCoverage>, path: String, file: FileCoverage) {
    match files.entry(path) {
        Entry::Vacant(free) => {
            free.insert(file);
        }
        Entry::Occupied(mut ours) => ours.get_mut().merge(file),
    }
}

impl FileCoverage {
    pub(crate) fn can_merge(&self, other: &Self) -> bool {
        !self.is_summary() && !other.is_summary()
    }

    /// About how much merging it costs.
    pub(crate) fn weight(&self) -> usize {
        self.lines.len()
            + self.branches.len()
            + self.functions.len()
            + self.conditions.len()
            + self.blocks.len()
    }

    /// Adds what was measured of the same file.
    pub(crate) fn merge(&mut self, other: Self) {
        if !other.lines.is_empty() {
            self.lines.merge(&other.lines);
        }
        self.branches.merge(&other.branches);
        join(&mut self.functions, other.functions, Function::order, Function::join);
        join(&mut self.conditions, other.conditions, Condition::order, Condition::join);
        join(&mut self.blocks, other.blocks, Block::order, Block::join);
        for (metric, counts) in other.told {
            self.told.entry(metric).and_modify(|ours| *ours = None).or_insert(counts);
        }
        self.formats.extend(other.formats);
    }
}

fn join<T>(ours: &mut Vec<T>, theirs: Vec<T>, order: fn(&T, &T) -> std::cmp::Ordering, one: fn(&mut T, &T)) {
    if ours.is_empty() {
        *ours = theirs;
    } else if !theirs.is_empty() {
        *ours = merge_sorted(std::mem::take(ours), theirs, order, |ours, theirs| one(ours, &theirs));
    }
}

#[cfg(test)]
mod tests;
