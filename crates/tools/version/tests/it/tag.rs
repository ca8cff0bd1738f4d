//! `tag`, against remotes on this disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lw_model::Level;
use lw_testkit::git::{Scratch, command};
use lw_testkit::tool::{Run, words};

use crate::VERSION;

const TAG: &str = "tag --config none";

/// A clone with one commit, and its bare remote.
struct Pair {
    here: Scratch,
    remote: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let here = Scratch::new();
        here.git(&["commit", "-q", "--allow-empty", "-m", "feat: a"]);
        let remote = tempfile::tempdir().unwrap();
        git(remote.path(), &["init", "-q", "--bare", "--initial-branch=main"]);
        here.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
        here.git(&["push", "-q", "origin", "main"]);
        Self { here, remote }
    }

    fn run(&self, line: &str) -> Run {
        run_tag(self.here.path(), &words(line), &[])
    }

    /// The references of the remote, and the tags here.
    fn state(&self) -> (String, String) {
        (git(self.remote.path(), &["show-ref"]), git(self.here.path(), &["tag", "--list"]))
    }

    fn hook(&self, name: &str, script: &str) {
        let path = self.remote.path().join("hooks").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Where git is.
#[allow(clippy::disallowed_methods, reason = "the tests need the git that is installed")]
fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// A run for a push, of somebody whom git knows.
fn run_tag(folder: &Path, arguments: &[String], more: &[(&str, &str)]) -> Run {
    let path = path();
    let mut variables = vec![
        ("PATH", path.as_str()),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_COMMITTER_NAME", "test"),
        ("GIT_COMMITTER_EMAIL", "test@localhost"),
        ("GITHUB_EVENT_NAME", "push"),
        ("GITHUB_ACTOR", "somebody"),
    ];
    variables.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
    variables.extend(more);
    VERSION.run_as_step(folder, arguments, &variables)
}

#[test]
fn a_tag_is_made_pushed_and_then_there() {
    let pair = Pair::new();
    let run = pair.run(&format!("{TAG} 1.2.3"));
    assert_eq!((run.code, run.output("done")), (0, "made"), "{}", run.stderr);
    assert_eq!(run.output("tag"), "v1.2.3");
    let here = pair.here.path();
    assert_eq!(git(here, &["cat-file", "-t", "v1.2.3"]), "tag");
    assert_eq!(git(here, &["tag", "-l", "--format=%(contents)", "v1.2.3"]), "Release 1.2.3");
    assert!(!pair.state().0.contains("v1.2.3"));
    let object = git(here, &["rev-parse", "v1.2.3"]);
    let line = format!("{TAG} 1.2.3 --push");
    let run = pair.run(&line);
    assert_eq!((run.code, run.output("done")), (0, "pushed"), "{}", run.stderr);
    assert!(pair.state().0.contains(&format!("{object} refs/tags/v1.2.3")));
    // Once more, and from a clone that has no tags: nothing is left to do.
    let before = pair.state();
    let run = pair.run(&line);
    assert_eq!((run.code, run.output("done")), (0, "nothing"), "{}", run.stderr);
    assert_eq!(run.found(Level::Note), ["tag-exists", "tag-exists"]);
    pair.here.git(&["tag", "-d", "v1.2.3"]);
    let run = pair.run(&line);
    assert_eq!((run.code, run.output("done")), (0, "nothing"), "{}", run.stderr);
    assert_eq!(pair.state().0, before.0);
}

#[test]
fn a_tag_on_another_commit_is_never_moved() {
    let pair = Pair::new();
    pair.here.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    pair.here.git(&["push", "-q", "origin", "v1.0.0"]);
    pair.here.git(&["commit", "-q", "--allow-empty", "-m", "feat: b"]);
    let before = pair.state();
    let run = pair.run(&format!("{TAG} 1.0.0"));
    assert_eq!((run.code, run.output("tag")), (3, ""));
    assert!(run.stderr.contains("v1.0.0 is here already"), "{}", run.stderr);
    assert_eq!(pair.state(), before);
    // The same where only the remote has it: nothing is made here either.
    pair.here.git(&["tag", "-d", "v1.0.0"]);
    let run = pair.run(&format!("{TAG} 1.0.0 --push"));
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains("v1.0.0 is at origin already"), "{}", run.stderr);
    assert_eq!(pair.state(), (before.0, String::new()));
}

#[test]
fn what_the_remote_refuses_leaves_nothing_behind() {
    let pair = Pair::new();
    pair.hook("pre-receive", "echo 'tags are protected' >&2; exit 1");
    let before = pair.state();
    let line = format!("{TAG} 1.2.3 --push");
    let run = pair.run(&line);
    assert_eq!((run.code, run.output("done")), (4, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("tags are protected") && run.stderr.contains("not left behind"),
        "{}",
        run.stderr
    );
    assert_eq!(pair.state(), before);
    // A tag that was here before stays.
    pair.here.git(&["tag", "-a", "-m", "x", "v1.2.3"]);
    let before = pair.state();
    assert_eq!(pair.run(&line).code, 4);
    assert_eq!(pair.state(), before);
    fs::remove_file(pair.remote.path().join("hooks/pre-receive")).unwrap();
    assert_eq!(pair.run(&line).code, 0);
    assert!(pair.state().0.contains("refs/tags/v1.2.3"));
}

#[test]
fn a_branch_goes_with_the_tag_or_neither_goes() {
    let pair = Pair::new();
    pair.here.git(&["commit", "-q", "--allow-empty", "-m", "chore: release"]);
    // The hook of one reference refuses it alone: without --atomic the other would go through.
    for refused in ["refs/heads/main", "refs/tags/v1.0.0"] {
        pair.hook("update", &format!("test \"$1\" != {refused}"));
        let before = pair.state();
        let run = pair.run(&format!("{TAG} 1.0.0 --push --push-branch main"));
        assert_eq!(run.code, 4, "{refused}: {}", run.stdout);
        assert_eq!(pair.state(), before, "{refused}");
    }
    pair.hook("update", "true");
    // Somebody else was faster.
    let other = tempfile::tempdir().unwrap();
    git(other.path(), &["clone", "-q", pair.remote.path().to_str().unwrap(), "."]);
    git(other.path(), &["commit", "-q", "--allow-empty", "-m", "fix: faster"]);
    git(other.path(), &["push", "-q", "origin", "main"]);
    let before = pair.state();
    assert_eq!(pair.run(&format!("{TAG} 1.0.0 --push --push-branch main")).code, 4);
    assert_eq!(pair.state(), before);
    let run = pair.run(&format!("{TAG} 1.0.0 --push --push-branch release/1.x"));
    assert_eq!((run.code, run.output("done")), (0, "made and pushed"), "{}", run.stderr);
    let head = git(pair.here.path(), &["rev-parse", "HEAD"]);
    assert!(pair.state().0.contains(&format!("{head} refs/heads/release/1.x")));
}

#[test]
fn the_version_may_be_that_of_the_files() {
    let pair = Pair::new();
    let here = pair.here.path();
    fs::write(here.join("version.txt"), "2.0.0-rc.1\n").unwrap();
    let line = format!("{TAG} --tag-prefix pkg@ --message notes");
    // What is not committed is no version of the commit.
    let run = pair.run(&line);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert!(run.stderr.contains("version.txt is not the one that the commit"), "{}", run.stderr);
    pair.here.git(&["add", "version.txt"]);
    pair.here.git(&["commit", "-q", "-m", "chore: release"]);
    let run = pair.run(&line);
    assert_eq!(
        (run.code, run.output("tag"), run.output("is-prerelease")),
        (0, "pkg@2.0.0-rc.1", "true"),
        "{}",
        run.stderr
    );
    fs::write(here.join("version.txt"), "3.0.0\n").unwrap();
    assert_eq!(pair.run(&line).code, 3, "a change that is not committed");
    fs::write(here.join("library.properties"), "version=1.0.0\n").unwrap();
    assert_eq!(pair.run(&line).code, 3, "two versions");
    assert_eq!(pair.state().1, "pkg@2.0.0-rc.1");
}

#[test]
fn who_makes_the_tag_can_be_said_and_is_asked_of_nobody() {
    let pair = Pair::new();
    let without = [("GIT_COMMITTER_NAME", ""), ("GIT_COMMITTER_EMAIL", ""), ("HOME", "/nonexistent")];
    pair.here.git(&["config", "user.useConfigOnly", "true"]);
    let run = |more: &[&str]| {
        let mut arguments = words(&format!("{TAG} 1.0.0"));
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        run_tag(pair.here.path(), &arguments, &without)
    };
    let unknown = run(&[]);
    assert_eq!(unknown.code, 4, "{}", unknown.stdout);
    assert!(unknown.stderr.contains("--tagger"), "{}", unknown.stderr);
    for bad in ["Name", "<a@b>", "Name <>", "A\nB <a@b>", "A <a@b> <c>"] {
        assert_eq!(run(&["--tagger", bad]).code, 2, "{bad}");
    }
    let known = run(&["--tagger", "Release Bot <bot@example.com>"]);
    assert_eq!(known.code, 0, "{}", known.stderr);
    let who = git(pair.here.path(), &["tag", "-l", "--format=%(taggername) %(taggeremail)", "v1.0.0"]);
    assert_eq!(who, "Release Bot <bot@example.com>");
}

#[test]
fn a_signature_that_cannot_be_made_makes_no_tag() {
    let pair = Pair::new();
    pair.here.git(&["config", "gpg.program", "/bin/false"]);
    for (line, config) in
        [(format!("{TAG} 1.0.0 --sign"), None), (format!("{TAG} 1.0.0"), Some("tag.gpgSign"))]
    {
        if let Some(key) = config {
            pair.here.git(&["config", key, "true"]);
        }
        let run = pair.run(&line);
        assert_eq!(run.code, 4, "{}", run.stdout);
        assert_eq!(pair.state().1, "");
    }
}

#[test]
fn without_git_nothing_is_pretended() {
    let pair = Pair::new();
    let here = pair.here.path();
    // A program of that name in the workspace is none: a change under test could bring it.
    let bin = here.join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("git"), "#!/bin/sh\ntouch was-run\n").unwrap();
    fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    for path in ["/nonexistent", bin.to_str().unwrap(), "bin", "."] {
        let variables = [("PATH", path), ("GITHUB_WORKSPACE", here.to_str().unwrap())];
        let run = run_tag(here, &words(&format!("{TAG} 1.0.0")), &variables);
        assert_eq!(run.code, 2, "{path}: {}", run.stdout);
        assert!(run.stderr.contains("git is not installed here"), "{}", run.stderr);
    }
    assert!(!here.join("was-run").exists());
    // What is there already needs no git.
    pair.here.git(&["tag", "v1.0.0"]);
    let run = run_tag(here, &words(&format!("{TAG} 1.0.0")), &[("PATH", "/nonexistent")]);
    assert_eq!((run.code, run.output("done")), (0, "nothing"), "{}", run.stderr);
}

#[test]
fn names_are_no_options_and_no_commands() {
    let pair = Pair::new();
    let here = pair.here.path();
    let before = pair.state();
    for more in [
        ["--tag-prefix=--exec=touch${IFS}x/", ""],
        ["--tag-prefix=$(touch x)-", ""],
        ["--tag-prefix=a..b-", ""],
        ["--tag-prefix=x y-", ""],
        ["--tag-prefix=x:y/", ""],
        ["--tag-prefix=x", ""],
        ["--remote=--upload-pack=touch x", "--push"],
        ["--remote=ext::touch x", "--push"],
        ["--remote=nowhere", "--push"],
        ["--push-branch=+main:other", "--push"],
        ["--push-branch=-x", "--push"],
        ["--push-branch=main", ""],
    ] {
        let mut arguments = words(&format!("{TAG} 1.0.0"));
        arguments.extend(more.iter().filter(|word| !word.is_empty()).map(|word| (*word).to_owned()));
        let run = run_tag(here, &arguments, &[]);
        assert!([2, 3, 4].contains(&run.code), "{more:?}: {} {}", run.code, run.stdout);
        assert_eq!(pair.state(), before, "{more:?}");
    }
    assert!(!here.join("x").exists());
    // A text is a text.
    let text = "$(touch x) `touch x`\n# not a comment\n-x\n::error::y";
    let mut arguments = words(TAG);
    arguments.extend(["1.0.0".to_owned(), format!("--message={text}")]);
    let run = run_tag(here, &arguments, &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(git(here, &["tag", "-l", "--format=%(contents)", "v1.0.0"]), text);
    assert!(!here.join("x").exists());
}

#[test]
fn a_run_that_may_be_anybodys_pushes_nothing() {
    let pair = Pair::new();
    let before = pair.state();
    for (event, more, code) in [
        ("pull_request_target", "", 3),
        ("pull_request_target", "--allow-unknown-run", 3),
        ("issue_comment", "", 3),
    ] {
        let variables = [("GITHUB_EVENT_NAME", event), ("GITHUB_ACTOR", "somebody")];
        let run = run_tag(pair.here.path(), &words(&format!("{TAG} 1.0.0 --push {more}")), &variables);
        assert_eq!(run.code, code, "{event} {more}: {}", run.stdout);
        assert_eq!(pair.state(), before);
    }
    // Of an unknown CI somebody may allow it.
    let unknown = [("TEAMCITY_VERSION", "2025"), ("GITHUB_ACTIONS", "")];
    let line = format!("{TAG} 1.0.0 --push");
    let path = path();
    let run = |line: &str| {
        let variables = [
            ("PATH", path.as_str()),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_COMMITTER_NAME", "test"),
            ("GIT_COMMITTER_EMAIL", "test@localhost"),
            unknown[0],
        ];
        VERSION.run(pair.here.path(), &words(line), &variables)
    };
    assert_eq!(run(&line).code, 3);
    assert_eq!(pair.state(), before);
    let allowed = run(&format!("{line} --allow-unknown-run"));
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
    assert!(allowed.found(Level::Warning).contains(&"unknown-trust"));
}
