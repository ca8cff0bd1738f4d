//! What a change is against, as CI systems tell it.

use std::fs;

use lw_testkit::git::{Scratch, command, init_reftable};

use crate::common::coverage_gate;

const REPORT: &str = "SF:a.c\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\nSF:b.c\nDA:1,1\nend_of_record\n";

/// `main` has two commits, `topic` left after the first and adds line 3 of `a.c`; HEAD is the merge that GitHub tests.
fn repository() -> (Scratch, [String; 3]) {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n")]);
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.commit(&[("a.c", "1\n2\n3\n")]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.commit(&[("b.c", "1\n")]);
    let id = |name: &str| String::from_utf8(scratch.git(&["rev-parse", name])).unwrap().trim().to_owned();
    let (old, topic) = (id("main~1"), id("topic"));
    scratch.git(&["switch", "--quiet", "--detach", "main"]);
    scratch.git(&["merge", "--quiet", "--no-edit", "topic"]);
    let merge = id("HEAD");
    fs::write(scratch.path().join("cov.info"), REPORT).unwrap();
    (scratch, [old, topic, merge])
}

fn event(folder: &std::path::Path, base: &str, head: &str) -> String {
    let path = folder.join("event.json");
    let json = serde_json::json!({"pull_request": {"number": 7, "head": {"sha": head, "ref": "topic"}, "base": {"sha": base, "ref": "main"}}});
    fs::write(&path, json.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_pull_request_on_github_is_judged_against_the_first_parent_of_its_merge() {
    let (scratch, [old, topic, merge]) = repository();
    // The base of the event is older than the merge: b.c came to main since, and is nobody's fault here.
    let event = event(scratch.path(), &old, &topic);
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SHA", merge.as_str()),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_EVENT_PATH", event.as_str()),
    ];
    let run = coverage_gate(scratch.path(), &["--coverage", "cov.info"], &env);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!((run.count("coverage.patch.total"), run.count("coverage.patch.missed")), (1, 1));
    assert!(run.fact("change").contains("first parent of the merge commit"), "{}", run.fact("change"));
    // Without the event file the reference tells as much.
    let run = coverage_gate(scratch.path(), &["--coverage", "cov.info", "--min-patch", "1"], &env[..4]);
    assert_eq!((run.code, run.count("coverage.patch.total")), (1, 1), "{}", run.stderr);
}

#[test]
fn a_head_that_is_checked_out_is_judged_against_the_branch_itself() {
    let (scratch, [old, ..]) = repository();
    // The author took what is new on main; the event still names the base from before, b.c would be on them.
    scratch.git(&["checkout", "--quiet", "topic"]);
    scratch.git(&["rebase", "--quiet", "main"]);
    let head = String::from_utf8(scratch.git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned();
    scratch.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let event = event(scratch.path(), &old, &head);
    let env = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SHA", head.as_str()),
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_EVENT_PATH", event.as_str()),
    ];
    let count = |env: &[(&str, &str)]| {
        let run = coverage_gate(scratch.path(), &["--coverage", "cov.info", "--min-patch", "0"], env);
        assert_eq!(run.code, 0, "{}", run.stderr);
        (run.count("coverage.patch.total"), run.count("coverage.patch.missed"))
    };
    assert_eq!(count(&env), (1, 1));
    // Neither a tag of that name nor a replaced commit hides the line, with an event and without one.
    scratch.git(&["tag", "origin/main", "topic"]);
    assert_eq!([count(&env), count(&env[..4]), count(&[])], [(1, 1); 3]);
    scratch.git(&["replace", "main", "topic"]);
    assert_eq!([count(&env), count(&env[..4]), count(&[])], [(1, 1); 3]);
}

#[test]
fn a_merge_request_on_gitlab_is_judged_against_its_base() {
    let (scratch, [old, topic, _]) = repository();
    scratch.git(&["checkout", "--quiet", "topic"]);
    let env = [
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", topic.as_str()),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", old.as_str()),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ];
    let run = coverage_gate(scratch.path(), &["--coverage", "cov.info", "--min-patch", "50"], &env);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!((run.count("coverage.patch.total"), run.count("coverage.patch.missed")), (1, 1));
}

#[test]
fn without_a_ci_the_main_branch_is_the_base_and_on_it_the_commit_before() {
    let (scratch, _) = repository();
    let arguments = ["--coverage", "cov.info", "--min-patch", "0"];
    scratch.git(&["checkout", "--quiet", "topic"]);
    let run = coverage_gate(scratch.path(), &arguments, &[]);
    assert_eq!(run.count("coverage.patch.total"), 1, "{}", run.stderr);
    scratch.git(&["checkout", "--quiet", "main"]);
    let run = coverage_gate(scratch.path(), &arguments, &[]);
    assert_eq!((run.count("coverage.patch.total"), run.count("coverage.patch.missed")), (1, 0));
    assert!(run.fact("change").contains("the commit before"), "{}", run.fact("change"));
    // Of the first commit of all everything is new.
    scratch.git(&["switch", "--quiet", "--orphan", "alone"]);
    scratch.commit(&[("a.c", "1\n")]);
    scratch.git(&["branch", "--delete", "--force", "main"]);
    scratch.git(&["branch", "--move", "main"]);
    fs::write(scratch.path().join("cov.info"), "SF:a.c\nDA:1,1\nend_of_record\n").unwrap();
    let run = coverage_gate(scratch.path(), &arguments, &[]);
    assert_eq!((run.code, run.count("coverage.patch.total")), (0, 1), "{}", run.stderr);
    assert!(run.fact("change").contains("(the first commit: everything is new)"), "{}", run.fact("change"));
}

#[test]
fn a_push_is_judged_against_where_the_branch_stood_and_a_merge_queue_against_its_base() {
    let (scratch, [old, _, merge]) = repository();
    let path = scratch.path().join("event.json");
    let run = |name: &str, event: serde_json::Value| {
        fs::write(&path, event.to_string()).unwrap();
        let env = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_SHA", merge.as_str()),
            ("GITHUB_REF", "refs/heads/main"),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", path.to_str().unwrap()),
        ];
        coverage_gate(scratch.path(), &["--coverage", "cov.info", "--min-patch", "0"], &env)
    };
    // The push brought line 3 of a.c and all of b.c; the commit before the last would hide the second.
    let main = serde_json::json!({"default_branch": "main"});
    let pushed = run("push", serde_json::json!({"before": old, "repository": main}));
    assert_eq!(pushed.count("coverage.patch.total"), 2, "{}", pushed.stderr);
    assert!(pushed.fact("change").contains("before the push"), "{}", pushed.fact("change"));
    let group = serde_json::json!({"base_sha": old, "base_ref": "refs/heads/main", "head_sha": merge});
    let queued = run("merge_group", serde_json::json!({"merge_group": group}));
    assert_eq!(queued.count("coverage.patch.total"), 2, "{}", queued.stderr);
    assert!(queued.fact("change").contains("base of the merge group"), "{}", queued.fact("change"));
}

#[test]
fn flags_of_the_base_keep_their_meaning() {
    let (scratch, [old, ..]) = repository();
    let run = |arguments: &[&str]| {
        let all = [&["--coverage", "cov.info", "--min-patch", "0"], arguments].concat();
        coverage_gate(scratch.path(), &all, &[])
    };
    // Against main itself topic lacks b.c, which is no new line.
    for (arguments, lines) in [
        (&["--base", "main", "--head", "topic"][..], 1),
        (&["--base", "main", "--head", "topic", "--two-dot"], 1),
        (&["--base", "topic", "--head", "main"], 1),
        (&["--base", &old, "--head", "HEAD", "--two-dot"], 2),
        (&["--head", "topic"], 1),
        (&["--head", "topic", "--two-dot"], 1),
    ] {
        let run = run(arguments);
        assert_eq!(run.count("coverage.patch.total"), lines, "{arguments:?}: {}", run.stderr);
    }
    let change = run(&["--base", "main", "--head", "topic", "--two-dot"]).fact("change").to_owned();
    assert!(!change.starts_with(&old[..10]), "{change}");
    // A tag of the name that is meant as a branch.
    scratch.git(&["tag", "main", "HEAD"]);
    let run = run(&["--base", "main"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("ambiguous: refs/tags/main and refs/heads/main"), "{}", run.stderr);
}

#[test]
fn a_repository_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        assert!(command(folder.path()).args(arguments).status().unwrap().success());
    };
    if init_reftable(folder.path()).is_none() {
        return;
    }
    fs::write(folder.path().join("a.c"), "1\n").unwrap();
    git(&["add", "a.c"]);
    git(&["commit", "--quiet", "--message=one"]);
    fs::write(folder.path().join("cov.info"), REPORT).unwrap();
    let run = coverage_gate(folder.path(), &["--coverage", "cov.info", "--min-patch", "80"], &[]);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("reftable") && run.stderr.contains("git refs migrate --ref-format=files"),
        "{}",
        run.stderr
    );
    // Where nobody asks for the changed lines it is said all the same.
    let run = coverage_gate(folder.path(), &["--coverage", "cov.info"], &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rule = "coverage-gate/no-repository";
    let note = run.report().findings.iter().find(|finding| finding.rule == rule).unwrap();
    assert!(note.message.contains("reftable"), "{}", note.message);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_repository_ends_the_run() {
    let (scratch, _) = repository();
    let config = scratch.path().join(".git/config");
    fs::remove_file(&config).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&config).status().unwrap().success());
    let run = coverage_gate(scratch.path(), &["--coverage", "cov.info"], &[]);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("it is a FIFO"), "{}", run.stderr);
}

#[test]
fn a_shallow_clone_fails_a_gate_and_is_a_note_where_nobody_asked() {
    let (scratch, [_, topic, _]) = repository();
    let clone = tempfile::tempdir().unwrap();
    let source = format!("file://{}", scratch.path().display());
    let arguments = ["clone", "--quiet", "--depth=1", "--branch=topic", &source, "."];
    assert!(command(clone.path()).args(arguments).status().unwrap().success());
    fs::write(clone.path().join("cov.info"), REPORT).unwrap();
    let env = [("GITHUB_ACTIONS", "true"), ("GITHUB_SHA", topic.as_str()), ("GITHUB_BASE_REF", "main")];
    let run = coverage_gate(clone.path(), &["--coverage", "cov.info", "--min-patch", "80"], &env);
    assert_eq!(run.code, 3);
    assert!(
        run.stderr.contains("a shallow clone") && run.stderr.contains("fetch-depth: 0"),
        "{}",
        run.stderr
    );
    let run = coverage_gate(clone.path(), &["--coverage", "cov.info"], &env);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let note = run.report().findings.iter().find(|finding| finding.rule == "coverage-gate/no-base").unwrap();
    assert!(
        note.message.contains("a shallow clone")
            && note.help.as_ref().unwrap().contains("git fetch --unshallow")
    );
}

#[test]
fn a_renamed_file_keeps_its_baseline() {
    let scratch = Scratch::new();
    let lines: String = (0..20).map(|line| format!("line {line};\n")).collect();
    scratch.commit(&[("old.c", &lines)]);
    let hits = |name: &str, missed: u32| {
        let lines: String =
            (1..=20).map(|line| format!("DA:{line},{}\n", u32::from(line > missed))).collect();
        fs::write(scratch.path().join("cov.info"), format!("SF:{name}\n{lines}end_of_record\n")).unwrap();
    };
    hits("old.c", 2);
    let first = scratch.path().join("baseline.json");
    let arguments = ["--coverage", "cov.info", "--write", "json=baseline.json"];
    assert_eq!(coverage_gate(scratch.path(), &arguments, &[]).code, 0);
    assert!(first.is_file());
    scratch.git(&["mv", "old.c", "new.c"]);
    scratch.commit(&[]);
    hits("new.c", 3);
    let ratchet =
        ["--coverage", "cov.info", "--base", "HEAD~1", "--ratchet", "file", "--baseline", "baseline.json"];
    let run = coverage_gate(scratch.path(), &ratchet, &[]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(run.count("coverage.file.new.c.line.covered"), 17);
}

#[test]
fn paths_of_a_build_elsewhere_find_their_files_and_ambiguous_ones_are_refused() {
    let scratch = Scratch::new();
    scratch.commit(&[("core/src/a.c", "1\n"), ("app/src/a.c", "1\n"), ("app/src/b.c", "1\n")]);
    let report = |path: &str| {
        fs::write(scratch.path().join("cov.info"), format!("SF:{path}\nDA:1,1\nend_of_record\n")).unwrap();
    };
    let tree = |arguments: &[&str]| {
        let run = coverage_gate(scratch.path(), &[&["--coverage", "cov.info"], arguments].concat(), &[]);
        let report = if run.code == 0 { Some(run.report().clone()) } else { None };
        (run.stderr, report.map(|report| report.trees[0].root.children[0].name.to_string()))
    };
    report("C:\\ci\\project\\app\\src\\b.c");
    assert_eq!(tree(&[]).1.as_deref(), Some("app/src/b.c"));
    report("src/a.c");
    let (error, none) = tree(&[]);
    assert_eq!(none, None);
    assert!(error.contains("`app/src/a.c` or `core/src/a.c`"), "{error}");
    assert_eq!(tree(&["--source-root", "core"]).1.as_deref(), Some("core/src/a.c"));
    report("/build/7/core/src/a.c");
    assert_eq!(tree(&["--strip-prefix", "/build/7"]).1.as_deref(), Some("core/src/a.c"));
    // From a folder of the repository, paths are first those of that folder.
    report("../cov.info");
    fs::write(scratch.path().join("app/cov.info"), "SF:src/a.c\nDA:1,1\nend_of_record\n").unwrap();
    let run = coverage_gate(&scratch.path().join("app"), &["--coverage", "cov.info"], &[]);
    assert_eq!(&*run.report().trees[0].root.children[0].name, "app/src/a.c");
}
