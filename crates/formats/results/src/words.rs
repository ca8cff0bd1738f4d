//! The words that tools have for how a test ended.

use crate::model::State;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The state.
    Is(State),
    /// Passed, but the tool has reservations.
    Warned,
    /// The rest of the record decides, as the note says.
    Decided,
}

/// A word that a tool has for how a test ended.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The format it belongs to.
    pub format: &'static str,
    /// Which attribute, field or place of the format it stands in.
    pub place: &'static str,
    /// The word; upper and lower case are the same.
    pub word: &'static str,
    /// What it says.
    pub meaning: Meaning,
    /// Who writes it, or what decides.
    pub note: &'static str,
}

const fn word(
    format: &'static str,
    place: &'static str,
    word: &'static str,
    meaning: Meaning,
    note: &'static str,
) -> Word {
    Word { format, place, word, meaning, note }
}

pub(crate) const JUNIT: &str = "JUnit XML";
pub(crate) const JUNIT_STATUS: &str = "status";
pub(crate) const JUNIT_RESULT: &str = "result";
pub(crate) const GO: &str = "go test -json";
pub(crate) const LIBTEST: &str = "libtest JSON";
pub(crate) const TEXT: &str = "libtest text";
pub(crate) const TRX: &str = "TRX";
pub(crate) const NUNIT: &str = "NUnit 3";
pub(crate) const XUNIT: &str = "xUnit 2";
pub(crate) const PLATFORMIO: &str = "PlatformIO JSON";
pub(crate) const TWISTER: &str = "twister.json";
pub(crate) const PRECOMMIT: &str = "pre-commit";

const PASSED: Meaning = Meaning::Is(State::Passed);
const FAILED: Meaning = Meaning::Is(State::Failed);
const ERROR: Meaning = Meaning::Is(State::Error);
const SKIPPED: Meaning = Meaning::Is(State::Skipped);
const NOT_RUN: Meaning = Meaning::Is(State::NotRun);

/// Every word that is known. One that is not is an error: it is never counted as passed.
pub const WORDS: &[Word] = &[
    word(
        JUNIT,
        JUNIT_STATUS,
        "run",
        PASSED,
        "googletest, CTest, Catch2, Bazel: it ran; `failure` and `error` decide",
    ),
    word(JUNIT, JUNIT_STATUS, "passed", PASSED, "PlatformIO and others"),
    word(JUNIT, JUNIT_STATUS, "pass", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "success", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "successful", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "ok", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "completed", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "expected", PASSED, ""),
    word(JUNIT, JUNIT_STATUS, "warned", Meaning::Warned, "PlatformIO"),
    word(JUNIT, JUNIT_STATUS, "fail", FAILED, "CTest"),
    word(JUNIT, JUNIT_STATUS, "failed", FAILED, "PlatformIO and others"),
    word(JUNIT, JUNIT_STATUS, "failure", FAILED, ""),
    word(JUNIT, JUNIT_STATUS, "unexpected", FAILED, ""),
    word(JUNIT, JUNIT_STATUS, "error", ERROR, ""),
    word(JUNIT, JUNIT_STATUS, "errored", ERROR, "PlatformIO"),
    word(JUNIT, JUNIT_STATUS, "timeout", ERROR, ""),
    word(JUNIT, JUNIT_STATUS, "skipped", SKIPPED, "PlatformIO and others"),
    word(JUNIT, JUNIT_STATUS, "skip", SKIPPED, ""),
    word(JUNIT, JUNIT_STATUS, "ignored", SKIPPED, ""),
    word(JUNIT, JUNIT_STATUS, "pending", SKIPPED, ""),
    word(JUNIT, JUNIT_STATUS, "todo", SKIPPED, ""),
    word(JUNIT, JUNIT_STATUS, "disabled", SKIPPED, "CTest, older googletest"),
    word(
        JUNIT,
        JUNIT_STATUS,
        "notrun",
        Meaning::Decided,
        "googletest: skipped where `result` is `suppressed`. CTest: skipped where the message of `skipped` begins with SKIP_RETURN_CODE or SKIP_REGULAR_EXPRESSION_MATCHED; else not run, which fails",
    ),
    word(JUNIT, JUNIT_RESULT, "completed", PASSED, "googletest, Bazel: it ran; `failure` and `error` decide"),
    word(JUNIT, JUNIT_RESULT, "passed", PASSED, ""),
    word(JUNIT, JUNIT_RESULT, "success", PASSED, ""),
    word(JUNIT, JUNIT_RESULT, "failed", FAILED, ""),
    word(JUNIT, JUNIT_RESULT, "failure", FAILED, ""),
    word(JUNIT, JUNIT_RESULT, "error", ERROR, ""),
    word(JUNIT, JUNIT_RESULT, "interrupted", ERROR, "Bazel"),
    word(JUNIT, JUNIT_RESULT, "skipped", SKIPPED, "googletest: GTEST_SKIP"),
    word(JUNIT, JUNIT_RESULT, "filtered", SKIPPED, "Bazel"),
    word(JUNIT, JUNIT_RESULT, "suppressed", SKIPPED, "googletest: DISABLED_"),
    word(GO, "Action", "pass", PASSED, ""),
    word(GO, "Action", "bench", PASSED, ""),
    word(GO, "Action", "fail", FAILED, ""),
    word(GO, "Action", "skip", SKIPPED, "of a package: it has no tests"),
    word(LIBTEST, "event", "ok", PASSED, ""),
    word(LIBTEST, "event", "failed", FAILED, ""),
    word(LIBTEST, "event", "ignored", SKIPPED, ""),
    word(
        LIBTEST,
        "event",
        "timeout",
        Meaning::Decided,
        "only a warning that it is slow; a later event decides",
    ),
    word(TEXT, "test", "ok", PASSED, ""),
    word(TEXT, "test", "FAILED", FAILED, ""),
    word(TEXT, "test", "ignored", SKIPPED, ""),
    word(TRX, "outcome", "Passed", PASSED, ""),
    word(TRX, "outcome", "Completed", PASSED, ""),
    word(TRX, "outcome", "Warning", Meaning::Warned, ""),
    word(TRX, "outcome", "Failed", FAILED, ""),
    word(TRX, "outcome", "Error", ERROR, ""),
    word(TRX, "outcome", "Timeout", ERROR, ""),
    word(TRX, "outcome", "Aborted", ERROR, ""),
    word(TRX, "outcome", "PassedButRunAborted", ERROR, "the host crashed"),
    word(TRX, "outcome", "Disconnected", ERROR, ""),
    word(TRX, "outcome", "NotRunnable", ERROR, ""),
    word(TRX, "outcome", "InProgress", ERROR, "it did not end"),
    word(TRX, "outcome", "Pending", NOT_RUN, ""),
    word(TRX, "outcome", "NotExecuted", SKIPPED, ""),
    word(TRX, "outcome", "Inconclusive", SKIPPED, ""),
    word(NUNIT, "result", "Passed", PASSED, ""),
    word(NUNIT, "result", "Warning", Meaning::Warned, ""),
    word(NUNIT, "result", "Failed", FAILED, "an error where `label` is Error, Invalid or Cancelled"),
    word(NUNIT, "result", "Skipped", SKIPPED, ""),
    word(NUNIT, "result", "Inconclusive", SKIPPED, ""),
    word(XUNIT, "result", "Pass", PASSED, ""),
    word(XUNIT, "result", "Fail", FAILED, ""),
    word(XUNIT, "result", "Skip", SKIPPED, ""),
    word(XUNIT, "result", "NotRun", SKIPPED, "xUnit 3: an explicit test nobody asked for"),
    word(PLATFORMIO, "status", "PASSED", PASSED, ""),
    word(PLATFORMIO, "status", "WARNED", Meaning::Warned, ""),
    word(PLATFORMIO, "status", "FAILED", FAILED, ""),
    word(PLATFORMIO, "status", "ERRORED", ERROR, ""),
    word(PLATFORMIO, "status", "SKIPPED", SKIPPED, ""),
    word(TWISTER, "status", "passed", PASSED, ""),
    word(TWISTER, "status", "failed", FAILED, ""),
    word(TWISTER, "status", "error", ERROR, ""),
    word(TWISTER, "status", "timeout", ERROR, ""),
    word(TWISTER, "status", "skipped", SKIPPED, ""),
    word(TWISTER, "status", "filtered", SKIPPED, ""),
    word(TWISTER, "status", "notrun", SKIPPED, "built only, as was asked for"),
    word(TWISTER, "status", "not run", SKIPPED, "the same in older versions"),
    word(TWISTER, "status", "blocked", NOT_RUN, "the suite ended before it"),
    word(TWISTER, "status", "started", ERROR, "it did not end"),
    word(TWISTER, "status", "none", ERROR, "it did not end"),
    word(PRECOMMIT, "hook", "Passed", PASSED, ""),
    word(PRECOMMIT, "hook", "Failed", FAILED, ""),
    word(PRECOMMIT, "hook", "Skipped", SKIPPED, ""),
];

/// What a word says, when it is known.
pub(crate) fn meaning(format: &str, place: &str, text: &str) -> Option<Meaning> {
    let known = WORDS.iter().find(|word| {
        word.format == format && word.place == place && word.word.eq_ignore_ascii_case(text.trim())
    });
    known.map(|word| word.meaning)
}

/// The state a word says, and whether the tool has reservations; `None` for one that is not known or does not decide.
pub(crate) fn state(format: &str, place: &str, text: &str) -> Option<(State, bool)> {
    match meaning(format, place, text)? {
        Meaning::Is(state) => Some((state, false)),
        Meaning::Warned => Some((State::Passed, true)),
        Meaning::Decided => None,
    }
}
