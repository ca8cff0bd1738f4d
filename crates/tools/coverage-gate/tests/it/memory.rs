//! Too little memory is an exit code and a sentence, whatever asked for it.

use std::fmt::Write as _;
use std::fs;

use lw_testkit::git::Scratch;
use lw_testkit::tool::NO_THREADS;

use crate::common::COVERAGE_GATE;

const ARGUMENTS: [&str; 7] = [
    "--coverage=one.info",
    "--coverage=other.info",
    "--base=HEAD~1",
    "--min-patch=1",
    "--lcov-out=all.info",
    "--html=html",
    "--config=none",
];

/// A change, and reports that are long enough to be read, and written, by several threads.
fn repository() -> Scratch {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    scratch.commit(&[("a.c", "1\n2\n3\n")]);
    let mut lcov = String::from("SF:a.c\nDA:1,1\nDA:2,0\nDA:3,1\nend_of_record\n");
    for file in 0..300 {
        let _ = writeln!(lcov, "SF:src/{file}.c");
        (1..300).for_each(|line| writeln!(lcov, "DA:{line},{}", line % 3).unwrap());
        lcov.push_str("end_of_record\n");
    }
    fs::write(scratch.path().join("one.info"), &lcov).unwrap();
    fs::write(scratch.path().join("other.info"), &lcov).unwrap();
    scratch
}

#[test]
fn a_system_without_threads_gives_the_same_reports() {
    let scratch = repository();
    let [alone, many] = [&[NO_THREADS][..], &[]].map(|env| {
        let run = COVERAGE_GATE.run(scratch.path(), &ARGUMENTS, env);
        assert_eq!(run.code, 0, "{}", run.stderr);
        (run.report().measures.clone(), fs::read(scratch.path().join("all.info")).unwrap())
    });
    assert!(alone == many);
}

#[test]
fn too_little_memory_for_reports_and_a_change_is_no_crash() {
    let scratch = repository();
    assert!(COVERAGE_GATE.run_with_little_memory(scratch.path(), &ARGUMENTS) > 0);
}
