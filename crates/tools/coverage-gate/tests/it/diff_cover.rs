//! The changed lines are those diff-cover finds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use lw_model::{Cell, Report};
use lw_testkit::git::{Random, Scratch, command};
use lw_testkit::{program, shared_fixture};
use serde_json::Value;

use crate::common::{Run, coverage_gate};

/// Uncovered and all executable changed lines of each file.
type Stats = BTreeMap<String, (BTreeSet<u32>, usize)>;

/// What diff-cover's JSON says.
fn theirs(json: &Value) -> Stats {
    let lines = |file: &Value, key: &str| -> BTreeSet<u32> {
        let lines = file[key].as_array().unwrap();
        lines.iter().map(|line| u32::try_from(line.as_u64().unwrap()).unwrap()).collect()
    };
    let files = json["src_stats"].as_object().unwrap().iter();
    let stats = files.map(|(path, file)| {
        let missed = lines(file, "violation_lines");
        let all = missed.len() + lines(file, "covered_lines").len();
        (path.clone(), (missed, all))
    });
    stats.filter(|(_, (_, all))| *all > 0).collect()
}

/// Asserts that a run found the same; `told` is what diff-cover says of files this run has no row for.
fn compare(run: &Run, expected: &Stats, what: &str) {
    let total: usize = expected.values().map(|(_, all)| all).sum();
    let missed: usize = expected.values().map(|(missed, _)| missed.len()).sum();
    let counts = (run.count("coverage.patch.total"), run.count("coverage.patch.missed"));
    assert_eq!(
        counts,
        (i64::try_from(total).unwrap(), i64::try_from(missed).unwrap()),
        "{what}: {expected:?}"
    );
    for (path, (missed, all)) in expected.iter().filter(|(_, (missed, _))| !missed.is_empty()) {
        assert_eq!(row(run.report(), path), Some((*all, missed.len())), "{what}: {path}");
        // Every range begins and ends with an uncovered line, and together they hold them all.
        let ranges = places(run.report(), path);
        for (first, last) in &ranges {
            assert!(missed.contains(first) && missed.contains(last), "{what}: {path}:{first}-{last}");
        }
        let inside =
            missed.iter().filter(|line| ranges.iter().any(|(first, last)| first <= line && *line <= last));
        assert_eq!(inside.count(), missed.len(), "{what}: {path}");
    }
}

/// Changed and uncovered lines of a file in the table.
fn row(report: &Report, path: &str) -> Option<(usize, usize)> {
    let table = report.tables.iter().find(|table| table.id == "changed")?;
    let row = table.rows.iter().find(|row| row[0] == Cell::Code(path.to_owned()))?;
    let count = |cell: &Cell| match cell {
        Cell::Count(count) => usize::try_from(*count).unwrap(),
        other => panic!("{other:?}"),
    };
    Some((count(&row[2]), count(&row[3])))
}

fn places(report: &Report, path: &str) -> Vec<(u32, u32)> {
    let places = report.findings.iter().filter(|finding| finding.rule == "coverage-gate/uncovered");
    places
        .filter_map(|finding| finding.location.as_ref())
        .filter(|location| location.path == path)
        .map(|location| {
            let first = location.line.unwrap();
            (first, location.end_line.unwrap_or(first))
        })
        .collect()
}

const ALL: [&str; 4] = ["--top", "100000", "--annotations", "100000"];

#[test]
fn the_patch_fixture_has_the_expected_figures_in_every_format() {
    let Some(folder) = shared_fixture("gates/patch") else { return };
    let expected: Value =
        serde_json::from_slice(&fs::read(folder.join("expected_diff_cover.json")).unwrap()).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let clone = command(scratch.path())
        .args(["clone", "--quiet", "--branch=main"])
        .arg(folder.join("repo.bundle"))
        .arg("repo")
        .status();
    assert!(clone.unwrap().success());
    let repo = scratch.path().join("repo");
    for name in ["cov.xml", "cov.lcov", "cov.json"] {
        let report = folder.join(name);
        let report = report.to_str().unwrap();
        let arguments = [&["--coverage", report, "--base", "HEAD~1"], &ALL[..]].concat();
        let run = coverage_gate(&repo, &arguments, &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        compare(&run, &theirs(&expected), name);
        let changed = expected["num_changed_lines"].as_u64().unwrap();
        assert!(
            run.fact("changed lines").starts_with(&format!("{changed}, ")),
            "{}",
            run.fact("changed lines")
        );
        // The same from the text of the diff, where there is no repository.
        let diff = command(&repo).args(["diff", "-U0", "HEAD~1...HEAD"]).output().unwrap().stdout;
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("changes.diff"), diff).unwrap();
        let arguments = [&["--coverage", report, "--diff-file", "changes.diff"], &ALL[..]].concat();
        compare(&coverage_gate(elsewhere.path(), &arguments, &[]), &theirs(&expected), name);
    }
}

/// Files of which diff-cover 11.0.1 counts other lines than git adds: it takes `\ No newline at end of file` for a line,
/// so what is added after a last line that had no end is one too far down.
fn miscounted(diff: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(diff).replace("\ndiff --git ", "\0diff --git ");
    let shifted = text.split('\0').filter(|file| file.contains("\n\\ No newline at end of file\n+"));
    shifted
        .flat_map(|file| lw_history::parse_unified_diff(file.as_bytes()).unwrap().files)
        .map(|file| file.path)
        .collect()
}

#[test]
fn a_last_line_without_an_end_is_counted_as_git_does() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2")]);
    scratch.commit(&[("a.c", "1\ntwo\nthree\n")]);
    // git: @@ -2 +2,2 @@; diff-cover says lines 3 and 4.
    fs::write(scratch.path().join("cov.info"), "SF:a.c\nDA:2,0\nDA:3,1\nDA:4,0\nend_of_record\n").unwrap();
    let arguments = [&["--coverage", "cov.info", "--base", "HEAD~1"], &ALL[..]].concat();
    let run = coverage_gate(scratch.path(), &arguments, &[]);
    assert_eq!((run.count("coverage.patch.total"), run.count("coverage.patch.missed")), (2, 1));
    assert_eq!(places(run.report(), "a.c"), [(2, 2)]);
    let diff = scratch.git(&["diff", "-U0", "HEAD~1", "HEAD"]);
    assert_eq!(miscounted(&diff), BTreeSet::from(["a.c".to_owned()]));
}

/// A tracefile of the files that are checked out, with random lines and hits.
fn tracefile(folder: &Path, files: &[String], random: &mut Random) -> String {
    let mut text = String::from("TN:random\n");
    for path in files {
        // diff-cover takes a backslash for a separator of folders, and so never finds such a file.
        let content = fs::read(folder.join(path)).unwrap();
        if random.once_in(5) || content.contains(&0) || path.contains('\\') {
            continue;
        }
        let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
        writeln!(text, "SF:{path}").unwrap();
        for line in 1..=lines {
            if !random.once_in(3) {
                writeln!(text, "DA:{line},{}", random.below(3)).unwrap();
            }
        }
        text.push_str("end_of_record\n");
    }
    text
}

/// The command diff-cover, for each folder in one process: to start it takes longer than to compare.
const IN_EACH: &str = "
import os, sys
from diff_cover.diff_cover_tool import main
for folder in sys.argv[1:]:
    os.chdir(folder)
    code = main(['diff-cover', 'cov.info', '--compare-branch=main', '--format', 'json:theirs.json', '--quiet'])
    assert code == 0, (folder, code)
";

#[test]
fn random_changes_give_what_diff_cover_gives() {
    let Some(diff_cover) = program("diff-cover") else { return };
    let seeds = 1000..1200;
    let changes: Vec<(u64, Scratch)> = seeds
        .map(|seed| {
            let scratch = Scratch::random(seed);
            let folder = scratch.path();
            scratch.git(&["checkout", "--quiet", "topic"]);
            let repository = lw_history::Repository::open(folder).unwrap();
            let miscounted = miscounted(&scratch.git(&["diff", "--no-color", "-U0", "main...topic"]));
            let mut files = repository.files("topic").unwrap();
            // Of a file that is or was binary, git shows diff-cover no line.
            let diff = repository.changed_lines("main", "topic", lw_history::Compare::MergeBase).unwrap();
            let uncompared = |path: &String| diff.uncompared.iter().any(|file| file.path == *path);
            files.retain(|path| !miscounted.contains(path) && !uncompared(path));
            fs::write(folder.join("cov.info"), tracefile(folder, &files, &mut Random::new(seed))).unwrap();
            (seed, scratch)
        })
        .collect();
    let output = Command::new(diff_cover.with_file_name("python3"))
        .args(["-c", IN_EACH])
        .args(changes.iter().map(|(_, scratch)| scratch.path()))
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = 0;
    for (seed, scratch) in &changes {
        let folder = scratch.path();
        let json: Value = serde_json::from_slice(&fs::read(folder.join("theirs.json")).unwrap()).unwrap();
        let expected = theirs(&json);
        let arguments = [&["--coverage", "cov.info", "--base", "main", "--allow-empty"], &ALL[..]].concat();
        let run = coverage_gate(folder, &arguments, &[]);
        assert_eq!(run.code, 0, "seed {seed}: {}", run.stderr);
        compare(&run, &expected, &format!("seed {seed}"));
        lines += expected.values().map(|(_, all)| all).sum::<usize>();
    }
    assert!(lines > 2000, "{lines} lines prove little");
}
