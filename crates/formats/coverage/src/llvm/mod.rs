//! JSON of `llvm-cov export` and `cargo llvm-cov --json`, versions 2 and 3, with or without `-summary-only`.
//!
//! The layout is that of `CoverageExporterJson.cpp` of LLVM. It lists code regions, not lines; [`lines`] derives
//! these as `llvm-cov show` does. The totals of its `summary` add up function by function, so a line inside a
//! lambda counts twice there and once here. Regions and instantiations are kept as the summary tells them.

mod lines;
mod records;

use std::collections::BTreeMap;

use crate::error::{CoverageError, Problem};
use crate::files::Files;
use crate::json;
use crate::model::{Condition, Counts, Coverage, FileBuilder, Format, Metric, Sense, WarningKind, Warnings};
use crate::span::Budget;

use lw_hashed::HashMap;
use records::{BRANCH, Export, File, Summary};

pub(crate) fn read(bytes: &[u8]) -> Result<Coverage, CoverageError> {
    let error = |problem| json::whole(Format::Llvm, problem);
    let export: Export<'_> =
        serde_json::from_slice(bytes).map_err(|error| json::error(Format::Llvm, &error))?;
    let mut coverage = Coverage { formats: Format::Llvm.into(), ..Coverage::default() };
    let mut files = Files::default();
    let mut builder = FileBuilder::default();
    let mut budget = Budget::of(bytes);
    for data in export.data {
        let mut functions = group(data.functions.as_deref().unwrap_or_default(), &mut coverage.warnings);
        let listed = data.functions.is_some();
        for file in data.files {
            json::named(Format::Llvm, &file.filename)?;
            for ((line, _), function) in functions.remove(&*file.filename).unwrap_or_default() {
                builder.function(line, 0, function.hits, function.name);
            }
            add(&mut builder, &file, listed, &mut budget, &mut coverage.warnings).map_err(error)?;
            files.push(file.filename.into_owned(), builder.take(Format::Llvm)).map_err(error)?;
        }
    }
    files.finish(&mut coverage);
    Ok(coverage)
}

/// A function with all its instantiations.
struct Function<'a> {
    name: &'a str,
    hits: u64,
}

/// Instantiations of one function begin at the same place, which is how llvm-cov groups them.
fn group<'a>(
    functions: &'a [records::Function<'_>],
    warnings: &mut Warnings,
) -> HashMap<&'a str, BTreeMap<(u32, u32), Function<'a>>> {
    let mut groups: HashMap<&str, BTreeMap<(u32, u32), Function<'_>>> = HashMap::new();
    for function in functions {
        let (Some(file), Some(place)) = (&function.filenames.0, &function.regions.0) else { continue };
        let hits = warnings.take_count(function.count, 0, b"");
        let group = groups.entry(file).or_default();
        let one =
            group.entry((place.line, place.column)).or_insert(Function { name: &function.name, hits: 0 });
        one.hits = one.hits.saturating_add(hits);
        one.name = one.name.min(&function.name);
    }
    groups
}

fn add(
    builder: &mut FileBuilder,
    file: &File<'_>,
    functions_listed: bool,
    budget: &mut Budget,
    warnings: &mut Warnings,
) -> Result<(), Problem> {
    let summary = file.summary.as_ref();
    let Some(segments) = &file.segments else {
        let summary = summary.ok_or(Problem::Missing("`segments` or `summary` of a file"))?;
        return tell(builder, summary, &[Metric::Line, Metric::Branch, Metric::Function, Metric::Condition]);
    };
    lines::derive(segments, builder, budget, warnings)?;
    let branches = add_branches(builder, file, warnings);
    add_conditions(builder, file);
    let Some(summary) = summary else { return Ok(()) };
    if let Some(told) = summary.counts(Metric::Branch)?
        && told.total != branches
    {
        warnings.add(WarningKind::SummaryDiffers, 0, file.filename.as_bytes());
    }
    tell(builder, summary, if functions_listed { &[] } else { &[Metric::Function] })
}

/// Takes figures from the summary, and always those that only the summary has.
fn tell(builder: &mut FileBuilder, summary: &Summary, metrics: &[Metric]) -> Result<(), Problem> {
    for metric in metrics.iter().chain(&[Metric::Region, Metric::Instantiation]) {
        if let Some(counts) = summary.counts(*metric)?
            && (counts.total > 0 || *metric == Metric::Line)
        {
            builder.tell(*metric, counts);
        }
    }
    Ok(())
}

/// Line and column of a branch, and its whole place, which is elsewhere where a macro was expanded.
type Site = ((u32, u32), (u32, u32, u32, u32));

/// Branches of all instantiations, by their place in the source; returns how many outcomes they have. Those of a macro
/// count where it was expanded, once for each place, as `llvm-cov export --format=lcov` and the totals have it.
fn add_branches(builder: &mut FileBuilder, file: &File<'_>, warnings: &mut Warnings) -> u64 {
    let mut places: BTreeMap<Site, (u64, u64)> = BTreeMap::new();
    let direct = file.branches.iter().map(|jump| ((jump.line, jump.column), jump));
    let expanded = file.expansions.iter().flat_map(|expansion| {
        let at = (expansion.source_region.line, expansion.source_region.column);
        expansion.branches.iter().map(move |jump| (at, jump))
    });
    for (at, jump) in direct.chain(expanded).filter(|(_, jump)| jump.kind == BRANCH) {
        let site = (at, (jump.line, jump.column, jump.end_line, jump.end_column));
        let place = places.entry(site).or_default();
        place.0 = place.0.saturating_add(warnings.take_count(jump.yes, 0, b""));
        place.1 = place.1.saturating_add(warnings.take_count(jump.no, 0, b""));
    }
    let mut before = (0, 0);
    let mut pair = 0;
    for ((at, _), (yes, no)) in &places {
        pair = if before == *at { pair + 1 } else { 0 };
        before = *at;
        // A branch with neither outcome was not reached.
        let reached = *yes > 0 || *no > 0;
        builder.two_way(at.0, at.1, pair, (reached.then_some(*yes), reached.then_some(*no)));
    }
    places.len() as u64 * 2
}

fn add_conditions(builder: &mut FileBuilder, file: &File<'_>) {
    let mut before: HashMap<(u32, u32), u32> = HashMap::new();
    let mut seen: HashMap<(u32, u32, u32, u32), u32> = HashMap::new();
    for record in &file.mcdc_records {
        let size = u32::try_from(record.conditions.len()).unwrap_or(u32::MAX);
        // Instantiations tell of the same decision again.
        let decision = *seen.entry(record.place).or_insert_with(|| {
            let next = before.entry((record.place.0, size)).or_default();
            *next += 1;
            *next - 1
        });
        for (index, covered) in (0..).zip(&record.conditions) {
            builder.condition(Condition {
                line: record.place.0,
                size,
                decision,
                index,
                sense: Sense::Pair,
                taken: Some(u64::from(*covered)),
                expression: index.to_string().into(),
            });
        }
    }
}

impl Summary {
    fn counts(&self, metric: Metric) -> Result<Option<Counts>, Problem> {
        let (told, what) = match metric {
            Metric::Line => (&self.lines, "lines"),
            Metric::Branch => (&self.branches, "branches"),
            Metric::Function => (&self.functions, "functions"),
            Metric::Condition => (&self.mcdc, "conditions"),
            Metric::Region => (&self.regions, "regions"),
            Metric::Instantiation => (&self.instantiations, "instantiations"),
            Metric::Statement | Metric::Instruction => return Ok(None),
        };
        let Some(told) = told else { return Ok(None) };
        if told.covered > told.count {
            return Err(Problem::Inconsistent { what, covered: told.covered, total: told.count });
        }
        Ok(Some(Counts::new(told.covered, told.count)))
    }
}
