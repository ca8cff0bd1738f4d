//! The tree a tag points at: the archive GitHub makes of it, unpacked as runners do, is the suite.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use lw_testkit::runner::{Job, Outcome};
use lw_testkit::{root, skip};

use crate::case::{Case, Workspace};
use crate::launcher::{Host, LIMIT, Served, sha256};
use crate::support::{binary, must, say, target, which};

/// Bytes the archive may have: every job of every user downloads it.
const LARGEST: usize = 300_000;

/// A repository with the commit of a release in it, tagged, that pins this binary.
struct Release {
    folder: tempfile::TempDir,
    id: String,
}

impl Release {
    fn make() -> &'static Self {
        static MADE: OnceLock<Release> = OnceLock::new();
        MADE.get_or_init(|| {
            let folder = tempfile::Builder::new().prefix("lw-release-").tempdir().unwrap();
            git(folder.path(), "init --quiet --bare repository");
            let repository = folder.path().join("repository");
            let empty = git(&repository, "hash-object -w -t tree /dev/null");
            let source = git(
                &repository,
                &format!("-c user.name=x -c user.email=x@example.org commit-tree -m source {}", empty.trim()),
            );
            let released = folder.path().join("lw");
            std::fs::copy(binary(), &released).unwrap();
            // With what a debugger wants, a binary is larger than one may be that the launcher downloads.
            if std::fs::metadata(&released).unwrap().len() > LIMIT as u64 {
                must(Command::new("strip").arg(&released));
            }
            let sum = sha256(&std::fs::read(&released).unwrap());
            let sums: String = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"]
                .map(|target| format!("{sum}  lw-{target}\n"))
                .into_iter()
                .chain(
                    ["x86_64-apple-darwin", "aarch64-apple-darwin"]
                        .map(|target| format!("{sum} *lw-{target}\n")),
                )
                .chain([format!("{sum}  lw-x86_64-pc-windows-msvc.exe\n")])
                .collect();
            std::fs::write(folder.path().join("sums"), sums).unwrap();
            let make = || {
                must(
                    Command::new(env!("CARGO_BIN_EXE_lw-e2e-xtask"))
                        .args(["release", "--checksums"])
                        .arg(folder.path().join("sums"))
                        .args(["--image", &format!("ghcr.io/org/lw@sha256:{sum}"), "--source", source.trim()])
                        .arg("--repository")
                        .arg(&repository)
                        .current_dir(root()),
                )
            };
            let id = make();
            assert_eq!(make(), id, "the same release twice is the same commit");
            git(&repository, &format!("tag v1 {}", id.trim()));
            Self { folder, id: id.trim().to_owned() }
        })
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// The archive of the tag, as GitHub makes it: one folder at its top.
    fn archive(&self, format: &str) -> PathBuf {
        // Tests ask for it at the same time.
        let unique = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let path = unique.join(format!("tree.{format}"));
        let output = path.to_string_lossy().into_owned();
        git(
            &self.repository(),
            &format!("archive --format {format} --prefix lw-actions-1/ --output {output} v1"),
        );
        path
    }
}

fn git(folder: &Path, args: &str) -> String {
    must(Command::new("git").args(args.split(' ')).current_dir(folder))
}

/// Every file below a folder and what it holds.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn gather(top: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(!path.is_symlink(), "{}", path.display());
            if path.is_dir() {
                gather(top, &path, files);
            } else {
                let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(folder, folder, &mut found);
    found
}

#[test]
fn the_tree_holds_plain_files_only_and_is_small() {
    let release = Release::make();
    let listing = git(&release.repository(), "ls-tree -r v1");
    for line in listing.lines() {
        let (mode, name) = (line.split(' ').next().unwrap(), line.split('\t').next_back().unwrap());
        let expected = if name == "launcher/lw.sh" { "100755" } else { "100644" };
        assert_eq!(mode, expected, "{name}");
    }
    let archive = std::fs::read(release.archive("tar.gz")).unwrap();
    println!("the release tree as tar.gz: {} bytes, commit {}", archive.len(), release.id);
    assert!(archive.len() < LARGEST, "{} bytes", archive.len());
    // GitHub takes the ids of commits as versions: nothing of the machine may be in them.
    let commit = git(&release.repository(), "cat-file commit v1");
    assert!(commit.contains("release v") && commit.contains("lw-actions release"), "{commit}");
}

/// Linux and macOS runners use tar. Windows runners use a zip library that knows neither links nor execute bits, as
/// Python's does not.
#[test]
fn tar_and_zip_give_the_same_usable_tree() {
    let release = Release::make();
    let by_tar = release.folder.path().join("by-tar");
    std::fs::create_dir_all(&by_tar).unwrap();
    must(Command::new("tar").arg("-xzf").arg(release.archive("tar.gz")).arg("-C").arg(&by_tar));
    let mut trees = vec![by_tar];
    if let Some(python) = which("python3") {
        let by_zip = release.folder.path().join("by-zip");
        let script = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
        must(Command::new(python).args(["-c", script]).arg(release.archive("zip")).arg(&by_zip));
        assert_eq!(files(&trees[0]), files(&by_zip));
        trees.push(by_zip);
    } else {
        skip::<()>("there is no python3 to unpack a zip with");
    }

    // A debug build of everything may be larger than the launcher takes.
    let released = std::fs::metadata(release.folder.path().join("lw")).unwrap().len();
    if released > LIMIT as u64 {
        return skip("the binary is larger than the launcher downloads; LW_E2E_BINARY names a released one")
            .unwrap_or_default();
    }

    // Each is used as it is: the binary comes from the release, whose SHA-256 the tree pins.
    let host = Host::serve(Served::Whole(std::fs::read(release.folder.path().join("lw")).unwrap()));
    for tree in trees {
        let tree = tree.join("lw-actions-1");
        for entry in lw::TOOLS {
            let case = Case::named(entry.name, "pass");
            let workspace = Workspace::of(&[&case]);
            workspace.commit();
            let result = Job::new(workspace.path())
                .env("LW_DOWNLOAD_BASE", &host.address)
                .step(tree.join(entry.name), &case.with(), "tool")
                .run()
                .unwrap();
            let step = result.step("tool").unwrap();
            assert_eq!(step.outcome, Outcome::Success, "{}", step.log);
            assert_eq!(step.outputs["verdict"], "pass");
        }
        let pinned = std::fs::read_to_string(tree.join("launcher/checksums.txt")).unwrap();
        assert!(pinned.contains(&format!("  lw-{}\n", target())), "{pinned}");
    }
}

/// On `main` nothing is pinned, so nothing is downloaded: a branch never runs a binary it was not made from.
#[test]
fn a_tree_that_is_no_release_downloads_nothing() {
    let case = Case::named(lw::TOOLS[0].name, "pass");
    let workspace = Workspace::of(&[&case]);
    let result = Job::new(workspace.path())
        .step(root().join("actions").join(case.tool), &case.with(), "tool")
        .run()
        .unwrap();
    let step = result.step("tool").unwrap();
    assert_eq!(step.outcome, Outcome::Failure);
    assert!(step.annotations[0].message.contains("pins no binary"), "{:?}", step.annotations);
    assert_eq!(step.outputs["verdict"], "error");
    // With one built here, the actions of the checkout work.
    let result = Job::new(workspace.path())
        .env("LW_BIN", &binary().to_string_lossy())
        .step(root().join("actions").join(case.tool), &case.with(), "tool")
        .run()
        .unwrap();
    assert_eq!(result.conclusion, Outcome::Success, "{}", result.step("tool").unwrap().log);
    assert_eq!(say(Command::new(binary()).arg("--version")).code, 0);
}
