//! Coverage that may not get worse than it was.
//!
//! A lower percentage alone proves nothing: who deletes covered code lowers it without leaving a line untested. So the
//! ratchet refuses a change only when the percentage fell *and* more is uncovered than before; when only the percentage
//! fell, the report explains it. Both are compared as exact integers.

use std::collections::BTreeMap;

use lw_cli::{Context, Error, ResultExt, same_measure};
use lw_coverage::{Counts, Coverage, Metric};
use lw_history::Diff;
use lw_model::{
    Bound, Direction, Fact, Finding, Level, Limit, Node, Number, Percent, Report, Threshold, Tree, Unit,
    Verdict, grouped,
};

use crate::args::{Args, Ratchet};
use crate::measures::amount;

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
    nodes.iter().map(|node| (&*node.name, counts(node))).collect()
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

/// Compares with the baseline: gives measures their earlier values, and limits where the ratchet says so.
///
/// # Errors
/// When the baseline cannot be read, or there is a ratchet without one.
pub(crate) fn compare(
    args: &Args,
    cx: &Context,
    coverage: &Coverage,
    diff: Option<&Diff>,
    report: &mut Report,
) -> Result<(), Error> {
    if args.ratchet.is_some() && cx.common().baseline.is_none() {
        return Err(Error::usage("a ratchet needs a baseline to compare with").hint(
            "give the report of an earlier run with --baseline FILE; a first run may do without that file",
        ));
    }
    let Some((path, bytes)) = cx.baseline(report)? else { return Ok(()) };
    let Some(earlier) = cx.read_baseline(&path, &bytes, report)? else { return Ok(()) };
    cx.compare(report, &earlier, same_measure);
    let formats = |report: &Report| report.fact("formats", None).map(str::to_owned);
    if let (Some(now), Some(before)) = (formats(report), formats(&earlier))
        && now != before
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
    let Some(ratchet) = args.ratchet else { return Ok(()) };
    let judge = Judge { allowed: args.allow_drop, limit: limit(cx) };
    for metric in [Metric::Line, Metric::Branch, Metric::Function] {
        let name = metric.name();
        let Some(now) = total(report, name) else { continue };
        match total(&earlier, name).filter(|before| before.total > 0) {
            Some(before) => judge.total(name, before, now, report),
            None if metric == Metric::Line => {
                return Err(Error::input("it tells of no covered lines to compare with")
                    .hint("it has to be what --report wrote in an earlier run of coverage-gate"))
                .context(path.display().to_string());
            }
            None => {}
        }
    }
    if ratchet == Ratchet::File {
        let before = files(&earlier);
        for (path, file) in &coverage.files {
            let now = file.figure(Metric::Line).counts;
            let renamed = diff.and_then(|diff| diff.file(path)).and_then(|file| file.old_path.as_deref());
            if let Some(old) = before.get(path.as_str()).or_else(|| before.get(renamed?)) {
                judge.file(path, *old, now, report);
            }
        }
    }
    Ok(())
}

fn limit(cx: &Context) -> Limit {
    let origin = cx.origin("ratchet", 0);
    let threshold = Threshold::Amount(Number::Integer(0));
    let limit = Limit::new(Bound::MaxGrowth, threshold, Verdict::Fail, origin.text);
    Limit { location: origin.location, ..limit }
}

struct Judge {
    /// How many percentage points coverage may fall.
    allowed: Percent,
    limit: Limit,
}

impl Judge {
    fn total(&self, metric: &str, before: Counts, now: Counts, report: &mut Report) {
        if !fell(before, now, self.allowed) {
            return;
        }
        let name = format!("coverage.{metric}.missed");
        if now.missed() > before.missed() {
            if let Some(measure) = report.measures.iter_mut().find(|measure| measure.name == name) {
                measure.baseline = Some(before.missed().into());
                measure.limits.push(self.limit.clone());
            }
            return;
        }
        let message = format!(
            "{metric} coverage fell from {} to {}, but no more is uncovered ({} before, {} now): covered code was removed",
            share(before),
            share(now),
            grouped(before.missed().into()),
            grouped(now.missed().into())
        );
        report.add_finding(Finding::new("coverage-gate/fell-by-removal", Level::Note, metric, message));
    }

    fn file(&self, path: &str, before: Counts, now: Counts, report: &mut Report) {
        if fell(before, now, self.allowed) && now.missed() > before.missed() {
            let mut measure = amount(format!("coverage.file.{path}.missed"), now.missed(), Direction::Lower);
            measure.baseline = Some(before.missed().into());
            measure.limits.push(self.limit.clone());
            report.measures.push(measure);
        }
    }
}

/// Whether the share of what is covered is lower by more than the allowed percentage points, without any rounding.
fn fell(before: Counts, now: Counts, allowed: Percent) -> bool {
    let wide = |value: u64| i128::from(value);
    let (old, new) = (wide(before.covered) * wide(now.total), wide(now.covered) * wide(before.total));
    if old <= new {
        return false;
    }
    // old / product - new / product > allowed / 100, where the product is that of the totals.
    match (i64::try_from(old - new), i64::try_from(wide(before.total) * wide(now.total))) {
        (Ok(drop), Ok(product)) => allowed.exceeded_by(drop, product),
        // More than 3 000 000 000 lines on either side: no tolerance is better than a wrong one.
        _ => true,
    }
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
