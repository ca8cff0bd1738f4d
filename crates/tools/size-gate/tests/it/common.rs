//! Running the binary as a user does, and reading its report.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lw_model::Report;

/// A folder of `examples/firmware`.
pub(crate) fn example(name: &str) -> PathBuf {
    lw_testkit::root().join("examples/firmware").join(name)
}

/// What a run left after.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stderr: String,
    report: Option<Report>,
}

impl Run {
    /// The report, which a run that was able to measure has written.
    pub(crate) fn report(&self) -> &Report {
        self.report.as_ref().unwrap_or_else(|| panic!("no report was written: {}", self.stderr))
    }
}

/// Runs size-gate in a folder, with nothing of this process's environment, and no `lw.toml` but one that is named.
pub(crate) fn size_gate(folder: &Path, arguments: &[String]) -> Run {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("report.json");
    let named = arguments.iter().any(|argument| argument.starts_with("--config="));
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_size-gate"))
        .args(if named { &[][..] } else { &["--config=none"] })
        .args(["--summary", "off", "--report"])
        .arg(&path)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap();
    let report = fs::read(&path).ok().map(|json| serde_json::from_slice(&json).unwrap());
    Run { code: status.code().unwrap(), stderr: String::from_utf8_lossy(&stderr).into_owned(), report }
}

/// Arguments from a line of words.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}
