//! What the tool may find; `lw explain` and the pages of the docs are made from it.

use lw_model::{Level, Rule};

const fn rule(id: &'static str, level: Level, title: &'static str, help: &'static str) -> Rule {
    Rule { id, level, title, help }
}

/// Every kind of finding of its own.
pub(crate) const RULES: &[Rule] = &[
    rule(
        "attempts",
        Level::Note,
        "The last attempt of a shard does not have all tests of the attempts before it.",
        "They stand as they ended when they last ran. Where every attempt should run all tests, hold them to a list with `expect`.",
    ),
    rule(
        "contradiction",
        Level::Warning,
        "The test step ended with success, though tests failed.",
        "Something swallows the exit code of the tests: `|| true`, a pipe without `pipefail`, `continue-on-error`. The result file counts.",
    ),
    rule(
        "duplicate-test",
        Level::Warning,
        "A test is in the results more often than on the list.",
        "Two jobs may run the same tests, or two result files may be of one job; `layout` joins the attempts of a shard.",
    ),
    rule(
        "failed",
        Level::Error,
        "Tests failed.",
        "The table has what each says, with the last lines it printed.",
    ),
    rule(
        "failed-test",
        Level::Error,
        "A test failed.",
        "Look at its message and at the last lines it printed.",
    ),
    rule(
        "flaky",
        Level::Warning,
        "Tests passed only when they were run again.",
        "A test that fails at times hides a defect of the code or of the test. `max: tests.flaky=0` makes it a failure.",
    ),
    rule(
        "gone-tests",
        Level::Warning,
        "Tests of the baseline are not in the results of a run that did not come to a good end.",
        "They may not have run, so that none of them counts as removed. A store keeps no names: `expect` with an earlier result file tells which they are.",
    ),
    rule(
        "lost-shard",
        Level::Error,
        "There are not as many shards as there have to be.",
        "A job may have been cancelled, or its result file not kept: upload it also when the tests fail (`if: always()`).",
    ),
    rule(
        "missing-suite",
        Level::Error,
        "No test has run of a suite that has to be there.",
        "It may have been renamed, left out by a filter, or skipped as a whole; `require-suite` names it.",
    ),
    rule(
        "missing-test",
        Level::Error,
        "Tests that have to be there are not in the results.",
        "They did not run: the run was stopped or crashed, a shard was lost, or a filter leaves them out. When they were removed, make the list anew.",
    ),
    rule(
        "newly-skipped",
        Level::Warning,
        "Tests are skipped that ran in the baseline.",
        "A test that is skipped checks nothing. `max: tests.newly-skipped=0` makes it a failure.",
    ),
    rule(
        "no-end",
        Level::Error,
        "Nothing says that the run came to its end.",
        "The format has no end mark, so that a file that was cut off between two lines looks whole. Give `exit-code`, or `expect`.",
    ),
    rule(
        "no-tests",
        Level::Error,
        "A result file has no test in it.",
        "A filter may match nothing, or the tests were not found. `allow-empty` accepts it.",
    ),
    rule(
        "not-kept",
        Level::Warning,
        "There are too many tests to keep what each did.",
        "New, fixed and removed tests are not told, and the next run has nothing to compare with. Judge parts of the run by themselves.",
    ),
    rule(
        "not-run",
        Level::Error,
        "Tests that were planned did not run.",
        "What they depend on failed, or the run was stopped or crashed before them. Nothing is known of them.",
    ),
    rule(
        "odd-report",
        Level::Note,
        "A result file has something in it that is not as its format wants it.",
        "It was read all the same; the message says what was replaced or left out.",
    ),
    rule(
        "outcome-not-judged",
        Level::Note,
        "Nobody said how the test step ended.",
        "Give `exit-code`, such as `${{ steps.test.outcome }}`: a crash after the last test is in no result file.",
    ),
    rule(
        "outside-test",
        Level::Error,
        "Something went wrong outside any test.",
        "A set-up failed, the program crashed, or the file does not have what its header promises. Tests that passed say nothing about it.",
    ),
    rule(
        "quarantine-ambiguous",
        Level::Error,
        "A test in quarantine may be one of several.",
        "Name its `suite` too: a failure of another test must not be let through.",
    ),
    rule(
        "quarantine-changed",
        Level::Note,
        "A change has put tests in quarantine, which does not hold in its own run.",
        "What a change may not decide for itself is taken from its base. Let the failure be reviewed: once merged, the list holds.",
    ),
    rule(
        "quarantine-expired",
        Level::Error,
        "The quarantine of a test has ended.",
        "Repair the test, or take it off the list; who answers for it says whether it needs more time.",
    ),
    rule(
        "quarantine-too-long",
        Level::Error,
        "A test is in quarantine for longer than 30 days.",
        "Name a day at most 30 days ahead: what nobody looks at for a month is not a test.",
    ),
    rule(
        "quarantine-unmatched",
        Level::Error,
        "A test in quarantine is not in the results.",
        "It was renamed, removed, or did not run. Names are compared letter by letter; take it off the list when it is gone.",
    ),
    rule(
        "quarantined",
        Level::Warning,
        "Tests failed whose failures are let through for now.",
        "They ran, and are in the table with who answers for them. `max: tests.quarantined=0` makes it a failure.",
    ),
    rule(
        "removed-tests",
        Level::Warning,
        "Tests of the baseline are gone.",
        "A failing test may have been removed instead of repaired. `max: tests.removed=0` makes it a failure; `expect` with an earlier result file tells which they are.",
    ),
    rule(
        "same-file",
        Level::Note,
        "A result file is there twice.",
        "It counts once. Two jobs may have been given one name for their artifacts.",
    ),
    rule(
        "unexpected-test",
        Level::Warning,
        "Tests are in the results that are not on the list.",
        "Make the list anew, from the commit that is tested.",
    ),
    rule(
        "unexplained-exit",
        Level::Error,
        "The test step failed, and its result file does not say why.",
        "It may have crashed after its last test, or written the file before an error outside the tests (vitest, googletest do so). Look at its log.",
    ),
    rule(
        "warned",
        Level::Warning,
        "Tests passed, but their tool has reservations.",
        "PHPUnit calls a test risky that asserts nothing; NUnit and PlatformIO have warnings.",
    ),
    rule(
        "wrong-stamp",
        Level::Error,
        "A result file is not of the commit that is tested, or is not the file that was stamped.",
        "It may be left over from an earlier run, or of another branch's cache. Remove old result files before the tests.",
    ),
];
