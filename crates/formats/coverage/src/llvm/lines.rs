//! Lines out of the segments of llvm-cov.

use crate::error::Problem;
use crate::model::{FileBuilder, Warnings};
use crate::span::Budget;

use super::records::Segment;

/// Derives the lines and their hits by the rules of `LineCoverageStats` in LLVM's `CoverageMapping.cpp`.
///
/// A segment is where the count changes. A line belongs to the code when a region with a count begins on it or
/// the count of the line before reaches into it, unless the line begins with a region that was left out by the
/// preprocessor. It ran as often as the region that ran most of those that begin on it and the one that reaches
/// into it.
pub(super) fn derive(
    segments: &[Segment],
    file: &mut FileBuilder,
    budget: &mut Budget,
    warnings: &mut Warnings,
) -> Result<(), Problem> {
    let mut rest = segments;
    // The segment that reaches into the next line: its count, when it has one.
    let mut wrapped: Option<u64> = None;
    let mut line = rest.first().map_or(0, |segment| segment.line);
    while let Some(first) = rest.first() {
        if first.line < line {
            return Err(Problem::Syntax(format!(
                "segments are not in the order of their lines, at line {}",
                first.line
            )));
        }
        if let (true, Some(hits)) = (first.line > line, wrapped) {
            budget.take(line, first.line - 1)?;
            (line..first.line).for_each(|between| file.line(between, hits));
        }
        line = first.line;
        let length = rest.iter().take_while(|segment| segment.line == line).count();
        let (here, after) = rest.split_at(length);
        rest = after;
        if let Some(hits) = hits(here, wrapped) {
            budget.take(line, line)?;
            file.line(line, hits);
        }
        wrapped = here.last().filter(|last| last.has_count).map(|last| last.count.value);
        here.iter().for_each(|segment| {
            warnings.take_count(segment.count, u64::from(line), b"");
        });
        line = line.saturating_add(1);
    }
    Ok(())
}

/// The hits of a line on which segments begin; `None` when it is no code.
fn hits(here: &[Segment], wrapped: Option<u64>) -> Option<u64> {
    let starts = |segment: &&Segment| !segment.is_gap && segment.has_count && segment.is_entry;
    let most = here.iter().filter(starts).map(|segment| segment.count.value).max();
    let skipped = here.first().is_some_and(|first| !first.has_count && first.is_entry);
    // Since LLVM 20, code after a region that was left out counts as well.
    let counted = here.iter().any(|segment| segment.is_entry && segment.has_count);
    if !counted && (skipped || wrapped.is_none()) {
        return None;
    }
    Some(most.unwrap_or(0).max(wrapped.unwrap_or(0)))
}
