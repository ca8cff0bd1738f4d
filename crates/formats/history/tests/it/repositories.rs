//! A repository is read like git reads it.

use std::path::Path;

use lw_history::{Compare, Diff, HistoryError, Repository, parse_unified_diff};
use lw_model::{Class, Diagnose};
use lw_testkit::git::{Scratch, command, version};
use lw_testkit::skip;

const DIFF: [&str; 5] = ["-c", "core.quotePath=true", "diff", "--no-color", "--no-ext-diff"];

fn ours(folder: &Path, base: &str, head: &str, compare: Compare) -> Result<Diff, HistoryError> {
    Repository::open(folder)?.changed_lines(base, head, compare)
}

fn lines(diff: &Diff) -> Vec<(&str, Option<&str>, Vec<(u32, u32)>)> {
    let ranges =
        |file: &lw_history::FileDiff| file.added.iter().map(std::ops::RangeInclusive::into_inner).collect();
    diff.files.iter().map(|file| (file.path.as_str(), file.old_path.as_deref(), ranges(file))).collect()
}

#[test]
fn random_histories_give_the_lines_git_prints() {
    if version() < (2, 44) {
        return skip("git before 2.44 looks for renames without a last line that has no end")
            .unwrap_or_default();
    }
    let mut changed = 0;
    let mut renamed = 0;
    for seed in 0..60 {
        let scratch = Scratch::random(seed);
        for (compare, dots) in [(Compare::MergeBase, "main...topic"), (Compare::Direct, "main..topic")] {
            let text = scratch.git(&[&DIFF[..], &["-U0", dots]].concat());
            let mut told = parse_unified_diff(&text).unwrap();
            // Of a link that is only renamed, the text does not say that it is one.
            let regular = Repository::open(scratch.path()).unwrap().files("topic").unwrap();
            told.files.retain(|file| regular.contains(&file.path));
            let read = ours(scratch.path(), "main", "topic", compare).unwrap();
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(lines(&read), lines(&told), "seed {seed}, {dots}\n{shown}");
            changed += read.added_lines();
            renamed += read.files.iter().filter(|file| file.old_path.is_some()).count();
        }
        // Prefixes make no difference; context may let hunks slide elsewhere, but changes no number of lines.
        let parse = |options: &[&str]| {
            let text = scratch.git(&[&DIFF[..], options, &["main...topic"]].concat());
            parse_unified_diff(&text).unwrap()
        };
        let plain = parse(&["-U0"]);
        assert_eq!(parse(&["-U0", "--no-prefix"]), plain, "seed {seed}");
        assert_eq!(parse(&["-U3"]).added_lines(), plain.added_lines(), "seed {seed}");
    }
    assert!(changed > 1000 && renamed > 40, "{changed} lines and {renamed} renames prove little");
}

#[test]
fn files_of_which_git_shows_no_line_are_told_from_a_repository_as_from_a_text() {
    let scratch = Scratch::new();
    let long: String = (1..60).map(|line| format!("{line}\n")).collect();
    scratch.commit(&[
        ("both", "\u{0}1\n"),
        ("gone", "\u{0}1\n"),
        ("was", "\u{0}1\n"),
        ("is now", "1\n"),
        ("moved", &format!("\u{0}{long}")),
        ("text", "1\n"),
    ]);
    scratch.git(&["rm", "--quiet", "gone"]);
    scratch.git(&["mv", "moved", "höher"]);
    scratch.commit(&[
        ("both", "\u{0}2\n"),
        ("was", "1\n2\n"),
        ("is now", "1\u{0}\n"),
        ("new", "\u{0}\n"),
        ("höher", &format!("\u{0}{long}60\n")),
        ("text", "1\n2\n"),
    ]);
    let names = |diff: &Diff| -> Vec<(String, Option<String>)> {
        diff.uncompared.iter().map(|file| (file.path.clone(), file.old_path.clone())).collect()
    };
    let diff = ours(scratch.path(), "HEAD~1", "HEAD", Compare::Direct).unwrap();
    let plain = ["both", "is now", "new", "was"].map(|name| (name.to_owned(), None));
    let moved = ("höher".to_owned(), Some("moved".to_owned()));
    let expected: Vec<_> =
        plain.iter().take(1).chain([&moved]).chain(plain.iter().skip(1)).cloned().collect();
    assert_eq!(names(&diff), expected);
    assert_eq!(lines(&diff), [("höher", Some("moved"), vec![]), ("text", None, vec![(2, 2)])]);
    for option in ["--no-textconv", "--binary"] {
        let text = scratch.git(&["diff", "-U0", "--find-renames", option, "HEAD~1", "HEAD"]);
        let read = parse_unified_diff(&text).unwrap();
        assert_eq!((names(&read), lines(&read)), (names(&diff), lines(&diff)), "{option}");
    }
    // What `diff -r` says of two folders.
    let read = parse_unified_diff(b"Binary files a/x and b/x differ\n--- a/y\n+++ b/y\n@@ -0,0 +1 @@\n+1\n");
    let read = read.unwrap();
    assert_eq!((names(&read), lines(&read)), (vec![("x".to_owned(), None)], vec![("y", None, vec![(1, 1)])]));
}

#[test]
fn the_merge_base_leaves_out_what_happened_on_the_base_since() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n2\n3\n")]);
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.commit(&[("a.c", "1\n2\nthree\n")]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.commit(&[("b.c", "x\n")]);
    let diff = ours(scratch.path(), "main", "topic", Compare::MergeBase).unwrap();
    assert_eq!(lines(&diff), [("a.c", None, vec![(3, 3)])]);
    let diff = ours(scratch.path(), "topic", "main", Compare::Direct).unwrap();
    assert_eq!(lines(&diff), [("a.c", None, vec![(3, 3)]), ("b.c", None, vec![(1, 1)])]);
    let base = Repository::open(scratch.path()).unwrap().resolve("topic~1").unwrap();
    assert_eq!(ours(scratch.path(), "main", "topic", Compare::MergeBase).unwrap().base, Some(base));
}

#[test]
fn revisions_are_named_as_in_git() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    scratch.commit(&[("a", "1\n2\n"), ("dir/b", "")]);
    scratch.git(&["tag", "--annotate", "v1", "--message=one"]);
    let id = String::from_utf8(scratch.git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned();
    let repository = Repository::open(scratch.path()).unwrap();
    for name in ["HEAD", "main", "refs/heads/main", "v1", "@", &id, &id[..10]] {
        assert_eq!(repository.resolve(name).unwrap(), id, "{name}");
    }
    assert_eq!(repository.parents("v1").unwrap(), [repository.resolve("HEAD^").unwrap()]);
    assert_eq!(repository.files("HEAD").unwrap(), ["a", "dir/b"]);
    // From `.git` and from a linked work tree as well.
    assert_eq!(Repository::open(&scratch.path().join(".git")).unwrap().resolve("v1").unwrap(), id);
    let linked = tempfile::tempdir().unwrap();
    let linked = linked.path().join("linked");
    scratch.git(&["worktree", "add", "--quiet", "--detach", linked.to_str().unwrap(), "HEAD~1"]);
    assert_eq!(
        Repository::open(&linked).unwrap().resolve("HEAD").unwrap(),
        repository.resolve("main~1").unwrap()
    );
}

#[test]
fn what_is_no_commit_is_said_with_the_names_there_are() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    scratch.git(&["branch", "develop"]);
    let repository = Repository::open(scratch.path()).unwrap();
    let error = repository.resolve("devlop").unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    assert_eq!(error.to_string(), "devlop: there is no such branch, tag or commit");
    assert!(error.hint().unwrap().contains("did you mean `develop`?"), "{:?}", error.hint());
    let error = repository.resolve("origin/main").unwrap_err();
    assert!(
        error.hint().unwrap().contains("`git fetch origin +refs/heads/main:refs/remotes/origin/main`"),
        "{:?}",
        error.hint()
    );
    let error = repository.resolve("HEAD:a").unwrap_err();
    assert_eq!(error.to_string(), "HEAD:a: it is a blob, not a commit");
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::open(folder.path()), Err(HistoryError::NotARepository { .. })));
}

fn clone(scratch: &Scratch, options: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = format!("file://{}", scratch.path().display());
    let output = command(folder.path())
        .args(["clone", "--quiet"])
        .args(options)
        .args([source.as_str(), "."])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

#[test]
fn a_shallow_clone_is_told_with_the_command_that_mends_it() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.commit(&[("a", "1\n2\n")]);
    scratch.commit(&[("a", "1\n2\n3\n")]);
    let folder = clone(&scratch, &["--depth=1", "--branch=topic"]);
    let error = ours(folder.path(), "origin/main", "HEAD", Compare::MergeBase).unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { .. }), "{error}");
    let hint = error.hint().unwrap().into_owned();
    assert!(hint.contains("fetch-depth: 0"), "{hint}");
    // The command in the hint does mend it.
    let mend = hint.split('`').nth(1).unwrap();
    let arguments: Vec<&str> = mend.split(' ').skip(1).collect();
    assert!(command(folder.path()).args(arguments).status().unwrap().success(), "{mend}");
    let diff = ours(folder.path(), "origin/main", "HEAD", Compare::MergeBase).unwrap();
    assert_eq!(lines(&diff), [("a", None, vec![(2, 3)])]);

    // Both tips are here, what they have in common is not.
    let folder = clone(&scratch, &["--depth=1", "--no-single-branch", "--branch=topic"]);
    let error = ours(folder.path(), "origin/main", "HEAD", Compare::MergeBase).unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { .. }), "{error}");
    assert!(ours(folder.path(), "origin/main", "HEAD", Compare::Direct).is_ok());
    // One commit more is enough for a diff against the parent.
    let folder = clone(&scratch, &["--depth=2", "--branch=topic"]);
    let diff = ours(folder.path(), "HEAD~1", "HEAD", Compare::MergeBase).unwrap();
    assert_eq!(lines(&diff), [("a", None, vec![(3, 3)])]);
    let error = Repository::open(folder.path()).unwrap().resolve("HEAD~2").unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { .. }), "{error}");
}

#[test]
fn a_partial_clone_says_that_it_left_the_old_files_out() {
    let scratch = Scratch::new();
    scratch.git(&["config", "uploadpack.allowFilter", "true"]);
    scratch.commit(&[("a", "1\n")]);
    scratch.commit(&[("a", "1\n2\n")]);
    let folder = clone(&scratch, &["--filter=blob:none"]);
    let error = ours(folder.path(), "HEAD~1", "HEAD", Compare::MergeBase).unwrap_err();
    assert!(matches!(error, HistoryError::Missing { partial: true, .. }), "{error}");
    let hint = error.hint().unwrap().into_owned();
    let mend = hint.split('`').nth(1).unwrap();
    let arguments: Vec<&str> = mend.split(' ').skip(1).collect();
    assert!(command(folder.path()).args(arguments).status().unwrap().success(), "{mend}");
    assert!(ours(folder.path(), "HEAD~1", "HEAD", Compare::MergeBase).is_ok());
}

#[test]
fn histories_without_a_common_ancestor_are_told_apart_from_shallow_ones() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    scratch.git(&["switch", "--quiet", "--orphan", "other"]);
    scratch.commit(&[("b", "1\n")]);
    let error = ours(scratch.path(), "main", "other", Compare::MergeBase).unwrap_err();
    assert_eq!(error.to_string(), "main and other have no common ancestor");
    assert!(ours(scratch.path(), "main", "other", Compare::Direct).is_ok());
}

#[test]
fn a_damaged_object_is_an_error() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    scratch.commit(&[("a", "1\n2\n")]);
    let id = String::from_utf8(scratch.git(&["rev-parse", "HEAD:a"])).unwrap();
    let object = scratch.path().join(".git/objects").join(&id[..2]).join(id[2..].trim());
    std::fs::remove_file(&object).unwrap();
    let error = ours(scratch.path(), "HEAD~1", "HEAD", Compare::MergeBase).unwrap_err();
    assert!(matches!(error, HistoryError::Missing { partial: false, .. }), "{error}");
    std::fs::write(&object, b"nonsense").unwrap();
    let error = ours(scratch.path(), "HEAD~1", "HEAD", Compare::MergeBase).unwrap_err();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
}

#[test]
fn sha256_repositories_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let run =
        |arguments: &[&str]| assert!(command(folder.path()).args(arguments).status().unwrap().success());
    run(&["init", "--quiet", "--object-format=sha256"]);
    run(&["commit", "--quiet", "--allow-empty", "--message=one"]);
    std::fs::write(folder.path().join("a"), "1\n").unwrap();
    run(&["add", "a"]);
    run(&["commit", "--quiet", "--message=two"]);
    let diff = ours(folder.path(), "HEAD~1", "HEAD", Compare::MergeBase).unwrap();
    assert_eq!(lines(&diff), [("a", None, vec![(1, 1)])]);
}
