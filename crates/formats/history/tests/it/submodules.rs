//! What a commit says of itself and of other repositories is what git says.

use lw_history::Repository;
use lw_testkit::git::Scratch;

#[test]
fn submodules_time_and_remote_are_those_git_prints() {
    let scratch = Scratch::new();
    scratch.commit(&[("a", "1\n")]);
    let commit = "66438af6b9a932c9463d028b3f4a0db3a3ff250a";
    for path in ["lib/x", "y"] {
        scratch.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
    }
    scratch.git(&["commit", "--quiet", "-m", "submodules"]);
    scratch.git(&["remote", "add", "origin", "https://example.com/o/n.git"]);
    let repository = Repository::open(scratch.path()).unwrap();
    let found = repository.submodules("HEAD").unwrap();
    let listed = String::from_utf8(scratch.git(&["ls-tree", "-r", "HEAD"])).unwrap();
    let listed: Vec<_> = listed.lines().filter(|line| line.starts_with("160000")).collect();
    assert_eq!(listed.len(), 2);
    for line in listed {
        let (object, path) = line.split_once('\t').unwrap();
        assert!(object.ends_with(&found[path]), "{line}");
    }
    assert_eq!(found.len(), 2);
    let time = String::from_utf8(scratch.git(&["log", "-1", "--format=%ct"])).unwrap();
    assert_eq!(repository.commit_time("HEAD").unwrap().to_string(), time.trim());
    assert_eq!(repository.remote_url("origin").as_deref(), Some("https://example.com/o/n.git"));
    assert_eq!(repository.remote_url("none"), None);
    assert!(repository.submodules("none").is_err() && repository.commit_time("none").is_err());
}
