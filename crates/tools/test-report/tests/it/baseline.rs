//! What became of each test since an earlier run.

use std::fs;
use std::path::Path;

use lw_model::{Level, Report};
use lw_testkit::tool::words;

use crate::{TEST_REPORT, suite};

struct Kept {
    code: i32,
    report: Report,
    stderr: String,
}

impl Kept {
    fn found(&self, level: Level) -> Vec<&str> {
        let findings = self.report.findings.iter().filter(|finding| finding.level == level);
        findings.map(|finding| finding.rule.strip_prefix("test-report/").unwrap()).collect()
    }

    fn count(&self, name: &str) -> Option<f64> {
        self.report.measure(name, None).map(|measure| measure.value.as_f64())
    }
}

/// A run that keeps its report, and the store beside it.
fn keep(folder: &Path, arguments: &str) -> Kept {
    let all = format!("--config none --summary off check {arguments}");
    let output = TEST_REPORT.command(folder).args(words(&all)).output().unwrap();
    let name = words(arguments)
        .iter()
        .position(|word| word == "--report")
        .map(|at| words(arguments)[at + 1].clone());
    let bytes = fs::read(folder.join(name.unwrap())).unwrap();
    Kept {
        code: output.status.code().unwrap(),
        report: serde_json::from_slice(&bytes).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn what_became_of_each_test_is_told_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.xml"), suite("fixed=F still=F skipped=. gone=. same=.")).unwrap();
    let run = keep(folder.path(), "a.xml --exit-code 1 --report base.json");
    assert_eq!((run.code, run.count("tests.new")), (1, None));
    assert!(at("base.json.tests").is_file());
    fs::write(at("a.xml"), suite("fixed=. still=F skipped=s same=. new=. red=F")).unwrap();
    // In any order of files and tests.
    let run = keep(
        folder.path(),
        "a.xml --exit-code 1 --baseline base.json --report now.json --max tests.newly-skipped=0",
    );
    for (name, value) in
        [("new", 2.0), ("fixed", 1.0), ("still-failing", 1.0), ("newly-failing", 1.0), ("newly-skipped", 1.0)]
    {
        assert_eq!(run.count(&format!("tests.{name}")), Some(value), "{name}: {}", run.stderr);
    }
    // The run is red, so that what is not there may not have run.
    assert_eq!(
        (run.count("tests.removed"), run.found(Level::Warning)),
        (None, vec!["newly-skipped", "gone-tests"])
    );
    assert!(run.found(Level::Error).contains(&"max"), "{:?}", run.found(Level::Error));
    // A limit on what is gone cannot be judged then, which is no pass.
    let run = keep(
        folder.path(),
        "a.xml --exit-code 1 --baseline base.json --report now.json --max tests.removed=0",
    );
    assert!(run.found(Level::Error).contains(&"not-judged"), "{:?}", run.found(Level::Error));
    fs::write(at("a.xml"), suite("fixed=. still=. same=.")).unwrap();
    let run = keep(
        folder.path(),
        "a.xml --exit-code 0 --baseline base.json --report now.json --max tests.removed=1",
    );
    assert_eq!((run.code, run.count("tests.removed")), (1, Some(2.0)), "{}", run.stderr);
    assert_eq!(run.found(Level::Warning), ["removed-tests"]);
}

#[test]
fn a_report_may_be_its_own_baseline() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), suite("a=.")).unwrap();
    let arguments = "a.xml --exit-code 0 --baseline r.json --report r.json --max tests.removed=0";
    // The first has nothing to compare with, which is said and is no failure.
    let run = keep(folder.path(), arguments);
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["no-baseline"]), "{}", run.stderr);
    fs::write(folder.path().join("a.xml"), suite("a=. b=.")).unwrap();
    let run = keep(folder.path(), arguments);
    assert_eq!(
        (run.code, run.count("tests.new"), run.count("tests.removed")),
        (0, Some(1.0), Some(0.0)),
        "{}",
        run.stderr
    );
    let run = keep(folder.path(), arguments);
    assert_eq!((run.code, run.count("tests.new")), (0, Some(0.0)), "{}", run.stderr);
}

#[test]
fn a_store_that_is_not_that_of_the_baseline_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.xml"), suite("a=. b=.")).unwrap();
    assert_eq!(keep(folder.path(), "a.xml --exit-code 0 --report base.json").code, 0);
    let with = "a.xml --exit-code 0 --baseline base.json --report now.json";
    // Without it.
    fs::rename(at("base.json.tests"), at("kept")).unwrap();
    let run = keep(folder.path(), &format!("{with} --max tests.removed=0"));
    assert_eq!((run.code, run.found(Level::Note)), (0, vec!["no-baseline"]), "{}", run.stderr);
    assert!(run.report.summary.contains("not judged"), "{}", run.report.summary);
    assert_eq!(keep(folder.path(), &format!("{with} --require-baseline")).code, 3);
    // Of another run.
    fs::write(at("base.json.tests"), fs::read_to_string(at("kept")).unwrap().replace(" p1 ", " f1 "))
        .unwrap();
    let run = keep(folder.path(), with);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("not the file that was written with the baseline"), "{}", run.stderr);
    // Of another subject.
    fs::rename(at("kept"), at("base.json.tests")).unwrap();
    let run = keep(folder.path(), &format!("{with} --title other"));
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("of the title none"), "{}", run.stderr);
    assert_eq!(keep(folder.path(), with).code, 0);
}

/// A run that was not completed is nothing to compare with.
#[test]
fn the_store_of_an_error_is_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.xml"), suite("a=.")).unwrap();
    fs::write(folder.path().join("b.xml"), "").unwrap();
    assert_eq!(keep(folder.path(), "a.xml b.xml --exit-code 0 --report base.json").code, 3);
    let run = keep(folder.path(), "a.xml --exit-code 0 --baseline base.json --report now.json");
    assert_eq!((run.code, run.count("tests.new"), run.found(Level::Note)), (0, None, vec!["no-baseline"]));
}

#[test]
fn tests_of_two_legs_are_two_tests_and_shards_may_be_cut_anew() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, tests: &str| fs::write(folder.path().join(name), suite(tests)).unwrap();
    write("r-linux-1.xml", "a=. b=F");
    write("r-mac-1.xml", "a=. b=.");
    let with = "r-*.xml --layout r-{leg}-{shard}.xml --exit-code 1";
    assert_eq!(keep(folder.path(), &format!("{with} --report base.json")).code, 1);
    write("r-linux-1.xml", "b=F");
    write("r-linux-2.xml", "a=.");
    write("r-mac-1.xml", "a=. b=F");
    let run = keep(folder.path(), &format!("{with} --baseline base.json --report now.json"));
    let counts = ["new", "still-failing", "newly-failing"].map(|name| run.count(&format!("tests.{name}")));
    assert_eq!(counts, [Some(0.0), Some(1.0), Some(1.0)], "{}", run.stderr);
}

#[test]
fn the_clock_and_the_spread_over_shards_have_limits() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, time: &str| {
        let text =
            format!("<testsuite name='s' time='{time}'><testcase name='{name}' time='1'/></testsuite>");
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("r-1.xml", "10");
    write("r-2.xml", "4");
    let with = "r-*.xml --layout r-{shard}.xml --exit-code 0 --report now.json";
    let run = keep(folder.path(), &format!("{with} --max tests.wall=10s --max shards.imbalance=3s"));
    assert_eq!(
        (run.code, run.count("tests.wall"), run.count("shards.imbalance")),
        (0, Some(10.0), Some(3.0)),
        "{}",
        run.stderr
    );
    let run = keep(folder.path(), &format!("{with} --max tests.wall=9s --max shards.imbalance=2s"));
    assert_eq!(run.code, 1);
    assert_eq!(run.found(Level::Error), ["max", "max"]);
    // Whether files without a layout were written in turn, nobody knows: the limit is not met.
    let run = keep(folder.path(), "r-1.xml r-2.xml --exit-code 0 --report now.json --max tests.wall=99s");
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["not-judged"]));
    let run = keep(folder.path(), "r-1.xml --exit-code 0 --report now.json --max tests.wall=99s");
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn budgets_of_skips_and_flakes_hold() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuite name='s'><testcase name='a'><flakyFailure/></testcase><testcase name='b'><skipped/></testcase></testsuite>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    let with = "a.xml --exit-code 0 --report now.json";
    assert_eq!(keep(folder.path(), &format!("{with} --max tests.skipped=1 --max tests.flaky=50%")).code, 0);
    let run = keep(folder.path(), &format!("{with} --max tests.skipped=0 --max tests.flaky=10%"));
    assert_eq!((run.code, run.found(Level::Error)), (1, vec!["max", "max"]));
}

#[test]
fn a_suite_that_has_to_run_has_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let text = "<testsuites><testsuite name='boot'><testcase classname='boot.Cold' file='t/boot.c' name='a'/></testsuite><testsuite name='radio'>
        <testcase classname='r' name='b'><skipped/></testcase></testsuite></testsuites>";
    fs::write(folder.path().join("a.xml"), text).unwrap();
    for (pattern, expected) in [
        ("boot", &[][..]),
        ("boot.*", &[]),
        ("t/*.c", &[]),
        ("radio", &["missing-suite"]),
        ("net", &["missing-suite"]),
        ("boo", &["missing-suite"]),
    ] {
        let run =
            keep(folder.path(), &format!("a.xml --exit-code 0 --report now.json --require-suite {pattern}"));
        assert_eq!(run.found(Level::Error), expected, "{pattern}");
    }
}

/// What a change writes into `lw.toml` puts no file outside of the workspace, nor one beside such a file.
#[test]
fn the_store_is_kept_where_the_report_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("repository/.git")).unwrap();
    fs::write(at("repository/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(at("repository/a.xml"), suite("a=.")).unwrap();
    fs::write(at("repository/lw.toml"), "[test-report]\nreport = \"../stolen.json\"\n").unwrap();
    let mut command = TEST_REPORT.command(&at("repository"));
    let output = command.args(words("check a.xml --exit-code 0 --config lw.toml")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_ne!(output.status.code(), Some(0), "{stderr}");
    assert!(stderr.contains("outside"), "{stderr}");
    assert!(!at("stolen.json.tests").exists() && !at("stolen.json").exists());
}

/// A store is bounded; the run is judged all the same.
#[test]
fn of_more_than_a_million_tests_nothing_is_kept() {
    use std::fmt::Write as _;

    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("<testsuite name='s'>");
    (0..=1_000_000).for_each(|index| write!(text, "<testcase name='{index}'/>").unwrap());
    fs::write(folder.path().join("a.xml"), text + "</testsuite>").unwrap();
    let run = keep(folder.path(), "a.xml --exit-code 0 --report now.json");
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec!["not-kept"]), "{}", run.stderr);
    assert_eq!(run.count("tests.total"), Some(1_000_001.0));
    assert!(!folder.path().join("now.json.tests").exists());
}
