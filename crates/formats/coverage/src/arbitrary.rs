//! Any coverage, for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::model::{
    Arm, Block, Branch, BranchKind, Condition, Counts, Coverage, FileBuilder, FileCoverage, Format, Metric,
    Sense, WarningKind,
};

/// What of the model a coverage uses.
#[derive(Clone, Copy)]
pub(crate) struct Uses {
    /// Branches of which only the number is known, and figures that are only told.
    pub(crate) counted: bool,
    /// Blocks of Go, and conditions told as pairs.
    pub(crate) everything: bool,
}

/// Few numbers, so that records meet.
fn small() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 1..6_u32, 1 => any::<u32>()]
}

fn hits() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0), 3 => 1..9_u64, 1 => any::<u64>()]
}

fn kind() -> impl Strategy<Value = BranchKind> {
    prop_oneof![Just(BranchKind::Ordinary), Just(BranchKind::Exception)]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]", "5,6", "op,\\(x\\)", "é<T>&\"'", "[ -~]{1,9}"]
}

type MetricTotals = (Metric, u64, u64);

pub(crate) fn file(uses: Uses) -> impl Strategy<Value = FileCoverage> {
    let parts = (
        vec((small(), hits()), 0..8),
        vec((small(), 0..3_u32, option::of("jump [a-c]"), 0..3_u32, kind(), option::of(hits())), 0..8),
        vec((small(), 0..5_u32, hits(), name()), 0..5),
        vec((small(), 1..3_u32, 0..2_u32, 0..3_u8, option::of(hits()), "[a-c]"), 0..5),
        vec((small(), 0..4_u32, 0..4_u32, hits()), 0..4),
        vec((small(), 0..4_u32, 0..4_u32), 0..4),
        vec((prop_oneof![Just(Metric::Region), Just(Metric::Function)], 0..9_u64, 0..9_u64), 0..2),
    );
    parts.prop_map(
        move |(lines, branches, functions, conditions, blocks, counted, told): (
            _,
            _,
            _,
            _,
            _,
            _,
            Vec<MetricTotals>,
        )| {
            let mut file = FileBuilder::default();
            lines.into_iter().for_each(|(line, hits)| file.line(line, hits));
            for (line, block, text, index, kind, taken) in branches {
                let arm = text.as_deref().map_or(Arm::Index(index), Arm::Text);
                file.branch(Branch { line, block, arm, kind, taken });
            }
            for (start, length, hits, name) in functions {
                file.function(start, start.saturating_add(length), hits, &name);
            }
            for (line, size, decision, sense, taken, expression) in conditions {
                let sense = match sense {
                    0 => Sense::True,
                    1 if uses.everything => Sense::Pair,
                    _ => Sense::False,
                };
                let index = decision % size;
                file.condition(Condition {
                    line,
                    size,
                    decision,
                    index,
                    sense,
                    taken,
                    expression: expression.into(),
                });
            }
            if uses.everything {
                for (line, column, statements, hits) in blocks {
                    file.block(Block { start: (line, column), end: (line, 9), statements, hits });
                }
            }
            if uses.counted {
                for (line, a, b) in counted {
                    file.counted_branches(line, a.min(b), a.max(b));
                    let names = ["x", "y", "z", "w"].get(..a.abs_diff(b) as usize);
                    if line % 2 == 0 {
                        file.missing_branches(line, &names.unwrap_or_default().join(","));
                    }
                }
                told.into_iter()
                    .for_each(|(metric, a, b)| file.tell(metric, Counts::new(a.min(b), a.max(b))));
            }
            file.take(Format::Lcov)
        },
    )
}

pub(crate) fn coverage(uses: Uses) -> impl Strategy<Value = Coverage> {
    let warning = prop_oneof![Just(WarningKind::UnknownRecord), Just(WarningKind::NegativeCount)];
    let path = prop_oneof!["[ab]/[a-c]\\.c", "C:\\\\[a-b]\\.c", "é \\(1\\)&'\"\\.py"];
    (vec((path, file(uses)), 0..5), vec((warning, 1..99_u64), 0..20)).prop_map(|(files, mut warnings)| {
        let mut coverage = Coverage::default();
        files.into_iter().for_each(|(path, file)| coverage.add(path, file).unwrap());
        lw_model::lists::sort_by_key(&mut warnings, |warning| warning.1);
        warnings.into_iter().for_each(|(kind, line)| coverage.warnings.add(kind, line, b"x"));
        coverage
    })
}
