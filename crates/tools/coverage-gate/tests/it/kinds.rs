//! Kinds of faults that users report of such gates, each with cases that nobody reported: what mends one case only does not
//! pass here. (`reported.rs` has the cases as they were told.)

use std::fs;

use lw_model::{Level, Reason};
use lw_testkit::git::Scratch;

use crate::common::{Run, coverage_gate};

fn run(scratch: &Scratch, arguments: &[&str]) -> Run {
    coverage_gate(scratch.path(), arguments, &[])
}

fn write(scratch: &Scratch, path: &str, content: &str) {
    let full = scratch.path().join(path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    fs::write(full, content).unwrap();
}

/// The messages of a rule.
fn said(run: &Run, rule: &str) -> Vec<String> {
    let rule = format!("coverage-gate/{rule}");
    let findings = run.report().findings.iter().filter(|finding| finding.rule == rule);
    findings.map(|finding| finding.message.clone()).collect()
}

fn reasons(run: &Run) -> Vec<Option<Reason>> {
    run.report().limits().map(|(_, _, limit)| limit.reason).collect()
}

/// Covered and total of a metric.
fn figure(run: &Run, metric: &str) -> (i64, i64) {
    let count = |what: &str| run.count(&format!("coverage.{metric}.{what}"));
    (count("covered"), count("total"))
}

/// One report in a repository of these files.
fn judged(files: &[(&str, &str)], report: (&str, &str), arguments: &[&str]) -> Run {
    let scratch = Scratch::new();
    scratch.commit(files);
    write(&scratch, report.0, report.1);
    run(&scratch, &[&["--coverage", report.0], arguments].concat())
}

/// Lines that a format lists, though there is no code in them.
#[test]
fn no_line_without_code_counts_in_go() {
    let source =
        |line: &str| format!("package x\n\nfunc F() string {{\n\tv := 1\n{line}\n\treturn \"a\"\n}}\n");
    for (line, executable) in [
        ("", 0),
        ("\t", 0),
        ("\t/* one */", 0),
        ("\t/* one\n\t   two */", 0),
        ("\t// v := 2", 0),
        ("\t/* one */ v++", 1),
        ("\tv = len(\"// no comment\")", 1),
        ("\tv = len(`/*\n\t*/`)", 2),
    ] {
        let scratch = Scratch::new();
        scratch.commit(&[("go.mod", "module example.com/x\n"), ("n.go", &source("\tv--"))]);
        scratch.commit(&[("n.go", &source(line))]);
        let last = source(line).lines().count();
        write(&scratch, "c.out", &format!("mode: set\nexample.com/x/n.go:3.17,{last}.2 3 0\n"));
        let gate = run(&scratch, &["--coverage", "c.out", "--base", "HEAD~1", "--min-patch", "80%"]);
        assert_eq!(
            (gate.code, gate.count("coverage.patch.total")),
            (i32::from(executable > 0), executable),
            "{line:?}: {}",
            gate.stderr
        );
    }
}

/// What one part of a format tells and another leaves out.
#[test]
fn branches_of_expanded_macros_count_wherever_they_are_told() {
    // A macro in a macro, and one from a header: `[line, column, line, column, true, false, file, expansion, kind]`.
    let branch = |line: u32, taken: u32| format!("[{line},1,{line},9,{taken},0,0,0,4]");
    let expansion = |line: u32, branches: &[String]| {
        format!(
            r#"{{"branches":[{}],"filenames":["p.c","m.h"],"source_region":[{line},5,{line},9,1,0,1,1],"target_regions":[]}}"#,
            branches.join(",")
        )
    };
    let report = |branches: &[String], expansions: &[String]| {
        format!(
            r#"{{"type":"llvm.coverage.json.export","version":"2.0.1","data":[{{"files":[{{"filename":"p.c","segments":[[1,1,1,true,true,false],[3,2,0,false,false,false]],"branches":[{}],"expansions":[{}],"summary":{{}}}}],"functions":[],"totals":{{}}}}]}}"#,
            branches.join(","),
            expansions.join(",")
        )
    };
    for (own, expanded, total) in [
        (vec![], vec![expansion(2, &[branch(1, 1)])], 2),
        (
            vec![branch(2, 1)],
            vec![expansion(2, &[branch(1, 1)]), expansion(3, &[branch(1, 1), branch(3, 0)])],
            8,
        ),
        (vec![branch(2, 1)], vec![], 2),
    ] {
        let text = report(&own, &expanded);
        let run = judged(&[("p.c", "1\n2\n3\n")], ("pc.json", &text), &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(figure(&run, "branch").1, total, "{text}");
    }
}

/// A file of another tool that looks like one of a format that is read.
#[test]
fn files_of_other_tools_are_named_with_what_to_do() {
    for (content, hint) in [
        (r#"{"/a/x.js":{"path":"/a/x.js","statementMap":{},"s":{}}}"#, "lcov"),
        (r#"{"meta":{"simplecov_version":"0.22.0"},"coverage":{"a.rb":{"lines":[1,null]}}}"#, "lcov"),
        (r#"{"total":{"lines":{"total":1},"statements":{"total":1}}}"#, "lcov"),
        ("<?xml version=\"1.0\"?><CoverageSession><Summary/></CoverageSession>", "obertura"),
        (
            r#"{"files":[{"file":"a.c","lines":[{"line_number":1,"count":1,"branches":[],"gcovr/noncode":false}]}]}"#,
            "gcovr",
        ),
    ] {
        for floor in [&[][..], &["--min-line", "1%"]] {
            let run = judged(&[("a.c", "1\n")], ("x", content), floor);
            assert_eq!(run.code, 3, "{content}");
            assert!(run.stderr.contains("hint: ") && run.stderr.contains(hint), "{}", run.stderr);
            assert!(!run.stderr.contains("at fault"), "{}", run.stderr);
        }
    }
}

/// What an old version of a tool leaves out, and which can be told all the same.
#[test]
fn methods_of_jacoco_count_without_the_name_of_their_source() {
    let class = |attributes: &str, name: &str, missed: u32| {
        format!(
            "<class name='{name}'{attributes}><method name='f' desc='()V' line='1'><counter type='METHOD' missed='{missed}' covered='{}'/></method></class>",
            1 - missed
        )
    };
    let lines = "<sourcefile name='A.java'><line nr='1' mi='0' ci='1'/></sourcefile>";
    let report = |classes: &[String]| {
        format!("<report name='r'><package name='p'>{}{lines}</package></report>", classes.concat())
    };
    let named = " sourcefilename='A.java'";
    for (classes, expected) in [
        (vec![class("", "p/A", 0)], (1, 1)),
        // An inner class is of the file of the outer one.
        (vec![class("", "p/A", 0), class("", "p/A$Inner", 1)], (1, 2)),
        (vec![class("", "p/A$1", 1), class(named, "p/A", 1)], (0, 2)),
    ] {
        let text = report(&classes);
        let run = judged(&[("p/A.java", "1\n")], ("j.xml", &text), &["--min-function", "1%"]);
        assert_eq!(figure(&run, "function"), expected, "{text} {}", run.stderr);
        assert_eq!(run.code, i32::from(expected.0 == 0));
    }
}

/// A limit that says less than was meant.
#[test]
fn a_fraction_is_no_floor_anywhere() {
    let report = ("cov.info", "SF:a.c\nDA:1,1\nDA:2,0\nBRDA:1,0,0,1\nFN:1,f\nFNDA:1,f\nend_of_record\n");
    for (floor, text) in [
        ("--min-line", "0.99"),
        ("--min-branch", ".5"),
        ("--min-function", "warn:0.9,fail:80%"),
        ("--min-file", "0.05"),
        ("--min-patch", "0.9"),
        ("--min-patch-file", "0.9"),
        ("--min-group", "core=0.5"),
    ] {
        let run = judged(&[("a.c", "1\n2\n")], report, &["--group", "core=a.c", floor, text]);
        assert_eq!(run.code, 2, "{floor} {text}: {}", run.stderr);
        assert!(run.stderr.contains("hint: ") || run.stderr.contains("is ambiguous"), "{}", run.stderr);
    }
}

/// Something that every repository is once, and that is no error.
#[test]
fn a_first_commit_is_all_new_whatever_the_ci_says() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    write(&scratch, "cov.info", "SF:a.c\nDA:1,1\nDA:2,0\nend_of_record\n");
    let zero = "0".repeat(40);
    let event = format!(r#"{{"before":"{zero}","created":true,"ref":"refs/heads/main"}}"#);
    write(&scratch, ".git/event.json", &event);
    let path = scratch.path().join(".git/event.json");
    let github = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_EVENT_PATH", path.to_str().unwrap()),
    ];
    for environment in [&[][..], &github] {
        for (floor, code) in [("50%", 0), ("80%", 1)] {
            let arguments = ["--coverage", "cov.info", "--min-patch", floor];
            let run = coverage_gate(scratch.path(), &arguments, environment);
            assert_eq!((run.code, figure(&run, "patch")), (code, (1, 2)), "{}", run.stderr);
        }
    }
    // Another first commit beside it, as of a branch for pages.
    scratch.git(&["checkout", "--quiet", "--orphan", "pages"]);
    scratch.commit(&[("a.c", "1\n2\n3\n")]);
    let run = run(&scratch, &["--coverage", "cov.info", "--base", "main", "--min-patch", "1%"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("main"), "{}", run.stderr);
}

/// What a conversion loses without a word.
#[test]
fn what_is_written_tells_what_was_read_or_the_loss_is_told() {
    for text in [
        // Branches of exceptions, unreachable ones, and names instead of numbers.
        "SF:a.c\nBRDA:1,e0,0,1\nBRDA:1,e0,1,0\nDA:1,1\nend_of_record\n",
        "SF:a.c\nBRDA:1,0,jump to line 2,1\nBRDA:1,0,exit,-\nDA:1,1\nend_of_record\n",
        // The last line of a function, and two functions of the same lines.
        "SF:a.c\nFN:1,2,f\nFNDA:0,f\nFN:1,2,g\nFNDA:3,g\nDA:1,1\nend_of_record\n",
    ] {
        let scratch = Scratch::new();
        scratch.commit(&[("a.c", "1\n2\n")]);
        write(&scratch, "in.info", text);
        let first = run(&scratch, &["--coverage", "in.info", "--lcov-out", "out.info"]);
        let again = run(&scratch, &["--coverage", "out.info", "--lcov-out", "twice.info"]);
        for metric in ["line", "branch", "function"] {
            if first.report().measure(&format!("coverage.{metric}.covered"), None).is_some() {
                assert_eq!(figure(&again, metric), figure(&first, metric), "{metric} of {text}");
            }
        }
        let read = |name: &str| fs::read_to_string(scratch.path().join(name)).unwrap();
        assert_eq!(read("out.info"), read("twice.info"));
    }
    // Instructions have no word in either.
    let jacoco = "<report name='r'><package name=''><sourcefile name='a.c'><line nr='1' mi='1' ci='3' mb='1' cb='1'/><counter type='INSTRUCTION' missed='1' covered='3'/></sourcefile></package></report>";
    let run =
        judged(&[("a.c", "1\n")], ("j.xml", jacoco), &["--lcov-out", "o.info", "--cobertura-out", "o.xml"]);
    assert_eq!(said(&run, "conversion-loss").len(), 2, "{:?}", run.report().findings);
}

/// A record that is odd costs itself, not the report.
#[test]
fn an_odd_function_costs_nothing_else() {
    for odd in ["FN:-7,f", "FN:0,f", "FN:-1,-1,f", "FNDA:5,never declared"] {
        let text = format!("SF:a.c\n{odd}\nFN:1,g\nFNDA:1,g\nDA:1,1\nDA:2,0\nend_of_record\n");
        let run = judged(&[("a.c", "1\n2\n")], ("cov.info", &text), &["--min-line", "50%"]);
        assert_eq!((run.code, figure(&run, "line")), (0, (1, 2)), "{odd}: {}", run.stderr);
        assert!(figure(&run, "function").0 >= 1, "{odd}");
    }
}

/// A setting that does nothing, or the opposite.
#[test]
fn a_pattern_that_does_not_do_what_it_seems_to_is_told() {
    let report = ("cov.info", "SF:a.c\nDA:1,1\nend_of_record\nSF:tests/t.c\nDA:1,0\nend_of_record\n");
    for (option, pattern, is_told, lines) in [
        ("--exclude", "test/**", true, 2),
        ("--exclude", "Tests", true, 2),
        ("--exclude", "tests/", false, 1),
        ("--exclude", "./tests", false, 1),
        ("--exclude", "!tests/**", true, 1),
        ("--include", "a.c", false, 1),
        ("--include", "!tests/**", true, 1),
    ] {
        let files = [("a.c", "1\n"), ("tests/t.c", "1\n")];
        let run = judged(&files, report, &[option, pattern]);
        assert_eq!(figure(&run, "line").1, lines, "{option} {pattern}");
        assert_eq!(!said(&run, "unused-pattern").is_empty(), is_told, "{option} {pattern}");
    }
}

/// Shards of which each has a part.
#[test]
fn shards_of_coverage_py_are_joined_by_what_they_miss() {
    let xml = |missing: &[&str]| {
        let lines: String = (1..)
            .zip(missing)
            .map(|(line, missing)| {
                let count = missing.split(',').filter(|one| !one.is_empty()).count();
                let (share, taken) = ((2 - count) * 50, 2 - count);
                let missing = if count > 0 { format!(" missing-branches='{missing}'") } else { String::new() };
                format!("<line number='{line}' hits='1' branch='true' condition-coverage='{share}% ({taken}/2)'{missing}/>")
            })
            .collect();
        format!(
            "<?xml version='1.0'?><coverage version='7.6'><packages><package name='p'><classes><class name='a' filename='a.py'><methods/><lines>{lines}</lines></class></classes></package></packages></coverage>"
        )
    };
    for (shards, expected) in [
        // The same outcome is missing in both, in one, and in none of three.
        (vec![xml(&["3"]), xml(&["3"])], (1, 2)),
        (vec![xml(&["3,exit"]), xml(&["3"])], (1, 2)),
        (vec![xml(&["3"]), xml(&[""])], (2, 2)),
        (vec![xml(&["3", "exit"]), xml(&["5", "exit"]), xml(&["3,5", "4"])], (4, 4)),
    ] {
        let scratch = Scratch::new();
        scratch.commit(&[("a.py", "1\n2\n3\n4\n5\n")]);
        for (number, shard) in shards.iter().enumerate() {
            write(&scratch, &format!("shard-{number}.xml"), shard);
        }
        let run = run(&scratch, &["--coverage", "shard-*.xml", "--min-branch", "100%"]);
        assert_eq!(figure(&run, "branch"), expected, "{shards:?} {}", run.stderr);
        assert_eq!(run.code, i32::from(expected.0 < expected.1));
    }
}

/// What a report counts, and no file could hold.
#[test]
fn counts_that_are_impossible_for_a_file_are_told() {
    let summary = |count: u32| {
        format!(
            r#"{{"type":"llvm.coverage.json.export","version":"2.0.1","data":[{{"files":[{{"filename":"a.c","summary":{{"lines":{{"count":{count},"covered":{count},"percent":100}},"functions":{{"count":0,"covered":0}},"regions":{{"count":0,"covered":0}}}}}}],"totals":{{}}}}]}}"#
        )
    };
    for (count, is_told) in [(4, false), (5, true), (40_000, true)] {
        let run = judged(&[("a.c", "1\n2\n3\n4\n")], ("s.json", &summary(count)), &[]);
        assert_eq!(!said(&run, "other-text").is_empty(), is_told, "{count}: {}", run.stderr);
    }
    // Where something depends on it, it fails.
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    write(&scratch, "s.json", &summary(2));
    assert_eq!(run(&scratch, &["--coverage", "s.json", "--write", "json=base.json"]).code, 0);
    write(&scratch, "s.json", &summary(3));
    let run = run(&scratch, &["--coverage", "s.json", "--ratchet", "total", "--baseline", "base.json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

/// A baseline of something else proves nothing.
#[test]
fn a_baseline_without_a_file_of_ours_is_no_baseline() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    for (name, file) in
        [("own", "a.c"), ("other", "other/z.py"), ("both", "a.c\nDA:1,0\nend_of_record\nSF:z.py")]
    {
        write(&scratch, "cov.info", &format!("SF:{file}\nDA:1,0\nDA:2,0\nend_of_record\n"));
        let json = format!("json={name}.json");
        assert_eq!(run(&scratch, &["--coverage", "cov.info", "--write", &json]).code, 0);
    }
    write(&scratch, "cov.info", "SF:a.c\nDA:1,1\nDA:2,0\nend_of_record\n");
    for ratchet in ["total", "file"] {
        let gate =
            |base: &str| run(&scratch, &["--coverage", "cov.info", "--ratchet", ratchet, "--baseline", base]);
        assert_eq!(gate("own.json").code, 0);
        // What was deleted from the repository is not lost.
        assert_eq!(gate("both.json").code, 0);
        let other = gate("other.json");
        assert_eq!((other.code, said(&other, "lost-file").len()), (1, 1), "{}", other.stderr);
        assert!(reasons(&other).contains(&Some(Reason::NothingMatched)));
    }
}

/// A limit that nothing breaks, and a baseline that shows no loss.
#[test]
fn what_everything_keeps_is_no_limit() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n"), ("b.c", "1\n")]);
    let (a, b) = ("SF:a.c\nDA:1,1\nend_of_record\n", "SF:b.c\nDA:1,0\nend_of_record\n");
    write(&scratch, "cov.info", &[a, b].concat());
    assert_eq!(run(&scratch, &["--coverage", "cov.info", "--write", "json=base.json"]).code, 0);
    for floor in
        ["--min-line=-5%", "--min-line=-0.1%", "--min-file=-1", "--min-patch=101%", "--min-line=80%%"]
    {
        assert_eq!(run(&scratch, &["--coverage", "cov.info", floor]).code, 2, "{floor}");
    }
    let ratchet = ["--coverage", "cov.info", "--ratchet", "total", "--baseline", "base.json"];
    for (drop, code) in [("--allow-drop=-1", 2), ("--allow-drop=100.5", 2), ("--allow-drop=0", 0)] {
        assert_eq!(run(&scratch, &[&ratchet[..], &[drop]].concat()).code, code, "{drop}");
    }
    // Of a report without its files, a lost shard cannot be seen.
    let base = fs::read_to_string(scratch.path().join("base.json")).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&base).unwrap();
    json["trees"] = serde_json::json!([]);
    write(&scratch, "base.json", &json.to_string());
    write(&scratch, "cov.info", a);
    let lost = run(&scratch, &ratchet);
    assert_eq!(lost.code, 3, "{}", lost.stderr);
    assert!(lost.stderr.contains("it tells of no files to compare with"), "{}", lost.stderr);
}

/// One thing that is named twice is not two.
#[test]
fn a_report_counts_once_however_it_is_named() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n")]);
    write(&scratch, "out/a.info", "SF:a.c\nDA:1,2\nend_of_record\n");
    for twice in ["./out/a.info", "out/../out/a.info", "out/*.info", "out//a.info"] {
        let gate = ["--coverage", "out/a.info", "--coverage", twice, "--expect-reports", "2"];
        assert_eq!(run(&scratch, &gate).code, 1, "{twice}");
    }
}

/// Nothing was judged, and why is told.
#[test]
fn why_nothing_in_a_change_is_judged_is_told() {
    let scratch = Scratch::new();
    let cov = "SF:src/a.c\nDA:1,1\nend_of_record\nSF:src/b.c\nDA:1,1\nend_of_record\n";
    scratch.commit(&[("src/a.c", "1\n"), ("src/b.c", "1\n"), ("cov.info", cov)]);
    let gate = |more: &[&str]| {
        run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1", "--min-patch", "80%"], more].concat())
    };
    // The report is of the commit before.
    scratch.commit(&[("src/a.c", "1\n2\n3\n"), ("tool.js", "1\n")]);
    let stale = gate(&[]);
    assert_eq!(stale.code, 0);
    let message = &said(&stale, "nothing-changed")[0];
    assert!(message.contains("the reports know none of the 2 lines of measured files"), "{message}");
    assert!(message.contains("1 file is of a kind that no report measures: `tool.js`"), "{message}");
    let excluded = gate(&["--exclude", "src/a.c"]);
    let message = &said(&excluded, "nothing-changed")[0];
    assert!(message.contains("1 file is left out by --include or --exclude: `src/a.c`"), "{message}");
    // Without a report nothing of the change is known.
    let gone = ["--coverage", "none.info", "--missing", "skip", "--base", "HEAD~1", "--min-patch", "80%"];
    let gone = run(&scratch, &gone);
    assert_eq!((gone.code, reasons(&gone)), (1, vec![Some(Reason::NothingMatched)]), "{}", gone.stderr);
    assert_eq!(gone.found(Level::Error).len(), 1);
}

/// A function in C, with what is in it from the second line on.
fn body(lines: &str) -> String {
    format!("int f(int a)\n{{\n{lines}  return a;\n}}\n")
}

/// A tracefile in which these lines of a file ran.
fn tracefile(path: &str, lines: &[u32]) -> String {
    let lines: String = lines.iter().map(|line| format!("DA:{line},1\n")).collect();
    format!("SF:{path}\n{lines}end_of_record\n")
}

/// A report of another commit does not know what is new, and that is no reason to pass.
#[test]
fn a_report_of_the_commit_before_does_not_judge_the_change() {
    let old = body("  a++;\n");
    let new = format!("{old}\nint g(int a)\n{{\n  if (a)\n    return 1;\n  return 2;\n}}\n");
    let python = "def f(a):\n    return a\n";
    let rust = "fn f(a: u8) -> u8 {\n    a\n}\n";
    for (path, old, new, known) in [
        ("a.c", old.clone(), new.clone(), &[1, 3, 4, 5][..]),
        // In the middle of what was measured.
        ("a.c", old.clone(), body("  a++;\n  if (a > 3)\n    return 0;\n"), &[1, 3]),
        (
            "src/a.py",
            python.into(),
            format!("{python}\n\ndef g(a):\n    if a:\n        return 1\n    return 2\n"),
            &[1, 2],
        ),
        (
            "a.rs",
            rust.into(),
            format!("{rust}fn g(a: bool) -> u8 {{\n    if a {{\n        return 1;\n    }}\n    2\n}}\n"),
            &[1, 2, 3],
        ),
        (
            "a.ts",
            "export const f = 1;\n".into(),
            "export const f = 1;\nexport function g(a) {\n  return a;\n}\n".into(),
            &[1],
        ),
        ("a.go", "package a\n".into(), "package a\n\nfunc g() int {\n\treturn 1\n}\n".into(), &[1]),
    ] {
        let scratch = Scratch::new();
        scratch.commit(&[(path, &old)]);
        scratch.commit(&[(path, &new)]);
        write(&scratch, "cov.info", &tracefile(path, known));
        let gate =
            |more: &[&str]| run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1"], more].concat());
        let stale = gate(&["--min-patch", "80%"]);
        let found = stale.found(Level::Error);
        assert!(stale.code == 1 && found.contains(&"unreported"), "{path}: {found:?} {}", stale.stderr);
        // The floor itself was held to nothing.
        assert_eq!(reasons(&stale), [Some(Reason::NothingMatched)], "{path}");
        let told = &said(&stale, "unreported")[0];
        assert!(told.contains(&format!("the report measured {path}, and ")), "{told}");
        // Where nobody asks for the change, it is told.
        assert_eq!(
            gate(&[]).found(Level::Note).iter().filter(|rule| **rule == "unreported").count(),
            1,
            "{path}"
        );
        // What it means can be said, as of files that no report mentions.
        let missed = gate(&["--min-patch", "80%", "--unreported", "missed"]);
        assert_eq!(missed.code, 1, "{path}: {}", missed.stderr);
        assert!(missed.count("coverage.patch.total") > 0 && missed.count("coverage.patch.covered") == 0);
        assert_eq!(gate(&["--min-patch", "80%", "--unreported", "note"]).code, 0, "{path}");
        // A small change is not held to it.
        assert_eq!(gate(&["--min-patch", "80%", "--small-diff", "50"]).code, 0, "{path}");
        // The same of a commit that is not checked out, and of a diff.
        scratch.commit(&[("other.c", "int a;\n")]);
        let elsewhere =
            ["--coverage", "cov.info", "--base", "HEAD~2", "--head", "HEAD~1", "--min-patch", "80%"];
        let elsewhere = run(&scratch, &elsewhere);
        assert!(elsewhere.found(Level::Error).contains(&"unreported"), "{path}: {}", elsewhere.stderr);
        let diff = scratch.git(&["diff", "-U0", "HEAD~2", "HEAD~1"]);
        write(&scratch, "change.diff", std::str::from_utf8(&diff).unwrap());
        let text =
            run(&scratch, &["--coverage", "cov.info", "--diff-file", "change.diff", "--min-patch", "80%"]);
        assert!(text.found(Level::Error).contains(&"unreported"), "{path}: {}", text.stderr);
    }
}

/// Lines that are measured where there is nothing.
#[test]
fn a_report_whose_lines_fit_the_text_before_the_change_is_told() {
    let old = "int a;\nint f(void)\n{\n  a++;\n  return a;\n}\n";
    let new = format!("// what\n//\n\nint b;\n{old}");
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", old), ("b.c", old)]);
    scratch.commit(&[("a.c", &new)]);
    let gate = |lines: &[u32], more: &[&str]| {
        write(&scratch, "cov.info", &(tracefile("a.c", lines) + &tracefile("b.c", &[2, 4, 5])));
        run(&scratch, &[&["--coverage", "cov.info", "--base", "HEAD~1"], more].concat())
    };
    // Two of the old lines are among the new ones, and ran: the change would be covered whole.
    let stale = gate(&[2, 4, 5], &["--min-patch", "80%"]);
    assert_eq!((stale.code, stale.found(Level::Error)), (1, vec!["other-text"]), "{}", stale.stderr);
    let told = &said(&stale, "other-text")[0];
    assert!(told.contains("1 line of a.c without code, the first of them line 2,"), "{told}");
    assert_eq!(gate(&[2, 4, 5], &[]).found(Level::Warning), ["other-text"]);
    // The report of the commit, and one that counts every line, as those of V8 do.
    for lines in [&[6, 8, 9][..], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]] {
        let fresh = gate(lines, &["--min-patch", "80%"]);
        assert_eq!((fresh.code, said(&fresh, "other-text").len()), (0, 0), "{lines:?}: {}", fresh.stderr);
    }
}

/// What is no statement raises no alarm, whatever it looks like.
#[test]
fn a_change_without_statements_has_nothing_to_judge() {
    let old = body("  a++;\n");
    for (what, new) in [
        ("a comment at the end", format!("{old}// if (a) return 1;\n")),
        ("a comment of many lines", format!("{old}/*\nif (a)\n  return 1;\n*/\n")),
        ("blank lines", format!("{old}\n\n\n")),
        ("a declaration", format!("{old}int g(int a);\nstruct s {{\n  int returned;\n}};\n")),
        ("a macro", format!("{old}#define G(a) \\\n  if (a) \\\n    return\n")),
        (
            "what another system compiles",
            format!("{old}#ifdef _WIN32\nint g(void)\n{{\n  return 1;\n}}\n#endif\n"),
        ),
        (
            "what is marked",
            format!("{old}int g(void) // LCOV_EXCL_START\n{{\n  return 1;\n}} // LCOV_EXCL_STOP\n"),
        ),
        ("a text", format!("{old}const char *s = \"\\\nif (a)\\\nreturn 1;\";\n")),
    ] {
        let scratch = Scratch::new();
        scratch.commit(&[("a.c", &old)]);
        scratch.commit(&[("a.c", &new)]);
        write(&scratch, "cov.info", &tracefile("a.c", &[1, 3, 4, 5]));
        let gate = run(&scratch, &["--coverage", "cov.info", "--base", "HEAD~1", "--min-patch", "80%"]);
        assert_eq!((gate.code, gate.found(Level::Error)), (0, vec![]), "{what}: {}", gate.stderr);
        assert_eq!(reasons(&gate), [Some(Reason::NothingToJudge)], "{what}");
    }
    // Comments above what is measured, with the report of the commit.
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", &old)]);
    scratch.commit(&[("a.c", &format!("// one\n// two\n\n{old}"))]);
    write(&scratch, "cov.info", &tracefile("a.c", &[4, 6, 7, 8]));
    let gate = run(&scratch, &["--coverage", "cov.info", "--base", "HEAD~1", "--min-patch", "80%"]);
    assert_eq!((gate.code, gate.found(Level::Error)), (0, vec![]), "{}", gate.stderr);
}
