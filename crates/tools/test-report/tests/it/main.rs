//! test-report as its users meet it: the binary, on files made here.

// Helpers of tests fail like tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod baseline;
mod page;
mod quarantine;

use std::fs;
use std::path::Path;

use lw_model::{Level, Number, Verdict};
use lw_testkit::tool::{Run, ToolBinary, transcripts, words};

const TEST_REPORT: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_test-report"));
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffff";

#[test]
fn every_call_prints_what_it_did() {
    transcripts();
}

fn green(name: &str) -> String {
    format!("<testsuite name='s' tests='1'><testcase classname='c' name='{name}'/></testsuite>")
}

fn red(name: &str) -> String {
    format!(
        "<testsuite name='s'><testcase classname='c' name='{name}'><failure message='no'/></testcase></testsuite>"
    )
}

/// A suite of tests of the class `c`, as in `a=. b=F c=s`: passed, failed, skipped.
fn suite(tests: &str) -> String {
    let case = |test: &str| {
        let (name, state) = test.split_once('=').unwrap();
        let inside = match state {
            "F" => "<failure message='no'/>",
            "s" => "<skipped/>",
            _ => "",
        };
        format!("<testcase classname='c' name='{name}' time='0.5'>{inside}</testcase>")
    };
    let cases: String = tests.split(' ').map(case).collect();
    format!("<testsuite name='s'>{cases}</testsuite>")
}

fn check(folder: &Path, arguments: &str) -> Run {
    TEST_REPORT.run_as_step(folder, &words(&format!("check {arguments}")), &[])
}

#[test]
fn one_bad_file_does_not_hide_a_good_one_and_the_run_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), green("a")).unwrap();
    fs::write(folder.path().join("b.xml"), "").unwrap();
    let run = check(folder.path(), "*.xml --exit-code 0");
    assert_eq!((run.code, run.report().verdict), (3, Verdict::Error), "{}", run.stderr);
    assert_eq!(run.output("passed"), "1");
}

#[test]
fn a_run_that_may_go_on_without_its_files_is_not_green() {
    let folder = tempfile::tempdir().unwrap();
    let run = check(folder.path(), "none.xml --missing skip --exit-code 0");
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["no-tests"]), "{}", run.stderr);
}

#[test]
fn outputs_and_measures_agree() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuite name='s'><testcase name='a'/><testcase name='b'><flakyFailure message='once'/></testcase><testcase name='c'>
        <skipped/></testcase><testcase name='d'><failure/></testcase><testcase name='e'><error/></testcase><testcase name='f' status='notrun'>
        <skipped message='Unable to find executable'/></testcase></testsuite>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1");
    assert_eq!(run.code, 1, "{}", run.stderr);
    for (name, value) in [
        ("total", 6),
        ("passed", 2),
        ("failed", 1),
        ("errors", 1),
        ("skipped", 1),
        ("not-run", 1),
        ("flaky", 1),
    ] {
        assert_eq!(run.output(name), value.to_string(), "{name}");
        let measure = run.report().measure(&format!("tests.{name}"), None).unwrap().value;
        assert_eq!(measure, Number::Integer(value), "{name}");
    }
    assert_eq!(run.found(Level::Warning), ["flaky"]);
}

#[test]
fn files_are_judged_by_their_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), green("a")).unwrap();
    fs::write(folder.path().join("b.xml"), red("b")).unwrap();
    let run = check(folder.path(), "*.xml --exit-code a.xml=failure --exit-code b.xml=failure");
    // That of b is explained; that of a is not, whatever b says.
    assert_eq!(run.found(Level::Error), ["failed", "failed-test", "unexplained-exit"]);
    let run = check(folder.path(), "*.xml --exit-code failure");
    assert_eq!(run.found(Level::Error), ["failed", "failed-test"]);
    let run = check(folder.path(), "a.xml --exit-code skipped");
    assert_eq!(run.found(Level::Error), ["unexplained-exit"]);
}

#[test]
fn what_is_not_known_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), green("a")).unwrap();
    let run = check(folder.path(), "a.xml");
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["outcome-not-judged"]));
    // A stream without an end mark is red without one of the two.
    fs::write(folder.path().join("a.json"), "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n").unwrap();
    assert_eq!(check(folder.path(), "a.json").found(Level::Error), ["no-end"]);
    assert_eq!(check(folder.path(), "a.json --exit-code 0").code, 0);
    fs::write(folder.path().join("list"), "TestA\nok  \tp\t0.001s\n").unwrap();
    assert_eq!(check(folder.path(), "a.json --expect list").code, 0);
    fs::write(folder.path().join("list"), "TestA\nTestB\nok  \tp\t0.001s\n").unwrap();
    assert_eq!(check(folder.path(), "a.json --expect list").found(Level::Error), ["missing-test"]);
}

#[test]
fn more_tests_than_the_list_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("old.xml"), green("a")).unwrap();
    fs::write(folder.path().join("a.xml"), green("a")).unwrap();
    fs::write(folder.path().join("b.xml"), green("b")).unwrap();
    let run = check(folder.path(), "a.xml b.xml --expect old.xml --exit-code 0");
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["unexpected-test"]));
    fs::write(folder.path().join("b.xml"), green("a")).unwrap();
    let run = check(folder.path(), "a.xml b.xml --expect old.xml --exit-code 0");
    assert_eq!(run.found(Level::Warning), ["duplicate-test"]);
    assert_eq!(run.found(Level::Note), ["same-file"]);
}

#[test]
fn a_rerun_keeps_what_it_does_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let both = "<testsuite name='s'><testcase classname='c' name='a'/><testcase classname='c' name='b'><failure/></testcase></testsuite>";
    fs::write(folder.path().join("r-1-a1.xml"), both).unwrap();
    fs::write(folder.path().join("r-1-a2.xml"), green("b")).unwrap();
    let run = check(folder.path(), "*.xml --layout r-{shard}-a{attempt}.xml --exit-code 0 --expect-shards 1");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((run.found(Level::Warning), run.found(Level::Note)), (vec!["flaky"], vec!["attempts"]));
    assert_eq!((run.output("total"), run.output("flaky")), ("2", "1"));
    // Another file of the same attempt.
    fs::create_dir(folder.path().join("x")).unwrap();
    fs::write(folder.path().join("x/r-1-a2.xml"), red("b")).unwrap();
    let run = check(folder.path(), "**/*.xml --layout r-{shard}-a{attempt}.xml");
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("are both attempt 2 of shard=1"), "{}", run.stderr);
    // A copy of it counts once.
    fs::write(folder.path().join("x/r-1-a2.xml"), green("b")).unwrap();
    let run = check(folder.path(), "**/*.xml --layout r-{shard}-a{attempt}.xml --exit-code 0");
    assert_eq!((run.code, run.output("total")), (0, "2"));
    assert!(run.found(Level::Note).contains(&"same-file"));
}

#[test]
fn repeats_are_attempts_when_the_user_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuite name='s'><testcase name='a'><failure/></testcase><testcase name='a'/></testsuite>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 0").code, 1);
    let run = check(folder.path(), "a.xml --exit-code 0 --repeats retry");
    assert_eq!((run.code, run.output("total"), run.output("flaky")), (0, "1", "1"));
}

#[test]
fn a_stamp_says_which_commit_and_attempt_a_file_is_of() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("r-1.xml"), green("a")).unwrap();
    let stamp = format!("stamp r-1.xml --commit {COMMIT} --attempt 3");
    let run = TEST_REPORT.run(folder.path(), &words(&stamp), &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let good = format!("r-1.xml* --exit-code 0 --layout r-{{shard}}.xml --commit {COMMIT}");
    let run = check(folder.path(), &good);
    assert_eq!((run.code, run.found(Level::Error)), (0, Vec::<&str>::new()), "{}", run.stderr);
    let other = good.replace(COMMIT, OTHER);
    assert_eq!(check(folder.path(), &other).found(Level::Error), ["wrong-stamp"]);
    // Another file of that name.
    fs::write(folder.path().join("r-1.xml"), green("b")).unwrap();
    let run = check(folder.path(), &good);
    assert_eq!(run.found(Level::Error), ["wrong-stamp"]);
    // Damaged.
    fs::write(folder.path().join("r-1.xml.stamp.json"), "{").unwrap();
    assert_eq!(check(folder.path(), &good).found(Level::Error), ["wrong-stamp"]);
    let run = TEST_REPORT.run(folder.path(), &words("stamp r-1.xml --commit main"), &[]);
    assert_eq!(run.code, 2);
    let run = TEST_REPORT.run(folder.path(), &words("stamp"), &[]);
    assert_eq!(run.code, 2);
}

#[test]
fn the_merged_file_is_read_again_with_the_same_counts() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), green("a")).unwrap();
    fs::write(folder.path().join("b.xml"), red("a&lt;&amp;>\u{1}")).unwrap();
    let run = check(folder.path(), "a.xml b.xml --exit-code 1 --junit-out out/all.xml");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let run = check(folder.path(), "out/all.xml --exit-code 1");
    assert_eq!((run.output("total"), run.output("failed")), ("2", "1"));
}

#[test]
fn trouble_outside_tests_and_odd_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuite name='s' tests='9'><testcase name='a' time='fast'/><testcase name='b'><error type='PHPUnit\\Framework\\RiskyTestError'/>
        </testcase></testsuite>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1");
    assert_eq!(run.found(Level::Error), ["outside-test"]);
    assert_eq!(run.found(Level::Warning), ["warned"]);
    assert_eq!(run.found(Level::Note), ["odd-report"]);
}

/// Two megabytes of colours, NUL bytes and commands of the runner, and a line of ten.
#[test]
fn a_hostile_output_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = "::error file=x::no\u{1b}[31m\u{0}\n".repeat(100_000);
    let line = "x".repeat(10 << 20);
    let name = "a\n::stop-commands::x | `b` &lt;script>";
    let text = format!(
        "<testsuite><testcase name='{name}'><failure message='::set-output name=a::b'>{output}{line}</failure><system-out>{output}</system-out></testcase></testsuite>"
    );
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("::")).collect();
    assert!(
        lines.iter().all(|line| line.starts_with("::error title=") || line.starts_with("::notice title=")),
        "{lines:?}"
    );
    assert!(!run.stdout.contains('\0') && run.stdout.len() < 100_000, "{}", run.stdout.len());
}

/// The table of words in the guide is that of the code.
#[test]
fn the_guide_has_every_word() {
    const BEGIN: &str = "<!-- words:begin, by `SNAPSHOTS=overwrite cargo test -p lw-test-report` -->\n";
    const END: &str = "<!-- words:end -->";
    let path = lw_testkit::root().join("docs/test-report.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let mut wanted = String::from("| Format | Where | Word | Says | Note |\n|---|---|---|---|---|\n");
    for word in lw_results::WORDS {
        let says = match word.meaning {
            lw_results::Meaning::Is(state) => state.as_str(),
            lw_results::Meaning::Warned => "passed, with a warning",
            lw_results::Meaning::Decided => "the rest decides",
        };
        wanted.push_str(&format!(
            "| {} | `{}` | `{}` | {says} | {} |\n",
            word.format, word.place, word.word, word.note
        ));
    }
    if table != wanted && std::env::var_os("SNAPSHOTS").is_some_and(|word| word == "overwrite") {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(table, wanted, "docs/test-report.md is stale");
}
