//! The model of a diff: files and the lines that are new in them.

use lw_model::lists::sort_by;

use crate::ranges::LineRanges;

/// What is different on the newer side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Full id of the commit the older side is from; of three-dot comparisons the merge base. `None` when
    /// there is none, so that every file is new, and when the diff came as text.
    pub base: Option<String>,
    /// Full id of the commit the newer side is from.
    pub head: Option<String>,
    /// Every regular file that has new lines or another name, ordered by path.
    pub files: Vec<FileDiff>,
    /// Every regular file that differs and of which git would not show a line, because one of the two sides is binary
    /// or too large; ordered by path. Those under another name are among `files` as well.
    pub uncompared: Vec<FileDiff>,
}

impl Diff {
    /// The file of this path on the newer side.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&FileDiff> {
        let index = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(index)
    }

    /// How many lines were added or changed.
    #[must_use]
    pub fn added_lines(&self) -> u64 {
        self.files.iter().map(|file| file.added.len()).sum()
    }

    pub(crate) fn sort(&mut self) {
        for files in [&mut self.files, &mut self.uncompared] {
            sort_by(files, |a, b| a.path.cmp(&b.path));
        }
    }
}

/// One file of the newer side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff {
    /// Path from the root of the repository, with `/`; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Where the file was before, when it was renamed.
    pub old_path: Option<String>,
    /// Lines of the newer side that were added or changed.
    pub added: LineRanges,
}
