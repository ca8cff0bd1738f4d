//! The text that was measured: whether the reports fit the sources that are here.

use gix_imara_diff::{Algorithm, Diff as LineDiff, InternedInput, sources::byte_lines};
use lw_cli::{Context, ShownFiles, parallel};
use lw_coverage::source::go_code_lines;
use lw_coverage::{FileCoverage, Format, Metric};
use lw_history::{Diff, LineRanges, Repository};
use lw_model::lists::filled;
use lw_model::{Finding, Level, Location, Report, grouped};

use crate::args::Args;
use crate::inputs::{Inputs, listed};
use crate::patch;

/// What the sources on disk say of the reports.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Files with lines in a report beyond their end: the last one told of, and how many there are.
    beyond: Vec<(String, u32, u64)>,
    /// Files of which more lines are counted than they have: how many, and how many there are.
    too_many: Vec<(String, u64, u64)>,
    /// Files of the repository that are not on disk, though others are.
    absent: Vec<String>,
}

/// What one source is like.
struct Text {
    lines: u64,
    /// Of a file that only Go measured, which lines have code.
    code: Option<Vec<bool>>,
}

impl Sources {
    /// Looks at every measured file of the repository that is on disk, and takes lines without code out of what Go tells.
    pub(crate) fn look(cx: &Context, inputs: &mut Inputs) -> Self {
        let index = &inputs.index;
        let measured: Vec<(&String, &FileCoverage)> =
            inputs.coverage.files.iter().filter(|(path, _)| index.contains(path)).collect();
        let shown = cx.files().shown_of(measured.iter().map(|(path, _)| path.as_str()));
        // There may be ten thousand of them: each thread reads all its files into the same memory.
        let read = |bytes: &mut Vec<u8>, (path, file): &(&String, &FileCoverage)| {
            shown.read(path, bytes).ok().map(|()| Text::new(bytes, file))
        };
        let texts = parallel::map_with(&measured, Vec::new, read);
        let mut sources = Self::default();
        let mut code = Vec::new();
        for ((path, file), text) in measured.iter().zip(texts) {
            let Some(text) = text else {
                sources.absent.push((*path).clone());
                continue;
            };
            if u64::from(file.last_line()) > text.lines {
                sources.beyond.push(((*path).clone(), file.last_line(), text.lines));
            }
            if file.is_summary() {
                let counted = file.figure(Metric::Line).counts.total;
                if counted > text.lines {
                    sources.too_many.push(((*path).clone(), counted, text.lines));
                }
            }
            code.extend(text.code.map(|code| ((*path).clone(), code)));
        }
        if sources.absent.len() == measured.len() {
            // There are no sources here at all, as where a report is judged by itself.
            sources.absent.clear();
        }
        for (path, code) in code {
            if let Some(file) = inputs.coverage.files.get_mut(&path) {
                // What is after the end stays: it is told, and not to be lost.
                file.keep_lines(|line| {
                    let place = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
                    place.and_then(|place| code.get(place)).is_none_or(|code| *code)
                });
            }
        }
        sources
    }

    /// Tells where a report does not fit its source. Where changed lines or the ratchet depend on it, that is a failure.
    pub(crate) fn tell(&self, args: &Args, diff: Option<&Diff>, report: &mut Report) {
        let last = self.beyond.iter().map(|(path, last, lines)| {
            let message = format!("it tells of line {}", grouped((*last).into()));
            (path, message, lines)
        });
        let counted = self.too_many.iter().map(|(path, counted, lines)| {
            (path, format!("it counts {} lines", grouped((*counted).into())), lines)
        });
        for (path, told, lines) in last.chain(counted) {
            let changed = diff.is_some_and(|diff| diff.file(path).is_some());
            let is_held = args.ratchet.is_some() || (args.limits_patch() && changed);
            // An inlined function of Kotlin has lines of the file it comes from, counted on after the last one.
            let is_kotlin = path.ends_with(".kt") || path.ends_with(".kts");
            let level = match (is_kotlin, is_held) {
                (true, _) => Level::Note,
                (false, true) => Level::Error,
                (false, false) => Level::Warning,
            };
            let message = format!(
                "the report does not fit {path}: {told}, and the file has {}",
                grouped((*lines).into())
            );
            report.add_finding(
                Finding::new("coverage-gate/other-text", level, path, message)
                    .help("the report is of another version of the file: write it again from the commit that is judged")
                    .at(Some(Location::file(path.as_str()))),
            );
        }
        if !self.absent.is_empty() {
            let files = if self.absent.len() == 1 { "file is" } else { "files are" };
            let message = format!(
                "{} measured {files} in the commit, but not in the working tree: {}",
                grouped(i128::try_from(self.absent.len()).unwrap_or(i128::MAX)),
                listed(self.absent.iter())
            );
            report.add_finding(Finding::new("coverage-gate/other-text", Level::Note, "absent", message));
        }
    }

    /// Brings the lines of a change to the text that was measured: where the working tree differs from the commit, its
    /// lines have other numbers.
    pub(crate) fn fit(
        cx: &Context,
        repository: &Repository,
        inputs: &Inputs,
        diff: &mut Diff,
        report: &mut Report,
    ) {
        let Some(head) = diff.head.clone() else { return };
        let here = texts(cx, inputs);
        for file in &mut diff.files {
            if !inputs.coverage.files.contains_key(&file.path) {
                continue;
            }
            let Some(here) = here(&file.path) else { continue };
            let Some(there) = repository.read_file(&head, &file.path).ok().flatten() else { continue };
            // What git replaces on the way to the disk moves no line, or is not there to be compared.
            let there = without_returns(there);
            if here == there || there.starts_with(b"version https://git-lfs") {
                continue;
            }
            let own = map(&mut file.added, &there, &here);
            let lines =
                if own == 1 { "line that only it has counts" } else { "lines that only it has count" };
            let message = format!(
                "{} of the working tree is not that of the commit that is judged: the changed lines were found in it again, and {} {lines} as changed",
                file.path,
                grouped(own.into())
            );
            report.add_finding(
                Finding::new("coverage-gate/other-text", Level::Note, &file.path, message)
                    .help("what is measured should be what is committed: did the build change it?"),
            );
        }
    }
}

/// Gives the files of which git shows no line, because they are or were binary, their changed lines all the same: a NUL
/// byte takes no source out of the gate. Without the two texts all lines count as changed.
pub(crate) fn compare_binary(
    repository: Option<&Repository>,
    inputs: &Inputs,
    diff: &mut Diff,
    report: &mut Report,
) {
    let kinds = patch::kinds(&inputs.coverage);
    for mut file in std::mem::take(&mut diff.uncompared) {
        let measured = inputs.coverage.files.get(&file.path);
        let is_source = patch::extension(&file.path).is_some_and(|kind| kinds.contains(kind));
        if measured.is_none() && !(is_source && inputs.filter.keeps(&file.path)) {
            continue;
        }
        let read = |commit: &Option<String>, path: &str| {
            let read =
                |repository: &Repository| repository.read_file(commit.as_deref()?, path).ok().flatten();
            repository.and_then(read)
        };
        let old_path = file.old_path.as_deref().unwrap_or(&file.path);
        let message = if let Some(new) = read(&diff.head, &file.path) {
            let old = read(&diff.base, old_path).unwrap_or_default();
            file.added = hunks(&old, &new).flat_map(|hunk| hunk.after).collect();
            format!(
                "{} has a NUL byte, or had one before, so git shows no lines of it: it was compared as text",
                file.path
            )
        } else {
            file.added = (1..=measured.map_or(1, FileCoverage::last_line)).collect();
            format!("the diff says of {} only that it differs: all its lines count as changed", file.path)
        };
        if file.added.is_empty() {
            continue;
        }
        report.add_finding(Finding::new("coverage-gate/other-text", Level::Note, &file.path, message));
        match diff.files.binary_search_by(|known| known.path.cmp(&file.path)) {
            Ok(place) => {
                if let Some(known) = diff.files.get_mut(place) {
                    *known = file;
                }
            }
            Err(place) => diff.files.insert(place, file),
        }
    }
}

/// Moves changed lines of a commit to the same lines of another text, and adds those that only that one has; returns how
/// many these are.
fn map(changed: &mut LineRanges, there: &[u8], here: &[u8]) -> u64 {
    let hunks: Vec<Hunk> = hunks(there, here).collect();
    let mut own: Vec<u32> = hunks.iter().flat_map(|hunk| hunk.after.clone()).collect();
    let count = own.len() as u64;
    own.extend(changed.iter().flatten().filter_map(|line| moved(line, &hunks)));
    *changed = own.into_iter().collect();
    count
}

/// Which line of the other text a line is; `None` when that has it no longer.
pub(crate) fn moved(line: u32, hunks: &[Hunk]) -> Option<u32> {
    let before = hunks.partition_point(|hunk| hunk.before.end <= line);
    if hunks.get(before).is_some_and(|hunk| hunk.before.contains(&line)) {
        return None;
    }
    let last = before.checked_sub(1).and_then(|place| hunks.get(place));
    Some(last.map_or(line, |hunk| line.saturating_sub(hunk.before.end).saturating_add(hunk.after.end)))
}

/// The texts of files as they were measured, with plain ends of lines.
pub(crate) fn texts<'a>(cx: &'a Context, inputs: &Inputs) -> impl Fn(&str) -> Option<Vec<u8>> + 'a {
    let files = measured(cx, inputs);
    move |path| files.text(path).ok().map(|text| without_returns(text.into_bytes()))
}

/// Lines that differ, by their numbers from 1.
pub(crate) struct Hunk {
    before: std::ops::Range<u32>,
    after: std::ops::Range<u32>,
}

pub(crate) fn hunks(before: &[u8], after: &[u8]) -> impl Iterator<Item = Hunk> {
    let input = InternedInput::new(byte_lines(before), byte_lines(after));
    let mut diff = LineDiff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let hunks: Vec<Hunk> = diff
        .hunks()
        .map(|hunk| Hunk {
            before: hunk.before.start + 1..hunk.before.end + 1,
            after: hunk.after.start + 1..hunk.after.end + 1,
        })
        .collect();
    hunks.into_iter()
}

pub(crate) fn without_returns(text: Vec<u8>) -> Vec<u8> {
    if !text.contains(&b'\r') {
        return text;
    }
    let mut plain = Vec::with_capacity(text.len());
    for (place, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(place + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}

/// The measured files of the repository, to be read as the house reads sources.
fn measured<'a>(cx: &'a Context, inputs: &Inputs) -> ShownFiles<'a> {
    let files = inputs.coverage.files.keys().filter(|path| inputs.index.contains(path));
    cx.files().shown(Some(filled(files.cloned())))
}

impl Text {
    fn new(text: &[u8], file: &FileCoverage) -> Self {
        let ends = memchr::memchr_iter(b'\n', text).count() as u64;
        let is_go = file.formats() == Format::GoCover.into();
        Self {
            lines: ends + u64::from(text.last().is_some_and(|last| *last != b'\n')),
            code: is_go.then(|| go_code_lines(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(changed: &[u32], there: &str, here: &str) -> (Vec<u32>, u64) {
        let mut lines: LineRanges = changed.iter().copied().collect();
        let own = map(&mut lines, there.as_bytes(), here.as_bytes());
        (lines.iter().flatten().collect(), own)
    }

    #[test]
    fn changed_lines_are_found_again_in_another_text() {
        assert_eq!(mapped(&[4], "1\n2\n3\n4\n", "a\nb\n1\n2\n3\n4\n"), (vec![1, 2, 6], 2));
        assert_eq!(mapped(&[2, 4], "1\n2\n3\n4\n5\n", "1\n3\n4\n5\n"), (vec![3], 0));
        assert_eq!(mapped(&[1, 3, 5], "1\n2\n3\n4\n5\n", "1\n2\nx\ny\n4\n5\n"), (vec![1, 3, 4, 6], 2));
        assert_eq!(mapped(&[1], "1\n", "1\n"), (vec![1], 0));
        assert_eq!(mapped(&[1], "1\n", ""), (vec![], 0));
    }

    #[test]
    fn ends_of_lines_are_no_difference() {
        assert_eq!(without_returns(b"a\r\nb\rc\r\n".to_vec()), b"a\nb\rc\n");
    }
}
