//! Which of the changed lines are covered.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use lw_coverage::paths::Filter;
use lw_coverage::{Counts, Coverage, FileCoverage};
use lw_history::{Diff, LineRanges};
use lw_model::lists::filled;

use lw_model::grouped;

use crate::args::{Args, PatchRule, Unreported};
use crate::inputs::listed;

/// The changed lines of all files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    /// Changed files that are measured and have executable lines among the changed ones, by path.
    pub(crate) files: Vec<PatchFile>,
    /// Changed files that no report mentions, though files of their kind are measured; with their changed lines.
    pub(crate) unreported: Vec<(String, u64)>,
    /// Statements among the changed lines of measured files, of which the reports know none.
    pub(crate) unknown: Vec<(String, Vec<u32>)>,
    /// Measured files of which only totals are known.
    pub(crate) summaries: Vec<String>,
    /// How many lines were added or changed in all, executable or not.
    pub(crate) changed: u64,
    /// How many of them are in files whose lines are measured.
    pub(crate) changed_measured: u64,
    /// Changed files that are not to count.
    pub(crate) left_out: Vec<String>,
    /// Changed files of kinds that no report measures.
    pub(crate) other_kinds: Vec<String>,
}

/// The changed lines of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatchFile {
    pub(crate) path: String,
    /// Executable changed lines.
    pub(crate) counts: Counts,
    /// Those that are not covered, joined to ranges that hold no executable line that is.
    pub(crate) missed: Vec<RangeInclusive<u32>>,
}

impl Patch {
    /// Looks up every changed line in the coverage.
    pub(crate) fn of(diff: &Diff, coverage: &Coverage, filter: &Filter, rule: PatchRule) -> Self {
        let measured = kinds(coverage);
        let mut patch = Self { changed: diff.added_lines(), ..Self::default() };
        for file in &diff.files {
            match coverage.files.get(&file.path) {
                Some(coverage) if coverage.is_summary() => patch.summaries.push(file.path.clone()),
                Some(coverage) => {
                    patch.changed_measured += file.added.len();
                    let file = PatchFile::of(&file.path, &file.added, coverage, rule);
                    patch.files.extend((file.counts.total > 0).then_some(file));
                }
                None => {
                    let kind = extension(&file.path).is_some_and(|kind| measured.contains(kind));
                    match (kind, filter.keeps(&file.path)) {
                        _ if file.added.is_empty() => {}
                        (_, false) => patch.left_out.push(file.path.clone()),
                        (true, true) => patch.unreported.push((file.path.clone(), file.added.len())),
                        (false, true) => patch.other_kinds.push(file.path.clone()),
                    }
                }
            }
        }
        patch
    }

    /// Changed lines of sources of which nothing is known, where nobody said that they do not matter.
    pub(crate) fn unjudged(&self, args: &Args) -> u64 {
        let is_held = args.unreported() == Unreported::Fail;
        if is_held { self.unknown_lines() } else { 0 }
    }

    fn unknown_lines(&self) -> u64 {
        let of_files: u64 = self.unreported.iter().map(|(_, lines)| lines).sum();
        of_files + self.unknown.iter().map(|(_, lines)| lines.len() as u64).sum::<u64>()
    }

    /// Why no changed line is executable.
    pub(crate) fn nothing(&self) -> String {
        let files = |names: &[String]| {
            let count = grouped(i128::try_from(names.len()).unwrap_or(i128::MAX));
            if names.len() == 1 { format!("{count} file is") } else { format!("{count} files are") }
        };
        let mut parts = Vec::new();
        if self.changed_measured > 0 {
            let lines = grouped(self.changed_measured.into());
            parts.push(match self.changed_measured {
                1 => "the reports do not know the 1 line of measured files as executable".to_owned(),
                _ => format!("the reports know none of the {lines} lines of measured files as executable"),
            });
        }
        if !self.left_out.is_empty() {
            let names = listed(self.left_out.iter());
            parts.push(format!("{} left out by --include or --exclude: {names}", files(&self.left_out)));
        }
        if !self.other_kinds.is_empty() {
            let names = listed(self.other_kinds.iter());
            parts.push(format!("{} of a kind that no report measures: {names}", files(&self.other_kinds)));
        }
        let message = "no executable line was changed: there is nothing to judge in the change";
        if parts.is_empty() { message.to_owned() } else { format!("{message} ({})", parts.join("; ")) }
    }

    /// Executable changed lines of all files.
    pub(crate) fn counts(&self) -> Counts {
        self.files.iter().fold(Counts::default(), |sum, file| sum + file.counts)
    }

    /// Takes the changed lines of files that no report mentions, and statements that none knows, for executable and not
    /// covered.
    pub(crate) fn count_unreported(&mut self) -> Counts {
        self.counts() + Counts::new(0, self.unknown_lines())
    }
}

impl PatchFile {
    fn of(path: &str, added: &LineRanges, coverage: &FileCoverage, rule: PatchRule) -> Self {
        let partial: BTreeSet<u32> = match rule {
            PatchRule::DiffCover => BTreeSet::new(),
            PatchRule::Codecov => filled(coverage.partial_lines()),
        };
        let mut file = Self { path: path.to_owned(), counts: Counts::default(), missed: Vec::new() };
        // The last line that was missed, while nothing executable came after it.
        let mut open: Option<u32> = None;
        for (line, hits) in coverage.lines().iter() {
            if !added.contains(line) {
                open = None;
                continue;
            }
            file.counts.total += 1;
            if hits > 0 && !partial.contains(&line) {
                file.counts.covered += 1;
                open = None;
                continue;
            }
            // Comments between two missed lines do not part them, lines that did not change do.
            let joins = open.is_some_and(|last| (last..line).all(|between| added.contains(between)));
            match file.missed.last_mut() {
                Some(range) if joins => *range = *range.start()..=line,
                _ => file.missed.push(line..=line),
            }
            open = Some(line);
        }
        file
    }
}

/// The kinds of files that are measured, by the ends of their names.
pub(crate) fn kinds(coverage: &Coverage) -> BTreeSet<&str> {
    filled(coverage.files.keys().filter_map(|path| extension(path)))
}

/// What stands after the last dot of a file's name.
pub(crate) fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?;
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
}

/// Ranges as people write them: `12–15, 20`.
pub(crate) fn shown(ranges: &[RangeInclusive<u32>]) -> String {
    let one = |range: &RangeInclusive<u32>| {
        let (first, last) = (range.start(), range.end());
        if first == last { first.to_string() } else { format!("{first}–{last}") }
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(lcov: &str) -> Coverage {
        lw_coverage::read(lcov.as_bytes()).unwrap()
    }

    fn diff(text: &str) -> Diff {
        lw_history::parse_unified_diff(text.as_bytes()).unwrap()
    }

    const LCOV: &str =
        "SF:a.c\nDA:1,1\nDA:2,0\nDA:4,0\nDA:5,3\nBRDA:5,0,0,1\nBRDA:5,0,1,0\nDA:6,0\nDA:8,0\nend_of_record\n";

    #[test]
    fn ranges_span_comments_but_no_covered_and_no_unchanged_line() {
        let text = "--- a/a.c\n+++ b/a.c\n@@ -0,0 +1,6 @@\n+1\n+2\n+3\n+4\n+5\n+6\n@@ -1,0 +8 @@\n+8\n";
        let patch = Patch::of(&diff(text), &coverage(LCOV), &Filter::default(), PatchRule::DiffCover);
        assert_eq!(patch.counts(), Counts::new(2, 6));
        assert_eq!(patch.changed, 7);
        assert_eq!(shown(&patch.files[0].missed), "2–4, 6, 8");
        // A branch that was not taken makes line 5 a miss for Codecov.
        let patch = Patch::of(&diff(text), &coverage(LCOV), &Filter::default(), PatchRule::Codecov);
        assert_eq!(patch.counts(), Counts::new(1, 6));
        assert_eq!(shown(&patch.files[0].missed), "2–6, 8");
    }

    #[test]
    fn files_nobody_reports_are_those_of_a_measured_kind() {
        let text = ["b.c", "x/B.md", "c.c", "Makefile", ".c"]
            .map(|name| format!("--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,2 @@\n+1\n+2\n"))
            .concat();
        let filter = Filter::new([], ["c.c".to_owned()]).unwrap();
        let mut patch = Patch::of(&diff(&text), &coverage(LCOV), &filter, PatchRule::DiffCover);
        assert_eq!(patch.unreported, [("b.c".to_owned(), 2)]);
        assert_eq!(patch.counts(), Counts::default());
        assert_eq!(patch.count_unreported(), Counts::new(0, 2));
    }
}
