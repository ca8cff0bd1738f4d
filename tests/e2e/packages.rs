//! What package managers install: made of the binaries of a release, installed from the files, and run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::{root, skip};

use crate::launcher::sha256;
use crate::support::{binary, must, say, static_binary, target, which, write_program};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The binaries of a release, of which the one for this machine is given, and the packages made of them.
struct Packages {
    folder: tempfile::TempDir,
}

impl Packages {
    fn of(own: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("lw-packages-").tempdir().unwrap();
        let binaries = folder.path().join("binaries");
        std::fs::create_dir(&binaries).unwrap();
        for target in [
            "x86_64-unknown-linux-musl",
            "aarch64-unknown-linux-musl",
            "x86_64-apple-darwin",
            "aarch64-apple-darwin",
            "x86_64-pc-windows-msvc.exe",
        ] {
            std::fs::write(binaries.join(format!("lw-{target}")), format!("the binary for {target}\n"))
                .unwrap();
        }
        std::fs::copy(own, binaries.join(format!("lw-{}", target()))).unwrap();
        let made = Self { folder };
        must(
            Command::new(env!("CARGO_BIN_EXE_lw-e2e-xtask"))
                .args(["packages", "--binaries"])
                .arg(&binaries)
                .arg("--output")
                .arg(made.path())
                .current_dir(root()),
        );
        made
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("packages")
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        assert!(path.is_file(), "{name} is not among {:?}", self.all().keys());
        path
    }

    fn all(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path()).unwrap().map(Result::unwrap);
        entries
            .map(|entry| {
                (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }
}

fn says_its_version(lw: &Path) {
    assert_eq!(
        must(Command::new(lw).arg("--version")).trim_end(),
        format!("lw {VERSION}"),
        "{}",
        lw.display()
    );
    // Its own exit code comes through: that of a wrong usage.
    let said = say(Command::new(lw).args(["size-gate", "--no-such-flag"]));
    assert_eq!(said.code, 2, "{said:?}");
}

/// The archive of this machine, unpacked.
fn unpacked(packages: &Packages) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let archive = packages.file(&format!("lw-{}.tar.gz", target()));
    must(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(folder.path()));
    folder
}

fn the_archive_holds_everything(packages: &Packages) {
    let folder = unpacked(packages);
    let top = folder.path().join(format!("lw-{}", target()));
    says_its_version(&top.join("lw"));
    for name in [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "completions/lw.bash",
        "completions/_lw",
        "completions/lw.fish",
        "completions/_lw.ps1",
        "man/lw.1",
        "man/lw-size-gate.1",
    ] {
        let text = std::fs::read_to_string(top.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name.starts_with("completions/") {
            assert!(text.contains("coverage-gate"), "{name}");
        }
    }
    must(Command::new("bash").arg("-n").arg(top.join("completions/lw.bash")));
}

fn npm_installs_it(packages: &Packages) {
    let (Some(npm), Some(node)) = (which("npm"), which("node")) else {
        return skip("npm is not installed; .ci/e2e-setup installs it").unwrap_or_default();
    };
    let suite = packages.file(&format!("org-lw-{VERSION}.tgz"));
    let machine = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x64" };
    let own = packages.file(&format!("org-lw-linux-{machine}-{VERSION}.tgz"));
    let install = |files: &[&Path]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{}\n").unwrap();
        let mut command = Command::new(&npm);
        command.args([
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel",
            "error",
        ]);
        must(command.args(files).env("HOME", folder.path()).current_dir(folder.path()));
        folder
    };
    let installed = install(&[&suite, &own]);
    says_its_version(&installed.path().join("node_modules/.bin/lw"));
    // Without the package of the platform, as with `--omit=optional`, it says what to do.
    let without = install(&[&suite]);
    let said = say(Command::new(node).arg(without.path().join("node_modules/@org/lw/bin/lw.js")));
    assert!(said.code == 2 && said.stderr.contains("is not installed"), "{said:?}");
}

fn pip_installs_it(packages: &Packages) {
    let Some(python) = which("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = say(Command::new(python).args(["-m", "venv"]).arg(folder.path().join("env")));
    if made.code != 0 {
        return skip(&format!("python3 makes no environment: {}", made.stderr)).unwrap_or_default();
    }
    let pip = folder.path().join("env/bin/pip");
    // Of the wheels of all platforms it takes the one that runs here.
    let options = ["install", "--quiet", "--disable-pip-version-check", "--no-index", "--find-links"];
    must(Command::new(&pip).args(options).arg(packages.path()).arg("lw-actions"));
    says_its_version(&folder.path().join("env/bin/lw"));
    let shown =
        must(Command::new(&pip).args(["show", "--files", "--disable-pip-version-check", "lw-actions"]));
    assert!(shown.contains(&format!("Version: {VERSION}")) && shown.contains("bin/lw"), "{shown}");
    // Every file it installed is the one that the wheel's record names.
    must(Command::new(&pip).args([
        "uninstall",
        "--quiet",
        "--yes",
        "--disable-pip-version-check",
        "lw-actions",
    ]));
    assert!(!folder.path().join("env/bin/lw").exists());
}

fn homebrew_installs_it(packages: &Packages) {
    let Some(ruby) = which("ruby") else {
        return skip("ruby is not installed; .ci/e2e-setup installs it").unwrap_or_default();
    };
    let formula = packages.file("lw.rb");
    must(Command::new(&ruby).arg("-c").arg(&formula));
    let read = |system: &str, machine: &str, more: &[&Path]| {
        let mut command = Command::new(&ruby);
        command.arg(root().join("tests/e2e/formula.rb")).arg(&formula).args([system, machine]).args(more);
        must(&mut command)
    };
    for (system, machine, target) in [
        ("macos", "arm", "aarch64-apple-darwin"),
        ("macos", "intel", "x86_64-apple-darwin"),
        ("linux", "arm", "aarch64-unknown-linux-musl"),
        ("linux", "intel", "x86_64-unknown-linux-musl"),
    ] {
        let said = read(system, machine, &[]);
        let name = format!("lw-{target}.tar.gz");
        let address = format!("{}/releases/download/v{VERSION}/{name}", env!("CARGO_PKG_REPOSITORY"));
        let sum = sha256(&std::fs::read(packages.file(&name)).unwrap());
        for line in [format!("url={address}"), format!("sha256={sum}"), format!("version={VERSION}")] {
            assert!(said.lines().any(|known| known == line), "{system} {machine}: no {line} in\n{said}");
        }
    }
    let folder = unpacked(packages);
    let prefix = folder.path().join("prefix");
    let machine = if std::env::consts::ARCH == "aarch64" { "arm" } else { "intel" };
    // Homebrew enters the one folder of an archive. It runs the formula's own test as well.
    read("linux", machine, &[&folder.path().join(format!("lw-{}", target())), &prefix]);
    says_its_version(&prefix.join("bin/lw"));
    for name in ["etc/bash_completion.d/lw", "share/zsh/site-functions/_lw", "share/man/man1/lw.1"] {
        assert!(prefix.join(name).is_file(), "{name}");
    }
}

#[test]
fn each_package_manager_installs_what_runs() {
    let Some(lw) = static_binary() else { return };
    let packages = Packages::of(&lw);
    the_archive_holds_everything(&packages);
    npm_installs_it(&packages);
    pip_installs_it(&packages);
    homebrew_installs_it(&packages);
}

/// The same binaries give the same files, at another time and in another folder.
#[test]
fn packages_are_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("lw");
    write_program(&script, &format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary().display()));
    let (first, second) = (Packages::of(&script).all(), Packages::of(&script).all());
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in &first {
        assert!(second[name] == *bytes, "{name}");
    }
    let mut names: Vec<&str> = first.keys().map(String::as_str).collect();
    names.retain(|name| !name.starts_with("lw-") && !name.ends_with(".whl") && !name.ends_with(".tgz"));
    assert_eq!(names, ["lw.rb"]);
    let count = |end: &str| first.keys().filter(|name| name.ends_with(end)).count();
    assert_eq!([".tar.gz", ".zip", ".tgz", ".whl"].map(count), [4, 1, 6, 5]);
}

/// With RUST_BACKTRACE an error takes along the calls that led to it, and the static binaries have nothing to walk the stack with.
#[test]
fn an_error_ends_the_same_with_its_calls_and_without() {
    let Some(lw) = static_binary() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.bin"), [0; 1000]).unwrap();
    for calls in ["0", "1", "full"] {
        let arguments = ["size-gate", "--bin", "app.bin", "--max", "file.none=1"];
        let said =
            say(Command::new(&lw).args(arguments).current_dir(folder.path()).env("RUST_BACKTRACE", calls));
        assert!(said.code == 2 && said.stderr.contains("file.none"), "{calls}: {said:?}");
    }
}
