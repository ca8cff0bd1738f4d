//! JSON of coverage.py (`coverage json`), formats 1 to 3.
//!
//! Which lines and branches ran is recorded, not how often. `percent_covered` of coverage.py adds branches to
//! statements, so it is neither the share of lines nor that of branches; both are counted here by themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lw_hashed::HashSet;
use serde::Deserialize;

use crate::error::CoverageError;
use crate::json;
use crate::model::{Arm, Branch, BranchKind, Coverage, FileBuilder, Format};

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    files: BTreeMap<Cow<'a, str>, File<'a>>,
}

#[derive(Deserialize)]
struct File<'a> {
    executed_lines: Vec<u32>,
    missing_lines: Vec<u32>,
    /// From line to line; a negative line is the exit of the function that begins there.
    #[serde(default)]
    executed_branches: Vec<(i64, i64)>,
    #[serde(default)]
    missing_branches: Vec<(i64, i64)>,
    #[serde(borrow, default)]
    functions: BTreeMap<Cow<'a, str>, Function>,
}

#[derive(Deserialize)]
struct Function {
    executed_lines: Vec<u32>,
    missing_lines: Vec<u32>,
    #[serde(default)]
    start_line: u32,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let report: Report<'_> =
        serde_json::from_slice(bytes).map_err(|error| json::error(Format::CoveragePy, &error))?;
    let mut coverage = Coverage { formats: Format::CoveragePy.into(), ..Coverage::default() };
    let mut builder = FileBuilder::default();
    for (path, file) in report.files {
        json::named(Format::CoveragePy, &path)?;
        lines(&mut builder, &file.executed_lines, &file.missing_lines);
        let executed: HashSet<i64> = file.executed_lines.iter().copied().map(i64::from).collect();
        for jump in &file.executed_branches {
            branch(&mut builder, *jump, Some(1));
        }
        for jump in &file.missing_branches {
            // A branch of a line that did not run was not reached.
            branch(&mut builder, *jump, executed.contains(&jump.0).then_some(0));
        }
        for (name, function) in &file.functions {
            let statements = function.executed_lines.iter().chain(&function.missing_lines);
            // The nameless one is what is outside of functions. One without statements is not a function that
            // can be tested: coverage.py leaves it out of its lcov report as well.
            if let (false, Some(first)) = (name.is_empty(), statements.min()) {
                let start = if function.start_line > 0 { function.start_line } else { *first };
                builder.function(start, 0, u64::from(!function.executed_lines.is_empty()), name);
            }
        }
        coverage.files.insert(path.into_owned(), builder.take(Format::CoveragePy));
    }
    Ok(coverage)
}

fn lines(builder: &mut FileBuilder, executed: &[u32], missing: &[u32]) {
    executed.iter().for_each(|line| builder.line(*line, 1));
    missing.iter().for_each(|line| builder.line(*line, 0));
}

/// In the words of coverage.py's lcov report, so that both reports of one run are one.
fn branch(builder: &mut FileBuilder, (from, to): (i64, i64), taken: Option<u64>) {
    let text =
        if to > 0 { format!("jump to line {to}") } else { format!("exit of line {}", to.unsigned_abs()) };
    let line = u32::try_from(from.unsigned_abs()).unwrap_or(u32::MAX);
    builder.branch(Branch { line, block: 0, arm: Arm::Text(&text), kind: BranchKind::Ordinary, taken });
}
