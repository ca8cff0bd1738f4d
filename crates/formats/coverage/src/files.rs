//! Collects the files of one report, where a file may come in many pieces.

use lw_hashed::HashMap;
use lw_model::lists::sort_by;

use crate::error::Problem;
use crate::merge::of_sorted;
use crate::model::{Coverage, FileCoverage};

/// Files in the making.
///
/// A file may be repeated: sections of a tracefile for each test, classes of a Cobertura report. Pieces are
/// joined when they have about the same size, so that ten thousand pieces do not mean ten thousand passes over
/// the whole file.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Found by hash: paths are long, and alike at their beginnings.
    files: HashMap<String, File>,
}

#[derive(Debug)]
struct File {
    first: FileCoverage,
    further: Vec<FileCoverage>,
}

impl Files {
    /// Adds a file or a piece of it.
    ///
    /// # Errors
    /// When there is one already, and one of the two does not know its lines.
    pub(crate) fn push(&mut self, path: String, piece: FileCoverage) -> Result<(), Problem> {
        let Some(file) = self.files.get_mut(&path) else {
            self.files.insert(path, File { first: piece, further: Vec::new() });
            return Ok(());
        };
        if !file.first.can_merge(&piece) {
            return Err(Problem::SummaryTwice(path));
        }
        let pieces = &mut file.further;
        pieces.push(piece);
        while let [.., before, last] = pieces.as_slice()
            && last.weight() >= before.weight()
        {
            join_last(pieces);
        }
        Ok(())
    }

    /// Adds all files to the coverage.
    pub(crate) fn finish(self, coverage: &mut Coverage) {
        let whole = |(path, File { mut first, mut further })| {
            while further.len() > 1 {
                join_last(&mut further);
            }
            if let Some(rest) = further.pop() {
                first.merge(rest);
            }
            (path, first)
        };
        let mut files: Vec<_> = self.files.into_iter().map(whole).collect();
        sort_by(&mut files, |a, b| a.0.cmp(&b.0));
        coverage.absorb(Coverage { files: of_sorted(files), ..Coverage::default() });
    }
}

fn join_last(pieces: &mut Vec<FileCoverage>) {
    if let Some(last) = pieces.pop()
        && let Some(before) = pieces.last_mut()
    {
        before.merge(last);
    }
}
