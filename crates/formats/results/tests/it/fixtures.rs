//! Result files of real tools against what each tool printed, and those of other projects against their counts.

use std::fs;
use std::path::{Path, PathBuf};

use lw_results::{Expected, Format, Problem, ResultsError, State, TroubleKind, read, write_junit};
use lw_testkit::shared_fixture;

use crate::told;

const SUFFIX: &str = ".expected";

/// Every result file under `tests/fixtures` with what is expected of it: a line as [`told`] writes it, or `error: …`.
/// Lines that begin with `#` say why.
fn cases() -> Vec<(PathBuf, String)> {
    let mut cases = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for folder in fs::read_dir(root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for entry in fs::read_dir(folder.path()).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            if let Some(file) = name.strip_suffix(SUFFIX) {
                let expected = fs::read_to_string(entry.path()).unwrap();
                let lines: Vec<&str> = expected.lines().filter(|line| !line.starts_with('#')).collect();
                cases.push((folder.path().join(file), lines.join("\n")));
            }
        }
    }
    cases
}

#[test]
fn every_file_gives_what_its_tool_printed() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 30, "{} cases", cases.len());
    for (path, expected) in cases {
        let bytes = fs::read(&path).unwrap();
        let found = match read(&bytes) {
            Ok(run) => format!("{}: {}", run.format, told(&run)),
            Err(error) => format!("error: {error}"),
        };
        if found != expected.trim() {
            wrong.push(format!("{}: expected `{}`, found `{found}`", path.display(), expected.trim()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What a tool's exit code says and its file does not is what `--exit-code` is for; everything else agrees.
#[test]
fn the_exit_code_of_each_tool_is_explained_by_its_file() {
    // vitest tells of errors between tests on its console only, and so does googletest of a suite's set-up; here other
    // tests fail in both, so that their files are red.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real");
    let mut checked = 0;
    for (path, _) in cases().into_iter().filter(|(path, _)| path.starts_with(&root)) {
        let Ok(code) = fs::read_to_string(path.with_extension("exit")) else { continue };
        let Ok(run) = read(&fs::read(&path).unwrap()) else { continue };
        assert_eq!(run.is_red(), code.trim() != "0", "{}: exit code {}", path.display(), code.trim());
        checked += 1;
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn what_is_written_is_read_with_the_same_counts() {
    for (path, _) in cases() {
        let Ok(run) = read(&fs::read(&path).unwrap()) else { continue };
        let mut written = Vec::new();
        write_junit("all", [("", &run)], &mut written).unwrap();
        let again = read(&written).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut before, after) = (run.counts(), again.counts());
        // JUnit has one word for what did not run and for what went wrong outside a test.
        before.errors += before.not_run + run.troubles.len() as u64;
        if run.unnamed_not_run > 0 {
            before.errors = before.errors - run.unnamed_not_run + 1;
        }
        (before.not_run, before.warned) = (0, 0);
        assert_eq!(after, before, "{}", path.display());
        assert!(again.troubles.is_empty(), "{}: {:?}", path.display(), again.troubles);
        // The root, which is written first, has the sums of the suites.
        let text = String::from_utf8(written).unwrap();
        for attribute in ["tests", "skipped", "failures", "errors"] {
            let count = |element: &str| -> u64 {
                let value = element.split(&format!(" {attribute}=\"")).nth(1).unwrap().split('"').next();
                value.unwrap().parse().unwrap()
            };
            let mut roots = text.split("<testsuites ").skip(1);
            let sum: u64 = text.split("<testsuite ").skip(1).map(count).sum();
            assert_eq!(roots.next().map(count), Some(sum), "{}: {attribute}", path.display());
        }
    }
}

/// The counts of `MANIFEST.md` of the shared fixtures: tests, failed, errors, skipped, flaky.
const JUNIT: [(&str, [u64; 5]); 14] = [
    ("catch2.xml", [1, 1, 0, 0, 0]),
    // The manifest has no skipped ones: five cases have `status="notrun"`, which is what googletest writes for those that are
    // disabled; its own console says `YOU HAVE 5 DISABLED TESTS`.
    ("gtest_disabled.xml", [31, 19, 1, 5, 0]),
    ("jest.xml", [2, 0, 0, 0, 0]),
    ("junit4_ant.xml", [6, 1, 0, 0, 0]),
    ("mocha.xml", [109, 0, 0, 0, 0]),
    // Skipped and failed at once: without Catch2's `!mayfail` nothing says that the failure was expected, so that it counts.
    ("multiresult.xml", [4, 1, 1, 1, 0]),
    ("nested.xml", [5, 3, 0, 0, 0]),
    ("nextest.xml", [3, 1, 0, 0, 1]),
    ("phpunit.xml", [12, 2, 0, 0, 0]),
    ("pytest_xunit2.xml", [97, 0, 0, 17, 0]),
    ("python-xunit-unittest.xml", [8, 1, 1, 2, 0]),
    ("scalatest_bare_testsuite.xml", [5, 0, 0, 0, 0]),
    ("surefire_flaky.xml", [1, 0, 0, 0, 1]),
    ("swift-xunit.xml", [3, 1, 0, 0, 0]),
];

#[test]
fn the_junit_files_of_other_projects_have_the_counts_of_their_manifest() {
    for (name, expected) in JUNIT {
        let Some(path) = shared_fixture(&format!("gates/junit/{name}")) else { return };
        let run = read(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let counts = run.counts();
        let found = [counts.total(), counts.failed, counts.errors, counts.skipped, counts.flaky];
        assert_eq!(found, expected, "{name}");
        assert_eq!(run.format, Format::Junit);
        assert!(run.troubles.is_empty(), "{name}: {:?}", run.troubles);
    }
}

#[test]
fn the_logs_of_boards_say_what_happened() {
    for (name, expected) in [
        ("unity/unity-basic-fail-ignore.log", "3 passed, 1 failed, 1 skipped"),
        ("unity/unity-hardfault-midrun.log", "2 passed, crash, unfinished run"),
        ("unity/unity-hang-midrun.log", "2 passed, unfinished run"),
        ("unity/unity-fixture-verbose.log", "2 passed, 1 failed, 1 skipped"),
        ("serial/idf-unity-panic.log", "1 passed, 1 failed, 1 errors, 1 skipped, unfinished run"),
        ("serial/lying-summary.log", "1 passed, 1 failed, missing tests"),
        ("serial/interleaved.log", "2 passed, 1 failed"),
        ("serial/idf-wdt-brownout.log", "1 passed, crash, crash"),
        ("ztest/ztest-ok-fail-skip.log", "1 passed, 1 failed, 1 skipped"),
    ] {
        let Some(path) = shared_fixture(&format!("hil/{name}")) else { return };
        let run = read(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(told(&run), expected, "{name}: {run:#?}");
    }
}

#[test]
fn a_crash_names_the_test_that_ran() {
    let Some(path) = shared_fixture("hil/serial/idf-unity-panic.log") else { return };
    let run = read(&fs::read(path).unwrap()).unwrap();
    let (_, case) = run.cases().find(|(_, case)| case.state() == State::Error).unwrap();
    assert_eq!(&*case.name, "dma_copy");
    let evidence = case.last.evidence.as_deref().unwrap();
    assert!(evidence.message.starts_with("Guru Meditation Error"), "{evidence:?}");
    assert!(evidence.detail.contains("rst:0xc (RTC_SW_CPU_RST)"), "{evidence:?}");
}

/// Lists that tools make without running a test, and the results of the same suites.
#[test]
fn every_test_of_a_list_is_in_its_result() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real");
    for (list, result) in [
        ("pytest.list", "pytest.xml"),
        ("nextest.list", "nextest.xml"),
        ("ctest.list", "ctest.xml"),
        ("go.list", "go.json"),
    ] {
        let expected = Expected::read(&fs::read(root.join(list)).unwrap()).unwrap();
        let run = read(&fs::read(root.join(result)).unwrap()).unwrap();
        let compared = expected.compare(run.cases().map(|(_, case)| case));
        assert_eq!(compared.missing, [""; 0], "{list}");
        assert_eq!(compared.unexpected, [""; 0], "{list}");
        // One test less in the result is one that is missing.
        let mut less = run.clone();
        let last = less.suites.iter_mut().find_map(|suite| suite.cases.pop()).unwrap();
        let compared = expected.compare(less.cases().map(|(_, case)| case));
        assert!(compared.missing.len() == 1 || last.name.contains('/'), "{list}: {:?}", compared.missing);
    }
}

#[test]
fn a_list_without_its_end_is_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/real");
    for list in ["pytest.list", "ctest.list"] {
        let bytes = fs::read(root.join(list)).unwrap();
        let cut = &bytes[..bytes.len() - 30];
        let error = Expected::read(cut).unwrap_err();
        assert!(
            matches!(error, ResultsError::Malformed { problem: Problem::Truncated(_), .. }),
            "{list}: {error}"
        );
    }
    assert!(Expected::read(b" \n").is_err());
    assert!(Expected::read(b"this is no list of tests\n").is_err());
}

#[test]
fn a_header_that_promises_more_is_trouble_and_one_that_promises_less_is_none() {
    let of = |header: &str| {
        let text =
            format!("<testsuite name='s' {header}><testcase name='a'/><testcase name='b'/></testsuite>");
        read(text.as_bytes()).unwrap()
    };
    for header in ["tests='3'", "tests='2' failures='1'", "tests='2' errors='1'"] {
        assert_eq!(of(header).troubles[0].kind, TroubleKind::Promise, "{header}");
    }
    for header in ["", "tests='1'", "tests='2' failures='0'", "tests='x'"] {
        assert!(of(header).troubles.is_empty(), "{header}");
    }
}
