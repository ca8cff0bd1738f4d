//! The commands of the README, each as it stands there: after each way to install, and in a project such as it speaks of.
//!
//! No network is used. What a way to install fetches is the binary that was built here, put where the real program would put
//! it by a small one that stands in its place and notes how it was called.

use std::path::{Path, PathBuf};
use std::process::Command;

use lw_testkit::root;

use crate::support::{Said, binary, must, say, write_program};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The blocks of commands, in order.
fn blocks(text: &str) -> Vec<String> {
    let fences = text.split("```sh\n").skip(1);
    fences.map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// The blocks by what they are for: trying it, the ways to install, the use in a repository, the use by hand.
struct Blocks {
    try_it: String,
    installs: Vec<String>,
    once: String,
    by_hand: String,
}

fn sorted() -> Blocks {
    let mut blocks = blocks(&readme());
    assert_eq!(blocks.len(), 6, "a block of the README that no test runs: {blocks:#?}");
    let by_hand = blocks.pop().unwrap();
    let once = blocks.pop().unwrap();
    let try_it = blocks.remove(0);
    Blocks { try_it, installs: blocks, once, by_hand }
}

/// A project with everything the commands name, as a repository of two commits.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::Builder::new().prefix("lw-readme-").tempdir().unwrap() };
        let example = root().join("examples/firmware/esp32c3");
        let path = |name: &str| project.work().join(name);
        for folder in ["build", "src", "home", "bin"] {
            std::fs::create_dir_all(path(folder)).unwrap();
        }
        for (from, to) in [
            ("firmware.elf", "build/firmware.elf"),
            ("firmware.map", "build/firmware.map"),
            ("firmware.bin", "build/app.bin"),
            ("partitions.csv", "partitions.csv"),
        ] {
            std::fs::copy(example.join(from), path(to)).unwrap();
        }
        let lines: String = (1..=10).map(|line| format!("DA:{line},{}\n", u32::from(line != 10))).collect();
        std::fs::write(path("build/host.info"), format!("SF:src/a.c\n{lines}end_of_record\n")).unwrap();
        let source: String = (1..=10).map(|line| format!("int a{line}(void);\n")).collect();
        std::fs::write(path("src/a.c"), &source).unwrap();
        std::fs::write(path(".gitignore"), "build\nhome\nbin\ncoverage-html\n*.ota\n").unwrap();
        project.git(&["init", "--quiet", "--initial-branch", "main"]);
        project.commit();
        project.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        project.git(&["switch", "--quiet", "--create", "feature"]);
        std::fs::write(path("src/a.c"), source.replace("a3(void)", "a3(int)")).unwrap();
        project.commit();
        project
    }

    /// With a release before the last commit.
    pub(crate) fn released() -> Self {
        let project = Self::new();
        project.git(&["tag", "v1.0.0", "main"]);
        project
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=octocat", "-c", "user.email=octocat@example.org"];
        must(Command::new("git").args(identity).args(arguments).current_dir(self.work()));
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "feat: a change"]);
    }

    /// A program that stands in the place of another.
    fn stand_in(&self, name: &str, script: &str) {
        let log = self.work().join("bin/called");
        let text = format!("#!/bin/sh\nset -eu\necho \"{name} $*\" >>'{}'\n{script}\n", log.display());
        write_program(&self.work().join("bin").join(name), &text);
    }

    fn called(&self) -> String {
        std::fs::read_to_string(self.work().join("bin/called")).unwrap_or_default()
    }

    /// Runs commands as a person would paste them.
    pub(crate) fn shell(&self, commands: &str, more: &Path) -> Said {
        let home = self.work().join("home");
        let path = [&self.work().join("bin"), more, Path::new("/usr/bin"), Path::new("/bin")]
            .map(|p| p.display().to_string());
        say(Command::new("sh")
            .args(["-euc", commands])
            .current_dir(self.work())
            .env_clear()
            .env("HOME", &home)
            .env("PATH", path.join(":")))
    }
}

fn passes(said: &Said, commands: &str) {
    assert_eq!(said.code, 0, "{commands}\n{}{}", said.stdout, said.stderr);
}

#[test]
fn the_two_commands_to_try_it_are_what_ci_runs() {
    let commands: Vec<String> =
        sorted().try_it.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect();
    assert_eq!(commands, ["cargo run --release -- demo", "cargo test --workspace"]);
    let run = std::fs::read_to_string(root().join(".ci/run")).unwrap().replace(" --quiet", "");
    for command in &commands {
        assert!(run.contains(command.as_str()), "{command}");
    }
}

/// The rest of the README works after each of them.
#[test]
fn what_the_readme_says_works_after_each_way_to_install() {
    let blocks = sorted();
    let lw = binary();
    let lw = lw.display();
    let mut ways = Vec::new();
    for install in &blocks.installs {
        let project = Project::new();
        let home = project.work().join("home");
        let cargo = home.join(".cargo/bin");
        project
            .stand_in("cargo", &format!("mkdir -p \"$HOME/.cargo/bin\"\ncp '{lw}' \"$HOME/.cargo/bin/lw\""));
        project.stand_in(
            "curl",
            &format!("for last in \"$@\"; do :; done\ncp '{lw}' \"$(basename \"$last\")\""),
        );
        project.stand_in("gh", "[ \"$1 $2\" = 'attestation verify' ] && [ -s \"$3\" ]");
        // The image's entry is the binary.
        project.stand_in(
            "docker",
            &format!("while [ \"$1\" != ghcr.io/org/lw:1 ]; do shift; done\nshift\nexec '{lw}' \"$@\""),
        );
        let said = project.shell(install, &cargo);
        passes(&said, install);
        let called = project.called();
        if called.starts_with("docker ") {
            assert!(said.stdout.contains("size-gate"), "{}", said.stdout);
            ways.push("docker");
            continue;
        }
        ways.push(if called.starts_with("cargo ") { "cargo" } else { "release" });
        let folder = if called.starts_with("cargo ") { cargo } else { home.join(".local/bin") };
        for commands in [&blocks.once, &blocks.by_hand] {
            for command in commands.lines() {
                passes(&project.shell(command, &folder), command);
            }
        }
        for made in ["lw.toml", ".github/workflows/lw.yml", "coverage-html/index.html", "app.ota"] {
            assert!(project.work().join(made).exists(), "{made}");
        }
    }
    assert_eq!(ways, ["cargo", "release", "docker"]);
}

/// What `cargo install` is told exists: a package of this name with a binary of this name, and a lock file.
#[test]
fn what_is_installed_from_the_repository_is_in_it() {
    let install = &sorted().installs[0];
    let line = install.lines().find(|line| line.starts_with("cargo install")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words, ["cargo", "install", "--locked", "--git", env!("CARGO_PKG_REPOSITORY"), "lw"]);
    let manifest = std::fs::read_to_string(root().join("crates/lw/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    assert_eq!(manifest["package"]["name"].as_str(), Some("lw"));
    assert_eq!(manifest["bin"][0]["name"].as_str(), Some("lw"));
    assert!(root().join("Cargo.lock").is_file());
}

/// A release has the file that is fetched, and the version is that of this workspace.
#[test]
fn what_is_fetched_is_what_a_release_has() {
    let install = &sorted().installs[1];
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        install.contains(&format!("/releases/download/v{version}/lw-x86_64-unknown-linux-musl")),
        "{install}"
    );
    let release = std::fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    assert!(
        release.contains("target: x86_64-unknown-linux-musl") && release.contains("out/lw-$TARGET$suffix")
    );
}

/// A number of the README is one of the page that has its command.
#[test]
fn the_numbers_are_those_of_the_page_on_performance() {
    let text = readme();
    let (_, rest) = text.split_once("<!-- numbers:begin").unwrap();
    let (table, _) = rest.split_once("<!-- numbers:end -->").unwrap();
    let page = std::fs::read_to_string(root().join("docs/performance.md")).unwrap();
    let numbers: Vec<&str> = table.split("**").skip(1).step_by(2).collect();
    assert_eq!(numbers.len(), 6);
    for number in numbers {
        assert!(page.contains(&format!("| {number} |")), "{number} is in no row of docs/performance.md");
    }
}

/// Each of the hooks calls something that exists.
#[test]
fn the_hooks_run() {
    let project = Project::new();
    let hooks = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let entries: Vec<&str> = hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: ")).collect();
    assert_eq!(entries.len(), 3);
    let bin = project.work().join("home");
    std::fs::copy(binary(), bin.join("lw")).unwrap();
    for (file, text) in
        [("version.txt", "1.2.3\n"), ("library.json", "{\"name\": \"a\", \"version\": \"1.2.3\"}\n")]
    {
        std::fs::write(project.work().join(file), text).unwrap();
    }
    std::fs::write(project.work().join("lw.toml"), "[size-gate]\nelf = \"later.elf\"\n").unwrap();
    std::fs::write(project.work().join("message"), "feat: add a thing\n").unwrap();
    std::fs::write(project.work().join("bad"), "Add a thing\n").unwrap();
    for entry in entries {
        if entry.ends_with("file") {
            passes(&project.shell(&format!("{entry} message"), &bin), entry);
            assert_eq!(project.shell(&format!("{entry} bad"), &bin).code, 1, "{entry}");
        } else {
            passes(&project.shell(entry, &bin), entry);
        }
    }
    std::fs::write(project.work().join("lw.toml"), "[size-gate]\nelfs = \"later.elf\"\n").unwrap();
    let said = project.shell("lw doctor --before-build", &bin);
    assert!(
        said.code == 1 && said.stdout.contains("lw.toml:2: unknown key `elfs`"),
        "{}{}",
        said.stdout,
        said.stderr
    );
}
