//! Runs a tool's binary as its users do and reads what it left.
//!
//! Nothing of the environment the tests run in reaches the tool: no CI, no colours, no `lw.toml` of the checkout.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lw_model::{Level, Number, Report};

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
    /// When it cannot be run, is ended by a signal, ends with the code of a defect (5), or writes a report that is none.
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
    /// When there is none.
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
/// # Panics
/// When a call prints something else.
pub fn transcripts() {
    trycmd::TestCases::new().env("COLUMNS", "110").env("NO_COLOR", "1").case("tests/cmd/*.toml").run();
}
