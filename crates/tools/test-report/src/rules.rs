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
        "lost-shard",
        Level::Error,
        "There are not as many shards as there have to be.",
        "A job may have been cancelled, or its result file not kept: upload it also when the tests fail (`if: always()`).",
    ),
    rule(
        "missing-test",
        Level::Error,
        "Tests that have to be there are not in the results.",
        "They did not run: the run was stopped or crashed, a shard was lost, or a filter leaves them out. When they were removed, make the list anew.",
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
