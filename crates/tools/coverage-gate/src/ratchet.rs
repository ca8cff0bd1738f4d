//! Coverage that may not get worse than it was.
//!
//! A lower percentage alone proves nothing: who deletes covered code lowers it without leaving a line untested. So the
//! ratchet refuses a change only when the percentage fell *and* more is uncovered than before; when only the percentage
//! fell, the report explains it. Both are compared as exact integers.
//!
//! A higher percentage proves nothing either while files of the baseline are in no report or left out by now: then the
//! ratchet is not judged, which fails.

use std::collections::BTreeMap;

use lw_cli::{Context, Error, LimitSet, ResultExt, same_measure};
use lw_coverage::{Counts, Coverage, Metric};
use lw_history::Diff;
use lw_model::lists::{filled, sort_by};
use lw_model::{
    Bound, Fact, Finding, Level, Limit, Node, Number, Percent, Reason, Report, Threshold, Tree, Unit,
    Verdict, grouped,
};

use crate::args::{Args, Ratchet};
use crate::inputs::{Inputs, listed};
use crate::limits;
use crate::measures::covered;

/// Name of the breakdown that later runs read.
const TREE: &str = "coverage";
const COVERED: &str = "covered";
const MISSED: &str = "missed";

/// The breakdown of all lines into files, covered and missed.
pub(crate) fn tree(coverage: &Coverage) -> Tree {
    let file = |(path, counts): (&String, Counts)| {
        let covered = (counts.covered > 0).then(|| Node::leaf(COVERED, counts.covered));
        let missed = (counts.missed() > 0).then(|| Node::leaf(MISSED, counts.missed()).role(MISSED));
        Node::sum(path.as_str(), covered.into_iter().chain(missed).collect())
    };
    let files = coverage.files.iter().map(|(path, file)| (path, file.figure(Metric::Line).counts));
    let files = files.filter(|(_, counts)| counts.total > 0).map(file).collect();
    Tree {
        name: TREE.into(),
        subject: None,
        unit: Unit::Count,
        levels: vec!["file".into(), "lines".into()],
        root: Node::sum("lines", files),
    }
}

/// The counts of each file of an earlier run.
fn files(report: &Report) -> BTreeMap<&str, Counts> {
    let tree = report.trees.iter().find(|tree| tree.name == TREE);
    let nodes = tree.map(|tree| &*tree.root.children).unwrap_or_default();
    let counts = |node: &Node| {
        let covered = node.children.iter().filter(|part| &*part.name == COVERED).map(|part| part.value).sum();
        Counts::new(covered, node.value)
    };
    filled(nodes.iter().map(|node| (&*node.name, counts(node))))
}

/// The counts of a metric of an earlier run.
fn total(report: &Report, metric: &str) -> Option<Counts> {
    let measure = report.measure(&format!("coverage.{metric}.covered"), None)?;
    let whole = |number: Number| match number {
        Number::Integer(value) => u64::try_from(value).ok(),
        Number::Decimal(_) => None,
    };
    let counts = Counts::new(whole(measure.value)?, whole(measure.whole?)?);
    (counts.covered <= counts.total).then_some(counts)
}

/// A file whose coverage fell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    pub(crate) path: String,
    pub(crate) before: Counts,
    pub(crate) now: Counts,
    /// Whether the change touches it; `None` where no change is known.
    pub(crate) changed: Option<bool>,
}

/// What the ratchet holds.
const HELD: [Metric; 3] = [Metric::Line, Metric::Branch, Metric::Function];

/// Compares with the baseline: gives measures their earlier values, and limits where the ratchet says so. Returns the
/// files that lost coverage.
///
/// # Errors
/// When the baseline cannot be read, or there is a ratchet without one.
pub(crate) fn compare(
    args: &Args,
    cx: &Context,
    inputs: &Inputs,
    diff: Option<&Diff>,
    report: &mut Report,
) -> Result<Vec<Lost>, Error> {
    if args.ratchet.is_some() && !cx.compares() {
        return Err(Error::usage("a ratchet needs a baseline to compare with").hint(
            "give the report of an earlier run with --baseline FILE, or a store with --baseline-store FOLDER; a first run may do without what is in them",
        ));
    }
    limits::within(args.allow_drop, &cx.origin("allow_drop", 0).text)?;
    let limit = args.ratchet.map(|_| limit(cx, args.allow_drop));
    let found = cx.baseline(report)?;
    let read = match &found {
        Some((path, bytes)) => cx.read_baseline(path, bytes, report)?.map(|earlier| (path, earlier)),
        None => None,
    };
    let Some((path, earlier)) = read else {
        // The limit is there, and says that there is nothing to compare with.
        if let Some(limit) = limit {
            for measure in HELD.map(|metric| format!("coverage.{}.covered", metric.name())) {
                limit.attach_by_name(&measure, report)?;
            }
        }
        return Ok(Vec::new());
    };
    cx.compare(report, &earlier, same_measure);
    let formats = |report: &Report| report.fact("formats", None).map(str::to_owned);
    if let (Some(now), Some(before)) = (formats(report), formats(&earlier))
        && now != before
        && !now.is_empty()
    {
        let message =
            format!("the baseline was measured as {before}, this run as {now}: what a line is differs");
        report.add_finding(
            Finding::new("coverage-gate/other-format", Level::Warning, "baseline", message)
                .help("compare with a report that was made from the same format"),
        );
    }
    let told = [(Metric::Line, "lines"), (Metric::Branch, "branches"), (Metric::Function, "functions")]
        .into_iter()
        .filter_map(|(metric, title)| {
            Some(format!("{title} {}", total(&earlier, metric.name())?.percent()?))
        });
    let value = told.collect::<Vec<_>>().join(", ");
    report.facts.push(Fact { name: "baseline".into(), subject: None, value });
    let before = Before::of(&earlier, inputs, diff);
    let gone = before.tell(args.ratchet.is_some(), report);
    let is_foreign = before.is_foreign(inputs);
    if is_foreign {
        let message = "no file of the baseline is in the repository or in a report: it is of something else";
        let level = if args.ratchet.is_some() { Level::Error } else { Level::Warning };
        report.add_finding(
            Finding::new("coverage-gate/lost-file", level, "baseline", message)
                .help("give the report of this repository's main branch with --baseline; after all files were moved at once, it becomes the baseline there"),
        );
    }
    let lost = before.lost(inputs, diff);
    let Some(limit) = limit else { return Ok(lost) };
    let is_told = total(&earlier, Metric::Line.name()).is_some_and(|before| before.total > 0);
    // Without its files, nobody would see that one of them is lost.
    if !is_told || before.files.is_empty() {
        let what = if is_told { "files" } else { "covered lines" };
        return Err(Error::input(format!("it tells of no {what} to compare with"))
            .hint("it has to be what --report wrote in an earlier run of coverage-gate"))
        .context(path.display().to_string());
    }
    let reason = match (gone, inputs.unmatched || is_foreign) {
        (true, _) => Some(Reason::PartsMissing),
        (false, true) => Some(Reason::NothingMatched),
        (false, false) => None,
    };
    for metric in HELD {
        // Once said is enough: with the lines the rest is not the whole either.
        let (is_partial, reason) = (reason.is_some(), reason.filter(|_| metric == Metric::Line));
        hold(metric, &earlier, (is_partial, reason), (&limit, args.allow_drop), report)?;
    }
    if args.ratchet == Some(Ratchet::File) {
        for file in lost.iter().filter(|file| {
            fell(file.before, file.now, args.allow_drop) && file.now.missed() > file.before.missed()
        }) {
            hold_file(file, &earlier, &limit, report)?;
        }
    }
    Ok(lost)
}

/// What the ratchet allows, for a measure that is still to be named.
fn limit(cx: &Context, allowed: Percent) -> LimitSet {
    let limit = Limit::new(Bound::MaxDrop, Threshold::Percent(allowed), Verdict::Fail, "--ratchet");
    cx.limit("", limit, Unit::Count, "ratchet")
}

/// Holds a metric of all files to what it was.
fn hold(
    metric: Metric,
    earlier: &Report,
    (is_partial, reason): (bool, Option<Reason>),
    (limit, allowed): (&LimitSet, Percent),
    report: &mut Report,
) -> Result<(), Error> {
    let name = metric.name();
    let measure = format!("coverage.{name}.covered");
    let before = total(earlier, name).filter(|before| before.total > 0);
    let Some(now) = total(report, name) else {
        // It was measured before, and is no longer.
        if before.is_some() {
            limit.clone().renamed(measure).record_unmatched(Reason::Gone, report);
        }
        return Ok(());
    };
    let mut exempt = reason;
    if let Some(before) = before.filter(|_| reason.is_none()) {
        if counted_otherwise(metric, earlier) {
            exempt = Some(Reason::MeaningChanged);
            let message = format!(
                "the baseline was made by version {}, which counts {name} coverage of this format in another way: it is not compared this once",
                earlier.tool.version
            );
            report.add_finding(Finding::new("coverage-gate/meaning-changed", Level::Note, name, message));
        } else if !is_partial && fell(before, now, allowed) && now.missed() <= before.missed() {
            exempt = Some(Reason::NothingToJudge);
            let message = format!(
                "{name} coverage fell from {} to {}, but no more is uncovered ({} before, {} now): covered code was removed",
                share(before),
                share(now),
                grouped(before.missed().into()),
                grouped(now.missed().into())
            );
            report.add_finding(Finding::new("coverage-gate/fell-by-removal", Level::Note, name, message));
        }
    }
    limit.clone().not_judged(exempt).attach_by_name(&measure, report)?;
    Ok(())
}

fn hold_file(file: &Lost, earlier: &Report, limit: &LimitSet, report: &mut Report) -> Result<(), Error> {
    if counted_otherwise(Metric::Line, earlier) {
        return Ok(());
    }
    let Lost { path, before, now, .. } = file;
    let prefix = format!("coverage.file.{path}.line");
    let name = format!("{prefix}.covered");
    let known = report.measures.iter().position(|measure| measure.name == name);
    let place = known.unwrap_or_else(|| {
        report.measures.push(covered(&prefix, format!("line coverage of {path}"), *now));
        report.measures.len() - 1
    });
    if let Some(measure) = report.measures.get_mut(place) {
        measure.baseline = Some(before.covered.into());
        measure.baseline_whole = Some(before.total.into());
        limit.attach(measure)?;
    }
    Ok(())
}

/// Whether a report of before counted a metric in another way, so that a difference says nothing of the code.
fn counted_otherwise(metric: Metric, earlier: &Report) -> bool {
    let formats = earlier.fact("formats", None).unwrap_or_default();
    let changed: &[&str] = match metric {
        // Comments and blank lines within a block were counted.
        Metric::Line => &["Go coverprofile"],
        // Branches of expanded macros were not counted, and repeated ones of lcov were one.
        Metric::Branch => &["llvm-cov JSON", "lcov"],
        // Methods of classes without a source file were not counted.
        Metric::Function => &["JaCoCo"],
        _ => &[],
    };
    let is_of = |format: &&str| formats.split(", ").any(|known| known == *format);
    earlier.tool.revision < 2 && changed.iter().any(is_of)
}

/// The files of the baseline, as they are called now.
struct Before {
    files: BTreeMap<String, Counts>,
    /// In the repository, and in no report.
    lost: Vec<String>,
    /// Left out by the patterns of this run.
    excluded: Vec<String>,
}

impl Before {
    fn of(earlier: &Report, inputs: &Inputs, diff: Option<&Diff>) -> Self {
        let renames: BTreeMap<&str, &str> = filled(
            diff.into_iter()
                .flat_map(|diff| &diff.files)
                .filter_map(|file| Some((file.old_path.as_deref()?, file.path.as_str()))),
        );
        let mut before = Self { files: BTreeMap::new(), lost: Vec::new(), excluded: Vec::new() };
        for (path, counts) in files(earlier) {
            let is_there = inputs.index.contains(path) || inputs.coverage.files.contains_key(path);
            let path = renames.get(path).copied().filter(|_| !is_there).unwrap_or(path);
            before.files.insert(path.to_owned(), counts);
            if inputs.coverage.files.contains_key(path) {
                continue;
            }
            if inputs.left_out.contains(path) {
                before.excluded.push(path.to_owned());
            } else if inputs.index.contains(path) {
                let kept = inputs.filter.keeps(path);
                if kept { &mut before.lost } else { &mut before.excluded }.push(path.to_owned());
            }
        }
        before
    }

    /// Whether nothing of the baseline is here any more.
    fn is_foreign(&self, inputs: &Inputs) -> bool {
        let is_here = |path: &String| inputs.index.contains(path) || inputs.coverage.files.contains_key(path);
        !self.files.is_empty() && !self.files.keys().any(is_here)
    }

    /// Tells of files that are gone from the figures, but not from the repository; returns whether there are any.
    fn tell(&self, is_held: bool, report: &mut Report) -> bool {
        let are = |names: &[String]| if names.len() == 1 { "is" } else { "are" };
        let files = |names: &[String]| {
            let number = grouped(i128::try_from(names.len()).unwrap_or(i128::MAX));
            format!("{number} file{}", if names.len() == 1 { "" } else { "s" })
        };
        if !self.lost.is_empty() {
            let names = &self.lost;
            let message = format!(
                "{} of the baseline {} in no report now (a lost shard?), though still in the repository: {}",
                files(names),
                are(names),
                listed(names.iter())
            );
            let level = if is_held { Level::Error } else { Level::Warning };
            report.add_finding(Finding::new("coverage-gate/lost-file", level, "files", message).help(
                "is the report of a part of the tests missing? What is no longer to be measured is left out with --exclude, and the report of the main branch then becomes the baseline",
            ));
        }
        if !self.excluded.is_empty() {
            let names = &self.excluded;
            let message = format!(
                "{} of the baseline {} left out by --include or --exclude now: {}",
                files(names),
                are(names),
                listed(names.iter())
            );
            let level = if is_held { Level::Error } else { Level::Note };
            report.add_finding(Finding::new("coverage-gate/newly-excluded", level, "files", message).help(
                "coverage that is better because files are left out cannot be compared: let the patterns become the baseline on the main branch first",
            ));
        }
        !self.lost.is_empty() || !self.excluded.is_empty()
    }

    /// The files whose coverage fell, those that lost most lines first.
    fn lost(&self, inputs: &Inputs, diff: Option<&Diff>) -> Vec<Lost> {
        let mut lost: Vec<Lost> = Vec::new();
        for (path, before) in &self.files {
            let Some(file) = inputs.coverage.files.get(path) else { continue };
            let now = file.figure(Metric::Line).counts;
            if fell(*before, now, Percent::default()) {
                let changed = diff.map(|diff| diff.file(path).is_some());
                lost.push(Lost { path: path.clone(), before: *before, now, changed });
            }
        }
        sort_by(&mut lost, |a, b| {
            let more = |file: &Lost| file.now.missed().saturating_sub(file.before.missed());
            more(b).cmp(&more(a)).then_with(|| a.path.cmp(&b.path))
        });
        lost
    }
}

/// Whether the share of what is covered is lower by more than the allowed percentage points, without any rounding.
fn fell(before: Counts, now: Counts, allowed: Percent) -> bool {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let pair = |counts: Counts| (number(counts.covered), number(counts.total));
    before.total > 0 && now.total > 0 && allowed.exceeded_by_drop(pair(before), pair(now))
}

fn share(counts: Counts) -> String {
    counts.percent().map_or_else(|| "nothing".to_owned(), |percent| percent.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fall_is_seen_by_one_line_and_allowed_by_points() {
        let none = Percent::default();
        let one: Percent = "1%".parse().unwrap();
        let counts = Counts::new;
        assert!(!fell(counts(1, 3), counts(2, 6), none));
        assert!(fell(counts(2, 6), counts(333_333, 1_000_000), none));
        assert!(!fell(counts(80, 100), counts(79, 100), one));
        assert!(fell(counts(80, 100), counts(78, 100), one));
        assert!(fell(counts(800, 1000), counts(789, 1000), one));
        assert!(!fell(counts(0, 10), counts(0, 0), none));
    }
}
