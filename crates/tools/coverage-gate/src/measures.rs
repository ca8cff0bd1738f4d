//! The numbers of a run, and the floors they are held to.

use lw_cli::{Context, Error, LimitSet};
use lw_coverage::{Basis, Counts, Coverage, Metric};
use lw_model::{Direction, Fact, Finding, Level, Measure, Number, Reason, Report, Unit, grouped};

use crate::args::Args;
use crate::limits;
use crate::patch::Patch;

/// A count of things.
pub(crate) fn amount(name: String, value: u64, direction: Direction) -> Measure {
    Measure { direction, ..Measure::count(name, value) }
}

/// How many of a whole are covered. `label` is what people call their share: `line coverage`.
pub(crate) fn covered(prefix: &str, label: String, counts: Counts) -> Measure {
    amount(format!("{prefix}.covered"), counts.covered, Direction::Higher).label(label).out_of(counts.total)
}

/// The same, with its floors.
fn with_floors(prefix: &str, label: String, counts: Counts, floors: &[LimitSet]) -> Result<Measure, Error> {
    let mut measure = covered(prefix, label, counts);
    floors.iter().try_for_each(|floor| floor.attach(&mut measure))?;
    Ok(measure)
}

/// `PREFIX.covered`, `.total`, `.missed` and, where there is something to cover, `.percent`.
fn push(
    report: &mut Report,
    prefix: &str,
    label: String,
    counts: Counts,
    floors: &[LimitSet],
) -> Result<(), Error> {
    report.measures.push(with_floors(prefix, label, counts, floors)?);
    report.measures.push(amount(format!("{prefix}.total"), counts.total, Direction::Higher));
    report.measures.push(amount(format!("{prefix}.missed"), counts.missed(), Direction::Lower));
    if let Some(percent) = counts.percent() {
        let mut measure = amount(format!("{prefix}.percent"), 0, Direction::Higher);
        measure.value = Number::Decimal(percent.as_f64());
        measure.unit = Unit::Percent;
        report.measures.push(measure);
    }
    Ok(())
}

/// Measures all files together.
///
/// # Errors
/// When a floor is malformed, or one is set for what the reports do not tell.
pub(crate) fn totals(
    args: &Args,
    cx: &Context,
    coverage: &Coverage,
    report: &mut Report,
) -> Result<(), Error> {
    let mut line = limits::floor(cx, "min_line", args.min_line.as_ref())?;
    line.extend(limits::presets(args)?);
    let mut floors = [
        (Metric::Line, line),
        (Metric::Branch, limits::floor(cx, "min_branch", args.min_branch.as_ref())?),
        (Metric::Function, limits::floor(cx, "min_function", args.min_function.as_ref())?),
        (Metric::Statement, limits::floor(cx, "min_statement", args.min_statement.as_ref())?),
    ];
    for metric in Metric::ALL {
        let figure = coverage.figure(metric);
        let limits =
            floors.iter_mut().find(|(of, _)| *of == metric).map(|(_, limits)| std::mem::take(limits));
        let mut limits = limits.unwrap_or_default();
        let told = figure.counts.total > 0 && figure.basis != Basis::Unknown;
        if !told && metric != Metric::Line {
            if let Some(limit) = limits.first() {
                return Err(nothing_to_judge(metric, limit));
            }
            continue;
        }
        if figure.counts.total == 0 && args.allow_empty {
            limits = not_judged(limits, Reason::NothingToJudge);
        }
        let name = metric.name();
        if figure.basis == Basis::LowerBound {
            let message = format!(
                "of what several reports only count and do not list, at least so much is covered: {} of {} in {name} coverage",
                grouped(figure.counts.covered.into()),
                grouped(figure.counts.total.into())
            );
            report.add_finding(Finding::new("coverage-gate/lower-bound", Level::Note, name, message));
        }
        push(report, &format!("coverage.{name}"), format!("{name} coverage"), figure.counts, &limits)?;
    }
    Ok(())
}

fn nothing_to_judge(metric: Metric, floor: &LimitSet) -> Error {
    let hint = match metric {
        Metric::Branch => {
            "have the tool measure branches: lcov with `--rc branch_coverage=1`, coverage.py with `--branch`, llvm-cov with `-Z coverage-options=branch`"
        }
        Metric::Statement => "only Go and Clover reports count statements: set --min-line instead",
        _ => "have the tool report functions, or leave the floor out",
    };
    Error::usage(format!("{}: the reports have no {}", floor.place(), plural(metric))).hint(hint)
}

fn plural(metric: Metric) -> &'static str {
    match metric {
        Metric::Branch => "branches",
        Metric::Function => "functions",
        Metric::Statement => "statements",
        _ => "lines",
    }
}

/// Measures the groups of the user's.
///
/// # Errors
/// When a group is malformed, has no file, or a floor names a group that does not exist.
pub(crate) fn groups(
    args: &Args,
    cx: &Context,
    coverage: &Coverage,
    report: &mut Report,
) -> Result<(), Error> {
    let mut floors = limits::named(cx, "min_group", &args.min_group)?;
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for spec in &args.group {
        let form = || {
            Error::usage(format!("--group {spec}: not of the form NAME=GLOB")).hint("write core=src/core/**")
        };
        let (name, glob) = spec.split_once('=').ok_or_else(form)?;
        let (name, glob) = (name.trim(), glob.trim());
        if name.is_empty() || fast_glob::validate(glob).is_err() {
            return Err(form());
        }
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, globs)) => globs.push(glob),
            None => groups.push((name, vec![glob])),
        }
    }
    for (name, globs) in &groups {
        let files = coverage
            .files
            .iter()
            .filter(|(path, _)| globs.iter().any(|glob| fast_glob::glob_match(glob, path)));
        let counts =
            files.map(|(_, file)| file.figure(Metric::Line).counts).fold(Counts::default(), |a, b| a + b);
        if counts.total == 0 {
            return Err(Error::usage(format!(
                "the group `{name}` has no executable line: no measured file matches {}",
                globs.join(", ")
            ))
            .hint("globs are matched against paths from the repository's root, such as src/core/**"));
        }
        let own: Vec<LimitSet> = floors.extract_if(.., |floor| floor.name() == *name).collect();
        let label = format!("line coverage of group {name}");
        push(report, &format!("coverage.group.{name}.line"), label, counts, &own)?;
    }
    let known = groups.iter().map(|(name, _)| *name);
    let define = |floor: &LimitSet| format!("define it: --group {}=GLOB", floor.name());
    floors
        .first()
        .map_or(Ok(()), |floor| Err(floor.names_nothing("there is no group", known, || define(floor))))
}

/// Holds every file to `--min-file`; those below become measures.
///
/// # Errors
/// When the floor is malformed.
pub(crate) fn files(
    args: &Args,
    cx: &Context,
    coverage: &Coverage,
    report: &mut Report,
) -> Result<(), Error> {
    let limits = limits::floor(cx, "min_file", args.min_file.as_ref())?;
    let files = coverage.files.iter().map(|(path, file)| (path.as_str(), file.figure(Metric::Line).counts));
    each(files, &limits, ("line", "line coverage"), "files", report)
}

/// Measures the changed lines.
///
/// # Errors
/// When a floor is malformed.
pub(crate) fn patch(
    args: &Args,
    cx: &Context,
    patch: &Patch,
    counts: Counts,
    unmatched: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let mut total = limits::floor(cx, "min_patch", args.min_patch.as_ref())?;
    let mut single = limits::floor(cx, "min_patch_file", args.min_patch_file.as_ref())?;
    let unjudged = patch.unjudged(args);
    // What a report measured that names none of our files is not known, so the rest is not the whole.
    let reason = if unmatched || (counts.total == 0 && unjudged > 0 && unjudged >= args.small_diff) {
        Some(Reason::NothingMatched)
    } else if counts.total == 0 && unjudged == 0 {
        let message = "no executable line was changed: there is nothing to judge in the change".to_owned();
        report.add_finding(Finding::new("coverage-gate/nothing-changed", Level::Note, "patch", message));
        Some(Reason::NothingToJudge)
    } else if counts.total + unjudged < args.small_diff {
        if !total.is_empty() || !single.is_empty() {
            let message = format!(
                "the change has {} executable {}, fewer than {} ({}): it is not held to the floors of changed lines",
                counts.total,
                if counts.total == 1 { "line" } else { "lines" },
                args.small_diff,
                cx.origin("small_diff", 0).text
            );
            report.add_finding(Finding::new("coverage-gate/small-diff", Level::Note, "patch", message));
        }
        Some(Reason::SmallChange)
    } else {
        None
    };
    if let Some(reason) = reason {
        total = not_judged(total, reason);
        // No file is held to it, and it is told all the same.
        for floor in single.drain(..) {
            floor.renamed("coverage.file.*.patch.covered").record_unmatched(reason, report);
        }
    }
    push(report, "coverage.patch", "coverage of changed lines".into(), counts, &total)?;
    let files = patch.files.iter().map(|file| (file.path.as_str(), file.counts));
    each(files, &single, ("patch", "coverage of changed lines"), "changed files", report)
}

/// The same floors, which are not judged, so that the report says why.
fn not_judged(floors: Vec<LimitSet>, reason: Reason) -> Vec<LimitSet> {
    floors.into_iter().map(|floor| floor.not_judged(reason)).collect()
}

/// Holds each of many files to the same floors. Only those below become measures: a table of thousands that pass hides
/// the one that does not; a fact says how many were held.
fn each<'a>(
    files: impl Iterator<Item = (&'a str, Counts)>,
    floors: &[LimitSet],
    (metric, label): (&str, &str),
    noun: &str,
    report: &mut Report,
) -> Result<(), Error> {
    if floors.is_empty() {
        return Ok(());
    }
    let (mut held, mut kept) = (0_u64, 0_u64);
    for (path, counts) in files.filter(|(_, counts)| counts.total > 0) {
        held += 1;
        let label = format!("{label} of {path}");
        let mut measure = with_floors(&format!("coverage.file.{path}.{metric}"), label, counts, floors)?;
        measure.judge();
        if measure.is_breached() {
            report.measures.push(measure);
        } else {
            kept += 1;
        }
    }
    let floors: Vec<String> = floors.iter().map(LimitSet::thresholds).collect();
    report.facts.push(Fact {
        name: noun.into(),
        subject: None,
        value: format!(
            "{} of {} at {} or above",
            grouped(kept.into()),
            grouped(held.into()),
            floors.join(" and ")
        ),
    });
    Ok(())
}
