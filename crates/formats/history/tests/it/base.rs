//! Compared with what.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_history::{Base, CheckedOut, CiFacts, Compare, HistoryError, Repository};
use lw_model::{Class, Diagnose};
use lw_testkit::git::{Scratch, command, init_reftable};

const ZEROS: &str = "0000000000000000000000000000000000000000";

fn id(folder: &Path, name: &str) -> String {
    let output = command(folder).args(["rev-parse", "--verify", name]).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(folder: &Path, arguments: &[&str]) {
    let output = command(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn base(folder: &Path, ci: &CiFacts) -> Result<Base, HistoryError> {
    Repository::open(folder).unwrap().base(ci, "HEAD")
}

/// The paths of what is new against a base.
fn changed(folder: &Path, base: &Base) -> Vec<String> {
    let diff = Repository::open(folder).unwrap().changed_since(base, "HEAD").unwrap();
    diff.files.into_iter().map(|file| file.path).collect()
}

fn clone(source: &Scratch, arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", source.path().display());
    git(folder.path(), &[&["clone", "--quiet"], arguments, &[&url, "."]].concat());
    folder
}

/// Runs the first command that a hint names.
fn follow(folder: &Path, error: &HistoryError) {
    let hint = error.hint().unwrap().into_owned();
    let mend = hint.split('`').nth(1).unwrap();
    git(folder, &mend.split(' ').skip(1).collect::<Vec<_>>());
}

/// `main`: one, two (adds `main.c`), three (adds `late.c`); `topic` left after one and adds `topic.c`. `merge` is two
/// with topic merged into it, which is what a CI makes for the test when `main` is at two. HEAD is the merge.
struct Origin {
    scratch: Scratch,
    one: String,
    two: String,
    topic: String,
    merge: String,
}

fn origin() -> Origin {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n")]);
    scratch.git(&["switch", "--quiet", "--create", "topic"]);
    scratch.commit(&[("topic.c", "1\n")]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.commit(&[("main.c", "1\n")]);
    scratch.git(&["switch", "--quiet", "--create", "tested"]);
    scratch.git(&["merge", "--quiet", "--no-edit", "topic"]);
    scratch.git(&["switch", "--quiet", "main"]);
    scratch.commit(&[("late.c", "1\n")]);
    scratch.git(&["switch", "--quiet", "tested"]);
    let of = |name: &str| id(scratch.path(), name);
    let (one, two, topic, merge) = (of("main~2"), of("main~1"), of("topic"), of("tested"));
    Origin { scratch, one, two, topic, merge }
}

/// What GitHub says of the pull request of [`Origin`]; its event is as old as the pull request.
fn pull_request(origin: &Origin) -> CiFacts {
    CiFacts {
        pull_request: true,
        base_branch: Some("main".into()),
        base_commit: Some(origin.one.clone()),
        head_commit: Some(origin.topic.clone()),
        tested_commit: Some(origin.merge.clone()),
        reference: Some("refs/pull/7/merge".into()),
        default_branch: Some("main".into()),
        ..CiFacts::default()
    }
}

#[test]
fn the_merge_made_for_the_test_is_compared_with_its_first_parent() {
    let origin = origin();
    let ci = pull_request(&origin);
    let found = base(origin.scratch.path(), &ci).unwrap();
    assert_eq!(found.commit.as_deref(), Some(origin.two.as_str()));
    assert_eq!((found.compare, found.revision.as_str()), (Compare::Direct, "main"));
    assert_eq!(found.why, "first parent of the merge commit that was checked out");
    assert_eq!(changed(origin.scratch.path(), &found), ["topic.c"]);
    // GitLab's pipelines of merged results, of which no reference is known.
    let ci = CiFacts { reference: None, base_commit: Some(origin.two.clone()), ..ci };
    assert_eq!(base(origin.scratch.path(), &ci).unwrap(), found);
    // Bitbucket merges the other way around, and says the commit of the author is the one it tests.
    let path = origin.scratch.path();
    git(path, &["checkout", "--quiet", "topic"]);
    git(path, &["merge", "--quiet", "--no-edit", "main~1"]);
    let ci = CiFacts { tested_commit: Some(origin.topic.clone()), ..ci };
    let other = base(path, &ci).unwrap();
    assert_eq!((other.commit.as_deref(), &other.why[..6]), (Some(origin.two.as_str()), "second"));
}

#[test]
fn a_merge_of_the_authors_own_hides_nothing() {
    let origin = origin();
    let path = origin.scratch.path();
    // The author merged main into the pull request: the first parent of that is the author's own work.
    git(path, &["checkout", "--quiet", "topic"]);
    git(path, &["merge", "--quiet", "--no-edit", "main~1"]);
    let head = id(path, "HEAD");
    // Gitea tests the head itself; its event and variables say so, or say less.
    for head_commit in [Some(head.clone()), None, Some(origin.topic.clone()), Some(origin.two.clone())] {
        let ci = CiFacts {
            head_commit,
            tested_commit: Some(origin.one.clone()),
            reference: Some("refs/pull/7/head".into()),
            ..pull_request(&origin)
        };
        let found = base(path, &ci).unwrap();
        assert_eq!(changed(path, &found), ["topic.c"], "{found:?}");
    }
    let ci = CiFacts {
        head_commit: None,
        tested_commit: Some(head),
        reference: Some("refs/pull/7/head".into()),
        ..pull_request(&origin)
    };
    assert_eq!(changed(path, &base(path, &ci).unwrap()), ["topic.c"]);
}

#[test]
fn a_head_that_is_checked_out_is_compared_with_the_branch_and_never_with_the_stale_event() {
    let origin = origin();
    let path = origin.scratch.path();
    // The author took main at two; the event still says one.
    git(path, &["checkout", "--quiet", "topic"]);
    git(path, &["rebase", "--quiet", "main~1"]);
    let clone = clone(&origin.scratch, &["--branch=topic"]);
    let ci = CiFacts { head_commit: Some(id(path, "topic")), ..pull_request(&origin) };
    let found = base(clone.path(), &ci).unwrap();
    assert_eq!(found.commit.as_deref(), Some(origin.two.as_str()));
    assert_eq!(found.tip, Some(id(path, "main")));
    assert_eq!((found.compare, found.revision.as_str()), (Compare::MergeBase, "origin/main"));
    assert_eq!(changed(clone.path(), &found), ["topic.c"]);
    // Two dots compare with the tip.
    let found = found.direct();
    assert_eq!(found.commit, Some(id(path, "main")));
}

#[test]
fn without_the_branch_the_event_is_no_base_either() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--branch=topic", "--single-branch"]);
    let ci = pull_request(&origin);
    let error = base(clone.path(), &ci).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.class()),
        ("origin/main: not in this clone (the branch the pull request goes to)", Class::Input)
    );
    follow(clone.path(), &error);
    assert_eq!(changed(clone.path(), &base(clone.path(), &ci).unwrap()), ["topic.c"]);
    // A CI that does not even name the branch.
    let ci = CiFacts { pull_request: true, ..CiFacts::default() };
    assert!(matches!(base(clone.path(), &ci), Err(HistoryError::BaseUnnamed)));
}

#[test]
fn the_merge_base_of_gitlab_is_taken_when_it_is_one() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--branch=topic", "--single-branch"]);
    let ci = CiFacts {
        pull_request: true,
        base_branch: Some("main".into()),
        merge_base: Some(origin.one.clone()),
        head_commit: Some(origin.topic.clone()),
        tested_commit: Some(origin.topic.clone()),
        reference: Some("refs/merge-requests/7/head".into()),
        ..CiFacts::default()
    };
    let found = base(clone.path(), &ci).unwrap();
    assert_eq!(found.commit.as_deref(), Some(origin.one.as_str()));
    assert_eq!(changed(clone.path(), &found), ["topic.c"]);
    // One that is not before the head is none.
    let ci = CiFacts { merge_base: Some(origin.topic.clone()), ..ci };
    assert!(matches!(base(clone.path(), &ci), Err(HistoryError::NotFetched { .. })));
}

#[test]
fn a_tag_is_never_taken_for_a_branch() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--branch=topic"]);
    let path = clone.path();
    // A tag that is named as the base, at the head: what is compared with it has no changes.
    for name in ["origin/main", "refs/remotes/origin/main", "main"] {
        git(path, &["update-ref", &format!("refs/tags/{name}"), "HEAD"]);
    }
    let ci = CiFacts { head_commit: Some(origin.topic.clone()), ..pull_request(&origin) };
    for ci in [&ci, &CiFacts::default()] {
        let found = base(path, ci).unwrap();
        assert_eq!(found.commit.as_deref(), Some(origin.one.as_str()), "{found:?}");
        assert_eq!(changed(path, &found), ["topic.c"]);
    }
    // And where the branch is missing, the tags do not stand in.
    git(path, &["update-ref", "-d", "refs/remotes/origin/main"]);
    assert!(matches!(base(path, &ci), Err(HistoryError::NotFetched { .. })));
}

#[test]
fn a_name_of_a_person_that_stands_for_two_commits_is_refused() {
    let origin = origin();
    let path = origin.scratch.path();
    let named =
        |name: &str| Repository::open(path).unwrap().named_base(name, "tested", Compare::MergeBase, "--base");
    assert_eq!(named("main").unwrap().commit.as_deref(), Some(origin.two.as_str()));
    git(path, &["tag", "main", "tested"]);
    for name in ["main", "main~1", "main^{commit}", "main@{0}"] {
        let error = named(name).unwrap_err();
        assert_eq!(error.to_string(), "main: the name is ambiguous: refs/tags/main and refs/heads/main");
        assert_eq!(error.class(), Class::Usage);
    }
    assert!(named("refs/heads/main").is_ok());
    // They may agree, and an id is an id whatever is named like it.
    git(path, &["tag", "--force", "main", "refs/heads/main"]);
    assert!(named("main").is_ok());
    git(path, &["update-ref", &format!("refs/heads/{}", origin.one), "tested"]);
    assert_eq!(named(&origin.one).unwrap().commit.as_deref(), Some(origin.one.as_str()));
    assert_eq!(named("HEAD~1").unwrap().revision, "HEAD~1");
}

#[test]
fn replaced_objects_are_not_looked_at() {
    let origin = origin();
    let path = origin.scratch.path();
    let ci = CiFacts { head_commit: Some(origin.topic.clone()), ..pull_request(&origin) };
    git(path, &["checkout", "--quiet", "topic"]);
    let before = base(path, &ci).unwrap();
    // The commit of the base becomes the head, the head becomes one without a parent, even if the configuration asks.
    git(path, &["replace", &origin.one, &origin.topic]);
    git(path, &["replace", &id(path, "main:a.c"), &id(path, "HEAD:topic.c")]);
    git(path, &["replace", "--graft", &origin.topic]);
    git(path, &["config", "core.useReplaceRefs", "true"]);
    assert_eq!(base(path, &ci).unwrap(), before);
    assert_eq!(changed(path, &before), ["topic.c"]);
    assert_eq!(Repository::open(path).unwrap().parents("HEAD").unwrap(), [origin.one]);
    fs::create_dir_all(path.join(".git/info")).unwrap();
    fs::write(path.join(".git/info/grafts"), format!("{}\n", origin.topic)).unwrap();
    assert_eq!(base(path, &ci).unwrap(), before);
}

#[test]
fn everything_of_a_first_commit_is_new() {
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n"), ("b.c", "1\n2\n")]);
    for (branch, before) in [("main", None), ("main", Some(ZEROS)), ("trunk", None), ("trunk", Some(ZEROS))] {
        git(scratch.path(), &["branch", "--move", branch]);
        let ci = CiFacts {
            before: before.map(str::to_owned),
            reference: Some(format!("refs/heads/{branch}")),
            ..CiFacts::default()
        };
        let found = base(scratch.path(), &ci).unwrap();
        assert_eq!(found.commit, None, "{found:?}");
        let diff = Repository::open(scratch.path()).unwrap().changed_since(&found, "HEAD").unwrap();
        assert_eq!((diff.files.len(), diff.added_lines(), diff.base), (2, 3, None));
    }
    // The first push may have several commits, and the CI names the branch.
    scratch.commit(&[("c.c", "1\n")]);
    git(scratch.path(), &["branch", "--move", "develop"]);
    let ci = CiFacts {
        before: Some(ZEROS.into()),
        reference: Some("refs/heads/develop".into()),
        default_branch: Some("develop".into()),
        ..CiFacts::default()
    };
    assert_eq!(changed(scratch.path(), &base(scratch.path(), &ci).unwrap()), ["a.c", "b.c", "c.c"]);
}

#[test]
fn a_push_is_compared_with_where_the_branch_stood() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--branch=main"]);
    let path = clone.path();
    let push = |branch: &str, before: &str| CiFacts {
        before: Some(before.to_owned()),
        reference: Some(format!("refs/heads/{branch}")),
        default_branch: Some("main".into()),
        ..CiFacts::default()
    };
    // Two commits were pushed at once.
    let found = base(path, &push("main", &origin.one)).unwrap();
    assert_eq!((found.commit.as_deref(), found.compare), (Some(origin.one.as_str()), Compare::Direct));
    assert_eq!(changed(path, &found), ["late.c", "main.c"]);
    // A branch named like the commit changes nothing.
    git(path, &["update-ref", &format!("refs/heads/{}", origin.one), "HEAD"]);
    assert_eq!(base(path, &push("main", &origin.one)).unwrap(), found);
    // What was measured is the commit before the push itself: there is nothing to judge, and that is no pass.
    let error = base(path, &push("main", &id(path, "HEAD"))).unwrap_err();
    assert!(matches!(error, HistoryError::Contained { .. }), "{error}");
    // A force push on main goes back to the last commit that it kept.
    let found = base(path, &push("main", &origin.topic)).unwrap();
    assert_eq!((found.commit.as_deref(), found.compare), (Some(origin.one.as_str()), Compare::MergeBase));
    assert!(found.why.contains("replaced"), "{}", found.why);
    // One that git has forgotten: on main nobody knows what is new; a branch has left main somewhere.
    let gone = "1234567890123456789012345678901234567890";
    let error = base(path, &push("main", gone)).unwrap_err();
    assert_eq!(error.to_string(), format!("{gone}: not in this clone (the commit before the push)"));
    assert!(error.hint().unwrap().contains(&format!("git fetch origin {gone}")));
    git(path, &["checkout", "--quiet", "topic"]);
    for before in [gone, origin.two.as_str(), ZEROS] {
        let found = base(path, &push("topic", before)).unwrap();
        assert_eq!(changed(path, &found), ["topic.c"], "{found:?}");
        assert!(found.why.contains("where it left origin/main"), "{}", found.why);
    }
    // Where the event does not name the main branch, the usual one is it.
    git(path, &["remote", "set-head", "origin", "main"]);
    let ci = CiFacts { default_branch: None, ..push("topic", ZEROS) };
    assert_eq!(changed(path, &base(path, &ci).unwrap()), ["topic.c"]);
    // A new branch at a commit of main says that it brings nothing.
    git(path, &["checkout", "--quiet", &origin.two]);
    let found = base(path, &push("release", ZEROS)).unwrap();
    assert!(changed(path, &found).is_empty() && found.why.contains("has all of its commits"), "{found:?}");
    // A tag is compared with the commit before it.
    let ci = CiFacts { reference: Some("refs/tags/v1".into()), ..push("main", ZEROS) };
    let found = base(path, &ci).unwrap();
    assert_eq!(changed(path, &found), ["main.c"]);
    assert_eq!((found.revision.as_str(), found.why.as_str()), ("HEAD~1", "the commit before the tag v1"));
}

#[test]
fn a_merge_queue_is_compared_with_what_its_group_is_on() {
    let origin = origin();
    let path = origin.scratch.path();
    // The queue tests topic on top of another pull request that is not in main yet.
    git(path, &["checkout", "--quiet", "--detach", "main~1"]);
    origin.scratch.commit(&[("queued.c", "1\n")]);
    let queued = id(path, "HEAD");
    git(path, &["merge", "--quiet", "--no-edit", "topic"]);
    let ci = CiFacts {
        base_branch: Some("main".into()),
        merge_group_base: Some(queued.clone()),
        tested_commit: Some(id(path, "HEAD")),
        reference: Some("refs/heads/gh-readonly-queue/main/pr-7-0".into()),
        ..CiFacts::default()
    };
    let found = base(path, &ci).unwrap();
    assert_eq!(found.commit.as_deref(), Some(queued.as_str()));
    assert_eq!(changed(path, &found), ["topic.c"]);
    let ci = CiFacts { merge_group_base: Some(ZEROS.into()), ..ci };
    assert!(matches!(base(path, &ci), Err(HistoryError::NotFetched { .. })));
}

#[test]
fn a_shallow_clone_says_how_deep_it_has_to_be() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--depth=1", "--branch=tested"]);
    let ci = pull_request(&origin);
    let error = base(clone.path(), &ci).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the first parent of HEAD: not in this clone, whose history is cut off (a shallow clone)"
    );
    assert!(error.hint().unwrap().contains("`fetch-depth: 2`"), "{:?}", error.hint());
    follow(clone.path(), &error);
    let found = base(clone.path(), &ci).unwrap();
    assert_eq!(changed(clone.path(), &found), ["topic.c"]);

    // With the head checked out nobody knows how far away the base is.
    let clone = self::clone(&origin.scratch, &["--depth=1", "--branch=topic"]);
    let error = base(clone.path(), &ci).unwrap_err();
    assert!(error.to_string().contains("origin/main (the branch the pull request goes to)"), "{error}");
    assert!(error.hint().unwrap().contains("`fetch-depth: 0`"), "{:?}", error.hint());
    follow(clone.path(), &error);
    assert_eq!(changed(clone.path(), &base(clone.path(), &ci).unwrap()), ["topic.c"]);

    // A push whose former commit is cut off; the first commit of a shallow clone is not the first of all.
    let clone = self::clone(&origin.scratch, &["--depth=1", "--branch=main"]);
    let ci = CiFacts {
        before: Some(origin.one.clone()),
        reference: Some("refs/heads/main".into()),
        default_branch: Some("main".into()),
        ..CiFacts::default()
    };
    let error = base(clone.path(), &ci).unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { depth: None, .. }), "{error}");
    let error = base(clone.path(), &CiFacts { before: None, ..ci }).unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { depth: Some(2), .. }), "{error}");
}

#[test]
fn what_is_part_of_its_base_is_not_judged_by_nothing() {
    let origin = origin();
    let path = origin.scratch.path();
    // `pull_request_target` checks out the base, unless told otherwise.
    git(path, &["checkout", "--quiet", "main"]);
    let ci = CiFacts {
        reference: Some("refs/heads/main".into()),
        tested_commit: Some(id(path, "main")),
        ..pull_request(&origin)
    };
    let error = base(path, &ci).unwrap_err();
    assert_eq!(error.to_string(), "HEAD is part of main already, so there is no change to judge");
    assert!(error.hint().unwrap().contains("pull_request_target"));
}

#[test]
fn on_a_laptop_the_main_branch_is_the_base_and_on_it_the_commit_before() {
    let origin = origin();
    let clone = clone(&origin.scratch, &["--branch=topic"]);
    let path = clone.path();
    let laptop = CiFacts::default();
    // The HEAD of the remote goes first, and is shown as the branch it stands for.
    git(path, &["update-ref", "refs/remotes/origin/trunk", &origin.one]);
    git(path, &["remote", "set-head", "origin", "trunk"]);
    let found = base(path, &laptop).unwrap();
    assert_eq!(changed(path, &found), ["topic.c"]);
    assert_eq!(found.revision, "origin/trunk");
    // One that leads nowhere is passed over.
    git(path, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone"]);
    assert_eq!(base(path, &laptop).unwrap().revision, "origin/main");
    // On main, also when it is behind its remote, and without any branch.
    for there in ["origin/main", "origin/main~1"] {
        git(path, &["checkout", "--quiet", "--detach", there]);
        let found = base(path, &laptop).unwrap();
        assert_eq!(found.commit, Some(id(path, "HEAD~1")));
        assert_eq!(found.why, "the commit before, since origin/main has this one");
    }
    // Work that is not pushed yet.
    git(path, &["checkout", "--quiet", "--detach", "origin/main"]);
    fs::write(path.join("new.c"), "1\n").unwrap();
    git(path, &["add", "new.c"]);
    git(path, &["commit", "--quiet", "--message=new"]);
    assert_eq!(changed(path, &base(path, &laptop).unwrap()), ["new.c"]);
    // No branch that could be the main one.
    let scratch = Scratch::new();
    scratch.commit(&[("a.c", "1\n")]);
    scratch.commit(&[("b.c", "1\n")]);
    git(scratch.path(), &["branch", "--move", "trunk"]);
    let error = base(scratch.path(), &laptop).unwrap_err();
    assert!(error.to_string().contains("none of origin/HEAD, origin/main"), "{error}");
    let ci = CiFacts { default_branch: Some("trunk".into()), ..laptop };
    assert_eq!(changed(scratch.path(), &base(scratch.path(), &ci).unwrap()), ["b.c"]);
}

#[test]
fn files_of_a_commit_are_read() {
    let scratch = Scratch::new();
    scratch.commit(&[("lw.toml", "old = 1\n"), ("deep/er/lw.toml", "deep\n")]);
    scratch.commit(&[("lw.toml", "new = 1\n")]);
    let repository = Repository::open(scratch.path()).unwrap();
    let read = |revision: &str, path: &str| repository.read_file(revision, path);
    assert_eq!(read("HEAD~1", "lw.toml").unwrap().as_deref(), Some(&b"old = 1\n"[..]));
    assert_eq!(read("HEAD", "./deep//er/lw.toml").unwrap().as_deref(), Some(&b"deep\n"[..]));
    for absent in ["other", "deep/lw.toml", "lw.toml/x", "../lw.toml", "deep/../lw.toml"] {
        assert_eq!(read("HEAD", absent).unwrap(), None, "{absent}");
    }
    for folder in ["deep", ""] {
        assert!(matches!(read("HEAD", folder), Err(HistoryError::NotAFile { kind: "folder", .. })));
    }
    // Neither a link nor a submodule is taken for a file that is not there: that would drop what it says.
    let blob = id(scratch.path(), "HEAD:lw.toml");
    git(scratch.path(), &["update-index", "--add", "--cacheinfo", &format!("120000,{blob},link")]);
    let commit = id(scratch.path(), "HEAD");
    git(scratch.path(), &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},module")]);
    git(scratch.path(), &["commit", "--quiet", "--message=odd"]);
    let error = read("HEAD", "link").unwrap_err();
    assert_eq!(error.to_string(), "link of HEAD: it is a symbolic link, not a file");
    assert!(matches!(read("HEAD", "link/x"), Err(HistoryError::NotAFile { .. })));
    assert!(matches!(read("HEAD", "module"), Err(HistoryError::NotAFile { kind: "submodule", .. })));
}

#[test]
fn a_reftable_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    if init_reftable(path).is_none() {
        return;
    }
    // git migrates reflogs only since 2.48.
    git(path, &["config", "core.logAllRefUpdates", "false"]);
    git(path, &["commit", "--quiet", "--allow-empty", "--message=one"]);
    let error = Repository::open(path).unwrap_err();
    assert!(error.to_string().ends_with("its references are stored as reftable, which is not supported"));
    follow(path, &error);
    assert!(Repository::open(path).is_ok());
}

#[test]
fn what_is_checked_out_is_what_head_says() {
    let origin = origin();
    let root = origin.scratch.path();
    let at = |commit: &str, branch: Option<&str>| CheckedOut {
        commit: Some(commit.to_owned()),
        branch: branch.map(str::to_owned),
    };
    git(root, &["checkout", "--quiet", "main"]);
    let main = Repository::open(root).unwrap().resolve("HEAD").unwrap();
    assert_eq!(Repository::checked_out(root).unwrap(), at(&main, Some("main")));
    git(root, &["pack-refs", "--all"]);
    assert!(!root.join(".git/refs/heads/main").exists());
    assert_eq!(Repository::checked_out(root).unwrap(), at(&main, Some("main")));
    git(root, &["checkout", "--quiet", "-b", "of/two-parts"]);
    assert_eq!(Repository::checked_out(root).unwrap(), at(&main, Some("of/two-parts")));
    git(root, &["checkout", "--quiet", "--detach", &origin.one]);
    assert_eq!(Repository::checked_out(root).unwrap(), at(&origin.one, None));
    let linked = tempfile::tempdir().unwrap();
    let work = linked.path().join("tree");
    git(root, &["worktree", "add", "--quiet", work.to_str().unwrap(), "main"]);
    assert_eq!(Repository::checked_out(&work).unwrap(), at(&main, Some("main")));
    git(root, &["checkout", "--quiet", "--orphan", "new"]);
    let unborn = CheckedOut { commit: None, branch: Some("new".to_owned()) };
    assert_eq!(Repository::checked_out(root).unwrap(), unborn);
    let none = tempfile::tempdir().unwrap();
    let error = Repository::checked_out(none.path()).unwrap_err();
    assert!(matches!(error, HistoryError::NotARepository { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_device_in_a_repository_is_refused_and_never_opened() {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    let origin = origin();
    let linked = tempfile::tempdir().unwrap();
    let work = linked.path().join("tree");
    git(origin.scratch.path(), &["worktree", "add", "--quiet", "--detach", work.to_str().unwrap(), "main"]);
    git(origin.scratch.path(), &["checkout", "--quiet", "main"]);
    git(origin.scratch.path(), &["pack-refs", "--all", "--no-prune"]);
    assert!(Repository::open(&work).is_ok());
    let object = format!("objects/{}/{}", &origin.one[..2], &origin.one[2..]);
    let places = [
        "config",
        "HEAD",
        "packed-refs",
        "refs/heads/main",
        "objects/info/alternates",
        "objects/pack/pack-0.idx",
        "shallow",
        "commondir",
        "worktrees/tree/HEAD",
        object.as_str(),
    ];
    for place in places {
        for device in [false, true] {
            let path = origin.scratch.path().join(".git").join(place);
            let kept = fs::read(&path).ok();
            let _ = fs::remove_file(&path);
            if device {
                symlink("/dev/zero", &path).unwrap();
            } else {
                assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            }
            // Of the linked tree's own files only the tree is hindered.
            let opened = if place.starts_with("worktrees") { &work } else { origin.scratch.path() };
            let error = Repository::open(opened).unwrap_err();
            let kind = if device { "a device" } else { "a FIFO" };
            assert!(error.to_string().contains(&format!("it is {kind}")), "{place}: {error}");
            // What is checked out is known without the objects.
            let checked_out = Repository::checked_out(opened);
            match checked_out {
                Ok(found) => {
                    assert!(place == object || place.starts_with("objects/pack/"), "{place}");
                    assert_eq!(found.branch.as_deref(), Some("main"));
                }
                Err(error) => {
                    assert!(error.to_string().contains(&format!("it is {kind}")), "{place}: {error}");
                }
            }
            if !place.starts_with("commondir") {
                assert!(Repository::open(&work).is_err(), "{place}");
            }
            fs::remove_file(&path).unwrap();
            if let Some(kept) = kept {
                fs::write(&path, kept).unwrap();
            }
        }
    }
    assert!(Repository::open(origin.scratch.path()).is_ok());
    // Objects that are borrowed, and those that the lender borrows.
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (folder, next) in [
        (origin.scratch.path().join(".git/objects"), Some(near.path())),
        (near.path().to_owned(), Some(far.path())),
        (far.path().to_owned(), None),
    ] {
        fs::create_dir_all(folder.join("info")).unwrap();
        if let Some(next) = next {
            fs::write(folder.join("info/alternates"), format!("# lender\n{}\n", next.display())).unwrap();
        }
    }
    assert!(Repository::open(origin.scratch.path()).is_ok());
    assert!(Command::new("mkfifo").arg(far.path().join("info/alternates")).status().unwrap().success());
    for error in [
        Repository::open(origin.scratch.path()).unwrap_err(),
        Repository::checked_out(origin.scratch.path()).unwrap_err(),
    ] {
        assert!(matches!(error, HistoryError::NotRegular { .. }), "{error}");
    }
}

#[test]
fn a_fifo_in_a_folder_that_is_no_repository_is_none_of_its_business() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    let error = Repository::open(folder.path()).unwrap_err();
    assert!(matches!(error, HistoryError::NotARepository { .. }), "{error}");
}

fn base_id(folder: &Path, ci: &CiFacts) -> Result<Base, HistoryError> {
    Repository::open(folder).unwrap().base_id(ci, "HEAD")
}

/// The usual checkout has one commit: it names the base, and does not have it.
#[test]
fn the_id_of_the_base_needs_no_history() {
    let origin = origin();
    let ci = pull_request(&origin);
    let shallow = clone(&origin.scratch, &["--branch=tested", "--depth=1"]);
    assert!(base(shallow.path(), &ci).is_err());
    let found = base_id(shallow.path(), &ci).unwrap();
    assert_eq!(found.commit.as_deref(), Some(origin.two.as_str()));
    assert_eq!(found.why, "first parent of the merge commit that was checked out");
    // Where there is history it is the same answer.
    assert_eq!(base_id(origin.scratch.path(), &ci).unwrap(), base(origin.scratch.path(), &ci).unwrap());

    // A queue says what its group is on.
    let queue = CiFacts { merge_group_base: Some(origin.one.clone()), ..CiFacts::default() };
    let found = base_id(shallow.path(), &queue).unwrap();
    assert_eq!(
        (found.commit.as_deref(), found.why.as_str()),
        (Some(origin.one.as_str()), "base of the merge group")
    );

    // A push says where the branch was; one that made the branch says nothing.
    let push = CiFacts {
        before: Some(origin.topic.clone()),
        reference: Some("refs/heads/main".into()),
        default_branch: Some("main".into()),
        ..CiFacts::default()
    };
    assert_eq!(base_id(shallow.path(), &push).unwrap().commit.as_deref(), Some(origin.topic.as_str()));
    let forced = CiFacts { forced: Some(true), ..push.clone() };
    assert!(base_id(shallow.path(), &forced).is_err());
    let first = CiFacts { before: Some(ZEROS.into()), ..push.clone() };
    assert_eq!(base_id(shallow.path(), &first).map(|base| base.commit).unwrap_or_default(), None);

    // The head of a pull request that is checked out alone: only history could tell.
    let head = clone(&origin.scratch, &["--branch=topic", "--depth=1"]);
    let error = base_id(head.path(), &ci).unwrap_err();
    assert!(matches!(error, HistoryError::Shallow { .. }), "{error}");
    // In a whole clone, a commit before the push that is not there was replaced.
    let replaced = CiFacts { before: Some("1".repeat(40)), ..push };
    assert_eq!(
        base_id(origin.scratch.path(), &replaced).map_err(|error| error.to_string()),
        base(origin.scratch.path(), &replaced).map_err(|error| error.to_string())
    );
}

#[test]
fn how_far_a_commit_lies_back_counts_first_parents() {
    let origin = origin();
    let whole = Repository::open(origin.scratch.path()).unwrap();
    let distance = |from: &str, to: &str, most| {
        whole.first_parent_distance(from, |id| id == to, most).map(|(distance, id)| (distance, id == to))
    };
    assert_eq!(distance(&origin.merge, &origin.one, 9), Some((2, true)));
    assert_eq!(distance(&origin.merge, &origin.merge, 0), Some((0, true)));
    // What came by a second parent was never the branch, and what came later is not before.
    assert_eq!(distance(&origin.merge, &origin.topic, 9), None);
    assert_eq!(distance(&origin.one, &origin.two, 9), None);
    assert_eq!(distance(&origin.merge, &origin.one, 1), None);
    let shallow = clone(&origin.scratch, &["--branch=tested", "--depth=1"]);
    let shallow = Repository::open(shallow.path()).unwrap();
    assert_eq!(shallow.first_parent_distance(&origin.merge, |id| id == origin.one, 9), None);
    // The parent is known, though it is not there.
    assert_eq!(
        shallow.first_parent_distance(&origin.merge, |id| id == origin.two, 9).map(|found| found.0),
        Some(1)
    );
}
