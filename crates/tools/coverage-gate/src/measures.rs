//! The numbers of a run, and the floors they are held to.

use lw_cli::config::{did_you_mean, nearest};
use lw_cli::{Context, Error};
use lw_coverage::{Basis, Counts, Coverage, Metric};
use lw_model::{
    Direction, Fact, Finding, Level, Limit, Measure, Number, Reason, Report, Unit, UnmatchedLimit, grouped,
};

use crate::args::Args;
use crate::limits;
use crate::patch::Patch;

/// A count of things.
pub(crate) fn amount(name: String, value: u64, direction: Direction) -> Measure {
    Measure { direction, ..Measure::count(name, value) }
}

/// How many of a whole are covered, with its floors. `label` is what people call their share: `line coverage`.
pub(crate) fn covered(prefix: &str, label: String, counts: Counts, limits: Vec<Limit>) -> Measure {
    let mut measure = amount(format!("{prefix}.covered"), counts.covered, Direction::Higher)
        .label(label)
        .out_of(counts.total);
    measure.limits = limits;
    measure
}

/// `PREFIX.covered`, `.total`, `.missed` and, where there is something to cover, `.percent`.
fn push(report: &mut Report, prefix: &str, label: String, counts: Counts, limits: Vec<Limit>) {
    report.measures.push(covered(prefix, label, counts, limits));
    report.measures.push(amount(format!("{prefix}.total"), counts.total, Direction::Higher));
    report.measures.push(amount(format!("{prefix}.missed"), counts.missed(), Direction::Lower));
    if let Some(percent) = counts.percent() {
        let mut measure = amount(format!("{prefix}.percent"), 0, Direction::Higher);
        measure.value = Number::Decimal(percent.as_f64());
        measure.unit = Unit::Percent;
        report.measures.push(measure);
    }
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
            exempt(&mut limits, Reason::NothingToJudge);
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
        push(report, &format!("coverage.{name}"), format!("{name} coverage"), figure.counts, limits);
    }
    Ok(())
}

fn nothing_to_judge(metric: Metric, limit: &Limit) -> Error {
    let hint = match metric {
        Metric::Branch => {
            "have the tool measure branches: lcov with `--rc branch_coverage=1`, coverage.py with `--branch`, llvm-cov with `-Z coverage-options=branch`"
        }
        Metric::Statement => "only Go and Clover reports count statements: set --min-line instead",
        _ => "have the tool report functions, or leave the floor out",
    };
    Error::usage(format!("{}: the reports have no {}", limit.origin, plural(metric))).hint(hint)
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
        let mut limits = Vec::new();
        floors.retain_mut(|(of, floor)| {
            let own = of.as_str() == *name;
            if own {
                limits.append(floor);
            }
            !own
        });
        let label = format!("line coverage of group {name}");
        push(report, &format!("coverage.group.{name}.line"), label, counts, limits);
    }
    if let Some((name, limits)) = floors.first() {
        let origin = limits.first().map(|limit| limit.origin.clone()).unwrap_or_default();
        let error = Error::usage(format!("{origin}: there is no group `{name}`"));
        return Err(match nearest(name, groups.iter().map(|(name, _)| *name)) {
            Some(near) => error.hint(did_you_mean(near)),
            None => error.hint(format!("define it: --group {name}=GLOB")),
        });
    }
    Ok(())
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
    each(files, &limits, ("line", "line coverage"), "files", report);
    Ok(())
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
    if unmatched {
        // What a report measured that names none of our files is not known, so the rest is not the whole.
        exempt(&mut total, Reason::NothingMatched);
        exempt(&mut single, Reason::NothingMatched);
    } else if counts.total == 0 && unjudged > 0 && unjudged >= args.small_diff {
        exempt(&mut total, Reason::NothingMatched);
        exempt(&mut single, Reason::NothingMatched);
    } else if counts.total == 0 && unjudged == 0 {
        report.add_finding(
            Finding::new("coverage-gate/nothing-changed", Level::Note, "patch", patch.nothing())
                .help("lines that should have been judged are missing where the reports are of another commit, or the patterns leave too much out"),
        );
        exempt(&mut total, Reason::NothingToJudge);
        exempt(&mut single, Reason::NothingToJudge);
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
        exempt(&mut total, Reason::SmallChange);
        exempt(&mut single, Reason::SmallChange);
    }
    push(report, "coverage.patch", "coverage of changed lines".into(), counts, total);
    if single.iter().any(|limit| limit.reason.is_some()) {
        // No file is held to it, and it is told all the same.
        let measure = "coverage.file.*.patch.covered";
        let unmatched = |limit| UnmatchedLimit { measure: measure.into(), subject: None, limit };
        report.unmatched_limits.extend(single.into_iter().map(unmatched));
        return Ok(());
    }
    let files = patch.files.iter().map(|file| (file.path.as_str(), file.counts));
    each(files, &single, ("patch", "coverage of changed lines"), "changed files", report);
    Ok(())
}

/// Keeps limits from being judged, so that the report says why they were not.
fn exempt(limits: &mut [Limit], reason: Reason) {
    for limit in limits {
        limit.reason = Some(reason);
    }
}

/// Holds each of many files to the same floors. Only those below become measures: a table of thousands that pass hides
/// the one that does not; a fact says how many were held.
fn each<'a>(
    files: impl Iterator<Item = (&'a str, Counts)>,
    limits: &[Limit],
    (metric, label): (&str, &str),
    noun: &str,
    report: &mut Report,
) {
    if limits.is_empty() {
        return;
    }
    let (mut held, mut kept) = (0_u64, 0_u64);
    for (path, counts) in files.filter(|(_, counts)| counts.total > 0) {
        held += 1;
        let label = format!("{label} of {path}");
        let mut measure = covered(&format!("coverage.file.{path}.{metric}"), label, counts, limits.to_vec());
        measure.judge();
        if measure.is_breached() {
            report.measures.push(measure);
        } else {
            kept += 1;
        }
    }
    let floors: Vec<String> = limits.iter().map(|limit| limit.threshold.show(Unit::Count)).collect();
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
}
