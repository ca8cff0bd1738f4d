//! The results that embedded build systems write: PlatformIO's JSON and Zephyr's `twister.json`.

use std::time::Duration;

use lw_syntax::tree::Fault;
use lw_syntax::{Position, json};
use serde::Deserialize;

use crate::detect::Format;
use crate::error::{Problem, ResultsError};
use crate::model::{Attempt, Case, End, Evidence, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, seconds, short};
use crate::words::{self, PLATFORMIO, TWISTER};

fn malformed(format: Format, bytes: &[u8], fault: &Fault) -> ResultsError {
    let at = fault.position(bytes);
    let problem = if fault.is_cut_off() {
        Problem::Truncated("its last bracket")
    } else {
        Problem::Syntax(fault.reason().to_owned())
    };
    ResultsError::Malformed { format, at, problem }
}

/// The state a word says; the error has the line of the word's first use.
fn state(
    format: Format,
    table: &'static str,
    word: &str,
    bytes: &[u8],
) -> Result<(State, bool), ResultsError> {
    words::state(table, "status", word).ok_or_else(|| {
        let quoted = serde_json::to_string(word).unwrap_or_default();
        let at = memchr::memmem::find(bytes, quoted.as_bytes()).unwrap_or(0);
        let word = short(word.as_bytes()).0.into();
        ResultsError::Malformed {
            format,
            at: Position::of(bytes, at),
            problem: Problem::UnknownWord { place: "status", word },
        }
    })
}

fn output(text: Option<&str>) -> Box<str> {
    let mut excerpt = Excerpt::of_output();
    excerpt.push(text.unwrap_or_default().as_bytes());
    excerpt.finish().0
}

#[derive(Deserialize)]
struct PlatformIo {
    testcase_nums: Option<u64>,
    test_suites: Vec<PlatformIoSuite>,
}

#[derive(Deserialize)]
struct PlatformIoSuite {
    env_name: String,
    test_name: String,
    status: String,
    #[serde(default)]
    test_cases: Vec<PlatformIoCase>,
}

#[derive(Deserialize)]
struct PlatformIoCase {
    name: String,
    status: String,
    message: Option<String>,
    stdout: Option<String>,
    duration: Option<f64>,
    exception: Option<String>,
    source: Option<PlatformIoSource>,
}

#[derive(Deserialize)]
struct PlatformIoSource {
    file: Option<String>,
    line: Option<u32>,
}

/// What `pio test --json-output-path` writes (`platformio/test/reports/json.py`).
pub(crate) fn read_platformio(bytes: &[u8]) -> Result<Run, ResultsError> {
    let format = Format::PlatformIo;
    let read: PlatformIo = json::from_slice(bytes).map_err(|fault| malformed(format, bytes, &fault))?;
    let mut run = Run::new(format, End::Marked);
    for one in read.test_suites {
        let name = format!("{}:{}", one.env_name, one.test_name);
        let (said, _) = state(format, PLATFORMIO, &one.status, bytes)?;
        let mut suite =
            Suite { name: short(name.as_bytes()).0, cases: Vec::with_capacity(one.test_cases.len()) };
        for case in one.test_cases {
            let (is, warned) = state(format, PLATFORMIO, &case.status, bytes)?;
            let mut attempt = Attempt { warned, ..Attempt::new(is) };
            attempt.duration = case.duration.and_then(|time| Duration::try_from_secs_f64(time).ok());
            let message = case.message.or(case.exception).unwrap_or_default();
            if is != State::Passed {
                let output = output(case.stdout.as_deref());
                let message = short(message.as_bytes()).0;
                attempt.evidence = Some(Box::new(Evidence { message, output, ..Evidence::default() }));
            }
            let mut read = Case::new(suite.name.clone(), short(case.name.as_bytes()).0, attempt);
            if let Some(source) = case.source {
                read.file = source.file.map(|file| short(file.as_bytes()).0);
                read.line = source.line.filter(|line| *line > 0);
            }
            suite.cases.push(read);
        }
        explain(&mut run, said, &suite, None);
        run.suites.push(suite);
    }
    let told = run.counts().total();
    if let Some(claimed) = read.testcase_nums.filter(|claimed| *claimed > told) {
        let message = format!("the header has {claimed} tests, and there are {told}");
        run.trouble(TroubleKind::Promise, "", Evidence::message(message));
    }
    run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(run)
}

/// A suite that is red though none of its tests is: it crashed, could not be built, or did not end.
fn explain(run: &mut Run, said: State, suite: &Suite, reason: Option<&str>) {
    if said.is_bad() && !suite.cases.iter().any(|case| case.state().is_bad()) {
        let reason = reason.filter(|reason| !reason.is_empty()).unwrap_or("none of its tests says why");
        let message =
            format!("the suite is {}: {reason}", if said == State::Failed { "failed" } else { "an error" });
        let kind = if reason.to_ascii_lowercase().contains("build") {
            TroubleKind::Build
        } else {
            TroubleKind::Suite
        };
        let place = suite.name.clone();
        run.trouble(kind, &place, Evidence::message(short(message.as_bytes()).0));
    }
}

#[derive(Deserialize)]
struct Twister {
    testsuites: Vec<TwisterSuite>,
}

#[derive(Deserialize)]
struct TwisterSuite {
    name: String,
    platform: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    log: Option<String>,
    #[serde(default)]
    retries: u64,
    #[serde(default)]
    testcases: Vec<TwisterCase>,
}

#[derive(Deserialize)]
struct TwisterCase {
    identifier: String,
    status: Option<String>,
    reason: Option<String>,
    execution_time: Option<serde_json::Value>,
    log: Option<String>,
}

/// What Zephyr's twister writes (`scripts/pylib/twister/twisterlib/reports.py`).
pub(crate) fn read_twister(bytes: &[u8]) -> Result<Run, ResultsError> {
    let format = Format::Twister;
    let read: Twister = json::from_slice(bytes).map_err(|fault| malformed(format, bytes, &fault))?;
    let mut run = Run::new(format, End::Marked);
    for one in read.testsuites {
        let name = match &one.platform {
            Some(platform) => format!("{platform}: {}", one.name),
            None => one.name.clone(),
        };
        // No status at all is a suite that never ran to its end.
        let (said, _) = state(format, TWISTER, one.status.as_deref().unwrap_or("none"), bytes)?;
        let mut suite =
            Suite { name: short(name.as_bytes()).0, cases: Vec::with_capacity(one.testcases.len()) };
        for case in one.testcases {
            let (is, _) = state(format, TWISTER, case.status.as_deref().unwrap_or("none"), bytes)?;
            // What a filter leaves out was never a test of this platform.
            if said == State::Skipped && one.status.as_deref() == Some("filtered") {
                continue;
            }
            let mut attempt = Attempt::new(is);
            attempt.duration = match case.execution_time {
                Some(serde_json::Value::String(text)) => seconds(&text),
                Some(serde_json::Value::Number(number)) => seconds(&number.to_string()),
                _ => None,
            };
            if is != State::Passed {
                let log = case.log.as_deref().or(one.log.as_deref().filter(|_| is.is_bad()));
                let reason = case.reason.as_deref().or(one.reason.as_deref()).unwrap_or_default();
                let message = short(reason.as_bytes()).0;
                attempt.evidence =
                    Some(Box::new(Evidence { message, output: output(log), ..Evidence::default() }));
            }
            let mut read = Case::new(suite.name.clone(), short(case.identifier.as_bytes()).0, attempt);
            if one.retries > 0 && is == State::Passed {
                // Which attempts there were is not told, only that there were.
                read.earlier.push(Attempt::new(State::Failed).because("an earlier attempt of the suite"));
            }
            suite.cases.push(read);
        }
        explain(&mut run, said, &suite, one.reason.as_deref());
        run.suites.push(suite);
    }
    run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(run)
}
