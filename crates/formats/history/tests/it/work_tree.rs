//! What `git diff-index HEAD` calls changed, without running anything of the repository's.

use std::fs;
use std::path::Path;

use lw_history::Repository;
use lw_testkit::git::{Scratch, command};

fn changes(path: &Path) -> Vec<String> {
    Repository::open(path).unwrap().work_tree_changes().unwrap().paths
}

/// The names git has, where no filter and no conversion is in play.
fn of_git(path: &Path) -> Vec<String> {
    let _ = command(path).args(["update-index", "-q", "--refresh"]).status();
    let output = command(path).args(["diff-index", "--name-only", "HEAD"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn example() -> Scratch {
    let scratch = Scratch::new();
    let root = scratch.path();
    fs::create_dir_all(root.join("src/deep")).unwrap();
    fs::write(root.join("a.txt"), "a\n").unwrap();
    fs::write(root.join("src/b.c"), "int b;\n").unwrap();
    fs::write(root.join("src/deep/c.bin"), [0, 255, 13, 10]).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("a.txt", root.join("link")).unwrap();
    scratch.git(&["add", "-A"]);
    scratch.git(&["commit", "--quiet", "-m", "feat: all"]);
    scratch
}

#[test]
fn every_kind_of_change_is_seen_and_nothing_else() {
    let scratch = example();
    let root = scratch.path();
    assert_eq!(changes(root), Vec::<String>::new());
    fs::write(root.join("untracked"), "x").unwrap();
    assert_eq!(changes(root), Vec::<String>::new());

    // The same length, and the same time: only the bytes tell.
    let before = fs::metadata(root.join("a.txt")).unwrap().modified().unwrap();
    fs::write(root.join("a.txt"), "b\n").unwrap();
    fs::File::options().append(true).open(root.join("a.txt")).unwrap().set_modified(before).unwrap();
    assert_eq!(changes(root), ["a.txt"]);
    fs::write(root.join("a.txt"), "a\n").unwrap();
    assert_eq!(changes(root), Vec::<String>::new());

    fs::remove_file(root.join("src/b.c")).unwrap();
    fs::write(root.join("new.c"), "staged").unwrap();
    scratch.git(&["add", "new.c"]);
    assert_eq!(changes(root), ["new.c", "src/b.c"]);
    assert_eq!(changes(root), of_git(root));
    scratch.git(&["reset", "--quiet", "--hard"]);

    // Staged and undone in the work tree: git calls that changed too.
    fs::write(root.join("a.txt"), "staged\n").unwrap();
    scratch.git(&["add", "a.txt"]);
    fs::write(root.join("a.txt"), "a\n").unwrap();
    assert_eq!(changes(root), ["a.txt"]);
    scratch.git(&["reset", "--quiet", "--hard"]);
    scratch.git(&["rm", "--quiet", "--cached", "a.txt"]);
    assert_eq!(changes(root), of_git(root));
    assert_eq!(changes(root), ["a.txt"]);
}

#[cfg(unix)]
#[test]
fn links_modes_and_pipes_are_no_files_that_were_committed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let scratch = example();
    let root = scratch.path();
    fs::set_permissions(root.join("a.txt"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(changes(root), ["a.txt"]);
    scratch.git(&["config", "core.fileMode", "false"]);
    assert_eq!(changes(root), Vec::<String>::new());
    fs::remove_file(root.join("link")).unwrap();
    symlink("b.txt", root.join("link")).unwrap();
    assert_eq!(changes(root), ["link"]);
    // A folder behind a link is not the repository's, though the same files are there.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::rename(root.join("src"), elsewhere.path().join("src")).unwrap();
    symlink(elsewhere.path().join("src"), root.join("src")).unwrap();
    assert_eq!(changes(root), ["link", "src/b.c", "src/deep/c.bin"]);
    // Opening it would wait for ever.
    fs::remove_file(root.join("a.txt")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("a.txt")).status().unwrap();
    assert!(made.success());
    assert_eq!(changes(root), ["a.txt", "link", "src/b.c", "src/deep/c.bin"]);
}

#[test]
fn nothing_that_the_repository_configures_is_run() {
    let scratch = example();
    let root = scratch.path();
    let mark = root.join("mark");
    let run = format!("touch {}", mark.display());
    fs::write(root.join(".gitattributes"), "* filter=evil diff=evil\n").unwrap();
    for (key, value) in [
        ("filter.evil.clean", run.as_str()),
        ("filter.evil.smudge", &run),
        ("filter.evil.process", &run),
        ("diff.evil.textconv", &run),
        ("diff.evil.command", &run),
        ("core.fsmonitor", &run),
    ] {
        scratch.git(&["config", key, value]);
    }
    fs::write(root.join("a.txt"), "other\n").unwrap();
    let _ = fs::remove_file(&mark);
    assert_eq!(changes(root), ["a.txt"]);
    assert!(!mark.exists(), "something was run");
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_no_change() {
    let scratch = example();
    let root = scratch.path();
    scratch.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "nothing"]);
    assert!(!root.join("src").exists());
    assert_eq!(changes(root), Vec::<String>::new());
    assert_eq!(of_git(root), Vec::<String>::new());
}

#[test]
fn a_submodule_counts_by_its_commit_and_a_bare_repository_has_no_work_tree() {
    let scratch = example();
    let root = scratch.path();
    let inner = example();
    let url = inner.path().to_str().unwrap();
    scratch.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "sub"]);
    scratch.git(&["commit", "--quiet", "-m", "feat: sub"]);
    assert_eq!(changes(root), Vec::<String>::new());
    let sub = root.join("sub");
    assert!(
        command(&sub).args(["commit", "--quiet", "--allow-empty", "-m", "x"]).status().unwrap().success()
    );
    assert_eq!(changes(root), ["sub"]);
    fs::remove_dir_all(&sub).unwrap();
    fs::create_dir(&sub).unwrap();
    assert_eq!(changes(root), Vec::<String>::new());
    let bare = tempfile::tempdir().unwrap();
    assert!(command(bare.path()).args(["init", "--quiet", "--bare"]).status().unwrap().success());
    assert!(Repository::open(bare.path()).unwrap().work_tree_changes().is_err());
}
