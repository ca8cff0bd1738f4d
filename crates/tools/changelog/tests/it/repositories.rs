//! Repositories that make other programs write wrong or empty notes without a word.

use std::fs;
use std::path::Path;

use lw_model::Level;
use lw_testkit::git::{Scratch, command};
use lw_testkit::tool::{Run, words};

use crate::CHANGELOG;

fn commit(scratch: &Scratch, message: &str) -> String {
    scratch.git(&["commit", "-q", "--allow-empty", "-m", message]);
    let id = scratch.git(&["rev-parse", "HEAD"]);
    String::from_utf8_lossy(&id).trim().to_owned()
}

/// The run, and the entries of its JSON, release by release: `v1.0.0: b a`.
fn told(folder: &Path, line: &str) -> (Run, Vec<String>) {
    let line = format!("generate --config none --changelog-format json --output told.json {line}");
    let _ = fs::remove_file(folder.join("told.json"));
    let run = CHANGELOG.run(folder, &words(&line), &[]);
    let Ok(bytes) = fs::read(folder.join("told.json")) else { return (run, Vec::new()) };
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let release = |release: &serde_json::Value| {
        let told =
            release["commits"].as_array().unwrap().iter().rev().filter(|commit| commit["left_out"].is_null());
        let told: Vec<&str> = told.map(|commit| commit["message"].as_str().unwrap()).collect();
        format!("{}: {}", release["tag"].as_str().unwrap_or("-"), told.join(" "))
    };
    let releases = json.as_array().unwrap().iter().map(release).collect();
    (run, releases)
}

#[test]
fn tags_of_all_kinds() {
    let scratch = Scratch::new();
    commit(&scratch, "feat: a");
    scratch.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    // A tag of a tag, of a tree, of a blob, one that points nowhere, and one whose name is nearly taken.
    scratch.git(&["tag", "-a", "-m", "x", "-f", "v1.0.1", "v1.0.0"]);
    commit(&scratch, "feat: b");
    scratch.git(&["tag", "-a", "-m", "x", "v1.1.0"]);
    scratch.git(&["tag", "v1.2.0", "HEAD^{tree}"]);
    let blob = scratch.git(&["hash-object", "-w", "/dev/null"]);
    scratch.git(&["tag", "v1.3.0", String::from_utf8_lossy(&blob).trim()]);
    scratch.git(&["tag", "V1.1.0", "v1.0.0"]);
    commit(&scratch, "fix: c");
    for packed in [false, true] {
        if packed {
            scratch.git(&["pack-refs", "--all"]);
        }
        let (run, releases) = told(scratch.path(), "");
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(releases, ["-: c", "v1.1.0: b", "v1.0.1: ", "v1.0.0: a"], "packed {packed}");
        let (run, _) = told(scratch.path(), "--tag v1.2.0");
        // Of a packed tag that has no tag object nobody says what it is, until it is read.
        let code = if packed { 3 } else { 2 };
        assert_eq!(
            (run.code, run.stderr.contains("a tree")),
            (code, true),
            "packed {packed}: {}",
            run.stderr
        );
    }
    // A tag that was moved is where it is now.
    scratch.git(&["tag", "-f", "-a", "-m", "x", "v1.1.0", "HEAD"]);
    let (_, releases) = told(scratch.path(), "");
    assert_eq!(releases, ["v1.1.0: c b", "v1.0.1: ", "v1.0.0: a"]);
}

#[test]
fn families_do_not_end_each_other() {
    let scratch = Scratch::new();
    for (message, tag) in [
        ("feat: a", "v1.0.0"),
        ("feat: b", "pkg@1.0.0"),
        ("feat: c", "v1.1.0"),
        ("feat: d", "sub/v1.0.0"),
        ("feat: e", ""),
    ] {
        commit(&scratch, message);
        if !tag.is_empty() {
            scratch.git(&["tag", tag]);
        }
    }
    assert_eq!(told(scratch.path(), "").1, ["-: e d", "v1.1.0: c b", "v1.0.0: a"]);
    assert_eq!(told(scratch.path(), "--tag-prefix pkg@").1, ["-: e d c", "pkg@1.0.0: b a"]);
    assert_eq!(told(scratch.path(), "--tag-prefix sub/v").1, ["-: e", "sub/v1.0.0: d c b a"]);
    // One that has no tag: all of it is new, which is hardly meant.
    let (run, releases) = told(scratch.path(), "--tag-prefix none@");
    assert_eq!((run.code, releases), (0, vec!["-: e d c b a".to_owned()]), "{}", run.stderr);
    assert!(run.found(Level::Warning).contains(&"no-release"), "{:?}", run.found(Level::Warning));
}

#[test]
fn an_empty_range_is_said() {
    let scratch = Scratch::new();
    commit(&scratch, "feat: a");
    scratch.git(&["tag", "v1.0.0"]);
    for line in ["--unreleased", "--since v1.0.0"] {
        let (run, releases) = told(scratch.path(), line);
        assert_eq!((run.code, releases), (0, vec!["-: ".to_owned()]), "{line}: {}", run.stderr);
        assert!(run.found(Level::Warning).contains(&"nothing-new"), "{line}");
    }
    // From somewhere that is not part of the history.
    scratch.git(&["checkout", "-q", "--orphan", "other"]);
    commit(&scratch, "feat: other");
    let (run, releases) = told(scratch.path(), "--since v1.0.0");
    assert_eq!((run.code, releases.len()), (2, 0), "{}", run.stderr);
    assert!(run.stderr.contains("not part of the history"), "{}", run.stderr);
    // A repository without a commit.
    let empty = Scratch::new();
    let (run, releases) = told(empty.path(), "");
    assert_eq!((run.code == 0, releases.len()), (false, 0), "{}", run.stderr);
}

/// What `git replace` and grafts say is not the history, and is not used; git itself uses both.
#[test]
fn replacements_and_grafts_change_nothing() {
    let scratch = Scratch::new();
    let first = commit(&scratch, "feat: a");
    scratch.git(&["tag", "v1.0.0"]);
    commit(&scratch, "feat: b");
    let last = commit(&scratch, "feat: c");
    let expected = ["-: c b", "v1.0.0: a"];
    assert_eq!(told(scratch.path(), "").1, expected);
    let info = scratch.path().join(".git/info");
    fs::create_dir_all(&info).unwrap();
    fs::write(info.join("grafts"), format!("{last} {first}\n")).unwrap();
    let (run, releases) = told(scratch.path(), "");
    assert_eq!(releases, expected);
    assert!(run.found(Level::Note).contains(&"replacements"), "{:?}", run.found(Level::Note));
    fs::remove_file(info.join("grafts")).unwrap();
    scratch.git(&["replace", "--graft", &last, &first]);
    let (run, releases) = told(scratch.path(), "");
    assert_eq!(releases, expected);
    assert!(run.found(Level::Note).contains(&"replacements"), "{:?}", run.found(Level::Note));
}

#[test]
fn what_is_missing_is_an_error_and_no_empty_section() {
    let scratch = Scratch::new();
    commit(&scratch, "feat: a");
    let middle = commit(&scratch, "feat: b");
    scratch.git(&["tag", "v1.0.0"]);
    commit(&scratch, "feat: c");
    // An object that is gone.
    let (folder, file) = middle.split_at(2);
    fs::remove_file(scratch.path().join(".git/objects").join(folder).join(file)).unwrap();
    let (run, releases) = told(scratch.path(), "");
    assert_eq!((run.code, releases.len()), (3, 0), "{}", run.stderr);
    // Only HEAD of a branch that does not exist.
    let empty = Scratch::new();
    commit(&empty, "feat: a");
    empty.git(&["symbolic-ref", "HEAD", "refs/heads/none"]);
    let (run, releases) = told(empty.path(), "");
    assert_eq!((run.code == 0, releases.len()), (false, 0), "{}", run.stderr);
    let (run, _) = told(scratch.path(), "--head none");
    assert_eq!(run.code, 2, "{}", run.stderr);
}

/// A partial clone has the commits and no files: that is enough. A bare one and a linked work tree as well.
#[test]
fn clones_of_all_kinds_say_the_same() {
    let scratch = Scratch::new();
    for (number, folder) in ["a", "b", "a", "b"].iter().enumerate() {
        let (path, content) = (format!("{folder}/f"), number.to_string());
        scratch.commit(&[(&path, &content)]);
        scratch.git(&["commit", "-q", "--amend", "-m", &format!("fix: {number}")]);
        if number == 1 {
            scratch.git(&["tag", "v1.0.0"]);
        }
    }
    scratch.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", scratch.path().display());
    for arguments in [
        &["--bare"][..],
        &["--filter=blob:none", "--no-checkout"],
        &["--mirror"],
        &["--no-checkout", "--depth=100"],
    ] {
        let clone = tempfile::tempdir().unwrap();
        let status = command(clone.path())
            .args(["clone", "-q"])
            .args(arguments)
            .args([&url, "repo"])
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
        assert_eq!(told(clone.path(), "--repo repo").1, ["-: 3 2", "v1.0.0: 1 0"], "{arguments:?}");
        assert_eq!(told(clone.path(), "--repo repo --path a").1, ["-: 2", "v1.0.0: 0"], "{arguments:?}");
    }
    scratch.git(&["worktree", "add", "-q", "--detach", "linked", "v1.0.0"]);
    assert_eq!(told(&scratch.path().join("linked"), "").1, ["v1.0.0: 1 0"]);
}

/// A tag of a shallow clone that stands on the very commit where the history is cut off: its section holds more than can be seen.
#[test]
fn a_tag_on_the_edge_of_a_shallow_clone_is_not_told() {
    let scratch = Scratch::new();
    for number in 0..6 {
        commit(&scratch, &format!("fix: {number}"));
        if number % 2 == 1 {
            scratch.git(&["tag", &format!("v1.0.{number}")]);
        }
    }
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", scratch.path().display());
    assert!(
        command(clone.path()).args(["clone", "-q", "--depth", "3", &url, "."]).status().unwrap().success()
    );
    for (line, code) in
        [("", 10), ("--tag v1.0.5", 0), ("--tag v1.0.3", 10), ("--all-lines", 10), ("--unreleased", 0)]
    {
        let (run, releases) = told(clone.path(), line);
        assert_eq!((run.code, releases.is_empty()), (code, code != 0), "{line}: {}", run.stderr);
    }
}

/// git-cliff's issue 1080: the newest version is not the last by name.
#[test]
fn ten_comes_after_nine() {
    let scratch = Scratch::new();
    for message in ["feat: new", "fix: whatever", "doc: stuff"] {
        commit(&scratch, message);
    }
    for (tag, at) in [("v0.1.0", "HEAD~2"), ("v0.9.0", "HEAD~"), ("v0.10.0", "HEAD")] {
        scratch.git(&["tag", tag, at]);
    }
    assert_eq!(told(scratch.path(), "").1, ["v0.10.0: stuff", "v0.9.0: whatever", "v0.1.0: new"]);
    assert_eq!(told(scratch.path(), "--tag v0.10.0").1, ["v0.10.0: stuff"]);
    assert_eq!(told(scratch.path(), "--unreleased").1, ["-: "]);
}
