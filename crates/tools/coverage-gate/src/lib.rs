//! coverage-gate: how much of the code the tests run, whether that is enough, and where it is not.
//!
//! Reports become one coverage by the paths of the repository ([`inputs`]); the changed lines come from the repository
//! or from a diff ([`base`], [`patch`]). Both turn into measures with floors ([`measures`]), which the baseline may
//! tighten ([`ratchet`]), and into what a person reads ([`tables`], [`html`]).

mod args;
mod badge;
mod base;
mod fit;
mod grade;
mod html;
mod inputs;
mod limits;
mod lost;
mod measured;
mod measures;
mod patch;
mod ratchet;
mod rules;
mod sources;
mod tables;

use std::io::{self, Write};
use std::path::Path;

use lw_cli::{Context, Error, ExtraFormat, Output, ResultExt, Tool};
use lw_coverage::write::{
    CoberturaOptions, WriteError, cobertura, cobertura_losses, dialect_for, lcov, lcov_losses,
};
use lw_coverage::{Coverage, Metric};
use lw_history::{Diff, HistoryError, Repository, parse_unified_diff};
use lw_model::lists::sort_by_key;
use lw_model::{Diagnose, Fact, Finding, Level, Location, Measure, Report, grouped};

pub use crate::args::{Args, PatchRule, Preset, Ratchet, Unreported};
use crate::fit::Misfit;
use crate::grade::Floors;
use crate::inputs::Inputs;
use crate::lost::LostLines;
use crate::patch::Patch;
use crate::sources::Sources;

/// The tool.
#[derive(Debug)]
pub struct CoverageGate;

impl Tool for CoverageGate {
    const NAME: &'static str = "coverage-gate";
    const SUMMARY: &'static str =
        "Gate the coverage of tests: in total, per file, of the changed lines, and against the past";
    const GUIDE: &'static str = "\
Reads coverage reports of eight formats, recognised by their content, and merges any number of them line by line. Their paths are \
matched to the files of the repository. Percentages are never rounded up, and compared as exact integers.

The changed lines of a pull request are those git shows between the merge base and the commit that was measured. A changed line \
counts when the report knows it as executable; with `--patch-rule codecov` a line whose branches were not all taken counts as missed. \
No git has to be installed; where there is no repository, `--diff-file` takes its place.

A floor may have two levels, `warn:85%,fail:80%`. The ratchet compares with the report of an earlier run (`--baseline`): it refuses \
coverage that fell while more lines are uncovered, and explains a fall that only comes from removed code.

Examples:
  lw coverage-gate --coverage coverage.info --min-line 80%
  lw coverage-gate --coverage 'build/**/*.info' --min-patch 90% --base origin/main --html coverage-html
  lw coverage-gate --coverage coverage.xml --ratchet total --baseline main.json --report coverage.json
  lw coverage-gate --coverage cov.json --group core=src/core/** --min-group core=95% --exclude '**/test/**'";
    const OUTPUTS: &'static [Output] = &[
        Output { name: "line-percent", description: "Line coverage in percent, floored to two decimals" },
        Output {
            name: "branch-percent",
            description: "Branch coverage in percent; empty when no report tells of branches",
        },
        Output {
            name: "patch-percent",
            description: "Coverage of the changed lines in percent; empty when no executable line was changed or nobody asked",
        },
        Output { name: "uncovered-changed-lines", description: "How many changed lines are not covered" },
    ];
    const FORMATS: &'static [ExtraFormat] = &[];
    // What changed its meaning did so for some formats only: the ratchet knows which.
    const REVISION: u32 = 2;
    const RULES: &'static [lw_model::Rule] = rules::RULES;
    const COMPARES: bool = true;
    const MEASURES: &'static [lw_model::MeasureKind] = measured::MEASURES;
    type Args = Args;

    fn run(args: Args, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
        let repository = open(cx, report)?;
        let given = args.diff_file.as_ref().map(|path| read_diff(path, cx)).transpose()?;
        let mut inputs = inputs::collect(&args, cx, repository.as_ref().ok(), given.as_ref(), report)?;
        let is_here = repository.as_ref().map_or(true, |repository| is_checked_out(repository, &args.head));
        let sources = if is_here { Sources::look(cx, &mut inputs) } else { Sources::default() };
        report.facts.push(Fact { name: "formats".into(), subject: None, value: formats(&inputs.coverage) });
        let coverage = &inputs.coverage;
        if let Some(path) = &args.diff_file {
            report.facts.push(Fact { name: "change".into(), subject: None, value: cx.display_path(path) });
        }
        measures::totals(&args, cx, coverage, report)?;
        measures::groups(&args, cx, coverage, report)?;
        measures::files(&args, cx, coverage, report)?;

        let Compared { diff, lost: lost_lines, misfits } = match given {
            Some(mut diff) => {
                sources::compare_binary(None, &inputs, &mut diff, report);
                if !args.baseline_coverage.is_empty() {
                    let message = "lines that lost coverage are not looked for: --baseline-coverage needs the texts of both commits, which --diff-file does not have";
                    report.add_finding(Finding::new(
                        "coverage-gate/no-base",
                        Level::Warning,
                        "lost",
                        message,
                    ));
                }
                let misfits = fit::look(cx, None, is_here, &inputs, &diff);
                Compared { diff: Some(diff), lost: Vec::new(), misfits }
            }
            None => diff(&args, cx, repository, &inputs, report)?,
        };
        sources.tell(&args, diff.as_ref(), report);
        let patch =
            diff.as_ref().map(|diff| changed(&args, cx, (diff, &misfits), &inputs, report)).transpose()?;
        let lost = ratchet::compare(&args, cx, &inputs, diff.as_ref(), report)?;
        cx.judge(report, None);
        if let Some(patch) = &patch {
            annotate(patch, args.annotations, report);
        }
        lost::annotate(&lost_lines, args.annotations, report);
        tables::add(report, coverage, patch.as_ref(), (&lost, &lost_lines), args.top);
        report.trees.push(ratchet::tree(coverage));
        figures(report, cx);
        report.summary = cx.headline(report);
        write(&args, cx, coverage, diff.as_ref().zip(patch.as_ref()), report)?;
        publish(report, cx);
        Ok(())
    }
}

/// The repository, or why there is none to read. That there is none at all is usual in a container; that the one there
/// is cannot be read is said, also where nobody asks for the changed lines.
///
/// # Errors
/// When something in it would never end to be read.
fn open(cx: &Context, report: &mut Report) -> Result<Result<Repository, HistoryError>, Error> {
    let repository = Repository::open(cx.root());
    match &repository {
        Ok(_) | Err(HistoryError::NotARepository { .. }) => {}
        Err(HistoryError::NotRegular { .. }) => return repository.map(Ok).map_err(Error::from),
        Err(error) => {
            let message =
                format!("the repository cannot be read; the files on disk are taken for its own: {error}");
            let finding = Finding::new("coverage-gate/no-repository", Level::Note, "repository", message);
            report.add_finding(match error.hint() {
                Some(hint) => finding.help(hint),
                None => finding,
            });
        }
    }
    Ok(repository)
}

/// Whether the files on disk are those of the commit that was measured, but for what is not committed.
fn is_checked_out(repository: &Repository, measured: &str) -> bool {
    measured == "HEAD"
        || matches!((repository.resolve(measured), repository.resolve("HEAD")), (Ok(one), Ok(other)) if one == other)
}

fn formats(coverage: &Coverage) -> String {
    coverage.formats.iter().map(lw_coverage::Format::name).collect::<Vec<_>>().join(", ")
}

/// The change as a diff that was made elsewhere.
fn read_diff(path: &Path, cx: &Context) -> Result<Diff, Error> {
    let bytes = cx.open(path)?;
    parse_unified_diff(&bytes).context(path.display().to_string())
}

/// A change, and what it and the reports say of each other; nothing, where nobody asked or the change is not known.
#[derive(Default)]
struct Compared {
    diff: Option<Diff>,
    lost: Vec<LostLines>,
    misfits: Vec<Misfit>,
}

/// What was changed, when somebody wants to know: a floor or a base was given, or it is a pull request.
fn diff(
    args: &Args,
    cx: &Context,
    repository: Result<Repository, HistoryError>,
    inputs: &Inputs,
    report: &mut Report,
) -> Result<Compared, Error> {
    let asked = args.limits_patch() || args.base.is_some() || !args.baseline_coverage.is_empty();
    if !asked && !cx.is_pull_request() {
        return Ok(Compared::default());
    }
    let read = repository.map_err(Error::from).and_then(|repository| {
        let base = base::resolve(args, cx, &repository)?;
        let mut diff = repository.changed_since(&base, &args.head)?;
        sources::compare_binary(Some(&repository), inputs, &mut diff, report);
        let is_here = is_checked_out(&repository, &args.head);
        if is_here {
            Sources::fit(cx, &repository, inputs, &mut diff, report);
        }
        let misfits = fit::look(cx, Some(&repository), is_here, inputs, &diff);
        let lost = if args.baseline_coverage.is_empty() {
            Vec::new()
        } else {
            lost::lines(args, cx, &repository, inputs, &diff, report)?
        };
        Ok((base, diff, lost, misfits))
    });
    match read {
        Ok((base, diff, lost, misfits)) => {
            let short = |id: &Option<String>| {
                id.as_deref().and_then(|id| id.get(..10)).unwrap_or_default().to_owned()
            };
            let (from, to) = (short(&diff.base), short(&diff.head));
            // Two-dot comparisons of a commit by its id name it once.
            let named = if from.is_empty() || base.revision.starts_with(&from) {
                String::new()
            } else {
                format!("{}, ", base.revision)
            };
            let from = if from.is_empty() { "nothing" } else { &from };
            let value = format!("{from}..{to} ({named}{})", base.why);
            report.facts.push(Fact { name: "change".into(), subject: None, value });
            Ok(Compared { diff: Some(diff), lost, misfits })
        }
        Err(error) if asked => Err(error),
        // Nobody asked for the changed lines: a clone that lacks them is no reason to fail.
        Err(error) => {
            let message = format!("the changed lines are not known: {}", error.message());
            let finding = Finding::new("coverage-gate/no-base", Level::Note, "base", message);
            report.add_finding(match error.advice() {
                Some(advice) => finding.help(advice),
                None => finding,
            });
            Ok(Compared::default())
        }
    }
}

/// Measures the changed lines and tells of changed files that no report mentions.
fn changed(
    args: &Args,
    cx: &Context,
    (diff, misfits): (&Diff, &[Misfit]),
    inputs: &Inputs,
    report: &mut Report,
) -> Result<Patch, Error> {
    let mut patch = Patch::of(diff, &inputs.coverage, &inputs.filter, args.patch_rule);
    for misfit in misfits.iter().filter(|misfit| !misfit.unknown.is_empty()) {
        patch.unknown.push((misfit.path.clone(), misfit.unknown.clone()));
    }
    for (path, why) in misfits.iter().filter_map(|misfit| Some((&misfit.path, misfit.before.as_ref()?))) {
        let is_held = args.ratchet.is_some() || args.limits_patch();
        let level = if is_held { Level::Error } else { Level::Warning };
        let message = format!("the report does not fit {path}: {why}");
        report.add_finding(
            Finding::new("coverage-gate/other-text", level, path, message)
                .help("the report is of the commit before the change: write it again from the commit that is judged")
                .at(Some(Location::file(path.as_str()))),
        );
    }
    if let Some(path) = patch.summaries.first() {
        let message =
            format!("{path}: it was changed, but the report only tells how many of its lines are covered");
        if args.limits_patch() {
            return Err(Error::input(message)
                .hint("give reports with lines: for llvm-cov, export without `-summary-only`"));
        }
        report.add_finding(Finding::new("coverage-gate/only-totals", Level::Note, path, message));
    }
    let counts =
        if args.unreported() == Unreported::Missed { patch.count_unreported() } else { patch.counts() };
    measures::patch(args, cx, &patch, counts, inputs.unmatched, report)?;
    report.facts.push(Fact {
        name: "changed lines".into(),
        subject: None,
        value: format!(
            "{}, {} of them executable",
            grouped(patch.changed.into()),
            grouped(counts.total.into())
        ),
    });
    let level = match args.unreported() {
        Unreported::Note | Unreported::Missed => Level::Note,
        Unreported::Warn => Level::Warning,
        // Nobody asked for these lines: the change is too small to be held to the floors.
        Unreported::Fail
            if args.unreported.is_none() && counts.total + patch.unjudged(args) < args.small_diff =>
        {
            Level::Note
        }
        Unreported::Fail => Level::Error,
    };
    let counted =
        if args.unreported() == Unreported::Missed { "; all are counted as not covered" } else { "" };
    if !patch.unreported.is_empty() {
        let count = patch.unreported.len();
        let (files, are) =
            if count == 1 { ("changed file is", "its") } else { ("changed files are", "their") };
        let names = inputs::listed(patch.unreported.iter().map(|(path, _)| path));
        let message =
            format!("{count} {files} in no report, so nothing is known of {are} lines{counted}: {names}");
        report.add_finding(
            Finding::new("coverage-gate/unreported", level, "files", message)
                .help("have the tests load them, leave them out with --exclude, or say with --unreported what they mean"),
        );
    }
    for (path, lines) in &patch.unknown {
        let first = lines.first().copied().unwrap_or_default();
        let count = lines.len();
        let statements = match count {
            1 => format!("the statement that the change has in line {}", grouped(first.into())),
            _ => format!(
                "none of the {count} statements that the change has from line {} on",
                grouped(first.into())
            ),
        };
        let knows = if count == 1 { "does not know" } else { "knows" };
        let message = format!("the report measured {path}, and {knows} {statements}{counted}");
        report.add_finding(
            Finding::new("coverage-gate/unreported", level, path, message)
                .help("the report is of another commit: write it again from the one that is judged; where these lines are not compiled, say with --unreported what they mean")
                .at(Some(Location::line(path.as_str(), first))),
        );
    }
    Ok(patch)
}

/// Makes a finding of each uncovered place among the changed lines, the largest first, so that the CI shows it
/// beside the code.
fn annotate(patch: &Patch, most: usize, report: &mut Report) {
    let breached = report.measures.iter().any(|measure| {
        (measure.name.starts_with("coverage.patch.") || measure.name.ends_with(".patch.covered"))
            && measure.is_breached()
    });
    let level = if breached { Level::Warning } else { Level::Note };
    let mut places: Vec<_> =
        patch.files.iter().flat_map(|file| file.missed.iter().map(move |range| (file, range))).collect();
    sort_by_key(&mut places, |(file, range)| {
        (std::cmp::Reverse(range.end() - range.start()), &file.path, *range.start())
    });
    for (file, range) in places.iter().take(most) {
        let (first, last) = (*range.start(), *range.end());
        let lines = if first == last {
            "this changed line is".into()
        } else {
            format!("changed lines {first} to {last} are")
        };
        let location = Location::lines(file.path.as_str(), range);
        let key = format!("{}:{first}", file.path);
        let message = format!("{lines} not covered by any test");
        report.add_finding(
            Finding::new("coverage-gate/uncovered", level, &key, message).at(Some(location)).as_detail(),
        );
    }
}

/// What everybody wants to see: the shares of lines, branches and changed lines.
fn figures(report: &Report, cx: &mut Context) {
    for (name, title) in [("line", "lines"), ("branch", "branches"), ("patch", "changed lines")] {
        let measure = report.measure(&format!("coverage.{name}.covered"), None);
        if let Some(share) = measure.and_then(Measure::share) {
            cx.figure(format!("{title} {share}"));
        }
    }
    if report.limits().next().is_none() {
        cx.figure("no limits are set");
    }
}

/// Writes the files that were asked for besides the report.
fn write(
    args: &Args,
    cx: &Context,
    coverage: &Coverage,
    change: Option<(&Diff, &Patch)>,
    report: &mut Report,
) -> Result<(), Error> {
    if let Some(path) = &args.lcov_out {
        let dialect = dialect_for(coverage);
        note_losses("lcov-out", &lcov_losses(coverage, dialect), report);
        stream(cx, path, |out| lcov(coverage, dialect, out))?;
    }
    if let Some(path) = &args.cobertura_out {
        let options =
            CoberturaOptions { timestamp: cx.now().saturating_mul(1000), ..CoberturaOptions::default() };
        note_losses("cobertura-out", &cobertura_losses(coverage), report);
        stream(cx, path, |out| cobertura(coverage, &options, out))?;
    }
    let counts = coverage.figure(Metric::Line).counts;
    let (percent, floors) = (counts.percent(), Floors::of(report, Metric::Line.name()));
    let level = floors.is_set().then(|| floors.grade(counts));
    if let Some(path) = &args.badge {
        cx.write(path, |out| out.write_all(badge::svg(percent, level).as_bytes()))?;
    }
    if let Some(path) = &args.badge_json {
        cx.write(path, |out| out.write_all(badge::json(percent, level).as_bytes()))?;
    }
    if let Some(folder) = &args.html {
        html::write(folder, cx, coverage, change, report)?;
    }
    Ok(())
}

/// Another format has no word for everything.
fn note_losses(output: &str, losses: &[String], report: &mut Report) {
    if !losses.is_empty() {
        let message =
            format!("{output} does not tell everything that was measured: without {}", losses.join(", "));
        report.add_finding(Finding::new("coverage-gate/conversion-loss", Level::Note, output, message));
    }
}

/// Writes a report of another format piece by piece: it may be larger than everything else in memory.
fn stream(
    cx: &Context,
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(), Error> {
    let mut refused = None;
    let written = cx.write(path, |out| {
        fill(out).map_err(|error| match error {
            WriteError::Io(error) => error,
            other @ WriteError::SummaryOnly { .. } => io::Error::other(refused.insert(other).to_string()),
        })
    });
    match refused {
        Some(error) => Err(error).context(path.display().to_string()),
        None => written,
    }
}

fn publish(report: &Report, cx: &mut Context) {
    let percent = |name: &str| {
        let share = report.measure(&format!("coverage.{name}.covered"), None).and_then(Measure::share);
        share.map(|share| share.to_string().trim_end_matches(" %").to_owned()).unwrap_or_default()
    };
    cx.output("line-percent", percent(Metric::Line.name()));
    cx.output("branch-percent", percent(Metric::Branch.name()));
    cx.output("patch-percent", percent("patch"));
    let missed = report.measure("coverage.patch.missed", None);
    cx.output(
        "uncovered-changed-lines",
        missed.map(|measure| measure.unit.brief(measure.value).replace(',', "")).unwrap_or_default(),
    );
}
