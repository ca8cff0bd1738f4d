//! JUnit XML, of which every tool writes a dialect.
//!
//! There is no standard; the closest to one is the schema of Ant's task and of the Jenkins plugin. What the dialects have
//! in common: `testcase` elements in `testsuite` elements, which nest; a case that has neither `failure` nor `error` nor
//! `skipped` passed. What they do not is told apart here, by the words of [`crate::WORDS`] and by the marks each tool leaves.

use lw_hashed::HashSet;
use lw_syntax::xml::{Element, Node, Value, Xml, XmlError, resolve};

use crate::detect::{Format, decoded};
use crate::error::{Problem, ResultsError};
use crate::merge::collapse;
use crate::model::{Attempt, Case, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, seconds, short};
use crate::words::{self, JUNIT, JUNIT_RESULT, JUNIT_STATUS};

/// Suites nest, but not this deep.
const MAX_DEPTH: usize = 100;

pub(crate) fn read(bytes: &[u8]) -> Result<Run, ResultsError> {
    let text = decoded(Format::Junit, bytes)?;
    let bytes = text.as_deref().unwrap_or(bytes);
    let mut reader = Reader {
        xml: Xml::new(bytes, MAX_DEPTH),
        run: Run::new(Format::Junit, End::Marked),
        stack: Vec::new(),
        suites: Vec::new(),
        case: None,
        trouble: None,
        rooted: false,
        suites_are_below_root: false,
        root_told: false,
    };
    loop {
        let node = reader.xml.next().map_err(|error| reader.xml_error(error))?;
        match node {
            Node::Open(element) => reader.open(&element)?,
            Node::Close(_) => reader.close(),
            Node::Text(text) => reader.text(&text)?,
            Node::End if !reader.rooted => return Err(reader.error(Problem::Missing("the root element"))),
            Node::End => break,
        }
    }
    // Suites end after the suites within them; they are told in the order in which they began.
    reader.run.suites.retain(|suite| !suite.cases.is_empty());
    Ok(reader.run)
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Root,
    Suite,
    Case,
    /// `failure`, `error`, `skipped`, `warning` of the case.
    Outcome(Outcome),
    /// An earlier or later attempt of the case.
    Rerun,
    /// `failure` or `error` of a suite.
    Trouble,
    Output,
    /// The trace of a rerun.
    Trace,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Failure,
    Error,
    Skipped,
    Warning,
}

struct Reader<'a> {
    xml: Xml<'a>,
    run: Run,
    stack: Vec<Inside>,
    suites: Vec<OpenSuite>,
    case: Option<OpenCase>,
    trouble: Option<(Box<str>, Excerpt)>,
    rooted: bool,
    /// The root is a `testsuites` …
    suites_are_below_root: bool,
    /// … that says how long the run took.
    root_told: bool,
}

/// A suite, or the root, that has not ended.
struct OpenSuite {
    /// Its place in the run; the root's cases are in one without a name.
    at: usize,
    name: Box<str>,
    claimed_tests: Option<u64>,
    claimed_bad: u64,
    /// Tests and bad elements in it and in the suites within.
    tests: u64,
    bad: u64,
    counts_assertions: bool,
}

/// A test case that has not ended.
struct OpenCase {
    case: Case,
    said: Option<(State, bool)>,
    not_run: bool,
    suppressed: bool,
    failures: u64,
    errors: u64,
    skipped: bool,
    expected_failure: bool,
    unexpected_pass: bool,
    risky: bool,
    warned: bool,
    message: Box<str>,
    skip_message: Box<str>,
    detail: Excerpt,
    output: Excerpt,
    /// Attempts that failed before the one that decides, and after the first.
    flaky: Vec<Attempt>,
    reruns: Vec<Attempt>,
    rerun: Option<(bool, Attempt, Excerpt, Excerpt)>,
}

impl<'a> Reader<'a> {
    fn error(&self, problem: Problem) -> ResultsError {
        ResultsError::Malformed { format: Format::Junit, at: self.xml.position(), problem }
    }

    fn xml_error(&self, error: XmlError) -> ResultsError {
        self.error(of_xml(error))
    }

    fn string(&mut self, value: &Value<'_>) -> Result<Box<str>, ResultsError> {
        let Some(value) = value else { return Ok(Box::default()) };
        let raw = String::from_utf8_lossy(value);
        let text = resolve(&raw).map_err(|error| self.xml_error(error))?;
        let (text, replaced) = short(text.as_bytes());
        self.odd(OddityKind::Replaced, replaced);
        Ok(text)
    }

    fn odd(&mut self, kind: OddityKind, times: u64) {
        let xml = &self.xml;
        self.run.oddities.add(kind, times, || xml.line());
    }

    fn count(value: &Value<'_>) -> Option<u64> {
        std::str::from_utf8(value.as_deref()?).ok()?.trim().parse().ok()
    }

    fn open(&mut self, element: &Element<'_>) -> Result<(), ResultsError> {
        let parent = self.stack.last().copied();
        let inside = match (parent, element.name()) {
            (None, b"testsuites") if !self.rooted => {
                self.rooted = true;
                self.open_suite(element, true)?;
                Inside::Root
            }
            (None, b"testsuite") if !self.rooted => {
                self.rooted = true;
                self.open_suite(element, false)?;
                Inside::Suite
            }
            (None, _) => return Err(self.error(Problem::Syntax("a second root element".into()))),
            (Some(Inside::Root | Inside::Suite), b"testsuite" | b"testsuites") => {
                self.open_suite(element, false)?;
                Inside::Suite
            }
            (Some(Inside::Root | Inside::Suite), b"testcase") => {
                self.open_case(element)?;
                Inside::Case
            }
            (Some(Inside::Root | Inside::Suite), b"failure" | b"error") => {
                let values = element.values(["message"]).map_err(|error| self.xml_error(error))?;
                let [message] = &values;
                let message = self.string(message)?;
                self.trouble = Some((message, Excerpt::default()));
                Inside::Trouble
            }
            (Some(Inside::Case), name) => self.open_in_case(element, name)?,
            (Some(Inside::Rerun), b"system-out" | b"system-err") => Inside::Output,
            (Some(Inside::Rerun), _) => Inside::Trace,
            (Some(other @ (Inside::Outcome(_) | Inside::Trouble | Inside::Trace | Inside::Output)), _) => {
                other
            }
            (Some(_), _) => Inside::Other,
        };
        self.stack.push(inside);
        Ok(())
    }

    fn open_suite(&mut self, element: &Element<'_>, is_root: bool) -> Result<(), ResultsError> {
        let values = element
            .values(["name", "tests", "failures", "errors", "doctest_version", "hostname", "time"])
            .map_err(|error| self.xml_error(error))?;
        let [name, tests, failures, errors, doctest, hostname, time] = &values;
        // What the root says is of the whole run; without it the suites are taken to have run in turn.
        if self.suites.is_empty() || (self.suites.len() == 1 && !self.root_told && self.suites_are_below_root)
        {
            let told = time.as_deref().and_then(|time| seconds(&String::from_utf8_lossy(time)));
            // Nothing takes no time at all: what says so does not measure it.
            let told = told.filter(|time| !time.is_zero());
            self.run.took(told);
            self.root_told |= is_root && told.is_some();
        }
        self.suites_are_below_root |= is_root;
        let name = if is_root { Box::default() } else { self.string(name)? };
        let name = match self.suites.last() {
            Some(parent) if !parent.name.is_empty() => format!("{} › {name}", parent.name).into(),
            _ => name,
        };
        let number = |value: &Value<'_>| Self::count(value).unwrap_or(0);
        self.suites.push(OpenSuite {
            at: self.run.suites.len(),
            name: name.clone(),
            claimed_tests: Self::count(tests),
            claimed_bad: number(failures).saturating_add(number(errors)),
            tests: 0,
            bad: 0,
            counts_assertions: doctest.is_some() || hostname.as_deref() == Some(b"tbd"),
        });
        self.run.suites.push(Suite { name, cases: Vec::new() });
        Ok(())
    }

    fn open_case(&mut self, element: &Element<'_>) -> Result<(), ResultsError> {
        let values = element
            .values(["name", "classname", "time", "status", "result", "file", "line", "class"])
            .map_err(|error| self.xml_error(error))?;
        let [name, classname, time, status, result, file, line, class] = &values;
        let name = self.string(name)?;
        let classname = self.string(if classname.is_some() { classname } else { class })?;
        let mut case = Case::new(classname, name, Attempt::new(State::Passed));
        case.file = Some(self.string(file)?).filter(|file| !file.is_empty());
        case.line = Self::count(line).and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0);
        if let Some(time) =
            time.as_deref().map(String::from_utf8_lossy).filter(|time| !time.trim().is_empty())
        {
            case.last.duration = seconds(&time);
            self.odd(OddityKind::Duration, u64::from(case.last.duration.is_none()));
        }
        let mut said = None;
        let mut not_run = false;
        let mut suppressed = false;
        for (place, value) in [(JUNIT_STATUS, status), (JUNIT_RESULT, result)] {
            let text = self.string(value)?;
            if text.is_empty() {
                continue;
            }
            match words::meaning(JUNIT, place, &text) {
                Some(words::Meaning::Decided) => not_run = true,
                Some(_) => {
                    suppressed |= text.eq_ignore_ascii_case("suppressed");
                    said = said.max(words::state(JUNIT, place, &text));
                }
                None => return Err(self.error(Problem::UnknownWord { place, word: text.into() })),
            }
        }
        // Catch2 counts assertions, and has `run` for every case but no `result`; its classes begin with the suite's name.
        if status.as_deref() == Some(b"run")
            && result.is_none()
            && let Some(suite) = self.suites.last_mut()
        {
            let below = case.class.strip_prefix(&*suite.name);
            suite.counts_assertions |= below.is_some_and(|rest| rest.starts_with('.'));
        }
        self.case = Some(OpenCase {
            case,
            said,
            not_run,
            suppressed,
            failures: 0,
            errors: 0,
            skipped: false,
            expected_failure: false,
            unexpected_pass: false,
            risky: false,
            warned: false,
            message: Box::default(),
            skip_message: Box::default(),
            detail: Excerpt::default(),
            output: Excerpt::of_output(),
            flaky: Vec::new(),
            reruns: Vec::new(),
            rerun: None,
        });
        Ok(())
    }

    fn open_in_case(&mut self, element: &Element<'_>, name: &[u8]) -> Result<Inside, ResultsError> {
        let outcome = match name {
            b"failure" => Outcome::Failure,
            b"error" => Outcome::Error,
            b"skipped" | b"ignored" | b"disabled" => Outcome::Skipped,
            // PHPUnit up to 9.
            b"warning" => Outcome::Warning,
            b"flakyFailure" | b"flakyError" | b"rerunFailure" | b"rerunError" => {
                let values = element.values(["message", "time"]).map_err(|error| self.xml_error(error))?;
                let [message, time] = &values;
                let message = self.string(message)?;
                let state = if name.ends_with(b"Error") { State::Error } else { State::Failed };
                let mut attempt = Attempt::new(state).because(message);
                attempt.duration = time.as_deref().and_then(|time| seconds(&String::from_utf8_lossy(time)));
                let is_flaky = name.starts_with(b"flaky");
                if let Some(case) = &mut self.case {
                    case.rerun = Some((is_flaky, attempt, Excerpt::default(), Excerpt::of_output()));
                }
                return Ok(Inside::Rerun);
            }
            b"system-out" | b"system-err" => return Ok(Inside::Output),
            b"testcase" | b"testsuite" => {
                return Err(self.error(Problem::Syntax("a test case has another one within it".into())));
            }
            b"properties" | b"attachments" | b"description" | b"parameters" => return Ok(Inside::Other),
            _ => {
                self.odd(OddityKind::Element, 1);
                return Ok(Inside::Other);
            }
        };
        let values = element.values(["message", "type"]).map_err(|error| self.xml_error(error))?;
        let [message, kind] = &values;
        let (message, kind) = (self.string(message)?, self.string(kind)?);
        let bad = matches!(outcome, Outcome::Failure | Outcome::Error);
        if let Some(suite) = self.suites.last_mut().filter(|_| bad) {
            suite.bad += 1;
        }
        let Some(case) = &mut self.case else { return Ok(Inside::Other) };
        match outcome {
            // PHPUnit: a risky test passed, and PHPUnit itself ends with 0 for it.
            Outcome::Error if &*kind == "PHPUnit\\Framework\\RiskyTestError" => case.risky = true,
            Outcome::Failure => case.failures += 1,
            Outcome::Error => case.errors += 1,
            Outcome::Skipped => {
                case.skipped = true;
                // Catch2 and node:test write the failure that was expected beside it.
                case.expected_failure |= &*message == "TEST_CASE tagged with !mayfail"
                    || matches!(&*kind, "todo" | "pytest.xfail");
                // nose2 skips what passed though it should fail, and counts it as a failure.
                case.unexpected_pass |= &*message == "test passes unexpectedly";
                case.skip_message = if message.is_empty() { kind.clone() } else { message.clone() };
            }
            Outcome::Warning => case.warned = true,
        }
        if bad && case.message.is_empty() {
            case.message = if message.is_empty() { kind } else { message };
        }
        Ok(Inside::Outcome(outcome))
    }

    fn text(&mut self, text: &[u8]) -> Result<(), ResultsError> {
        match self.stack.last() {
            None if text.trim_ascii().is_empty() => {}
            None => return Err(self.error(Problem::Syntax("text outside of the root element".into()))),
            Some(Inside::Outcome(Outcome::Skipped)) => {
                if let Some(case) = self.case.as_mut().filter(|case| case.skip_message.is_empty()) {
                    case.skip_message = short(text.trim_ascii()).0;
                }
            }
            Some(Inside::Outcome(_)) => {
                if let Some(case) = &mut self.case {
                    case.detail.push(text);
                }
            }
            Some(Inside::Output) => match &mut self.case {
                Some(OpenCase { rerun: Some((.., output)), .. }) => output.push(text),
                Some(case) => case.output.push(text),
                None => {}
            },
            Some(Inside::Rerun | Inside::Trace) => {
                if let Some(OpenCase { rerun: Some((_, _, detail, _)), .. }) = &mut self.case {
                    detail.push(text);
                }
            }
            Some(Inside::Trouble) => {
                if let Some((_, detail)) = &mut self.trouble {
                    detail.push(text);
                }
            }
            Some(Inside::Root | Inside::Suite | Inside::Case | Inside::Other) => {}
        }
        Ok(())
    }

    fn close(&mut self) {
        let closed = self.stack.pop();
        // The end of an element within another one of its kind ends nothing.
        if closed == self.stack.last().copied() && closed != Some(Inside::Suite) {
            return;
        }
        match closed {
            Some(Inside::Case) => self.close_case(),
            Some(Inside::Rerun) => self.close_rerun(),
            Some(Inside::Trouble) => {
                if let (Some((message, detail)), Some(suite)) = (self.trouble.take(), self.suites.last_mut())
                {
                    suite.bad += 1;
                    let (detail, replaced) = detail.finish();
                    let (place, evidence) =
                        (suite.name.clone(), Evidence { message, detail, ..Evidence::default() });
                    self.run.trouble(TroubleKind::Suite, &place, evidence);
                    self.odd(OddityKind::Replaced, replaced);
                }
            }
            Some(Inside::Root | Inside::Suite) => self.close_suite(),
            _ => {}
        }
    }

    fn close_rerun(&mut self) {
        let Some(case) = &mut self.case else { return };
        let Some((is_flaky, mut attempt, detail, output)) = case.rerun.take() else { return };
        let (detail, replaced) = detail.finish();
        let (output, more) = output.finish();
        let evidence = attempt.evidence.get_or_insert_default();
        (evidence.detail, evidence.output) = (detail, output);
        if is_flaky { &mut case.flaky } else { &mut case.reruns }.push(attempt);
        self.odd(OddityKind::Replaced, replaced + more);
    }

    fn close_case(&mut self) {
        let Some(open) = self.case.take() else { return };
        let state = open.state();
        let mut case = open.case;
        case.last.state = state;
        case.last.warned = state == State::Passed
            && (open.risky || open.warned || open.said.is_some_and(|(_, warned)| warned));
        let mut replaced = 0;
        if state != State::Passed || case.last.warned {
            let (detail, one) = open.detail.finish();
            // What a skipped test printed tells nobody anything.
            let (output, two) = if state.is_bad() { open.output.finish() } else { Default::default() };
            replaced = one + two;
            let is_skip = matches!(state, State::Skipped | State::NotRun) || open.unexpected_pass;
            let message =
                if is_skip && !open.skip_message.is_empty() { open.skip_message } else { open.message };
            if !(message.is_empty() && detail.is_empty() && output.is_empty()) {
                case.last.evidence = Some(Box::new(Evidence { message, detail, output }));
            }
        }
        case.earlier = open.flaky;
        if !open.reruns.is_empty() {
            // The case itself has the first failure, the elements the later ones; the last decides, which failed as well.
            let mut reruns = open.reruns;
            if let Some(last) = reruns.pop() {
                case.earlier.push(std::mem::replace(&mut case.last, last));
                case.earlier.append(&mut reruns);
            }
        }
        if let Some(suite) = self.suites.last_mut() {
            suite.tests += 1;
            let at = suite.at;
            if let Some(suite) = self.run.suites.get_mut(at) {
                suite.cases.push(case);
            }
        }
        self.odd(OddityKind::Replaced, replaced);
    }

    fn close_suite(&mut self) {
        let Some(open) = self.suites.pop() else { return };
        if let Some(suite) = self.run.suites.get_mut(open.at) {
            // The header of pytest-rerunfailures counts tests, its body attempts.
            let records = suite.cases.len() as u64;
            if let Some(claimed) =
                open.claimed_tests.filter(|claimed| *claimed < records && open.tests == records)
            {
                let names: HashSet<(&str, &str)> =
                    suite.cases.iter().map(|case| (&*case.class, &*case.name)).collect();
                if names.len() as u64 == claimed {
                    collapse(&mut suite.cases);
                }
            }
        }
        let mut missing = Vec::new();
        if let Some(claimed) =
            open.claimed_tests.filter(|claimed| *claimed > open.tests && !open.counts_assertions)
        {
            missing.push(format!("{claimed} tests, and there are {}", open.tests));
        }
        if open.claimed_bad > open.bad {
            missing.push(format!("{} failures and errors, and there are {}", open.claimed_bad, open.bad));
        }
        // What a suite promises is promised again by those around it; once told is enough.
        if !missing.is_empty() && !self.run.troubles.iter().any(|one| one.kind == TroubleKind::Promise) {
            let message = format!("the header has {}", missing.join("; it has "));
            self.run.trouble(TroubleKind::Promise, &open.name, Evidence::message(message));
        }
        if let Some(parent) = self.suites.last_mut() {
            parent.tests += open.tests;
            parent.bad += open.bad;
            parent.counts_assertions |= open.counts_assertions;
        }
    }
}

impl OpenCase {
    /// The worst of what is said.
    fn state(&self) -> State {
        let said = self.said.map(|(state, _)| state);
        // A failure that was expected is none.
        if self.expected_failure && self.errors == 0 {
            return State::Skipped;
        }
        let body = if self.errors > 0 {
            State::Error
        } else if self.failures > 0 || self.unexpected_pass {
            State::Failed
        } else if self.not_run && !self.suppressed {
            let wanted = ["SKIP_RETURN_CODE", "SKIP_REGULAR_EXPRESSION_MATCHED"];
            let is_wanted = wanted.iter().any(|word| self.skip_message.starts_with(word));
            // Older googletest has `notrun` alone, for what is disabled.
            if is_wanted || !self.skipped { State::Skipped } else { State::NotRun }
        } else if self.skipped {
            State::Skipped
        } else {
            State::Passed
        };
        said.map_or(body, |said| said.max(body))
    }
}

pub(crate) fn of_xml(error: XmlError) -> Problem {
    match error {
        XmlError::Syntax(text) => Problem::Syntax(text),
        XmlError::TooDeep(most) => Problem::TooDeep(most),
        XmlError::Truncated => Problem::Truncated("its last end tag"),
    }
}
