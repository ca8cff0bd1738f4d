//! What makes a run red: its tests, its files, and what is known of it from elsewhere.

use lw_cli::Error;
use lw_model::{Fact, Finding, Level, Report};
use lw_results::{Case, End, Expected, State};

use crate::args::Check;
use crate::inputs::Input;
use crate::outcome::Outcome;
use crate::places::Places;
use crate::quarantine::Held;

/// Names that a finding lists.
const LISTED: usize = 5;

/// Some names of many, for a sentence.
pub(crate) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn tests_are(count: usize) -> &'static str {
    if count == 1 { "1 test" } else { "tests" }
}

/// `1 test`, `3 tests`.
pub(crate) fn counted(count: usize) -> String {
    if count == 1 { tests_are(1).to_owned() } else { format!("{count} tests") }
}

/// What a test says, in one line.
pub(crate) fn message(case: &Case) -> String {
    let Some(evidence) = &case.last.evidence else { return String::new() };
    let lines = |text: &str| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    lines(&evidence.message)
        .or_else(|| lines(&evidence.detail))
        .or_else(|| {
            evidence.output.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
        })
        .unwrap_or_default()
}

/// Tells of the tests that are not green, and of those that only seem so.
pub(crate) fn tests(args: &Check, inputs: &[Input], held: &Held, places: &Places<'_>, report: &mut Report) {
    let mut excused = Vec::new();
    let (mut bad, mut not_run, mut flaky, mut warned) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut details = Vec::new();
    let cases = inputs.iter().flat_map(|input| input.run.cases().map(move |case| (input, case)));
    for (input, (suite, case)) in cases {
        let state = case.state();
        if state == State::NotRun {
            not_run.push(case.id());
        } else if held.excuses(suite, case) {
            excused.push(case.id());
        } else if state.is_bad() {
            bad.push(case.id());
            if details.len() < args.annotations {
                details.push((input, case));
            }
        }
        if case.is_flaky() {
            flaky.push(case.id());
        }
        if case.last.warned {
            warned.push(case.id());
        }
    }
    let unnamed: u64 = inputs.iter().map(|input| input.run.unnamed_not_run).sum();
    let mut add = |rule: &str, level: Level, message: String| {
        report.add_finding(Finding::new(format!("test-report/{rule}"), level, "tests", message));
    };
    if !bad.is_empty() {
        add("failed", Level::Error, format!("{} failed: {}", counted(bad.len()), listed(&bad)));
    }
    if !not_run.is_empty() {
        add("not-run", Level::Error, format!("{} did not run: {}", counted(not_run.len()), listed(&not_run)));
    }
    if unnamed > 0 {
        let message = format!("{unnamed} planned tests did not run; the results do not name them");
        add("not-run", Level::Error, message);
    }
    if !excused.is_empty() {
        let message = format!(
            "{} failed and {} let through for now: {}",
            counted(excused.len()),
            if excused.len() == 1 { "is" } else { "are" },
            listed(&excused)
        );
        add("quarantined", Level::Warning, message);
    }
    if !flaky.is_empty() {
        let message = format!("{} passed only when run again: {}", counted(flaky.len()), listed(&flaky));
        add("flaky", Level::Warning, message);
    }
    if !warned.is_empty() {
        let message =
            format!("{} passed with reservations of the tool: {}", counted(warned.len()), listed(&warned));
        add("warned", Level::Warning, message);
    }
    for (input, case) in details {
        let what = message(case);
        let colon = if what.is_empty() { "" } else { ": " };
        let message = format!(
            "{} {}{colon}{what}",
            case.id(),
            if case.state() == State::Error { "could not check" } else { "failed" }
        );
        let at = places.of(case);
        let key = if inputs.len() > 1 { format!("{}:{}", input.name(), case.id()) } else { case.id() };
        report.add_finding(
            Finding::new("test-report/failed-test", Level::Error, &key, message).at(at).as_detail(),
        );
    }
    for input in inputs {
        for trouble in &input.run.troubles {
            let place =
                if trouble.place.is_empty() { String::new() } else { format!(" of `{}`", trouble.place) };
            let text = [&trouble.evidence.message, &trouble.evidence.detail, &trouble.evidence.output];
            let what = text.iter().flat_map(|text| text.lines()).map(str::trim).find(|line| !line.is_empty());
            let message = format!(
                "{}: {}{place}: {}",
                input.file,
                trouble.kind.as_str(),
                what.unwrap_or("nothing more is told")
            );
            let key = format!("{}:{:?}:{}", input.name(), trouble.kind, trouble.place);
            report.add_finding(Finding::new("test-report/outside-test", Level::Error, &key, message));
        }
    }
}

/// Holds the tests to the list of those there have to be; how many are missing.
pub(crate) fn expected(expected: &Expected, inputs: &[Input], report: &mut Report) -> u64 {
    let compared = expected.compare(inputs.iter().flat_map(|input| input.run.cases().map(|(_, case)| case)));
    report.facts.push(Fact {
        name: "expected".into(),
        subject: None,
        value: format!("{} ({})", counted(expected.len()), expected.source),
    });
    for (rule, level, names, what) in [
        ("missing-test", Level::Error, &compared.missing, "on the list, and not in the results"),
        ("unexpected-test", Level::Warning, &compared.unexpected, "in the results, and not on the list"),
        ("duplicate-test", Level::Warning, &compared.duplicate, "in the results more often than on the list"),
    ] {
        if !names.is_empty() {
            let are = if names.len() == 1 { "is" } else { "are" };
            let message = format!("{} {are} {what}: {}", counted(names.len()), listed(names));
            report.add_finding(Finding::new(format!("test-report/{rule}"), level, "tests", message));
        }
    }
    compared.missing.len() as u64
}

/// Judges each file, and how the step that wrote it ended.
///
/// # Errors
/// When an exit code is given for files that are not there.
pub(crate) fn files(
    args: &Check,
    inputs: &[Input],
    outcomes: &[Outcome],
    held: &Held,
    has_list: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let mut unjudged = Vec::new();
    // Where a run may go on without its files, it is not green without them.
    if inputs.is_empty() && !args.allow_empty {
        let message = "there is no result file that could be read";
        report.add_finding(Finding::new("test-report/no-tests", Level::Error, "files", message));
    }
    for input in inputs {
        let counts = input.run.counts();
        if counts.total() == 0 && !args.allow_empty {
            let message = format!("{} has no test in it", input.file);
            report.add_finding(Finding::new("test-report/no-tests", Level::Error, &input.file, message));
        }
        let known = outcomes.iter().any(|outcome| outcome.is_about(input));
        if !known {
            unjudged.push(input.file.clone());
        }
        if input.run.end == End::Open && !known && !has_list {
            let message = format!("{}: nothing says that the run came to its end", input.file);
            report.add_finding(
                Finding::new("test-report/no-end", Level::Error, &input.file, message)
                    .help(format!("{} has no end mark: give --exit-code, or --expect", input.run.format)),
            );
        }
    }
    for outcome in outcomes {
        let mine: Vec<&Input> = inputs.iter().filter(|input| outcome.is_about(input)).collect();
        let what = match mine.as_slice() {
            [] if outcome.pattern.is_some() => {
                let pattern = outcome.pattern.as_deref().unwrap_or_default();
                return Err(Error::usage(format!(
                    "no result file is `{pattern}`, for which an exit code is given"
                ))
                .hint("write --exit-code GLOB=CODE with a path or glob of the result files"));
            }
            [] => continue,
            [one] => one.file.clone(),
            several => format!("none of the {} result files", several.len()),
        };
        let is_red = mine.iter().any(|input| input.run.is_red());
        // Of what is let through only that a test failed is known to be why.
        let is_let_through = is_red && !mine.iter().any(|input| held.leaves_red(input));
        let key = outcome.pattern.as_deref().unwrap_or("all");
        if !outcome.success && !is_red {
            let does = if mine.len() == 1 { "does not say" } else { "says" };
            let message = format!("the test step ended with {}, and {what} {does} why", outcome.said);
            report.add_finding(Finding::new("test-report/unexplained-exit", Level::Error, key, message));
        } else if is_let_through {
            if !outcome.success && !outcome.is_of_tests() {
                let message = format!(
                    "the test step ended with {}, which is more than the tests in quarantine that failed",
                    outcome.said
                );
                report.add_finding(Finding::new("test-report/unexplained-exit", Level::Error, key, message));
            }
        } else if outcome.success && is_red {
            let message =
                format!("the test step ended with {}, though not all of its tests passed", outcome.said);
            report.add_finding(Finding::new("test-report/contradiction", Level::Warning, key, message));
        }
    }
    if !unjudged.is_empty() {
        let message =
            format!("how the test step ended is not known, and not judged, for {}", listed(&unjudged));
        report.add_finding(
            Finding::new("test-report/outcome-not-judged", Level::Note, "outcome", message)
                .help("give --exit-code, such as ${{ steps.test.outcome }}"),
        );
    }
    Ok(())
}

/// Holds the results to the suites that tests have to have run of.
pub(crate) fn suites(patterns: &[String], inputs: &[Input], report: &mut Report) {
    for pattern in patterns {
        let fits = |name: &str| !name.is_empty() && (pattern == name || fast_glob::glob_match(pattern, name));
        let mut all = 0_u64;
        let has_run = inputs.iter().flat_map(|input| input.run.cases()).any(|(suite, case)| {
            // What nests is found by its own name as well.
            let mut names = suite.name.split(" › ").chain([&*suite.name, &*case.class]);
            let is_of = names.any(fits) || case.file.as_deref().is_some_and(fits);
            all += u64::from(is_of);
            is_of && !matches!(case.state(), State::Skipped | State::NotRun)
        });
        if !has_run {
            let message = match all {
                0 => format!("there is no test of `{pattern}`, of which some have to run"),
                _ => format!(
                    "of `{pattern}`, of which some have to run, all {all} were skipped or did not run"
                ),
            };
            report.add_finding(Finding::new("test-report/missing-suite", Level::Error, pattern, message));
        }
    }
}

/// Why tests may be missing that were not removed; `None` when the run came to its end.
pub(crate) fn stopped(
    inputs: &[Input],
    outcomes: &[Outcome],
    missing: Option<u64>,
    report: &Report,
) -> Option<&'static str> {
    let is = |rule: &str| report.findings.iter().any(|finding| finding.rule == format!("test-report/{rule}"));
    if is("lost-shard") {
        return Some("a shard was lost");
    }
    if is("error") || inputs.is_empty() {
        return Some("not all results could be read");
    }
    if missing == Some(0) {
        return None;
    }
    if missing.is_some() {
        return Some("tests on the list are missing");
    }
    let mut troubles = inputs.iter().flat_map(|input| &input.run.troubles);
    if troubles.next().is_some() || inputs.iter().any(|input| input.run.counts().not_run > 0) {
        return Some("the run did not come to its end");
    }
    let failed =
        outcomes.iter().any(|outcome| !outcome.success) || inputs.iter().any(|input| input.run.is_red());
    failed.then_some("the run failed, perhaps at the first failure")
}
