//! `cargo xtask new-tool-check`: makes a tool in a copy of the workspace, as a person would, and tries everything.
//!
//! The copy shares the target folder of the original, so that nothing of other people's is built again, and lies in it, in
//! `new-tool`, to look at. It has a version of its own: cargo would take a crate of the one for the same crate of the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};

use crate::house::{files_below, root, target_directory};
use crate::{generate, new};

/// The tool that is made.
const NAME: &str = "probe";

/// Its crate.
const PACKAGE: &str = "lw-probe";

/// The file that holds the one line.
const REGISTRY: &str = "crates/lw/src/lib.rs";

/// How many files outside its crate may be edited by hand for a new tool.
const BY_HAND: usize = 2;

/// Packages that every command of the copy names beside its own. Cargo gives a dependency the features that the named packages
/// ask for: with these they are those of the whole workspace, so that what `cargo test --workspace` has built of other people's
/// crates serves here, and the copy's own crates are built once and not for each command.
const BESIDE: [&str; 6] = ["lw", "lw-bench", "lw-e2e", "lw-render", "lw-testkit", "xtask"];

/// The version of the copy.
const VERSION: &str = "0.0.0";

/// Makes the tool and tries it.
pub(crate) fn run() -> anyhow::Result<()> {
    let target = target_directory(&root())?;
    let copy = Copy { folder: target.join("new-tool"), target };
    copy.fill(&root())?;
    copy.check()
}

impl Copy {
    fn check(&self) -> anyhow::Result<()> {
        self.say("cargo xtask new");
        self.run_built("xtask", &["new", NAME])?;
        self.add_line()?;
        self.say("its generated files");
        self.generate()?;
        self.check_what_was_edited()?;

        self.say("lw list, and a run");
        self.build("lw")?;
        let list = self.run_built("lw", &["list"])?;
        ensure!(String::from_utf8_lossy(&list.stdout).contains("\nprobe "), "`lw list` does not list it");
        let output = self.run_built("lw", &[NAME, "--file", "Cargo.toml", "--max", "file.bytes=1M"])?;
        ensure!(String::from_utf8_lossy(&output.stdout).contains("PASS"), "the run did not pass: {output:?}");

        self.say("format and lints");
        self.cargo(&["fmt", "--all", "--check"])?;
        self.beside("clippy", &["--package", PACKAGE, "--all-targets", "--", "-D", "warnings"])?;
        self.say("its tests, and those of the house");
        let tests = ["--lib", "--test", "it", "--test", "suite"];
        self.beside("test", &[&["--package", PACKAGE], &tests[..]].concat())?;
        self.say("its cases, natively: other ways are tried with the tools there are");
        self.beside("test", &["--test", "e2e", "--", "every_tool_has_its_cases"])?;
        for case in ["pass", "fail", "bad-input", "all-inputs"] {
            let name = format!("{NAME}/{case}/native");
            let output = self.beside("test", &["--test", "cases", "--", "--exact", &name])?;
            ensure!(
                String::from_utf8_lossy(&output.stdout).contains("1 passed"),
                "{name} was not run: {output:?}"
            );
        }
        Ok(())
    }
}

struct Copy {
    folder: PathBuf,
    target: PathBuf,
}

impl Copy {
    #[allow(clippy::print_stdout)]
    fn say(&self, what: &str) {
        println!("{what}, in {}", self.folder.display());
    }

    /// Makes the copy what git would take of the original, and commits it. What is the same is not written again, so that it
    /// need not be built again.
    fn fill(&self, original: &Path) -> anyhow::Result<()> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(original)
            .output()
            .context("git")?;
        ensure!(listed.status.success(), "git ls-files failed: is this a checkout?");
        let listed = String::from_utf8(listed.stdout)?;
        let names: BTreeSet<&Path> = listed
            .split_terminator('\0')
            .map(Path::new)
            .filter(|name| original.join(name).is_file())
            .collect();
        if self.folder.join(".git").exists() {
            fs::remove_dir_all(self.folder.join(".git"))?;
        }
        for path in files_below(&self.folder)? {
            if !names.contains(path.strip_prefix(&self.folder)?) {
                fs::remove_file(&path)?;
                // A folder that is left empty would be taken for a crate. Those that hold something stay.
                for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.folder) {
                    if fs::remove_dir(folder).is_err() {
                        break;
                    }
                }
            }
        }
        for name in &names {
            let (from, to) = (original.join(name), self.folder.join(name));
            let mut bytes = fs::read(&from)?;
            if *name == Path::new("Cargo.toml") {
                bytes = with_version(&String::from_utf8(bytes)?)?.into_bytes();
            }
            if fs::read(&to).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(to.parent().unwrap_or(&self.folder))?;
                fs::copy(&from, &to).with_context(|| name.display().to_string())?;
                fs::write(&to, bytes)?;
            }
        }
        // The version stands in generated files.
        self.generate()?;
        self.git(&["init", "--quiet"])?;
        self.git(&["add", "--all"])?;
        let author = ["-c", "user.name=lw", "-c", "user.email=lw@example.org", "-c", "commit.gpgsign=false"];
        self.git(&[&author[..], &["commit", "--quiet", "--message", "the workspace"]].concat())?;
        Ok(())
    }

    /// What the person does by hand.
    fn add_line(&self) -> anyhow::Result<()> {
        let path = self.folder.join(REGISTRY);
        let text = fs::read_to_string(&path)?;
        let (head, rest) = text.split_once("\ntools! {\n").context("no list of tools")?;
        let (list, tail) = rest.split_once("\n}\n").context("a list of tools without an end")?;
        fs::write(&path, format!("{head}\ntools! {{\n{list}\n    {}\n}}\n{tail}", new::line(NAME)))?;
        Ok(())
    }

    /// Of the files that were there before, only the registry is changed by a person.
    fn check_what_was_edited(&self) -> anyhow::Result<()> {
        let generated = generate::all(&root())?;
        let is_generated = |path: &str| {
            path == "Cargo.lock"
                || generated.contains_key(Path::new(path))
                || generate::OWNED.iter().chain(&["dist"]).any(|folder| Path::new(path).starts_with(folder))
        };
        let changed = self.changed()?;
        let edited: Vec<&str> = changed.lines().filter(|path| !is_generated(path)).collect();
        ensure!(edited == [REGISTRY], "edited by hand: {edited:?}, expected {REGISTRY} only");
        ensure!(edited.len() <= BY_HAND, "{} files are edited by hand, more than {BY_HAND}", edited.len());
        for made in ["actions/probe/action.yml", "dist/probe/action.yml", "templates/probe.yml"] {
            ensure!(self.folder.join(made).is_file(), "{made} was not generated");
        }
        Ok(())
    }

    /// The files that were there before and are different now, one a line.
    fn changed(&self) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.git(&["diff", "--name-only", "HEAD"])?.stdout)?)
    }

    fn git(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        finish(Command::new("git").args(arguments).current_dir(&self.folder))
    }

    /// Makes the generated files.
    fn generate(&self) -> anyhow::Result<()> {
        self.build("xtask")?;
        self.run_built("xtask", &["gen"])?;
        self.run_built("xtask", &["dist"])?;
        Ok(())
    }

    /// Builds a binary as tests have it: with a test beside it, cargo counts what tests need among the features.
    fn build(&self, binary: &str) -> anyhow::Result<()> {
        self.beside("build", &["--bin", binary, "--test", "runner"])?;
        Ok(())
    }

    /// Runs cargo with the packages of [`BESIDE`].
    fn beside(&self, command: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        let packages = BESIDE.iter().flat_map(|package| ["--package", package]);
        let mut all = vec![command, "--quiet"];
        all.extend(packages.chain(arguments.iter().copied()));
        self.cargo(&all)
    }

    /// Runs cargo.
    fn cargo(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        self.program(Path::new(env!("CARGO")), arguments)
    }

    /// Runs a binary that was built.
    fn run_built(&self, binary: &str, arguments: &[&str]) -> anyhow::Result<Output> {
        self.program(&self.target.join("debug").join(binary), arguments)
    }

    #[allow(clippy::disallowed_methods, reason = "no tool's environment, but the build's")]
    fn program(&self, program: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
        let mut command = Command::new(program);
        // Fixtures lie beside the original only, and what needs an engine or a judge is tried there: in an empty folder there is none.
        // A binary that is given has no such tool.
        command
            .env("CARGO_TARGET_DIR", &self.target)
            .env("LW_E2E_CACHE", self.folder.join("target"))
            .env_remove("LW_REQUIRE_E2E")
            .env_remove("LW_E2E_BINARY");
        // A cargo that runs this tells its own package's facts, which are not the copy's.
        for (name, _) in std::env::vars_os() {
            let inherited = name.to_string_lossy();
            if inherited.starts_with("CARGO_PKG_") || inherited.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        finish(command.args(arguments).current_dir(&self.folder))
    }
}

/// The manifest of the workspace with the copy's version.
fn with_version(manifest: &str) -> anyhow::Result<String> {
    let own = format!("version = \"{}\"\n", lw_cli::VERSION);
    ensure!(manifest.contains(&own), "Cargo.toml has no line `{}`", own.trim());
    Ok(manifest.replacen(&own, &format!("version = \"{VERSION}\"\n"), 1))
}

/// Runs a command; one that fails is an error with what it printed.
fn finish(command: &mut Command) -> anyhow::Result<Output> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!(
            "{:?}: {}\n{}{}",
            command.get_args().collect::<Vec<_>>(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}
