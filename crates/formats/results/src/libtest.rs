//! What Rust's test programs print: text, and `--format json`, of which every line is an event.
//!
//! A log holds those of several programs in turn, so that only within one a missing end is seen.

use lw_hashed::HashMap;
use serde::Deserialize;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};
use crate::lines::Lines;
use crate::model::{Attempt, Case, Counts, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, clean, seconds, short};
use crate::words::{self, LIBTEST, TEXT};

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    event: Option<String>,
    name: Option<String>,
    test_count: Option<u64>,
    message: Option<String>,
    reason: Option<String>,
    stdout: Option<String>,
    exec_time: Option<f64>,
    passed: Option<u64>,
    failed: Option<u64>,
}

/// A program whose tests are being told.
struct Open {
    planned: u64,
    /// Tests that have begun and not ended, by name.
    running: HashMap<String, usize>,
}

pub(crate) fn read_json(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut run = Run::new(Format::LibtestJson, End::Open);
    let mut open: Option<Open> = None;
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next() {
        if !line.trim_ascii_start().starts_with(b"{") {
            // Programs that are not libtest's print what they like.
            run.oddities.add(OddityKind::Line, u64::from(!line.trim_ascii().is_empty()), || lines.number);
            continue;
        }
        let event: Event = serde_json::from_slice(line).map_err(|error| {
            let problem = if lines.ended {
                Problem::Syntax(error.to_string())
            } else {
                Problem::Truncated("its last line does")
            };
            lines.error(Format::LibtestJson, problem)
        })?;
        let word = event.event.as_deref().unwrap_or_default();
        match (&*event.kind, word) {
            ("suite", "started") => {
                close(&mut run, open.take(), None);
                run.suites.push(Suite::default());
                open = Some(Open { planned: event.test_count.unwrap_or(0), running: HashMap::new() });
            }
            ("suite", "ok" | "failed") => {
                run.took(event.exec_time.and_then(|time| std::time::Duration::try_from_secs_f64(time).ok()));
                let claims = (event.passed.unwrap_or(0), event.failed.unwrap_or(0), word == "failed");
                close(&mut run, open.take(), Some(claims));
            }
            ("suite", _) => return Err(lines.error(Format::LibtestJson, unknown(word))),
            ("test" | "bench", _) => {
                let (Some(name), Some(suite), Some(open)) = (&event.name, run.suites.last_mut(), &mut open)
                else {
                    return Err(lines.error(Format::LibtestJson, Problem::Missing("the suite around a test")));
                };
                if word == "started" {
                    let (short, _) = short(name.as_bytes());
                    suite.cases.push(Case::new(
                        "",
                        short,
                        Attempt::new(State::Error).because("it did not end"),
                    ));
                    open.running.insert(name.clone(), suite.cases.len() - 1);
                    continue;
                }
                let state = match words::meaning(LIBTEST, "event", word) {
                    _ if event.kind == "bench" => State::Passed,
                    Some(words::Meaning::Is(state)) => state,
                    // It is slow, and goes on.
                    Some(_) => continue,
                    None => return Err(lines.error(Format::LibtestJson, unknown(word))),
                };
                let at = open.running.remove(name).unwrap_or_else(|| {
                    suite.cases.push(Case::new("", short(name.as_bytes()).0, Attempt::new(state)));
                    suite.cases.len() - 1
                });
                let Some(case) = suite.cases.get_mut(at) else { continue };
                case.last = Attempt::new(state);
                case.last.duration =
                    event.exec_time.and_then(|time| std::time::Duration::try_from_secs_f64(time).ok());
                if state != State::Passed {
                    let mut output = Excerpt::of_output();
                    output.push(event.stdout.as_deref().unwrap_or_default().as_bytes());
                    let (output, replaced) = output.finish();
                    run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
                    let message = event.message.or(event.reason).unwrap_or_default();
                    let message = if message.is_empty() { panic_of(&output) } else { message };
                    let message = short(message.as_bytes()).0;
                    case.last.evidence = Some(Box::new(Evidence { message, output, ..Evidence::default() }));
                }
            }
            // A report of documentation tests, and what later versions may add.
            ("report" | "coverage", _) => {}
            (kind, _) => return Err(lines.error(Format::LibtestJson, unknown(kind))),
        }
    }
    close(&mut run, open, None);
    run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(run)
}

fn unknown(word: &str) -> Problem {
    Problem::UnknownWord { place: "event of libtest", word: word.to_owned() }
}

/// The line of a panic, which says what a test found.
fn panic_of(output: &str) -> String {
    let mut lines = output.lines().skip_while(|line| !line.contains("panicked at "));
    let at = lines.next().unwrap_or_default();
    match lines.next() {
        Some(message) if !message.is_empty() => format!("{message} ({})", at.trim_end_matches(':')),
        _ if at.is_empty() => {
            output.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
        }
        _ => at.to_owned(),
    }
}

/// Ends a program, whose summary claims so many passed and failed; without one, it crashed or was stopped.
fn close(run: &mut Run, open: Option<Open>, claims: Option<(u64, u64, bool)>) {
    let Some(open) = open else { return };
    let Some(suite) = run.suites.last() else { return };
    let name = suite.name.clone();
    let mut counts = Counts::default();
    suite.cases.iter().for_each(|case| counts.add(case));
    let missing = open.planned.saturating_sub(counts.total());
    match claims {
        None => {
            let running: Vec<&str> = suite
                .cases
                .iter()
                .filter(|case| case.state() == State::Error)
                .map(|case| &*case.name)
                .collect();
            let while_ = match running.as_slice() {
                [] => String::new(),
                [name, ..] => format!(" while {name} ran"),
            };
            run.unnamed_not_run += missing;
            let message = format!("the test program has no end: it crashed or was stopped{while_}");
            run.trouble(TroubleKind::Crash, &name, Evidence::message(message));
        }
        Some((passed, failed, is_red)) => {
            let bad = counts.failed + counts.errors;
            if passed > counts.passed || failed > bad || missing > 0 || (is_red && bad == 0) {
                let message = format!(
                    "{} tests are planned, {passed} passed and {failed} failed, it says; {} are told, {} passed and {bad} failed",
                    open.planned,
                    counts.total(),
                    counts.passed
                );
                run.trouble(TroubleKind::Promise, &name, Evidence::message(message));
            }
        }
    }
}

/// Whether only the text of libtest has this line.
pub(crate) fn is_start(line: &[u8]) -> bool {
    planned(&String::from_utf8_lossy(line)).is_some()
}

/// `running 3 tests`.
fn planned(line: &str) -> Option<u64> {
    let (number, tests) = line.strip_prefix("running ")?.split_once(' ')?;
    matches!(tests.trim_end(), "test" | "tests").then(|| number.parse().ok()).flatten()
}

pub(crate) fn read_text(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut run = Run::new(Format::LibtestText, End::Open);
    let mut open: Option<Open> = None;
    let mut name: Box<str> = Box::default();
    // The test whose line has no result yet, and the one whose output is told.
    let mut pending: Option<usize> = None;
    let mut told: Option<(usize, Excerpt)> = None;
    let mut lines = Lines::new(bytes);
    while let Some(line) = lines.next() {
        let (line, _) = clean(line.get(..4096).unwrap_or(line));
        if let Some(program) = program(&line) {
            name = program.into();
        }
        if let Some(planned) = planned(&line) {
            close(&mut run, open.take(), None);
            run.suites.push(Suite { name: std::mem::take(&mut name), cases: Vec::new() });
            open = Some(Open { planned, running: HashMap::new() });
            (pending, told) = (None, None);
            continue;
        }
        let (Some(suite), Some(program)) = (run.suites.last_mut(), &mut open) else { continue };
        if let Some(rest) = line.strip_prefix("test result: ") {
            tell(told.take(), suite);
            let claim = |word: &str| {
                rest.split(['.', ';'])
                    .filter_map(|part| part.trim().strip_suffix(word))
                    .find_map(|n| n.trim().parse().ok())
            };
            if !lines.ended && !rest.contains("filtered out") {
                return Err(lines.error(Format::LibtestText, Problem::Truncated("the end of its summary")));
            }
            let is_red = match rest.split('.').next() {
                Some("ok") => false,
                Some("FAILED") => true,
                word => return Err(lines.error(Format::LibtestText, unknown(word.unwrap_or_default()))),
            };
            run.took(rest.rsplit_once("; finished in ").and_then(|(_, time)| seconds(time)));
            let claims = (claim(" passed").unwrap_or(0), claim(" failed").unwrap_or(0), is_red);
            close(&mut run, open.take(), Some(claims));
            continue;
        }
        if let Some(section) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" ----")) {
            tell(told.take(), suite);
            let wanted = section.rsplit_once(' ').map_or(section, |(name, _)| name);
            let at = suite.cases.iter().position(|case| &*case.name == wanted && case.state().is_bad());
            told = at.map(|at| (at, Excerpt::of_output()));
            continue;
        }
        if line == "failures:" || line == "successes:" {
            tell(told.take(), suite);
            continue;
        }
        if let Some((_, excerpt)) = &mut told {
            excerpt.push_line(line.as_bytes());
            continue;
        }
        let test = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "));
        if let Some((test, word)) =
            test.or_else(|| Some((line.strip_prefix("test ")?.strip_suffix(" ...")?, "")))
        {
            let test = test.strip_suffix(" - should panic").unwrap_or(test);
            let attempt = outcome(word);
            pending = attempt.is_none().then_some(suite.cases.len());
            let attempt = attempt.unwrap_or_else(|| Attempt::new(State::Error).because("it did not end"));
            suite.cases.push(Case::new("", short(test.as_bytes()).0, attempt));
        } else if let Some(at) = pending {
            // What a test prints with --nocapture stands between its name and its result.
            if let Some((case, attempt)) = suite.cases.get_mut(at).zip(outcome(&line)) {
                case.last = attempt;
                pending = None;
            }
        }
        let _ = program;
    }
    if open.is_none() && run.suites.is_empty() {
        return Err(lines.error(Format::LibtestText, Problem::Missing("`running N tests`")));
    }
    if let Some(suite) = run.suites.last_mut() {
        tell(told, suite);
    }
    close(&mut run, open, None);
    run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(run)
}

/// The output of a failed test, told after all tests.
fn tell(told: Option<(usize, Excerpt)>, suite: &mut Suite) {
    let Some((at, excerpt)) = told else { return };
    if let Some(case) = suite.cases.get_mut(at) {
        let (output, _) = excerpt.finish();
        let message = short(panic_of(&output).as_bytes()).0;
        case.last.evidence = Some(Box::new(Evidence { message, output, ..Evidence::default() }));
    }
}

/// `ok`, `FAILED`, `ignored, reason`, each with `<0.1s>` behind it perhaps; or a benchmark.
fn outcome(text: &str) -> Option<Attempt> {
    let text = text.trim();
    if text.starts_with("bench:") {
        return Some(Attempt::new(State::Passed));
    }
    let (text, time) = match text.strip_suffix('>').and_then(|text| text.rsplit_once(" <")) {
        Some((text, time)) => (text, seconds(time)),
        None => (text, None),
    };
    let (word, reason) = text.split_once(", ").unwrap_or((text, ""));
    let known = words::WORDS.iter().find(|known| known.format == TEXT && known.word == word)?;
    let words::Meaning::Is(state) = known.meaning else { return None };
    let mut attempt = Attempt { duration: time, ..Attempt::new(state) };
    if !reason.is_empty() {
        attempt = attempt.because(short(reason.as_bytes()).0);
    }
    Some(attempt)
}

/// Cargo's line before the tests of a program: `     Running tests/a.rs (target/…)`, `   Doc-tests name`.
fn program(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("Running ") {
        return Some(rest.split_once(" (").map_or(rest, |(name, _)| name));
    }
    line.strip_prefix("Doc-tests ")
}
