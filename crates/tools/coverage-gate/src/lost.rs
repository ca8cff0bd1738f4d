//! Lines that ran before and run no longer, though the change did not touch them.

use std::ops::RangeInclusive;

use lw_cli::{Context, Error};
use lw_coverage::paths::RepoIndex;
use lw_history::{Diff, Repository};
use lw_model::{Finding, Level, Location, Report};

use crate::args::Args;
use crate::inputs::{self, Inputs};
use crate::sources::{self, Hunk};

/// The lines of one file, by their numbers in the text that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LostLines {
    pub(crate) path: String,
    pub(crate) lines: Vec<RangeInclusive<u32>>,
}

/// Compares line by line with what was measured on the base of the change.
///
/// # Errors
/// When a report of the base cannot be read, or the repository is damaged.
pub(crate) fn lines(
    args: &Args,
    cx: &Context,
    repository: &Repository,
    inputs: &Inputs,
    diff: &Diff,
    report: &mut Report,
) -> Result<Vec<LostLines>, Error> {
    let Some(base) = &diff.base else { return Ok(Vec::new()) };
    let index: RepoIndex = repository.files(base)?.into_iter().collect();
    let earlier = inputs::earlier(args, cx, &index, &inputs.filter, report)?;
    let here = sources::texts(cx, inputs);
    let mut all = Vec::new();
    for (path, now) in &inputs.coverage.files {
        let old_path = diff.file(path).and_then(|file| file.old_path.as_deref()).unwrap_or(path);
        let Some(before) = earlier.files.get(old_path) else { continue };
        let ran = || before.lines().iter().filter(|(_, hits)| *hits > 0).map(|(line, _)| line);
        let is_missed = |line: u32| now.lines().get(line) == Some(0);
        let is_same_text = diff.file(path).is_none()
            && before.lines().iter().map(|line| line.0).eq(now.lines().iter().map(|line| line.0));
        if is_same_text && !ran().any(is_missed) {
            continue;
        }
        let Some(there) = repository.read_file(base, old_path).ok().flatten() else { continue };
        let Some(here) = here(path) else { continue };
        let hunks: Vec<Hunk> = sources::hunks(&sources::without_returns(there), &here).collect();
        let lost: Vec<u32> =
            ran().filter_map(|line| sources::moved(line, &hunks)).filter(|line| is_missed(*line)).collect();
        if !lost.is_empty() {
            all.push(LostLines { path: path.clone(), lines: ranges(&lost) });
        }
    }
    Ok(all)
}

/// Neighbours as ranges.
fn ranges(lines: &[u32]) -> Vec<RangeInclusive<u32>> {
    let neighbours = lines.chunk_by(|a, b| a.checked_add(1) == Some(*b));
    neighbours.filter_map(|run| Some(*run.first()?..=*run.last()?)).collect()
}

/// Shows the lines beside the code, the first so many of them.
pub(crate) fn annotate(lost: &[LostLines], most: usize, report: &mut Report) {
    let places = lost.iter().flat_map(|file| file.lines.iter().map(move |range| (&file.path, range)));
    for (path, range) in places.take(most) {
        let (first, last) = (*range.start(), *range.end());
        let message = if first == last {
            "this line ran before and runs no longer, though the change does not touch it".to_owned()
        } else {
            format!(
                "lines {first} to {last} ran before and run no longer, though the change does not touch them"
            )
        };
        let at = Location::lines(path.as_str(), range);
        let key = format!("{path}:{first}");
        report.add_finding(
            Finding::new("coverage-gate/lost-line", Level::Note, &key, message).at(Some(at)).as_detail(),
        );
    }
}
