//! Running the binary as a user does, and reading its report.

use std::fs;
use std::path::Path;
use std::process::Command;

use lw_model::{Number, Report};

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

    /// The value of a measure that counts.
    pub(crate) fn count(&self, name: &str) -> i64 {
        match self.report().measure(name, None).map(|measure| measure.value) {
            Some(Number::Integer(value)) => value,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// A fact of the report.
    pub(crate) fn fact(&self, name: &str) -> &str {
        self.report().fact(name, None).unwrap_or_default()
    }
}

/// Runs coverage-gate in a folder, with nothing of this process's environment but what is given.
pub(crate) fn coverage_gate(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Run {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("report.json");
    let output = Command::new(env!("CARGO_BIN_EXE_coverage-gate"))
        .args(["--config", "none", "--summary", "off", "--report"])
        .arg(&path)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let report = fs::read(&path).ok().map(|json| serde_json::from_slice(&json).unwrap());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Run { code: output.status.code().unwrap(), stderr, report }
}
