//! `check`.

use lw_cli::{Context, Error, ResultExt};
use lw_model::{Measure, Number, Report, Unit};
use lw_results::{Counts, Expected, write_junit};

use crate::args::Check;
use crate::inputs::{self, Input};
use crate::places::Places;
use crate::{changes, judge, limits, outcome, page, quarantine, shards, tables};

/// Reads, judges and tells.
///
/// # Errors
/// When no result can be read, or an argument is not what it has to be.
pub(crate) fn run(args: &Check, cx: &mut Context, report: &mut Report) -> Result<(), Error> {
    let outcomes = outcome::parse(&args.exit_code, cx)?;
    if args.expect_shards.is_some() && args.layout.is_none() {
        return Err(Error::usage("--expect-shards needs --layout")
            .hint("which file is of which shard, the layout says: --layout 'results-{shard}.xml'"));
    }
    let baseline = match cx.baseline(report)? {
        Some((path, bytes)) => cx.read_baseline(&path, &bytes, report)?.map(|earlier| (path, earlier)),
        None => None,
    };
    let held = quarantine::load(args.quarantine.as_deref(), cx, report)?;
    let expected = read_expected(args, cx, report)?;
    let inputs = inputs::collect(args, cx, report)?;

    let mut counts = Counts::default();
    inputs.iter().for_each(|input| counts += input.run.counts());
    let missing = expected.as_ref().map(|expected| judge::expected(expected, &inputs, report));
    counts.not_run += missing.unwrap_or(0);
    // Before the page is written, whose headline has them.
    say(&counts, held.excused(&inputs), cx);
    let places = Places::new(cx);
    judge::tests(args, &inputs, &held, &places, report);
    judge::files(args, &inputs, &outcomes, &held, expected.is_some(), report)?;
    judge::suites(&args.require_suite, &inputs, report);

    measure(&counts, &inputs, report);
    held.check(&inputs, report);
    let stopped = judge::stopped(&inputs, &outcomes, missing, report);
    let earlier = baseline.as_ref().map(|(path, earlier)| (path.as_path(), earlier));
    let before = changes::compare(earlier, &inputs, stopped, cx, report)?;
    tables::add(&inputs, args.top, (&held, &before, &places), report);
    if let Some(path) = &args.junit_out {
        let runs = inputs.iter().map(|input| (if inputs.len() > 1 { input.name() } else { "" }, &input.run));
        cx.write(path, |out| write_junit("test-report", runs, out))?;
    }
    limits::settle(args, earlier.map(|(_, earlier)| earlier), &before, cx, report)?;
    if let Some(path) = &args.html {
        let page = page::render(&inputs, &held, &places, cx, report);
        cx.write(path, |out| out.write_all(page.as_bytes()))?;
    }
    Ok(())
}

/// The tests there have to be, of all lists together.
fn read_expected(args: &Check, cx: &Context, report: &mut Report) -> Result<Option<Expected>, Error> {
    let mut all: Option<Expected> = None;
    for path in cx.expand(&args.expect, report)? {
        let bytes = cx.open(&path)?;
        let list = Expected::read(&bytes).context(cx.display_path(&path))?;
        if list.is_empty() {
            return Err(Error::input(format!("{}: there is no test on the list", cx.display_path(&path)))
                .hint("an empty list would be kept by any result"));
        }
        match &mut all {
            Some(all) => all.extend(list),
            None => all = Some(list),
        }
    }
    Ok(all)
}

fn measure(counts: &Counts, inputs: &[Input], report: &mut Report) {
    let total = counts.total();
    let troubles: usize = inputs.iter().map(|input| input.run.troubles.len()).sum();
    for (name, label, value) in [
        ("total", "tests", total),
        ("passed", "passed", counts.passed),
        ("failed", "failed", counts.failed),
        ("errors", "errors", counts.errors),
        ("skipped", "skipped", counts.skipped),
        ("not-run", "not run", counts.not_run),
        ("flaky", "flaky", counts.flaky),
        ("warned", "warned", counts.warned),
        ("outside", "failures outside tests", troubles as u64),
    ] {
        let mut measure = Measure::count(format!("tests.{name}"), value).label(label);
        if matches!(name, "total" | "passed") {
            measure = measure.higher_is_better();
        }
        if !matches!(name, "total" | "outside") && total > 0 {
            measure = measure.out_of(total);
        }
        report.measures.push(measure);
    }
    let durations =
        || inputs.iter().flat_map(|input| input.run.cases()).filter_map(|(_, case)| case.duration());
    let seconds = |name: &str, label: &str, time: std::time::Duration| {
        Measure::new(name, Number::Decimal(time.as_secs_f64()), Unit::Seconds).label(label)
    };
    if let Some(slowest) = durations().max() {
        let sum = durations().fold(std::time::Duration::ZERO, std::time::Duration::saturating_add);
        report.measures.push(seconds("tests.duration", "time of all tests", sum));
        report.measures.push(seconds("tests.slowest", "slowest test", slowest));
    }
    if let Some(wall) = wall(inputs) {
        report.measures.push(seconds("tests.wall", "time of the run on the clock", wall));
    }
    if let Some(imbalance) = shards::imbalance(inputs) {
        report.measures.push(seconds("shards.imbalance", "slowest shard above the mean", imbalance));
    }
}

/// How long the run took on the clock: that of its only file, or of its slowest shard, since shards run side by side. Several
/// files without a layout may have been written in turn or at once, so that nothing is known of them together.
fn wall(inputs: &[Input]) -> Option<std::time::Duration> {
    match inputs {
        [one] => one.run.wall,
        several if several.iter().all(|input| input.shard.is_some()) => several
            .iter()
            .map(|input| input.run.wall)
            .try_fold(std::time::Duration::ZERO, |most, wall| Some(most.max(wall?)))
            .filter(|wall| !wall.is_zero()),
        _ => None,
    }
}

fn say(counts: &Counts, excused: u64, cx: &mut Context) {
    let total = counts.total();
    cx.figure(format!("{} of {total} passed", counts.passed));
    for (count, word) in [
        (counts.failed + counts.errors, "failed"),
        (counts.not_run, "not run"),
        (counts.skipped, "skipped"),
        (counts.flaky, "flaky"),
        (excused, "in quarantine"),
    ] {
        if count > 0 {
            cx.figure(format!("{count} {word}"));
        }
    }
    for (name, value) in [
        ("total", total),
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("errors", counts.errors),
        ("skipped", counts.skipped),
        ("not-run", counts.not_run),
        ("flaky", counts.flaky),
        ("quarantined", excused),
    ] {
        cx.output(name, value.to_string());
    }
}
