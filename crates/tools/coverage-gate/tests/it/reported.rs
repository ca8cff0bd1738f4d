//! What users of such gates report as passing that should not: each a small repository of its own.

use std::fs;

use lw_model::{Level, Outcome, Reason};
use lw_testkit::git::Scratch;

use crate::common::{Run, coverage_gate};

/// A report of files, each with the hits of its lines from 1.
fn info(files: &[(&str, &[u64])]) -> String {
    let mut text = String::new();
    for (path, hits) in files {
        text += &format!("SF:{path}\n");
        for (line, hits) in (1..).zip(*hits) {
            text += &format!("DA:{line},{hits}\n");
        }
        text += "end_of_record\n";
    }
    text
}

fn write(scratch: &Scratch, path: &str, content: &str) {
    let full = scratch.path().join(path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    fs::write(full, content).unwrap();
}

fn run(scratch: &Scratch, arguments: &[&str]) -> Run {
    coverage_gate(scratch.path(), arguments, &[])
}

fn levels(run: &Run, rule: &str) -> Vec<Level> {
    let rule = format!("coverage-gate/{rule}");
    run.report().findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.level).collect()
}

fn reason(run: &Run, name: &str) -> Option<Reason> {
    let report = run.report();
    let mut limits = report.limits().filter(|(measure, _, _)| *measure == name);
    limits.find_map(|(_, _, limit)| limit.reason)
}

/// The files of the report with how many of their lines are covered and how many there are.
fn files(run: &Run) -> Vec<(String, u64, u64)> {
    let nodes = run.report().trees[0].root.children.iter();
    nodes
        .map(|node| {
            let covered = node.children.iter().filter(|part| &*part.name == "covered").map(|part| part.value);
            (node.name.to_string(), covered.sum(), node.value)
        })
        .collect()
}

fn packages() -> Scratch {
    let scratch = Scratch::new();
    scratch.commit(&[
        ("lib/main.dart", "a\nb\nc\n"),
        ("pkgs/foo/lib/main.dart", "a\nb\nc\n"),
        ("pkgs/bar/lib/main.dart", "a\nb\n"),
    ]);
    scratch.commit(&[("pkgs/foo/lib/main.dart", "a\nb\nNEW\nc\n")]);
    write(&scratch, "pkgs/foo/coverage/lcov.info", &info(&[("lib/main.dart", &[1, 1, 0, 1])]));
    write(&scratch, "pkgs/bar/coverage/lcov.info", &info(&[("lib/main.dart", &[1, 0])]));
    scratch
}

#[test]
fn a_report_is_of_the_package_it_lies_in() {
    let scratch = packages();
    let gate = ["--coverage", "pkgs/foo/coverage/lcov.info", "--base", "HEAD~1", "--min-patch", "80%"];
    for more in
        [&[][..], &["--source-root", "pkgs/foo"], &["--source-root", "pkgs/foo/coverage/lcov.info=pkgs/foo"]]
    {
        let run = run(&scratch, &[&gate, more].concat());
        assert_eq!(
            (run.code, files(&run)),
            (1, vec![("pkgs/foo/lib/main.dart".into(), 3, 4)]),
            "{}",
            run.stderr
        );
    }
    let inside = coverage_gate(
        &scratch.path().join("pkgs/foo"),
        &["--coverage", "coverage/lcov.info", "--base", "HEAD~1", "--min-patch", "80%"],
        &[],
    );
    assert_eq!((inside.code, files(&inside)), (1, vec![("pkgs/foo/lib/main.dart".into(), 3, 4)]));
}

#[test]
fn two_packages_with_the_same_relative_path_stay_two() {
    let scratch = packages();
    let two = vec![("pkgs/bar/lib/main.dart".into(), 1, 2), ("pkgs/foo/lib/main.dart".into(), 3, 4)];
    let both = run(&scratch, &["--coverage", "pkgs/*/coverage/lcov.info"]);
    assert_eq!(files(&both), two);
    let rooted =
        ["--coverage", "pkgs/*/coverage/lcov.info", "--source-root", "pkgs/foo", "--source-root", "pkgs/bar"];
    assert_eq!(files(&run(&scratch, &rooted)), two);
    // Collected elsewhere, nothing but what is named tells them apart.
    write(&scratch, "out/1.info", &info(&[("lib/main.dart", &[1, 1, 0, 1])]));
    write(&scratch, "out/2.info", &info(&[("lib/main.dart", &[1, 0])]));
    let named = [
        "--coverage",
        "out/*.info",
        "--source-root",
        "out/1.info=pkgs/foo",
        "--source-root",
        "out/2*=pkgs/bar",
    ];
    assert_eq!(files(&run(&scratch, &named)), two);
    let wrong = run(&scratch, &["--coverage", "out/*.info", "--source-root", "out/3.info=pkgs/foo"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("no report is `out/3.info`"), "{}", wrong.stderr);
}

#[test]
fn modules_of_a_build_with_the_same_class_are_told_apart_by_their_reports() {
    let scratch = Scratch::new();
    scratch.commit(&[
        ("app/src/main/java/com/acme/Main.java", "a\n"),
        ("core/src/main/java/com/acme/Main.java", "a\n"),
    ]);
    for (module, ci) in [("app", 0), ("core", 3)] {
        let xml = format!(
            "<report name='{module}'><package name='com/acme'><sourcefile name='Main.java'><line nr='1' mi='1' ci='{ci}' mb='0' cb='0'/></sourcefile></package></report>"
        );
        write(&scratch, &format!("{module}/target/site/jacoco/jacoco.xml"), &xml);
    }
    let run = run(&scratch, &["--coverage", "*/target/site/jacoco/jacoco.xml"]);
    let path = |module: &str| format!("{module}/src/main/java/com/acme/Main.java");
    assert_eq!(files(&run), [(path("app"), 0, 1), (path("core"), 1, 1)], "{}", run.stderr);
}

#[test]
fn a_report_that_names_no_file_of_the_repository_does_not_pass_a_floor_of_changed_lines() {
    let scratch = Scratch::new();
    scratch.commit(&[("lib/Util.cs", "a\nb\n"), ("lib/b.c", "1\n")]);
    scratch.commit(&[("lib/Util.cs", "a\nb\nc\n")]);
    let gate = |report: &str, more: &[&str]| {
        write(&scratch, "cov.info", report);
        run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1"], more].concat())
    };
    for report in
        ["SF:/nowhere/Thing.cs\nDA:1,1\nDA:3,0\nend_of_record\n", "SF:elsewhere/x.c\nDA:1,1\nend_of_record\n"]
    {
        for floor in [["--min-patch", "80%"], ["--min-patch-file", "80%"]] {
            let run = gate(report, &floor);
            assert_eq!(
                (run.code, levels(&run, "nothing-matched")),
                (1, vec![Level::Warning]),
                "{}",
                run.stderr
            );
            assert!(run.report().limits().all(|(_, _, limit)| limit.reason == Some(Reason::NothingMatched)));
        }
        // Without a floor it is told.
        let run = gate(report, &[]);
        assert_eq!((run.code, levels(&run, "nothing-matched")), (0, vec![Level::Warning]));
    }
    // A path of Windows in another case is found.
    let run = gate("SF:c:\\agent\\s\\LIB\\util.cs\nDA:1,1\nDA:3,0\nend_of_record\n", &["--min-patch", "80%"]);
    assert_eq!((run.code, run.count("coverage.patch.missed")), (1, 1), "{}", run.stderr);
    // What is left out on purpose is nobody's fault.
    write(&scratch, "system.info", "SF:/usr/include/x.h\nDA:1,1\nend_of_record\n");
    let good = info(&[("lib/Util.cs", &[1, 1, 1])]);
    let more = ["--coverage", "system.info", "--exclude", "/usr/**", "--min-patch", "80%"];
    assert_eq!(gate(&good, &more).code, 0);
    // One report of several is enough to not know the whole.
    assert_eq!(gate(&good, &["--coverage", "system.info", "--min-patch", "80%"]).code, 1);
}

#[test]
fn a_changed_source_in_no_report_fails_a_floor_unless_somebody_says_what_it_means() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n"), ("b.c", "1\n")]);
    scratch.commit(&[("a.c", "1\n2\n"), ("b.c", "1\n2\n")]);
    write(&scratch, "cov.info", &info(&[("a.c", &[1, 1])]));
    let gate =
        |more: &[&str]| run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1"], more].concat());
    let lost = gate(&["--min-patch", "80%"]);
    assert_eq!((lost.code, levels(&lost, "unreported")), (1, vec![Level::Error]), "{}", lost.stderr);
    assert_eq!(levels(&gate(&[]), "unreported"), [Level::Note]);
    assert_eq!(gate(&["--min-patch", "80%", "--unreported", "note"]).code, 0);
    assert_eq!(gate(&["--min-patch", "80%", "--exclude", "b.c"]).code, 0);
    // Where nothing else was changed, there was nothing to judge it by.
    scratch.commit(&[("b.c", "1\n2\n3\n")]);
    let only = gate(&["--min-patch", "80%"]);
    assert_eq!((only.code, reason(&only, "coverage.patch.covered")), (1, Some(Reason::NothingMatched)));
    let told = gate(&["--min-patch", "80%", "--unreported", "note"]);
    assert_eq!((told.code, reason(&told, "coverage.patch.covered")), (0, Some(Reason::NothingToJudge)));
}

fn three_files() -> Scratch {
    let scratch = Scratch::new();
    let ten: String = (1..=10).map(|line| format!("{line}\n")).collect();
    scratch.commit(&[("a.c", &ten), ("b.c", &ten), ("t.c", &ten)]);
    write(
        &scratch,
        "all.info",
        &info(&[
            ("a.c", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 0]),
            ("b.c", &[1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
            ("t.c", &[1; 10]),
        ]),
    );
    write(&scratch, "lost-b.info", &info(&[("a.c", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 0]), ("t.c", &[1; 10])]));
    write(
        &scratch,
        "lost-t.info",
        &info(&[("a.c", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 0]), ("b.c", &[1, 1, 1, 1, 1, 0, 0, 0, 0, 0])]),
    );
    assert_eq!(run(&scratch, &["--coverage", "all.info", "--write", "json=base.json"]).code, 0);
    scratch
}

#[test]
fn a_file_that_is_in_no_report_any_more_fails_the_ratchet() {
    let scratch = three_files();
    for ratchet in ["total", "file"] {
        for report in ["lost-b.info", "lost-t.info"] {
            let run = run(&scratch, &["--coverage", report, "--baseline", "base.json", "--ratchet", ratchet]);
            assert_eq!((run.code, levels(&run, "lost-file")), (1, vec![Level::Error]), "{}", run.stderr);
            assert_eq!(reason(&run, "coverage.line.covered"), Some(Reason::PartsMissing));
            assert!(levels(&run, "fell-by-removal").is_empty());
        }
    }
    // Without a ratchet it is told.
    let told = run(&scratch, &["--coverage", "lost-b.info", "--baseline", "base.json"]);
    assert_eq!((told.code, levels(&told, "lost-file")), (0, vec![Level::Warning]));
    // A file that was deleted is not lost, whatever its coverage was; nor is one under another name.
    scratch.git(&["rm", "--quiet", "b.c"]);
    scratch.git(&["mv", "t.c", "u.c"]);
    scratch.commit(&[]);
    write(&scratch, "rest.info", &info(&[("a.c", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 0]), ("u.c", &[1; 10])]));
    let gate = ["--baseline", "base.json", "--ratchet", "file", "--base", "HEAD~1"];
    let removed = run(&scratch, &[&["--coverage", "rest.info"], &gate[..]].concat());
    assert_eq!((removed.code, levels(&removed, "lost-file")), (0, vec![]), "{}", removed.stderr);
    // One under another name that is in no report is.
    write(&scratch, "rest.info", &info(&[("a.c", &[1, 1, 1, 1, 1, 1, 1, 1, 1, 0])]));
    let renamed = run(&scratch, &[&["--coverage", "rest.info"], &gate[..]].concat());
    assert_eq!((renamed.code, levels(&renamed, "lost-file")), (1, vec![Level::Error]), "{}", renamed.stderr);
}

#[test]
fn what_only_another_exclude_raises_is_not_let_through() {
    let scratch = three_files();
    for patterns in [&["--exclude", "b.c"][..], &["--exclude", "t.c"], &["--include", "a.c"]] {
        for ratchet in ["total", "file"] {
            let gate = ["--coverage", "all.info", "--baseline", "base.json", "--ratchet", ratchet];
            let run = run(&scratch, &[&gate, patterns].concat());
            assert_eq!((run.code, levels(&run, "newly-excluded")), (1, vec![Level::Error]), "{}", run.stderr);
            assert!(levels(&run, "fell-by-removal").is_empty());
        }
    }
    // Left out and not reported either, because the tool that measures was told so as well.
    let gate =
        ["--coverage", "lost-b.info", "--exclude", "b.c", "--baseline", "base.json", "--ratchet", "total"];
    assert_eq!(levels(&run(&scratch, &gate), "newly-excluded"), [Level::Error]);
    // Patterns that the baseline had, too, are no change.
    let arguments = ["--coverage", "all.info", "--exclude", "b.c", "--write", "json=next.json"];
    assert_eq!(run(&scratch, &arguments).code, 0);
    let gate = ["--coverage", "all.info", "--exclude", "b.c", "--baseline", "next.json", "--ratchet", "file"];
    assert_eq!(run(&scratch, &gate).code, 0);
}

#[test]
fn a_metric_that_is_no_longer_measured_fails_the_ratchet() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n")]);
    write(&scratch, "cov.info", "SF:a.c\nDA:1,1\nBRDA:1,0,0,1\nBRDA:1,0,1,0\nend_of_record\n");
    assert_eq!(run(&scratch, &["--coverage", "cov.info", "--write", "json=base.json"]).code, 0);
    write(&scratch, "cov.info", "SF:a.c\nDA:1,1\nend_of_record\n");
    let run = run(&scratch, &["--coverage", "cov.info", "--baseline", "base.json", "--ratchet", "total"]);
    assert_eq!(
        (run.code, reason(&run, "coverage.branch.covered")),
        (1, Some(Reason::Gone)),
        "{}",
        run.stderr
    );
}

#[test]
fn a_ratchet_speaks_in_points_and_is_there_without_a_baseline() {
    let scratch = three_files();
    write(
        &scratch,
        "less.info",
        &info(&[
            ("a.c", &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("b.c", &[1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
            ("t.c", &[1; 10]),
        ]),
    );
    let gate = ["--coverage", "less.info", "--ratchet", "file"];
    let fell = run(&scratch, &[&gate[..], &["--baseline", "base.json"]].concat());
    assert_eq!(fell.code, 1);
    let messages: Vec<&str> = fell.report().findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(
        messages.contains(&"line coverage fell by 26.67 points, from 80.00 % to 53.33 % (--ratchet)"),
        "{messages:?}"
    );
    assert!(
        messages.contains(&"line coverage of a.c fell by 80.00 points, from 90.00 % to 10.00 % (--ratchet)"),
        "{messages:?}"
    );
    let first = run(&scratch, &[&gate[..], &["--baseline", "none.json"]].concat());
    assert_eq!((first.code, reason(&first, "coverage.line.covered")), (0, Some(Reason::NoBaseline)));
    let line = first.report().measure("coverage.line.covered", None).unwrap();
    assert_eq!(line.limits[0].outcome, Outcome::NotJudged);
    let required = [&gate[..], &["--baseline", "none.json", "--require-baseline"]].concat();
    assert_ne!(run(&scratch, &required).code, 0);
    let allowed = run(&scratch, &[&gate[..], &["--baseline", "base.json", "--allow-drop", "80"]].concat());
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
    // Less than a point is nothing ambiguous here.
    let allowed = run(
        &scratch,
        &["--coverage", "all.info", "--ratchet", "total", "--baseline", "base.json", "--allow-drop", "0.5"],
    );
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
}

#[test]
fn a_lost_report_is_seen_when_their_number_is_known() {
    let scratch = three_files();
    write(&scratch, "empty.info", "TN:\n");
    let gate = |expected: &str, reports: &[&str]| {
        let mut arguments = vec!["--expect-reports", expected];
        reports.iter().for_each(|report| arguments.extend(["--coverage", *report]));
        run(&scratch, &arguments)
    };
    assert_eq!(gate("2", &["lost-b.info", "lost-t.info"]).code, 0);
    let lost = gate("2", &["lost-b.info"]);
    assert_eq!((lost.code, levels(&lost, "report-count")), (1, vec![Level::Error]));
    assert_eq!(gate("1", &["lost-b.info", "lost-t.info"]).code, 1);
    // One that tells of nothing is as good as lost, and told also where nobody counts.
    let empty = gate("2", &["lost-b.info", "empty.info"]);
    assert_eq!((empty.code, levels(&empty, "empty-report")), (1, vec![Level::Warning]), "{}", empty.stderr);
}

#[test]
fn comments_and_blank_lines_inside_a_block_of_go_do_not_count() {
    let scratch = Scratch::new();
    let source = |comment: &str, more: &str| {
        format!("package x\n\nfunc Never() int {{\n\tv := 1\n\n\t// {comment}\n\treturn v{more}\n}}\n")
    };
    scratch.commit(&[("go.mod", "module example.com/x\n"), ("n.go", &source("old", ""))]);
    scratch.commit(&[("n.go", &source("new", ""))]);
    write(&scratch, "c.out", "mode: set\nexample.com/x/n.go:3.18,8.2 2 0\n");
    let gate =
        |report: &str| run(&scratch, &["--coverage", report, "--base", "HEAD~1", "--min-patch", "80%"]);
    let comment = gate("c.out");
    assert_eq!((comment.code, comment.count("coverage.patch.total")), (0, 0), "{}", comment.stderr);
    assert_eq!(comment.count("coverage.line.total"), 4);
    assert_eq!(comment.count("coverage.statement.total"), 2);
    // Code in the same place does.
    scratch.commit(&[("n.go", &source("new", " // why"))]);
    assert_eq!(gate("c.out").code, 1);
    // Of a file that another format measured as well, what that one lists stays.
    write(&scratch, "c.info", "SF:n.go\nDA:6,1\nend_of_record\n");
    let both = run(&scratch, &["--coverage", "c.out", "--coverage", "c.info"]);
    assert_eq!(both.count("coverage.line.total"), 6);
}

#[test]
fn lines_beyond_the_end_of_a_file_are_told_and_fail_where_a_limit_depends_on_it() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n3\n"), ("b.c", "1\n"), ("K.kt", "1\n")]);
    scratch.commit(&[("a.c", "1\n2\n3\n4")]);
    let gate = |report: &str, more: &[&str]| {
        write(&scratch, "cov.info", report);
        run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1"], more].concat())
    };
    let stale = "SF:a.c\nDA:1,1\nDA:90,0\nend_of_record\n";
    for report in [stale, "SF:a.c\nDA:4,1\nDA:5,1\nend_of_record\n"] {
        let run = gate(report, &["--min-patch", "80%"]);
        assert_eq!((run.code, levels(&run, "other-text")), (1, vec![Level::Error]), "{}", run.stderr);
    }
    assert_eq!(levels(&gate(stale, &[]), "other-text"), [Level::Warning]);
    // The last line of a file without an end is one, and what the change does not touch decides nothing of it.
    assert!(
        levels(&gate("SF:a.c\nDA:4,1\nend_of_record\n", &["--min-patch", "80%"]), "other-text").is_empty()
    );
    let elsewhere = "SF:a.c\nDA:4,1\nend_of_record\nSF:b.c\nDA:2,1\nend_of_record\n";
    let run = gate(elsewhere, &["--min-patch", "80%"]);
    assert_eq!((run.code, levels(&run, "other-text")), (0, vec![Level::Warning]));
    // Kotlin numbers inlined lines on after the last one.
    assert_eq!(levels(&gate("SF:K.kt\nDA:7,1\nend_of_record\n", &[]), "other-text"), [Level::Note]);
    // A line 0 counts nowhere.
    let zero = gate("SF:a.c\nDA:0,0\nDA:4,1\nend_of_record\n", &["--min-line", "100%"]);
    assert_eq!((zero.code, levels(&zero, "odd-report")), (0, vec![Level::Note]));
}

#[test]
fn changed_lines_are_those_of_the_text_that_was_measured() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n3\n"), ("b.c", "1\n"), ("c.c", "1\r\n2\r\n")]);
    scratch.commit(&[("a.c", "1\n2\n3\nfour\n"), ("c.c", "1\n2\n3\n")]);
    write(&scratch, "a.c", "u1\nu2\n1\n2\n3\nfour\n");
    write(&scratch, "c.c", "1\r\n2\r\n3\r\n");
    write(&scratch, "cov.info", &info(&[("a.c", &[0, 0, 1, 1, 1, 0]), ("c.c", &[1, 1, 1])]));
    let gate = ["--coverage", "cov.info", "--base", "HEAD~1", "--min-patch-file", "80%"];
    let moved = run(&scratch, &gate);
    assert_eq!((moved.code, moved.count("coverage.patch.missed")), (1, 3), "{}", moved.stderr);
    assert_eq!(levels(&moved, "other-text"), [Level::Note], "the ends of lines are no difference");
    assert_eq!(moved.count("coverage.file.a.c.patch.covered"), 0);
    // What only the commit has was not measured.
    write(&scratch, "a.c", "1\n2\n3\n");
    write(&scratch, "cov.info", &info(&[("a.c", &[0, 0, 0]), ("c.c", &[1, 1, 1])]));
    let gone = run(&scratch, &gate);
    assert_eq!((gone.code, levels(&gone, "other-text")), (0, vec![Level::Note]), "{}", gone.stderr);
    // A measured file that is not on disk is told, when others are.
    fs::remove_file(scratch.path().join("a.c")).unwrap();
    assert_eq!(levels(&run(&scratch, &gate), "other-text"), [Level::Note]);
}

#[test]
fn a_nul_byte_takes_no_source_out_of_the_gate() {
    let scratch = Scratch::new();
    scratch.commit(&[
        ("a.js", "1\n2\n"),
        ("b.js", "x\u{0}\n2\n"),
        ("new.js", "1\n"),
        // Binary before, and no longer: with a NUL in it, and as UTF-16.
        ("was.js", "1\u{0}\n2\n"),
        ("wide.js", "1\u{0}\n\u{0}2\u{0}\n\u{0}"),
        ("old.js", "\u{0}\n1\n2\n3\n4\n5\n6\n7\n"),
        ("icon.png", "\u{0}"),
        ("same.js", "\u{0}\n"),
    ]);
    scratch.git(&["mv", "old.js", "moved.js"]);
    scratch.commit(&[
        ("a.js", "1\n// \u{0}\n2\n3\n"),
        ("b.js", "x\u{0}\n2\n3\n"),
        ("other.js", "\u{0}\n1\n"),
        ("was.js", "1\n2\n"),
        ("wide.js", "1\n2\n"),
        ("moved.js", "\u{0}\n1\n2\n3\n4\n5\n6\n7\n8\n"),
        ("icon.png", "\u{0}\u{0}"),
    ]);
    let measured = info(&[
        ("a.js", &[1, 1, 1, 0]),
        ("b.js", &[1, 1, 0]),
        ("other.js", &[0, 0]),
        ("was.js", &[0, 1]),
        ("wide.js", &[0, 0]),
        ("moved.js", &[0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("same.js", &[0]),
    ]);
    write(&scratch, "cov.info", &measured);
    let gate = ["--coverage", "cov.info", "--base", "HEAD~1", "--min-patch", "80%"];
    let judged = run(&scratch, &gate);
    let counted = (judged.count("coverage.patch.total"), judged.count("coverage.patch.missed"));
    assert_eq!((judged.code, counted), (1, (9, 8)), "{}", judged.stderr);
    assert_eq!(levels(&judged, "other-text"), [Level::Note; 6]);
    // One that no report mentions is no picture either.
    write(&scratch, "cov.info", &info(&[("a.js", &[1, 1, 1, 1])]));
    let unreported = run(&scratch, &gate);
    assert_eq!((unreported.code, levels(&unreported, "unreported")), (1, vec![Level::Error]));
    let said = &unreported.report().findings.iter().find(|finding| finding.rule.ends_with("/unreported"));
    assert!(said.unwrap().message.starts_with("5 changed files are in no report"), "{said:?}");
    assert!(!said.unwrap().message.contains("icon.png"));
    // A diff that was made elsewhere does not have the texts: then nothing of such a file is known to be as it was.
    write(&scratch, "cov.info", &measured);
    let diff = scratch.git(&["diff", "-U0", "HEAD~1", "HEAD"]);
    fs::write(scratch.path().join("change.diff"), diff).unwrap();
    let given =
        run(&scratch, &["--coverage", "cov.info", "--diff-file", "change.diff", "--min-patch", "80%"]);
    let counted = (given.count("coverage.patch.total"), given.count("coverage.patch.missed"));
    assert_eq!((given.code, counted), (1, (22, 16)), "{}", given.stderr);
}

#[test]
fn a_class_of_kotlin_without_the_folders_of_its_root_package_is_found_or_told() {
    let scratch = Scratch::new();
    scratch.commit(&[("src/main/kotlin/Foo.kt", "a\nb\n"), ("src/main/kotlin/sub/Bar.kt", "a\nb\n")]);
    scratch.commit(&[("src/main/kotlin/Foo.kt", "a\nc\nb\n")]);
    let file = |package: &str, name: &str| {
        format!(
            "<package name='{package}'><sourcefile name='{name}'><line nr='1' mi='0' ci='1'/><line nr='2' mi='1' ci='0'/></sourcefile></package>"
        )
    };
    let report =
        format!("<report name='k'>{}{}</report>", file("com/acme", "Foo.kt"), file("com/acme/sub", "Bar.kt"));
    write(&scratch, "k.xml", &report);
    let found = run(&scratch, &["--coverage", "k.xml", "--base", "HEAD~1", "--min-patch", "80%"]);
    assert_eq!((found.code, found.count("coverage.patch.missed")), (1, 1), "{}", found.stderr);
    scratch.commit(&[("other/Foo.kt", "a\nb\n")]);
    let told = run(&scratch, &["--coverage", "k.xml"]);
    let finding =
        told.report().findings.iter().find(|finding| finding.rule == "coverage-gate/unknown-file").unwrap();
    assert!(finding.help.as_ref().unwrap().contains("--strip-prefix, such as com/acme"), "{finding:?}");
}

#[test]
fn what_lcov_2_told_is_in_the_tracefile_that_is_written_and_what_is_lost_is_told() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n"), ("x.go", "package x\nfunc f() {}\n")]);
    let text = "SF:a.c\nFNL:0,1,9\nFNA:0,1,f\nFNA:0,0,g\nMCDC:1,1,f,0,0,a\nMCDC:1,1,t,1,0,a\nDA:1,1\nend_of_record\n";
    write(&scratch, "cov.info", text);
    let first =
        run(&scratch, &["--coverage", "cov.info", "--lcov-out", "out.info", "--cobertura-out", "out.xml"]);
    let written = fs::read_to_string(scratch.path().join("out.info")).unwrap();
    for record in text.lines() {
        assert!(written.contains(record), "{record} is not in {written}");
    }
    let losses = |run: &Run| -> Vec<String> {
        let findings = run.report().findings.iter();
        findings
            .filter(|finding| finding.rule == "coverage-gate/conversion-loss")
            .map(|finding| finding.message.clone())
            .collect()
    };
    assert_eq!(
        losses(&first),
        ["cobertura-out does not tell everything that was measured: without conditions of MC/DC (2)"]
    );
    let again = run(&scratch, &["--coverage", "out.info"]);
    for name in ["coverage.condition.covered", "coverage.condition.total", "coverage.function.total"] {
        assert_eq!(again.count(name), first.count(name), "{name}");
    }
    write(&scratch, "c.out", "mode: set\nexample.com/x/x.go:2.1,2.12 1 1\n");
    let go = run(&scratch, &["--coverage", "c.out", "--lcov-out", "out.info"]);
    assert_eq!(losses(&go), ["lcov-out does not tell everything that was measured: without statements (1)"]);
}

#[test]
fn a_figure_that_is_counted_in_another_way_now_is_not_compared_once() {
    let scratch = Scratch::new();
    scratch.commit(&[("n.go", "package x\n\nfunc f() {\n\n\n}\n")]);
    write(&scratch, "c.out", "mode: set\nexample.com/x/n.go:3.10,6.2 1 0\nexample.com/x/n.go:1.1,1.9 1 1\n");
    assert_eq!(run(&scratch, &["--coverage", "c.out", "--write", "json=base.json"]).code, 0);
    let old =
        fs::read_to_string(scratch.path().join("base.json")).unwrap().replace("\"revision\"", "\"was\"");
    // Of five lines four were covered then, by the old count.
    let old = old.replacen("\"value\": 1,", "\"value\": 4,", 1).replacen("\"whole\": 3", "\"whole\": 5", 1);
    write(&scratch, "old.json", &old);
    let gate = |base: &str| run(&scratch, &["--coverage", "c.out", "--ratchet", "file", "--baseline", base]);
    let once = gate("old.json");
    assert_eq!(
        (once.code, reason(&once, "coverage.line.covered")),
        (0, Some(Reason::MeaningChanged)),
        "{}",
        once.stderr
    );
    let again = gate("base.json");
    assert_eq!((again.code, reason(&again, "coverage.line.covered")), (0, None));
}

#[test]
fn lines_that_lost_coverage_without_being_changed_are_named() {
    let scratch = Scratch::new();
    let base = [
        ("a.c", "1\n2\n3\n4\n"),
        ("b.c", "1\n2\n3\n"),
        ("c.c", "1\n2\n3\n"),
        ("old.c", "a();\nb();\nc();\nd();\n"),
    ];
    scratch.commit(&base);
    write(
        &scratch,
        "base.info",
        &info(&[("a.c", &[1, 1, 1, 1]), ("b.c", &[1, 1, 1]), ("c.c", &[1, 0, 1]), ("old.c", &[1, 1, 1, 1])]),
    );
    scratch.git(&["mv", "old.c", "new.c"]);
    // a.c gets a line in front, b.c loses its first, c.c stays, and new.c is old.c.
    scratch.commit(&[("a.c", "new\n1\n2\n3\n4\n"), ("b.c", "2\n3\n")]);
    write(
        &scratch,
        "cov.info",
        &info(&[("a.c", &[0, 1, 0, 0, 1]), ("b.c", &[1, 0]), ("c.c", &[1, 0, 1]), ("new.c", &[1, 1, 1, 0])]),
    );
    let gate = ["--coverage", "cov.info", "--base", "HEAD~1", "--baseline-coverage", "base.info"];
    let run = run(&scratch, &gate);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let table = run.report().tables.iter().find(|table| table.id == "lost-lines").unwrap();
    let rows: Vec<String> = table.rows.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    for (row, (path, lines)) in rows.iter().zip([("a.c", "3–4"), ("b.c", "2"), ("new.c", "4")]) {
        assert!(row.contains(&format!("\"{path}\"")) && row.contains(&format!("\"{lines}\"")), "{row}");
    }
    assert_eq!(levels(&run, "lost-line"), [Level::Note; 3]);
    // What the change itself brings is not lost.
    let uncovered =
        run.report().findings.iter().find(|finding| finding.rule == "coverage-gate/uncovered").unwrap();
    assert_eq!(uncovered.location.as_ref().unwrap().line, Some(1));
}

#[test]
fn another_commit_than_the_one_checked_out_is_judged_by_its_own_lines() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    scratch.commit(&[("a.c", "1\n2\n3\n")]);
    scratch.commit(&[("a.c", "front\n1\n2\n3\n")]);
    write(&scratch, "cov.info", &info(&[("a.c", &[1, 1, 0])]));
    let gate = ["--coverage", "cov.info", "--base", "HEAD~2", "--head", "HEAD~1", "--min-patch", "80%"];
    let run = run(&scratch, &gate);
    assert_eq!((run.code, run.count("coverage.patch.missed")), (1, 1), "{}", run.stderr);
    assert!(levels(&run, "other-text").is_empty());
}
