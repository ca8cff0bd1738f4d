//! What every test here needs: a folder, and reports in it.

use std::fs;
use std::path::Path;

use lw_model::{Measure, Provenance, Report, Verdict};
use lw_testkit::tool::{Run, ToolBinary};
use tempfile::TempDir;

pub(crate) const GATE: ToolBinary = ToolBinary::new(env!("CARGO_BIN_EXE_quality-gate"));

/// The commit that is tested.
pub(crate) const TESTED: &str = "1111111111111111111111111111111111111111";
/// Another one.
pub(crate) const OTHER: &str = "2222222222222222222222222222222222222222";

/// A folder with an empty environment.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn report(&self, name: &str, report: &Report) -> &Self {
        self.file(name, &serde_json::to_string(report).unwrap())
    }

    fn has_policy(&self) -> bool {
        self.path().join("lw.toml").exists()
    }

    /// Runs `check` on a laptop.
    pub(crate) fn check(&self, line: &str) -> Run {
        let config = if self.has_policy() { "--config lw.toml" } else { "" };
        GATE.run(self.path(), &lw_testkit::tool::words(&format!("check {config} {line}")), &[])
    }

    /// Runs `check` as a step of a workflow, for an event.
    pub(crate) fn step(&self, arguments: &[&str], event: &str) -> Run {
        let config: &[&str] = if self.has_policy() { &["--config", "lw.toml"] } else { &[] };
        let arguments: Vec<&str> = ["check"].iter().chain(config).chain(arguments).copied().collect();
        GATE.run_as_step(self.path(), &arguments, &[("GITHUB_EVENT_NAME", event)])
    }
}

/// A report of a tool, of the commit that is tested.
pub(crate) fn report(tool: &str, measures: Vec<Measure>) -> Report {
    let mut report = Report::new(tool, "1.0.0");
    report.measures = measures;
    report.summary = "1 limit met".into();
    report.provenance = Some(Provenance {
        commit: Some(TESTED.into()),
        job: Some("test".into()),
        complete: Some(true),
        ..Provenance::default()
    });
    report
}

/// Coverage of so many of 1,000 lines.
pub(crate) fn coverage(covered: u64) -> Report {
    let measure = Measure::count("coverage.line.covered", covered).out_of(1000).higher_is_better();
    report("coverage-gate", vec![measure])
}

/// The exit code, the verdict, and the rules of what was found from a level on.
pub(crate) fn outcome(run: &Run) -> (i32, Verdict) {
    (run.code, run.report().verdict)
}

/// How the limits of a run stand, by name: `coverage: met`.
pub(crate) fn answers(run: &Run) -> Vec<String> {
    let table = run.report().tables.iter().find(|table| table.id == "conditions");
    let text = |cell: &lw_model::Cell| match cell {
        lw_model::Cell::Text(text) | lw_model::Cell::Code(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    table.map_or_else(Vec::new, |table| {
        table.rows.iter().map(|row| format!("{}: {}", text(&row[0]), text(&row[5]))).collect()
    })
}
