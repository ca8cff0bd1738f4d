//! Collects the files of one report, where a file may come in many pieces.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::error::Problem;
use crate::model::{Coverage, FileCoverage};

/// Files in the making.
///
/// A file may be repeated: sections of a tracefile for each test, classes of a Cobertura report. Pieces are
/// joined when they have about the same size, so that ten thousand pieces do not mean ten thousand passes over
/// the whole file.
#[derive(Debug, Default)]
pub(crate) struct Files {
    whole: BTreeMap<String, FileCoverage>,
    pieces: HashMap<String, Vec<FileCoverage>>,
}

impl Files {
    /// Adds a file or a piece of it.
    ///
    /// # Errors
    /// When there is one already, and one of the two does not know its lines.
    pub(crate) fn push(&mut self, path: String, file: FileCoverage) -> Result<(), Problem> {
        // Looked up once: paths are long, and alike at their beginnings.
        let first = match self.whole.entry(path) {
            Entry::Vacant(free) => {
                free.insert(file);
                return Ok(());
            }
            Entry::Occupied(first) => first,
        };
        if !first.get().can_merge(&file) {
            return Err(Problem::SummaryTwice(first.key().clone()));
        }
        let pieces = match self.pieces.get_mut(first.key()) {
            Some(pieces) => pieces,
            None => self.pieces.entry(first.key().clone()).or_default(),
        };
        pieces.push(file);
        while let [.., before, last] = pieces.as_slice()
            && last.weight() >= before.weight()
        {
            join_last(pieces);
        }
        Ok(())
    }

    /// Adds all files to the coverage.
    pub(crate) fn finish(mut self, coverage: &mut Coverage) {
        for (path, mut pieces) in self.pieces {
            while pieces.len() > 1 {
                join_last(&mut pieces);
            }
            if let (Some(file), Some(piece)) = (self.whole.get_mut(&path), pieces.pop()) {
                file.merge(piece);
            }
        }
        coverage.absorb(Coverage { files: self.whole, ..Coverage::default() });
    }
}

fn join_last(pieces: &mut Vec<FileCoverage>) {
    if let Some(last) = pieces.pop()
        && let Some(before) = pieces.last_mut()
    {
        before.merge(last);
    }
}
