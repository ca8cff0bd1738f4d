//! JSON of `gcov --json-format` (GCC 9 and later), one document for each object or several one after the other.
//!
//! The fields are those of `man gcov` and of `output_json_intermediate_file` in GCC's `gcov.cc`. A line comes
//! once for each instantiation of a template; these are one line, as they are for lcov. `conditions` is GCC 14's
//! MC/DC.

use std::borrow::Cow;

use lw_hashed::{HashMap, HashSet};
use serde::Deserialize;

use crate::count::Count;
use crate::error::{CoverageError, Problem};
use crate::files::Files;
use crate::json;
use crate::model::{Arm, Branch, BranchKind, Condition, Coverage, FileBuilder, Format, Sense, Warnings};

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow)]
    files: Vec<File<'a>>,
    #[serde(borrow, default)]
    current_working_directory: Cow<'a, str>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    file: Cow<'a, str>,
    #[serde(borrow, default)]
    functions: Vec<Function<'a>>,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    start_line: u32,
    #[serde(default)]
    end_line: u32,
    execution_count: Count,
}

#[derive(Deserialize)]
struct Line {
    line_number: u32,
    count: Count,
    #[serde(default)]
    branches: Vec<Jump>,
    #[serde(default)]
    conditions: Vec<Decision>,
}

#[derive(Deserialize)]
struct Jump {
    count: Count,
    #[serde(default)]
    fallthrough: bool,
    #[serde(default)]
    throw: bool,
}

#[derive(Deserialize)]
struct Decision {
    count: u32,
    #[serde(default)]
    not_covered_true: Vec<u32>,
    #[serde(default)]
    not_covered_false: Vec<u32>,
}

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let mut coverage = Coverage { formats: Format::Gcov.into(), ..Coverage::default() };
    let mut files = Files::default();
    let mut builder = FileBuilder::default();
    // A few bytes can claim thousands of conditions; those of real decisions are outnumbered by their bytes.
    let mut conditions_left = bytes.len();
    for report in serde_json::Deserializer::from_slice(bytes).into_iter::<Report<'_>>() {
        let report = report.map_err(|error| json::error(Format::Gcov, &error))?;
        for file in &report.files {
            json::named(Format::Gcov, &file.file)?;
            for function in &file.functions {
                let hits = count(function.execution_count, &mut coverage.warnings);
                builder.function(function.start_line, function.end_line, hits, &function.name);
            }
            for line in &file.lines {
                add(&mut builder, line, &mut coverage.warnings);
                for decision in &line.conditions {
                    let found = || decision.count.to_string();
                    conditions_left = usize::try_from(decision.count)
                        .ok()
                        .and_then(|count| conditions_left.checked_sub(count))
                        .ok_or_else(|| Problem::NotANumber {
                            what: "the number of conditions",
                            found: found(),
                        })
                        .map_err(|problem| json::whole(Format::Gcov, problem))?;
                }
                add_conditions(&mut builder, line);
            }
            let path = absolute(&report.current_working_directory, &file.file);
            files
                .push(path, builder.take(Format::Gcov))
                .map_err(|problem| json::whole(Format::Gcov, problem))?;
        }
    }
    files.finish(&mut coverage);
    Ok(coverage)
}

fn count(count: Count, warnings: &mut Warnings) -> u64 {
    warnings.take_count(count, 0, b"")
}

fn add(builder: &mut FileBuilder, line: &Line, warnings: &mut Warnings) {
    let (number, hits) = (line.line_number, count(line.count, warnings));
    builder.line(number, hits);
    for (index, jump) in (0..).zip(&line.branches) {
        let kind = match (jump.throw, jump.fallthrough) {
            (true, _) => BranchKind::Exception,
            (false, true) => BranchKind::Fallthrough,
            (false, false) => BranchKind::Ordinary,
        };
        // lcov's rule: no branch of a line that did not run was reached.
        let taken = count(jump.count, warnings);
        let taken = (hits > 0).then_some(taken);
        builder.branch(Branch { line: number, block: 0, arm: Arm::Index(index), kind, taken });
    }
}

fn add_conditions(builder: &mut FileBuilder, line: &Line) {
    // Decisions of one size are told apart by their order.
    let mut earlier: HashMap<u32, u32> = HashMap::new();
    for told in &line.conditions {
        let size = told.count / 2;
        let next = earlier.entry(size).or_default();
        let decision = *next;
        *next += 1;
        for (sense, missed) in
            [(Sense::True, &told.not_covered_true), (Sense::False, &told.not_covered_false)]
        {
            let missed: HashSet<u32> = missed.iter().copied().collect();
            for index in 0..size {
                builder.condition(Condition {
                    line: line.line_number,
                    size,
                    decision,
                    index,
                    sense,
                    taken: (line.count.value > 0).then(|| u64::from(!missed.contains(&index))),
                    expression: index.to_string().into(),
                });
            }
        }
    }
}

/// Paths are relative to the folder the compiler ran in.
fn absolute(folder: &str, path: &str) -> String {
    if folder.is_empty() || path.starts_with(['/', '\\']) || path.get(1..2) == Some(":") {
        path.to_owned()
    } else {
        format!("{folder}/{path}")
    }
}
