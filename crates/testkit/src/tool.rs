//! Runs a tool's binary as its users do and reads what it left.
//!
//! Nothing of the environment the tests run in reaches the tool: no CI, no colours, no `lw.toml` of the checkout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_model::{Level, Number, Report};

/// With this in its environment a process gets no thread beside its first: each is to have a larger stack than there can
/// be.
pub const NO_THREADS: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");

/// The binary of a tool, in a test of its crate: `ToolBinary::new(env!("CARGO_BIN_EXE_size-gate"))`.
#[derive(Clone, Copy, Debug)]
pub struct ToolBinary {
    path: &'static str,
}

impl ToolBinary {
    /// The binary at a path.
    #[must_use]
    pub const fn new(path: &'static str) -> Self {
        Self { path }
    }

    /// The command alone, in a folder and with an empty environment.
    #[must_use]
    pub fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.path);
        command.current_dir(folder).env_clear();
        command
    }

    /// Runs it in a folder on a command line, with these variables and no others.
    ///
    /// # Panics
    /// When it cannot be run, is ended by a signal, ends with the code of a defect (5), or writes a report that cannot be read.
    #[must_use]
    pub fn run<A: AsRef<std::ffi::OsStr>>(
        &self,
        folder: &Path,
        arguments: &[A],
        env: &[(&str, &str)],
    ) -> Run {
        self.run_with(folder, arguments, env, false)
    }

    /// Runs it in a folder as a step of a workflow on GitHub, whose outputs are read.
    ///
    /// # Panics
    /// As [`run`](Self::run) does, and when the file of outputs is malformed.
    #[must_use]
    pub fn run_as_step<A: AsRef<std::ffi::OsStr>>(
        &self,
        folder: &Path,
        arguments: &[A],
        env: &[(&str, &str)],
    ) -> Run {
        self.run_with(folder, arguments, env, true)
    }

    /// Runs it with ever more address space, from where it says its help to where it does what it does without a limit. With less
    /// the stack cannot grow, which no program is told.
    /// Each run in between has to end as one that the system refuses something: with the exit code 3 or 4, and a sentence.
    /// Returns how many did: none, where the tool needs hardly more than to say its help.
    ///
    /// # Panics
    /// When a run ends otherwise.
    #[cfg(unix)]
    #[must_use]
    #[allow(clippy::panic, clippy::unwrap_used, reason = "a panic here is a failing test")]
    pub fn run_with_little_memory<A: AsRef<std::ffi::OsStr>>(&self, folder: &Path, arguments: &[A]) -> u64 {
        /// In KiB: small where much is decided, larger where only large things are still refused.
        const STEPS: [u64; 3] = [64, 512, 8192];
        let limited = |kib: u64, arguments: &[&std::ffi::OsStr]| {
            let mut command = Command::new("sh");
            command.args([
                "-c",
                "ulimit -v \"$1\" && shift && exec \"$@\"",
                "sh",
                &kib.to_string(),
                self.path,
            ]);
            command.args(arguments).current_dir(folder).env_clear().output().unwrap()
        };
        let arguments: Vec<_> = arguments.iter().map(AsRef::as_ref).collect();
        let free = self.command(folder).args(&arguments).output().unwrap().status.code();
        assert!(matches!(free, Some(0 | 1)), "{arguments:?} ends with {free:?} in any case");
        let says_its_help = |kib: &u64| limited(*kib, &["--help".as_ref()]).status.success();
        // Closely: what the tool needs beyond its help may be less than a coarse step.
        let coarse = (1..).map(|step| step * 1024).find(says_its_help).unwrap_or_default();
        let closer = (coarse.saturating_sub(1023)..coarse).step_by(64).find(says_its_help);
        let first = closer.unwrap_or(coarse);
        let (mut kib, mut refused, mut done) = (first, 0_u64, 0_u64);
        while done < 3 {
            let output = limited(kib, &arguments);
            let (code, stderr) = (output.status.code(), String::from_utf8_lossy(&output.stderr));
            match code {
                Some(3 | 4) => {
                    assert!(!stderr.trim().is_empty(), "{kib} KiB: {code:?} without a word");
                    (refused, done) = (refused + 1, 0);
                }
                code if code == free => done += 1,
                _ => panic!("{arguments:?} in {kib} KiB: {}: {stderr}", output.status),
            }
            kib += STEPS.into_iter().nth(usize::try_from(refused / 40).unwrap()).unwrap_or(1 << 16);
        }
        refused
    }

    #[allow(clippy::panic, clippy::unwrap_used, reason = "a panic here is a failing test")]
    fn run_with<A: AsRef<std::ffi::OsStr>>(
        &self,
        folder: &Path,
        arguments: &[A],
        env: &[(&str, &str)],
        as_step: bool,
    ) -> Run {
        let scratch = tempfile::tempdir().unwrap();
        let (report, outputs) = (scratch.path().join("report.json"), scratch.path().join("outputs"));
        fs::write(&outputs, "").unwrap();
        let mut command = self.command(folder);
        // No `lw.toml` but one that is named.
        let named =
            arguments.iter().any(|argument| argument.as_ref().to_string_lossy().starts_with("--config"));
        command.args(if named { &[][..] } else { &["--config=none"] });
        command.args(["--summary", "off", "--report"]).arg(&report).args(arguments);
        if as_step {
            command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &outputs);
        }
        let output = command.envs(env.iter().copied()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code().unwrap_or_else(|| panic!("{}: {stderr}", output.status));
        assert_ne!(code, 5, "{stderr}");
        Run {
            code,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
            report: fs::read(&report).ok().map(|json| serde_json::from_slice(&json).unwrap()),
            outputs: read_outputs(&fs::read_to_string(&outputs).unwrap()),
        }
    }
}

/// What a run left.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it said besides: errors, and progress.
    pub stderr: String,
    report: Option<Report>,
    outputs: BTreeMap<String, String>,
}

#[allow(clippy::panic, reason = "a panic here is a failing test")]
impl Run {
    /// The report; a run on a wrong command line writes none.
    ///
    /// # Panics
    /// When it wrote no report.
    #[must_use]
    pub fn report(&self) -> &Report {
        self.report.as_ref().unwrap_or_else(|| panic!("no report was written: {}", self.stderr))
    }

    /// The value of a measure that counts.
    ///
    /// # Panics
    /// When the report has no such measure, or one with a fraction.
    #[must_use]
    pub fn count(&self, name: &str) -> i64 {
        match self.report().measure(name, None).map(|measure| measure.value) {
            Some(Number::Integer(value)) => value,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// A fact of the report; empty when it is not there.
    #[must_use]
    pub fn fact(&self, name: &str) -> &str {
        self.report().fact(name, None).unwrap_or_default()
    }

    /// The rules of the findings of one level, without the name of the tool.
    #[must_use]
    pub fn found(&self, level: Level) -> Vec<&str> {
        let findings = self.report().findings.iter().filter(|finding| finding.level == level);
        findings.map(|finding| finding.rule.split_once('/').map_or(&*finding.rule, |(_, id)| id)).collect()
    }

    /// A value for later steps, of a run [as a step](ToolBinary::run_as_step).
    ///
    /// # Panics
    /// When it was not set.
    #[must_use]
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no output {name}: {:?}", self.outputs))
    }
}

/// The file of outputs: `name<<delimiter`, the value, the delimiter.
#[allow(clippy::panic, reason = "a panic here is a failing test")]
fn read_outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((name, delimiter)) = line.split_once("<<") else { panic!("not an output: {line}") };
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

/// Arguments from a line of words.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// A folder of `examples/firmware`.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    crate::root().join("examples/firmware").join(name)
}

/// Compares each call of `tests/cmd/*.toml` with what it printed when it was last accepted; `TRYCMD=overwrite cargo test`
/// accepts new output. To be called in a test of the crate whose binary is called.
///
/// Each case says `env.inherit = false`: what a call prints is not to depend on where the tests run, such as in a CI, whose
/// variables change what a tool may do.
///
/// # Panics
/// When a call prints something else, or inherits the environment.
#[allow(clippy::unwrap_used, reason = "a panic here is a failing test")]
pub fn transcripts() {
    let inheriting: Vec<PathBuf> = fs::read_dir("tests/cmd")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !fs::read_to_string(path).unwrap().lines().any(|line| line == "env.inherit = false"))
        .collect();
    assert!(inheriting.is_empty(), "each of these needs the line `env.inherit = false`: {inheriting:?}");
    trycmd::TestCases::new().env("COLUMNS", "110").env("NO_COLOR", "1").case("tests/cmd/*.toml").run();
}
