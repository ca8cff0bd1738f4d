//! What a clone knows of tags, and which commit contains which.

use lw_history::Repository;
use lw_testkit::git::{Scratch, command};

fn id(scratch: &Scratch, revision: &str) -> String {
    String::from_utf8(scratch.git(&["rev-parse", revision])).unwrap().trim().to_owned()
}

#[test]
fn clones_that_may_lack_tags_are_known() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "a")]);
    scratch.commit(&[("a", "b")]);
    scratch.git(&["tag", "v1.0.0"]);
    let url = format!("file://{}", scratch.path().display());
    for (arguments, why) in [
        (&["--depth=1"][..], Some("the clone is shallow")),
        (&["--no-tags"][..], Some("the clone was made without tags (`tagOpt = --no-tags`)")),
        (&["--single-branch"][..], Some("the clone has a single branch")),
        (&["--bare"][..], None),
        (&["--filter=blob:none"][..], None),
        (&[][..], None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut git = command(folder.path());
        git.args(["clone", "--quiet"]).args(arguments).args([url.as_str(), "."]);
        assert!(git.status().unwrap().success());
        assert_eq!(Repository::open(folder.path()).unwrap().tags_may_be_missing(), why, "{arguments:?}");
    }
    assert_eq!(Repository::open(scratch.path()).unwrap().tags_may_be_missing(), None);
}

#[test]
fn what_contains_a_commit_is_what_git_says() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1")]);
    scratch.git(&["tag", "base"]);
    scratch.git(&["checkout", "--quiet", "-b", "side"]);
    scratch.commit(&[("b", "1")]);
    scratch.git(&["tag", "side-tip"]);
    scratch.git(&["checkout", "--quiet", "main"]);
    scratch.commit(&[("a", "2")]);
    scratch.git(&["tag", "on-main"]);
    scratch.git(&["merge", "--quiet", "--no-ff", "--no-edit", "side"]);
    scratch.git(&["tag", "merged"]);
    let repository = Repository::open(scratch.path()).unwrap();
    let names = ["base", "side-tip", "on-main", "merged"];
    for old in names {
        for new in names {
            let found = repository.contained_in(&id(&scratch, old), &[id(&scratch, new)]).unwrap();
            let is_ancestor =
                command(scratch.path()).args(["merge-base", "--is-ancestor", old, new]).status().unwrap();
            assert_eq!(found.is_some(), is_ancestor.success() && old != new, "{old} in {new}");
        }
    }
    let tips = [id(&scratch, "side-tip"), id(&scratch, "merged")];
    assert_eq!(repository.contained_in(&id(&scratch, "on-main"), &tips).unwrap(), Some(1));
    assert_eq!(repository.contained_in(&id(&scratch, "merged"), &[]).unwrap(), None);
    assert!(repository.contained_in("0000000000000000000000000000000000000000", &tips).is_err());
}
