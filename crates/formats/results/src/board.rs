//! The consoles of boards: Unity's lines and those of Zephyr's ztest, among whatever else the firmware prints.
//!
//! Lines are read from the left: a message may hold `:PASS`, and a line of a log may hold anything. Words of a crash and of an
//! unexpected reset end what was running; a log without the summary at its end is that of a board that hung, or was cut off.

use crate::detect::Format;
use crate::error::ResultsError;
use crate::lines::Lines;
use crate::model::{Attempt, Case, Counts, End, Evidence, OddityKind, Run, State, Suite, TroubleKind};
use crate::text::{Excerpt, clean, seconds, short};

/// The longest line that is looked at; test results are short.
const MAX_LINE: usize = 4096;

/// What firmware prints when it crashes.
const CRASHES: [&str; 17] = [
    "Guru Meditation Error",
    "abort() was called at PC",
    "assert failed:",
    "Brownout detector was triggered",
    "Task watchdog got triggered",
    "Interrupt wdt timeout on CPU",
    "Stack smashing protect failure",
    "***ERROR*** A stack overflow",
    "CORRUPT HEAP:",
    ">>> ZEPHYR FATAL ERROR",
    "***** HARD FAULT *****",
    "***** USAGE FAULT *****",
    "***** BUS FAULT *****",
    "***** MPU FAULT *****",
    "HardFault",
    "Hard fault",
    "panicked at ",
];

/// What a board prints when it starts; once before any test, later only after a reset.
const BOOTS: [&str; 3] = ["ESP-ROM:", "*** Booting Zephyr OS", "rst:0x"];

fn crash(line: &str) -> bool {
    CRASHES.iter().any(|word| line.contains(word))
}

fn boot(line: &str) -> bool {
    BOOTS.iter().any(|word| line.starts_with(word))
}

/// A line of Unity: `FILE:LINE:NAME:RESULT[:MESSAGE]`.
struct UnityLine<'a> {
    file: &'a str,
    line: u32,
    name: &'a str,
    state: State,
    message: &'a str,
}

fn unity(text: &str) -> Option<UnityLine<'_>> {
    let mut from = 0;
    // The first `:NUMBER:` behind which a name and a result follow.
    while let Some(colon) = text.get(from..)?.find(':').map(|at| at + from) {
        from = colon + 1;
        let rest = text.get(from..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(after) = rest.get(digits..).and_then(|rest| rest.strip_prefix(':')).filter(|_| digits > 0)
        else {
            continue;
        };
        let (name, state, message) = named_result(after)?;
        let line = rest.get(..digits)?.parse().ok()?;
        return Some(UnityLine { file: text.get(..colon)?, line, name, state, message });
    }
    None
}

/// `NAME:RESULT[:MESSAGE]`, up to the first result.
fn named_result(text: &str) -> Option<(&str, State, &str)> {
    let words = [(":PASS", State::Passed), (":FAIL", State::Failed), (":IGNORE", State::Skipped)];
    let found = text.match_indices(':').find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let (word, state) = words.iter().find(|(word, _)| rest.starts_with(word))?;
        let after = rest.get(word.len()..)?;
        let after = if after.is_empty() {
            after
        } else {
            after.strip_prefix(':').or_else(|| after.strip_prefix(" ("))?
        };
        Some((at, *state, after))
    });
    let (at, state, message) = found?;
    Some((text.get(..at)?, state, message.trim()))
}

/// `5 Tests 1 Failures 1 Ignored`.
fn unity_summary(text: &str) -> Option<[u64; 3]> {
    let mut words = text.split_ascii_whitespace();
    let mut numbers = [0; 3];
    for (number, name) in numbers.iter_mut().zip(["Tests", "Failures", "Ignored"]) {
        *number = words.next()?.parse().ok()?;
        (words.next()? == name).then_some(())?;
    }
    words.next().is_none().then_some(numbers)
}

/// `TEST(group, name)` or `IGNORE_TEST(group, name)` of the fixture extension, and what follows on the line.
fn fixture(text: &str) -> Option<(bool, &str, &str, &str)> {
    let (ignored, rest) = match text.strip_prefix("IGNORE_TEST(") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("TEST(")?),
    };
    let (inside, after) = rest.split_once(')')?;
    let (group, name) = inside.split_once(", ")?;
    Some((ignored, group, name, after))
}

/// Whether only the log of Unity has this line.
pub(crate) fn is_unity(line: &[u8]) -> bool {
    let (text, _) = clean(line);
    let text = text.trim();
    unity(text).is_some_and(|line| line.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        || unity_summary(text).is_some()
        || fixture(text).is_some()
}

/// Whether only the log of ztest has this line.
pub(crate) fn is_ztest(line: &[u8]) -> bool {
    let (text, _) = clean(line);
    let text = text.trim();
    text.starts_with("Running TESTSUITE ")
        || text.starts_with("START - ")
        || text.starts_with("PROJECT EXECUTION ")
        || text.starts_with("*** Booting Zephyr OS")
}

/// What both kinds of log have in common: what is running, and what went wrong.
struct Console {
    run: Run,
    suite: Suite,
    /// The test that has begun and not ended: class, name.
    running: Option<(Box<str>, Box<str>)>,
    /// What it printed so far.
    output: Excerpt,
    /// A crash: its first line, and what the board printed of it.
    crash: Option<(String, Excerpt)>,
    active: bool,
}

impl Console {
    fn new(format: Format) -> Self {
        Self {
            run: Run::new(format, End::Marked),
            suite: Suite::default(),
            running: None,
            output: Excerpt::of_output(),
            crash: None,
            active: false,
        }
    }

    fn begin(&mut self, class: &str, name: &str) {
        self.settle();
        self.stop("another test began before it ended");
        self.active = true;
        self.running = Some((short(class.as_bytes()).0, short(name.as_bytes()).0));
        self.output = Excerpt::of_output();
    }

    /// The test that runs has ended without a result.
    fn stop(&mut self, why: &str) {
        if let Some((class, name)) = self.running.take() {
            let mut attempt = Attempt::new(State::Error).because(why);
            self.add_output(&mut attempt);
            self.suite.cases.push(Case::new(class, name, attempt));
        }
    }

    fn add_output(&mut self, attempt: &mut Attempt) {
        let (output, _) = std::mem::replace(&mut self.output, Excerpt::of_output()).finish();
        if attempt.state.is_bad() {
            attempt.evidence.get_or_insert_default().output = output;
        }
    }

    /// A line of a crash or of a reset.
    fn crashed(&mut self, line: &str) {
        self.active = true;
        let (_, detail) = self.crash.get_or_insert_with(|| (line.to_owned(), Excerpt::default()));
        detail.push_line(line.as_bytes());
    }

    /// The crash is over: it ended what ran, or nothing did.
    fn settle(&mut self) {
        let Some((message, detail)) = self.crash.take() else { return };
        let (detail, _) = detail.finish();
        let message = short(message.trim().as_bytes()).0;
        let evidence = Evidence { message: message.clone(), detail: detail.clone(), ..Evidence::default() };
        match self.running.take() {
            Some((class, name)) => {
                let mut attempt = Attempt::new(State::Error).because(message);
                attempt.evidence.get_or_insert_default().detail = detail;
                self.add_output(&mut attempt);
                self.suite.cases.push(Case::new(class, name, attempt));
            }
            None => {
                let place = self.suite.name.clone();
                self.run.trouble(TroubleKind::Crash, &place, evidence);
            }
        }
    }

    /// A crash that the test survived: its result stands, and the crash is told beside it.
    fn survived(&mut self) {
        if self.crash.is_some() {
            let running = self.running.take();
            self.settle();
            self.running = running;
        }
    }

    /// A test that has ended with a result.
    fn end(&mut self, mut case: Case) {
        self.survived();
        self.active = true;
        let is_it = self.running.as_ref().is_some_and(|(_, name)| *name == case.name);
        if is_it {
            self.running = None;
        } else {
            self.stop("another test ended before it did");
        }
        self.add_output(&mut case.last);
        self.suite.cases.push(case);
    }

    fn finish(mut self, has_end: bool) -> Run {
        self.settle();
        let running = self.running.as_ref().map(|(_, name)| format!(" while {name} ran"));
        self.stop("it did not end");
        if !has_end {
            let message = format!(
                "the log has no end{}: the board crashed or hung, or nobody listened any more",
                running.unwrap_or_default()
            );
            self.run.trouble(TroubleKind::Unfinished, "", Evidence::message(message));
        }
        self.run.suites.push(self.suite);
        self.run.suites.retain(|suite| !suite.cases.is_empty());
        self.run
    }
}

pub(crate) fn read_unity(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut console = Console::new(Format::Unity);
    let mut since = Counts::default();
    let mut summary: Option<[u64; 3]> = None;
    let mut has_end = false;
    let mut lines = Lines::new(bytes);
    while let Some(raw) = lines.next() {
        let (line, replaced) = clean(raw.get(..MAX_LINE).unwrap_or(raw));
        console.run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
        let text = line.trim_end();
        // A summary is whole with its last word, and that with its line break: `OK` may be the beginning of a line.
        if let Some(claims) = summary.take() {
            if matches!(text, "OK" | "FAIL") && lines.ended {
                console.survived();
                promise(&mut console, &since, claims, text == "FAIL");
                (has_end, since) = (true, Counts::default());
                continue;
            }
            summary = text.is_empty().then_some(claims);
        }
        if let Some(claims) = unity_summary(text) {
            console.settle();
            console.stop("the tests ended before it did");
            summary = Some(claims);
            continue;
        }
        if boot(text) && console.active || crash(text) {
            console.crashed(text);
            continue;
        }
        if let Some((ignored, group, name, after)) = fixture(text) {
            console.begin(group, name);
            has_end = false;
            if ignored {
                let case = Case::new(group, name, Attempt::new(State::Skipped));
                since.add(&case);
                console.end(case);
            } else if !after.is_empty() {
                fixture_result(after, &mut console, &mut since);
            }
            continue;
        }
        if let Some(name) = text.strip_prefix("Running ").and_then(|rest| rest.strip_suffix("...")) {
            console.begin("", name);
            has_end = false;
            continue;
        }
        if console.running.is_some() && fixture_result(text, &mut console, &mut since) {
            continue;
        }
        if let Some(found) = unity(text).filter(|found| !found.name.is_empty()) {
            let mut case = Case::new("", short(found.name.as_bytes()).0, Attempt::new(found.state));
            if !found.message.is_empty() {
                case.last = case.last.because(short(found.message.as_bytes()).0);
            }
            case.file = Some(short(found.file.as_bytes()).0).filter(|file| !file.is_empty());
            case.line = Some(found.line).filter(|line| *line > 0);
            since.add(&case);
            has_end = false;
            console.end(case);
            continue;
        }
        match &mut console.crash {
            Some((_, detail)) => detail.push_line(text.as_bytes()),
            None => console.output.push_line(text.as_bytes()),
        }
    }
    Ok(console.finish(has_end))
}

/// The result of the fixture test that runs: ` PASS` at the end of a line, or `FILE:LINE::FAIL: message`.
fn fixture_result(text: &str, console: &mut Console, since: &mut Counts) -> bool {
    let Some((class, name)) = console.running.clone() else { return false };
    let case = if text.ends_with(" PASS") && !class.is_empty() {
        Case::new(class, name, Attempt::new(State::Passed))
    } else if let Some(found) = unity(text).filter(|found| found.name.is_empty()) {
        let attempt = Attempt::new(found.state).because(short(found.message.as_bytes()).0);
        let mut case = Case::new(class, name, attempt);
        case.file = Some(short(found.file.as_bytes()).0).filter(|file| !file.is_empty());
        case.line = Some(found.line).filter(|line| *line > 0);
        case
    } else {
        return false;
    };
    since.add(&case);
    console.end(case);
    true
}

fn promise(console: &mut Console, told: &Counts, [tests, failures, _]: [u64; 3], is_red: bool) {
    if tests > told.total() || failures > told.failed || (is_red && failures == 0 && told.failed == 0) {
        let end = if is_red { "FAIL" } else { "OK" };
        let message = format!(
            "the summary has {tests} tests, {failures} failures and {end}; the log has {} tests and {} failures",
            told.total(),
            told.failed
        );
        console.run.trouble(TroubleKind::Promise, "", Evidence::message(message));
    }
}

pub(crate) fn read_ztest(bytes: &[u8]) -> Result<Run, ResultsError> {
    let mut console = Console::new(Format::Ztest);
    let mut has_end = false;
    let mut red: Vec<String> = Vec::new();
    let mut lines = Lines::new(bytes);
    while let Some(raw) = lines.next() {
        let (line, replaced) = clean(raw.get(..MAX_LINE).unwrap_or(raw));
        console.run.oddities.add(OddityKind::Replaced, replaced, || lines.number);
        let text = line.trim();
        if (boot(text) && console.active) || crash(text) {
            console.crashed(text);
            has_end = false;
        } else if let Some(name) = text.strip_prefix("Running TESTSUITE ") {
            console.settle();
            console.stop("its suite ended before it did");
            let ended = std::mem::replace(
                &mut console.suite,
                Suite { name: short(name.as_bytes()).0, cases: Vec::new() },
            );
            console.run.suites.push(ended);
            (console.active, has_end) = (true, false);
        } else if let Some(name) = text.strip_prefix("START - ") {
            let class = console.suite.name.clone();
            console.begin(&class, name);
            has_end = false;
        } else if let Some((state, name, time)) = ztest_result(text) {
            let mut case =
                Case::new(console.suite.name.clone(), short(name.as_bytes()).0, Attempt::new(state));
            case.last.duration = seconds(time);
            if state == State::Failed {
                // What the assertion says stands above the result.
                let (output, _) = std::mem::replace(&mut console.output, Excerpt::of_output()).finish();
                let message =
                    output.lines().find(|line| line.contains("Assertion failed at ")).unwrap_or_default();
                place(message.trim(), &mut case);
                case.last = case.last.because(short(message.trim().as_bytes()).0);
                console.output.push(output.as_bytes());
            }
            console.end(case);
        } else if let Some((name, total)) = ztest_total(text) {
            let told = console.run.suites.iter().chain([&console.suite]).filter(|suite| &*suite.name == name);
            let told: u64 = told.map(|suite| suite.cases.len() as u64).sum();
            if total > told {
                let message = format!("the summary has {total} tests, and the log has {told}");
                console.run.trouble(TroubleKind::Promise, name, Evidence::message(message));
            }
        } else if let Some(word) = text.strip_prefix("PROJECT EXECUTION ") {
            console.settle();
            console.stop("the tests ended before it did");
            has_end = matches!(word, "SUCCESSFUL" | "FAILED") && lines.ended;
            if word == "FAILED" {
                red.push(text.to_owned());
            }
        } else {
            match &mut console.crash {
                Some((_, detail)) => detail.push_line(text.as_bytes()),
                None => console.output.push_line(text.as_bytes()),
            }
        }
    }
    let mut run = console.finish(has_end);
    if let Some(line) = red.first().filter(|_| !run.is_red()) {
        let message = format!("{line}, it says, though none of its tests failed");
        run.trouble(TroubleKind::Suite, "", Evidence::message(message));
    }
    Ok(run)
}

/// `PASS - test_x in 0.001 seconds`.
fn ztest_result(text: &str) -> Option<(State, &str, &str)> {
    let (word, rest) = text.split_once(" - ")?;
    let state = match word {
        "PASS" => State::Passed,
        "FAIL" => State::Failed,
        "SKIP" => State::Skipped,
        _ => return None,
    };
    let (name, time) = rest.split_once(" in ")?;
    Some((state, name, time.strip_suffix(" seconds")?))
}

/// `SUITE FAIL -  33.33% [sensor]: pass = 1, fail = 1, skip = 1, total = 3 duration = 0.016 seconds`.
fn ztest_total(text: &str) -> Option<(&str, u64)> {
    let (_, rest) = text.strip_prefix("SUITE ")?.split_once('[')?;
    let (name, rest) = rest.split_once("]:")?;
    let (_, total) = rest.split_once("total = ")?;
    Some((name, total.split(' ').next()?.parse().ok()?))
}

/// `Assertion failed at src/main.c:42: test_read: v not equal to 7`.
fn place(message: &str, case: &mut Case) {
    let place = message.split_once("Assertion failed at ").and_then(|(_, rest)| rest.split_once(": "));
    if let Some((file, line)) = place.and_then(|(place, _)| place.rsplit_once(':')) {
        case.line = line.parse().ok();
        case.file = Some(short(file.trim_start_matches("WEST_TOPDIR/").as_bytes()).0);
    }
}
