//! What result files tell, whatever format they are in.

use std::time::Duration;

use crate::detect::Format;

/// How one attempt at a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It ran and was content.
    Passed,
    /// It did not run, as somebody wanted; or it failed as was expected of it.
    Skipped,
    /// It should have run and did not: nothing is known of it.
    NotRun,
    /// What it checks does not hold.
    Failed,
    /// It could not check: it crashed, timed out, or its set-up failed.
    Error,
}

impl State {
    /// All of them, as reports list them.
    pub const ALL: [Self; 5] = [Self::Passed, Self::Failed, Self::Error, Self::Skipped, Self::NotRun];

    /// `passed`, `failed`, `error`, `skipped` or `not run`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::NotRun => "not run",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }

    /// Whether a run with it is not green.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::NotRun | Self::Failed | Self::Error)
    }
}

/// What is known of why an attempt ended as it did: excerpts, of bounded size.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// What the tool says is wrong, or why it was skipped.
    pub message: Box<str>,
    /// The trace: its beginning and its end.
    pub detail: Box<str>,
    /// The last lines of what the test printed.
    pub output: Box<str>,
}

impl Evidence {
    pub(crate) fn message(message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

/// One attempt at a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub state: State,
    /// Passed, but the tool has reservations (PHPUnit: risky).
    pub warned: bool,
    /// How long it took, when that is told.
    pub duration: Option<Duration>,
    /// What is known of why.
    pub evidence: Option<Box<Evidence>>,
}

impl Attempt {
    pub(crate) fn new(state: State) -> Self {
        Self { state, warned: false, duration: None, evidence: None }
    }

    pub(crate) fn because(mut self, message: impl Into<Box<str>>) -> Self {
        self.evidence.get_or_insert_default().message = message.into();
        self
    }
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Class, module, package or binary, as the tool writes it; may be empty.
    pub class: Box<str>,
    /// Its name within that.
    pub name: Box<str>,
    /// Source file, as the tool writes it.
    pub file: Option<Box<str>>,
    /// Line in that file, from 1.
    pub line: Option<u32>,
    /// Attempts before the last, in order.
    pub earlier: Vec<Attempt>,
    /// The last attempt, which decides.
    pub last: Attempt,
}

impl Case {
    pub(crate) fn new(class: impl Into<Box<str>>, name: impl Into<Box<str>>, last: Attempt) -> Self {
        Self { class: class.into(), name: name.into(), file: None, line: None, earlier: Vec::new(), last }
    }

    /// How it ended.
    #[must_use]
    pub fn state(&self) -> State {
        self.last.state
    }

    /// Passed, but not at first.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.last.state == State::Passed && self.earlier.iter().any(|attempt| attempt.state.is_bad())
    }

    /// Class and name in one.
    #[must_use]
    pub fn id(&self) -> String {
        match (&*self.class, &*self.name) {
            ("", name) => name.to_owned(),
            (class, "") => class.to_owned(),
            (class, name) if name.starts_with(class) => name.to_owned(),
            (class, name) => format!("{class} {name}"),
        }
    }

    /// How long all attempts took together; `None` when no attempt tells.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let all = self.earlier.iter().chain([&self.last]).filter_map(|attempt| attempt.duration);
        all.fold(None, |sum, one| Some(sum.unwrap_or(Duration::ZERO).saturating_add(one)))
    }
}

/// Tests that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suite {
    /// Its name, after those of the suites around it.
    pub name: Box<str>,
    /// Its tests, in the order of the file.
    pub cases: Vec<Case>,
}

/// What kind of thing went wrong outside any test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TroubleKind {
    /// A suite, package or hook around tests failed.
    Suite,
    /// What was to be tested could not be built.
    Build,
    /// The program or the board crashed, or was reset.
    Crash,
    /// The run has no end.
    Unfinished,
    /// The tests that are there are not those the file promises.
    Promise,
    /// The run was given up (`Bail out!`).
    BailOut,
}

impl TroubleKind {
    /// What it is called in a sentence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suite => "failure outside a test",
            Self::Build => "build failure",
            Self::Crash => "crash",
            Self::Unfinished => "unfinished run",
            Self::Promise => "missing tests",
            Self::BailOut => "run given up",
        }
    }
}

/// Something that went wrong outside any test. A run with one is never green.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trouble {
    /// What kind of thing.
    pub kind: TroubleKind,
    /// Suite, package or file it happened to; may be empty.
    pub place: Box<str>,
    /// What is known of it.
    pub evidence: Evidence,
}

/// What was odd in a file without being wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OddityKind {
    /// Characters that XML forbids, or bytes that are not UTF-8.
    Replaced,
    /// A duration that is no number.
    Duration,
    /// An element in a test case that no tool is known to write.
    Element,
    /// Lines that belong to no test.
    Line,
}

impl OddityKind {
    /// What it is, for a sentence.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "characters that are not allowed, replaced",
            Self::Duration => "durations that are no numbers, left out",
            Self::Element => "elements of a test case that are not known, left out",
            Self::Line => "lines that belong to no test, left out",
        }
    }
}

/// Counts of what was odd, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities(Vec<(OddityKind, u64, u64)>);

impl Oddities {
    pub(crate) fn add(&mut self, kind: OddityKind, times: u64, line: impl FnOnce() -> u64) {
        if times == 0 {
            return;
        }
        match self.0.iter_mut().find(|(known, ..)| *known == kind) {
            Some((_, count, _)) => *count += times,
            None => self.0.push((kind, times, line())),
        }
    }

    /// Each kind, how often, and the line where it was first.
    pub fn iter(&self) -> impl Iterator<Item = (OddityKind, u64, u64)> {
        self.0.iter().copied()
    }
}

/// What tells that a file is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The format has an end mark, and it was there.
    Marked,
    /// The format has none: only the exit code, or a list of expected tests, tells.
    Open,
}

/// What one result file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The format it was in.
    pub format: Format,
    /// Its suites, in the order of the file.
    pub suites: Vec<Suite>,
    /// What went wrong outside any test.
    pub troubles: Vec<Trouble>,
    /// Tests that were planned and did not run, whose names are not told.
    pub unnamed_not_run: u64,
    /// Whether its end is known.
    pub end: End,
    /// How long it took on the clock, as the tool says: of tests that ran side by side less than all of them together.
    pub wall: Option<Duration>,
    /// What was odd.
    pub oddities: Oddities,
}

impl Run {
    pub(crate) fn new(format: Format, end: End) -> Self {
        Self {
            format,
            suites: Vec::new(),
            troubles: Vec::new(),
            unnamed_not_run: 0,
            end,
            wall: None,
            oddities: Oddities::default(),
        }
    }

    pub(crate) fn trouble(&mut self, kind: TroubleKind, place: &str, evidence: Evidence) {
        self.troubles.push(Trouble { kind, place: place.into(), evidence });
    }

    /// Adds the time of a part that ran after the others.
    pub(crate) fn took(&mut self, time: Option<Duration>) {
        if let Some(time) = time {
            self.wall = Some(self.wall.unwrap_or_default().saturating_add(time));
        }
    }

    /// All its tests, each with its suite.
    pub fn cases(&self) -> impl Iterator<Item = (&Suite, &Case)> {
        self.suites.iter().flat_map(|suite| suite.cases.iter().map(move |case| (suite, case)))
    }

    /// The counts of all its tests. Troubles are not among the errors.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { not_run: self.unnamed_not_run, ..Counts::default() };
        for (_, case) in self.cases() {
            counts.add(case);
        }
        counts
    }

    /// Whether anything in it failed, or did not come to its end.
    #[must_use]
    pub fn is_red(&self) -> bool {
        let counts = self.counts();
        !self.troubles.is_empty() || counts.failed + counts.errors + counts.not_run > 0
    }
}

/// How many tests ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed, the flaky ones included.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Could not check.
    pub errors: u64,
    /// Skipped.
    pub skipped: u64,
    /// Should have run.
    pub not_run: u64,
    /// Passed, but not at first.
    pub flaky: u64,
    /// Passed, with reservations of the tool.
    pub warned: u64,
}

impl Counts {
    /// Adds a test.
    pub fn add(&mut self, case: &Case) {
        match case.last.state {
            State::Passed => self.passed += 1,
            State::Failed => self.failed += 1,
            State::Error => self.errors += 1,
            State::Skipped => self.skipped += 1,
            State::NotRun => self.not_run += 1,
        }
        self.flaky += u64::from(case.is_flaky());
        self.warned += u64::from(case.last.warned);
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.errors + self.skipped + self.not_run
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.not_run += other.not_run;
        self.flaky += other.flaky;
        self.warned += other.warned;
    }
}
