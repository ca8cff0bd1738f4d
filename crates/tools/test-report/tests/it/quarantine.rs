//! Failures that are let through for a while.

use std::fs;
use std::path::Path;

use lw_model::Level;
use lw_testkit::git::Scratch;
use lw_testkit::tool::{Run, words};

use crate::{TEST_REPORT, suite};

/// 2026-11-29.
const NOW: (&str, &str) = ("SOURCE_DATE_EPOCH", "1795953600");
const PULL_REQUEST: [(&str, &str); 3] =
    [("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_BASE_REF", "main")];

fn entry(test: &str, until: &str) -> String {
    format!("[[test]]\ntest = \"{test}\"\nowner = \"@ada\"\nuntil = {until}\n")
}

/// On somebody's machine, where the file counts as it is.
fn check(folder: &Path, arguments: &str) -> Run {
    TEST_REPORT.run(folder, &words(&format!("check {arguments} --quarantine q.toml")), &[NOW])
}

#[test]
fn a_failure_is_let_through_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.xml"), suite("a=F b=.")).unwrap();
    fs::write(at("q.toml"), entry("c a", "2026-12-29")).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1");
    assert_eq!(
        (run.code, run.found(Level::Error), run.found(Level::Warning)),
        (0, vec![], vec!["quarantined"]),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("@ada") && run.stdout.contains("2026-12-29"), "{}", run.stdout);
    // Whoever wants none has none.
    assert_eq!(check(folder.path(), "a.xml --exit-code 1 --max tests.quarantined=0").code, 1);
    // It counts as what it is.
    assert_eq!(check(folder.path(), "a.xml --exit-code 1 --max tests.failed=0").code, 1);
    // Another failure is not let through.
    fs::write(at("a.xml"), suite("a=F b=F")).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["failed", "failed-test"]);
    // What passes again is still on the list.
    fs::write(at("a.xml"), suite("a=. b=.")).unwrap();
    let run = check(folder.path(), "a.xml --exit-code 0");
    assert_eq!((run.code, run.found(Level::Warning)), (0, vec![]), "{}", run.stderr);
}

#[test]
fn a_list_that_is_out_of_date_fails() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.xml"), suite("a=F b=.")).unwrap();
    for (list, expected) in [
        (entry("c a", "2026-11-29"), &[][..]),
        (entry("c a", "2026-11-28"), &["quarantine-expired", "failed", "failed-test"]),
        (entry("c a", "2026-12-30"), &["quarantine-too-long", "failed", "failed-test"]),
        (entry("c a", "2026-12-01") + &entry("c x", "2026-12-01"), &["quarantine-unmatched"]),
        // Names are exact.
        (entry("a", "2026-12-01"), &["failed", "failed-test", "quarantine-unmatched"]),
    ] {
        fs::write(at("q.toml"), &list).unwrap();
        let run = check(folder.path(), "a.xml --exit-code 1");
        let mut found = run.found(Level::Error);
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{list}");
    }
    fs::write(at("q.toml"), "[[test]]\n").unwrap();
    let run = check(folder.path(), "a.xml --exit-code 1");
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("q.toml: line 1: missing field `test`"), "{}", run.stderr);
    fs::remove_file(at("q.toml")).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").code, 3);
}

#[test]
fn nothing_but_the_failure_of_a_test_is_let_through() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("q.toml"), entry("c a", "2026-12-01")).unwrap();
    // A killed step, a cancelled one, a limit of time: more than a failed test.
    fs::write(at("a.xml"), suite("a=F")).unwrap();
    for code in ["139", "124", "-11", "cancelled"] {
        let run = check(folder.path(), &format!("a.xml --exit-code={code}"));
        assert_eq!((run.code, run.found(Level::Error)), (1, vec!["unexplained-exit"]), "{code}");
    }
    for code in ["1", "101", "failure", "0"] {
        assert_eq!(check(folder.path(), &format!("a.xml --exit-code {code}")).code, 0, "{code}");
    }
    // A test that passes explains no exit code.
    fs::write(at("a.xml"), suite("a=.")).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["unexplained-exit"]);
    // Outside of tests, and tests that did not run.
    let outside = suite("a=F").replace("</testsuite>", "<error message='set-up'/></testsuite>");
    fs::write(at("a.xml"), outside).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["outside-test"]);
    let not_run = "<testsuite name='s'><testcase classname='c' name='a' status='notrun'><skipped message='Unable to find executable'/></testcase></testsuite>";
    fs::write(at("a.xml"), not_run).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["not-run"]);
    fs::write(at("r-1.xml"), suite("a=F")).unwrap();
    let run = check(folder.path(), "r-1.xml --layout r-{shard}.xml --expect-shards 2 --exit-code 1");
    assert_eq!(run.found(Level::Error), ["lost-shard"]);
}

#[test]
fn tests_of_one_name_are_told_apart_by_their_suites() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (one, two) = (suite("a=F"), suite("a=.").replace("'s'", "'t'"));
    fs::write(at("a.xml"), format!("<testsuites>{one}{two}</testsuites>")).unwrap();
    fs::write(at("q.toml"), entry("c a", "2026-12-01")).unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["quarantine-ambiguous"]);
    fs::write(at("q.toml"), entry("c a", "2026-12-01") + "suite = \"s\"\n").unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").code, 0);
    fs::write(at("q.toml"), entry("c a", "2026-12-01") + "suite = \"t\"\n").unwrap();
    assert_eq!(check(folder.path(), "a.xml --exit-code 1").found(Level::Error), ["failed", "failed-test"]);
    // Legs of a matrix have one name for one test.
    fs::write(at("b.xml"), suite("a=F")).unwrap();
    fs::write(at("q.toml"), entry("c a", "2026-12-01") + "suite = \"s\"\n").unwrap();
    assert_eq!(check(folder.path(), "a.xml b.xml --exit-code 1").code, 0);
}

/// A pull request with the list of the base, and that of the change.
fn pull_request(base: &str, change: &str, tests: &str) -> Run {
    let repository = Scratch::new();
    repository.commit(&[("x", "x")]);
    if !base.is_empty() {
        repository.commit(&[("q.toml", base)]);
    }
    repository.git(&["checkout", "--quiet", "-b", "change"]);
    repository.commit(&[("q.toml", change), ("y", "y")]);
    repository.git(&["checkout", "--quiet", "--detach", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "--message=merge", "change"]);
    fs::write(repository.path().join("a.xml"), suite(tests)).unwrap();
    let env = [&PULL_REQUEST[..], &[NOW]].concat();
    TEST_REPORT.run_as_step(
        repository.path(),
        &words("check a.xml --exit-code failure --quarantine q.toml"),
        &env,
    )
}

#[test]
fn a_change_does_not_let_its_own_failure_through() {
    let list = entry("c a", "2026-12-01");
    // What the base lets through is let through.
    let run = pull_request(&list, &list, "a=F");
    assert_eq!((run.code, run.output("quarantined")), (0, "1"), "{}{}", run.stdout, run.stderr);
    // What only the change does is not.
    for base in [String::new(), entry("c b", "2026-12-01"), "[[test]".to_owned(), entry("c a", "2026-11-28")]
    {
        let run = pull_request(&base, &list, "a=F");
        assert_eq!(
            (run.code, run.found(Level::Error)),
            (1, vec!["failed", "failed-test"]),
            "{base}: {}",
            run.stderr
        );
        assert!(run.found(Level::Note).contains(&"quarantine-changed"), "{base}");
    }
    // A change may take a test off, and that is all it takes to be rid of an entry that has ended.
    let run = pull_request(&entry("c a", "2026-11-28"), "", "a=.");
    assert_eq!(run.found(Level::Error), ["unexplained-exit"]);
    let run = pull_request(&list, "", "a=F");
    assert_eq!(run.found(Level::Error), ["failed", "failed-test"]);
    // What it puts there is checked all the same.
    let run = pull_request(&list, &(list.clone() + &entry("c x", "2026-12-01")), "a=F");
    assert_eq!(run.found(Level::Error), ["quarantine-unmatched"]);
}

#[test]
fn a_list_nobody_reviews_is_refused() {
    let repository = Scratch::new();
    repository.commit(&[("x", "x")]);
    let elsewhere = tempfile::tempdir().unwrap();
    let list = elsewhere.path().join("q.toml");
    fs::write(&list, entry("c a", "2026-12-01")).unwrap();
    fs::write(repository.path().join("a.xml"), suite("a=F")).unwrap();
    let env = [&PULL_REQUEST[..], &[NOW]].concat();
    let arguments = format!("check a.xml --exit-code failure --quarantine {}", list.display());
    let run = TEST_REPORT.run_as_step(repository.path(), &words(&arguments), &env);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("lies outside of the repository"), "{}", run.stderr);
    // A clone that lacks the base: nothing is known of it.
    fs::write(repository.path().join("q.toml"), entry("c a", "2026-12-01")).unwrap();
    let env = [NOW, PULL_REQUEST[0], PULL_REQUEST[1], ("GITHUB_BASE_REF", "release")];
    let run = TEST_REPORT.run_as_step(
        repository.path(),
        &words("check a.xml --exit-code failure --quarantine q.toml"),
        &env,
    );
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
}
